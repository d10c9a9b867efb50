/*
 * Huge pages: transparent ones (Linux: mm/huge_memory.c, khugepaged.c) and explicit ones
 * (hugetlb.c). A transparent huge page is mapped by one leaf at level 1 (2 MiB; Sv32: 4 MiB); an
 * address space that needs less of it, or wants to write what it shares, is split: PTEs then map
 * its frames there. Once no huge leaf is left the page itself is split into base pages.
 */
#ifndef TWINWALK_MM_HUGE_MEMORY_H
#define TWINWALK_MM_HUGE_MEMORY_H

#include "mm_types.h"
#include "pgtable.h"

/* Whether a fault at va may be given a huge page: policy, advice, the VMA spans it all. */
bool thp_allowed(const struct vm_area_struct *vma, uint64_t va);

/* Fault results of page_fault.h; *done false: fall back to base pages. */
unsigned do_huge_anonymous_page(struct vm_area_struct *vma, uint64_t va, bool write, bool *done);
/* A write to a write-protected huge leaf: reused if nobody else has it, else split; the huge zero
 * page gives way to a new one. */
unsigned do_huge_wp_page(struct vm_area_struct *vma, uint64_t va, const struct pte_place *place);

/* Replaces the huge leaf over va, in this address space, by a table of base leaves (the deposited
 * one); 0 also if there is no huge leaf. -EIO. */
int split_huge_pmd(struct vm_area_struct *vma, uint64_t va);
/* Splits a huge page, and every leaf that maps it, into base pages; the caller has a reference,
 * which stays with the first one. -EBUSY: somebody else has one too. -EIO. */
int split_huge_page(struct kernel *k, struct page *head);
/* A page of which no huge leaf is left becomes base pages, if nobody holds it; whether it did, or
 * was one. */
bool split_unmapped_huge_page(struct kernel *k, struct page *page);

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
