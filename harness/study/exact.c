#include "exact.h"

#include "lockstep/memport.h"

#include <stdlib.h>
#include <string.h>

/* Requests of a port that it has not accepted yet, in order, and those that it has, by id. */
struct exact_port {
    struct {
        struct mmu_request request;
        struct mmu_response expected;
        uint64_t accepted; /* cycle */
    } sent[IN_FLIGHT_MAX]; /* by id */
    uint8_t waiting[IN_FLIGHT_MAX], free[IN_FLIGHT_MAX];
    unsigned first, waits, frees;
};

struct exact {
    struct timing *timing;
    struct memport memport;
    struct mmu_inputs in;
    struct mmu_outputs out;
    struct exact_port port[PORTS];
    unsigned in_flight, outstanding;
    uint64_t differences;
    struct timing_figures figures; /* those that no counter of the twin has */
};

struct exact *exact_create(const struct mmu_config *config, unsigned in_flight,
                           struct physmem *memory, struct latency *latency, const char **why) {
    *why = "out of memory";
    struct exact *exact = calloc(1, sizeof *exact);
    if (!exact)
        return NULL;
    exact->timing = timing_create(config, why);
    if (!exact->timing) {
        exact_destroy(exact);
        return NULL;
    }
    memport_init(&exact->memport, memory, latency, 0, 0);
    exact->in_flight = in_flight;
    for (int port = 0; port < PORTS; port++)
        for (unsigned id = 0; id < IN_FLIGHT_MAX; id++)
            exact->port[port].free[exact->port[port].frees++] = (uint8_t)id;
    return exact;
}

void exact_destroy(struct exact *exact) {
    if (!exact)
        return;
    timing_destroy(exact->timing);
    free(exact);
}

static void offer(struct exact *exact) {
    for (int i = 0; i < PORTS; i++) {
        const struct exact_port *port = &exact->port[i];
        exact->in.req[i].valid = port->waits > 0;
        if (port->waits == 0)
            continue;
        uint8_t id = port->waiting[port->first];
        const struct mmu_request *request = &port->sent[id].request;
        exact->in.req[i].id = id;
        exact->in.req[i].access = request->access;
        exact->in.req[i].priv = request->priv;
        exact->in.req[i].va = request->va;
    }
}

static void take_accepted(struct exact *exact, uint64_t cycle) {
    for (int i = 0; i < PORTS; i++) {
        struct exact_port *port = &exact->port[i];
        if (!exact->in.req[i].valid || !exact->out.req_ready[i])
            continue;
        port->sent[port->waiting[port->first]].accepted = cycle;
        port->first = (port->first + 1) % IN_FLIGHT_MAX;
        port->waits--;
    }
}

static bool as_expected(const struct mmu_response *got, const struct mmu_response *expected) {
    return got->reason == expected->reason && got->pa == expected->pa &&
           got->size == expected->size;
}

static void take_response(struct exact *exact, const struct mmu_event *event, uint64_t cycle) {
    struct exact_port *port = &exact->port[event->port];
    struct timing_figures *figures = &exact->figures;
    port->free[port->frees++] = event->id;
    exact->outstanding--;
    exact->differences += !as_expected(&event->response, &port->sent[event->id].expected);
    figures->translations++;
    if (event->response.level != LEVEL_L2 && event->response.level != LEVEL_WALK)
        return;
    uint64_t took = cycle - port->sent[event->id].accepted;
    figures->misses++;
    figures->miss_cycles += took;
    if (took > figures->miss_cycles_max)
        figures->miss_cycles_max = took;
}

static void step(struct exact *exact) {
    uint64_t cycle = timing_cycles(exact->timing);
    offer(exact);
    memport_drive(&exact->memport, cycle, &exact->in);
    timing_cycle(exact->timing, &exact->in, &exact->out);
    memport_sample(&exact->memport, cycle, &exact->out);
    take_accepted(exact, cycle);
    for (unsigned i = 0; i < exact->out.events; i++)
        if (exact->out.event[i].kind == EVENT_RESPONSE)
            take_response(exact, &exact->out.event[i], cycle);
}

void exact_send(struct exact *exact, const struct mmu_request *request,
                const struct mmu_response *expected) {
    while (exact->outstanding == exact->in_flight)
        step(exact);
    struct exact_port *port = &exact->port[request->access == ACCESS_EXECUTE ? PORT_I : PORT_D];
    uint8_t id = port->free[--port->frees];
    port->sent[id].request = *request;
    port->sent[id].expected = *expected;
    port->waiting[(port->first + port->waits++) % IN_FLIGHT_MAX] = id;
    exact->outstanding++;
}

void exact_settle(struct exact *exact) {
    while (exact->outstanding > 0)
        step(exact);
}

void exact_control(struct exact *exact, const struct mmu_control *control) {
    exact_settle(exact);
    exact->in.control = *control;
}

void exact_fence(struct exact *exact, const struct mmu_fence *fence) {
    exact_settle(exact);
    exact->in.fence_valid = true;
    exact->in.fence = *fence;
    do
        step(exact);
    while (!exact->out.fence_ready);
    exact->in.fence_valid = false;
}

uint64_t exact_differences(const struct exact *exact) {
    return exact->differences;
}

void exact_figures(const struct exact *exact, struct timing_figures *figures) {
    const uint64_t *counter = timing_counters(exact->timing);
    *figures = exact->figures;
    figures->cycles = timing_cycles(exact->timing);
    figures->walks = counter[COUNTER_WALKS_I] + counter[COUNTER_WALKS_D];
    figures->pte_reads = counter[COUNTER_PTE_READS];
    figures->walk_cache_hits = counter[COUNTER_WALK_CACHE_HITS];
    figures->merges = counter[COUNTER_MERGES];
    figures->prefetches = counter[COUNTER_PREFETCHES];
    figures->stalls[PORT_I] = counter[COUNTER_STALLS_I];
    figures->stalls[PORT_D] = counter[COUNTER_STALLS_D];
    figures->walk_cycles = counter[COUNTER_WALK_CYCLES];
}
