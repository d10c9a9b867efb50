// Round robin: the first member of a set at or after a number, cyclically. Combinational.
module first_from #(
    parameter int N       = 4,              // members, 1 or more
    parameter int INDEX_W = N > 1 ? $clog2(N) : 1
) (
    input  logic [N-1:0]       set_i,
    input  logic [INDEX_W-1:0] from_i,      // below N
    output logic [INDEX_W-1:0] index_o,     // 0 if the set is empty
    output logic [INDEX_W-1:0] next_o       // the number after index_o, cyclically
);
    logic [N-1:0] upper;
    assign upper = set_i & ({N{1'b1}} << from_i);

    first #(.N(N)) i_first (.set_i(upper != '0 ? upper : set_i), .index_o);

    assign next_o = index_o == INDEX_W'(N - 1) ? '0 : index_o + INDEX_W'(1);
endmodule
