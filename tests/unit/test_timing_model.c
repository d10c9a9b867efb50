/*
 * The twin's events are steps of the software MMU's: random requests, control registers, fences,
 * page tables, refusals and damage in random configurations. What lockstep asks of the hardware is
 * asked of the twin, by the same rules (docs/architecture.md), without any hardware.
 */
#include "check.h"
#include "timing_rig.h"

#include <string.h>

#define TRIALS 600
#define CYCLES 4000
#define PAGES  12
#define IDS    32

struct world {
    struct rig rig;
    uint64_t seed;
    struct mmu *mmu;
    struct mmu_job *job[PORTS][IDS];
    bool busy[PORTS][IDS];
    struct mmu_walk *walk[RIG_WALKS];
    const struct mmu_event *event; /* of the twin, which the model is to follow */
};

/* Memory answers the model as it answered the twin; all that is asked of it is compared anyway. */
static bool read_as_seen(void *context, uint64_t pa, unsigned bytes, uint64_t *value) {
    const struct world *world = context;
    (void)pa, (void)bytes;
    *value = world->event->kind == EVENT_READ ? world->event->read.value : 0;
    return world->event->kind == EVENT_READ && !world->event->read.error;
}

static bool update_as_seen(void *context, uint64_t pa, unsigned bytes, uint64_t expect,
                           uint64_t desired, uint64_t *old) {
    const struct world *world = context;
    (void)pa, (void)bytes, (void)expect, (void)desired;
    *old = world->event->kind == EVENT_UPDATE ? world->event->update.old : 0;
    return world->event->kind == EVENT_UPDATE && !world->event->update.error;
}

static struct tlb_config some_tlb(uint64_t *seed) {
    return (struct tlb_config){1 + pick(seed, 3), 1 + pick(seed, 4),
                               (enum policy)pick(seed, POLICIES)};
}

static struct mmu_config some_config(uint64_t *seed) {
    struct mmu_config config = {.tlb = {some_tlb(seed), some_tlb(seed), some_tlb(seed)},
                                .seed = (uint16_t)pick(seed, 0x4000),
                                .walk_cache = pick(seed, 4),
                                .walks = 1 + pick(seed, pick(seed, 2) ? 4 : 16),
                                .misses = {1 + pick(seed, 5), 1 + pick(seed, 12)},
                                .prefetch = pick(seed, 2),
                                .parity = pick(seed, 2)};
    if (pick(seed, 5) == 0)
        config.tlb[TLB_L2].sets = 0;
    return config;
}

static uint64_t some_va(struct world *world) {
    uint64_t page = pick(&world->seed, PAGES);
    /* around the end of a region of 2 MiB, so that it has a neighbour with tables of its own */
    return UINT64_C(0x1fa000) + page * 4096 + pick(&world->seed, 4096);
}

static void change_tables(struct world *world) {
    static const uint64_t flags[] = {LEAF,          LEAF | G,      LEAF | U,          V | R | W | A,
                                     V | R | W,     V | R | X | A, V | R | W | A | D, 0,
                                     V | R | W | X, LEAF | U | G};
    uint64_t *seed = &world->seed;
    uint64_t va = some_va(world);
    uint64_t pte = flags[pick(seed, 10)] | PPN(pick(seed, 64) << 4);
    if (world->rig.tables.geometry->mode != MODE_SV32 && pick(seed, 8) == 0)
        pte |= N | PPN(8);
    tables_put(&world->rig.tables, va, 0, pte);
    if (pick(seed, 16) == 0) { /* G of a pointer */
        uint64_t pointer = tables_get(&world->rig.tables, va, 1);
        tables_put(&world->rig.tables, va, 1, pointer ^ G);
    }
}

static void change_control(struct world *world) {
    uint64_t *seed = &world->seed;
    struct mmu_control *control = &world->rig.in.control;
    control->mode = pick(seed, 40) ? world->rig.tables.geometry->mode : MODE_BARE;
    control->asid = (uint16_t)pick(seed, 2);
    control->sum = pick(seed, 2);
    control->mxr = pick(seed, 2);
    control->adue = pick(seed, 3) != 0;
    control->napot = pick(seed, 4) != 0;
    mmu_set_control(world->mmu, control);
}

