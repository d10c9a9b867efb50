// What a TLB answers when an entry matches: steps 6 and 8 of the translation, and D for stores.
module cached_entry (
    input  logic                          match_i,   // an entry matches
    input  logic [mmu_defs::ACCESS_W-1:0] access_i,  // what the access does
    input  logic [mmu_defs::PRIV_W-1:0]   priv_i,    // U or S
    input  logic                          sum_i,     // mstatus.SUM
    input  logic                          mxr_i,     // mstatus.MXR
    input  logic                          adue_i,    // menvcfg.ADUE
    input  logic [7:0]                    flags_i,   // the entry's ENTRY_BIT_*
    output logic [mmu_defs::LOOKUP_W-1:0] result_o,  // LOOKUP_*
    output logic [mmu_defs::FAULT_W-1:0]  reason_o   // of a hit: why it is refused
);
    logic [mmu_defs::FAULT_W-1:0] permission_reason;
    logic store_to_clean;

    permission i_permission (
        .access_i, .priv_i, .sum_i, .mxr_i, .flags_i, .reason_o(permission_reason)
    );

    assign store_to_clean = permission_reason == mmu_defs::FAULT_NONE &&
        access_i == mmu_defs::ACCESS_WRITE && !flags_i[mmu_defs::ENTRY_BIT_D];
    assign reason_o = store_to_clean ? mmu_defs::FAULT_DIRTY_CLEAR : permission_reason;

    always_comb begin
        result_o = mmu_defs::LOOKUP_MISS;
        if (match_i) begin
            result_o = mmu_defs::LOOKUP_HIT;
            if (store_to_clean && adue_i) result_o = mmu_defs::LOOKUP_CLEAN;
        end
    end
endmodule
