/*
 * How many page faults the memory manager takes per CPU-second of this process, the walks of the
 * MMU before and after each included: first touches of anonymous memory, copies on write after a
 * fork, and pages from swap; with the model alone, and in lockstep with the hardware. Median of
 * REPETITIONS; figures, not tests. Goal: 2 million first touches a second with the model.
 */
#include "lockstep/lockstep.h"
#include "lockstep/target.h"
#include "mm/context.h"
#include "mm/fork.h"
#include "mm/mmap.h"
#include "mm/page_fault.h"
#include "os/board.h"
#include "study/sim.h"
#include "timing.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define START (UINT64_C(1) << 30)
#define MIB   (UINT64_C(1) << 20)

enum { REPETITIONS = 5 };

static const struct mmu_config geometry = {
    .tlb = {{16, 4, POLICY_LRU}, {16, 4, POLICY_LRU}, {128, 12, POLICY_LRU}}, .seed = 1};

static void die(const char *what) {
    fprintf(stderr, "bench_faults: %s\n", what);
    exit(2);
}

/* A manager on either target. */
struct machine_under_test {
    struct sim sim;
    struct lockstep *both; /* NULL: the model alone */
    struct board board;
    struct kernel *k;
};

static void start(struct machine_under_test *under, bool lockstep, uint64_t memory, uint64_t swap) {
    const char *why;
    const struct lockstep_options options = {.config = "default", .latency = "10", .seed = 1};
    memset(under, 0, sizeof *under);
    if (lockstep ? !(under->both = lockstep_create(&options, &why))
                 : !sim_init(&under->sim, &geometry, &why))
        die(why);
    struct mm_config config;
    mm_config_default(&config, MODE_SV39, memory);
    config.swap_bytes = swap;
    config.thp = THP_NEVER;
    under->board.target = lockstep ? lockstep_target(under->both) : sim_target(&under->sim);
    under->board.control = (struct mmu_control){.mode = config.mode, .adue = config.adue};
    const struct machine machine = board_machine(&under->board);
    under->k = kernel_boot(&config, &machine, &why);
    if (!under->k)
        die(why);
}

static void stop(struct machine_under_test *under) {
    kernel_shutdown(under->k);
    if (under->both && !lockstep_finish(under->both))
        die("the sides diverge");
    lockstep_destroy(under->both);
    if (!under->both)
        sim_free(&under->sim);
}

static struct task_struct *make_process(struct machine_under_test *under, uint64_t pages) {
    struct task_struct *task = task_create(under->k);
    const struct mmap_request request = {.addr = START,
                                         .length = pages * PAGE_BYTES,
                                         .rights = VM_READ | VM_WRITE,
                                         .flags = MM_MAP_FIXED};
    if (!task || mm_mmap(task->mm, &request) != (int64_t)START)
        die("no memory for a process");
    switch_mm(under->k, task);
    return task;
}

/* A store to each page in turn by the current process; how many faults that took. */
static uint64_t store_to_each(struct machine_under_test *under, uint64_t pages) {
    const struct replay_target *target = &under->board.target;
    uint64_t faults = 0;
    for (uint64_t page = 0; page < pages; page++) {
        const struct mmu_request request = {
            .va = START + page * PAGE_BYTES, .access = ACCESS_WRITE, .priv = PRIV_U};
        struct mmu_response response;
        for (;;) {
            if (!target->translate(target->context, &request, &response, NULL))
                die("the sides diverge");
            if (response.reason == FAULT_NONE)
                break;
            faults++;
            if (do_page_fault(under->k, request.va, request.access, &response) & VM_FAULT_ERROR)
                die("a fault ends in a signal");
            mm_tick(under->k);
        }
        memories_write(target->memories, response.pa, 8, page);
    }
    return faults;
}

/* Stores to all pages, `rounds` times; stops the machine. Faults per CPU-second. */
static double time_stores(struct machine_under_test *under, uint64_t pages, unsigned rounds) {
    uint64_t faults = 0;
    double begin = cpu_seconds();
    for (unsigned round = 0; round < rounds; round++)
        faults += store_to_each(under, pages);
    double seconds = cpu_seconds() - begin;
    stop(under);
    return (double)faults / seconds;
}

/* Faults per CPU-second. */
typedef double measure(bool lockstep, uint64_t pages);

static double demand_zero(bool lockstep, uint64_t pages) {
    struct machine_under_test under;
    start(&under, lockstep, 2 * pages * PAGE_BYTES + 64 * MIB, 0);
    make_process(&under, pages);
    return time_stores(&under, pages, 1);
}

/* Frames that another process gave back: the host's memory behind them is there already. */
static double demand_again(bool lockstep, uint64_t pages) {
    struct machine_under_test under;
    start(&under, lockstep, 2 * pages * PAGE_BYTES + 64 * MIB, 0);
    struct task_struct *first = make_process(&under, pages);
    store_to_each(&under, pages);
    do_exit(under.k, first);
    make_process(&under, pages);
    return time_stores(&under, pages, 1);
}

static double copy_on_write(bool lockstep, uint64_t pages) {
    struct machine_under_test under;
    start(&under, lockstep, 3 * pages * PAGE_BYTES + 64 * MIB, 0);
    struct task_struct *parent = make_process(&under, pages);
    store_to_each(&under, pages);
    struct task_struct *child = do_fork(under.k, parent);
    if (!child)
        die("no memory for a fork");
    switch_mm(under.k, child);
    return time_stores(&under, pages, 1);
}

/* Round and round through 1.5 times the memory; swap readahead serves most of the pages. */
static double from_swap(bool lockstep, uint64_t pages) {
    struct machine_under_test under;
    start(&under, lockstep, 2 * pages / 3 * PAGE_BYTES, 2 * pages * PAGE_BYTES);
    make_process(&under, pages);
    store_to_each(&under, pages);
    return time_stores(&under, pages, 2);
}

static double median(measure *each, bool lockstep, uint64_t pages) {
    double rate[REPETITIONS];
    for (int i = 0; i < REPETITIONS; i++)
        rate[i] = each(lockstep, pages);
    return median_of(rate, REPETITIONS) / 1e6;
}

int main(void) {
    static const struct {
        const char *name;
        measure *each;
    } kinds[] = {
        {"first touch, fresh memory", demand_zero},
        {"first touch, frames used before", demand_again},
        {"copy on write", copy_on_write},
        {"swap, 1.5 times memory", from_swap},
    };
    printf("million faults per CPU-second, Sv39, median of %d\n", REPETITIONS);
    printf("%-34s %10s %10s\n", "", "model", "lockstep");
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        printf("%-34s %10.2f %10.3f\n", kinds[i].name, median(kinds[i].each, false, 32768),
               median(kinds[i].each, true, 8192));
    return 0;
}
