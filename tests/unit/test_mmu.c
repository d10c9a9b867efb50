/* The MMU put together: configurations, the order of events, fences in the middle of a walk. */
#include "check.h"
#include "tables.h"

#include <string.h>

#define VA         UINT64_C(0x1000)
#define MAX_EVENTS 40

/* An Sv39 MMU with an L2, VA mapped to page 5. */
struct bench {
    struct tables tables;
    struct mmu *mmu;
    struct mmu_job *job;
    struct mmu_control control;
    struct mmu_event events[MAX_EVENTS];
    unsigned count;
};

static int create(void **state) {
    static struct bench bench;
    memset(&bench, 0, sizeof bench);
    tables_create(&bench.tables, &geometries[1]);
    tables_put(&bench.tables, VA, 0, PPN(5) | LEAF);
    const struct mmu_memory memory = physmem_callbacks(bench.tables.memory);
    const struct mmu_config config = {.tlb = {{1, 1, POLICY_LRU}, {1, 1, POLICY_LRU}, {4, 2, 0}}};
    const char *why;
    bench.mmu = mmu_create(&config, &memory, &why);
    bench.job = mmu_job_create();
    bench.control = tables_control(&bench.tables);
    mmu_set_control(bench.mmu, &bench.control);
    *state = &bench;
    return bench.mmu && bench.job ? 0 : -1;
}

static int destroy(void **state) {
    struct bench *bench = *state;
    mmu_job_destroy(bench->job);
    mmu_destroy(bench->mmu);
    tables_destroy(&bench->tables);
    return 0;
}

static void keep_event(void *context, const struct mmu_event *event) {
    struct bench *bench = context;
    assert_true(bench->count < MAX_EVENTS);
    bench->events[bench->count++] = *event;
}

static struct mmu_response translate(struct bench *bench, uint64_t va, enum access_type access) {
    struct mmu_response response;
    mmu_translate(bench->mmu, &(struct mmu_request){va, access, PRIV_S, 9}, &response);
    return response;
}

/*
 * One letter an event: Look up, linK (M: merged), replaY, prefetch of the Next page, Start, Read,
 * Update, End, Fill, resPonse; L and F with the TLB.
 */
static const char *spell(const struct mmu_event *events, unsigned count) {
    static char text[3 * MAX_EVENTS];
    char *at = text;
    for (unsigned i = 0; i < count; i++) {
        bool merged = events[i].kind == EVENT_LINK && events[i].link.merged;
        *at++ = merged ? 'M' : "LKYNSRUEFP"[events[i].kind];
        if (events[i].kind == EVENT_LOOKUP)
            *at++ = "id2"[events[i].lookup.tlb];
        if (events[i].kind == EVENT_FILL)
            *at++ = "id2"[events[i].fill.tlb];
    }
    *at = 0;
    return text;
}

static void expect_events(struct bench *bench, uint64_t va, enum access_type access,
                          const char *expect) {
    bench->count = 0;
    mmu_listen(bench->mmu, keep_event, bench);
    translate(bench, va, access);
    mmu_listen(bench->mmu, NULL, NULL);
    assert_string_equal(spell(bench->events, bench->count), expect);
    enum port port = access == ACCESS_EXECUTE ? PORT_I : PORT_D;
    for (unsigned i = 0; i < bench->count; i++) {
        bool of_walk = event_of_walk(&bench->events[i]);
        assert_int_equal(bench->events[i].id, of_walk ? 0 : 9);
        assert_int_equal(bench->events[i].port, of_walk ? PORT_I : port);
        assert_int_equal(bench->events[i].walk, 0);
    }
}

