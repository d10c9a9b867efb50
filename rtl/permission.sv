// Steps 6 and 8 of the translation: may this access use this leaf? Also asked of cached entries.
module permission (
    input  logic [mmu_defs::ACCESS_W-1:0] access_i,  // what the access does
    input  logic [mmu_defs::PRIV_W-1:0]   priv_i,    // effective privilege: U or S
    input  logic                          sum_i,     // mstatus.SUM
    input  logic                          mxr_i,     // mstatus.MXR
    input  logic [7:0]                    flags_i,   // of the leaf, ENTRY_BIT_*; R, W, X, U count
    output logic [mmu_defs::FAULT_W-1:0]  reason_o   // FAULT_NONE: it may
);
    logic r, w, x, u, fetch, store, user;

    assign r = flags_i[mmu_defs::ENTRY_BIT_R];
    assign w = flags_i[mmu_defs::ENTRY_BIT_W];
    assign x = flags_i[mmu_defs::ENTRY_BIT_X];
    assign u = flags_i[mmu_defs::ENTRY_BIT_U];
    assign fetch = access_i == mmu_defs::ACCESS_EXECUTE;
    assign store = access_i == mmu_defs::ACCESS_WRITE;
    assign user = priv_i == mmu_defs::PRIV_U;

    always_comb begin
        reason_o = mmu_defs::FAULT_NONE;
        // step 6: the U bit; S-mode never fetches from user pages, and needs SUM to touch them.
        if (user && !u) reason_o = mmu_defs::FAULT_SUPERVISOR_PAGE;
        else if (!user && u && (fetch || !sum_i)) reason_o = mmu_defs::FAULT_USER_PAGE;
        // step 8: the R, W and X bits; MXR makes executable pages readable.
        else if (fetch && !x) reason_o = mmu_defs::FAULT_NOT_EXECUTABLE;
        else if (store && !w) reason_o = mmu_defs::FAULT_NOT_WRITABLE;
        else if (!fetch && !store && !r && !(mxr_i && x)) reason_o = mmu_defs::FAULT_NOT_READABLE;
    end

    logic unused_flags;
    assign unused_flags = &{1'b0, flags_i};
endmodule
