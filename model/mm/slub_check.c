/* Poisoning, redzones and the consistency of slabs (Linux: the debugging half of mm/slub.c). */
#include "slab_memory.h"
#include "slub_internal.h"

/* The patterns of Linux's poison.h. */
#define POISON_FREE       0x6b
#define POISON_END        0xa5
#define RED_ZONE_INACTIVE 0xbb
#define RED_ZONE_ACTIVE   0xcc

unsigned slab_inuse(unsigned object_size, unsigned flags) {
    unsigned word = sizeof(void *), inuse = (object_size + word - 1) / word * word;
    return flags & SLAB_RED_ZONE && inuse == object_size ? inuse + word : inuse;
}

static bool all_bytes(const uint8_t *from, size_t n, uint8_t value) {
    for (size_t i = 0; i < n; i++)
        if (from[i] != value)
            return false;
    return true;
}

static void set_redzones(const struct kmem_cache *cache, void *object, uint8_t value) {
    uint8_t *at = object;
    if (!(cache->flags & SLAB_RED_ZONE))
        return;
    memset(at - cache->red_left, value, cache->red_left);
    memset(at + cache->object_size, value,
           slab_inuse(cache->object_size, cache->flags) - cache->object_size);
}

static void set_poison(const struct kmem_cache *cache, void *object) {
    uint8_t *at = object;
    if (!(cache->flags & SLAB_POISON))
        return;
    memset(at, POISON_FREE, cache->object_size - 1);
    at[cache->object_size - 1] = POISON_END;
}

/* NULL, or which redzone does not hold `value`. */
static const char *check_redzones(const struct kmem_cache *cache, const void *object,
                                  uint8_t value) {
    const uint8_t *at = object;
    if (!(cache->flags & SLAB_RED_ZONE))
        return NULL;
    if (!all_bytes(at - cache->red_left, cache->red_left, value))
        return "the redzone before an object was overwritten";
    if (!all_bytes(at + cache->object_size,
                   slab_inuse(cache->object_size, cache->flags) - cache->object_size, value))
        return "the redzone behind an object was overwritten";
    return NULL;
}

static const char *check_poison(const struct kmem_cache *cache, const void *object) {
    const uint8_t *at = object;
    if (cache->flags & SLAB_POISON && (!all_bytes(at, cache->object_size - 1, POISON_FREE) ||
                                       at[cache->object_size - 1] != POISON_END))
        return "an object was written after it was freed";
    return NULL;
}

static const char *check_free_object(const struct kmem_cache *cache, const void *object) {
    const char *why = check_poison(cache, object);
    return why ? why : check_redzones(cache, object, RED_ZONE_INACTIVE);
}

void init_debug_object(const struct kmem_cache *cache, void *object) {
    set_redzones(cache, object, RED_ZONE_INACTIVE);
    set_poison(cache, object);
}

/* A next free object that is none: the rest of the slab's list is lost, and counted as in use. */
static void check_freelist_head(struct kmem_cache *cache, struct page *slab) {
    if (!slab->freelist || slab_index(cache, slab, slab->freelist) < slab->objects)
        return;
    slab_broken(cache, "a free pointer was overwritten");
    cache->nr_objects += (uint64_t)(slab->objects - slab->inuse);
    slab->inuse = slab->objects;
    slab->freelist = NULL;
}

void alloc_debug_processing(struct kmem_cache *cache, struct page *slab, void *object) {
    const char *why = check_free_object(cache, object);
    if (why)
        slab_broken(cache, why);
    check_freelist_head(cache, slab);
    set_redzones(cache, object, RED_ZONE_ACTIVE);
}

