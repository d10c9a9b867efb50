/*
 * Operating-system runs (harness/os): what a plan makes of a trace, that the contents' check finds
 * planted faults, and Belady's optimum against an exhaustive search.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "mm/mm_types.h"
#include "os/contents.h"
#include "os/os.h"
#include "replay/replay.h"
#include "study/optimum.h"
#include "study/sim.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct trace_info info = {.va_bits = 64};
static const struct replay_options sv48 = {.mode = MODE_SV48, .page = PAGE_4K};

/* ---- traces ---- */

struct records {
    struct trace_record *record;
    size_t n;
};

static void add(struct records *trace, struct trace_record record) {
    trace->record = realloc(trace->record, (trace->n + 1) * sizeof record);
    assert_non_null(trace->record);
    trace->record[trace->n++] = record;
}

static void access_page(struct records *trace, enum access_type access, uint64_t va) {
    add(trace, (struct trace_record){
                   .kind = TRACE_ACCESS, .access = (uint8_t)access, .bytes = 8, .va = va});
}

static void switch_to(struct records *trace, uint64_t process) {
    add(trace, (struct trace_record){.kind = TRACE_SWITCH, .value = process});
}

static void forget(struct records *trace) {
    free(trace->record);
    *trace = (struct records){NULL, 0};
}

static struct plan *plan_of(const struct records *trace, enum plan_huge huge) {
    struct plan *plan = plan_create();
    const struct replay_target target = plan_target(plan);
    const struct replay_system system = plan_system(plan);
    struct replay *replay = replay_create(&sv48, &info, &target, &system);
    assert_int_equal(replay_records(replay, trace->record, trace->n), REPLAY_DONE);
    replay_destroy(replay);
    assert_true(plan_finish(plan, MODE_SV48, huge));
    return plan;
}

/* ---- plans ---- */

static void expect_region(const struct plan *plan, uint64_t va, uint64_t start, uint64_t end,
                          bool written, bool fetched) {
    const struct plan_region *region = plan_find(plan, 1, va);
    assert_non_null(region);
    assert_int_equal(region->start, start);
    assert_int_equal(region->end, end);
    assert_int_equal(region->written, written);
    assert_int_equal(region->fetched, fetched);
}

static void test_plan_kinds(void **state) {
    (void)state;
    struct records trace = {NULL, 0};
    access_page(&trace, ACCESS_EXECUTE, 0x10000);
    access_page(&trace, ACCESS_READ, 0x10008);
    access_page(&trace, ACCESS_EXECUTE, 0x13000); /* the gap between is code too */
    access_page(&trace, ACCESS_READ, 0x14000);    /* only read: another kind */
    access_page(&trace, ACCESS_READ, 0x15000);
    access_page(&trace, ACCESS_WRITE, 0x15ff8);
    access_page(&trace, ACCESS_WRITE, 0x16000);
    access_page(&trace, ACCESS_EXECUTE, 0x16000);
    access_page(&trace, ACCESS_WRITE, 0x400000);
    access_page(&trace, ACCESS_WRITE, 0x400000 + 512 * 4096); /* 511 pages between: one region */
    access_page(&trace, ACCESS_WRITE, 0x800000);              /* 511 again */
    access_page(&trace, ACCESS_WRITE, 0xa01000);              /* 512: too far */
    access_page(&trace, ACCESS_WRITE, 0xa02ffc);              /* crosses into 0xa03000 */
    struct plan *plan = plan_of(&trace, PLAN_BASE);
    assert_int_equal(plan_processes(plan), 1);
    assert_int_equal(plan_pages(plan), 11);
    expect_region(plan, 0x12000, 0x10000, 0x14000, false, true);
    expect_region(plan, 0x14000, 0x14000, 0x15000, false, false);
    expect_region(plan, 0x15000, 0x15000, 0x16000, true, false);
    expect_region(plan, 0x16000, 0x16000, 0x17000, true, true);
    expect_region(plan, 0x500000, 0x400000, 0x801000, true, false);
    expect_region(plan, 0xa03fff, 0xa01000, 0xa04000, true, false);
    assert_null(plan_find(plan, 1, 0x17000));
    assert_null(plan_find(plan, 1, 0x900000));
    assert_null(plan_find(plan, 2, 0x10000));
    /* PTE pages of 2 MiB each at 0, 4, 6, 8 and 10 MiB, one PMD page, one PUD page */
    assert_int_equal(plan_tables(plan), 7);
    plan_destroy(plan);
    forget(&trace);
}

