// Properties of rtl/tlb.sv, of a small one. The harness keeps a list of what was filled into each way,
// by the rules of docs/architecture.md, and compares every lookup, fill and fence with it.
module formal_tlb #(
    parameter int SETS   = `SETS,
    parameter int WAYS   = `WAYS,
    parameter int POLICY = `POLICY,
    parameter int SET_W  = SETS > 1 ? $clog2(SETS) : 1,
    parameter int WAY_W  = WAYS > 1 ? $clog2(WAYS) : 1
) (
    input logic                          clk_i,
    input logic [1:0]                    any_action,     // nothing, lookup or fence
    input logic                          any_fill,       // beside nothing, or a lookup that misses
    input logic [mmu_defs::VPN_W-1:0]    any_vpn,
    input logic [mmu_defs::ASID_W-1:0]   any_asid,
    input logic [1:0]                    any_mode,
    input logic [mmu_defs::ACCESS_W-1:0] any_access,
    input logic [mmu_defs::VPN_W-1:0]    any_new_vpn,
    input logic [mmu_defs::ASID_W-1:0]   any_new_asid,
    input logic [mmu_defs::PAGE_W-1:0]   any_size,
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

    logic lookup, fill, fence, user, sum, mxr, adue;
    logic [mmu_defs::LOOKUP_W-1:0] result;
    assign lookup = any_action == 2'd1 && reset_done_q;
    assign fence = any_action == 2'd2 && reset_done_q;
    assign fill = any_fill && !fence && result == mmu_defs::LOOKUP_MISS && reset_done_q;
    assign {user, sum, mxr, adue} = any_bits;

    logic [mmu_defs::MODE_W-1:0] paging;
    logic [mmu_defs::ACCESS_W-1:0] access;
    logic [mmu_defs::PAGE_W-1:0] new_size;
    logic [mmu_defs::VPN_W-1:0] new_page;
    assign paging = spec::any_mode(any_mode);
    assign access = any_access == 2'd3 ? mmu_defs::ACCESS_READ : any_access;
    assign new_page = (any_new_vpn >> spec::shift_of(new_size)) << spec::shift_of(new_size);
    assign new_size = any_size == 3'd7 ? mmu_defs::PAGE_4K : any_size;

    logic [SET_W-1:0] set, fill_set;
    logic [WAY_W-1:0] way, fill_way;
    logic [mmu_defs::FAULT_W-1:0] reason;
    logic [mmu_defs::ASID_W-1:0] evicted_asid;
    logic [mmu_defs::PAGE_W-1:0] size, evicted_size;
    logic [mmu_defs::PPN_W-1:0] ppn;
    logic [mmu_defs::VPN_W-1:0] evicted_vpn;
    logic [7:0] flags;
    logic evicted;

    tlb #(.SETS(SETS), .WAYS(WAYS), .POLICY(POLICY)) i_tlb (
        .clk_i, .rst_ni(reset_done_q),
        .lookup_i(lookup), .lookup_vpn_i(any_vpn), .lookup_access_i(access),
        .lookup_priv_i(user ? mmu_defs::PRIV_U : mmu_defs::PRIV_S), .lookup_mode_i(paging),
        .lookup_asid_i(any_asid), .lookup_sum_i(sum), .lookup_mxr_i(mxr), .lookup_adue_i(adue),
        .lookup_result_o(result), .lookup_set_o(set), .lookup_way_o(way),
        .lookup_reason_o(reason), .lookup_size_o(size), .lookup_ppn_o(ppn), .lookup_flags_o(flags),
        .fill_i(fill), .fill_vpn_i(any_new_vpn), .fill_asid_i(any_new_asid), .fill_size_i(new_size),
        .fill_ppn_i(any_ppn), .fill_flags_i(any_flags), .fill_set_o(fill_set),
        .fill_way_o(fill_way), .evicted_o(evicted), .evicted_size_o(evicted_size),
        .evicted_asid_o(evicted_asid), .evicted_vpn_o(evicted_vpn),
        .fence_i(fence), .fence_has_va_i(any_has_va), .fence_vpn_i(any_vpn),
        .fence_has_asid_i(any_has_asid), .fence_asid_i(any_asid)
    );

    // ---- The list: entry of set s, way w is number s x WAYS + w.
    logic [ENTRIES-1:0] held_q = '0;        // filled, and since then neither fenced nor evicted
    logic [ENTRIES-1:0] fenced_q = '0;      // since its fill, a fence that applies to it came
    logic [ENTRIES-1:0] spared_q = '0;      // since its fill, a fence that names its ASID spared it
    logic [mmu_defs::VPN_W-1:0]  vpn_q[0:ENTRIES-1];
    logic [mmu_defs::ASID_W-1:0] asid_q[0:ENTRIES-1];
    logic [mmu_defs::PAGE_W-1:0] size_q[0:ENTRIES-1];
    logic [mmu_defs::PPN_W-1:0]  ppn_q[0:ENTRIES-1];
    logic [7:0]                  flags_q[0:ENTRIES-1];
    logic empty_q = 1'b1;                   // a fence of everything, and no fill since

    logic [ENTRIES-1:0] at, filled, covers, applies, asid_agrees, matches, due, same;
    genvar e;
    generate
        for (e = 0; e < ENTRIES; e++) begin : g_entry
            assign at[e] = 32'(set) * WAYS + 32'(way) == e && result != mmu_defs::LOOKUP_MISS;
            assign filled[e] = fill && 32'(fill_set) * WAYS + 32'(fill_way) == e;
            assign asid_agrees[e] = asid_q[e] == any_asid;
            assign covers[e] = spec::same_page(size_q[e], vpn_q[e], any_vpn);
            assign applies[e] = fence && (!any_has_va || covers[e]) &&
                                (!any_has_asid || (asid_agrees[e] && !flags_q[e][BIT_G]));
            assign matches[e] = covers[e] && spec::mode_has_size(paging, size_q[e]) &&
                                (flags_q[e][BIT_G] || asid_agrees[e]);
            // What a lookup must find, if nothing stands before it.
            assign due[e] = lookup && held_q[e] && matches[e];
            // What holds the page of a fill already.
            assign same[e] = fill && held_q[e] && size_q[e] == new_size &&
                             vpn_q[e] == new_page &&
                             (flags_q[e][BIT_G] || asid_q[e] == any_new_asid);

            always_ff @(posedge clk_i) begin
                if (filled[e]) begin
                    {held_q[e], fenced_q[e], spared_q[e]} <= 3'b100;
                    vpn_q[e] <= new_page;
                    asid_q[e] <= any_new_asid;
                    size_q[e] <= new_size;
                    ppn_q[e] <= any_ppn;
                    flags_q[e] <= any_flags;
                end else if (applies[e]) begin
                    {held_q[e], fenced_q[e]} <= 2'b01;
                end else begin
                    if (fence && any_has_asid && asid_agrees[e] && flags_q[e][BIT_G])
                        spared_q[e] <= 1'b1;
                    if (at[e] && result == mmu_defs::LOOKUP_CLEAN) held_q[e] <= 1'b0;
                end
            end
        end
    endgenerate

    always_ff @(posedge clk_i) begin
        if (fill) empty_q <= 1'b0;
        else if (fence && !any_has_va && !any_has_asid) empty_q <= 1'b1;
    end

    // Violations of a rule by any entry.
    logic [ENTRIES-1:0] bad_hit, bad_fenced, bad_contents, bad_order, bad_same, bad_victim, hole;
    logic hit, allowed, to_clean;
    assign hit = result == mmu_defs::LOOKUP_HIT;
    assign allowed = spec::permitted({flags[3], flags[2], flags[1], flags[0]}, access, user, sum,
                                     mxr);
    assign to_clean = allowed && access == mmu_defs::ACCESS_WRITE && !flags[BIT_D];
    always_comb begin
        for (int i = 0; i < ENTRIES; i++) begin
            bad_hit[i] = at[i] && !due[i];
            bad_fenced[i] = at[i] && fenced_q[i];
            bad_contents[i] = at[i] && !(size == size_q[i] && ppn == ppn_q[i] &&
                                         flags == flags_q[i]);
            // The smallest page size first, then the lowest way.
            bad_order[i] = due[i] && (result == mmu_defs::LOOKUP_MISS || size > size_q[i] ||
                                          (size == size_q[i] && 32'(way) > i % WAYS));
            // The lowest way that holds the page already.
            bad_same[i] = same[i] && (32'(fill_way) > i % WAYS || (same & filled) == '0);
            bad_victim[i] = filled[i] && !(
                evicted == held_q[i] &&
                (!evicted || (evicted_size == size_q[i] && evicted_asid == asid_q[i] &&
                              evicted_vpn == vpn_q[i])));
            hole[i] = fill && same == '0 && i / WAYS == 32'(fill_set) && !held_q[i] &&
                      (i % WAYS < 32'(fill_way) || evicted);
        end
    end

    always @(posedge clk_i) begin
        if (reset_done_q) begin
            if (empty_q) empty_after_fence: assert (result == mmu_defs::LOOKUP_MISS);
            if (!lookup) no_result_without_lookup: assert (result == mmu_defs::LOOKUP_MISS);
            way_in_range: assert (32'(fill_way) < WAYS && 32'(fill_set) < SETS &&
                                  32'(way) < WAYS && 32'(set) < SETS);
            hit_is_justified: assert (bad_hit == '0);
            fenced_never_hits: assert (bad_fenced == '0);
            hit_has_contents: assert (bad_contents == '0);
            filled_is_found: assert (due == '0 || result != mmu_defs::LOOKUP_MISS);
            smallest_then_lowest: assert (bad_order == '0);
            if (result != mmu_defs::LOOKUP_MISS) begin
                clean_means_clean: assert ((result == mmu_defs::LOOKUP_CLEAN) ==
                                           (to_clean && adue));
                refusal_is_right: assert ((reason == mmu_defs::FAULT_NONE) ==
                                          (allowed && !to_clean));
            end
            if (result != mmu_defs::LOOKUP_MISS)
                set_of_hit: assert (32'(set) == (any_vpn >> spec::shift_of(size)) % SETS);
            if (fill) begin
                set_of_fill: assert (
                    32'(fill_set) == (any_new_vpn >> spec::shift_of(new_size)) % SETS);
                // Together with the next but one: the solver learns from it what the ways hold.
                same_page_first: assert (bad_same == '0 && bad_victim == '0);
                lowest_invalid_first: assert (hole == '0);
                evicted_is_told: assert (bad_victim == '0);
            end

            `REACHES(hits_superpage, hit && size == mmu_defs::PAGE_256T && any_vpn != vpn_q[0])
            `REACHES(hits_other_space, hit && (at & ~asid_agrees) != '0)
            `REACHES(finds_two, hit && (due & ~at) != '0)
            `REACHES(hit_is_refused, hit && !allowed)
            `REACHES(store_finds_clean, result == mmu_defs::LOOKUP_CLEAN)
            `REACHES(evicts, fill && evicted && same == '0)
            `REACHES(refills, fill && same != '0)
            `REACHES(fills_beside_a_miss, fill && lookup && evicted)
            `REACHES(hits_what_was_spared, hit && (at & spared_q) != '0)
            `REACHES(misses_what_was_fenced, lookup && result == mmu_defs::LOOKUP_MISS &&
                                             (matches & fenced_q & ~held_q) != '0)
        end
    end
endmodule
