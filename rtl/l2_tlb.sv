// The L2 TLB, two stages deep. Stage A reads a set from synchronous RAM; in the next cycle stage B
// looks up, fills or sweeps what was read. Every cycle may begin a read while stage B works.
module l2_tlb #(
    parameter int SETS   = 64,              // 1 or more, any number
    parameter int WAYS   = 4,               // 1 or more, any number
    parameter int POLICY = 0,               // POLICY_*
    parameter int SEED   = 1,               // of random replacement, 14 bits
    parameter int PARITY = 0,               // 1: an entry with one wrong bit is not used
    parameter int SET_W  = SETS > 1 ? $clog2(SETS) : 1,
    parameter int WAY_W  = WAYS > 1 ? $clog2(WAYS) : 1
) (
    input  logic                          clk_i,
    input  logic                          rst_ni,

    // Stage A: the set to read
    input  logic                          read_i,            // read now, for stage B in the next cycle
    input  logic                          read_by_set_i,     // set read_set_i, else that of the page
    input  logic [SET_W-1:0]              read_set_i,
    input  logic [mmu_defs::PAGE_W-1:0]   read_size_i,       // page size that stage B is about
    input  logic [mmu_defs::VPN_W-1:0]    read_vpn_i,        // any address in the page

    // Stage B: at most one of the three, in the cycle after its read
    input  logic                          lookup_i,          // seek vpn_i as a page of read_size_i; a
                                                             // MISS if nothing was read
    input  logic                          fill_i,            // write a page of read_size_i
    input  logic                          sweep_i,           // remove what the fence names: with an
                                                             // address, of read_size_i only
    input  logic [mmu_defs::VPN_W-1:0]    vpn_i,             // of lookup and fill: as for the read
    input  logic [mmu_defs::ASID_W-1:0]   asid_i,            // of lookup and fill

    // Lookup in stage B
    input  logic [mmu_defs::ACCESS_W-1:0] lookup_access_i,   // what the access does
    input  logic [mmu_defs::PRIV_W-1:0]   lookup_priv_i,     // U or S
    input  logic                          lookup_sum_i,      // mstatus.SUM
    input  logic                          lookup_mxr_i,      // mstatus.MXR
    input  logic                          lookup_adue_i,     // menvcfg.ADUE
    output logic [mmu_defs::LOOKUP_W-1:0] lookup_result_o,   // LOOKUP_*; MISS without a lookup
    output logic [SET_W-1:0]              lookup_set_o,      // of the match; 0 on a miss
    output logic [WAY_W-1:0]              lookup_way_o,      // of the match; 0 on a miss
    output logic [mmu_defs::PAGE_W-1:0]   lookup_size_o,     // what follows is the entry's; on a miss
    output logic [mmu_defs::ASID_W-1:0]   lookup_asid_o,     // it means nothing
    output logic [mmu_defs::PPN_W-1:0]    lookup_ppn_o,      // 0 below the page size
    output logic [7:0]                    lookup_flags_o,    // ENTRY_BIT_*

    // Fill in stage B
    input  logic [mmu_defs::PPN_W-1:0]    fill_ppn_i,        // 0 below the page size
    input  logic [7:0]                    fill_flags_i,      // ENTRY_BIT_*
    output logic [SET_W-1:0]              fill_set_o,        // where it goes; 0 without a fill
    output logic [WAY_W-1:0]              fill_way_o,
    output logic                          evicted_o,         // a valid entry is replaced
    output logic [mmu_defs::PAGE_W-1:0]   evicted_size_o,    // its page size, 0 if none
    output logic [mmu_defs::ASID_W-1:0]   evicted_asid_o,    // its ASID, 0 if none
    output logic [mmu_defs::VPN_W-1:0]    evicted_vpn_o,     // its page, 0 if none

    // Error injection: a fill in this cycle writes bit inject_bit_i (modulo the bits) wrong
    input  logic                          inject_i,
    input  logic [7:0]                    inject_bit_i,

    // Fence (SFENCE.VMA): its operands, for sweeps and for the fence itself
    input  logic                          fence_i,           // it happens: without operands all goes
    input  logic                          fence_has_va_i,    // only pages that hold fence_vpn_i
    input  logic [mmu_defs::VPN_W-1:0]    fence_vpn_i,
    input  logic                          fence_has_asid_i,  // only entries of fence_asid_i, G=0
    input  logic [mmu_defs::ASID_W-1:0]   fence_asid_i,

    // Page sizes filled since all was last removed, a fill in this cycle included
    output logic [mmu_defs::PAGE_SIZES-1:0] sizes_o
);
endmodule