static void test_plan_huge(void **state) {
    (void)state;
    const uint64_t GiB = UINT64_C(1) << 30;
    struct records trace = {NULL, 0};
    access_page(&trace, ACCESS_EXECUTE, 0x201000);
    access_page(&trace, ACCESS_WRITE, 0x300000);
    access_page(&trace, ACCESS_WRITE, 3 * GiB - 0x1000);
    access_page(&trace, ACCESS_WRITE, 3 * GiB);
    access_page(&trace, ACCESS_WRITE, 5 * GiB + 0x5000);
    access_page(&trace, ACCESS_READ, 5 * GiB + 0x6000);
    struct plan *plan = plan_of(&trace, PLAN_TRANSPARENT);
    expect_region(plan, 0x201000, 0x201000, 0x202000, false, true);
    expect_region(plan, 0x300000, 0x202000, 0x400000, true, false);
    expect_region(plan, 3 * GiB, 3 * GiB - 0x200000, 3 * GiB + 0x200000, true, false);
    expect_region(plan, 5 * GiB + 0x5000, 5 * GiB, 5 * GiB + 0x6000, true, false);
    plan_destroy(plan);
    plan = plan_of(&trace, PLAN_EXPLICIT);
    expect_region(plan, 0x300000, 0x300000, 0x301000, true, false);
    expect_region(plan, 2 * GiB, 2 * GiB, 4 * GiB, true, false);
    assert_int_equal(plan_find(plan, 1, 2 * GiB)->huge_shift, 30);
    expect_region(plan, 5 * GiB + 0x5000, 5 * GiB + 0x5000, 5 * GiB + 0x6000, true, false);
    plan_destroy(plan);
    forget(&trace);
}

/* ---- contents ---- */

struct bench {
    struct plan *plan;
    struct memories memories;
    struct contents *contents;
};

static void bench_open(struct bench *bench) {
    struct records trace = {NULL, 0};
    access_page(&trace, ACCESS_READ, 0x1000);
    access_page(&trace, ACCESS_WRITE, 0x2000);
    switch_to(&trace, 2);
    access_page(&trace, ACCESS_WRITE, 0x2000);
    bench->plan = plan_of(&trace, PLAN_BASE);
    bench->memories = (struct memories){2, {physmem_create(), physmem_create()}, NULL, NULL};
    bench->contents = contents_create(bench->plan, &bench->memories);
    assert_non_null(bench->contents);
    forget(&trace);
}

static void bench_close(struct bench *bench) {
    contents_destroy(bench->contents);
    plan_destroy(bench->plan);
    for (int i = 0; i < 2; i++)
        physmem_destroy(bench->memories.memory[i]);
}

/* The process's access at `va`, which the two sides translate to these frames' same offset. */
static bool refer(struct bench *bench, uint64_t process, enum access_type access, uint64_t va,
                  uint64_t frame0, uint64_t frame1) {
    const struct mmu_request request = {.va = va, .access = access, .priv = PRIV_U};
    const uint64_t pa[] = {frame0 | va % PAGE_BYTES, frame1 | va % PAGE_BYTES};
    return contents_access(bench->contents, process, &request, 8, pa);
}

