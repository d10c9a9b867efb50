#include "page_alloc.h"

#include "buddy.h"
#include "mm_types.h"
#include "oom.h"
#include "slub.h"
#include "vmscan.h"

/* Requests above this order are not worth killing for (Linux: PAGE_ALLOC_COSTLY_ORDER). */
#define COSTLY_ORDER 3
/* Rounds of direct reclaim that free nothing before somebody is killed. */
#define FRUITLESS_ROUNDS 2
/* Rounds that free something, but nothing that helps: a bound against reclaim that goes round in
 * circles, far above what any memory map needs. */
#define FRUITFUL_ROUNDS 4096

/* How deep into a zone a request may reach. */
enum reserve {
    KEEP_LOW,  /* the first try */
    KEEP_MIN,  /* once kswapd is awake */
    KEEP_HALF, /* of min: whoever was killed shall get on with dying */
    KEEP_NONE  /* reclaim itself */
};

/* The highest zone that may serve the request. Zones that a mode does not have count as Normal,
 * whose frames then do as well. */
enum zone_type gfp_zone(const struct kernel *k, gfp_t gfp) {
    bool sv32 = k->config.mode == MODE_SV32;
    if (gfp & GFP_DMA_ZONE)
        return ZONE_DMA;
    if (gfp & GFP_DMA32_ZONE)
        return sv32 ? ZONE_NORMAL : ZONE_DMA32;
    return gfp & GFP_HIGHMEM_ZONE && sv32 ? ZONE_HIGHMEM : ZONE_NORMAL;
}

/* Whether the zone has the run and keeps `keep` frames beside it. */
static bool keeps(const struct zone *zone, unsigned order, uint64_t keep) {
    uint64_t needed = UINT64_C(1) << order;
    if (zone->free_pages < needed || zone->free_pages - needed < keep)
        return false;
    for (unsigned o = order; o <= MAX_ORDER; o++)
        if (zone->free_area[o].nr_free > 0)
            return true;
    return false;
}

bool zone_watermark_ok(const struct zone *zone, unsigned order, enum watermark mark,
                       enum zone_type highest) {
    return keeps(zone, order, zone->watermark[mark] + zone->lowmem_reserve[highest]);
}

static bool zone_allows(const struct zone *zone, unsigned order, enum reserve reserve,
                        enum zone_type highest) {
    switch (reserve) {
    case KEEP_LOW:
        return zone_watermark_ok(zone, order, WMARK_LOW, highest);
    case KEEP_MIN:
        return zone_watermark_ok(zone, order, WMARK_MIN, highest);
    case KEEP_HALF:
        return keeps(zone, order, zone->watermark[WMARK_MIN] / 2 + zone->lowmem_reserve[highest]);
    case KEEP_NONE:
        return true;
    }
    return false;
}

static struct page *get_page_from_freelist(struct kernel *k, enum zone_type highest, unsigned order,
                                           enum reserve reserve) {
    for (unsigned n = 0; n < k->config.nodes; n++)
        for (int z = (int)highest; z >= 0; z--) {
            struct zone *zone = &k->node[n].zones[z];
            if (zone->managed_pages == 0 || !zone_allows(zone, order, reserve, highest))
                continue;
            struct page *page = rmqueue(k, zone, order);
            if (page)
                return page;
        }
    return NULL;
}

static void wake_all_kswapds(struct kernel *k) {
    for (unsigned n = 0; n < k->config.nodes; n++)
        wakeup_kswapd(k, &k->node[n]);
}

/* Empty slabs that caches keep for later. */
static uint64_t shrink_slabs(struct kernel *k) {
    struct kmem_cache *cache;
    uint64_t freed = 0;
    TAILQ_FOREACH(cache, &k->caches, list)
    freed += kmem_cache_shrink(k, cache);
    return freed;
}

/* Reclaims until the request can be met or that no longer helps. */
static struct page *alloc_pages_direct_reclaim(struct kernel *k, gfp_t gfp, unsigned order) {
    enum zone_type highest = gfp_zone(k, gfp);
    unsigned fruitless = 0, fruitful = 0;
    count_event(k, STAT_allocstall, 1);
    while (fruitless < FRUITLESS_ROUNDS && fruitful < FRUITFUL_ROUNDS) {
        uint64_t freed = try_to_free_pages(k, gfp, order);
        struct page *page = get_page_from_freelist(k, highest, order, KEEP_MIN);
        if (page || gfp & GFP_NORETRY || order > COSTLY_ORDER)
            return page;
        if (freed > 0)
            fruitful++;
        else
            fruitless++;
    }
    return shrink_slabs(k) > 0 ? get_page_from_freelist(k, highest, order, KEEP_MIN) : NULL;
}

static bool dying(const struct kernel *k) {
    return k->current && k->current->signal != 0;
}

