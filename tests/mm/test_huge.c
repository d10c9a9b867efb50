/*
 * Huge pages: one fault and one leaf for 2 MiB (4 MiB in Sv32), deposited tables, the huge zero
 * page, fork and copy-on-write, splitting, collapsing, reclaim, explicit pages of 2 MiB and 1 GiB.
 */
#include "fault_bench.h"

#include "mm/huge_memory.h"
#include "mm/rmap.h"
#include "mm/vmscan.h"

#include <signal.h>
#include <stdlib.h>

static int setup_memory(void **state, enum paging_mode mode, enum thp_policy thp, uint64_t bytes) {
    struct fault_bench *bench = calloc(1, sizeof *bench);
    bench_default(bench, mode, bytes);
    bench->config.thp = thp;
    bench->config.swap_bytes = 4 * bytes;
    bench_boot(bench);
    *state = bench;
    return 0;
}

static int setup_mode(void **state, enum paging_mode mode, enum thp_policy thp) {
    return setup_memory(state, mode, thp, 64 * MiB);
}

static int setup_small(void **state) {
    return setup_memory(state, MODE_SV39, THP_ALWAYS, 14 * MiB);
}

static int setup_small_sv32(void **state) {
    return setup_memory(state, MODE_SV32, THP_ALWAYS, 24 * MiB);
}

static int setup(void **state) {
    return setup_mode(state, MODE_SV39, THP_ALWAYS);
}

static int setup_sv32(void **state) {
    return setup_mode(state, MODE_SV32, THP_ALWAYS);
}

static int setup_sv57(void **state) {
    return setup_mode(state, MODE_SV57, THP_ALWAYS);
}

static int setup_madvise(void **state) {
    return setup_mode(state, MODE_SV39, THP_MADVISE);
}

static int setup_never(void **state) {
    return setup_mode(state, MODE_SV39, THP_NEVER);
}

static int teardown(void **state) {
    bench_end(*state);
    free(*state);
    return 0;
}

static uint64_t huge_size(const struct fault_bench *bench) {
    return UINT64_C(1) << pt_shift(bench->k, 1);
}

static uint64_t map_huge(struct fault_bench *bench, uint64_t pages) {
    return bench_map(bench, 0x40000000, pages * huge_size(bench), RW, 0, NULL);
}

/* Every 16th page of a huge range holds what follows from its address. */
static void fill(struct fault_bench *bench, uint64_t va, uint64_t add) {
    for (uint64_t at = va; at < va + huge_size(bench); at += 16 * PAGE_BYTES)
        assert_true(bench_store(bench, at, at + add) >= 0);
}

static void verify(struct fault_bench *bench, uint64_t va, uint64_t add) {
    for (uint64_t at = va; at < va + huge_size(bench); at += 16 * PAGE_BYTES)
        assert_true(bench_load(bench, at, at + add) >= 0);
}

static unsigned deposits(const struct mm_struct *mm) {
    unsigned n = 0;
    const struct page *table;
    TAILQ_FOREACH(table, &mm->deposited, list)
    n++;
    return n;
}

/* ---- the fault ---- */

static void one_fault(void **state) {
    struct fault_bench *bench = *state;
    struct mm_struct *mm = bench->task->mm;
    uint64_t frames = huge_size(bench) / PAGE_BYTES, va = map_huge(bench, 2);
    assert_int_equal(bench_store(bench, va + 77 * PAGE_BYTES, 1), 1);
    assert_steps(bench, STEP_ANON_HUGE);
    assert_int_equal(bench_pte(bench, va).level, 1);
    uint64_t faults = bench->task->min_flt;
    fill(bench, va, 0);
    assert_int_equal(bench->task->min_flt, faults);
    assert_int_equal(mm->rss[MM_ANONPAGES], frames);
    assert_int_equal(deposits(mm), 1);
    /* Tables between the root and level 1, and the deposited one. */
    uint64_t tables = pt_levels(bench->k) - 2 + 1;
    assert_int_equal(mm->pgtables_bytes, tables * PAGE_BYTES);
    assert_int_equal(bench->k->stat[STAT_thp_fault_alloc], 1);
    assert_int_equal(bench->k->stat[STAT_nr_anon_transparent_hugepages], 1);
    assert_int_equal(bench->k->stat[STAT_nr_anon_pages], frames);
    bench_check(bench);
    assert_int_equal(mm_munmap(mm, va, 2 * huge_size(bench)), 0);
    assert_int_equal(mm->pgtables_bytes, 0);
    assert_int_equal(deposits(mm), 0);
}

