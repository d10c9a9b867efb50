/* Dirty file pages: how they become dirty, how they are written, and that errors lose nothing. */
#include "bench.h"

#include "mm/filemap.h"
#include "mm/vmscan.h"

#define PAGES      64
#define FILE_BYTES (PAGES * UINT64_C(4096))

struct world {
    struct bench bench;
    struct ram_file disk;
    struct file *file;
    uint64_t va; /* the whole file, shared */
};

static int setup_adue(void **state, bool adue) {
    struct world *world = calloc(1, sizeof *world);
    struct mm_config config;
    mm_config_default(&config, MODE_SV39, 16 * MIB);
    config.adue = adue;
    bench_boot(&world->bench, &config);
    ram_file_init(&world->disk, FILE_BYTES, 2 * FILE_BYTES);
    world->file = file_open(world->bench.k, &ram_file_operations, &world->disk, FILE_BYTES, true);
    assert_non_null(world->file);
    world->va =
        bench_map(&world->bench, world->file, FILE_BYTES, VM_READ | VM_WRITE, MM_MAP_SHARED);
    *state = world;
    return 0;
}

static int setup(void **state) {
    return setup_adue(state, true);
}

static int setup_svade(void **state) {
    return setup_adue(state, false);
}

static int teardown(void **state) {
    struct world *world = *state;
    if (world->file)
        fput(world->file);
    bench_end(&world->bench);
    ram_file_free(&world->disk);
    free(world);
    return 0;
}

static uint64_t on_disk(const struct world *world, uint64_t offset) {
    uint64_t value;
    memcpy(&value, world->disk.bytes + offset, sizeof value);
    return value;
}

static uint64_t dirty_pages(struct world *world) {
    return mm_stats(world->bench.k)[STAT_nr_dirty];
}

static void reads_dirty_nothing(void **state) {
    struct world *world = *state;
    for (uint64_t i = 0; i < PAGES; i++)
        bench_load(&world->bench, world->va + i * 4096);
    assert_int_equal(dirty_pages(world), 0);
    assert_int_equal(filemap_write_and_wait(world->file->inode), 0);
    assert_int_equal(world->disk.writes, 0);
}

/* Stores through a mapping, found by D bits: those after a write-back too. */
static void stores_are_written(void **state) {
    struct world *world = *state;
    struct bench *bench = &world->bench;
    for (uint64_t round = 1; round <= 3; round++) {
        for (uint64_t i = 0; i < PAGES; i += round) {
            bench_load(bench, world->va + i * 4096);
            bench_store(bench, world->va + i * 4096 + 8 * round, i + round * 1000);
        }
        bench_count(bench);
        assert_int_equal(filemap_write_and_wait(world->file->inode), 0);
        assert_int_equal(bench_counted(bench, STAT_nr_written), (PAGES + round - 1) / round);
        assert_int_equal(dirty_pages(world), 0);
        for (uint64_t i = 0; i < PAGES; i += round)
            assert_true(on_disk(world, i * 4096 + 8 * round) == i + round * 1000);
        bench_check(bench);
    }
    bench_count(bench);
    assert_int_equal(filemap_write_and_wait(world->file->inode), 0);
    assert_int_equal(bench_counted(bench, STAT_nr_written), 0);
}

static void stores_of_two_processes_are_written(void **state) {
    struct world *world = *state;
    struct bench *bench = &world->bench;
    bench_store(bench, world->va, 1);
    bench_process(bench);
    uint64_t va = bench_map(bench, world->file, FILE_BYTES, VM_READ | VM_WRITE, MM_MAP_SHARED);
    bench_store(bench, va + 8, 2);
    assert_int_equal(filemap_write_and_wait(world->file->inode), 0);
    assert_true(on_disk(world, 0) == 1 && on_disk(world, 8) == 2);
    bench_store(bench, va, 3);
    switch_mm(bench->k, bench->task);
    bench_store(bench, world->va + 8, 4);
    assert_int_equal(filemap_write_and_wait(world->file->inode), 0);
    assert_true(on_disk(world, 0) == 3 && on_disk(world, 8) == 4);
}

static void private_stores_are_not_written(void **state) {
    struct world *world = *state;
    struct bench *bench = &world->bench;
    uint64_t va = bench_map(bench, world->file, FILE_BYTES, VM_READ | VM_WRITE, 0);
    uint64_t before = on_disk(world, 0);
    bench_store(bench, va, ~before);
    assert_int_equal(filemap_write_and_wait(world->file->inode), 0);
    assert_true(on_disk(world, 0) == before);
    assert_int_equal(world->disk.writes, 0);
}

