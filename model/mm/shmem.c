/* Shared memory: a cache without a file behind it. Its pages go to swap, and their slots of the
 * cache then keep the swap entry. */
#include "page_alloc.h"
#include "page_cache.h"
#include "swap.h"
#include "vmscan.h"

void shmem_swapped(struct kernel *k, struct page *page, uint64_t swap) {
    struct inode *inode = page_inode(page);
    struct cache_slot *slot = cache_find(inode, page->index);
    swap_duplicate(k, swap);
    slot->page = NULL;
    slot->swap = swap;
    inode->mapping.nr_pages--;
    mod_stat(k, STAT_nr_file_pages, -1);
    mod_stat(k, STAT_nr_shmem, -1);
    page->mapping = NULL;
    put_page(k, page);
}

bool shmem_swap_entry(struct inode *inode, uint64_t index, uint64_t *swap) {
    const struct cache_slot *slot = cache_find(inode, index);
    if (!slot || slot->page)
        return false;
    *swap = slot->swap;
    return true;
}

/* The page of the swap cache becomes the page of the cache. The slot of the swap area is given up,
 * so the contents exist only here: dirty. */
static void move_from_swap_cache(struct inode *inode, struct page *page, uint64_t index,
                                 uint64_t swap) {
    struct kernel *k = inode->kernel;
    lru_cache_del(k, page); /* which list it belongs to may change */
    delete_from_swap_cache(k, page);
    swap_release(k, swap);
    page_set(page, PG_dirty);
    page_set(page, PG_uptodate);
    add_to_page_cache(inode, page, index); /* cannot fail: the slot is there */
}

static struct page *shmem_swapin(struct inode *inode, uint64_t index, bool *major, int *error) {
    uint64_t swap = cache_find(inode, index)->swap;
    struct page *page = swapin_readahead(inode->kernel, swap, major, error);
    if (page)
        move_from_swap_cache(inode, page, index, swap);
    return page;
}

static struct page *shmem_new_page(struct inode *inode, uint64_t index, int *error) {
    struct kernel *k = inode->kernel;
    struct page *page = alloc_pages(k, GFP_USER | GFP_ZERO, 0);
    *error = page ? 0 : -ENOMEM;
    if (!page)
        return NULL;
    page_set(page, PG_uptodate);
    *error = add_to_page_cache(inode, page, index);
    if (*error == 0)
        return page;
    put_page(k, page);
    return NULL;
}

struct page *shmem_get_page(struct inode *inode, uint64_t index, bool *major, int *error) {
    const struct cache_slot *slot = cache_find(inode, index);
    if (!slot)
        return shmem_new_page(inode, index, error);
    if (!slot->page)
        return shmem_swapin(inode, index, major, error);
    get_page(slot->page);
    return slot->page;
}
