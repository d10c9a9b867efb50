/*
 * The L2 TLB's two stages and the start of walks: docs/timing.md, steps 1, 2 and 5.
 */
#include "pipeline.h"

static struct tlb_key key_of(const struct walk_slot *slot) {
    return (struct tlb_key){slot->mode,           slot->request.va,   slot->control.asid,
                            slot->request.access, slot->request.priv, &slot->control};
}

static void found_in_l2(struct timing *timing, struct cycle *c, unsigned walk,
                        const struct tlb_entry *entry) {
    struct walk_slot *slot = &timing->slot[walk];
    slot->entry = *entry;
    slot->from = LEVEL_L2;
    slot->filled = 0;
    put(&timing->sets.stored, walk, false);
    put(&timing->sets.failed, walk, false);
    put(&timing->sets.next, walk, false);
    move_walk(timing, walk, SLOT_LOOKUP, SLOT_DONE);
    c->hit = (int)walk;
}

static void count_lookup(struct timing *timing, unsigned walk, bool miss) {
    if (holds(timing->sets.prefetch, walk))
        return;
    bool data = timing->slot[walk].port == PORT_D;
    timing->counters[data ? COUNTER_L2TLB_D_ACCESS : COUNTER_L2TLB_I_ACCESS]++;
    timing->counters[data ? COUNTER_L2TLB_D_MISS : COUNTER_L2TLB_I_MISS] += miss;
}

/* step 1: a lookup in stage B */
void l2_lookup(struct timing *timing, struct cycle *c) {
    if (timing->stage_b.operation != STAGE_LOOKUP)
        return;
    unsigned walk = timing->stage_b.walk;
    if (timing->stage_b.cycles_left > 0) {
        c->next = timing->stage_b;
        c->next.cycles_left--;
        c->next.sizes_left--;
        return;
    }
    if (!timing->has_l2) {
        c->from_stage_b = (int)walk;
        return;
    }
    const struct tlb_key key = key_of(&timing->slot[walk]);
    struct tlb_place place;
    const struct tlb_entry *entry;
    enum lookup_result result = tlb_lookup(&timing->l2, &key, &place, &entry);
    struct mmu_event *event = emit_walk(c, EVENT_LOOKUP, walk);
    event->lookup.tlb = TLB_L2;
    event->lookup.result = result;
    event->lookup.set = (uint16_t)place.set;
    event->lookup.way = (uint16_t)place.way;
    count_lookup(timing, walk, result != LOOKUP_HIT);
    if (result == LOOKUP_HIT)
        found_in_l2(timing, c, walk, entry);
    else
        c->from_stage_b = (int)walk;
}

/* step 1: a fill in stage B */
void l2_fill(struct timing *timing, struct cycle *c) {
    if (timing->stage_b.operation != STAGE_FILL)
        return;
    struct tlb_entry entry = timing->slot[timing->stage_b.walk].entry;
    entry.damaged = c->in->inject && timing->config.parity;
    answer_fill(&timing->l2, TLB_L2, &entry, emit_walk(c, EVENT_FILL, timing->stage_b.walk));
    timing->l2_sizes |= (uint8_t)(1u << entry.size);
}

static void count_start(struct timing *timing, unsigned walk, bool restart, bool cached) {
    if (restart)
        timing->counters[COUNTER_WALK_RESTARTS]++;
    else if (!holds(timing->sets.prefetch, walk))
        timing->counters[timing->slot[walk].port == PORT_D ? COUNTER_WALKS_D : COUNTER_WALKS_I]++;
    timing->counters[COUNTER_WALK_CACHE_HITS] += cached;
}

static void start(struct timing *timing, struct cycle *c, unsigned walk, enum slot_state from) {
    struct walk_slot *slot = &timing->slot[walk];
    walk_start(&slot->walk, slot->mode, &slot->control, &slot->request);
    unsigned level, way = 0;
    const struct walk_cache_entry *cached = walk_cache_lookup(
        &timing->walk_cache, slot->mode, slot->control.asid, slot->request.va, &level, &way);
    if (cached)
        walk_skip(&slot->walk, level, cached->table, cached->global);
    struct mmu_event *event = emit_walk(c, EVENT_START, walk);
    event->start.level = slot->walk.level;
    event->start.cached = cached != NULL;
    event->start.way = (uint8_t)way;
    count_start(timing, walk, from == SLOT_RESTART, cached != NULL);
    slot->filled = 0;
    put(&timing->sets.stale, walk, false);
    put(&timing->sets.stored, walk, false);
    put(&timing->sets.failed, walk, false);
    move_walk(timing, walk, from, SLOT_READ);
}

/* step 2: at most one walk starts */
void l2_start_walk(struct timing *timing, struct cycle *c) {
    if (c->from_stage_b != NO_WALK)
        start(timing, c, (unsigned)c->from_stage_b, SLOT_LOOKUP);
    else if (c->was.in[SLOT_RESTART] && timing->stage_b.operation != STAGE_LOOKUP)
        start(timing, c, lowest(c->was.in[SLOT_RESTART]), SLOT_RESTART);
}

/* The page sizes to be read, a bit each. */
static unsigned sizes_of_lookup(const struct timing *timing, const struct mode *mode) {
    unsigned of_mode = 0;
    for (unsigned i = 0; i < mode->sizes; i++)
        of_mode |= 1u << mode->size[i];
    return of_mode & timing->l2_sizes;
}

/* Puts the lookup into stage B for the next cycle. What stage B does in this one is done. */
void l2_enter_lookup(struct timing *timing, struct cycle *c, unsigned walk) {
    c->next = (struct stage_b){.operation = STAGE_LOOKUP, .walk = (uint8_t)walk};
    if (!timing->has_l2)
        return;
    unsigned sizes = sizes_of_lookup(timing, timing->slot[walk].mode);
    if (sizes == 0)
        return;
    c->next.sizes_left = c->next.cycles_left = (uint8_t)(__builtin_popcount(sizes) - 1);
    const struct tlb_key key = key_of(&timing->slot[walk]);
    const struct tlb_entry *entry = tlb_peek(&timing->l2, &key);
    if (entry)
        c->next.cycles_left = (uint8_t)__builtin_popcount(sizes & ((1u << entry->size) - 1));
}

static bool lookup_reads_on(const struct timing *timing) {
    return timing->stage_b.operation == STAGE_LOOKUP && timing->stage_b.sizes_left > 0;
}

bool l2_stage_a_free(const struct timing *timing, const struct cycle *c) {
    return !lookup_reads_on(timing) && !c->in->fence_valid && c->was.pending == 0;
}

/* step 5, but for rule 4 */
void l2_stage_a(struct timing *timing, struct cycle *c) {
    if (lookup_reads_on(timing))
        return;
    if (c->in->fence_valid) {
        fence_sweep(timing, c);
    } else if (c->was.pending) {
        unsigned walk = lowest(c->was.pending);
        put(&timing->sets.pending, walk, false);
        c->next = (struct stage_b){.operation = STAGE_FILL, .walk = (uint8_t)walk};
    }
}
