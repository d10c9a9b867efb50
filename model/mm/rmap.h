/*
 * Reverse mapping: from a frame to the PTEs that map it (Linux: mm/rmap.c). Anonymous pages go by
 * their anon_vma: every VMA of the fork family, at the address that the page's linear index has in
 * it (page->index - vma->pgoff pages above its start). File pages go by the inode's i_mmap.
 */
#ifndef TWINWALK_MM_RMAP_H
#define TWINWALK_MM_RMAP_H

#include "mm_types.h"
#include "pgtable.h"

/* Gives the VMA an anon_vma if it has none. -ENOMEM. */
int anon_vma_prepare(struct vm_area_struct *vma);
/* `vma` joins the family of `like` (fork, split), which may be none. */
void anon_vma_clone(struct vm_area_struct *vma, const struct vm_area_struct *like);
void anon_vma_unlink(struct vm_area_struct *vma);

/* A PTE now maps / no longer maps the frame: mapcount, rss, nr_anon_pages, nr_mapped. They do not
 * touch refcount nor LRU lists. The frame may be of a transparent huge page: one process maps it by
 * a huge leaf, another that was split by PTEs. A new compound page is mapped by a huge leaf. */
void page_add_new_anon_rmap(struct page *page, struct vm_area_struct *vma, uint64_t va);
void page_add_anon_rmap(struct page *page, struct vm_area_struct *vma, uint64_t va);
void page_add_file_rmap(struct page *page, struct vm_area_struct *vma);
void page_remove_rmap(struct page *page, struct vm_area_struct *vma);
/* The same for a huge leaf. */
void page_add_huge_rmap(struct page *head, struct vm_area_struct *vma);
void page_remove_huge_rmap(struct page *head, struct vm_area_struct *vma);

/* Calls `each` for every PTE that maps the page; of a compound page, for its huge leaves. Not 0:
 * ends the walk, returned. */
typedef int rmap_visitor(struct page *page, struct vm_area_struct *vma, uint64_t va,
                         const struct pte_place *place, void *context);
int rmap_walk(struct kernel *k, struct page *page, rmap_visitor *each, void *context);

/* How many PTEs had A set since last asked; clears A (unless config.flush_young without a fence: an
 * entry in a TLB may keep an access unseen for a while, which Linux accepts too). *vm_flags: of the
 * VMAs, or-ed. */
unsigned page_referenced(struct kernel *k, struct page *page, unsigned *vm_flags);

/*
 * Takes the page out of every table: anonymous pages leave swap entries (the page is PG_swapcache),
 * file pages nothing; D bits move to PG_dirty; TLBs are fenced. false: a mapping stayed (VM_LOCKED,
 * or a bus error).
 */
bool try_to_unmap(struct kernel *k, struct page *page);

/* Write-protects and cleans every mapping of a file page before it is written back; whether any
 * was dirty. */
bool page_mkclean(struct kernel *k, struct page *page);

#endif
