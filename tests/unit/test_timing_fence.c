/*
 * docs/timing.md, to the cycle: when a fence is acknowledged, and what it makes of walks. The
 * cycles expected are written down from that page.
 */
#include "check.h"
#include "timing_rig.h"

#define READS 3 /* Sv39, from the root */
#define MEGA  (UINT64_C(1) << 21)
#define GIGA  (UINT64_C(1) << 30)

static const struct mmu_fence everything = {.has_va = false};
static const struct mmu_fence of_page_1 = {.has_va = true, .va = 0x1000};
static const struct mmu_fence of_asid_7 = {.has_asid = true, .asid = 7};

static void create(struct rig *rig, const struct mmu_config *config) {
    rig_create(rig, config, MODE_SV39);
    for (unsigned page = 1; page < 16; page++)
        tables_put(&rig->tables, page << 12, 0, PPN(0x100 + page) | LEAF);
    tables_put(&rig->tables, MEGA, 1, PPN(0x200) | LEAF);
    tables_put(&rig->tables, GIGA, 2, PPN(0x80000) | LEAF);
}

static void create_default(struct rig *rig) {
    const struct mmu_config config = rig_config();
    create(rig, &config);
}

static uint64_t end_of(const struct rig *rig, uint64_t link) {
    return link + READS * (rig->latency + 1);
}

static void run_until(struct rig *rig, uint64_t cycle) {
    while (rig->cycle < cycle)
        rig_cycle(rig);
}

static void accept(struct rig *rig, enum port port, uint8_t id, uint64_t va,
                   enum access_type access) {
    rig_offer(rig, port, id, va, access);
    rig_cycle(rig);
    assert_true(rig->out.req_ready[port]);
}

/* The cycles from the fence's first to its acknowledgement. */
static unsigned fence_takes(struct rig *rig, const struct mmu_fence *fence) {
    uint64_t t = rig->cycle;
    return (unsigned)(rig_fence(rig, fence) - t);
}

static void full_fence_takes_no_time(void **state) {
    (void)state;
    struct rig rig;
    create_default(&rig);
    rig_translate(&rig, PORT_D, 1, 0x1000, ACCESS_READ);
    assert_int_equal(fence_takes(&rig, &everything), 0);
    uint64_t t = rig.cycle;
    /* Everything has been removed: the L1, the L2 and its page sizes. */
    assert_int_equal(rig_translate(&rig, PORT_D, 1, 0x1000, ACCESS_READ)->cycle,
                     end_of(&rig, t) + 1);
    rig_destroy(&rig);
}

/* n reads, the last sweep in stage B a cycle later, acknowledged when that is empty. */
static void fence_of_a_page_reads_a_set_for_each_size(void **state) {
    (void)state;
    struct rig rig;
    create_default(&rig);
    assert_int_equal(fence_takes(&rig, &of_page_1), 0);
    rig_translate(&rig, PORT_D, 1, 0x1000, ACCESS_READ);
    rig_translate(&rig, PORT_D, 1, 0x2000, ACCESS_READ);
    assert_int_equal(fence_takes(&rig, &of_page_1), 2);
    rig_translate(&rig, PORT_D, 1, MEGA, ACCESS_READ);
    assert_int_equal(fence_takes(&rig, &of_page_1), 3);
    rig_translate(&rig, PORT_D, 1, GIGA, ACCESS_READ);
    assert_int_equal(fence_takes(&rig, &of_page_1), 4);
    /* Its progress is forgotten: once more. */
    assert_int_equal(fence_takes(&rig, &of_page_1), 4);
    /* The pages not named are still in the L1. */
    uint64_t t = rig.cycle;
    assert_int_equal(rig_translate(&rig, PORT_D, 1, GIGA, ACCESS_READ)->cycle, t + 1);
    rig_fence(&rig, &everything);
    assert_int_equal(fence_takes(&rig, &of_page_1), 0);
    rig_destroy(&rig);
}

