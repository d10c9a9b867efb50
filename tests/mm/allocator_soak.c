/*
 * Random operations of the buddy allocator and of SLUB against plain references:
 *
 *     allocator_soak [--seed S] [--plant BUG] [OPERATIONS]
 *
 * Buddy: a bitmap of the frames that were handed out. No run overlaps another, all are aligned, and
 * the free lists are, every so often and at the end, what follows from the bitmap. SLUB: every
 * object holds a pattern of its own over its whole size, which is there when it is freed.
 *
 * --plant makes one thing go wrong half way (lost-run, double-run, overrun, double-object), to show
 * that it is seen. Exit status 1: something was wrong; 2: wrong arguments.
 */
#include "memory.h"

#include "mm/buddy.h"
#include "mm/page_alloc.h"
#include "mm/slub.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define MEMORY_BYTES (64 * MIB)
#define FRAMES       (MEMORY_BYTES / PAGE_BYTES)
#define MOST_OBJECTS 65536
#define CHECKS       64 /* complete ones in a run */

enum plant { PLANT_NONE, PLANT_LOST_RUN, PLANT_DOUBLE_RUN, PLANT_OVERRUN, PLANT_DOUBLE_OBJECT };

struct soak {
    struct kernel *k;
    uint64_t operations, seed;
    enum plant plant;
    uint64_t random; /* state */
    /* buddy */
    uint64_t taken[FRAMES / 64]; /* a bit a frame */
    struct page *run[FRAMES];
    uint32_t runs;
    /* SLUB */
    struct object {
        uint8_t *at; /* NULL: free */
        struct kmem_cache *cache;
        uint64_t pattern;
    } object[MOST_OBJECTS];
    uint64_t objects;
};

static _Noreturn void fail(const struct soak *soak, uint64_t operation, const char *why) {
    fprintf(stderr, "allocator_soak: operation %" PRIu64 " of seed %" PRIu64 ": %s\n", operation,
            soak->seed, why);
    exit(1);
}

/* xorshift64* */
static inline uint64_t next_random(struct soak *soak) {
    uint64_t x = soak->random;
    x ^= x >> 12;
    x ^= x << 25;
    x ^= x >> 27;
    soak->random = x;
    return x * UINT64_C(2685821657736338717);
}

/* Memory fills up for a while, then empties. */
static inline bool filling(uint64_t operation) {
    return operation >> 16 & 1;
}

/* ---- buddy ---- */

static uint64_t first_pfn(const struct soak *soak) {
    return soak->k->node[0].start_pfn;
}

/* Whether all (or: any) of the run's frames are taken. */
static inline bool any_taken(const struct soak *soak, uint64_t frame, unsigned order) {
    uint64_t bits = UINT64_C(1) << order;
    if (bits < 64)
        return soak->taken[frame / 64] >> frame % 64 & ((UINT64_C(1) << bits) - 1);
    uint64_t any = 0;
    for (uint64_t i = 0; i < bits / 64; i++)
        any |= soak->taken[frame / 64 + i];
    return any != 0;
}

static inline bool all_taken(const struct soak *soak, uint64_t frame, unsigned order) {
    uint64_t bits = UINT64_C(1) << order;
    if (bits < 64)
        return !(~soak->taken[frame / 64] >> frame % 64 & ((UINT64_C(1) << bits) - 1));
    uint64_t all = UINT64_MAX;
    for (uint64_t i = 0; i < bits / 64; i++)
        all &= soak->taken[frame / 64 + i];
    return all == UINT64_MAX;
}

static inline void flip_taken(struct soak *soak, uint64_t frame, unsigned order) {
    uint64_t bits = UINT64_C(1) << order;
    if (bits < 64) {
        soak->taken[frame / 64] ^= ((UINT64_C(1) << bits) - 1) << frame % 64;
        return;
    }
    for (uint64_t i = 0; i < bits / 64; i++)
        soak->taken[frame / 64 + i] = ~soak->taken[frame / 64 + i];
}

static void buddy_alloc(struct soak *soak, uint64_t operation, uint64_t random) {
    /* Half of the requests are for one frame, a quarter for two … */
    unsigned order = (unsigned)__builtin_ctzll(random >> 8 | UINT64_C(1) << MAX_ORDER);
    struct page *page = alloc_pages(soak->k, GFP_ATOMIC, order);
    if (!page)
        return;
    uint64_t frame = page_to_pfn(soak->k, page) - first_pfn(soak);
    if (frame >= FRAMES || (frame + first_pfn(soak)) & ((UINT64_C(1) << order) - 1))
        fail(soak, operation, "a run lies outside the memory, or is not aligned");
    if (any_taken(soak, frame, order))
        fail(soak, operation, "a run was handed out of which a frame is in use");
    flip_taken(soak, frame, order);
    soak->run[soak->runs++] = page;
}

