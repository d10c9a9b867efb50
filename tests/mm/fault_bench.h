/*
 * A booted kernel on the test machine for the tests of faults, forks and huge pages: one process
 * running, the steps of its faults kept, everything checked on demand and at the end.
 */
#ifndef TWINWALK_TESTS_MM_FAULT_BENCH_H
#define TWINWALK_TESTS_MM_FAULT_BENCH_H

#include "../unit/check.h"
#include "machine.h"

#include "mm/check.h"
#include "mm/context.h"
#include "mm/fork.h"
#include "mm/mmap.h"
#include "mm/page_alloc.h"
#include "mm/page_fault.h"
#include "mm/pgtable.h"

#include <string.h>

#define MiB (UINT64_C(1) << 20)
#define RW  (VM_READ | VM_WRITE)

#define MAX_STEPS 64

struct fault_bench {
    struct test_machine machine;
    struct mm_config config;
    struct kernel *k;
    struct task_struct *task;
    enum fault_step steps[MAX_STEPS]; /* since bench_forget() */
    unsigned nr_steps;
    unsigned result;     /* of the latest fault */
    uint64_t free_pages; /* after boot, before the first process */
};

static inline void bench_hear(void *context, const struct mm_event *event) {
    struct fault_bench *bench = context;
    if (event->kind == MM_EVENT_FAULT_STEP && bench->nr_steps < MAX_STEPS)
        bench->steps[bench->nr_steps++] = (enum fault_step)event->b;
    if (event->kind == MM_EVENT_FAULT_END)
        bench->result = (unsigned)event->b;
}

static inline void bench_check(struct fault_bench *bench) {
    char text[512];
    const char *broken = mm_check(bench->k, text, sizeof text);
    if (broken)
        fail_msg("%s", broken);
}

/* Fill bench->config first (mm_config_default), then boot. */
static inline void bench_boot(struct fault_bench *bench) {
    const char *why;
    test_machine_init(&bench->machine, bench->config.mode, bench->config.adue);
    const struct machine machine = test_machine_callbacks(&bench->machine);
    bench->k = kernel_boot(&bench->config, &machine, &why);
    if (!bench->k)
        fail_msg("%s", why);
    mm_listen(bench->k, bench_hear, bench);
    bench->free_pages = mm_stats(bench->k)[STAT_nr_free_pages];
    bench->task = task_create(bench->k);
    assert_non_null(bench->task);
    switch_mm(bench->k, bench->task);
}

static inline void bench_default(struct fault_bench *bench, enum paging_mode mode, uint64_t bytes) {
    memset(bench, 0, sizeof *bench);
    mm_config_default(&bench->config, mode, bytes);
}

/* Nothing is left when all processes are gone, but slabs kept for later. */
static inline void bench_end(struct fault_bench *bench) {
    bench_check(bench);
    while (!TAILQ_EMPTY(&bench->k->tasks))
        task_reap(bench->k, TAILQ_FIRST(&bench->k->tasks));
    bench_check(bench);
    const uint64_t *stat = mm_stats(bench->k);
    assert_int_equal(stat[STAT_nr_anon_pages], 0);
    assert_int_equal(stat[STAT_nr_mapped], 0);
    assert_int_equal(stat[STAT_nr_anon_transparent_hugepages], 0);
    assert_int_equal(stat[STAT_nr_kernel_stack], 0);
    kernel_shutdown(bench->k);
    test_machine_free(&bench->machine);
}

static inline void bench_forget(struct fault_bench *bench) {
    bench->nr_steps = 0;
    bench->result = 0;
}

static inline uint64_t bench_map(struct fault_bench *bench, uint64_t addr, uint64_t length,
                                 unsigned rights, unsigned flags, struct file *file) {
    const struct mmap_request request = {.addr = addr,
                                         .length = length,
                                         .rights = rights,
                                         .flags = flags | (addr ? MM_MAP_FIXED : 0),
                                         .file = file};
    int64_t va = mm_mmap(bench->k->current->mm, &request);
    if (va < 0)
        fail_msg("mmap: %d", (int)va);
    return (uint64_t)va;
}

/* Faults of a store of `value`, or -1: a signal. */
static inline int bench_store(struct fault_bench *bench, uint64_t va, uint64_t value) {
    return test_access(&bench->machine, bench->k, va, ACCESS_WRITE, &value);
}

/* Faults of a load, whose result must be `value`. */
static inline int bench_load(struct fault_bench *bench, uint64_t va, uint64_t value) {
    uint64_t got = ~value;
    int faults = test_access(&bench->machine, bench->k, va, ACCESS_READ, &got);
    if (faults >= 0 && got != value)
        fail_msg("at %#llx: %#llx instead of %#llx", (unsigned long long)va,
                 (unsigned long long)got, (unsigned long long)value);
    return faults;
}

static inline void bench_switch(struct fault_bench *bench, struct task_struct *task) {
    switch_mm(bench->k, task);
}

/* The PTE, or what stands in its place. */
static inline struct pte_place bench_pte(struct fault_bench *bench, uint64_t va) {
    struct pte_place place;
    assert_int_equal(pgtable_find(bench->k->current->mm, va, 0, &place), 0);
    return place;
}

/* The frame that maps va. */
static inline struct page *bench_page(struct fault_bench *bench, uint64_t va) {
    const struct pte_place place = bench_pte(bench, va);
    assert_true(pte_present(place.pte) && !pte_table(place.pte));
    uint64_t offset = va & ((UINT64_C(1) << pt_shift(bench->k, place.level)) - 1);
    return pfn_to_page(bench->k, pte_to_pfn(place.pte) + offset / PAGE_BYTES);
}

#define assert_steps(bench, ...)                                                                   \
    do {                                                                                           \
        const enum fault_step expected[] = {__VA_ARGS__};                                          \
        assert_int_equal((bench)->nr_steps, sizeof expected / sizeof expected[0]);                 \
        for (size_t i_ = 0; i_ < sizeof expected / sizeof expected[0]; i_++)                       \
            assert_int_equal((bench)->steps[i_], expected[i_]);                                    \
        bench_forget(bench);                                                                       \
    } while (0)

#endif
