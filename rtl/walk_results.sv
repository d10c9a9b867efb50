// What each walk that is done has: a failure, or an entry; and which L1 TLBs have taken it.
module walk_results #(
    parameter int WALKS  = 8,               // 1 to 16
    parameter int WALK_W = WALKS > 1 ? $clog2(WALKS) : 1
) (
    input  logic                         clk_i,

    // A walk ends
    input  logic                         end_i,
    input  logic [WALK_W-1:0]            end_walk_i,
    input  logic [mmu_defs::FAULT_W-1:0] end_reason_i,      // FAULT_NONE: it has the entry
    input  logic [mmu_defs::PPN_W-1:0]   end_ppn_i,
    input  leaf_t                        end_leaf_i,

    // A walk hits the L2 TLB
    input  logic                         hit_i,
    input  logic [WALK_W-1:0]            hit_walk_i,
    input  logic [mmu_defs::PPN_W-1:0]   hit_ppn_i,
    input  leaf_t                        hit_leaf_i,

    // The walk whose request the I port returns; it may be over in this very cycle
    input  logic [WALK_W-1:0]            i_walk_i,
    input  logic                         i_end_i,           // it is the one that ends
    input  logic                         i_hit_i,           // it is the one that hits
    input  logic                         i_fill_i,          // the L1 TLB takes its entry
    output logic [mmu_defs::FAULT_W-1:0] i_reason_o,
    output logic [mmu_defs::LEVEL_W-1:0] i_level_o,
    output logic [mmu_defs::PPN_W-1:0]   i_ppn_o,
    output leaf_t                        i_leaf_o,
    output logic                         i_filled_o,        // the L1 TLB has it already

    // The same of the D port
    input  logic [WALK_W-1:0]            d_walk_i,
    input  logic                         d_end_i,
    input  logic                         d_hit_i,
    input  logic                         d_fill_i,
    output logic [mmu_defs::FAULT_W-1:0] d_reason_o,
    output logic [mmu_defs::LEVEL_W-1:0] d_level_o,
    output logic [mmu_defs::PPN_W-1:0]   d_ppn_o,
    output leaf_t                        d_leaf_o,
    output logic                         d_filled_o,

    // The entry for the L2 TLB: its page size in stage A, the rest in stage B
    input  logic [WALK_W-1:0]            a_walk_i,
    output logic [mmu_defs::PAGE_W-1:0]  a_size_o,
    input  logic [WALK_W-1:0]            b_walk_i,
    output logic [mmu_defs::PPN_W-1:0]   b_ppn_o,
    output leaf_t                        b_leaf_o,

    output logic [WALKS-1:0]             failed_o,          // of walks that are done
    output logic [WALKS-1:0]             clean_o            // their entry's D is 0
);
    logic [mmu_defs::FAULT_W-1:0] reason_q[0:WALKS-1];
    logic [mmu_defs::PPN_W-1:0]   ppn_q[0:WALKS-1];
    logic [$bits(end_leaf_i)-1:0]     leaf_q[0:WALKS-1];
    logic [WALKS-1:0] failed_q, clean_q, from_l2_q, i_filled_q, d_filled_q;

    always_ff @(posedge clk_i) begin
        if (end_i) begin
            reason_q[end_walk_i] <= end_reason_i;
            ppn_q[end_walk_i] <= end_ppn_i;
            leaf_q[end_walk_i] <= end_leaf_i;
            failed_q[end_walk_i] <= end_reason_i != mmu_defs::FAULT_NONE;
            clean_q[end_walk_i] <= !end_leaf_i.flags[mmu_defs::ENTRY_BIT_D];
            from_l2_q[end_walk_i] <= 1'b0;
            i_filled_q[end_walk_i] <= 1'b0;
            d_filled_q[end_walk_i] <= 1'b0;
        end
        if (hit_i) begin
            reason_q[hit_walk_i] <= mmu_defs::FAULT_NONE;
            ppn_q[hit_walk_i] <= hit_ppn_i;
            leaf_q[hit_walk_i] <= hit_leaf_i;
            failed_q[hit_walk_i] <= 1'b0;
            clean_q[hit_walk_i] <= !hit_leaf_i.flags[mmu_defs::ENTRY_BIT_D];
            from_l2_q[hit_walk_i] <= 1'b1;
            i_filled_q[hit_walk_i] <= 1'b0;
            d_filled_q[hit_walk_i] <= 1'b0;
        end
        if (i_fill_i) i_filled_q[i_walk_i] <= 1'b1;
        if (d_fill_i) d_filled_q[d_walk_i] <= 1'b1;
    end

    // What a port gets: of the walk that ends, of the one that hits, or of one done before.
    always_comb begin
        i_level_o = mmu_defs::LEVEL_WALK;
        i_filled_o = 1'b0;
        if (i_end_i) begin
            i_reason_o = end_reason_i;
            i_ppn_o = end_ppn_i;
            i_leaf_o = end_leaf_i;
        end else if (i_hit_i) begin
            i_reason_o = mmu_defs::FAULT_NONE;
            i_level_o = mmu_defs::LEVEL_L2;
            i_ppn_o = hit_ppn_i;
            i_leaf_o = hit_leaf_i;
        end else begin
            i_reason_o = reason_q[i_walk_i];
            if (from_l2_q[i_walk_i]) i_level_o = mmu_defs::LEVEL_L2;
            i_ppn_o = ppn_q[i_walk_i];
            i_leaf_o = leaf_q[i_walk_i];
            i_filled_o = i_filled_q[i_walk_i];
        end
    end

    always_comb begin
        d_level_o = mmu_defs::LEVEL_WALK;
        d_filled_o = 1'b0;
        if (d_end_i) begin
            d_reason_o = end_reason_i;
            d_ppn_o = end_ppn_i;
            d_leaf_o = end_leaf_i;
        end else if (d_hit_i) begin
            d_reason_o = mmu_defs::FAULT_NONE;
            d_level_o = mmu_defs::LEVEL_L2;
            d_ppn_o = hit_ppn_i;
            d_leaf_o = hit_leaf_i;
        end else begin
            d_reason_o = reason_q[d_walk_i];
            if (from_l2_q[d_walk_i]) d_level_o = mmu_defs::LEVEL_L2;
            d_ppn_o = ppn_q[d_walk_i];
            d_leaf_o = leaf_q[d_walk_i];
            d_filled_o = d_filled_q[d_walk_i];
        end
    end

    leaf_t a_leaf;
    assign a_leaf = leaf_q[a_walk_i];
    assign a_size_o = a_leaf.size;
    assign b_ppn_o = ppn_q[b_walk_i];
    assign b_leaf_o = leaf_q[b_walk_i];
    assign failed_o = failed_q;
    assign clean_o = clean_q;

    logic unused_bits;
    assign unused_bits = &{1'b0, a_leaf};
endmodule
