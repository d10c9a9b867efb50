/*
 * Huge pages: transparent ones (Linux: mm/huge_memory.c, khugepaged.c) and explicit ones
 * (hugetlb.c). A transparent huge page is mapped by one leaf at level 1 (2 MiB; Sv32: 4 MiB) or is
 * split into base pages wholly: it is never mapped by both kinds at once.
 */
#ifndef TWINWALK_MM_HUGE_MEMORY_H
#define TWINWALK_MM_HUGE_MEMORY_H

#include "mm_types.h"
#include "pgtable.h"

/* Whether a fault at va may be given a huge page: policy, advice, the VMA spans it all. */
bool thp_allowed(const struct vm_area_struct *vma, uint64_t va);

/* Fault results of page_fault.h; *done false: fall back to base pages. */
unsigned do_huge_anonymous_page(struct vm_area_struct *vma, uint64_t va, bool write, bool *done);
/* A write to a write-protected huge leaf: reused if nobody else has it, else split. */
unsigned do_huge_wp_page(struct vm_area_struct *vma, uint64_t va, const struct pte_place *place);

/* Replaces the huge leaf over va by a table of base leaves (the deposited one), splitting the page
 * in every address space that maps it. -ENOMEM, -EIO. */
int split_huge_pmd(struct vm_area_struct *vma, uint64_t va);
int split_huge_page(struct kernel *k, struct page *head);

/* khugepaged: makes the base pages of the huge range around va one huge page, if at least one is
 * present and the VMA allows. 0, -EINVAL (not eligible), -ENOMEM. */
int collapse_huge_page(struct vm_area_struct *vma, uint64_t va);
/* Looks at up to `pages` of the mm's pages, going on where it stopped; how many it collapsed. */
unsigned khugepaged_scan(struct mm_struct *mm, uint64_t pages);

/* The fault of an explicit huge page VMA. */
unsigned hugetlb_fault(struct vm_area_struct *vma, uint64_t va, enum access_type access);
/* Unmaps explicit huge pages of a range (whole pages). */
void hugetlb_zap(struct vm_area_struct *vma, uint64_t start, uint64_t end);

#endif
