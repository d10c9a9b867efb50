/*
 * Unmapping in batches (Linux: struct mmu_gather): entries are cleared first, then one fence covers
 * them all, and only then do the frames go, so that no TLB ever leads to a frame of another owner.
 *
 *     struct mmu_gather tlb;
 *     tlb_gather_mmu(&tlb, mm);
 *     … clear entries; tlb_unmapped(), tlb_remove_page(), tlb_remove_table() …
 *     tlb_finish_mmu(&tlb);
 */
#ifndef TWINWALK_MM_TLB_H
#define TWINWALK_MM_TLB_H

#include "mm_types.h"
#include "pgtable.h"

#define MMU_GATHER_PAGES 256u

struct mmu_gather {
    struct mm_struct *mm;
    bool fullmm;         /* the root goes too: pointers that cannot be cleared do not matter */
    uint64_t start, end; /* what must be fenced; start >= end: nothing */
    unsigned nr;
    struct page *pages[MMU_GATHER_PAGES]; /* a reference each */
    struct page_list tables;
};

void tlb_gather_mmu(struct mmu_gather *tlb, struct mm_struct *mm);

/* Entries of [start, end) were cleared or lost rights. */
static inline void tlb_unmapped(struct mmu_gather *tlb, uint64_t start, uint64_t end) {
    if (start < tlb->start)
        tlb->start = start;
    if (end > tlb->end)
        tlb->end = end;
}

/* The reference that a cleared entry had; may fence and free what was gathered so far. */
void tlb_remove_page(struct mmu_gather *tlb, struct page *page);

/* A table that no entry points to any more; va is the first address it served. */
void tlb_remove_table(struct mmu_gather *tlb, uint64_t va, unsigned level, struct page *table);

/* Fences and frees everything gathered. */
void tlb_finish_mmu(struct mmu_gather *tlb);

/* As zap_page_range() and free_pgtables(), with the caller's gather. */
int unmap_page_range(struct mmu_gather *tlb, struct vm_area_struct *vma, uint64_t start,
                     uint64_t end);
void free_pgd_range(struct mmu_gather *tlb, uint64_t start, uint64_t end, uint64_t floor,
                    uint64_t ceiling);

/* Splits the transparent huge leaf that va is in the middle of, if there is one. -ENOMEM, -EIO. */
int split_huge_pmd_at(struct vm_area_struct *vma, uint64_t va);

#endif
