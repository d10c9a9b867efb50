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

/* The zero page's leaf: read only, not reference counted by PTE, but by leaf. */
static uint64_t huge_zero_pte(const struct kernel *k, const struct vm_area_struct *vma) {
    uint64_t pfn = page_to_pfn(k, k->huge_zero_page);
    return make_pte(pfn, vma->flags, false, false) | PTE_SPECIAL_FLAG;
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

/* The entry at level 1 for a leaf, and the table deposited for the day it is split. */
struct huge_place {
    struct pte_place pmd;
    struct page *table;
};

static int huge_place_make(struct vm_area_struct *vma, uint64_t start, struct huge_place *place) {
    place->table = pte_table_alloc(vma->mm, start, 0);
    if (!place->table)
        return -ENOMEM;
    int error = pgtable_make(vma->mm, start, 1, &place->pmd);
    if (!error && !pte_none(place->pmd.pte))
        error = -EEXIST;
    if (error)
        pte_table_free(vma->mm, start, 0, place->table);
    return error;
}

/* Writes the leaf; on failure the table goes. */
static int huge_place_set(struct vm_area_struct *vma, uint64_t start,
                          const struct huge_place *place, uint64_t pte) {
    struct kernel *k = vma->mm->kernel;
    int error = pte_write(k, &place->pmd, start, pte);
    if (error) {
        pte_table_free(vma->mm, start, 0, place->table);
        return error;
    }
    deposit_table(vma->mm, place->table);
    if (k->config.user_fences)
        flush_tlb_page(vma->mm, start);
    return 0;
}

static void tell_huge(struct kernel *k, uint64_t va, uint64_t pfn) {
    mm_event(k, MM_EVENT_THP, va & ~(huge_bytes(k) - 1), 0, pfn);
    mm_event(k, MM_EVENT_FAULT_STEP, va, STEP_ANON_HUGE, pfn);
}

/* Everything that a huge page needs, or nothing. 0, or why base pages must do. */
static int map_huge_page(struct vm_area_struct *vma, uint64_t start, struct page **page) {
    struct kernel *k = vma->mm->kernel;
    struct huge_place place;
    *page = huge_page_alloc(k, vma, GFP_ZERO);
    int error = *page ? huge_place_make(vma, start, &place) : -ENOMEM;
    if (!error)
        error = huge_place_set(vma, start, &place,
                               make_pte(page_to_pfn(k, *page), vma->flags, true, true));
    if (error) {
        if (*page)
            put_page(k, *page);
        return error;
    }
    page_add_new_anon_rmap(*page, vma, start);
    lru_cache_add(k, *page);
    return 0;
}

/* A reference to the huge zero page, made if there is none. NULL: no memory. */
static struct page *get_huge_zero_page(struct kernel *k, const struct vm_area_struct *vma) {
    if (k->huge_zero_page)
        get_page(k->huge_zero_page);
    else
        k->huge_zero_page = huge_page_alloc(k, vma, GFP_ZERO);
    return k->huge_zero_page;
}

/* A read: all huge ranges that were only read share one page. */
static int map_huge_zero_page(struct vm_area_struct *vma, uint64_t start, struct page **page) {
    struct kernel *k = vma->mm->kernel;
    struct huge_place place;
    *page = get_huge_zero_page(k, vma);
    int error = *page ? huge_place_make(vma, start, &place) : -ENOMEM;
    if (!error)
        error = huge_place_set(vma, start, &place, huge_zero_pte(k, vma));
    if (error && *page)
        put_page(k, *page);
    return error;
}

unsigned do_huge_anonymous_page(struct vm_area_struct *vma, uint64_t va, bool write, bool *done) {
    struct kernel *k = vma->mm->kernel;
    struct pte_place place;
    struct page *page;
    uint64_t start = va & ~(huge_bytes(k) - 1);
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
    error = write ? map_huge_page(vma, start, &page) : map_huge_zero_page(vma, start, &page);
    if (error) {
        count_event(k, STAT_thp_fault_fallback, 1);
        *done = false;
        return 0;
    }
    if (write)
        count_event(k, STAT_thp_fault_alloc, 1);
    else
        count_event(k, STAT_zero_page, 1);
    tell_huge(k, va, page_to_pfn(k, page));
    return 0;
}

/* ---- copy-on-write ---- */

/* The huge zero page gives way to a new page, at once. Not done: no memory for it, it is split. */
static unsigned wp_huge_zero_page(struct vm_area_struct *vma, uint64_t va,
                                  const struct pte_place *place, bool *done) {
    struct kernel *k = vma->mm->kernel;
    struct pte_place now = *place;
    struct page *page = huge_page_alloc(k, vma, GFP_ZERO);
    *done = page != NULL;
    if (!page) {
        count_event(k, STAT_thp_fault_fallback, 1);
        return 0;
    }
    int error = pte_read(k, &now);
    if (!error && now.pte == place->pte) {
        uint64_t pfn = page_to_pfn(k, page);
        error = pte_write(k, place, va, make_pte(pfn, vma->flags, true, true));
    }
    if (error || now.pte != place->pte) {
        put_page(k, page);
        return error ? fault_error(error) : 0;
    }
    flush_tlb_page(vma->mm, va);
    put_page(k, k->huge_zero_page);
    page_add_new_anon_rmap(page, vma, va & ~(huge_bytes(k) - 1));
    lru_cache_add(k, page);
    count_event(k, STAT_thp_fault_alloc, 1);
    tell_huge(k, va, page_to_pfn(k, page));
    return 0;
}

static unsigned reuse_huge_page(struct vm_area_struct *vma, uint64_t va,
                                const struct pte_place *place) {
    struct kernel *k = vma->mm->kernel;
    uint64_t pte = pte_modify(place->pte, vma->flags, true) | PTE_FLAG(A) | PTE_FLAG(D);
    int error = pte_write(k, place, va, pte);
    if (error)
        return fault_error(error);
    flush_tlb_page(vma->mm, va);
    count_event(k, STAT_cow_reuse, 1);
    mm_event(k, MM_EVENT_FAULT_STEP, va, STEP_COW_REUSE, pte_to_pfn(pte));
    return 0;
}

unsigned do_huge_wp_page(struct vm_area_struct *vma, uint64_t va, const struct pte_place *place) {
    struct kernel *k = vma->mm->kernel;
    uint64_t pfn = pte_to_pfn(place->pte);
    const struct page *page = pfn_to_page(k, pfn);
    bool done = false;
    if (!page)
        return VM_FAULT_SIGBUS;
    if (pte_special(place->pte)) {
        unsigned result = wp_huge_zero_page(vma, va, place, &done);
        if (done)
            return result;
    } else if (page->mapcount == 1 && page->refcount == 1) {
        return reuse_huge_page(vma, va, place);
    }
    int error = split_huge_pmd(vma, va);
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
    if (!pte_special(pte))
        page_add_huge_rmap(page, to);
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
