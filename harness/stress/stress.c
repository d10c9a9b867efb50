#include "stress.h"

#include "tables.h"

#include <stdlib.h>

/* A bench for one episode. */
struct bench {
    struct lockstep *both;
    struct stress_tables tables;
    uint64_t random;
    struct stress_coverage *coverage;
    struct mmu_control control;
    struct mmu_request request[PORTS];
    bool offers[PORTS];
    uint8_t next_id[PORTS];
    struct mmu_fence fence;
    bool offers_fence;
    bool walking[PORTS];
    unsigned reads[PORTS]; /* of the walk so far */
    /* One in how many cycles, 0: never. */
    unsigned fence_every, memory_every, control_every, idle_every;
};

static uint64_t draw(struct bench *bench, uint64_t below) {
    return next_random(&bench->random) % below;
}

static bool happens(struct bench *bench, unsigned every) {
    return every > 0 && draw(bench, every) == 0;
}

static const enum paging_mode modes[] = {MODE_SV32, MODE_SV39, MODE_SV48, MODE_SV57};

static void watch(void *context, const struct mmu_event *event) {
    struct bench *bench = context;
    struct stress_coverage *coverage = bench->coverage;
    switch (event->kind) {
    case EVENT_START:
        coverage->restarts += bench->walking[event->port];
        bench->walking[event->port] = true;
        bench->reads[event->port] = 0;
        break;
    case EVENT_END:
        bench->walking[event->port] = false;
        break;
    case EVENT_UPDATE:
        coverage->updates += event->update.stored;
        coverage->lost_updates += !event->update.stored && !event->update.error;
        break;
    case EVENT_LOOKUP:
        coverage->clean_hits += event->lookup.result == LOOKUP_CLEAN;
        break;
    case EVENT_FILL:
        coverage->evictions += event->fill.evicted;
        break;
    case EVENT_RESPONSE:
        coverage->answers[event->response.reason]++;
        coverage->answers_from[event->response.level]++;
        if (event->response.reason == FAULT_NONE && event->response.level != LEVEL_NONE)
            coverage->page_sizes[event->response.size]++;
        break;
    case EVENT_READ:
        if (bench->reads[event->port] < STRESS_READS - 1)
            bench->reads[event->port]++;
        break;
    }
}

static void change_control(struct bench *bench) {
    struct mmu_control *control = &bench->control;
    control->mode = bench->tables.mode->mode;
    if (draw(bench, 12) == 0)
        control->mode = modes[draw(bench, 4)];
    if (draw(bench, 60) == 0)
        control->mode = MODE_BARE;
    control->root_ppn = stress_root(&bench->tables);
    if (control->mode == MODE_SV32)
        control->root_ppn &= (1u << 22) - 1;
    control->asid = stress_asid(&bench->tables);
    control->sum = draw(bench, 2);
    control->mxr = draw(bench, 2);
    control->adue = draw(bench, 3) > 0;
    control->pbmte = draw(bench, 2);
    control->napot = draw(bench, 4) > 0;
    lockstep_set_control(bench->both, control);
    bench->coverage->control_changes++;
}

static void change_memory(struct bench *bench) {
    struct stress_word word = stress_any_entry(&bench->tables);
    uint64_t awaited;
    /* Races for A and D are rare unless it is the entry under way that changes. */
    if (lockstep_awaits(bench->both, &awaited) && draw(bench, 2)) {
        word.pa = awaited;
        physmem_read(lockstep_memory(bench->both, SIDE_MODEL), awaited, word.bytes, &word.value);
        word.value ^= UINT64_C(1) << draw(bench, draw(bench, 2) ? 8 : 32);
    }
    lockstep_poke(bench->both, word.pa, word.bytes, word.value);
    bench->coverage->memory_changes++;
}

/* Half of them for pages just used: these stand in TLBs. */
static void new_fence(struct bench *bench) {
    bench->fence = (struct mmu_fence){
        .has_va = draw(bench, 4) > 0,
        .has_asid = draw(bench, 2),
        .va = draw(bench, 2) ? bench->request[draw(bench, PORTS)].va
                             : stress_va(&bench->tables, bench->tables.mode),
        .asid = stress_asid(&bench->tables),
    };
    bench->offers_fence = true;
}

/* Addresses come back often enough to hit. */
static void new_request(struct bench *bench, enum port port) {
    static const enum privilege privileges[] = {PRIV_U, PRIV_S, PRIV_U, PRIV_S,
                                                PRIV_U, PRIV_S, PRIV_U, PRIV_M};
    struct mmu_request *request = &bench->request[port];
    uint64_t which = draw(bench, 6);
    if (which < 3)
        request->va = stress_va(&bench->tables, bench->tables.mode);
    else if (which == 3)
        request->va = stress_relative(&bench->tables, bench->tables.mode, request->va);
    request->access = port == PORT_I ? ACCESS_EXECUTE : draw(bench, 2) ? ACCESS_WRITE : ACCESS_READ;
    request->priv = privileges[draw(bench, draw(bench, 4) ? 7 : 8)];
    request->id = bench->next_id[port];
    bench->offers[port] = !lockstep_busy(bench->both, port, request->id);
}

static void choose(struct bench *bench) {
    if (happens(bench, bench->memory_every))
        change_memory(bench);
    if (happens(bench, bench->control_every))
        change_control(bench);
    if (!bench->offers_fence && happens(bench, bench->fence_every))
        new_fence(bench);
    for (int port = 0; port < PORTS; port++)
        if (!bench->offers[port] && !happens(bench, bench->idle_every))
            new_request(bench, (enum port)port);
}