static void impossible_configurations(void **state) {
    (void)state;
    static const struct mmu_config good = {.tlb = {{1, 1, POLICY_LRU}, {1, 1, POLICY_LRU}}};
    static const struct tlb_config bad[] = {
        {0, 1, POLICY_LRU},         {1, 0, POLICY_LRU},     {1, 1025, POLICY_LRU},
        {65537, 1, POLICY_LRU},     {64, 1024 + 1, 0},      {65, 1024, POLICY_LRU},
        {32769, 2, POLICY_LRU},     {1, 1, (enum policy)4}, {UINT32_MAX, UINT32_MAX, POLICY_LRU},
        {65536, 65536, POLICY_LRU},
    };
    static const struct mmu_memory memory;
    const char *why = NULL;
    for (int tlb = 0; tlb < TLBS; tlb++)
        for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
            struct mmu_config config = good;
            config.tlb[tlb] = bad[i];
            struct mmu *mmu = mmu_create(&config, &memory, &why);
            if (tlb == TLB_L2 && bad[i].sets == 0) { /* absent */
                assert_non_null(mmu);
                assert_null(why);
                mmu_destroy(mmu);
                continue;
            }
            assert_null(mmu);
            assert_non_null(why);
        }
    struct mmu_config config = good;
    config.seed = 0x4000;
    assert_null(mmu_create(&config, &memory, &why));
    assert_non_null(why);
    mmu_destroy(NULL);
}