static void policies(void **state) {
    struct fault_bench *bench = *state;
    struct mm_struct *mm = bench->task->mm;
    uint64_t size = huge_size(bench), va = map_huge(bench, 4);
    bool madvise = bench->config.thp == THP_MADVISE;
    bench_store(bench, va, 1);
    assert_int_equal(bench_pte(bench, va).level, 0); /* nobody asked for it */
    assert_int_equal(mm_madvise(mm, va + size, 2 * size, MADVISE_HUGEPAGE), 0);
    bench_store(bench, va + size, 1);
    assert_int_equal(bench_pte(bench, va + size).level, madvise);
    assert_int_equal(mm_madvise(mm, va + 2 * size, size, MADVISE_NOHUGEPAGE), 0);
    bench_store(bench, va + 2 * size, 1);
    assert_int_equal(bench_pte(bench, va + 2 * size).level, 0);
    bench_check(bench);
}

/* Only what lies in the VMA wholly becomes huge; and not what has base pages already. */
static void edges(void **state) {
    struct fault_bench *bench = *state;
    uint64_t size = huge_size(bench), base = 0x40000000;
    bench_map(bench, base + PAGE_BYTES, 2 * size, RW, 0, NULL);
    bench_store(bench, base + PAGE_BYTES, 1);
    assert_int_equal(bench_pte(bench, base + PAGE_BYTES).level, 0);
    bench_store(bench, base + size, 1);
    assert_int_equal(bench_pte(bench, base + size).level, 1);
    bench_store(bench, base + 2 * size, 1);
    assert_int_equal(bench_pte(bench, base + 2 * size).level, 0);
    bench_check(bench);
}

/* No run of that order: base pages do as well. */
static void fallback(void **state) {
    struct fault_bench *bench = *state;
    uint64_t va = map_huge(bench, 2);
    bench_store(bench, va + huge_size(bench), 1);
    bench_forget(bench);
    bench->k->fail[FAIL_PAGE_ALLOC] = 1;
    assert_int_equal(bench_store(bench, va, 1), 1);
    assert_steps(bench, STEP_ANON_NEW);
    assert_int_equal(bench->k->stat[STAT_thp_fault_fallback], 1);
    bench_check(bench);
}

static void every_allocation_fails(void **state) {
    struct fault_bench *bench = *state;
    struct mm_struct *mm = bench->task->mm;
    uint64_t size = huge_size(bench), va = map_huge(bench, 1);
    for (uint64_t n = 1;; n++) {
        bench->k->fail[FAIL_PAGE_ALLOC] = n;
        unsigned result = handle_mm_fault(find_vma(mm, va), va, ACCESS_WRITE);
        bool failed = bench->k->fail[FAIL_PAGE_ALLOC] == 0;
        bench->k->fail[FAIL_PAGE_ALLOC] = 0;
        bench_check(bench);
        if (!failed) {
            assert_int_equal(result, 0);
            assert_int_equal(bench_pte(bench, va).level, 1);
            break;
        }
        assert_int_equal(mm_munmap(mm, va, size), 0);
        bench_check(bench);
        assert_int_equal(mm->pgtables_bytes, 0);
        va = map_huge(bench, 1);
    }
}

/* ---- the huge zero page ---- */

