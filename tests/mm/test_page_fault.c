/*
 * The fault path: every step that a fault can come to, through the MMU, in every mode, with
 * hardware that sets A and D (Svadu) and without (Svade); contents; what becomes a signal; how
 * faults are counted.
 */
#include "fault_bench.h"
#include "ram_file.h"

#include "mm/layout.h"
#include "mm/swap.h"
#include "mm/vmscan.h"

#include <signal.h>
#include <stdlib.h>

#define FILE_PAGES 64

struct variant {
    enum paging_mode mode;
    bool adue;
};

static int setup(void **state, struct variant variant) {
    struct fault_bench *bench = calloc(1, sizeof *bench);
    bench_default(bench, variant.mode, 32 * MiB);
    bench->config.adue = variant.adue;
    bench->config.swap_bytes = 8 * MiB;
    bench->config.thp = THP_ALWAYS;
    bench->config.page_cluster = 0;
    bench_boot(bench);
    *state = bench;
    return 0;
}

static int teardown(void **state) {
    bench_end(*state);
    free(*state);
    return 0;
}

#define SETUP(name, mode, adue)                                                                    \
    static int setup_##name(void **state) {                                                        \
        return setup(state, (struct variant){mode, adue});                                         \
    }
SETUP(sv32, MODE_SV32, true)
SETUP(sv39, MODE_SV39, true)
SETUP(sv48, MODE_SV48, true)
SETUP(sv57, MODE_SV57, true)
SETUP(sv32_svade, MODE_SV32, false)
SETUP(sv39_svade, MODE_SV39, false)
SETUP(sv48_svade, MODE_SV48, false)
SETUP(sv57_svade, MODE_SV57, false)

static uint64_t min_flt(const struct fault_bench *bench) {
    return bench->k->current->min_flt;
}

/* A file on the outside whose pages' first words are known. */
struct disk {
    struct ram_file bytes;
    struct file *file;
};

static void disk_open(struct fault_bench *bench, struct disk *disk) {
    ram_file_init(&disk->bytes, FILE_PAGES * PAGE_BYTES, FILE_PAGES * PAGE_BYTES);
    disk->file = file_open(bench->k, &ram_file_operations, &disk->bytes,
                           (uint64_t)FILE_PAGES * PAGE_BYTES, true);
    assert_non_null(disk->file);
}

static void disk_close(struct disk *disk) {
    fput(disk->file);
    ram_file_free(&disk->bytes);
}

static uint64_t disk_word(const struct disk *disk, uint64_t at) {
    uint64_t word;
    memcpy(&word, disk->bytes.bytes + at, sizeof word);
    return word;
}

/* Brings pages of the file into its cache, as a read() would. */
static void disk_cache(struct fault_bench *bench, const struct disk *disk, uint64_t first,
                       uint64_t pages) {
    for (uint64_t i = first; i < first + pages; i++) {
        bool major;
        int error;
        struct page *page = read_cache_page(disk->file->inode, i, &major, &error);
        assert_non_null(page);
        put_page(bench->k, page);
    }
}

/* ---- anonymous memory ---- */

static void anonymous(void **state) {
    struct fault_bench *bench = *state;
    uint64_t va = bench_map(bench, 0, 16 * PAGE_BYTES, RW, 0, NULL);
    uint64_t before = min_flt(bench);
    /* A read sees zeroes, of the one zero page; a write then gets a frame. */
    assert_int_equal(bench_load(bench, va, 0), 1);
    assert_steps(bench, STEP_ANON_ZERO);
    assert_ptr_equal(bench_page(bench, va), bench->k->zero_page);
    assert_int_equal(bench->task->mm->rss[MM_ANONPAGES], 0);
    assert_int_equal(bench_load(bench, va + 8, 0), 0);
    assert_int_equal(bench_store(bench, va, 11), 1);
    assert_steps(bench, STEP_ANON_NEW);
    assert_int_equal(bench_load(bench, va, 11), 0);
    assert_int_equal(bench_load(bench, va + 8, 0), 0);
    assert_int_equal(bench->task->mm->rss[MM_ANONPAGES], 1);
    /* A write at once is one fault. */
    assert_int_equal(bench_store(bench, va + PAGE_BYTES, 12), 1);
    assert_steps(bench, STEP_ANON_NEW);
    assert_int_equal(min_flt(bench) - before, 3);
    assert_int_equal(bench->k->stat[STAT_pgfault], bench->task->min_flt);
    assert_int_equal(bench->task->maj_flt, 0);
}

