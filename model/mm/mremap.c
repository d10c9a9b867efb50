#include "filemap.h"
#include "huge_memory.h"
#include "layout.h"
#include "mmap.h"
#include "pgtable_internal.h"
#include "rmap.h"
#include "tlb.h"
#include "vma.h"

/* ---- entries ---- */

/* A range of entries on its way to another address. */
struct move {
    struct mm_struct *mm;
    struct vm_area_struct *vma; /* at the old addresses */
    uint64_t from, to, bytes;   /* what is left */
    struct mmu_gather *tlb;
};

/* Bytes up to the next boundary of an entry of this level on either side. */
static uint64_t extent(const struct move *move, unsigned level) {
    uint64_t size = pt_size(move->mm->kernel, level), bytes = move->bytes;
    uint64_t from = size - (move->from & (size - 1)), to = size - (move->to & (size - 1));
    if (from < bytes)
        bytes = from;
    return to < bytes ? to : bytes;
}

static void advance(struct move *move, uint64_t bytes) {
    move->from += bytes;
    move->to += bytes;
    move->bytes -= bytes;
}

/* One entry of any level changes its place; on failure it stays where it was. */
static int move_entry(const struct move *move, const struct pte_place *from,
                      const struct pte_place *to) {
    struct kernel *k = move->mm->kernel;
    int error = pte_write(k, to, move->to, from->pte);
    if (error)
        return error;
    error = pte_write(k, from, move->from, 0);
    if (error)
        pte_write(k, to, move->to, 0);
    else
        tlb_unmapped(move->tlb, move->from, move->from + pt_size(k, from->level));
    return error;
}

/* Whole: the entry above the range's tables, or a huge leaf. *moved: it could be. */
static int move_whole(struct move *move, unsigned level, bool *moved) {
    struct pte_place from, to;
    *moved = false;
    if (extent(move, level) != pt_size(move->mm->kernel, level))
        return 0;
    int error = pgtable_make(move->mm, move->to, level, &to);
    if (!error)
        error = pgtable_find(move->mm, move->from, level, &from);
    if (error || from.level != level || pte_none(from.pte) || !pte_none(to.pte))
        return error;
    error = move_entry(move, &from, &to);
    if (error)
        return error;
    *moved = true;
    advance(move, pt_size(move->mm->kernel, level));
    return 0;
}

/* PTE by PTE, up to the end of either side's table. */
static int move_ptes(struct move *move) {
    struct kernel *k = move->mm->kernel;
    struct pte_place from, to;
    int error = pgtable_make(move->mm, move->to, 0, &to);
    if (!error)
        error = pgtable_find(move->mm, move->from, 0, &from);
    if (error)
        return error;
    for (uint64_t left = extent(move, 1); left > 0; left -= PAGE_BYTES) {
        if (!pte_none(from.pte)) {
            error = move_entry(move, &from, &to);
            if (error)
                return error;
        }
        advance(move, PAGE_BYTES);
        from.pa += pt_bytes_of(k);
        to.pa += pt_bytes_of(k);
        if (left > PAGE_BYTES && (error = pte_read(k, &from)) != 0)
            return error;
    }
    return 0;
}

/* What the table above PTEs says of the range's next part. */
static int move_part(struct move *move) {
    struct kernel *k = move->mm->kernel;
    struct pte_place from;
    bool moved = false;
    int error = pgtable_find(move->mm, move->from, 1, &from);
    if (error)
        return error;
    if (from.level >= 2) { /* none */
        advance(move, extent(move, from.level));
        return 0;
    }
    /* Where there is an old table of PMDs Linux makes the new table above it, come what may. */
    if (pt_levels(k) > 2) {
        struct pte_place to;
        error = pgtable_make(move->mm, move->to, 2, &to);
        if (!error)
            error = move_whole(move, 2, &moved);
        if (error || moved)
            return error;
    }
    if (pte_none(from.pte)) {
        advance(move, extent(move, from.level));
        return 0;
    }
    error = move_whole(move, 1, &moved);
    if (error || moved)
        return error;
    error = pgtable_find(move->mm, move->from, 1, &from);
    if (!error && from.level == 1 && !pte_table(from.pte) && !pte_none(from.pte))
        return split_huge_pmd(move->vma, move->from); /* and the same part again */
    return error ? error : move_ptes(move);
}

