// The page-table walker: up to WALKS walks in flight, the ten steps of section 12.3.2 "Virtual
// Address Translation Process". The walks share one datapath: in a cycle one walk starts, one
// answer is taken, one request is offered.
module walker #(
    parameter int WALKS      = 8,           // 1 to 16
    parameter int WALK_CACHE = 8,           // entries of the walk cache for each upper level; 0: none
    parameter int L2         = 1,           // 1: there is an L2 TLB that walks fill
    parameter int PREFETCH   = 0,           // 1: spent walks go on to the next page
    parameter int WALK_W     = WALKS > 1 ? $clog2(WALKS) : 1,
    parameter int CACHE_W    = WALK_CACHE > 1 ? $clog2(WALK_CACHE) : 1
) (
    input  logic                          clk_i,
    input  logic                          rst_ni,

    // A walk gets stage A of the L2 TLB: for a lookup, of a request or of a prefetch; or for its fill
    input  logic                          look_i,
    input  logic                          look_ahead_i,    // of a prefetch
    input  logic [WALK_W-1:0]             look_walk_i,
    input  logic                          fill_i,
    input  logic [WALK_W-1:0]             fill_walk_i,

    // Stage B of the L2 TLB
    input  logic                          b_lookup_i,      // it holds a lookup of b_walk_i
    input  logic                          b_miss_i,        //   which is over: the walk starts
    input  logic                          b_hit_i,         //   which is over: the walk is done
    input  logic                          b_fill_i,        // it holds a fill of b_walk_i
    input  logic [WALK_W-1:0]             b_walk_i,

    // Requests of the walks that start, are answered and are offered
    output logic                          start_o,
    output logic [WALK_W-1:0]             start_walk_o,
    input  logic [mmu_defs::VPN_W-1:0]    start_vpn_i,
    input  space_t                        start_space_i,
    input  logic [mmu_defs::PPN_W-1:0]    start_root_ppn_i,
    output logic [WALK_W-1:0]             answer_walk_o,
    input  logic [mmu_defs::VPN_W-1:0]    answer_vpn_i,
    input  space_t                        answer_space_i,
    input  control_t                      answer_control_i,
    output logic [WALK_W-1:0]             offer_walk_o,
    input  logic                          offer_sv32_i,
    input  logic                          offer_store_i,

    // A spent walk becomes one for the next page
    output logic                          prefetch_o,
    output logic [WALK_W-1:0]             prefetch_walk_o,

    // State of all walks
    input  logic [WALKS-1:0]              linked_i,        // a request waits for it
    output logic [WALKS-1:0]              done_o,
    output logic [WALKS-1:0]              mergeable_o,     // neither idle nor spent
    output logic [WALKS-1:0]              free_o,          // may be begun
    output logic [WALKS-1:0]              ahead_o,         // prefetches that want stage A
    output logic [WALKS-1:0]              pending_o,       // fills that want stage A
    output logic [WALKS-1:0]              prefetches_o,    // begun for nobody
    output logic                          active_o,        // one is between its start and its end

    // Verdict on walk answer_walk_o, valid in the cycle of end_o
    output logic                          end_o,
    output logic [mmu_defs::FAULT_W-1:0]  reason_o,        // FAULT_NONE: the three that follow hold
    output logic [mmu_defs::PAGE_W-1:0]   size_o,
    output logic [mmu_defs::PPN_W-1:0]    ppn_o,           // 0 below the page size
    output logic [7:0]                    flags_o,         // ENTRY_BIT_*; G also if inherited

    // Fences
    input  logic                          fence_valid_i,
    input  logic                          fence_i,         // one happens now: walks start over
    output logic                          fence_ready_o,   // no A/D update stands in its way
    input  logic                          fence_has_va_i,
    input  logic                          fence_has_asid_i,
    input  logic [mmu_defs::ASID_W-1:0]   fence_asid_i,

    // Page-table port; the id is the number of the walk
    output logic                          ptw_req_valid_o,
    input  logic                          ptw_req_ready_i,
    output logic [mmu_defs::PA_W-1:0]     ptw_req_pa_o,
    output logic                          ptw_req_cas_o,
    output logic                          ptw_req_word_o,
    output logic [63:0]                   ptw_req_expect_o,
    output logic [63:0]                   ptw_req_desired_o,
    input  logic                          ptw_resp_valid_i,
    input  logic [mmu_defs::PTW_ID_W-1:0] ptw_resp_id_i,
    input  logic [63:0]                   ptw_resp_data_i,
    input  logic                          ptw_resp_error_i,

    // Events
    output logic [2:0]                    probe_start_level_o,
    output logic                          probe_start_cached_o,
    output logic [CACHE_W-1:0]            probe_start_way_o,
    output logic                          probe_read_o,
    output logic                          probe_update_o,
    output logic                          probe_stored_o,  // of an update: it was performed
    output logic [2:0]                    probe_level_o,   // of the PTE that was answered
    output logic [mmu_defs::PA_W-1:0]     probe_pa_o,      // its address
    output logic [63:0]                   probe_value_o,   // read, or held before the update; 0: refused
    output logic [63:0]                   probe_desired_o  // what the update stores
);
    logic [WALKS-1:0] read, read_wait, update_wanted, update_wait, restart, stale;
    logic [WALKS-1:0] global_q;             // a pointer above has G set
    logic [2:0]                level_q[0:WALKS-1];   // i of the algorithm
    logic [mmu_defs::PA_W-1:0] pte_pa_q[0:WALKS-1];  // address of the PTE at this level
    logic [63:0]               pte_q[0:WALKS-1];     // the PTE to be updated

    // ---- Start: from stage B, else the lowest restart.
    logic [WALK_W-1:0] restart_walk;
    logic [2:0] start_level;
    logic [mmu_defs::PA_W-1:0] start_pa;
    logic cached, cached_global;
    logic [2:0] cached_level;
    logic [mmu_defs::PPN_W-1:0] cached_ppn;

    first #(.N(WALKS)) i_restart (.set_i(restart), .index_o(restart_walk));
    assign start_walk_o = b_miss_i ? b_walk_i : restart_walk;
    assign start_o = b_miss_i || (restart != '0 && !b_lookup_i && !fence_i);

    // step 1: a = satp.ppn x PAGESIZE, i = LEVELS - 1; or further down, where the walk cache says
    assign start_level = cached ? cached_level - 3'd1 : mode::top_level(start_space_i.paging);
    assign start_pa = {cached ? cached_ppn : start_root_ppn_i,
                       mode::pte_offset(start_space_i.paging, start_level, start_vpn_i)};
    assign probe_start_level_o = start_level;
    assign probe_start_cached_o = cached;

    // ---- Answers of the page-table port
    logic [WALK_W-1:0] walk;
    logic answered, read_answer, update_answer, stored, store, sv32;
    logic [2:0] level;
    logic [mmu_defs::PA_W-1:0] pte_pa;
    logic [63:0] value, pte, desired;

    assign walk = ptw_resp_id_i[WALK_W-1:0];
    assign answer_walk_o = walk;
    assign answered = ptw_resp_valid_i && read_wait[walk];
    assign read_answer = answered && !stale[walk] && !fence_i;
    assign update_answer = ptw_resp_valid_i && update_wait[walk];
    assign store = answer_control_i.access == mmu_defs::ACCESS_WRITE;
    assign sv32 = mode::is_sv32(answer_space_i.paging);

    always_comb begin
        level = '0;
        pte_pa = '0;
        pte = '0;
        value = '0;
        if (ptw_resp_valid_i) begin
            level = level_q[walk];
            pte_pa = pte_pa_q[walk];
            pte = pte_q[walk];
            if (!ptw_resp_error_i) value = ptw_resp_data_i;
            if (sv32) value[63:32] = '0;
        end
    end

    // What a compare-and-set stores: the PTE with A, and for a store D, set.
    function automatic logic [63:0] with_ad(input logic [63:0] entry, input logic dirty);
        with_ad = entry;
        with_ad[mmu_defs::PTE_BIT_A] = 1'b1;
        if (dirty) with_ad[mmu_defs::PTE_BIT_D] = 1'b1;
    endfunction

    assign desired = with_ad(pte, store);
    assign stored = update_answer && !ptw_resp_error_i && value == pte;

    // ---- The PTE that counts: the one just read, or after an update the one just stored.
    logic [mmu_defs::FAULT_W-1:0] form_reason, permission_reason;
    logic pointer, accessed;
    logic [mmu_defs::PPN_W-1:0] ppn, inside_page;
    logic [7:0] flags;

    pte i_pte (
        .pte_i(update_answer ? desired : value), .sv32_i(sv32), .level_i(level),
        .pbmte_i(answer_control_i.pbmte), .napot_i(answer_control_i.napot),
        .reason_o(form_reason), .pointer_o(pointer), .ppn_o(ppn), .size_o, .flags_o(flags),
        .accessed_o(accessed)
    );

    permission i_permission (
        .access_i(answer_control_i.access), .priv_i(answer_control_i.priv),
        .sum_i(answer_control_i.sum), .mxr_i(answer_control_i.mxr), .flags_i(flags),
        .reason_o(permission_reason)
    );

    // ---- Verdict
    logic descend, update;

    always_comb begin
        reason_o = mmu_defs::FAULT_NONE;
        descend = 1'b0;
        update = 1'b0;
        end_o = 1'b0;
        if (read_answer || stored) begin
            end_o = 1'b1;
            // step 2: memory refused the read
            if (ptw_resp_error_i) reason_o = mmu_defs::FAULT_PTE_ACCESS;
            // step 3, step 4, step 5: the form of the PTE
            else if (form_reason != mmu_defs::FAULT_NONE) reason_o = form_reason;
            // step 4: a pointer
            else if (pointer) descend = 1'b1;
            // step 6, step 8: permissions (step 7, shadow stacks, is not implemented)
            else if (permission_reason != mmu_defs::FAULT_NONE) reason_o = permission_reason;
            // step 9: A and D
            else if (!accessed || (store && !flags[mmu_defs::ENTRY_BIT_D])) begin
                if (answer_control_i.adue) update = 1'b1;
                else if (!accessed) reason_o = mmu_defs::FAULT_ACCESSED_CLEAR;
                else reason_o = mmu_defs::FAULT_DIRTY_CLEAR;
            end
            if (descend || update) end_o = 1'b0;
        end else if (update_answer && ptw_resp_error_i) begin
            // step 9: memory refused the update
            reason_o = mmu_defs::FAULT_UPDATE_ACCESS;
            end_o = 1'b1;
        end
    end

    // step 10: the leaf's page number; what lies below the page size comes from the address.
    assign inside_page = page::inside_mask(size_o);
    assign ppn_o = ppn & ~inside_page;
    always_comb begin
        flags_o = flags;
        flags_o[mmu_defs::ENTRY_BIT_G] = flags[mmu_defs::ENTRY_BIT_G] || global_q[walk];
    end

    walk_cache #(.ENTRIES(WALK_CACHE)) i_walk_cache (
        .clk_i, .rst_ni,
        .lookup_i(start_o), .lookup_vpn_i(start_vpn_i), .lookup_mode_i(start_space_i.paging),
        .lookup_asid_i(start_space_i.asid), .lookup_hit_o(cached), .lookup_level_o(cached_level),
        .lookup_way_o(probe_start_way_o), .lookup_ppn_o(cached_ppn),
        .lookup_global_o(cached_global),
        .fill_i(descend), .fill_vpn_i(answer_vpn_i), .fill_mode_i(answer_space_i.paging),
        .fill_asid_i(answer_space_i.asid), .fill_level_i(level), .fill_ppn_i(ppn),
        .fill_global_i(flags_o[mmu_defs::ENTRY_BIT_G]),
        .fence_i, .fence_has_va_i, .fence_has_asid_i, .fence_asid_i
    );

    // ---- Page-table port: an offer stands until taken; else in turn; else a walk that starts now.
    logic offered_q;                        // offered in the cycle before and not taken
    logic [WALK_W-1:0] offered_walk_q, turn_q, turn_d, wanting_walk;
    logic [WALKS-1:0] wanting, offered;
    logic at_start;

    assign wanting = fence_valid_i ? read : read | update_wanted;
    always_comb begin
        offered = '0;
        offered[offered_walk_q] = 1'b1;
    end
    first_from #(.N(WALKS)) i_wanting (
        .set_i(offered_q ? offered : wanting), .from_i(turn_q),
        .index_o(wanting_walk), .next_o(turn_d)
    );

    assign at_start = !offered_q && wanting == '0;
    assign offer_walk_o = at_start ? b_walk_i : wanting_walk;

    // step 2 reads the PTE at a + va.vpn[i] x PTESIZE.
    assign ptw_req_valid_o = !at_start || b_miss_i;
    assign ptw_req_cas_o = !at_start && update_wanted[offer_walk_o];
    assign ptw_req_word_o = offer_sv32_i;
    assign ptw_req_pa_o = at_start ? start_pa : pte_pa_q[offer_walk_o];

    always_comb begin
        ptw_req_expect_o = '0;
        ptw_req_desired_o = '0;
        if (ptw_req_cas_o) begin
            ptw_req_expect_o = pte_q[offer_walk_o];
            ptw_req_desired_o = with_ad(ptw_req_expect_o, offer_store_i);
        end
    end

    always_ff @(posedge clk_i) begin
        if (!rst_ni) begin
            offered_q <= 1'b0;
            turn_q <= '0;
        end else begin
            offered_q <= ptw_req_valid_o && !ptw_req_ready_i;
            if (ptw_req_valid_o && ptw_req_ready_i)
                turn_q <= at_start ? after(b_walk_i) : turn_d;
        end
    end

    function automatic logic [WALK_W-1:0] after(input logic [WALK_W-1:0] number);
        after = number == WALK_W'(WALKS - 1) ? '0 : number + WALK_W'(1);
    endfunction

    always_ff @(posedge clk_i) offered_walk_q <= offer_walk_o;

    // ---- States
    logic owing, again;

    // step 9: the PTE has changed in between: read it again, at the same level
    assign again = update_answer && !end_o;

    walk_states #(.WALKS(WALKS), .L2(L2), .PREFETCH(PREFETCH)) i_states (
        .clk_i, .rst_ni, .fence_i, .linked_i,
        .look_i, .look_ahead_i, .look_walk_i, .fill_i, .fill_walk_i,
        .hit_i(b_hit_i), .b_fill_i, .b_walk_i,
        .start_i(start_o), .start_walk_i(start_walk_o),
        .offer_i(ptw_req_valid_o), .taken_i(ptw_req_ready_i), .offer_walk_i(offer_walk_o),
        .walk_i(walk), .drop_i(answered && !read_answer), .read_i(descend || again),
        .update_i(update), .end_i(end_o), .stored_i(stored),
        .filled_i(reason_o == mmu_defs::FAULT_NONE),
        .next_i(size_o == mmu_defs::PAGE_4K && answer_vpn_i[8:0] != '1),
        .prefetch_o, .prefetch_walk_o,
        .read_o(read), .read_wait_o(read_wait), .update_o(update_wanted),
        .update_wait_o(update_wait), .restart_o(restart), .done_o, .stale_o(stale), .ahead_o,
        .pending_o, .prefetches_o, .mergeable_o, .free_o, .owing_o(owing)
    );

    always_ff @(posedge clk_i) begin
        if (start_o) begin
            level_q[start_walk_o] <= start_level;
            pte_pa_q[start_walk_o] <= start_pa;
            global_q[start_walk_o] <= cached_global;
        end
        if (descend) begin
            // step 4: a = pte.ppn x PAGESIZE, i = i - 1
            level_q[walk] <= level - 3'd1;
            pte_pa_q[walk] <= {ppn, mode::pte_offset(answer_space_i.paging, level - 3'd1,
                                                     answer_vpn_i)};
            global_q[walk] <= flags_o[mmu_defs::ENTRY_BIT_G];
        end
        if (update) pte_q[walk] <= value;
    end

    // ---- Fences: D must not be set for a store that a fence would then start over.
    assign fence_ready_o = update_wait == '0 && !(offered_q && update_wanted[offered_walk_q]) && !owing;

    assign active_o = (read | read_wait | update_wanted | update_wait | restart) != '0;

    assign probe_read_o = read_answer;
    assign probe_update_o = update_answer;
    assign probe_stored_o = stored;
    assign probe_level_o = level;
    assign probe_pa_o = pte_pa;
    assign probe_value_o = value;
    assign probe_desired_o = desired;

    logic unused_id;
    assign unused_id = &{1'b0, ptw_resp_id_i};

`ifndef SYNTHESIS
    always @(posedge clk_i) begin
        if (rst_ni) begin
            assert (!(descend && level == 3'd0)) else $error("walk below the last level");
            if (ptw_resp_valid_i)
                assert (32'(ptw_resp_id_i) < WALKS && (read_wait[walk] || update_wait[walk]))
                else $error("page-table answer to no request");
            if (stored) assert (end_o && reason_o == mmu_defs::FAULT_NONE)
                else $error("A or D set for an access that faults");
        end
    end
`endif
endmodule
