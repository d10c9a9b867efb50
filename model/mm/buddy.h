/*
 * The free lists of a zone: taking, splitting, giving back and merging runs, without any policy
 * (Linux: the lower half of mm/page_alloc.c). Buddies are runs of the same order whose frame
 * numbers differ in that bit alone; free ones are always merged, unless one of them lies outside
 * the zone.
 */
#ifndef TWINWALK_MM_BUDDY_H
#define TWINWALK_MM_BUDDY_H

#include "kernel.h"

/* All lists empty. */
void free_area_init(struct zone *zone);

/* Puts a run on its list, or takes it off; frames and runs are counted. It is not merged. */
void add_to_free_list(struct zone *zone, struct page *page, unsigned order, bool tail);
void del_from_free_list(struct zone *zone, struct page *page);

/* A run of 2^order frames from the smallest larger one; its frames' flags are 0. NULL: none. */
struct page *rmqueue(struct kernel *k, struct zone *zone, unsigned order);

/*
 * Halves a run that is on no list, from order `high` to `low`, and puts the upper halves on their
 * lists; what is left is the run of order `low` at `page`.
 */
void expand(struct kernel *k, struct zone *zone, struct page *page, unsigned low, unsigned high);

/* A run becomes free and merges with its buddies. Its frames' flags must be 0. */
void free_one_page(struct kernel *k, struct zone *zone, struct page *page, unsigned order);

/* The frames' descriptors become a compound page, or single pages again (flags 0). */
void prep_compound_page(struct page *page, unsigned order);
void destroy_compound_page(struct page *page, unsigned order);

#endif
