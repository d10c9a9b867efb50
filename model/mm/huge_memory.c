/* Transparent huge pages: the fault that makes one, copy-on-write, fork. */
#include "huge_memory.h"

#include "fault_internal.h"
#include "huge_internal.h"
#include "page_alloc.h"
#include "rmap.h"
#include "vmscan.h"

bool huge_range_in_vma(const struct vm_area_struct *vma, uint64_t va) {
    uint64_t bytes = huge_bytes(vma->mm->kernel), start = va & ~(bytes - 1);
    return !vma->file && !(vma->flags & (VM_HUGETLB | VM_NOHUGEPAGE)) && start >= vma->start &&
           vma->end - start >= bytes;
}

bool thp_allowed(const struct vm_area_struct *vma, uint64_t va) {
    enum thp_policy policy = vma->mm->kernel->config.thp;
    if (policy == THP_NEVER || (policy == THP_MADVISE && !(vma->flags & VM_HUGEPAGE)))
        return false;
    return huge_range_in_vma(vma, va);
}

struct page *huge_page_alloc(struct kernel *k, const struct vm_area_struct *vma, gfp_t gfp) {
    /* Only who asked for huge pages waits for them (Linux: defrag=madvise). */
    if (vma->flags & VM_HUGEPAGE)
        gfp |= GFP_RECLAIM;
    return alloc_pages(k, gfp | GFP_HIGHMEM_ZONE | GFP_COMP | GFP_NORETRY, huge_order(k));
}

void deposit_table(struct mm_struct *mm, struct page *table) {
    TAILQ_INSERT_HEAD(&mm->deposited, table, list);
}

struct page *withdraw_table(struct mm_struct *mm) {
    struct page *table = TAILQ_FIRST(&mm->deposited);
    if (table)
        TAILQ_REMOVE(&mm->deposited, table, list);
    return table;
}

/* ---- the fault ---- */

/* Maps the page by one leaf, `table` deposited for the day it is split. */
static int map_huge_page(struct vm_area_struct *vma, uint64_t start, struct page *page,
                         struct page *table) {
    struct kernel *k = vma->mm->kernel;
    struct pte_place place;
    uint64_t pfn = page_to_pfn(k, page);
    int error = pgtable_make(vma->mm, start, 1, &place);
    if (!error && !pte_none(place.pte))
        error = -EEXIST;
    if (!error)
        error = pte_write(k, &place, start, make_pte(pfn, vma->flags, true, true));
    if (error)
        return error;
    if (k->config.user_fences)
        flush_tlb_page(vma->mm, start);
    page_add_new_anon_rmap(page, vma, start);
    deposit_table(vma->mm, table);
    lru_cache_add(k, page);
    return 0;
}

/* Everything that a huge page needs, or nothing. 0, or why base pages must do. */
static int make_huge_page(struct vm_area_struct *vma, uint64_t start, struct page **page) {
    struct kernel *k = vma->mm->kernel;
    *page = huge_page_alloc(k, vma, GFP_ZERO);
    if (!*page)
        return -ENOMEM;
    struct page *table = pte_table_alloc(vma->mm, start, 0);
    int error = table ? map_huge_page(vma, start, *page, table) : -ENOMEM;
    if (!error)
        return 0;
    if (table)
        pte_table_free(vma->mm, start, 0, table);
    put_page(k, *page);
    return error;
}

unsigned do_huge_anonymous_page(struct vm_area_struct *vma, uint64_t va, bool write, bool *done) {
    struct kernel *k = vma->mm->kernel;
    struct pte_place place;
    struct page *page;
    uint64_t start = va & ~(huge_bytes(k) - 1);
    (void)write; /* there is no huge zero page: reads get memory too */
    *done = true;
    int error = pgtable_find(vma->mm, va, 1, &place);
    if (error)
        return fault_error(error);
    if (!pte_none(place.pte)) { /* base pages are there already */
        *done = false;
        return 0;
    }
    if (anon_vma_prepare(vma) != 0)
        return VM_FAULT_OOM;
    error = make_huge_page(vma, start, &page);
    if (error) {
        count_event(k, STAT_thp_fault_fallback, 1);
        *done = false;
        return 0;
    }
    uint64_t pfn = page_to_pfn(k, page);
    count_event(k, STAT_thp_fault_alloc, 1);
    mm_event(k, MM_EVENT_THP, start, 0, pfn);
    mm_event(k, MM_EVENT_FAULT_STEP, va, STEP_ANON_HUGE, pfn);
    return 0;
}

/* ---- copy-on-write ---- */

unsigned do_huge_wp_page(struct vm_area_struct *vma, uint64_t va, const struct pte_place *place) {
    struct kernel *k = vma->mm->kernel;
    uint64_t pfn = pte_to_pfn(place->pte);
    struct page *page = pfn_to_page(k, pfn);
    int error;
    if (page && page->mapcount == 1 && page->refcount == 1) {
        uint64_t pte = pte_modify(place->pte, vma->flags, true) | PTE_FLAG(A) | PTE_FLAG(D);
        error = pte_write(k, place, va, pte);
        if (error)
            return fault_error(error);
        flush_tlb_page(vma->mm, va);
        count_event(k, STAT_cow_reuse, 1);
        mm_event(k, MM_EVENT_FAULT_STEP, va, STEP_COW_REUSE, pfn);
        return 0;
    }
    error = split_huge_pmd(vma, va);
    if (error)
        return fault_error(error);
    mm_event(k, MM_EVENT_FAULT_STEP, va, STEP_HUGE_COW, pfn);
    return 0;
}

/* ---- fork ---- */

/* The child's leaf and the parent's protection, once the tables are there. */
static int copy_huge_leaf(struct vm_area_struct *to, uint64_t start, const struct pte_place *child,
                          const struct pte_place *source) {
    struct kernel *k = to->mm->kernel;
    uint64_t pte = source->pte & ~PTE_FLAG(W);
    struct page *page = pfn_to_page(k, pte_to_pfn(pte));
    int error = page ? 0 : -EIO;
    if (!error && pte != source->pte)
        error = pte_write(k, source, start, pte);
    if (!error)
        error = pte_write(k, child, start, pte & ~PTE_FLAG(A));
    if (error)
        return error;
    get_page(page);
    page_add_anon_rmap(page, to, start);
    return 0;
}

int copy_huge_pmd(struct vm_area_struct *to, struct vm_area_struct *from, uint64_t va,
                  const struct pte_place *place) {
    struct kernel *k = to->mm->kernel;
    struct pte_place source = *place, child;
    uint64_t start = va & ~(huge_bytes(k) - 1);
    (void)from;
    struct page *table = pte_table_alloc(to->mm, start, 0);
    if (!table)
        return -ENOMEM;
    int error = pgtable_make(to->mm, start, 1, &child);
    if (!error)
        error = pte_read(k, &source);
    if (!error && (pte_table(source.pte) || !pte_present(source.pte)))
        error = -EAGAIN; /* reclaim split it to make room for the tables */
    if (!error)
        error = copy_huge_leaf(to, start, &child, &source);
    if (error)
        pte_table_free(to->mm, start, 0, table);
    else
        deposit_table(to->mm, table);
    return error;
}
