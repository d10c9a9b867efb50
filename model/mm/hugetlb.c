/*
 * Explicit huge pages (Linux: mm/hugetlb.c): 2 MiB and 1 GiB leaves, 4 MiB in Sv32. There is no
 * pool to fill beforehand: frames are found at fault time, and SIGBUS says that there were none, as
 * an empty pool does. They are never reclaimed, and no frames of rss.
 */
#include "fault_internal.h"
#include "huge_memory.h"
#include "page_alloc.h"
#include "rmap.h"

/* The level whose leaves have the VMA's page size. */
static unsigned huge_level(const struct vm_area_struct *vma) {
    const struct kernel *k = vma->mm->kernel;
    unsigned level = 1;
    while (level < pt_levels(k) - 1 && pt_shift(k, level) < vma->huge_shift)
        level++;
    return level;
}

static uint64_t page_bytes(const struct vm_area_struct *vma) {
    return UINT64_C(1) << vma->huge_shift;
}

/* A cleared huge page, refcount 1. */
static struct page *alloc_hugetlb(const struct vm_area_struct *vma) {
    struct kernel *k = vma->mm->kernel;
    unsigned order = vma->huge_shift - 12;
    struct page *page = order > MAX_ORDER
                            ? alloc_contig_pages(k, order)
                            : alloc_pages(k, GFP_USER | GFP_COMP | GFP_ZERO | GFP_NORETRY, order);
    if (page) {
        page_set(page, PG_hugetlb);
        page_set(page, PG_unevictable);
        page_set(page, PG_uptodate);
    }
    return page;
}

/* ---- faults ---- */

static unsigned hugetlb_no_page(struct vm_fault *vmf) {
    struct kernel *k = vmf->kernel;
    int error = pgtable_make(vmf->vma->mm, vmf->va, huge_level(vmf->vma), &vmf->place);
    if (error)
        return fault_error(error);
    struct page *page = alloc_hugetlb(vmf->vma);
    if (!page)
        return VM_FAULT_SIGBUS;
    bool write = vmf->write || vmf->vma->flags & VM_SHARED;
    error = fault_set_new(vmf, make_pte(page_to_pfn(k, page), vmf->vma->flags, write, write));
    if (error) {
        put_page(k, page);
        return fault_error(error);
    }
    page->mapcount = 1;
    fault_step(vmf, STEP_HUGETLB, page_to_pfn(k, page));
    return 0;
}

static int copy_huge_page(struct kernel *k, const struct page *to, const struct page *from) {
    for (uint64_t i = 0; i < page_frames(to); i++)
        if (copy_user_page(k, to + i, from + i) != 0)
            return -EIO;
    return 0;
}

static unsigned hugetlb_copy(struct vm_fault *vmf, struct page *old) {
    struct kernel *k = vmf->kernel;
    struct page *page = alloc_hugetlb(vmf->vma);
    if (!page)
        return VM_FAULT_SIGBUS;
    uint64_t pte = make_pte(page_to_pfn(k, page), vmf->vma->flags, true, true);
    int error = copy_huge_page(k, page, old);
    if (!error)
        error = fault_change(vmf, pte);
    if (error) {
        put_page(k, page);
        return fault_error(error);
    }
    page->mapcount = 1;
    old->mapcount--;
    put_page(k, old);
    count_event(k, STAT_cow_copy, 1);
    fault_step(vmf, STEP_HUGETLB, page_to_pfn(k, page));
    return 0;
}

/* A write to a private page that a fork protected, or that a read brought (Linux: hugetlb_wp). */
static unsigned hugetlb_wp(struct vm_fault *vmf) {
    struct page *old = pfn_to_page(vmf->kernel, pte_to_pfn(vmf->place.pte));
    if (!old)
        return VM_FAULT_SIGBUS;
    if (!(vmf->vma->flags & VM_SHARED) && (old->mapcount != 1 || old->refcount != 1))
        return hugetlb_copy(vmf, old);
    uint64_t pte = pte_modify(vmf->place.pte, vmf->vma->flags, true) | PTE_FLAG(A) | PTE_FLAG(D);
    int error = fault_change(vmf, pte);
    if (error)
        return fault_error(error);
    count_event(vmf->kernel, STAT_cow_reuse, 1);
    fault_step(vmf, STEP_COW_REUSE, pte_to_pfn(pte));
    return 0;
}

unsigned hugetlb_fault(struct vm_area_struct *vma, uint64_t va, enum access_type access) {
    struct vm_fault vmf = {vma->mm->kernel,        vma,      va & ~(page_bytes(vma) - 1), access,
                           access == ACCESS_WRITE, {0, 0, 0}};
    int error = pgtable_find(vma->mm, vmf.va, huge_level(vma), &vmf.place);
    if (error)
        return fault_error(error);
    if (pte_none(vmf.place.pte))
        return hugetlb_no_page(&vmf);
    if (vmf.write && !pte_writable(vmf.place.pte))
        return hugetlb_wp(&vmf);
    return fault_young(&vmf);
}

/* ---- unmapping ---- */

void hugetlb_zap(struct vm_area_struct *vma, uint64_t start, uint64_t end) {
    struct kernel *k = vma->mm->kernel;
    unsigned level = huge_level(vma);
    for (uint64_t va = start & ~(page_bytes(vma) - 1); va < end; va += page_bytes(vma)) {
        struct pte_place place;
        if (pgtable_find(vma->mm, va, level, &place) != 0 || place.level != level ||
            !pte_present(place.pte) || pte_write(k, &place, va, 0) != 0)
            continue;
        flush_tlb_page(vma->mm, va);
        struct page *page = pfn_to_page(k, pte_to_pfn(place.pte));
        if (!page)
            continue;
        page->mapcount--;
        put_page(k, page);
    }
}

/* ---- fork ---- */

static int copy_hugetlb_entry(struct vm_area_struct *to, uint64_t va,
                              const struct pte_place *source) {
    struct kernel *k = to->mm->kernel;
    struct pte_place child;
    uint64_t pte = source->pte;
    struct page *page = pfn_to_page(k, pte_to_pfn(pte));
    int error = page ? pgtable_make(to->mm, va, source->level, &child) : -EIO;
    if (!error && !(to->flags & VM_SHARED) && pte_writable(pte)) {
        pte &= ~PTE_FLAG(W);
        error = pte_write(k, source, va, pte);
    }
    if (!error)
        error = pte_write(k, &child, va, pte);
    if (error)
        return error;
    get_page(page);
    page->mapcount++;
    return 0;
}

int copy_hugetlb_range(struct vm_area_struct *to, struct vm_area_struct *from) {
    unsigned level = huge_level(from);
    for (uint64_t va = from->start; va < from->end; va += page_bytes(from)) {
        struct pte_place source;
        int error = pgtable_find(from->mm, va, level, &source);
        if (!error && source.level == level && pte_present(source.pte))
            error = copy_hugetlb_entry(to, va, &source);
        if (error)
            return error;
    }
    return 0;
}
