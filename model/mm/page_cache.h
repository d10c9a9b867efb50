/*
 * What an inode's cache keeps for one page offset: a page, or (shared memory) the swap slot that
 * holds its contents. For those who walk a whole cache; everybody else uses filemap.h.
 *
 *     for (struct cache_slot *s = inode->mapping.slots; s; s = s->hh.next) …
 */
#ifndef TWINWALK_MM_PAGE_CACHE_H
#define TWINWALK_MM_PAGE_CACHE_H

#include "filemap.h"

#define HASH_NONFATAL_OOM         1
#define uthash_nonfatal_oom(slot) ((slot)->index = UINT64_MAX) /* was not added */
/* Indices are small and dense: a multiplication spreads them well. */
#define HASH_FUNCTION(key, length, hash)                                                           \
    ((hash) = (unsigned)(UINT64_C(0x9e3779b97f4a7c15) * *(const uint64_t *)(key) >> 32))
#include <uthash.h>

struct cache_slot {
    uint64_t index;
    struct page *page; /* NULL: swapped */
    uint64_t swap;     /* with page NULL: the swap slot, of which this is one user */
    UT_hash_handle hh;
};

/* NULL: nothing is kept for it. */
struct cache_slot *cache_find(struct inode *inode, uint64_t index);

/*
 * Puts a page into the cache, where nothing (or, of shared memory, a swap entry that the caller
 * has given back) was: a reference for the cache, and onto the LRU. -ENOMEM.
 */
int add_to_page_cache(struct inode *inode, struct page *page, uint64_t index);

/* Takes the page out and drops the cache's reference; the caller has one of its own. */
void remove_from_page_cache(struct kernel *k, struct page *page);

/* Everything from page index `first` on leaves the cache; nobody maps it any more. */
void truncate_inode_pages(struct inode *inode, uint64_t first);

/* Forgets a slot that holds no page: its swap entry is given back. */
void cache_forget_swap(struct inode *inode, struct cache_slot *slot);

/* Of shared memory: the page at index, from swap or zeroed; as read_cache_page(). */
struct page *shmem_get_page(struct inode *inode, uint64_t index, bool *major, int *error);

/* The inode whose cache holds the page; NULL: none (anonymous, or truncated). */
static inline struct inode *page_inode(const struct page *page) {
    const struct address_space *mapping = page->mapping;
    return mapping && !page_has(page, PG_anon) ? mapping->host : NULL;
}

#endif