static void test_contents(void **state) {
    (void)state;
    struct bench bench;
    bench_open(&bench);
    /* untouched: zeroes in anonymous memory, the file's in the program file */
    assert_true(refer(&bench, 1, ACCESS_READ, 0x2010, 0x80000000, 0x80000000));
    assert_false(refer(&bench, 1, ACCESS_READ, 0x1010, 0x80001000, 0x80001000));
    for (int i = 0; i < 2; i++)
        physmem_poke(bench.memories.memory[i], 0x80001010, 8, contents_file_word(1, 0x1010));
    assert_true(refer(&bench, 1, ACCESS_READ, 0x1010, 0x80001000, 0x80001000));
    /* each side's own frame */
    assert_true(refer(&bench, 1, ACCESS_WRITE, 0x2018, 0x80002000, 0x80007000));
    assert_true(refer(&bench, 1, ACCESS_READ, 0x2018, 0x80002000, 0x80007000));
    assert_false(refer(&bench, 1, ACCESS_READ, 0x2018, 0x80002000, 0x80002000));
    assert_non_null(strstr(contents_problem(bench.contents), "the model's memory"));
    assert_false(refer(&bench, 1, ACCESS_READ, 0x2018, 0x80007000, 0x80007000));
    assert_non_null(strstr(contents_problem(bench.contents), "the hardware's memory"));
    /* another process's */
    assert_false(refer(&bench, 2, ACCESS_READ, 0x2018, 0x80002000, 0x80007000));
    /* a store that a page taken away too early has lost */
    uint64_t before;
    physmem_read(bench.memories.memory[0], 0x80002018, 8, &before);
    assert_true(refer(&bench, 1, ACCESS_WRITE, 0x2018, 0x80002000, 0x80002000));
    physmem_poke(bench.memories.memory[0], 0x80002018, 8, before);
    assert_false(refer(&bench, 1, ACCESS_READ, 0x2018, 0x80002000, 0x80002000));
    assert_int_equal(contents_words_checked(bench.contents), 3);
    bench_close(&bench);
}

/* ---- whole runs with planted faults ---- */

enum fault { NONE, WRONG_FRAME, LOST_WORD, LOST_LATE, WRONG_PROCESS, FAULTS };

/* A model that errs once. */
struct planted {
    struct sim sim; /* first: its functions find it */
    struct replay_target sound;
    enum fault fault;
    unsigned stores;
    uint64_t first_store; /* where the first one went */
    uint64_t root;        /* of the first process */
};

static bool planted_translate(void *context, const struct mmu_request *request,
                              struct mmu_response *response, uint64_t *pa) {
    struct planted *planted = context;
    planted->sound.translate(context, request, response, pa);
    if (response->reason != FAULT_NONE || request->access != ACCESS_WRITE)
        return true;
    unsigned store = planted->stores++;
    if (store == 0)
        planted->first_store = response->pa;
    if (store == 40 && planted->fault == WRONG_FRAME)
        *pa ^= PAGE_BYTES;
    if (store == 40 && planted->fault == LOST_WORD)
        physmem_poke(planted->sim.memories.memory[0], planted->first_store, 8, 1);
    if (store == 199 && planted->fault == LOST_LATE)
        physmem_poke(planted->sim.memories.memory[0], planted->first_store, 8, 0);
    return true;
}

static void planted_control(void *context, const struct mmu_control *control) {
    struct planted *planted = context;
    struct mmu_control wrong = *control;
    if (control->asid > 1 && planted->fault == WRONG_PROCESS) {
        wrong.root_ppn = planted->root;
        wrong.asid = 1;
    }
    if (control->asid == 1)
        planted->root = control->root_ppn;
    planted->sound.control(context, &wrong);
}

/* Two processes in turns, which write and read back the same addresses; the last pages are only
 * written. */
static struct records two_processes(void) {
    struct records trace = {NULL, 0};
    for (unsigned turn = 0; turn < 4; turn++) {
        switch_to(&trace, 1 + turn % 2);
        for (unsigned page = 0; page < 50; page++)
            access_page(&trace, ACCESS_WRITE, 0x10000 + page * 4096u + turn / 2 * 8);
        for (unsigned page = 0; turn < 3 && page < 50; page++)
            access_page(&trace, ACCESS_READ, 0x10000 + page * 4096u + turn / 2 * 8);
    }
    return trace;
}

