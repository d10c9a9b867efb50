// The page-table walker: one walk at a time, the ten steps of section 12.3.2 "Virtual Address
// Translation Process". The request it serves stands at its inputs, unchanged, from start_i to end_o.
module walker (
    input  logic                          clk_i,
    input  logic                          rst_ni,

    // The request
    input  logic                          start_i,         // begin a walk; only while busy_o is 0
    input  logic [mmu_defs::VPN_W-1:0]    vpn_i,           // va[56:12]
    input  logic [mmu_defs::ACCESS_W-1:0] access_i,
    input  logic [mmu_defs::PRIV_W-1:0]   priv_i,
    input  logic [mmu_defs::MODE_W-1:0]   mode_i,
    input  logic [mmu_defs::PPN_W-1:0]    root_ppn_i,      // satp.PPN
    input  logic                          sum_i,
    input  logic                          mxr_i,
    input  logic                          adue_i,
    input  logic                          pbmte_i,
    input  logic                          napot_i,

    // Fences
    input  logic                          fence_i,         // one happens now: the walk starts over
    output logic                          fence_ready_o,   // 0 while a compare-and-set is under way

    // Verdict, valid in the cycle of end_o
    output logic                          busy_o,          // a walk is under way
    output logic                          end_o,
    output logic [mmu_defs::FAULT_W-1:0]  reason_o,        // FAULT_NONE: the four that follow hold
    output logic [2:0]                    level_o,         // of the leaf, or of the PTE that failed
    output logic [mmu_defs::PAGE_W-1:0]   size_o,
    output logic [mmu_defs::PPN_W-1:0]    ppn_o,           // 0 below the page size
    output logic [7:0]                    flags_o,         // ENTRY_BIT_*; G also if inherited

    // Page-table port
    output logic                          ptw_req_valid_o,
    input  logic                          ptw_req_ready_i,
    output logic [mmu_defs::PA_W-1:0]     ptw_req_pa_o,
    output logic                          ptw_req_cas_o,
    output logic                          ptw_req_word_o,
    output logic [63:0]                   ptw_req_expect_o,
    output logic [63:0]                   ptw_req_desired_o,
    input  logic                          ptw_resp_valid_i,
    input  logic [63:0]                   ptw_resp_data_i,
    input  logic                          ptw_resp_error_i,

    // Events
    output logic                          probe_start_o,
    output logic                          probe_read_o,
    output logic                          probe_update_o,
    output logic                          probe_stored_o,  // of an update: it was performed
    output logic                          probe_error_o,   // of a read or update: refused
    output logic [mmu_defs::PA_W-1:0]     probe_pa_o,      // of the PTE
    output logic [63:0]                   probe_value_o,   // read, or held before the update; 0: refused
    output logic [63:0]                   probe_desired_o  // what the update stores
);
    walk_state_e state_q, state_d;
    logic [2:0] level_q;                        // i of the algorithm
    logic [mmu_defs::PA_W-1:0] pte_pa_q;        // address of the PTE at this level
    logic [63:0] pte_q;                         // the PTE read last
    logic global_q;                             // a pointer above has G set
    logic restart_q;                            // a fence came: the outstanding answer is dropped

    logic store, sv32;
    assign store = access_i == mmu_defs::ACCESS_WRITE;
    assign sv32 = mode::is_sv32(mode_i);

    // ---- Answers of the page-table port
    logic answered, read_answer, update_answer, stored;
    logic [63:0] value, desired;

    assign answered = ptw_resp_valid_i && state_q == WALK_READ_WAIT;
    assign read_answer = answered && !restart_q && !fence_i;
    assign update_answer = ptw_resp_valid_i && state_q == WALK_UPDATE_WAIT;

    always_comb begin
        value = '0;
        if ((read_answer || update_answer) && !ptw_resp_error_i) begin
            value = ptw_resp_data_i;
            if (sv32) value[63:32] = '0;
        end
    end

    // What the compare-and-set stores: the PTE with A, and for a store D, set.
    always_comb begin
        desired = pte_q;
        desired[mmu_defs::PTE_BIT_A] = 1'b1;
        if (store) desired[mmu_defs::PTE_BIT_D] = 1'b1;
    end
    assign stored = update_answer && !ptw_resp_error_i && value == pte_q;

    // ---- The PTE that counts: the one just read, or after an update the one just stored.
    logic [mmu_defs::FAULT_W-1:0] form_reason, permission_reason;
    logic pointer, accessed;
    logic [mmu_defs::PPN_W-1:0] ppn, inside_page;
    logic [7:0] flags;

    pte i_pte (
        .pte_i(update_answer ? desired : value), .sv32_i(sv32), .level_i(level_q), .pbmte_i,
        .napot_i, .reason_o(form_reason), .pointer_o(pointer), .ppn_o(ppn), .size_o,
        .flags_o(flags), .accessed_o(accessed)
    );

    permission i_permission (
        .access_i, .priv_i, .sum_i, .mxr_i, .flags_i(flags), .reason_o(permission_reason)
    );

    // ---- Verdict
    logic descend, update;

    always_comb begin
        reason_o = mmu_defs::FAULT_NONE;
        descend = 1'b0;
        update = 1'b0;
        end_o = 1'b0;
        if (read_answer || stored) begin
            end_o = 1'b1;
            // step 2: memory refused the read
            if (ptw_resp_error_i) reason_o = mmu_defs::FAULT_PTE_ACCESS;
            // step 3, step 4, step 5: the form of the PTE
            else if (form_reason != mmu_defs::FAULT_NONE) reason_o = form_reason;
            // step 4: a pointer
            else if (pointer) descend = 1'b1;
            // step 6, step 8: permissions (step 7, shadow stacks, is not implemented)
            else if (permission_reason != mmu_defs::FAULT_NONE) reason_o = permission_reason;
            // step 9: A and D
            else if (!accessed || (store && !flags[mmu_defs::ENTRY_BIT_D])) begin
                if (adue_i) update = 1'b1;
                else if (!accessed) reason_o = mmu_defs::FAULT_ACCESSED_CLEAR;
                else reason_o = mmu_defs::FAULT_DIRTY_CLEAR;
            end
            if (descend || update) end_o = 1'b0;
        end else if (update_answer && ptw_resp_error_i) begin
            // step 9: memory refused the update
            reason_o = mmu_defs::FAULT_UPDATE_ACCESS;
            end_o = 1'b1;
        end
    end

    // step 10: the leaf's page number; what lies below the page size comes from the address.
    assign level_o = level_q;
    assign inside_page = page::inside_mask(size_o);
    assign ppn_o = ppn & ~inside_page;
    always_comb begin
        flags_o = flags;
        flags_o[mmu_defs::ENTRY_BIT_G] = flags[mmu_defs::ENTRY_BIT_G] || global_q;
    end

    // ---- Next state
    logic begin_walk;  // at the root, in the next cycle
    assign begin_walk = start_i || (state_q == WALK_RESTART && !fence_i);

    always_comb begin
        state_d = state_q;
        case (state_q)
            WALK_IDLE: if (start_i) state_d = WALK_READ;
            WALK_READ: if (ptw_req_ready_i) state_d = WALK_READ_WAIT;
            WALK_READ_WAIT: begin
                if (answered && !read_answer) state_d = WALK_RESTART;
                else if (end_o) state_d = WALK_IDLE;
                else if (descend) state_d = WALK_READ;
                else if (update) state_d = WALK_UPDATE;
            end
            WALK_UPDATE: if (ptw_req_ready_i) state_d = WALK_UPDATE_WAIT;
            WALK_UPDATE_WAIT: begin
                // step 9: the PTE has changed in between: read it again, at the same level
                if (end_o) state_d = WALK_IDLE;
                else if (update_answer) state_d = WALK_READ;
            end
            WALK_RESTART: if (!fence_i) state_d = WALK_READ;
            default: state_d = WALK_IDLE;
        endcase
    end

    always_ff @(posedge clk_i) begin
        if (!rst_ni) begin
            state_q <= WALK_IDLE;
            restart_q <= 1'b0;
        end else begin
            state_q <= state_d;
            if (state_d == WALK_RESTART) restart_q <= 1'b0;
            else if (fence_i && (state_q == WALK_READ || state_q == WALK_READ_WAIT))
                restart_q <= 1'b1;
        end
    end

    always_ff @(posedge clk_i) begin
        if (begin_walk) begin
            // step 1: a = satp.ppn x PAGESIZE, i = LEVELS - 1
            level_q <= mode::top_level(mode_i);
            pte_pa_q <= {root_ppn_i, mode::pte_offset(mode_i, mode::top_level(mode_i), vpn_i)};
            global_q <= 1'b0;
        end else if (descend) begin
            // step 4: a = pte.ppn x PAGESIZE, i = i - 1
            level_q <= level_q - 3'd1;
            pte_pa_q <= {ppn, mode::pte_offset(mode_i, level_q - 3'd1, vpn_i)};
            if (flags[mmu_defs::ENTRY_BIT_G]) global_q <= 1'b1;
        end
        if (read_answer) pte_q <= value;
    end

    // ---- Page-table port: step 2 reads the PTE at a + va.vpn[i] x PTESIZE.
    assign ptw_req_valid_o = state_q == WALK_READ || state_q == WALK_UPDATE;
    assign ptw_req_cas_o = state_q == WALK_UPDATE;
    assign ptw_req_word_o = sv32;
    assign ptw_req_pa_o = pte_pa_q;
    assign ptw_req_expect_o = ptw_req_cas_o ? pte_q : '0;
    assign ptw_req_desired_o = ptw_req_cas_o ? desired : '0;

    assign busy_o = state_q != WALK_IDLE;
    // D must not be set for a store that a fence would then start over.
    assign fence_ready_o = state_q != WALK_UPDATE && state_q != WALK_UPDATE_WAIT;

    assign probe_start_o = begin_walk;
    assign probe_read_o = read_answer;
    assign probe_update_o = update_answer;
    assign probe_stored_o = stored;
    assign probe_error_o = ptw_resp_error_i;
    assign probe_pa_o = pte_pa_q;
    assign probe_value_o = value;
    assign probe_desired_o = desired;

`ifndef SYNTHESIS
    always @(posedge clk_i) begin
        if (rst_ni) begin
            assert (!(start_i && busy_o)) else $error("walk started during a walk");
            assert (!(descend && level_q == 3'd0)) else $error("walk below the last level");
            assert (!(fence_i && !fence_ready_o)) else $error("fence during a compare-and-set");
            if (ptw_resp_valid_i)
                assert (state_q == WALK_READ_WAIT || state_q == WALK_UPDATE_WAIT)
                else $error("page-table answer to no request");
            if (stored) assert (end_o && reason_o == mmu_defs::FAULT_NONE)
                else $error("A or D set for an access that faults");
        end
    end
`endif
endmodule
