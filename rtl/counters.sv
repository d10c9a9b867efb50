// The performance counters, 64 bits each, 0 after reset.
module counters (
    input  logic                             clk_i,
    input  logic                             rst_ni,
    input  logic [2*mmu_defs::COUNTERS-1:0]  increment_i,  // 0 to 3 for counter n: bits 2n+1:2n
    input  logic [mmu_defs::COUNTER_W-1:0]   select_i,     // COUNTER_*
    output logic [63:0]                      count_o       // at the start of the cycle; 0 if none
);
endmodule