static void offer_requests(struct world *world) {
    static const enum access_type accesses[] = {ACCESS_READ, ACCESS_WRITE, ACCESS_WRITE};
    uint64_t *seed = &world->seed;
    for (unsigned port = 0; port < PORTS; port++) {
        unsigned id = pick(seed, IDS);
        if (world->rig.in.req[port].valid || world->busy[port][id] || pick(seed, 3) == 0)
            continue;
        uint64_t va = some_va(world) | (pick(seed, 100) ? 0 : UINT64_C(1) << 60);
        rig_offer(&world->rig, (enum port)port, (uint8_t)id, va,
                  port == PORT_I ? ACCESS_EXECUTE : accesses[pick(seed, 3)]);
        if (pick(seed, 4) == 0)
            world->rig.in.req[port].priv = PRIV_U;
    }
}

static void offer_fence(struct world *world) {
    uint64_t *seed = &world->seed;
    world->rig.in.fence_valid = true;
    world->rig.in.fence = (struct mmu_fence){pick(seed, 3) != 0, pick(seed, 2) != 0, some_va(world),
                                             (uint16_t)pick(seed, 2)};
}

static void drive(struct world *world, unsigned fences) {
    struct mmu_inputs *in = &world->rig.in;
    uint64_t *seed = &world->seed;
    offer_requests(world);
    if (pick(seed, 20) == 0)
        change_tables(world);
    if (pick(seed, 100) == 0)
        change_control(world);
    if (!in->fence_valid && pick(seed, 1000) < fences)
        offer_fence(world);
    in->ptw_req_ready = pick(seed, 4) != 0;
    in->inject = pick(seed, 10) == 0;
    in->inject_bit = (uint8_t)pick(seed, 256);
    world->rig.latency = 1 + pick(seed, pick(seed, 8) ? 4 : 60);
}

/* The model's step that the event is to equal; NULL, or why it has none. */
static const char *follow(struct world *world, struct mmu_event *model) {
    const struct mmu_event *event = world->event;
    if (event_of_walk(event)) {
        if (event->kind == EVENT_PREFETCH)
            return mmu_prefetch(world->mmu, world->walk[event->walk], model);
        return mmu_walk_step(world->mmu, world->walk[event->walk], model) ? NULL
                                                                          : "its walk has no step";
    }
    struct mmu_job *job = world->job[event->port][event->id];
    if (event->kind == EVENT_LINK)
        return mmu_link(world->mmu, job, world->walk[event->walk], event->link.merged, model);
    return mmu_step(world->mmu, job, model) ? NULL : "its request has no step";
}

static void compare(struct world *world, const struct mmu_event *event) {
    struct mmu_event model;
    char text[2][200];
    world->event = event;
    const char *why = follow(world, &model);
    if (!why && event_equal(event, &model)) {
        if (event->kind == EVENT_RESPONSE)
            world->busy[event->port][event->id] = false;
        return;
    }
    event_format(event, text[0], sizeof text[0]);
    if (!why)
        event_format(&model, text[1], sizeof text[1]);
    fail_msg("cycle %llu, %s walk %u port %d id %u: the twin: %s; the model: %s",
             (unsigned long long)world->rig.cycle, event_name(event->kind), event->walk,
             event->port, event->id, text[0], why ? why : text[1]);
}

static void cycle(struct world *world) {
    struct rig *rig = &world->rig;
    const struct mmu_inputs in = rig->in;
    rig->records = 0;
    rig_cycle(rig);
    mmu_inject(world->mmu, in.inject);
    if (in.fence_valid && rig->out.fence_ready) {
        mmu_fence(world->mmu, &in.fence);
        rig->in.fence_valid = false;
    }
    for (unsigned port = 0; port < PORTS; port++) {
        if (!in.req[port].valid || !rig->out.req_ready[port])
            continue;
        const struct mmu_request request = {in.req[port].va, in.req[port].access, in.req[port].priv,
                                            in.req[port].id};
        mmu_begin(world->mmu, world->job[port][request.id], &request);
        world->busy[port][request.id] = true;
    }
    for (unsigned i = 0; i < rig->out.events; i++)
        compare(world, &rig->out.event[i]);
}

