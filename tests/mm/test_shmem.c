/* Shared memory: zeroes at first, one frame for all who map it, swapped and back. */
#include "bench.h"

#include "mm/filemap.h"
#include "mm/swap.h"
#include "mm/vmscan.h"

#define PAGES 64
#define BYTES (PAGES * UINT64_C(4096))

struct world {
    struct bench bench;
    struct file *file;
    uint64_t va;
};

static int setup_swap(void **state, uint64_t swap_bytes) {
    struct world *world = calloc(1, sizeof *world);
    struct mm_config config;
    mm_config_default(&config, MODE_SV39, 16 * MIB);
    config.swap_bytes = swap_bytes;
    bench_boot(&world->bench, &config);
    world->file = file_open(world->bench.k, NULL, NULL, BYTES, true);
    assert_non_null(world->file);
    world->va = bench_map(&world->bench, world->file, BYTES, VM_READ | VM_WRITE, MM_MAP_SHARED);
    *state = world;
    return 0;
}

static int setup(void **state) {
    return setup_swap(state, MIB);
}

static int setup_little_swap(void **state) {
    return setup_swap(state, 16 * 4096);
}

static int teardown(void **state) {
    struct world *world = *state;
    if (world->file)
        fput(world->file);
    bench_check(&world->bench);
    bench_end(&world->bench);
    free(world);
    return 0;
}

static void pageout(struct world *world) {
    struct mm_struct *mm = world->bench.k->current->mm;
    assert_int_equal(mm_madvise(mm, world->va, BYTES, MADVISE_PAGEOUT), 0);
    bench_check(&world->bench);
}

static uint64_t level(struct world *world, enum mm_stat stat) {
    return mm_stats(world->bench.k)[stat];
}

static void fill(struct world *world, uint64_t plus) {
    for (uint64_t i = 0; i < PAGES; i++)
        bench_store(&world->bench, world->va + i * 4096, i + plus);
}

static void assert_filled(struct world *world, uint64_t plus) {
    for (uint64_t i = 0; i < PAGES; i++)
        assert_int_equal(bench_load(&world->bench, world->va + i * 4096), i + plus);
}

static void starts_as_zeroes(void **state) {
    struct world *world = *state;
    for (uint64_t i = 0; i < PAGES; i++)
        assert_int_equal(bench_load(&world->bench, world->va + i * 4096 + 8), 0);
    assert_int_equal(level(world, STAT_nr_shmem), PAGES);
    assert_int_equal(level(world, STAT_nr_inactive_anon), PAGES);
    assert_int_equal(world->bench.task->mm->rss[MM_SHMEMPAGES], PAGES);
}

static void two_processes_share(void **state) {
    struct world *world = *state;
    struct bench *bench = &world->bench;
    fill(world, 100);
    bench_process(bench);
    uint64_t va = bench_map(bench, world->file, BYTES, VM_READ | VM_WRITE, MM_MAP_SHARED);
    for (uint64_t i = 0; i < PAGES; i++) {
        assert_int_equal(bench_load(bench, va + i * 4096), i + 100);
        bench_store(bench, va + i * 4096, i + 200);
    }
    switch_mm(bench->k, bench->task);
    assert_filled(world, 200);
    assert_int_equal(level(world, STAT_nr_shmem), PAGES);
}

static void outlives_its_mapping(void **state) {
    struct world *world = *state;
    struct bench *bench = &world->bench;
    fill(world, 5);
    assert_int_equal(mm_munmap(bench->task->mm, world->va, BYTES), 0);
    world->va = bench_map(bench, world->file, BYTES, VM_READ, MM_MAP_SHARED);
    assert_filled(world, 5);
}

static void goes_to_swap_and_back(void **state) {
    struct world *world = *state;
    struct bench *bench = &world->bench;
    uint64_t slot;
    for (uint64_t round = 1; round <= 3; round++) {
        fill(world, round);
        bench_count(bench);
        pageout(world);
        assert_int_equal(level(world, STAT_nr_shmem), 0);
        assert_int_equal(bench_counted(bench, STAT_pswpout), PAGES);
        assert_int_equal(swap_free(bench->k), swap_total(bench->k) - PAGES);
        assert_true(shmem_swap_entry(world->file->inode, 7, &slot));
        assert_int_equal(swap_count(bench->k, slot), 1);
        assert_filled(world, round);
        assert_false(shmem_swap_entry(world->file->inode, 7, &slot));
        assert_int_equal(swap_free(bench->k), swap_total(bench->k));
        bench_check(bench);
    }
}