/* Hardware sets A and D, or the fault path does. */
static void accessed_and_dirty(void **state) {
    struct fault_bench *bench = *state;
    uint64_t va = bench_map(bench, 0, PAGE_BYTES, RW, 0, NULL);
    bool svade = !bench->config.adue;
    bench_store(bench, va, 5);
    bench_forget(bench);
    struct pte_place place = bench_pte(bench, va);
    uint64_t clean = place.pte & ~(UINT64_C(1) << PTE_BIT_A | UINT64_C(1) << PTE_BIT_D);
    assert_int_equal(pte_write(bench->k, &place, va, clean), 0);
    flush_tlb_page(bench->task->mm, va);
    assert_int_equal(bench_load(bench, va, 5), svade);
    place = bench_pte(bench, va);
    assert_true(pte_young(place.pte) && !pte_dirty(place.pte));
    assert_int_equal(bench_store(bench, va, 6), svade);
    place = bench_pte(bench, va);
    assert_true(pte_young(place.pte) && pte_dirty(place.pte));
    if (svade)
        assert_steps(bench, STEP_YOUNG, STEP_YOUNG);
    assert_int_equal(bench->nr_steps, 0);
}

/* The table allows what a TLB still refuses. */
static void spurious(void **state) {
    struct fault_bench *bench = *state;
    uint64_t va = bench_map(bench, 0, PAGE_BYTES, RW, 0, NULL);
    bench_store(bench, va, 5);
    struct pte_place place = bench_pte(bench, va);
    uint64_t read_only = place.pte & ~(UINT64_C(1) << PTE_BIT_W);
    assert_int_equal(pte_write(bench->k, &place, va, read_only), 0);
    flush_tlb_page(bench->task->mm, va);
    assert_int_equal(bench_load(bench, va, 5), 0); /* the TLB has learnt it */
    assert_int_equal(pte_write(bench->k, &place, va, place.pte), 0);
    bench_forget(bench);
    assert_int_equal(bench_store(bench, va, 6), 1);
    assert_steps(bench, STEP_SPURIOUS);
    assert_int_equal(bench->k->stat[STAT_spurious_fault], 1);
}

static void stack_growth(void **state) {
    struct fault_bench *bench = *state;
    uint64_t top = mm_layout(bench->config.mode)->stack_top;
    uint64_t start =
        bench_map(bench, top - 2 * PAGE_BYTES, 2 * PAGE_BYTES, RW, MM_MAP_GROWSDOWN, NULL);
    assert_int_equal(bench_store(bench, start - 5 * PAGE_BYTES, 9), 1);
    assert_steps(bench, STEP_STACK, STEP_ANON_NEW);
    assert_int_equal(find_vma(bench->task->mm, start)->start, start - 5 * PAGE_BYTES);
    assert_int_equal(bench->k->stat[STAT_stack_growth], 1);
    /* Beyond the limit it is an address like any other. */
    assert_int_equal(bench_store(bench, top - bench->task->mm->stack_limit - PAGE_BYTES, 1), -1);
    assert_steps(bench, STEP_BAD);
    bench_check(bench);
}

/* ---- swap ---- */