static void fence_of_an_asid_reads_all_sets(void **state) {
    (void)state;
    struct rig rig;
    create_default(&rig);
    assert_int_equal(fence_takes(&rig, &of_asid_7), 16 + 1);
    const struct mmu_fence both = {.has_va = true, .va = 0x1000, .has_asid = true, .asid = 7};
    assert_int_equal(fence_takes(&rig, &both), 0);
    rig_translate(&rig, PORT_D, 1, 0x1000, ACCESS_READ);
    assert_int_equal(fence_takes(&rig, &both), 2);
    rig_destroy(&rig);
    struct mmu_config config = rig_config();
    config.tlb[TLB_L2].sets = 0;
    create(&rig, &config);
    rig_translate(&rig, PORT_D, 1, 0x1000, ACCESS_READ);
    assert_int_equal(fence_takes(&rig, &of_asid_7), 0);
    rig_destroy(&rig);
}

static void no_request_is_accepted_beside_a_fence(void **state) {
    (void)state;
    struct rig rig;
    create_default(&rig);
    rig_offer(&rig, PORT_D, 1, 0x1000, ACCESS_READ);
    rig.in.fence_valid = true;
    rig.in.fence = of_asid_7;
    for (unsigned i = 0; i <= 17; i++) {
        rig_cycle(&rig);
        assert_false(rig.out.req_ready[PORT_D]);
        assert_int_equal(rig.out.fence_ready, i == 17);
    }
    rig.in.fence_valid = false;
    rig_cycle(&rig);
    assert_true(rig.out.req_ready[PORT_D]);
    assert_false(rig.out.fence_ready);
    rig_drain(&rig);
    rig_destroy(&rig);
}

static void fence_waits_while_a_response_shows(void **state) {
    (void)state;
    struct rig rig;
    create_default(&rig);
    rig_translate(&rig, PORT_D, 1, 0x1000, ACCESS_READ);
    accept(&rig, PORT_D, 2, 0x1000, ACCESS_READ);
    assert_int_equal(fence_takes(&rig, &everything), 1);
    rig_destroy(&rig);
}

/* The answer to the read under way is awaited and dropped; then the walk starts over. */
static void fence_during_a_read_restarts_the_walk(void **state) {
    (void)state;
    struct rig rig;
    create_default(&rig);
    rig.latency = 10;
    accept(&rig, PORT_D, 1, 0x1000, ACCESS_READ);
    run_until(&rig, 3);
    assert_int_equal(fence_takes(&rig, &everything), 0);
    rig_drain(&rig);
    assert_int_equal(rig_count(&rig, EVENT_READ, 0), READS);
    assert_int_equal(rig_find_walk(&rig, EVENT_START, 0, 2)->cycle, 12);
    assert_int_equal(rig_find_walk(&rig, EVENT_READ, 0, 0)->cycle, 23);
    assert_int_equal(rig_find_request(&rig, EVENT_RESPONSE, PORT_D, 1, 0)->cycle, 13 + READS * 11);
    assert_int_equal(rig_count(&rig, EVENT_LOOKUP, 2), 0);
    assert_int_equal(timing_counters(rig.timing)[COUNTER_WALK_RESTARTS], 1);
    assert_int_equal(timing_counters(rig.timing)[COUNTER_WALKS_D], 1);
    rig_destroy(&rig);
}

static void fence_drops_the_answer_of_its_cycle(void **state) {
    (void)state;
    struct rig rig;
    create_default(&rig);
    accept(&rig, PORT_D, 1, 0x1000, ACCESS_READ);
    run_until(&rig, 1 + rig.latency);
    assert_int_equal(fence_takes(&rig, &everything), 0);
    uint64_t t = rig.cycle;
    rig_drain(&rig);
    assert_int_equal(rig_find_walk(&rig, EVENT_START, 0, 2)->cycle, t);
    assert_int_equal(rig_find_request(&rig, EVENT_RESPONSE, PORT_D, 1, 0)->cycle,
                     t + 1 + READS * (rig.latency + 1));
    assert_int_equal(rig_count(&rig, EVENT_READ, 0), READS);
    rig_destroy(&rig);
}

