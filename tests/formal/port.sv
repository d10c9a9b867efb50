// What mmu.sv uses twice and more: senders that keep the rule of their channel, and the properties of
// one request port.

// A valid/ready sender: what was offered stands until it is taken.
module formal_sender #(
    parameter int WIDTH = 1
) (
    input  logic             clk_i,
    input  logic             rst_ni,
    input  logic             any_valid,
    input  logic [WIDTH-1:0] any_payload,
    input  logic             ready_i,
    output logic             valid_o,
    output logic [WIDTH-1:0] payload_o
);
    logic waiting_q = 1'b0;
    logic [WIDTH-1:0] payload_q;
    assign valid_o = rst_ni && (waiting_q || any_valid);
    assign payload_o = waiting_q ? payload_q : any_payload;
    always_ff @(posedge clk_i) begin
        waiting_q <= valid_o && !ready_i;
        payload_q <= payload_o;
    end
endmodule

// One request port, watched from outside.
module formal_port #(
    parameter int PROMPT_CYCLES = 0     // from a request to its response while memory answers at once
) (
    input logic                          clk_i,
    input logic                          rst_ni,
    // The request, and the registers of its cycle
    input logic                          accept_i,
    input logic [mmu_defs::ID_W-1:0]     id_i,
    input logic [mmu_defs::VA_W-1:0]     va_i,
    input logic [mmu_defs::PRIV_W-1:0]   priv_i,
    input logic [mmu_defs::ACCESS_W-1:0] access_i,
    input logic [mmu_defs::MODE_W-1:0]   mode_i,
    input logic [mmu_defs::PPN_W-1:0]    root_ppn_i,
    // The response
    input logic                          resp_i,
    input logic [mmu_defs::ID_W-1:0]     resp_id_i,
    input logic [mmu_defs::PA_W-1:0]     resp_pa_i,
    input logic [mmu_defs::PAGE_W-1:0]   resp_size_i,
    input logic [mmu_defs::MEMORY_W-1:0] resp_memory_i,
    input logic [mmu_defs::CAUSE_W-1:0]  resp_cause_i,
    input logic [mmu_defs::FAULT_W-1:0]  resp_reason_i,
    input logic [mmu_defs::LEVEL_W-1:0]  resp_level_i,
    // Events of this port
    input logic                          lookup_i,      // in its L1 TLB
    input logic                          l2_lookup_i,
    input logic                          start_i,
    input logic                          read_request_i,  // the walker asks for a PTE
    input logic [mmu_defs::PA_W-1:0]     read_pa_i,
    input logic                          stored_i,      // A or D was set
    input logic                          fill_i,        // of its L1 TLB
    input logic [mmu_defs::PAGE_W-1:0]   fill_size_i,
    input logic [mmu_defs::PPN_W-1:0]    fill_ppn_i,
    input logic                          l2_filled_i,   // the L2 holds something
    input logic                          fence_i,
    input logic                          everything_i,  // the fence removes everything
    input logic                          prompt_i,      // nobody waits for memory or a fence
    // What happened so far
    output logic                         pending_o,     // accepted, not answered
    output logic                         changed_o,     // its compare-and-set was performed
    output logic                         store_o        // the pending one is a store
);
    logic pending_q = 1'b0;     // accepted, not answered
    logic stale_q = 1'b0;       // fenced, and not looked up or started since
    logic filled_q = 1'b0;      // the L1 TLB was filled since everything was removed
    logic changed_q = 1'b0;     // its compare-and-set was performed
    logic prompt_q = 1'b0;      // nobody waited since it was accepted
    logic fenced_q = 1'b0;      // a fence in the cycle before
    logic plain_q = 1'b0;       // accepted in the cycle before, needs no translation
    logic outside_q = 1'b0;     // likewise, and its address is not canonical
    logic at_root_q = 1'b0;     // its walk started, and has read nothing
    logic fresh_q = 1'b0;       // filled in the cycle before
    logic survivor_q = 1'b0;    // pending, and a fence came since it was accepted
    logic [5:0] cycles_q = 6'd0;
    logic [mmu_defs::ID_W-1:0] id_q;
    logic [mmu_defs::VA_W-1:0] va_q;
    logic [mmu_defs::ACCESS_W-1:0] access_q;
    logic [mmu_defs::MODE_W-1:0] mode_q;
    logic [mmu_defs::PPN_W-1:0] root_ppn_q, fill_ppn_q;
    logic [mmu_defs::PAGE_W-1:0] fill_size_q;

    logic plain, again, good;
    logic [mmu_defs::PA_W-1:0] inside, outside_fill;
    assign plain = mode_i == mmu_defs::MODE_BARE || priv_i == mmu_defs::PRIV_M;
    assign again = start_i || l2_lookup_i;
    assign good = resp_i && resp_reason_i == mmu_defs::FAULT_NONE;
    assign inside = ~(56'hff_ffff_ffff_ffff << (spec::shift_of(resp_size_i) + 6'd12));
    assign outside_fill = {fill_ppn_q, 12'd0} ^ resp_pa_i;
    assign {pending_o, changed_o} = {pending_q, changed_q};
    assign store_o = access_q == mmu_defs::ACCESS_WRITE;

    always_ff @(posedge clk_i) begin
        if (accept_i) begin
            {id_q, va_q, access_q} <= {id_i, va_i, access_i};
            {mode_q, root_ppn_q} <= {mode_i, root_ppn_i};
        end
        if (fill_i) {fill_size_q, fill_ppn_q} <= {fill_size_i, fill_ppn_i};
        fresh_q <= fill_i;
        survivor_q <= !accept_i && (survivor_q || (fence_i && pending_q));
        fenced_q <= fence_i;
        pending_q <= accept_i || (pending_q && !resp_i);
        stale_q <= fence_i ? accept_i || (pending_q && !resp_i) : stale_q && !again && !resp_i;
        filled_q <= !everything_i && (filled_q || fill_i);
        changed_q <= (stored_i || changed_q) && !resp_i;
        prompt_q <= accept_i || (prompt_i && prompt_q);
        cycles_q <= accept_i ? 6'd0 : cycles_q + (cycles_q == 6'd63 ? 6'd0 : 6'd1);
        plain_q <= accept_i && plain;
        outside_q <= accept_i && !plain && !spec::canonical(mode_i, va_i);
        at_root_q <= start_i || (at_root_q && !read_request_i);
    end

    always @(posedge clk_i) begin
        if (rst_ni) begin
            // ---- Requests and responses
            if (resp_i) response_has_request: assert (pending_q && resp_id_i == id_q);
            if (accept_i) nothing_lost: assert (!pending_q || resp_i);
            if (plain_q) untranslated_is_itself: assert (
                resp_i && resp_level_i == mmu_defs::LEVEL_NONE &&
                (va_q[63:56] == 8'd0 ? good && resp_pa_i == va_q[55:0]
                                     : resp_reason_i == mmu_defs::FAULT_TOO_WIDE));
            if (accept_i && plain) untranslated_asks_no_tlb: assert (!lookup_i);
            if (outside_q) non_canonical_faults: assert (
                resp_i && resp_reason_i == mmu_defs::FAULT_NON_CANONICAL);
            if (lookup_i) canonical_is_looked_up: assert (
                accept_i && !plain && spec::canonical(mode_i, va_i));
            if (pending_q && prompt_q) answers_in_time: assert (32'(cycles_q) <= PROMPT_CYCLES);

            // ---- Contents of responses
            if (resp_i) cause_fits_reason: assert (
                resp_cause_i == spec::cause_of(resp_reason_i, access_q));
            if (resp_i && !good) fault_tells_nothing: assert (
                {resp_pa_i, resp_size_i, resp_memory_i} == '0);
            if (good) offset_is_kept: assert (((resp_pa_i ^ va_q[55:0]) & inside) == '0);
            if (good && fresh_q) response_is_what_was_filled: assert (
                resp_size_i == fill_size_q && (outside_fill & ~inside) == '0);
            if (at_root_q && read_request_i) registers_of_acceptance: assert (
                read_pa_i == {root_ppn_q, spec::offset(mode_q == mmu_defs::MODE_SV32,
                                                       spec::levels(mode_q) - 3'd1, va_q[56:12])});
            if (resp_i && resp_level_i == mmu_defs::LEVEL_L1) hit_needs_fill: assert (filled_q);
            if (resp_i && resp_level_i == mmu_defs::LEVEL_L2) l2_hit_needs_fill: assert (l2_filled_i);

            // ---- Fences
            if (fenced_q) no_response_after_fence: assert (!resp_i);
            if (stale_q && !again) new_lookup_after_fence: assert (!resp_i && !fill_i);

            // ---- Updates of A and D
            if (changed_q && resp_i) change_is_performed: assert (good);

            `REACHES(walks_and_translates, good && resp_level_i == mmu_defs::LEVEL_WALK)
            `REACHES(hits_l1, good && resp_level_i == mmu_defs::LEVEL_L1)
            `REACHES(hits_l2, good && resp_level_i == mmu_defs::LEVEL_L2)
            `REACHES(hit_is_refused, resp_i && !good && resp_level_i == mmu_defs::LEVEL_L1)
            `REACHES(answers_after_fence, good && survivor_q)
        end
    end
endmodule
