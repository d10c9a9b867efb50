// What the two ports share: the L2 TLB and the walker, for one request at a time.
// A granted request is looked up in the L2 TLB in the same cycle, and walked if that misses.
module engine #(
    parameter int SETS   = 64,              // geometry and policy of the L2 TLB; 0 sets: none
    parameter int WAYS   = 4,
    parameter int POLICY = 0,
    parameter int SEED   = 1,               // of random replacement
    parameter int SET_W  = SETS > 1 ? $clog2(SETS) : 1,
    parameter int WAY_W  = WAYS > 1 ? $clog2(WAYS) : 1
) (
    input  logic                          clk_i,
    input  logic                          rst_ni,

    // The request that missed in the I port; stable until i_answer_o
    input  logic                          i_miss_i,
    input  logic [mmu_defs::ID_W-1:0]     i_id_i,
    input  logic [mmu_defs::VPN_W-1:0]    i_vpn_i,
    input  logic [mmu_defs::ACCESS_W-1:0] i_access_i,
    input  logic [mmu_defs::PRIV_W-1:0]   i_priv_i,
    input  logic [mmu_defs::MODE_W-1:0]   i_mode_i,
    input  logic [mmu_defs::PPN_W-1:0]    i_root_ppn_i,
    input  logic [mmu_defs::ASID_W-1:0]   i_asid_i,
    input  logic                          i_sum_i,
    input  logic                          i_mxr_i,
    input  logic                          i_adue_i,
    input  logic                          i_pbmte_i,
    input  logic                          i_napot_i,
    output logic                          i_answer_o,

    // The same of the D port
    input  logic                          d_miss_i,
    input  logic [mmu_defs::ID_W-1:0]     d_id_i,
    input  logic [mmu_defs::VPN_W-1:0]    d_vpn_i,
    input  logic [mmu_defs::ACCESS_W-1:0] d_access_i,
    input  logic [mmu_defs::PRIV_W-1:0]   d_priv_i,
    input  logic [mmu_defs::MODE_W-1:0]   d_mode_i,
    input  logic [mmu_defs::PPN_W-1:0]    d_root_ppn_i,
    input  logic [mmu_defs::ASID_W-1:0]   d_asid_i,
    input  logic                          d_sum_i,
    input  logic                          d_mxr_i,
    input  logic                          d_adue_i,
    input  logic                          d_pbmte_i,
    input  logic                          d_napot_i,
    output logic                          d_answer_o,

    // The answer to either
    output logic                          answer_fill_o,    // the entry that follows is for the L1
    output logic [mmu_defs::FAULT_W-1:0]  answer_reason_o,
    output logic [mmu_defs::LEVEL_W-1:0]  answer_level_o,
    output logic [mmu_defs::ASID_W-1:0]   answer_asid_o,
    output logic [mmu_defs::PAGE_W-1:0]   answer_size_o,
    output logic [mmu_defs::PPN_W-1:0]    answer_ppn_o,
    output logic [7:0]                    answer_flags_o,

    // Fence
    input  logic                          fence_i,          // it happens in this cycle
    output logic                          fence_ready_o,    // it may
    input  logic                          fence_has_va_i,
    input  logic [mmu_defs::VPN_W-1:0]    fence_vpn_i,
    input  logic                          fence_has_asid_i,
    input  logic [mmu_defs::ASID_W-1:0]   fence_asid_i,

    // Page-table port
    output logic                          ptw_req_valid_o,
    input  logic                          ptw_req_ready_i,
    output logic [mmu_defs::PA_W-1:0]     ptw_req_pa_o,
    output logic                          ptw_req_cas_o,
    output logic                          ptw_req_word_o,
    output logic [63:0]                   ptw_req_expect_o,
    output logic [63:0]                   ptw_req_desired_o,
    input  logic                          ptw_resp_valid_i,
    input  logic [63:0]                   ptw_resp_data_i,
    input  logic                          ptw_resp_error_i,

    // Events; the request they belong to
    output logic                          probe_port_o,     // 0: I, 1: D
    output logic [mmu_defs::ID_W-1:0]     probe_id_o,
    output logic                          probe_start_o,
    output logic                          probe_read_o,
    output logic                          probe_update_o,
    output logic                          probe_stored_o,
    output logic                          probe_error_o,
    output logic [mmu_defs::PA_W-1:0]     probe_pa_o,
    output logic [63:0]                   probe_value_o,
    output logic [63:0]                   probe_desired_o,
    output logic                          probe_end_o,
    output logic [mmu_defs::FAULT_W-1:0]  probe_end_reason_o,
    output logic [2:0]                    probe_level_o,
    output logic                          probe_lookup_valid_o,
    output logic [mmu_defs::LOOKUP_W-1:0] probe_lookup_result_o,
    output logic [SET_W-1:0]              probe_lookup_set_o,
    output logic [WAY_W-1:0]              probe_lookup_way_o,
    output logic                          probe_fill_valid_o,
    output logic [SET_W-1:0]              probe_fill_set_o,
    output logic [WAY_W-1:0]              probe_fill_way_o,
    output logic                          probe_evicted_o,
    output logic [mmu_defs::PAGE_W-1:0]   probe_evicted_size_o,
    output logic [mmu_defs::ASID_W-1:0]   probe_evicted_asid_o,
    output logic [mmu_defs::VPN_W-1:0]    probe_evicted_vpn_o
);
    localparam bit PORT_I = 1'b0;
    localparam bit PORT_D = 1'b1;

    // ---- Arbitration: in turn when both ports wait.
    logic walking, grant, owner, owner_q;

    always_comb begin
        if (walking) owner = owner_q;
        else if (i_miss_i && d_miss_i) owner = !owner_q;
        else owner = d_miss_i ? PORT_D : PORT_I;
    end
    assign grant = !walking && (i_miss_i || d_miss_i) && !fence_i;

    always_ff @(posedge clk_i) begin
        if (!rst_ni) owner_q <= PORT_D;
        else if (grant) owner_q <= owner;
    end

    // ---- The request that is served
    logic [mmu_defs::ID_W-1:0]     id;
    logic [mmu_defs::VPN_W-1:0]    vpn;
    logic [mmu_defs::ACCESS_W-1:0] access;
    logic [mmu_defs::PRIV_W-1:0]   priv;
    logic [mmu_defs::MODE_W-1:0]   paging;
    logic [mmu_defs::PPN_W-1:0]    root_ppn;
    logic [mmu_defs::ASID_W-1:0]   asid;
    logic sum, mxr, adue, pbmte, napot;

    always_comb begin
        if (owner == PORT_I) begin
            id = i_id_i;
            vpn = i_vpn_i;
            access = i_access_i;
            priv = i_priv_i;
            paging = i_mode_i;
            root_ppn = i_root_ppn_i;
            asid = i_asid_i;
            {sum, mxr, adue, pbmte, napot} = {i_sum_i, i_mxr_i, i_adue_i, i_pbmte_i, i_napot_i};
        end else begin
            id = d_id_i;
            vpn = d_vpn_i;
            access = d_access_i;
            priv = d_priv_i;
            paging = d_mode_i;
            root_ppn = d_root_ppn_i;
            asid = d_asid_i;
            {sum, mxr, adue, pbmte, napot} = {d_sum_i, d_mxr_i, d_adue_i, d_pbmte_i, d_napot_i};
        end
    end

    // ---- Walker
    logic walk_end, walk_fill;
    logic [mmu_defs::FAULT_W-1:0] walk_reason;
    logic [mmu_defs::PAGE_W-1:0]  walk_size;
    logic [mmu_defs::PPN_W-1:0]   walk_ppn;
    logic [7:0]                   walk_flags;
    logic l2_hit;

    walker i_walker (
        .clk_i, .rst_ni,
        .start_i(grant && !l2_hit), .vpn_i(vpn), .access_i(access), .priv_i(priv),
        .mode_i(paging), .root_ppn_i(root_ppn), .sum_i(sum), .mxr_i(mxr), .adue_i(adue),
        .pbmte_i(pbmte), .napot_i(napot),
        .fence_i, .fence_ready_o,
        .busy_o(walking), .end_o(walk_end), .reason_o(walk_reason), .level_o(probe_level_o),
        .size_o(walk_size), .ppn_o(walk_ppn), .flags_o(walk_flags),
        .ptw_req_valid_o, .ptw_req_ready_i, .ptw_req_pa_o, .ptw_req_cas_o, .ptw_req_word_o,
        .ptw_req_expect_o, .ptw_req_desired_o, .ptw_resp_valid_i, .ptw_resp_data_i,
        .ptw_resp_error_i,
        .probe_start_o, .probe_read_o, .probe_update_o, .probe_stored_o, .probe_error_o,
        .probe_pa_o, .probe_value_o, .probe_desired_o
    );

    assign walk_fill = walk_end && walk_reason == mmu_defs::FAULT_NONE;
    assign probe_port_o = owner;
    assign probe_id_o = id;
    assign probe_end_o = walk_end;
    assign probe_end_reason_o = walk_reason;

    // ---- L2 TLB
    logic [mmu_defs::FAULT_W-1:0] l2_reason;
    logic [mmu_defs::ASID_W-1:0]  l2_asid;
    logic [mmu_defs::PAGE_W-1:0]  l2_size;
    logic [mmu_defs::PPN_W-1:0]   l2_ppn;
    logic [7:0]                   l2_flags;

    generate
        if (SETS > 0) begin : g_l2
            tlb #(
                .SETS(SETS), .WAYS(WAYS), .POLICY(POLICY), .NUMBER(32'(mmu_defs::TLB_L2)),
                .SEED(SEED)
            ) i_tlb (
                .clk_i, .rst_ni,
                .lookup_i(grant), .lookup_vpn_i(vpn), .lookup_access_i(access),
                .lookup_priv_i(priv), .lookup_mode_i(paging), .lookup_asid_i(asid),
                .lookup_sum_i(sum), .lookup_mxr_i(mxr), .lookup_adue_i(adue),
                .lookup_result_o(probe_lookup_result_o), .lookup_set_o(probe_lookup_set_o),
                .lookup_way_o(probe_lookup_way_o), .lookup_reason_o(l2_reason),
                .lookup_asid_o(l2_asid), .lookup_size_o(l2_size), .lookup_ppn_o(l2_ppn),
                .lookup_flags_o(l2_flags),
                .fill_i(walk_fill), .fill_vpn_i(vpn), .fill_asid_i(asid),
                .fill_size_i(walk_size), .fill_ppn_i(walk_ppn), .fill_flags_i(walk_flags),
                .fill_set_o(probe_fill_set_o), .fill_way_o(probe_fill_way_o),
                .evicted_o(probe_evicted_o), .evicted_size_o(probe_evicted_size_o),
                .evicted_asid_o(probe_evicted_asid_o), .evicted_vpn_o(probe_evicted_vpn_o),
                .fence_i, .fence_has_va_i, .fence_vpn_i, .fence_has_asid_i, .fence_asid_i
            );
            assign l2_hit = probe_lookup_result_o == mmu_defs::LOOKUP_HIT;
            assign probe_lookup_valid_o = grant;
            assign probe_fill_valid_o = walk_fill;
        end else begin : g_no_l2
            assign l2_hit = 1'b0;
            assign l2_reason = '0;
            assign l2_asid = '0;
            assign l2_size = '0;
            assign l2_ppn = '0;
            assign l2_flags = '0;
            assign probe_lookup_valid_o = 1'b0;
            assign probe_lookup_result_o = '0;
            assign probe_lookup_set_o = '0;
            assign probe_lookup_way_o = '0;
            assign probe_fill_valid_o = 1'b0;
            assign probe_fill_set_o = '0;
            assign probe_fill_way_o = '0;
            assign probe_evicted_o = 1'b0;
            assign probe_evicted_size_o = '0;
            assign probe_evicted_asid_o = '0;
            assign probe_evicted_vpn_o = '0;
            logic unused_fence;
            assign unused_fence = &{1'b0, fence_has_va_i, fence_vpn_i, fence_has_asid_i,
                                    fence_asid_i};
        end
    endgenerate

    // ---- Answer: an entry found in the L2 goes into the L1 whole, also one that refuses the access.
    assign i_answer_o = owner == PORT_I && (l2_hit || walk_end);
    assign d_answer_o = owner == PORT_D && (l2_hit || walk_end);

    always_comb begin
        if (l2_hit) begin
            answer_fill_o = 1'b1;
            answer_reason_o = l2_reason;
            answer_level_o = mmu_defs::LEVEL_L2;
            answer_asid_o = l2_asid;
            answer_size_o = l2_size;
            answer_ppn_o = l2_ppn;
            answer_flags_o = l2_flags;
        end else begin
            answer_fill_o = walk_fill;
            answer_reason_o = walk_reason;
            answer_level_o = mmu_defs::LEVEL_WALK;
            answer_asid_o = asid;
            answer_size_o = walk_size;
            answer_ppn_o = walk_ppn;
            answer_flags_o = walk_flags;
        end
    end
endmodule
