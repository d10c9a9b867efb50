// The sweep of a fence with operands: which sets of the L2 TLB stage A has yet to read.
module sweep #(
    parameter int SETS  = 64,               // 1 or more
    parameter int SET_W = SETS > 1 ? $clog2(SETS) : 1
) (
    input  logic                            clk_i,
    input  logic                            rst_ni,
    input  logic                            fence_valid_i,
    input  logic                            fence_i,        // it happens: the progress is forgotten
    input  logic                            fence_has_va_i,
    input  logic                            fence_has_asid_i,
    input  logic                            turn_i,         // stage A is free for a sweep
    input  logic [mmu_defs::PAGE_SIZES-1:0] filled_i,       // page sizes that may be in the L2 TLB
    output logic [mmu_defs::PAGE_SIZES-1:0] sizes_o,        // page sizes to read, the smallest now
    output logic                            by_set_o,       // set_o is to be read now
    output logic [SET_W-1:0]                set_o,
    output logic                            finished_o      // nothing is left to be read
);
    logic begun_q, all_q;
    logic [mmu_defs::PAGE_SIZES-1:0] left_q;
    logic [SET_W-1:0] set_q;
    logic by_address;

    // With an address: one set for each page size. Else, with an ASID: all sets.
    assign by_address = fence_valid_i && fence_has_va_i;
    assign by_set_o = fence_valid_i && !fence_has_va_i && fence_has_asid_i && !all_q;
    assign set_o = set_q;

    always_comb begin
        sizes_o = '0;
        if (by_address) sizes_o = begun_q ? left_q : filled_i;
    end
    assign finished_o = !by_set_o && sizes_o == '0;

    always_ff @(posedge clk_i) begin
        if (!rst_ni || fence_i) begin
            begun_q <= 1'b0;
            all_q <= 1'b0;
            set_q <= '0;
        end else if (turn_i) begin
            if (by_address) begun_q <= 1'b1;
            if (by_set_o) begin
                all_q <= set_q == SET_W'(SETS - 1);
                set_q <= set_q + SET_W'(1);
            end
        end
    end

    always_ff @(posedge clk_i) begin
        if (turn_i) left_q <= sizes_o & (sizes_o - mmu_defs::PAGE_SIZES'(1));  // without the lowest
    end
endmodule
