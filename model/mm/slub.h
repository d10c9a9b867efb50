/*
 * SLUB: small objects in slabs that come from the buddy allocator (Linux: mm/slub.c). The slab in
 * use (cpu slab) is frozen; others with free objects wait on the partial list; full ones are on no
 * list. Objects are host memory, so that the manager keeps its own structures in them; the frames
 * behind them are accounted for.
 */
#ifndef TWINWALK_MM_SLUB_H
#define TWINWALK_MM_SLUB_H

#include "kernel.h"

#define SLAB_POISON        1u /* free objects are filled with 0x6b … 0xa5 and checked when taken */
#define SLAB_RED_ZONE      2u /* 8 bytes before and after each object are watched */
#define SLAB_HWCACHE_ALIGN 4u

struct kmem_cache {
    const char *name;
    unsigned object_size;   /* as asked for, bytes */
    unsigned size;          /* with alignment, redzones and the free pointer */
    unsigned align, offset; /* of the free pointer in a free object */
    unsigned red_left;      /* bytes before the object */
    unsigned flags;
    unsigned order, objects; /* of a slab */
    unsigned min_order;      /* of a slab when memory is fragmented: one object at least */
    uint32_t reciprocal;     /* of size: 2^32 / size rounded up, for dividing by it */
    unsigned min_partial;    /* with this many partial slabs an empty one goes */
    struct page *cpu_slab;   /* frozen */
    struct page_list partial;
    uint64_t nr_partial, nr_slabs, nr_objects; /* objects in use */
    const char *broken;                        /* what the first failed check found; NULL: none */
    TAILQ_ENTRY(kmem_cache) list;
};

/* The kmalloc size classes and the manager's own caches; -ENOMEM, or 0. */
int kmem_cache_init(struct kernel *k);
void kmem_cache_exit(struct kernel *k);

/* `name` stays the caller's. NULL: no memory, or a size of 0 or above 8192 bytes. */
struct kmem_cache *kmem_cache_create(struct kernel *k, const char *name, unsigned size,
                                     unsigned align, unsigned flags);
/* -EBUSY: objects are still in use; nothing was done. */
int kmem_cache_destroy(struct kernel *k, struct kmem_cache *cache);

/* An object; zeroed with GFP_ZERO. NULL: no memory. */
void *kmem_cache_alloc(struct kernel *k, struct kmem_cache *cache, gfp_t gfp);
/* A double free, a foreign pointer or a broken redzone: noted in cache->broken, nothing done. */
void kmem_cache_free(struct kernel *k, struct kmem_cache *cache, void *object);

/* From the size classes 8, 16, 32, 64, 96, 128, 192, 256, 512 … 8192; above: NULL. */
void *kmalloc(struct kernel *k, size_t size, gfp_t gfp);
/* NULL is nothing to free. */
void kfree(struct kernel *k, void *object);

/* Gives empty slabs back; the number of them. */
uint64_t kmem_cache_shrink(struct kernel *k, struct kmem_cache *cache);

/* Checks every slab, free list and redzone; NULL, or what is wrong (a string of the cache). */
const char *kmem_cache_check(struct kernel *k, struct kmem_cache *cache);

#endif
