/*
 * Reclaim (Linux: mm/vmscan.c, swap.c): LRU lists, kswapd, direct reclaim. Which page goes is the
 * policy's choice; how it goes is the same for all: dirty file pages are written back, clean ones
 * dropped, anonymous ones swapped out.
 */
#ifndef TWINWALK_MM_VMSCAN_H
#define TWINWALK_MM_VMSCAN_H

#include "mm_types.h"

#define DEF_PRIORITY        12 /* a round scans 1/2^priority of the lists */
#define SWAP_CLUSTER_MAX    32 /* pages in one go */
#define MAX_RECLAIM_RETRIES 16 /* rounds of kswapd without any success before it gives up */

/* One reclaim, from its start to its end: kernel->scan. */
struct scan_control {
    enum zone_type highest;      /* pages of higher zones do not help the request and stay */
    bool kswapd;                 /* else direct, or madvise(PAGEOUT) */
    uint64_t scanned, reclaimed; /* frames */
};

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
/* To the head of the other list, if it is listed; counted. */
void activate_page(struct kernel *k, struct page *page);
void deactivate_page(struct kernel *k, struct page *page);

/* Where the page belongs now; lists and sizes are kept by these two. */
enum lru_list page_lru(const struct page *page);
void lru_list_add(struct kernel *k, struct page *page, bool tail);
void lru_list_del(struct kernel *k, struct page *page);

/*
 * Takes a page off its list for a closer look: the caller has a reference, PG_lru is clear and the
 * policy has been told. And back: the reference is dropped, which may free the page.
 */
void isolate_lru_page(struct kernel *k, struct page *page);
void putback_lru_page(struct kernel *k, struct page *page);

/* Whether the page may be looked at by the reclaim that runs; counts it as scanned. */
bool scan_page(struct kernel *k, struct page *page);
/* Whether some anonymous pages can go: swap has room, or has their contents already. */
bool can_reclaim_anon_pages(const struct kernel *k);
static inline bool page_is_file_lru(const struct page *page) {
    return !page_has(page, PG_swapbacked) && !page_has(page, PG_anon);
}

/* One isolated page: unmap, write out if needed, free. What became of it: */
enum shrink_result {
    SHRINK_FREED,   /* with the caller's reference */
    SHRINK_KEPT,    /* in use, or an I/O error: try later */
    SHRINK_ACTIVATE /* nothing will help soon: locked, or swap is full */
};
enum shrink_result shrink_page(struct kernel *k, struct page *page);
/* A page that stays and is to stay for long gives up its slot when swap is scarce. */
void keep_page(struct kernel *k, struct page *page);
/* The same, and the page is put back if it stays. Frames freed. */
uint64_t shrink_or_putback(struct kernel *k, struct page *page);

void wakeup_kswapd(struct kernel *k, struct pglist_data *node);
/* If it was woken: reclaims until requests find a zone above its high watermark, or nothing helps.
 */
void kswapd_run(struct kernel *k, struct pglist_data *node);

/* Direct reclaim for a request that found no memory; frames freed. */
uint64_t try_to_free_pages(struct kernel *k, gfp_t gfp, unsigned order);

/* Pages of [start, end) deactivated, or reclaimed at once (madvise COLD, PAGEOUT). */
int reclaim_range(struct mm_struct *mm, uint64_t start, uint64_t end, bool pageout);

#endif
