// The performance counters, 64 bits each, 0 after reset.
module counters (
    input  logic                             clk_i,
    input  logic                             rst_ni,
    input  logic [2*mmu_defs::COUNTERS-1:0]  increment_i,  // 0 to 3 for counter n: bits 2n+1:2n
    input  logic [mmu_defs::COUNTER_W-1:0]   select_i,     // COUNTER_*
    output logic [63:0]                      count_o       // at the start of the cycle; 0 if none
);
    logic [63:0] count_q[0:mmu_defs::COUNTERS-1];

    always_ff @(posedge clk_i) begin
        if (!rst_ni) begin
            for (int n = 0; n < mmu_defs::COUNTERS; n++) count_q[n] <= '0;
        end else begin
            for (int n = 0; n < mmu_defs::COUNTERS; n++) begin
                if (increment_i[2*n+:2] != '0) count_q[n] <= count_q[n] + 64'(increment_i[2*n+:2]);
            end
        end
    end

    always_comb begin
        count_o = '0;
        if (32'(select_i) < mmu_defs::COUNTERS) count_o = count_q[select_i];
    end
endmodule
