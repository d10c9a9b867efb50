/* SLUB's caches against the frames that say they hold slabs. */
#include "check_internal.h"

#include "slub.h"

/* Full slabs are on no list: they are found by their frames. */
static bool check_slab_frames(struct checker *check, const struct kmem_cache *cache) {
    struct kernel *k = check->k;
    uint64_t slabs = 0, frames = 0;
    for (unsigned n = 0; n < k->config.nodes; n++) {
        struct pglist_data *node = &k->node[n];
        for (uint64_t i = 0; i < node->spanned_pages; i++) {
            struct page *page = &node->map[i];
            if (!page_has(page, PG_slab) || page_has(page, PG_tail) || page->cache != cache)
                continue;
            uint64_t pfn = node->start_pfn + i;
            if (page->refcount != 1)
                return wrong(check, "frame %#llx: a slab of %s with refcount %d", (ull)pfn,
                             cache->name, page->refcount);
            if (!own_frames(check, pfn, page_frames(page), OWNER_SLAB))
                return false;
            slabs++;
            frames += page_frames(page); /* fewer than usual if memory was fragmented */
        }
    }
    check->stat[STAT_nr_slab] += frames;
    return true;
}

bool check_slabs(struct checker *check) {
    struct kmem_cache *cache;
    TAILQ_FOREACH(cache, &check->k->caches, list) {
        const char *broken = kmem_cache_check(check->k, cache);
        if (broken)
            return wrong(check, "cache %s: %s", cache->name, broken);
        if (!check_slab_frames(check, cache))
            return false;
    }
    return true;
}
