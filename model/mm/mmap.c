#include "mmap.h"

#include "filemap.h"
#include "layout.h"
#include "pgtable_internal.h"
#include "rmap.h"
#include "tlb.h"
#include "vma.h"

static uint64_t task_size(const struct mm_struct *mm) {
    return mm_layout(mm->kernel->config.mode)->task_size;
}

/* ---- where a new mapping goes ---- */

/* Whether [addr, addr + length) is user space that nothing maps, guard gaps included. */
static bool range_is_free(struct mm_struct *mm, uint64_t addr, uint64_t length) {
    if (length > task_size(mm) || addr > task_size(mm) - length)
        return false;
    struct vm_area_struct *next = find_vma(mm, addr);
    return !next || addr + length <= vm_start_gap(next);
}

/* Top-down from mmap_base; if nothing is left there, bottom-up (Linux:
 * generic_get_unmapped_area_topdown). */
static int search_gap(struct mm_struct *mm, struct gap_search *search, uint64_t *addr) {
    search->low = MMAP_MIN_ADDR;
    search->high = mm->mmap_base;
    search->bottom_up = false;
    if (vm_unmapped_area(mm, search, addr) == 0)
        return 0;
    search->low = task_size(mm) / 3 & ~(uint64_t)(PAGE_BYTES - 1); /* TASK_UNMAPPED_BASE */
    search->high = task_size(mm);
    search->bottom_up = true;
    return vm_unmapped_area(mm, search, addr);
}

/* Anonymous memory of whole huge pages begins at one, so that it can have them; in a gap with a
 * huge page to spare (Linux: thp_get_unmapped_area). */
static int search_huge_gap(struct mm_struct *mm, uint64_t length, uint64_t *addr) {
    uint64_t size = pt_size(mm->kernel, 1);
    struct gap_search search = {.length = length, .align = size, .pad = size};
    return search_gap(mm, &search, addr);
}

int get_unmapped_area(struct mm_struct *mm, const struct mmap_request *request, uint64_t length,
                      uint64_t *addr) {
    uint64_t align =
        request->flags & MM_MAP_HUGETLB ? UINT64_C(1) << request->huge_shift : (uint64_t)PAGE_BYTES;
    uint64_t hint = (request->addr + align - 1) & ~(align - 1);
    if (length > task_size(mm))
        return -ENOMEM;
    if (request->addr && hint >= MMAP_MIN_ADDR && range_is_free(mm, hint, length)) {
        *addr = hint;
        return 0;
    }
    if (!request->file && !(request->flags & (MM_MAP_HUGETLB | MM_MAP_SHARED)) && !request->addr &&
        length % pt_size(mm->kernel, 1) == 0 && search_huge_gap(mm, length, addr) == 0)
        return 0;
    struct gap_search search = {.length = length, .align = align, .pad = align - PAGE_BYTES};
    return search_gap(mm, &search, addr);
}

/* The address of a MM_MAP_FIXED request, cleared of what is in the way. */
static int clear_fixed(struct mm_struct *mm, const struct mmap_request *request, uint64_t length) {
    uint64_t align =
        request->flags & MM_MAP_HUGETLB ? UINT64_C(1) << request->huge_shift : (uint64_t)PAGE_BYTES;
    if (request->addr & (align - 1))
        return -EINVAL;
    if (length > task_size(mm) || request->addr > task_size(mm) - length)
        return -ENOMEM;
    struct vm_area_struct *vma = find_vma(mm, request->addr);
    if (!vma || vma->start >= request->addr + length)
        return 0;
    if (request->flags & MM_MAP_NOREPLACE)
        return -EEXIST;
    return mm_munmap(mm, request->addr, length);
}

/* ---- mmap ---- */

static bool huge_shift_ok(const struct kernel *k, unsigned shift) {
    for (unsigned level = 1; level < pt_levels(k) && level <= 2; level++)
        if (shift == pt_shift_of(k, level))
            return true;
    return false;
}

