/* The page cache: pages are read once, shared by who maps them, and leave by truncation, by the
 * last close, or alone. */
#include "bench.h"

#include "mm/filemap.h"
#include "mm/page_fault.h"

#include <signal.h>

#define FILE_BYTES (64 * UINT64_C(4096) + 100)

struct world {
    struct bench bench;
    struct ram_file disk;
    struct file *file;
};

static int setup_mode(void **state, enum paging_mode mode) {
    struct world *world = calloc(1, sizeof *world);
    struct mm_config config;
    mm_config_default(&config, mode, 16 * MIB);
    config.swap_bytes = MIB;
    bench_boot(&world->bench, &config);
    ram_file_init(&world->disk, FILE_BYTES, 4 * FILE_BYTES);
    world->file = file_open(world->bench.k, &ram_file_operations, &world->disk, FILE_BYTES, true);
    assert_non_null(world->file);
    *state = world;
    return 0;
}

static int setup(void **state) {
    return setup_mode(state, MODE_SV39);
}

static int setup_sv32(void **state) {
    return setup_mode(state, MODE_SV32);
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

static struct page *read_page(struct world *world, uint64_t index, bool *major) {
    int error = 0;
    *major = false;
    struct page *page = read_cache_page(world->file->inode, index, major, &error);
    if (page)
        put_page(world->bench.k, page); /* the cache keeps it */
    else
        assert_true(error < 0);
    return page;
}

static int read_error(struct world *world, uint64_t index) {
    bool major = false;
    int error = 0;
    assert_null(read_cache_page(world->file->inode, index, &major, &error));
    return error;
}

static void contents(struct world *world, const struct page *page, uint8_t *bytes) {
    assert_true(
        physmem_load_page(world->bench.machine.memory, page_to_phys(world->bench.k, page), bytes));
}

/* What the file's page holds; zeroes behind the end. */
static void assert_page(struct world *world, const struct page *page, uint64_t index,
                        uint64_t file_bytes) {
    uint8_t bytes[4096];
    contents(world, page, bytes);
    for (size_t i = 0; i < sizeof bytes; i++) {
        size_t at = (size_t)index * sizeof bytes + i;
        assert_int_equal(bytes[i], at < file_bytes ? ram_file_byte(at) : 0);
    }
}

static void a_page_is_read_once(void **state) {
    struct world *world = *state;
    bool major;
    bench_count(&world->bench);
    struct page *page = read_page(world, 3, &major);
    assert_true(major);
    assert_page(world, page, 3, FILE_BYTES);
    assert_ptr_equal(read_page(world, 3, &major), page);
    assert_false(major);
    assert_int_equal(world->disk.reads, 1);
    assert_int_equal(bench_counted(&world->bench, STAT_dma_transfers), 1);
    assert_int_equal(bench_counted(&world->bench, STAT_dma_bytes), 4096);
    assert_int_equal(bench_counted(&world->bench, STAT_nr_file_pages), 1);
    assert_int_equal(bench_counted(&world->bench, STAT_nr_inactive_file), 1);
    struct page *found = find_get_page(world->file->inode, 3);
    assert_ptr_equal(found, page);
    assert_int_equal(page->refcount, 2);
    put_page(world->bench.k, found);
    assert_null(find_get_page(world->file->inode, 4));
}

static void zeroes_follow_the_end(void **state) {
    struct world *world = *state;
    bool major;
    assert_page(world, read_page(world, 64, &major), 64, FILE_BYTES);
    assert_int_equal(read_error(world, 65), -EFAULT);
    assert_int_equal(read_error(world, UINT64_MAX / 4096), -EFAULT);
}

static void a_read_error_leaves_nothing(void **state) {
    struct world *world = *state;
    bool major;
    bench_count(&world->bench);
    world->disk.broken_reads = true;
    assert_int_equal(read_error(world, 5), -EIO);
    world->disk.broken_reads = false;
    world->bench.k->fail[FAIL_FILE_READ] = 1;
    assert_int_equal(read_error(world, 5), -EIO);
    assert_int_equal(bench_counted(&world->bench, STAT_nr_file_pages), 0);
    assert_page(world, read_page(world, 5, &major), 5, FILE_BYTES);
}

static void no_memory_leaves_nothing(void **state) {
    struct world *world = *state;
    struct kernel *k = world->bench.k;
    bool major;
    k->fail[FAIL_PAGE_ALLOC] = 1;
    assert_int_equal(read_error(world, 6), -ENOMEM);
    bench_check(&world->bench);
    k->fail[FAIL_SLAB] = 1;
    assert_int_equal(read_error(world, 6), -ENOMEM);
    bench_check(&world->bench);
    for (uint64_t n = 1; n <= 2; n++) {
        k->fail[FAIL_SLAB] = n;
        struct file *file = file_open(k, &ram_file_operations, &world->disk, FILE_BYTES, false);
        assert_null(file);
    }
    assert_null(TAILQ_NEXT(TAILQ_FIRST(&k->inodes), list));
    assert_page(world, read_page(world, 6, &major), 6, FILE_BYTES);
}

/* What is to be overwritten whole is not read; until it has been, nobody takes it for contents. */
static void grabbed_whole_is_not_read(void **state) {
    struct world *world = *state;
    struct inode *inode = world->file->inode;
    bool major;
    int error = 0;
    struct page *page = grab_cache_page(inode, 7, true, &error);
    assert_non_null(page);
    put_page(world->bench.k, page);
    assert_int_equal(world->disk.reads, 0);
    assert_null(find_get_page(inode, 7));
    assert_ptr_equal(read_page(world, 7, &major), page);
    assert_true(major);
    assert_page(world, page, 7, FILE_BYTES);
    page = grab_cache_page(inode, 8, true, &error);
    set_page_dirty(world->bench.k, page);
    assert_ptr_equal(find_get_page(inode, 8), page);
    put_page(world->bench.k, page);
    put_page(world->bench.k, page);
    assert_int_equal(world->disk.reads, 1);
    page = grab_cache_page(inode, 9, false, &error);
    assert_int_equal(world->disk.reads, 2);
    put_page(world->bench.k, page);
}

static void a_page_leaves_alone(void **state) {
    struct world *world = *state;
    bool major;
    struct page *page = read_page(world, 1, &major);
    bench_count(&world->bench);
    delete_from_page_cache(world->bench.k, page);
    assert_int_equal(page->refcount, 0);
    assert_int_equal(bench_counted(&world->bench, STAT_nr_free_pages), 1);
    assert_null(find_get_page(world->file->inode, 1));
}

/* Two processes see the same frame; a private write is seen by nobody else. */
static void mappings_share_the_frame(void **state) {
    struct world *world = *state;
    struct bench *bench = &world->bench;
    uint64_t first = bench_map(bench, world->file, 65 * 4096, VM_READ | VM_WRITE, MM_MAP_SHARED);
    struct task_struct *other = bench_process(bench);
    uint64_t second = bench_map(bench, world->file, 65 * 4096, VM_READ | VM_WRITE, MM_MAP_SHARED);
    uint64_t private = bench_map(bench, world->file, 65 * 4096, VM_READ | VM_WRITE, 0);
    uint64_t expected;
    memcpy(&expected, world->disk.bytes + 4096 * 20 + 8, 8);
    assert_true(bench_load(bench, second + 4096 * 20 + 8) == expected);
    assert_true(bench_load(bench, private + 4096 * 20 + 8) == expected);
    bench_store(bench, private + 4096 * 20 + 8, 1);
    switch_mm(bench->k, bench->task);
    assert_true(bench_load(bench, first + 4096 * 20 + 8) == expected);
    bench_store(bench, first + 4096 * 20 + 8, 2);
    switch_mm(bench->k, other);
    assert_true(bench_load(bench, second + 4096 * 20 + 8) == 2);
    assert_true(bench_load(bench, private + 4096 * 20 + 8) == 1);
    bench_check(bench);
}

static void the_last_close_forgets(void **state) {
    struct world *world = *state;
    struct bench *bench = &world->bench;
    bool major;
    read_page(world, 0, &major);
    struct file *second = file_reopen(world->file, false);
    uint64_t va = bench_map(bench, world->file, 4096, VM_READ, 0);
    fput(world->file);
    world->file = NULL;
    fput(second);
    /* The mapping keeps it open. */
    bench_load(bench, va);
    assert_int_equal(world->disk.reads, 1);
    assert_int_equal(mm_munmap(bench->task->mm, va, 4096), 0);
    assert_true(TAILQ_EMPTY(&bench->k->inodes));
    assert_int_equal(mm_stats(bench->k)[STAT_nr_file_pages], 0);
}

static void pages_that_stay(void **state) {
    struct world *world = *state;
    struct inode *inode = world->file->inode;
    bool major;
    inode->pages_stay = true;
    read_page(world, 0, &major);
    fput(world->file);
    world->file = inode_open(inode, false);
    read_page(world, 0, &major);
    assert_false(major);
    inode->pages_stay = false;
}

static int load_result(struct world *world, uint64_t va) {
    uint64_t value = 0;
    return test_access(&world->bench.machine, world->bench.k, va, ACCESS_READ, &value);
}

static void truncation_unmaps(void **state) {
    struct world *world = *state;
    struct bench *bench = &world->bench;
    uint64_t va = bench_map(bench, world->file, 65 * 4096, VM_READ | VM_WRITE, MM_MAP_SHARED);
    for (uint64_t i = 0; i < 65; i++)
        bench_store(bench, va + i * 4096, i);
    assert_int_equal(vmtruncate(world->file->inode, 10 * 4096 + 40), 0);
    bench_check(bench);
    assert_int_equal(mm_stats(bench->k)[STAT_nr_file_pages], 11);
    assert_int_equal(bench_load(bench, va + 9 * 4096), 9);
    assert_int_equal(bench_load(bench, va + 10 * 4096), 10);
    assert_int_equal(bench_load(bench, va + 10 * 4096 + 40), 0);
    assert_int_equal(load_result(world, va + 11 * 4096), -1);
    assert_int_equal(bench->task->signal, SIGBUS);
}

/* A file that grows again reads as zeroes where it had been cut, whatever the device still has. */
static void cut_contents_do_not_come_back(void **state) {
    struct world *world = *state;
    struct bench *bench = &world->bench;
    struct inode *inode = world->file->inode;
    bool major;
    assert_int_equal(vmtruncate(inode, 4096 * 2 + 10), 0);
    assert_int_equal(vmtruncate(inode, 4096 * 20), 0);
    assert_page(world, read_page(world, 2, &major), 2, 4096 * 2 + 10);
    assert_page(world, read_page(world, 5, &major), 5, 0);
    /* One page far behind is written: the device's leftovers before it are wiped. */
    struct page *page = read_page(world, 15, &major);
    set_page_dirty(bench->k, page);
    assert_int_equal(filemap_write_and_wait(inode), 0);
    for (uint64_t i = 0; i < 20; i++)
        if ((page = find_get_page(inode, i))) {
            put_page(bench->k, page);
            delete_from_page_cache(bench->k, page);
        }
    assert_page(world, read_page(world, 2, &major), 2, 4096 * 2 + 10);
    for (uint64_t i = 3; i < 20; i++)
        assert_page(world, read_page(world, i, &major), i, 0);
}

static void many_pages_keep_their_own(void **state) {
    struct world *world = *state;
    bool major;
    for (uint64_t i = 0; i <= 64; i++)
        read_page(world, i * 37 % 65, &major);
    for (uint64_t i = 0; i <= 64; i++) {
        assert_page(world, read_page(world, i, &major), i, FILE_BYTES);
        assert_false(major);
    }
    assert_int_equal(world->disk.reads, 65);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(a_page_is_read_once),
        TEST(zeroes_follow_the_end),
        TEST(a_read_error_leaves_nothing),
        TEST(no_memory_leaves_nothing),
        TEST(grabbed_whole_is_not_read),
        TEST(a_page_leaves_alone),
        TEST(mappings_share_the_frame),
        cmocka_unit_test_setup_teardown(mappings_share_the_frame, setup_sv32, teardown),
        TEST(the_last_close_forgets),
        TEST(pages_that_stay),
        TEST(truncation_unmaps),
        TEST(cut_contents_do_not_come_back),
        TEST(many_pages_keep_their_own),
    };
    return RUN(tests);
}
