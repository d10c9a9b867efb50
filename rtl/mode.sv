// The paging modes: what differs between Sv32, Sv39, Sv48 and Sv57 (sections 12.3 to 12.6).
package mode;

    // Page tables are 4 KiB; PTEs have 4 bytes in Sv32, else 8.
    function automatic logic is_sv32(input logic [mmu_defs::MODE_W-1:0] paging);
        is_sv32 = paging == mmu_defs::MODE_SV32;
    endfunction

    // Level of the root table: LEVELS - 1.
    function automatic logic [2:0] top_level(input logic [mmu_defs::MODE_W-1:0] paging);
        case (paging)
            mmu_defs::MODE_SV32: top_level = 3'd1;
            mmu_defs::MODE_SV39: top_level = 3'd2;
            mmu_defs::MODE_SV48: top_level = 3'd3;
            mmu_defs::MODE_SV57: top_level = 3'd4;
            default:             top_level = 3'd0;
        endcase
    endfunction

    // Whether the unused upper bits of a virtual address are what the mode wants: copies of the
    // highest used bit, or 0 in Sv32. Takes va[63:32].
    function automatic logic canonical(input logic [mmu_defs::MODE_W-1:0] paging,
                                       input logic [mmu_defs::VA_W-1:32] va);
        case (paging)
            mmu_defs::MODE_SV32: canonical = va == '0;
            mmu_defs::MODE_SV39: canonical = va[63:38] == '0 || &va[63:38];
            mmu_defs::MODE_SV48: canonical = va[63:47] == '0 || &va[63:47];
            mmu_defs::MODE_SV57: canonical = va[63:56] == '0 || &va[63:56];
            default:             canonical = 1'b1;
        endcase
    endfunction

    // The page sizes of the mode: one bit for each PAGE_ code.
    function automatic logic [mmu_defs::PAGE_SIZES-1:0] sizes(
        input logic [mmu_defs::MODE_W-1:0] paging);
        sizes = '0;
        sizes[mmu_defs::PAGE_4K] = 1'b1;
        if (is_sv32(paging)) begin
            sizes[mmu_defs::PAGE_4M] = 1'b1;
        end else begin
            sizes[mmu_defs::PAGE_64K]  = 1'b1;
            sizes[mmu_defs::PAGE_2M]   = 1'b1;
            sizes[mmu_defs::PAGE_1G]   = 1'b1;
            sizes[mmu_defs::PAGE_512G] = top_level(paging) >= 3'd3;
            sizes[mmu_defs::PAGE_256T] = top_level(paging) >= 3'd4;
        end
    endfunction

    // vpn[level] x PTESIZE: bytes from the start of the table to the PTE.
    function automatic logic [11:0] pte_offset(input logic [mmu_defs::MODE_W-1:0] paging,
                                               input logic [2:0] level,
                                               input logic [mmu_defs::VPN_W-1:0] vpn);
        if (is_sv32(paging)) begin
            pte_offset = level == 3'd0 ? {vpn[9:0], 2'b00} : {vpn[19:10], 2'b00};
        end else begin
            case (level)
                3'd0:    pte_offset = {vpn[8:0], 3'b000};
                3'd1:    pte_offset = {vpn[17:9], 3'b000};
                3'd2:    pte_offset = {vpn[26:18], 3'b000};
                3'd3:    pte_offset = {vpn[35:27], 3'b000};
                default: pte_offset = {vpn[44:36], 3'b000};
            endcase
        end
    endfunction

endpackage
