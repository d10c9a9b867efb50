/*
 * The twin as a whole: its creation, and the order of the steps within a cycle.
 */
#include "pipeline.h"

#include <stdlib.h>
#include <string.h>

static const char *config_fault(const struct mmu_config *config) {
    for (int i = 0; i < TLBS; i++) {
        const struct tlb_config *tlb = &config->tlb[i];
        if (i == TLB_L2 && tlb->sets == 0)
            continue;
        if (tlb->sets == 0 || tlb->ways == 0)
            return "a TLB needs at least one set and one way";
        if (tlb->ways > 1024 || tlb->sets > 65536 || tlb->sets * tlb->ways > 65536)
            return "a TLB has at most 1024 ways and 65536 entries";
        if (tlb->policy >= POLICIES)
            return "no such replacement policy";
    }
    if (config->walks < 1 || config->walks > WALKS_MAX)
        return "walks in flight are 1 to 16";
    for (int i = 0; i < PORTS; i++)
        if (config->misses[i] < 1 || config->misses[i] > MISSES_MAX)
            return "a miss file has 1 to 32 entries";
    if (config->walk_cache > WALK_CACHE_ENTRIES)
        return "the walk cache has at most 64 entries a level";
    return config->seed >> 14 ? "the seed has at most 14 bits" : NULL;
}

static bool create_tlbs(struct timing *timing) {
    struct tlb *const tlb[TLBS] = {&timing->port[PORT_I].l1, &timing->port[PORT_D].l1, &timing->l2};
    for (unsigned i = 0; i < (timing->has_l2 ? TLBS : TLB_L2); i++) {
        uint32_t random =
            (uint32_t)TW_RANDOM_SEED_HIGH << 16 | (uint32_t)timing->config.seed << 2 | i;
        if (!tlb_init(tlb[i], &timing->config.tlb[i], random))
            return false;
    }
    return walk_cache_init(&timing->walk_cache, timing->config.walk_cache);
}

struct timing *timing_create(const struct mmu_config *config, const char **why) {
    *why = config_fault(config);
    if (*why)
        return NULL;
    *why = "out of memory";
    struct timing *timing = calloc(1, sizeof *timing);
    if (!timing)
        return NULL;
    timing->config = *config;
    timing->has_l2 = config->tlb[TLB_L2].sets > 0;
    timing->all = (walk_set)((1u << config->walks) - 1);
    timing->sets.in[SLOT_IDLE] = timing->all;
    timing->prefer = PORT_D;
    timing->last_mode = MODE_BARE;
    for (unsigned port = 0; port < PORTS; port++) {
        timing->port[port].misses = config->misses[port];
        timing->port[port].all = UINT32_MAX >> (MISSES_MAX - config->misses[port]);
    }
    if (!create_tlbs(timing)) {
        timing_destroy(timing);
        return NULL;
    }
    *why = NULL;
    return timing;
}

void timing_destroy(struct timing *timing) {
    if (!timing)
        return;
    tlb_free(&timing->port[PORT_I].l1);
    tlb_free(&timing->port[PORT_D].l1);
    tlb_free(&timing->l2);
    walk_cache_free(&timing->walk_cache);
    free(timing);
}

uint64_t timing_cycles(const struct timing *timing) {
    return timing->counters[COUNTER_CYCLES];
}

const uint64_t *timing_counters(const struct timing *timing) {
    return timing->counters;
}

static walk_set spent_walks(const struct timing *timing) {
    walk_set spent =
        timing->sets.in[SLOT_DONE] & (walk_set) ~(timing->sets.linked | timing->sets.pending);
    if (timing->stage_b.operation == STAGE_FILL)
        put(&spent, timing->stage_b.walk, false);
    return spent;
}

bool timing_idle(const struct timing *timing) {
    walk_set resting =
        timing->sets.in[SLOT_IDLE] | (spent_walks(timing) & (walk_set)~timing->sets.next);
    for (unsigned port = 0; port < PORTS; port++)
        if (timing->port[port].busy || timing->port[port].shown.valid)
            return false;
    return resting == timing->all && timing->stage_b.operation == STAGE_NONE;
}

static void begin_cycle(struct timing *timing, struct cycle *c) {
    c->was = timing->sets;
    c->spent = spent_walks(timing);
    c->to_prefetch = c->spent & timing->sets.next;
    c->free = c->was.in[SLOT_IDLE] | (c->spent & (walk_set)~c->to_prefetch);
    c->from_stage_b = c->ended = c->hit = c->offered = NO_WALK;
    c->next.operation = STAGE_NONE;
    for (unsigned port = 0; port < PORTS; port++) {
        c->request[port] = (struct acceptance){.accepted = false};
        c->answer[port].valid = false;
    }
    if (c->in->control.mode != timing->last_mode) {
        timing->last_mode = c->in->control.mode;
        timing->mode = mode_find(timing->last_mode);
    }
}

static void show_ready(const struct timing *timing, struct cycle *c) {
    for (unsigned i = 0; i < PORTS; i++) {
        const struct request_port *port = &timing->port[i];
        c->out->req_ready[i] = !c->in->fence_valid && port->busy != port->all && port->waited < 4;
    }
    c->out->fence_ready = fence_ready(timing, c);
    c->out->counter =
        c->in->counter_select < COUNTERS ? timing->counters[c->in->counter_select] : 0;
}

static void count_cycle(struct timing *timing, const struct cycle *c) {
    const walk_set *in = c->was.in;
    timing->counters[COUNTER_CYCLES]++;
    timing->counters[COUNTER_WALK_CYCLES] += (in[SLOT_READ] | in[SLOT_READ_WAIT] | in[SLOT_UPDATE] |
                                              in[SLOT_UPDATE_WAIT] | in[SLOT_RESTART]) != 0;
    timing->counters[COUNTER_STALLS_I] += c->in->req[PORT_I].valid && !c->out->req_ready[PORT_I];
    timing->counters[COUNTER_STALLS_D] += c->in->req[PORT_D].valid && !c->out->req_ready[PORT_D];
}

/* step 9 */
static void respond(struct timing *timing, struct cycle *c) {
    for (enum port port = PORT_I; port < PORTS; port++) {
        struct answer *shown = &timing->port[port].shown;
        if (shown->valid) {
            emit_request(c, EVENT_RESPONSE, port, shown->id)->response = shown->response;
            timing->counters[COUNTER_FAULTS] += shown->response.reason != FAULT_NONE;
        }
        shown->valid = c->answer[port].valid;
        if (shown->valid)
            *shown = c->answer[port];
    }
}

/* The steps in the order of their events; what a later one reads of the start of the cycle is in
 * `c` or not yet changed. */
static void perform_steps(struct timing *timing, struct cycle *c) {
    struct returns returns;
    l2_lookup(timing, c);
    l2_start_walk(timing, c);
    page_table_offer(timing, c);
    page_table_answer(timing, c);
    l2_fill(timing, c);
    requests_accept(timing, c);
    returns_choose(timing, c, &returns);
    l2_stage_a(timing, c);
    requests_link(timing, c);
    returns_perform(timing, c, &returns);
    returns_prefetch(timing, c);
    respond(timing, c);
    timing->stage_b = c->next;
}

void timing_cycle(struct timing *timing, const struct mmu_inputs *in, struct mmu_outputs *out) {
    struct cycle c;
    c.in = in;
    c.out = out;
    out->events = 0;
    begin_cycle(timing, &c);
    show_ready(timing, &c);
    count_cycle(timing, &c);
    if (out->fence_ready) {
        page_table_offer(timing, &c);
        fence_happens(timing, &c);
    } else {
        perform_steps(timing, &c);
    }
}