/* A read that stands untaken is not withdrawn; its answer is dropped. */
static void fence_leaves_a_read_offered(void **state) {
    (void)state;
    struct rig rig;
    create_default(&rig);
    rig.in.ptw_req_ready = false;
    accept(&rig, PORT_D, 1, 0x1000, ACCESS_READ);
    accept(&rig, PORT_D, 2, 0x2000, ACCESS_READ);
    run_until(&rig, 5);
    uint64_t t = rig.cycle;
    assert_int_equal(fence_takes(&rig, &everything), 0);
    for (unsigned i = 0; i < 4; i++) {
        rig_cycle(&rig);
        assert_true(rig.out.ptw_req_valid);
        assert_int_equal(rig.out.ptw_req_id, 0);
    }
    /* The other, which was not offered, started over at once. */
    assert_int_equal(rig_find_walk(&rig, EVENT_START, 1, t)->cycle, t + 1);
    rig.in.ptw_req_ready = true;
    uint64_t taken = rig.cycle;
    rig_drain(&rig);
    assert_int_equal(rig_find_walk(&rig, EVENT_START, 0, t)->cycle, taken + rig.latency + 1);
    assert_int_equal(rig_count(&rig, EVENT_READ, 0), 2 * READS);
    rig_destroy(&rig);
}

/* Only one walk starts in a cycle. */
static void walks_start_over_one_a_cycle(void **state) {
    (void)state;
    struct rig rig;
    create_default(&rig);
    rig.in.ptw_req_ready = false;
    for (unsigned i = 0; i < 4; i++)
        accept(&rig, PORT_D, (uint8_t)i, (uint64_t)(i + 1) << 12, ACCESS_READ);
    run_until(&rig, 8);
    uint64_t t = rig.cycle;
    rig_fence(&rig, &everything);
    rig.in.ptw_req_ready = true;
    rig_drain(&rig);
    for (unsigned walk = 1; walk < 4; walk++)
        assert_int_equal(rig_find_walk(&rig, EVENT_START, walk, t)->cycle, t + walk);
    rig_destroy(&rig);
}

static void a_fill_not_made_is_dropped(void **state) {
    (void)state;
    struct rig rig;
    create_default(&rig);
    accept(&rig, PORT_D, 1, 0x1000, ACCESS_READ);
    run_until(&rig, end_of(&rig, 0) + 1);
    /* The response shows; the fill is pending, which stage A leaves alone beside a fence. */
    assert_int_equal(fence_takes(&rig, &everything), 1);
    rig_run(&rig, 5);
    assert_null(rig_find_walk(&rig, EVENT_FILL, 0, 0));
    assert_true(timing_idle(rig.timing));
    rig_destroy(&rig);
}

static void a_fill_in_stage_b_counts_for_the_sweep(void **state) {
    (void)state;
    struct rig rig;
    create_default(&rig);
    accept(&rig, PORT_D, 1, 0x1000, ACCESS_READ);
    run_until(&rig, end_of(&rig, 0) + 2);
    assert_int_equal(fence_takes(&rig, &of_page_1), 2);
    assert_non_null(rig_find_walk(&rig, EVENT_FILL, 0, 0));
    uint64_t t = rig.cycle;
    rig_translate(&rig, PORT_D, 1, 0x1000, ACCESS_READ);
    assert_int_equal(rig_find_walk(&rig, EVENT_LOOKUP, 0, t)->event.lookup.result, LOOKUP_MISS);
    rig_destroy(&rig);
}

/* A lookup of several sizes is finished before the fence's reads begin. */
static void a_lookup_goes_before_the_sweep(void **state) {
    (void)state;
    struct rig rig;
    create_default(&rig);
    rig_translate(&rig, PORT_D, 1, 0x2000, ACCESS_READ);
    rig_translate(&rig, PORT_D, 1, MEGA, ACCESS_READ);
    rig_translate(&rig, PORT_D, 1, GIGA, ACCESS_READ);
    rig.latency = 20;
    uint64_t t = rig.cycle;
    accept(&rig, PORT_D, 1, 0x1000, ACCESS_READ);
    /* Stage B: sizes 1 to 3 in t+1 to t+3. Stage A: sizes 2, 3 until t+2, then three sets. */
    assert_int_equal(rig_fence(&rig, &of_page_1), t + 7);
    assert_int_equal(rig_find_walk(&rig, EVENT_LOOKUP, 0, t)->cycle, t + 3);
    rig_drain(&rig);
    rig_destroy(&rig);
}