static void buddy_free(struct soak *soak, uint64_t operation, uint64_t random) {
    uint32_t i = (uint32_t)((random >> 32) * soak->runs >> 32);
    struct page *page = soak->run[i];
    unsigned order = page->order;
    uint64_t frame = page_to_pfn(soak->k, page) - first_pfn(soak);
    if (page->refcount != 1 || !all_taken(soak, frame, order))
        fail(soak, operation, "a run in use lost frames, or its reference");
    flip_taken(soak, frame, order);
    soak->run[i] = soak->run[--soak->runs];
    free_pages(soak->k, page, order);
}

/* The free run of which `frame` is the first, as it follows from the bitmap: its order, or -1. */
static int free_run_at(const struct soak *soak, uint64_t frame) {
    uint64_t pfn = frame + first_pfn(soak);
    if (any_taken(soak, frame, 0))
        return -1;
    unsigned order = 0;
    while (order < MAX_ORDER) {
        uint64_t buddy = pfn ^ UINT64_C(1) << order;
        if (buddy < first_pfn(soak) || buddy + (UINT64_C(1) << order) > first_pfn(soak) + FRAMES ||
            any_taken(soak, buddy - first_pfn(soak), order))
            break;
        if (buddy < pfn)
            return -1;
        order++;
    }
    return (int)order;
}

/* The free lists, made anew from the reference, are the allocator's. */
static void check_buddy(const struct soak *soak, uint64_t operation) {
    const char *why = check_free_lists(soak->k);
    if (why)
        fail(soak, operation, why);
    uint64_t runs[MAX_ORDER + 1] = {0};
    for (uint64_t frame = 0; frame < FRAMES; frame++) {
        int order = free_run_at(soak, frame);
        const struct page *page = &soak->k->node[0].map[frame];
        if (page_has(page, PG_buddy) ? page->order != order : order >= 0)
            fail(soak, operation, "a free run of the reference is not on its free list");
        if (order >= 0)
            runs[order]++;
    }
    for (unsigned order = 0; order <= MAX_ORDER; order++)
        if (runs[order] != free_runs(soak->k, order))
            fail(soak, operation, "free lists differ from those of the reference");
    if (soak->k->bad_page)
        fail(soak, operation, soak->k->bad_page);
}

static void plant_in_buddy(struct soak *soak) {
    struct page *page = soak->run[0];
    struct zone *zone = page_zone(soak->k, page);
    for (unsigned order = MAX_ORDER + 1; soak->plant == PLANT_LOST_RUN && order-- > 0;) {
        struct page *run = TAILQ_FIRST(&zone->free_area[order].list);
        if (!run)
            continue;
        del_from_free_list(zone, run);
        return;
    }
    if (soak->plant == PLANT_DOUBLE_RUN)
        add_to_free_list(zone, page, page->order, false);
}

static void reserve_boot_frames(struct soak *soak) {
    for (uint64_t frame = 0; frame < FRAMES; frame++)
        if (!page_has(&soak->k->node[0].map[frame], PG_buddy))
            flip_taken(soak, frame, 0);
    /* The frames inside free runs have no flag: they follow from the heads. */
    for (uint64_t frame = 0; frame < FRAMES; frame++) {
        const struct page *page = &soak->k->node[0].map[frame];
        for (uint64_t i = 1; page_has(page, PG_buddy) && i < UINT64_C(1) << page->order; i++)
            flip_taken(soak, frame + i, 0);
    }
}

