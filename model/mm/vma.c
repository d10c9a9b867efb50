/* VMAs and their tree, which also knows the gaps between them. */
#include "vma.h"

#include "filemap.h"
#include "layout.h"
#include "mmap.h"
#include "rmap.h"
#include "slub.h"
#include "tlb.h"

#include <bsd/sys/tree.h>

static uint64_t max_gap(const struct vm_area_struct *vma) {
    uint64_t max = vma->gap;
    if (vma->node.rbe_left && vma->node.rbe_left->subtree_gap > max)
        max = vma->node.rbe_left->subtree_gap;
    if (vma->node.rbe_right && vma->node.rbe_right->subtree_gap > max)
        max = vma->node.rbe_right->subtree_gap;
    return max;
}

#undef RB_AUGMENT
#define RB_AUGMENT(vma) ((vma)->subtree_gap = max_gap(vma))

static int compare_start(const struct vm_area_struct *a, const struct vm_area_struct *b) {
    return a->start < b->start ? -1 : a->start > b->start;
}

#ifndef __unused
#define __unused __attribute__((unused))
#endif
RB_GENERATE_STATIC(vma_tree, vm_area_struct, node, compare_start)

/* ---- looking ---- */

struct vm_area_struct *find_vma(struct mm_struct *mm, uint64_t addr) {
    struct vm_area_struct *found = mm->mmap_cache;
    if (found && found->start <= addr && addr < found->end)
        return found;
    found = NULL;
    for (struct vm_area_struct *vma = RB_ROOT(&mm->vmas); vma;) {
        if (addr < vma->end) {
            found = vma;
            if (vma->start <= addr)
                break;
            vma = RB_LEFT(vma, node);
        } else {
            vma = RB_RIGHT(vma, node);
        }
    }
    if (found)
        mm->mmap_cache = found;
    return found;
}

struct vm_area_struct *find_vma_prev(struct mm_struct *mm, uint64_t addr,
                                     struct vm_area_struct **previous) {
    struct vm_area_struct *vma = find_vma(mm, addr);
    *previous = vma ? vma_prev(vma) : RB_MAX(vma_tree, &mm->vmas);
    return vma;
}

struct vm_area_struct *vma_first(struct mm_struct *mm) {
    return RB_MIN(vma_tree, &mm->vmas);
}

struct vm_area_struct *vma_next(struct vm_area_struct *vma) {
    return RB_NEXT(vma_tree, NULL, vma);
}

struct vm_area_struct *vma_prev(struct vm_area_struct *vma) {
    return RB_PREV(vma_tree, NULL, vma);
}

struct vm_area_struct *vma_in_range(struct mm_struct *mm, uint64_t *addr, uint64_t end,
                                    bool *hole) {
    struct vm_area_struct *vma = *addr < end ? find_vma(mm, *addr) : NULL;
    if (vma && vma->start >= end)
        vma = NULL;
    if (vma ? *addr < vma->start : *addr < end)
        *hole = true;
    if (vma && *addr < vma->start)
        *addr = vma->start;
    return vma;
}

uint64_t linear_page_index(const struct vm_area_struct *vma, uint64_t va) {
    return vma->pgoff + (va - vma->start) / PAGE_BYTES;
}

/* ---- gaps ---- */

static void update_path(struct vm_area_struct *vma) {
    for (; vma; vma = RB_PARENT(vma, node))
        RB_AUGMENT(vma);
}

/* The gap below a VMA has changed: its own guard gap, its start or the end of the one before. */
static void update_gap(struct vm_area_struct *vma) {
    if (!vma)
        return;
    struct vm_area_struct *previous = vma_prev(vma);
    uint64_t from = previous ? previous->end : 0, to = vm_start_gap(vma);
    vma->gap = to > from ? to - from : 0;
    update_path(vma);
}

/* The gap below the VMA, as far as the search may use it, is long enough: the address in it. */
static bool gap_fits(const struct gap_search *search, uint64_t from, uint64_t to, uint64_t *addr) {
    if (from < search->low)
        from = search->low;
    if (to > search->high)
        to = search->high;
    if (to < from || to - from < search->length || to - from - search->length < search->pad)
        return false;
    uint64_t mask = ~(search->align - 1);
    *addr = search->bottom_up ? (from + search->align - 1) & mask : (to - search->length) & mask;
    return *addr >= from && *addr <= to - search->length;
}

