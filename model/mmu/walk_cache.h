/*
 * The walk cache: pointer PTEs of the upper levels, so that a walk need not begin at the root.
 * docs/timing.md, "The walk cache", states its behaviour.
 */
#ifndef TWINWALK_MMU_WALK_CACHE_H
#define TWINWALK_MMU_WALK_CACHE_H

#include "../types.h"
#include "mmu.h"
#include "mode.h"

#define WALK_CACHE_LEVELS  4 /* levels 1 to 4 hold pointers */
#define WALK_CACHE_ENTRIES 64

/* A pointer PTE that was read at level `level`. */
struct walk_cache_entry {
    bool valid;
    const struct mode *mode;
    uint16_t asid;
    uint64_t bits;  /* va[56:12] without the bits that index lower levels, at their place in va */
    uint64_t table; /* of the next lower level, bytes */
    bool global;    /* G of this pointer or of one above it */
};

struct walk_cache {
    unsigned entries;                                      /* of each level; 0: none */
    struct walk_cache_entry *entry[WALK_CACHE_LEVELS + 1]; /* by level; [0] is not used */
    unsigned turn[WALK_CACHE_LEVELS + 1];                  /* the next to be replaced */
};

/* false: no memory. */
bool walk_cache_init(struct walk_cache *cache, unsigned entries);
void walk_cache_free(struct walk_cache *cache);

/* Where to begin: the match at the lowest level, and its level and way; NULL: at the root. */
const struct walk_cache_entry *walk_cache_lookup(const struct walk_cache *cache,
                                                 const struct mode *mode, uint16_t asid,
                                                 uint64_t va, unsigned *level, unsigned *way);

/* Takes a pointer PTE that was read at `level`, 1 or more: what it points to, in bytes. */
void walk_cache_fill(struct walk_cache *cache, const struct mode *mode, uint16_t asid, uint64_t va,
                     unsigned level, uint64_t table, bool global);

void walk_cache_fence(struct walk_cache *cache, const struct mmu_fence *fence);

#endif
