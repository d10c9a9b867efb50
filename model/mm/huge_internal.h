/* What huge_memory.c, huge_split.c and khugepaged.c share. */
#ifndef TWINWALK_MM_HUGE_INTERNAL_H
#define TWINWALK_MM_HUGE_INTERNAL_H

#include "huge_memory.h"

/* log2 of the frames of a transparent huge page, and its bytes. */
static inline unsigned huge_order(const struct kernel *k) {
    return pt_shift(k, 1) - 12;
}
static inline uint64_t huge_bytes(const struct kernel *k) {
    return UINT64_C(1) << pt_shift(k, 1);
}

/* Whether the huge range around va lies in the VMA, which may hold huge pages at all. */
bool huge_range_in_vma(const struct vm_area_struct *vma, uint64_t va);

struct page *huge_page_alloc(struct kernel *k, const struct vm_area_struct *vma, gfp_t gfp);

/* PTE tables kept for huge leaves; withdraw: NULL if there is none. */
void deposit_table(struct mm_struct *mm, struct page *table);
struct page *withdraw_table(struct mm_struct *mm);

#endif