static void soak_buddy(struct soak *soak) {
    uint64_t before[MAX_ORDER + 1], interval = soak->operations / CHECKS + 1;
    for (unsigned order = 0; order <= MAX_ORDER; order++)
        before[order] = free_runs(soak->k, order);
    for (unsigned z = 0; z < MAX_NR_ZONES; z++) /* to the last frame */
        memset(soak->k->node[0].zones[z].watermark, 0, sizeof(uint64_t[NR_WMARK]));
    reserve_boot_frames(soak);
    for (uint64_t i = 0; i < soak->operations; i++) {
        uint64_t random = next_random(soak);
        if (soak->runs == 0 || (soak->runs < FRAMES && (random & 15) < (filling(i) ? 9 : 7)))
            buddy_alloc(soak, i, random);
        else
            buddy_free(soak, i, random);
        if (i == soak->operations / 2 && soak->runs > 0)
            plant_in_buddy(soak);
        if (i % interval == interval - 1)
            check_buddy(soak, i);
    }
    check_buddy(soak, soak->operations);
    while (soak->runs > 0)
        buddy_free(soak, soak->operations, next_random(soak));
    check_buddy(soak, soak->operations);
    for (unsigned order = 0; order <= MAX_ORDER; order++)
        if (free_runs(soak->k, order) != before[order])
            fail(soak, soak->operations, "not all runs merged to what they were at boot");
}

/* ---- SLUB ---- */

static const struct {
    unsigned size, align, flags;
} own_caches[] = {{8, 0, 0},    {24, 0, 0},
                  {40, 64, 0},  {104, 0, SLAB_HWCACHE_ALIGN},
                  {200, 0, 0},  {576, 0, SLAB_RED_ZONE},
                  {1400, 0, 0}, {3000, 0, SLAB_POISON | SLAB_RED_ZONE}};
#define OWN (sizeof own_caches / sizeof own_caches[0])

static inline void fill(const struct object *object) {
    uint64_t word = object->pattern;
    unsigned n = object->cache->object_size;
    for (unsigned i = 0; i < n; i += 8, word += UINT64_C(0x9e3779b97f4a7c15))
        memcpy(object->at + i, &word, 8);
}

static inline bool intact(const struct object *object) {
    uint64_t word = object->pattern, found, wrong = 0;
    unsigned n = object->cache->object_size;
    for (unsigned i = 0; i < n; i += 8, word += UINT64_C(0x9e3779b97f4a7c15)) {
        memcpy(&found, object->at + i, 8);
        wrong |= found ^ word;
    }
    return wrong == 0;
}

/* Small ones are most frequent, as in kernels: a cache in two thirds of the requests is one of the
 * first third. */
static struct kmem_cache *choose_cache(struct kernel *k, struct kmem_cache *own[OWN],
                                       uint64_t random) {
    unsigned weight = (unsigned)(random >> 20 & 63);
    unsigned i = weight < 44 ? weight % 7 : weight < 60 ? weight % 14 : weight % 21;
    return i < OWN ? own[i] : k->kmalloc_caches[i - OWN];
}

/* Any place, free or in use; when memory empties, one in use if one is near. */
static struct object *choose_object(struct soak *soak, uint64_t operation, uint64_t random) {
    struct object *object = &soak->object[(random >> 32) % MOST_OBJECTS];
    for (unsigned tries = 0; tries < 4 && !object->at && !filling(operation); tries++)
        object = &soak->object[next_random(soak) % MOST_OBJECTS];
    return object;
}

static void slub_alloc(struct soak *soak, struct object *object, struct kmem_cache *cache,
                       uint64_t random) {
    object->at = kmem_cache_alloc(soak->k, cache, GFP_ATOMIC);
    if (!object->at)
        return;
    object->cache = cache;
    object->pattern = random;
    fill(object);
    soak->objects++;
}

static void slub_free(struct soak *soak, struct object *object, uint64_t operation) {
    if (!intact(object))
        fail(soak, operation, "an object's contents were changed");
    if (object->pattern & 1)
        kmem_cache_free(soak->k, object->cache, object->at);
    else
        kfree(soak->k, object->at);
    object->at = NULL;
    soak->objects--;
}

static void check_slub(struct soak *soak, uint64_t operation, uint64_t others) {
    struct kmem_cache *cache;
    uint64_t objects = 0;
    TAILQ_FOREACH(cache, &soak->k->caches, list) {
        const char *why = kmem_cache_check(soak->k, cache);
        if (why)
            fail(soak, operation, why);
        objects += cache->nr_objects;
    }
    if (objects != soak->objects + others)
        fail(soak, operation, "the caches count other objects than are in use");
}

static void plant_in_slub(struct soak *soak) {
    struct object *object = soak->object;
    while (!object->at || !object->at[0])
        object++;
    if (soak->plant == PLANT_OVERRUN)
        object->at[object->cache->object_size - 1] ^= 1;
    if (soak->plant == PLANT_DOUBLE_OBJECT)
        kmem_cache_free(soak->k, object->cache, object->at);
}

