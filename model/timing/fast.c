/*
 * The fast mode's requests: what the software MMU finds for each, in the order of the trace.
 */
#include "fast_inside.h"

#include <stdlib.h>

static void note(struct fast *fast, uint64_t pa, bool update) {
    struct fast_path *noted = &fast->noted;
    if (noted->accesses < FAST_ACCESSES)
        noted->access[noted->accesses++] = (struct fast_access){.pa = pa, .update = update};
}

static bool read_pte(void *context, uint64_t pa, unsigned bytes, uint64_t *value) {
    struct fast *fast = context;
    note(fast, pa, false);
    return fast->memory.read(fast->memory.context, pa, bytes, value);
}

static bool update_pte(void *context, uint64_t pa, unsigned bytes, uint64_t expect,
                       uint64_t desired, uint64_t *old) {
    struct fast *fast = context;
    note(fast, pa, true);
    return fast->memory.compare_and_set(fast->memory.context, pa, bytes, expect, desired, old);
}

static const char *config_fault(const struct mmu_config *config, unsigned in_flight) {
    if (in_flight < 1 || in_flight > FAST_IN_FLIGHT)
        return "requests in flight are 1 to 32";
    if (config->walks < 1 || config->walks > FAST_WALKS)
        return "walks in flight are 1 to 16";
    for (int i = 0; i < PORTS; i++)
        if (config->misses[i] < 1 || config->misses[i] > FAST_MISSES)
            return "a miss file has 1 to 32 entries";
    return NULL;
}

struct fast *fast_create(const struct mmu_config *config, unsigned in_flight,
                         const struct mmu_memory *memory, struct latency *latency,
                         const char **why) {
    *why = config_fault(config, in_flight);
    if (*why)
        return NULL;
    *why = "out of memory";
    struct fast *fast = calloc(1, sizeof *fast);
    if (!fast)
        return NULL;
    fast->memory = *memory;
    fast->latency = latency;
    fast->in_flight = in_flight;
    fast->prefer = PORT_D;
    fast->walks = config->walks;
    fast->l2_sets = config->tlb[TLB_L2].sets;
    fast->walk_cache = config->walk_cache > 0;
    fast->prefetch = config->prefetch && fast->l2_sets > 0;
    for (int i = 0; i < PORTS; i++) {
        struct fast_port *port = &fast->port[i];
        port->misses = config->misses[i];
        port->earliest = UINT64_MAX;
        port->all = UINT32_MAX >> (FAST_MISSES - port->misses);
    }
    const struct mmu_memory noting = {fast, read_pte, update_pte};
    fast->mmu = mmu_create(config, &noting, why);
    fast->job = mmu_job_create();
    fast->walk = mmu_walk_create(0);
    if (fast->mmu && fast->job && fast->walk)
        return fast;
    fast_destroy(fast);
    return NULL;
}

void fast_destroy(struct fast *fast) {
    if (!fast)
        return;
    mmu_job_destroy(fast->job);
    mmu_walk_destroy(fast->walk);
    mmu_destroy(fast->mmu);
    free(fast);
}

const struct mmu_counters *fast_counters(const struct fast *fast) {
    return mmu_counters(fast->mmu);
}

void fast_figures(const struct fast *fast, struct timing_figures *figures) {
    *figures = fast->figures;
    figures->cycles = fast->now;
}

void fast_settle(struct fast *fast) {
    fast_drain(fast);
}

void fast_control(struct fast *fast, const struct mmu_control *control) {
    fast_drain(fast);
    mmu_set_control(fast->mmu, control);
    fast->control = *control;
    fast->mode = mode_find(control->mode);
    fast->mode_sizes = 0;
    for (unsigned i = 0; fast->mode && i < fast->mode->sizes; i++)
        fast->mode_sizes |= 1u << fast->mode->size[i];
    /* What is in the L2 only by a fill to come would be another mode's or ASID's. */
    for (unsigned i = 0; i < fast->walks; i++)
        fast->slot[i].demand.va = fast->slot[i].ahead.va = UINT64_MAX;
}

/* Reads of the L2 that a fence makes before it is acknowledged. */
static unsigned sweep_reads(const struct fast *fast, const struct mmu_fence *fence) {
    if (fast->l2_sets == 0 || (!fence->has_va && !fence->has_asid))
        return 0;
    return fence->has_va ? (unsigned)__builtin_popcount(fast->l2_sizes & fast->mode_sizes)
                         : fast->l2_sets;
}

