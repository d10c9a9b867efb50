/* Reclaim: who starts it and when it ends. Which page goes is the policy's choice; how it goes is
 * in shrink_page.c. */
#include "vmscan.h"

#include "page_alloc.h"

static uint64_t shrink_node(struct kernel *k, struct pglist_data *node, uint64_t wanted,
                            unsigned priority) {
    return reclaim_policy_of(k)->shrink(k, node, wanted, priority, k->scan->kswapd);
}

static uint64_t node_free_pages(const struct pglist_data *node) {
    uint64_t free = 0;
    for (unsigned z = 0; z < MAX_NR_ZONES; z++)
        free += node->zones[z].free_pages;
    return free;
}

/* --- kswapd --- */

/* Whether a request that may use the zones up to `highest` finds one above its high watermark; also
 * if the node has none of them. */
static bool zones_balanced(const struct pglist_data *node, enum zone_type highest) {
    bool any = false;
    for (unsigned z = 0; z <= highest; z++) {
        const struct zone *zone = &node->zones[z];
        if (zone->managed_pages == 0)
            continue;
        if (zone_watermark_ok(zone, 0, WMARK_HIGH, highest))
            return true;
        any = true;
    }
    return !any;
}

/* For the kernel's own requests, and for those of users, which may use HighMem as well. */
static bool node_balanced(const struct pglist_data *node, enum zone_type *highest) {
    *highest = ZONE_NORMAL;
    if (!zones_balanced(node, ZONE_NORMAL))
        return false;
    *highest = ZONE_HIGHMEM;
    return node->zones[ZONE_HIGHMEM].managed_pages == 0 || zones_balanced(node, ZONE_HIGHMEM);
}

/* Frames up to the high watermarks, but a batch at least. */
static uint64_t frames_short(const struct pglist_data *node, enum zone_type highest) {
    uint64_t wanted = 0;
    for (unsigned z = 0; z <= highest; z++) {
        const struct zone *zone = &node->zones[z];
        if (zone->free_pages < zone->watermark[WMARK_HIGH])
            wanted += zone->watermark[WMARK_HIGH] - zone->free_pages;
    }
    return wanted > SWAP_CLUSTER_MAX ? wanted : SWAP_CLUSTER_MAX;
}

void wakeup_kswapd(struct kernel *k, struct pglist_data *node) {
    (void)k;
    if (node->kswapd_failures < MAX_RECLAIM_RETRIES)
        node->kswapd_wanted = true;
}

/* Linux: balance_pgdat(). Ends: a round frees something, of which there is only so much, or the
 * priority falls. */
static void balance_node(struct kernel *k, struct pglist_data *node) {
    unsigned priority = DEF_PRIORITY;
    count_event(k, STAT_pageoutrun, 1);
    while (priority > 0 && !node_balanced(node, &k->scan->highest)) {
        uint64_t wanted = frames_short(node, k->scan->highest);
        uint64_t scanned = k->scan->scanned;
        uint64_t freed = shrink_node(k, node, wanted, priority);
        if (freed == 0 || k->scan->scanned - scanned < wanted)
            priority--;
    }
    if (k->scan->reclaimed > 0)
        node->kswapd_failures = 0;
    else if (!node_balanced(node, &k->scan->highest))
        node->kswapd_failures++;
}

void kswapd_run(struct kernel *k, struct pglist_data *node) {
    if (!node->kswapd_wanted || k->scan)
        return;
    node->kswapd_wanted = false;
    struct scan_control scan = {.kswapd = true};
    k->scan = &scan;
    mm_event(k, MM_EVENT_KSWAPD, node->id, 1, node_free_pages(node));
    balance_node(k, node);
    mm_event(k, MM_EVENT_KSWAPD, node->id, 0, node_free_pages(node));
    k->scan = NULL;
}

/* --- direct reclaim --- */

static uint64_t shrink_zones(struct kernel *k, uint64_t wanted, unsigned priority) {
    uint64_t freed = 0;
    for (unsigned n = 0; n < k->config.nodes && freed < wanted; n++) {
        struct pglist_data *node = &k->node[n];
        uint64_t here = shrink_node(k, node, wanted - freed, priority);
        if (here > 0)
            node->kswapd_failures = 0;
        freed += here;
    }
    return freed;
}

uint64_t try_to_free_pages(struct kernel *k, gfp_t gfp, unsigned order) {
    if (k->scan || !k->init_mm) /* while it boots there is nothing to reclaim */
        return 0;
    struct scan_control scan = {.highest = gfp_zone(k, gfp)};
    uint64_t wanted = order > 5 ? UINT64_C(1) << order : SWAP_CLUSTER_MAX, freed = 0;
    k->scan = &scan;
    mm_event(k, MM_EVENT_DIRECT, 0, 1, node_free_pages(&k->node[0]));
    for (int priority = DEF_PRIORITY; priority >= 0 && freed < wanted; priority--)
        freed += shrink_zones(k, wanted - freed, (unsigned)priority);
    mm_event(k, MM_EVENT_DIRECT, 0, 0, node_free_pages(&k->node[0]));
    k->scan = NULL;
    return freed;
}
