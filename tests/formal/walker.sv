// Properties of rtl/walker.sv. The environment is built, not assumed: free inputs `any_*` are gated
// so that they keep the contract of the walker's ports, whatever the solver chooses.
module formal_walker (
    input logic                       clk_i,
    input logic                       any_start,
    input logic                       any_fence,
    input logic                       any_ready,
    input logic                       any_answer,
    input logic [63:0]                any_data,
    input logic                       any_error,
    input logic [mmu_defs::VPN_W-1:0] any_vpn,
    input logic [mmu_defs::PPN_W-1:0] any_root,
    input logic [1:0]                 any_mode,
    input logic [1:0]                 any_access,
    input logic [5:0]                 any_bits
);
    // ---- Environment
    logic reset_done_q = 1'b0;
    always_ff @(posedge clk_i) reset_done_q <= 1'b1;

    logic busy, walk_end, fence_ready, req_valid, cas, word, started, read, update, stored, error;
    logic start, fence, answer;
    assign fence = any_fence && fence_ready && reset_done_q;
    assign start = any_start && !busy && !fence && reset_done_q;

    // The request stands unchanged from START to END.
    localparam int REQUEST_W = mmu_defs::VPN_W + mmu_defs::PPN_W + 2 + 2 + 6;
    logic [REQUEST_W-1:0] request, request_q;
    assign request = busy ? request_q
                          : {any_vpn, any_root, any_mode, any_access, any_bits};
    always_ff @(posedge clk_i) request_q <= request;

    logic [mmu_defs::VPN_W-1:0] vpn;
    logic [mmu_defs::PPN_W-1:0] root;
    logic [1:0] mode_choice, access_choice;
    logic user, sum, mxr, adue, pbmte, napot;
    assign {vpn, root, mode_choice, access_choice, user, sum, mxr, adue, pbmte, napot} = request;
    logic [mmu_defs::MODE_W-1:0] paging;
    logic [mmu_defs::ACCESS_W-1:0] access;
    assign paging = spec::any_mode(mode_choice);
    assign access = access_choice == 2'd3 ? mmu_defs::ACCESS_READ : access_choice;

    // Memory answers what was asked, in a later cycle, and not more than once.
    logic asked_q = 1'b0, asked_cas_q = 1'b0;
    assign answer = any_answer && asked_q;
    always_ff @(posedge clk_i) begin
        if (req_valid && any_ready && reset_done_q) begin
            asked_q <= 1'b1;
            asked_cas_q <= cas;
        end else if (answer) asked_q <= 1'b0;
    end

    logic [mmu_defs::FAULT_W-1:0] reason;
    logic [2:0] level;
    logic [mmu_defs::PAGE_W-1:0] size;
    logic [mmu_defs::PPN_W-1:0] ppn;
    logic [7:0] flags;
    logic [mmu_defs::PA_W-1:0] pa, probe_pa;
    logic [63:0] expect_pte, desired, value, probe_desired;

    walker i_walker (
        .clk_i, .rst_ni(reset_done_q),
        .start_i(start), .vpn_i(vpn), .access_i(access),
        .priv_i(user ? mmu_defs::PRIV_U : mmu_defs::PRIV_S), .mode_i(paging), .root_ppn_i(root),
        .sum_i(sum), .mxr_i(mxr), .adue_i(adue), .pbmte_i(pbmte), .napot_i(napot),
        .fence_i(fence), .fence_ready_o(fence_ready),
        .busy_o(busy), .end_o(walk_end), .reason_o(reason), .level_o(level), .size_o(size),
        .ppn_o(ppn), .flags_o(flags),
        .ptw_req_valid_o(req_valid), .ptw_req_ready_i(any_ready), .ptw_req_pa_o(pa),
        .ptw_req_cas_o(cas), .ptw_req_word_o(word), .ptw_req_expect_o(expect_pte),
        .ptw_req_desired_o(desired), .ptw_resp_valid_i(answer), .ptw_resp_data_i(any_data),
        .ptw_resp_error_i(any_error),
        .probe_start_o(started), .probe_read_o(read), .probe_update_o(update),
        .probe_stored_o(stored), .probe_error_o(error), .probe_pa_o(probe_pa),
        .probe_value_o(value), .probe_desired_o(probe_desired)
    );

    // ---- What happened so far, from the ports alone
    logic sv32, store;
    assign sv32 = paging == mmu_defs::MODE_SV32;
    assign store = access == mmu_defs::ACCESS_WRITE;

    logic fenced_q = 1'b0;          // a fence came since START
    logic root_next_q = 1'b0;       // nothing read since START
    logic global_q = 1'b0;          // a pointer of this walk had G
    logic [2:0] reads_q = 3'd0;     // since START; one answered by a failed update does not count
    logic prompt_q = 1'b0;          // since START memory never waited, no fence, no failed update
    logic [4:0] cycles_q = 5'd0;    // since START
    logic [63:0] read_q;            // PTE read last
    logic [mmu_defs::PA_W-1:0] read_pa_q;
    logic [2:0] read_level_q;
    logic leaf_q = 1'b0;            // it was a leaf

    always_ff @(posedge clk_i) begin
        cycles_q <= cycles_q == '1 ? cycles_q : cycles_q + 5'd1;
        if (started) begin
            {root_next_q, global_q, reads_q, prompt_q, cycles_q, leaf_q} <=
                {1'b1, 1'b0, 3'd0, 1'b1, 5'd0, 1'b0};
        end else begin
            if (read) begin
                {root_next_q, read_q, read_pa_q, read_level_q} <= {1'b0, value, probe_pa, level};
                leaf_q <= value[1] || value[3];
                if (!value[1] && !value[3] && value[5]) global_q <= 1'b1;
                if (reads_q != '1) reads_q <= reads_q + 3'd1;
            end
            if (update && !stored && !error) reads_q <= reads_q - 3'd1;
            if ((req_valid && !any_ready) || (asked_q && !answer) || fence || (update && !stored))
                prompt_q <= 1'b0;
        end
        if (started || !busy) fenced_q <= 1'b0;
        else if (fence) fenced_q <= 1'b1;
    end

    logic lost_q = 1'b0;            // a compare-and-set of this walk found the PTE changed
    logic restarted_q = 1'b0;       // a fence came in this walk, and it started over
    logic success;
    assign success = walk_end && reason == mmu_defs::FAULT_NONE;
    always_ff @(posedge clk_i) begin
        if (start) {lost_q, restarted_q} <= 2'b00;
        else begin
            if (update && !stored && !error) lost_q <= 1'b1;
            if (started) restarted_q <= 1'b1;
        end
    end

    logic past_end_q = 1'b0, past_wait_q = 1'b0;
    logic [mmu_defs::PA_W+2+128-1:0] offer, past_offer_q;
    assign offer = {pa, cas, word, expect_pte, desired};
    always_ff @(posedge clk_i) begin
        past_end_q <= walk_end && reset_done_q;
        past_wait_q <= req_valid && !any_ready && reset_done_q;
        past_offer_q <= offer;
    end

    // The PTE of the verdict.
    logic [63:0] judged;
    logic leaf_passes;
    assign judged = update ? probe_desired : value;
    assign leaf_passes = spec::good_leaf(judged, sv32, level, pbmte, napot) &&
                         spec::permitted(judged[4:1], access, user, sum, mxr);

    always @(posedge clk_i) begin
        if (reset_done_q) begin
            // ---- Addresses and levels
            if (req_valid) begin
                level_in_range: assert (level < spec::levels(paging));
                pte_address: assert (pa[11:0] == spec::offset(sv32, level, vpn) && word == sv32);
                if (!cas && root_next_q)
                    first_read_at_root: assert (pa[55:12] == root &&
                                                level == spec::levels(paging) - 3'd1);
                if (!cas && !root_next_q && !fenced_q && !leaf_q)
                    pointer_followed: assert (pa[55:12] == read_q[53:10] &&
                                              level == read_level_q - 3'd1);
                if (!cas && !root_next_q && !fenced_q && leaf_q)
                    failed_update_rereads: assert (pa == read_pa_q && level == read_level_q);
            end
            if (past_wait_q) offer_stable: assert (req_valid && offer == past_offer_q);
            one_at_a_time: assert (!(req_valid && asked_q));

            // ---- Ends
            if (busy) reads_bounded: assert (reads_q <= spec::levels(paging));
            if (busy && prompt_q)
                ends_in_time: assert (cycles_q < 2 * spec::levels(paging) + 5'd2);
            if (busy) never_stuck: assert (req_valid || asked_q || started || fence);
            if (past_end_q) idle_after_end: assert (!busy);
            if (!busy) idle_is_silent: assert (!req_valid && !walk_end && !read && !update &&
                                               started == start);

            // ---- Verdict
            if (walk_end && reason == mmu_defs::FAULT_NONE) begin
                success_is_right: assert (leaf_passes && !spec::needs_update(judged, store) &&
                                          !(error && (read || update)));
                translation_is_right: assert (
                    ppn == (judged[63] ? judged[53:10] & ~44'hf : judged[53:10]) &&
                    spec::shift_of(size) == (judged[63] ? 6'd4 : (sv32 ? 6'd10 : 6'd9) * level) &&
                    flags == {judged[62:61], judged[7], judged[5] || global_q, judged[4],
                              judged[3], judged[2], judged[1]});
            end
            if (walk_end && reason != mmu_defs::FAULT_NONE && !error)
                fault_is_right: assert (!spec::good_pointer(judged, level) &&
                                        !(leaf_passes && (adue ||
                                          !spec::needs_update(judged, store))));

            if (walk_end && (!update || stored)) reason_is_the_first: assert (reason ==
                (error ? mmu_defs::FAULT_PTE_ACCESS
                       : spec::reason(judged, sv32, level, pbmte, napot, access, user, sum, mxr,
                                      adue)));
            if (walk_end && update && !stored) refused_update_is_told: assert (
                error && reason == mmu_defs::FAULT_UPDATE_ACCESS);

            // ---- Updates of A and D
            if (req_valid && cas) begin
                update_only_if_adue: assert (adue);
                update_after_checks: assert (
                    spec::good_leaf(expect_pte, sv32, level, pbmte, napot) &&
                    spec::permitted(expect_pte[4:1], access, user, sum, mxr) &&
                    spec::needs_update(expect_pte, store));
                update_of_pte_read: assert (expect_pte == read_q && pa == read_pa_q && leaf_q);
                update_sets_a: assert ((desired & ~64'h80) == ((expect_pte | 64'h40) & ~64'h80));
                d_only_for_stores: assert (desired[7] == (expect_pte[7] || store));
            end

            // ---- Fences
            fence_waits_for_update: assert (
                fence_ready == !((req_valid && cas) || (asked_q && asked_cas_q)));
            if (fenced_q || (fence && busy))
                fence_starts_over: assert (!read && !update && !walk_end && !cas);

            `REACHES(walks_five_levels, success && paging == mmu_defs::MODE_SV57 && reads_q == 3'd4)
            `REACHES(finds_largest_page, success && size == mmu_defs::PAGE_256T)
            `REACHES(finds_napot_page, success && size == mmu_defs::PAGE_64K)
            `REACHES(walks_sv32, success && sv32 && size == mmu_defs::PAGE_4K)
            `REACHES(inherits_global, success && global_q && !judged[5])
            `REACHES(stores_after_lost_race, stored && lost_q)
            `REACHES(faults_after_lost_race, walk_end && lost_q && !update && !error)
            `REACHES(update_is_refused, update && error)
            `REACHES(read_is_refused_deep, read && error && reads_q == 3'd4)
            `REACHES(ends_after_fence, success && restarted_q)
            `REACHES(two_fences_in_a_walk, fence && fenced_q)
        end
    end
endmodule
