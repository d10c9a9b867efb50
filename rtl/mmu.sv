// The MMU: two request ports with an L1 TLB each, and behind them an L2 TLB and a page-table walker
// that they share. docs/architecture.md is the contract of these ports.
//
// All handshakes: a transfer happens in a cycle with valid and ready both 1.
module mmu #(
    parameter int ITLB_SETS    = 1,   // L1 TLB of fetches: sets, 1 or more, any number
    parameter int ITLB_WAYS    = 16,  //   ways, 1 to 1024
    parameter int ITLB_POLICY  = 1,   //   replacement, POLICY_*
    parameter int DTLB_SETS    = 1,   // L1 TLB of loads and stores
    parameter int DTLB_WAYS    = 32,
    parameter int DTLB_POLICY  = 1,
    parameter int L2TLB_SETS   = 64,  // shared second-level TLB; 0 sets: there is none
    parameter int L2TLB_WAYS   = 4,
    parameter int L2TLB_POLICY = 0,
    parameter int SEED         = 1    // of random replacement, 14 bits
) (
    input  logic                          clk_i,               // everything happens at its rising edge
    input  logic                          rst_ni,              // synchronous reset, active low

    // Fetches
    input  logic                          ireq_valid_i,
    output logic                          ireq_ready_o,         // 0 while a miss is served or a fence waits
    input  logic [mmu_defs::ID_W-1:0]     ireq_id_i,            // comes back in the response
    input  logic [mmu_defs::VA_W-1:0]     ireq_va_i,            // virtual address
    input  logic [mmu_defs::PRIV_W-1:0]   ireq_priv_i,          // effective privilege, PRIV_*
    output logic                          iresp_valid_o,        // for one cycle; there is no ready
    output logic [mmu_defs::ID_W-1:0]     iresp_id_o,           // of the request answered
    output logic [mmu_defs::PA_W-1:0]     iresp_pa_o,           // physical address; 0 on a fault
    output logic [mmu_defs::PAGE_W-1:0]   iresp_size_o,         // page size, PAGE_*; 0 on a fault
    output logic [mmu_defs::MEMORY_W-1:0] iresp_memory_o,       // memory type, MEMORY_*; 0 on a fault
    output logic                          iresp_fault_o,        // not translated: the next two say why
    output logic [mmu_defs::CAUSE_W-1:0]  iresp_cause_o,        // exception code, CAUSE_*
    output logic [mmu_defs::FAULT_W-1:0]  iresp_reason_o,       // finer than the cause, FAULT_*
    output logic [mmu_defs::LEVEL_W-1:0]  iresp_level_o,        // where it was decided, LEVEL_*

    // Loads and stores
    input  logic                          dreq_valid_i,
    output logic                          dreq_ready_o,         // 0 while a miss is served or a fence waits
    input  logic [mmu_defs::ID_W-1:0]     dreq_id_i,            // comes back in the response
    input  logic [mmu_defs::VA_W-1:0]     dreq_va_i,            // virtual address
    input  logic [mmu_defs::PRIV_W-1:0]   dreq_priv_i,          // effective privilege, PRIV_*
    input  logic                          dreq_write_i,         // 1: store or AMO, 0: load
    output logic                          dresp_valid_o,        // for one cycle; there is no ready
    output logic [mmu_defs::ID_W-1:0]     dresp_id_o,           // of the request answered
    output logic [mmu_defs::PA_W-1:0]     dresp_pa_o,           // physical address; 0 on a fault
    output logic [mmu_defs::PAGE_W-1:0]   dresp_size_o,         // page size, PAGE_*; 0 on a fault
    output logic [mmu_defs::MEMORY_W-1:0] dresp_memory_o,       // memory type, MEMORY_*; 0 on a fault
    output logic                          dresp_fault_o,        // not translated: the next two say why
    output logic [mmu_defs::CAUSE_W-1:0]  dresp_cause_o,        // exception code, CAUSE_*
    output logic [mmu_defs::FAULT_W-1:0]  dresp_reason_o,       // finer than the cause, FAULT_*
    output logic [mmu_defs::LEVEL_W-1:0]  dresp_level_o,        // where it was decided, LEVEL_*

    // Control registers; those of the cycle in which a request is accepted count for it
    input  logic [mmu_defs::MODE_W-1:0]   ctl_mode_i,          // satp.MODE, MODE_*
    input  logic [mmu_defs::PPN_W-1:0]    ctl_root_ppn_i,      // satp.PPN; 22 bits in Sv32
    input  logic [mmu_defs::ASID_W-1:0]   ctl_asid_i,          // satp.ASID
    input  logic                          ctl_sum_i,           // mstatus.SUM
    input  logic                          ctl_mxr_i,           // mstatus.MXR
    input  logic                          ctl_adue_i,          // menvcfg.ADUE: Svadu, else Svade
    input  logic                          ctl_pbmte_i,         // menvcfg.PBMTE: Svpbmt enabled
    input  logic                          ctl_napot_i,         // Svnapot implemented

    // Fence (SFENCE.VMA): once taken, no later response uses what it removed
    input  logic                          fence_valid_i,
    output logic                          fence_ready_o,
    input  logic                          fence_has_va_i,      // rs1 is not x0
    input  logic [mmu_defs::VA_W-1:0]     fence_va_i,          // bits 56:12 count
    input  logic                          fence_has_asid_i,    // rs2 is not x0
    input  logic [mmu_defs::ASID_W-1:0]   fence_asid_i,

    // Page-table port: reads and compare-and-sets of PTEs
    output logic                          ptw_req_valid_o,
    input  logic                          ptw_req_ready_i,
    output logic [mmu_defs::PTW_ID_W-1:0] ptw_req_id_o,        // comes back in the answer
    output logic [mmu_defs::PA_W-1:0]     ptw_req_pa_o,        // of the PTE, a multiple of its size
    output logic                          ptw_req_cas_o,       // compare-and-set, else a read
    output logic                          ptw_req_word_o,      // 4-byte PTE, else 8 bytes
    output logic [63:0]                   ptw_req_expect_o,    // store only if memory holds this
    output logic [63:0]                   ptw_req_desired_o,   // what to store
    input  logic                          ptw_resp_valid_i,    // in a later cycle than the request's
    input  logic [mmu_defs::PTW_ID_W-1:0] ptw_resp_id_i,       // of the request answered
    input  logic [63:0]                   ptw_resp_data_i,     // what memory held; 4-byte PTE: low half
    input  logic                          ptw_resp_error_i,    // memory refused; data means nothing

    // Events of the walker (struct mmu_event); port 0: I, 1: D
    output logic                          probe_start_valid_o,   // a walk begins at the root
    output logic                          probe_start_port_o,
    output logic [mmu_defs::ID_W-1:0]     probe_start_id_o,
    output logic                          probe_read_valid_o,    // a PTE arrived or was refused
    output logic                          probe_read_port_o,
    output logic [mmu_defs::ID_W-1:0]     probe_read_id_o,
    output logic [2:0]                    probe_read_level_o,    // 0: last level
    output logic                          probe_read_error_o,    // refused; value is 0
    output logic [mmu_defs::PA_W-1:0]     probe_read_pa_o,       // of the PTE
    output logic [63:0]                   probe_read_value_o,    // the PTE
    output logic                          probe_update_valid_o,  // a compare-and-set was answered
    output logic                          probe_update_port_o,
    output logic [mmu_defs::ID_W-1:0]     probe_update_id_o,
    output logic                          probe_update_error_o,  // refused; old is 0
    output logic                          probe_update_stored_o, // 0 without error: the PTE had changed
    output logic [mmu_defs::PA_W-1:0]     probe_update_pa_o,     // of the PTE
    output logic [63:0]                   probe_update_old_o,    // what memory held
    output logic [63:0]                   probe_update_desired_o,// what was to be stored
    output logic                          probe_end_valid_o,     // a walk's verdict
    output logic                          probe_end_port_o,
    output logic [mmu_defs::ID_W-1:0]     probe_end_id_o,
    output logic [mmu_defs::FAULT_W-1:0]  probe_end_reason_o,    // FAULT_*
    output logic [2:0]                    probe_end_level_o,     // of the leaf or the failing PTE

    // Events of the I TLB
    output logic                          probe_itlb_lookup_valid_o,
    output logic [mmu_defs::ID_W-1:0]     probe_itlb_lookup_id_o,
    output logic [mmu_defs::LOOKUP_W-1:0] probe_itlb_lookup_result_o, // LOOKUP_*
    output logic [15:0]                   probe_itlb_lookup_set_o,    // of the match; 0 on a miss
    output logic [15:0]                   probe_itlb_lookup_way_o,
    output logic                          probe_itlb_fill_valid_o,
    output logic [mmu_defs::ID_W-1:0]     probe_itlb_fill_id_o,
    output logic [15:0]                   probe_itlb_fill_set_o,      // where the entry goes
    output logic [15:0]                   probe_itlb_fill_way_o,
    output logic [mmu_defs::PAGE_W-1:0]   probe_itlb_fill_size_o,     // PAGE_*
    output logic [7:0]                    probe_itlb_fill_flags_o,    // ENTRY_BIT_*
    output logic [mmu_defs::PPN_W-1:0]    probe_itlb_fill_ppn_o,      // 0 below the page size
    output logic                          probe_itlb_evicted_o,       // a valid entry is replaced
    output logic [mmu_defs::PAGE_W-1:0]   probe_itlb_evicted_size_o,  // 0 if none
    output logic [mmu_defs::ASID_W-1:0]   probe_itlb_evicted_asid_o,  // 0 if none
    output logic [mmu_defs::VPN_W-1:0]    probe_itlb_evicted_vpn_o,   // 0 if none

    // Events of the D TLB
    output logic                          probe_dtlb_lookup_valid_o,
    output logic [mmu_defs::ID_W-1:0]     probe_dtlb_lookup_id_o,
    output logic [mmu_defs::LOOKUP_W-1:0] probe_dtlb_lookup_result_o, // LOOKUP_*
    output logic [15:0]                   probe_dtlb_lookup_set_o,    // of the match; 0 on a miss
    output logic [15:0]                   probe_dtlb_lookup_way_o,
    output logic                          probe_dtlb_fill_valid_o,
    output logic [mmu_defs::ID_W-1:0]     probe_dtlb_fill_id_o,
    output logic [15:0]                   probe_dtlb_fill_set_o,      // where the entry goes
    output logic [15:0]                   probe_dtlb_fill_way_o,
    output logic [mmu_defs::PAGE_W-1:0]   probe_dtlb_fill_size_o,     // PAGE_*
    output logic [7:0]                    probe_dtlb_fill_flags_o,    // ENTRY_BIT_*
    output logic [mmu_defs::PPN_W-1:0]    probe_dtlb_fill_ppn_o,      // 0 below the page size
    output logic                          probe_dtlb_evicted_o,       // a valid entry is replaced
    output logic [mmu_defs::PAGE_W-1:0]   probe_dtlb_evicted_size_o,  // 0 if none
    output logic [mmu_defs::ASID_W-1:0]   probe_dtlb_evicted_asid_o,  // 0 if none
    output logic [mmu_defs::VPN_W-1:0]    probe_dtlb_evicted_vpn_o,   // 0 if none

    // Events of the L2 TLB
    output logic                          probe_l2tlb_lookup_valid_o,
    output logic                          probe_l2tlb_lookup_port_o,   // 0: I, 1: D
    output logic [mmu_defs::ID_W-1:0]     probe_l2tlb_lookup_id_o,
    output logic [mmu_defs::LOOKUP_W-1:0] probe_l2tlb_lookup_result_o, // LOOKUP_*
    output logic [15:0]                   probe_l2tlb_lookup_set_o,    // of the match; 0 on a miss
    output logic [15:0]                   probe_l2tlb_lookup_way_o,
    output logic                          probe_l2tlb_fill_valid_o,
    output logic                          probe_l2tlb_fill_port_o,     // 0: I, 1: D
    output logic [mmu_defs::ID_W-1:0]     probe_l2tlb_fill_id_o,
    output logic [15:0]                   probe_l2tlb_fill_set_o,      // where the entry goes
    output logic [15:0]                   probe_l2tlb_fill_way_o,
    output logic [mmu_defs::PAGE_W-1:0]   probe_l2tlb_fill_size_o,     // PAGE_*
    output logic [7:0]                    probe_l2tlb_fill_flags_o,    // ENTRY_BIT_*
    output logic [mmu_defs::PPN_W-1:0]    probe_l2tlb_fill_ppn_o,      // 0 below the page size
    output logic                          probe_l2tlb_evicted_o,       // a valid entry is replaced
    output logic [mmu_defs::PAGE_W-1:0]   probe_l2tlb_evicted_size_o,  // 0 if none
    output logic [mmu_defs::ASID_W-1:0]   probe_l2tlb_evicted_asid_o,  // 0 if none
    output logic [mmu_defs::VPN_W-1:0]    probe_l2tlb_evicted_vpn_o   // 0 if none
);
    generate
        if (ITLB_SETS < 1 || ITLB_WAYS < 1 || DTLB_SETS < 1 || DTLB_WAYS < 1 || L2TLB_SETS < 0 ||
            (L2TLB_SETS > 0 && L2TLB_WAYS < 1)) begin : g_bad_geometry
            initial $fatal(1, "a TLB needs at least one set and one way");
        end
        if (SEED < 0 || SEED > 16383) begin : g_bad_seed
            initial $fatal(1, "SEED has 14 bits");
        end
    endgenerate

    // ---- Fence: not while a response leaves that it would have to stop, nor during an A/D update.
    logic fence, engine_fence_ready;
    logic [mmu_defs::VPN_W-1:0] fence_vpn;

    assign fence_ready_o = engine_fence_ready && !iresp_valid_o && !dresp_valid_o;
    assign fence = fence_valid_i && fence_ready_o;
    assign fence_vpn = fence_va_i[56:12];

    // ---- The shared engine's answer
    logic                          answer_fill;
    logic [mmu_defs::FAULT_W-1:0]  answer_reason;
    logic [mmu_defs::LEVEL_W-1:0]  answer_level;
    logic [mmu_defs::ASID_W-1:0]   answer_asid;
    logic [mmu_defs::PAGE_W-1:0]   answer_size;
    logic [mmu_defs::PPN_W-1:0]    answer_ppn;
    logic [7:0]                    answer_flags;

    // ---- I port
    localparam int ITLB_SET_W = ITLB_SETS > 1 ? $clog2(ITLB_SETS) : 1;
    localparam int ITLB_WAY_W = ITLB_WAYS > 1 ? $clog2(ITLB_WAYS) : 1;

    logic imiss, ianswer;
    logic [mmu_defs::ID_W-1:0]     imiss_id;
    logic [mmu_defs::VPN_W-1:0]    imiss_vpn;
    logic [mmu_defs::ACCESS_W-1:0] imiss_access;
    logic [mmu_defs::PRIV_W-1:0]   imiss_priv;
    logic [mmu_defs::MODE_W-1:0]   imiss_mode;
    logic [mmu_defs::PPN_W-1:0]    imiss_root_ppn;
    logic [mmu_defs::ASID_W-1:0]   imiss_asid;
    logic imiss_sum, imiss_mxr, imiss_adue, imiss_pbmte, imiss_napot;
    logic [ITLB_SET_W-1:0] itlb_lookup_set, itlb_fill_set;
    logic [ITLB_WAY_W-1:0] itlb_lookup_way, itlb_fill_way;

    mmu_port #(
        .SETS(ITLB_SETS), .WAYS(ITLB_WAYS), .POLICY(ITLB_POLICY), .NUMBER(32'(mmu_defs::TLB_I)),
        .SEED(SEED)
    ) i_iport (
        .clk_i, .rst_ni,
        .req_valid_i(ireq_valid_i), .req_ready_o(ireq_ready_o), .req_id_i(ireq_id_i),
        .req_va_i(ireq_va_i), .req_access_i(mmu_defs::ACCESS_EXECUTE), .req_priv_i(ireq_priv_i),
        .ctl_mode_i, .ctl_root_ppn_i, .ctl_asid_i, .ctl_sum_i, .ctl_mxr_i, .ctl_adue_i,
        .ctl_pbmte_i, .ctl_napot_i,
        .resp_valid_o(iresp_valid_o), .resp_id_o(iresp_id_o), .resp_pa_o(iresp_pa_o),
        .resp_size_o(iresp_size_o), .resp_memory_o(iresp_memory_o), .resp_cause_o(iresp_cause_o),
        .resp_reason_o(iresp_reason_o), .resp_level_o(iresp_level_o),
        .fence_valid_i, .fence_i(fence), .fence_has_va_i, .fence_vpn_i(fence_vpn),
        .fence_has_asid_i, .fence_asid_i,
        .miss_o(imiss), .miss_id_o(imiss_id), .miss_vpn_o(imiss_vpn), .miss_access_o(imiss_access),
        .miss_priv_o(imiss_priv), .miss_mode_o(imiss_mode), .miss_root_ppn_o(imiss_root_ppn),
        .miss_asid_o(imiss_asid), .miss_sum_o(imiss_sum), .miss_mxr_o(imiss_mxr),
        .miss_adue_o(imiss_adue), .miss_pbmte_o(imiss_pbmte), .miss_napot_o(imiss_napot),
        .answer_i(ianswer), .answer_fill_i(answer_fill), .answer_reason_i(answer_reason),
        .answer_level_i(answer_level), .answer_asid_i(answer_asid), .answer_size_i(answer_size),
        .answer_ppn_i(answer_ppn), .answer_flags_i(answer_flags),
        .probe_lookup_valid_o(probe_itlb_lookup_valid_o), .probe_lookup_id_o(probe_itlb_lookup_id_o),
        .probe_lookup_result_o(probe_itlb_lookup_result_o), .probe_lookup_set_o(itlb_lookup_set),
        .probe_lookup_way_o(itlb_lookup_way), .probe_fill_valid_o(probe_itlb_fill_valid_o),
        .probe_fill_set_o(itlb_fill_set), .probe_fill_way_o(itlb_fill_way),
        .probe_evicted_o(probe_itlb_evicted_o), .probe_evicted_size_o(probe_itlb_evicted_size_o),
        .probe_evicted_asid_o(probe_itlb_evicted_asid_o),
        .probe_evicted_vpn_o(probe_itlb_evicted_vpn_o)
    );

    assign iresp_fault_o = iresp_reason_o != mmu_defs::FAULT_NONE;
    assign probe_itlb_lookup_set_o = 16'(itlb_lookup_set);
    assign probe_itlb_lookup_way_o = 16'(itlb_lookup_way);
    assign probe_itlb_fill_id_o = imiss_id;
    assign probe_itlb_fill_set_o = 16'(itlb_fill_set);
    assign probe_itlb_fill_way_o = 16'(itlb_fill_way);
    assign probe_itlb_fill_size_o = answer_size;
    assign probe_itlb_fill_flags_o = answer_flags;
    assign probe_itlb_fill_ppn_o = answer_ppn;

    // ---- D port
    localparam int DTLB_SET_W = DTLB_SETS > 1 ? $clog2(DTLB_SETS) : 1;
    localparam int DTLB_WAY_W = DTLB_WAYS > 1 ? $clog2(DTLB_WAYS) : 1;

    logic dmiss, danswer;
    logic [mmu_defs::ID_W-1:0]     dmiss_id;
    logic [mmu_defs::VPN_W-1:0]    dmiss_vpn;
    logic [mmu_defs::ACCESS_W-1:0] dmiss_access;
    logic [mmu_defs::PRIV_W-1:0]   dmiss_priv;
    logic [mmu_defs::MODE_W-1:0]   dmiss_mode;
    logic [mmu_defs::PPN_W-1:0]    dmiss_root_ppn;
    logic [mmu_defs::ASID_W-1:0]   dmiss_asid;
    logic dmiss_sum, dmiss_mxr, dmiss_adue, dmiss_pbmte, dmiss_napot;
    logic [DTLB_SET_W-1:0] dtlb_lookup_set, dtlb_fill_set;
    logic [DTLB_WAY_W-1:0] dtlb_lookup_way, dtlb_fill_way;
    logic [mmu_defs::ACCESS_W-1:0] daccess;
    assign daccess = dreq_write_i ? mmu_defs::ACCESS_WRITE : mmu_defs::ACCESS_READ;

    mmu_port #(
        .SETS(DTLB_SETS), .WAYS(DTLB_WAYS), .POLICY(DTLB_POLICY), .NUMBER(32'(mmu_defs::TLB_D)),
        .SEED(SEED)
    ) i_dport (
        .clk_i, .rst_ni,
        .req_valid_i(dreq_valid_i), .req_ready_o(dreq_ready_o), .req_id_i(dreq_id_i),
        .req_va_i(dreq_va_i), .req_access_i(daccess), .req_priv_i(dreq_priv_i),
        .ctl_mode_i, .ctl_root_ppn_i, .ctl_asid_i, .ctl_sum_i, .ctl_mxr_i, .ctl_adue_i,
        .ctl_pbmte_i, .ctl_napot_i,
        .resp_valid_o(dresp_valid_o), .resp_id_o(dresp_id_o), .resp_pa_o(dresp_pa_o),
        .resp_size_o(dresp_size_o), .resp_memory_o(dresp_memory_o), .resp_cause_o(dresp_cause_o),
        .resp_reason_o(dresp_reason_o), .resp_level_o(dresp_level_o),
        .fence_valid_i, .fence_i(fence), .fence_has_va_i, .fence_vpn_i(fence_vpn),
        .fence_has_asid_i, .fence_asid_i,
        .miss_o(dmiss), .miss_id_o(dmiss_id), .miss_vpn_o(dmiss_vpn), .miss_access_o(dmiss_access),
        .miss_priv_o(dmiss_priv), .miss_mode_o(dmiss_mode), .miss_root_ppn_o(dmiss_root_ppn),
        .miss_asid_o(dmiss_asid), .miss_sum_o(dmiss_sum), .miss_mxr_o(dmiss_mxr),
        .miss_adue_o(dmiss_adue), .miss_pbmte_o(dmiss_pbmte), .miss_napot_o(dmiss_napot),
        .answer_i(danswer), .answer_fill_i(answer_fill), .answer_reason_i(answer_reason),
        .answer_level_i(answer_level), .answer_asid_i(answer_asid), .answer_size_i(answer_size),
        .answer_ppn_i(answer_ppn), .answer_flags_i(answer_flags),
        .probe_lookup_valid_o(probe_dtlb_lookup_valid_o), .probe_lookup_id_o(probe_dtlb_lookup_id_o),
        .probe_lookup_result_o(probe_dtlb_lookup_result_o), .probe_lookup_set_o(dtlb_lookup_set),
        .probe_lookup_way_o(dtlb_lookup_way), .probe_fill_valid_o(probe_dtlb_fill_valid_o),
        .probe_fill_set_o(dtlb_fill_set), .probe_fill_way_o(dtlb_fill_way),
        .probe_evicted_o(probe_dtlb_evicted_o), .probe_evicted_size_o(probe_dtlb_evicted_size_o),
        .probe_evicted_asid_o(probe_dtlb_evicted_asid_o),
        .probe_evicted_vpn_o(probe_dtlb_evicted_vpn_o)
    );

    assign dresp_fault_o = dresp_reason_o != mmu_defs::FAULT_NONE;
    assign probe_dtlb_lookup_set_o = 16'(dtlb_lookup_set);
    assign probe_dtlb_lookup_way_o = 16'(dtlb_lookup_way);
    assign probe_dtlb_fill_id_o = dmiss_id;
    assign probe_dtlb_fill_set_o = 16'(dtlb_fill_set);
    assign probe_dtlb_fill_way_o = 16'(dtlb_fill_way);
    assign probe_dtlb_fill_size_o = answer_size;
    assign probe_dtlb_fill_flags_o = answer_flags;
    assign probe_dtlb_fill_ppn_o = answer_ppn;

    // ---- Shared engine: L2 TLB and walker
    localparam int L2TLB_SET_W = L2TLB_SETS > 1 ? $clog2(L2TLB_SETS) : 1;
    localparam int L2TLB_WAY_W = L2TLB_WAYS > 1 ? $clog2(L2TLB_WAYS) : 1;

    logic owner, probe_error;
    logic [mmu_defs::ID_W-1:0] owner_id;
    logic [2:0] walk_level;
    logic [mmu_defs::PA_W-1:0] pte_pa;
    logic [63:0] pte_value;
    logic [L2TLB_SET_W-1:0] l2tlb_lookup_set, l2tlb_fill_set;
    logic [L2TLB_WAY_W-1:0] l2tlb_lookup_way, l2tlb_fill_way;

    engine #(
        .SETS(L2TLB_SETS), .WAYS(L2TLB_WAYS), .POLICY(L2TLB_POLICY), .SEED(SEED)
    ) i_engine (
        .clk_i, .rst_ni,
        .i_miss_i(imiss), .i_id_i(imiss_id), .i_vpn_i(imiss_vpn), .i_access_i(imiss_access),
        .i_priv_i(imiss_priv), .i_mode_i(imiss_mode), .i_root_ppn_i(imiss_root_ppn),
        .i_asid_i(imiss_asid), .i_sum_i(imiss_sum), .i_mxr_i(imiss_mxr),
        .i_adue_i(imiss_adue), .i_pbmte_i(imiss_pbmte), .i_napot_i(imiss_napot),
        .i_answer_o(ianswer),
        .d_miss_i(dmiss), .d_id_i(dmiss_id), .d_vpn_i(dmiss_vpn), .d_access_i(dmiss_access),
        .d_priv_i(dmiss_priv), .d_mode_i(dmiss_mode), .d_root_ppn_i(dmiss_root_ppn),
        .d_asid_i(dmiss_asid), .d_sum_i(dmiss_sum), .d_mxr_i(dmiss_mxr),
        .d_adue_i(dmiss_adue), .d_pbmte_i(dmiss_pbmte), .d_napot_i(dmiss_napot),
        .d_answer_o(danswer),
        .answer_fill_o(answer_fill), .answer_reason_o(answer_reason), .answer_level_o(answer_level),
        .answer_asid_o(answer_asid), .answer_size_o(answer_size), .answer_ppn_o(answer_ppn),
        .answer_flags_o(answer_flags),
        .fence_i(fence), .fence_ready_o(engine_fence_ready), .fence_has_va_i,
        .fence_vpn_i(fence_vpn), .fence_has_asid_i, .fence_asid_i,
        .ptw_req_valid_o, .ptw_req_ready_i, .ptw_req_pa_o, .ptw_req_cas_o, .ptw_req_word_o,
        .ptw_req_expect_o, .ptw_req_desired_o, .ptw_resp_valid_i, .ptw_resp_data_i,
        .ptw_resp_error_i,
        .probe_port_o(owner), .probe_id_o(owner_id),
        .probe_start_o(probe_start_valid_o), .probe_read_o(probe_read_valid_o),
        .probe_update_o(probe_update_valid_o), .probe_stored_o(probe_update_stored_o),
        .probe_error_o(probe_error), .probe_pa_o(pte_pa), .probe_value_o(pte_value),
        .probe_desired_o(probe_update_desired_o), .probe_end_o(probe_end_valid_o),
        .probe_end_reason_o, .probe_level_o(walk_level),
        .probe_lookup_valid_o(probe_l2tlb_lookup_valid_o),
        .probe_lookup_result_o(probe_l2tlb_lookup_result_o),
        .probe_lookup_set_o(l2tlb_lookup_set), .probe_lookup_way_o(l2tlb_lookup_way),
        .probe_fill_valid_o(probe_l2tlb_fill_valid_o), .probe_fill_set_o(l2tlb_fill_set),
        .probe_fill_way_o(l2tlb_fill_way), .probe_evicted_o(probe_l2tlb_evicted_o),
        .probe_evicted_size_o(probe_l2tlb_evicted_size_o),
        .probe_evicted_asid_o(probe_l2tlb_evicted_asid_o),
        .probe_evicted_vpn_o(probe_l2tlb_evicted_vpn_o)
    );

    // One walk at a time needs one id; more will need more.
    assign ptw_req_id_o = '0;

    assign {probe_start_port_o, probe_start_id_o} = {owner, owner_id};
    assign {probe_read_port_o, probe_read_id_o} = {owner, owner_id};
    assign {probe_update_port_o, probe_update_id_o} = {owner, owner_id};
    assign {probe_end_port_o, probe_end_id_o} = {owner, owner_id};
    assign {probe_l2tlb_lookup_port_o, probe_l2tlb_lookup_id_o} = {owner, owner_id};
    assign {probe_l2tlb_fill_port_o, probe_l2tlb_fill_id_o} = {owner, owner_id};
    assign probe_read_level_o = walk_level;
    assign probe_read_error_o = probe_error;
    assign probe_read_pa_o = pte_pa;
    assign probe_read_value_o = pte_value;
    assign probe_update_error_o = probe_error;
    assign probe_update_pa_o = pte_pa;
    assign probe_update_old_o = pte_value;
    assign probe_end_level_o = walk_level;
    assign probe_l2tlb_lookup_set_o = 16'(l2tlb_lookup_set);
    assign probe_l2tlb_lookup_way_o = 16'(l2tlb_lookup_way);
    assign probe_l2tlb_fill_set_o = 16'(l2tlb_fill_set);
    assign probe_l2tlb_fill_way_o = 16'(l2tlb_fill_way);
    assign probe_l2tlb_fill_size_o = answer_size;
    assign probe_l2tlb_fill_flags_o = answer_flags;
    assign probe_l2tlb_fill_ppn_o = answer_ppn;

    logic unused_va;
    assign unused_va = &{1'b0, fence_va_i[63:57], fence_va_i[11:0]};

    // ---- Rules of the channels
    handshake_check #(.WIDTH(mmu_defs::ID_W + mmu_defs::VA_W + mmu_defs::PRIV_W)) i_ireq_check (
        .clk_i, .rst_ni, .valid_i(ireq_valid_i), .ready_i(ireq_ready_o),
        .payload_i({ireq_id_i, ireq_va_i, ireq_priv_i})
    );
    handshake_check #(.WIDTH(mmu_defs::ID_W + mmu_defs::VA_W + mmu_defs::PRIV_W + 1)) i_dreq_check (
        .clk_i, .rst_ni, .valid_i(dreq_valid_i), .ready_i(dreq_ready_o),
        .payload_i({dreq_id_i, dreq_va_i, dreq_priv_i, dreq_write_i})
    );
    handshake_check #(.WIDTH(mmu_defs::VA_W + mmu_defs::ASID_W + 2)) i_fence_check (
        .clk_i, .rst_ni, .valid_i(fence_valid_i), .ready_i(fence_ready_o),
        .payload_i({fence_has_va_i, fence_va_i, fence_has_asid_i, fence_asid_i})
    );
    handshake_check #(.WIDTH(mmu_defs::PTW_ID_W + mmu_defs::PA_W + 2 + 128)) i_ptw_check (
        .clk_i, .rst_ni, .valid_i(ptw_req_valid_o), .ready_i(ptw_req_ready_i),
        .payload_i({ptw_req_id_o, ptw_req_pa_o, ptw_req_cas_o, ptw_req_word_o, ptw_req_expect_o,
                    ptw_req_desired_o})
    );

`ifndef SYNTHESIS
    always @(posedge clk_i) begin
        if (rst_ni && ptw_resp_valid_i)
            assert (ptw_resp_id_i == ptw_req_id_o) else $error("page-table answer to an unknown id");
    end
`else
    logic unused_id;
    assign unused_id = &{1'b0, ptw_resp_id_i};
`endif
endmodule