/* Whether stage B holds a fill now: the walk is then free from the next cycle on. */
static bool stage_b_fills(const struct fast *fast) {
    for (unsigned i = 0; i < fast->walks; i++)
        if (fast->slot[i].demand.free == fast->now + 1 || fast->slot[i].ahead.free == fast->now + 1)
            return true;
    return false;
}

void fast_fence(struct fast *fast, const struct mmu_fence *fence) {
    fast_drain(fast);
    mmu_fence(fast->mmu, fence);
    unsigned reads = sweep_reads(fast, fence);
    /* The last set read, or a fill, is in stage B for another cycle. */
    fast->now += 1 + (reads > 0 ? reads + 1 : stage_b_fills(fast));
    if (!fence->has_va && !fence->has_asid)
        fast->l2_sizes = 0;
    for (int i = 0; i < PORTS; i++)
        fast->port[i].undecided = fast->now;
    for (unsigned i = 0; i < fast->walks; i++)
        fast->slot[i].demand.free = fast->slot[i].ahead.free = 0;
}

/* Whether a PTE lies where the index of this level for va leads to. */
static bool could_be_at(const struct fast *fast, uint64_t pte, uint64_t va, unsigned level) {
    return pte % PAGE_BYTES == mode_vpn(fast->mode, va, level) * fast->mode->pte_bytes;
}

/* The level of the last PTE read: that of the leaf, or, of a walk that failed, what the PTE's place
 * in its table says. */
static unsigned last_level(const struct fast *fast, const struct fast_finding *finding) {
    const struct mode *mode = fast->mode;
    uint64_t pte = finding->path.access[finding->path.accesses - 1].pa;
    unsigned level = 0, top = mode->levels - 1u;
    if (finding->failed)
        while (level < top && !could_be_at(fast, pte, finding->va, level))
            level++;
    else
        while (level < top && page_shift(mode->leaf_size[level + 1]) <= page_shift(finding->size))
            level++;
    return level;
}

/* The level of the first PTE read: the root's, unless walks may begin elsewhere. */
static unsigned first_level(const struct fast *fast, const struct fast_finding *finding) {
    const struct fast_path *path = &finding->path;
    unsigned top = fast->mode->levels - 1u, reads = 0;
    uint64_t table = path->access[0].pa - path->access[0].pa % PAGE_BYTES;
    if (!fast->walk_cache || table == fast->control.root_ppn * PAGE_BYTES)
        return top;
    for (unsigned i = 0; i < path->accesses; i++)
        reads += !path->access[i].update;
    unsigned level = last_level(fast, finding) + reads - 1;
    return level < top ? level : top;
}

/* Hands over what the walk just made has read, and forgets it. */
static void finding_of_walk(struct fast *fast, struct fast_finding *finding) {
    finding->path = fast->noted;
    fast->noted.accesses = 0;
    if (finding->path.accesses == 0)
        return;
    unsigned level = first_level(fast, finding);
    for (unsigned i = 0; i < finding->path.accesses; i++) {
        finding->path.access[i].level = (uint8_t)level;
        level -= level > 0 && !finding->path.access[i].update;
    }
}

static void find(struct fast *fast, uint64_t va, const struct mmu_response *response,
                 struct fast_finding *finding) {
    finding->va = va;
    finding->from_l2 = response->level == LEVEL_L2;
    finding->in_l2 = UINT64_MAX;
    finding->failed = response->reason != FAULT_NONE;
    finding->size = response->size;
    finding_of_walk(fast, finding);
}

/*
 * The software MMU has the page in a TLB already, the hardware is still to get it there. A request
 * for the same 4 KiB joins the walk; for another part of a large page it walks itself, along the
 * way of the walk awaited.
 */
static void find_along(const struct fast *fast, const struct fast_walk *walk, uint64_t va,
                       struct fast_finding *finding) {
    finding->va = va;
    finding->failed = false;
    finding->size = walk->size;
    finding->path.accesses = 0;
    for (unsigned i = 0; i < walk->path.accesses; i++)
        if (!walk->path.access[i].update)
            finding->path.access[finding->path.accesses++] = walk->path.access[i];
    finding->from_l2 = finding->path.accesses == 0;
    /* A walk cache spares all but the last read; what it lacks is added when the walk begins. */
    if (fast->walk_cache && !finding->from_l2) {
        finding->path.access[0] = finding->path.access[finding->path.accesses - 1];
        finding->path.accesses = 1;
    }
    finding->in_l2 = fast->l2_sets > 0 ? walk->over : UINT64_MAX;
}

