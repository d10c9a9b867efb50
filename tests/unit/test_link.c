/* Requests that wait for a walk together: docs/architecture.md, "Several walks at once". */
#include "check.h"
#include "walk_yard.h"

static int create(void **state) {
    static struct yard yard;
    yard_create(&yard);
    *state = &yard;
    return 0;
}

static int destroy(void **state) {
    yard_destroy(*state);
    return 0;
}

/* The first request of each port fills its L1, before the L2 is filled or after. */
static void one_walk_serves_all(void **state) {
    struct yard *yard = *state;
    yard_begin(yard, 0, 0, PAGE, ACCESS_READ);
    yard_join(yard, 1, 0, PAGE + 8, ACCESS_EXECUTE);
    yard_join(yard, 2, 0, PAGE + 16, ACCESS_WRITE);
    yard_miss(yard, 3, PAGE + 24, ACCESS_EXECUTE);
    static const char *const steps[] = {"L2", "S", "R", "R"};
    for (unsigned i = 0; i < 4; i++) {
        assert_string_equal(yard_steps_of_walk(yard, 0, 1), steps[i]);
        for (unsigned job = 0; job < 3; job++)
            assert_string_equal(yard_job(yard, job), "");
    }
    assert_null(yard_link(yard, 3, 0, true));
    assert_string_equal(yard_steps_of_walk(yard, 0, 2), "RE");
    assert_string_equal(yard_steps_of_job(yard, 2, 1), "Fd");
    assert_true(mmu_job_answer(yard->job[2])->pa == 0x5010);
    assert_string_equal(yard_job(yard, 1), "FiP");
    assert_string_equal(yard_job(yard, 2), "P");
    assert_string_equal(yard_walk(yard, 0), "F2");
    assert_string_equal(yard_job(yard, 0), "P");
    assert_int_equal(yard->event.response.level, LEVEL_WALK);
    assert_true(yard->event.response.pa == 0x5000);
    assert_string_equal(yard_job(yard, 3), "P");
    assert_true(yard->event.response.pa == 0x5018);
    const struct mmu_counters *counters = mmu_counters(yard->mmu);
    assert_int_equal(counters->walks, 1);
    assert_int_equal(counters->merges, 3);
    assert_int_equal(counters->lookups[TLB_L2], 1);
    assert_int_equal(counters->l2_misses[PORT_D], 1);
    assert_int_equal(counters->l2_misses[PORT_I], 0);
    assert_int_equal(counters->misses[TLB_D], 2);
}

static void an_l2_hit_serves_all(void **state) {
    struct yard *yard = *state;
    struct mmu_response response;
    mmu_translate(yard->mmu, &(struct mmu_request){PAGE, ACCESS_EXECUTE, PRIV_S, 0}, &response);
    yard_begin(yard, 0, 0, PAGE, ACCESS_READ);
    yard_join(yard, 1, 0, PAGE, ACCESS_READ);
    assert_string_equal(yard_walk(yard, 0), "L2");
    assert_string_equal(yard_job(yard, 1), "FdP");
    assert_int_equal(yard->event.response.level, LEVEL_L2);
    assert_string_equal(yard_job(yard, 0), "P");
    assert_int_equal(yard->event.response.level, LEVEL_L2);
    yard_begin(yard, 0, 0, PAGE + 4096, ACCESS_READ); /* no fill was due */
}

/* Only the primary gets the fault; the others are replayed, and may get it from their own walks. */
static void a_failure_is_the_primarys(void **state) {
    struct yard *yard = *state;
    tables_put(&yard->tables, PAGE, 0, YARD_PTE(PAGE) & ~W);
    yard_begin(yard, 0, 0, PAGE, ACCESS_WRITE);
    yard_join(yard, 1, 0, PAGE, ACCESS_READ);
    yard_join(yard, 2, 0, PAGE, ACCESS_WRITE);
    assert_string_equal(yard_walk(yard, 0), "L2SRRRE");
    assert_int_equal(yard->event.end.reason, FAULT_NOT_WRITABLE);
    assert_string_equal(yard_job(yard, 0), "P");
    assert_int_equal(yard->event.response.reason, FAULT_NOT_WRITABLE);
    assert_int_equal(yard->event.response.level, LEVEL_WALK);
    assert_string_equal(yard_steps_of_job(yard, 1, 1), "Y");
    assert_null(yard_link(yard, 1, 1, false));
    assert_string_equal(yard_walk(yard, 1), "L2SRRREF2");
    assert_string_equal(yard_job(yard, 1), "FdP");
    assert_string_equal(yard_steps_of_job(yard, 2, 1), "Y");
    assert_null(yard_link(yard, 2, 1, false));
    assert_string_equal(yard_walk(yard, 1), "L2");
    assert_string_equal(yard_job(yard, 2), "FdP");
    assert_int_equal(yard->event.response.reason, FAULT_NOT_WRITABLE);
    assert_int_equal(yard->event.response.level, LEVEL_L2);
    assert_int_equal(mmu_counters(yard->mmu)->replays, 2);
    assert_int_equal(mmu_counters(yard->mmu)->faults, 2);
}

