/*
 * The page-table port: docs/timing.md, step 3 (its answers) and step 6 (its requests).
 */
#include "pipeline.h"

/* A prefetch of the next page may follow: step 8 but for what changes while the walk is DONE. */
static bool next_page_follows(const struct timing *timing, unsigned walk) {
    const struct walk_slot *slot = &timing->slot[walk];
    return timing->config.prefetch && timing->has_l2 && !holds(timing->sets.failed, walk) &&
           !holds(timing->sets.prefetch, walk) && slot->entry.size == PAGE_4K &&
           (slot->vpn & 0x1ff) != 0x1ff;
}

static void end(struct timing *timing, struct cycle *c, unsigned walk, enum slot_state from) {
    struct walk_slot *slot = &timing->slot[walk];
    bool failed = slot->walk.state == WALK_FAILED;
    struct mmu_event *event = emit_walk(c, EVENT_END, walk);
    event->end.reason = failed ? slot->walk.reason : FAULT_NONE;
    event->end.level = slot->walk.level;
    if (!failed)
        walk_entry(&slot->walk, &slot->entry);
    slot->from = LEVEL_WALK;
    put(&timing->sets.failed, walk, failed);
    put(&timing->sets.pending, walk, !failed && timing->has_l2);
    put(&timing->sets.next, walk, next_page_follows(timing, walk));
    move_walk(timing, walk, from, SLOT_DONE);
    c->ended = (int)walk;
}

static void take_read(struct timing *timing, struct cycle *c, unsigned walk) {
    struct walk_slot *slot = &timing->slot[walk];
    struct walk *state = &slot->walk;
    bool error = c->in->ptw_resp_error;
    uint64_t value = error ? 0 : c->in->ptw_resp_data;
    if (slot->mode->pte_bytes == 4)
        value = (uint32_t)value;
    unsigned level = state->level;
    struct mmu_event *event = emit_walk(c, EVENT_READ, walk);
    event->read.level = (uint8_t)level;
    event->read.error = error;
    event->read.pa = walk_pte_pa(state);
    event->read.value = value;
    timing->counters[COUNTER_PTE_READS]++;
    walk_take_pte(state, error, value);
    switch (state->state) {
    case WALK_WANTS_PTE: /* a pointer */
        walk_cache_fill(&timing->walk_cache, slot->mode, slot->control.asid, slot->request.va,
                        level, state->table, state->global);
        move_walk(timing, walk, SLOT_READ_WAIT, SLOT_READ);
        break;
    case WALK_WANTS_UPDATE:
        move_walk(timing, walk, SLOT_READ_WAIT, SLOT_UPDATE);
        break;
    case WALK_DONE:
    case WALK_FAILED:
        end(timing, c, walk, SLOT_READ_WAIT);
        break;
    }
}

static void take_update(struct timing *timing, struct cycle *c, unsigned walk) {
    struct walk *state = &timing->slot[walk].walk;
    bool error = c->in->ptw_resp_error;
    uint64_t old = error ? 0 : c->in->ptw_resp_data;
    if (state->mode->pte_bytes == 4)
        old = (uint32_t)old;
    struct mmu_event *event = emit_walk(c, EVENT_UPDATE, walk);
    event->update.error = error;
    event->update.pa = walk_pte_pa(state);
    event->update.old = old;
    event->update.desired = state->desired;
    event->update.stored = walk_take_update(state, error, old);
    timing->counters[COUNTER_PTE_UPDATES] += event->update.stored;
    put(&timing->sets.stored, walk, event->update.stored);
    if (state->state == WALK_WANTS_PTE)
        move_walk(timing, walk, SLOT_UPDATE_WAIT, SLOT_READ);
    else
        end(timing, c, walk, SLOT_UPDATE_WAIT);
}

/* step 3 */
void page_table_answer(struct timing *timing, struct cycle *c) {
    if (!c->in->ptw_resp_valid || c->in->ptw_resp_id >= timing->config.walks)
        return;
    unsigned walk = c->in->ptw_resp_id;
    if (holds(c->was.in[SLOT_UPDATE_WAIT], walk))
        take_update(timing, c, walk);
    else if (!holds(c->was.in[SLOT_READ_WAIT], walk))
        return;
    else if (holds(c->was.stale, walk))
        move_walk(timing, walk, SLOT_READ_WAIT, SLOT_RESTART);
    else
        take_read(timing, c, walk);
}

/* The walk whose request is offered, or NO_WALK. */
static int choose(const struct timing *timing, const struct cycle *c) {
    if (timing->offered)
        return (int)timing->offered_walk;
    walk_set wanting = c->was.in[SLOT_READ];
    if (!c->in->fence_valid)
        wanting |= c->was.in[SLOT_UPDATE];
    return wanting ? (int)first_from(wanting, timing->ptw_turn) : c->from_stage_b;
}

static void show_request(const struct walk *state, bool update, struct mmu_outputs *out) {
    out->ptw_req_valid = true;
    out->ptw_req_cas = update;
    out->ptw_req_word = state->mode->pte_bytes == 4;
    out->ptw_req_pa = walk_pte_pa(state);
    out->ptw_req_expect = update ? state->pte : 0;
    out->ptw_req_desired = update ? state->desired : 0;
}

static void show_nothing(struct mmu_outputs *out) {
    out->ptw_req_valid = out->ptw_req_cas = out->ptw_req_word = false;
    out->ptw_req_id = 0;
    out->ptw_req_pa = out->ptw_req_expect = out->ptw_req_desired = 0;
}

/* step 6 */
void page_table_offer(struct timing *timing, struct cycle *c) {
    c->offered = choose(timing, c);
    if (c->offered == NO_WALK) {
        show_nothing(c->out);
        return;
    }
    unsigned walk = (unsigned)c->offered;
    bool update = holds(c->was.in[SLOT_UPDATE], walk);
    show_request(&timing->slot[walk].walk, update, c->out);
    c->out->ptw_req_id = (uint8_t)walk;
    timing->offered = !c->in->ptw_req_ready;
    timing->offered_walk = walk;
    if (!c->in->ptw_req_ready)
        return;
    if (update)
        move_walk(timing, walk, SLOT_UPDATE, SLOT_UPDATE_WAIT);
    else
        move_walk(timing, walk, SLOT_READ, SLOT_READ_WAIT);
    timing->ptw_turn = walk + 1 == timing->config.walks ? 0 : walk + 1;
}
