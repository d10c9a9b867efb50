/*
 * A cycle of both sides, and what is made of cycles: translations, fences, drains.
 */
#include "inside.h"

/* Cycles from one look for requests that wait too long to the next. */
#define OVERDUE_EVERY 1024

static void drive_inputs(struct lockstep *both, const struct lockstep_offer *offer) {
    struct mmu_inputs *in = rtl_mmu_in(both->rtl);
    for (int port = 0; port < PORTS; port++) {
        const struct mmu_request *request = offer->request[port];
        in->req[port].valid = request != NULL;
        if (!request)
            continue;
        in->req[port].id = request->id;
        in->req[port].access = request->access;
        in->req[port].priv = request->priv;
        in->req[port].va = request->va;
    }
    in->fence_valid = offer->fence != NULL;
    if (offer->fence)
        in->fence = *offer->fence;
    in->inject = offer->inject;
    in->inject_bit = offer->inject_bit;
    mmu_inject(both->model, offer->inject);
    /* Another one in every cycle, so that each is looked at now and then. */
    in->counter_select = (enum counter)(rtl_mmu_cycle(both->rtl) % COUNTERS);
    memport_drive(&both->port, rtl_mmu_cycle(both->rtl), in);
}

static void accept(struct lockstep *both, const struct mmu_request *request) {
    enum port port = port_of(request);
    struct slot *slot = &both->slot[port][request->id];
    slot->busy = true;
    slot->begun = false;
    slot->accepted = both->last_step = rtl_mmu_cycle(both->rtl);
    slot->origin = (struct origin){
        .position = both->offered_position[port],
        .sequence = ++both->sequence,
        .request = *request,
        .control = both->control,
    };
    slot->walk[SIDE_HARDWARE].count = 0;
    mmu_begin(both->model, slot->job, request);
    both->under_way++;
}

/* A walk that ended and was not kept yet is given up. */
static void fence_model(struct lockstep *both, const struct mmu_fence *fence) {
    mmu_fence(both->model, fence);
    both->last_step = rtl_mmu_cycle(both->rtl);
    for (unsigned i = 0; i < WALKS; i++)
        if (both->walk[i].ended)
            both->walk[i].busy = false;
}

static void take_handshakes(struct lockstep *both, const struct mmu_outputs *out,
                            struct lockstep_offer *offer) {
    memport_sample(&both->port, rtl_mmu_cycle(both->rtl), out);
    offer->acknowledged = offer->fence && out->fence_ready;
    if (offer->acknowledged)
        fence_model(both, offer->fence);
    for (int port = 0; port < PORTS; port++) {
        offer->accepted[port] = offer->request[port] && out->req_ready[port];
        if (offer->accepted[port])
            accept(both, offer->request[port]);
    }
}

/* How long each port's request has been offered, and whether that is too long. */
static void watch_offers(struct lockstep *both, const struct lockstep_offer *offer) {
    for (int port = 0; port < PORTS; port++) {
        uint64_t *cycles = &both->offered_cycles[port];
        if (!offer->request[port] || offer->accepted[port] || offer->fence) {
            *cycles = 0;
            both->overtaken[port] = false;
            continue;
        }
        both->overtaken[port] |= offer->accepted[!port];
        if (++*cycles > both->waits.offered[port])
            both->waits.offered[port] = *cycles;
        if (*cycles > both->starved_cycles && both->overtaken[port])
            lockstep_diverge(both, COMPARE_ARCHITECTURAL, NULL,
                             "port %s is starved: its request is not taken for %llu cycles, while "
                             "the other port's are",
                             port_name((enum port)port), (unsigned long long)*cycles);
    }
}

static bool walks_busy(const struct lockstep *both) {
    for (unsigned i = 0; i < WALKS; i++)
        if (both->walk[i].busy)
            return true;
    return false;
}

/* Steps may go on for ever and come to nothing: each request has its own limit. */
static const struct slot *overdue(const struct lockstep *both, uint64_t cycle) {
    for (int port = 0; port < PORTS; port++)
        for (unsigned id = 0; id < IDS; id++) {
            const struct slot *slot = &both->slot[port][id];
            if (slot->busy && cycle - slot->accepted > both->options.hang_cycles)
                return slot;
        }
    return NULL;
}

static void watch_progress(struct lockstep *both, const struct lockstep_offer *offer) {
    bool waits = both->under_way > 0 || offer->fence || offer->request[PORT_I] ||
                 offer->request[PORT_D] || walks_busy(both);
    uint64_t cycle = rtl_mmu_cycle(both->rtl);
    const struct slot *late = cycle % OVERDUE_EVERY == 0 ? overdue(both, cycle) : NULL;
    if (!waits)
        both->last_step = cycle;
    else if (cycle - both->last_step > both->options.hang_cycles)
        lockstep_diverge(both, COMPARE_ARCHITECTURAL, NULL,
                         "the hardware hangs: no step for %llu cycles",
                         (unsigned long long)both->options.hang_cycles);
    if (late)
        lockstep_diverge(both, COMPARE_ARCHITECTURAL, &late->origin,
                         "the hardware hangs: it has not answered port %s id %u for %llu cycles",
                         port_name(port_of(&late->origin.request)), late->origin.request.id,
                         (unsigned long long)(cycle - late->accepted));
}