static void huge_zero_page(void **state) {
    struct fault_bench *bench = *state;
    struct mm_struct *mm = bench->task->mm;
    uint64_t size = huge_size(bench), va = map_huge(bench, 4);
    for (uint64_t i = 0; i < 4; i++) {
        assert_int_equal(bench_load(bench, va + i * size + 8, 0), 1);
        assert_steps(bench, STEP_ANON_HUGE);
    }
    assert_non_null(bench->k->huge_zero_page);
    assert_int_equal(bench->k->huge_zero_page->refcount, 4);
    assert_int_equal(mm->rss[MM_ANONPAGES], 0);
    assert_int_equal(deposits(mm), 4);
    bench_check(bench);
    /* A write: a huge page of its own, by one fault. */
    assert_int_equal(bench_store(bench, va + 8, 5), 1);
    assert_steps(bench, STEP_ANON_HUGE);
    assert_int_equal(bench_load(bench, va + 8, 5), 0);
    assert_int_equal(bench_load(bench, va + size + 8, 0), 0);
    bench_check(bench);
    /* No memory for one: split into the small zero page, which is copied as ever. */
    bench->k->fail[FAIL_PAGE_ALLOC] = 1;
    assert_int_equal(bench_store(bench, va + size + 8, 6), 1);
    assert_steps(bench, STEP_HUGE_COW, STEP_ANON_NEW);
    assert_int_equal(bench_load(bench, va + size, 0), 0);
    assert_int_equal(bench_load(bench, va + size + PAGE_BYTES, 0), 0);
    bench_check(bench);
    /* fork copies it, and the child has the same choice. */
    struct task_struct *child = do_fork(bench->k, bench->task);
    assert_int_equal(bench->k->huge_zero_page->refcount, 4);
    bench_check(bench);
    bench_switch(bench, child);
    bench_load(bench, va + 2 * size, 0);
    bench_store(bench, va + 2 * size, 7);
    bench_switch(bench, bench->task);
    bench_load(bench, va + 2 * size, 0);
    /* With its last leaf it goes. */
    assert_int_equal(mm_munmap(mm, va + 2 * size, 2 * size), 0);
    assert_int_equal(bench->k->huge_zero_page->refcount, 1);
    bench_check(bench);
    task_reap(bench->k, child);
    assert_null(bench->k->huge_zero_page);
}

/* ---- fork ---- */

static void fork_splits_the_writer(void **state) {
    struct fault_bench *bench = *state;
    uint64_t size = huge_size(bench), va = map_huge(bench, 1);
    fill(bench, va, 0);
    struct task_struct *child = do_fork(bench->k, bench->task);
    assert_non_null(child);
    assert_int_equal(deposits(child->mm), 1);
    assert_int_equal(child->mm->pgtables_bytes, bench->task->mm->pgtables_bytes);
    bench_check(bench);
    bench_switch(bench, child);
    bench_forget(bench);
    assert_int_equal(bench_store(bench, va, va + 1), 1);
    assert_steps(bench, STEP_HUGE_COW, STEP_COW_COPY);
    assert_int_equal(bench_pte(bench, va).level, 0);
    assert_int_equal(deposits(child->mm), 0);
    assert_int_equal(bench->k->stat[STAT_thp_split_pmd], 1);
    assert_int_equal(bench->k->stat[STAT_thp_split_page], 0);
    bench_check(bench);
    /* Each further page one fault; the parent keeps its leaf. */
    for (uint64_t at = 16 * PAGE_BYTES; at < size / 2; at += 16 * PAGE_BYTES)
        assert_int_equal(bench_store(bench, va + at, va + at + 1), 1);
    bench_check(bench);
    bench_switch(bench, bench->task);
    assert_int_equal(bench_pte(bench, va).level, 1);
    verify(bench, va, 0);
    /* The child of the child maps frames of the huge page by PTEs as well. */
    bench_switch(bench, child);
    struct task_struct *grandchild = do_fork(bench->k, child);
    bench_check(bench);
    task_reap(bench->k, child);
    bench_check(bench);
    bench_switch(bench, grandchild);
    bench_load(bench, va, va + 1);
    bench_load(bench, va + size - 16 * PAGE_BYTES, va + size - 16 * PAGE_BYTES);
    task_reap(bench->k, grandchild);
    /* Alone again: one fault for all of it. */
    bench_switch(bench, bench->task);
    bench_forget(bench);
    assert_int_equal(bench_store(bench, va, va), 1);
    assert_steps(bench, STEP_COW_REUSE);
    assert_int_equal(bench_pte(bench, va).level, 1);
    verify(bench, va, 0);
}

