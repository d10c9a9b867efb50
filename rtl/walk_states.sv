// The states of all walks, one set of walks for each state, and what moves walks between them.
// docs/timing.md, "The parts", says what each state means.
module walk_states #(
    parameter int WALKS    = 8,             // 1 to 16
    parameter int L2       = 1,             // 1: there is an L2 TLB that walks fill
    parameter int PREFETCH = 0,             // 1: spent walks go on to the next page
    parameter int WALK_W   = WALKS > 1 ? $clog2(WALKS) : 1
) (
    input  logic              clk_i,
    input  logic              rst_ni,
    input  logic              fence_i,      // one happens in this cycle
    input  logic [WALKS-1:0]  linked_i,     // a request waits for it

    // Stage A of the L2 TLB is given to a walk: for a lookup, or for its fill
    input  logic              look_i,
    input  logic              look_ahead_i, // it is a prefetch
    input  logic [WALK_W-1:0] look_walk_i,
    input  logic              fill_i,
    input  logic [WALK_W-1:0] fill_walk_i,

    // Stage B: the lookup of b_walk_i hits; it holds the fill of b_walk_i
    input  logic              hit_i,
    input  logic              b_fill_i,
    input  logic [WALK_W-1:0] b_walk_i,

    // A walk starts
    input  logic              start_i,
    input  logic [WALK_W-1:0] start_walk_i,

    // The page-table port offers a request of a walk
    input  logic              offer_i,
    input  logic              taken_i,
    input  logic [WALK_W-1:0] offer_walk_i,

    // What the answer to walk_i does to it: one of these at most
    input  logic [WALK_W-1:0] walk_i,
    input  logic              drop_i,       // it comes after a fence
    input  logic              read_i,       // a PTE is to be read next
    input  logic              update_i,     // A or D is to be set next
    input  logic              end_i,        // this is the verdict
    input  logic              stored_i,     //   after an A/D update that was performed
    input  logic              filled_i,     //   it has an entry
    input  logic              next_i,       //   the page after it is one for a prefetch

    // A spent walk becomes one for the next page
    output logic              prefetch_o,
    output logic [WALK_W-1:0] prefetch_walk_o,

    output logic [WALKS-1:0]  read_o,       // wants to read a PTE
    output logic [WALKS-1:0]  read_wait_o,  // the read was taken, its answer is awaited
    output logic [WALKS-1:0]  update_o,     // wants to compare-and-set A/D
    output logic [WALKS-1:0]  update_wait_o,// the compare-and-set was taken, its answer is awaited
    output logic [WALKS-1:0]  restart_o,    // a fence ended it; it is to start over
    output logic [WALKS-1:0]  done_o,       // has failed or has an entry
    output logic [WALKS-1:0]  stale_o,      // a fence came: the answer to its read is dropped
    output logic [WALKS-1:0]  ahead_o,      // a prefetch that waits for stage A
    output logic [WALKS-1:0]  pending_o,    // its fill waits for stage A
    output logic [WALKS-1:0]  prefetches_o, // was begun for nobody
    output logic [WALKS-1:0]  mergeable_o,  // neither idle, ahead nor spent
    output logic [WALKS-1:0]  free_o,       // may be begun
    output logic              owing_o       // a request waits for a walk whose A/D update was stored
);
    logic [WALKS-1:0] idle_q, ahead_q, lookup_q, read_q, read_wait_q, update_q, update_wait_q,
        restart_q, done_q, stale_q, stored_q;

    function automatic logic [WALKS-1:0] only(input logic valid, input logic [WALK_W-1:0] walk);
        only = '0;
        only[walk] = valid;
    endfunction

    // ---- Spent walks are free, unless the page after theirs is worth a prefetch.
    logic [WALKS-1:0] spent, turning;

    assign spent = done_q & ~linked_i & ~pending_o & ~only(b_fill_i, b_walk_i);
    assign free_o = idle_q | (spent & ~turning);
    assign mergeable_o = ~idle_q & ~ahead_q & ~spent;

    generate
        if (PREFETCH != 0 && L2 != 0) begin : g_prefetch
            logic [WALKS-1:0] next_q, prefetch_q;

            assign turning = spent & next_q;
            assign prefetch_o = turning != '0 && !fence_i;
            first #(.N(WALKS)) i_prefetch (.set_i(turning), .index_o(prefetch_walk_o));

            always_ff @(posedge clk_i) begin
                if (hit_i) next_q[b_walk_i] <= 1'b0;
                if (end_i) next_q[walk_i] <= filled_i && next_i && !prefetch_q[walk_i];
            end

            always_ff @(posedge clk_i) begin
                if (!rst_ni) prefetch_q <= '0;
                else begin
                    if (look_i && !look_ahead_i) prefetch_q[look_walk_i] <= 1'b0;
                    if (prefetch_o) prefetch_q[prefetch_walk_o] <= 1'b1;
                end
            end
            assign prefetches_o = prefetch_q;
        end else begin : g_no_prefetch
            assign turning = '0;
            assign prefetch_o = 1'b0;
            assign prefetch_walk_o = '0;
            assign prefetches_o = '0;
            logic unused_next;
            assign unused_next = &{1'b0, look_ahead_i, next_i};
        end
        if (L2 != 0) begin : g_pending
            logic [WALKS-1:0] pending_q;

            always_ff @(posedge clk_i) begin
                if (!rst_ni || fence_i) pending_q <= '0;
                else begin
                    if (end_i && filled_i) pending_q[walk_i] <= 1'b1;
                    if (fill_i) pending_q[fill_walk_i] <= 1'b0;
                end
            end
            assign pending_o = pending_q;
        end else begin : g_no_pending
            assign pending_o = '0;
            logic unused_fill;
            assign unused_fill = &{1'b0, fill_i, fill_walk_i, filled_i};
        end
    endgenerate

    // ---- What enters and leaves each set.
    logic [WALKS-1:0] look, started, hit, offered, taken, dropped, reading, updating, ended;
    logic [WALKS-1:0] answered, prefetched;

    assign look = only(look_i, look_walk_i);
    assign started = only(start_i, start_walk_i);
    assign hit = only(hit_i, b_walk_i);
    assign offered = only(offer_i, offer_walk_i);
    assign taken = taken_i ? offered : '0;
    assign dropped = only(drop_i, walk_i);
    assign reading = only(read_i, walk_i);
    assign updating = only(update_i, walk_i);
    assign ended = only(end_i, walk_i);
    assign answered = dropped | reading | updating | ended;
    assign prefetched = only(prefetch_o, prefetch_walk_o);

    always_ff @(posedge clk_i) begin
        if (!rst_ni) begin
            idle_q <= '1;
            ahead_q <= '0;
            lookup_q <= '0;
            read_q <= '0;
            read_wait_q <= '0;
            update_q <= '0;
            update_wait_q <= '0;
            restart_q <= '0;
            done_q <= '0;
        end else if (fence_i) begin
            idle_q <= idle_q | (done_q & ~linked_i);
            read_q <= read_q & offered & ~taken;
            read_wait_q <= (read_wait_q & ~dropped) | taken;
            update_q <= '0;
            restart_q <= restart_q | dropped | (read_q & ~offered) | update_q |
                (done_q & linked_i);
            done_q <= '0;
        end else begin
            idle_q <= idle_q & ~look;
            ahead_q <= (ahead_q & ~look) | prefetched;
            lookup_q <= (lookup_q & ~started & ~hit) | look;
            read_q <= (read_q | started | reading) & ~taken;
            read_wait_q <= (read_wait_q & ~answered) | (taken & ~update_q);
            update_q <= (update_q & ~taken) | updating;
            update_wait_q <= (update_wait_q & ~answered) | (taken & update_q);
            restart_q <= (restart_q & ~started) | dropped;
            done_q <= (done_q & ~look & ~prefetched) | ended | hit;
        end
    end

    always_ff @(posedge clk_i) begin
        if (!rst_ni) stale_q <= '0;
        else if (fence_i) stale_q <= stale_q | (read_q & offered) | (read_wait_q & ~dropped);
        else stale_q <= stale_q & ~started;
    end

    always_ff @(posedge clk_i) begin
        stored_q <= (stored_q & ~started & ~hit) | (stored_i ? ended : '0);
    end

    assign read_o = read_q;
    assign read_wait_o = read_wait_q;
    assign update_o = update_q;
    assign update_wait_o = update_wait_q;
    assign restart_o = restart_q;
    assign done_o = done_q;
    assign stale_o = stale_q;
    assign ahead_o = ahead_q;
    assign owing_o = (done_q & stored_q & linked_i) != '0;

`ifndef SYNTHESIS
    // Walks that are in more than one of the states up to the n-th.
    logic [WALKS-1:0] seen, twice;
    always_comb begin
        seen = idle_q;
        twice = seen & ahead_q;
        seen = seen | ahead_q;
        twice = twice | (seen & lookup_q);
        seen = seen | lookup_q;
        twice = twice | (seen & read_q);
        seen = seen | read_q;
        twice = twice | (seen & read_wait_q);
        seen = seen | read_wait_q;
        twice = twice | (seen & update_q);
        seen = seen | update_q;
        twice = twice | (seen & update_wait_q);
        seen = seen | update_wait_q;
        twice = twice | (seen & restart_q);
        seen = seen | restart_q;
        twice = twice | (seen & done_q);
        seen = seen | done_q;
    end

    always @(posedge clk_i) begin
        if (rst_ni) begin
            assert (seen == '1 && twice == '0) else $error("a walk is not in one state");
            if (look_i) assert (look_ahead_i ? ahead_q[look_walk_i] : free_o[look_walk_i])
                else $error("a walk begun during a walk");
            if (hit_i) assert (lookup_q[b_walk_i]) else $error("stage B holds another walk");
            if (fence_i) assert (lookup_q == '0 && update_wait_q == '0)
                else $error("fence during a lookup or a compare-and-set");
            assert ((linked_i & (idle_q | (ahead_q & ~prefetches_o))) == '0)
                else $error("a request waits for no walk");
        end
    end
`endif
endmodule