/* The page of va goes to swap. */
static void swap_out(struct fault_bench *bench, uint64_t va) {
    assert_int_equal(mm_madvise(bench->k->current->mm, va, PAGE_BYTES, MADVISE_PAGEOUT), 0);
    assert_true(pte_swap(bench_pte(bench, va).pte));
}

static void swap_in(void **state) {
    struct fault_bench *bench = *state;
    uint64_t va = bench_map(bench, 0, 4 * PAGE_BYTES, RW, 0, NULL);
    bench_store(bench, va, 21);
    bench_store(bench, va + PAGE_BYTES, 22);
    swap_out(bench, va);
    swap_out(bench, va + PAGE_BYTES);
    assert_int_equal(bench->task->mm->rss[MM_SWAPENTS], 2);
    assert_int_equal(bench->task->mm->rss[MM_ANONPAGES], 0);
    bench_check(bench);
    bench_forget(bench);
    /* By a read: it stays in the swap cache too, clean; being alone it may be written at once. */
    assert_int_equal(bench_load(bench, va, 21), 1);
    assert_steps(bench, STEP_SWAP_IN);
    assert_int_equal(bench->task->maj_flt, 1);
    assert_true(page_has(bench_page(bench, va), PG_swapcache));
    bench_check(bench);
    assert_int_equal(bench_store(bench, va, 23), !bench->config.adue);
    bench_forget(bench);
    /* By a write: the slot is given up. */
    assert_int_equal(bench_store(bench, va + PAGE_BYTES, 24), 1);
    assert_steps(bench, STEP_SWAP_IN);
    assert_false(page_has(bench_page(bench, va + PAGE_BYTES), PG_swapcache));
    assert_int_equal(bench->task->mm->rss[MM_SWAPENTS], 0);
    assert_int_equal(bench->k->stat[STAT_pgmajfault], 2);
    bench_check(bench);
    /* What was written while its clean copy lay in the slot is not lost. */
    swap_out(bench, va);
    assert_int_equal(bench_load(bench, va, 23), 1);
}

/* A swapped page of two processes: each gets its own when it writes. */
static void swap_in_shared(void **state) {
    struct fault_bench *bench = *state;
    uint64_t va = bench_map(bench, 0, PAGE_BYTES, RW, 0, NULL);
    bench_store(bench, va, 31);
    swap_out(bench, va);
    struct task_struct *child = do_fork(bench->k, bench->task);
    assert_non_null(child);
    assert_int_equal(swap_count(bench->k, pte_swap_slot(bench_pte(bench, va).pte)), 2);
    bench_check(bench);
    bench_forget(bench);
    assert_int_equal(bench_store(bench, va, 32), 1);
    assert_steps(bench, STEP_SWAP_IN, STEP_COW_COPY);
    bench_check(bench);
    bench_switch(bench, child);
    assert_int_equal(bench_load(bench, va, 31), 1);
    assert_steps(bench, STEP_SWAP_IN);
    assert_int_equal(bench_store(bench, va, 33), !bench->config.adue); /* the last one */
    bench_switch(bench, bench->task);
    assert_int_equal(bench_load(bench, va, 32), 0);
}

static void swap_read_error(void **state) {
    struct fault_bench *bench = *state;
    uint64_t va = bench_map(bench, 0, PAGE_BYTES, RW, 0, NULL);
    bench_store(bench, va, 31);
    swap_out(bench, va);
    bench->k->fail[FAIL_SWAP_READ] = 1;
    uint64_t before = min_flt(bench), faults = bench->k->stat[STAT_pgfault];
    assert_int_equal(bench_load(bench, va, 31), -1);
    assert_int_equal(bench->task->signal, SIGBUS);
    assert_int_equal(bench->task->min_flt, before); /* failed: only pgfault counts it */
    assert_int_equal(bench->k->stat[STAT_pgfault], faults + 1);
}

/* ---- files ---- */