/* A device that fails for a while: everything stays dirty and is written later. */
static void errors_lose_nothing(void **state) {
    struct world *world = *state;
    struct bench *bench = &world->bench;
    for (uint64_t i = 0; i < PAGES; i++)
        bench_store(bench, world->va + i * 4096, i);
    world->disk.broken_writes = true;
    assert_int_equal(filemap_write_and_wait(world->file->inode), -EIO);
    assert_int_equal(dirty_pages(world), PAGES);
    assert_int_equal(mm_stats(bench->k)[STAT_nr_writeback_errors], PAGES);
    bench_check(bench);
    world->disk.broken_writes = false;
    bench->k->fail[FAIL_FILE_WRITE] = 10;
    assert_int_equal(filemap_write_and_wait(world->file->inode), -EIO);
    assert_int_equal(dirty_pages(world), 1);
    assert_int_equal(filemap_write_and_wait(world->file->inode), 0);
    for (uint64_t i = 0; i < PAGES; i++)
        assert_true(on_disk(world, i * 4096) == i);
}

/* Reclaim meets the failing device: the pages stay in memory, mapped anew on the next access. */
static void reclaim_keeps_what_cannot_be_written(void **state) {
    struct world *world = *state;
    struct bench *bench = &world->bench;
    for (uint64_t i = 0; i < PAGES; i++)
        bench_store(bench, world->va + i * 4096, i);
    world->disk.broken_writes = true;
    assert_int_equal(mm_madvise(bench->task->mm, world->va, FILE_BYTES, MADVISE_PAGEOUT), 0);
    assert_int_equal(dirty_pages(world), PAGES);
    assert_int_equal(mm_stats(bench->k)[STAT_nr_file_pages], PAGES);
    bench_check(bench);
    for (uint64_t i = 0; i < PAGES; i++)
        assert_true(bench_load(bench, world->va + i * 4096) == i);
    world->disk.broken_writes = false;
    assert_int_equal(mm_madvise(bench->task->mm, world->va, FILE_BYTES, MADVISE_PAGEOUT), 0);
    assert_int_equal(dirty_pages(world), 0);
    assert_int_equal(mm_stats(bench->k)[STAT_nr_file_pages], 0);
    bench_check(bench);
    for (uint64_t i = 0; i < PAGES; i++) {
        assert_true(on_disk(world, i * 4096) == i);
        assert_true(bench_load(bench, world->va + i * 4096) == i);
    }
}

static void the_last_close_writes(void **state) {
    struct world *world = *state;
    struct bench *bench = &world->bench;
    bench_store(bench, world->va + 4096, 77);
    fput(world->file);
    world->file = NULL;
    assert_int_equal(mm_munmap(bench->task->mm, world->va, FILE_BYTES), 0);
    assert_true(on_disk(world, 4096) == 77);
}

/* A DMA engine that gets a bus error: no write, still dirty. */
static void a_bus_error_keeps_the_page_dirty(void **state) {
    struct world *world = *state;
    struct bench *bench = &world->bench;
    bench_store(bench, world->va, 5);
    struct page *page = find_get_page(world->file->inode, 0);
    uint64_t pa = page_to_phys(bench->k, page);
    put_page(bench->k, page);
    assert_true(physmem_add_error(bench->machine.memory, pa, pa + 4096));
    assert_int_equal(filemap_write_and_wait(world->file->inode), -EIO);
    assert_int_equal(dirty_pages(world), 1);
    physmem_forget_ranges(bench->machine.memory);
    assert_int_equal(filemap_write_and_wait(world->file->inode), 0);
    assert_true(on_disk(world, 0) == 5);
}

/* The part of the last page behind the end is not the file's. */
static void the_last_page_is_written_to_the_end(void **state) {
    struct world *world = *state;
    struct bench *bench = &world->bench;
    assert_int_equal(vmtruncate(world->file->inode, FILE_BYTES - 4096 + 16), 0);
    world->disk.size = FILE_BYTES - 4096;
    bench_store(bench, world->va + FILE_BYTES - 4096 + 8, 9);
    bench_store(bench, world->va + FILE_BYTES - 4096 + 16, 9);
    assert_int_equal(filemap_write_and_wait(world->file->inode), 0);
    assert_int_equal(world->disk.size, FILE_BYTES - 4096 + 16);
    assert_true(on_disk(world, FILE_BYTES - 4096 + 8) == 9);
}

#define TEST(name)                                                                                 \
    cmocka_unit_test_setup_teardown(name, setup, teardown),                                        \
        cmocka_unit_test_setup_teardown(name, setup_svade, teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(reads_dirty_nothing),
        TEST(stores_are_written),
        TEST(stores_of_two_processes_are_written),
        TEST(private_stores_are_not_written),
        TEST(errors_lose_nothing),
        TEST(reclaim_keeps_what_cannot_be_written),
        TEST(the_last_close_writes),
        TEST(a_bus_error_keeps_the_page_dirty),
        TEST(the_last_page_is_written_to_the_end),
    };
    return RUN(tests);
}
