#include "walk_cache.h"

#include "tlb.h"

#include <stdlib.h>
#include <string.h>

bool walk_cache_init(struct walk_cache *cache, unsigned entries) {
    memset(cache, 0, sizeof *cache);
    cache->entries = entries;
    if (entries == 0)
        return true;
    struct walk_cache_entry *all = calloc((size_t)WALK_CACHE_LEVELS * entries, sizeof *all);
    if (!all)
        return false;
    for (unsigned level = 1; level <= WALK_CACHE_LEVELS; level++)
        cache->entry[level] = all + (size_t)(level - 1) * entries;
    return true;
}

void walk_cache_free(struct walk_cache *cache) {
    free(cache->entry[1]);
}

/* va[56:12] without the bits that index the levels below `level`. */
static uint64_t bits_of(const struct mode *mode, uint64_t va, unsigned level) {
    unsigned below = 12 + mode->index_bits * level;
    return tlb_vpn(va) << 12 >> below << below;
}

static bool holds(const struct walk_cache_entry *entry, const struct mode *mode, uint16_t asid,
                  uint64_t bits) {
    return entry->valid && entry->bits == bits && entry->asid == asid && entry->mode == mode;
}

const struct walk_cache_entry *walk_cache_lookup(const struct walk_cache *cache,
                                                 const struct mode *mode, uint16_t asid,
                                                 uint64_t va, unsigned *level, unsigned *way) {
    for (unsigned k = 1; cache->entries > 0 && k < mode->levels; k++) {
        uint64_t bits = bits_of(mode, va, k);
        for (unsigned i = 0; i < cache->entries; i++)
            if (holds(&cache->entry[k][i], mode, asid, bits)) {
                *level = k;
                *way = i;
                return &cache->entry[k][i];
            }
    }
    return NULL;
}

void walk_cache_fill(struct walk_cache *cache, const struct mode *mode, uint16_t asid, uint64_t va,
                     unsigned level, uint64_t table, bool global) {
    if (cache->entries == 0)
        return;
    struct walk_cache_entry entry = {true, mode, asid, bits_of(mode, va, level), table, global};
    struct walk_cache_entry *of_level = cache->entry[level];
    for (unsigned i = 0; i < cache->entries; i++)
        if (holds(&of_level[i], mode, asid, entry.bits)) {
            of_level[i] = entry;
            return;
        }
    of_level[cache->turn[level]] = entry;
    cache->turn[level] = (cache->turn[level] + 1) % cache->entries;
}

void walk_cache_fence(struct walk_cache *cache, const struct mmu_fence *fence) {
    /* With an address it orders leaf PTEs only (12.2.1). */
    if (fence->has_va)
        return;
    for (unsigned level = 1; level <= WALK_CACHE_LEVELS; level++)
        for (unsigned i = 0; i < cache->entries; i++) {
            struct walk_cache_entry *entry = &cache->entry[level][i];
            /* G protects none: tables are taken away with a fence of their address space. */
            if (!fence->has_asid || entry->asid == fence->asid)
                entry->valid = false;
        }
}
