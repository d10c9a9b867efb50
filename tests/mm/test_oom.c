/* Out of memory: the biggest process dies, the others keep their data, and the report says why. */
#include "bench.h"

#include "mm/oom.h"
#include "mm/swap.h"

#include <signal.h>
#include <stdio.h>

#define SMALL (MIB / 2)

struct world {
    struct bench bench;
    struct task_struct *small[3];
    uint64_t va[3];
    uint64_t ooms, victim; /* as the listener saw them */
};

static void listen(void *context, const struct mm_event *event) {
    struct world *world = context;
    if (event->kind != MM_EVENT_OOM)
        return;
    world->ooms++;
    world->victim = event->a;
}

static uint64_t value_at(unsigned process, uint64_t at) {
    return at * 31 + process;
}

static int setup_swap(void **state, uint64_t swap_bytes) {
    struct world *world = calloc(1, sizeof *world);
    struct mm_config config;
    mm_config_default(&config, MODE_SV39, 8 * MIB);
    config.swap_bytes = swap_bytes;
    bench_boot(&world->bench, &config);
    mm_listen(world->bench.k, listen, world);
    for (unsigned p = 0; p < 3; p++) {
        world->small[p] = bench_process(&world->bench);
        world->va[p] = bench_map_anon(&world->bench, SMALL);
        for (uint64_t at = 0; at < SMALL; at += 4096)
            bench_store(&world->bench, world->va[p] + at, value_at(p, at));
    }
    switch_mm(world->bench.k, world->bench.task);
    *state = world;
    return 0;
}

static int setup(void **state) {
    return setup_swap(state, 0);
}

static int setup_with_swap(void **state) {
    return setup_swap(state, 2 * MIB);
}

static int teardown(void **state) {
    struct world *world = *state;
    bench_check(&world->bench);
    mm_listen(world->bench.k, NULL, NULL);
    bench_end(&world->bench);
    free(world);
    return 0;
}

static void small_ones_keep_their_data(struct world *world) {
    for (unsigned p = 0; p < 3; p++) {
        assert_int_equal(world->small[p]->signal, 0);
        switch_mm(world->bench.k, world->small[p]);
        for (uint64_t at = 0; at < SMALL; at += 4096)
            assert_true(bench_load(&world->bench, world->va[p] + at) == value_at(p, at));
    }
}

/* Stores until it is killed, or everything is stored. */
static uint64_t devour(struct world *world, uint64_t va, uint64_t bytes) {
    for (uint64_t at = 0; at < bytes; at += 4096) {
        uint64_t value = at;
        if (test_access(&world->bench.machine, world->bench.k, va + at, ACCESS_WRITE, &value) < 0)
            return at;
        if (!world->bench.k->current)
            return at;
    }
    return bytes;
}

static void the_glutton_is_killed(void **state) {
    struct world *world = *state;
    struct bench *bench = &world->bench;
    uint64_t va = bench_map_anon(bench, 64 * MIB);
    uint64_t stored = devour(world, va, 64 * MIB);
    assert_true(stored > 2 * MIB && stored < 12 * MIB);
    assert_int_equal(bench->task->signal, SIGKILL);
    assert_null(bench->task->mm);
    assert_null(bench->k->current);
    assert_int_equal(world->ooms, 1);
    assert_int_equal(world->victim, bench->task->pid);
    assert_int_equal(mm_stats(bench->k)[STAT_oom_kill], 1);
    bench_check(bench);
    small_ones_keep_their_data(world);
}

