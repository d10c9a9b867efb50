// Properties of rtl/age.sv: fed back to itself, the ages stay a permutation.
module formal_age #(
    parameter int WAYS  = `WAYS,
    parameter int AGE_W = WAYS > 1 ? $clog2(WAYS) : 1
) (
    input logic             clk_i,
    input logic             any_use,
    input logic [AGE_W-1:0] any_way
);
    logic touched_q = 1'b0;
    logic [WAYS*AGE_W-1:0] state_q, state;
    logic [AGE_W-1:0] way, unused_victim;
    assign way = 32'(any_way) < WAYS ? any_way : '0;

    age #(.WAYS(WAYS)) i_age (
        .state_i(state_q), .touched_i(touched_q), .use_i(any_use), .way_i(way),
        .state_o(state), .victim_o(unused_victim)
    );
    always_ff @(posedge clk_i) begin
        if (any_use) {touched_q, state_q} <= {1'b1, state};
    end

    // Every age stands once, and the used way is the newest.
    logic [WAYS-1:0] seen;
    always_comb begin
        seen = '0;
        for (int w = 0; w < WAYS; w++)
            if (32'(state[w*AGE_W+:AGE_W]) < WAYS) seen[state[w*AGE_W+:AGE_W]] = 1'b1;
    end

    always @(posedge clk_i) begin
        ages_are_a_permutation: assert (&seen);
        if (any_use) used_way_is_newest: assert (state[way*AGE_W+:AGE_W] == '0);
    end
endmodule