static struct page *alloc_pages_slowpath(struct kernel *k, gfp_t gfp, unsigned order) {
    enum zone_type highest = gfp_zone(k, gfp);
    if (k->scan)
        return get_page_from_freelist(k, highest, order, KEEP_NONE);
    if (gfp & GFP_RECLAIM)
        wake_all_kswapds(k);
    struct page *page = get_page_from_freelist(k, highest, order, KEEP_MIN);
    if (page || !(gfp & GFP_RECLAIM))
        return page;
    /* Every round kills somebody else, so that they come to an end; the current process only
     * dies once it is back from here. */
    while (!(page = alloc_pages_direct_reclaim(k, gfp, order))) {
        if (gfp & GFP_NORETRY || order > COSTLY_ORDER)
            return NULL;
        if (dying(k) || !out_of_memory(k, gfp, order) || dying(k))
            return get_page_from_freelist(k, highest, order, KEEP_HALF);
    }
    return page;
}

static const enum mm_stat pgalloc_stat[MAX_NR_ZONES] = {STAT_pgalloc_dma, STAT_pgalloc_dma32,
                                                        STAT_pgalloc_normal, STAT_pgalloc_high};

static void prep_new_page(struct kernel *k, struct page *page, gfp_t gfp, unsigned order) {
    page->refcount = 1;
    page->order = (uint8_t)order;
    page->mapping = NULL;
    page->index = 0;
    page->private = 0;
    if (gfp & GFP_COMP && order > 0)
        prep_compound_page(page, order);
    count_event(k, pgalloc_stat[page->zone], UINT64_C(1) << order);
    mm_event(k, MM_EVENT_ALLOC, page_to_pfn(k, page), order, page->zone);
}

static bool clear_pages(struct kernel *k, const struct page *page, unsigned order) {
    uint64_t pa = page_to_phys(k, page);
    for (uint64_t i = 0; i < UINT64_C(1) << order; i++)
        if (!k->machine.clear_page(k->machine.context, pa + i * PAGE_BYTES))
            return false;
    return true;
}

struct page *alloc_pages(struct kernel *k, gfp_t gfp, unsigned order) {
    if (order > MAX_ORDER || should_fail(k, FAIL_PAGE_ALLOC))
        return NULL;
    struct page *page = get_page_from_freelist(k, gfp_zone(k, gfp), order, KEEP_LOW);
    if (!page && !(page = alloc_pages_slowpath(k, gfp, order)))
        return NULL;
    prep_new_page(k, page, gfp, order);
    if (gfp & GFP_ZERO && !clear_pages(k, page, order)) {
        free_pages(k, page, order);
        return NULL;
    }
    return page;
}

/* Linux's bad_page(): noted, and the page is left alone. */
static void bad_page(struct kernel *k, const char *why) {
    if (!k->bad_page)
        k->bad_page = why;
}

/* The frames' descriptors as free ones must be. */
static void free_pages_prepare(struct page *page, unsigned order) {
    for (uint64_t i = 0; i < UINT64_C(1) << order; i++) {
        page[i].flags = 0;
        page[i].refcount = 0;
        page[i].mapcount = 0;
        page[i].mapping = NULL;
    }
    page->private = 0;
}

void free_pages(struct kernel *k, struct page *page, unsigned order) {
    if (order > MAX_ORDER || page_has(page, PG_buddy) || page_has(page, PG_reserved) ||
        page_has(page, PG_tail) || (page_has(page, PG_head) && page->order != order)) {
        bad_page(k, "a run was freed that is not allocated, or not as it was allocated");
        return;
    }
    free_pages_prepare(page, order);
    count_event(k, STAT_pgfree, UINT64_C(1) << order);
    mm_event(k, MM_EVENT_FREE, page_to_pfn(k, page), order, page->zone);
    free_one_page(k, page_zone(k, page), page, order);
}

void get_page(struct page *page) {
    compound_head(page)->refcount++;
}

void put_page(struct kernel *k, struct page *page) {
    page = compound_head(page);
    if (page->refcount <= 0) {
        bad_page(k, "a reference was dropped that nobody had");
        return;
    }
    if (--page->refcount > 0)
        return;
    if (page == k->huge_zero_page)
        k->huge_zero_page = NULL;
    if (page_has(page, PG_lru))
        lru_cache_del(k, page);
    unsigned order = page_has(page, PG_head) ? page->order : 0;
    if (order > MAX_ORDER)
        free_contig_pages(k, page, order);
    else
        free_pages(k, page, order);
}

void split_page(struct kernel *k, struct page *page) {
    (void)k;
    unsigned order = page_has(page, PG_head) ? page->order : 0;
    destroy_compound_page(page, order);
    for (uint64_t i = 0; i < UINT64_C(1) << order; i++) {
        page[i].order = 0;
        page[i].refcount = 1;
    }
}
