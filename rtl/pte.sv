// Takes a page-table entry apart and checks its form: steps 3 to 5 of the translation.
module pte (
    input  logic [63:0]                  pte_i,       // the entry; upper half 0 in Sv32
    input  logic                         sv32_i,      // 4-byte format
    input  logic [2:0]                   level_i,     // i of the algorithm; 0: last level
    input  logic                         pbmte_i,     // Svpbmt enabled (menvcfg.PBMTE)
    input  logic                         napot_i,     // Svnapot implemented
    output logic [mmu_defs::FAULT_W-1:0] reason_o,    // FAULT_NONE: well formed
    output logic                         pointer_o,   // points to the next table; valid if no fault
    output logic [mmu_defs::PPN_W-1:0]   ppn_o,       // PPN as it stands in the entry
    output logic [mmu_defs::PAGE_W-1:0]  size_o,      // of the leaf
    output logic [7:0]                   flags_o,     // ENTRY_BIT_*
    output logic                         accessed_o   // A
);
    logic v, r, w, x, u, g, a, d, n;
    logic [1:0] pbmt;
    logic [6:0] reserved;

    assign v = pte_i[mmu_defs::PTE_BIT_V];
    assign r = pte_i[mmu_defs::PTE_BIT_R];
    assign w = pte_i[mmu_defs::PTE_BIT_W];
    assign x = pte_i[mmu_defs::PTE_BIT_X];
    assign u = pte_i[mmu_defs::PTE_BIT_U];
    assign g = pte_i[mmu_defs::PTE_BIT_G];
    assign a = pte_i[mmu_defs::PTE_BIT_A];
    assign d = pte_i[mmu_defs::PTE_BIT_D];
    // Absent in Sv32, where the upper half of pte_i is 0.
    assign reserved = pte_i[mmu_defs::PTE_BIT_RESERVED+:7];
    assign pbmt = pte_i[mmu_defs::PTE_BIT_PBMT+:2];
    assign n = pte_i[mmu_defs::PTE_BIT_N];

    assign ppn_o = pte_i[mmu_defs::PTE_BIT_PPN+:mmu_defs::PPN_W];
    assign pointer_o = !r && !x;
    assign size_o = page::of_level(sv32_i, level_i, n);
    assign flags_o = {pbmt, d, g, u, x, w, r};
    assign accessed_o = a;

    // Bits of the PPN that a superpage must leave 0.
    logic [mmu_defs::PPN_W-1:0] below;
    assign below = page::inside_mask(page::of_level(sv32_i, level_i, 1'b0));

    always_comb begin
        reason_o = mmu_defs::FAULT_NONE;
        // step 3: entries that are not valid, or use what is reserved
        if (!v) reason_o = mmu_defs::FAULT_NOT_VALID;
        else if (w && !r) reason_o = mmu_defs::FAULT_WRITE_ONLY;
        else if (reserved != '0) reason_o = mmu_defs::FAULT_RESERVED_BITS;
        else if (pbmt == 2'd3 || (pbmt != 2'd0 && !pbmte_i))
            reason_o = mmu_defs::FAULT_RESERVED_PBMT;
        else if (n && !napot_i) reason_o = mmu_defs::FAULT_RESERVED_NAPOT;
        // step 4: a pointer to the next level
        else if (pointer_o) begin
            if (d || a || u || n || pbmt != 2'd0) reason_o = mmu_defs::FAULT_POINTER_FLAGS;
            else if (level_i == 3'd0) reason_o = mmu_defs::FAULT_POINTER_AT_LEAF;
        end
        // step 5: a leaf
        else if (n && (level_i != 3'd0 || ppn_o[3:0] != 4'd8))
            reason_o = mmu_defs::FAULT_RESERVED_NAPOT;
        else if ((ppn_o & below) != '0) reason_o = mmu_defs::FAULT_MISALIGNED;
    end

    logic unused_software;
    assign unused_software = &{1'b0, pte_i[9:8]};  // RSW, for software
endmodule
