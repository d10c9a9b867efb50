/*
 * The host memory that stands for the contents of slabs' frames: chunks of 64 frames, aligned to
 * their size, with a table behind them that says which slab each frame belongs to. So a slab is
 * found from a pointer to one of its objects as Linux finds it in the linear map (virt_to_slab).
 */
#ifndef TWINWALK_MM_SLAB_MEMORY_H
#define TWINWALK_MM_SLAB_MEMORY_H

#include "kernel.h"

#define HASH_NONFATAL_OOM          1
#define uthash_nonfatal_oom(chunk) ((chunk)->number = UINT64_MAX) /* was not added */
#include <uthash.h>

#define SLAB_CHUNK_FRAMES UINT64_C(64)
#define SLAB_CHUNK_BYTES  (SLAB_CHUNK_FRAMES * PAGE_BYTES)

/* What lies behind a chunk's frames. */
struct slab_chunk {
    struct page *slab[SLAB_CHUNK_FRAMES]; /* first frame of the slab; NULL: none */
    uint64_t number;                      /* pfn / SLAB_CHUNK_FRAMES */
    unsigned slabs;                       /* 0: the chunk goes */
    UT_hash_handle hh;
};

/* Gives the run of frames at `page` (compound, or order 0) its memory: page->objects_at. -ENOMEM.
 */
int slab_memory_add(struct kernel *k, struct page *page);
void slab_memory_remove(struct kernel *k, struct page *page);

/* Whether the pointer leads into a chunk of this kernel (for debugging: not fast). */
bool slab_memory_has(const struct kernel *k, const void *object);

static inline struct slab_chunk *slab_chunk_of(const void *object) {
    uintptr_t base = (uintptr_t)object & ~(uintptr_t)(SLAB_CHUNK_BYTES - 1);
    return (struct slab_chunk *)(base + SLAB_CHUNK_BYTES);
}

/* The slab that an object of this kernel lies in; NULL: in none any more. */
static inline struct page *virt_to_slab(const void *object) {
    return slab_chunk_of(object)->slab[((uintptr_t)object & (SLAB_CHUNK_BYTES - 1)) / PAGE_BYTES];
}

#endif
