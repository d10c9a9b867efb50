/*
 * Page-table entries: fields and their checks in one place. Sections 12.3.1, 12.4.1, 13 (Svnapot),
 * 14 (Svpbmt).
 */
#ifndef TWINWALK_MMU_PTE_H
#define TWINWALK_MMU_PTE_H

#include "../types.h"
#include "mmu.h"
#include "mode.h"

static inline bool pte_bit(uint64_t pte, enum pte_bit bit) {
    return pte >> bit & 1;
}

static inline uint64_t pte_mask(enum pte_bit bit) {
    return UINT64_C(1) << bit;
}

static inline uint64_t pte_ppn(uint64_t pte, const struct mode *mode) {
    return pte >> PTE_BIT_PPN & ((UINT64_C(1) << mode->ppn_bits) - 1);
}

/* A pointer to the next level of the table, as opposed to a leaf. */
static inline bool pte_is_pointer(uint64_t pte) {
    return !pte_bit(pte, PTE_BIT_R) && !pte_bit(pte, PTE_BIT_X);
}

/* Step 3: whether the PTE is valid and free of reserved encodings. */
enum fault_reason pte_check(uint64_t pte, const struct mode *mode,
                            const struct mmu_control *control);

/* Step 4: what a pointer at `level` must not be or have. */
enum fault_reason pte_check_pointer(uint64_t pte, const struct mode *mode, unsigned level);

/* Steps 3 and 5: N only in a 64 KiB encoding at level 0; no misaligned superpage. */
enum fault_reason pte_check_leaf(uint64_t pte, const struct mode *mode, unsigned level);

/* The flags that a TLB entry keeps of a leaf (enum entry_bit); G is the leaf's own. */
uint8_t pte_entry_flags(uint64_t pte, const struct mode *mode);

#endif