static void file_read(void **state) {
    struct fault_bench *bench = *state;
    struct disk disk;
    disk_open(bench, &disk);
    uint64_t va = bench_map(bench, 0, FILE_PAGES * PAGE_BYTES, RW, 0, disk.file);
    uint64_t around = bench->config.fault_around_pages;
    /* Nothing cached: the page is read in, alone. */
    assert_int_equal(bench_load(bench, va + 8, disk_word(&disk, 8)), 1);
    assert_steps(bench, STEP_FILE_READ);
    assert_int_equal(bench->task->maj_flt, 1);
    assert_int_equal(bench->task->mm->rss[MM_FILEPAGES], 1);
    /* Cached: the whole aligned block of addresses at once. */
    disk_cache(bench, &disk, 0, FILE_PAGES);
    uint64_t block = (va + 3 * around * PAGE_BYTES) & ~(around * PAGE_BYTES - 1);
    assert_int_equal(
        bench_load(bench, block + 5 * PAGE_BYTES, disk_word(&disk, block + 5 * PAGE_BYTES - va)),
        1);
    assert_steps(bench, STEP_FILE_READ);
    assert_int_equal(bench->task->maj_flt, 1);
    uint64_t end = block + around * PAGE_BYTES;
    for (uint64_t at = block; at < end && at < va + FILE_PAGES * PAGE_BYTES; at += PAGE_BYTES)
        assert_int_equal(bench_load(bench, at, disk_word(&disk, at - va)), 0);
    assert_true(pte_none(bench_pte(bench, block - PAGE_BYTES).pte));
    bench_check(bench);
    /* A private page that was read is copied by the first write; the file keeps its own. */
    uint64_t old = disk_word(&disk, block - va);
    assert_int_equal(bench_store(bench, block, old + 1), 1);
    assert_steps(bench, STEP_COW_COPY);
    assert_int_equal(bench_load(bench, block + 8, disk_word(&disk, block - va + 8)), 0);
    assert_int_equal(filemap_write_and_wait(disk.file->inode), 0);
    assert_int_equal(disk_word(&disk, block - va), old);
    bench_check(bench);
    disk_close(&disk);
}

/* The window begins at a VMA that starts inside it, and counts its length from there. */
static void fault_around_clamped(void **state) {
    struct fault_bench *bench = *state;
    uint64_t around = bench->config.fault_around_pages * PAGE_BYTES;
    struct disk disk;
    disk_open(bench, &disk);
    disk_cache(bench, &disk, 0, FILE_PAGES);
    uint64_t va = bench_map(bench, 0x10000000 + 3 * PAGE_BYTES, FILE_PAGES * PAGE_BYTES, VM_READ,
                            MM_MAP_SHARED, disk.file);
    assert_int_equal(bench_load(bench, va, disk_word(&disk, 0)), 1);
    assert_true(pte_present(bench_pte(bench, va + around - PAGE_BYTES).pte));
    assert_true(pte_none(bench_pte(bench, va + around).pte));
    assert_int_equal(bench->k->stat[STAT_fault_around], around / PAGE_BYTES - 1);
    disk_close(&disk);
}

static void file_cow(void **state) {
    struct fault_bench *bench = *state;
    struct disk disk;
    disk_open(bench, &disk);
    uint64_t va = bench_map(bench, 0, FILE_PAGES * PAGE_BYTES, RW, 0, disk.file);
    assert_int_equal(bench_store(bench, va + 8, 41), 1);
    assert_steps(bench, STEP_FILE_COW);
    assert_int_equal(bench_load(bench, va, disk_word(&disk, 0)), 0);
    assert_int_equal(bench_load(bench, va + 8, 41), 0);
    assert_int_equal(bench->task->mm->rss[MM_ANONPAGES], 1);
    assert_int_equal(bench->task->mm->rss[MM_FILEPAGES], 0);
    bench_check(bench);
    disk_close(&disk);
}

