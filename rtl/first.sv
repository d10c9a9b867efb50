// The lowest-numbered member of a set. Combinational, without a chain over the members.
module first #(
    parameter int N       = 4,              // members, 1 or more
    parameter int INDEX_W = N > 1 ? $clog2(N) : 1
) (
    input  logic [N-1:0]       set_i,
    output logic [INDEX_W-1:0] index_o      // 0 if the set is empty
);
    logic [N-1:0] lowest;
    assign lowest = set_i & (~set_i + N'(1));

    // Numbers below N in which bit b is 1.
    function automatic logic [N-1:0] numbers_with(input int b);
        numbers_with = '0;
        for (int i = 0; i < N; i++) numbers_with[i] = ((i >> b) & 1) == 1;
    endfunction

    generate
        for (genvar b = 0; b < INDEX_W; b++) begin : g_bit
            localparam logic [N-1:0] NUMBERS = numbers_with(b);
            assign index_o[b] = |(lowest & NUMBERS);
        end
    endgenerate
endmodule
