// Random replacement: one xorshift32 for the whole TLB, advanced once for each victim chosen.
module random #(
    parameter int          WAYS  = 4,       // 1 or more
    parameter logic [31:0] FIRST = 32'd1,   // first state, not 0
    parameter int          WAY_W = WAYS > 1 ? $clog2(WAYS) : 1
) (
    input  logic             clk_i,
    input  logic             rst_ni,
    input  logic             choose_i,      // a victim is chosen in this cycle
    output logic [WAY_W-1:0] victim_o       // the way to replace
);
    logic [31:0] state_d, state_q;

    function automatic logic [31:0] xorshift(input logic [31:0] state);
        xorshift = state ^ (state << 13);
        xorshift = xorshift ^ (xorshift >> 17);
        xorshift = xorshift ^ (xorshift << 5);
    endfunction

    logic [31:0] scaled;
    assign state_d = xorshift(state_q);
    assign scaled = 32'(state_d[31:16]) * 32'(WAYS);
    assign victim_o = WAY_W'(scaled >> 16);

    always_ff @(posedge clk_i) begin
        if (!rst_ni) state_q <= FIRST;
        else if (choose_i) state_q <= state_d;
    end
endmodule
