/*
 * Reclaim (Linux: mm/vmscan.c, swap.c): LRU lists, kswapd, direct reclaim. Which page goes is the
 * policy's choice; how it goes is the same for all: dirty file pages are written back, clean ones
 * dropped, anonymous ones swapped out.
 */
#ifndef TWINWALK_MM_VMSCAN_H
#define TWINWALK_MM_VMSCAN_H

#include "kernel.h"

/*
 * A policy sees pages come and go, and names victims. RECLAIM_LRU: Linux's active and inactive
 * lists; RECLAIM_CLOCK: one list, a hand, a second chance for pages with A set; RECLAIM_RANDOM: any
 * page alike. All keep pages on the lists of the node's lruvec, so that counters mean the same.
 */
struct reclaim_operations {
    const char *name;
    int (*init)(struct kernel *k); /* -ENOMEM */
    void (*exit)(struct kernel *k);
    void (*added)(struct kernel *k, struct page *page);   /* PG_lru has just been set */
    void (*removed)(struct kernel *k, struct page *page); /* and cleared */
    void (*accessed)(struct kernel *k,
                     struct page *page); /* mark_page_accessed: by read(), write() */
    /* Tries to free `wanted` frames of the node with shrink_page(); how many came free. */
    uint64_t (*shrink)(struct kernel *k, struct pglist_data *node, uint64_t wanted,
                       unsigned priority, bool kswapd);
};
extern const struct reclaim_operations reclaim_lru, reclaim_clock, reclaim_random;

int reclaim_init(struct kernel *k);
void reclaim_exit(struct kernel *k);
const struct reclaim_operations *reclaim_policy_of(const struct kernel *k);

/* A page that may be reclaimed one day; and one that no longer may (it is being freed). */
void lru_cache_add(struct kernel *k, struct page *page);
void lru_cache_del(struct kernel *k, struct page *page);
void mark_page_accessed(struct kernel *k, struct page *page);

/* Where the page belongs now; lists and sizes are kept by these two. */
enum lru_list page_lru(const struct page *page);
void lru_list_add(struct kernel *k, struct page *page, bool tail);
void lru_list_del(struct kernel *k, struct page *page);

/* One page: unmap, write out if needed, free. What became of it: */
enum shrink_result { SHRINK_FREED, SHRINK_KEPT, SHRINK_ACTIVATE };
/* SHRINK_KEPT: in use, I/O error, swap full, locked. Not on a list while this runs. */
enum shrink_result shrink_page(struct kernel *k, struct page *page);

void wakeup_kswapd(struct kernel *k, struct pglist_data *node);
/* If it was woken: reclaims until every zone is above its high watermark, or nothing helps. */
void kswapd_run(struct kernel *k, struct pglist_data *node);

/* Direct reclaim for a request that found no memory; frames freed. */
uint64_t try_to_free_pages(struct kernel *k, gfp_t gfp, unsigned order);

/* Pages of [start, end) deactivated, or reclaimed at once (madvise COLD, PAGEOUT). */
int reclaim_range(struct mm_struct *mm, uint64_t start, uint64_t end, bool pageout);

#endif
