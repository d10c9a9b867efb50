/*
 * fork: copy-on-write with contents, grandchildren, swap entries, files, isolation over random
 * writes, failures that leave nothing; exit, signals, exec, kernel stacks.
 */
#include "fault_bench.h"
#include "ram_file.h"

#include "mm/layout.h"
#include "mm/swap.h"

#include <signal.h>
#include <stdlib.h>

static int setup_mode(void **state, enum paging_mode mode, uint64_t bytes, uint64_t swap) {
    struct fault_bench *bench = calloc(1, sizeof *bench);
    bench_default(bench, mode, bytes);
    bench->config.swap_bytes = swap;
    bench->config.thp = THP_NEVER;
    bench_boot(bench);
    *state = bench;
    return 0;
}

static int setup(void **state) {
    return setup_mode(state, MODE_SV39, 32 * MiB, 32 * MiB);
}

static int setup_sv32(void **state) {
    return setup_mode(state, MODE_SV32, 32 * MiB, 32 * MiB);
}

/* So little memory that processes live in swap. */
static int setup_small(void **state) {
    return setup_mode(state, MODE_SV48, 3 * MiB, 32 * MiB);
}

static int teardown(void **state) {
    bench_end(*state);
    free(*state);
    return 0;
}

static struct task_struct *fork_child(struct fault_bench *bench) {
    struct task_struct *child = do_fork(bench->k, bench->k->current);
    assert_non_null(child);
    bench_check(bench);
    return child;
}

/* ---- copy-on-write ---- */

/* Each side reads the old contents without faults, and each page it writes costs one. */
static void contents(void **state) {
    struct fault_bench *bench = *state;
    enum { PAGES = 40, WRITTEN = 10 };
    uint64_t va = bench_map(bench, 0, PAGES * PAGE_BYTES, RW, 0, NULL);
    for (uint64_t i = 0; i < PAGES; i++)
        bench_store(bench, va + i * PAGE_BYTES, 100 + i);
    uint64_t tables = bench->task->mm->pgtables_bytes;
    struct task_struct *child = fork_child(bench);
    assert_int_equal(child->mm->pgtables_bytes, tables);
    assert_int_equal(child->mm->rss[MM_ANONPAGES], PAGES);
    assert_int_equal(child->parent, bench->task->pid);
    bench_switch(bench, child);
    for (uint64_t i = 0; i < PAGES; i++)
        assert_int_equal(bench_load(bench, va + i * PAGE_BYTES, 100 + i), 0);
    for (uint64_t i = 0; i < WRITTEN; i++)
        assert_int_equal(bench_store(bench, va + i * PAGE_BYTES, 200 + i), 1);
    assert_int_equal(child->min_flt, WRITTEN);
    bench_check(bench);
    bench_switch(bench, bench->task);
    uint64_t before = bench->task->min_flt;
    for (uint64_t i = 0; i < PAGES; i++)
        assert_int_equal(bench_load(bench, va + i * PAGE_BYTES, 100 + i), 0);
    for (uint64_t i = 0; i < 2 * WRITTEN; i++) /* alone with the first half, sharing the second */
        assert_int_equal(bench_store(bench, va + i * PAGE_BYTES, 300 + i), 1);
    assert_int_equal(bench->task->min_flt - before, 2 * WRITTEN);
    assert_int_equal(bench->k->stat[STAT_cow_copy], 2 * WRITTEN);
    assert_int_equal(bench->k->stat[STAT_cow_reuse], WRITTEN);
    bench_switch(bench, child);
    for (uint64_t i = 0; i < PAGES; i++)
        assert_int_equal(bench_load(bench, va + i * PAGE_BYTES, (i < WRITTEN ? 200 : 100) + i), 0);
}

/* What only was read has no anonymous page: it is not copied, and faults again. */
static void zero_pages_are_not_copied(void **state) {
    struct fault_bench *bench = *state;
    uint64_t va = bench_map(bench, 0, 4 * PAGE_BYTES, RW, 0, NULL);
    bench_load(bench, va, 0);
    struct task_struct *child = fork_child(bench);
    assert_int_equal(child->mm->pgtables_bytes, 0);
    bench_switch(bench, child);
    assert_int_equal(bench_load(bench, va, 0), 1);
    /* Beside an anonymous page they are. */
    bench_store(bench, va + PAGE_BYTES, 1);
    struct task_struct *grandchild = fork_child(bench);
    bench_switch(bench, grandchild);
    assert_int_equal(bench_load(bench, va, 0), 0);
}

