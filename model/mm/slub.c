#include "slub_internal.h"

#include "page_alloc.h"
#include "slab_memory.h"

#define CACHE_LINE 64u

/* Slabs grow to this order to hold enough objects (Linux: slub_max_order, and min_objects on one
 * CPU). */
#define SLUB_MAX_ORDER   3u
#define SLUB_MIN_OBJECTS 8u

static unsigned align_up(unsigned n, unsigned align) {
    return (n + align - 1) / align * align;
}

static unsigned smaller(unsigned a, unsigned b) {
    return a < b ? a : b;
}

/* Smallest order whose run has so many bytes. */
static unsigned get_order(unsigned bytes) {
    unsigned order = 0;
    while (PAGE_BYTES << order < bytes)
        order++;
    return order;
}

static unsigned order_objects(unsigned order, unsigned size) {
    return (PAGE_BYTES << order) / size;
}

/* The smallest order that holds enough objects and wastes at most a 16th; if there is none an
 * eighth … (Linux: calculate_order). */
static unsigned calculate_order(unsigned size) {
    unsigned most = order_objects(SLUB_MAX_ORDER, size);
    unsigned least = get_order(smaller(SLUB_MIN_OBJECTS, most > 0 ? most : 1) * size);
    for (unsigned fraction = 16; fraction > 1; fraction /= 2)
        for (unsigned order = least; order <= SLUB_MAX_ORDER; order++) {
            unsigned bytes = PAGE_BYTES << order;
            if (bytes % size <= bytes / fraction)
                return order;
        }
    return get_order(size);
}

static unsigned calculate_alignment(unsigned size, unsigned align, unsigned flags) {
    if (flags & SLAB_HWCACHE_ALIGN) {
        unsigned line = CACHE_LINE;
        while (size <= line / 2)
            line /= 2;
        if (line > align)
            align = line;
    }
    return align_up(align > 0 ? align : 1, sizeof(void *));
}

/* Linux: ilog2(size) / 2, from 5 to 10. */
static unsigned calculate_min_partial(unsigned size) {
    unsigned half = (31u - (unsigned)__builtin_clz(size)) / 2;
    return half < 5 ? 5 : half > 10 ? 10 : half;
}

/* Linux: calculate_sizes(). */
static void cache_init(struct kmem_cache *cache, const char *name, unsigned object_size,
                       unsigned align, unsigned flags) {
    *cache = (struct kmem_cache){.name = name, .object_size = object_size, .flags = flags};
    TAILQ_INIT(&cache->partial);
    cache->align = calculate_alignment(object_size, align, flags);
    unsigned size = slab_inuse(object_size, flags);
    if (flags & SLAB_POISON) { /* the pattern needs the whole object */
        cache->offset = size;
        size += sizeof(void *);
    } else { /* in the middle, where overruns of neighbours do not reach it first */
        cache->offset = align_up(object_size, sizeof(void *)) / 2 / sizeof(void *) * sizeof(void *);
    }
    if (flags & SLAB_RED_ZONE) {
        cache->red_left = cache->align;
        size += cache->red_left;
    }
    cache->size = align_up(size, cache->align);
    cache->order = calculate_order(cache->size);
    cache->min_order = get_order(cache->size);
    cache->objects = order_objects(cache->order, cache->size);
    cache->min_partial = calculate_min_partial(cache->size);
    cache->reciprocal = (uint32_t)((UINT64_C(1) << 32) / cache->size + 1);
}

static void add_partial(struct kmem_cache *cache, struct page *slab) {
    TAILQ_INSERT_TAIL(&cache->partial, slab, list);
    cache->nr_partial++;
}

static void remove_partial(struct kmem_cache *cache, struct page *slab) {
    TAILQ_REMOVE(&cache->partial, slab, list);
    cache->nr_partial--;
}

/* Frames for a slab: of the usual order only if that is easy, else of the smallest that will do. */
static struct page *alloc_slab_pages(struct kernel *k, const struct kmem_cache *cache, gfp_t gfp) {
    gfp = (gfp & ~(GFP_ZERO | GFP_HIGHMEM_ZONE)) | GFP_COMP;
    if (cache->order == cache->min_order)
        return alloc_pages(k, gfp, cache->order);
    struct page *page = alloc_pages(k, (gfp & ~GFP_RECLAIM) | GFP_NORETRY, cache->order);
    return page ? page : alloc_pages(k, gfp, cache->min_order);
}

