/* SLUB's caches against the frames that say they hold slabs. */
#include "check_internal.h"

#include "mmap.h"
#include "page_cache.h"
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

static uint64_t count_families(struct kernel *k) {
    uint64_t families = 0;
    for (struct mm_struct *mm = next_mm(k, NULL); mm; mm = next_mm(k, mm))
        for (struct vm_area_struct *vma = vma_first(mm); vma; vma = vma_next(vma))
            families += vma->anon_vma && TAILQ_FIRST(&vma->anon_vma->vmas) == vma;
    return families;
}

/* Open files are left out: embedders hold them. */
bool check_objects(struct checker *check) {
    struct kernel *k = check->k;
    uint64_t found[OWN_CACHES] = {[CACHE_MM] = 1, /* init_mm, whose areas are dynamic memory */
                                  [CACHE_VMA] = k->init_mm->map_count,
                                  [CACHE_ANON_VMA] = count_families(k),
                                  [CACHE_FILE] = k->own[CACHE_FILE]->nr_objects};
    const struct task_struct *task;
    TAILQ_FOREACH(task, &k->tasks, list) {
        found[CACHE_TASK]++;
    }
    for (struct mm_struct *mm = next_mm(k, NULL); mm; mm = next_mm(k, mm)) {
        found[CACHE_MM]++;
        found[CACHE_VMA] += mm->map_count;
    }
    const struct inode *inode;
    TAILQ_FOREACH(inode, &k->inodes, list) {
        found[CACHE_INODE]++;
        found[CACHE_PAGE_SLOT] += HASH_COUNT(inode->mapping.slots);
    }
    for (int i = 0; i < OWN_CACHES; i++)
        if (k->own[i]->nr_objects != found[i])
            return wrong(check, "cache %s: %llu objects in use, %llu found: a leak",
                         k->own[i]->name, (ull)k->own[i]->nr_objects, (ull)found[i]);
    return true;
}