/* The owner of the last huge leaf goes first: what PTEs of others map stays, and becomes pages. */
static void last_leaf_goes(void **state) {
    struct fault_bench *bench = *state;
    uint64_t size = huge_size(bench), va = map_huge(bench, 1), frames = size / PAGE_BYTES;
    fill(bench, va, 0);
    struct task_struct *child = do_fork(bench->k, bench->task);
    bench_switch(bench, child);
    bench_store(bench, va, 1);
    assert_int_equal(mm_munmap(child->mm, va + size / 2, size / 2), 0);
    task_reap(bench->k, bench->task);
    bench->task = child;
    bench_check(bench);
    assert_int_equal(bench->k->stat[STAT_nr_anon_pages], frames / 2);
    assert_int_equal(bench->k->stat[STAT_nr_anon_transparent_hugepages], 0);
    bench_forget(bench);
    uint64_t free_before = mm_stats(bench->k)[STAT_nr_free_pages];
    assert_int_equal(bench_store(bench, va + PAGE_BYTES, 2), 1);
    assert_steps(bench, STEP_COW_REUSE);
    assert_int_equal(bench->k->stat[STAT_thp_split_page], 1);
    /* The half that nobody maps, and the first frame, came free by that. */
    assert_int_equal(mm_stats(bench->k)[STAT_nr_free_pages] - free_before, frames / 2 + 1);
    bench_check(bench);
    for (uint64_t at = 16 * PAGE_BYTES; at < size / 2; at += 16 * PAGE_BYTES)
        bench_load(bench, va + at, va + at);
}

/* ---- splitting ---- */

static void partial_unmap(void **state) {
    struct fault_bench *bench = *state;
    struct mm_struct *mm = bench->task->mm;
    uint64_t size = huge_size(bench), va = map_huge(bench, 1);
    fill(bench, va, 0);
    uint64_t tables = mm->pgtables_bytes;
    assert_int_equal(mm_munmap(mm, va + size / 2, PAGE_BYTES), 0);
    assert_int_equal(mm->pgtables_bytes, tables);
    assert_int_equal(mm->rss[MM_ANONPAGES], size / PAGE_BYTES - 1);
    assert_int_equal(bench->k->stat[STAT_thp_split_page], 1);
    assert_int_equal(bench->k->stat[STAT_nr_anon_transparent_hugepages], 0);
    bench_check(bench);
    uint64_t faults = bench->task->min_flt;
    for (uint64_t at = va; at < va + size; at += 16 * PAGE_BYTES)
        if (at != va + size / 2)
            bench_load(bench, at, at);
    assert_int_equal(bench->task->min_flt, faults);
}

/* Rights of a part: the leaf is split, in this process. */
static void partial_mprotect(void **state) {
    struct fault_bench *bench = *state;
    uint64_t size = huge_size(bench), va = map_huge(bench, 1);
    fill(bench, va, 0);
    assert_int_equal(mm_mprotect(bench->task->mm, va + size / 2, PAGE_BYTES, VM_READ), 0);
    bench_check(bench);
    bench_load(bench, va + size / 2, va + size / 2);
    assert_int_equal(bench_store(bench, va, va), 0);
    assert_int_equal(bench_store(bench, va + size / 2, 1), -1);
    assert_int_equal(bench->task->signal, SIGSEGV);
}