static void free_slab_pages(struct kernel *k, struct page *slab) {
    unsigned order = slab->order;
    mod_stat(k, STAT_nr_slab, -(INT64_C(1) << order));
    slab_memory_remove(k, slab);
    free_pages(k, slab, order);
}

/* All objects on the slab's free list, in ascending order. */
static void init_slab(struct kmem_cache *cache, struct page *slab) {
    asan_object_used(slab->objects_at, PAGE_BYTES * page_frames(slab));
    slab->cache = cache;
    slab->inuse = 0;
    slab->objects = (uint16_t)order_objects(slab->order, cache->size);
    slab->frozen = false;
    slab->freelist = slab_object(cache, slab, 0);
    for (unsigned i = 0; i < slab->objects; i++) {
        void *object = slab_object(cache, slab, i);
        if (cache->flags & SLAB_DEBUG)
            init_debug_object(cache, object);
        set_freepointer(cache, object,
                        i + 1u < slab->objects ? slab_object(cache, slab, i + 1) : NULL);
        asan_object_free(cache, object);
    }
}

static struct page *new_slab(struct kernel *k, struct kmem_cache *cache, gfp_t gfp) {
    struct page *slab = alloc_slab_pages(k, cache, gfp);
    if (!slab)
        return NULL;
    if (slab_memory_add(k, slab) != 0) {
        free_pages(k, slab, slab->order);
        return NULL;
    }
    page_set(slab, PG_slab);
    init_slab(cache, slab);
    cache->nr_slabs++;
    mod_stat(k, STAT_nr_slab, INT64_C(1) << slab->order);
    mm_event(k, MM_EVENT_SLAB_NEW, page_to_pfn(k, slab), cache->object_size, slab->objects);
    return slab;
}

/* An empty slab on no list. */
static void discard_slab(struct kernel *k, struct kmem_cache *cache, struct page *slab) {
    cache->nr_slabs--;
    mm_event(k, MM_EVENT_SLAB_GONE, page_to_pfn(k, slab), cache->object_size, slab->objects);
    free_slab_pages(k, slab);
}

/* The slab in use no longer is: onto the partial list, if it has free objects. */
static void deactivate_slab(struct kmem_cache *cache) {
    struct page *slab = cache->cpu_slab;
    cache->cpu_slab = NULL;
    if (!slab)
        return;
    slab->frozen = false;
    if (slab->freelist)
        add_partial(cache, slab);
}

/* The slab to allocate from: the one in use, or the first partial one. NULL: all are full. */
static struct page *get_partial(struct kmem_cache *cache) {
    if (cache->cpu_slab && cache->cpu_slab->freelist)
        return cache->cpu_slab;
    struct page *slab = TAILQ_FIRST(&cache->partial);
    if (!slab)
        return NULL;
    remove_partial(cache, slab);
    deactivate_slab(cache);
    slab->frozen = true;
    cache->cpu_slab = slab;
    return slab;
}

/*
 * A slab with free objects becomes the one in use. Allocating frames may reclaim, which frees and
 * allocates objects of this very cache: so its lists are looked at again.
 */
static struct page *slab_alloc_slow(struct kernel *k, struct kmem_cache *cache, gfp_t gfp) {
    struct page *slab = get_partial(cache);
    if (slab)
        return slab;
    slab = new_slab(k, cache, gfp);
    if (slab)
        add_partial(cache, slab);
    return get_partial(cache);
}

void *kmem_cache_alloc(struct kernel *k, struct kmem_cache *cache, gfp_t gfp) {
    if (should_fail(k, FAIL_SLAB))
        return NULL;
    struct page *slab = cache->cpu_slab;
    if ((!slab || !slab->freelist) && !(slab = slab_alloc_slow(k, cache, gfp)))
        return NULL;
    void *object = slab->freelist;
    slab->freelist = get_freepointer(cache, object);
    slab->inuse++;
    cache->nr_objects++;
    if (cache->flags & SLAB_DEBUG)
        alloc_debug_processing(cache, slab, object);
    asan_object_used(object, cache->object_size);
    if (gfp & GFP_ZERO)
        memset(object, 0, cache->object_size);
    return object;
}

