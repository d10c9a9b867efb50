/*
 * Any page alike, whether it is used or not: what a policy has to be better than. The pages of a
 * node stand in an array without gaps, beside the inactive lists that they are also on.
 */
#include "vmscan.h"

#include <stdlib.h>

struct pool {
    uint32_t *frames;   /* the pages' frames, counted from the node's first, in no order */
    uint32_t *position; /* where in it, by frame */
    uint64_t size;
};

struct lottery {
    uint64_t state; /* of the generator */
    struct pool pool[MAX_NUMNODES];
};

/* SplitMix64. */
static uint64_t draw(struct lottery *lottery) {
    uint64_t x = lottery->state += UINT64_C(0x9e3779b97f4a7c15);
    x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
    return x ^ x >> 31;
}

static struct pool *pool_of(const struct kernel *k, unsigned node) {
    return &((struct lottery *)k->policy_state)->pool[node];
}

static void random_exit(struct kernel *k) {
    struct lottery *lottery = k->policy_state;
    if (!lottery)
        return;
    for (unsigned n = 0; n < MAX_NUMNODES; n++) {
        free(lottery->pool[n].frames);
        free(lottery->pool[n].position);
    }
    free(lottery);
    k->policy_state = NULL;
}

static int random_init(struct kernel *k) {
    struct lottery *lottery = k->policy_state = calloc(1, sizeof *lottery);
    if (!lottery)
        return -ENOMEM;
    lottery->state = k->config.seed;
    for (unsigned n = 0; n < k->config.nodes; n++) {
        uint64_t frames = k->node[n].spanned_pages;
        struct pool *pool = &lottery->pool[n];
        if (frames <= UINT32_MAX) {
            pool->frames = calloc(frames, sizeof *pool->frames);
            pool->position = calloc(frames, sizeof *pool->position);
        }
        if (!pool->frames || !pool->position) {
            random_exit(k);
            return -ENOMEM;
        }
    }
    return 0;
}

static void random_added(struct kernel *k, struct page *page) {
    struct pool *pool = pool_of(k, page->node);
    uint32_t frame = (uint32_t)(page - k->node[page->node].map);
    pool->position[frame] = (uint32_t)pool->size;
    pool->frames[pool->size++] = frame;
}

/* The last one fills the gap. */
static void random_removed(struct kernel *k, struct page *page) {
    struct pool *pool = pool_of(k, page->node);
    uint32_t frame = (uint32_t)(page - k->node[page->node].map);
    uint32_t gap = pool->position[frame], last = pool->frames[--pool->size];
    pool->frames[gap] = last;
    pool->position[last] = gap;
}

static void random_accessed(struct kernel *k, struct page *page) {
    (void)k, (void)page;
}

static uint64_t random_shrink(struct kernel *k, struct pglist_data *node, uint64_t wanted,
                              unsigned priority, bool kswapd) {
    (void)kswapd;
    struct pool *pool = pool_of(k, node->id);
    uint64_t freed = 0;
    for (uint64_t draws = (pool->size >> priority) + 1; draws > 0 && freed < wanted; draws--) {
        if (pool->size == 0)
            break;
        struct page *page = &node->map[pool->frames[draw(k->policy_state) % pool->size]];
        if (!scan_page(k, page))
            continue;
        isolate_lru_page(k, page);
        freed += shrink_or_putback(k, page);
    }
    return freed;
}

const struct reclaim_operations reclaim_random = {
    .name = "random",
    .init = random_init,
    .exit = random_exit,
    .added = random_added,
    .removed = random_removed,
    .accessed = random_accessed,
    .shrink = random_shrink,
};
