/*
 * A booted manager on the test machine, with one process: what most of the manager's tests start
 * from. Ends with every structure checked and every frame back.
 */
#ifndef TWINWALK_TESTS_MM_BENCH_H
#define TWINWALK_TESTS_MM_BENCH_H

#include "../unit/check.h"
#include "machine.h"
#include "ram_file.h"

#include "mm/check.h"
#include "mm/context.h"
#include "mm/fork.h"
#include "mm/mmap.h"
#include "mm/page_alloc.h"
#include "mm/slub.h"

#include <stdlib.h>
#include <string.h>

#define MIB (UINT64_C(1) << 20)

struct bench {
    struct test_machine machine;
    struct kernel *k;
    struct task_struct *task;
    uint64_t free_pages; /* before there was any process */
    uint64_t before[MM_STATS];
};

static inline void bench_check(struct bench *bench) {
    char text[512];
    const char *broken = mm_check(bench->k, text, sizeof text);
    if (broken)
        fail_msg("%s", broken);
}

/* Frames that are free once caches of slabs have given back what they do not use. */
static inline uint64_t bench_free_pages(struct bench *bench) {
    struct kmem_cache *cache;
    TAILQ_FOREACH(cache, &bench->k->caches, list)
    kmem_cache_shrink(bench->k, cache);
    return mm_stats(bench->k)[STAT_nr_free_pages];
}

static inline struct task_struct *bench_process(struct bench *bench) {
    struct task_struct *task = task_create(bench->k);
    assert_non_null(task);
    switch_mm(bench->k, task);
    return task;
}

static inline void bench_boot(struct bench *bench, const struct mm_config *config) {
    const char *why = NULL;
    *bench = (struct bench){.k = NULL};
    test_machine_init(&bench->machine, config->mode, config->adue);
    const struct machine machine = test_machine_callbacks(&bench->machine);
    bench->k = kernel_boot(config, &machine, &why);
    if (!bench->k)
        fail_msg("%s", why);
    /* The first process makes tables of the kernel half that stay. */
    task_reap(bench->k, bench_process(bench));
    bench->free_pages = bench_free_pages(bench);
    bench->task = bench_process(bench);
}

/* Every process exits; files are the test's own to close before. */
static inline void bench_end(struct bench *bench) {
    struct task_struct *task;
    bench_check(bench);
    while ((task = TAILQ_FIRST(&bench->k->tasks)))
        task_reap(bench->k, task);
    bench_check(bench);
    assert_int_equal(bench_free_pages(bench), bench->free_pages);
    kernel_shutdown(bench->k);
    test_machine_free(&bench->machine);
}

/* Counters count from here on. */
static inline void bench_count(struct bench *bench) {
    memcpy(bench->before, mm_stats(bench->k), sizeof bench->before);
}

static inline uint64_t bench_counted(struct bench *bench, enum mm_stat stat) {
    return mm_stats(bench->k)[stat] - bench->before[stat];
}

/* Accesses of the current process; a signal fails the test. The number of faults. */
static inline int bench_store(struct bench *bench, uint64_t va, uint64_t value) {
    int faults = test_access(&bench->machine, bench->k, va, ACCESS_WRITE, &value);
    assert_true(faults >= 0);
    return faults;
}

static inline uint64_t bench_load(struct bench *bench, uint64_t va) {
    uint64_t value = 0;
    assert_true(test_access(&bench->machine, bench->k, va, ACCESS_READ, &value) >= 0);
    return value;
}

static inline uint64_t bench_map(struct bench *bench, struct file *file, uint64_t length,
                                 unsigned rights, unsigned flags) {
    const struct mmap_request request = {
        .length = length, .rights = rights, .flags = flags, .file = file};
    int64_t va = mm_mmap(bench->k->current->mm, &request);
    assert_true(va > 0);
    return (uint64_t)va;
}

static inline uint64_t bench_map_anon(struct bench *bench, uint64_t length) {
    return bench_map(bench, NULL, length, VM_READ | VM_WRITE, 0);
}

#endif
