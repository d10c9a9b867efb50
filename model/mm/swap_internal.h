/* The swap area as swap.c (slots) and swap_state.c (swap cache, input and output) share it. */
#ifndef TWINWALK_MM_SWAP_INTERNAL_H
#define TWINWALK_MM_SWAP_INTERNAL_H

#include "swap.h"

/* Slots are handed out cluster by cluster, so that what goes out together lies together, where
 * readahead finds it (Linux: SWAPFILE_CLUSTER). */
#define SWAP_CLUSTER_SLOTS UINT64_C(256)

struct swap_slot {
    struct page *cached; /* in the swap cache; NULL: not */
    void *data;          /* PAGE_BYTES; NULL: all zero */
    uint32_t count;      /* entries that name it. 0 and not cached: free */
};

/* On the list of the empty, on that of the partly used, or (full, or the current one) on neither.
 */
struct swap_cluster {
    unsigned used, slots;
    TAILQ_ENTRY(swap_cluster) list;
};
TAILQ_HEAD(cluster_list, swap_cluster);

struct swap_info {
    uint64_t slots, free;
    struct swap_slot *slot;
    struct swap_cluster *cluster;
    struct cluster_list empty, partial;
    struct swap_cluster *current; /* NULL: none yet */
    uint64_t next;                /* slot of the current cluster to look at first */
};

/* The slot, if there is one of this number: page tables can hold anything. */
static inline struct swap_slot *swap_slot(const struct kernel *k, uint64_t slot) {
    return k->swap && slot < k->swap->slots ? &k->swap->slot[slot] : NULL;
}

/* A free slot, taken: the caller makes it cached. UINT64_MAX: none. */
uint64_t get_swap_slot(struct swap_info *swap);
/* A slot with count 0 and no cached page is free again; its contents are forgotten. */
void free_swap_slot(struct swap_info *swap, uint64_t slot);

#endif