void fast_serve(struct fast *fast, struct fast_port *port) {
    struct fast_request *request = &port->request[port->first];
    const struct fast_walk *awaited = NULL;
    uint64_t accepted = fast_accept(fast, port), walks = fast->numbered;
    if (request->level == LEVEL_L1 && port->busy)
        awaited = fast_awaited(fast, port, request->va);
    if (request->level == LEVEL_NONE || (request->level == LEVEL_L1 && !awaited)) {
        fast_hit(port, accepted);
        return;
    }
    if (request->level == LEVEL_L2 && !request->found.failed)
        awaited = fast_walk_into(fast, request->va, request->found.size, accepted);
    if (awaited)
        find_along(fast, awaited, request->va, &request->found);
    fast_wait(fast, port, accepted, &request->found);
    if (request->goes_ahead && fast->numbered != walks)
        fast_walk_ahead(fast, &request->ahead);
}

/* The software MMU's steps one by one, to have a walk that can go on to the next page. */
static void translate_by_steps(struct fast *fast, const struct mmu_request *request,
                               struct mmu_response *response) {
    struct mmu_event event;
    mmu_begin(fast->mmu, fast->job, request);
    while (!mmu_job_answer(fast->job) && mmu_step(fast->mmu, fast->job, &event)) {
        if (event.kind != EVENT_LOOKUP || event.lookup.result == LOOKUP_HIT)
            continue;
        mmu_link(fast->mmu, fast->job, fast->walk, false, &event);
        while (mmu_walk_step(fast->mmu, fast->walk, &event))
            ;
    }
    *response = *mmu_job_answer(fast->job);
}

/* Whether the walk just made goes on to the next page, and what it finds there. */
static bool find_ahead(struct fast *fast, struct fast_finding *finding) {
    struct mmu_event event;
    if (mmu_prefetch(fast->mmu, fast->walk, &event))
        return false;
    finding->va = event.prefetch.vpn << 12;
    finding->from_l2 = finding->failed = false;
    finding->in_l2 = UINT64_MAX;
    finding->size = PAGE_4K;
    while (mmu_walk_step(fast->mmu, fast->walk, &event)) {
        if (event.kind == EVENT_LOOKUP)
            finding->from_l2 = event.lookup.result == LOOKUP_HIT;
        else if (event.kind == EVENT_END)
            finding->failed = event.end.reason != FAULT_NONE;
        else if (event.kind == EVENT_FILL)
            finding->size = event.fill.size;
    }
    finding_of_walk(fast, finding);
    return true;
}

static struct fast_port *port_of(struct fast *fast, const struct mmu_request *request) {
    return &fast->port[request->access == ACCESS_EXECUTE ? PORT_I : PORT_D];
}

bool fast_translate(struct fast *fast, const struct mmu_request *request,
                    struct mmu_response *response) {
    if (fast->prefetch)
        translate_by_steps(fast, request, response);
    else
        mmu_translate(fast->mmu, request, response);
    struct fast_request *taken = fast_take(fast, port_of(fast, request));
    taken->va = request->va;
    taken->level = response->level;
    if (response->level == LEVEL_L2 || response->level == LEVEL_WALK)
        find(fast, request->va, response, &taken->found);
    if (fast->prefetch && response->level == LEVEL_WALK)
        taken->goes_ahead = find_ahead(fast, &taken->ahead);
    fast_serve_due(fast);
    if (response->reason == FAULT_NONE)
        return true;
    fast_drain(fast);
    return false;
}

/* How many of them can be answered one a cycle without looking at each. */
static uint64_t undisturbed(struct fast *fast, struct fast_port *port, uint64_t va,
                            uint64_t count) {
    if (count <= fast->in_flight)
        return 0;
    while (port->waiting > 0) /* nothing comes for the other port */
        fast_serve_first(fast);
    uint64_t first = later(fast->now, port->ready), end = port->earliest;
    if (end <= first || fast_places(fast, first) < 2 || fast_awaited(fast, port, va))
        return 0;
    /* The last ones are played one by one: they are in flight when the next request is taken. */
    count -= fast->in_flight;
    return count < end - first ? count : end - first;
}

void fast_repeat(struct fast *fast, const struct mmu_request *request, uint64_t count) {
    struct fast_port *port = port_of(fast, request);
    bool looked_up = fast->mode && request->priv != PRIV_M;
    while (count > 0) {
        uint64_t many = undisturbed(fast, port, request->va, count);
        count -= many > 0 ? many : 1;
        if (many > 0) {
            port->accepted = port->ready = port->undecided = later(fast->now, port->ready) + many;
            port->waited = 0;
            fast->figures.translations += many;
            continue;
        }
        struct fast_request *taken = fast_take(fast, port);
        taken->va = request->va;
        taken->level = looked_up ? LEVEL_L1 : LEVEL_NONE;
        fast_serve_due(fast);
    }
}