/* Where in a walk the fence came: after how many reads, and whether one was awaited. */
static void note_fence(struct bench *bench) {
    uint64_t pa;
    bool awaits = lockstep_awaits(bench->both, &pa);
    for (int port = 0; port < PORTS; port++) {
        if (!bench->walking[port])
            continue;
        bench->coverage->fences_in_walk++;
        bench->coverage->fences_after[bench->reads[port]][awaits]++;
    }
}

static bool cycle(struct bench *bench) {
    struct lockstep_offer offer = {.fence = bench->offers_fence ? &bench->fence : NULL};
    for (int port = 0; port < PORTS; port++)
        offer.request[port] = bench->offers[port] ? &bench->request[port] : NULL;
    bool agreed = lockstep_cycle(bench->both, &offer);
    for (int port = 0; port < PORTS; port++) {
        if (!offer.accepted[port])
            continue;
        bench->offers[port] = false;
        bench->next_id[port] = (uint8_t)((bench->next_id[port] + 1) % (1u << TW_ID_W));
        bench->coverage->accesses++;
        bench->coverage->modes[bench->control.mode]++;
    }
    if (offer.acknowledged) {
        bench->offers_fence = false;
        bench->coverage->fences++;
        note_fence(bench);
    }
    return agreed;
}

/* A page of the pool refuses accesses, or only updates. */
static void refuse_page(struct bench *bench,
                        bool (*add)(struct physmem *memory, uint64_t from, uint64_t to)) {
    uint64_t pa = bench->tables.page_ppn[draw(bench, STRESS_PAGES)] * PAGE_BYTES;
    for (int side = 0; side < SIDES; side++)
        add(lockstep_memory(bench->both, (enum side)side), pa, pa + PAGE_BYTES);
}

/* The tables, and what memory does not allow. */
static void set_stage(struct bench *bench) {
    stress_tables_init(&bench->tables, mode_find(modes[draw(bench, 4)]), &bench->random);
    for (unsigned page = 0; page < STRESS_PAGES; page++)
        for (unsigned slot = 0; slot < STRESS_INDICES; slot++) {
            struct stress_word word = stress_entry(&bench->tables, page, slot);
            lockstep_poke(bench->both, word.pa, word.bytes, word.value);
        }
    for (uint64_t refused = draw(bench, 3); refused > 0; refused--)
        refuse_page(bench, physmem_add_error);
    for (uint64_t refused = draw(bench, 3); refused > 0; refused--)
        refuse_page(bench, physmem_add_update_error);
    static const unsigned fence_rates[] = {0, 20, 100, 600, 4000};
    static const unsigned memory_rates[] = {0, 5, 30, 400};
    bench->fence_every = fence_rates[draw(bench, 5)];
    bench->memory_every = memory_rates[draw(bench, 4)];
    bench->control_every = draw(bench, 2) ? 100 : 1500;
    bench->idle_every = draw(bench, 3) ? 0 : 3;
    change_control(bench);
}

struct lockstep *stress_episode(const struct stress_options *options,
                                struct stress_coverage *coverage, const char **why) {
    /* Hashed, so that neighbouring seeds and episodes are different streams. */
    uint64_t random = options->seed;
    random = next_random(&random) ^ options->episode;
    random = next_random(&random);
    struct bench bench = {.random = random, .coverage = coverage};
    static const struct latency latencies[] = {{1, 1, 0}, {1, 4, 0}, {1, 30, 0}, {5, 5, 0}};
    struct lockstep_options lockstep = {
        .config = options->config,
        .latency = latencies[draw(&bench, 4)],
        .stall_percent = draw(&bench, 2) ? 0 : 40,
        .seed = (uint32_t)draw(&bench, UINT32_MAX) | 1,
    };
    lockstep.latency.seed = (uint32_t)bench.random;
    bench.both = lockstep_create(&lockstep, why);
    if (!bench.both)
        return NULL;
    lockstep_listen(bench.both, watch, &bench);
    if (options->waves && !waves_begin(options->dump, bench.both, options->waves,
                                       options->waves_first, UINT64_MAX - 1, why)) {
        lockstep_destroy(bench.both);
        return NULL;
    }
    set_stage(&bench);
    uint64_t end = coverage->accesses + options->accesses;
    do
        choose(&bench);
    while (cycle(&bench) && coverage->accesses < end);
    /* What is offered must not be withdrawn. */
    while ((bench.offers[PORT_I] || bench.offers[PORT_D] || bench.offers_fence) && cycle(&bench))
        ;
    lockstep_finish(bench.both);
    lockstep_listen(bench.both, NULL, NULL);
    coverage->cycles += lockstep_cycles(bench.both);
    return bench.both;
}

const char *stress_not_met(const struct stress_coverage *coverage) {
    for (int reason = 0; reason < FAULT_REASONS; reason++)
        if (coverage->answers[reason] == 0)
            return fault_name((enum fault_reason)reason);
    for (int size = 0; size < PAGE_SIZES; size++)
        if (coverage->page_sizes[size] == 0)
            return page_size_name((enum page_size)size);
    for (unsigned i = 0; i < sizeof modes / sizeof modes[0]; i++)
        if (coverage->modes[modes[i]] == 0)
            return paging_mode_name(modes[i]);
    for (unsigned reads = 0; reads < STRESS_READS; reads++)
        if (coverage->fences_after[reads][false] == 0 || coverage->fences_after[reads][true] == 0)
            return "a fence at every point of a walk";
    if (coverage->answers_from[LEVEL_L1] == 0 || coverage->evictions == 0)
        return "L1 hits and evictions";
    if (coverage->restarts == 0)
        return "a walk that starts over";
    if (coverage->lost_updates == 0)
        return "an A/D update that was lost";
    return coverage->clean_hits == 0 ? "a store that hit a clean entry" : NULL;
}