static void grandchildren(void **state) {
    struct fault_bench *bench = *state;
    enum { GENERATIONS = 12 };
    struct task_struct *task[GENERATIONS] = {bench->task};
    uint64_t va = bench_map(bench, 0, GENERATIONS * PAGE_BYTES, RW, 0, NULL);
    for (uint64_t i = 0; i < GENERATIONS; i++)
        bench_store(bench, va + i * PAGE_BYTES, i);
    for (unsigned g = 1; g < GENERATIONS; g++) {
        task[g] = fork_child(bench);
        bench_switch(bench, task[g]);
        bench_store(bench, va + g * PAGE_BYTES, 1000 + g);
    }
    /* Generation g has seen the writes of all before it, and none of those after. */
    for (unsigned g = 0; g < GENERATIONS; g++) {
        bench_switch(bench, task[g]);
        for (uint64_t i = 0; i < GENERATIONS; i++)
            bench_load(bench, va + i * PAGE_BYTES, i > 0 && i <= g ? 1000 + i : i);
    }
    /* They end from the middle; the rest keeps its data. */
    for (unsigned g = 3; g < GENERATIONS; g += 2) {
        task_reap(bench->k, task[g]);
        bench_check(bench);
    }
    for (unsigned g = 0; g < GENERATIONS; g += 2) {
        bench_switch(bench, task[g]);
        bench_load(bench, va + g * PAGE_BYTES, g > 0 ? 1000 + g : 0);
    }
}

static void swap_entries(void **state) {
    struct fault_bench *bench = *state;
    enum { PAGES = 8 };
    struct mm_struct *mm = bench->task->mm;
    uint64_t va = bench_map(bench, 0, PAGES * PAGE_BYTES, RW, 0, NULL);
    for (uint64_t i = 0; i < PAGES; i++)
        bench_store(bench, va + i * PAGE_BYTES, 500 + i);
    assert_int_equal(mm_madvise(mm, va, PAGES * PAGE_BYTES, MADVISE_PAGEOUT), 0);
    assert_int_equal(mm->rss[MM_SWAPENTS], PAGES);
    struct task_struct *child = fork_child(bench);
    assert_int_equal(child->mm->rss[MM_SWAPENTS], PAGES);
    for (uint64_t i = 0; i < PAGES; i++)
        assert_int_equal(
            swap_count(bench->k, pte_swap_slot(bench_pte(bench, va + i * PAGE_BYTES).pte)), 2);
    /* The parent ends; its child still has everything. */
    task_reap(bench->k, bench->task);
    bench_check(bench);
    bench_switch(bench, child);
    for (uint64_t i = 0; i < PAGES; i++)
        bench_load(bench, va + i * PAGE_BYTES, 500 + i);
    assert_int_equal(child->mm->rss[MM_SWAPENTS], 0);
    bench_check(bench);
}

