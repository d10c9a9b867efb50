/*
 * Reverse mapping: from a frame to all its PTEs, through forks, moved, cut and merged VMAs, and
 * files; accessed bits; unmapping; write protection before write-back.
 */
#include "fault_bench.h"
#include "ram_file.h"

#include "mm/rmap.h"
#include "mm/swap.h"
#include "mm/vmscan.h"

#include <stdlib.h>

static int setup_mode(void **state, enum paging_mode mode) {
    struct fault_bench *bench = calloc(1, sizeof *bench);
    bench_default(bench, mode, 32 * MiB);
    bench->config.thp = THP_NEVER;
    bench->config.swap_bytes = 8 * MiB;
    bench_boot(bench);
    *state = bench;
    return 0;
}

static int setup(void **state) {
    return setup_mode(state, MODE_SV39);
}

static int setup_sv32(void **state) {
    return setup_mode(state, MODE_SV32);
}

static int teardown(void **state) {
    bench_end(*state);
    free(*state);
    return 0;
}

/* What a walk met. */
struct met {
    unsigned count;
    uint64_t va[32];
    struct mm_struct *mm[32];
};

static int meet(struct page *page, struct vm_area_struct *vma, uint64_t va,
                const struct pte_place *place, void *context) {
    struct met *met = context;
    (void)page;
    assert_true(va >= vma->start && va < vma->end);
    assert_true(pte_present(place->pte));
    assert_in_range(met->count, 0, 31);
    met->va[met->count] = va;
    met->mm[met->count++] = vma->mm;
    return 0;
}

static struct met walk(struct fault_bench *bench, struct page *page) {
    struct met met = {.count = 0};
    assert_int_equal(rmap_walk(bench->k, page, meet, &met), 0);
    assert_int_equal(met.count, page->mapcount);
    return met;
}

static int stop(struct page *page, struct vm_area_struct *vma, uint64_t va,
                const struct pte_place *place, void *context) {
    (void)page, (void)vma, (void)va, (void)place;
    ++*(unsigned *)context;
    return -EBUSY;
}

/* ---- anonymous pages ---- */

static void forks(void **state) {
    struct fault_bench *bench = *state;
    uint64_t va = bench_map(bench, 0, 4 * PAGE_BYTES, RW, 0, NULL);
    bench_store(bench, va + PAGE_BYTES, 1);
    struct page *page = bench_page(bench, va + PAGE_BYTES);
    assert_int_equal(walk(bench, page).count, 1);
    struct task_struct *child[5];
    for (unsigned i = 0; i < 5; i++)
        child[i] = do_fork(bench->k, bench->task);
    struct met met = walk(bench, page);
    assert_int_equal(met.count, 6);
    for (unsigned i = 0; i < 6; i++)
        assert_int_equal(met.va[i], va + PAGE_BYTES);
    unsigned visits = 0;
    assert_int_equal(rmap_walk(bench->k, page, stop, &visits), -EBUSY);
    assert_int_equal(visits, 1);
    /* One writes: its copy is its own. */
    bench_switch(bench, child[2]);
    bench_store(bench, va + PAGE_BYTES, 2);
    assert_int_equal(walk(bench, page).count, 5);
    met = walk(bench, bench_page(bench, va + PAGE_BYTES));
    assert_int_equal(met.count, 1);
    assert_ptr_equal(met.mm[0], child[2]->mm);
    /* Ends take theirs away, the first owner's too. */
    task_reap(bench->k, bench->task);
    task_reap(bench->k, child[4]);
    assert_int_equal(walk(bench, page).count, 3);
    bench_check(bench);
    bench_switch(bench, child[0]);
    bench_load(bench, va + PAGE_BYTES, 1);
}

/* VMAs are moved, cut and merged; pages keep their linear index and are found. */
static void moved_vmas(void **state) {
    struct fault_bench *bench = *state;
    struct mm_struct *mm = bench->task->mm;
    uint64_t va = bench_map(bench, 0, 16 * PAGE_BYTES, RW, 0, NULL);
    struct page *page[16];
    for (uint64_t i = 0; i < 16; i++) {
        bench_store(bench, va + i * PAGE_BYTES, i);
        page[i] = bench_page(bench, va + i * PAGE_BYTES);
    }
    uint64_t to = bench_map(bench, 0x30000000, 64 * PAGE_BYTES, VM_READ, 0, NULL);
    assert_int_equal(mm_munmap(mm, to, 64 * PAGE_BYTES), 0);
    assert_int_equal(mm_mremap(mm, va + 4 * PAGE_BYTES, 8 * PAGE_BYTES, 8 * PAGE_BYTES, true, true,
                               to + PAGE_BYTES),
                     (int64_t)(to + PAGE_BYTES));
    assert_int_equal(mm_mprotect(mm, to + 3 * PAGE_BYTES, 2 * PAGE_BYTES, VM_READ), 0);
    struct task_struct *child = do_fork(bench->k, bench->task);
    for (uint64_t i = 0; i < 16; i++) {
        bool moved = i >= 4 && i < 12;
        struct met met = walk(bench, page[i]);
        assert_int_equal(met.count, 2);
        for (unsigned m = 0; m < 2; m++)
            assert_int_equal(met.va[m], moved ? to + (i - 3) * PAGE_BYTES : va + i * PAGE_BYTES);
    }
    assert_int_equal(mm_mprotect(mm, to + 3 * PAGE_BYTES, 2 * PAGE_BYTES, RW), 0);
    bench_check(bench);
    bench_switch(bench, child);
    for (uint64_t i = 4; i < 12; i++)
        bench_load(bench, to + (i - 3) * PAGE_BYTES, i);
}

