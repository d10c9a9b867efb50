/*
 * The calls by which processes shape their address space (Linux: mm/mmap.c, mprotect.c, mremap.c,
 * madvise.c). Addresses and lengths in bytes; lengths are rounded up to pages. Results below 0 are
 * -errno as the system call would return them.
 */
#ifndef TWINWALK_MM_MMAP_H
#define TWINWALK_MM_MMAP_H

#include "mm_types.h"

#define MM_MAP_FIXED     1u /* exactly there, unmapping what is in the way */
#define MM_MAP_SHARED    2u /* else private */
#define MM_MAP_POPULATE  4u
#define MM_MAP_HUGETLB   8u /* explicit huge pages: huge_shift */
#define MM_MAP_GROWSDOWN 16u
#define MM_MAP_NOREPLACE 32u /* with FIXED: -EEXIST instead of unmapping */

struct mmap_request {
    uint64_t addr; /* hint, or with MM_MAP_FIXED the address */
    uint64_t length;
    unsigned rights;     /* VM_READ, VM_WRITE, VM_EXEC */
    unsigned flags;      /* MM_MAP_* */
    struct file *file;   /* NULL: anonymous */
    uint64_t offset;     /* in the file, a multiple of PAGE_BYTES */
    unsigned huge_shift; /* MM_MAP_HUGETLB: log2 of the page */
};

/* The address, or -errno (as int64_t): top-down from mmap_base unless fixed. */
int64_t mm_mmap(struct mm_struct *mm, const struct mmap_request *request);
int mm_munmap(struct mm_struct *mm, uint64_t addr, uint64_t length);
int mm_mprotect(struct mm_struct *mm, uint64_t addr, uint64_t length, unsigned rights);
/* Moves or resizes; whole PMDs move by their table entry where both ends are aligned. `to` only
 * with `fixed`. The new address, or -errno. */
int64_t mm_mremap(struct mm_struct *mm, uint64_t addr, uint64_t old_length, uint64_t new_length,
                  bool may_move, bool fixed, uint64_t to);
/* The new break, or the old one if it cannot be. */
uint64_t mm_brk(struct mm_struct *mm, uint64_t brk);

enum mm_advice {
    MADVISE_DONTNEED,
    MADVISE_POPULATE_READ,
    MADVISE_POPULATE_WRITE,
    MADVISE_HUGEPAGE,
    MADVISE_NOHUGEPAGE,
    MADVISE_COLLAPSE,
    MADVISE_COLD,
    MADVISE_PAGEOUT
};
int mm_madvise(struct mm_struct *mm, uint64_t addr, uint64_t length, enum mm_advice advice);
int mm_mlock(struct mm_struct *mm, uint64_t addr, uint64_t length);
int mm_munlock(struct mm_struct *mm, uint64_t addr, uint64_t length);

/* The VMA with the lowest end above addr (it may start above addr too); NULL: none. */
struct vm_area_struct *find_vma(struct mm_struct *mm, uint64_t addr);
struct vm_area_struct *find_vma_prev(struct mm_struct *mm, uint64_t addr,
                                     struct vm_area_struct **previous);
struct vm_area_struct *vma_first(struct mm_struct *mm);
struct vm_area_struct *vma_next(struct vm_area_struct *vma);
struct vm_area_struct *vma_prev(struct vm_area_struct *vma);

/* Page offset of an address of the VMA: in its file, or the linear one of rmap.h. */
uint64_t linear_page_index(const struct vm_area_struct *vma, uint64_t va);

/* Grows a stack VMA down to the page of va: -ENOMEM beyond the limit or into the guard gap of 256
 * pages above the VMA below. */
int expand_stack(struct vm_area_struct *vma, uint64_t va);

/* Unmaps leaves and swap entries of [start, end) of a VMA: rss, rmap, references, fences. Tables
 * stay. (Linux: zap_page_range.) */
int zap_page_range(struct vm_area_struct *vma, uint64_t start, uint64_t end);

/* Faults every page of [addr, addr + length) in, as a read or a write would. -EFAULT, -ENOMEM. */
int mm_populate(struct mm_struct *mm, uint64_t addr, uint64_t length, bool write);

/* Everything user goes: VMAs, pages, tables (exit, exec). -EIO: what a table that cannot be read
 * maps is unknown, and stays with the VMAs and tables; it can be tried again. */
int exit_mmap(struct mm_struct *mm);

/* VMAs and their tree, for mmap.c, fork.c: */
struct vm_area_struct *vma_alloc(struct mm_struct *mm); /* NULL: no memory */
void vma_free(struct vm_area_struct *vma);              /* drops its file and anon_vma */
/* Into and out of the tree, with what counts there: map_count, total_vm, locked_vm, and the i_mmap
 * of its file. Not merged with neighbours. */
void vma_link(struct mm_struct *mm, struct vm_area_struct *vma);
void vma_unlink(struct vm_area_struct *vma);

#endif