/* Somebody holds the page as one: reclaim must not split it. */
static void held_page(void **state) {
    struct fault_bench *bench = *state;
    uint64_t va = map_huge(bench, 1);
    fill(bench, va, 0);
    int error;
    struct page *page = get_user_page(bench->task->mm, va + 3 * PAGE_BYTES, ACCESS_READ, &error);
    assert_ptr_equal(page, bench_page(bench, va + 3 * PAGE_BYTES));
    struct page *head = compound_head(page);
    get_page(head);
    assert_int_equal(split_huge_page(bench->k, head), -EBUSY);
    put_page(bench->k, page);
    assert_int_equal(split_huge_page(bench->k, head), 0); /* the reference left is the caller's */
    assert_int_equal(head->refcount, 2);
    put_page(bench->k, head);
    bench_check(bench);
    verify(bench, va, 0);
}

/* The table of one of two processes cannot be written: nothing is lost, and later it goes on. */
static void split_meets_bus_error(void **state) {
    struct fault_bench *bench = *state;
    uint64_t va = map_huge(bench, 1);
    fill(bench, va, 0);
    struct task_struct *child = do_fork(bench->k, bench->task);
    struct page *head = bench_page(bench, va);
    struct page *table = TAILQ_FIRST(&child->mm->deposited);
    uint64_t pa = page_to_phys(bench->k, table) + PAGE_BYTES / 2;
    assert_true(physmem_add_error(bench->machine.memory, pa, pa + 4));
    get_page(head);
    assert_int_equal(split_huge_page(bench->k, head), -EIO);
    put_page(bench->k, head);
    physmem_forget_ranges(bench->machine.memory);
    bench_check(bench);
    verify(bench, va, 0);
    bench_switch(bench, child);
    verify(bench, va, 0);
    get_page(head);
    assert_int_equal(split_huge_page(bench->k, head), 0);
    put_page(bench->k, head);
    bench_check(bench);
    verify(bench, va, 0);
}

/* Reclaim splits huge pages and swaps their frames; two processes share the contents. */
static void reclaim(void **state) {
    struct fault_bench *bench = *state;
    struct mm_struct *mm = bench->task->mm;
    uint64_t size = huge_size(bench), va = map_huge(bench, 2);
    fill(bench, va, 0);
    fill(bench, va + size, 0);
    assert_int_equal(mm_madvise(mm, va, 2 * size, MADVISE_PAGEOUT), 0);
    assert_int_equal(mm->rss[MM_SWAPENTS], 2 * size / PAGE_BYTES);
    bench_check(bench);
    verify(bench, va, 0);
    verify(bench, va + size, 0);
    bench_check(bench);
}

/* ---- khugepaged ---- */

/* Base pages, zero pages, holes and swapped pages become one huge page with the same contents. */
static void collapse(void **state) {
    struct fault_bench *bench = *state;
    struct mm_struct *mm = bench->task->mm;
    bench->k->config.thp = THP_NEVER;
    uint64_t size = huge_size(bench), va = map_huge(bench, 1);
    fill(bench, va, 0);
    bench_load(bench, va + PAGE_BYTES, 0);
    assert_int_equal(mm_madvise(mm, va + size / 2, size / 4, MADVISE_PAGEOUT), 0);
    assert_true(mm->rss[MM_SWAPENTS] > 0);
    struct task_struct *child = do_fork(bench->k, bench->task);
    bench_check(bench);
    uint64_t tables = mm->pgtables_bytes, faults = bench->task->min_flt;
    assert_int_equal(mm_madvise(mm, va, size, MADVISE_COLLAPSE), 0);
    bench_check(bench);
    assert_int_equal(bench_pte(bench, va).level, 1);
    assert_int_equal(mm->pgtables_bytes, tables);
    assert_int_equal(mm->rss[MM_ANONPAGES], size / PAGE_BYTES);
    assert_int_equal(mm->rss[MM_SWAPENTS], 0);
    assert_int_equal(bench->k->stat[STAT_thp_collapse_alloc], 1);
    verify(bench, va, 0);
    bench_load(bench, va + PAGE_BYTES, 0);
    fill(bench, va, 3);
    assert_int_equal(bench->task->min_flt, faults);
    bench_switch(bench, child);
    verify(bench, va, 0);
    bench_switch(bench, bench->task);
    verify(bench, va, 3);
    assert_int_equal(collapse_huge_page(find_vma(mm, va), va), 0); /* it is one already */
    assert_int_equal(bench->k->stat[STAT_thp_collapse_alloc], 1);
}