/* A page that is not accessed yet; the cycle in which the compare-and-set is due to be offered. */
static uint64_t begin_update(struct rig *rig) {
    create_default(rig);
    rig->in.control.adue = true;
    tables_put(&rig->tables, 0x1000, 0, PPN(0x101) | (LEAF & ~A));
    accept(rig, PORT_D, 1, 0x1000, ACCESS_READ);
    return end_of(rig, 0) + 1;
}

static void no_update_is_offered_beside_a_fence(void **state) {
    (void)state;
    struct rig rig;
    uint64_t due = begin_update(&rig);
    run_until(&rig, due);
    assert_int_equal(fence_takes(&rig, &everything), 0);
    assert_false(rig.out.ptw_req_valid);
    rig_drain(&rig);
    /* All over again; then it is stored. */
    assert_int_equal(rig_count(&rig, EVENT_READ, 0), 2 * READS);
    assert_int_equal(rig_count(&rig, EVENT_UPDATE, 0), 1);
    rig_destroy(&rig);
}

static void update_holds_a_fence(void **state) {
    (void)state;
    struct rig rig;
    uint64_t due = begin_update(&rig);
    run_until(&rig, due + 1);
    uint64_t answered = due + rig.latency;
    /* With the answer the walk ends and its primary returns; the response must have shown. */
    assert_int_equal(rig_fence(&rig, &everything), answered + 2);
    assert_int_equal(rig_find_request(&rig, EVENT_RESPONSE, PORT_D, 1, 0)->cycle, answered + 1);
    assert_int_equal(rig_count(&rig, EVENT_START, 0), 1);
    rig_destroy(&rig);
}

static void update_holds_a_fence_until_all_have_left(void **state) {
    (void)state;
    struct rig rig;
    uint64_t due = begin_update(&rig);
    accept(&rig, PORT_D, 2, 0x1000, ACCESS_READ);
    accept(&rig, PORT_D, 3, 0x1000, ACCESS_READ);
    run_until(&rig, due + 1);
    uint64_t answered = due + rig.latency;
    assert_int_equal(rig_fence(&rig, &everything), answered + 4);
    assert_int_equal(rig_find_request(&rig, EVENT_RESPONSE, PORT_D, 3, 0)->cycle, answered + 3);
    rig_destroy(&rig);
}

/* Page 2 in the L1 of D, without D: a store to it makes the L1 say CLEAN. */
static void keep_page_2_clean(struct rig *rig) {
    tables_put(&rig->tables, 0x2000, 0, PPN(0x102) | (LEAF & ~D));
    rig->in.control.adue = true;
    rig_translate(rig, PORT_D, 1, 0x2000, ACCESS_READ);
}

/* No response shows, for CLEAN has held up the primary: D or A is set, but not used yet. */
static void update_holds_a_fence_while_none_responds(void **state) {
    (void)state;
    struct rig rig;
    struct mmu_config config = rig_config();
    config.walks = 1; /* so that the store gets none, and stage B is empty */
    create(&rig, &config);
    keep_page_2_clean(&rig);
    tables_put(&rig.tables, 0x1000, 0, PPN(0x101) | (LEAF & ~A));
    uint64_t t = rig.cycle;
    accept(&rig, PORT_D, 2, 0x1000, ACCESS_READ);
    uint64_t answered = end_of(&rig, t) + 1 + rig.latency;
    run_until(&rig, answered);
    accept(&rig, PORT_D, 3, 0x2000, ACCESS_WRITE);
    assert_int_equal(rig_find_walk(&rig, EVENT_UPDATE, 0, t)->cycle, answered);
    assert_int_equal(rig_fence(&rig, &everything), answered + 3);
    assert_int_equal(rig_find_request(&rig, EVENT_RESPONSE, PORT_D, 2, t)->cycle, answered + 2);
    rig_destroy(&rig);
}

