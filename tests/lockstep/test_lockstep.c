/*
 * The lockstep itself, with the hardware `small` and `default`: what it promises, what it keeps for
 * reports, and that each kind of difference is found. The model is taken to be right.
 */
#include "lockstep/inside.h"
#include "mmu/pte.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define ROOT   UINT64_C(0x80000000)
#define LEVEL1 UINT64_C(0x80001000)
#define LEVEL0 UINT64_C(0x80002000)
#define PAGE   UINT64_C(0x90000000)

#define POINTER pte_mask(PTE_BIT_V)
#define READABLE                                                                                   \
    (pte_mask(PTE_BIT_V) | pte_mask(PTE_BIT_R) | pte_mask(PTE_BIT_U) | pte_mask(PTE_BIT_A))

static uint64_t pte(uint64_t pa, uint64_t flags) {
    return pa >> 12 << PTE_BIT_PPN | flags;
}

static void map(struct lockstep *both, unsigned page, uint64_t pa, uint64_t flags) {
    lockstep_poke(both, LEVEL0 + page * 8, 8, pte(pa, flags));
}

/* Sv39, U-mode; pages 0 to 511 have a table, and page 1 is readable. */
static struct lockstep *create(struct lockstep_options options) {
    const char *why;
    options.seed = 1;
    if (!options.config)
        options.config = "small";
    struct lockstep *both = lockstep_create(&options, &why);
    assert_non_null(both);
    lockstep_poke(both, ROOT, 8, pte(LEVEL1, POINTER));
    lockstep_poke(both, LEVEL1, 8, pte(LEVEL0, POINTER));
    map(both, 1, PAGE, READABLE);
    lockstep_set_control(
        both, &(struct mmu_control){.mode = MODE_SV39, .root_ppn = ROOT >> 12, .asid = 1});
    return both;
}

static struct mmu_request load(uint64_t va, uint8_t id) {
    return (struct mmu_request){.va = va, .access = ACCESS_READ, .priv = PRIV_U, .id = id};
}

static void expect_divergence(const struct lockstep *both, enum compare_level level,
                              const char *what) {
    const struct divergence *divergence = lockstep_divergence(both);
    assert_non_null(divergence);
    if (!strstr(divergence->what, what))
        fail_msg("'%s' does not say '%s'", divergence->what, what);
    assert_int_equal(divergence->level, level);
}

/* ---- requests that are begun ---- */

static void test_begin(void **state) {
    (void)state;
    struct lockstep *both = create((struct lockstep_options){.latency = "20", .in_flight = 4});
    struct mmu_request request = load(0x1008, 0);
    struct mmu_response expected;
    bool begun;
    for (int i = 0; i < 6; i++) {
        assert_true(lockstep_begin(both, &request, &expected, &begun));
        assert_true(begun);
        assert_int_equal(expected.pa, PAGE + 8);
        assert_int_equal(expected.level, LEVEL_L1);
    }
    assert_true(lockstep_finish(both));
    /* one walked, three more waited for it, the rest came after */
    assert_int_equal(lockstep_begun_answers(both, PORT_D, LEVEL_WALK), 4);
    assert_int_equal(lockstep_begun_answers(both, PORT_D, LEVEL_L1), 2);
    assert_int_equal(lockstep_counters(both)->walks, 1);
    lockstep_destroy(both);
}

/* What might fail is not begun: nothing happens. */
static void test_begin_not(void **state) {
    (void)state;
    struct lockstep *both = create((struct lockstep_options){.in_flight = 4});
    struct mmu_request request = load(0x2000, 0); /* not mapped */
    struct mmu_response expected;
    bool begun;
    assert_true(lockstep_begin(both, &request, &expected, &begun));
    assert_false(begun);
    request.va = UINT64_C(1) << 60; /* not canonical; too wide for Bare */
    assert_true(lockstep_begin(both, &request, &expected, &begun));
    assert_false(begun);
    request.priv = PRIV_M;
    assert_true(lockstep_begin(both, &request, &expected, &begun));
    assert_false(begun);
    assert_int_equal(lockstep_cycles(both), 0);
    request.va = 0x2000;
    assert_true(lockstep_begin(both, &request, &expected, &begun));
    assert_true(begun);
    assert_int_equal(expected.level, LEVEL_NONE);
    assert_true(lockstep_finish(both));
    lockstep_destroy(both);
}