/* Moves the entries of [from, from + bytes) of the VMA. On failure those that moved have moved:
 * *moved bytes. -ENOMEM, -EIO. */
static int move_page_tables(struct vm_area_struct *vma, uint64_t from, uint64_t to, uint64_t bytes,
                            uint64_t *moved) {
    struct mmu_gather tlb;
    struct move move = {vma->mm, vma, from, to, bytes, &tlb};
    int error = 0;
    tlb_gather_mmu(&tlb, vma->mm);
    while (move.bytes > 0 && !error)
        error = move_part(&move);
    tlb_finish_mmu(&tlb);
    *moved = bytes - move.bytes;
    return error;
}

/* ---- VMAs ---- */

struct remap {
    struct mm_struct *mm;
    uint64_t addr, old_length, new_length; /* whole pages */
    uint64_t to;
};

/* The VMA at the new address, not merged yet: pages keep their page offsets. */
static struct vm_area_struct *copy_vma(const struct remap *remap,
                                       const struct vm_area_struct *old) {
    struct vm_area_struct *vma = remap->mm->map_count < MAX_MAP_COUNT ? vma_alloc(remap->mm) : NULL;
    if (!vma)
        return NULL;
    vma->start = remap->to;
    vma->end = remap->to + remap->new_length;
    vma->flags = old->flags;
    vma->huge_shift = old->huge_shift;
    vma->pgoff = linear_page_index(old, remap->addr);
    if (!old->file && !old->anon_vma) /* nothing holds it to its old offsets */
        vma->pgoff = remap->to / PAGE_BYTES;
    vma->file = old->file;
    if (vma->file)
        get_file(vma->file);
    anon_vma_clone(vma, old);
    vma_link(remap->mm, vma);
    return vma;
}

static void drop_vma(struct vm_area_struct *vma) {
    uint64_t end = vma->end;
    unmap_region(vma->mm, vma, end);
    remove_vmas(vma, end);
}

/* `old` is exactly the range to be moved, or (old_length 0) the shared VMA to be shown twice. */
static int move_vma(const struct remap *remap, struct vm_area_struct *old) {
    struct vm_area_struct *new = copy_vma(remap, old);
    uint64_t moved, back;
    if (!new)
        return -ENOMEM;
    int error = move_page_tables(old, remap->addr, remap->to, remap->old_length, &moved);
    if (error) {
        if (moved > 0)
            move_page_tables(new, remap->to, remap->addr, moved, &back);
        drop_vma(new);
        return error;
    }
    if (remap->old_length > 0)
        drop_vma(old);
    vma_merge_neighbours(new);
    return 0;
}

static int64_t move_to(const struct remap *remap) {
    struct vm_area_struct *vma = find_vma(remap->mm, remap->addr);
    unsigned flags = vma->flags;
    uint64_t old_end = remap->addr + remap->old_length;
    int error = remap->old_length > 0 ? cut_out(remap->mm, &vma, remap->addr, old_end) : 0;
    if (error)
        return error;
    error = move_vma(remap, vma);
    if (error) {
        if (remap->old_length > 0)
            vma_merge_neighbours(vma);
        return error;
    }
    if (flags & VM_LOCKED && remap->new_length > remap->old_length)
        mm_populate(remap->mm, remap->to + remap->old_length, remap->new_length - remap->old_length,
                    flags & VM_WRITE);
    return (int64_t)remap->to;
}

/* In place, if it ends where its VMA ends and nothing is behind that. */
static bool expand_in_place(const struct remap *remap, struct vm_area_struct *vma) {
    uint64_t end = remap->addr + remap->new_length;
    struct vm_area_struct *next = vma_next(vma);
    if (vma->end != remap->addr + remap->old_length || (next && next->start < end) ||
        end > mm_layout(remap->mm->kernel->config.mode)->task_size || end < vma->end)
        return false;
    uint64_t from = vma->end;
    bool locked = vma->flags & VM_LOCKED, write = vma->flags & VM_WRITE;
    vma_adjust(vma, vma->start, end);
    vma_merge_neighbours(vma);
    if (locked)
        mm_populate(remap->mm, from, end - from, write);
    return true;
}

/* ---- the call ---- */

