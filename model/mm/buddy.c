#include "buddy.h"

void free_area_init(struct zone *zone) {
    zone->free_pages = 0;
    for (unsigned order = 0; order <= MAX_ORDER; order++) {
        TAILQ_INIT(&zone->free_area[order].list);
        zone->free_area[order].nr_free = 0;
    }
}

void add_to_free_list(struct zone *zone, struct page *page, unsigned order, bool tail) {
    struct free_area *area = &zone->free_area[order];
    page_set(page, PG_buddy);
    page->order = (uint8_t)order;
    if (tail)
        TAILQ_INSERT_TAIL(&area->list, page, list);
    else
        TAILQ_INSERT_HEAD(&area->list, page, list);
    area->nr_free++;
    zone->free_pages += UINT64_C(1) << order;
}

void del_from_free_list(struct zone *zone, struct page *page) {
    struct free_area *area = &zone->free_area[page->order];
    page_clear(page, PG_buddy);
    TAILQ_REMOVE(&area->list, page, list);
    area->nr_free--;
    zone->free_pages -= UINT64_C(1) << page->order;
}

void expand(struct kernel *k, struct zone *zone, struct page *page, unsigned low, unsigned high) {
    while (high > low) {
        count_event(k, STAT_pgsplit, 1);
        mm_event(k, MM_EVENT_SPLIT, page_to_pfn(k, page), high, zone->type);
        high--;
        add_to_free_list(zone, page + (UINT64_C(1) << high), high, false);
    }
}

struct page *rmqueue(struct kernel *k, struct zone *zone, unsigned order) {
    for (unsigned high = order; high <= MAX_ORDER; high++) {
        struct page *page = TAILQ_FIRST(&zone->free_area[high].list);
        if (!page)
            continue;
        del_from_free_list(zone, page);
        expand(k, zone, page, order, high);
        return page;
    }
    return NULL;
}

/* The run's buddy, if it is free as a whole; NULL: it is not. */
static struct page *free_buddy(const struct zone *zone, struct page *page, uint64_t pfn,
                               unsigned order) {
    uint64_t frames = UINT64_C(1) << order, buddy = pfn ^ frames;
    if (buddy < zone->start_pfn || buddy + frames > zone->start_pfn + zone->spanned_pages)
        return NULL;
    struct page *other = buddy > pfn ? page + frames : page - frames;
    return page_has(other, PG_buddy) && other->order == order ? other : NULL;
}

void free_one_page(struct kernel *k, struct zone *zone, struct page *page, unsigned order) {
    uint64_t pfn = page_to_pfn(k, page);
    for (; order < MAX_ORDER; order++) {
        struct page *buddy = free_buddy(zone, page, pfn, order);
        if (!buddy)
            break;
        del_from_free_list(zone, buddy);
        if (buddy < page) {
            page = buddy;
            pfn &= ~(UINT64_C(1) << order);
        }
        count_event(k, STAT_pgmerge, 1);
        mm_event(k, MM_EVENT_MERGE, pfn, order + 1, zone->type);
    }
    add_to_free_list(zone, page, order, false);
}

void prep_compound_page(struct page *page, unsigned order) {
    page_set(page, PG_head);
    for (uint64_t i = 1; i < UINT64_C(1) << order; i++) {
        page_set(&page[i], PG_tail);
        page[i].head = page;
    }
}

void destroy_compound_page(struct page *page, unsigned order) {
    page_clear(page, PG_head);
    for (uint64_t i = 1; i < UINT64_C(1) << order; i++) {
        page_clear(&page[i], PG_tail);
        page[i].head = NULL;
    }
}
