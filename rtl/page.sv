// Page sizes: how many bits of a page number lie inside the page.
package page;

    // Page size of a leaf at a level; napot: its N bit is set (64 KiB, chapter "Svnapot").
    function automatic logic [mmu_defs::PAGE_W-1:0] of_level(input logic sv32,
                                                             input logic [2:0] level,
                                                             input logic napot);
        case (level)
            3'd0:    of_level = napot ? mmu_defs::PAGE_64K : mmu_defs::PAGE_4K;
            3'd1:    of_level = sv32 ? mmu_defs::PAGE_4M : mmu_defs::PAGE_2M;
            3'd2:    of_level = mmu_defs::PAGE_1G;
            3'd3:    of_level = mmu_defs::PAGE_512G;
            default: of_level = mmu_defs::PAGE_256T;
        endcase
    endfunction

    // log2 of the number of 4 KiB pages in a page.
    function automatic logic [mmu_defs::PAGE_SHIFT_W-1:0] vpn_shift(
        input logic [mmu_defs::PAGE_W-1:0] size);
        case (size)
            mmu_defs::PAGE_64K:  vpn_shift = mmu_defs::PAGE_SHIFT_64K - mmu_defs::PAGE_SHIFT_4K;
            mmu_defs::PAGE_2M:   vpn_shift = mmu_defs::PAGE_SHIFT_2M - mmu_defs::PAGE_SHIFT_4K;
            mmu_defs::PAGE_4M:   vpn_shift = mmu_defs::PAGE_SHIFT_4M - mmu_defs::PAGE_SHIFT_4K;
            mmu_defs::PAGE_1G:   vpn_shift = mmu_defs::PAGE_SHIFT_1G - mmu_defs::PAGE_SHIFT_4K;
            mmu_defs::PAGE_512G: vpn_shift = mmu_defs::PAGE_SHIFT_512G - mmu_defs::PAGE_SHIFT_4K;
            mmu_defs::PAGE_256T: vpn_shift = mmu_defs::PAGE_SHIFT_256T - mmu_defs::PAGE_SHIFT_4K;
            default:             vpn_shift = '0;
        endcase
    endfunction

    // Ones in the bits of a virtual page number that name the page.
    function automatic logic [mmu_defs::VPN_W-1:0] name_mask(
        input logic [mmu_defs::PAGE_W-1:0] size);
        name_mask = {mmu_defs::VPN_W{1'b1}};
        name_mask = name_mask << vpn_shift(size);
    endfunction

    // A virtual page number with its fields, cut where the pages of some size begin, in reverse order:
    // what names a page is then the lower part of what names any smaller one inside it, which lets
    // synthesis share the comparators of all sizes.
    function automatic logic [mmu_defs::VPN_W-1:0] reversed(
        input logic [mmu_defs::VPN_W-1:0] vpn);
        reversed = {vpn[3:0], vpn[8:4], vpn[9], vpn[17:10], vpn[26:18], vpn[35:27], vpn[44:36]};
    endfunction

    // The opposite of reversed().
    function automatic logic [mmu_defs::VPN_W-1:0] restored(
        input logic [mmu_defs::VPN_W-1:0] fields);
        restored = {fields[8:0], fields[17:9], fields[26:18], fields[34:27], fields[35],
                    fields[40:36], fields[44:41]};
    endfunction

    // Ones in the bits of reversed() that name the page.
    function automatic logic [mmu_defs::VPN_W-1:0] reversed_mask(
        input logic [mmu_defs::PAGE_W-1:0] size);
        reversed_mask = {mmu_defs::VPN_W{1'b1}};
        reversed_mask = reversed_mask >> vpn_shift(size);
    endfunction

    // Ones in the bits of a physical page number that lie inside the page.
    function automatic logic [mmu_defs::PPN_W-1:0] inside_mask(
        input logic [mmu_defs::PAGE_W-1:0] size);
        inside_mask = {mmu_defs::PPN_W{1'b1}};
        inside_mask = inside_mask << vpn_shift(size);
        inside_mask = ~inside_mask;
    endfunction

endpackage
