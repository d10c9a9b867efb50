// One level of the walk cache: pointer PTEs that were read at this level.
module walk_cache_level #(
    parameter int LEVEL   = 1,              // 1 to 4
    parameter int ENTRIES = 4,              // 1 or more
    parameter int WAY_W   = ENTRIES > 1 ? $clog2(ENTRIES) : 1
) (
    input  logic                        clk_i,
    input  logic                        rst_ni,

    // Lookup
    input  logic                        lookup_i,          // look up now
    input  logic [mmu_defs::VPN_W-1:0]  lookup_vpn_i,      // va[56:12]
    input  logic [mmu_defs::MODE_W-1:0] lookup_mode_i,     // satp.MODE, not Bare
    input  logic [mmu_defs::ASID_W-1:0] lookup_asid_i,     // satp.ASID
    output logic                        lookup_hit_o,      // 0 without a lookup; then the rest means nothing
    output logic [WAY_W-1:0]            lookup_way_o,      // the entry
    output logic [mmu_defs::PPN_W-1:0]  lookup_ppn_o,      // of the table that the pointer names
    output logic                        lookup_global_o,   // G of it or of a pointer above it

    // Fill: a pointer PTE of this level arrived
    input  logic                        fill_i,            // take it now
    input  logic [mmu_defs::VPN_W-1:0]  fill_vpn_i,        // of the walk
    input  logic [mmu_defs::MODE_W-1:0] fill_mode_i,
    input  logic [mmu_defs::ASID_W-1:0] fill_asid_i,
    input  logic [mmu_defs::PPN_W-1:0]  fill_ppn_i,        // of the table it names
    input  logic                        fill_global_i,     // G of it or of a pointer above it

    // Fence (SFENCE.VMA)
    input  logic                        fence_i,           // remove now
    input  logic                        fence_has_va_i,    // nothing: it orders leaf PTEs only (12.2.1)
    input  logic                        fence_has_asid_i,  // only those of fence_asid_i
    input  logic [mmu_defs::ASID_W-1:0] fence_asid_i
);
    // The bits of a page number that lead to this level's pointers: 9 less for each level below, in
    // Sv32 (which has pointers at level 1 only) 10.
    localparam int LOW = 9 * LEVEL;
    localparam int BITS_W = mmu_defs::VPN_W - LOW;

    logic [ENTRIES-1:0]          valid_q;
    logic [mmu_defs::MODE_W-1:0] mode_q[0:ENTRIES-1];
    logic [mmu_defs::ASID_W-1:0] asid_q[0:ENTRIES-1];
    logic [BITS_W-1:0]           bits_q[0:ENTRIES-1];
    logic [mmu_defs::PPN_W-1:0]  ppn_q[0:ENTRIES-1];
    logic [ENTRIES-1:0]          global_q;
    logic [WAY_W-1:0]            turn_q;  // the next to be replaced

    // Whether two addresses lead to the same pointer in a mode.
    function automatic logic same_pointer(input logic [mmu_defs::MODE_W-1:0] paging,
                                          input logic [BITS_W-1:0] a, input logic [BITS_W-1:0] b);
        same_pointer = a[BITS_W-1:1] == b[BITS_W-1:1] &&
            (a[0] == b[0] || (LEVEL == 1 && mode::is_sv32(paging)));
    endfunction

    // ---- Search, for a lookup or a fence of an address space
    logic [ENTRIES-1:0] found;
    logic [BITS_W-1:0] key_bits;
    logic [mmu_defs::ASID_W-1:0] key_asid;
    logic remove, any_space;

    assign key_bits = lookup_vpn_i[mmu_defs::VPN_W-1:LOW];
    assign remove = fence_i && !fence_has_va_i;
    assign key_asid = remove ? fence_asid_i : lookup_asid_i;
    assign any_space = remove && !fence_has_asid_i;

    always_comb begin
        found = '0;
        if (lookup_i || remove) begin
            for (int e = 0; e < ENTRIES; e++) begin
                if (remove || same_pointer(mode_q[e], bits_q[e], key_bits)) begin
                    if ((any_space || asid_q[e] == key_asid) &&
                        (remove || mode_q[e] == lookup_mode_i))
                        found[e] = valid_q[e];
                end
            end
        end
    end

    // At most one entry holds the same.
    first #(.N(ENTRIES)) i_found (.set_i(found), .index_o(lookup_way_o));
    assign lookup_hit_o = lookup_i && found != '0;
    assign lookup_ppn_o = ppn_q[lookup_way_o];
    assign lookup_global_o = global_q[lookup_way_o];

    // ---- Fill: over the same pointer, else the next in turn
    logic [ENTRIES-1:0] same;
    logic [WAY_W-1:0] same_way, fill_way;
    logic [BITS_W-1:0] fill_bits;
    assign fill_bits = fill_vpn_i[mmu_defs::VPN_W-1:LOW];

    always_comb begin
        same = '0;
        if (fill_i) begin
            for (int e = 0; e < ENTRIES; e++) begin
                if (same_pointer(mode_q[e], bits_q[e], fill_bits)) begin
                    if (asid_q[e] == fill_asid_i && mode_q[e] == fill_mode_i) same[e] = valid_q[e];
                end
            end
        end
    end

    first #(.N(ENTRIES)) i_same (.set_i(same), .index_o(same_way));
    assign fill_way = same != '0 ? same_way : turn_q;

    // ---- State
    always_ff @(posedge clk_i) begin
        if (!rst_ni) valid_q <= '0;
        else if (remove) valid_q <= valid_q & ~found;
        else if (fill_i) valid_q[fill_way] <= 1'b1;
    end

    always_ff @(posedge clk_i) begin
        if (!rst_ni) turn_q <= '0;
        else if (fill_i && same == '0)
            turn_q <= turn_q == WAY_W'(ENTRIES - 1) ? '0 : turn_q + WAY_W'(1);
    end

    always_ff @(posedge clk_i) begin
        if (fill_i) begin
            mode_q[fill_way] <= fill_mode_i;
            asid_q[fill_way] <= fill_asid_i;
            bits_q[fill_way] <= fill_bits;
            ppn_q[fill_way] <= fill_ppn_i;
            global_q[fill_way] <= fill_global_i;
        end
    end

    logic unused_low;
    assign unused_low = &{1'b0, lookup_vpn_i[LOW-1:0], fill_vpn_i[LOW-1:0]};

`ifndef SYNTHESIS
    always @(posedge clk_i) begin
        if (rst_ni) begin
            assert ((same & (same - ENTRIES'(1))) == '0) else $error("a pointer is held twice");
            if (lookup_hit_o)
                assert ((found & (found - ENTRIES'(1))) == '0) else $error("two pointers found");
        end
    end
`endif
endmodule