static void file_shared(void **state) {
    struct fault_bench *bench = *state;
    struct disk disk;
    disk_open(bench, &disk);
    uint64_t va = bench_map(bench, 0, FILE_PAGES * PAGE_BYTES, RW, MM_MAP_SHARED, disk.file);
    assert_int_equal(bench_store(bench, va, 51), 1);
    assert_steps(bench, STEP_FILE_SHARED);
    /* Read first: the first write is told of, so that it will be written back. */
    disk_cache(bench, &disk, 1, 1);
    assert_int_equal(bench_load(bench, va + PAGE_BYTES, disk_word(&disk, PAGE_BYTES)), 1);
    assert_steps(bench, STEP_FILE_READ);
    assert_int_equal(bench_store(bench, va + PAGE_BYTES, 52), 1);
    assert_steps(bench, STEP_FILE_SHARED);
    assert_int_equal(filemap_write_and_wait(disk.file->inode), 0);
    assert_int_equal(disk_word(&disk, 0), 51);
    assert_int_equal(disk_word(&disk, PAGE_BYTES), 52);
    bench_check(bench);
    /* Written back and clean: the next write is told of again. */
    assert_int_equal(bench_store(bench, va, 53), 1);
    assert_steps(bench, STEP_FILE_SHARED);
    assert_int_equal(filemap_write_and_wait(disk.file->inode), 0);
    assert_int_equal(disk_word(&disk, 0), 53);
    disk_close(&disk);
}

/* Shared memory has nothing to be written back to: a read maps it writable. */
static void shared_anonymous(void **state) {
    struct fault_bench *bench = *state;
    uint64_t va = bench_map(bench, 0, 4 * PAGE_BYTES, RW, MM_MAP_SHARED, NULL);
    struct task_struct *child = do_fork(bench->k, bench->task);
    assert_int_equal(bench_load(bench, va, 0), 1);
    assert_int_equal(bench_store(bench, va, 61), !bench->config.adue);
    assert_int_equal(bench->task->mm->rss[MM_SHMEMPAGES], 1);
    bench_switch(bench, child);
    assert_int_equal(bench_load(bench, va, 61), 1);
    bench_store(bench, va, 62);
    bench_switch(bench, bench->task);
    assert_int_equal(bench_load(bench, va, 62), 0);
    bench_check(bench);
}

static void file_end(void **state) {
    struct fault_bench *bench = *state;
    struct disk disk;
    disk_open(bench, &disk);
    uint64_t va = bench_map(bench, 0, (FILE_PAGES + 4) * PAGE_BYTES, RW, 0, disk.file);
    uint64_t tables = bench->task->mm->pgtables_bytes;
    assert_int_equal(bench_load(bench, va + FILE_PAGES * PAGE_BYTES, 0), -1);
    assert_int_equal(bench->task->signal, SIGBUS);
    assert_int_equal(tables, 0);
    bench_check(bench);
    disk_close(&disk);
}

static void file_read_error(void **state) {
    struct fault_bench *bench = *state;
    struct disk disk;
    disk_open(bench, &disk);
    uint64_t va = bench_map(bench, 0, FILE_PAGES * PAGE_BYTES, RW, 0, disk.file);
    disk.bytes.broken_reads = true;
    assert_int_equal(bench_store(bench, va, 1), -1);
    assert_int_equal(bench->task->signal, SIGBUS);
    bench_check(bench);
    disk_close(&disk);
}

/* ---- huge pages ---- */

