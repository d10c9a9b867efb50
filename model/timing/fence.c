/*
 * Fences: docs/timing.md, "Fences". Nothing fills or looks into the L2 between a sweep and the
 * fence, so what the sweep removes is removed when the fence happens.
 */
#include "pipeline.h"

/* Reads that a sweep has to make from now on. */
static unsigned reads_left(const struct timing *timing, const struct mmu_fence *fence) {
    if (timing->sweep.begun)
        return timing->sweep.left;
    if (!timing->has_l2 || (!fence->has_va && !fence->has_asid))
        return 0;
    if (fence->has_va)
        return (unsigned)__builtin_popcount(timing->l2_sizes);
    return timing->l2.sets;
}

/* step 5, rule 2 */
void fence_sweep(struct timing *timing, struct cycle *c) {
    timing->sweep.left = reads_left(timing, &c->in->fence);
    timing->sweep.begun = true;
    if (timing->sweep.left == 0)
        return;
    timing->sweep.left--;
    c->next = (struct stage_b){.operation = STAGE_SWEEP};
}

bool fence_ready(const struct timing *timing, const struct cycle *c) {
    if (!c->in->fence_valid || timing->stage_b.operation != STAGE_NONE)
        return false;
    if (timing->port[PORT_I].shown.valid || timing->port[PORT_D].shown.valid)
        return false;
    if (c->was.in[SLOT_UPDATE_WAIT] ||
        (timing->offered && holds(c->was.in[SLOT_UPDATE], timing->offered_walk)))
        return false;
    if (c->was.in[SLOT_DONE] & c->was.stored & c->was.linked)
        return false;
    return reads_left(timing, &c->in->fence) == 0;
}

static void restart(struct timing *timing, walk_set walks, enum slot_state from) {
    timing->sets.in[from] &= (walk_set)~walks;
    timing->sets.in[SLOT_RESTART] |= walks;
}

static void abort_walks(struct timing *timing, struct cycle *c) {
    const struct walk_sets *was = &c->was;
    walk_set offered = c->offered == NO_WALK ? 0 : (walk_set)(1u << c->offered);
    walk_set answered = 0;
    if (c->in->ptw_resp_valid && c->in->ptw_resp_id < timing->config.walks)
        answered = (walk_set)(1u << c->in->ptw_resp_id);
    timing->sets.stale |= was->in[SLOT_READ] & offered;
    timing->sets.stale |= was->in[SLOT_READ_WAIT];
    restart(timing, was->in[SLOT_READ_WAIT] & answered, SLOT_READ_WAIT);
    restart(timing, was->in[SLOT_READ] & (walk_set)~offered, SLOT_READ);
    restart(timing, was->in[SLOT_UPDATE], SLOT_UPDATE);
    restart(timing, was->in[SLOT_DONE] & was->linked, SLOT_DONE);
    timing->sets.in[SLOT_IDLE] |= timing->sets.in[SLOT_DONE];
    timing->sets.in[SLOT_DONE] = 0;
    timing->sets.pending = 0;
}

/* The cycle in which a fence happens; the page-table port has offered already. */
void fence_happens(struct timing *timing, struct cycle *c) {
    const struct mmu_fence *fence = &c->in->fence;
    abort_walks(timing, c);
    tlb_fence(&timing->port[PORT_I].l1, fence);
    tlb_fence(&timing->port[PORT_D].l1, fence);
    if (timing->has_l2)
        tlb_fence(&timing->l2, fence);
    if (!fence->has_va && !fence->has_asid)
        timing->l2_sizes = 0;
    walk_cache_fence(&timing->walk_cache, fence);
    timing->sweep = (struct sweep){false, 0};
    timing->counters[COUNTER_FENCES]++;
}
