// LRU and FIFO: the ways of a set in order of age, 0 the newest. Combinational; for FIFO the caller
// reports fills only.
module age #(
    parameter int WAYS    = 4,              // 1 or more
    parameter int AGE_W   = WAYS > 1 ? $clog2(WAYS) : 1,
    parameter int STATE_W = WAYS * AGE_W,   // ages of all ways, way 0 lowest
    parameter int WAY_W   = AGE_W
) (
    input  logic [STATE_W-1:0] state_i,     // ages of the set
    input  logic               touched_i,   // 0: the set was never used, state_i means nothing
    input  logic               use_i,       // way_i is used now
    input  logic [WAY_W-1:0]   way_i,       // the way used
    output logic [STATE_W-1:0] state_o,     // ages after the use
    output logic [WAY_W-1:0]   victim_o     // the oldest way, by state_i
);
    localparam logic [AGE_W-1:0] OLDEST = AGE_W'(WAYS - 1);

    // Any order will do for a set that was never used: it has invalid ways, which go first.
    function automatic logic [STATE_W-1:0] first_order();
        for (int w = 0; w < WAYS; w++) first_order[w*AGE_W+:AGE_W] = AGE_W'(w);
    endfunction

    logic [STATE_W-1:0] ages;
    logic [AGE_W-1:0] used_age;

    assign ages = touched_i ? state_i : first_order();

    always_comb begin
        used_age = ages[way_i*AGE_W+:AGE_W];
        state_o = ages;
        if (use_i && used_age != '0) begin
            for (int w = 0; w < WAYS; w++) begin
                if (WAY_W'(w) == way_i) state_o[w*AGE_W+:AGE_W] = '0;
                else if (ages[w*AGE_W+:AGE_W] < used_age)
                    state_o[w*AGE_W+:AGE_W] = ages[w*AGE_W+:AGE_W] + AGE_W'(1);
            end
        end
    end

    always_comb begin
        victim_o = '0;
        for (int w = 0; w < WAYS; w++) if (ages[w*AGE_W+:AGE_W] == OLDEST) victim_o = WAY_W'(w);
    end
endmodule