static void huge(void **state) {
    struct fault_bench *bench = *state;
    uint64_t bytes = UINT64_C(1) << pt_shift(bench->k, 1);
    uint64_t va = bench_map(bench, 0x10000000, bytes, RW, 0, NULL);
    assert_int_equal(bench_store(bench, va + 5 * PAGE_BYTES, 71), 1);
    assert_steps(bench, STEP_ANON_HUGE);
    for (uint64_t at = 0; at < bytes; at += 16 * PAGE_BYTES)
        assert_int_equal(bench_store(bench, va + at, at), 0);
    assert_int_equal(bench_load(bench, va + 5 * PAGE_BYTES, 71), 0);
    struct task_struct *child = do_fork(bench->k, bench->task);
    assert_non_null(child);
    assert_int_equal(bench_store(bench, va, 72), 1);
    assert_steps(bench, STEP_HUGE_COW, STEP_COW_COPY);
    bench_check(bench);
    bench_switch(bench, child);
    assert_int_equal(bench_load(bench, va, 0), !bench->config.adue); /* A is clear in the copy */
    assert_int_equal(bench_load(bench, va + 5 * PAGE_BYTES, 71), 0);
}

static void explicit_huge(void **state) {
    struct fault_bench *bench = *state;
    unsigned shift = pt_shift(bench->k, 1);
    const struct mmap_request request = {
        .length = UINT64_C(2) << shift, .rights = RW, .flags = MM_MAP_HUGETLB, .huge_shift = shift};
    int64_t va = mm_mmap(bench->task->mm, &request);
    assert_true(va > 0);
    assert_int_equal(bench_store(bench, (uint64_t)va + 3 * PAGE_BYTES, 81), 1);
    assert_steps(bench, STEP_HUGETLB);
    assert_int_equal(bench_load(bench, (uint64_t)va, 0), 0);
    assert_int_equal(bench_load(bench, (uint64_t)va + 3 * PAGE_BYTES, 81), 0);
}

/* ---- copy-on-write ---- */

static void copy_on_write(void **state) {
    struct fault_bench *bench = *state;
    uint64_t va = bench_map(bench, 0, 2 * PAGE_BYTES, RW, 0, NULL);
    bench_store(bench, va, 91);
    struct task_struct *child = do_fork(bench->k, bench->task);
    bench_forget(bench);
    assert_int_equal(bench_load(bench, va, 91), 0);
    assert_int_equal(bench_store(bench, va, 92), 1);
    assert_steps(bench, STEP_COW_COPY);
    bench_switch(bench, child);
    assert_int_equal(bench_load(bench, va, 91), !bench->config.adue);
    bench_forget(bench);
    assert_int_equal(bench_store(bench, va, 93), 1);
    assert_steps(bench, STEP_COW_REUSE);
    bench_switch(bench, bench->task);
    assert_int_equal(bench_load(bench, va, 92), 0);
    assert_int_equal(bench->k->stat[STAT_cow_copy], 1);
    assert_int_equal(bench->k->stat[STAT_cow_reuse], 1);
}

/* ---- bad accesses ---- */

static void expect_signal(struct fault_bench *bench, uint64_t va, enum access_type access,
                          int signal) {
    uint64_t value = 0, faults = bench->k->stat[STAT_pgfault];
    bench_forget(bench);
    assert_int_equal(test_access(&bench->machine, bench->k, va, access, &value), -1);
    assert_steps(bench, STEP_BAD);
    assert_int_equal(bench->task->signal, signal);
    assert_int_equal(bench->task->signal_va, va);
    assert_null(bench->task->mm); /* it has exited */
    assert_int_equal(bench->k->stat[STAT_signals], 1);
    assert_int_equal(bench->k->stat[STAT_pgfault], faults);
    bench_check(bench);
}

static void no_vma(void **state) {
    expect_signal(*state, 0x10000000, ACCESS_READ, SIGSEGV);
}

static void null_pointer(void **state) {
    expect_signal(*state, 0, ACCESS_WRITE, SIGSEGV);
}

static void kernel_address(void **state) {
    struct fault_bench *bench = *state;
    expect_signal(bench, mm_layout(bench->config.mode)->page_offset, ACCESS_READ, SIGSEGV);
}

static void not_canonical(void **state) {
    expect_signal(*state, UINT64_C(0x0123456789abc000), ACCESS_READ, SIGSEGV);
}

