/*
 * Second chance: the pages of a node, anonymous and file alike, in one ring. The hand goes round;
 * a page that was used since it last came by is passed over, another one goes. The ring is kept
 * beside the lists, as links by frame; all pages stay on the inactive lists.
 */
#include "rmap.h"
#include "vmscan.h"

#include <stdlib.h>

struct link {
    uint32_t next, previous; /* frames, counted from the node's first */
};

struct ring {
    struct link *links; /* one for each frame of the node */
    uint32_t hand;      /* the frame it will look at next; any, if size is 0 */
    uint64_t size;      /* pages in the ring */
};

struct clock {
    struct ring ring[MAX_NUMNODES];
};

static struct ring *ring_of(const struct kernel *k, unsigned node) {
    return &((struct clock *)k->policy_state)->ring[node];
}

static void clock_exit(struct kernel *k) {
    struct clock *clock = k->policy_state;
    if (!clock)
        return;
    for (unsigned n = 0; n < MAX_NUMNODES; n++)
        free(clock->ring[n].links);
    free(clock);
    k->policy_state = NULL;
}

static int clock_init(struct kernel *k) {
    k->policy_state = calloc(1, sizeof(struct clock));
    if (!k->policy_state)
        return -ENOMEM;
    for (unsigned n = 0; n < k->config.nodes; n++) {
        uint64_t frames = k->node[n].spanned_pages;
        struct ring *ring = ring_of(k, n);
        if (frames <= UINT32_MAX)
            ring->links = calloc(frames, sizeof *ring->links);
        if (!ring->links) {
            clock_exit(k);
            return -ENOMEM;
        }
    }
    return 0;
}

/* Behind the hand, which comes to it last. */
static void clock_added(struct kernel *k, struct page *page) {
    struct ring *ring = ring_of(k, page->node);
    uint32_t frame = (uint32_t)(page - k->node[page->node].map);
    if (ring->size++ == 0) {
        ring->hand = frame;
        ring->links[frame] = (struct link){frame, frame};
        return;
    }
    uint32_t last = ring->links[ring->hand].previous;
    ring->links[frame] = (struct link){.next = ring->hand, .previous = last};
    ring->links[last].next = frame;
    ring->links[ring->hand].previous = frame;
}

static void clock_removed(struct kernel *k, struct page *page) {
    struct ring *ring = ring_of(k, page->node);
    uint32_t frame = (uint32_t)(page - k->node[page->node].map);
    struct link link = ring->links[frame];
    ring->links[link.previous].next = link.next;
    ring->links[link.next].previous = link.previous;
    ring->size--;
    if (ring->hand == frame)
        ring->hand = link.next;
}

static void clock_accessed(struct kernel *k, struct page *page) {
    (void)k;
    page_set(page, PG_referenced);
}

/* Since the hand last came by: by read() and write(), or through a mapping. */
static bool was_used(struct kernel *k, struct page *page) {
    unsigned vm_flags = 0;
    bool used = page_test_clear(page, PG_referenced);
    if (page->mapcount > 0 && page_referenced(k, page, &vm_flags) > 0)
        used = true;
    return used || vm_flags & VM_LOCKED;
}

static uint64_t clock_shrink(struct kernel *k, struct pglist_data *node, uint64_t wanted,
                             unsigned priority, bool kswapd) {
    (void)kswapd;
    struct ring *ring = ring_of(k, node->id);
    uint64_t freed = 0;
    for (uint64_t steps = (ring->size >> priority) + 1; steps > 0 && freed < wanted; steps--) {
        if (ring->size == 0)
            break;
        struct page *page = &node->map[ring->hand];
        ring->hand = ring->links[ring->hand].next;
        if (!scan_page(k, page) || was_used(k, page))
            continue;
        isolate_lru_page(k, page);
        freed += shrink_or_putback(k, page);
    }
    return freed;
}

const struct reclaim_operations reclaim_clock = {
    .name = "clock",
    .init = clock_init,
    .exit = clock_exit,
    .added = clock_added,
    .removed = clock_removed,
    .accessed = clock_accessed,
    .shrink = clock_shrink,
};
