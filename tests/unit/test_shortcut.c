/*
 * mmu_translate() keeps the latest page of each port. It must not be told from stepping: two equal
 * MMUs, one translating, the other stepping, get the same requests, fences, control registers,
 * memory writes, and interleaved running jobs.
 */
#include "check.h"
#include "tables.h"

#include <string.h>

#define PAGES    24
#define REQUESTS 300000

struct side {
    struct tables tables[MODES]; /* of one memory */
    struct mmu *mmu;
    struct mmu_job *job; /* a translation that takes its time */
};

/* A superpage where a pointer was; level 0: none. */
struct cover {
    unsigned m, level;
    uint64_t va, pointer;
};

struct world {
    struct side side[2]; /* 0 translates, 1 steps */
    struct mmu_control control;
    uint64_t seed, last_va;
    bool job_runs;
    struct cover cover;
};

static void create_side(struct side *side, const struct mmu_config *config) {
    struct physmem *memory = physmem_create();
    for (unsigned m = 0; m < MODES; m++) {
        uint64_t root = (UINT64_C(1) << geometries[m].ppn_bits) - 1 - m * 0x10000;
        side->tables[m] = (struct tables){memory, &geometries[m], root, root - 1};
    }
    const struct mmu_memory callbacks = physmem_callbacks(memory);
    const char *why;
    side->mmu = mmu_create(config, &callbacks, &why);
    side->job = mmu_job_create();
    assert_non_null(side->mmu);
    assert_non_null(side->job);
}

static void destroy_side(struct side *side) {
    mmu_job_destroy(side->job);
    mmu_destroy(side->mmu);
    physmem_destroy(side->tables[0].memory);
}

/* Few pages, at the start of regions of each size, so that all sizes overlap. */
static uint64_t some_va(struct world *world) {
    static const unsigned far[] = {12, 16, 21, 22, 30};
    uint64_t va = (uint64_t)pick(&world->seed, PAGES) << 12;
    if (pick(&world->seed, 3) == 0)
        va += UINT64_C(1) << far[pick(&world->seed, 5)];
    return va | pick(&world->seed, 4096);
}

static uint64_t some_pte(uint64_t *seed) {
    static const uint64_t rwx[] = {R, R | W, R | W | X, R | W | X, R | X, X, R | W, W};
    uint64_t pte = V | rwx[pick(seed, 8)] | PPN(pick(seed, 64) << 4);
    pte |= pick(seed, 4) ? A : 0;
    pte |= pick(seed, 2) ? D : 0;
    pte |= pick(seed, 3) ? 0 : U;
    pte |= pick(seed, 4) ? 0 : G;
    return pick(seed, 16) ? pte : 0;
}

static void put_both(struct world *world, unsigned m, uint64_t va, unsigned level, uint64_t pte) {
    for (unsigned i = 0; i < 2; i++)
        tables_put(&world->side[i].tables[m], va, level, pte);
}

/* Back to the table that a superpage had covered. */
static void uncover(struct world *world) {
    const struct cover *cover = &world->cover;
    if (cover->level)
        put_both(world, cover->m, cover->va, cover->level, cover->pointer);
    world->cover.level = 0;
}

/* A new PTE at level 0, or a superpage over the tables until the next change. */
static void change_memory(struct world *world) {
    uncover(world);
    unsigned m = pick(&world->seed, MODES);
    uint64_t va = some_va(world), pte = some_pte(&world->seed);
    if (pick(&world->seed, 6)) {
        if (m > 0 && pick(&world->seed, 8) == 0)
            pte |= N | PPN(8) | PBMT(pick(&world->seed, 3));
        put_both(world, m, va, 0, pte);
        return;
    }
    unsigned level = 1 + pick(&world->seed, geometries[m].levels - 1);
    world->cover = (struct cover){m, level, va, tables_get(&world->side[0].tables[m], va, level)};
    uint64_t aligned = UINT64_C(1) << (geometries[m].leaf_shift[level] - 12);
    uint64_t flags = pte & ((UINT64_C(1) << 10) - 1);
    put_both(world, m, va, level, flags | PPN(aligned * pick(&world->seed, 4)));
}