static void files(void **state) {
    struct fault_bench *bench = *state;
    struct ram_file bytes;
    ram_file_init(&bytes, 8 * PAGE_BYTES, 8 * PAGE_BYTES);
    struct file *file = file_open(bench->k, &ram_file_operations, &bytes, 8 * PAGE_BYTES, true);
    uint64_t shared = bench_map(bench, 0, 8 * PAGE_BYTES, RW, MM_MAP_SHARED, file);
    uint64_t private = bench_map(bench, 0, 8 * PAGE_BYTES, RW, 0, file);
    bench_store(bench, shared, 1);
    bench_store(bench, private + PAGE_BYTES, 2);
    uint64_t value, word;
    memcpy(&word, bytes.bytes + 2 * PAGE_BYTES, sizeof word);
    bench_load(bench, private + 2 * PAGE_BYTES, word);
    struct task_struct *child = fork_child(bench);
    bench_switch(bench, child);
    /* Shared mappings have no entries yet; private ones with anonymous pages have all of them. */
    assert_true(pte_none(bench_pte(bench, shared).pte));
    assert_int_equal(bench_load(bench, private + PAGE_BYTES, 2), 0);
    assert_int_equal(bench_load(bench, private + 2 * PAGE_BYTES, word), 0);
    assert_int_equal(bench_load(bench, shared, 1), 1);
    bench_store(bench, shared, 3);
    bench_store(bench, private + PAGE_BYTES, 4);
    bench_switch(bench, bench->task);
    assert_int_equal(test_access(&bench->machine, bench->k, shared, ACCESS_READ, &value), 0);
    assert_int_equal(value, 3);
    bench_load(bench, private + PAGE_BYTES, 2);
    bench_check(bench);
    fput(file);
    while (!TAILQ_EMPTY(&bench->k->tasks))
        task_reap(bench->k, TAILQ_FIRST(&bench->k->tasks));
    memcpy(&word, bytes.bytes, sizeof word); /* the last user gone, it has been written back */
    assert_int_equal(word, 3);
    ram_file_free(&bytes);
}

static void explicit_huge_pages(void **state) {
    struct fault_bench *bench = *state;
    unsigned shift = pt_shift(bench->k, 1);
    const struct mmap_request request = {
        .length = UINT64_C(1) << shift, .rights = RW, .flags = MM_MAP_HUGETLB, .huge_shift = shift};
    int64_t mapped = mm_mmap(bench->task->mm, &request);
    assert_true(mapped > 0);
    uint64_t va = (uint64_t)mapped;
    bench_store(bench, va + PAGE_BYTES, 7);
    struct task_struct *child = fork_child(bench);
    bench_forget(bench);
    assert_int_equal(bench_store(bench, va + PAGE_BYTES, 8), 1);
    assert_steps(bench, STEP_HUGETLB);
    bench_check(bench);
    bench_switch(bench, child);
    assert_int_equal(bench_load(bench, va + PAGE_BYTES, 7), 0);
    assert_int_equal(bench_store(bench, va, 9), 1);
    assert_steps(bench, STEP_COW_REUSE);
    bench_switch(bench, bench->task);
    assert_int_equal(bench_load(bench, va, 0), 0);
    assert_int_equal(bench_load(bench, va + PAGE_BYTES, 8), 0);
}

/* Locks are not inherited. */
static void locked_memory(void **state) {
    struct fault_bench *bench = *state;
    uint64_t va = bench_map(bench, 0, 2 * PAGE_BYTES, RW, 0, NULL);
    assert_int_equal(mm_mlock(bench->task->mm, va, 2 * PAGE_BYTES), 0);
    assert_int_equal(bench->task->mm->locked_vm, 2);
    struct task_struct *child = fork_child(bench);
    assert_int_equal(child->mm->locked_vm, 0);
    assert_int_equal(child->mm->total_vm, 2);
}

/* ---- isolation ---- */

/* Small and repeatable. */
static uint64_t next_random(uint64_t *seed) {
    *seed = *seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return *seed >> 33;
}

enum { PROCESSES = 12, SHARED_PAGES = 96 };

struct family {
    struct task_struct *task[PROCESSES];
    uint64_t value[PROCESSES][SHARED_PAGES]; /* what each process must find in its pages */
};

/* One of them, at random, forks into a free place, or ends. */
static void family_changes(struct fault_bench *bench, struct family *family, unsigned p,
                           unsigned q) {
    if (family->task[q] && q != p) {
        task_reap(bench->k, family->task[q]);
        family->task[q] = NULL;
        return;
    }
    if (q == p)
        return;
    family->task[q] = fork_child(bench);
    memcpy(family->value[q], family->value[p], sizeof family->value[q]);
}