/* What becomes of a request that merged with a load's walk, by its own registers and the PTE. */
static void merged_requests_make_their_own_checks(void **state) {
    (void)state;
    static const struct {
        uint64_t flags;
        enum access_type access;
        bool adue;
        const char *steps; /* after the primary has filled the D TLB */
        enum fault_reason reason;
    } rows[] = {
        {V | R | W | A, ACCESS_WRITE, true, "Y", FAULT_NONE},
        {V | R | W | A, ACCESS_WRITE, false, "P", FAULT_DIRTY_CLEAR},
        {V | R | W | A, ACCESS_READ, true, "P", FAULT_NONE},
        {V | R | A, ACCESS_WRITE, true, "P", FAULT_NOT_WRITABLE},
        {V | R | W | A | D, ACCESS_WRITE, true, "P", FAULT_NONE},
        {V | R | W | A, ACCESS_EXECUTE, true, "FiP", FAULT_NOT_EXECUTABLE},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct yard yard;
        yard_create(&yard);
        tables_put(&yard.tables, PAGE, 0, PPN(5) | rows[i].flags);
        yard_begin(&yard, 0, 0, PAGE, ACCESS_READ);
        yard.control.adue = rows[i].adue;
        mmu_set_control(yard.mmu, &yard.control);
        yard_join(&yard, 1, 0, PAGE, rows[i].access);
        yard.control.adue = !rows[i].adue; /* registers of the acceptance count */
        mmu_set_control(yard.mmu, &yard.control);
        assert_string_equal(yard_walk(&yard, 0), "L2SRRREF2");
        assert_string_equal(yard_job(&yard, 0), "FdP");
        const char *steps = yard_steps_of_job(&yard, 1, rows[i].steps[0] == 'Y' ? 1 : 9);
        assert_string_equal(steps, rows[i].steps);
        if (yard.event.kind == EVENT_RESPONSE)
            assert_int_equal(yard.event.response.reason, rows[i].reason);
        yard_destroy(&yard);
    }
}

/* It does not fill before it is replayed; then a walk of its own sets D. */
static void a_replayed_store(void **state) {
    struct yard *yard = *state;
    tables_put(&yard->tables, PAGE, 0, PPN(5) | V | R | W | A);
    yard_begin(yard, 0, 0, PAGE, ACCESS_READ);
    yard_join(yard, 1, 0, PAGE, ACCESS_WRITE);
    yard_walk(yard, 0);
    assert_string_equal(yard_steps_of_job(yard, 1, 1), "Y");
    assert_null(mmu_job_answer(yard->job[1]));
    assert_string_equal(yard_job(yard, 0), "FdP");
    assert_null(yard_link(yard, 1, 0, false));
    assert_string_equal(yard_walk(yard, 0), "L2SRRRUEF2");
    assert_string_equal(yard_job(yard, 1), "FdP");
    assert_true(tables_get(&yard->tables, PAGE, 0) & D);
    assert_int_equal(mmu_counters(yard->mmu)->replays, 1);
}

/* A replayed request that nobody links begins its own walk, like any other. */
static void a_replayed_request_alone(void **state) {
    struct yard *yard = *state;
    tables_put(&yard->tables, PAGE, 0, 0);
    yard_begin(yard, 0, 0, PAGE, ACCESS_READ);
    yard_join(yard, 1, 0, PAGE, ACCESS_READ);
    yard_walk(yard, 0);
    tables_put(&yard->tables, PAGE, 0, YARD_PTE(PAGE));
    assert_string_equal(yard_job(yard, 1), "YKL2SRRREF2FdP");
    assert_string_equal(yard_job(yard, 0), "P");
}

