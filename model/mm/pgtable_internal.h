/*
 * Geometry of page tables as inline functions, for the files that walk them.
 */
#ifndef TWINWALK_MM_PGTABLE_INTERNAL_H
#define TWINWALK_MM_PGTABLE_INTERNAL_H

#include "pgtable.h"

#define PTE_BYTES_SV32 4u
#define PTE_BYTES_64   8u

static inline bool pt_is_sv32(const struct kernel *k) {
    return k->config.mode == MODE_SV32;
}

static inline unsigned pt_shift_of(const struct kernel *k, unsigned level) {
    return 12 + level * (pt_is_sv32(k) ? 10 : 9);
}

static inline unsigned pt_bytes_of(const struct kernel *k) {
    return pt_is_sv32(k) ? PTE_BYTES_SV32 : PTE_BYTES_64;
}

/* log2 of the entries of a table: the bits of an index. */
static inline unsigned pt_index_bits(const struct kernel *k) {
    return pt_is_sv32(k) ? 10 : 9;
}

static inline uint64_t pt_index(const struct kernel *k, uint64_t va, unsigned level) {
    return va >> pt_shift_of(k, level) & ((UINT64_C(1) << pt_index_bits(k)) - 1);
}

/* Bytes that an entry at this level maps. */
static inline uint64_t pt_size(const struct kernel *k, unsigned level) {
    return UINT64_C(1) << pt_shift_of(k, level);
}

/* The entry for va in the table at this frame, not read yet. */
static inline struct pte_place pt_place(const struct kernel *k, uint64_t table_pfn, uint64_t va,
                                        unsigned level) {
    return (struct pte_place){table_pfn * PAGE_BYTES + pt_index(k, va, level) * pt_bytes_of(k),
                              level, 0};
}

/* As walk_page_range(); *va is where it stopped. */
int walk_page_range_from(struct mm_struct *mm, uint64_t *va, uint64_t end, pte_visitor *each,
                         void *context);

#endif