/* Random writes and reads by random processes that fork and end: each finds its own data. */
static void isolation(void **state) {
    struct fault_bench *bench = *state;
    struct family *family = calloc(1, sizeof *family);
    uint64_t seed = 7;
    uint64_t va = bench_map(bench, 0, SHARED_PAGES * PAGE_BYTES, RW, 0, NULL);
    family->task[0] = bench->task;
    for (unsigned step = 0; step < 20000; step++) {
        unsigned p = (unsigned)(next_random(&seed) % PROCESSES);
        if (!family->task[p])
            continue;
        if (bench->k->current != family->task[p])
            bench_switch(bench, family->task[p]);
        uint64_t page = next_random(&seed) % SHARED_PAGES;
        if (next_random(&seed) % 200 == 0) {
            family_changes(bench, family, p, (unsigned)(next_random(&seed) % PROCESSES));
        } else if (next_random(&seed) % 3 == 0) {
            family->value[p][page] = step;
            assert_true(bench_store(bench, va + page * PAGE_BYTES, step) >= 0);
        } else {
            assert_true(bench_load(bench, va + page * PAGE_BYTES, family->value[p][page]) >= 0);
        }
        if (step % 500 == 0)
            bench_check(bench);
    }
    if (bench->config.node[0].bytes <= 4 * MiB)
        assert_true(bench->k->stat[STAT_pswpin] > 0);
    free(family);
}

/* ---- failures ---- */

/* Every allocation of a fork fails in turn: no child, nothing lost, the parent goes on. */
static void fail_every_allocation(void **state) {
    struct fault_bench *bench = *state;
    static const enum fail_point points[] = {FAIL_PAGE_ALLOC, FAIL_SLAB};
    uint64_t va = bench_map(bench, 0, 600 * PAGE_BYTES, RW, 0, NULL);
    for (uint64_t i = 0; i < 600; i += 20)
        bench_store(bench, va + i * PAGE_BYTES, i);
    mm_madvise(bench->task->mm, va, 100 * PAGE_BYTES, MADVISE_PAGEOUT);
    for (size_t p = 0; p < sizeof points / sizeof points[0]; p++)
        for (uint64_t n = 1;; n++) {
            bench->k->fail[points[p]] = n;
            struct task_struct *child = do_fork(bench->k, bench->task);
            bool failed = bench->k->fail[points[p]] == 0;
            bench->k->fail[points[p]] = 0;
            bench_check(bench);
            assert_int_equal(failed, child == NULL);
            if (child)
                task_reap(bench->k, child);
            if (!failed)
                break;
        }
    for (uint64_t i = 0; i < 600; i += 20)
        assert_true(bench_load(bench, va + i * PAGE_BYTES, i) >= 0);
    for (uint64_t i = 0; i < 600; i += 20)
        assert_true(bench_store(bench, va + i * PAGE_BYTES, i + 1) >= 0);
}

/* ---- processes ---- */

static void kernel_stacks(void **state) {
    struct fault_bench *bench = *state;
    const struct layout *layout = mm_layout(bench->config.mode);
    struct task_struct *child = fork_child(bench);
    assert_true(child->kernel_stack >= layout->vmalloc_start &&
                child->kernel_stack < layout->vmalloc_end);
    assert_int_not_equal(child->kernel_stack, bench->task->kernel_stack);
    assert_int_equal(bench->k->stat[STAT_nr_kernel_stack], 8);
    uint64_t pid = child->pid;
    assert_ptr_equal(find_task(bench->k, pid), child);
    child->min_flt = 5;
    do_exit(bench->k, child);
    assert_null(find_task(bench->k, pid));
    assert_int_equal(child->min_flt, 5); /* the counters stay until it is reaped */
    assert_int_equal(bench->k->stat[STAT_nr_kernel_stack], 4);
    do_exit(bench->k, child); /* once is enough */
    task_reap(bench->k, child);
    bench_check(bench);
}

static void signals(void **state) {
    struct fault_bench *bench = *state;
    struct task_struct *child = fork_child(bench);
    send_signal(bench->k, child, SIGSEGV, 0x1234);
    send_signal(bench->k, child, SIGKILL, 0);
    assert_int_equal(child->signal, SIGSEGV); /* the first counts */
    assert_int_equal(child->signal_va, 0x1234);
    assert_non_null(child->mm);
    mm_tick(bench->k);
    assert_null(child->mm);
    assert_null(do_fork(bench->k, child)); /* the dead have no children */
    assert_int_equal(bench->task->signal, 0);
}