/* A red-black tree of n nodes is at most 2 log2(n + 1) high. */
#define MAX_TREE_HEIGHT 64

/* Gaps below VMAs in the order of the search; subtrees without any that is long enough are left
 * out. */
static bool search_tree(struct mm_struct *mm, const struct gap_search *search, uint64_t *addr) {
    struct vm_area_struct *above[MAX_TREE_HEIGHT];
    unsigned depth = 0;
    struct vm_area_struct *vma = RB_ROOT(&mm->vmas);
    for (;;) {
        while (vma && vma->subtree_gap >= search->length) {
            above[depth++] = vma;
            vma = search->bottom_up ? RB_LEFT(vma, node) : RB_RIGHT(vma, node);
        }
        if (depth == 0)
            return false;
        vma = above[--depth];
        uint64_t to = vm_start_gap(vma), from = to - vma->gap;
        if (vma->gap >= search->length && gap_fits(search, from, to, addr))
            return true;
        if (search->bottom_up ? from >= search->high : to <= search->low)
            return false;
        vma = search->bottom_up ? RB_RIGHT(vma, node) : RB_LEFT(vma, node);
    }
}

int vm_unmapped_area(struct mm_struct *mm, const struct gap_search *search, uint64_t *addr) {
    struct vm_area_struct *last = RB_MAX(vma_tree, &mm->vmas);
    uint64_t top = last ? last->end : 0;
    bool found;
    if (search->bottom_up)
        found = search_tree(mm, search, addr) || gap_fits(search, top, UINT64_MAX, addr);
    else
        found = gap_fits(search, top, UINT64_MAX, addr) || search_tree(mm, search, addr);
    return found ? 0 : -ENOMEM;
}

/* ---- the tree and what counts with it ---- */

struct vm_area_struct *vma_alloc(struct mm_struct *mm) {
    struct kernel *k = mm->kernel;
    struct vm_area_struct *vma = kmem_cache_alloc(k, k->own[CACHE_VMA], GFP_KERNEL | GFP_ZERO);
    if (vma)
        vma->mm = mm;
    return vma;
}

void vma_free(struct vm_area_struct *vma) {
    struct kernel *k = vma->mm->kernel;
    anon_vma_unlink(vma);
    if (vma->file)
        fput(vma->file);
    kmem_cache_free(k, k->own[CACHE_VMA], vma);
}

static void account(struct vm_area_struct *vma, uint64_t pages) {
    vma->mm->total_vm += pages;
    if (vma->flags & VM_LOCKED)
        vma->mm->locked_vm += pages;
}

void vma_link(struct mm_struct *mm, struct vm_area_struct *vma) {
    vma->mm = mm;
    vma->gap = vma->subtree_gap = 0;
    RB_INSERT(vma_tree, &mm->vmas, vma);
    update_gap(vma);
    update_gap(vma_next(vma));
    mm->map_count++;
    account(vma, vma_pages(vma));
    if (vma->file)
        TAILQ_INSERT_TAIL(&vma->file->inode->mapping.i_mmap, vma, file_list);
}

void vma_unlink(struct vm_area_struct *vma) {
    struct mm_struct *mm = vma->mm;
    struct vm_area_struct *next = vma_next(vma);
    /* Where the tree loses a node: the place from which paths to the root have to be told. */
    struct vm_area_struct *lowest = RB_PARENT(vma, node);
    if (RB_LEFT(vma, node) && RB_RIGHT(vma, node))
        lowest = RB_PARENT(next, node) == vma ? next : RB_PARENT(next, node);
    RB_REMOVE(vma_tree, &mm->vmas, vma);
    update_path(lowest);
    update_gap(next);
    mm->map_count--;
    account(vma, -vma_pages(vma));
    if (mm->mmap_cache == vma)
        mm->mmap_cache = NULL;
    if (vma->file)
        TAILQ_REMOVE(&vma->file->inode->mapping.i_mmap, vma, file_list);
}

