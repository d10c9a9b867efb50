// Properties of rtl/l2_tlb.sv, of a small one. The harness keeps a list of what was filled into each
// way, by the rules of docs/architecture.md, and compares what stage B does with it.
module formal_l2_tlb #(
    parameter int SETS   = `SETS,
    parameter int WAYS   = `WAYS,
    parameter int POLICY = `POLICY,
    parameter int SET_W  = SETS > 1 ? $clog2(SETS) : 1,
    parameter int WAY_W  = WAYS > 1 ? $clog2(WAYS) : 1
) (
    input logic                          clk_i,
    input logic                          any_read,       // stage A
    input logic                          any_by_set,
    input logic [SET_W-1:0]              any_set,
    input logic [mmu_defs::PAGE_W-1:0]   any_size,
    input logic [mmu_defs::VPN_W-1:0]    any_vpn,
    input logic [2:0]                    any_action,     // stage B: nothing, lookup, fill, sweep; fence
    input logic [mmu_defs::ASID_W-1:0]   any_asid,
    input logic [mmu_defs::ACCESS_W-1:0] any_access,
    input logic [mmu_defs::PPN_W-1:0]    any_ppn,
    input logic [7:0]                    any_flags,
    input logic [3:0]                    any_bits,
    input logic                          any_has_va,
    input logic                          any_has_asid
);
    localparam int ENTRIES = SETS * WAYS;
    localparam int BIT_D = 32'(mmu_defs::ENTRY_BIT_D);
    localparam int BIT_G = 32'(mmu_defs::ENTRY_BIT_G);

    logic reset_done_q = 1'b0;
    always_ff @(posedge clk_i) reset_done_q <= 1'b1;

    logic lookup, fill, sweep, fence;
    logic [mmu_defs::PPN_W-1:0] new_ppn;

    // ---- Stage A, and what stage B may do a cycle later: everything but a sweep is about a page.
    logic read, by_set, read_q = 1'b0, by_set_q;
    logic [SET_W-1:0] number, set_q;
    logic [mmu_defs::PAGE_W-1:0] size, size_q;
    logic [mmu_defs::VPN_W-1:0] vpn_q;
    assign read = any_read && !fence && reset_done_q;
    assign by_set = any_by_set;
    assign number = 32'(any_set) < SETS ? any_set : '0;
    assign size = any_size == 3'd7 ? mmu_defs::PAGE_4K : any_size;
    always_ff @(posedge clk_i) begin
        read_q <= read;
        if (read) begin
            by_set_q <= by_set;
            set_q <= by_set ? number : SET_W'((any_vpn >> spec::shift_of(size)) % SETS);
            size_q <= size;
            vpn_q <= any_vpn;
        end
    end

    assign lookup = any_action == 3'd1 && !(read_q && by_set_q) && reset_done_q;
    assign fill = any_action == 3'd2 && read_q && !by_set_q;
    assign sweep = any_action == 3'd3 && read_q && !(by_set_q && any_has_va);
    assign fence = any_action == 3'd4 && reset_done_q;

    logic user, sum, mxr, adue;
    logic [mmu_defs::ACCESS_W-1:0] access;
    assign {user, sum, mxr, adue} = any_bits;
    assign access = any_access == 2'd3 ? mmu_defs::ACCESS_READ : any_access;

    logic [mmu_defs::LOOKUP_W-1:0] result;
    logic [SET_W-1:0] set, fill_set;
    logic [WAY_W-1:0] way, fill_way;
    logic [mmu_defs::PAGE_W-1:0] found_size, evicted_size;
    logic [mmu_defs::ASID_W-1:0] asid, evicted_asid;
    logic [mmu_defs::PPN_W-1:0] ppn;
    logic [mmu_defs::VPN_W-1:0] evicted_vpn;
    logic [mmu_defs::PAGE_SIZES-1:0] sizes;
    logic [7:0] flags;
    logic evicted;

    l2_tlb #(.SETS(SETS), .WAYS(WAYS), .POLICY(POLICY)) i_tlb (
        .clk_i, .rst_ni(reset_done_q),
        .read_i(read), .read_by_set_i(by_set), .read_set_i(number), .read_size_i(size),
        .read_vpn_i(any_vpn),
        .lookup_i(lookup), .fill_i(fill), .sweep_i(sweep), .vpn_i(vpn_q), .asid_i(any_asid),
        .lookup_access_i(access), .lookup_priv_i(user ? mmu_defs::PRIV_U : mmu_defs::PRIV_S),
        .lookup_sum_i(sum), .lookup_mxr_i(mxr), .lookup_adue_i(adue),
        .lookup_result_o(result), .lookup_set_o(set), .lookup_way_o(way),
        .lookup_size_o(found_size), .lookup_asid_o(asid), .lookup_ppn_o(ppn),
        .lookup_flags_o(flags),
        .fill_ppn_i(new_ppn), .fill_flags_i(any_flags), .fill_set_o(fill_set),
        .fill_way_o(fill_way), .evicted_o(evicted), .evicted_size_o(evicted_size),
        .evicted_asid_o(evicted_asid), .evicted_vpn_o(evicted_vpn),
        .inject_i(1'b0), .inject_bit_i(8'd0),
        .fence_i(fence), .fence_has_va_i(any_has_va), .fence_vpn_i(vpn_q),
        .fence_has_asid_i(any_has_asid), .fence_asid_i(any_asid), .sizes_o(sizes)
    );

    // ---- The list: entry of set s, way w is number s x WAYS + w.
    logic [ENTRIES-1:0] held_q = '0;        // filled, and since then neither removed nor evicted
    logic [ENTRIES-1:0] removed_q = '0;     // since its fill, a sweep or a fence named it
    logic [mmu_defs::VPN_W-1:0]  page_q[0:ENTRIES-1];
    logic [mmu_defs::ASID_W-1:0] asid_q[0:ENTRIES-1];
    logic [mmu_defs::PAGE_W-1:0] holds_q[0:ENTRIES-1];
    logic [mmu_defs::PPN_W-1:0]  ppn_q[0:ENTRIES-1];
    logic [7:0]                  flags_q[0:ENTRIES-1];

    logic [mmu_defs::VPN_W-1:0] page;
    assign page = (vpn_q >> spec::shift_of(size_q)) << spec::shift_of(size_q);
    assign new_ppn = (any_ppn >> spec::shift_of(size_q)) << spec::shift_of(size_q);

    logic [ENTRIES-1:0] at, filled, covers, asid_agrees, named, matches, due, same;
    genvar e;
    generate
        for (e = 0; e < ENTRIES; e++) begin : g_entry
            assign at[e] = 32'(set) * WAYS + 32'(way) == e && result != mmu_defs::LOOKUP_MISS;
            assign filled[e] = fill && 32'(fill_set) * WAYS + 32'(fill_way) == e;
            assign asid_agrees[e] = asid_q[e] == any_asid;
            assign covers[e] = holds_q[e] == size_q && page_q[e] == page;
            assign matches[e] = covers[e] && (flags_q[e][BIT_G] || asid_agrees[e]);
            assign due[e] = lookup && read_q && held_q[e] && matches[e];
            assign same[e] = fill && held_q[e] && matches[e];
            // A sweep removes what it names of the set read, a fence without operands everything.
            assign named[e] = (fence && !any_has_va && !any_has_asid) ||
                              (sweep && 32'(set_q) == e / WAYS && (!any_has_va || covers[e]) &&
                               (!any_has_asid || (asid_agrees[e] && !flags_q[e][BIT_G])));

            always_ff @(posedge clk_i) begin
                if (filled[e]) begin
                    {held_q[e], removed_q[e]} <= 2'b10;
                    page_q[e] <= page;
                    asid_q[e] <= any_asid;
                    holds_q[e] <= size_q;
                    ppn_q[e] <= new_ppn;
                    flags_q[e] <= any_flags;
                end else if (named[e]) begin
                    {held_q[e], removed_q[e]} <= 2'b01;
                end else if (at[e] && result == mmu_defs::LOOKUP_CLEAN) begin
                    held_q[e] <= 1'b0;
                end
            end
        end
    endgenerate

    // Filled in the cycle before: the set was read while it was written.
    logic [ENTRIES-1:0] just_q = '0;
    always_ff @(posedge clk_i) just_q <= filled;

    // Violations of a rule by any entry.
    logic [ENTRIES-1:0] bad_contents, bad_order, bad_same, bad_victim, hole, untold;
    logic hit, allowed, to_clean;
    assign hit = result == mmu_defs::LOOKUP_HIT;
    assign allowed = spec::permitted({flags[3], flags[2], flags[1], flags[0]}, access, user, sum,
                                     mxr);
    assign to_clean = allowed && access == mmu_defs::ACCESS_WRITE && !flags[BIT_D];
    always_comb begin
        for (int i = 0; i < ENTRIES; i++) begin
            bad_contents[i] = at[i] && !(found_size == holds_q[i] && asid == asid_q[i] &&
                                         ppn == ppn_q[i] && flags == flags_q[i]);
            bad_order[i] = due[i] && (result == mmu_defs::LOOKUP_MISS || 32'(way) > i % WAYS);
            bad_same[i] = same[i] && (32'(fill_way) > i % WAYS || (same & filled) == '0);
            bad_victim[i] = filled[i] && !(
                evicted == held_q[i] &&
                (!evicted || (evicted_size == holds_q[i] && evicted_asid == asid_q[i] &&
                              evicted_vpn == page_q[i])));
            hole[i] = fill && same == '0 && i / WAYS == 32'(fill_set) && !held_q[i] &&
                      (i % WAYS < 32'(fill_way) || evicted);
            untold[i] = held_q[i] && !sizes[holds_q[i]];
        end
    end

    always @(posedge clk_i) begin
        if (reset_done_q) begin
            if (!lookup) no_result_without_lookup: assert (result == mmu_defs::LOOKUP_MISS);
            hit_is_justified: assert ((at & ~due) == '0);
            removed_never_hits: assert ((at & removed_q) == '0);
            hit_has_contents: assert (bad_contents == '0);
            filled_is_found: assert (bad_order == '0);
            if (result != mmu_defs::LOOKUP_MISS)
                clean_means_clean: assert ((result == mmu_defs::LOOKUP_CLEAN) ==
                                           (to_clean && adue));
            if (fill) begin
                set_of_fill: assert (fill_set == set_q);
                // Together with the last one: the solver learns from it what the ways hold.
                same_page_first: assert (bad_same == '0 && bad_victim == '0);
                lowest_invalid_first: assert (hole == '0);
                evicted_is_told: assert (bad_victim == '0);
            end
            sizes_are_told: assert (untold == '0);

            `REACHES(hits_superpage, hit && found_size == mmu_defs::PAGE_256T && page != vpn_q)
            `REACHES(hits_other_space, hit && asid != any_asid)
            `REACHES(store_finds_clean, result == mmu_defs::LOOKUP_CLEAN)
            `REACHES(evicts, fill && evicted && same == '0)
            `REACHES(refills, fill && same != '0)
            `REACHES(hits_what_was_just_filled, hit && (at & just_q) != '0)
            `REACHES(misses_what_was_swept, lookup && (matches & removed_q & ~held_q) != '0 &&
                                            result == mmu_defs::LOOKUP_MISS && read_q)
        end
    end
endmodule
