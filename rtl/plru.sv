// Tree PLRU: a binary tree over the ways, leaves rounded up to a power of two. Node 1 is the root,
// node n has the children 2n and 2n+1; its bit names the half to replace next (0: the lower ways).
module plru #(
    parameter int WAYS    = 4,                              // 1 or more
    parameter int DEPTH   = WAYS > 1 ? $clog2(WAYS) : 1,    // levels of the tree
    parameter int STATE_W = 1 << DEPTH,                     // bit n is node n; bit 0 is not used
    parameter int WAY_W   = DEPTH
) (
    input  logic [STATE_W-1:0] state_i,     // tree of the set
    input  logic               touched_i,   // 0: the set was never used, state_i means nothing
    input  logic               use_i,       // way_i is used now
    input  logic [WAY_W-1:0]   way_i,       // the way used
    output logic [STATE_W-1:0] state_o,     // tree after the use
    output logic [WAY_W-1:0]   victim_o     // the way to replace, by state_i
);
    logic [STATE_W-1:0] tree;
    logic [DEPTH-1:0] use_node, victim_node;

    assign tree = touched_i ? state_i : '0;

    // Every node on the path of a use names the other half.
    always_comb begin
        state_o = tree;
        use_node = DEPTH'(1);
        for (int level = DEPTH - 1; level >= 0; level--) begin
            if (use_i) begin
                state_o[use_node] = !way_i[level];
                use_node = DEPTH'({use_node, way_i[level]});
            end
        end
    end

    // The victim follows the bits, but never into an upper half without a way.
    always_comb begin
        victim_o = '0;
        victim_node = DEPTH'(1);
        for (int level = DEPTH - 1; level >= 0; level--) begin
            if (32'(victim_o) + (1 << level) < WAYS) victim_o[level] = tree[victim_node];
            victim_node = DEPTH'({victim_node, victim_o[level]});
        end
    end
endmodule
