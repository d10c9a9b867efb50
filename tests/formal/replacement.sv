// Properties of rtl/replacement.sv with age.sv, plru.sv and random.sv. One set is watched, any one; the
// others are used in between.
module formal_replacement #(
    parameter int SETS   = `SETS,
    parameter int WAYS   = `WAYS,
    parameter int POLICY = `POLICY,
    parameter int SET_W  = SETS > 1 ? $clog2(SETS) : 1,
    parameter int WAY_W  = WAYS > 1 ? $clog2(WAYS) : 1
) (
    input logic             clk_i,
    input logic [SET_W-1:0] any_set,
    input logic [1:0]       any_use,
    input logic [WAY_W-1:0] any_way,
    input logic             any_fill_victim
);
    localparam bit FIFO = POLICY == 32'(mmu_defs::POLICY_FIFO);
    localparam bit ORDERED = FIFO || POLICY == 32'(mmu_defs::POLICY_LRU);
    localparam bit PLRU = POLICY == 32'(mmu_defs::POLICY_PLRU);

    logic reset_done_q = 1'b0;
    always_ff @(posedge clk_i) reset_done_q <= 1'b1;

    logic [SET_W-1:0] set, watched_q;
    logic here;
    assign set = 32'(any_set) < SETS ? any_set : '0;
    assign here = set == watched_q;
    always_ff @(posedge clk_i) if (!reset_done_q) watched_q <= set;

    // A hit, or a fill of the victim or, while there are invalid ways, of another way.
    logic hit, fill;
    logic [WAY_W-1:0] way, victim;
    assign hit = any_use == 2'd1 && reset_done_q;
    assign fill = any_use == 2'd2 && reset_done_q;
    always_comb begin
        way = any_way;
        if (32'(any_way) >= WAYS) way = '0;
        if (fill && any_fill_victim) way = victim;
    end

    replacement #(.SETS(SETS), .WAYS(WAYS), .POLICY(POLICY), .RANDOM_FIRST(32'hace10004)) i_replacement (
        .clk_i, .rst_ni(reset_done_q), .read_i(1'b0), .read_set_i({SET_W{1'b0}}), .set_i(set), .hit_i(hit), .fill_i(fill), .way_i(way),
        .choose_i(fill && any_fill_victim), .victim_o(victim)
    );

    // Of the set watched: row a, bit b of later_q: way b was used after way a last was.
    logic used;
    logic [WAYS-1:0] ever_q = '0;
    logic [WAYS*WAYS-1:0] later_q = '0;
    logic [WAY_W-1:0] last_q;
    assign used = here && (fill || (hit && !FIFO));
    always_ff @(posedge clk_i) begin
        if (used) begin
            ever_q[way] <= 1'b1;
            last_q <= way;
            for (int w = 0; w < WAYS; w++) begin
                if (32'(way) == w) later_q[w*WAYS+:WAYS] <= '0;
                else later_q[w*WAYS+:WAYS] <= later_q[w*WAYS+:WAYS] | (WAYS'(1) << way);
            end
        end
    end

    logic [WAYS-1:0] oldest, row;
    always_comb begin
        for (int w = 0; w < WAYS; w++) begin
            row = later_q[w*WAYS+:WAYS];
            row[w] = 1'b1;
            oldest[w] = &row;
        end
    end

    always @(posedge clk_i) begin
        if (reset_done_q) begin
            victim_in_range: assert (32'(victim) < WAYS);
            if (ORDERED && here && &ever_q) victim_is_oldest: assert (oldest[victim]);
            if ((ORDERED || PLRU) && here && ever_q != '0 && WAYS > 1)
                not_the_last_used: assert (victim != last_q);

            `REACHES(last_way_is_victim, here && 32'(victim) == WAYS - 1 && &ever_q)
            `REACHES(first_way_is_victim, here && victim == '0 && &ever_q && last_q == WAY_W'(WAYS - 1))
        end
    end
endmodule
