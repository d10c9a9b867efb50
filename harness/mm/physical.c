/* Scenarios of physical memory: the buddy allocator and SLUB. */
#include "scenarios.h"

#include "mm/page_alloc.h"
#include "mm/show.h"
#include "mm/slub.h"

#include <inttypes.h>
#include <stdlib.h>

/* The zone of the first node that requests are met from first. */
static struct zone *first_zone(struct kernel *k) {
    for (int type = MAX_NR_ZONES - 1; type > 0; type--)
        if (k->node[0].zones[type].managed_pages > 0)
            return &k->node[0].zones[type];
    return &k->node[0].zones[0];
}

static void show_lists(struct stage *stage) {
    const struct mm_printer printer = stage_printer(stage);
    show_buddyinfo(stage->k, &printer);
}

struct held {
    struct page *page;
    unsigned order;
};

static void write_lists(FILE *csv, const struct zone *zone, unsigned step) {
    fprintf(csv, "%u", step);
    for (unsigned order = 0; order <= MAX_ORDER; order++)
        fprintf(csv, ",%" PRIu64, zone->free_area[order].nr_free);
    fprintf(csv, ",%d\n", fragmentation_index(zone, 9));
}

/* Fills most of the zone, takes and gives at random, and gives all back, one by one. */
static void churn(struct stage *stage, FILE *csv, struct held *held, unsigned n) {
    const struct zone *zone = first_zone(stage->k);
    uint64_t random = 1;
    for (unsigned step = 0; step < 3 * n; step++) {
        random = random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        /* An odd stride over a power of two: every slot once in each n steps. */
        struct held *slot = &held[step < n       ? step
                                  : step < 2 * n ? random >> 40 & (n - 1)
                                                 : step * 389u & (n - 1)];
        if (slot->page)
            put_page(stage->k, slot->page);
        *slot = (struct held){NULL, (unsigned)(random >> 60) % 4};
        if (step < 2 * n)
            slot->page = alloc_pages(stage->k, GFP_ATOMIC | GFP_COMP, slot->order);
        if (step % 8 == 0)
            write_lists(csv, zone, step);
    }
}

/* The series behind the picture; true if none was asked for. */
static bool write_orders(const struct scenario_options *options, struct stage *stage) {
    enum { HELD = 1024 };
    char path[4096];
    if (!options->data)
        return true;
    snprintf(path, sizeof path, "%s/free-orders.csv", options->data);
    FILE *csv = fopen(path, "w");
    struct held *held = calloc(HELD, sizeof *held);
    if (csv && held) {
        fprintf(csv, "step");
        for (unsigned order = 0; order <= MAX_ORDER; order++)
            fprintf(csv, ",order%u", order);
        fprintf(csv, ",fragmentation_index_9\n");
        churn(stage, csv, held, HELD);
    }
    bool written = csv && fclose(csv) == 0 && held;
    free(held);
    return written;
}

/*
 * Takes runs of 256 until none is left on that list and one of 512 is: the state in which a
 * request for 256 must split. Their number; pages go to `taken`.
 */
static unsigned drain(struct stage *stage, struct page **taken, unsigned most) {
    const struct zone *zone = first_zone(stage->k);
    unsigned n = 0;
    while (n < most && (zone->free_area[8].nr_free > 0 || zone->free_area[9].nr_free == 0))
        if (!(taken[n] = alloc_pages(stage->k, GFP_ATOMIC | GFP_COMP, 8)))
            break;
        else
            n++;
    return n;
}

static void split_and_merge(struct stage *stage) {
    const struct zone *zone = first_zone(stage->k);
    uint64_t splits = stage->k->stat[STAT_pgsplit], merges = stage->k->stat[STAT_pgmerge];
    uint64_t of_512 = zone->free_area[9].nr_free;
    stage_say(stage,
              "The list of 256 is empty, the list of 512 is not. Now a request for 256 frames:");
    struct page *page = alloc_pages(stage->k, GFP_ATOMIC | GFP_COMP, 8);
    show_lists(stage);
    stage_check(stage, page != NULL, "the request was met");
    if (!page)
        return;
    stage_check(stage, stage->k->stat[STAT_pgsplit] == splits + 1, "exactly one run was split");
    stage_check(stage, zone->free_area[9].nr_free == of_512 - 1 && zone->free_area[8].nr_free == 1,
                "one run of 512 fewer; its second half waits on the list of 256");
    stage_say(stage, "The 256 frames are given back:");
    put_page(stage->k, page);
    show_lists(stage);
    stage_check(stage,
                stage->k->stat[STAT_pgmerge] >= merges + 1 && zone->free_area[8].nr_free == 0,
                "the two buddies of 256 merged again");
}