/* The same, but the walk that once stored something has now found its entry in the L2. */
static void an_earlier_update_holds_no_fence(void **state) {
    (void)state;
    struct rig rig;
    struct mmu_config config = rig_config();
    config.tlb[TLB_D].ways = 1;
    config.tlb[TLB_D].sets = 2; /* pages 1 and 3 share one */
    config.walks = 1;
    create(&rig, &config);
    keep_page_2_clean(&rig);
    rig_translate(&rig, PORT_D, 1, 0x3000, ACCESS_READ);
    tables_put(&rig.tables, 0x1000, 0, PPN(0x101) | (LEAF & ~A));
    rig_translate(&rig, PORT_D, 1, 0x1000, ACCESS_READ);
    assert_int_equal(rig_count(&rig, EVENT_UPDATE, 0), 1);
    uint64_t t = rig.cycle;
    accept(&rig, PORT_D, 2, 0x3000, ACCESS_READ);
    accept(&rig, PORT_D, 3, 0x2000, ACCESS_WRITE);
    assert_int_equal(rig_find_walk(&rig, EVENT_LOOKUP, 0, t)->event.lookup.result, LOOKUP_HIT);
    assert_null(rig_find_request(&rig, EVENT_FILL, PORT_D, 2, t));
    assert_int_equal(rig_fence(&rig, &everything), t + 2);
    rig_destroy(&rig);
}

static void update_not_taken_holds_a_fence(void **state) {
    (void)state;
    struct rig rig;
    uint64_t due = begin_update(&rig);
    run_until(&rig, due);
    rig.in.ptw_req_ready = false;
    rig_run(&rig, 2);
    rig.in.fence_valid = true;
    rig.in.fence = everything;
    for (unsigned i = 0; i < 5; i++) {
        rig_cycle(&rig);
        assert_false(rig.out.fence_ready);
        assert_true(rig.out.ptw_req_valid && rig.out.ptw_req_cas);
        assert_int_equal(rig.out.ptw_req_expect, PPN(0x101) | (LEAF & ~A));
        assert_int_equal(rig.out.ptw_req_desired, PPN(0x101) | LEAF);
    }
    rig.in.ptw_req_ready = true;
    uint64_t taken = rig.cycle;
    assert_int_equal(rig_fence(&rig, &everything), taken + rig.latency + 2);
    rig_destroy(&rig);
}

/* The PTE has changed meanwhile: read again, and nothing holds the fence then. */
static void failed_update_frees_the_fence(void **state) {
    (void)state;
    struct rig rig;
    uint64_t due = begin_update(&rig);
    run_until(&rig, due + 1);
    tables_put(&rig.tables, 0x1000, 0, PPN(0x1ff) | LEAF);
    uint64_t answered = due + rig.latency;
    assert_int_equal(rig_fence(&rig, &everything), answered + 1);
    rig_drain(&rig);
    const struct record *response = rig_find_request(&rig, EVENT_RESPONSE, PORT_D, 1, 0);
    assert_int_equal(response->event.response.pa, 0x1ff000);
    rig_destroy(&rig);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(full_fence_takes_no_time),
        cmocka_unit_test(fence_of_a_page_reads_a_set_for_each_size),
        cmocka_unit_test(fence_of_an_asid_reads_all_sets),
        cmocka_unit_test(no_request_is_accepted_beside_a_fence),
        cmocka_unit_test(fence_waits_while_a_response_shows),
        cmocka_unit_test(fence_during_a_read_restarts_the_walk),
        cmocka_unit_test(fence_drops_the_answer_of_its_cycle),
        cmocka_unit_test(fence_leaves_a_read_offered),
        cmocka_unit_test(walks_start_over_one_a_cycle),
        cmocka_unit_test(a_fill_not_made_is_dropped),
        cmocka_unit_test(a_fill_in_stage_b_counts_for_the_sweep),
        cmocka_unit_test(a_lookup_goes_before_the_sweep),
        cmocka_unit_test(no_update_is_offered_beside_a_fence),
        cmocka_unit_test(update_holds_a_fence),
        cmocka_unit_test(update_holds_a_fence_until_all_have_left),
        cmocka_unit_test(update_holds_a_fence_while_none_responds),
        cmocka_unit_test(an_earlier_update_holds_no_fence),
        cmocka_unit_test(update_not_taken_holds_a_fence),
        cmocka_unit_test(failed_update_frees_the_fence),
    };
    return RUN(tests);
}
