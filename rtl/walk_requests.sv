// The copy of a request that each walk was begun for, and the search for a walk that a miss may
// join: one for the same page of the same address space.
module walk_requests #(
    parameter int WALKS  = 8,               // 1 to 16
    parameter int WALK_W = WALKS > 1 ? $clog2(WALKS) : 1
) (
    input  logic                       clk_i,

    // A walk is begun
    input  logic                       begin_i,
    input  logic [WALK_W-1:0]          begin_walk_i,
    input  logic [mmu_defs::VPN_W-1:0] begin_vpn_i,
    input  space_t                     begin_space_i,
    input  logic [mmu_defs::PPN_W-1:0] begin_root_ppn_i,
    input  control_t                   begin_control_i,

    // A walk goes on to the next page
    input  logic                       prefetch_i,
    input  logic [WALK_W-1:0]          prefetch_walk_i,
    output logic [mmu_defs::VPN_W-1:0] prefetch_vpn_o,      // of that page

    // Candidates of the I and the D port: the lowest of the walks named that is for the same page
    input  logic                       i_candidate_i,
    input  logic [WALKS-1:0]           i_walks_i,
    input  logic [mmu_defs::VPN_W-1:0] i_vpn_i,
    input  space_t                     i_space_i,
    output logic                       i_match_o,
    output logic [WALK_W-1:0]          i_match_walk_o,
    input  logic                       d_candidate_i,
    input  logic [WALKS-1:0]           d_walks_i,
    input  logic [mmu_defs::VPN_W-1:0] d_vpn_i,
    input  space_t                     d_space_i,
    output logic                       d_match_o,
    output logic [WALK_W-1:0]          d_match_walk_o,

    // Read: for stages A and B of the L2 TLB, and for the walks that start, are answered, are offered
    input  logic [WALK_W-1:0]          a_walk_i,
    output logic [mmu_defs::VPN_W-1:0] a_vpn_o,
    output logic [mmu_defs::MODE_W-1:0] a_mode_o,
    input  logic [WALK_W-1:0]          b_walk_i,
    output logic [mmu_defs::VPN_W-1:0] b_vpn_o,
    output space_t                     b_space_o,
    output control_t                   b_control_o,
    input  logic [WALK_W-1:0]          start_walk_i,
    output logic [mmu_defs::VPN_W-1:0] start_vpn_o,
    output space_t                     start_space_o,
    output logic [mmu_defs::PPN_W-1:0] start_root_ppn_o,
    input  logic [WALK_W-1:0]          answer_walk_i,
    output logic [mmu_defs::VPN_W-1:0] answer_vpn_o,
    output space_t                     answer_space_o,
    output control_t                   answer_control_o,
    input  logic [WALK_W-1:0]          offer_walk_i,
    output logic                       offer_sv32_o,
    output logic                       offer_store_o
);
    logic [mmu_defs::VPN_W-1:0]  vpn_q[0:WALKS-1];
    logic [$bits(begin_space_i)-1:0]   space_q[0:WALKS-1];
    logic [mmu_defs::PPN_W-1:0]  root_ppn_q[0:WALKS-1];
    logic [$bits(begin_control_i)-1:0] control_q[0:WALKS-1];

    // A prefetch never sets A or D: it walks as if ADUE were 0.
    control_t prefetch_control;
    always_comb begin
        prefetch_control = control_q[prefetch_walk_i];
        prefetch_control.adue = 1'b0;
    end
    assign prefetch_vpn_o = vpn_q[prefetch_walk_i] + mmu_defs::VPN_W'(1);

    always_ff @(posedge clk_i) begin
        if (begin_i) begin
            vpn_q[begin_walk_i] <= begin_vpn_i;
            space_q[begin_walk_i] <= begin_space_i;
            root_ppn_q[begin_walk_i] <= begin_root_ppn_i;
            control_q[begin_walk_i] <= begin_control_i;
        end
        if (prefetch_i) begin
            vpn_q[prefetch_walk_i] <= prefetch_vpn_o;
            control_q[prefetch_walk_i] <= prefetch_control;
        end
    end

    // ---- Matches
    logic [WALKS-1:0] i_matches, d_matches;

    always_comb begin
        i_matches = '0;
        if (i_candidate_i) begin
            for (int w = 0; w < WALKS; w++)
                if (i_walks_i[w])
                    i_matches[w] = vpn_q[w] == i_vpn_i && space_q[w] == i_space_i;
        end
    end

    always_comb begin
        d_matches = '0;
        if (d_candidate_i) begin
            for (int w = 0; w < WALKS; w++)
                if (d_walks_i[w])
                    d_matches[w] = vpn_q[w] == d_vpn_i && space_q[w] == d_space_i;
        end
    end

    assign i_match_o = i_matches != '0;
    assign d_match_o = d_matches != '0;
    first #(.N(WALKS)) i_i_match (.set_i(i_matches), .index_o(i_match_walk_o));
    first #(.N(WALKS)) i_d_match (.set_i(d_matches), .index_o(d_match_walk_o));

    // ---- Reads
    space_t a_space, offer_space;
    control_t offer_control;

    assign a_vpn_o = vpn_q[a_walk_i];
    assign a_space = space_q[a_walk_i];
    assign a_mode_o = a_space.paging;
    assign b_vpn_o = vpn_q[b_walk_i];
    assign b_space_o = space_q[b_walk_i];
    assign b_control_o = control_q[b_walk_i];
    assign start_vpn_o = vpn_q[start_walk_i];
    assign start_space_o = space_q[start_walk_i];
    assign start_root_ppn_o = root_ppn_q[start_walk_i];
    assign answer_vpn_o = vpn_q[answer_walk_i];
    assign answer_space_o = space_q[answer_walk_i];
    assign answer_control_o = control_q[answer_walk_i];
    assign offer_space = space_q[offer_walk_i];
    assign offer_sv32_o = mode::is_sv32(offer_space.paging);
    assign offer_control = control_q[offer_walk_i];
    assign offer_store_o = offer_control.access == mmu_defs::ACCESS_WRITE;

    logic unused_bits;
    assign unused_bits = &{1'b0, a_space, offer_space, offer_control};
endmodule