/*
 * In the cycle of a walk's END the hardware still merges; from the first that went by the outcome
 * on it is over in vain.
 */
static void no_merging_with_what_is_over_in_vain(void **state) {
    (void)state;
    for (unsigned fails = 0; fails < 2; fails++) {
        struct yard yard;
        yard_create(&yard);
        tables_put(&yard.tables, PAGE, 0, fails ? 0 : PPN(5) | V | R | W | A);
        yard_begin(&yard, 0, 0, PAGE, ACCESS_READ);
        assert_string_equal(yard_steps_of_walk(&yard, 0, 6), "L2SRRRE");
        yard_join(&yard, 1, 0, PAGE, ACCESS_WRITE); /* in the END's cycle */
        yard_miss(&yard, 2, PAGE, ACCESS_WRITE);
        yard_miss(&yard, 3, PAGE, ACCESS_READ);
        assert_string_equal(yard_job(&yard, 0), fails ? "P" : "FdP");
        assert_non_null(yard_link(&yard, 2, 0, true));
        assert_int_equal(yard_link(&yard, 3, 0, true) != NULL, fails); /* a load may */
        assert_string_equal(yard_steps_of_job(&yard, 1, 1), "Y");
        assert_non_null(yard_link(&yard, 1, 0, true));
        yard_destroy(&yard);
    }
}

/* A replay goes by the outcome, too, and so does the fill of the L2. */
static void what_goes_by_the_outcome(void **state) {
    struct yard *yard = *state;
    tables_put(&yard->tables, PAGE, 0, 0);
    yard_begin(yard, 0, 0, PAGE, ACCESS_READ);
    yard_join(yard, 1, 0, PAGE, ACCESS_READ);
    yard_walk(yard, 0);
    assert_string_equal(yard_steps_of_job(yard, 1, 1), "Y");
    assert_non_null(yard_link(yard, 1, 0, true));
    tables_put(&yard->tables, PAGE, 0, PPN(5) | V | R | W | A);
    yard_begin(yard, 2, 1, PAGE, ACCESS_READ);
    assert_string_equal(yard_walk(yard, 1), "L2SRRREF2");
    yard_miss(yard, 3, PAGE, ACCESS_WRITE);
    assert_non_null(yard_link(yard, 3, 1, true));
}

/* Every refusal of a merge, and that a refused request can still be linked. */
static void merges_refused(void **state) {
    struct yard *yard = *state;
    struct mmu_control control = yard->control;
    yard_miss(yard, 0, PAGE, ACCESS_READ);
    assert_non_null(yard_link(yard, 0, 0, true)); /* never begun */
    assert_null(yard_link(yard, 0, 0, false));
    yard_miss(yard, 1, PAGE + 4096, ACCESS_READ);
    assert_non_null(yard_link(yard, 1, 0, true)); /* another page */
    yard_miss(yard, 1, PAGE | UINT64_C(1) << 37, ACCESS_READ);
    assert_non_null(yard_link(yard, 1, 0, true));
    control.asid = 1;
    mmu_set_control(yard->mmu, &control);
    yard_miss(yard, 1, PAGE, ACCESS_READ);
    assert_non_null(yard_link(yard, 1, 0, true)); /* another ASID */
    control.asid = 0;
    control.mode = MODE_SV48;
    mmu_set_control(yard->mmu, &control);
    yard_miss(yard, 1, PAGE, ACCESS_READ);
    assert_non_null(yard_link(yard, 1, 0, true)); /* another mode */
    mmu_set_control(yard->mmu, &yard->control);
    yard_miss(yard, 1, PAGE, ACCESS_READ);
    assert_null(yard_link(yard, 1, 0, true));
    assert_int_equal(mmu_counters(yard->mmu)->merges, 1);
}

