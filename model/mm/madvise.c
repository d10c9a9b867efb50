/* Advice, locking, and faulting pages in beforehand. */
#include "huge_memory.h"
#include "layout.h"
#include "mmap.h"
#include "page_fault.h"
#include "pgtable_internal.h"
#include "vma.h"
#include "vmscan.h"

/* A fault that reclaim undoes at once, over and over, is given up after this many. */
#define POPULATE_TRIES 16

/* ---- populate ---- */

/* What va has already, in bytes from va on; 0: a fault is needed. -EIO. */
static int64_t populated(struct mm_struct *mm, uint64_t va, bool write) {
    struct pte_place place;
    int error = pgtable_find(mm, va, 0, &place);
    if (error)
        return error;
    if (!pte_present(place.pte) || (write && !pte_writable(place.pte)))
        return 0;
    uint64_t size = pt_size(mm->kernel, place.level);
    return (int64_t)(size - (va & (size - 1)));
}

/* Faults one page in; bytes from va on that are there now. */
static int64_t populate_page(struct vm_area_struct *vma, uint64_t va, bool write) {
    for (unsigned try = 0; try < POPULATE_TRIES; try++) {
        int64_t bytes = populated(vma->mm, va, write);
        if (bytes != 0)
            return bytes;
        unsigned result = handle_mm_fault(vma, va, write ? ACCESS_WRITE : ACCESS_READ);
        if (result & VM_FAULT_OOM)
            return -ENOMEM;
        if (result & VM_FAULT_ERROR)
            return -EFAULT;
    }
    return -ENOMEM;
}

static int populate_vma(struct vm_area_struct *vma, uint64_t va, uint64_t end, bool write) {
    if (!(vma->flags & VM_RIGHTS) || (write && !(vma->flags & VM_WRITE)))
        return -EFAULT;
    while (va < end) {
        int64_t bytes = populate_page(vma, va, write);
        if (bytes < 0)
            return (int)bytes;
        va += (uint64_t)bytes;
    }
    return 0;
}

/* [addr, addr + length) made whole pages of user space; -EINVAL. */
static int page_range(const struct mm_struct *mm, uint64_t addr, uint64_t length, uint64_t *end) {
    uint64_t size = mm_layout(mm->kernel->config.mode)->task_size;
    if (addr % PAGE_BYTES || addr > size || length > size - addr)
        return -EINVAL;
    *end = page_align(addr + length);
    return 0;
}

int mm_populate(struct mm_struct *mm, uint64_t addr, uint64_t length, bool write) {
    uint64_t end;
    if (page_range(mm, addr, length, &end) != 0)
        return -ENOMEM;
    while (addr < end) {
        bool hole = false;
        struct vm_area_struct *vma = vma_in_range(mm, &addr, end, &hole);
        if (hole)
            return -ENOMEM;
        uint64_t to = vma->end < end ? vma->end : end;
        int error = populate_vma(vma, addr, to, write);
        if (error)
            return error;
        addr = to;
    }
    return 0;
}

/* ---- a call for every VMA of a range ---- */

/* Does something to [start, end) of the VMA; *vma becomes the one that holds it then. */
typedef int range_visitor(struct vm_area_struct **vma, uint64_t start, uint64_t end, void *context);

/* Holes are passed over, and are -ENOMEM in the end. */
static int for_each_vma_in(struct mm_struct *mm, uint64_t addr, uint64_t end, range_visitor *each,
                           void *context) {
    bool hole = false;
    while (addr < end) {
        struct vm_area_struct *vma = vma_in_range(mm, &addr, end, &hole);
        if (!vma)
            break;
        uint64_t to = vma->end < end ? vma->end : end;
        int error = each(&vma, addr, to, context);
        if (error)
            return error;
        addr = to;
    }
    return hole ? -ENOMEM : 0;
}

/* ---- madvise ---- */

static int madvise_dontneed(struct vm_area_struct **vma, uint64_t start, uint64_t end,
                            void *context) {
    struct mm_struct *mm = (*vma)->mm;
    (void)context;
    if ((*vma)->flags & VM_LOCKED)
        return -EINVAL;
    if ((*vma)->flags & VM_HUGETLB) {
        uint64_t mask = (UINT64_C(1) << (*vma)->huge_shift) - 1;
        if (start & mask)
            return -EINVAL;
        end &= ~mask; /* Linux: the rest of a huge page is not advised */
    }
    if (start == end)
        return 0;
    int error = zap_page_range(*vma, start, end);
    if (!error && mm->kernel->config.pt_reclaim && !((*vma)->flags & VM_HUGETLB))
        reclaim_pte_tables(mm, start, end);
    return error;
}

