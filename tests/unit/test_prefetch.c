/* Walks for nobody, into the L2: docs/timing.md, "Prefetch"; and L2 entries whose parity is wrong.
 */
#include "check.h"
#include "walk_yard.h"

#define NEXT (PAGE + 4096)

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

/* A demand walk of the page, to its end. */
static void walk_page(struct yard *yard, uint64_t va, enum access_type access) {
    yard_begin(yard, 0, 0, va, access);
    yard_walk(yard, 0);
    yard_job(yard, 0);
}

static void the_next_page_comes_into_the_l2(void **state) {
    struct yard *yard = *state;
    walk_page(yard, PAGE + 0x123, ACCESS_READ);
    struct mmu_counters before = *mmu_counters(yard->mmu);
    assert_null(yard_prefetch(yard, 0));
    assert_true(yard->event.prefetch.vpn == NEXT >> 12);
    assert_string_equal(yard_walk(yard, 0), "L2SRRREF2");
    assert_true(yard->event.fill.ppn == 6);
    const struct mmu_counters *counters = mmu_counters(yard->mmu);
    assert_int_equal(counters->prefetches, 1);
    assert_int_equal(counters->walks, before.walks); /* these are for requests, … */
    assert_int_equal(counters->lookups[TLB_L2], before.lookups[TLB_L2]);
    assert_int_equal(counters->misses[TLB_L2], before.misses[TLB_L2]);
    assert_int_equal(counters->l2_misses[PORT_D], before.l2_misses[PORT_D]);
    assert_int_equal(counters->pte_reads, before.pte_reads + 3); /* … this is for all */
    yard_begin(yard, 1, 1, NEXT, ACCESS_READ);
    assert_string_equal(yard_walk(yard, 1), "L2");
    assert_string_equal(yard_job(yard, 1), "FdP");
    assert_int_equal(yard->event.response.level, LEVEL_L2);
    assert_non_null(yard_prefetch(yard, 0)); /* it was one itself */
    assert_non_null(yard_prefetch(yard, 1)); /* found in the L2 */
    yard_begin(yard, 2, 0, NEXT + 4096, ACCESS_READ);
    yard_walk(yard, 0);
    yard_job(yard, 2);
    assert_null(yard_prefetch(yard, 0)); /* a demand walk again */
}

static void in_the_l2_already(void **state) {
    struct yard *yard = *state;
    walk_page(yard, NEXT, ACCESS_READ);
    walk_page(yard, PAGE, ACCESS_READ);
    assert_null(yard_prefetch(yard, 0));
    assert_string_equal(yard_walk(yard, 0), "L2");
    yard_begin(yard, 1, 0, PAGE + 3 * 4096, ACCESS_READ); /* nothing is due */
}

static void refusals(void **state) {
    struct yard *yard = *state;
    assert_non_null(yard_prefetch(yard, 0)); /* never begun */
    yard_begin(yard, 0, 0, PAGE, ACCESS_READ);
    static const char *const steps[] = {"L2", "S", "R", "R", "R", "E"};
    for (unsigned i = 0; i < 6; i++) {
        assert_non_null(yard_prefetch(yard, 0)); /* under way */
        assert_string_equal(yard_steps_of_walk(yard, 0, 1), steps[i]);
    }
    assert_non_null(yard_prefetch(yard, 0)); /* a request waits, a fill is due */
    yard_job(yard, 0);
    assert_non_null(yard_prefetch(yard, 0)); /* a fill is due */
    yard_walk(yard, 0);
    yard_join(yard, 1, 0, PAGE, ACCESS_EXECUTE);
    assert_non_null(yard_prefetch(yard, 0)); /* a request waits, and will fill its L1 */
    yard_job(yard, 1);
    assert_null(yard_prefetch(yard, 0));
}

