/* Physical memory: zones, free lists, and the descriptors of free and reserved frames. */
#include "check_internal.h"

static bool check_run(struct checker *check, const struct zone *zone, struct page *page,
                      unsigned order) {
    struct kernel *k = check->k;
    uint64_t pfn = page_to_pfn(k, page), frames = UINT64_C(1) << order;
    if (!page_has(page, PG_buddy) || page->order != order)
        return wrong(check, "frame %#llx: on the free list of order %u with flags %#x, order %u",
                     (ull)pfn, order, page->flags, page->order);
    if (pfn % frames != 0)
        return wrong(check, "frame %#llx: a free run of order %u is not aligned", (ull)pfn, order);
    if (pfn < zone->start_pfn || pfn + frames > zone->start_pfn + zone->spanned_pages)
        return wrong(check, "frame %#llx: a free run of order %u reaches out of zone %s", (ull)pfn,
                     order, zone_name(zone->type));
    struct page *buddy = pfn_to_page(k, pfn ^ frames);
    if (order < MAX_ORDER && buddy && page_has(buddy, PG_buddy) && buddy->order == order &&
        page_zone(k, buddy) == zone)
        return wrong(check, "frame %#llx: free, as is its buddy of order %u: not merged", (ull)pfn,
                     order);
    for (uint64_t i = 0; i < frames; i++) {
        uint32_t flags = i == 0 ? page[i].flags & ~(UINT32_C(1) << PG_buddy) : page[i].flags;
        if (flags != 0 || page[i].refcount != 0 || page[i].mapcount != 0)
            return wrong(check, "frame %#llx: free with flags %#x, refcount %d, mapcount %d",
                         (ull)(pfn + i), page[i].flags, page[i].refcount, page[i].mapcount);
    }
    return own_frames(check, pfn, frames, OWNER_FREE);
}

static bool check_free_area(struct checker *check, struct zone *zone, unsigned order) {
    struct free_area *area = &zone->free_area[order];
    uint64_t runs = 0;
    struct page *page;
    TAILQ_FOREACH(page, &area->list, list) {
        if (!is_descriptor(check, page))
            return wrong(check, "zone %s, order %u: the free list leads out of the memory map",
                         zone_name(zone->type), order);
        if (!check_run(check, zone, page, order))
            return false;
        runs++;
    }
    if (runs != area->nr_free)
        return wrong(check, "zone %s, order %u: %llu runs on the free list, counted %llu",
                     zone_name(zone->type), order, (ull)runs, (ull)area->nr_free);
    return true;
}

static bool check_zone(struct checker *check, struct zone *zone) {
    struct kernel *k = check->k;
    uint64_t free = 0, managed = 0;
    for (unsigned order = 0; order <= MAX_ORDER; order++) {
        if (!check_free_area(check, zone, order))
            return false;
        free += zone->free_area[order].nr_free << order;
    }
    if (free != zone->free_pages)
        return wrong(check, "zone %s: %llu frames on its free lists, counted %llu",
                     zone_name(zone->type), (ull)free, (ull)zone->free_pages);
    for (uint64_t i = 0; i < zone->spanned_pages; i++) {
        struct page *page = pfn_to_page(k, zone->start_pfn + i);
        if (!page || page->zone != zone->type || page->node != zone->node)
            return wrong(check, "frame %#llx: lies in zone %s, but its descriptor does not say so",
                         (ull)(zone->start_pfn + i), zone_name(zone->type));
        managed += !page_has(page, PG_reserved);
    }
    if (managed != zone->managed_pages)
        return wrong(check, "zone %s: %llu frames are not reserved, managed are %llu",
                     zone_name(zone->type), (ull)managed, (ull)zone->managed_pages);
    if (zone->watermark[WMARK_MIN] > zone->watermark[WMARK_LOW] ||
        zone->watermark[WMARK_LOW] > zone->watermark[WMARK_HIGH])
        return wrong(check, "zone %s: watermarks do not rise", zone_name(zone->type));
    check->stat[STAT_nr_free_pages] += free;
    return true;
}

/* Zones of a node follow each other and make up the whole. */
static bool check_span(struct checker *check, const struct pglist_data *node) {
    uint64_t next = node->start_pfn;
    for (unsigned z = 0; z < MAX_NR_ZONES; z++) {
        const struct zone *zone = &node->zones[z];
        if (zone->spanned_pages == 0)
            continue;
        if (zone->start_pfn != next)
            return wrong(check, "zone %s of node %u starts at frame %#llx, not %#llx",
                         zone_name(zone->type), node->id, (ull)zone->start_pfn, (ull)next);
        next += zone->spanned_pages;
    }
    if (next != node->start_pfn + node->spanned_pages)
        return wrong(check, "node %u: its zones end at frame %#llx", node->id, (ull)next);
    return true;
}

bool check_zones(struct checker *check) {
    struct kernel *k = check->k;
    if (k->bad_page)
        return wrong(check, "%s", k->bad_page);
    for (unsigned n = 0; n < k->config.nodes; n++) {
        if (!check_span(check, &k->node[n]))
            return false;
        for (unsigned z = 0; z < MAX_NR_ZONES; z++)
            if (k->node[n].zones[z].spanned_pages > 0 && !check_zone(check, &k->node[n].zones[z]))
                return false;
    }
    return true;
}