/* A walk is begun only when nothing is left of the one before. */
static void beginnings_refused(void **state) {
    struct yard *yard = *state;
    yard_begin(yard, 0, 0, PAGE, ACCESS_READ);
    yard_miss(yard, 1, PAGE + 4096, ACCESS_READ);
    static const char *const steps[] = {"L2", "S", "R", "R", "R", "E"};
    for (unsigned i = 0; i < 6; i++) {
        assert_non_null(yard_link(yard, 1, 0, false)); /* under way */
        assert_string_equal(yard_steps_of_walk(yard, 0, 1), steps[i]);
    }
    assert_non_null(yard_link(yard, 1, 0, false)); /* somebody waits, and a fill is due */
    assert_string_equal(yard_job(yard, 0), "FdP");
    assert_non_null(yard_link(yard, 1, 0, false)); /* a fill is due */
    assert_string_equal(yard_walk(yard, 0), "F2");
    yard_join(yard, 2, 0, PAGE, ACCESS_EXECUTE);
    assert_non_null(yard_link(yard, 1, 0, false)); /* somebody waits, with a fill to make */
    assert_string_equal(yard_job(yard, 2), "FiP");
    assert_null(yard_link(yard, 1, 0, false));
    assert_string_equal(yard_walk(yard, 0), "L2SRRREF2");
    assert_string_equal(yard_job(yard, 1), "FdP"); /* `filled` is forgotten */
}

static void failed_walks_wait_for_their_replays(void **state) {
    struct yard *yard = *state;
    tables_put(&yard->tables, PAGE, 0, 0);
    yard_begin(yard, 0, 0, PAGE, ACCESS_READ);
    yard_join(yard, 1, 0, PAGE, ACCESS_READ);
    yard_walk(yard, 0);
    yard_miss(yard, 2, PAGE + 4096, ACCESS_READ);
    assert_non_null(yard_link(yard, 2, 0, false));
    assert_string_equal(yard_steps_of_job(yard, 1, 1), "Y");
    assert_null(yard_link(yard, 2, 0, false)); /* only the primary is left, with its answer */
    assert_string_equal(yard_job(yard, 0), "P");
    assert_int_equal(yard->event.response.reason, FAULT_NOT_VALID);
    assert_int_equal(mmu_counters(yard->mmu)->faults, 1);
}

/* A request that needs no step before its response keeps its answer when the walk goes on. */
static void answers_outlive_their_walk(void **state) {
    struct yard *yard = *state;
    yard_begin(yard, 0, 0, PAGE, ACCESS_READ);
    yard_join(yard, 1, 0, PAGE + 4, ACCESS_WRITE);
    yard_walk(yard, 0);
    assert_string_equal(yard_job(yard, 0), "FdP");
    yard_begin(yard, 2, 0, PAGE + 4096, ACCESS_READ);
    assert_true(mmu_job_answer(yard->job[1])->pa == 0x5004);
    assert_string_equal(yard_job(yard, 1), "P");
    assert_string_equal(yard_walk(yard, 0), "L2SRRREF2");
    assert_string_equal(yard_job(yard, 2), "FdP");
    assert_true(yard->event.response.pa == 0x6000);
}

/* Only a request that has missed its L1 looks for a walk. */
static void requests_refused(void **state) {
    struct yard *yard = *state;
    struct mmu_event event;
    assert_non_null(yard_link(yard, 0, 0, false)); /* never begun */
    const struct mmu_request request = {PAGE, ACCESS_READ, PRIV_S, 10};
    mmu_begin(yard->mmu, yard->job[0], &request);
    assert_non_null(yard_link(yard, 0, 0, false)); /* has not looked into its L1 */
    yard_begin(yard, 0, 0, PAGE, ACCESS_READ);
    assert_non_null(yard_link(yard, 0, 1, false)); /* waits already */
    yard_walk(yard, 0);
    assert_string_equal(yard_steps_of_job(yard, 0, 1), "Fd");
    assert_non_null(yard_link(yard, 0, 1, false)); /* answered */
    yard_job(yard, 0);
    assert_non_null(yard_link(yard, 0, 1, false)); /* over */
    mmu_begin(yard->mmu, yard->job[0], &request);
    assert_true(mmu_step(yard->mmu, yard->job[0], &event));
    assert_int_equal(event.lookup.result, LOOKUP_HIT);
    assert_non_null(yard_link(yard, 0, 1, false));
    yard_miss(yard, 1, PAGE + 4096, ACCESS_READ);
    assert_string_equal(yard_steps_of_job(yard, 1, 1), "K");
    assert_non_null(yard_link(yard, 1, 1, false)); /* has begun a walk of its own */
    assert_string_equal(yard_walk(yard, 1), "");
}