void vma_adjust(struct vm_area_struct *vma, uint64_t start, uint64_t end) {
    account(vma, -vma_pages(vma));
    vma->pgoff += start / PAGE_BYTES - vma->start / PAGE_BYTES;
    vma->start = start;
    vma->end = end;
    account(vma, vma_pages(vma));
    update_gap(vma);
    update_gap(vma_next(vma));
}

/* ---- splitting and merging ---- */

int split_vma(struct vm_area_struct *vma, uint64_t addr, struct vm_area_struct **upper) {
    struct mm_struct *mm = vma->mm;
    if (vma->flags & VM_HUGETLB && addr & ((UINT64_C(1) << vma->huge_shift) - 1))
        return -EINVAL;
    if (mm->map_count >= MAX_MAP_COUNT)
        return -ENOMEM;
    struct vm_area_struct *new = vma_alloc(mm);
    if (!new)
        return -ENOMEM;
    int error = split_huge_pmd_at(vma, addr);
    if (error) {
        vma_free(new);
        return error;
    }
    new->start = addr;
    new->end = vma->end;
    new->flags = vma->flags;
    new->pgoff = linear_page_index(vma, addr);
    new->huge_shift = vma->huge_shift;
    new->file = vma->file;
    if (new->file)
        get_file(new->file);
    anon_vma_clone(new, vma);
    vma_adjust(vma, vma->start, addr);
    vma_link(mm, new);
    *upper = new;
    return 0;
}

/* Whether the pages of both could be found through one anon_vma. One without takes over the
 * other's, but not what came by a fork: that would tie it to the parent's (Linux:
 * vma_is_fork_child). */
static bool can_share_anon_vma(const struct vm_area_struct *a, const struct vm_area_struct *b) {
    if (a->anon_branch != b->anon_branch)
        return false;
    return a->anon_vma == b->anon_vma || (a->anon_branch == 0 && (!a->anon_vma || !b->anon_vma));
}

/* Whether b, right behind a, could be the same VMA. Explicit huge pages stay as they were mapped
 * (Linux: VM_SPECIAL). */
static bool can_vma_merge(const struct vm_area_struct *a, const struct vm_area_struct *b) {
    return a->end == b->start && a->flags == b->flags && !(a->flags & VM_HUGETLB) &&
           a->file == b->file && b->pgoff == a->pgoff + vma_pages(a) && can_share_anon_vma(a, b);
}

/* b goes, a takes its range. */
static void absorb_next(struct vm_area_struct *a, struct vm_area_struct *b) {
    uint64_t end = b->end;
    if (!a->anon_vma)
        anon_vma_clone(a, b);
    vma_unlink(b);
    vma_free(b);
    vma_adjust(a, a->start, end);
}

struct vm_area_struct *vma_merge_neighbours(struct vm_area_struct *vma) {
    struct vm_area_struct *next = vma_next(vma), *previous = vma_prev(vma);
    if (next && can_vma_merge(vma, next))
        absorb_next(vma, next);
    if (!previous || !can_vma_merge(previous, vma))
        return vma;
    absorb_next(previous, vma);
    return previous;
}

static void set_flags(struct vm_area_struct *vma, unsigned flags) {
    account(vma, -vma_pages(vma));
    vma->flags = flags;
    account(vma, vma_pages(vma));
}

int vma_modify(struct vm_area_struct **vma, uint64_t start, uint64_t end, unsigned flags) {
    struct vm_area_struct *middle = *vma, *upper;
    if (middle->flags == flags)
        return 0;
    if (start > middle->start) {
        int error = split_vma(middle, start, &middle);
        if (error)
            return error;
    }
    if (end < middle->end) {
        int error = split_vma(middle, end, &upper);
        if (error) {
            vma_merge_neighbours(middle);
            return error;
        }
    }
    set_flags(middle, flags);
    *vma = vma_merge_neighbours(middle);
    return 0;
}

struct vm_area_struct *vma_extend_neighbour(struct mm_struct *mm,
                                            const struct vm_area_struct *like) {
    struct vm_area_struct *previous, *next = find_vma_prev(mm, like->start, &previous);
    if (previous && can_vma_merge(previous, like)) {
        vma_adjust(previous, previous->start, like->end);
        return vma_merge_neighbours(previous);
    }
    if (next && can_vma_merge(like, next)) {
        vma_adjust(next, like->start, next->end);
        return next;
    }
    return NULL;
}
