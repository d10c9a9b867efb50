/* madvise(COLD) and madvise(PAGEOUT): a process says itself what it does not need. */
#include "huge_memory.h"
#include "page_alloc.h"
#include "rmap.h"
#include "vmscan.h"

struct cold_walk {
    uint64_t start, end;
    struct page_list *pageout; /* isolated pages; NULL: only deactivated */
};

/* The page of a leaf that lies in the range, if nobody else has it and it may be reclaimed at all.
 */
static struct page *own_lru_page(struct kernel *k, const struct cold_walk *walk, uint64_t va,
                                 const struct pte_place *place) {
    uint64_t bytes = UINT64_C(1) << pt_shift(k, place->level);
    va &= ~(bytes - 1);
    if (!pte_present(place->pte) || pte_special(place->pte) || va < walk->start ||
        va + bytes > walk->end)
        return NULL;
    struct page *page = pfn_to_page(k, pte_to_pfn(place->pte));
    return page && page_has(page, PG_lru) && page->mapcount == 1 ? page : NULL;
}

static int cold_visit(struct mm_struct *mm, uint64_t va, const struct pte_place *place,
                      void *context) {
    const struct cold_walk *walk = context;
    struct kernel *k = mm->kernel;
    struct page *page = own_lru_page(k, walk, va, place);
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

/* A huge page's other frames join the list once it is split. */
static void split_listed(struct kernel *k, struct page *page, struct page_list *pages) {
    uint64_t frames = page_frames(page);
    if (frames == 1 || split_huge_page(k, page) != 0)
        return;
    for (uint64_t i = 1; i < frames; i++) {
        if (!page_has(page + i, PG_lru))
            continue;
        isolate_lru_page(k, page + i);
        TAILQ_INSERT_TAIL(pages, page + i, list);
    }
}

static void reclaim_pages(struct kernel *k, struct page_list *pages) {
    struct scan_control scan = {.highest = ZONE_HIGHMEM};
    struct scan_control *outer = k->scan;
    struct page *page;
    k->scan = &scan;
    while ((page = TAILQ_FIRST(pages))) {
        TAILQ_REMOVE(pages, page, list);
        split_listed(k, page, pages);
        if (scan_page(k, page))
            shrink_or_putback(k, page);
        else
            putback_lru_page(k, page);
    }
    k->scan = outer;
}

int reclaim_range(struct mm_struct *mm, uint64_t start, uint64_t end, bool pageout) {
    struct page_list pages = TAILQ_HEAD_INITIALIZER(pages);
    struct cold_walk walk = {start, end, pageout ? &pages : NULL};
    int error = walk_page_range(mm, start, end, cold_visit, &walk);
    /* An entry in a TLB would hide the next use. */
    flush_tlb_range(mm, start, end);
    reclaim_pages(mm->kernel, &pages);
    return error;
}
