// Properties of rtl/walk_cache.sv, of a small one. The harness keeps a list of the pointers that each
// level was filled with, by the rules of docs/timing.md, and compares every lookup with it.
module formal_walk_cache #(
    parameter int ENTRIES = `ENTRIES,
    parameter int WAY_W   = ENTRIES > 1 ? $clog2(ENTRIES) : 1
) (
    input logic                        clk_i,
    input logic [1:0]                  any_action,    // nothing, lookup or fence
    input logic [mmu_defs::VPN_W-1:0]  any_vpn,
    input logic [mmu_defs::ASID_W-1:0] any_asid,
    input logic [1:0]                  any_mode,
    input logic                        any_has_va,
    input logic                        any_has_asid,
    input logic                        any_fill,      // beside nothing or a lookup
    input logic [mmu_defs::VPN_W-1:0]  any_new_vpn,
    input logic [mmu_defs::ASID_W-1:0] any_new_asid,  // also of a fence
    input logic [1:0]                  any_new_mode,
    input logic [1:0]                  any_new_level,
    input logic [mmu_defs::PPN_W-1:0]  any_ppn,
    input logic                        any_global
);
    localparam int LEVELS = 4;
    localparam int POINTERS = LEVELS * ENTRIES;

    logic reset_done_q = 1'b0;
    always_ff @(posedge clk_i) reset_done_q <= 1'b1;

    logic lookup, fence, fill;
    assign lookup = any_action == 2'd1 && reset_done_q;
    assign fence = any_action == 2'd2 && reset_done_q;
    assign fill = any_fill && !fence && reset_done_q;

    // A pointer stands at any level but the last.
    logic [mmu_defs::MODE_W-1:0] paging, new_paging;
    logic [2:0] new_level;
    assign paging = spec::any_mode(any_mode);
    assign new_paging = spec::any_mode(any_new_mode);
    assign new_level = 3'(any_new_level) + 3'd1 < spec::levels(new_paging) ?
                       3'(any_new_level) + 3'd1 : 3'd1;

    logic hit, is_global;
    logic [2:0] level;
    logic [WAY_W-1:0] way;
    logic [mmu_defs::PPN_W-1:0] ppn;

    walk_cache #(.ENTRIES(ENTRIES)) i_cache (
        .clk_i, .rst_ni(reset_done_q),
        .lookup_i(lookup), .lookup_vpn_i(any_vpn), .lookup_mode_i(paging), .lookup_asid_i(any_asid),
        .lookup_hit_o(hit), .lookup_level_o(level), .lookup_way_o(way), .lookup_ppn_o(ppn),
        .lookup_global_o(is_global),
        .fill_i(fill), .fill_vpn_i(any_new_vpn), .fill_mode_i(new_paging),
        .fill_asid_i(any_new_asid), .fill_level_i(new_level), .fill_ppn_i(any_ppn),
        .fill_global_i(any_global),
        .fence_i(fence), .fence_has_va_i(any_has_va), .fence_has_asid_i(any_has_asid),
        .fence_asid_i(any_new_asid)
    );

    // A page number without the bits that index the levels below.
    function automatic logic [mmu_defs::VPN_W-1:0] bits_of(
        input logic [mmu_defs::MODE_W-1:0] mode, input int below,
        input logic [mmu_defs::VPN_W-1:0] vpn);
        bits_of = vpn >> ((mode == mmu_defs::MODE_SV32 ? 10 : 9) * below);
    endfunction

    // ---- The list: entry w of level l is number (l - 1) x ENTRIES + w.
    logic [POINTERS-1:0] held_q = '0;       // filled, and since then neither fenced nor replaced
    logic [POINTERS-1:0] fenced_q = '0;     // since its fill, a fence that applies to it came
    logic [mmu_defs::MODE_W-1:0] mode_q[0:POINTERS-1];
    logic [mmu_defs::ASID_W-1:0] asid_q[0:POINTERS-1];
    logic [mmu_defs::VPN_W-1:0]  bits_q[0:POINTERS-1];
    logic [mmu_defs::PPN_W-1:0]  ppn_q[0:POINTERS-1];
    logic [POINTERS-1:0] global_q;
    logic empty_q = 1'b1;                   // a fence of everything, and no fill since

    logic [POINTERS-1:0] at, due, same, filled, replaced;
    genvar l, w;
    generate
        for (l = 1; l <= LEVELS; l++) begin : g_level
            logic here;
            logic [WAY_W-1:0] turn_q = '0;
            logic [ENTRIES-1:0] same_here;
            assign here = fill && new_level == l;
            assign same_here = same[(l-1)*ENTRIES+:ENTRIES];
            always_ff @(posedge clk_i) begin
                if (here && same_here == '0)
                    turn_q <= 32'(turn_q) == ENTRIES - 1 ? '0 : turn_q + WAY_W'(1);
            end
            for (w = 0; w < ENTRIES; w++) begin : g_way
                localparam int E = (l - 1) * ENTRIES + w;
                assign at[E] = hit && level == l && 32'(way) == w;
                assign due[E] = lookup && held_q[E] && mode_q[E] == paging &&
                                asid_q[E] == any_asid && bits_q[E] == bits_of(paging, l, any_vpn);
                assign same[E] = here && held_q[E] && mode_q[E] == new_paging &&
                                 asid_q[E] == any_new_asid &&
                                 bits_q[E] == bits_of(new_paging, l, any_new_vpn);
                assign filled[E] = same[E] || (here && same_here == '0 && 32'(turn_q) == w);
                assign replaced[E] = filled[E] && held_q[E] && !same[E];
                always_ff @(posedge clk_i) begin
                    if (filled[E]) begin
                        {held_q[E], fenced_q[E]} <= 2'b10;
                        mode_q[E] <= new_paging;
                        asid_q[E] <= any_new_asid;
                        bits_q[E] <= bits_of(new_paging, l, any_new_vpn);
                        ppn_q[E] <= any_ppn;
                        global_q[E] <= any_global;
                    end else if (fence && !any_has_va &&
                                 (!any_has_asid || asid_q[E] == any_new_asid)) begin
                        {held_q[E], fenced_q[E]} <= 2'b01;
                    end
                end
            end
        end
    endgenerate

    always_ff @(posedge clk_i) begin
        if (fill) empty_q <= 1'b0;
        else if (fence && !any_has_va && !any_has_asid) empty_q <= 1'b1;
    end

    // Violations of a rule by any entry.
    logic [POINTERS-1:0] bad_contents, bad_order;
    always_comb begin
        for (int i = 0; i < POINTERS; i++) begin
            bad_contents[i] = at[i] && !(ppn == ppn_q[i] && is_global == global_q[i]);
            bad_order[i] = due[i] && (!hit || 32'(level) > i / ENTRIES + 1);
        end
    end

    always @(posedge clk_i) begin
        if (reset_done_q) begin
            if (empty_q) empty_after_fence: assert (!hit);
            if (!lookup) no_result_without_lookup: assert (!hit);
            hit_is_justified: assert (!hit || (at & due) != '0);
            fenced_never_hits: assert ((at & fenced_q) == '0);
            hit_has_contents: assert (bad_contents == '0);
            filled_is_found: assert (due == '0 || hit);
            lowest_level_first: assert (bad_order == '0);

            `REACHES(begins_at_last_level, hit && level == 3'd1 && paging == mmu_defs::MODE_SV57)
            `REACHES(begins_below_root, hit && level == 3'd4)
            `REACHES(hits_sv32, hit && paging == mmu_defs::MODE_SV32)
            `REACHES(pointer_is_replaced, replaced != '0)
            `REACHES(pointer_is_renewed, same != '0)
            `REACHES(misses_what_was_fenced, lookup && !hit && (fenced_q & ~held_q) != '0)
        end
    end
endmodule
