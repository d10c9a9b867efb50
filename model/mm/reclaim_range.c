/* madvise(COLD) and madvise(PAGEOUT): a process says itself what it does not need. */
#include "page_alloc.h"
#include "rmap.h"
#include "vmscan.h"

struct cold_walk {
    struct page_list *pageout; /* isolated pages; NULL: only deactivated */
};

/* The page of a leaf, if nobody else has it and it may be reclaimed at all. */
static struct page *own_lru_page(struct kernel *k, const struct pte_place *place) {
    if (!pte_present(place->pte) || pte_special(place->pte))
        return NULL;
    struct page *page = pfn_to_page(k, pte_to_pfn(place->pte));
    return page && page_has(page, PG_lru) && page->mapcount == 1 ? page : NULL;
}

static int cold_visit(struct mm_struct *mm, uint64_t va, const struct pte_place *place,
                      void *context) {
    const struct cold_walk *walk = context;
    struct kernel *k = mm->kernel;
    struct page *page = own_lru_page(k, place);
    if (!page)
        return 0;
    if (pte_young(place->pte)) {
        int error = pte_write(k, place, va, place->pte & ~(UINT64_C(1) << PTE_BIT_A));
        if (error != 0)
            return error;
    }
    deactivate_page(k, page);
    if (walk->pageout) {
        isolate_lru_page(k, page);
        TAILQ_INSERT_TAIL(walk->pageout, page, list);
    }
    return 0;
}

static void reclaim_pages(struct kernel *k, struct page_list *pages) {
    struct scan_control scan = {.highest = ZONE_HIGHMEM};
    struct scan_control *outer = k->scan;
    struct page *page;
    k->scan = &scan;
    while ((page = TAILQ_FIRST(pages))) {
        TAILQ_REMOVE(pages, page, list);
        if (scan_page(k, page))
            shrink_or_putback(k, page);
        else
            putback_lru_page(k, page);
    }
    k->scan = outer;
}

int reclaim_range(struct mm_struct *mm, uint64_t start, uint64_t end, bool pageout) {
    struct page_list pages = TAILQ_HEAD_INITIALIZER(pages);
    struct cold_walk walk = {pageout ? &pages : NULL};
    int error = walk_page_range(mm, start, end, cold_visit, &walk);
    /* An entry in a TLB would hide the next use. */
    flush_tlb_range(mm, start, end);
    reclaim_pages(mm->kernel, &pages);
    return error;
}