static void exec(void **state) {
    struct fault_bench *bench = *state;
    struct ram_file bytes;
    ram_file_init(&bytes, 8 * PAGE_BYTES, 8 * PAGE_BYTES);
    struct file *file = file_open(bench->k, &ram_file_operations, &bytes, 8 * PAGE_BYTES, true);
    uint64_t old = bench_map(bench, 0, PAGE_BYTES, RW, 0, NULL), word;
    bench_store(bench, old, 1);
    const struct exec_image image = {.file = file,
                                     .code = 0x10000,
                                     .code_bytes = 3 * PAGE_BYTES,
                                     .data = 0x20000,
                                     .data_bytes = PAGE_BYTES + 0x100,
                                     .data_offset = 3 * PAGE_BYTES,
                                     .bss_bytes = 3 * PAGE_BYTES,
                                     .stack_bytes = 4 * PAGE_BYTES};
    assert_int_equal(mm_exec(bench->k, bench->task, &image), 0);
    bench_check(bench);
    struct mm_struct *mm = bench->task->mm;
    memcpy(&word, bytes.bytes + 8, sizeof word);
    assert_true(bench_load(bench, 0x10008, word) >= 0);
    memcpy(&word, bytes.bytes + 3 * PAGE_BYTES, sizeof word);
    assert_true(bench_load(bench, 0x20000, word) >= 0);
    /* Behind the data in its last page: the bss, zero, not what the file holds there. */
    memcpy(&word, bytes.bytes + 4 * PAGE_BYTES + 0xf8, sizeof word);
    assert_true(bench_load(bench, 0x210f8, word) >= 0);
    assert_true(bench_load(bench, 0x21100, 0) >= 0);
    assert_true(bench_load(bench, 0x21ff8, 0) >= 0);
    assert_true(bench_store(bench, 0x22000, 5) >= 0);
    assert_int_equal(mm->brk, 0x25000);
    assert_int_equal(mm->start_brk, mm->brk);
    assert_int_equal(mm->start_stack, mm_layout(bench->config.mode)->stack_top);
    assert_true(bench_store(bench, mm->start_stack - 8, 6) >= 0);
    assert_true(bench_store(bench, mm->start_stack - 6 * PAGE_BYTES, 7) >= 0);
    assert_null(find_vma(mm, old) && find_vma(mm, old)->start <= old ? find_vma(mm, old) : NULL);
    /* A bad image changes nothing. */
    struct exec_image bad = image;
    bad.code = UINT64_MAX - PAGE_BYTES + 1;
    assert_int_equal(mm_exec(bench->k, bench->task, &bad), -EINVAL);
    bad = image;
    bad.data = image.code;
    assert_int_equal(mm_exec(bench->k, bench->task, &bad), -EEXIST);
    assert_ptr_equal(bench->task->mm, mm);
    for (uint64_t n = 1;; n++) {
        bench->k->fail[FAIL_PAGE_ALLOC] = n;
        int error = mm_exec(bench->k, bench->task, &image);
        bool failed = bench->k->fail[FAIL_PAGE_ALLOC] == 0;
        bench->k->fail[FAIL_PAGE_ALLOC] = 0;
        bench_check(bench);
        assert_int_equal(bench->task->signal, 0);
        assert_int_equal(error != 0, failed);
        if (!failed)
            break;
        bench_load(bench, 0x22000, 5);
    }
    bench_load(bench, 0x22000, 0);
    fput(file);
    while (!TAILQ_EMPTY(&bench->k->tasks))
        task_reap(bench->k, TAILQ_FIRST(&bench->k->tasks));
    ram_file_free(&bytes);
}

#define TEST(test, how) cmocka_unit_test_setup_teardown(test, how, teardown)
#define BOTH(test)      TEST(test, setup), TEST(test, setup_sv32)

int main(void) {
    const struct CMUnitTest tests[] = {
        BOTH(contents),
        BOTH(zero_pages_are_not_copied),
        BOTH(grandchildren),
        BOTH(swap_entries),
        BOTH(files),
        BOTH(explicit_huge_pages),
        BOTH(locked_memory),
        BOTH(isolation),
        TEST(isolation, setup_small),
        BOTH(fail_every_allocation),
        BOTH(kernel_stacks),
        BOTH(signals),
        BOTH(exec),
    };
    return RUN(tests);
}
