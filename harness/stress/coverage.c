#include "coverage.h"

#define WALKS (1u << TW_PTW_ID_W)

static void watch_lookup(struct stress_watch *watch, const struct mmu_event *event) {
    watch->coverage->clean_hits += event->lookup.result == LOOKUP_CLEAN;
    if (event_of_walk(event) || event->lookup.result == LOOKUP_HIT)
        return;
    watch->request[event->port][event->id].missed = true;
    watch->missed[event->port]++;
}

static void watch_link(struct stress_watch *watch, const struct mmu_event *event) {
    watch->request[event->port][event->id].walk = event->walk;
    if (event->link.merged) {
        watch->coverage->merges++;
        watch->coverage->merges_of_other_port += watch->walk[event->walk].port != event->port;
        watch->coverage->prefetch_merges += watch->walk[event->walk].prefetch;
        return;
    }
    watch->walk[event->walk].begun = watch->walk[event->walk].prefetch = false;
    watch->walk[event->walk].failed = false;
    watch->walk[event->walk].port = event->port;
}

static void watch_replay(struct stress_watch *watch, const struct mmu_event *event) {
    bool failed = watch->walk[watch->request[event->port][event->id].walk].failed;
    watch->coverage->failed_replays += failed;
    watch->coverage->clean_replays += !failed;
}

static void watch_start(struct stress_watch *watch, const struct mmu_event *event) {
    watch->coverage->restarts += watch->walk[event->walk].begun;
    watch->coverage->walk_cache_hits += event->start.cached;
    watch->walk[event->walk].begun = watch->walk[event->walk].walking = true;
    watch->walk[event->walk].failed = false;
    watch->walk[event->walk].reads = 0;
}

static void watch_response(struct stress_watch *watch, const struct mmu_event *event) {
    struct stress_coverage *coverage = watch->coverage;
    coverage->answers[event->response.reason]++;
    coverage->answers_from[event->response.level]++;
    if (event->response.reason == FAULT_NONE && event->response.level != LEVEL_NONE)
        coverage->page_sizes[event->response.size]++;
    if (watch->request[event->port][event->id].missed)
        watch->missed[event->port]--;
    else
        coverage->hits_under_miss += watch->missed[event->port] > 0;
    watch->request[event->port][event->id].missed = false;
}

void stress_watch_event(struct stress_watch *watch, const struct mmu_event *event) {
    struct stress_coverage *coverage = watch->coverage;
    switch (event->kind) {
    case EVENT_LOOKUP:
        watch_lookup(watch, event);
        break;
    case EVENT_LINK:
        watch_link(watch, event);
        break;
    case EVENT_REPLAY:
        watch_replay(watch, event);
        break;
    case EVENT_PREFETCH:
        coverage->prefetches++;
        watch->walk[event->walk].begun = false;
        watch->walk[event->walk].prefetch = true;
        break;
    case EVENT_START:
        watch_start(watch, event);
        break;
    case EVENT_READ:
        coverage->read_errors[event->read.level] += event->read.error;
        if (watch->walk[event->walk].reads < STRESS_READS - 1)
            watch->walk[event->walk].reads++;
        break;
    case EVENT_UPDATE:
        coverage->updates += event->update.stored;
        coverage->lost_updates += !event->update.stored && !event->update.error;
        break;
    case EVENT_END:
        watch->walk[event->walk].walking = false;
        watch->walk[event->walk].failed = event->end.reason != FAULT_NONE;
        break;
    case EVENT_FILL:
        coverage->evictions += event->fill.evicted;
        coverage->injected += event_of_walk(event) && watch->injecting;
        break;
    case EVENT_RESPONSE:
        watch_response(watch, event);
        break;
    }
}

/* Where in each walk the fence came: after how many reads, and whether one was awaited. */
static void watch_fence(struct stress_watch *watch, const struct lockstep *both,
                        const struct mmu_fence *fence) {
    struct stress_coverage *coverage = watch->coverage;
    coverage->fences++;
    coverage->fence_forms[fence->has_va][fence->has_asid]++;
    for (unsigned i = 0; i < WALKS; i++) {
        if (!watch->walk[i].walking)
            continue;
        coverage->fences_in_walk++;
        coverage->fences_after[watch->walk[i].reads][lockstep_walk_awaits(both, i)]++;
    }
}

static void watch_port(struct stress_watch *watch, const struct lockstep *both,
                       const struct lockstep_offer *offer, enum port port) {
    struct stress_coverage *coverage = watch->coverage;
    unsigned requests = 0;
    for (unsigned id = 0; id < 1u << TW_ID_W; id++)
        requests += lockstep_busy(both, port, (uint8_t)id);
    if (requests > coverage->most_requests)
        coverage->most_requests = requests;
    if (!offer->request[port] || offer->accepted[port] || offer->fence)
        return;
    coverage->back_pressure++;
    coverage->held_for_returns += watch->missed[port] < watch->config->misses[port];
}

