// Properties of rtl/mmu.sv with both ports and the engine; formal_port in port.sv holds those of each
// port. As in walker.sv the environment is built: free inputs `any_*` are gated so that they keep the
// contract of the ports.
module formal_mmu #(
    parameter int L1_WAYS   = `L1_WAYS,
    parameter int L2_SETS   = `L2_SETS,
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
    localparam int PROMPT_CYCLES = 28;

    logic reset_done_q = 1'b0;
    always_ff @(posedge clk_i) reset_done_q <= 1'b1;

    // ---- Senders
    logic [1:0] valid, ready, accept, resp;
    logic [ID_W-1:0] iid, did, iresp_id, dresp_id;
    logic [mmu_defs::VA_W-1:0] iva, dva, fence_va;
    logic [mmu_defs::PRIV_W-1:0] ipriv, dpriv;
    logic [mmu_defs::ACCESS_W-1:0] daccess;
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
    assign daccess = dwrite ? mmu_defs::ACCESS_WRITE : mmu_defs::ACCESS_READ;
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

    logic [mmu_defs::PA_W-1:0] iresp_pa, dresp_pa, pte_pa;
    logic [mmu_defs::PAGE_W-1:0] isize, dsize, ifill_size, dfill_size;
    logic [mmu_defs::MEMORY_W-1:0] imemory, dmemory;
    logic [mmu_defs::CAUSE_W-1:0] icause, dcause;
    logic [mmu_defs::FAULT_W-1:0] ireason, dreason;
    logic [mmu_defs::PPN_W-1:0] ifill_ppn, dfill_ppn;
    logic [mmu_defs::LEVEL_W-1:0] ilevel, dlevel;
    logic started, start_port, read, update, walk_end, l2_lookup, l2_port, l2_fill;
    logic [1:0] lookup, fill;

    mmu #(
        .ITLB_SETS(1), .ITLB_WAYS(L1_WAYS), .ITLB_POLICY(32'(mmu_defs::POLICY_LRU)),
        .DTLB_SETS(1), .DTLB_WAYS(L1_WAYS), .DTLB_POLICY(32'(mmu_defs::POLICY_PLRU)),
        .L2TLB_SETS(L2_SETS), .L2TLB_WAYS(2), .L2TLB_POLICY(32'(mmu_defs::POLICY_LRU))
    ) i_mmu (
        .clk_i, .rst_ni(reset_done_q),
        .ireq_valid_i(valid[0]), .ireq_ready_o(ready[0]), .ireq_id_i(iid), .ireq_va_i(iva),
        .ireq_priv_i(ipriv), .iresp_valid_o(resp[0]), .iresp_id_o(iresp_id),
        .iresp_pa_o(iresp_pa), .iresp_size_o(isize), .iresp_memory_o(imemory),
        .iresp_cause_o(icause), .iresp_reason_o(ireason), .iresp_level_o(ilevel),
        .dreq_valid_i(valid[1]), .dreq_ready_o(ready[1]), .dreq_id_i(did), .dreq_va_i(dva),
        .dreq_priv_i(dpriv), .dreq_write_i(dwrite), .dresp_valid_o(resp[1]),
        .dresp_id_o(dresp_id), .dresp_pa_o(dresp_pa), .dresp_size_o(dsize),
        .dresp_memory_o(dmemory), .dresp_cause_o(dcause), .dresp_reason_o(dreason),
        .dresp_level_o(dlevel),
        .ctl_mode_i(paging), .ctl_root_ppn_i(any_root), .ctl_asid_i(any_asid),
        .ctl_sum_i(any_bits[0]), .ctl_mxr_i(any_bits[1]), .ctl_adue_i(any_bits[2]),
        .ctl_pbmte_i(any_bits[3]), .ctl_napot_i(any_bits[4]),
        .fence_valid_i(fence_valid), .fence_ready_o(fence_ready), .fence_has_va_i(fence_has_va),
        .fence_va_i(fence_va), .fence_has_asid_i(fence_has_asid), .fence_asid_i(fence_asid),
        .ptw_req_valid_o(req_valid), .ptw_req_ready_i(any_ready), .ptw_req_pa_o(pte_pa), .ptw_req_cas_o(cas),
        .ptw_req_expect_o(expect_pte), .ptw_req_desired_o(desired),
        .ptw_resp_valid_i(answer), .ptw_resp_id_i('0), .ptw_resp_data_i(any_data),
        .ptw_resp_error_i(any_error),
        .probe_start_valid_o(started), .probe_start_port_o(start_port),
        .probe_read_valid_o(read), .probe_update_valid_o(update), .probe_end_valid_o(walk_end),
        .probe_update_stored_o(stored),
        .probe_itlb_lookup_valid_o(lookup[0]), .probe_itlb_fill_valid_o(fill[0]),
        .probe_itlb_fill_size_o(ifill_size), .probe_itlb_fill_ppn_o(ifill_ppn),
        .probe_dtlb_lookup_valid_o(lookup[1]), .probe_dtlb_fill_valid_o(fill[1]),
        .probe_dtlb_fill_size_o(dfill_size), .probe_dtlb_fill_ppn_o(dfill_ppn),
        .probe_l2tlb_lookup_valid_o(l2_lookup), .probe_l2tlb_lookup_port_o(l2_port),
        .probe_l2tlb_fill_valid_o(l2_fill)
    );

    // ---- The two ports; of pairs of bits the lower is the I port's
    logic [1:0] pending, changed, of_walk, stores;
    logic [63:0] expect_q;              // of the compare-and-set under way
    logic everything, prompt, owner_q, l2_filled_q = 1'b0;
    assign everything = fence && !fence_has_va && !fence_has_asid;
    assign prompt = !(req_valid && !any_ready) && !(asked_q && !answer) &&
                    !(update && !stored) && !fence_valid;
    assign of_walk = owner_q ? 2'b10 : 2'b01;
    always_ff @(posedge clk_i) begin
        if (started) owner_q <= start_port;
        if (req_valid) expect_q <= expect_pte;
        l2_filled_q <= !everything && (l2_filled_q || l2_fill);
    end

    formal_port #(.PROMPT_CYCLES(PROMPT_CYCLES)) i_iport (
        .clk_i, .rst_ni(reset_done_q),
        .accept_i(accept[0]), .id_i(iid), .va_i(iva), .priv_i(ipriv),
        .access_i(mmu_defs::ACCESS_EXECUTE), .mode_i(paging), .root_ppn_i(any_root),
        .resp_i(resp[0]), .resp_id_i(iresp_id), .resp_pa_i(iresp_pa), .resp_size_i(isize),
        .resp_memory_i(imemory), .resp_cause_i(icause), .resp_reason_i(ireason),
        .resp_level_i(ilevel),
        .lookup_i(lookup[0]), .l2_lookup_i(l2_lookup && !l2_port),
        .start_i(started && !start_port), .read_request_i(req_valid && !cas && of_walk[0]),
        .read_pa_i(pte_pa), .stored_i(stored && of_walk[0]), .fill_i(fill[0]),
        .fill_size_i(ifill_size), .fill_ppn_i(ifill_ppn), .l2_filled_i(l2_filled_q),
        .fence_i(fence), .everything_i(everything), .prompt_i(prompt),
        .pending_o(pending[0]), .changed_o(changed[0]), .store_o(stores[0])
    );
    formal_port #(.PROMPT_CYCLES(PROMPT_CYCLES)) i_dport (
        .clk_i, .rst_ni(reset_done_q),
        .accept_i(accept[1]), .id_i(did), .va_i(dva), .priv_i(dpriv),
        .access_i(daccess), .mode_i(paging), .root_ppn_i(any_root),
        .resp_i(resp[1]), .resp_id_i(dresp_id), .resp_pa_i(dresp_pa), .resp_size_i(dsize),
        .resp_memory_i(dmemory), .resp_cause_i(dcause), .resp_reason_i(dreason),
        .resp_level_i(dlevel),
        .lookup_i(lookup[1]), .l2_lookup_i(l2_lookup && l2_port),
        .start_i(started && start_port), .read_request_i(req_valid && !cas && of_walk[1]),
        .read_pa_i(pte_pa), .stored_i(stored && of_walk[1]), .fill_i(fill[1]),
        .fill_size_i(dfill_size), .fill_ppn_i(dfill_ppn), .l2_filled_i(l2_filled_q),
        .fence_i(fence), .everything_i(everything), .prompt_i(prompt),
        .pending_o(pending[1]), .changed_o(changed[1]), .store_o(stores[1])
    );

    // Cycles that a fence has waited while memory answered at once.
    logic [2:0] fence_cycles_q = 3'd0;
    always_ff @(posedge clk_i) begin
        if (fence || !fence_valid || (req_valid && !any_ready) || (asked_q && !answer))
            fence_cycles_q <= 3'd0;
        else if (fence_cycles_q != 3'd7) fence_cycles_q <= fence_cycles_q + 3'd1;
    end

    always @(posedge clk_i) begin
        if (reset_done_q) begin
            // ---- Fences
            if (fence_valid) closed_while_fence_waits: assert (ready == 2'b00);
            if (fence) fence_cycle_is_still: assert (
                !started && !read && !update && !walk_end && !l2_lookup && !l2_fill &&
                lookup == 2'b00 && fill == 2'b00 && resp == 2'b00);
            if (fence_ready) fence_waits: assert (
                changed == 2'b00 && resp == 2'b00 && !(req_valid && cas) &&
                !(asked_q && asked_cas_q));
            fence_in_time: assert (fence_cycles_q <= 3'd4);

            // ---- Updates of A and D
            if (req_valid && cas && desired[7] != expect_pte[7])
                d_only_for_stores: assert (of_walk[1] && pending[1] && stores[1]);

            `REACHES(both_ports_wait, pending == 2'b11 && l2_lookup)
            `REACHES(hit_passes_walk, resp[1] && pending[0] && asked_q)
            `REACHES(fence_meets_walk, fence && asked_q)
            `REACHES(fence_waits_for_update, fence_valid && asked_q && asked_cas_q)
            `REACHES(d_is_set, stored && expect_q[7] == 1'b0 && of_walk[1] && stores[1])
        end
    end
endmodule
