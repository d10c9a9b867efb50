/*
 * Levels 1 to 3: every step that the hardware shows is a step of the model's.
 */
#include "inside.h"

static void finish_slot(struct lockstep *both, struct slot *slot,
                        const struct mmu_event *response) {
    enum port port = port_of(&slot->origin.request);
    struct lockstep_latency *latency = &both->latencies[response->response.level];
    uint64_t cycles = rtl_mmu_cycle(both->rtl) - slot->accepted;
    if (latency->count++ == 0 || cycles < latency->min)
        latency->min = cycles;
    if (cycles > latency->max)
        latency->max = cycles;
    latency->total += cycles;
    if (cycles > both->waits.accepted[port])
        both->waits.accepted[port] = cycles;
    both->begun_answers[port][response->response.level] += slot->begun;
    slot->hardware_pa = response->response.pa;
    slot->busy = false;
    both->under_way--;
    for (unsigned i = 0; i < WALKS; i++)
        if (both->walk[i].primary == slot)
            both->walk[i].primary = NULL;
}

/* What lockstep_begin() promised; to be wrong about it is no fault of either MMU. */
static bool keep_promise(struct lockstep *both, const struct slot *slot,
                         const struct mmu_response *model) {
    if (!slot->begun || (model->reason == FAULT_NONE && model->pa == slot->expected_pa))
        return true;
    return lockstep_diverge(both, COMPARE_ARCHITECTURAL, &slot->origin,
                            "an error of the harness: it began the request in the belief that it "
                            "comes to %llx, but both MMUs answer %llx (%s)",
                            (unsigned long long)slot->expected_pa, (unsigned long long)model->pa,
                            fault_name(model->reason));
}

/* ---- with level 3 ---- */

static bool compare(struct lockstep *both, const struct origin *origin,
                    const struct mmu_event *hardware, const struct mmu_event *model) {
    return event_equal(hardware, model) ||
           lockstep_diverge(both, compare_level_of(hardware, model), origin, "%s: %s",
                            event_name(hardware->kind), compare_explain(hardware, model));
}

/* From now on the walk is this request's, and its steps are told as those of the request. */
static void own_walk(struct walk_slot *walk, struct slot *slot) {
    walk->origin = slot->origin;
    walk->primary = slot;
    slot->walk[SIDE_HARDWARE].count = 0;
}

static bool compare_link(struct lockstep *both, struct slot *slot,
                         const struct mmu_event *hardware) {
    struct walk_slot *walk = &both->walk[hardware->walk];
    struct mmu_event model;
    const char *refusal =
        mmu_link(both->model, slot->job, walk->walk, hardware->link.merged, &model);
    if (!hardware->link.merged)
        own_walk(walk, slot);
    struct lockstep_step *step = history_add(&both->history, both->last_step, slot->origin.sequence,
                                             hardware, refusal ? NULL : &model);
    step->joined = walk->origin.sequence;
    if (refusal)
        return lockstep_diverge(both, COMPARE_WALK, &slot->origin,
                                "LINK: port %s id %u cannot wait for walk %u%s: %s",
                                port_name(hardware->port), hardware->id, hardware->walk,
                                hardware->link.merged ? ", merged" : "", refusal);
    return compare(both, &slot->origin, hardware, &model);
}

static bool compare_request_step(struct lockstep *both, struct slot *slot,
                                 const struct mmu_event *hardware) {
    if (hardware->kind == EVENT_LINK)
        return compare_link(both, slot, hardware);
    struct mmu_event model;
    bool stepped = mmu_step(both->model, slot->job, &model);
    history_add(&both->history, both->last_step, slot->origin.sequence, hardware,
                stepped ? &model : NULL);
    if (!stepped)
        return lockstep_diverge(both, compare_level_of(hardware, hardware), &slot->origin,
                                "%s: the model's request waits for a walk that is not done",
                                event_name(hardware->kind));
    if (hardware->kind == EVENT_RESPONSE)
        finish_slot(both, slot, hardware);
    return compare(both, &slot->origin, hardware, &model) &&
           (hardware->kind != EVENT_RESPONSE || keep_promise(both, slot, &model.response));
}

static bool compare_walk_step(struct lockstep *both, struct walk_slot *walk,
                              const struct mmu_event *hardware) {
    struct mmu_event model;
    const char *refusal = NULL;
    bool stepped;
    if (hardware->kind == EVENT_PREFETCH) {
        refusal = mmu_prefetch(both->model, walk->walk, &model);
        stepped = !refusal;
    } else {
        stepped = mmu_walk_step(both->model, walk->walk, &model);
    }
    history_add(&both->history, both->last_step, walk->origin.sequence, hardware,
                stepped ? &model : NULL);
    if (!stepped)
        return lockstep_diverge(both, COMPARE_WALK, &walk->origin, "%s of walk %u: %s",
                                event_name(hardware->kind), hardware->walk,
                                refusal ? refusal : "the model's walk has no step to take");
    return compare(both, &walk->origin, hardware, &model);
}