bool lockstep_cycle(struct lockstep *both, struct lockstep_offer *offer) {
    if (both->divergence.level != COMPARE_NONE)
        return false;
    if (both->dump_path && !lockstep_follow_dump(both))
        return lockstep_diverge(both, COMPARE_ARCHITECTURAL, NULL, "cannot write %s",
                                both->dump_path);
    drive_inputs(both, offer);
    rtl_mmu_settle(both->rtl);
    const struct mmu_outputs *out = rtl_mmu_out(both->rtl);
    both->counter[rtl_mmu_in(both->rtl)->counter_select] = out->counter;
    take_handshakes(both, out, offer);
    for (unsigned i = 0; i < out->events; i++)
        if (!lockstep_compare_step(both, &out->event[i]))
            break;
    if (both->twin)
        lockstep_compare_cycle(both, out);
    rtl_mmu_tick(both->rtl);
    if (rtl_mmu_failed(both->rtl))
        lockstep_diverge(both, COMPARE_ARCHITECTURAL, NULL, "an assertion of the hardware failed");
    watch_offers(both, offer);
    watch_progress(both, offer);
    return both->divergence.level == COMPARE_NONE;
}

/* ---- one request after the other ---- */

static uint8_t free_id(struct lockstep *both, enum port port) {
    uint8_t id = both->next_id[port];
    while (both->slot[port][id].busy)
        id = (uint8_t)((id + 1) % IDS);
    both->next_id[port] = (uint8_t)((id + 1) % IDS);
    return id;
}

/* Returns once the answer is certain; the slot of the request. NULL: diverged. */
static struct slot *translate(struct lockstep *both, const struct mmu_request *request,
                              struct mmu_response *response) {
    if (lockstep_in_flight(both) > 1 && !lockstep_drain(both))
        return NULL;
    struct mmu_request numbered = *request;
    enum port port = port_of(request);
    numbered.id = free_id(both, port);
    both->offered_position[port] = both->position;
    struct slot *slot = &both->slot[port][numbered.id];
    struct lockstep_offer offer = {.fence = NULL};
    offer.request[port] = &numbered;
    do {
        if (!lockstep_cycle(both, &offer))
            return NULL;
    } while (!offer.accepted[port]);
    offer.request[port] = NULL;
    const struct mmu_response *answer;
    while (!(answer = mmu_job_answer(slot->job)))
        if (!lockstep_cycle(both, &offer))
            return NULL;
    *response = *answer;
    return slot;
}

bool lockstep_translate(struct lockstep *both, const struct mmu_request *request,
                        struct mmu_response *response) {
    return translate(both, request, response) != NULL;
}

bool lockstep_translate_both(struct lockstep *both, const struct mmu_request *request,
                             struct mmu_response *response, uint64_t pa[SIDES]) {
    const struct slot *slot = translate(both, request, response);
    if (!slot)
        return false;
    struct lockstep_offer offer = {.fence = NULL};
    while (slot->busy)
        if (!lockstep_cycle(both, &offer))
            return false;
    pa[SIDE_HARDWARE] = slot->hardware_pa;
    pa[SIDE_MODEL] = response->pa;
    return true;
}

bool lockstep_fence(struct lockstep *both, const struct mmu_fence *fence) {
    struct lockstep_offer offer = {.fence = fence};
    do {
        if (!lockstep_cycle(both, &offer))
            return false;
    } while (!offer.acknowledged);
    return true;
}

/* ---- several at once ---- */

unsigned lockstep_in_flight(const struct lockstep *both) {
    return both->options.in_flight ? both->options.in_flight : 1;
}

/* One cycle with the requests that wait to be taken. */
static bool offer_waiting(struct lockstep *both) {
    struct lockstep_offer offer = {.fence = NULL};
    for (int port = 0; port < PORTS; port++)
        if (both->waiting[port].valid)
            offer.request[port] = &both->waiting[port].request;
    bool agreed = lockstep_cycle(both, &offer);
    for (int port = 0; port < PORTS; port++) {
        struct waiting *waiting = &both->waiting[port];
        if (!offer.accepted[port])
            continue;
        struct slot *slot = &both->slot[port][waiting->request.id];
        slot->begun = true;
        slot->expected_pa = waiting->pa;
        waiting->valid = false;
    }
    return agreed;
}

bool lockstep_begin(struct lockstep *both, const struct mmu_request *request,
                    struct mmu_response *expected, bool *begun) {
    enum port port = port_of(request);
    *begun = lockstep_foresee(both, request, expected);
    if (!*begun)
        return true;
    while (both->waiting[port].valid ||
           both->under_way + both->waiting[!port].valid >= lockstep_in_flight(both))
        if (!offer_waiting(both))
            return false;
    both->waiting[port] = (struct waiting){true, *request, expected->pa};
    both->waiting[port].request.id = free_id(both, port);
    both->offered_position[port] = both->position;
    return true;
}

bool lockstep_drain(struct lockstep *both) {
    while (both->under_way > 0 || both->port.count > 0 || both->waiting[PORT_I].valid ||
           both->waiting[PORT_D].valid || walks_busy(both))
        if (!offer_waiting(both))
            return false;
    return both->divergence.level == COMPARE_NONE;
}

void lockstep_read_counters(struct lockstep *both, uint64_t counter[COUNTERS]) {
    lockstep_drain(both);
    uint64_t cycles = lockstep_cycles(both);
    for (int i = 0; i < COUNTERS && offer_waiting(both); i++)
        ; /* nothing waits: an idle cycle, in which another one is selected */
    for (int i = 0; i < COUNTERS; i++)
        counter[i] = both->counter[i];
    counter[COUNTER_CYCLES] = cycles;
}