static void impossible_pipelines(void **state) {
    (void)state;
    static const struct {
        unsigned walk_cache, walks, misses_i, misses_d;
        bool possible;
    } rows[] = {
        {0, 0, 0, 0, true},   {64, 16, 32, 32, true}, {65, 1, 1, 1, false},
        {0, 17, 1, 1, false}, {0, 1, 33, 1, false},   {0, 1, 1, 33, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct mmu_config config = {.tlb = {{1, 1, POLICY_LRU}, {1, 1, POLICY_LRU}},
                                          .walk_cache = rows[i].walk_cache,
                                          .walks = rows[i].walks,
                                          .misses = {rows[i].misses_i, rows[i].misses_d}};
        static const struct mmu_memory memory;
        const char *why;
        struct mmu *mmu = mmu_create(&config, &memory, &why);
        assert_int_equal(mmu != NULL, rows[i].possible);
        assert_int_equal(why == NULL, rows[i].possible);
        mmu_destroy(mmu);
    }
}

static void largest_configurations(void **state) {
    (void)state;
    static const struct tlb_config largest[] = {{65536, 1, 0}, {64, 1024, 1}, {1, 1024, 2}};
    for (unsigned i = 0; i < 3; i++) {
        const struct mmu_config config = {.tlb = {largest[i], largest[i], largest[i]},
                                          .seed = 0x3fff};
        static const struct mmu_memory memory;
        const char *why;
        struct mmu *mmu = mmu_create(&config, &memory, &why);
        assert_non_null(mmu);
        mmu_destroy(mmu);
    }
}

static void events_in_order(void **state) {
    struct bench *bench = *state;
    expect_events(bench, VA, ACCESS_READ, "LdKL2SRRREF2FdP");
    expect_events(bench, VA, ACCESS_READ, "LdP");
    expect_events(bench, VA, ACCESS_EXECUTE, "LiKL2FiP");
    expect_events(bench, VA, ACCESS_EXECUTE, "LiP");
    expect_events(bench, 0x9000, ACCESS_READ, "LdKL2SRRREP"); /* not mapped */
    expect_events(bench, UINT64_C(1) << 62, ACCESS_READ, "P");
    bench->control.mode = MODE_BARE;
    mmu_set_control(bench->mmu, &bench->control);
    expect_events(bench, VA, ACCESS_READ, "P");
    const struct mmu_counters *counters = mmu_counters(bench->mmu);
    assert_int_equal(counters->lookups[TLB_D], 3);
    assert_int_equal(counters->misses[TLB_D], 2);
    assert_int_equal(counters->lookups[TLB_I], 2);
    assert_int_equal(counters->misses[TLB_I], 1);
    assert_int_equal(counters->lookups[TLB_L2], 3);
    assert_int_equal(counters->misses[TLB_L2], 2);
    assert_int_equal(counters->l2_misses[PORT_D], 2);
    assert_int_equal(counters->l2_misses[PORT_I], 0);
    assert_int_equal(counters->walks, 2);
    assert_int_equal(counters->pte_reads, 6);
    assert_int_equal(counters->faults, 2);
}

/* A clean entry in both TLBs: both drop it, the walk sets D, and it comes back dirty. */
static void events_of_a_store_to_a_clean_page(void **state) {
    struct bench *bench = *state;
    bench->control.adue = true;
    mmu_set_control(bench->mmu, &bench->control);
    tables_put(&bench->tables, VA, 0, PPN(5) | V | R | W);
    expect_events(bench, VA, ACCESS_READ, "LdKL2SRRRUEF2FdP");
    expect_events(bench, VA, ACCESS_WRITE, "LdKL2SRRRUEF2FdP");
    assert_int_equal(bench->events[0].lookup.result, LOOKUP_CLEAN);
    assert_int_equal(bench->events[2].lookup.result, LOOKUP_CLEAN);
    assert_false(bench->events[9].fill.evicted);
    expect_events(bench, VA, ACCESS_WRITE, "LdP");
    const struct mmu_counters *counters = mmu_counters(bench->mmu);
    assert_int_equal(counters->misses[TLB_D], 2);
    assert_int_equal(counters->misses[TLB_L2], 2);
    assert_int_equal(counters->pte_updates, 2);
}

/* Svade: a store to a cached clean page faults where it is found, and the entry stays. */
static void dirty_clear_in_each_tlb(void **state) {
    struct bench *bench = *state;
    tables_put(&bench->tables, VA, 0, PPN(5) | V | R | W | A);
    tables_put(&bench->tables, 0x2000, 0, PPN(6) | LEAF);
    translate(bench, VA, ACCESS_READ);
    struct mmu_response response = translate(bench, VA, ACCESS_WRITE);
    assert_int_equal(response.reason, FAULT_DIRTY_CLEAR);
    assert_int_equal(response.cause, 15);
    assert_int_equal(response.level, LEVEL_L1);
    translate(bench, 0x2000, ACCESS_READ);
    response = translate(bench, VA, ACCESS_WRITE);
    assert_int_equal(response.reason, FAULT_DIRTY_CLEAR);
    assert_int_equal(response.level, LEVEL_L2);
    assert_int_equal(translate(bench, VA, ACCESS_READ).level, LEVEL_L1);
}

static void evictions_are_shown(void **state) {
    struct bench *bench = *state;
    tables_put(&bench->tables, 0x2000, 0, PPN(6) | LEAF);
    bench->control.asid = 0xbeef;
    mmu_set_control(bench->mmu, &bench->control);
    translate(bench, VA, ACCESS_READ);
    expect_events(bench, 0x2000, ACCESS_READ, "LdKL2SRRREF2FdP");
    const struct mmu_event *fill = &bench->events[9];
    assert_true(fill->fill.evicted);
    assert_true(fill->fill.evicted_vpn == 1);
    assert_int_equal(fill->fill.evicted_asid, 0xbeef);
    assert_int_equal(fill->fill.evicted_size, PAGE_4K);
    assert_true(fill->fill.ppn == 6);
    assert_false(bench->events[8].fill.evicted);
}

/* Steps until the response, with `disturb` once after `after` events; false: it ended before. */
static bool run_disturbed(struct bench *bench, const struct mmu_request *request, unsigned after,
                          void (*disturb)(struct bench *)) {
    bench->count = 0;
    mmu_begin(bench->mmu, bench->job, request);
    struct mmu_event event = {0};
    for (;;) {
        if (bench->count == after) {
            if (mmu_job_answer(bench->job))
                return false; /* hardware takes no fence from here to the response */
            disturb(bench);
        }
        if (!mmu_step(bench->mmu, bench->job, &event))
            break;
        keep_event(bench, &event);
    }
    return bench->count > after;
}

static void remap_and_fence(struct bench *bench) {
    tables_put(&bench->tables, VA, 0, PPN(7) | LEAF);
    mmu_fence(bench->mmu, &(struct mmu_fence){.has_va = true, .va = VA});
}

/* A walk fenced after any event gives the new page and leaves nothing of the old one. */
static void fence_after_each_event_of_a_walk(void **state) {
    (void)state;
    static const char *const expect[] = {
        "LdKL2SRRREF2FdP",  /* before anything */
        "LdKL2SRRREF2FdP",  /* after the L1, */
        "LdKL2SRRREF2FdP",  /* LINK, */
        "LdKL2SRRREF2FdP",  /* the L2 */
        "LdKL2SSRRREF2FdP", /* START */
        "LdKL2SRSRRREF2FdP",    "LdKL2SRRSRRREF2FdP",     "LdKL2SRRRSRRREF2FdP",
        "LdKL2SRRRESRRREF2FdP", "LdKL2SRRREF2SRRREF2FdP",
    };
    unsigned after = 0;
    for (;; after++) {
        void *fresh;
        assert_int_equal(create(&fresh), 0);
        struct bench *bench = fresh;
        const struct mmu_request request = {VA, ACCESS_READ, PRIV_S, 1};
        bool disturbed = run_disturbed(bench, &request, after, remap_and_fence);
        if (disturbed) {
            assert_true(after < sizeof expect / sizeof expect[0]);
            assert_string_equal(spell(bench->events, bench->count), expect[after]);
            assert_true(bench->events[bench->count - 1].response.pa == 0x7000);
            assert_true(translate(bench, VA, ACCESS_READ).pa == 0x7000);
            assert_true(translate(bench, VA, ACCESS_EXECUTE).pa == 0x7000);
            assert_int_equal(mmu_counters(bench->mmu)->walks, 1);
        }
        destroy(&fresh);
        if (!disturbed)
            break;
    }
    assert_int_equal(after, sizeof expect / sizeof expect[0]);
}

/* An L2 hit fenced before it is filled into the L1 is not used. */
static void fence_after_an_l2_hit(void **state) {
    struct bench *bench = *state;
    translate(bench, VA, ACCESS_EXECUTE); /* into ITLB and L2 */
    const struct mmu_request request = {VA, ACCESS_READ, PRIV_S, 1};
    assert_true(run_disturbed(bench, &request, 3, remap_and_fence));
    assert_string_equal(spell(bench->events, bench->count), "LdKL2SRRREF2FdP");
    assert_int_equal(bench->events[2].lookup.result, LOOKUP_HIT);
    assert_true(bench->events[bench->count - 1].response.pa == 0x7000);
    assert_int_equal(bench->events[bench->count - 1].response.level, LEVEL_WALK);
}

/* A fence of something else restarts the walk, too: the hardware does not look closer. */
static void fence_elsewhere(struct bench *bench) {
    mmu_fence(bench->mmu, &(struct mmu_fence){true, true, UINT64_C(0x3f00000000), 77});
}

static void any_fence_restarts_a_walk(void **state) {
    struct bench *bench = *state;
    const struct mmu_request request = {VA, ACCESS_READ, PRIV_S, 1};
    assert_true(run_disturbed(bench, &request, 6, fence_elsewhere));
    assert_string_equal(spell(bench->events, bench->count), "LdKL2SRRSRRREF2FdP");
}

/* A or D once stored, the store is performed as of then; but nothing is kept. */
static void fence_after_a_stored_update(void **state) {
    (void)state;
    for (unsigned after = 8; after <= 10; after++) { /* UPDATE, END, FILL L2 */
        void *fresh;
        assert_int_equal(create(&fresh), 0);
        struct bench *bench = fresh;
        bench->control.adue = true;
        mmu_set_control(bench->mmu, &bench->control);
        tables_put(&bench->tables, VA, 0, PPN(5) | V | R | W);
        const struct mmu_request request = {VA, ACCESS_WRITE, PRIV_S, 1};
        assert_true(run_disturbed(bench, &request, after, remap_and_fence));
        assert_string_equal(spell(bench->events, bench->count),
                            after == 10 ? "LdKL2SRRRUEF2P" : "LdKL2SRRRUEP");
        assert_true(bench->events[bench->count - 1].response.pa == 0x5000);
        assert_int_equal(bench->events[bench->count - 1].response.level, LEVEL_WALK);
        assert_true(translate(bench, VA, ACCESS_READ).pa == 0x7000);
        assert_int_equal(mmu_counters(bench->mmu)->walks, 2);
        destroy(&fresh);
    }
}

/* A fence before the compare-and-set: it is not attempted with what was read before. */
static void fence_before_an_update(void **state) {
    struct bench *bench = *state;
    bench->control.adue = true;
    mmu_set_control(bench->mmu, &bench->control);
    tables_put(&bench->tables, VA, 0, PPN(5) | V | R | W);
    const struct mmu_request request = {VA, ACCESS_WRITE, PRIV_S, 1};
    assert_true(run_disturbed(bench, &request, 7, remap_and_fence));
    assert_string_equal(spell(bench->events, bench->count), "LdKL2SRRRSRRREF2FdP");
    assert_int_equal(mmu_counters(bench->mmu)->pte_updates, 0);
}

/* The registers of mmu_begin() count, whatever they become during the walk. */
static void other_registers(struct bench *bench) {
    mmu_set_control(bench->mmu, &(struct mmu_control){.mode = MODE_SV48, .asid = 5});
}

static void control_is_that_of_the_beginning(void **state) {
    (void)state;
    for (unsigned after = 0; after <= 10; after++) {
        void *fresh;
        assert_int_equal(create(&fresh), 0);
        struct bench *bench = fresh;
        const struct mmu_request request = {VA, ACCESS_READ, PRIV_S, 1};
        run_disturbed(bench, &request, after, other_registers);
        assert_true(bench->count == 0 || bench->events[0].kind == EVENT_LOOKUP);
        struct mmu_event event;
        while (mmu_step(bench->mmu, bench->job, &event))
            ;
        mmu_set_control(bench->mmu, &bench->control);
        assert_int_equal(translate(bench, VA, ACCESS_READ).level, LEVEL_L1);
        destroy(&fresh);
    }
}

static void a_job_ends_once(void **state) {
    struct bench *bench = *state;
    struct mmu_event event;
    assert_false(mmu_step(bench->mmu, bench->job, &event)); /* never begun */
    mmu_begin(bench->mmu, bench->job, &(struct mmu_request){VA, ACCESS_READ, PRIV_S, 1});
    assert_null(mmu_job_answer(bench->job));
    unsigned count = 0;
    bool answered = false;
    while (mmu_step(bench->mmu, bench->job, &event)) {
        count++;
        assert_false(answered && event.kind != EVENT_RESPONSE);
        answered = mmu_job_answer(bench->job) != NULL;
    }
    assert_int_equal(event.kind, EVENT_RESPONSE);
    assert_int_equal(count, 11);
    assert_false(mmu_step(bench->mmu, bench->job, &event));
    assert_true(mmu_job_answer(bench->job)->pa == 0x5000);
}

/* The fault of a job's own walk is certain at its END: a fence does not change it any more. */
static void a_failure_is_the_answer(void **state) {
    struct bench *bench = *state;
    struct mmu_event event = {0};
    mmu_begin(bench->mmu, bench->job, &(struct mmu_request){0x9000, ACCESS_READ, PRIV_S, 1});
    while (event.kind != EVENT_END) {
        assert_null(mmu_job_answer(bench->job));
        assert_true(mmu_step(bench->mmu, bench->job, &event));
    }
    assert_int_equal(mmu_job_answer(bench->job)->reason, FAULT_NOT_VALID);
    mmu_fence(bench->mmu, &(struct mmu_fence){.has_va = false});
    assert_true(mmu_step(bench->mmu, bench->job, &event));
    assert_int_equal(event.kind, EVENT_RESPONSE);
}

/* Memory with each of whose updates a fence comes. */
static bool fencing_update(void *context, uint64_t pa, unsigned bytes, uint64_t expect,
                           uint64_t desired, uint64_t *old) {
    struct bench *bench = context;
    mmu_fence(bench->mmu, &(struct mmu_fence){.has_va = false});
    return physmem_compare_and_set(bench->tables.memory, pa, bytes, expect, desired, old);
}

static bool plain_read(void *context, uint64_t pa, unsigned bytes, uint64_t *value) {
    const struct bench *bench = context;
    return physmem_read(bench->tables.memory, pa, bytes, value);
}

/* mmu_translate(), with a listener and without, keeps nothing of it, but answers. */
static void fence_while_translating(void **state) {
    struct bench *bench = *state;
    const struct mmu_memory memory = {bench, plain_read, fencing_update};
    const struct mmu_config config = {
        .tlb = {{1, 1, POLICY_LRU}, {1, 1, POLICY_LRU}, {4, 2, POLICY_LRU}}};
    const char *why;
    mmu_destroy(bench->mmu);
    assert_non_null(bench->mmu = mmu_create(&config, &memory, &why));
    bench->control.adue = true;
    mmu_set_control(bench->mmu, &bench->control);
    for (unsigned listens = 0; listens < 2; listens++) {
        tables_put(&bench->tables, VA, 0, PPN(5) | V | R | W);
        if (listens)
            mmu_listen(bench->mmu, keep_event, bench);
        struct mmu_response response = translate(bench, VA, ACCESS_WRITE);
        mmu_listen(bench->mmu, NULL, NULL);
        assert_true(response.pa == 0x5000);
        assert_int_equal(response.level, LEVEL_WALK);
        assert_int_equal(translate(bench, VA, ACCESS_WRITE).level, LEVEL_WALK);
        mmu_fence(bench->mmu, &(struct mmu_fence){.has_va = false});
    }
    assert_string_equal(spell(bench->events, bench->count), "LdKL2SRRRUEP");
}

/* Every field counts, and only the kind's own. */
static void events_compare(void **state) {
    struct bench *bench = *state;
    expect_events(bench, VA, ACCESS_READ, "LdKL2SRRREF2FdP");
    char text[256];
    for (unsigned i = 0; i < bench->count; i++) {
        const struct mmu_event *event = &bench->events[i];
        struct mmu_event other = *event;
        assert_true(event_equal(event, &other));
        assert_in_range(event_format(&other, text, sizeof text), 1, sizeof text - 1);
        other.id ^= 1;
        assert_int_equal(event_equal(event, &other), event_of_walk(event));
        other = *event;
        other.port = PORT_I;
        assert_int_equal(event_equal(event, &other), event_of_walk(event));
        other = *event;
        other.walk = 1;
        bool names_walk = event_of_walk(event) || event->kind == EVENT_LINK;
        assert_int_equal(event_equal(event, &other), !names_walk);
    }
    struct mmu_event link = bench->events[1];
    link.link.merged = true;
    assert_false(event_equal(&bench->events[1], &link));
    struct mmu_event start = bench->events[3];
    start.start.level ^= 1;
    assert_false(event_equal(&bench->events[3], &start));
    start = bench->events[3];
    start.start.cached = true;
    assert_false(event_equal(&bench->events[3], &start));
    start = bench->events[3];
    start.start.way = 1;
    assert_false(event_equal(&bench->events[3], &start));
    struct mmu_event read = bench->events[4];
    read.read.value ^= UINT64_C(1) << 63;
    assert_false(event_equal(&bench->events[4], &read));
    struct mmu_event fill = bench->events[9];
    fill.fill.evicted_asid ^= 1;
    assert_false(event_equal(&bench->events[9], &fill));
    struct mmu_event response = bench->events[10];
    response.response.level = LEVEL_L1;
    assert_false(event_equal(&bench->events[10], &response));
    struct mmu_event next = {.kind = EVENT_PREFETCH, .prefetch.vpn = 5}, other = next;
    assert_true(event_equal(&next, &other));
    other.prefetch.vpn = 6;
    assert_false(event_equal(&next, &other));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, create, destroy)

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(impossible_configurations),
        cmocka_unit_test(impossible_pipelines),
        cmocka_unit_test(largest_configurations),
        TEST(events_in_order),
        TEST(events_of_a_store_to_a_clean_page),
        TEST(dirty_clear_in_each_tlb),
        TEST(evictions_are_shown),
        cmocka_unit_test(fence_after_each_event_of_a_walk),
        TEST(fence_after_an_l2_hit),
        TEST(any_fence_restarts_a_walk),
        cmocka_unit_test(fence_after_a_stored_update),
        TEST(fence_before_an_update),
        cmocka_unit_test(control_is_that_of_the_beginning),
        TEST(a_job_ends_once),
        TEST(a_failure_is_the_answer),
        TEST(fence_while_translating),
        TEST(events_compare),
    };
    return RUN(tests);
}