static enum replay_end run_planted(enum fault fault, char *problem, size_t size) {
    static const struct mmu_config geometry = {
        .tlb = {{4, 2, POLICY_LRU}, {4, 2, POLICY_LRU}, {16, 4, POLICY_LRU}}, .seed = 1};
    struct planted planted = {.fault = fault};
    const char *why;
    assert_true(sim_init(&planted.sim, &geometry, &why));
    planted.sound = sim_target(&planted.sim);
    struct replay_target target = planted.sound;
    target.context = &planted;
    target.translate = planted_translate;
    target.control = planted_control;
    struct records trace = two_processes();
    struct plan *plan = plan_of(&trace, PLAN_BASE);
    const struct os_options options = {.percent = true, .memory = 100, .check = true};
    struct os *os = os_create(&options, MODE_SV48, plan, &target, problem, size);
    assert_non_null(os);
    struct replay_system system = os_system(os);
    struct replay *replay = replay_create(&sv48, &info, &target, &system);
    enum replay_end end = replay_records(replay, trace.record, trace.n);
    snprintf(problem, size, "%s", replay_problem(replay));
    if (end == REPLAY_DONE) {
        end = os_sweep(os);
        snprintf(problem, size, "%s", os_problem(os));
    }
    replay_destroy(replay);
    os_destroy(os);
    plan_destroy(plan);
    sim_free(&planted.sim);
    forget(&trace);
    return end;
}

static void test_planted(void **state) {
    (void)state;
    char problem[512];
    assert_int_equal(run_planted(NONE, problem, sizeof problem), REPLAY_DONE);
    for (enum fault fault = WRONG_FRAME; fault < FAULTS; fault++) {
        enum replay_end end = run_planted(fault, problem, sizeof problem);
        if (end != REPLAY_WRONG || !strstr(problem, "contents lost"))
            print_error("fault %d was not found: %s\n", fault, problem);
        assert_int_equal(end, REPLAY_WRONG);
    }
}

/* ---- the optimum ---- */

enum { PAGES = 5, LENGTH = 12 };

/* The fewest misses from reference `at` on, by trying every victim. */
static unsigned search(const unsigned *string, unsigned at, unsigned resident, unsigned frames) {
    for (; at < LENGTH && resident >> string[at] & 1; at++)
        continue;
    if (at == LENGTH)
        return 0;
    unsigned with = resident | 1u << string[at];
    if ((unsigned)__builtin_popcount(with) <= frames)
        return 1 + search(string, at + 1, with, frames);
    unsigned best = LENGTH;
    for (unsigned victim = 0; victim < PAGES; victim++)
        if (resident >> victim & 1) {
            unsigned found = search(string, at + 1, with & ~(1u << victim), frames);
            best = found < best ? found : best;
        }
    return 1 + best;
}

static void test_optimum(void **state) {
    (void)state;
    uint32_t seed = 12345;
    for (int round = 0; round < 300; round++) {
        unsigned string[LENGTH], firsts = 0, seen = 0;
        for (int i = 0; i < LENGTH; i++) {
            seed = seed * 1664525 + 1013904223;
            string[i] = (seed >> 16) % PAGES;
            firsts += !(seen >> string[i] & 1);
            seen |= 1u << string[i];
        }
        for (unsigned frames = 1; frames <= PAGES; frames++) {
            struct optimum *stored = optimum_create(), *zeroed = optimum_create();
            uint64_t all, again;
            for (int i = 0; i < LENGTH; i++) {
                assert_true(optimum_reference(stored, string[i], true));
                assert_true(optimum_reference(zeroed, string[i], false));
            }
            assert_true(optimum_page_ins(stored, frames, &all));
            assert_true(optimum_page_ins(zeroed, frames, &again));
            assert_int_equal(all, search(string, 0, 0, frames));
            assert_int_equal(again, all - firsts);
            optimum_destroy(stored);
            optimum_destroy(zeroed);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plan_kinds), cmocka_unit_test(test_plan_huge),
        cmocka_unit_test(test_contents),   cmocka_unit_test(test_planted),
        cmocka_unit_test(test_optimum),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