/* Neighbours that differ in rights only share their anon_vma, so that they can merge later. */
static void neighbours_share(void **state) {
    struct fault_bench *bench = *state;
    struct mm_struct *mm = bench->task->mm;
    uint64_t va = bench_map(bench, 0x20000000, 2 * PAGE_BYTES, RW, 0, NULL);
    bench_map(bench, 0x20000000 + 2 * PAGE_BYTES, 2 * PAGE_BYTES, RW | VM_EXEC, 0, NULL);
    bench_store(bench, va, 1);
    bench_store(bench, va + 2 * PAGE_BYTES, 2);
    assert_int_equal(mm->map_count, 2);
    assert_ptr_equal(find_vma(mm, va)->anon_vma, find_vma(mm, va + 2 * PAGE_BYTES)->anon_vma);
    assert_int_equal(mm_mprotect(mm, va, 4 * PAGE_BYTES, VM_READ), 0);
    assert_int_equal(mm->map_count, 1);
    assert_int_equal(walk(bench, bench_page(bench, va)).count, 1);
    assert_int_equal(walk(bench, bench_page(bench, va + 2 * PAGE_BYTES)).count, 1);
    bench_check(bench);
}

/* ---- files ---- */

static void file_pages(void **state) {
    struct fault_bench *bench = *state;
    struct ram_file bytes;
    ram_file_init(&bytes, 16 * PAGE_BYTES, 16 * PAGE_BYTES);
    struct file *file = file_open(bench->k, &ram_file_operations, &bytes, 16 * PAGE_BYTES, true);
    uint64_t shared = bench_map(bench, 0, 16 * PAGE_BYTES, RW, MM_MAP_SHARED, file);
    const struct mmap_request request = {
        .length = 8 * PAGE_BYTES, .rights = RW, .file = file, .offset = 4 * PAGE_BYTES};
    int64_t private = mm_mmap(bench->task->mm, &request);
    assert_true(private > 0);
    uint64_t word;
    memcpy(&word, bytes.bytes + 5 * PAGE_BYTES, sizeof word);
    bench_load(bench, shared + 5 * PAGE_BYTES, word);
    bench_load(bench, (uint64_t) private + PAGE_BYTES, word);
    struct page *page = bench_page(bench, shared + 5 * PAGE_BYTES);
    assert_int_equal(walk(bench, page).count, 2);
    /* Only the shared mapping's write is the file's. */
    bench_store(bench, (uint64_t) private + PAGE_BYTES, 1);
    assert_int_equal(walk(bench, page).count, 1);
    assert_false(page_mkclean(bench->k, page));
    bench_store(bench, shared + 5 * PAGE_BYTES, 2);
    assert_true(page_mkclean(bench->k, page));
    assert_false(page_mkclean(bench->k, page));
    struct pte_place place = bench_pte(bench, shared + 5 * PAGE_BYTES);
    assert_true(!pte_writable(place.pte) && !pte_dirty(place.pte));
    bench_load(bench, shared + 5 * PAGE_BYTES, 2);
    /* Dirty through the TLB's and the table's D bit, unmapped: the page knows. */
    bench_store(bench, shared + 5 * PAGE_BYTES, 3);
    page_clear(page, PG_dirty);
    mod_stat(bench->k, STAT_nr_dirty, -1);
    get_page(page);
    assert_true(try_to_unmap(bench->k, page));
    assert_true(page_has(page, PG_dirty));
    assert_int_equal(page->mapcount, 0);
    assert_true(pte_none(bench_pte(bench, shared + 5 * PAGE_BYTES).pte));
    put_page(bench->k, page);
    assert_int_equal(bench_load(bench, shared + 5 * PAGE_BYTES, 3), 1);
    bench_check(bench);
    fput(file);
    while (!TAILQ_EMPTY(&bench->k->tasks))
        task_reap(bench->k, TAILQ_FIRST(&bench->k->tasks));
    memcpy(&word, bytes.bytes + 5 * PAGE_BYTES, sizeof word);
    assert_int_equal(word, 3);
    ram_file_free(&bytes);
}