static void change_control(struct world *world) {
    uint64_t *seed = &world->seed;
    unsigned m = pick(seed, MODES);
    const struct tables *tables = &world->side[0].tables[m];
    world->control = (struct mmu_control){
        .mode = pick(seed, 12) ? tables->geometry->mode : MODE_BARE,
        .root_ppn = tables->root_ppn,
        .asid = (uint16_t)pick(seed, 2),
        .sum = pick(seed, 2),
        .mxr = pick(seed, 2),
        .adue = pick(seed, 2),
        .pbmte = pick(seed, 4) != 0,
        .napot = pick(seed, 4) != 0,
    };
    for (unsigned i = 0; i < 2; i++)
        mmu_set_control(world->side[i].mmu, &world->control);
}

static void fence(struct world *world) {
    uint64_t *seed = &world->seed;
    const struct mmu_fence fence = {pick(seed, 4) != 0, pick(seed, 2), some_va(world),
                                    (uint16_t)pick(seed, 2)};
    for (unsigned i = 0; i < 2; i++)
        mmu_fence(world->side[i].mmu, &fence);
}

static struct mmu_request some_request(struct world *world) {
    static const enum privilege privileges[] = {PRIV_S, PRIV_S, PRIV_S, PRIV_U, PRIV_U, PRIV_M};
    static const enum access_type accesses[] = {ACCESS_READ, ACCESS_READ, ACCESS_WRITE,
                                                ACCESS_EXECUTE};
    uint64_t *seed = &world->seed;
    /* mostly the page of the latest request: this is where the shortcut answers */
    if (pick(seed, 3) == 0)
        world->last_va = some_va(world);
    else
        world->last_va = (world->last_va & ~UINT64_C(0xfff)) | pick(seed, 4096);
    if (pick(seed, 400) == 0)
        world->last_va ^= UINT64_C(1) << (32 + pick(seed, 32));
    return (struct mmu_request){world->last_va, accesses[pick(seed, 4)], privileges[pick(seed, 6)],
                                (uint8_t)pick(seed, 16)};
}

static void step_to_the_end(struct mmu *mmu, const struct mmu_request *request,
                            struct mmu_response *response) {
    struct mmu_job *job = mmu_job_create();
    struct mmu_event event;
    mmu_begin(mmu, job, request);
    while (mmu_step(mmu, job, &event))
        if (event.kind == EVENT_RESPONSE)
            *response = event.response;
    mmu_job_destroy(job);
}

static void compare_request(struct world *world, const struct mmu_request *request) {
    struct mmu_response translated, stepped = {0};
    bool passed = mmu_translate(world->side[0].mmu, request, &translated);
    step_to_the_end(world->side[1].mmu, request, &stepped);
    assert_int_equal(passed, stepped.reason == FAULT_NONE);
    assert_true(translated.pa == stepped.pa);
    assert_int_equal(translated.size, stepped.size);
    assert_int_equal(translated.memory, stepped.memory);
    assert_int_equal(translated.reason, stepped.reason);
    assert_int_equal(translated.cause, stepped.cause);
    assert_int_equal(translated.level, stepped.level);
}

/* The slow job advances by one event, or a new one begins. */
static void step_job(struct world *world) {
    struct side *side = world->side;
    if (!world->job_runs) {
        const struct mmu_request request = some_request(world);
        for (unsigned i = 0; i < 2; i++)
            mmu_begin(side[i].mmu, side[i].job, &request);
        world->job_runs = true;
        return;
    }
    struct mmu_event a, b;
    bool more = mmu_step(side[0].mmu, side[0].job, &a);
    assert_int_equal(mmu_step(side[1].mmu, side[1].job, &b), more);
    if (more)
        assert_true(event_equal(&a, &b));
    world->job_runs = more;
}

