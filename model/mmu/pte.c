#include "pte.h"

static unsigned pbmt(uint64_t pte) {
    return pte >> PTE_BIT_PBMT & 3;
}

static bool napot(uint64_t pte, const struct mode *mode) {
    return mode->high_bits && pte_bit(pte, PTE_BIT_N);
}

enum fault_reason pte_check(uint64_t pte, const struct mode *mode,
                            const struct mmu_control *control) {
    if (!pte_bit(pte, PTE_BIT_V))
        return FAULT_NOT_VALID;
    if (!pte_bit(pte, PTE_BIT_R) && pte_bit(pte, PTE_BIT_W))
        return FAULT_WRITE_ONLY;
    if (!mode->high_bits)
        return FAULT_NONE;
    if (pte >> PTE_BIT_RESERVED & 0x7f)
        return FAULT_RESERVED_BITS;
    if (pbmt(pte) == 3 || (pbmt(pte) != 0 && !control->pbmte))
        return FAULT_RESERVED_PBMT;
    if (pte_bit(pte, PTE_BIT_N) && !control->napot)
        return FAULT_RESERVED_NAPOT;
    return FAULT_NONE;
}

enum fault_reason pte_check_pointer(uint64_t pte, const struct mode *mode, unsigned level) {
    uint64_t forbidden = pte_mask(PTE_BIT_D) | pte_mask(PTE_BIT_A) | pte_mask(PTE_BIT_U);
    if (mode->high_bits)
        forbidden |= pte_mask(PTE_BIT_N) | UINT64_C(3) << PTE_BIT_PBMT;
    if (pte & forbidden)
        return FAULT_POINTER_FLAGS;
    return level == 0 ? FAULT_POINTER_AT_LEAF : FAULT_NONE;
}

enum fault_reason pte_check_leaf(uint64_t pte, const struct mode *mode, unsigned level) {
    uint64_t ppn = pte_ppn(pte, mode);
    /* Only ppn[3:0] = 1000, 64 KiB, is defined. */
    if (napot(pte, mode) && (level > 0 || (ppn & 0xf) != 8))
        return FAULT_RESERVED_NAPOT;
    uint64_t below = (UINT64_C(1) << level * mode->index_bits) - 1;
    return ppn & below ? FAULT_MISALIGNED : FAULT_NONE;
}

uint8_t pte_entry_flags(uint64_t pte, const struct mode *mode) {
    unsigned type = mode->high_bits ? pbmt(pte) : (unsigned)MEMORY_PMA;
    return (
        uint8_t)(pte_bit(pte, PTE_BIT_R) << ENTRY_BIT_R | pte_bit(pte, PTE_BIT_W) << ENTRY_BIT_W |
                 pte_bit(pte, PTE_BIT_X) << ENTRY_BIT_X | pte_bit(pte, PTE_BIT_U) << ENTRY_BIT_U |
                 pte_bit(pte, PTE_BIT_G) << ENTRY_BIT_G | pte_bit(pte, PTE_BIT_D) << ENTRY_BIT_D |
                 type << ENTRY_BIT_PBMT);
}