static int check_request(const struct mm_struct *mm, const struct mmap_request *request) {
    bool huge = request->flags & MM_MAP_HUGETLB, shared = request->flags & MM_MAP_SHARED;
    if (request->length == 0 || request->offset % PAGE_BYTES || request->rights & ~VM_RIGHTS)
        return -EINVAL;
    if (huge && (!huge_shift_ok(mm->kernel, request->huge_shift) || request->file))
        return -EINVAL;
    if (request->flags & MM_MAP_GROWSDOWN && (huge || shared || request->file))
        return -EINVAL;
    if (page_align(request->length) < request->length)
        return -ENOMEM;
    if (request->file && request->offset + page_align(request->length) < request->offset)
        return -EOVERFLOW;
    if (shared && request->file && request->rights & VM_WRITE && !request->file->writable)
        return -EACCES;
    return 0;
}

static unsigned vm_flags_of(const struct mmap_request *request) {
    unsigned flags = request->rights;
    if (request->flags & MM_MAP_SHARED)
        flags |= VM_SHARED;
    if (request->flags & MM_MAP_GROWSDOWN)
        flags |= VM_GROWSDOWN;
    if (request->flags & MM_MAP_HUGETLB)
        flags |= VM_HUGETLB;
    else if (flags & VM_WRITE && !(flags & VM_SHARED)) /* Linux: accountable_mapping */
        flags |= VM_ACCOUNT;
    return flags;
}

/* What the new VMA will be like; a reference on its file is taken. -ENOMEM. */
static int describe(struct mm_struct *mm, const struct mmap_request *request, uint64_t addr,
                    uint64_t length, struct vm_area_struct *like) {
    *like = (struct vm_area_struct){.start = addr,
                                    .end = addr + length,
                                    .flags = vm_flags_of(request),
                                    .pgoff = addr / PAGE_BYTES,
                                    .file = request->file,
                                    .mm = mm};
    if (request->flags & MM_MAP_HUGETLB)
        like->huge_shift = request->huge_shift;
    if (request->file) {
        like->pgoff = request->offset / PAGE_BYTES;
        get_file(request->file);
    } else if (request->flags & MM_MAP_SHARED) { /* Linux: shmem_zero_setup */
        like->pgoff = 0;
        like->file = file_open(mm->kernel, NULL, NULL, length, true);
        if (!like->file)
            return -ENOMEM;
    }
    return 0;
}

/* Its file's reference goes to the VMA, or is dropped. */
static int insert_vma(struct mm_struct *mm, const struct vm_area_struct *like) {
    if (vma_extend_neighbour(mm, like)) {
        if (like->file)
            fput(like->file);
        return 0;
    }
    struct vm_area_struct *vma = mm->map_count < MAX_MAP_COUNT ? vma_alloc(mm) : NULL;
    if (!vma) {
        if (like->file)
            fput(like->file);
        return -ENOMEM;
    }
    *vma = *like;
    vma_link(mm, vma);
    return 0;
}

int64_t mm_mmap(struct mm_struct *mm, const struct mmap_request *request) {
    int error = check_request(mm, request);
    if (error)
        return error;
    uint64_t length = page_align(request->length), addr = request->addr;
    if (request->flags & MM_MAP_HUGETLB) {
        uint64_t size = UINT64_C(1) << request->huge_shift;
        length = (length + size - 1) & ~(size - 1);
        if (length == 0)
            return -ENOMEM;
    }
    struct vm_area_struct like;
    if (request->flags & MM_MAP_FIXED)
        error = clear_fixed(mm, request, length);
    else
        error = get_unmapped_area(mm, request, length, &addr);
    if (!error)
        error = describe(mm, request, addr, length, &like);
    if (!error)
        error = insert_vma(mm, &like);
    if (error)
        return error;
    if (request->flags & MM_MAP_POPULATE) /* as far as memory reaches, as in Linux */
        mm_populate(mm, addr, length, request->rights & VM_WRITE && !(like.flags & VM_SHARED));
    return (int64_t)addr;
}

/* ---- munmap ---- */

int cut_out(struct mm_struct *mm, struct vm_area_struct **first, uint64_t start, uint64_t end) {
    struct vm_area_struct *lower = NULL, *upper;
    if (start > (*first)->start) {
        lower = *first;
        int error = split_vma(lower, start, first);
        if (error)
            return error;
    }
    struct vm_area_struct *last = find_vma(mm, end - 1);
    if (!last || last->start >= end || last->end <= end)
        return 0;
    int error = split_vma(last, end, &upper);
    if (error && lower)
        vma_merge_neighbours(lower);
    return error;
}

