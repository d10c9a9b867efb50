// Properties of rtl/mmu.sv with both ports and the engine, every TLB one set. As in walker.sv the
// environment is built: free inputs `any_*` are gated so that they keep the contract of the ports.

// A valid/ready sender: what was offered stands until it is taken.
module formal_sender #(
    parameter int WIDTH = 1
) (
    input  logic             clk_i,
    input  logic             rst_ni,
    input  logic             any_valid,
    input  logic [WIDTH-1:0] any_payload,
    input  logic             ready_i,
    output logic             valid_o,
    output logic [WIDTH-1:0] payload_o
);
    logic waiting_q = 1'b0;
    logic [WIDTH-1:0] payload_q;
    assign valid_o = rst_ni && (waiting_q || any_valid);
    assign payload_o = waiting_q ? payload_q : any_payload;
    always_ff @(posedge clk_i) begin
        waiting_q <= valid_o && !ready_i;
        payload_q <= payload_o;
    end
endmodule

module formal_mmu #(
    parameter int REQUEST_W = mmu_defs::ID_W + mmu_defs::VA_W + mmu_defs::PRIV_W + 1,
    parameter int FENCE_W   = mmu_defs::VA_W + mmu_defs::ASID_W + 2
) (
    input logic                        clk_i,
    input logic [1:0]                  any_valid,       // bit 0: port I, bit 1: port D
    input logic [REQUEST_W-1:0]        any_irequest,
    input logic [REQUEST_W-1:0]        any_drequest,
    input logic [2:0]                  any_mode,
    input logic [mmu_defs::PPN_W-1:0]  any_root,
    input logic [mmu_defs::ASID_W-1:0] any_asid,
    input logic [4:0]                  any_bits,
    input logic                        any_fence,
    input logic [FENCE_W-1:0]          any_fence_operands,
    input logic                        any_ready,
    input logic                        any_answer,
    input logic [63:0]                 any_data,
    input logic                        any_error
);
    localparam int ID_W = 32'(mmu_defs::ID_W);
    // Cycles from a request to its response while memory answers at once: the walk of the other port
    // and its own, of 5 reads and an update of 2 cycles each, and 2 cycles around each walk.
    localparam logic [5:0] PROMPT_CYCLES = 6'd28;

    logic reset_done_q = 1'b0;
    always_ff @(posedge clk_i) reset_done_q <= 1'b1;

    // ---- Senders
    logic [1:0] valid, ready, accept, resp;
    logic [ID_W-1:0] iid, did, iresp_id, dresp_id;
    logic [mmu_defs::VA_W-1:0] iva, dva, fence_va;
    logic [mmu_defs::PRIV_W-1:0] ipriv, dpriv;
    logic unused_iwrite, dwrite, fence_valid, fence_ready, fence, fence_has_va, fence_has_asid;
    logic [mmu_defs::ASID_W-1:0] fence_asid;

    formal_sender #(.WIDTH(REQUEST_W)) i_ireq (
        .clk_i, .rst_ni(reset_done_q), .any_valid(any_valid[0]), .any_payload(any_irequest),
        .ready_i(ready[0]), .valid_o(valid[0]), .payload_o({iid, iva, ipriv, unused_iwrite})
    );
    formal_sender #(.WIDTH(REQUEST_W)) i_dreq (
        .clk_i, .rst_ni(reset_done_q), .any_valid(any_valid[1]), .any_payload(any_drequest),
        .ready_i(ready[1]), .valid_o(valid[1]), .payload_o({did, dva, dpriv, dwrite})
    );
    formal_sender #(.WIDTH(FENCE_W)) i_fence (
        .clk_i, .rst_ni(reset_done_q), .any_valid(any_fence), .any_payload(any_fence_operands),
        .ready_i(fence_ready), .valid_o(fence_valid),
        .payload_o({fence_va, fence_asid, fence_has_va, fence_has_asid})
    );
    assign accept = valid & ready;
    assign fence = fence_valid && fence_ready;

    // ---- Memory answers what was asked, in a later cycle, and not more than once.
    logic asked_q = 1'b0, asked_cas_q = 1'b0;
    logic answer, req_valid, cas, stored;
    logic [63:0] expect_pte, desired;
    assign answer = any_answer && asked_q;
    always_ff @(posedge clk_i) begin
        if (req_valid && any_ready && reset_done_q) begin
            asked_q <= 1'b1;
            asked_cas_q <= cas;
        end else if (answer) asked_q <= 1'b0;
    end

    logic [mmu_defs::MODE_W-1:0] paging;
    assign paging = any_mode[2] ? mmu_defs::MODE_BARE : spec::any_mode(any_mode[1:0]);

    logic [mmu_defs::PA_W-1:0] iresp_pa, dresp_pa;
    logic [mmu_defs::FAULT_W-1:0] ireason, dreason;
    logic [mmu_defs::LEVEL_W-1:0] ilevel, dlevel;
    logic started, start_port, read, update, walk_end, l2_lookup, l2_port, l2_fill;
    logic [1:0] lookup, fill;

    mmu #(
        .ITLB_SETS(1), .ITLB_WAYS(2), .ITLB_POLICY(0), .DTLB_SETS(1), .DTLB_WAYS(2),
        .DTLB_POLICY(1), .L2TLB_SETS(1), .L2TLB_WAYS(2), .L2TLB_POLICY(0)
    ) i_mmu (
        .clk_i, .rst_ni(reset_done_q),
        .ireq_valid_i(valid[0]), .ireq_ready_o(ready[0]), .ireq_id_i(iid), .ireq_va_i(iva),
        .ireq_priv_i(ipriv), .iresp_valid_o(resp[0]), .iresp_id_o(iresp_id),
        .iresp_pa_o(iresp_pa), .iresp_reason_o(ireason), .iresp_level_o(ilevel),
        .dreq_valid_i(valid[1]), .dreq_ready_o(ready[1]), .dreq_id_i(did), .dreq_va_i(dva),
        .dreq_priv_i(dpriv), .dreq_write_i(dwrite), .dresp_valid_o(resp[1]),
        .dresp_id_o(dresp_id), .dresp_pa_o(dresp_pa), .dresp_reason_o(dreason),
        .dresp_level_o(dlevel),
        .ctl_mode_i(paging), .ctl_root_ppn_i(any_root), .ctl_asid_i(any_asid),
        .ctl_sum_i(any_bits[0]), .ctl_mxr_i(any_bits[1]), .ctl_adue_i(any_bits[2]),
        .ctl_pbmte_i(any_bits[3]), .ctl_napot_i(any_bits[4]),
        .fence_valid_i(fence_valid), .fence_ready_o(fence_ready), .fence_has_va_i(fence_has_va),
        .fence_va_i(fence_va), .fence_has_asid_i(fence_has_asid), .fence_asid_i(fence_asid),
        .ptw_req_valid_o(req_valid), .ptw_req_ready_i(any_ready), .ptw_req_cas_o(cas),
        .ptw_req_expect_o(expect_pte), .ptw_req_desired_o(desired),
        .ptw_resp_valid_i(answer), .ptw_resp_id_i('0), .ptw_resp_data_i(any_data),
        .ptw_resp_error_i(any_error),
        .probe_start_valid_o(started), .probe_start_port_o(start_port),
        .probe_read_valid_o(read), .probe_update_valid_o(update), .probe_end_valid_o(walk_end),
        .probe_update_stored_o(stored),
        .probe_itlb_lookup_valid_o(lookup[0]), .probe_itlb_fill_valid_o(fill[0]),
        .probe_dtlb_lookup_valid_o(lookup[1]), .probe_dtlb_fill_valid_o(fill[1]),
        .probe_l2tlb_lookup_valid_o(l2_lookup), .probe_l2tlb_lookup_port_o(l2_port),
        .probe_l2tlb_fill_valid_o(l2_fill)
    );

    // ---- What happened so far, from the ports alone; two bits are the ports I and D
    logic [1:0] pending_q = 2'b00;      // accepted, not answered
    logic [1:0] stale_q = 2'b00;        // fenced, and not looked up or started since
    logic [1:0] filled_q = 2'b00;       // the L1 TLB was filled since everything was removed
    logic [1:0] changed_q = 2'b00;      // its compare-and-set was performed
    logic [1:0] prompt_q = 2'b00;       // memory never waited since it was accepted
    logic [1:0] plain_q = 2'b00;        // accepted in the cycle before, needs no translation
    logic l2_filled_q = 1'b0, fenced_q = 1'b0, owner_q = 1'b0, dwrite_q;
    logic [ID_W-1:0] iid_q, did_q;
    logic [mmu_defs::VA_W-1:0] iva_q, dva_q;
    logic [5:0] icycles_q = 6'd0, dcycles_q = 6'd0;
    logic [2:0] fence_cycles_q = 3'd0;

    logic everything, prompt, started_or_looked;
    logic [1:0] again;
    assign everything = fence && !fence_has_va && !fence_has_asid;
    assign prompt = !(req_valid && !any_ready) && !(asked_q && !answer) &&
                    !(update && !stored);
    assign started_or_looked = started || l2_lookup;
    assign again = {started_or_looked && (started ? start_port : l2_port),
                    started_or_looked && !(started ? start_port : l2_port)};

    always_ff @(posedge clk_i) begin
        fenced_q <= fence;
        if (started) owner_q <= start_port;
        if (accept[0]) {iid_q, iva_q} <= {iid, iva};
        if (accept[1]) {did_q, dva_q, dwrite_q} <= {did, dva, dwrite};
        pending_q <= accept | (pending_q & ~resp);
        stale_q <= fence ? accept | (pending_q & ~resp) : stale_q & ~again & ~resp;
        filled_q <= everything ? 2'b00 : filled_q | fill;
        l2_filled_q <= !everything && (l2_filled_q || l2_fill);
        changed_q <= ((stored ? {owner_q, !owner_q} : 2'b00) | changed_q) & ~resp;
        prompt_q <= accept | (prompt && !fence_valid ? prompt_q : 2'b00);
        plain_q <= {accept[1] && (paging == mmu_defs::MODE_BARE || dpriv == mmu_defs::PRIV_M),
                    accept[0] && (paging == mmu_defs::MODE_BARE || ipriv == mmu_defs::PRIV_M)};
        icycles_q <= accept[0] ? 6'd0 : icycles_q + (icycles_q == 6'd63 ? 6'd0 : 6'd1);
        dcycles_q <= accept[1] ? 6'd0 : dcycles_q + (dcycles_q == 6'd63 ? 6'd0 : 6'd1);
        if (fence || !fence_valid || !prompt) fence_cycles_q <= 3'd0;
        else if (fence_cycles_q != 3'd7) fence_cycles_q <= fence_cycles_q + 3'd1;
    end

    always @(posedge clk_i) begin
        if (reset_done_q) begin
            // ---- Requests and responses
            response_has_request: assert (
                (resp & ~pending_q) == 2'b00 && (!resp[0] || iresp_id == iid_q) &&
                (!resp[1] || dresp_id == did_q));
            nothing_lost: assert ((accept & pending_q & ~resp) == 2'b00);
            untranslated_is_itself: assert (
                (plain_q & ~resp) == 2'b00 &&
                (!plain_q[0] || (ireason == mmu_defs::FAULT_NONE) == (iva_q[63:56] == 8'd0)) &&
                (!plain_q[1] || (dreason == mmu_defs::FAULT_NONE) == (dva_q[63:56] == 8'd0)) &&
                (!plain_q[0] || ireason != mmu_defs::FAULT_NONE || iresp_pa == iva_q[55:0]) &&
                (!plain_q[1] || dreason != mmu_defs::FAULT_NONE || dresp_pa == dva_q[55:0]));
            answers_in_time: assert (
                !(pending_q[0] && prompt_q[0] && icycles_q > PROMPT_CYCLES) &&
                !(pending_q[1] && prompt_q[1] && dcycles_q > PROMPT_CYCLES));

            // ---- Fences
            if (fence_valid) closed_while_fence_waits: assert (ready == 2'b00);
            if (fence) fence_cycle_is_still: assert (
                !started && !read && !update && !walk_end && !l2_lookup && !l2_fill &&
                lookup == 2'b00 && fill == 2'b00 && resp == 2'b00);
            if (fenced_q) no_response_after_fence: assert (resp == 2'b00);
            new_lookup_after_fence: assert ((stale_q & ~again & (resp | fill)) == 2'b00);
            hit_needs_fill: assert (
                !(resp[0] && ilevel == mmu_defs::LEVEL_L1 && !filled_q[0]) &&
                !(resp[1] && dlevel == mmu_defs::LEVEL_L1 && !filled_q[1]) &&
                !(resp[0] && ilevel == mmu_defs::LEVEL_L2 && !l2_filled_q) &&
                !(resp[1] && dlevel == mmu_defs::LEVEL_L2 && !l2_filled_q));
            fence_waits: assert (!(fence_ready && (changed_q != 2'b00 || resp != 2'b00 ||
                                                   (req_valid && cas) ||
                                                   (asked_q && asked_cas_q))));
            fence_in_time: assert (fence_cycles_q <= 3'd4);

            // ---- Updates of A and D
            change_is_performed: assert (
                !(changed_q[0] && resp[0] && ireason != mmu_defs::FAULT_NONE) &&
                !(changed_q[1] && resp[1] && dreason != mmu_defs::FAULT_NONE));
            if (req_valid && cas && desired[7] != expect_pte[7])
                d_only_for_stores: assert (owner_q && pending_q[1] && dwrite_q);
        end
    end
endmodule