static void collapse_fails(void **state) {
    struct fault_bench *bench = *state;
    struct mm_struct *mm = bench->task->mm;
    bench->k->config.thp = THP_NEVER;
    uint64_t va = map_huge(bench, 2), size = huge_size(bench);
    fill(bench, va, 0);
    struct vm_area_struct *vma = find_vma(mm, va);
    assert_int_equal(collapse_huge_page(vma, va + size), -EINVAL); /* nothing there */
    int error;
    struct page *page = get_user_page(mm, va, ACCESS_READ, &error);
    assert_int_equal(collapse_huge_page(vma, va), -EINVAL); /* somebody holds a page */
    put_page(bench->k, page);
    for (uint64_t n = 1;; n++) {
        bench->k->fail[FAIL_PAGE_ALLOC] = n;
        error = collapse_huge_page(vma, va);
        bool failed = bench->k->fail[FAIL_PAGE_ALLOC] == 0;
        bench->k->fail[FAIL_PAGE_ALLOC] = 0;
        bench_check(bench);
        assert_int_equal(error, failed ? -ENOMEM : 0);
        verify(bench, va, 0);
        if (!failed)
            break;
    }
}

static void khugepaged(void **state) {
    struct fault_bench *bench = *state;
    struct mm_struct *mm = bench->task->mm;
    uint64_t size = huge_size(bench), va = map_huge(bench, 4);
    assert_int_equal(mm_madvise(mm, va, 4 * size, MADVISE_NOHUGEPAGE), 0);
    for (uint64_t i = 0; i < 3; i++)
        fill(bench, va + i * size, 0);
    assert_int_equal(khugepaged_scan(mm, UINT64_MAX), 0); /* it may not */
    assert_int_equal(mm_madvise(mm, va, 4 * size, MADVISE_HUGEPAGE), 0);
    assert_int_equal(khugepaged_scan(mm, size / PAGE_BYTES), 1); /* one range's worth of looking */
    bench_check(bench);
    assert_int_equal(khugepaged_scan(mm, UINT64_MAX), 2);
    bench_check(bench);
    for (uint64_t i = 0; i < 3; i++) {
        assert_int_equal(bench_pte(bench, va + i * size).level, 1);
        verify(bench, va + i * size, 0);
    }
}

/* ---- isolation ---- */

static uint64_t next_random(uint64_t *seed) {
    *seed = *seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return *seed >> 33;
}

enum { PROCESSES = 6, WORDS = 64 };

/* Processes that share huge ranges, and what each must find at the places it looks at. */
struct family {
    struct task_struct *task[PROCESSES];
    uint64_t place[WORDS];
    uint64_t value[PROCESSES][WORDS];
};

/* fork, exit, and everything that makes or breaks huge pages. */
static void family_event(struct fault_bench *bench, struct family *family, unsigned p,
                         uint64_t range, uint64_t *seed) {
    struct mm_struct *mm = family->task[p]->mm;
    uint64_t size = huge_size(bench), part = range + next_random(seed) % 8 * (size / 8);
    unsigned q = (unsigned)(next_random(seed) % PROCESSES);
    switch (next_random(seed) % 6) {
    case 0:
        if (q == p)
            return;
        if (family->task[q])
            task_reap(bench->k, family->task[q]);
        family->task[q] = do_fork(bench->k, family->task[p]);
        memcpy(family->value[q], family->value[p], sizeof family->value[q]);
        return;
    case 1:
        mm_madvise(mm, range, size, MADVISE_COLLAPSE);
        return;
    case 2:
        mm_madvise(mm, part, size / 8, MADVISE_PAGEOUT);
        return;
    case 3:
        mm_mprotect(mm, part, size / 8, VM_READ);
        mm_mprotect(mm, part, size / 8, RW);
        return;
    case 4:
        mm_madvise(mm, part, size / 8, MADVISE_DONTNEED);
        for (unsigned i = 0; i < WORDS; i++)
            if (family->place[i] >= part && family->place[i] < part + size / 8)
                family->value[p][i] = 0;
        return;
    default:
        mm_madvise(mm, range, size, MADVISE_DONTNEED);
        for (unsigned i = 0; i < WORDS; i++)
            if (family->place[i] >= range && family->place[i] < range + size)
                family->value[p][i] = 0;
    }
}

