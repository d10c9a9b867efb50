/*
 * The buddy allocator: runs of 2^order frames, split on demand and merged when both halves are
 * free; zones in fallback order, watermarks (Linux: mm/page_alloc.c).
 */
#ifndef TWINWALK_MM_PAGE_ALLOC_H
#define TWINWALK_MM_PAGE_ALLOC_H

#include "kernel.h"

/* Memory map, zones, free lists and watermarks of all nodes; -ENOMEM, or 0. */
int mem_init(struct kernel *k);
void mem_free(struct kernel *k);

/*
 * Reserved at the first node's start: the kernel's own frames, and behind them those of the memory
 * map, which counts 64 bytes a frame.
 */
uint64_t mem_map_start(const struct mm_config *config); /* pfn */
uint64_t mem_map_pages(const struct mm_config *config); /* frames */

/*
 * A run of 2^order frames with refcount 1, from the first zone in fallback order (`gfp`) of node 0,
 * then of the other nodes, that keeps its low watermark. Below: wakes kswapd, takes from above the
 * min watermark; then (GFP_RECLAIM) reclaims directly and, if nothing helps and not GFP_NORETRY,
 * calls the OOM killer. NULL: no memory, or a bus error while clearing.
 */
struct page *alloc_pages(struct kernel *k, gfp_t gfp, unsigned order);

/* Gives back a run whose refcount has reached 0; merges buddies. The contents are forgotten. */
void free_pages(struct kernel *k, struct page *page, unsigned order);

void get_page(struct page *page);
/* Drops a reference (of a tail: its head's); the last one frees the run. */
void put_page(struct kernel *k, struct page *page);

/* A compound page becomes 2^order pages of order 0, each with refcount 1. */
void split_page(struct kernel *k, struct page *page);

/* The highest zone that may serve the request. */
enum zone_type gfp_zone(const struct kernel *k, gfp_t gfp);

/*
 * A free aligned run of 2^order frames, order > MAX_ORDER, as a cleared compound page with refcount
 * 1 (gigantic pages); nothing is moved or reclaimed for it. NULL: there is none. put_page() gives
 * it back by free_contig_pages().
 */
struct page *alloc_contig_pages(struct kernel *k, unsigned order);
void free_contig_pages(struct kernel *k, struct page *page, unsigned order);

bool zone_watermark_ok(const struct zone *zone, unsigned order, enum watermark mark,
                       enum zone_type highest);

/*
 * Linux's fragmentation index of a zone for a request of this order, in thousandths: towards 0 it
 * fails for lack of memory, towards 1000 for fragmentation; -1000: it would not fail.
 */
int fragmentation_index(const struct zone *zone, unsigned order);

/* Share of the free memory of a zone that a request of this order cannot use, in thousandths. */
int unusable_free_index(const struct zone *zone, unsigned order);

#endif
