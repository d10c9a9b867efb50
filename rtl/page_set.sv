// The set of a page in a TLB: the number of the page, modulo the sets. Combinational.
module page_set #(
    parameter int SETS  = 4,                // 1 or more, any number
    parameter int SET_W = SETS > 1 ? $clog2(SETS) : 1
) (
    input  logic [mmu_defs::PAGE_W-1:0] size_i,   // of the page
    input  logic [mmu_defs::VPN_W-1:0]  vpn_i,    // any address in the page
    output logic [SET_W-1:0]            set_o
);
    generate
        if (SETS == 1) begin : g_one
            assign set_o = '0;
            logic unused_page;
            assign unused_page = &{1'b0, size_i, vpn_i};
        end else if ((SETS & (SETS - 1)) == 0) begin : g_mask
            // Yosys would make a divider of the remainder.
            assign set_o = SET_W'(vpn_i >> page::vpn_shift(size_i));
        end else begin : g_remainder
            assign set_o = SET_W'((vpn_i >> page::vpn_shift(size_i)) % mmu_defs::VPN_W'(SETS));
        end
    endgenerate
endmodule