/* A is to be set: certain, unless memory refuses it. */
static void test_begin_update(void **state) {
    (void)state;
    struct lockstep *both = create((struct lockstep_options){.in_flight = 2});
    struct mmu_control control = *lockstep_get_control(both);
    struct mmu_request request = load(0x3000, 0);
    struct mmu_response expected;
    bool begun;
    uint64_t value;
    map(both, 3, PAGE, READABLE & ~pte_mask(PTE_BIT_A));
    assert_true(lockstep_begin(both, &request, &expected, &begun));
    assert_false(begun);
    control.adue = true;
    lockstep_set_control(both, &control);
    for (int side = 0; side < SIDES; side++)
        physmem_add_update_error(lockstep_memory(both, (enum side)side), LEVEL0 + 32, LEVEL0 + 40);
    map(both, 4, PAGE, READABLE & ~pte_mask(PTE_BIT_A));
    request.va = 0x4000;
    assert_true(lockstep_begin(both, &request, &expected, &begun));
    assert_false(begun);
    request.va = 0x3000;
    assert_true(lockstep_begin(both, &request, &expected, &begun));
    assert_true(begun);
    assert_true(physmem_read(lockstep_memory(both, SIDE_MODEL), LEVEL0 + 24, 8, &value));
    assert_false(value & pte_mask(PTE_BIT_A)); /* asking has changed nothing */
    assert_true(lockstep_finish(both));
    assert_int_equal(lockstep_counters(both)->pte_updates, 1);
    lockstep_destroy(both);
}

/* Tables that changed behind a TLB's back: the belief was wrong, and it is said. */
static void test_begin_in_error(void **state) {
    (void)state;
    struct lockstep *both = create((struct lockstep_options){.in_flight = 2});
    struct mmu_request request = load(0x1000, 0);
    struct mmu_response response;
    bool begun;
    assert_true(lockstep_translate(both, &request, &response));
    map(both, 1, PAGE + 0x5000, READABLE);
    assert_true(lockstep_begin(both, &request, &response, &begun));
    assert_true(begun);
    assert_false(lockstep_drain(both));
    expect_divergence(both, COMPARE_ARCHITECTURAL, "an error of the harness");
    lockstep_destroy(both);
}

/* ---- what is kept for reports ---- */

static size_t count_kind(const struct lockstep_step *step, size_t n, enum event_kind kind) {
    size_t count = 0;
    for (size_t i = 0; i < n; i++)
        count += step[i].event[SIDE_MODEL].kind == kind;
    return count;
}

/* A merged request is shown with the walk that it waits for, and not with what else that did. */
static void test_history_of_merged(void **state) {
    (void)state;
    struct lockstep *both = create((struct lockstep_options){.latency = "9"});
    const struct mmu_request first = load(0x1000, 3), second = load(0x1010, 4);
    struct lockstep_offer offer = {.request = {[PORT_D] = &first}};
    while (lockstep_cycle(both, &offer) && !offer.accepted[PORT_D])
        ;
    offer.request[PORT_D] = &second;
    while (lockstep_cycle(both, &offer) && !offer.accepted[PORT_D])
        ;
    assert_true(lockstep_drain(both));
    struct lockstep_step step[64];
    size_t n = lockstep_history(both, 2, step, 64);
    assert_int_equal(count_kind(step, n, EVENT_READ), 3);
    assert_int_equal(count_kind(step, n, EVENT_LINK), 1);
    assert_int_equal(count_kind(step, n, EVENT_RESPONSE), 1);
    for (size_t i = 0; i < n; i++)
        if (step[i].event[SIDE_MODEL].kind == EVENT_LINK) {
            assert_true(step[i].event[SIDE_MODEL].link.merged);
            assert_int_equal(step[i].joined, 1);
        }
    n = lockstep_history(both, 1, step, 64);
    assert_int_equal(count_kind(step, n, EVENT_READ), 3);
    assert_int_equal(count_kind(step, n, EVENT_RESPONSE), 1);
    lockstep_destroy(both);
}

static void test_counters(void **state) {
    (void)state;
    struct lockstep *both = create((struct lockstep_options){.latency = "3"});
    struct mmu_request request = load(0x1000, 0);
    struct mmu_response response;
    uint64_t counter[COUNTERS];
    for (int i = 0; i < 3; i++)
        assert_true(lockstep_translate(both, &request, &response));
    assert_true(lockstep_finish(both));
    lockstep_read_counters(both, counter);
    assert_int_equal(counter[COUNTER_DTLB_READ_ACCESS], 3);
    assert_int_equal(counter[COUNTER_DTLB_READ_MISS], 1);
    assert_int_equal(counter[COUNTER_WALKS_D], 1);
    assert_int_equal(counter[COUNTER_PTE_READS], 3);
    assert_int_equal(counter[COUNTER_CYCLES], lockstep_cycles(both) - COUNTERS);
    /* and on it goes */
    assert_true(lockstep_translate(both, &request, &response));
    assert_true(lockstep_finish(both));
    lockstep_destroy(both);
}