static uint64_t objects_in_use(const struct kernel *k) {
    const struct kmem_cache *cache;
    uint64_t objects = 0;
    TAILQ_FOREACH(cache, &k->caches, list)
    objects += cache->nr_objects;
    return objects;
}

static void soak_slub(struct soak *soak) {
    struct kernel *k = soak->k;
    struct kmem_cache *own[OWN], *cache;
    uint64_t interval = soak->operations / CHECKS + 1;
    for (unsigned i = 0; i < OWN; i++)
        if (!(own[i] = kmem_cache_create(k, "soak", own_caches[i].size, own_caches[i].align,
                                         own_caches[i].flags)))
            fail(soak, 0, "no memory for a cache");
    uint64_t others = objects_in_use(k);
    for (uint64_t i = 0; i < soak->operations; i++) {
        uint64_t random = next_random(soak);
        struct object *object = choose_object(soak, i, random);
        if (object->at)
            slub_free(soak, object, i);
        else
            slub_alloc(soak, object, choose_cache(k, own, random), random);
        if (i == soak->operations / 2 && soak->objects > 0)
            plant_in_slub(soak);
        if (i % interval == interval - 1)
            check_slub(soak, i, others);
    }
    for (unsigned i = 0; i < MOST_OBJECTS; i++)
        if (soak->object[i].at)
            slub_free(soak, &soak->object[i], soak->operations);
    check_slub(soak, soak->operations, others);
    for (unsigned i = 0; i < OWN; i++)
        if (kmem_cache_destroy(k, own[i]) != 0)
            fail(soak, soak->operations, "a cache has objects in use at the end");
    TAILQ_FOREACH(cache, &k->caches, list)
    kmem_cache_shrink(k, cache);
    uint64_t slabs = 0;
    TAILQ_FOREACH(cache, &k->caches, list)
    slabs += cache->nr_slabs;
    if (slabs != 1 || k->stat[STAT_nr_slab] != 1) /* the descriptors of the caches themselves */
        fail(soak, soak->operations, "empty slabs were not given back");
}

/* ---- */

static double cpu_seconds(void) {
    return (double)clock() / CLOCKS_PER_SEC;
}

static void timed(struct soak *soak, const char *name, void (*run)(struct soak *soak)) {
    double start = cpu_seconds();
    run(soak);
    double seconds = cpu_seconds() - start;
    printf("%-6s %" PRIu64 " operations, %.1f million per CPU-second\n", name, soak->operations,
           (double)soak->operations / (seconds > 0 ? seconds : 1e-9) / 1e6);
}

static bool parse_plant(const char *name, enum plant *plant) {
    static const char *const names[] = {"", "lost-run", "double-run", "overrun", "double-object"};
    for (unsigned i = 1; i < sizeof names / sizeof names[0]; i++)
        if (strcmp(name, names[i]) == 0) {
            *plant = i;
            return true;
        }
    return false;
}

static bool parse_number(const char *text, uint64_t *number) {
    char *end;
    *number = strtoull(text, &end, 10);
    return text[0] >= '0' && text[0] <= '9' && *end == '\0' && *number > 0;
}

static bool parse(int argc, char **argv, struct soak *soak) {
    soak->operations = 1000000;
    soak->seed = 1;
    for (int i = 1; i < argc; i++) {
        bool good;
        if (strcmp(argv[i], "--plant") == 0 && i + 1 < argc)
            good = parse_plant(argv[++i], &soak->plant);
        else if (strcmp(argv[i], "--seed") == 0 && i + 1 < argc)
            good = parse_number(argv[++i], &soak->seed);
        else
            good = parse_number(argv[i], &soak->operations);
        if (!good) {
            fprintf(stderr, "allocator_soak: bad argument '%s'\n", argv[i]);
            return false;
        }
    }
    return true;
}

int main(int argc, char **argv) {
    struct soak *soak = calloc(1, sizeof *soak);
    if (!soak || !parse(argc, argv, soak))
        return 2;
    soak->random = soak->seed * UINT64_C(0x9e3779b97f4a7c15);
    struct mm_config config;
    mm_config_default(&config, MODE_SV39, MEMORY_BYTES);
    config.node[0].base += 192 * PAGE_BYTES; /* both ends amid what would be runs of 1024 frames */
    struct test_memory memory = test_memory_boot_config(&config);
    soak->k = memory.k;
    timed(soak, "buddy", soak_buddy);
    timed(soak, "slub", soak_slub);
    test_memory_free(&memory);
    free(soak);
    return 0;
}