/* An object of a slab that is not in use was freed: the slab's list may be another now. */
static void slab_free_slow(struct kernel *k, struct kmem_cache *cache, struct page *slab,
                           bool was_full) {
    if (slab->inuse == 0 && cache->nr_partial >= cache->min_partial) {
        if (!was_full)
            remove_partial(cache, slab);
        discard_slab(k, cache, slab);
    } else if (was_full) {
        add_partial(cache, slab);
    }
}

/* The slab of an object that may be freed; NULL: it may not, noted. */
static struct page *slab_of_used(struct kernel *k, struct kmem_cache *cache, const void *object) {
    if (cache->flags & SLAB_DEBUG && !slab_memory_has(k, object)) {
        slab_broken(cache, "a pointer that leads to no slab was freed");
        return NULL;
    }
    struct page *slab = virt_to_slab(object);
    if (!slab || slab->cache != cache || slab_index(cache, slab, object) >= slab->objects) {
        slab_broken(cache, "a pointer that is no object of the cache was freed");
        return NULL;
    }
    if (slab->inuse == 0 || object == slab->freelist) {
        slab_broken(cache, "an object was freed twice");
        return NULL;
    }
    return slab;
}

void kmem_cache_free(struct kernel *k, struct kmem_cache *cache, void *object) {
    struct page *slab = slab_of_used(k, cache, object);
    if (!slab || (cache->flags & SLAB_DEBUG && !free_debug_processing(cache, slab, object)))
        return;
    bool was_full = !slab->freelist;
    set_freepointer(cache, object, slab->freelist);
    asan_object_free(cache, object);
    slab->freelist = object;
    slab->inuse--;
    cache->nr_objects--;
    if (!slab->frozen)
        slab_free_slow(k, cache, slab, was_full);
}

uint64_t kmem_cache_shrink(struct kernel *k, struct kmem_cache *cache) {
    uint64_t gone = 0;
    deactivate_slab(cache);
    for (struct page *slab = TAILQ_FIRST(&cache->partial), *next; slab; slab = next) {
        next = TAILQ_NEXT(slab, list);
        if (slab->inuse > 0)
            continue;
        remove_partial(cache, slab);
        discard_slab(k, cache, slab);
        gone++;
    }
    return gone;
}

struct kmem_cache *kmem_cache_create(struct kernel *k, const char *name, unsigned size,
                                     unsigned align, unsigned flags) {
    if (size == 0 || size > SLUB_MAX_SIZE)
        return NULL;
    struct kmem_cache *cache = kmem_cache_alloc(k, k->kmem_cache, GFP_KERNEL);
    if (!cache)
        return NULL;
    cache_init(cache, name, size, align, flags);
    TAILQ_INSERT_TAIL(&k->caches, cache, list);
    return cache;
}

int kmem_cache_destroy(struct kernel *k, struct kmem_cache *cache) {
    if (cache->nr_objects > 0)
        return -EBUSY;
    kmem_cache_shrink(k, cache);
    TAILQ_REMOVE(&k->caches, cache, list);
    kmem_cache_free(k, k->kmem_cache, cache);
    return 0;
}

struct kmem_cache *kmem_cache_bootstrap(struct kernel *k, unsigned flags) {
    struct kmem_cache boot;
    cache_init(&boot, "kmem_cache", sizeof boot, 0, flags | SLAB_HWCACHE_ALIGN);
    struct kmem_cache *cache = kmem_cache_alloc(k, &boot, GFP_KERNEL);
    if (!cache)
        return NULL;
    *cache = boot;
    TAILQ_INIT(&cache->partial);
    cache->cpu_slab->cache = cache;
    TAILQ_INSERT_TAIL(&k->caches, cache, list);
    return cache;
}

void kmem_cache_exit(struct kernel *k) {
    while (k->slab_chunks) {
        struct slab_chunk *chunk = k->slab_chunks;
        unsigned i = 0;
        while (!chunk->slab[i])
            i++;
        free_slab_pages(k, chunk->slab[i]);
    }
    TAILQ_INIT(&k->caches);
    k->kmem_cache = NULL;
    memset(k->kmalloc_caches, 0, sizeof k->kmalloc_caches);
    memset(k->own, 0, sizeof k->own);
}

void kfree(struct kernel *k, void *object) {
    if (!object)
        return;
    struct page *slab = virt_to_slab(object);
    if (slab)
        kmem_cache_free(k, slab->cache, object);
    else
        slab_broken(k->kmem_cache, "a pointer into a slab that is gone was given to kfree()");
}