/* Walks are under way at once, each with its own numbers; the second finds the page in the L2. */
static void walks_interleave(void **state) {
    struct yard *yard = *state;
    for (unsigned i = 0; i < 3; i++)
        yard_begin(yard, i, i, PAGE + (i % 2) * 4096, i == 2 ? ACCESS_EXECUTE : ACCESS_READ);
    static const char *const steps[] = {"L2", "S", "R", "R", "R", "E"};
    for (unsigned step = 0; step < 6; step++)
        for (unsigned i = 0; i < 3; i++)
            assert_string_equal(yard_steps_of_walk(yard, i, 1), steps[step]);
    /* walks 0 and 2 found the same page: it is held once */
    assert_string_equal(yard_walk(yard, 0), "F2");
    unsigned way = yard->event.fill.way, set = yard->event.fill.set;
    assert_string_equal(yard_walk(yard, 2), "F2");
    assert_int_equal(yard->event.fill.set, set);
    assert_int_equal(yard->event.fill.way, way);
    assert_true(yard->event.fill.evicted);
    assert_true(yard->event.fill.evicted_vpn == 1);
    assert_string_equal(yard_walk(yard, 1), "F2");
    assert_string_equal(yard_job(yard, 2), "FiP");
    assert_string_equal(yard_job(yard, 1), "FdP");
    assert_true(yard->event.response.pa == 0x6000);
    assert_string_equal(yard_job(yard, 0), "FdP");
}

static void without_an_l2(void **state) {
    (void)state;
    struct yard yard;
    yard_create_with(&yard, &(struct mmu_config){.tlb = {{1, 1, 0}, {1, 1, 0}}});
    yard_begin(&yard, 0, 0, PAGE, ACCESS_READ);
    yard_join(&yard, 1, 0, PAGE, ACCESS_READ);
    assert_string_equal(yard_walk(&yard, 0), "SRRRE");
    assert_string_equal(yard_job(&yard, 1), "FdP");
    assert_string_equal(yard_job(&yard, 0), "P");
    yard_begin(&yard, 0, 0, PAGE + 4096, ACCESS_READ);
    yard_destroy(&yard);
}

/* A job begun anew, or destroyed, or whose walk is destroyed, waits no more. */
static void those_who_leave_early(void **state) {
    struct yard *yard = *state;
    yard_begin(yard, 0, 0, PAGE, ACCESS_READ);
    for (unsigned i = 1; i < YARD_JOBS; i++)
        yard_join(yard, i, 0, PAGE, ACCESS_READ);
    mmu_job_destroy(yard->job[2]);
    yard->job[2] = mmu_job_create();
    yard_begin(yard, 0, 1, PAGE + 4096, ACCESS_READ);
    yard_walk(yard, 0);
    assert_string_equal(yard_job(yard, 1), "FdP");
    mmu_walk_destroy(yard->walk[0]);
    yard->walk[0] = mmu_walk_create(5);
    assert_string_equal(yard_job(yard, 3), "KL2FdP");
    assert_string_equal(yard_job(yard, 0), "");
    assert_string_equal(yard_walk(yard, 1), "L2SRRREF2");
    assert_string_equal(yard_job(yard, 0), "FdP");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, create, destroy)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(one_walk_serves_all),
        TEST(an_l2_hit_serves_all),
        TEST(a_failure_is_the_primarys),
        cmocka_unit_test(merged_requests_make_their_own_checks),
        TEST(a_replayed_store),
        TEST(a_replayed_request_alone),
        cmocka_unit_test(no_merging_with_what_is_over_in_vain),
        TEST(what_goes_by_the_outcome),
        TEST(merges_refused),
        TEST(beginnings_refused),
        TEST(failed_walks_wait_for_their_replays),
        TEST(answers_outlive_their_walk),
        TEST(requests_refused),
        TEST(walks_interleave),
        cmocka_unit_test(without_an_l2),
        TEST(those_who_leave_early),
    };
    return RUN(tests);
}
