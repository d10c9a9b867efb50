/*
 * Nodes and zones (Linux: pglist_data, struct zone). Zones by physical address:
 *   64-bit modes   DMA below 16 MiB, DMA32 below 4 GiB, Normal above
 *   Sv32           DMA below 16 MiB, Normal below 896 MiB (the linear map's end), HighMem above
 */
#ifndef TWINWALK_MM_ZONE_H
#define TWINWALK_MM_ZONE_H

#include "page.h"

enum zone_type { ZONE_DMA, ZONE_DMA32, ZONE_NORMAL, ZONE_HIGHMEM, MAX_NR_ZONES };

#define MAX_ORDER      10 /* orders 0 … 10: runs of 1 … 1024 frames */
#define MAX_NUMNODES   4
#define ZONE_DMA_END   (UINT64_C(16) << 20)
#define ZONE_DMA32_END (UINT64_C(4) << 30)
#define ZONE_LOW_END   (UINT64_C(896) << 20)

enum watermark { WMARK_MIN, WMARK_LOW, WMARK_HIGH, NR_WMARK };

struct free_area {
    struct page_list list;
    uint64_t nr_free; /* runs */
};

struct zone {
    enum zone_type type;
    unsigned node;
    uint64_t start_pfn, spanned_pages; /* 0 pages: the node has no such zone */
    uint64_t managed_pages;            /* without the reserved ones */
    uint64_t free_pages;
    uint64_t watermark[NR_WMARK];          /* frames */
    uint64_t lowmem_reserve[MAX_NR_ZONES]; /* frames kept from requests that could be met by the
                                              zone indexed */
    struct free_area free_area[MAX_ORDER + 1];
};

enum lru_list {
    LRU_INACTIVE_ANON,
    LRU_ACTIVE_ANON,
    LRU_INACTIVE_FILE,
    LRU_ACTIVE_FILE,
    NR_LRU_LISTS
};

struct lruvec {
    struct page_list lists[NR_LRU_LISTS];
    uint64_t size[NR_LRU_LISTS];     /* frames */
    uint64_t scanned[2], rotated[2]; /* recently; [0] anon, [1] file: the scan balance */
};

struct pglist_data {
    unsigned id;
    uint64_t start_pfn, spanned_pages;
    struct page *map; /* spanned_pages descriptors */
    struct zone zones[MAX_NR_ZONES];
    struct lruvec lruvec;
    bool kswapd_wanted; /* woken, has not yet run */
    unsigned kswapd_failures;
};

const char *zone_name(enum zone_type zone);

#endif