/* ---- accessed bits ---- */

static void referenced(void **state) {
    struct fault_bench *bench = *state;
    uint64_t va = bench_map(bench, 0, PAGE_BYTES, RW, 0, NULL);
    unsigned flags;
    bench_store(bench, va, 1);
    struct page *page = bench_page(bench, va);
    struct task_struct *child = do_fork(bench->k, bench->task);
    /* The child's copy of the entry counts as not used yet. */
    assert_int_equal(page_referenced(bench->k, page, &flags), 1);
    assert_true((flags & RW) == RW);
    assert_int_equal(page_referenced(bench->k, page, &flags), 0);
    flush_tlb_page(bench->task->mm, va);
    bench_load(bench, va, 1);
    bench_switch(bench, child);
    bench_load(bench, va, 1);
    assert_int_equal(page_referenced(bench->k, page, NULL), 2);
    assert_false(pte_young(bench_pte(bench, va).pte));
    bench_check(bench);
}

/* ---- unmapping ---- */

static void unmap_anonymous(void **state) {
    struct fault_bench *bench = *state;
    uint64_t va = bench_map(bench, 0, PAGE_BYTES, RW, 0, NULL);
    bench_store(bench, va, 1);
    struct page *page = bench_page(bench, va);
    struct task_struct *child = do_fork(bench->k, bench->task);
    get_page(page);
    assert_false(try_to_unmap(bench->k, page)); /* it has no slot */
    assert_int_equal(page->mapcount, 2);
    assert_int_equal(add_to_swap(bench->k, page), 0);
    page_clear(page, PG_dirty);
    assert_true(try_to_unmap(bench->k, page));
    uint64_t slot = page->private;
    assert_true(page_has(page, PG_dirty)); /* from the D bits */
    assert_int_equal(swap_count(bench->k, slot), 2);
    assert_int_equal(page->refcount, 2); /* the swap cache's and ours */
    assert_int_equal(pte_swap_slot(bench_pte(bench, va).pte), slot);
    assert_int_equal(bench->task->mm->rss[MM_SWAPENTS], 1);
    assert_int_equal(child->mm->rss[MM_SWAPENTS], 1);
    assert_int_equal(bench->k->stat[STAT_nr_anon_pages], 0);
    put_page(bench->k, page);
    bench_check(bench);
    /* Both find it in the swap cache: minor faults. */
    assert_int_equal(bench_load(bench, va, 1), 1);
    bench_switch(bench, child);
    assert_int_equal(bench_load(bench, va, 1), 1);
    assert_int_equal(child->maj_flt + bench->task->maj_flt, 0);
    assert_ptr_equal(bench_page(bench, va), page);
    bench_check(bench);
}

static void locked_pages_stay(void **state) {
    struct fault_bench *bench = *state;
    uint64_t va = bench_map(bench, 0, PAGE_BYTES, RW, 0, NULL);
    assert_int_equal(mm_mlock(bench->task->mm, va, PAGE_BYTES), 0);
    bench_store(bench, va, 1);
    struct page *page = bench_page(bench, va);
    get_page(page);
    assert_int_equal(add_to_swap(bench->k, page), 0);
    assert_false(try_to_unmap(bench->k, page));
    assert_int_equal(page->mapcount, 1);
    assert_true(try_to_free_swap(bench->k, page));
    put_page(bench->k, page);
    assert_int_equal(bench_load(bench, va, 1), 0);
    bench_check(bench);
}

/* The page outlives its family in the swap cache; who maps it next owns it. */
static void stale_owner(void **state) {
    struct fault_bench *bench = *state;
    uint64_t va = bench_map(bench, 0, PAGE_BYTES, RW, 0, NULL);
    bench_store(bench, va, 1);
    struct page *page = bench_page(bench, va);
    get_page(page);
    assert_int_equal(add_to_swap(bench->k, page), 0);
    assert_true(try_to_unmap(bench->k, page));
    task_reap(bench->k, bench->task);
    unsigned flags;
    assert_int_equal(page_referenced(bench->k, page, &flags), 0);
    assert_int_equal(page->mapcount, 0);
    try_to_free_swap(bench->k, page);
    put_page(bench->k, page);
    bench->task = task_create(bench->k);
    bench_switch(bench, bench->task);
}

#define TEST(test, how) cmocka_unit_test_setup_teardown(test, how, teardown)
#define BOTH(test)      TEST(test, setup), TEST(test, setup_sv32)

int main(void) {
    const struct CMUnitTest tests[] = {
        BOTH(forks),      BOTH(moved_vmas),      BOTH(neighbours_share),  BOTH(file_pages),
        BOTH(referenced), BOTH(unmap_anonymous), BOTH(locked_pages_stay), BOTH(stale_owner),
    };
    return RUN(tests);
}
