/* How one page goes: unmapped, written to where it belongs, freed. */
#include "huge_memory.h"
#include "page_alloc.h"
#include "page_cache.h"
#include "rmap.h"
#include "swap.h"
#include "vmscan.h"

bool can_reclaim_anon_pages(const struct kernel *k) {
    return swap_free(k) > 0 || k->stat[STAT_nr_swapcached] > 0;
}

void keep_page(struct kernel *k, struct page *page) {
    if (page_has(page, PG_swapcache) && vm_swap_full(k))
        try_to_free_swap(k, page);
}

bool scan_page(struct kernel *k, struct page *page) {
    struct scan_control *scan = k->scan;
    if (page->zone > scan->highest || page_has(page, PG_unevictable))
        return false;
    if (!page_is_file_lru(page) && !page_has(page, PG_swapcache) && swap_free(k) == 0)
        return false;
    uint64_t frames = page_frames(page);
    scan->scanned += frames;
    count_event(k, scan->kswapd ? STAT_pgscan_kswapd : STAT_pgscan_direct, frames);
    return true;
}

/* References that its users and its cache have; more: somebody holds it. One is the caller's. */
static bool page_is_held(const struct page *page) {
    int32_t caches = page_inode(page) != NULL;
    caches += page_has(page, PG_swapcache);
    return page->refcount != page->mapcount + caches + 1;
}

/* The page has nobody but its cache and the caller: it goes. */
static enum shrink_result free_page(struct kernel *k, struct page *page) {
    struct scan_control *scan = k->scan;
    if (page_has(page, PG_swapcache))
        delete_from_swap_cache(k, page);
    if (page_inode(page)) {
        mm_event(k, MM_EVENT_DROP, page_to_pfn(k, page), page->index, 0);
        remove_from_page_cache(k, page);
    }
    put_page(k, page);
    scan->reclaimed++;
    count_event(k, scan->kswapd ? STAT_pgsteal_kswapd : STAT_pgsteal_direct, 1);
    return SHRINK_FREED;
}

/* Anonymous: to its slot, where the swap entries in the tables point. */
static enum shrink_result pageout_anon(struct kernel *k, struct page *page) {
    bool fresh = !page_has(page, PG_swapcache);
    if (page->mapcount == 0 && fresh)
        return SHRINK_KEPT;
    if (fresh && add_to_swap(k, page) != 0)
        return SHRINK_ACTIVATE;
    if (fresh)
        page_set(page, PG_dirty);
    if (page->mapcount > 0 && !try_to_unmap(k, page)) {
        try_to_free_swap(k, page);
        return SHRINK_ACTIVATE;
    }
    if (page_has(page, PG_dirty) && swap_count(k, page->private) > 0 &&
        swap_writepage(k, page) != 0)
        return SHRINK_KEPT;
    return free_page(k, page);
}

/* Shared memory: to a slot that the cache then names instead of the page. */
static enum shrink_result pageout_shmem(struct kernel *k, struct page *page) {
    if (page->mapcount > 0 && !try_to_unmap(k, page))
        return SHRINK_ACTIVATE;
    if (!page_has(page, PG_dirty)) /* never written: zeroes, as it would be when made anew */
        return free_page(k, page);
    if (add_to_swap(k, page) != 0)
        return SHRINK_ACTIVATE;
    if (swap_writepage(k, page) != 0) {
        delete_from_swap_cache(k, page);
        page_set(page, PG_dirty);
        return SHRINK_KEPT;
    }
    shmem_swapped(k, page, page->private);
    return free_page(k, page);
}

static enum shrink_result pageout_file(struct kernel *k, struct page *page) {
    if (page->mapcount > 0 && !try_to_unmap(k, page))
        return SHRINK_ACTIVATE;
    if (page_has(page, PG_dirty) && write_page(k, page) != 0)
        return SHRINK_KEPT;
    return free_page(k, page);
}

enum shrink_result shrink_page(struct kernel *k, struct page *page) {
    if (page_has(page, PG_unevictable))
        return SHRINK_ACTIVATE;
    /* The other frames of a huge page then wait on the list for their turn. */
    if (page_frames(page) > 1 && split_huge_page(k, page) != 0)
        return SHRINK_ACTIVATE;
    if (page_is_held(page))
        return SHRINK_KEPT;
    const struct inode *inode = page_inode(page);
    if (!inode)
        return page_has(page, PG_anon) || page_has(page, PG_swapcache) ? pageout_anon(k, page)
                                                                       : SHRINK_KEPT;
    return inode->operations ? pageout_file(k, page) : pageout_shmem(k, page);
}

uint64_t shrink_or_putback(struct kernel *k, struct page *page) {
    if (shrink_page(k, page) == SHRINK_FREED)
        return 1;
    keep_page(k, page);
    putback_lru_page(k, page);
    return 0;
}