/* Random use of huge ranges by a changing family, short of memory: everybody keeps its own. */
static void isolation(void **state) {
    struct fault_bench *bench = *state;
    struct family *family = calloc(1, sizeof *family);
    uint64_t seed = 3, size = huge_size(bench), va = map_huge(bench, 4);
    family->task[0] = bench->task;
    for (unsigned i = 0; i < WORDS; i++)
        family->place[i] = va + next_random(&seed) % (4 * size / PAGE_BYTES) * PAGE_BYTES;
    for (unsigned step = 1; step <= 6000; step++) {
        unsigned p = (unsigned)(next_random(&seed) % PROCESSES);
        if (!family->task[p])
            continue;
        if (bench->k->current != family->task[p])
            bench_switch(bench, family->task[p]);
        unsigned word = (unsigned)(next_random(&seed) % WORDS);
        uint64_t at = family->place[word];
        if (next_random(&seed) % 40 == 0) {
            family_event(bench, family, p, at & ~(size - 1), &seed);
        } else if (next_random(&seed) % 2 == 0) {
            assert_true(bench_store(bench, at, step) >= 0);
            for (unsigned i = 0; i < WORDS; i++) /* places may be the same */
                if (family->place[i] == at)
                    family->value[p][i] = step;
        } else {
            assert_true(bench_load(bench, at, family->value[p][word]) >= 0);
        }
        if (step % 50 == 0)
            bench_check(bench);
    }
    assert_true(bench->k->stat[STAT_pswpin] > 0);
    assert_true(bench->k->stat[STAT_thp_split_pmd] > 0);
    assert_true(bench->k->stat[STAT_thp_collapse_alloc] > 0);
    free(family);
}

/* ---- explicit huge pages ---- */

static int64_t map_explicit(struct fault_bench *bench, unsigned shift, uint64_t pages) {
    const struct mmap_request request = {
        .length = pages << shift, .rights = RW, .flags = MM_MAP_HUGETLB, .huge_shift = shift};
    return mm_mmap(bench->k->current->mm, &request);
}

static void explicit_pages(void **state) {
    struct fault_bench *bench = *state;
    struct mm_struct *mm = bench->task->mm;
    unsigned shift = pt_shift(bench->k, 1);
    int64_t mapped = map_explicit(bench, shift, 3);
    assert_true(mapped > 0);
    uint64_t va = (uint64_t)mapped, size = UINT64_C(1) << shift;
    uint64_t free_before = mm_stats(bench->k)[STAT_nr_free_pages];
    assert_int_equal(bench_load(bench, va + size, 0), 1);
    assert_steps(bench, STEP_HUGETLB);
    assert_int_equal(bench_store(bench, va + size, 1), 1);
    assert_steps(bench, STEP_COW_REUSE);
    assert_int_equal(bench_store(bench, va + 2 * size + 8, 2), 1);
    assert_steps(bench, STEP_HUGETLB);
    assert_int_equal(mm->rss[MM_ANONPAGES], 0);
    bench_check(bench);
    struct task_struct *child = do_fork(bench->k, bench->task);
    bench_check(bench);
    bench_switch(bench, child);
    assert_int_equal(bench_store(bench, va + size, 3), 1);
    assert_steps(bench, STEP_HUGETLB);
    bench_load(bench, va + 2 * size + 8, 2);
    task_reap(bench->k, child);
    bench_switch(bench, bench->task);
    bench_load(bench, va + size, 1);
    bench_check(bench);
    /* Nothing of them is ever reclaimed. */
    assert_int_equal(mm_madvise(mm, va + size, size, MADVISE_PAGEOUT), -EINVAL);
    assert_int_equal(bench_load(bench, va + size, 1), 0);
    assert_int_equal(mm_munmap(mm, va, 3 * size), 0);
    assert_true(mm_stats(bench->k)[STAT_nr_free_pages] + 64 >= free_before);
    bench_check(bench);
}