/* ---- differences ---- */

static void test_hang(void **state) {
    (void)state;
    struct lockstep *both = create((struct lockstep_options){.latency = "500", .hang_cycles = 90});
    struct mmu_request request = load(0x1000, 0);
    struct mmu_response response;
    assert_false(lockstep_translate(both, &request, &response));
    expect_divergence(both, COMPARE_ARCHITECTURAL, "hangs: no step for 90 cycles");
    lockstep_destroy(both);
    /* steps enough, but no answer: a walk that a fence makes start over again and again */
    both = create((struct lockstep_options){.latency = "30", .hang_cycles = 900});
    const struct mmu_fence fence = {false, false, 0, 0};
    struct lockstep_offer offer = {.request = {[PORT_D] = &request}};
    while (lockstep_cycle(both, &offer)) {
        if (offer.accepted[PORT_D])
            offer.request[PORT_D] = NULL;
        offer.fence = lockstep_cycles(both) % 20 == 0 ? &fence : NULL;
    }
    expect_divergence(both, COMPARE_ARCHITECTURAL, "has not answered port D id 0");
    lockstep_destroy(both);
}

/* D's miss file is full for long, and fetches go on: too long for a bound that is made short. */
static void test_starved(void **state) {
    (void)state;
    struct lockstep *both = create((struct lockstep_options){.latency = "500"});
    assert_true(both->starved_cycles > 5 * 500); /* what a full miss file may take is within it */
    both->starved_cycles = 50;
    struct mmu_request fetch = {.va = 0x1000, .access = ACCESS_EXECUTE, .priv = PRIV_M};
    struct mmu_request misses = load(0, 0);
    struct lockstep_offer offer = {.request = {&fetch, &misses}};
    while (lockstep_cycle(both, &offer)) {
        fetch.id = (uint8_t)((fetch.id + offer.accepted[PORT_I]) % IDS);
        misses.id = (uint8_t)(misses.id + offer.accepted[PORT_D]);
        misses.va += offer.accepted[PORT_D] * UINT64_C(0x1000);
    }
    expect_divergence(both, COMPARE_ARCHITECTURAL, "port D is starved");
    assert_int_equal(misses.id, both->config->misses[PORT_D]);
    assert_int_equal(lockstep_waits(both)->offered[PORT_D], 51);
    lockstep_destroy(both);
}

static void test_memory_differs(void **state) {
    (void)state;
    struct lockstep *both = create((struct lockstep_options){.latency = "2"});
    struct mmu_request request = load(0x1000, 0);
    struct mmu_response response;
    physmem_poke(lockstep_memory(both, SIDE_HARDWARE), LEVEL0 + 8, 8, pte(PAGE, READABLE) | 2);
    physmem_poke(lockstep_memory(both, SIDE_MODEL), LEVEL0 + 8, 8, pte(PAGE + 0x1000, READABLE));
    assert_false(lockstep_translate(both, &request, &response));
    expect_divergence(both, COMPARE_WALK, "the PTEs differ");
    lockstep_destroy(both);
}

/* A cycle whose outputs are shown otherwise than they are. */
typedef void spoil(struct mmu_outputs *out);

static void spoil_nothing(struct mmu_outputs *out) {
    (void)out;
}
static void spoil_ready(struct mmu_outputs *out) {
    out->req_ready[PORT_I] = !out->req_ready[PORT_I];
}
static void spoil_fence_ready(struct mmu_outputs *out) {
    out->fence_ready = true;
}
static void spoil_request(struct mmu_outputs *out) {
    assert_true(out->ptw_req_valid);
    out->ptw_req_pa ^= 8;
}
static void spoil_no_request(struct mmu_outputs *out) {
    out->ptw_req_valid = false;
}
static void spoil_counter(struct mmu_outputs *out) {
    out->counter++;
}
static void spoil_event(struct mmu_outputs *out) {
    assert_true(out->events > 0);
    out->events--;
}
static void spoil_order(struct mmu_outputs *out) {
    assert_true(out->events > 1);
    struct mmu_event first = out->event[0];
    out->event[0] = out->event[1];
    out->event[1] = first;
}
static void spoil_content(struct mmu_outputs *out) {
    assert_int_equal(out->event[0].kind, EVENT_LOOKUP);
    out->event[0].lookup.set ^= 1;
}
static void spoil_extra(struct mmu_outputs *out) {
    out->event[out->events++] = (struct mmu_event){.kind = EVENT_REPLAY, .port = PORT_D, .id = 9};
}

