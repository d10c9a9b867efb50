// Types at file scope, so that waveforms show names.
`ifndef MMU_TYPES_SVH
`define MMU_TYPES_SVH

// Whose virtual addresses: TLBs, walks and the walk cache keep the two together.
typedef struct packed {
    logic [mmu_defs::MODE_W-1:0] paging;    // satp.MODE
    logic [mmu_defs::ASID_W-1:0] asid;      // satp.ASID
} space_t;

// What a request wants to do, and the control bits that count for it.
typedef struct packed {
    logic [mmu_defs::ACCESS_W-1:0] access;  // EXECUTE: of the I port, else of the D port
    logic [mmu_defs::PRIV_W-1:0]   priv;
    logic sum;                              // mstatus.SUM
    logic mxr;                              // mstatus.MXR
    logic adue;                             // menvcfg.ADUE
    logic pbmte;                            // menvcfg.PBMTE
    logic napot;                            // Svnapot implemented
} control_t;

// A leaf, but for its vpn and ppn.
typedef struct packed {
    logic [mmu_defs::ASID_W-1:0] asid;
    logic [mmu_defs::PAGE_W-1:0] size;
    logic [7:0]                  flags;     // ENTRY_BIT_*
} leaf_t;

// What stage B of the L2 TLB does with the set that stage A read.
typedef enum logic [1:0] {
    STAGE_NONE   = 2'd0,
    STAGE_LOOKUP = 2'd1,  // searches it for a walk
    STAGE_FILL   = 2'd2,  // writes a walk's entry into it
    STAGE_SWEEP  = 2'd3   // removes from it what a fence names
} stage_e;

`endif