static void write_to_read_only(void **state) {
    struct fault_bench *bench = *state;
    uint64_t va = bench_map(bench, 0, PAGE_BYTES, VM_READ, 0, NULL);
    bench_load(bench, va, 0);
    expect_signal(bench, va, ACCESS_WRITE, SIGSEGV);
}

static void execute_data(void **state) {
    struct fault_bench *bench = *state;
    uint64_t va = bench_map(bench, 0, PAGE_BYTES, RW, 0, NULL);
    bench_store(bench, va, 1);
    expect_signal(bench, va, ACCESS_EXECUTE, SIGSEGV);
}

static void no_rights(void **state) {
    struct fault_bench *bench = *state;
    uint64_t va = bench_map(bench, 0, PAGE_BYTES, RW, 0, NULL);
    bench_store(bench, va, 1);
    assert_int_equal(mm_mprotect(bench->task->mm, va, PAGE_BYTES, 0), 0);
    expect_signal(bench, va, ACCESS_READ, SIGSEGV);
}

/* A table's memory answers with bus errors: the MMU's walk is refused. It works again before the
 * process exits, so that what the table maps is found then. */
static void bus_error(void **state) {
    struct fault_bench *bench = *state;
    uint64_t va = bench_map(bench, 0, PAGE_BYTES, RW, 0, NULL);
    bench_store(bench, va, 1);
    uint64_t pa = bench_pte(bench, va).pa;
    assert_true(physmem_add_error(bench->machine.memory, pa, pa + 4));
    flush_tlb_page(bench->task->mm, va);
    const struct mmu_request request = {.va = va, .access = ACCESS_READ, .priv = PRIV_U};
    struct mmu_response response;
    bench_forget(bench);
    assert_false(mmu_translate(bench->machine.mmu, &request, &response));
    assert_int_equal(response.reason, FAULT_PTE_ACCESS);
    assert_int_equal(do_page_fault(bench->k, va, ACCESS_READ, &response), VM_FAULT_SIGBUS);
    assert_steps(bench, STEP_BAD);
    assert_int_equal(bench->task->signal, SIGBUS);
    physmem_forget_ranges(bench->machine.memory);
    mm_tick(bench->k);
    assert_null(bench->task->mm);
}

/* The manager's own descent is refused. */
static void bus_error_in_fault(void **state) {
    struct fault_bench *bench = *state;
    uint64_t va = bench_map(bench, 0, 2 * PAGE_BYTES, RW, 0, NULL);
    bench_store(bench, va, 1);
    uint64_t pa = bench_pte(bench, va + PAGE_BYTES).pa;
    struct mmu_response response = {.reason = FAULT_NOT_VALID, .cause = CAUSE_STORE_PAGE_FAULT};
    assert_true(physmem_add_error(bench->machine.memory, pa, pa + 4));
    assert_int_equal(do_page_fault(bench->k, va + PAGE_BYTES, ACCESS_WRITE, &response),
                     VM_FAULT_SIGBUS);
    assert_int_equal(bench->task->signal, SIGBUS);
    physmem_forget_ranges(bench->machine.memory);
}

/* Memory that the manager did not write: no loop, a signal. */
static void damaged_table(void **state) {
    struct fault_bench *bench = *state;
    uint64_t va = bench_map(bench, 0, PAGE_BYTES, RW, 0, NULL);
    bench_store(bench, va, 1);
    struct pte_place place = bench_pte(bench, va);
    uint64_t bad = place.pte & ~(UINT64_C(1) << PTE_BIT_R);
    assert_int_equal(pte_write(bench->k, &place, va, bad), 0);
    flush_tlb_page(bench->task->mm, va);
    uint64_t value;
    assert_int_equal(test_access(&bench->machine, bench->k, va, ACCESS_READ, &value), -1);
    assert_int_equal(bench->task->signal, SIGBUS);
    bench_check(bench);
}

/* ---- no memory ---- */

