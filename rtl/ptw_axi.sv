// The page-table port of module mmu as an AXI4 manager with 64 data bits. A read is one beat of AR and R;
// a compare-and-set is an exclusive read, a comparison here, and an exclusive write. docs/axi.md.
//
// Every AXI valid, ready and payload comes from registers. Answers to reads pass from R to ptw_resp_*
// within the cycle; requests take one cycle to AR.
module ptw_axi #(
    parameter int         ADDR_W = 56,                  // bits of an AXI address, 13 to 64
    parameter int         ID_W   = mmu_defs::PTW_ID_W,  // bits of an AXI id; walks must fit, 1 to 32
    parameter logic [3:0] CACHE  = 4'b0010,             // AxCACHE of all transactions
    parameter logic [2:0] PROT   = 3'b001               // AxPROT of all transactions: privileged data
) (
    input  logic                          clk_i,              // everything happens at its rising edge
    input  logic                          rst_ni,             // synchronous reset, active low

    // Page-table port of mmu
    input  logic                          ptw_req_valid_i,
    output logic                          ptw_req_ready_o,
    input  logic [mmu_defs::PTW_ID_W-1:0] ptw_req_id_i,       // of the walk; one request under way each
    input  logic [mmu_defs::PA_W-1:0]     ptw_req_pa_i,       // of the PTE, a multiple of its size
    input  logic                          ptw_req_cas_i,      // compare-and-set, else a read
    input  logic                          ptw_req_word_i,     // 4-byte PTE, else 8 bytes
    input  logic [63:0]                   ptw_req_expect_i,   // store only if memory holds this
    input  logic [63:0]                   ptw_req_desired_i,  // what to store
    output logic                          ptw_resp_valid_o,   // for one cycle; there is no ready
    output logic [mmu_defs::PTW_ID_W-1:0] ptw_resp_id_o,      // of the request answered
    output logic [63:0]                   ptw_resp_data_o,    // what memory held; 4-byte PTE: low half
    output logic                          ptw_resp_error_o,   // memory refused; data means nothing

    // AXI4 read address
    output logic                          axi_arvalid_o,
    input  logic                          axi_arready_i,
    output logic [ID_W-1:0]               axi_arid_o,         // number of the walk
    output logic [ADDR_W-1:0]             axi_araddr_o,
    output logic [7:0]                    axi_arlen_o,        // one beat
    output logic [2:0]                    axi_arsize_o,       // 2 or 3: 4 or 8 bytes
    output logic [1:0]                    axi_arburst_o,      // INCR
    output logic                          axi_arlock_o,       // exclusive: begins a compare-and-set
    output logic [3:0]                    axi_arcache_o,
    output logic [2:0]                    axi_arprot_o,

    // AXI4 read data
    input  logic                          axi_rvalid_i,
    output logic                          axi_rready_o,
    input  logic [ID_W-1:0]               axi_rid_i,
    input  logic [63:0]                   axi_rdata_i,
    input  logic [1:0]                    axi_rresp_i,
    input  logic                          axi_rlast_i,

    // AXI4 write address
    output logic                          axi_awvalid_o,
    input  logic                          axi_awready_i,
    output logic [ID_W-1:0]               axi_awid_o,         // number of the walk
    output logic [ADDR_W-1:0]             axi_awaddr_o,
    output logic [7:0]                    axi_awlen_o,        // one beat
    output logic [2:0]                    axi_awsize_o,       // 2 or 3: 4 or 8 bytes
    output logic [1:0]                    axi_awburst_o,      // INCR
    output logic                          axi_awlock_o,       // every write is exclusive
    output logic [3:0]                    axi_awcache_o,
    output logic [2:0]                    axi_awprot_o,

    // AXI4 write data
    output logic                          axi_wvalid_o,
    input  logic                          axi_wready_i,
    output logic [63:0]                   axi_wdata_o,
    output logic [7:0]                    axi_wstrb_o,
    output logic                          axi_wlast_o,

    // AXI4 write response
    input  logic                          axi_bvalid_i,
    output logic                          axi_bready_o,
    input  logic [ID_W-1:0]               axi_bid_i,
    input  logic [1:0]                    axi_bresp_i
);
    localparam int WALK_W = mmu_defs::PTW_ID_W;
    localparam int WALKS  = 1 << WALK_W;
    localparam int PA_W   = mmu_defs::PA_W;

    localparam logic [1:0] RESP_OKAY   = 2'd0;  // to an exclusive access: it was none
    localparam logic [1:0] RESP_EXOKAY = 2'd1;
    localparam logic [1:0] BURST_INCR  = 2'd1;

    // What the one compare-and-set that may be under way does.
    typedef enum logic [2:0] {
        SET_IDLE   = 3'd0,  // there is none
        SET_READ   = 3'd1,  // its exclusive read is on AR, or the data awaited
        SET_WRITE  = 3'd2,  // its exclusive write is on AW and W, or B awaited
        SET_RETRY  = 3'd3,  // the write lost the monitor: another exclusive read is to be queued
        SET_ANSWER = 3'd4   // its answer has the response port for this cycle
    } set_state_e;

    generate
        if (ADDR_W < 13 || ADDR_W > 64 || ID_W < 1 || ID_W > 32) begin : g_bad_width
            initial $fatal(1, "ADDR_W is 13 to 64, ID_W 1 to 32");
        end
    endgenerate

    // ---- The compare-and-set under way
    set_state_e        set_state_q;
    logic [WALK_W-1:0] set_id_q;
    logic [ADDR_W-1:0] set_addr_q;
    logic              set_word_q;
    logic [63:0]       set_expect_q, set_desired_q;
    logic [63:0]       set_old_q;    // what the latest exclusive read gave
    logic              set_error_q;
    logic              aw_valid_q, w_valid_q;

    // ---- Requests: reads go to AR; what is more than a read must find the compare-and-set free
    logic outside, more, accept;

    // An address that AXI cannot say is refused here: cut off, it would name another PTE.
    assign outside = ADDR_W < PA_W && (ptw_req_pa_i >> ADDR_W) != '0;
    assign more    = ptw_req_cas_i || outside;

    assign ptw_req_ready_o = !spare_valid_q && set_state_q != SET_RETRY &&
                             (!more || set_state_q == SET_IDLE);
    assign accept = ptw_req_valid_i && ptw_req_ready_o;

    // ---- AR: an output register, and a spare one for what came while the output waited
    localparam int AR_W = WALK_W + ADDR_W + 2;

    logic            ar_push, ar_valid_q, spare_valid_q;
    logic [AR_W-1:0] ar_new, ar_q, spare_q;
    logic [WALK_W-1:0] ar_walk;
    logic              ar_word;

    assign ar_push = set_state_q == SET_RETRY ? !spare_valid_q : accept && !outside;
    assign ar_new  = set_state_q == SET_RETRY
        ? {set_id_q, set_addr_q, set_word_q, 1'b1}
        : {ptw_req_id_i, ADDR_W'(ptw_req_pa_i), ptw_req_word_i, ptw_req_cas_i};

    always_ff @(posedge clk_i) begin
        if (!rst_ni) begin
            ar_valid_q    <= 1'b0;
            spare_valid_q <= 1'b0;
        end else if (!ar_valid_q || axi_arready_i) begin
            ar_valid_q    <= spare_valid_q || ar_push;
            ar_q          <= spare_valid_q ? spare_q : ar_new;
            spare_valid_q <= 1'b0;
        end else if (ar_push) begin
            spare_valid_q <= 1'b1;
            spare_q       <= ar_new;
        end
    end

    assign {ar_walk, axi_araddr_o, ar_word, axi_arlock_o} = ar_q;
    assign axi_arvalid_o = ar_valid_q;
    assign axi_arid_o    = ID_W'(ar_walk);
    assign axi_arlen_o   = 8'd0;
    assign axi_arsize_o  = {2'b01, !ar_word};
    assign axi_arburst_o = BURST_INCR;
    assign axi_arcache_o = CACHE;
    assign axi_arprot_o  = PROT;

    // ---- R: which half of the bus a walk's word is on
    logic [WALKS-1:0]  word_q, high_q;
    logic [WALK_W-1:0] r_walk;
    logic              r_taken, r_of_set, r_same;
    logic [63:0]       r_pte;

    always_ff @(posedge clk_i) begin
        if (accept) begin
            word_q[ptw_req_id_i] <= ptw_req_word_i;
            high_q[ptw_req_id_i] <= ptw_req_pa_i[2];
        end
    end

    assign axi_rready_o = set_state_q != SET_ANSWER;
    assign r_walk   = WALK_W'(axi_rid_i);
    assign r_taken  = axi_rvalid_i && axi_rready_o;
    assign r_of_set = set_state_q == SET_READ && r_walk == set_id_q;
    assign r_pte    = !word_q[r_walk] ? axi_rdata_i
                    : high_q[r_walk] ? {32'd0, axi_rdata_i[63:32]} : {32'd0, axi_rdata_i[31:0]};
    assign r_same   = r_pte[31:0] == set_expect_q[31:0] &&
                      (set_word_q || r_pte[63:32] == set_expect_q[63:32]);

    // ---- Answers. The compare-and-set's own holds R back for its cycle, so that they never meet.
    assign ptw_resp_valid_o = set_state_q == SET_ANSWER || (r_taken && !r_of_set);
    assign ptw_resp_id_o    = set_state_q == SET_ANSWER ? set_id_q : r_walk;
    assign ptw_resp_data_o  = set_state_q == SET_ANSWER ? set_old_q : r_pte;
    assign ptw_resp_error_o = set_state_q == SET_ANSWER ? set_error_q : axi_rresp_i[1];

    // ---- Compare-and-set
    always_ff @(posedge clk_i) begin
        if (!rst_ni) begin
            set_state_q <= SET_IDLE;
            aw_valid_q  <= 1'b0;
            w_valid_q   <= 1'b0;
        end else case (set_state_q)
            SET_IDLE: if (accept && more) begin
                set_state_q   <= outside ? SET_ANSWER : SET_READ;
                set_error_q   <= outside;
                set_id_q      <= ptw_req_id_i;
                set_addr_q    <= ADDR_W'(ptw_req_pa_i);
                set_word_q    <= ptw_req_word_i;
                set_expect_q  <= ptw_req_expect_i;
                set_desired_q <= ptw_req_desired_i;
            end

            // OKAY says that nobody watches the address: a write would not be atomic.
            SET_READ: if (r_taken && r_of_set) begin
                set_old_q   <= r_pte;
                set_error_q <= axi_rresp_i != RESP_EXOKAY;
                if (axi_rresp_i == RESP_EXOKAY && r_same) begin
                    set_state_q <= SET_WRITE;
                    aw_valid_q  <= 1'b1;
                    w_valid_q   <= 1'b1;
                end else
                    set_state_q <= SET_ANSWER;
            end

            SET_WRITE: begin
                if (axi_awready_i) aw_valid_q <= 1'b0;
                if (axi_wready_i)  w_valid_q  <= 1'b0;
                if (axi_bvalid_i) begin
                    set_state_q <= axi_bresp_i == RESP_OKAY ? SET_RETRY : SET_ANSWER;
                    set_error_q <= axi_bresp_i[1];
                end
            end

            SET_RETRY: if (ar_push) set_state_q <= SET_READ;

            default: set_state_q <= SET_IDLE;
        endcase
    end

    assign axi_awvalid_o = aw_valid_q;
    assign axi_awid_o    = ID_W'(set_id_q);
    assign axi_awaddr_o  = set_addr_q;
    assign axi_awlen_o   = 8'd0;
    assign axi_awsize_o  = {2'b01, !set_word_q};
    assign axi_awburst_o = BURST_INCR;
    assign axi_awlock_o  = 1'b1;
    assign axi_awcache_o = CACHE;
    assign axi_awprot_o  = PROT;

    assign axi_wvalid_o = w_valid_q;
    assign axi_wdata_o  = set_word_q ? {2{set_desired_q[31:0]}} : set_desired_q;
    assign axi_wstrb_o  = !set_word_q ? 8'hff : set_addr_q[2] ? 8'hf0 : 8'h0f;
    assign axi_wlast_o  = 1'b1;

    assign axi_bready_o = set_state_q == SET_WRITE;

`ifndef SYNTHESIS
    // What the other side must keep: answers to what was asked, one beat each.
    logic [WALKS-1:0] asked_q;  // walks whose read was taken on AR

    always @(posedge clk_i) begin
        if (!rst_ni) asked_q <= '0;
        else begin
            if (r_taken) asked_q[r_walk] <= 1'b0;
            if (axi_arvalid_o && axi_arready_i) asked_q[ar_walk] <= 1'b1;
            if (axi_rvalid_i) begin
                assert (ID_W'(r_walk) == axi_rid_i && asked_q[r_walk])
                    else $error("read data of an unknown id");
                assert (axi_rlast_i) else $error("read data of more than one beat");
            end
            if (axi_bvalid_i) begin
                assert (axi_bready_o && !aw_valid_q && !w_valid_q && axi_bid_i == ID_W'(set_id_q))
                    else $error("write response without a write");
            end
            if (ptw_req_valid_i) begin
                assert (WALK_W'(ID_W'(ptw_req_id_i)) == ptw_req_id_i)
                    else $error("ID_W does not hold the number of this walk");
            end
        end
    end
`else
    logic unused_all;
    assign unused_all = &{1'b0, axi_rid_i, axi_rlast_i, axi_bid_i};
`endif
endmodule