/* Read, not written since it came back: its slot is gone, so it must be written again. */
static void comes_back_dirty(void **state) {
    struct world *world = *state;
    fill(world, 9);
    pageout(world);
    assert_filled(world, 9);
    pageout(world);
    assert_filled(world, 9);
}

/* Pages that were only read hold zeroes: nothing to write. */
static void zeroes_need_no_swap(void **state) {
    struct world *world = *state;
    struct bench *bench = &world->bench;
    for (uint64_t i = 0; i < PAGES; i++)
        bench_load(bench, world->va + i * 4096);
    bench_count(bench);
    pageout(world);
    assert_int_equal(bench_counted(bench, STAT_pswpout), 0);
    assert_int_equal(level(world, STAT_nr_shmem), 0);
    assert_int_equal(bench_load(bench, world->va), 0);
}

static void a_full_swap_keeps_pages(void **state) {
    struct world *world = *state;
    fill(world, 3);
    pageout(world);
    assert_int_equal(level(world, STAT_nr_shmem), PAGES - 16);
    assert_int_equal(swap_free(world->bench.k), 0);
    assert_filled(world, 3);
}

static void write_errors_keep_pages(void **state) {
    struct world *world = *state;
    struct kernel *k = world->bench.k;
    fill(world, 4);
    k->fail[FAIL_SWAP_WRITE] = 5;
    pageout(world);
    assert_int_equal(level(world, STAT_nr_shmem), 1);
    k->fail[FAIL_SWAP_SLOT] = 1;
    pageout(world);
    assert_filled(world, 4);
}

static void read_errors_and_no_memory(void **state) {
    struct world *world = *state;
    struct kernel *k = world->bench.k;
    bool major = false;
    int error = 0;
    fill(world, 6);
    pageout(world);
    k->fail[FAIL_SWAP_READ] = 1;
    assert_null(read_cache_page(world->file->inode, 3, &major, &error));
    assert_int_equal(error, -EIO);
    k->fail[FAIL_PAGE_ALLOC] = 1;
    assert_null(read_cache_page(world->file->inode, 4, &major, &error));
    assert_int_equal(error, -ENOMEM);
    bench_check(&world->bench);
    assert_filled(world, 6);
}

static void truncation_gives_slots_back(void **state) {
    struct world *world = *state;
    struct bench *bench = &world->bench;
    fill(world, 1);
    pageout(world);
    assert_int_equal(vmtruncate(world->file->inode, 10 * 4096 + 4), 0);
    bench_check(bench);
    assert_int_equal(swap_total(bench->k) - swap_free(bench->k), 10);
    assert_int_equal(bench_load(bench, world->va + 9 * 4096), 10);
    assert_int_equal(vmtruncate(world->file->inode, BYTES), 0);
    assert_int_equal(bench_load(bench, world->va + 10 * 4096), 11);
    assert_int_equal(bench_load(bench, world->va + 10 * 4096 + 8), 0);
    assert_int_equal(bench_load(bench, world->va + 11 * 4096), 0);
}

static void the_last_close_gives_all_back(void **state) {
    struct world *world = *state;
    struct bench *bench = &world->bench;
    fill(world, 1);
    pageout(world);
    fill(world, 2);
    assert_int_equal(mm_munmap(bench->task->mm, world->va, BYTES), 0);
    fput(world->file);
    world->file = NULL;
    assert_int_equal(level(world, STAT_nr_shmem), 0);
    assert_int_equal(swap_free(bench->k), swap_total(bench->k));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(starts_as_zeroes),
        TEST(two_processes_share),
        TEST(outlives_its_mapping),
        TEST(goes_to_swap_and_back),
        TEST(comes_back_dirty),
        TEST(zeroes_need_no_swap),
        cmocka_unit_test_setup_teardown(a_full_swap_keeps_pages, setup_little_swap, teardown),
        TEST(write_errors_keep_pages),
        TEST(read_errors_and_no_memory),
        TEST(truncation_gives_slots_back),
        TEST(the_last_close_gives_all_back),
    };
    return RUN(tests);
}