/* ---- without ---- */

/*
 * The model translates by itself when the hardware answers. A request that was merged has no walk
 * of its own in the hardware: answers are compared, walks only of those that had one.
 */
static bool compare_answers(struct lockstep *both, struct slot *slot,
                            const struct mmu_event *hardware) {
    struct mmu_event model = {.kind = EVENT_RESPONSE};
    slot->walk[SIDE_MODEL].count = 0;
    while (mmu_step(both->model, slot->job, &model)) {
        walk_log_add(&slot->walk[SIDE_MODEL], &model);
        history_add(&both->history, both->last_step, slot->origin.sequence, NULL, &model);
    }
    finish_slot(both, slot, hardware);
    struct mmu_event same_level = *hardware;
    same_level.response.level = model.response.level;
    if (!event_equal(&same_level, &model))
        return lockstep_diverge(both, COMPARE_ARCHITECTURAL, &slot->origin, "the answers differ");
    if (!walk_log_agree(&slot->walk[SIDE_HARDWARE], &slot->walk[SIDE_MODEL]))
        return lockstep_diverge(both, COMPARE_WALK, &slot->origin, "the walks differ");
    return keep_promise(both, slot, &model.response);
}

static bool follow_request(struct lockstep *both, struct slot *slot,
                           const struct mmu_event *hardware) {
    struct lockstep_step *step =
        history_add(&both->history, both->last_step, slot->origin.sequence, hardware, NULL);
    if (hardware->kind == EVENT_RESPONSE)
        return compare_answers(both, slot, hardware);
    if (hardware->kind != EVENT_LINK)
        return true;
    struct walk_slot *walk = &both->walk[hardware->walk];
    slot->walk[SIDE_HARDWARE].count = 0; /* of a walk that did not serve it */
    if (!hardware->link.merged)
        own_walk(walk, slot);
    step->joined = walk->origin.sequence;
    return true;
}

static bool follow_walk(struct lockstep *both, struct walk_slot *walk,
                        const struct mmu_event *hardware) {
    history_add(&both->history, both->last_step, walk->origin.sequence, hardware, NULL);
    if (walk->primary)
        walk_log_add(&walk->primary->walk[SIDE_HARDWARE], hardware);
    return true;
}

/* ---- both ---- */

/* Whether the walk may still show steps, so that a drain knows when to end. */
static void note_walk(struct lockstep *both, struct walk_slot *walk,
                      const struct mmu_event *event) {
    switch (event->kind) {
    case EVENT_PREFETCH:
        walk->primary = NULL;
        walk->busy = true;
        walk->ended = false;
        break;
    case EVENT_LINK:
        if (event->link.merged)
            break;
        walk->busy = true;
        walk->ended = false;
        break;
    case EVENT_START:
        walk->busy = true;
        walk->ended = false;
        break;
    case EVENT_LOOKUP:
        walk->busy = event->lookup.result != LOOKUP_HIT;
        break;
    case EVENT_END:
        walk->ended = true;
        walk->busy = event->end.reason == FAULT_NONE && lockstep_has_l2(both);
        break;
    case EVENT_FILL:
        walk->busy = false;
        break;
    case EVENT_READ:
    case EVENT_UPDATE:
    case EVENT_REPLAY:
    case EVENT_RESPONSE:
        break;
    }
}

bool lockstep_compare_step(struct lockstep *both, const struct mmu_event *hardware) {
    both->last_step = rtl_mmu_cycle(both->rtl);
    if (both->listener)
        both->listener(both->listener_context, hardware);
    if (hardware->kind == EVENT_START && both->dumping && both->marks < LOCKSTEP_MARKS)
        both->mark[both->marks++] = both->last_step;
    bool of_walk = event_of_walk(hardware);
    struct slot *slot = &both->slot[hardware->port][hardware->id];
    struct walk_slot *walk = &both->walk[hardware->walk];
    if ((of_walk || hardware->kind == EVENT_LINK) && hardware->walk >= both->config->walks)
        return lockstep_diverge(both, COMPARE_WALK, NULL, "the hardware shows %s of walk %u of %u",
                                event_name(hardware->kind), hardware->walk, both->config->walks);
    if (!of_walk && !slot->busy)
        return lockstep_diverge(both, compare_level_of(hardware, hardware), NULL,
                                "the hardware shows %s for port %s id %u, which has no request "
                                "under way",
                                event_name(hardware->kind), port_name(hardware->port),
                                hardware->id);
    if (of_walk || hardware->kind == EVENT_LINK)
        note_walk(both, walk, hardware);
    if (both->options.no_tlb_check)
        return of_walk ? follow_walk(both, walk, hardware) : follow_request(both, slot, hardware);
    return of_walk ? compare_walk_step(both, walk, hardware)
                   : compare_request_step(both, slot, hardware);
}
