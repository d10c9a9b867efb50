// One request port with its L1 TLB. Takes a request every cycle while it hits; the response comes
// in the next cycle. A miss closes the port until the shared engine has answered it.
module mmu_port #(
    parameter int SETS   = 1,               // geometry and policy of the L1 TLB
    parameter int WAYS   = 4,
    parameter int POLICY = 0,
    parameter int NUMBER = 0,               // TLB_I or TLB_D
    parameter int SEED   = 1,               // of random replacement
    parameter int SET_W  = SETS > 1 ? $clog2(SETS) : 1,
    parameter int WAY_W  = WAYS > 1 ? $clog2(WAYS) : 1
) (
    input  logic                          clk_i,
    input  logic                          rst_ni,

    // Request
    input  logic                          req_valid_i,
    output logic                          req_ready_o,        // 0 while a miss is served, or a fence waits
    input  logic [mmu_defs::ID_W-1:0]     req_id_i,
    input  logic [mmu_defs::VA_W-1:0]     req_va_i,
    input  logic [mmu_defs::ACCESS_W-1:0] req_access_i,
    input  logic [mmu_defs::PRIV_W-1:0]   req_priv_i,

    // Control registers, taken with the request
    input  logic [mmu_defs::MODE_W-1:0]   ctl_mode_i,
    input  logic [mmu_defs::PPN_W-1:0]    ctl_root_ppn_i,
    input  logic [mmu_defs::ASID_W-1:0]   ctl_asid_i,
    input  logic                          ctl_sum_i,
    input  logic                          ctl_mxr_i,
    input  logic                          ctl_adue_i,
    input  logic                          ctl_pbmte_i,
    input  logic                          ctl_napot_i,

    // Response: registers, valid for one cycle
    output logic                          resp_valid_o,
    output logic [mmu_defs::ID_W-1:0]     resp_id_o,
    output logic [mmu_defs::PA_W-1:0]     resp_pa_o,          // 0 on a fault
    output logic [mmu_defs::PAGE_W-1:0]   resp_size_o,        // 0 on a fault
    output logic [mmu_defs::MEMORY_W-1:0] resp_memory_o,      // 0 on a fault
    output logic [mmu_defs::CAUSE_W-1:0]  resp_cause_o,       // CAUSE_NONE: translated
    output logic [mmu_defs::FAULT_W-1:0]  resp_reason_o,      // FAULT_NONE: translated
    output logic [mmu_defs::LEVEL_W-1:0]  resp_level_o,

    // Fence
    input  logic                          fence_valid_i,      // one is waiting, or happens
    input  logic                          fence_i,            // it happens in this cycle
    input  logic                          fence_has_va_i,
    input  logic [mmu_defs::VPN_W-1:0]    fence_vpn_i,
    input  logic                          fence_has_asid_i,
    input  logic [mmu_defs::ASID_W-1:0]   fence_asid_i,

    // The request that missed, for the shared engine; stable from miss_o to answer_i
    output logic                          miss_o,
    output logic [mmu_defs::ID_W-1:0]     miss_id_o,
    output logic [mmu_defs::VPN_W-1:0]    miss_vpn_o,
    output logic [mmu_defs::ACCESS_W-1:0] miss_access_o,
    output logic [mmu_defs::PRIV_W-1:0]   miss_priv_o,
    output logic [mmu_defs::MODE_W-1:0]   miss_mode_o,
    output logic [mmu_defs::PPN_W-1:0]    miss_root_ppn_o,
    output logic [mmu_defs::ASID_W-1:0]   miss_asid_o,
    output logic                          miss_sum_o,
    output logic                          miss_mxr_o,
    output logic                          miss_adue_o,
    output logic                          miss_pbmte_o,
    output logic                          miss_napot_o,

    // Its answer
    input  logic                          answer_i,           // the engine is done with it
    input  logic                          answer_fill_i,      // and has an entry for the L1 TLB
    input  logic [mmu_defs::FAULT_W-1:0]  answer_reason_i,
    input  logic [mmu_defs::LEVEL_W-1:0]  answer_level_i,
    input  logic [mmu_defs::ASID_W-1:0]   answer_asid_i,      // of the entry
    input  logic [mmu_defs::PAGE_W-1:0]   answer_size_i,
    input  logic [mmu_defs::PPN_W-1:0]    answer_ppn_i,
    input  logic [7:0]                    answer_flags_i,

    // Events of the L1 TLB
    output logic                          probe_lookup_valid_o,
    output logic [mmu_defs::ID_W-1:0]     probe_lookup_id_o,
    output logic [mmu_defs::LOOKUP_W-1:0] probe_lookup_result_o,
    output logic [SET_W-1:0]              probe_lookup_set_o,
    output logic [WAY_W-1:0]              probe_lookup_way_o,
    output logic                          probe_fill_valid_o,
    output logic [SET_W-1:0]              probe_fill_set_o,
    output logic [WAY_W-1:0]              probe_fill_way_o,
    output logic                          probe_evicted_o,
    output logic [mmu_defs::PAGE_W-1:0]   probe_evicted_size_o,
    output logic [mmu_defs::ASID_W-1:0]   probe_evicted_asid_o,
    output logic [mmu_defs::VPN_W-1:0]    probe_evicted_vpn_o
);
    port_state_e state_q;

    logic accept, translated, canonical, lookup, miss;
    assign req_ready_o = state_q == PORT_READY && !fence_valid_i;
    assign accept = req_valid_i && req_ready_o;
    assign translated = ctl_mode_i != mmu_defs::MODE_BARE && req_priv_i != mmu_defs::PRIV_M;
    assign canonical = mode::canonical(ctl_mode_i, req_va_i[63:32]);
    assign lookup = accept && translated && canonical;

    // ---- L1 TLB
    logic [mmu_defs::LOOKUP_W-1:0] result;
    logic [mmu_defs::FAULT_W-1:0]  hit_reason;
    logic [mmu_defs::PAGE_W-1:0]   hit_size;
    logic [mmu_defs::PPN_W-1:0]    hit_ppn;
    logic [7:0]                    hit_flags;
    logic [mmu_defs::ASID_W-1:0]   unused_hit_asid;

    tlb #(.SETS(SETS), .WAYS(WAYS), .POLICY(POLICY), .NUMBER(NUMBER), .SEED(SEED)) i_tlb (
        .clk_i, .rst_ni,
        .lookup_i(lookup), .lookup_vpn_i(req_va_i[56:12]), .lookup_access_i(req_access_i),
        .lookup_priv_i(req_priv_i), .lookup_mode_i(ctl_mode_i), .lookup_asid_i(ctl_asid_i),
        .lookup_sum_i(ctl_sum_i), .lookup_mxr_i(ctl_mxr_i), .lookup_adue_i(ctl_adue_i),
        .lookup_result_o(result), .lookup_set_o(probe_lookup_set_o),
        .lookup_way_o(probe_lookup_way_o), .lookup_reason_o(hit_reason),
        .lookup_asid_o(unused_hit_asid), .lookup_size_o(hit_size), .lookup_ppn_o(hit_ppn),
        .lookup_flags_o(hit_flags),
        .fill_i(probe_fill_valid_o), .fill_vpn_i(miss_vpn_o), .fill_asid_i(answer_asid_i),
        .fill_size_i(answer_size_i), .fill_ppn_i(answer_ppn_i), .fill_flags_i(answer_flags_i),
        .fill_set_o(probe_fill_set_o), .fill_way_o(probe_fill_way_o),
        .evicted_o(probe_evicted_o), .evicted_size_o(probe_evicted_size_o),
        .evicted_asid_o(probe_evicted_asid_o), .evicted_vpn_o(probe_evicted_vpn_o),
        .fence_i, .fence_has_va_i, .fence_vpn_i, .fence_has_asid_i, .fence_asid_i
    );

    assign miss = lookup && result != mmu_defs::LOOKUP_HIT;
    assign probe_lookup_valid_o = lookup;
    assign probe_lookup_id_o = req_id_i;
    assign probe_lookup_result_o = result;
    assign probe_fill_valid_o = answer_i && answer_fill_i;

    // ---- The request that missed
    logic [11:0] miss_offset_q;  // its va[11:0]
    logic [mmu_defs::ID_W-1:0]     miss_id_q;
    logic [mmu_defs::VPN_W-1:0]    miss_vpn_q;
    logic [mmu_defs::ACCESS_W-1:0] miss_access_q;
    logic [mmu_defs::PRIV_W-1:0]   miss_priv_q;
    logic [mmu_defs::MODE_W-1:0]   miss_mode_q;
    logic [mmu_defs::PPN_W-1:0]    miss_root_ppn_q;
    logic [mmu_defs::ASID_W-1:0]   miss_asid_q;
    logic miss_sum_q, miss_mxr_q, miss_adue_q, miss_pbmte_q, miss_napot_q;

    always_ff @(posedge clk_i) begin
        if (!rst_ni) state_q <= PORT_READY;
        else if (miss) state_q <= PORT_MISS;
        else if (answer_i) state_q <= PORT_READY;
    end

    always_ff @(posedge clk_i) begin
        if (miss) begin
            miss_id_q <= req_id_i;
            miss_vpn_q <= req_va_i[56:12];
            miss_offset_q <= req_va_i[11:0];
            miss_access_q <= req_access_i;
            miss_priv_q <= req_priv_i;
            miss_mode_q <= ctl_mode_i;
            miss_root_ppn_q <= ctl_root_ppn_i;
            miss_asid_q <= ctl_asid_i;
            miss_sum_q <= ctl_sum_i;
            miss_mxr_q <= ctl_mxr_i;
            miss_adue_q <= ctl_adue_i;
            miss_pbmte_q <= ctl_pbmte_i;
            miss_napot_q <= ctl_napot_i;
        end
    end

    assign miss_o = state_q == PORT_MISS;
    assign miss_id_o = miss_id_q;
    assign miss_vpn_o = miss_vpn_q;
    assign miss_access_o = miss_access_q;
    assign miss_priv_o = miss_priv_q;
    assign miss_mode_o = miss_mode_q;
    assign miss_root_ppn_o = miss_root_ppn_q;
    assign miss_asid_o = miss_asid_q;
    assign miss_sum_o = miss_sum_q;
    assign miss_mxr_o = miss_mxr_q;
    assign miss_adue_o = miss_adue_q;
    assign miss_pbmte_o = miss_pbmte_q;
    assign miss_napot_o = miss_napot_q;

    // ---- Response
    logic respond;
    logic [mmu_defs::ID_W-1:0]     id;
    logic [mmu_defs::PPN_W-1:0]    vpn;     // as much as a page has inside
    logic [11:0]                   offset;
    logic [mmu_defs::ACCESS_W-1:0] access;
    logic [mmu_defs::FAULT_W-1:0]  reason;
    logic [mmu_defs::LEVEL_W-1:0]  level;
    logic [mmu_defs::PAGE_W-1:0]   size;
    logic [mmu_defs::PPN_W-1:0]    ppn;
    logic [mmu_defs::MEMORY_W-1:0] memory;

    assign respond = answer_i || (accept && !miss);

    always_comb begin
        id = req_id_i;
        vpn = req_va_i[55:12];
        offset = req_va_i[11:0];
        access = req_access_i;
        reason = mmu_defs::FAULT_NONE;
        level = mmu_defs::LEVEL_NONE;
        size = mmu_defs::PAGE_4K;
        ppn = '0;
        memory = mmu_defs::MEMORY_PMA;
        if (answer_i) begin
            id = miss_id_q;
            vpn = miss_vpn_q[mmu_defs::PPN_W-1:0];
            offset = miss_offset_q;
            access = miss_access_q;
            reason = answer_reason_i;
            level = answer_level_i;
            size = answer_size_i;
            ppn = answer_ppn_i;
            memory = answer_flags_i[mmu_defs::ENTRY_BIT_PBMT+:2];
        end else if (!translated) begin
            ppn = req_va_i[55:12];
            if (req_va_i[63:56] != '0) reason = mmu_defs::FAULT_TOO_WIDE;
        end else if (!canonical) begin
            reason = mmu_defs::FAULT_NON_CANONICAL;
        end else begin
            reason = hit_reason;
            level = mmu_defs::LEVEL_L1;
            size = hit_size;
            ppn = hit_ppn;
            memory = hit_flags[mmu_defs::ENTRY_BIT_PBMT+:2];
        end
    end

    // The exception that a fault of this access raises.
    function automatic logic [mmu_defs::CAUSE_W-1:0] cause_of(
        input logic [mmu_defs::FAULT_W-1:0] why, input logic [mmu_defs::ACCESS_W-1:0] what);
        if (why == mmu_defs::FAULT_NONE) cause_of = mmu_defs::CAUSE_NONE;
        else if (why == mmu_defs::FAULT_TOO_WIDE || why == mmu_defs::FAULT_PTE_ACCESS ||
                 why == mmu_defs::FAULT_UPDATE_ACCESS) begin
            case (what)
                mmu_defs::ACCESS_EXECUTE: cause_of = mmu_defs::CAUSE_FETCH_ACCESS_FAULT;
                mmu_defs::ACCESS_WRITE:   cause_of = mmu_defs::CAUSE_STORE_ACCESS_FAULT;
                default:                  cause_of = mmu_defs::CAUSE_LOAD_ACCESS_FAULT;
            endcase
        end else begin
            case (what)
                mmu_defs::ACCESS_EXECUTE: cause_of = mmu_defs::CAUSE_FETCH_PAGE_FAULT;
                mmu_defs::ACCESS_WRITE:   cause_of = mmu_defs::CAUSE_STORE_PAGE_FAULT;
                default:                  cause_of = mmu_defs::CAUSE_LOAD_PAGE_FAULT;
            endcase
        end
    endfunction

    logic resp_valid_q;
    logic [mmu_defs::ID_W-1:0]     resp_id_q;
    logic [mmu_defs::PA_W-1:0]     resp_pa_q;
    logic [mmu_defs::PAGE_W-1:0]   resp_size_q;
    logic [mmu_defs::MEMORY_W-1:0] resp_memory_q;
    logic [mmu_defs::CAUSE_W-1:0]  resp_cause_q;
    logic [mmu_defs::FAULT_W-1:0]  resp_reason_q;
    logic [mmu_defs::LEVEL_W-1:0]  resp_level_q;

    always_ff @(posedge clk_i) begin
        if (!rst_ni) resp_valid_q <= 1'b0;
        else resp_valid_q <= respond;
    end

    // step 10: pa = ppn of the leaf above the page size, va below it.
    always_ff @(posedge clk_i) begin
        if (respond) begin
            resp_id_q <= id;
            resp_reason_q <= reason;
            resp_cause_q <= cause_of(reason, access);
            resp_level_q <= level;
            if (reason == mmu_defs::FAULT_NONE) begin
                resp_pa_q <= {ppn | (vpn & page::inside_mask(size)), offset};
                resp_size_q <= size;
                resp_memory_q <= memory;
            end else begin
                resp_pa_q <= '0;
                resp_size_q <= '0;
                resp_memory_q <= '0;
            end
        end
    end

    assign resp_valid_o = resp_valid_q;
    assign resp_id_o = resp_id_q;
    assign resp_pa_o = resp_pa_q;
    assign resp_size_o = resp_size_q;
    assign resp_memory_o = resp_memory_q;
    assign resp_cause_o = resp_cause_q;
    assign resp_reason_o = resp_reason_q;
    assign resp_level_o = resp_level_q;

    logic unused_flags;
    assign unused_flags = &{1'b0, hit_flags, answer_flags_i};

`ifndef SYNTHESIS
    always @(posedge clk_i) begin
        if (rst_ni) begin
            assert (!(answer_i && state_q != PORT_MISS)) else $error("answer without a miss");
            assert (!(answer_i && fence_i)) else $error("answer in the cycle of a fence");
            assert (!(resp_valid_q && fence_i)) else $error("response in the cycle of a fence");
        end
    end
`endif
endmodule
