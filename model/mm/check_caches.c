/* The page cache of every file, and the swap area with its cache. */
#include "check_internal.h"

#include "page_alloc.h"
#include "page_cache.h"
#include "swap.h"

/* A swap entry that shared memory holds. */
static bool note_shmem_entry(struct checker *check, const struct inode *inode,
                             const struct cache_slot *slot) {
    if (inode->operations)
        return wrong(check, "page %#llx of a file: swapped, which only shared memory is",
                     (ull)slot->index);
    if (slot->swap >= check->slots)
        return wrong(check, "page %#llx of shared memory: swap slot %llu does not exist",
                     (ull)slot->index, (ull)slot->swap);
    check->entries[slot->swap]++;
    return true;
}

static bool note_cached(struct checker *check, struct inode *inode, const struct cache_slot *slot) {
    struct page *page = slot->page;
    if (!is_descriptor(check, page))
        return wrong(check, "page %#llx of a file: the cache holds no descriptor",
                     (ull)slot->index);
    uint64_t pfn = page_to_pfn(check->k, page);
    if (page_has(page, PG_anon) || page->mapping != &inode->mapping || page->index != slot->index)
        return wrong(check, "frame %#llx: cached as page %#llx of a file, but not marked as such",
                     (ull)pfn, (ull)slot->index);
    if (page_has(page, PG_swapbacked) != !inode->operations)
        return wrong(check, "frame %#llx: page of a file marked as swap-backed, or the reverse",
                     (ull)pfn);
    if (!own_frames(check, pfn, page_frames(page), OWNER_USER))
        return false;
    frame_notes(check, pfn)->caches++;
    check->stat[STAT_nr_file_pages]++;
    check->stat[STAT_nr_shmem] += !inode->operations;
    check->stat[STAT_nr_dirty] += inode->operations && page_has(page, PG_dirty);
    return true;
}

bool check_files(struct checker *check) {
    struct inode *inode;
    TAILQ_FOREACH(inode, &check->k->inodes, list) {
        uint64_t pages = 0;
        for (struct cache_slot *slot = inode->mapping.slots; slot; slot = slot->hh.next) {
            if (cache_find(inode, slot->index) != slot)
                return wrong(check, "page %#llx of a file: its cache does not find it",
                             (ull)slot->index);
            if (!(slot->page ? note_cached(check, inode, slot)
                             : note_shmem_entry(check, inode, slot)))
                return false;
            pages += slot->page != NULL;
        }
        if (pages != inode->mapping.nr_pages)
            return wrong(check, "a file has %llu cached pages, counted %llu", (ull)pages,
                         (ull)inode->mapping.nr_pages);
    }
    return true;
}

/* The slot's page in the swap cache, without a reference. */
static struct page *swap_cached(struct kernel *k, uint64_t slot) {
    struct page *page = lookup_swap_cache(k, slot);
    if (page)
        page->refcount--; /* not put_page(): a count that is wrong must not free the page */
    return page;
}

static bool check_swap_pages(struct checker *check) {
    struct kernel *k = check->k;
    for (unsigned n = 0; n < k->config.nodes; n++) {
        for (uint64_t i = 0; i < k->node[n].spanned_pages; i++) {
            struct page *page = &k->node[n].map[i];
            uint64_t pfn = k->node[n].start_pfn + i;
            if (page_has(page, PG_tail) || !page_has(page, PG_swapcache))
                continue;
            if (page->private >= check->slots || swap_cached(k, page->private) != page)
                return wrong(check, "frame %#llx: marked as cached for swap slot %llu, but is not",
                             (ull)pfn, (ull)page->private);
            if (!page_has(page, PG_swapbacked))
                return wrong(check, "frame %#llx: in the swap cache, but not swap-backed",
                             (ull)pfn);
            if (!own_frames(check, pfn, page_frames(page), OWNER_USER))
                return false;
            frame_notes(check, pfn)->caches++;
            check->stat[STAT_nr_swapcached]++;
            check->stat[STAT_nr_file_pages]++;
        }
    }
    return true;
}

static bool check_slot(struct checker *check, uint64_t slot, uint64_t *used) {
    struct kernel *k = check->k;
    struct page *page = swap_cached(k, slot);
    if (page && (!page_has(page, PG_swapcache) || page->private != slot))
        return wrong(check, "swap slot %llu: cached in frame %#llx, which is not marked so",
                     (ull)slot, (ull)page_to_pfn(k, page));
    if (swap_count(k, slot) != check->entries[slot])
        return wrong(check, "swap slot %llu: %u entries name it, counted %u", (ull)slot,
                     check->entries[slot], swap_count(k, slot));
    *used += page || check->entries[slot] > 0;
    return true;
}

bool check_swap(struct checker *check) {
    uint64_t used = 0;
    if (!check_swap_pages(check))
        return false;
    for (uint64_t slot = 0; slot < check->slots; slot++)
        if (!check_slot(check, slot, &used))
            return false;
    if (check->slots > 0 && used + swap_free(check->k) != check->slots)
        return wrong(check, "swap: %llu slots are in use and %llu free of %llu", (ull)used,
                     (ull)swap_free(check->k), (ull)check->slots);
    return true;
}
