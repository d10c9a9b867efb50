/* Slots of the swap area and their counts (Linux: mm/swapfile.c). */
#include "swap_internal.h"

#include "page_alloc.h"

#include <stdlib.h>

/* Slots that a swap entry can name: 22 bits of a PTE of Sv32, 54 of the others. */
static uint64_t max_slots(const struct kernel *k) {
    return UINT64_C(1) << (k->config.mode == MODE_SV32 ? 22 : 54);
}

static uint64_t cluster_count(const struct swap_info *swap) {
    return (swap->slots + SWAP_CLUSTER_SLOTS - 1) / SWAP_CLUSTER_SLOTS;
}

static void clusters_init(struct swap_info *swap) {
    TAILQ_INIT(&swap->empty);
    TAILQ_INIT(&swap->partial);
    for (uint64_t i = 0; i < cluster_count(swap); i++) {
        uint64_t rest = swap->slots - i * SWAP_CLUSTER_SLOTS;
        swap->cluster[i].slots = (unsigned)(rest < SWAP_CLUSTER_SLOTS ? rest : SWAP_CLUSTER_SLOTS);
        TAILQ_INSERT_TAIL(&swap->empty, &swap->cluster[i], list);
    }
}

static void swap_info_free(struct swap_info *swap) {
    if (!swap)
        return;
    free(swap->slot);
    free(swap->cluster);
    free(swap);
}

int swapon(struct kernel *k, uint64_t bytes) {
    uint64_t slots = bytes / PAGE_BYTES;
    if (k->swap)
        return -EBUSY;
    if (slots == 0 || slots > max_slots(k))
        return -EINVAL;
    struct swap_info *swap = calloc(1, sizeof *swap);
    if (!swap)
        return -ENOMEM;
    swap->slots = swap->free = slots;
    swap->slot = calloc(slots, sizeof *swap->slot);
    swap->cluster = calloc(cluster_count(swap), sizeof *swap->cluster);
    if (!swap->slot || !swap->cluster) {
        swap_info_free(swap);
        return -ENOMEM;
    }
    clusters_init(swap);
    k->swap = swap;
    return 0;
}

int swapoff(struct kernel *k) {
    struct swap_info *swap = k->swap;
    if (!swap)
        return 0;
    for (uint64_t slot = 0; slot < swap->slots && swap->free < swap->slots; slot++)
        if (swap->slot[slot].cached)
            try_to_free_swap(k, swap->slot[slot].cached);
    if (swap->free < swap->slots)
        return -EBUSY;
    swap_info_free(swap);
    k->swap = NULL;
    return 0;
}

uint64_t swap_total(const struct kernel *k) {
    return k->swap ? k->swap->slots : 0;
}

uint64_t swap_free(const struct kernel *k) {
    return k->swap ? k->swap->free : 0;
}

bool vm_swap_full(const struct kernel *k) {
    return swap_free(k) * 2 < swap_total(k);
}

unsigned swap_count(const struct kernel *k, uint64_t slot) {
    const struct swap_slot *at = swap_slot(k, slot);
    return at ? at->count : 0;
}

/* The next cluster to fill: an empty one, else the one that has waited longest. NULL: all full. */
static struct swap_cluster *next_cluster(struct swap_info *swap) {
    struct cluster_list *from = TAILQ_EMPTY(&swap->empty) ? &swap->partial : &swap->empty;
    struct swap_cluster *cluster = TAILQ_FIRST(from);
    if (cluster)
        TAILQ_REMOVE(from, cluster, list);
    return cluster;
}

uint64_t get_swap_slot(struct swap_info *swap) {
    if (!swap->current || swap->current->used == swap->current->slots) {
        swap->current = next_cluster(swap);
        if (!swap->current)
            return UINT64_MAX;
        swap->next = (uint64_t)(swap->current - swap->cluster) * SWAP_CLUSTER_SLOTS;
    }
    struct swap_cluster *cluster = swap->current;
    uint64_t first = (uint64_t)(cluster - swap->cluster) * SWAP_CLUSTER_SLOTS, slot = swap->next;
    while (swap->slot[slot].count > 0 || swap->slot[slot].cached)
        slot = slot + 1 < first + cluster->slots ? slot + 1 : first;
    swap->next = slot + 1 < first + cluster->slots ? slot + 1 : first;
    cluster->used++;
    swap->free--;
    return slot;
}

void free_swap_slot(struct swap_info *swap, uint64_t slot) {
    struct swap_cluster *cluster = &swap->cluster[slot / SWAP_CLUSTER_SLOTS];
    bool was_full = cluster->used == cluster->slots;
    free(swap->slot[slot].data);
    swap->slot[slot].data = NULL;
    swap->free++;
    cluster->used--;
    if (cluster == swap->current)
        return;
    if (!was_full)
        TAILQ_REMOVE(&swap->partial, cluster, list);
    if (cluster->used == 0)
        TAILQ_INSERT_TAIL(&swap->empty, cluster, list);
    else
        TAILQ_INSERT_TAIL(&swap->partial, cluster, list);
}

void swap_duplicate(struct kernel *k, uint64_t slot) {
    struct swap_slot *at = swap_slot(k, slot);
    if (at)
        at->count++;
}

void swap_release(struct kernel *k, uint64_t slot) {
    struct swap_slot *at = swap_slot(k, slot);
    if (!at || at->count == 0 || --at->count > 0)
        return;
    /* Read ahead and never used, the page has only the cache to keep it. */
    struct page *page = at->cached;
    if (!page)
        free_swap_slot(k->swap, slot);
    else if (page->mapcount == 0 && page->refcount == 1)
        delete_from_swap_cache(k, page);
}