/* Objects on the slab's free list, marked in `free`; *why says what is wrong with it, or stays. */
static unsigned walk_freelist(const struct kmem_cache *cache, const struct page *slab,
                              uint8_t free[SLUB_MAX_OBJECTS], const char **why) {
    unsigned n = 0;
    memset(free, 0, slab->objects);
    for (const void *object = slab->freelist; object; object = get_freepointer(cache, object)) {
        unsigned i = slab_index(cache, slab, object);
        if (i >= slab->objects || free[i]) {
            *why = "a free list leads out of its slab, or in a circle";
            break;
        }
        free[i] = 1;
        n++;
    }
    return n;
}

bool free_debug_processing(struct kmem_cache *cache, struct page *slab, void *object) {
    uint8_t free[SLUB_MAX_OBJECTS];
    const char *why = NULL;
    walk_freelist(cache, slab, free, &why);
    if (!why && free[slab_index(cache, slab, object)])
        why = "an object was freed twice";
    if (!why)
        why = check_redzones(cache, object, RED_ZONE_ACTIVE);
    if (why) {
        slab_broken(cache, why);
        return false;
    }
    set_redzones(cache, object, RED_ZONE_INACTIVE);
    set_poison(cache, object);
    return true;
}

static const char *check_slab(const struct kmem_cache *cache, const struct page *slab) {
    uint8_t free[SLUB_MAX_OBJECTS];
    const char *why = NULL;
    if (!page_has(slab, PG_slab) || slab->inuse > slab->objects ||
        slab->objects != (PAGE_BYTES << slab->order) / cache->size)
        return "a slab's descriptor is wrong";
    if (walk_freelist(cache, slab, free, &why) != (unsigned)(slab->objects - slab->inuse) && !why)
        why = "a slab's free list does not have the number of its free objects";
    if (slab->frozen != (slab == cache->cpu_slab) && !why)
        why = "a slab is frozen and not the one in use, or the other way round";
    for (unsigned i = 0; i < slab->objects && !why && cache->flags & SLAB_DEBUG; i++) {
        const void *object = slab_object(cache, slab, i);
        why = free[i] ? check_free_object(cache, object)
                      : check_redzones(cache, object, RED_ZONE_ACTIVE);
    }
    return why;
}

/* What all slabs of a cache come to. */
struct slab_sums {
    uint64_t slabs, objects, partial;
};

static const char *check_chunk(const struct kmem_cache *cache, const struct slab_chunk *chunk,
                               struct slab_sums *sums) {
    const struct page *last = NULL;
    for (unsigned i = 0; i < SLAB_CHUNK_FRAMES; i++) {
        const struct page *slab = chunk->slab[i];
        if (!slab || slab == last || slab->cache != cache)
            continue;
        last = slab;
        const char *why = check_slab(cache, slab);
        if (why)
            return why;
        sums->slabs++;
        sums->objects += slab->inuse;
        sums->partial += slab->freelist && !slab->frozen;
    }
    return NULL;
}

/* Every slab on the partial list belongs there; with their number right none is missing. */
static const char *check_partial_list(const struct kmem_cache *cache) {
    const struct page *slab;
    uint64_t n = 0;
    TAILQ_FOREACH(slab, &cache->partial, list) {
        if (++n > cache->nr_partial || !page_has(slab, PG_slab) || slab->cache != cache ||
            slab->frozen || !slab->freelist)
            return "the partial list holds what does not belong there";
    }
    return n == cache->nr_partial ? NULL : "the partial list is not as long as counted";
}

const char *kmem_cache_check(struct kernel *k, struct kmem_cache *cache) {
    struct slab_sums sums = {0, 0, 0};
    const char *why = cache->broken;
    for (const struct slab_chunk *chunk = k->slab_chunks; chunk && !why; chunk = chunk->hh.next)
        why = check_chunk(cache, chunk, &sums);
    if (!why)
        why = check_partial_list(cache);
    if (!why && (sums.slabs != cache->nr_slabs || sums.objects != cache->nr_objects ||
                 sums.partial != cache->nr_partial))
        why = "slabs or objects are not as many as counted";
    if (why)
        slab_broken(cache, why);
    return why;
}