/* Somebody small asks for the page too many: still the biggest goes, and the small one goes on. */
static void another_one_pays(void **state) {
    struct world *world = *state;
    struct bench *bench = &world->bench;
    uint64_t va = bench_map_anon(bench, 64 * MIB);
    uint64_t at = 0;
    while (bench->k->node[0].zones[ZONE_DMA32].free_pages >
           bench->k->node[0].zones[ZONE_DMA32].watermark[WMARK_MIN] + 16) {
        bench_store(bench, va + at, at);
        at += 4096;
    }
    switch_mm(bench->k, world->small[1]);
    uint64_t more = bench_map_anon(bench, SMALL);
    for (uint64_t i = 0; i < SMALL; i += 4096)
        bench_store(bench, more + i, i);
    assert_int_equal(bench->task->signal, SIGKILL);
    assert_null(bench->task->mm);
    assert_int_equal(world->victim, bench->task->pid);
    assert_ptr_equal(bench->k->current, world->small[1]);
    small_ones_keep_their_data(world);
}

static void swap_puts_it_off(void **state) {
    struct world *world = *state;
    struct bench *bench = &world->bench;
    uint64_t va = bench_map_anon(bench, 64 * MIB);
    uint64_t stored = devour(world, va, 64 * MIB);
    assert_true(stored > 6 * MIB);
    assert_int_equal(world->victim, bench->task->pid);
    small_ones_keep_their_data(world);
    assert_true(swap_free(bench->k) > 0);
}

static void the_report(void **state) {
    struct world *world = *state;
    struct bench *bench = &world->bench;
    uint64_t va = bench_map_anon(bench, 64 * MIB);
    devour(world, va, 64 * MIB);
    const char *report = bench->k->report;
    char line[64];
    assert_non_null(strstr(report, "invoked oom-killer: gfp_mask="));
    assert_non_null(strstr(report, "Mem-Info:\nactive_anon:"));
    assert_non_null(strstr(report, "Node 0 DMA32 free:"));
    assert_non_null(strstr(report, "Total swap = 0kB\n"));
    assert_non_null(strstr(report, "[  pid  ] total_vm      rss"));
    for (unsigned p = 0; p < 3; p++) {
        snprintf(line, sizeof line, "[%7u] ", (unsigned)world->small[p]->pid);
        assert_non_null(strstr(report, line));
    }
    snprintf(line, sizeof line, "Out of memory: Killed process %u total-vm:65536kB, ",
             (unsigned)bench->task->pid);
    assert_non_null(strstr(report, line));
    assert_int_equal(report[strlen(report) - 1], '\n');
}

/* More processes than the report has room for: the verdict is still there. */
static void a_report_of_many(void **state) {
    struct world *world = *state;
    struct bench *bench = &world->bench;
    for (unsigned p = 0; p < 40; p++)
        bench_process(bench);
    switch_mm(bench->k, bench->task);
    devour(world, bench_map_anon(bench, 64 * MIB), 64 * MIB);
    assert_non_null(strstr(bench->k->report, " more)\nOut of memory: Killed process "));
    assert_true(strlen(bench->k->report) < sizeof bench->k->report);
    assert_int_equal(bench->k->report[strlen(bench->k->report) - 1], '\n');
}

static void badness_counts_all(void **state) {
    struct world *world = *state;
    const struct mm_struct *mm = world->small[0]->mm;
    assert_int_equal(oom_badness(world->small[0]), SMALL / 4096 + mm->pgtables_bytes / 4096);
    do_exit(world->bench.k, world->small[0]);
    assert_int_equal(oom_badness(world->small[0]), 0);
}

static void nobody_to_kill(void **state) {
    struct world *world = *state;
    struct kernel *k = world->bench.k;
    while (!TAILQ_EMPTY(&k->tasks))
        task_reap(k, TAILQ_FIRST(&k->tasks));
    assert_false(out_of_memory(k, GFP_KERNEL, 0));
    assert_non_null(strstr(k->report, "no killable processes"));
    assert_int_equal(world->ooms, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(the_glutton_is_killed),
        TEST(another_one_pays),
        cmocka_unit_test_setup_teardown(swap_puts_it_off, setup_with_swap, teardown),
        TEST(the_report),
        TEST(a_report_of_many),
        TEST(badness_counts_all),
        TEST(nobody_to_kill),
    };
    return RUN(tests);
}