int unmap_region(struct mm_struct *mm, struct vm_area_struct *first, uint64_t end) {
    struct vm_area_struct *previous = vma_prev(first), *vma = first, *last = first;
    struct mmu_gather tlb;
    int error = 0;
    tlb_gather_mmu(&tlb, mm);
    for (; vma && vma->start < end && !error; vma = vma_next(vma)) {
        error = unmap_page_range(&tlb, vma, vma->start, vma->end);
        last = vma;
    }
    if (!error)
        free_pgd_range(&tlb, first->start, last->end, previous ? previous->end : 0,
                       vma ? vma->start : 0);
    tlb_finish_mmu(&tlb);
    return error;
}

void remove_vmas(struct vm_area_struct *first, uint64_t end) {
    struct vm_area_struct *vma = first;
    while (vma && vma->start < end) {
        struct vm_area_struct *next = vma_next(vma);
        vma_unlink(vma);
        vma_free(vma);
        vma = next;
    }
}

int mm_munmap(struct mm_struct *mm, uint64_t addr, uint64_t length) {
    if (addr % PAGE_BYTES || addr > task_size(mm) || length > task_size(mm) - addr)
        return -EINVAL;
    length = page_align(length);
    if (length == 0)
        return -EINVAL;
    struct vm_area_struct *first = find_vma(mm, addr);
    if (!first || first->start >= addr + length)
        return 0;
    int error = cut_out(mm, &first, addr, addr + length);
    if (!error)
        error = unmap_region(mm, first, addr + length);
    if (!error)
        remove_vmas(first, addr + length);
    return error;
}

/* ---- brk ---- */

static int extend_brk(struct mm_struct *mm, uint64_t from, uint64_t to) {
    struct vm_area_struct *next = find_vma(mm, from);
    if (to > task_size(mm) || (next && to + PAGE_BYTES > vm_start_gap(next)))
        return -ENOMEM;
    const struct vm_area_struct like = {.start = from,
                                        .end = to,
                                        .flags = VM_READ | VM_WRITE | VM_ACCOUNT,
                                        .pgoff = from / PAGE_BYTES,
                                        .mm = mm};
    return insert_vma(mm, &like);
}

uint64_t mm_brk(struct mm_struct *mm, uint64_t brk) {
    uint64_t old = page_align(mm->brk), new = page_align(brk);
    if (brk < mm->start_brk || brk > task_size(mm))
        return mm->brk;
    int error = 0;
    if (new < old)
        error = mm_munmap(mm, new, old - new);
    else if (new > old)
        error = extend_brk(mm, old, new);
    if (!error)
        mm->brk = brk;
    return mm->brk;
}

/* ---- stacks ---- */

int expand_stack(struct vm_area_struct *vma, uint64_t va) {
    struct mm_struct *mm = vma->mm;
    uint64_t start = va & ~(uint64_t)(PAGE_BYTES - 1);
    if (start >= vma->start)
        return 0;
    if (start < MMAP_MIN_ADDR || vma->end - start > mm->stack_limit)
        return -ENOMEM;
    struct vm_area_struct *below = vma_prev(vma);
    if (below && !(below->flags & VM_GROWSDOWN) && below->flags & VM_RIGHTS &&
        start - below->end < STACK_GUARD_GAP)
        return -ENOMEM;
    if (below && start < below->end)
        return -ENOMEM;
    if (anon_vma_prepare(vma) != 0)
        return -ENOMEM;
    vma_adjust(vma, start, vma->end);
    count_event(mm->kernel, STAT_stack_growth, 1);
    return 0;
}

/* ---- exit ---- */

int exit_mmap(struct mm_struct *mm) {
    struct mmu_gather tlb;
    int error = 0;
    tlb_gather_mmu(&tlb, mm);
    tlb.fullmm = true;
    for (struct vm_area_struct *vma = vma_first(mm); vma; vma = vma_next(vma)) {
        int failed = unmap_page_range(&tlb, vma, vma->start, vma->end);
        if (failed)
            error = failed;
    }
    if (!error)
        free_pgd_range(&tlb, 0, task_size(mm), 0, 0);
    tlb_finish_mmu(&tlb);
    struct vm_area_struct *vma;
    while (!error && (vma = vma_first(mm))) {
        vma_unlink(vma);
        vma_free(vma);
    }
    return error;
}
