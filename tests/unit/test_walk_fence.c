/* Fences while several requests wait for a walk: docs/architecture.md, "Fences and walks". */
#include "check.h"
#include "walk_yard.h"

static const struct mmu_fence everything = {.has_va = false};
/* Names nothing that is there: what is under way starts over all the same. */
static const struct mmu_fence elsewhere = {true, true, UINT64_C(0x3f00000000), 77};

static void remap_and_fence(struct yard *yard) {
    tables_put(&yard->tables, PAGE, 0, PPN(0x77) | LEAF);
    mmu_fence(yard->mmu, &(struct mmu_fence){.has_va = true, .va = PAGE});
}

/*
 * After each step of a walk for which a fetch, a load and a store wait. It starts over without a
 * second lookup, nobody is answered before, everybody gets the new page, and nothing of the old one
 * is kept. The L2's lookup alone comes first if it was not made yet.
 */
static void at_each_point_of_a_shared_walk(void **state) {
    (void)state;
    static const struct {
        unsigned steps;
        const char *so_far, *then;
    } rows[] = {
        {0, "", "L2SRRREF2"},      {1, "L2", "SRRREF2"},        {2, "L2S", "SRRREF2"},
        {3, "L2SR", "SRRREF2"},    {4, "L2SRR", "SRRREF2"},     {5, "L2SRRR", "SRRREF2"},
        {6, "L2SRRRE", "SRRREF2"}, {7, "L2SRRREF2", "SRRREF2"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct yard yard;
        yard_create(&yard);
        yard_begin(&yard, 0, 0, PAGE, ACCESS_READ);
        yard_join(&yard, 1, 0, PAGE, ACCESS_EXECUTE);
        yard_join(&yard, 2, 0, PAGE, ACCESS_WRITE);
        assert_string_equal(yard_steps_of_walk(&yard, 0, rows[i].steps), rows[i].so_far);
        remap_and_fence(&yard);
        for (unsigned job = 0; job < 3; job++)
            assert_string_equal(yard_job(&yard, job), "");
        yard_join(&yard, 3, 0, PAGE, ACCESS_READ); /* what starts over may be joined */
        assert_string_equal(yard_walk(&yard, 0), rows[i].then);
        assert_string_equal(yard_job(&yard, 2), "FdP");
        assert_true(yard.event.response.pa == 0x77000);
        assert_string_equal(yard_job(&yard, 1), "FiP");
        assert_true(yard.event.response.pa == 0x77000);
        assert_string_equal(yard_job(&yard, 0), "P");
        assert_string_equal(yard_job(&yard, 3), "P");
        struct mmu_response response;
        assert_true(mmu_translate(yard.mmu, &(struct mmu_request){PAGE, ACCESS_READ, PRIV_S, 0},
                                  &response));
        assert_true(response.pa == 0x77000 && response.level == LEVEL_L1);
        assert_int_equal(mmu_counters(yard.mmu)->walks, 1);
        assert_int_equal(mmu_counters(yard.mmu)->lookups[TLB_L2], 1);
        yard_destroy(&yard);
    }
}

/* Some have left with the old page: the rest wait for the new one, and fill again. */
static void when_some_have_left(void **state) {
    (void)state;
    for (unsigned filled = 0; filled < 2; filled++) {
        struct yard yard;
        yard_create(&yard);
        yard_begin(&yard, 0, 0, PAGE, ACCESS_READ);
        yard_join(&yard, 1, 0, PAGE, ACCESS_READ);
        yard_steps_of_walk(&yard, 0, filled ? 7 : 6);
        assert_string_equal(yard_steps_of_job(&yard, 0, 1), "Fd");
        remap_and_fence(&yard);
        assert_string_equal(yard_job(&yard, 0), "P");
        assert_true(yard.event.response.pa == 0x5000);
        assert_string_equal(yard_job(&yard, 1), "");
        assert_string_equal(yard_walk(&yard, 0), "SRRREF2");
        assert_string_equal(yard_job(&yard, 1), "FdP");
        assert_true(yard.event.response.pa == 0x77000);
        yard_destroy(&yard);
    }
}

/* All have left: the walk is idle, and its fill of the L2 is dropped. */
static void when_all_have_left(void **state) {
    (void)state;
    for (unsigned somewhere = 0; somewhere < 2; somewhere++) {
        struct yard yard;
        yard_create(&yard);
        yard_begin(&yard, 0, 0, PAGE, ACCESS_READ);
        yard_steps_of_walk(&yard, 0, 6);
        assert_string_equal(yard_job(&yard, 0), "FdP");
        mmu_fence(yard.mmu, somewhere ? &elsewhere : &everything);
        yard_miss(&yard, 1, PAGE, ACCESS_EXECUTE);
        assert_non_null(yard_link(&yard, 1, 0, true));
        assert_non_null(yard_prefetch(&yard, 0));
        assert_string_equal(yard_walk(&yard, 0), "");
        assert_null(yard_link(&yard, 1, 0, false)); /* no fill is due */
        assert_string_equal(yard_walk(&yard, 0), "L2SRRREF2");
        yard_destroy(&yard);
    }
}

static void after_an_l2_hit(void **state) {
    (void)state;
    struct yard yard;
    struct mmu_response response;
    yard_create(&yard);
    mmu_translate(yard.mmu, &(struct mmu_request){PAGE, ACCESS_EXECUTE, PRIV_S, 0}, &response);
    yard_begin(&yard, 0, 0, PAGE, ACCESS_READ);
    assert_string_equal(yard_walk(&yard, 0), "L2");
    remap_and_fence(&yard);
    assert_string_equal(yard_job(&yard, 0), "");
    assert_string_equal(yard_walk(&yard, 0), "SRRREF2");
    assert_string_equal(yard_job(&yard, 0), "FdP");
    assert_true(yard.event.response.pa == 0x77000);
    assert_int_equal(yard.event.response.level, LEVEL_WALK);
    yard_destroy(&yard);
}

/* A fault that was not given yet is looked into again. */
static void after_a_failure(void **state) {
    (void)state;
    struct yard yard;
    yard_create(&yard);
    tables_put(&yard.tables, PAGE, 0, 0);
    yard_begin(&yard, 0, 0, PAGE, ACCESS_READ);
    yard_join(&yard, 1, 0, PAGE, ACCESS_READ);
    assert_string_equal(yard_walk(&yard, 0), "L2SRRRE");
    remap_and_fence(&yard);
    assert_string_equal(yard_job(&yard, 0), "");
    assert_string_equal(yard_walk(&yard, 0), "SRRREF2");
    assert_string_equal(yard_job(&yard, 1), "FdP");
    assert_string_equal(yard_job(&yard, 0), "P");
    assert_int_equal(yard.event.response.reason, FAULT_NONE);
    assert_int_equal(mmu_counters(yard.mmu)->faults, 0);
    yard_destroy(&yard);
}

/* D has been set for a store: it is performed as of then, for all who wait; nothing is kept. */
static void after_a_stored_update(void **state) {
    (void)state;
    static const struct {
        unsigned steps;
        const char *so_far, *then;
    } rows[] = {
        {6, "L2SRRRU", "E"},
        {7, "L2SRRRUE", ""},
        {8, "L2SRRRUEF2", ""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct yard yard;
        yard_create(&yard);
        tables_put(&yard.tables, PAGE, 0, PPN(5) | V | R | W | X | A);
        yard_begin(&yard, 0, 0, PAGE, ACCESS_WRITE);
        yard_join(&yard, 1, 0, PAGE, ACCESS_EXECUTE);
        assert_string_equal(yard_steps_of_walk(&yard, 0, rows[i].steps), rows[i].so_far);
        remap_and_fence(&yard);
        yard_miss(&yard, 2, PAGE, ACCESS_READ);
        assert_non_null(yard_link(&yard, 2, 0, true)); /* one that came after the fence */
        assert_string_equal(yard_walk(&yard, 0), rows[i].then);
        assert_string_equal(yard_job(&yard, 1), "P");
        assert_true(yard.event.response.pa == 0x5000);
        assert_string_equal(yard_job(&yard, 0), "P");
        assert_true(yard.event.response.pa == 0x5000);
        assert_non_null(yard_prefetch(&yard, 0));
        assert_null(yard_link(&yard, 2, 0, false));
        assert_string_equal(yard_walk(&yard, 0), "L2SRRREF2");
        assert_string_equal(yard_job(&yard, 2), "FdP");
        assert_true(yard.event.response.pa == 0x77000);
        yard_destroy(&yard);
    }
}

/* Before the compare-and-set: it is not made with what was read before. */
static void before_an_update(void **state) {
    (void)state;
    struct yard yard;
    yard_create(&yard);
    tables_put(&yard.tables, PAGE, 0, PPN(5) | V | R | W | A);
    yard_begin(&yard, 0, 0, PAGE, ACCESS_WRITE);
    assert_string_equal(yard_steps_of_walk(&yard, 0, 5), "L2SRRR");
    remap_and_fence(&yard);
    assert_string_equal(yard_walk(&yard, 0), "SRRREF2");
    assert_int_equal(mmu_counters(yard.mmu)->pte_updates, 0);
    yard_destroy(&yard);
}

/* Any fence restarts what is under way, every one of several, as often as they come. */
static void every_walk_every_time(void **state) {
    (void)state;
    struct yard yard;
    yard_create(&yard);
    for (unsigned i = 0; i < 3; i++)
        yard_begin(&yard, i, i, PAGE + i * 4096, ACCESS_READ);
    yard_steps_of_walk(&yard, 0, 3);
    yard_steps_of_walk(&yard, 1, 6);
    static const char *const steps[] = {"S", "SR", "SRR"};
    for (unsigned i = 0; i < 3; i++) {
        mmu_fence(yard.mmu, &elsewhere);
        assert_string_equal(yard_steps_of_walk(&yard, 0, 1 + i), steps[i]);
    }
    mmu_fence(yard.mmu, &elsewhere);
    mmu_fence(yard.mmu, &elsewhere);
    assert_string_equal(yard_walk(&yard, 0), "SRRREF2");
    assert_string_equal(yard_walk(&yard, 1), "SRRREF2");
    assert_string_equal(yard_walk(&yard, 2), "L2SRRREF2"); /* it had not begun */
    for (unsigned i = 0; i < 3; i++)
        assert_string_equal(yard_job(&yard, i), "FdP");
    assert_int_equal(mmu_counters(yard.mmu)->walks, 3);
    yard_destroy(&yard);
}

/* A request that looks for a walk, or has been replayed, is not touched by a fence. */
static void requests_without_a_walk(void **state) {
    (void)state;
    struct yard yard;
    yard_create(&yard);
    yard_miss(&yard, 0, PAGE, ACCESS_READ);
    remap_and_fence(&yard);
    assert_null(yard_link(&yard, 0, 0, false));
    assert_string_equal(yard_walk(&yard, 0), "L2SRRREF2");
    assert_string_equal(yard_job(&yard, 0), "FdP");
    assert_true(yard.event.response.pa == 0x77000);
    yard_destroy(&yard);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(at_each_point_of_a_shared_walk),
        cmocka_unit_test(when_some_have_left),
        cmocka_unit_test(when_all_have_left),
        cmocka_unit_test(after_an_l2_hit),
        cmocka_unit_test(after_a_failure),
        cmocka_unit_test(after_a_stored_update),
        cmocka_unit_test(before_an_update),
        cmocka_unit_test(every_walk_every_time),
        cmocka_unit_test(requests_without_a_walk),
    };
    return RUN(tests);
}
