// What docs/architecture.md says, as functions of the harnesses. Written apart from the hardware's
// own packages: of them only the encodings are used.

// A situation that the environment must allow, written as the assertion that it never comes.
`define REACHES(NAME, SITUATION) NAME: assert (!(SITUATION));

package spec;

    function automatic logic [2:0] levels(input logic [mmu_defs::MODE_W-1:0] paging);
        case (paging)
            mmu_defs::MODE_SV32: levels = 3'd2;
            mmu_defs::MODE_SV39: levels = 3'd3;
            mmu_defs::MODE_SV48: levels = 3'd4;
            default:             levels = 3'd5;
        endcase
    endfunction

    // One of the four modes, for two free bits.
    function automatic logic [mmu_defs::MODE_W-1:0] any_mode(input logic [1:0] choice);
        case (choice)
            2'd0:    any_mode = mmu_defs::MODE_SV32;
            2'd1:    any_mode = mmu_defs::MODE_SV39;
            2'd2:    any_mode = mmu_defs::MODE_SV48;
            default: any_mode = mmu_defs::MODE_SV57;
        endcase
    endfunction

    // Byte offset of the PTE in its table: va.vpn[level] x PTESIZE.
    function automatic logic [11:0] offset(input logic sv32, input logic [2:0] level,
                                           input logic [mmu_defs::VPN_W-1:0] vpn);
        logic [mmu_defs::VPN_W-1:0] shifted;
        if (sv32) begin
            shifted = vpn >> (10 * level);
            offset = {shifted[9:0], 2'b00};
        end else begin
            shifted = vpn >> (9 * level);
            offset = {shifted[8:0], 3'b000};
        end
    endfunction

    // log2 of the pages of 4 KiB in a page.
    function automatic logic [5:0] shift_of(input logic [mmu_defs::PAGE_W-1:0] size);
        case (size)
            mmu_defs::PAGE_4K:   shift_of = 6'd0;
            mmu_defs::PAGE_64K:  shift_of = 6'd4;
            mmu_defs::PAGE_2M:   shift_of = 6'd9;
            mmu_defs::PAGE_4M:   shift_of = 6'd10;
            mmu_defs::PAGE_1G:   shift_of = 6'd18;
            mmu_defs::PAGE_512G: shift_of = 6'd27;
            default:             shift_of = 6'd36;
        endcase
    endfunction

    function automatic logic same_page(input logic [mmu_defs::PAGE_W-1:0] size,
                                       input logic [mmu_defs::VPN_W-1:0] one,
                                       input logic [mmu_defs::VPN_W-1:0] other);
        same_page = ((one ^ other) >> shift_of(size)) == '0;
    endfunction

    function automatic logic mode_has_size(input logic [mmu_defs::MODE_W-1:0] paging,
                                           input logic [mmu_defs::PAGE_W-1:0] size);
        case (size)
            mmu_defs::PAGE_4K:   mode_has_size = 1'b1;
            mmu_defs::PAGE_4M:   mode_has_size = paging == mmu_defs::MODE_SV32;
            mmu_defs::PAGE_64K,
            mmu_defs::PAGE_2M,
            mmu_defs::PAGE_1G:   mode_has_size = paging != mmu_defs::MODE_SV32;
            mmu_defs::PAGE_512G: mode_has_size = levels(paging) >= 3'd4;
            mmu_defs::PAGE_256T: mode_has_size = levels(paging) >= 3'd5;
            default:             mode_has_size = 1'b0;
        endcase
    endfunction

    // Steps 3 and 4: a pointer that may be followed.
    function automatic logic good_pointer(input logic [63:0] entry, input logic [2:0] level);
        good_pointer = entry[3:0] == 4'b0001 && {entry[7:6], entry[4]} == 3'd0 &&
                       entry[63:54] == '0 && level != 3'd0;
    endfunction

    // Steps 3 and 5: a leaf whose form is right.
    function automatic logic good_leaf(input logic [63:0] entry, input logic sv32,
                                       input logic [2:0] level, input logic pbmte,
                                       input logic napot);
        logic [43:0] inside;
        inside = ~(44'hfff_ffff_ffff << ((sv32 ? 10 : 9) * level));
        good_leaf = entry[0] && (entry[1] || (entry[3] && !entry[2])) && entry[60:54] == '0 &&
                    (entry[62:61] == 2'd0 || (pbmte && entry[62:61] != 2'd3)) &&
                    (!entry[63] || (napot && level == 3'd0 && entry[13:10] == 4'd8)) &&
                    (entry[53:10] & inside) == '0;
    endfunction

    // Steps 6 and 8, of the R, W, X and U bits in the order of a PTE.
    function automatic logic permitted(input logic [3:0] uxwr,
                                       input logic [mmu_defs::ACCESS_W-1:0] access,
                                       input logic user_mode, input logic sum, input logic mxr);
        logic [2:0] needs;
        case (access)
            mmu_defs::ACCESS_EXECUTE: needs = 3'b100;
            mmu_defs::ACCESS_WRITE:   needs = 3'b010;
            default:                  needs = mxr ? 3'b101 : 3'b001;
        endcase
        permitted = (uxwr[2:0] & needs) != 3'd0 &&
                    (user_mode == uxwr[3] ||
                     (!user_mode && sum && access != mmu_defs::ACCESS_EXECUTE));
    endfunction

    // Step 9: A or D would have to be set first.
    function automatic logic needs_update(input logic [63:0] entry, input logic store);
        needs_update = !entry[6] || (store && !entry[7]);
    endfunction

    // The first of steps 3 to 9 that an entry fails, in the order of docs/architecture.md.
    function automatic logic [mmu_defs::FAULT_W-1:0] reason(
        input logic [63:0] entry, input logic sv32, input logic [2:0] level, input logic pbmte,
        input logic napot, input logic [mmu_defs::ACCESS_W-1:0] access, input logic user_mode,
        input logic sum, input logic mxr, input logic adue);
        logic [43:0] inside;
        inside = ~(44'hfff_ffff_ffff << ((sv32 ? 10 : 9) * level));
        reason = mmu_defs::FAULT_NONE;
        // Backwards: what comes first is written last.
        if (access == mmu_defs::ACCESS_WRITE && !entry[7] && !adue)
            reason = mmu_defs::FAULT_DIRTY_CLEAR;
        if (!entry[6] && !adue) reason = mmu_defs::FAULT_ACCESSED_CLEAR;
        case (access)
            mmu_defs::ACCESS_EXECUTE: if (!entry[3]) reason = mmu_defs::FAULT_NOT_EXECUTABLE;
            mmu_defs::ACCESS_WRITE:   if (!entry[2]) reason = mmu_defs::FAULT_NOT_WRITABLE;
            default: if (!entry[1] && !(mxr && entry[3])) reason = mmu_defs::FAULT_NOT_READABLE;
        endcase
        if (user_mode && !entry[4]) reason = mmu_defs::FAULT_SUPERVISOR_PAGE;
        if (!user_mode && entry[4] && (access == mmu_defs::ACCESS_EXECUTE || !sum))
            reason = mmu_defs::FAULT_USER_PAGE;
        if ((entry[53:10] & inside) != '0) reason = mmu_defs::FAULT_MISALIGNED;
        if (entry[63] && (level != 3'd0 || entry[13:10] != 4'd8))
            reason = mmu_defs::FAULT_RESERVED_NAPOT;
        if (!entry[1] && !entry[3]) begin
            reason = level == 3'd0 ? mmu_defs::FAULT_POINTER_AT_LEAF : mmu_defs::FAULT_NONE;
            if ({entry[63:61], entry[7:6], entry[4]} != '0) reason = mmu_defs::FAULT_POINTER_FLAGS;
        end
        if (entry[63] && !napot) reason = mmu_defs::FAULT_RESERVED_NAPOT;
        if (entry[62:61] == 2'd3 || (entry[62:61] != 2'd0 && !pbmte))
            reason = mmu_defs::FAULT_RESERVED_PBMT;
        if (entry[60:54] != '0) reason = mmu_defs::FAULT_RESERVED_BITS;
        if (entry[2] && !entry[1]) reason = mmu_defs::FAULT_WRITE_ONLY;
        if (!entry[0]) reason = mmu_defs::FAULT_NOT_VALID;
    endfunction

endpackage