bool scenario_buddy(const struct scenario_options *options, FILE *out, const char **why) {
    enum { MOST = 64 };
    struct mm_config config;
    struct stage stage;
    struct page *taken[MOST];
    mm_config_default(&config, options->mode, UINT64_C(16) << 20);
    if (!stage_open(&stage, &config, out, why))
        return false;
    stage_title(&stage,
                "The buddy allocator: free runs of 1, 2, 4 ... 1024 frames, a list for each");
    show_lists(&stage);
    uint64_t before = first_zone(stage.k)->free_pages;
    unsigned n = drain(&stage, taken, MOST);
    stage_say(&stage, "%u runs of 256 were taken to get there:", n);
    show_lists(&stage);
    stage_tell(&stage, 2, MM_EVENT_SPLIT, MM_EVENT_MERGE);
    split_and_merge(&stage);
    stage_tell(&stage, 0);
    while (n > 0)
        put_page(stage.k, taken[--n]);
    stage_say(&stage, "Everything is given back:");
    show_lists(&stage);
    stage_check(&stage, first_zone(stage.k)->free_pages == before,
                "all %" PRIu64 " frames are free again", before);
    bool written = write_orders(options, &stage);
    *why = written ? NULL : "the series cannot be written";
    return stage_close(&stage) && written;
}

static void show_caches(struct stage *stage) {
    const struct mm_printer printer = stage_printer(stage);
    show_slabinfo(stage->k, &printer);
}

bool scenario_slub(const struct scenario_options *options, FILE *out, const char **why) {
    enum { OBJECTS = 100 };
    struct mm_config config;
    struct stage stage;
    void *object[OBJECTS];
    mm_config_default(&config, options->mode, UINT64_C(16) << 20);
    if (!stage_open(&stage, &config, out, why))
        return false;
    struct kernel *k = stage.k;
    stage_title(&stage, "SLUB: small objects in slabs that come from the buddy allocator");
    show_caches(&stage);
    struct kmem_cache *cache = kmem_cache_create(k, "example", 200, 8, SLAB_POISON | SLAB_RED_ZONE);
    if (!stage_check(&stage, cache != NULL, "a cache for objects of 200 bytes, watched"))
        return stage_close(&stage);
    stage_tell(&stage, 4, MM_EVENT_SLAB_NEW, MM_EVENT_SLAB_GONE, MM_EVENT_ALLOC, MM_EVENT_FREE);
    unsigned n = 0;
    while (n < OBJECTS && (object[n] = kmem_cache_alloc(k, cache, GFP_KERNEL)))
        n++;
    stage_check(&stage, n == OBJECTS && cache->nr_objects == OBJECTS,
                "%u objects lie in %" PRIu64 " slabs of %u frames, %u in each", n, cache->nr_slabs,
                1u << cache->order, cache->objects);
    if (n > 3) {
        stage_say(&stage, "One byte past the end of an object is written, and it is freed:");
        ((char *)object[0])[200] ^= 1;
        kmem_cache_free(k, cache, object[0]);
        stage_check(&stage, cache->broken != NULL, "SLUB noticed: %s",
                    cache->broken ? cache->broken : "nothing");
        ((char *)object[0])[200] ^= 1;
        cache->broken = NULL;
        kmem_cache_free(k, cache, object[1]);
        stage_say(&stage, "Another is freed twice:");
        kmem_cache_free(k, cache, object[1]);
        stage_check(&stage, cache->broken != NULL, "SLUB noticed: %s",
                    cache->broken ? cache->broken : "nothing");
        cache->broken = NULL;
        kmem_cache_free(k, cache, object[0]);
    }
    for (unsigned i = 2; i < n; i++)
        kmem_cache_free(k, cache, object[i]);
    kmem_cache_shrink(k, cache);
    stage_check(&stage, cache->nr_objects == 0 && kmem_cache_destroy(k, cache) == 0,
                "all objects and slabs are given back");
    return stage_close(&stage);
}