/* No memory for an explicit page is SIGBUS, as an empty pool is. */
static void explicit_pages_run_out(void **state) {
    struct fault_bench *bench = *state;
    unsigned shift = pt_shift(bench->k, 1);
    int64_t va = map_explicit(bench, shift, 64);
    assert_true(va > 0);
    unsigned n = 0;
    while (n < 64 && bench_store(bench, (uint64_t)va + ((uint64_t)n << shift), n) >= 0)
        n++;
    assert_in_range(n, 1, 63);
    assert_int_equal(bench->task->signal, SIGBUS);
    bench_check(bench);
}

static void gigantic_pages(void **state) {
    struct fault_bench bench;
    (void)state;
    /* Of the four, one holds the kernel and one its later allocations: there are two for us. */
    bench_default(&bench, MODE_SV39, UINT64_C(4) << 30);
    bench_boot(&bench);
    int64_t mapped = map_explicit(&bench, 30, 4);
    assert_true(mapped > 0);
    uint64_t va = (uint64_t)mapped, gib = UINT64_C(1) << 30;
    uint64_t free_before = mm_stats(bench.k)[STAT_nr_free_pages];
    assert_int_equal(bench_store(&bench, va + 123 * MiB, 1), 1);
    assert_steps(&bench, STEP_HUGETLB);
    assert_int_equal(bench_pte(&bench, va).level, 2);
    assert_int_equal(bench_store(&bench, va + 1000 * MiB, 2), 0);
    assert_int_equal(bench_load(&bench, va + 123 * MiB, 1), 0);
    assert_int_equal(free_before - mm_stats(bench.k)[STAT_nr_free_pages], gib / PAGE_BYTES);
    bench_check(&bench);
    struct task_struct *child = do_fork(bench.k, bench.task);
    bench_switch(&bench, child);
    bench_load(&bench, va + 1000 * MiB, 2);
    assert_int_equal(bench_store(&bench, va, 3), 1); /* a copy of all of it */
    bench_load(&bench, va + 123 * MiB, 1);
    bench_check(&bench);
    assert_int_equal(bench_store(&bench, va + gib, 4), -1);
    assert_int_equal(child->signal, SIGBUS);
    bench_switch(&bench, bench.task);
    bench_load(&bench, va, 0);
    assert_int_equal(mm_munmap(bench.task->mm, va, 4 * gib), 0);
    bench_check(&bench);
    bench_end(&bench);
}

#define TEST(test, how) cmocka_unit_test_setup_teardown(test, how, teardown)
#define EACH(test)      TEST(test, setup), TEST(test, setup_sv32), TEST(test, setup_sv57)

int main(void) {
    const struct CMUnitTest tests[] = {
        EACH(one_fault),
        TEST(policies, setup_madvise),
        TEST(policies, setup_never),
        EACH(edges),
        EACH(fallback),
        EACH(every_allocation_fails),
        EACH(huge_zero_page),
        EACH(fork_splits_the_writer),
        EACH(last_leaf_goes),
        EACH(partial_unmap),
        EACH(partial_mprotect),
        EACH(held_page),
        EACH(split_meets_bus_error),
        EACH(reclaim),
        EACH(collapse),
        EACH(collapse_fails),
        EACH(khugepaged),
        TEST(isolation, setup_small),
        TEST(isolation, setup_small_sv32),
        EACH(explicit_pages),
        EACH(explicit_pages_run_out),
        cmocka_unit_test(gigantic_pages),
    };
    return RUN(tests);
}
