/* What slub.c and slub_check.c share: the layout of an object and its checks. */
#ifndef TWINWALK_MM_SLUB_INTERNAL_H
#define TWINWALK_MM_SLUB_INTERNAL_H

#include "slub.h"

#include <string.h>

#define SLAB_DEBUG (SLAB_POISON | SLAB_RED_ZONE)

#define SLUB_MAX_SIZE    8192u
#define SLUB_MAX_OBJECTS 4096u /* of a slab: 32 KiB in objects of 8 bytes */

/*
 * An object in its place of cache->size bytes:
 *
 *   red_left bytes | object_size bytes | right redzone | free pointer (debugging), else inside |
 * pad
 *
 * Everybody but slub_check.c knows the address of the object only, never that of the left redzone.
 */
static inline void *slab_object(const struct kmem_cache *cache, const struct page *slab,
                                unsigned i) {
    return (uint8_t *)slab->objects_at + (size_t)i * cache->size + cache->red_left;
}

/* Which object of the slab this is; slab->objects or more: none of them. */
static inline unsigned slab_index(const struct kmem_cache *cache, const struct page *slab,
                                  const void *object) {
    uint64_t from =
        (uint64_t)((const uint8_t *)object - (const uint8_t *)slab->objects_at) - cache->red_left;
    if (from >= (uint64_t)SLUB_MAX_OBJECTS * SLUB_MAX_SIZE)
        return UINT32_MAX;
    uint64_t i = from * cache->reciprocal >> 32;
    return i * cache->size == from ? (unsigned)i : UINT32_MAX;
}

static inline void *get_freepointer(const struct kmem_cache *cache, const void *object) {
    void *next;
    memcpy(&next, (const uint8_t *)object + cache->offset, sizeof next);
    return next;
}

static inline void set_freepointer(const struct kmem_cache *cache, void *object, void *next) {
    memcpy((uint8_t *)object + cache->offset, &next, sizeof next);
}

/* Notes the first thing found wrong; the others follow from it. */
static inline void slab_broken(struct kmem_cache *cache, const char *why) {
    if (!cache->broken)
        cache->broken = why;
}

/* The cache of caches describes itself: its first slab is made with a descriptor on the stack
 * (Linux: bootstrap()). NULL: no memory. */
struct kmem_cache *kmem_cache_bootstrap(struct kernel *k, unsigned flags);

/* Bytes from the object to the end of its right redzone. */
unsigned slab_inuse(unsigned object_size, unsigned flags);

/* A new slab's object, before it is on the free list: poisoned, redzones of a free object. */
void init_debug_object(const struct kmem_cache *cache, void *object);
/* An object leaves the free list: what it should look like is checked, its redzones are set. */
void alloc_debug_processing(struct kmem_cache *cache, struct page *slab, void *object);
/* An object is to be freed; false: it cannot be, noted. */
bool free_debug_processing(struct kmem_cache *cache, struct page *slab, void *object);

/*
 * Under AddressSanitizer free objects are out of bounds but for their free pointer: whoever uses
 * one after freeing it is caught in the act, not when it is allocated again. Poisoning does
 * without.
 */
#if defined(__SANITIZE_ADDRESS__)
#define SLUB_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SLUB_ASAN 1
#endif
#endif
#ifdef SLUB_ASAN
#include <sanitizer/asan_interface.h>
static inline void asan_object_free(const struct kmem_cache *cache, const void *object) {
    if (cache->flags & SLAB_DEBUG)
        return;
    ASAN_POISON_MEMORY_REGION(object, cache->object_size);
    ASAN_UNPOISON_MEMORY_REGION((const uint8_t *)object + cache->offset, sizeof(void *));
}
static inline void asan_object_used(const void *object, size_t bytes) {
    ASAN_UNPOISON_MEMORY_REGION(object, bytes);
}
#else
static inline void asan_object_free(const struct kmem_cache *cache, const void *object) {
    (void)cache;
    (void)object;
}
static inline void asan_object_used(const void *object, size_t bytes) {
    (void)object;
    (void)bytes;
}
#endif

#endif
