// Properties of rtl/walker.sv with two walks and no walk cache. The environment is built, not assumed:
// free inputs `any_*` are gated so that they keep the contract of the walker's ports, whatever the
// solver chooses. Stage B, links and memory do what docs/timing.md allows them, at any time.
module formal_walker #(
    parameter int WALKS  = 2,
    parameter int WALK_W = 1
) (
    input logic                          clk_i,
    input logic                          any_look,
    input logic [WALK_W-1:0]             any_look_walk,
    input logic                          any_over,       // the lookup in stage B is over
    input logic                          any_hit,
    input logic                          any_fill,
    input logic [WALK_W-1:0]             any_fill_walk,
    input logic [WALKS-1:0]              any_link,       // misses that merge
    input logic [WALKS-1:0]              any_return,     // the last miss of a walk leaves
    input logic                          any_fence_valid,
    input logic                          any_fence,
    input logic                          any_has_va,
    input logic                          any_has_asid,
    input logic                          any_ready,
    input logic                          any_answer,
    input logic [WALK_W-1:0]             any_answer_walk,
    input logic [63:0]                   any_data,
    input logic                          any_error,
    input logic [mmu_defs::VPN_W-1:0]    any_vpn,
    input logic [mmu_defs::ASID_W-1:0]   any_asid,
    input logic [mmu_defs::PPN_W-1:0]    any_root,
    input logic [1:0]                    any_mode,
    input logic [1:0]                    any_access,
    input logic [5:0]                    any_bits
);
    // ---- Environment
    logic reset_done_q = 1'b0;
    always_ff @(posedge clk_i) reset_done_q <= 1'b1;

    logic [WALKS-1:0] done, mergeable, free, ahead, pending, prefetches;
    logic look, fill, fence_valid, fence, fence_ready, answer, busy_b, over, hit, miss;
    logic start, walk_end, prefetch, active;
    logic [WALK_W-1:0] start_walk, answer_walk, offer_walk, prefetch_walk;

    // Stage B holds a lookup for as long as it likes, a fill for a cycle.
    logic b_lookup_q = 1'b0, b_fill_q = 1'b0;
    logic [WALK_W-1:0] b_walk_q;
    assign over = b_lookup_q && any_over;
    assign hit = over && any_hit;
    assign miss = over && !any_hit;
    assign busy_b = b_lookup_q && !over;
    assign fill = reset_done_q && any_fill && !busy_b && !fence_valid && pending[any_fill_walk];
    assign look = reset_done_q && any_look && !busy_b && !fence_valid && !fill &&
                  free[any_look_walk];
    always_ff @(posedge clk_i) begin
        b_lookup_q <= look || busy_b;
        b_fill_q <= fill;
        if (look) b_walk_q <= any_look_walk;
        else if (fill) b_walk_q <= any_fill_walk;
    end

    // A fence stands until it happens.
    logic fence_waits_q = 1'b0;
    assign fence_valid = reset_done_q && (fence_waits_q || any_fence_valid);
    assign fence = fence_valid && any_fence && fence_ready && !b_lookup_q && !b_fill_q;
    always_ff @(posedge clk_i) fence_waits_q <= fence_valid && !fence;

    // Misses wait for a walk from its lookup on until it is done; others join.
    logic [WALKS-1:0] linked_q = '0, looked, over_now;
    always_comb begin
        looked = '0;
        looked[any_look_walk] = look;
        over_now = done;
        if (walk_end) over_now[answer_walk] = 1'b1;
        if (hit) over_now[b_walk_q] = 1'b1;
    end
    always_ff @(posedge clk_i) begin
        if (reset_done_q && !fence)
            linked_q <= (linked_q & ~(over_now & any_return)) | looked |
                        (fence_valid ? '0 : any_link & mergeable);
    end

    // The request of each walk.
    localparam int REQUEST_W = mmu_defs::VPN_W + mmu_defs::ASID_W + mmu_defs::PPN_W + 2 + 2 + 6;
    logic [REQUEST_W-1:0] request_q[0:WALKS-1];
    always_ff @(posedge clk_i)
        if (look) request_q[any_look_walk] <= {any_vpn, any_asid, any_root, any_mode, any_access,
                                               any_bits};

    logic [mmu_defs::VPN_W-1:0] start_vpn, vpn, offer_vpn;
    logic [mmu_defs::ASID_W-1:0] start_asid, asid, offer_asid;
    logic [mmu_defs::PPN_W-1:0] start_root, root, offer_root;
    logic [1:0] start_mode, mode_choice, offer_mode, start_access, access_choice, offer_access;
    logic [5:0] start_bits;
    logic user, sum, mxr, adue, pbmte, napot;
    logic offer_user, offer_sum, offer_mxr, offer_adue, offer_pbmte, offer_napot;
    assign {start_vpn, start_asid, start_root, start_mode, start_access, start_bits} =
        request_q[start_walk];
    assign {vpn, asid, root, mode_choice, access_choice, user, sum, mxr, adue, pbmte, napot} =
        request_q[answer_walk];
    assign {offer_vpn, offer_asid, offer_root, offer_mode, offer_access, offer_user, offer_sum,
            offer_mxr, offer_adue, offer_pbmte, offer_napot} = request_q[offer_walk];

    function automatic logic [mmu_defs::ACCESS_W-1:0] access_of(input logic [1:0] choice);
        access_of = choice == 2'd3 ? mmu_defs::ACCESS_READ : choice;
    endfunction

    logic [mmu_defs::MODE_W-1:0] start_paging, paging;
    logic [mmu_defs::ACCESS_W-1:0] access, access_offered;
    logic sv32, offer_sv32, store, offer_store;
    assign start_paging = spec::any_mode(start_mode);
    assign paging = spec::any_mode(mode_choice);
    assign access = access_of(access_choice);
    assign access_offered = access_of(offer_access);
    assign sv32 = mode_choice == 2'd0;
    assign offer_sv32 = offer_mode == 2'd0;
    assign store = access == mmu_defs::ACCESS_WRITE;
    assign offer_store = access_offered == mmu_defs::ACCESS_WRITE;

    // Memory answers what was asked, in a later cycle, and not more than once, in any order.
    logic req_valid, cas, word, read, update, stored, started_cached;
    logic [WALKS-1:0] asked_q = '0, asked_cas_q = '0;
    assign answer = any_answer && asked_q[any_answer_walk];
    always_ff @(posedge clk_i) begin
        if (answer) asked_q[any_answer_walk] <= 1'b0;
        if (req_valid && any_ready && reset_done_q) begin
            asked_q[offer_walk] <= 1'b1;
            asked_cas_q[offer_walk] <= cas;
        end
    end

    logic [mmu_defs::FAULT_W-1:0] reason;
    logic [2:0] level, start_level;
    logic [mmu_defs::PAGE_W-1:0] size;
    logic [mmu_defs::PPN_W-1:0] ppn;
    logic [7:0] flags;
    logic [mmu_defs::PA_W-1:0] pa, probe_pa;
    logic [63:0] expect_pte, desired, value, probe_desired;
    logic way;

    walker #(.WALKS(WALKS), .WALK_CACHE(0), .L2(1), .PREFETCH(0)) i_walker (
        .clk_i, .rst_ni(reset_done_q),
        .look_i(look), .look_ahead_i(1'b0), .look_walk_i(any_look_walk),
        .fill_i(fill), .fill_walk_i(any_fill_walk),
        .b_lookup_i(b_lookup_q), .b_miss_i(miss), .b_hit_i(hit), .b_fill_i(b_fill_q),
        .b_walk_i(b_walk_q),
        .start_o(start), .start_walk_o(start_walk), .start_vpn_i(start_vpn),
        .start_space_i({start_paging, start_asid}), .start_root_ppn_i(start_root),
        .answer_walk_o(answer_walk), .answer_vpn_i(vpn), .answer_space_i({paging, asid}),
        .answer_control_i({access, user ? mmu_defs::PRIV_U : mmu_defs::PRIV_S, sum, mxr, adue,
                           pbmte, napot}),
        .offer_walk_o(offer_walk), .offer_sv32_i(offer_sv32), .offer_store_i(offer_store),
        .prefetch_o(prefetch), .prefetch_walk_o(prefetch_walk),
        .linked_i(linked_q), .done_o(done), .mergeable_o(mergeable), .free_o(free),
        .ahead_o(ahead), .pending_o(pending), .prefetches_o(prefetches), .active_o(active),
        .end_o(walk_end), .reason_o(reason), .size_o(size), .ppn_o(ppn), .flags_o(flags),
        .fence_valid_i(fence_valid), .fence_i(fence), .fence_ready_o(fence_ready),
        .fence_has_va_i(any_has_va), .fence_has_asid_i(any_has_asid), .fence_asid_i(any_asid),
        .ptw_req_valid_o(req_valid), .ptw_req_ready_i(any_ready), .ptw_req_pa_o(pa),
        .ptw_req_cas_o(cas), .ptw_req_word_o(word), .ptw_req_expect_o(expect_pte),
        .ptw_req_desired_o(desired), .ptw_resp_valid_i(answer),
        .ptw_resp_id_i(mmu_defs::PTW_ID_W'(any_answer_walk)), .ptw_resp_data_i(any_data),
        .ptw_resp_error_i(any_error),
        .probe_start_level_o(start_level), .probe_start_cached_o(started_cached),
        .probe_start_way_o(way), .probe_read_o(read), .probe_update_o(update),
        .probe_stored_o(stored), .probe_level_o(level), .probe_pa_o(probe_pa),
        .probe_value_o(value), .probe_desired_o(probe_desired)
    );

    // ---- What happened so far to each walk, from the ports alone
    logic [WALKS-1:0] flying_q = '0;        // between START and END
    logic [WALKS-1:0] fenced_q = '0;        // a fence came since START
    logic [WALKS-1:0] owed_q = '0;          // its compare-and-set was performed
    logic [WALKS-1:0] global_q = '0;        // a pointer of this walk had G
    logic [63:0] read_q[0:WALKS-1];         // PTE read last
    logic [2:0] read_level_q[0:WALKS-1];
    logic [mmu_defs::PA_W-1:0] next_pa_q[0:WALKS-1];  // where the next PTE stands

    logic pointer;
    logic [2:0] root_level;
    logic [mmu_defs::PA_W-1:0] root_pa, next_pa;
    assign root_level = spec::levels(start_paging) - 3'd1;
    assign root_pa = {start_root, spec::offset(start_mode == 2'd0, root_level, start_vpn)};
    assign pointer = read && !walk_end && !value[1] && !value[3];
    assign next_pa = start && start_walk == offer_walk ? root_pa : next_pa_q[offer_walk];

    always_ff @(posedge clk_i) begin
        if (fence) fenced_q <= fenced_q | flying_q;
        if (walk_end) flying_q[answer_walk] <= 1'b0;
        if (stored) owed_q[answer_walk] <= 1'b1;
        if (hit) owed_q[b_walk_q] <= 1'b0;
        if (read) begin
            read_q[answer_walk] <= value;
            read_level_q[answer_walk] <= level;
        end
        if (pointer) begin
            next_pa_q[answer_walk] <= {value[53:10], spec::offset(sv32, level - 3'd1, vpn)};
            if (value[5]) global_q[answer_walk] <= 1'b1;
        end
        if (start) begin
            flying_q[start_walk] <= 1'b1;
            fenced_q[start_walk] <= 1'b0;
            owed_q[start_walk] <= 1'b0;
            global_q[start_walk] <= 1'b0;
            next_pa_q[start_walk] <= root_pa;
        end
    end

    logic past_wait_q = 1'b0, past_fence_q = 1'b0, past_cas_q = 1'b0;
    localparam int OFFER_W = WALK_W + mmu_defs::PA_W + 2 + 128;
    logic [OFFER_W-1:0] offer, past_offer_q;
    assign offer = {offer_walk, pa, cas, word, expect_pte, desired};
    always_ff @(posedge clk_i) begin
        past_wait_q <= req_valid && !any_ready && reset_done_q;
        past_cas_q <= req_valid && !any_ready && reset_done_q && cas;
        past_fence_q <= fence;
        past_offer_q <= offer;
    end

    // The PTE of the verdict.
    logic [63:0] judged, read_offered;
    logic [2:0] level_offered;
    logic success;
    assign judged = update ? probe_desired : value;
    assign read_offered = read_q[offer_walk];
    assign level_offered = read_level_q[offer_walk];
    assign success = walk_end && reason == mmu_defs::FAULT_NONE;

    always @(posedge clk_i) begin
        if (reset_done_q) begin
            // ---- Requests to memory
            if (past_wait_q) offer_stable: assert (req_valid && offer == past_offer_q);
            if (req_valid) one_request_each: assert (!asked_q[offer_walk]);
            if (req_valid) reads_what_is_next: assert (pa == next_pa && word == offer_sv32);

            // ---- Verdict
            if (walk_end && (!update || stored)) reason_is_the_first: assert (reason ==
                (any_error ? mmu_defs::FAULT_PTE_ACCESS
                           : spec::reason(judged, sv32, level, pbmte, napot, access, user, sum,
                                          mxr, adue)));
            if (walk_end && update && !stored) refused_update_is_told: assert (
                any_error && reason == mmu_defs::FAULT_UPDATE_ACCESS);
            if (success) translation_is_right: assert (
                ppn == (judged[63] ? judged[53:10] & ~44'hf : judged[53:10]) &&
                spec::shift_of(size) == (judged[63] ? 6'd4 : (sv32 ? 6'd10 : 6'd9) * level) &&
                flags == {judged[62:61], judged[7], judged[5] || global_q[answer_walk], judged[4],
                          judged[3], judged[2], judged[1]});

            // ---- Updates of A and D
            if (req_valid && cas) begin
                update_after_checks: assert (
                    offer_adue &&
                    spec::good_leaf(expect_pte, offer_sv32, level_offered, offer_pbmte,
                                    offer_napot) &&
                    spec::permitted(expect_pte[4:1], access_offered, offer_user, offer_sum,
                                    offer_mxr) &&
                    spec::needs_update(expect_pte, offer_store));
                update_of_pte_read: assert (expect_pte == read_offered);
                update_sets_a_and_d: assert (
                    desired == (expect_pte | (offer_store ? 64'hc0 : 64'h40)));
            end

            // ---- Fences
            fence_waits_for_update: assert (fence_ready ==
                ((asked_q & asked_cas_q) == '0 && !past_cas_q && (done & owed_q & linked_q) == '0));
            if (read || update || walk_end)
                fence_starts_over: assert (flying_q[answer_walk] && !fenced_q[answer_walk] && !fence);
            if (past_fence_q) fence_leaves_nothing_done: assert (done == '0 && pending == '0);

            `REACHES(finds_largest_page, success && size == mmu_defs::PAGE_256T)
            `REACHES(inherits_global, success && global_q[answer_walk] && !judged[5])
            `REACHES(two_requests_outstanding, asked_q == '1)
            `REACHES(answers_out_of_order, walk_end && start && start_walk != answer_walk)
            `REACHES(update_is_refused, update && any_error)
            `REACHES(fence_meets_two_walks, fence && flying_q == '1)
            `REACHES(fence_waits_for_response, fence_valid && (done & owed_q & linked_q) != '0)
        end
    end
endmodule