/* Pages after which none is fetched. */
static void not_after_every_page(void **state) {
    (void)state;
    static const struct {
        uint64_t va;
        unsigned level;
        uint64_t pte;
        bool follows;
    } rows[] = {
        {UINT64_C(0x3fe000), 0, PPN(9) | LEAF, true},
        {UINT64_C(0x3ff000), 0, PPN(9) | LEAF, false}, /* va[20:12] all ones */
        {UINT64_C(0x400000), 1, PPN(0x200) | LEAF, false},
        {UINT64_C(0x400000), 0, PPN(8) | LEAF | N, false}, /* 64 KiB */
        {UINT64_C(0x400000), 0, PPN(9) | LEAF, true},
        {UINT64_C(0x400000), 0, 0, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct yard yard;
        yard_create(&yard);
        yard.control.napot = true;
        mmu_set_control(yard.mmu, &yard.control);
        tables_put(&yard.tables, rows[i].va, rows[i].level, rows[i].pte);
        walk_page(&yard, rows[i].va, ACCESS_READ);
        assert_int_equal(yard_prefetch(&yard, 0) == NULL, rows[i].follows);
        yard_destroy(&yard);
    }
}

static void configurations_without(void **state) {
    (void)state;
    for (unsigned has_l2 = 0; has_l2 < 2; has_l2++) {
        struct yard yard;
        yard_create_with(&yard, &(struct mmu_config){.tlb = {{1, 1, 0}, {1, 1, 0}, {has_l2, 1, 0}},
                                                     .prefetch = !has_l2});
        walk_page(&yard, PAGE, ACCESS_READ);
        assert_non_null(yard_prefetch(&yard, 0));
        yard_destroy(&yard);
    }
}

/* A response without a fill before it may show after the walk has gone on to the next page. */
static void answers_outlive_it(void **state) {
    struct yard *yard = *state;
    yard_begin(yard, 0, 0, PAGE, ACCESS_READ);
    yard_join(yard, 1, 0, PAGE, ACCESS_READ);
    yard_walk(yard, 0);
    yard_job(yard, 0);
    assert_null(yard_prefetch(yard, 0));
    assert_string_equal(yard_job(yard, 1), "P");
    assert_true(yard->event.response.pa == 0x5000);
}

/* A and D are nobody's: a page that needs them is not fetched, nor taken out of the L2. */
static void it_sets_neither_a_nor_d(void **state) {
    (void)state;
    static const struct {
        uint64_t flags;
        enum access_type access;
        const char *steps;
    } rows[] = {
        {V | R | W, ACCESS_READ, "L2SRRRE"},
        {V | R | W | A, ACCESS_WRITE, "L2SRRRE"},
        {V | R | W | A, ACCESS_READ, "L2SRRREF2"},
        {V | R | W | A | D, ACCESS_WRITE, "L2SRRREF2"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct yard yard;
        yard_create(&yard);
        uint64_t pte = PPN(6) | rows[i].flags;
        tables_put(&yard.tables, NEXT, 0, pte);
        walk_page(&yard, PAGE, rows[i].access);
        assert_null(yard_prefetch(&yard, 0));
        assert_string_equal(yard_walk(&yard, 0), rows[i].steps);
        assert_true(tables_get(&yard.tables, NEXT, 0) == pte);
        assert_int_equal(mmu_counters(yard.mmu)->faults, 0);
        yard_begin(&yard, 1, 0, PAGE + 3 * 4096, ACCESS_READ); /* the walk is free again */
        yard_destroy(&yard);
    }
    struct yard yard;
    yard_create(&yard);
    tables_put(&yard.tables, NEXT, 0, PPN(6) | V | R | W | A);
    walk_page(&yard, NEXT, ACCESS_READ);
    walk_page(&yard, PAGE, ACCESS_WRITE);
    assert_null(yard_prefetch(&yard, 0));
    assert_string_equal(yard_walk(&yard, 0), "L2");
    assert_int_equal(yard.event.lookup.result, LOOKUP_HIT); /* for a request it would be CLEAN */
    yard_destroy(&yard);
}

/* Requests join it as any other, at any time; it has no primary. */
static void requests_join_it(void **state) {
    (void)state;
    for (unsigned steps = 0; steps <= 7; steps++) {
        struct yard yard;
        yard_create(&yard);
        walk_page(&yard, PAGE, ACCESS_READ);
        assert_null(yard_prefetch(&yard, 0));
        yard_steps_of_walk(&yard, 0, steps);
        yard_join(&yard, 1, 0, NEXT, ACCESS_READ);
        yard_miss(&yard, 2, PAGE, ACCESS_EXECUTE);
        assert_non_null(yard_link(&yard, 2, 0, true)); /* the page it was for before */
        yard_walk(&yard, 0);
        assert_string_equal(yard_job(&yard, 1), "FdP");
        assert_true(yard.event.response.pa == 0x6000);
        assert_int_equal(yard.event.response.level, LEVEL_WALK);
        assert_int_equal(mmu_counters(yard.mmu)->walks, 1);
        yard_destroy(&yard);
    }
    struct yard yard;
    yard_create(&yard);
    tables_put(&yard.tables, NEXT, 0, 0);
    walk_page(&yard, PAGE, ACCESS_READ);
    assert_null(yard_prefetch(&yard, 0));
    yard_join(&yard, 1, 0, NEXT, ACCESS_READ);
    yard_walk(&yard, 0);
    assert_string_equal(yard_steps_of_job(&yard, 1, 1), "Y"); /* the fault is nobody's */
    yard_destroy(&yard);
}

/* It is no free walk before it is over. */
static void it_keeps_its_walk(void **state) {
    struct yard *yard = *state;
    static const char *const steps[] = {"L2", "S", "R", "R", "R", "E", "F2"};
    walk_page(yard, PAGE, ACCESS_READ);
    assert_null(yard_prefetch(yard, 0));
    yard_miss(yard, 1, PAGE + 4 * 4096, ACCESS_READ);
    for (unsigned i = 0; i < 7; i++) {
        assert_non_null(yard_link(yard, 1, 0, false));
        assert_string_equal(yard_steps_of_walk(yard, 0, 1), steps[i]);
    }
    assert_null(yard_link(yard, 1, 0, false));
}

static void not_after_a_fence(void **state) {
    struct yard *yard = *state;
    walk_page(yard, PAGE, ACCESS_READ);
    mmu_fence(yard->mmu, &(struct mmu_fence){.has_va = false});
    assert_non_null(yard_prefetch(yard, 0));
}

/* One that waits for its lookup stays; one under way starts over; one that is over is given up. */
static void fences(void **state) {
    (void)state;
    static const struct {
        unsigned steps;
        const char *then;
    } rows[] = {
        {0, "L2SRRREF2"}, {1, "SRRREF2"}, {2, "SRRREF2"}, {3, "SRRREF2"},
        {4, "SRRREF2"},   {5, "SRRREF2"}, {6, ""},        {7, ""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct yard yard;
        yard_create(&yard);
        walk_page(&yard, PAGE, ACCESS_READ);
        assert_null(yard_prefetch(&yard, 0));
        yard_steps_of_walk(&yard, 0, rows[i].steps);
        mmu_fence(yard.mmu, &(struct mmu_fence){.has_va = false});
        assert_string_equal(yard_walk(&yard, 0), rows[i].then);
        assert_int_equal(mmu_counters(yard.mmu)->walks, 1);
        yard_destroy(&yard);
    }
}

/* ---- parity ---- */

static void damaged_entries_do_not_match(void **state) {
    (void)state;
    for (unsigned parity = 0; parity < 2; parity++) {
        struct yard yard;
        yard_create_with(&yard, &(struct mmu_config){.tlb = {{1, 1, 0}, {1, 1, 0}, {1, 2, 0}},
                                                     .parity = parity});
        mmu_inject(yard.mmu, true);
        walk_page(&yard, PAGE, ACCESS_READ);
        mmu_inject(yard.mmu, false);
        yard_begin(&yard, 1, 1, PAGE, ACCESS_EXECUTE);
        assert_string_equal(yard_walk(&yard, 1), parity ? "L2SRRREF2" : "L2");
        if (parity) { /* in the damaged one's place, which counted as free */
            assert_int_equal(yard.event.fill.way, 0);
            assert_false(yard.event.fill.evicted);
        }
        yard_job(&yard, 1);
        assert_int_equal(yard.event.response.reason, FAULT_NONE);
        yard_begin(&yard, 2, 0, NEXT, ACCESS_READ); /* out of the L1 with PAGE */
        yard_walk(&yard, 0);
        yard_job(&yard, 2);
        yard_begin(&yard, 3, 1, PAGE, ACCESS_READ);
        assert_string_equal(yard_walk(&yard, 1), "L2"); /* whole again */
        yard_destroy(&yard);
    }
}

/* The L1s have no parity: what a damaged walk filled there is good. */
static void l1_fills_are_not_damaged(void **state) {
    struct yard *yard = *state;
    struct mmu_response response;
    mmu_inject(yard->mmu, true);
    walk_page(yard, PAGE, ACCESS_READ);
    mmu_translate(yard->mmu, &(struct mmu_request){PAGE, ACCESS_READ, PRIV_S, 0}, &response);
    assert_int_equal(response.level, LEVEL_L1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, create, destroy)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(the_next_page_comes_into_the_l2),
        TEST(in_the_l2_already),
        TEST(refusals),
        cmocka_unit_test(not_after_every_page),
        cmocka_unit_test(configurations_without),
        TEST(answers_outlive_it),
        cmocka_unit_test(it_sets_neither_a_nor_d),
        cmocka_unit_test(requests_join_it),
        TEST(it_keeps_its_walk),
        TEST(not_after_a_fence),
        cmocka_unit_test(fences),
        cmocka_unit_test(damaged_entries_do_not_match),
        TEST(l1_fills_are_not_damaged),
    };
    return RUN(tests);
}
