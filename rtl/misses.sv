// The miss file of a port: requests that missed the L1 TLB. An entry is linked to a walk, or waits
// in the queue for one. One entry is returned in a cycle, when its walk is done.
module misses #(
    parameter int ENTRIES = 4,              // 1 to 32
    parameter int WALKS   = 8,
    parameter int ENTRY_W = ENTRIES > 1 ? $clog2(ENTRIES) : 1,
    parameter int WALK_W  = WALKS > 1 ? $clog2(WALKS) : 1
) (
    input  logic                       clk_i,
    input  logic                       rst_ni,
    input  logic                       fence_i,             // one happens in this cycle

    // A request that missed takes the lowest free entry
    output logic                       ready_o,             // it may: one is free, and none waits to return
    input  logic                       insert_i,
    input  logic [mmu_defs::ID_W-1:0]  insert_id_i,
    input  logic [56:0]                insert_va_i,         // va[56:0]
    input  space_t                     insert_space_i,
    input  logic [mmu_defs::PPN_W-1:0] insert_root_ppn_i,
    input  control_t                   insert_control_i,

    // The head of the queue, and its link to a walk; with an empty queue it is insert's
    output logic                       head_o,              // the queue is not empty
    output logic [mmu_defs::ID_W-1:0]  head_id_o,
    output logic [mmu_defs::VPN_W-1:0] head_vpn_o,
    output space_t                     head_space_o,
    output logic [mmu_defs::PPN_W-1:0] head_root_ppn_o,
    output control_t                   head_control_o,
    input  logic                       link_i,
    input  logic                       link_merged_i,       // else it is the walk's primary
    input  logic [WALK_W-1:0]          link_walk_i,
    output logic [WALKS-1:0]           linked_o,            // walks to which an entry is linked

    // The entry to return
    input  logic [WALKS-1:0]           done_i,              // walks that are DONE
    input  logic                       end_i,               // a walk ends in this cycle
    input  logic [WALK_W-1:0]          end_walk_i,
    input  logic                       hit_i,               // a walk hits the L2 in this cycle
    input  logic [WALK_W-1:0]          hit_walk_i,
    output logic                       return_o,            // there is one
    output logic                       return_end_o,        // its walk ends in this cycle
    output logic                       return_hit_o,        // its walk hits in this cycle
    output logic                       return_primary_o,
    output logic [WALK_W-1:0]          return_walk_o,
    output logic [mmu_defs::ID_W-1:0]  return_id_o,
    output logic [56:0]                return_va_o,
    output control_t                   return_control_o,
    input  logic                       answer_i,            // it is answered and leaves
    input  logic                       replay_i             // it goes to the queue again
);
    // One array for each group of fields, 64 bits at most: wider words are slow to simulate.
    logic [ENTRIES-1:0]          busy_q, linked_q, primary_q;
    logic [WALK_W-1:0]           walk_q[0:ENTRIES-1];
    logic [mmu_defs::ID_W-1:0]   id_q[0:ENTRIES-1];
    logic [56:0]                 va_q[0:ENTRIES-1];
    logic [$bits(insert_space_i)-1:0]   space_q[0:ENTRIES-1];
    logic [mmu_defs::PPN_W-1:0]  root_ppn_q[0:ENTRIES-1];
    logic [$bits(insert_control_i)-1:0] control_q[0:ENTRIES-1];

    // ---- A free entry. `waited`: cycles for which returns were kept off by new requests.
    localparam logic [2:0] PATIENCE = 3'd4;
    logic [ENTRY_W-1:0] free;
    logic [2:0] waited_q;

    first #(.N(ENTRIES)) i_free (.set_i(~busy_q), .index_o(free));
    assign ready_o = busy_q != {ENTRIES{1'b1}} && waited_q < PATIENCE;

    // ---- The queue: a ring of entry numbers.
    localparam int COUNT_W = $clog2(ENTRIES + 1);
    logic [ENTRY_W-1:0] queue_q[0:ENTRIES-1];
    logic [ENTRY_W-1:0] head_q, tail_q, head, linked_entry, returned;
    logic [COUNT_W-1:0] queued_q;
    logic push, pop;

    function automatic logic [ENTRY_W-1:0] after(input logic [ENTRY_W-1:0] number);
        after = number == ENTRY_W'(ENTRIES - 1) ? '0 : number + ENTRY_W'(1);
    endfunction

    assign head_o = queued_q != '0;
    assign head = queue_q[head_q];
    assign linked_entry = head_o ? head : free;
    assign pop = link_i && head_o;
    assign push = replay_i || (insert_i && (head_o || !link_i));

    always_ff @(posedge clk_i) begin
        if (!rst_ni) begin
            head_q <= '0;
            tail_q <= '0;
            queued_q <= '0;
        end else begin
            if (pop) head_q <= after(head_q);
            if (push) tail_q <= after(tail_q);
            if (push != pop) queued_q <= push ? queued_q + COUNT_W'(1) : queued_q - COUNT_W'(1);
        end
    end

    always_ff @(posedge clk_i) begin
        if (push) queue_q[tail_q] <= replay_i ? returned : free;
    end

    assign head_id_o = id_q[head];
    assign head_vpn_o = va_q[head][56:12];
    assign head_space_o = space_q[head];
    assign head_root_ppn_o = root_ppn_q[head];
    assign head_control_o = control_q[head];

    // ---- Entries whose walk is done, and walks that have entries.
    logic [ENTRIES-1:0] waiting;

    always_comb begin
        waiting = '0;
        linked_o = '0;
        if (linked_q != '0) begin
            for (int e = 0; e < ENTRIES; e++) begin
                if (linked_q[e]) begin
                    waiting[e] = done_i[walk_q[e]];
                    linked_o[walk_q[e]] = 1'b1;
                end
            end
        end
    end

    // ---- The entry to return: in turn of those that wait, else a primary of this very cycle.
    logic [ENTRY_W-1:0] turn_q, turn_d;
    logic [ENTRIES-1:0] of_end, of_hit, choice;
    logic waits;

    assign waits = waiting != '0;

    always_comb begin
        of_end = '0;
        of_hit = '0;
        if (!waits && (end_i || hit_i)) begin
            for (int e = 0; e < ENTRIES; e++) begin
                if (linked_q[e] && primary_q[e]) begin
                    of_end[e] = end_i && walk_q[e] == end_walk_i;
                    of_hit[e] = hit_i && walk_q[e] == hit_walk_i;
                end
            end
        end
    end

    assign return_end_o = of_end != '0;
    assign return_hit_o = of_hit != '0 && !return_end_o;
    assign return_o = waits || return_end_o || return_hit_o;
    assign choice = waits ? waiting : return_end_o ? of_end : of_hit;

    first_from #(.N(ENTRIES)) i_returned (
        .set_i(choice), .from_i(turn_q), .index_o(returned), .next_o(turn_d)
    );

    assign return_primary_o = primary_q[returned];
    assign return_walk_o = walk_q[returned];
    assign return_id_o = id_q[returned];
    assign return_va_o = va_q[returned];
    assign return_control_o = control_q[returned];

    always_ff @(posedge clk_i) begin
        if (!rst_ni) begin
            turn_q <= '0;
            waited_q <= '0;
        end else if (!fence_i) begin
            if (answer_i || replay_i) turn_q <= turn_d;
            if (!waits || answer_i || replay_i) waited_q <= '0;
            else if (waited_q < PATIENCE) waited_q <= waited_q + 3'd1;
        end
    end

    // ---- Entries
    always_ff @(posedge clk_i) begin
        if (!rst_ni) begin
            busy_q <= '0;
            linked_q <= '0;
        end else begin
            if (insert_i) busy_q[free] <= 1'b1;
            if (answer_i) busy_q[returned] <= 1'b0;
            if (answer_i || replay_i) linked_q[returned] <= 1'b0;
            if (link_i) linked_q[linked_entry] <= 1'b1;
        end
    end

    always_ff @(posedge clk_i) begin
        if (link_i) begin
            primary_q[linked_entry] <= !link_merged_i;
            walk_q[linked_entry] <= link_walk_i;
        end
    end

    always_ff @(posedge clk_i) begin
        if (insert_i) begin
            id_q[free] <= insert_id_i;
            va_q[free] <= insert_va_i;
            space_q[free] <= insert_space_i;
            root_ppn_q[free] <= insert_root_ppn_i;
            control_q[free] <= insert_control_i;
        end
    end

`ifndef SYNTHESIS
    always @(posedge clk_i) begin
        if (rst_ni) begin
            assert (!(insert_i && !ready_o)) else $error("a miss without a free entry");
            assert (!(insert_i && replay_i)) else $error("a replay in the cycle of a new request");
            assert (!(link_i && !head_o && !insert_i)) else $error("nothing to be linked");
            assert (!((answer_i || replay_i) && !return_o)) else $error("nothing to be returned");
            assert (!(answer_i && replay_i)) else $error("an entry answered and replayed");
            assert (!(fence_i && (insert_i || link_i || answer_i || replay_i)))
                else $error("miss file used during a fence");
            assert (32'(queued_q) == $countones(busy_q & ~linked_q)) else $error("a request is lost");
            assert ((linked_q & ~busy_q) == '0) else $error("a walk for nobody");
        end
    end
`endif
endmodule
