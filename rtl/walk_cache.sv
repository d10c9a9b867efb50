// The walk cache: pointer PTEs of the upper levels, so that a walk need not begin at the root.
// Lookups are combinational and see the state before a fill of the same cycle; a fence comes alone.
module walk_cache #(
    parameter int ENTRIES = 4,              // of each level; 0: none, never a hit
    parameter int WAY_W   = ENTRIES > 1 ? $clog2(ENTRIES) : 1
) (
    input  logic                        clk_i,
    input  logic                        rst_ni,

    // Lookup
    input  logic                        lookup_i,          // look up now
    input  logic [mmu_defs::VPN_W-1:0]  lookup_vpn_i,      // va[56:12]
    input  logic [mmu_defs::MODE_W-1:0] lookup_mode_i,     // satp.MODE, not Bare
    input  logic [mmu_defs::ASID_W-1:0] lookup_asid_i,     // satp.ASID
    output logic                        lookup_hit_o,      // 0 without a lookup; then the rest is 0 too
    output logic [2:0]                  lookup_level_o,    // 1 to 4: that of the pointer; the walk begins
                                                           // at the level below it
    output logic [WAY_W-1:0]            lookup_way_o,      // entry within its level
    output logic [mmu_defs::PPN_W-1:0]  lookup_ppn_o,      // of the table that the pointer names
    output logic                        lookup_global_o,   // G of it or of a pointer above it

    // Fill: a pointer PTE arrived
    input  logic                        fill_i,            // take it now
    input  logic [mmu_defs::VPN_W-1:0]  fill_vpn_i,        // of the walk
    input  logic [mmu_defs::MODE_W-1:0] fill_mode_i,
    input  logic [mmu_defs::ASID_W-1:0] fill_asid_i,
    input  logic [2:0]                  fill_level_i,      // 1 to 4: where it was read
    input  logic [mmu_defs::PPN_W-1:0]  fill_ppn_i,        // of the table it names
    input  logic                        fill_global_i,     // G of it or of a pointer above it

    // Fence (SFENCE.VMA)
    input  logic                        fence_i,           // remove now
    input  logic                        fence_has_va_i,    // nothing: it orders leaf PTEs only (12.2.1)
    input  logic                        fence_has_asid_i,  // only those of fence_asid_i
    input  logic [mmu_defs::ASID_W-1:0] fence_asid_i
);
    localparam int LEVELS = 4;  // levels 1 to 4 hold pointers

    generate
        if (ENTRIES == 0) begin : g_none
            assign lookup_hit_o = 1'b0;
            assign lookup_level_o = '0;
            assign lookup_way_o = '0;
            assign lookup_ppn_o = '0;
            assign lookup_global_o = 1'b0;
            logic unused_inputs;
            assign unused_inputs = &{
                1'b0, clk_i, rst_ni, lookup_i, lookup_vpn_i, lookup_mode_i, lookup_asid_i, fill_i,
                fill_vpn_i, fill_mode_i, fill_asid_i, fill_level_i, fill_ppn_i, fill_global_i, fence_i,
                fence_has_va_i, fence_has_asid_i, fence_asid_i};
        end else begin : g_cache
            // What each level found; of several the lowest level counts.
            logic [LEVELS-1:0] hit, is_global;
            logic [WAY_W-1:0] way[0:LEVELS-1];
            logic [mmu_defs::PPN_W-1:0] ppn[0:LEVELS-1];

            for (genvar l = 0; l < LEVELS; l++) begin : g_level
                walk_cache_level #(.LEVEL(l + 1), .ENTRIES(ENTRIES)) i_level (
                    .clk_i, .rst_ni, .lookup_i, .lookup_vpn_i, .lookup_mode_i, .lookup_asid_i,
                    .lookup_hit_o(hit[l]), .lookup_way_o(way[l]), .lookup_ppn_o(ppn[l]),
                    .lookup_global_o(is_global[l]),
                    .fill_i(fill_i && fill_level_i == 3'(l + 1)), .fill_vpn_i, .fill_mode_i,
                    .fill_asid_i, .fill_ppn_i, .fill_global_i,
                    .fence_i, .fence_has_va_i, .fence_has_asid_i, .fence_asid_i
                );
            end

            always_comb begin
                lookup_hit_o = hit != '0;
                lookup_level_o = '0;
                lookup_way_o = '0;
                lookup_ppn_o = '0;
                lookup_global_o = 1'b0;
                for (int l = LEVELS - 1; l >= 0; l--) begin
                    if (hit[l]) begin
                        lookup_level_o = 3'(l + 1);
                        lookup_way_o = way[l];
                        lookup_ppn_o = ppn[l];
                        lookup_global_o = is_global[l];
                    end
                end
            end

`ifndef SYNTHESIS
            always @(posedge clk_i) begin
                if (rst_ni) begin
                    assert (!(fence_i && (lookup_i || fill_i)))
                    else $error("walk cache used during a fence");
                    if (fill_i)
                        assert (fill_level_i >= 3'd1 && fill_level_i <= mode::top_level(fill_mode_i))
                        else $error("no pointers at this level");
                end
            end
`endif
        end
    endgenerate
endmodule