/* The cycle after a request was taken: the L2 is looked up, the walk starts and offers its read. */
static void test_timing(void **state) {
    (void)state;
    static const struct {
        spoil *how;
        const char *what; /* NULL: agrees */
    } cases[] = {
        {spoil_nothing, NULL},
        {spoil_ready, "in cycle 1 req_ready of port I: hardware 0, twin 1"},
        {spoil_fence_ready, "in cycle 1 fence_ready: hardware 1, twin 0"},
        {spoil_request, "ptw_req_pa: hardware 80000008, twin 80000000"},
        {spoil_no_request, "ptw_req_valid: hardware 0, twin 1"},
        {spoil_counter, "counter"},
        {spoil_event, "the twin shows START of walk 0, the hardware does not"},
        {spoil_order, "another order"},
        {spoil_content, "LOOKUP of walk 0 differs: hardware"},
        {spoil_extra, "the hardware shows REPLAY of D id 9, the twin does not"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct lockstep *both = create((struct lockstep_options){.latency = "9"});
        const struct mmu_request request = load(0x1000, 5);
        struct lockstep_offer offer = {.request = {[PORT_D] = &request}};
        assert_true(lockstep_cycle(both, &offer));
        assert_true(offer.accepted[PORT_D]);
        struct mmu_inputs *in = rtl_mmu_in(both->rtl);
        in->req[PORT_D].valid = false;
        in->counter_select = COUNTER_DTLB_READ_MISS;
        rtl_mmu_settle(both->rtl);
        struct mmu_outputs shown = *rtl_mmu_out(both->rtl);
        cases[i].how(&shown);
        lockstep_compare_cycle(both, &shown);
        if (cases[i].what)
            expect_divergence(both, COMPARE_TIMING, cases[i].what);
        else
            assert_null(lockstep_divergence(both));
        lockstep_destroy(both);
    }
}

/* The twin is there only when it is asked. */
static void test_without_timing(void **state) {
    (void)state;
    struct lockstep *both = create((struct lockstep_options){.no_timing_check = true});
    assert_false(lockstep_timing_checked(both));
    lockstep_destroy(both);
    both = create((struct lockstep_options){.no_tlb_check = true});
    assert_false(lockstep_timing_checked(both));
    lockstep_destroy(both);
    both = create((struct lockstep_options){.config = "default"});
    assert_true(lockstep_timing_checked(both));
    lockstep_destroy(both);
}

/* ---- walks without level 3 ---- */

static struct mmu_event read_of(uint8_t level, uint64_t pa, uint64_t value) {
    return (struct mmu_event){.kind = EVENT_READ,
                              .read = {.level = level, .pa = pa, .value = value}};
}

static void test_walk_logs(void **state) {
    (void)state;
    const uint64_t accessed = pte_mask(PTE_BIT_A);
    struct walk_log root = {3,
                            {read_of(2, 0x1000, 1), read_of(1, 0x2000, 2), read_of(0, 0x3000, 4)}};
    struct walk_log cached = {2, {read_of(1, 0x2000, 2), read_of(0, 0x3000, 4 | accessed)}};
    struct walk_log none = {0, {{0}}};
    assert_true(walk_log_agree(&root, &cached));
    assert_true(walk_log_agree(&cached, &root));
    assert_true(walk_log_agree(&root, &none));
    /* a lost update reads the PTE again */
    struct walk_log again = {4,
                             {read_of(1, 0x2000, 2),
                              read_of(0, 0x3000, 4),
                              {.kind = EVENT_UPDATE},
                              read_of(0, 0x3000, 4 | accessed)}};
    assert_true(walk_log_agree(&root, &again));
    struct walk_log other_value = {1, {read_of(0, 0x3000, 5)}};
    assert_false(walk_log_agree(&root, &other_value));
    struct walk_log other_upper = {2, {read_of(1, 0x2008, 2), read_of(0, 0x3000, 4)}};
    assert_false(walk_log_agree(&root, &other_upper));
    struct walk_log other_level = {1, {read_of(1, 0x3000, 4)}};
    assert_false(walk_log_agree(&root, &other_level));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_begin),
        cmocka_unit_test(test_begin_not),
        cmocka_unit_test(test_begin_update),
        cmocka_unit_test(test_begin_in_error),
        cmocka_unit_test(test_history_of_merged),
        cmocka_unit_test(test_counters),
        cmocka_unit_test(test_hang),
        cmocka_unit_test(test_starved),
        cmocka_unit_test(test_memory_differs),
        cmocka_unit_test(test_timing),
        cmocka_unit_test(test_without_timing),
        cmocka_unit_test(test_walk_logs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
