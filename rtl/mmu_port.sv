// One request port: its L1 TLB, its miss file and its responses. Takes a request every cycle; a hit
// is answered in the next. A miss waits in the miss file for a walk and is answered by its entry.
module mmu_port #(
    parameter int SETS   = 1,               // geometry and policy of the L1 TLB
    parameter int WAYS   = 4,
    parameter int POLICY = 0,
    parameter int NUMBER = 0,               // TLB_I or TLB_D
    parameter int SEED   = 1,               // of random replacement
    parameter int MISSES = 4,               // entries of the miss file
    parameter int WALKS  = 8,
    parameter int SET_W  = SETS > 1 ? $clog2(SETS) : 1,
    parameter int WAY_W  = WAYS > 1 ? $clog2(WAYS) : 1,
    parameter int WALK_W = WALKS > 1 ? $clog2(WALKS) : 1
) (
    input  logic                          clk_i,
    input  logic                          rst_ni,

    // Request, and the control registers that count for it
    input  logic                          req_valid_i,
    output logic                          req_ready_o,
    input  logic [mmu_defs::ID_W-1:0]     req_id_i,
    input  logic [mmu_defs::VA_W-1:0]     req_va_i,
    input  space_t                        req_space_i,
    input  logic [mmu_defs::PPN_W-1:0]    req_root_ppn_i,
    input  control_t                      req_control_i,

    // Response: registers, valid for one cycle
    output logic                          resp_valid_o,
    output logic [mmu_defs::ID_W-1:0]     resp_id_o,
    output logic [mmu_defs::PA_W-1:0]     resp_pa_o,          // 0 on a fault
    output logic [mmu_defs::PAGE_W-1:0]   resp_size_o,        // 0 on a fault
    output logic [mmu_defs::MEMORY_W-1:0] resp_memory_o,      // 0 on a fault
    output logic [mmu_defs::CAUSE_W-1:0]  resp_cause_o,       // CAUSE_NONE: translated
    output logic [mmu_defs::FAULT_W-1:0]  resp_reason_o,      // FAULT_NONE: translated
    output logic [mmu_defs::LEVEL_W-1:0]  resp_level_o,

    // Fence
    input  logic                          fence_valid_i,      // one is waiting, or happens
    input  logic                          fence_i,            // it happens in this cycle
    input  logic                          fence_has_va_i,
    input  logic [mmu_defs::VPN_W-1:0]    fence_vpn_i,
    input  logic                          fence_has_asid_i,
    input  logic [mmu_defs::ASID_W-1:0]   fence_asid_i,

    // The candidate for a walk: the head of the queue, else a request being accepted
    output logic                          candidate_o,        // there is one
    output logic                          candidate_head_o,   // it is the head
    output logic                          candidate_stays_o,  // the L1 TLB does not serve it
    output logic [mmu_defs::ID_W-1:0]     candidate_id_o,
    output logic [mmu_defs::VPN_W-1:0]    candidate_vpn_o,
    output space_t                        candidate_space_o,
    output logic [mmu_defs::PPN_W-1:0]    candidate_root_ppn_o,
    output control_t                      candidate_control_o,
    input  logic                          link_i,             // a walk takes it, if it stays
    input  logic                          link_merged_i,
    input  logic [WALK_W-1:0]             link_walk_i,
    output logic [WALKS-1:0]              linked_o,           // walks for which a request waits here

    // Walks that are done, and what the one has whose request is to return
    input  logic [WALKS-1:0]              done_i,
    input  logic                          end_i,              // a walk ends in this cycle
    input  logic [WALK_W-1:0]             end_walk_i,
    input  logic                          hit_i,              // a walk hits the L2 in this cycle
    input  logic [WALK_W-1:0]             hit_walk_i,
    output logic [WALK_W-1:0]             return_walk_o,
    output logic                          return_end_o,       // it is the one that ends now
    output logic                          return_hit_o,       // it is the one that hits now
    input  logic [mmu_defs::FAULT_W-1:0]  return_reason_i,    // FAULT_NONE: the four that follow hold
    input  logic [mmu_defs::LEVEL_W-1:0]  return_level_i,     // where the walk found its entry
    input  logic [mmu_defs::PPN_W-1:0]    return_ppn_i,
    input  leaf_t                         return_leaf_i,
    input  logic                          return_filled_i,    // this L1 TLB has it already

    // Events
    output logic                          probe_lookup_valid_o,
    output logic [mmu_defs::LOOKUP_W-1:0] probe_lookup_result_o,
    output logic [SET_W-1:0]              probe_lookup_set_o,
    output logic [WAY_W-1:0]              probe_lookup_way_o,
    output logic                          probe_link_valid_o,
    output logic                          probe_replay_valid_o,
    output logic                          probe_fill_valid_o,
    output logic [mmu_defs::ID_W-1:0]     probe_return_id_o,  // of a replay or a fill
    output logic [SET_W-1:0]              probe_fill_set_o,
    output logic [WAY_W-1:0]              probe_fill_way_o,
    output logic                          probe_evicted_o,
    output logic [mmu_defs::PAGE_W-1:0]   probe_evicted_size_o,
    output logic [mmu_defs::ASID_W-1:0]   probe_evicted_asid_o,
    output logic [mmu_defs::VPN_W-1:0]    probe_evicted_vpn_o
);
    logic misses_ready, accept, translated, canonical, lookup;
    assign req_ready_o = misses_ready && !fence_valid_i;
    assign accept = req_valid_i && req_ready_o;
    assign translated = req_space_i.paging != mmu_defs::MODE_BARE &&
        req_control_i.priv != mmu_defs::PRIV_M;
    assign canonical = mode::canonical(req_space_i.paging, req_va_i[63:32]);
    assign lookup = accept && translated && canonical;

    // ---- L1 TLB
    logic [mmu_defs::LOOKUP_W-1:0] result;
    logic [mmu_defs::FAULT_W-1:0]  hit_reason;
    logic [mmu_defs::PAGE_W-1:0]   hit_size;
    logic [mmu_defs::PPN_W-1:0]    hit_ppn;
    logic [7:0]                    hit_flags;
    logic [56:0] return_va;
    logic fill, miss, clean, at_once;

    tlb #(.SETS(SETS), .WAYS(WAYS), .POLICY(POLICY), .NUMBER(NUMBER), .SEED(SEED)) i_tlb (
        .clk_i, .rst_ni,
        .lookup_i(lookup), .lookup_vpn_i(req_va_i[56:12]), .lookup_access_i(req_control_i.access),
        .lookup_priv_i(req_control_i.priv), .lookup_mode_i(req_space_i.paging),
        .lookup_asid_i(req_space_i.asid), .lookup_sum_i(req_control_i.sum),
        .lookup_mxr_i(req_control_i.mxr), .lookup_adue_i(req_control_i.adue),
        .lookup_result_o(result), .lookup_set_o(probe_lookup_set_o),
        .lookup_way_o(probe_lookup_way_o), .lookup_reason_o(hit_reason),
        .lookup_size_o(hit_size), .lookup_ppn_o(hit_ppn), .lookup_flags_o(hit_flags),
        .fill_i(fill), .fill_vpn_i(return_va[56:12]), .fill_asid_i(return_leaf_i.asid),
        .fill_size_i(return_leaf_i.size), .fill_ppn_i(return_ppn_i),
        .fill_flags_i(return_leaf_i.flags),
        .fill_set_o(probe_fill_set_o), .fill_way_o(probe_fill_way_o),
        .evicted_o(probe_evicted_o), .evicted_size_o(probe_evicted_size_o),
        .evicted_asid_o(probe_evicted_asid_o), .evicted_vpn_o(probe_evicted_vpn_o),
        .fence_i, .fence_has_va_i, .fence_vpn_i, .fence_has_asid_i, .fence_asid_i
    );

    assign miss = lookup && result != mmu_defs::LOOKUP_HIT;
    assign clean = lookup && result == mmu_defs::LOOKUP_CLEAN;
    assign at_once = accept && !miss;
    assign probe_lookup_valid_o = lookup;
    assign probe_lookup_result_o = result;

    // ---- Miss file
    logic [mmu_defs::ID_W-1:0]  head_id, return_id;
    logic [mmu_defs::VPN_W-1:0] head_vpn;
    logic [mmu_defs::PPN_W-1:0] head_root_ppn;
    space_t   head_space;
    control_t head_control, return_control;
    logic head, link, returning, return_primary, answer, replay;

    misses #(.ENTRIES(MISSES), .WALKS(WALKS)) i_misses (
        .clk_i, .rst_ni, .fence_i, .ready_o(misses_ready),
        .insert_i(miss), .insert_id_i(req_id_i), .insert_va_i(req_va_i[56:0]),
        .insert_space_i(req_space_i), .insert_root_ppn_i(req_root_ppn_i),
        .insert_control_i(req_control_i),
        .head_o(head), .head_id_o(head_id), .head_vpn_o(head_vpn), .head_space_o(head_space),
        .head_root_ppn_o(head_root_ppn), .head_control_o(head_control),
        .link_i(link), .link_merged_i, .link_walk_i, .linked_o,
        .done_i, .end_i, .end_walk_i, .hit_i, .hit_walk_i,
        .return_o(returning), .return_end_o, .return_hit_o, .return_primary_o(return_primary),
        .return_walk_o, .return_id_o(return_id), .return_va_o(return_va),
        .return_control_o(return_control), .answer_i(answer), .replay_i(replay)
    );

    // The lookup is not waited for: it says late whether the candidate stays one.
    assign candidate_o = (head && !fence_valid_i) || (!head && lookup);
    assign candidate_head_o = head;
    assign candidate_stays_o = head || miss;
    assign link = link_i && candidate_stays_o;
    assign probe_link_valid_o = link;

    always_comb begin
        if (head) begin
            candidate_id_o = head_id;
            candidate_vpn_o = head_vpn;
            candidate_space_o = head_space;
            candidate_root_ppn_o = head_root_ppn;
            candidate_control_o = head_control;
        end else begin
            candidate_id_o = req_id_i;
            candidate_vpn_o = req_va_i[56:12];
            candidate_space_o = req_space_i;
            candidate_root_ppn_o = req_root_ppn_i;
            candidate_control_o = req_control_i;
        end
    end

    // ---- The fate of the entry to return: its own checks of the walk's entry decide.
    logic [mmu_defs::LOOKUP_W-1:0] entry_result;
    logic [mmu_defs::FAULT_W-1:0]  entry_reason, return_reason;
    logic failed, again;

    cached_entry i_entry (
        .match_i(1'b1), .access_i(return_control.access), .priv_i(return_control.priv),
        .sum_i(return_control.sum), .mxr_i(return_control.mxr), .adue_i(return_control.adue),
        .flags_i(return_leaf_i.flags), .result_o(entry_result), .reason_o(entry_reason)
    );

    assign failed = return_reason_i != mmu_defs::FAULT_NONE;
    assign return_reason = failed ? return_reason_i : entry_reason;
    assign again = failed ? !return_primary : entry_result == mmu_defs::LOOKUP_CLEAN;

    // The response register and the L1 TLB have one writer in a cycle.
    assign answer = returning && !again && !at_once && !clean && !fence_i;
    assign replay = returning && again && !accept && !fence_i;
    assign fill = answer && !failed && !return_filled_i;
    assign probe_replay_valid_o = replay;
    assign probe_fill_valid_o = fill;
    assign probe_return_id_o = return_id;

    // ---- Response
    logic [mmu_defs::ID_W-1:0]     id;
    logic [mmu_defs::PA_W-1:0]     va;      // as much as a page has inside
    logic [mmu_defs::ACCESS_W-1:0] access;
    logic [mmu_defs::FAULT_W-1:0]  reason;
    logic [mmu_defs::LEVEL_W-1:0]  level;
    logic [mmu_defs::PAGE_W-1:0]   size;
    logic [mmu_defs::PPN_W-1:0]    ppn;
    logic [mmu_defs::MEMORY_W-1:0] memory;

    always_comb begin
        id = req_id_i;
        va = req_va_i[55:0];
        access = req_control_i.access;
        reason = mmu_defs::FAULT_NONE;
        level = mmu_defs::LEVEL_NONE;
        size = mmu_defs::PAGE_4K;
        ppn = '0;
        memory = mmu_defs::MEMORY_PMA;
        if (!at_once) begin
            id = return_id;
            va = return_va[55:0];
            access = return_control.access;
            reason = return_reason;
            level = return_level_i;
            size = return_leaf_i.size;
            ppn = return_ppn_i;
            memory = return_leaf_i.flags[mmu_defs::ENTRY_BIT_PBMT+:2];
        end else if (!translated) begin
            ppn = req_va_i[55:12];
            if (req_va_i[63:56] != '0) reason = mmu_defs::FAULT_TOO_WIDE;
        end else if (!canonical) begin
            reason = mmu_defs::FAULT_NON_CANONICAL;
        end else begin
            reason = hit_reason;
            level = mmu_defs::LEVEL_L1;
            size = hit_size;
            ppn = hit_ppn;
            memory = hit_flags[mmu_defs::ENTRY_BIT_PBMT+:2];
        end
    end

    // The exception that a fault of this access raises.
    function automatic logic [mmu_defs::CAUSE_W-1:0] cause_of(
        input logic [mmu_defs::FAULT_W-1:0] why, input logic [mmu_defs::ACCESS_W-1:0] what);
        if (why == mmu_defs::FAULT_NONE) cause_of = mmu_defs::CAUSE_NONE;
        else if (why == mmu_defs::FAULT_TOO_WIDE || why == mmu_defs::FAULT_PTE_ACCESS ||
                 why == mmu_defs::FAULT_UPDATE_ACCESS) begin
            case (what)
                mmu_defs::ACCESS_EXECUTE: cause_of = mmu_defs::CAUSE_FETCH_ACCESS_FAULT;
                mmu_defs::ACCESS_WRITE:   cause_of = mmu_defs::CAUSE_STORE_ACCESS_FAULT;
                default:                  cause_of = mmu_defs::CAUSE_LOAD_ACCESS_FAULT;
            endcase
        end else begin
            case (what)
                mmu_defs::ACCESS_EXECUTE: cause_of = mmu_defs::CAUSE_FETCH_PAGE_FAULT;
                mmu_defs::ACCESS_WRITE:   cause_of = mmu_defs::CAUSE_STORE_PAGE_FAULT;
                default:                  cause_of = mmu_defs::CAUSE_LOAD_PAGE_FAULT;
            endcase
        end
    endfunction

    logic resp_valid_q;
    logic [mmu_defs::ID_W-1:0]     resp_id_q;
    logic [mmu_defs::PA_W-1:0]     resp_pa_q;
    logic [mmu_defs::PAGE_W-1:0]   resp_size_q;
    logic [mmu_defs::MEMORY_W-1:0] resp_memory_q;
    logic [mmu_defs::CAUSE_W-1:0]  resp_cause_q;
    logic [mmu_defs::FAULT_W-1:0]  resp_reason_q;
    logic [mmu_defs::LEVEL_W-1:0]  resp_level_q;

    always_ff @(posedge clk_i) begin
        if (!rst_ni) resp_valid_q <= 1'b0;
        else resp_valid_q <= at_once || answer;
    end

    // step 10: pa = ppn of the leaf above the page size, va below it.
    always_ff @(posedge clk_i) begin
        if (at_once || answer) begin
            resp_id_q <= id;
            resp_reason_q <= reason;
            resp_cause_q <= cause_of(reason, access);
            resp_level_q <= level;
            if (reason == mmu_defs::FAULT_NONE) begin
                resp_pa_q <= {ppn | (va[55:12] & page::inside_mask(size)), va[11:0]};
                resp_size_q <= size;
                resp_memory_q <= memory;
            end else begin
                resp_pa_q <= '0;
                resp_size_q <= '0;
                resp_memory_q <= '0;
            end
        end
    end

    assign resp_valid_o = resp_valid_q;
    assign resp_id_o = resp_id_q;
    assign resp_pa_o = resp_pa_q;
    assign resp_size_o = resp_size_q;
    assign resp_memory_o = resp_memory_q;
    assign resp_cause_o = resp_cause_q;
    assign resp_reason_o = resp_reason_q;
    assign resp_level_o = resp_level_q;

    logic unused_bits;
    assign unused_bits = &{1'b0, hit_flags, return_control};

`ifndef SYNTHESIS
    always @(posedge clk_i) begin
        if (rst_ni) begin
            assert (!(resp_valid_q && fence_i)) else $error("response in the cycle of a fence");
            assert (!(link_i && fence_valid_i)) else $error("request linked while a fence waits");
            if (answer) assert (!(return_primary && failed && return_level_i == mmu_defs::LEVEL_L2))
                else $error("an L2 hit that failed");
        end
    end
`endif
endmodule