static void compare_counters(const struct world *world) {
    const uint64_t *twin = timing_counters(world->rig.timing);
    const struct mmu_counters *model = mmu_counters(world->mmu);
    assert_true(twin[COUNTER_ITLB_READ_ACCESS] == model->lookups[TLB_I]);
    assert_true(twin[COUNTER_ITLB_READ_MISS] == model->misses[TLB_I]);
    assert_true(twin[COUNTER_DTLB_READ_ACCESS] + twin[COUNTER_DTLB_WRITE_ACCESS] ==
                model->lookups[TLB_D]);
    assert_true(twin[COUNTER_DTLB_READ_MISS] + twin[COUNTER_DTLB_WRITE_MISS] ==
                model->misses[TLB_D]);
    assert_true(twin[COUNTER_L2TLB_I_ACCESS] + twin[COUNTER_L2TLB_D_ACCESS] ==
                model->lookups[TLB_L2]);
    assert_true(twin[COUNTER_L2TLB_I_MISS] == model->l2_misses[PORT_I]);
    assert_true(twin[COUNTER_L2TLB_D_MISS] == model->l2_misses[PORT_D]);
    assert_true(twin[COUNTER_PTE_READS] == model->pte_reads);
    assert_true(twin[COUNTER_PTE_UPDATES] == model->pte_updates);
    assert_true(twin[COUNTER_WALK_CACHE_HITS] == model->walk_cache_hits);
    assert_true(twin[COUNTER_MERGES] == model->merges);
    assert_true(twin[COUNTER_REPLAYS] == model->replays);
    assert_true(twin[COUNTER_PREFETCHES] == model->prefetches);
    assert_true(twin[COUNTER_FAULTS] == model->faults);
    /* a walk that an L2 hit served until a fence came: a restart there, a walk here */
    uint64_t walks = twin[COUNTER_WALKS_I] + twin[COUNTER_WALKS_D];
    assert_in_range(model->walks, walks, walks + twin[COUNTER_WALK_RESTARTS]);
}

static void create(struct world *world, uint64_t trial) {
    static const enum paging_mode modes[] = {MODE_SV32, MODE_SV39, MODE_SV48, MODE_SV57};
    memset(world, 0, sizeof *world);
    world->seed = trial;
    const struct mmu_config config = some_config(&world->seed);
    const struct mmu_memory memory = {world, read_as_seen, update_as_seen};
    const char *why;
    rig_create(&world->rig, &config, modes[pick(&world->seed, 4)]);
    assert_non_null(world->mmu = mmu_create(&config, &memory, &why));
    for (unsigned port = 0; port < PORTS; port++)
        for (unsigned id = 0; id < IDS; id++)
            assert_non_null(world->job[port][id] = mmu_job_create());
    for (unsigned i = 0; i < RIG_WALKS; i++)
        assert_non_null(world->walk[i] = mmu_walk_create((uint8_t)i));
    for (unsigned i = 0; i < 4 * PAGES; i++)
        change_tables(world);
    uint64_t pa = tables_pte(&world->rig.tables, UINT64_C(0x200000), 0);
    if (trial % 4 == 0)
        physmem_add_update_error(world->rig.tables.memory, pa, pa + 24);
    if (trial % 8 == 0)
        physmem_add_error(world->rig.tables.memory, pa + 16, pa + 32);
    change_control(world);
}

static void destroy(struct world *world) {
    for (unsigned port = 0; port < PORTS; port++)
        for (unsigned id = 0; id < IDS; id++)
            mmu_job_destroy(world->job[port][id]);
    for (unsigned i = 0; i < RIG_WALKS; i++)
        mmu_walk_destroy(world->walk[i]);
    mmu_destroy(world->mmu);
    rig_destroy(&world->rig);
}

static void add_counters(const struct world *world, uint64_t *sum) {
    for (unsigned i = 0; i < COUNTERS; i++)
        sum[i] += timing_counters(world->rig.timing)[i];
}

static void the_twin_takes_the_models_steps(void **state) {
    (void)state;
    static struct world world;
    uint64_t sum[COUNTERS] = {0};
    for (uint64_t trial = 0; trial < TRIALS; trial++) {
        create(&world, trial);
        unsigned fences = pick(&world.seed, 40);
        for (unsigned i = 0; i < CYCLES; i++) {
            drive(&world, fences);
            cycle(&world);
        }
        for (unsigned i = 0; i < 2000 || !timing_idle(world.rig.timing); i++) {
            assert_true(i < 20000);
            world.rig.in.ptw_req_ready = true;
            cycle(&world);
        }
        for (unsigned port = 0; port < PORTS; port++)
            for (unsigned id = 0; id < IDS; id++)
                assert_false(world.busy[port][id]);
        compare_counters(&world);
        add_counters(&world, sum);
        destroy(&world);
    }
    for (unsigned i = 0; i < COUNTERS; i++)
        assert_true(sum[i] > 100); /* nothing went untried */
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(the_twin_takes_the_models_steps)};
    return RUN(tests);
}
