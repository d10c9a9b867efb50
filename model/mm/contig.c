/*
 * Runs longer than the buddy allocator's largest, for gigantic pages (Linux: alloc_contig_pages).
 * Linux moves what is in the way; here only a range that is free already is taken, as in Linux
 * without regard to watermarks. An aligned free range has merged into runs of the largest order, so
 * those alone are looked at.
 */
#include "buddy.h"
#include "page_alloc.h"

#define MAX_ORDER_FRAMES (UINT64_C(1) << MAX_ORDER)

/* Frames from `page` on that are free in runs of the largest order; 0 or all of them. */
static bool range_is_free(const struct page *page, uint64_t frames) {
    for (uint64_t i = 0; i < frames; i += MAX_ORDER_FRAMES)
        if (!page_has(&page[i], PG_buddy) || page[i].order != MAX_ORDER)
            return false;
    return true;
}

static struct page *find_free_range(struct kernel *k, const struct zone *zone, unsigned order) {
    uint64_t frames = UINT64_C(1) << order;
    uint64_t end = zone->start_pfn + zone->spanned_pages;
    uint64_t pfn = (zone->start_pfn + frames - 1) & ~(frames - 1);
    for (; pfn + frames <= end; pfn += frames) {
        struct page *page = pfn_to_page(k, pfn);
        if (range_is_free(page, frames))
            return page;
    }
    return NULL;
}

static void take_range(struct kernel *k, struct zone *zone, struct page *page, unsigned order) {
    static const enum mm_stat stat[MAX_NR_ZONES] = {STAT_pgalloc_dma, STAT_pgalloc_dma32,
                                                    STAT_pgalloc_normal, STAT_pgalloc_high};
    uint64_t frames = UINT64_C(1) << order;
    for (uint64_t i = 0; i < frames; i += MAX_ORDER_FRAMES)
        del_from_free_list(zone, &page[i]);
    page->refcount = 1;
    page->order = (uint8_t)order;
    page->mapping = NULL;
    page->index = page->private = 0;
    prep_compound_page(page, order);
    count_event(k, stat[zone->type], frames);
    mm_event(k, MM_EVENT_ALLOC, page_to_pfn(k, page), order, zone->type);
}

static bool clear_range(struct kernel *k, const struct page *page, unsigned order) {
    uint64_t pa = page_to_phys(k, page);
    for (uint64_t i = 0; i < UINT64_C(1) << order; i++)
        if (!k->machine.clear_page(k->machine.context, pa + i * PAGE_BYTES))
            return false;
    return true;
}

struct page *alloc_contig_pages(struct kernel *k, unsigned order) {
    if (should_fail(k, FAIL_PAGE_ALLOC))
        return NULL;
    for (unsigned n = 0; n < k->config.nodes; n++)
        for (int z = MAX_NR_ZONES - 1; z >= 0; z--) {
            struct zone *zone = &k->node[n].zones[z];
            struct page *page = find_free_range(k, zone, order);
            if (!page)
                continue;
            take_range(k, zone, page, order);
            if (clear_range(k, page, order))
                return page;
            put_page(k, page);
            return NULL;
        }
    return NULL;
}

void free_contig_pages(struct kernel *k, struct page *page, unsigned order) {
    destroy_compound_page(page, order);
    for (uint64_t i = 0; i < UINT64_C(1) << order; i += MAX_ORDER_FRAMES) {
        page[i].order = MAX_ORDER;
        free_pages(k, &page[i], MAX_ORDER);
    }
}