struct flag_change {
    unsigned set, clear;
};

static int change_flags(struct vm_area_struct **vma, uint64_t start, uint64_t end, void *context) {
    const struct flag_change *change = context;
    return vma_modify(vma, start, end, ((*vma)->flags & ~change->clear) | change->set);
}

static int madvise_collapse(struct vm_area_struct **vma, uint64_t start, uint64_t end,
                            void *context) {
    uint64_t size = pt_size((*vma)->mm->kernel, 1);
    int first_error = 0;
    (void)context;
    for (uint64_t va = (start + size - 1) & ~(size - 1); va < end && end - va >= size; va += size) {
        int error = collapse_huge_page(*vma, va);
        if (error && !first_error)
            first_error = error;
    }
    return first_error;
}

static int madvise_reclaim(struct vm_area_struct **vma, uint64_t start, uint64_t end,
                           void *context) {
    const bool *pageout = context;
    if ((*vma)->flags & (VM_LOCKED | VM_HUGETLB))
        return -EINVAL;
    return reclaim_range((*vma)->mm, start, end, *pageout);
}

/* As mm_populate(), but a VMA that lacks the right is -EINVAL. */
static int madvise_populate(struct vm_area_struct **vma, uint64_t start, uint64_t end,
                            void *context) {
    const bool *write = context;
    unsigned needed = *write ? VM_WRITE : VM_RIGHTS;
    if (!((*vma)->flags & needed))
        return -EINVAL;
    return populate_vma(*vma, start, end, *write);
}

int mm_madvise(struct mm_struct *mm, uint64_t addr, uint64_t length, enum mm_advice advice) {
    uint64_t end;
    int error = page_range(mm, addr, length, &end);
    if (error)
        return error;
    bool second = advice == MADVISE_POPULATE_WRITE || advice == MADVISE_PAGEOUT;
    switch (advice) {
    case MADVISE_DONTNEED:
        return for_each_vma_in(mm, addr, end, madvise_dontneed, NULL);
    case MADVISE_POPULATE_READ:
    case MADVISE_POPULATE_WRITE:
        return for_each_vma_in(mm, addr, end, madvise_populate, &second);
    case MADVISE_HUGEPAGE:
        return for_each_vma_in(mm, addr, end, change_flags,
                               &(struct flag_change){VM_HUGEPAGE, VM_NOHUGEPAGE});
    case MADVISE_NOHUGEPAGE:
        return for_each_vma_in(mm, addr, end, change_flags,
                               &(struct flag_change){VM_NOHUGEPAGE, VM_HUGEPAGE});
    case MADVISE_COLLAPSE:
        return for_each_vma_in(mm, addr, end, madvise_collapse, NULL);
    case MADVISE_COLD:
    case MADVISE_PAGEOUT:
        return for_each_vma_in(mm, addr, end, madvise_reclaim, &second);
    }
    return -EINVAL;
}

/* ---- mlock ---- */

static int mlock_populate(struct vm_area_struct **vma, uint64_t start, uint64_t end,
                          void *context) {
    (void)context;
    bool write = ((*vma)->flags & (VM_WRITE | VM_SHARED)) == VM_WRITE;
    int error = (*vma)->flags & VM_RIGHTS ? populate_vma(*vma, start, end, write) : -ENOMEM;
    return error == -EFAULT ? -ENOMEM : error;
}

int mm_mlock(struct mm_struct *mm, uint64_t addr, uint64_t length) {
    uint64_t end, inside = addr % PAGE_BYTES; /* these calls round down too */
    addr -= inside;
    int error = length + inside < length ? -EINVAL : page_range(mm, addr, length + inside, &end);
    if (!error)
        error = for_each_vma_in(mm, addr, end, change_flags, &(struct flag_change){VM_LOCKED, 0});
    if (!error)
        error = for_each_vma_in(mm, addr, end, mlock_populate, NULL);
    return error;
}

int mm_munlock(struct mm_struct *mm, uint64_t addr, uint64_t length) {
    uint64_t end, inside = addr % PAGE_BYTES; /* these calls round down too */
    addr -= inside;
    int error = length + inside < length ? -EINVAL : page_range(mm, addr, length + inside, &end);
    if (error)
        return error;
    return for_each_vma_in(mm, addr, end, change_flags, &(struct flag_change){0, VM_LOCKED});
}