static void compare_counters(const struct world *world) {
    assert_memory_equal(mmu_counters(world->side[0].mmu), mmu_counters(world->side[1].mmu),
                        sizeof(struct mmu_counters));
}

/* What the TLBs hold shows in the level of every page's answer. */
static void compare_tlbs(struct world *world) {
    while (world->job_runs)
        step_job(world);
    for (uint64_t page = 0; page < PAGES; page++)
        for (int access = 0; access < 3; access++)
            compare_request(world,
                            &(struct mmu_request){page << 12, (enum access_type)access, PRIV_S, 0});
    uint64_t pa;
    assert_true(
        physmem_equal(world->side[0].tables[0].memory, world->side[1].tables[0].memory, &pa));
}

static void run(const struct mmu_config *config, uint64_t seed) {
    struct world world = {.seed = seed};
    for (unsigned i = 0; i < 2; i++)
        create_side(&world.side[i], config);
    for (unsigned i = 0; i < 2000; i++)
        change_memory(&world);
    change_control(&world);
    for (unsigned i = 0; i < REQUESTS; i++) {
        unsigned operation = pick(&world.seed, 400);
        if (operation < 4)
            fence(&world);
        else if (operation < 6)
            change_control(&world);
        else if (operation < 26)
            change_memory(&world);
        else if (operation < 60)
            step_job(&world);
        const struct mmu_request request = some_request(&world);
        compare_request(&world, &request);
        if (i % 1000 == 0)
            compare_counters(&world);
    }
    compare_tlbs(&world);
    compare_counters(&world);
    assert_true(mmu_counters(world.side[0].mmu)->pte_updates > 100);
    for (unsigned i = 0; i < 2; i++)
        destroy_side(&world.side[i]);
}

static void translating_equals_stepping(void **state) {
    (void)state;
    static const struct tlb_config shapes[][TLBS] = {
        {{1, 1, 0}, {1, 1, 0}, {0, 0, 0}},
        {{1, 3, 0}, {1, 4, 0}, {3, 5, 0}},
        {{4, 2, 0}, {2, 3, 0}, {8, 2, 0}},
    };
    for (unsigned shape = 0; shape < 3; shape++)
        for (int policy = 0; policy < POLICIES; policy++) {
            struct mmu_config config = {.seed = 0x1234, .walk_cache = shape};
            memcpy(config.tlb, shapes[shape], sizeof config.tlb);
            for (int i = 0; i < TLBS; i++)
                config.tlb[i].policy = (enum policy)policy;
            run(&config, (uint64_t)shape << 8 | (unsigned)policy);
        }
}

/* A smallest MMU and two mapped pages. */
struct pair {
    struct tables tables;
    struct mmu *mmu;
    struct mmu_job *job;
};

static const struct mmu_request first_page = {0x1000, ACCESS_READ, PRIV_S, 0};
static const struct mmu_request second_page = {0x2000, ACCESS_READ, PRIV_S, 1};

static void create_pair(struct pair *pair, const struct mmu_memory *memory) {
    tables_create(&pair->tables, &geometries[1]);
    tables_put(&pair->tables, 0x1000, 0, PPN(1) | LEAF);
    tables_put(&pair->tables, 0x2000, 0, PPN(2) | LEAF);
    const struct mmu_memory callbacks = physmem_callbacks(pair->tables.memory);
    pair->mmu = small_mmu(memory ? memory : &callbacks);
    pair->job = mmu_job_create();
    const struct mmu_control control = tables_control(&pair->tables);
    mmu_set_control(pair->mmu, &control);
}

static void destroy_pair(struct pair *pair) {
    mmu_job_destroy(pair->job);
    mmu_destroy(pair->mmu);
    tables_destroy(&pair->tables);
}

/*
 * Once a running job's fill did not touch the shortcut: the page that it evicted from the L1 still
 * answered as a hit.
 */
