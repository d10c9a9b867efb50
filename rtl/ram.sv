// Synchronous RAM with one read and one write port, for block RAM or distributed RAM. What is read
// shows in the cycle after its address; a write in the cycle of the read to the same address shows.
module ram #(
    parameter int WIDTH     = 64,           // bits of a word
    parameter int DEPTH     = 64,           // words, 1 or more
    parameter int ADDRESS_W = DEPTH > 1 ? $clog2(DEPTH) : 1
) (
    input  logic                 clk_i,
    input  logic                 read_i,           // without it read_data_o stays
    input  logic [ADDRESS_W-1:0] read_address_i,
    output logic [WIDTH-1:0]     read_data_o,      // means nothing where nothing was written
    input  logic                 write_i,
    input  logic [ADDRESS_W-1:0] write_address_i,
    input  logic [WIDTH-1:0]     write_data_i
);
    logic [WIDTH-1:0] memory[0:DEPTH-1];
    logic [WIDTH-1:0] read_q;

    always_ff @(posedge clk_i) begin
        if (write_i) memory[write_address_i] <= write_data_i;
    end

    always_ff @(posedge clk_i) begin
        if (read_i) read_q <= memory[read_address_i];
    end

    // The new data of such a write goes around the memory, which may then return anything.
    logic around_q;
    logic [WIDTH-1:0] written_q;

    always_ff @(posedge clk_i) begin
        if (read_i) begin
            around_q <= write_i && write_address_i == read_address_i;
            written_q <= write_data_i;
        end
    end

    assign read_data_o = around_q ? written_q : read_q;
endmodule