void stress_watch_cycle(struct stress_watch *watch, const struct lockstep *both,
                        const struct lockstep_offer *offer) {
    struct stress_coverage *coverage = watch->coverage;
    unsigned walks = 0;
    for (unsigned i = 0; i < WALKS; i++)
        walks += watch->walk[i].walking;
    if (walks > coverage->most_walks)
        coverage->most_walks = walks;
    for (int port = 0; port < PORTS; port++)
        watch_port(watch, both, offer, (enum port)port);
    coverage->fences_held += offer->fence && !offer->acknowledged;
    if (offer->acknowledged)
        watch_fence(watch, both, offer->fence);
}

static void keep_longest(uint64_t *longest, uint64_t cycles) {
    if (cycles > *longest)
        *longest = cycles;
}

void stress_watch_end(struct stress_watch *watch, const struct lockstep *both) {
    const struct lockstep_waits *waits = lockstep_waits(both);
    watch->coverage->cycles += lockstep_cycles(both);
    for (int port = 0; port < PORTS; port++) {
        keep_longest(&watch->coverage->waits.offered[port], waits->offered[port]);
        keep_longest(&watch->coverage->waits.accepted[port], waits->accepted[port]);
    }
}

/* Answers, pages and modes of every kind. */
static const char *kind_not_met(const struct stress_coverage *coverage) {
    static const enum paging_mode modes[] = {MODE_BARE, MODE_SV32, MODE_SV39, MODE_SV48, MODE_SV57};
    for (int reason = 0; reason < FAULT_REASONS; reason++)
        if (coverage->answers[reason] == 0)
            return fault_name((enum fault_reason)reason);
    for (int size = 0; size < PAGE_SIZES; size++)
        if (coverage->page_sizes[size] == 0)
            return page_size_name((enum page_size)size);
    for (unsigned i = 0; i < sizeof modes / sizeof modes[0]; i++)
        if (coverage->modes[modes[i]] == 0)
            return paging_mode_name(modes[i]);
    for (unsigned level = 0; level < STRESS_LEVELS; level++)
        if (coverage->read_errors[level] == 0)
            return "a refused PTE read at every level";
    for (unsigned reads = 0; reads < STRESS_READS; reads++)
        if (coverage->fences_after[reads][false] == 0 || coverage->fences_after[reads][true] == 0)
            return "a fence at every point of a walk";
    for (int form = 0; form < 4; form++)
        if (coverage->fence_forms[form / 2][form % 2] == 0)
            return "a fence of every form";
    return NULL;
}

const char *stress_not_met(const struct stress_coverage *coverage,
                           const struct mmu_config *config) {
    const char *kind = kind_not_met(coverage);
    if (kind)
        return kind;
    bool has_l2 = config->tlb[TLB_L2].sets > 0;
    const struct {
        const char *name;
        uint64_t met;
        bool needed;
    } all[] = {
        {"an L1 hit", coverage->answers_from[LEVEL_L1], true},
        {"an L2 hit", coverage->answers_from[LEVEL_L2], has_l2},
        {"an eviction", coverage->evictions, true},
        {"a walk that starts over", coverage->restarts, true},
        {"a fence that had to wait", coverage->fences_held, true},
        {"an A/D update that was lost", coverage->lost_updates, true},
        {"a store that hit a clean entry", coverage->clean_hits, true},
        {"a merge", coverage->merges, true},
        {"a merge with the other port's walk", coverage->merges_of_other_port, true},
        {"a replay after a walk that failed", coverage->failed_replays, true},
        {"a replay of a store that must set D", coverage->clean_replays, true},
        {"a hit under a miss", coverage->hits_under_miss, true},
        {"back-pressure", coverage->back_pressure, true},
        {"a port held so that others can be answered", coverage->held_for_returns, true},
        {"several requests outstanding", coverage->most_requests > 1, true},
        {"several walks under way", coverage->most_walks > 1, config->walks > 1},
        {"a walk that begins below the root", coverage->walk_cache_hits, config->walk_cache > 0},
        {"a prefetch", coverage->prefetches, config->prefetch && has_l2},
        {"a merge with a prefetch", coverage->prefetch_merges, config->prefetch && has_l2},
        {"an L2 entry of wrong parity", coverage->injected, config->parity && has_l2},
    };
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        if (all[i].needed && all[i].met == 0)
            return all[i].name;
    return NULL;
}