static void shortcut_outlived_a_stepped_fill(void **state) {
    (void)state;
    struct pair pair;
    create_pair(&pair, NULL);
    struct mmu_event event = {0};
    struct mmu_response response;
    mmu_begin(pair.mmu, pair.job, &second_page);
    assert_true(mmu_step(pair.mmu, pair.job, &event)); /* LOOKUP */
    assert_true(mmu_translate(pair.mmu, &first_page, &response));
    assert_int_equal(response.level, LEVEL_WALK);
    while (mmu_step(pair.mmu, pair.job, &event))
        ;
    assert_true(mmu_translate(pair.mmu, &first_page, &response)); /* one entry: it was evicted */
    assert_int_equal(response.level, LEVEL_WALK);
    destroy_pair(&pair);
}

/* Memory whose first read makes somebody set the control registers. */
struct meddler {
    struct pair *pair;
    bool done;
};

static bool meddling_read(void *context, uint64_t pa, unsigned bytes, uint64_t *value) {
    struct meddler *meddler = context;
    if (!meddler->done) {
        meddler->done = true;
        struct mmu_control control = *mmu_get_control(meddler->pair->mmu);
        control.asid = 1;
        mmu_set_control(meddler->pair->mmu, &control);
    }
    return physmem_read(meddler->pair->tables.memory, pa, bytes, value);
}

/* Once a page translated under registers that changed meanwhile was kept under the new ones. */
static void shortcut_outlived_a_control_change(void **state) {
    (void)state;
    struct pair pair;
    struct meddler meddler = {.pair = &pair};
    const struct mmu_memory memory = {&meddler, meddling_read, NULL};
    create_pair(&pair, &memory);
    struct mmu_response response;
    assert_true(mmu_translate(pair.mmu, &first_page, &response)); /* filled for ASID 0 */
    assert_true(mmu_translate(pair.mmu, &first_page, &response)); /* asked by ASID 1 */
    assert_int_equal(response.level, LEVEL_WALK);
    destroy_pair(&pair);
}

/*
 * Once the page that a store's walk filled was kept although, of the matches in the L1, an older
 * one is found first: superpages put over a small page that had D=0, without a fence.
 */
static void shortcut_hid_an_older_match(void **state) {
    (void)state;
    struct tables tables;
    tables_create(&tables, &geometries[1]);
    const struct mmu_memory memory = physmem_callbacks(tables.memory);
    const struct mmu_config config = {
        .tlb = {[TLB_I] = {1, 1, POLICY_LRU}, [TLB_D] = {1, 2, POLICY_LRU}}};
    const char *why;
    struct mmu *mmu = mmu_create(&config, &memory, &why);
    struct mmu_control control = tables_control(&tables);
    control.adue = true;
    mmu_set_control(mmu, &control);
    struct mmu_response response;
    const struct mmu_request store = {0x1000, ACCESS_WRITE, PRIV_S, 2};
    const struct mmu_request elsewhere = {0x3000, ACCESS_READ, PRIV_S, 3};

    tables_put(&tables, 0x1000, 0, PPN(1) | V | R | W | A);
    assert_true(mmu_translate(mmu, &first_page, &response)); /* 4 KiB, D=0 */
    tables_put(&tables, 0, 1, PPN(0x40000) | LEAF);
    assert_true(mmu_translate(mmu, &elsewhere, &response)); /* 2 MiB */
    tables_put(&tables, 0, 2, PPN(0x80000) | LEAF);
    assert_true(mmu_translate(mmu, &store, &response)); /* the 4 KiB were clean, now 1 GiB */
    assert_true(response.pa == 0x80001000);
    assert_true(mmu_translate(mmu, &store, &response));
    assert_true(response.pa == 0x40001000); /* stale, but what the smaller page says */
    mmu_destroy(mmu);
    tables_destroy(&tables);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(translating_equals_stepping),
        cmocka_unit_test(shortcut_outlived_a_stepped_fill),
        cmocka_unit_test(shortcut_outlived_a_control_change),
        cmocka_unit_test(shortcut_hid_an_older_match),
    };
    return RUN(tests);
}
