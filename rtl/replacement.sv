// Replacement state of one TLB, behind one face for all policies.
// In a cycle one way at most is used, by a hit or by a fill; both in the set set_i.
module replacement #(
    parameter int          SETS   = 1,      // 1 or more
    parameter int          WAYS   = 4,      // 1 or more
    parameter int          POLICY = 0,      // POLICY_*
    parameter logic [31:0] RANDOM_FIRST = 32'd1,  // first state of POLICY_RANDOM
    parameter bit          IN_RAM = 1'b0,   // 1: in synchronous RAM, set_i is what was read a cycle ago
    parameter int          SET_W  = SETS > 1 ? $clog2(SETS) : 1,
    parameter int          WAY_W  = WAYS > 1 ? $clog2(WAYS) : 1
) (
    input  logic             clk_i,
    input  logic             rst_ni,
    input  logic             read_i,        // IN_RAM: read the state of read_set_i
    input  logic [SET_W-1:0] read_set_i,
    input  logic [SET_W-1:0] set_i,         // the set that is used, or wants a victim
    input  logic             hit_i,         // way_i is used by a hit
    input  logic             fill_i,        // way_i is filled
    input  logic [WAY_W-1:0] way_i,         // way used or filled; may depend on victim_o
    input  logic             choose_i,      // the fill takes victim_o
    output logic [WAY_W-1:0] victim_o       // the way that the policy gives up in set_i
);
    generate
        if (POLICY == 32'(mmu_defs::POLICY_RANDOM)) begin : g_random
            random #(.WAYS(WAYS), .FIRST(RANDOM_FIRST)) i_random (
                .clk_i, .rst_ni, .choose_i, .victim_o
            );
            logic unused_use;
            assign unused_use = &{1'b0, read_i, read_set_i, set_i, hit_i, fill_i, way_i};
        end else begin : g_state
            localparam bit PLRU = POLICY == 32'(mmu_defs::POLICY_PLRU);
            localparam bit FIFO = POLICY == 32'(mmu_defs::POLICY_FIFO);
            localparam int STATE_W = PLRU ? 1 << WAY_W : WAYS * WAY_W;

            logic [STATE_W-1:0] state, state_d;     // one policy state for each set
            logic [SETS-1:0] touched_q;             // sets whose state was ever written
            logic used;

            assign used = fill_i || (hit_i && !FIFO);

            if (IN_RAM) begin : g_ram
                ram #(.WIDTH(STATE_W), .DEPTH(SETS)) i_states (
                    .clk_i, .read_i, .read_address_i(read_set_i), .read_data_o(state),
                    .write_i(used), .write_address_i(set_i), .write_data_i(state_d)
                );
            end else begin : g_registers
                logic [STATE_W-1:0] state_q[0:SETS-1];
                assign state = state_q[set_i];
                always_ff @(posedge clk_i) begin
                    if (used) state_q[set_i] <= state_d;
                end
                logic unused_read;
                assign unused_read = &{1'b0, read_i, read_set_i};
            end

            if (PLRU) begin : g_plru
                plru #(.WAYS(WAYS)) i_plru (
                    .state_i(state), .touched_i(touched_q[set_i]), .use_i(used), .way_i,
                    .state_o(state_d), .victim_o
                );
            end else begin : g_age
                age #(.WAYS(WAYS)) i_age (
                    .state_i(state), .touched_i(touched_q[set_i]), .use_i(used), .way_i,
                    .state_o(state_d), .victim_o
                );
            end

            always_ff @(posedge clk_i) begin
                if (!rst_ni) touched_q <= '0;
                else if (used) touched_q[set_i] <= 1'b1;
            end

            logic unused_choose;
            assign unused_choose = &{1'b0, choose_i};
        end
    endgenerate
endmodule
