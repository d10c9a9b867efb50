// The set of an entry is a remainder by the number of sets. Yosys 0.23 makes a divider of it even where
// that is a power of two; this rule for its `techmap` makes a mask, which solvers digest.
(* techmap_celltype = "$mod" *)
module modulo_power_of_two (A, B, Y);
    parameter A_SIGNED = 0;
    parameter B_SIGNED = 0;
    parameter A_WIDTH = 1;
    parameter B_WIDTH = 1;
    parameter Y_WIDTH = 1;
    parameter _TECHMAP_CONSTMSK_B_ = 0;
    parameter _TECHMAP_CONSTVAL_B_ = 0;
    input [A_WIDTH-1:0] A;
    input [B_WIDTH-1:0] B;
    output [Y_WIDTH-1:0] Y;

    wire _TECHMAP_FAIL_ = A_SIGNED || B_SIGNED || ~_TECHMAP_CONSTMSK_B_[B_WIDTH-1:0] ||
                          _TECHMAP_CONSTVAL_B_ == 0 ||
                          (_TECHMAP_CONSTVAL_B_ & (_TECHMAP_CONSTVAL_B_ - 1'b1));
    assign Y = A & (B - 1'b1);
endmodule
