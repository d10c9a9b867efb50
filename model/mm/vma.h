/*
 * What the calls of mmap.h share: changing VMAs so that neighbours that are alike become one
 * (Linux: mm/vma.c).
 */
#ifndef TWINWALK_MM_VMA_H
#define TWINWALK_MM_VMA_H

#include "mm_types.h"

#define MAX_MAP_COUNT   65530                        /* VMAs of a process; Linux's default */
#define STACK_GUARD_GAP (UINT64_C(256) * PAGE_BYTES) /* below a stack, where it may grow */
#define MMAP_MIN_ADDR   UINT64_C(0x10000)            /* lowest address given out unasked */

/* First byte that belongs to the VMA or to the gap kept below it. */
static inline uint64_t vm_start_gap(const struct vm_area_struct *vma) {
    if (!(vma->flags & VM_GROWSDOWN))
        return vma->start;
    return vma->start > STACK_GUARD_GAP ? vma->start - STACK_GUARD_GAP : 0;
}

static inline uint64_t vma_pages(const struct vm_area_struct *vma) {
    return (vma->end - vma->start) / PAGE_BYTES;
}

/* Moves the bounds of a VMA in place, not beyond its neighbours: pgoff follows `start`. */
void vma_adjust(struct vm_area_struct *vma, uint64_t start, uint64_t end);

/* Cuts the VMA in two at `addr`, inside it: `vma` keeps the lower part, *upper is the other.
 * -ENOMEM, -EINVAL (inside a huge page of VM_HUGETLB), -EIO. */
int split_vma(struct vm_area_struct *vma, uint64_t addr, struct vm_area_struct **upper);

/* Makes one VMA of this one and of the neighbours that are alike. */
struct vm_area_struct *vma_merge_neighbours(struct vm_area_struct *vma);

/*
 * Makes [start, end), inside the VMA, a VMA with these flags: split off where needed, then merged
 * with neighbours that are alike. *vma becomes the one that holds the range. As split_vma() fails;
 * then everything is as before.
 */
int vma_modify(struct vm_area_struct **vma, uint64_t start, uint64_t end, unsigned flags);

/*
 * A range that nothing maps yet, as `like` describes it (start, end, flags, file, pgoff), taken in
 * by the neighbours that are alike: the VMA, or NULL: none is.
 */
struct vm_area_struct *vma_extend_neighbour(struct mm_struct *mm,
                                            const struct vm_area_struct *like);

struct gap_search {
    uint64_t low, high; /* the range must lie in [low, high) */
    uint64_t length;    /* bytes */
    uint64_t align;     /* of the address, a power of two */
    uint64_t pad;       /* the gap must be this much longer */
    bool bottom_up;     /* the lowest, else the highest such address */
};
/* A range of addresses that neither VMAs nor their guard gaps touch: -ENOMEM, or 0. */
int vm_unmapped_area(struct mm_struct *mm, const struct gap_search *search, uint64_t *addr);

/* The address of a new mapping that may be anywhere, as Linux would choose it; -ENOMEM. */
struct mmap_request;
int get_unmapped_area(struct mm_struct *mm, const struct mmap_request *request, uint64_t length,
                      uint64_t *addr);

/* Cuts VMAs at both ends of the range, of which *first is the first VMA, and becomes the first that
 * lies wholly in it. As split_vma() fails; then everything is as before. */
int cut_out(struct mm_struct *mm, struct vm_area_struct **first, uint64_t start, uint64_t end);
/* Pages and tables of the VMAs from `first` up to `end`, which lie wholly in the range. -EIO: not
 * all of them. */
int unmap_region(struct mm_struct *mm, struct vm_area_struct *first, uint64_t end);
/* The VMAs themselves. */
void remove_vmas(struct vm_area_struct *first, uint64_t end);

/* The page-table entries of [start, end) of the VMA get the rights of its flags. -ENOMEM, -EIO. */
int change_protection(struct vm_area_struct *vma, uint64_t start, uint64_t end);

/* The next VMA of [*addr, end); *hole is set if addresses before it are unmapped. */
struct vm_area_struct *vma_in_range(struct mm_struct *mm, uint64_t *addr, uint64_t end, bool *hole);

#endif