static void out_of_memory_is_a_signal(void **state) {
    struct fault_bench *bench = *state;
    uint64_t va = bench_map(bench, 0, PAGE_BYTES, RW, 0, NULL);
    bench->k->fail[FAIL_PAGE_ALLOC] = 1;
    assert_int_equal(bench_store(bench, va, 1), -1);
    assert_int_equal(bench->task->signal, SIGKILL);
    bench_check(bench);
}

/* ---- the manager's own accesses ---- */

static void user_page(void **state) {
    struct fault_bench *bench = *state;
    struct mm_struct *mm = bench->task->mm;
    uint64_t va = bench_map(bench, 0, 2 * PAGE_BYTES, RW, 0, NULL);
    uint64_t read_only = bench_map(bench, 0, PAGE_BYTES, VM_READ, 0, NULL);
    int error;
    struct page *page = get_user_page(mm, va, ACCESS_READ, &error);
    assert_ptr_equal(page, bench->k->zero_page);
    put_page(bench->k, page);
    page = get_user_page(mm, va, ACCESS_WRITE, &error);
    assert_non_null(page);
    assert_ptr_equal(page, bench_page(bench, va));
    assert_int_equal(page->refcount, 2);
    put_page(bench->k, page);
    assert_null(get_user_page(mm, read_only, ACCESS_WRITE, &error));
    assert_int_equal(error, -EFAULT);
    assert_null(get_user_page(mm, 0x1000, ACCESS_READ, &error));
    assert_int_equal(error, -EFAULT);
    bench->k->fail[FAIL_PAGE_ALLOC] = 1;
    assert_null(get_user_page(mm, va + PAGE_BYTES, ACCESS_WRITE, &error));
    assert_int_equal(error, -ENOMEM);
    assert_int_equal(bench->task->signal, 0); /* the caller sees the error, nobody is killed */
}

/* ---- Svvptc: no fence after an entry became valid ---- */

static void without_user_fences(void **state) {
    struct fault_bench *bench = *state;
    bench->k->config.user_fences = false;
    uint64_t va = bench_map(bench, 0, 8 * PAGE_BYTES, RW, 0, NULL);
    uint64_t fences = bench->machine.fences;
    for (uint64_t i = 0; i < 8; i++)
        assert_int_equal(bench_store(bench, va + i * PAGE_BYTES, i), 1);
    assert_int_equal(bench->machine.fences, fences);
    for (uint64_t i = 0; i < 8; i++)
        assert_int_equal(bench_load(bench, va + i * PAGE_BYTES, i), 0);
}

#define EACH(test, mode) cmocka_unit_test_setup_teardown(test, setup_##mode, teardown)
#define MODES(test)                                                                                \
    EACH(test, sv32), EACH(test, sv39), EACH(test, sv48), EACH(test, sv57),                        \
        EACH(test, sv32_svade), EACH(test, sv39_svade), EACH(test, sv48_svade),                    \
        EACH(test, sv57_svade)

int main(void) {
    const struct CMUnitTest tests[] = {
        MODES(anonymous),
        MODES(accessed_and_dirty),
        MODES(spurious),
        MODES(stack_growth),
        MODES(swap_in),
        MODES(swap_in_shared),
        MODES(swap_read_error),
        MODES(file_read),
        MODES(fault_around_clamped),
        MODES(file_cow),
        MODES(file_shared),
        MODES(shared_anonymous),
        MODES(file_end),
        MODES(file_read_error),
        MODES(huge),
        MODES(explicit_huge),
        MODES(copy_on_write),
        MODES(no_vma),
        MODES(null_pointer),
        MODES(kernel_address),
        MODES(not_canonical),
        MODES(write_to_read_only),
        MODES(execute_data),
        MODES(no_rights),
        MODES(bus_error),
        MODES(bus_error_in_fault),
        MODES(damaged_table),
        MODES(out_of_memory_is_a_signal),
        MODES(user_page),
        MODES(without_user_fences),
    };
    return RUN(tests);
}
