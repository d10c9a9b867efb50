// The MMU: two request ports with an L1 TLB and a miss file each, and behind them an L2 TLB and a
// page-table walker with several walks in flight, which they share. docs/architecture.md is the
// contract of these ports, docs/timing.md says what happens in which cycle.
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
    parameter int SEED         = 1,   // of random replacement, 14 bits
    parameter int WALKS        = 8,   // walks in flight, 1 to 16
    parameter int WALK_CACHE   = 8,   // walk cache: entries for each upper level, 0 to 64; 0: none
    parameter int IMISSES      = 4,   // misses of fetches that may wait at once, 1 to 32
    parameter int DMISSES      = 16,  //   of loads and stores
    parameter int PREFETCH     = 0,   // 1: walks for the next page, into the L2 TLB
    parameter int PARITY       = 0    // 1: L2 entries carry parity
) (
    input  logic                          clk_i,               // everything happens at its rising edge
    input  logic                          rst_ni,              // synchronous reset, active low

    // Fetches
    input  logic                          ireq_valid_i,
    output logic                          ireq_ready_o,         // 0 while the miss file is full or a fence waits
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
    output logic                          dreq_ready_o,         // 0 while the miss file is full or a fence waits
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
    output logic [mmu_defs::PTW_ID_W-1:0] ptw_req_id_o,        // number of the walk; comes back in the answer
    output logic [mmu_defs::PA_W-1:0]     ptw_req_pa_o,        // of the PTE, a multiple of its size
    output logic                          ptw_req_cas_o,       // compare-and-set, else a read
    output logic                          ptw_req_word_o,      // 4-byte PTE, else 8 bytes
    output logic [63:0]                   ptw_req_expect_o,    // store only if memory holds this
    output logic [63:0]                   ptw_req_desired_o,   // what to store
    input  logic                          ptw_resp_valid_i,    // in a later cycle than the request's
    input  logic [mmu_defs::PTW_ID_W-1:0] ptw_resp_id_i,       // of the request answered
    input  logic [63:0]                   ptw_resp_data_i,     // what memory held; 4-byte PTE: low half
    input  logic                          ptw_resp_error_i,    // memory refused; data means nothing

    // Error injection: 1 in a cycle in which an L2 entry is written damages one bit of it
    input  logic                          inject_i,
    input  logic [7:0]                    inject_bit_i,        // modulo the bits of an entry

    // Performance counters
    input  logic [mmu_defs::COUNTER_W-1:0] counter_sel_i,      // COUNTER_*
    output logic [63:0]                   counter_o,           // since reset, as the cycle begins

    // Events of the walks (struct mmu_event)
    output logic                          probe_start_valid_o, // a walk begins
    output logic [mmu_defs::PTW_ID_W-1:0] probe_start_walk_o, // its number
    output logic [2:0]                    probe_start_level_o, // of the first PTE; 0: last level
    output logic                          probe_start_cached_o, // the walk cache gave it, else the root
    output logic [15:0]                   probe_start_way_o, // of the walk cache's entry; 0 if not cached
    output logic                          probe_read_valid_o, // a PTE arrived or was refused
    output logic [mmu_defs::PTW_ID_W-1:0] probe_read_walk_o,
    output logic [2:0]                    probe_read_level_o,
    output logic                          probe_read_error_o, // refused; value is 0
    output logic [mmu_defs::PA_W-1:0]     probe_read_pa_o, // of the PTE
    output logic [63:0]                   probe_read_value_o, // the PTE
    output logic                          probe_update_valid_o, // a compare-and-set was answered
    output logic [mmu_defs::PTW_ID_W-1:0] probe_update_walk_o,
    output logic                          probe_update_error_o, // refused; old is 0
    output logic                          probe_update_stored_o, // 0 without error: the PTE had changed
    output logic [mmu_defs::PA_W-1:0]     probe_update_pa_o, // of the PTE
    output logic [63:0]                   probe_update_old_o, // what memory held
    output logic [63:0]                   probe_update_desired_o, // what was to be stored
    output logic                          probe_end_valid_o, // a walk's verdict
    output logic [mmu_defs::PTW_ID_W-1:0] probe_end_walk_o,
    output logic [mmu_defs::FAULT_W-1:0]  probe_end_reason_o, // FAULT_*
    output logic [2:0]                    probe_end_level_o, // of the leaf or the failing PTE
    output logic                          probe_prefetch_valid_o, // a walk turns to the next page
    output logic [mmu_defs::PTW_ID_W-1:0] probe_prefetch_walk_o,
    output logic [mmu_defs::VPN_W-1:0]    probe_prefetch_vpn_o, // va[56:12] of that page

    // Events of the L2 TLB
    output logic                          probe_l2tlb_lookup_valid_o,
    output logic [mmu_defs::PTW_ID_W-1:0] probe_l2tlb_lookup_walk_o,
    output logic [mmu_defs::LOOKUP_W-1:0] probe_l2tlb_lookup_result_o, // LOOKUP_*
    output logic [15:0]                   probe_l2tlb_lookup_set_o, // of the match; 0 on a miss
    output logic [15:0]                   probe_l2tlb_lookup_way_o,
    output logic                          probe_l2tlb_fill_valid_o,
    output logic [mmu_defs::PTW_ID_W-1:0] probe_l2tlb_fill_walk_o,
    output logic [15:0]                   probe_l2tlb_fill_set_o, // where the entry goes
    output logic [15:0]                   probe_l2tlb_fill_way_o,
    output logic [mmu_defs::PAGE_W-1:0]   probe_l2tlb_fill_size_o, // PAGE_*
    output logic [7:0]                    probe_l2tlb_fill_flags_o, // ENTRY_BIT_*
    output logic [mmu_defs::PPN_W-1:0]    probe_l2tlb_fill_ppn_o, // 0 below the page size
    output logic                          probe_l2tlb_evicted_o, // a valid entry is replaced
    output logic [mmu_defs::PAGE_W-1:0]   probe_l2tlb_evicted_size_o, // 0 if none
    output logic [mmu_defs::ASID_W-1:0]   probe_l2tlb_evicted_asid_o, // 0 if none
    output logic [mmu_defs::VPN_W-1:0]    probe_l2tlb_evicted_vpn_o, // 0 if none

    // Events of fetches
    output logic                          probe_itlb_lookup_valid_o,
    output logic [mmu_defs::ID_W-1:0]     probe_itlb_lookup_id_o,
    output logic [mmu_defs::LOOKUP_W-1:0] probe_itlb_lookup_result_o, // LOOKUP_*
    output logic [15:0]                   probe_itlb_lookup_set_o, // of the match; 0 on a miss
    output logic [15:0]                   probe_itlb_lookup_way_o,
    output logic                          probe_itlb_fill_valid_o,
    output logic [mmu_defs::ID_W-1:0]     probe_itlb_fill_id_o,
    output logic [15:0]                   probe_itlb_fill_set_o, // where the entry goes
    output logic [15:0]                   probe_itlb_fill_way_o,
    output logic [mmu_defs::PAGE_W-1:0]   probe_itlb_fill_size_o, // PAGE_*
    output logic [7:0]                    probe_itlb_fill_flags_o, // ENTRY_BIT_*
    output logic [mmu_defs::PPN_W-1:0]    probe_itlb_fill_ppn_o, // 0 below the page size
    output logic                          probe_itlb_evicted_o, // a valid entry is replaced
    output logic [mmu_defs::PAGE_W-1:0]   probe_itlb_evicted_size_o, // 0 if none
    output logic [mmu_defs::ASID_W-1:0]   probe_itlb_evicted_asid_o, // 0 if none
    output logic [mmu_defs::VPN_W-1:0]    probe_itlb_evicted_vpn_o, // 0 if none
    output logic                          probe_i_link_valid_o, // a miss waits for a walk from now on
    output logic [mmu_defs::ID_W-1:0]     probe_i_link_id_o,
    output logic [mmu_defs::PTW_ID_W-1:0] probe_i_link_walk_o,
    output logic                          probe_i_link_merged_o, // with a walk under way, else it is begun
    output logic                          probe_i_replay_valid_o, // its walk could not serve it
    output logic [mmu_defs::ID_W-1:0]     probe_i_replay_id_o,

    // Events of loads and stores
    output logic                          probe_dtlb_lookup_valid_o,
    output logic [mmu_defs::ID_W-1:0]     probe_dtlb_lookup_id_o,
    output logic [mmu_defs::LOOKUP_W-1:0] probe_dtlb_lookup_result_o, // LOOKUP_*
    output logic [15:0]                   probe_dtlb_lookup_set_o, // of the match; 0 on a miss
    output logic [15:0]                   probe_dtlb_lookup_way_o,
    output logic                          probe_dtlb_fill_valid_o,
    output logic [mmu_defs::ID_W-1:0]     probe_dtlb_fill_id_o,
    output logic [15:0]                   probe_dtlb_fill_set_o, // where the entry goes
    output logic [15:0]                   probe_dtlb_fill_way_o,
    output logic [mmu_defs::PAGE_W-1:0]   probe_dtlb_fill_size_o, // PAGE_*
    output logic [7:0]                    probe_dtlb_fill_flags_o, // ENTRY_BIT_*
    output logic [mmu_defs::PPN_W-1:0]    probe_dtlb_fill_ppn_o, // 0 below the page size
    output logic                          probe_dtlb_evicted_o, // a valid entry is replaced
    output logic [mmu_defs::PAGE_W-1:0]   probe_dtlb_evicted_size_o, // 0 if none
    output logic [mmu_defs::ASID_W-1:0]   probe_dtlb_evicted_asid_o, // 0 if none
    output logic [mmu_defs::VPN_W-1:0]    probe_dtlb_evicted_vpn_o, // 0 if none
    output logic                          probe_d_link_valid_o, // a miss waits for a walk from now on
    output logic [mmu_defs::ID_W-1:0]     probe_d_link_id_o,
    output logic [mmu_defs::PTW_ID_W-1:0] probe_d_link_walk_o,
    output logic                          probe_d_link_merged_o, // with a walk under way, else it is begun
    output logic                          probe_d_replay_valid_o, // its walk could not serve it
    output logic [mmu_defs::ID_W-1:0]     probe_d_replay_id_o
);
    generate
        if (ITLB_SETS < 1 || ITLB_WAYS < 1 || DTLB_SETS < 1 || DTLB_WAYS < 1 || L2TLB_SETS < 0 ||
            (L2TLB_SETS > 0 && L2TLB_WAYS < 1)) begin : g_bad_geometry
            initial $fatal(1, "a TLB needs at least one set and one way");
        end
        if (SEED < 0 || SEED > 16383) begin : g_bad_seed
            initial $fatal(1, "SEED has 14 bits");
        end
        if (WALKS < 1 || WALKS > 16) begin : g_bad_walks
            initial $fatal(1, "WALKS is 1 to 16");
        end
        if (WALK_CACHE < 0 || WALK_CACHE > 64) begin : g_bad_walk_cache
            initial $fatal(1, "WALK_CACHE is 0 to 64");
        end
        if (IMISSES < 1 || IMISSES > 32 || DMISSES < 1 || DMISSES > 32) begin : g_bad_misses
            initial $fatal(1, "IMISSES and DMISSES are 1 to 32");
        end
        if (PREFETCH < 0 || PREFETCH > 1 || PARITY < 0 || PARITY > 1) begin : g_bad_switch
            initial $fatal(1, "PREFETCH and PARITY are 0 or 1");
        end
    endgenerate

    localparam int WALK_W = WALKS > 1 ? $clog2(WALKS) : 1;

    // ---- Fence: not while a response shows, nor before the shared engine is ready.
    logic fence, engine_fence_ready;
    logic [mmu_defs::VPN_W-1:0] fence_vpn;

    assign fence_ready_o = engine_fence_ready && !iresp_valid_o && !dresp_valid_o;
    assign fence = fence_valid_i && fence_ready_o;
    assign fence_vpn = fence_va_i[56:12];

    // ---- Control registers with what the ports' requests are
    space_t   space;
    control_t icontrol, dcontrol;

    assign space = {ctl_mode_i, ctl_asid_i};
    assign icontrol = {mmu_defs::ACCESS_EXECUTE, ireq_priv_i, ctl_sum_i, ctl_mxr_i, ctl_adue_i,
                       ctl_pbmte_i, ctl_napot_i};
    assign dcontrol = {dreq_write_i ? mmu_defs::ACCESS_WRITE : mmu_defs::ACCESS_READ, dreq_priv_i,
                       ctl_sum_i, ctl_mxr_i, ctl_adue_i, ctl_pbmte_i, ctl_napot_i};

    // ---- Walks that are done, or in this cycle
    logic [WALKS-1:0]  done;
    logic              walk_end, walk_hit;
    logic [WALK_W-1:0] answer_walk, b_walk;

    // ---- I port
    localparam int ITLB_SET_W = ITLB_SETS > 1 ? $clog2(ITLB_SETS) : 1;
    localparam int ITLB_WAY_W = ITLB_WAYS > 1 ? $clog2(ITLB_WAYS) : 1;

    logic icandidate, ihead, istays, ilink, imerged, ireturn_end, ireturn_hit, ifilled;
    logic [WALKS-1:0]            ilinked;
    logic [WALK_W-1:0]           ilink_walk, ireturn_walk;
    logic [mmu_defs::VPN_W-1:0]  ivpn;
    logic [mmu_defs::PPN_W-1:0]  iroot_ppn, ippn;
    logic [mmu_defs::FAULT_W-1:0] ireason;
    logic [mmu_defs::LEVEL_W-1:0] ilevel;
    space_t   ispace;
    control_t icandidate_control;
    leaf_t    ileaf;
    logic [ITLB_SET_W-1:0] itlb_lookup_set, itlb_fill_set;
    logic [ITLB_WAY_W-1:0] itlb_lookup_way, itlb_fill_way;

    mmu_port #(
        .SETS(ITLB_SETS), .WAYS(ITLB_WAYS), .POLICY(ITLB_POLICY), .NUMBER(32'(mmu_defs::TLB_I)),
        .SEED(SEED), .MISSES(IMISSES), .WALKS(WALKS)
    ) i_iport (
        .clk_i, .rst_ni,
        .req_valid_i(ireq_valid_i), .req_ready_o(ireq_ready_o), .req_id_i(ireq_id_i),
        .req_va_i(ireq_va_i), .req_space_i(space), .req_root_ppn_i(ctl_root_ppn_i),
        .req_control_i(icontrol),
        .resp_valid_o(iresp_valid_o), .resp_id_o(iresp_id_o), .resp_pa_o(iresp_pa_o),
        .resp_size_o(iresp_size_o), .resp_memory_o(iresp_memory_o), .resp_cause_o(iresp_cause_o),
        .resp_reason_o(iresp_reason_o), .resp_level_o(iresp_level_o),
        .fence_valid_i, .fence_i(fence), .fence_has_va_i, .fence_vpn_i(fence_vpn),
        .fence_has_asid_i, .fence_asid_i,
        .candidate_o(icandidate), .candidate_head_o(ihead), .candidate_stays_o(istays),
        .candidate_id_o(probe_i_link_id_o), .candidate_vpn_o(ivpn), .candidate_space_o(ispace),
        .candidate_root_ppn_o(iroot_ppn), .candidate_control_o(icandidate_control),
        .link_i(ilink), .link_merged_i(imerged), .link_walk_i(ilink_walk), .linked_o(ilinked),
        .done_i(done), .end_i(walk_end), .end_walk_i(answer_walk), .hit_i(walk_hit),
        .hit_walk_i(b_walk), .return_walk_o(ireturn_walk), .return_end_o(ireturn_end),
        .return_hit_o(ireturn_hit), .return_reason_i(ireason), .return_level_i(ilevel),
        .return_ppn_i(ippn), .return_leaf_i(ileaf), .return_filled_i(ifilled),
        .probe_lookup_valid_o(probe_itlb_lookup_valid_o),
        .probe_lookup_result_o(probe_itlb_lookup_result_o), .probe_lookup_set_o(itlb_lookup_set),
        .probe_lookup_way_o(itlb_lookup_way), .probe_link_valid_o(probe_i_link_valid_o),
        .probe_replay_valid_o(probe_i_replay_valid_o), .probe_fill_valid_o(probe_itlb_fill_valid_o),
        .probe_return_id_o(probe_itlb_fill_id_o), .probe_fill_set_o(itlb_fill_set),
        .probe_fill_way_o(itlb_fill_way),
        .probe_evicted_o(probe_itlb_evicted_o), .probe_evicted_size_o(probe_itlb_evicted_size_o),
        .probe_evicted_asid_o(probe_itlb_evicted_asid_o),
        .probe_evicted_vpn_o(probe_itlb_evicted_vpn_o)
    );

    assign iresp_fault_o = iresp_reason_o != mmu_defs::FAULT_NONE;
    assign probe_itlb_lookup_id_o = ireq_id_i;
    assign probe_itlb_lookup_set_o = 16'(itlb_lookup_set);
    assign probe_itlb_lookup_way_o = 16'(itlb_lookup_way);
    assign probe_itlb_fill_set_o = 16'(itlb_fill_set);
    assign probe_itlb_fill_way_o = 16'(itlb_fill_way);
    assign probe_itlb_fill_size_o = ileaf.size;
    assign probe_itlb_fill_flags_o = ileaf.flags;
    assign probe_itlb_fill_ppn_o = ippn;
    assign probe_i_link_walk_o = mmu_defs::PTW_ID_W'(ilink_walk);
    assign probe_i_link_merged_o = imerged;
    assign probe_i_replay_id_o = probe_itlb_fill_id_o;

    // ---- D port
    localparam int DTLB_SET_W = DTLB_SETS > 1 ? $clog2(DTLB_SETS) : 1;
    localparam int DTLB_WAY_W = DTLB_WAYS > 1 ? $clog2(DTLB_WAYS) : 1;

    logic dcandidate, dhead, dstays, dlink, dmerged, dreturn_end, dreturn_hit, dfilled;
    logic [WALKS-1:0]            dlinked;
    logic [WALK_W-1:0]           dlink_walk, dreturn_walk;
    logic [mmu_defs::VPN_W-1:0]  dvpn;
    logic [mmu_defs::PPN_W-1:0]  droot_ppn, dppn;
    logic [mmu_defs::FAULT_W-1:0] dreason;
    logic [mmu_defs::LEVEL_W-1:0] dlevel;
    space_t   dspace;
    control_t dcandidate_control;
    leaf_t    dleaf;
    logic [DTLB_SET_W-1:0] dtlb_lookup_set, dtlb_fill_set;
    logic [DTLB_WAY_W-1:0] dtlb_lookup_way, dtlb_fill_way;

    mmu_port #(
        .SETS(DTLB_SETS), .WAYS(DTLB_WAYS), .POLICY(DTLB_POLICY), .NUMBER(32'(mmu_defs::TLB_D)),
        .SEED(SEED), .MISSES(DMISSES), .WALKS(WALKS)
    ) i_dport (
        .clk_i, .rst_ni,
        .req_valid_i(dreq_valid_i), .req_ready_o(dreq_ready_o), .req_id_i(dreq_id_i),
        .req_va_i(dreq_va_i), .req_space_i(space), .req_root_ppn_i(ctl_root_ppn_i),
        .req_control_i(dcontrol),
        .resp_valid_o(dresp_valid_o), .resp_id_o(dresp_id_o), .resp_pa_o(dresp_pa_o),
        .resp_size_o(dresp_size_o), .resp_memory_o(dresp_memory_o), .resp_cause_o(dresp_cause_o),
        .resp_reason_o(dresp_reason_o), .resp_level_o(dresp_level_o),
        .fence_valid_i, .fence_i(fence), .fence_has_va_i, .fence_vpn_i(fence_vpn),
        .fence_has_asid_i, .fence_asid_i,
        .candidate_o(dcandidate), .candidate_head_o(dhead), .candidate_stays_o(dstays),
        .candidate_id_o(probe_d_link_id_o), .candidate_vpn_o(dvpn), .candidate_space_o(dspace),
        .candidate_root_ppn_o(droot_ppn), .candidate_control_o(dcandidate_control),
        .link_i(dlink), .link_merged_i(dmerged), .link_walk_i(dlink_walk), .linked_o(dlinked),
        .done_i(done), .end_i(walk_end), .end_walk_i(answer_walk), .hit_i(walk_hit),
        .hit_walk_i(b_walk), .return_walk_o(dreturn_walk), .return_end_o(dreturn_end),
        .return_hit_o(dreturn_hit), .return_reason_i(dreason), .return_level_i(dlevel),
        .return_ppn_i(dppn), .return_leaf_i(dleaf), .return_filled_i(dfilled),
        .probe_lookup_valid_o(probe_dtlb_lookup_valid_o),
        .probe_lookup_result_o(probe_dtlb_lookup_result_o), .probe_lookup_set_o(dtlb_lookup_set),
        .probe_lookup_way_o(dtlb_lookup_way), .probe_link_valid_o(probe_d_link_valid_o),
        .probe_replay_valid_o(probe_d_replay_valid_o), .probe_fill_valid_o(probe_dtlb_fill_valid_o),
        .probe_return_id_o(probe_dtlb_fill_id_o), .probe_fill_set_o(dtlb_fill_set),
        .probe_fill_way_o(dtlb_fill_way),
        .probe_evicted_o(probe_dtlb_evicted_o), .probe_evicted_size_o(probe_dtlb_evicted_size_o),
        .probe_evicted_asid_o(probe_dtlb_evicted_asid_o),
        .probe_evicted_vpn_o(probe_dtlb_evicted_vpn_o)
    );

    assign dresp_fault_o = dresp_reason_o != mmu_defs::FAULT_NONE;
    assign probe_dtlb_lookup_id_o = dreq_id_i;
    assign probe_dtlb_lookup_set_o = 16'(dtlb_lookup_set);
    assign probe_dtlb_lookup_way_o = 16'(dtlb_lookup_way);
    assign probe_dtlb_fill_set_o = 16'(dtlb_fill_set);
    assign probe_dtlb_fill_way_o = 16'(dtlb_fill_way);
    assign probe_dtlb_fill_size_o = dleaf.size;
    assign probe_dtlb_fill_flags_o = dleaf.flags;
    assign probe_dtlb_fill_ppn_o = dppn;
    assign probe_d_link_walk_o = mmu_defs::PTW_ID_W'(dlink_walk);
    assign probe_d_link_merged_o = dmerged;
    assign probe_d_replay_id_o = probe_dtlb_fill_id_o;

    // ---- What the ports share: the walks and the L2 TLB
    localparam int L2TLB_SET_W = L2TLB_SETS > 1 ? $clog2(L2TLB_SETS) : 1;
    localparam int L2TLB_WAY_W = L2TLB_WAYS > 1 ? $clog2(L2TLB_WAYS) : 1;
    localparam int CACHE_W = WALK_CACHE > 1 ? $clog2(WALK_CACHE) : 1;

    logic [WALK_W-1:0] ptw_walk, start_walk, prefetch_walk;
    logic [CACHE_W-1:0] start_way;
    logic [2:0] answer_level;
    logic [mmu_defs::PA_W-1:0] pte_pa;
    logic [63:0] pte_value;
    logic walking, started_b, b_fetch, b_data;
    logic [L2TLB_SET_W-1:0] l2tlb_lookup_set, l2tlb_fill_set;
    logic [L2TLB_WAY_W-1:0] l2tlb_lookup_way, l2tlb_fill_way;
    leaf_t l2tlb_fill_leaf;

    engine #(
        .SETS(L2TLB_SETS), .WAYS(L2TLB_WAYS), .POLICY(L2TLB_POLICY), .SEED(SEED), .PARITY(PARITY),
        .WALKS(WALKS), .WALK_CACHE(WALK_CACHE), .PREFETCH(PREFETCH)
    ) i_engine (
        .clk_i, .rst_ni,
        .i_candidate_i(icandidate), .i_head_i(ihead), .i_stays_i(istays), .i_vpn_i(ivpn),
        .i_space_i(ispace), .i_root_ppn_i(iroot_ppn), .i_control_i(icandidate_control),
        .i_link_o(ilink), .i_merged_o(imerged), .i_link_walk_o(ilink_walk), .i_linked_i(ilinked),
        .i_walk_i(ireturn_walk), .i_end_i(ireturn_end), .i_hit_i(ireturn_hit),
        .i_fill_i(probe_itlb_fill_valid_o), .i_reason_o(ireason), .i_level_o(ilevel),
        .i_ppn_o(ippn), .i_leaf_o(ileaf), .i_filled_o(ifilled),
        .d_candidate_i(dcandidate), .d_head_i(dhead), .d_stays_i(dstays), .d_vpn_i(dvpn),
        .d_space_i(dspace), .d_root_ppn_i(droot_ppn), .d_control_i(dcandidate_control),
        .d_link_o(dlink), .d_merged_o(dmerged), .d_link_walk_o(dlink_walk), .d_linked_i(dlinked),
        .d_walk_i(dreturn_walk), .d_end_i(dreturn_end), .d_hit_i(dreturn_hit),
        .d_fill_i(probe_dtlb_fill_valid_o), .d_reason_o(dreason), .d_level_o(dlevel),
        .d_ppn_o(dppn), .d_leaf_o(dleaf), .d_filled_o(dfilled),
        .done_o(done), .end_o(walk_end), .end_walk_o(answer_walk), .hit_o(walk_hit),
        .b_walk_o(b_walk),
        .fence_valid_i, .fence_i(fence), .fence_ready_o(engine_fence_ready), .fence_has_va_i,
        .fence_vpn_i(fence_vpn), .fence_has_asid_i, .fence_asid_i,
        .inject_i, .inject_bit_i,
        .ptw_req_valid_o, .ptw_req_ready_i, .ptw_req_walk_o(ptw_walk), .ptw_req_pa_o,
        .ptw_req_cas_o, .ptw_req_word_o, .ptw_req_expect_o, .ptw_req_desired_o,
        .ptw_resp_valid_i, .ptw_resp_id_i, .ptw_resp_data_i, .ptw_resp_error_i,
        .probe_start_o(probe_start_valid_o), .probe_start_walk_o(start_walk),
        .probe_start_b_o(started_b), .probe_start_level_o, .probe_start_cached_o,
        .probe_start_way_o(start_way),
        .probe_read_o(probe_read_valid_o), .probe_update_o(probe_update_valid_o),
        .probe_stored_o(probe_update_stored_o), .probe_level_o(answer_level), .probe_pa_o(pte_pa),
        .probe_value_o(pte_value), .probe_desired_o(probe_update_desired_o), .probe_end_reason_o,
        .probe_active_o(walking), .probe_prefetch_o(probe_prefetch_valid_o),
        .probe_prefetch_walk_o(prefetch_walk), .probe_prefetch_vpn_o,
        .probe_b_fetch_o(b_fetch), .probe_b_data_o(b_data),
        .probe_lookup_o(probe_l2tlb_lookup_valid_o),
        .probe_lookup_result_o(probe_l2tlb_lookup_result_o),
        .probe_lookup_set_o(l2tlb_lookup_set), .probe_lookup_way_o(l2tlb_lookup_way),
        .probe_fill_o(probe_l2tlb_fill_valid_o), .probe_fill_set_o(l2tlb_fill_set),
        .probe_fill_way_o(l2tlb_fill_way), .probe_fill_ppn_o(probe_l2tlb_fill_ppn_o),
        .probe_fill_leaf_o(l2tlb_fill_leaf), .probe_evicted_o(probe_l2tlb_evicted_o),
        .probe_evicted_size_o(probe_l2tlb_evicted_size_o),
        .probe_evicted_asid_o(probe_l2tlb_evicted_asid_o),
        .probe_evicted_vpn_o(probe_l2tlb_evicted_vpn_o)
    );

    assign ptw_req_id_o = mmu_defs::PTW_ID_W'(ptw_walk);
    assign probe_start_walk_o = mmu_defs::PTW_ID_W'(start_walk);
    assign probe_start_way_o = 16'(start_way);
    assign probe_read_walk_o = mmu_defs::PTW_ID_W'(answer_walk);
    assign probe_read_level_o = answer_level;
    assign probe_read_error_o = ptw_resp_error_i;
    assign probe_read_pa_o = pte_pa;
    assign probe_read_value_o = pte_value;
    assign probe_update_walk_o = mmu_defs::PTW_ID_W'(answer_walk);
    assign probe_update_error_o = ptw_resp_error_i;
    assign probe_update_pa_o = pte_pa;
    assign probe_update_old_o = pte_value;
    assign probe_end_valid_o = walk_end;
    assign probe_end_walk_o = mmu_defs::PTW_ID_W'(answer_walk);
    assign probe_end_level_o = answer_level;
    assign probe_prefetch_walk_o = mmu_defs::PTW_ID_W'(prefetch_walk);
    assign probe_l2tlb_lookup_walk_o = mmu_defs::PTW_ID_W'(b_walk);
    assign probe_l2tlb_lookup_set_o = 16'(l2tlb_lookup_set);
    assign probe_l2tlb_lookup_way_o = 16'(l2tlb_lookup_way);
    assign probe_l2tlb_fill_walk_o = mmu_defs::PTW_ID_W'(b_walk);
    assign probe_l2tlb_fill_set_o = 16'(l2tlb_fill_set);
    assign probe_l2tlb_fill_way_o = 16'(l2tlb_fill_way);
    assign probe_l2tlb_fill_size_o = l2tlb_fill_leaf.size;
    assign probe_l2tlb_fill_flags_o = l2tlb_fill_leaf.flags;

    // ---- Performance counters: each counts the events of its name.
    logic [2*mmu_defs::COUNTERS-1:0] increment;
    logic imiss, dmiss, l2_miss;

    assign imiss = probe_itlb_lookup_valid_o &&
        probe_itlb_lookup_result_o != mmu_defs::LOOKUP_HIT;
    assign dmiss = probe_dtlb_lookup_valid_o &&
        probe_dtlb_lookup_result_o != mmu_defs::LOOKUP_HIT;
    assign l2_miss = probe_l2tlb_lookup_valid_o &&
        probe_l2tlb_lookup_result_o != mmu_defs::LOOKUP_HIT;

    function automatic logic [1:0] count(input logic one, input logic other);
        count = {one && other, one != other};
    endfunction

    always_comb begin
        increment = '0;
        increment[2*mmu_defs::COUNTER_ITLB_READ_ACCESS+:2] = count(probe_itlb_lookup_valid_o, 1'b0);
        increment[2*mmu_defs::COUNTER_ITLB_READ_MISS+:2] = count(imiss, 1'b0);
        increment[2*mmu_defs::COUNTER_DTLB_READ_ACCESS+:2] = count(probe_dtlb_lookup_valid_o && !dreq_write_i, 1'b0);
        increment[2*mmu_defs::COUNTER_DTLB_READ_MISS+:2] = count(dmiss && !dreq_write_i, 1'b0);
        increment[2*mmu_defs::COUNTER_DTLB_WRITE_ACCESS+:2] = count(probe_dtlb_lookup_valid_o && dreq_write_i, 1'b0);
        increment[2*mmu_defs::COUNTER_DTLB_WRITE_MISS+:2] = count(dmiss && dreq_write_i, 1'b0);
        increment[2*mmu_defs::COUNTER_L2TLB_I_ACCESS+:2] = count(probe_l2tlb_lookup_valid_o && b_fetch, 1'b0);
        increment[2*mmu_defs::COUNTER_L2TLB_I_MISS+:2] = count(l2_miss && b_fetch, 1'b0);
        increment[2*mmu_defs::COUNTER_L2TLB_D_ACCESS+:2] = count(probe_l2tlb_lookup_valid_o && b_data, 1'b0);
        increment[2*mmu_defs::COUNTER_L2TLB_D_MISS+:2] = count(l2_miss && b_data, 1'b0);
        increment[2*mmu_defs::COUNTER_WALKS_I+:2] = count(started_b && b_fetch, 1'b0);
        increment[2*mmu_defs::COUNTER_WALKS_D+:2] = count(started_b && b_data, 1'b0);
        increment[2*mmu_defs::COUNTER_WALK_RESTARTS+:2] = count(probe_start_valid_o && !started_b, 1'b0);
        increment[2*mmu_defs::COUNTER_WALK_CYCLES+:2] = count(walking, 1'b0);
        increment[2*mmu_defs::COUNTER_PTE_READS+:2] = count(probe_read_valid_o, 1'b0);
        increment[2*mmu_defs::COUNTER_PTE_UPDATES+:2] = count(probe_update_stored_o, 1'b0);
        increment[2*mmu_defs::COUNTER_WALK_CACHE_HITS+:2] = count(probe_start_valid_o && probe_start_cached_o, 1'b0);
        increment[2*mmu_defs::COUNTER_MERGES+:2] = count(probe_i_link_valid_o && imerged, probe_d_link_valid_o && dmerged);
        increment[2*mmu_defs::COUNTER_REPLAYS+:2] = count(probe_i_replay_valid_o, probe_d_replay_valid_o);
        increment[2*mmu_defs::COUNTER_FENCES+:2] = count(fence, 1'b0);
        increment[2*mmu_defs::COUNTER_FAULTS+:2] = count(iresp_valid_o && iresp_fault_o, dresp_valid_o && dresp_fault_o);
        increment[2*mmu_defs::COUNTER_PREFETCHES+:2] = count(probe_prefetch_valid_o, 1'b0);
        increment[2*mmu_defs::COUNTER_STALLS_I+:2] = count(ireq_valid_i && !ireq_ready_o, 1'b0);
        increment[2*mmu_defs::COUNTER_STALLS_D+:2] = count(dreq_valid_i && !dreq_ready_o, 1'b0);
        increment[2*mmu_defs::COUNTER_CYCLES+:2] = 2'd1;
    end

    counters i_counters (
        .clk_i, .rst_ni, .increment_i(increment), .select_i(counter_sel_i), .count_o(counter_o)
    );

    logic unused_bits;
    assign unused_bits = &{1'b0, fence_va_i[63:57], fence_va_i[11:0], ileaf, dleaf, l2tlb_fill_leaf};

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
endmodule
