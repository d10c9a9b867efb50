// What the two ports share: the walks and the L2 TLB in two stages. Decides whose miss joins a walk,
// whose begins one, and what stage A of the L2 TLB does.
module engine #(
    parameter int SETS       = 64,          // geometry and policy of the L2 TLB; 0 sets: none
    parameter int WAYS       = 4,
    parameter int POLICY     = 0,
    parameter int SEED       = 1,           // of random replacement
    parameter int PARITY     = 0,           // 1: of L2 entries
    parameter int WALKS      = 8,           // in flight
    parameter int WALK_CACHE = 8,           // entries for each upper level; 0: none
    parameter int PREFETCH   = 0,           // 1: of the next page into the L2
    parameter int SET_W      = SETS > 1 ? $clog2(SETS) : 1,
    parameter int WAY_W      = WAYS > 1 ? $clog2(WAYS) : 1,
    parameter int WALK_W     = WALKS > 1 ? $clog2(WALKS) : 1,
    parameter int CACHE_W    = WALK_CACHE > 1 ? $clog2(WALK_CACHE) : 1
) (
    input  logic                          clk_i,
    input  logic                          rst_ni,

    // The I port's candidate for a walk, and the walk that takes it
    input  logic                          i_candidate_i,
    input  logic                          i_head_i,         // it is the head of the queue
    input  logic                          i_stays_i,        // it is not answered at once after all
    input  logic [mmu_defs::VPN_W-1:0]    i_vpn_i,
    input  space_t                        i_space_i,
    input  logic [mmu_defs::PPN_W-1:0]    i_root_ppn_i,
    input  control_t                      i_control_i,
    output logic                          i_link_o,         // if it stays
    output logic                          i_merged_o,
    output logic [WALK_W-1:0]             i_link_walk_o,
    input  logic [WALKS-1:0]              i_linked_i,       // walks for which a request waits there

    // The walk whose request the I port returns
    input  logic [WALK_W-1:0]             i_walk_i,
    input  logic                          i_end_i,
    input  logic                          i_hit_i,
    input  logic                          i_fill_i,
    output logic [mmu_defs::FAULT_W-1:0]  i_reason_o,
    output logic [mmu_defs::LEVEL_W-1:0]  i_level_o,
    output logic [mmu_defs::PPN_W-1:0]    i_ppn_o,
    output leaf_t                         i_leaf_o,
    output logic                          i_filled_o,

    // The same of the D port
    input  logic                          d_candidate_i,
    input  logic                          d_head_i,
    input  logic                          d_stays_i,
    input  logic [mmu_defs::VPN_W-1:0]    d_vpn_i,
    input  space_t                        d_space_i,
    input  logic [mmu_defs::PPN_W-1:0]    d_root_ppn_i,
    input  control_t                      d_control_i,
    output logic                          d_link_o,
    output logic                          d_merged_o,
    output logic [WALK_W-1:0]             d_link_walk_o,
    input  logic [WALKS-1:0]              d_linked_i,
    input  logic [WALK_W-1:0]             d_walk_i,
    input  logic                          d_end_i,
    input  logic                          d_hit_i,
    input  logic                          d_fill_i,
    output logic [mmu_defs::FAULT_W-1:0]  d_reason_o,
    output logic [mmu_defs::LEVEL_W-1:0]  d_level_o,
    output logic [mmu_defs::PPN_W-1:0]    d_ppn_o,
    output leaf_t                         d_leaf_o,
    output logic                          d_filled_o,

    // Walks that are done, or in this cycle
    output logic [WALKS-1:0]              done_o,
    output logic                          end_o,
    output logic [WALK_W-1:0]             end_walk_o,       // also the walk that is answered
    output logic                          hit_o,
    output logic [WALK_W-1:0]             b_walk_o,         // of stage B

    // Fence
    input  logic                          fence_valid_i,
    input  logic                          fence_i,          // it happens in this cycle
    output logic                          fence_ready_o,    // it may, as far as is known here
    input  logic                          fence_has_va_i,
    input  logic [mmu_defs::VPN_W-1:0]    fence_vpn_i,
    input  logic                          fence_has_asid_i,
    input  logic [mmu_defs::ASID_W-1:0]   fence_asid_i,

    // Error injection into the L2 TLB
    input  logic                          inject_i,
    input  logic [7:0]                    inject_bit_i,

    // Page-table port
    output logic                          ptw_req_valid_o,
    input  logic                          ptw_req_ready_i,
    output logic [WALK_W-1:0]             ptw_req_walk_o,
    output logic [mmu_defs::PA_W-1:0]     ptw_req_pa_o,
    output logic                          ptw_req_cas_o,
    output logic                          ptw_req_word_o,
    output logic [63:0]                   ptw_req_expect_o,
    output logic [63:0]                   ptw_req_desired_o,
    input  logic                          ptw_resp_valid_i,
    input  logic [mmu_defs::PTW_ID_W-1:0] ptw_resp_id_i,
    input  logic [63:0]                   ptw_resp_data_i,
    input  logic                          ptw_resp_error_i,

    // Events of the walks; of answers: end_walk_o, of stage B: b_walk_o
    output logic                          probe_start_o,
    output logic [WALK_W-1:0]             probe_start_walk_o,
    output logic                          probe_start_b_o,  // from stage B
    output logic [2:0]                    probe_start_level_o,
    output logic                          probe_start_cached_o,
    output logic [CACHE_W-1:0]            probe_start_way_o,
    output logic                          probe_read_o,
    output logic                          probe_update_o,
    output logic                          probe_stored_o,
    output logic [2:0]                    probe_level_o,
    output logic [mmu_defs::PA_W-1:0]     probe_pa_o,
    output logic [63:0]                   probe_value_o,
    output logic [63:0]                   probe_desired_o,
    output logic [mmu_defs::FAULT_W-1:0]  probe_end_reason_o,
    output logic                          probe_active_o,   // a walk is between start and end
    output logic                          probe_prefetch_o,
    output logic [WALK_W-1:0]             probe_prefetch_walk_o,
    output logic [mmu_defs::VPN_W-1:0]    probe_prefetch_vpn_o,

    // Events of the L2 TLB; of whom stage B's walk is
    output logic                          probe_b_fetch_o,  // begun for a fetch
    output logic                          probe_b_data_o,   // begun for a load or store
    output logic                          probe_lookup_o,
    output logic [mmu_defs::LOOKUP_W-1:0] probe_lookup_result_o,
    output logic [SET_W-1:0]              probe_lookup_set_o,
    output logic [WAY_W-1:0]              probe_lookup_way_o,
    output logic                          probe_fill_o,
    output logic [SET_W-1:0]              probe_fill_set_o,
    output logic [WAY_W-1:0]              probe_fill_way_o,
    output logic [mmu_defs::PPN_W-1:0]    probe_fill_ppn_o,
    output leaf_t                         probe_fill_leaf_o,
    output logic                          probe_evicted_o,
    output logic [mmu_defs::PAGE_W-1:0]   probe_evicted_size_o,
    output logic [mmu_defs::ASID_W-1:0]   probe_evicted_asid_o,
    output logic [mmu_defs::VPN_W-1:0]    probe_evicted_vpn_o
);
    // ---- State of the walks
    logic [WALKS-1:0] linked, mergeable, free, ahead, pending, prefetches, failed, clean;
    logic [WALK_W-1:0] free_walk, ahead_walk, pending_walk;

    assign linked = i_linked_i | d_linked_i;
    first #(.N(WALKS)) i_free (.set_i(free), .index_o(free_walk));
    first #(.N(WALKS)) i_ahead (.set_i(ahead), .index_o(ahead_walk));
    first #(.N(WALKS)) i_pending (.set_i(pending), .index_o(pending_walk));

    // ---- Merge: a walk that has failed, or for a store one without D, is of no use any more.
    logic [WALKS-1:0] loadable, storable;
    logic i_match, d_match;
    logic [WALK_W-1:0] i_match_walk, d_match_walk;

    assign loadable = mergeable & ~(done_o & failed);
    assign storable = loadable & ~(done_o & clean);

    // ---- Stage A goes to a head before an accepted request, and in turn when that leaves both.
    localparam bit PORT_I = 1'b0;
    localparam bit PORT_D = 1'b1;
    logic i_wants, d_wants, winner, grant, begin_walk, prefer_q, more;

    assign i_wants = i_candidate_i && !i_match;
    assign d_wants = d_candidate_i && !d_match;

    always_comb begin
        winner = prefer_q;
        if (!i_wants) winner = PORT_D;
        else if (!d_wants) winner = PORT_I;
        else if (i_head_i != d_head_i) winner = d_head_i ? PORT_D : PORT_I;
    end

    assign grant = (i_wants || d_wants) && !more && pending == '0 && free != '0;
    assign begin_walk = grant && (winner == PORT_I ? i_stays_i : d_stays_i);
    assign i_link_o = (i_candidate_i && i_match) || (grant && winner == PORT_I);
    assign d_link_o = (d_candidate_i && d_match) || (grant && winner == PORT_D);
    assign i_merged_o = i_match;
    assign d_merged_o = d_match;
    assign i_link_walk_o = i_match ? i_match_walk : free_walk;
    assign d_link_walk_o = d_match ? d_match_walk : free_walk;

    always_ff @(posedge clk_i) begin
        if (!rst_ni) prefer_q <= PORT_D;
        else if (begin_walk) prefer_q <= !winner;
    end

    logic [mmu_defs::VPN_W-1:0] begin_vpn;
    logic [mmu_defs::PPN_W-1:0] begin_root_ppn;
    space_t   begin_space;
    control_t begin_control;

    always_comb begin
        if (winner == PORT_I) begin
            begin_vpn = i_vpn_i;
            begin_space = i_space_i;
            begin_root_ppn = i_root_ppn_i;
            begin_control = i_control_i;
        end else begin
            begin_vpn = d_vpn_i;
            begin_space = d_space_i;
            begin_root_ppn = d_root_ppn_i;
            begin_control = d_control_i;
        end
    end

    // ---- Stage B
    stage_e b_stage_q, b_stage_d;
    logic [WALK_W-1:0] b_walk_q, b_walk_d;
    logic b_lookup, b_fill, b_sweep, b_over, b_miss;
    logic [mmu_defs::VPN_W-1:0] b_vpn;
    space_t   b_space;
    control_t b_control;

    assign b_lookup = b_stage_q == STAGE_LOOKUP;
    assign b_fill = b_stage_q == STAGE_FILL;
    assign b_sweep = b_stage_q == STAGE_SWEEP;
    assign b_over = b_lookup && (probe_lookup_result_o != mmu_defs::LOOKUP_MISS || !more);
    assign hit_o = b_lookup && probe_lookup_result_o == mmu_defs::LOOKUP_HIT;
    assign b_miss = b_over && !hit_o;
    assign b_walk_o = b_walk_q;

    always_ff @(posedge clk_i) begin
        if (!rst_ni) b_stage_q <= STAGE_NONE;
        else b_stage_q <= b_stage_d;
        b_walk_q <= b_walk_d;
    end

    // ---- Stage A: what stage B does in the next cycle.
    logic look_ahead, take_fill, sweep_reads;

    assign take_fill = !more && !fence_valid_i && pending != '0;
    assign look_ahead = !more && !fence_valid_i && pending == '0 && !grant && ahead != '0;

    always_comb begin
        b_stage_d = STAGE_NONE;
        b_walk_d = b_walk_q;
        if (more) begin
            if (!b_over) b_stage_d = STAGE_LOOKUP;
        end else if (fence_valid_i) begin
            if (sweep_reads) b_stage_d = STAGE_SWEEP;
        end else if (take_fill) begin
            b_stage_d = STAGE_FILL;
            b_walk_d = pending_walk;
        end else if (grant) begin
            if (begin_walk) b_stage_d = STAGE_LOOKUP;
            b_walk_d = free_walk;
        end else if (look_ahead) begin
            b_stage_d = STAGE_LOOKUP;
            b_walk_d = ahead_walk;
        end
    end

    // ---- The walks
    logic start;
    logic [WALK_W-1:0] start_walk, answer_walk, offer_walk, a_walk;
    logic [mmu_defs::VPN_W-1:0] start_vpn, answer_vpn, a_vpn;
    logic [mmu_defs::PPN_W-1:0] start_root_ppn, end_ppn, hit_ppn;
    logic [mmu_defs::MODE_W-1:0] a_mode;
    space_t   start_space, answer_space;
    control_t answer_control;
    leaf_t    end_leaf, hit_leaf;
    logic offer_sv32, offer_store, walker_fence_ready;
    logic [mmu_defs::PAGE_W-1:0] a_size;

    assign a_walk = pending != '0 ? pending_walk : ahead_walk;

    walk_requests #(.WALKS(WALKS)) i_requests (
        .clk_i,
        .begin_i(begin_walk), .begin_walk_i(free_walk), .begin_vpn_i(begin_vpn),
        .begin_space_i(begin_space), .begin_root_ppn_i(begin_root_ppn),
        .begin_control_i(begin_control),
        .prefetch_i(probe_prefetch_o), .prefetch_walk_i(probe_prefetch_walk_o),
        .prefetch_vpn_o(probe_prefetch_vpn_o),
        .i_candidate_i, .i_walks_i(loadable), .i_vpn_i, .i_space_i, .i_match_o(i_match),
        .i_match_walk_o(i_match_walk),
        .d_candidate_i, .d_vpn_i, .d_space_i, .d_match_o(d_match), .d_match_walk_o(d_match_walk),
        .d_walks_i(d_control_i.access == mmu_defs::ACCESS_WRITE ? storable : loadable),
        .a_walk_i(a_walk), .a_vpn_o(a_vpn), .a_mode_o(a_mode),
        .b_walk_i(b_walk_q), .b_vpn_o(b_vpn), .b_space_o(b_space), .b_control_o(b_control),
        .start_walk_i(start_walk), .start_vpn_o(start_vpn), .start_space_o(start_space),
        .start_root_ppn_o(start_root_ppn),
        .answer_walk_i(answer_walk), .answer_vpn_o(answer_vpn), .answer_space_o(answer_space),
        .answer_control_o(answer_control),
        .offer_walk_i(offer_walk), .offer_sv32_o(offer_sv32), .offer_store_o(offer_store)
    );

    walker #(
        .WALKS(WALKS), .WALK_CACHE(WALK_CACHE), .L2(SETS > 0 ? 1 : 0), .PREFETCH(PREFETCH)
    ) i_walker (
        .clk_i, .rst_ni,
        .look_i(begin_walk || look_ahead), .look_ahead_i(look_ahead), .look_walk_i(b_walk_d),
        .fill_i(take_fill), .fill_walk_i(pending_walk),
        .b_lookup_i(b_lookup), .b_miss_i(b_miss), .b_hit_i(hit_o), .b_fill_i(b_fill),
        .b_walk_i(b_walk_q),
        .start_o(start), .start_walk_o(start_walk), .start_vpn_i(start_vpn),
        .start_space_i(start_space), .start_root_ppn_i(start_root_ppn),
        .answer_walk_o(answer_walk), .answer_vpn_i(answer_vpn), .answer_space_i(answer_space),
        .answer_control_i(answer_control),
        .offer_walk_o(offer_walk), .offer_sv32_i(offer_sv32), .offer_store_i(offer_store),
        .prefetch_o(probe_prefetch_o), .prefetch_walk_o(probe_prefetch_walk_o),
        .linked_i(linked), .done_o, .mergeable_o(mergeable), .free_o(free), .ahead_o(ahead),
        .pending_o(pending), .prefetches_o(prefetches), .active_o(probe_active_o),
        .end_o, .reason_o(probe_end_reason_o), .size_o(end_leaf.size), .ppn_o(end_ppn),
        .flags_o(end_leaf.flags),
        .fence_valid_i, .fence_i, .fence_ready_o(walker_fence_ready), .fence_has_va_i,
        .fence_has_asid_i, .fence_asid_i,
        .ptw_req_valid_o, .ptw_req_ready_i, .ptw_req_pa_o, .ptw_req_cas_o, .ptw_req_word_o,
        .ptw_req_expect_o, .ptw_req_desired_o,
        .ptw_resp_valid_i, .ptw_resp_id_i, .ptw_resp_data_i, .ptw_resp_error_i,
        .probe_start_level_o, .probe_start_cached_o, .probe_start_way_o,
        .probe_read_o, .probe_update_o, .probe_stored_o, .probe_level_o, .probe_pa_o,
        .probe_value_o, .probe_desired_o
    );

    assign end_leaf.asid = answer_space.asid;
    assign end_walk_o = answer_walk;
    assign ptw_req_walk_o = offer_walk;
    assign probe_start_o = start;
    assign probe_start_walk_o = start_walk;
    assign probe_start_b_o = b_miss;
    assign probe_b_fetch_o = !prefetches[b_walk_q] &&
        b_control.access == mmu_defs::ACCESS_EXECUTE;
    assign probe_b_data_o = !prefetches[b_walk_q] &&
        b_control.access != mmu_defs::ACCESS_EXECUTE;

    walk_results #(.WALKS(WALKS)) i_results (
        .clk_i,
        .end_i(end_o), .end_walk_i(answer_walk), .end_reason_i(probe_end_reason_o),
        .end_ppn_i(end_ppn), .end_leaf_i(end_leaf),
        .hit_i(hit_o), .hit_walk_i(b_walk_q), .hit_ppn_i(hit_ppn), .hit_leaf_i(hit_leaf),
        .i_walk_i, .i_end_i, .i_hit_i, .i_fill_i, .i_reason_o, .i_level_o, .i_ppn_o, .i_leaf_o,
        .i_filled_o,
        .d_walk_i, .d_end_i, .d_hit_i, .d_fill_i, .d_reason_o, .d_level_o, .d_ppn_o, .d_leaf_o,
        .d_filled_o,
        .a_walk_i(a_walk), .a_size_o(a_size), .b_walk_i(b_walk_q), .b_ppn_o(probe_fill_ppn_o),
        .b_leaf_o(probe_fill_leaf_o), .failed_o(failed), .clean_o(clean)
    );

    // ---- L2 TLB
    logic swept;                            // no sweep has anything left to be read

    generate
        if (SETS > 0) begin : g_l2
            // Page sizes still to be read: of stage B's lookup after this cycle, of what A reads.
            logic [mmu_defs::PAGE_SIZES-1:0] left_q, sizes, filled, sweep_sizes;
            logic sweep_by_set;
            logic [SET_W-1:0] sweep_set;
            logic [2:0] size;
            logic [mmu_defs::VPN_W-1:0] vpn;

            assign more = b_lookup && left_q != '0;
            assign sweep_reads = sweep_by_set || sweep_sizes != '0;

            sweep #(.SETS(SETS)) i_sweep (
                .clk_i, .rst_ni, .fence_valid_i, .fence_i, .fence_has_va_i, .fence_has_asid_i,
                .turn_i(fence_valid_i && !more), .filled_i(filled), .sizes_o(sweep_sizes),
                .by_set_o(sweep_by_set), .set_o(sweep_set), .finished_o(swept)
            );

            always_comb begin
                sizes = '0;
                vpn = a_vpn;
                if (more) begin
                    sizes = left_q;
                    vpn = b_vpn;
                end else if (fence_valid_i) begin
                    sizes = sweep_sizes;
                    vpn = fence_vpn_i;
                end else if (take_fill) begin
                    sizes[a_size] = 1'b1;
                end else if (grant) begin
                    sizes = filled & mode::sizes(begin_space.paging);
                    vpn = begin_vpn;
                end else if (look_ahead) begin
                    sizes = filled & mode::sizes(a_mode);
                end
            end

            first #(.N(mmu_defs::PAGE_SIZES)) i_size (.set_i(sizes), .index_o(size));

            always_ff @(posedge clk_i) begin
                if (!take_fill) left_q <= sizes & (sizes - mmu_defs::PAGE_SIZES'(1));
            end

            l2_tlb #(
                .SETS(SETS), .WAYS(WAYS), .POLICY(POLICY), .SEED(SEED), .PARITY(PARITY)
            ) i_l2_tlb (
                .clk_i, .rst_ni,
                .read_i(sizes != '0 || (sweep_by_set && !more)),
                .read_by_set_i(sweep_by_set && !more), .read_set_i(sweep_set),
                .read_size_i(size), .read_vpn_i(vpn),
                .lookup_i(b_lookup), .fill_i(b_fill), .sweep_i(b_sweep),
                .vpn_i(b_vpn), .asid_i(b_space.asid),
                .lookup_access_i(b_control.access), .lookup_priv_i(b_control.priv),
                .lookup_sum_i(b_control.sum), .lookup_mxr_i(b_control.mxr),
                .lookup_adue_i(b_control.adue),
                .lookup_result_o(probe_lookup_result_o), .lookup_set_o(probe_lookup_set_o),
                .lookup_way_o(probe_lookup_way_o), .lookup_size_o(hit_leaf.size),
                .lookup_asid_o(hit_leaf.asid), .lookup_ppn_o(hit_ppn),
                .lookup_flags_o(hit_leaf.flags),
                .fill_ppn_i(probe_fill_ppn_o), .fill_flags_i(probe_fill_leaf_o.flags),
                .fill_set_o(probe_fill_set_o), .fill_way_o(probe_fill_way_o),
                .evicted_o(probe_evicted_o), .evicted_size_o(probe_evicted_size_o),
                .evicted_asid_o(probe_evicted_asid_o), .evicted_vpn_o(probe_evicted_vpn_o),
                .inject_i, .inject_bit_i,
                .fence_i, .fence_has_va_i, .fence_vpn_i, .fence_has_asid_i, .fence_asid_i,
                .sizes_o(filled)
            );
            assign probe_lookup_o = b_over;
            assign probe_fill_o = b_fill;
        end else begin : g_no_l2
            assign more = 1'b0;
            assign sweep_reads = 1'b0;
            assign swept = 1'b1;
            assign hit_ppn = '0;
            assign hit_leaf = '0;
            assign probe_lookup_o = 1'b0;
            assign probe_lookup_result_o = mmu_defs::LOOKUP_MISS;
            assign probe_lookup_set_o = '0;
            assign probe_lookup_way_o = '0;
            assign probe_fill_o = 1'b0;
            assign probe_fill_set_o = '0;
            assign probe_fill_way_o = '0;
            assign probe_evicted_o = 1'b0;
            assign probe_evicted_size_o = '0;
            assign probe_evicted_asid_o = '0;
            assign probe_evicted_vpn_o = '0;
            logic unused_l2;
            assign unused_l2 = &{1'b0, b_sweep, inject_i, inject_bit_i, a_vpn, a_mode, a_size, b_vpn, b_space, fence_vpn_i};
        end
    endgenerate

    // ---- Fences
    assign fence_ready_o = walker_fence_ready && b_stage_q == STAGE_NONE && swept;

    logic unused_bits;
    assign unused_bits = &{1'b0, b_space, b_control, probe_fill_leaf_o};

`ifndef SYNTHESIS
    always @(posedge clk_i) begin
        if (rst_ni) begin
            if (begin_walk) assert (!linked[free_walk] && !pending[free_walk])
                else $error("a walk taken that is still needed");
            assert (!(fence_i && (b_stage_q != STAGE_NONE || b_stage_d != STAGE_NONE)))
                else $error("L2 TLB used during a fence");
        end
    end
`endif
endmodule
