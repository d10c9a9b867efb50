// Checks the rule of every valid/ready channel: valid, once 1, stays 1 with its payload until the
// transfer. Only for simulation; empty when synthesised.
module handshake_check #(
    parameter int WIDTH = 1                 // of the payload
) (
    input logic             clk_i,
    input logic             rst_ni,
    input logic             valid_i,
    input logic             ready_i,
    input logic [WIDTH-1:0] payload_i
);
`ifdef SYNTHESIS
    logic unused_all;
    assign unused_all = &{1'b0, clk_i, rst_ni, valid_i, ready_i, payload_i};
`else
    logic waiting_q;                        // an offer was not taken in the cycle before
    logic [WIDTH-1:0] payload_q;

    always @(posedge clk_i) begin
        waiting_q <= rst_ni && valid_i && !ready_i;
        if (rst_ni && valid_i && !ready_i && !waiting_q) payload_q <= payload_i;
        if (rst_ni && waiting_q) begin
            assert (valid_i) else $error("valid withdrawn before ready");
            assert (payload_i == payload_q) else $error("payload changed before ready");
        end
    end
`endif
endmodule
