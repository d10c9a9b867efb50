/*
 * The swap area: slots of a page each, their use counts, and the swap cache, where a page and its
 * slot hold the same contents (Linux: mm/swapfile.c, swap_state.c). Contents are kept in host
 * memory, which is the disk here.
 */
#ifndef TWINWALK_MM_SWAP_H
#define TWINWALK_MM_SWAP_H

#include "kernel.h"

/* -ENOMEM, -EBUSY; -EINVAL: less than a page, or more than swap entries can name (Sv32: 2^22). */
int swapon(struct kernel *k, uint64_t bytes);
int swapoff(struct kernel *k); /* -EBUSY: slots are in use */

uint64_t swap_total(const struct kernel *k); /* slots */
uint64_t swap_free(const struct kernel *k);
/* More than half is used: slots are no longer left to pages that are in memory (Linux: swap.h). */
bool vm_swap_full(const struct kernel *k);
unsigned swap_count(const struct kernel *k, uint64_t slot); /* swap PTEs and shmem entries */

/* One more, one fewer entry names the slot; at 0, and not in the swap cache, it is free. A page
 * that only the swap cache has then goes too. */
void swap_duplicate(struct kernel *k, uint64_t slot);
void swap_release(struct kernel *k, uint64_t slot);

/* Gives the page (anonymous or shmem) a slot and makes it PG_swapcache: a reference more.
 * -ENOSPC: swap is full. */
int add_to_swap(struct kernel *k, struct page *page);
/* Undoes it; the slot is free if no entry names it. */
void delete_from_swap_cache(struct kernel *k, struct page *page);
/* The page in the swap cache, a reference taken; NULL: none. */
struct page *lookup_swap_cache(struct kernel *k, uint64_t slot);

/* Writes a PG_swapcache page to its slot; -EIO. Clears PG_dirty. */
int swap_writepage(struct kernel *k, struct page *page);
/* The slot's page: from the swap cache, or read (then *major = true), with 2^page_cluster - 1
 * neighbours. A reference is taken; pages that were read are on the LRU. NULL: *error is -ENOMEM or
 * -EIO. */
struct page *swapin_readahead(struct kernel *k, uint64_t slot, bool *major, int *error);

/* Whether the swap cache may let go of the page, since nobody else has the slot, and did. */
bool try_to_free_swap(struct kernel *k, struct page *page);

#endif