/* The range is of one VMA, and that one can have the new size (Linux: vma_to_resize). */
static int check_resize(const struct remap *remap, const struct vm_area_struct *vma) {
    if (!vma || vma->start > remap->addr)
        return -EFAULT;
    if (remap->old_length == 0 && !(vma->flags & VM_SHARED))
        return -EINVAL;
    if (remap->old_length > vma->end - remap->addr)
        return -EFAULT;
    if (vma->flags & VM_HUGETLB) {
        uint64_t mask = (UINT64_C(1) << vma->huge_shift) - 1;
        if ((remap->addr | remap->old_length | remap->new_length | remap->to) & mask ||
            remap->new_length > remap->old_length)
            return -EINVAL;
    }
    return 0;
}

/* What is beyond the new length goes first. */
static int shrink(struct remap *remap) {
    if (remap->new_length >= remap->old_length)
        return 0;
    uint64_t excess = remap->old_length - remap->new_length;
    remap->old_length = remap->new_length;
    return mm_munmap(remap->mm, remap->addr + remap->new_length, excess);
}

/* One VMA's range to a place given, where nothing stays. */
static int64_t remap_to(struct remap *remap) {
    struct remap kept = *remap; /* what is left after shrinking must be of one VMA */
    if (kept.old_length > kept.new_length)
        kept.old_length = kept.new_length;
    int error = check_resize(&kept, find_vma(remap->mm, remap->addr));
    if (!error)
        error = mm_munmap(remap->mm, remap->to, remap->new_length);
    if (!error)
        error = shrink(remap);
    return error ? error : move_to(remap);
}

/* A move that changes no length may take several VMAs along, and the holes between them (Linux 6.17
 * on: remap_move). What has moved when one fails has moved. */
static int64_t remap_move(const struct remap *remap) {
    uint64_t end = remap->addr + remap->old_length, start = remap->addr;
    for (;;) {
        struct vm_area_struct *vma = find_vma(remap->mm, start);
        if (!vma || vma->start >= end)
            return (int64_t)remap->to;
        if (vma->start > start)
            start = vma->start;
        uint64_t length = (vma->end < end ? vma->end : end) - start;
        struct remap one = {remap->mm, start, length, length, remap->to + (start - remap->addr)};
        int64_t result = remap_to(&one);
        if (result < 0)
            return result;
        start += length;
    }
}

static int64_t mremap_fixed(struct remap *remap) {
    uint64_t size = mm_layout(remap->mm->kernel->config.mode)->task_size;
    if (remap->to % PAGE_BYTES || remap->new_length > size || remap->to > size - remap->new_length)
        return -EINVAL;
    if (remap->addr + remap->old_length > remap->to && remap->to + remap->new_length > remap->addr)
        return -EINVAL;
    return remap->old_length == remap->new_length ? remap_move(remap) : remap_to(remap);
}

static int64_t mremap_anywhere(struct remap *remap, struct vm_area_struct *vma, bool may_move) {
    if (remap->new_length <= remap->old_length) {
        int error = shrink(remap);
        return error ? error : (int64_t)remap->addr;
    }
    if (remap->old_length > 0 && expand_in_place(remap, vma))
        return (int64_t)remap->addr;
    if (!may_move)
        return -ENOMEM;
    const struct mmap_request where = {.file = vma->file};
    int error = get_unmapped_area(remap->mm, &where, remap->new_length, &remap->to);
    return error ? error : move_to(remap);
}

int64_t mm_mremap(struct mm_struct *mm, uint64_t addr, uint64_t old_length, uint64_t new_length,
                  bool may_move, bool fixed, uint64_t to) {
    struct remap remap = {mm, addr, old_length, new_length, fixed ? to : 0};
    uint64_t size = mm_layout(mm->kernel->config.mode)->task_size;
    if (addr % PAGE_BYTES || (fixed && !may_move) || new_length == 0 || new_length > size ||
        old_length > size || addr > size - old_length)
        return -EINVAL;
    remap.old_length = page_align(old_length);
    remap.new_length = page_align(new_length);
    struct vm_area_struct *vma = find_vma(mm, addr);
    if (!vma || vma->start > addr)
        return -EFAULT;
    if (fixed)
        return mremap_fixed(&remap);
    /* Shrinking may reach over several VMAs, and holes. */
    int error = remap.new_length < remap.old_length ? 0 : check_resize(&remap, vma);
    return error ? error : mremap_anywhere(&remap, vma, may_move);
}
