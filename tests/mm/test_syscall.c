/* File I/O as processes ask for it: contents, counted copies and mode switches (S14), odd sizes and
 * places, errors. */
#include "../unit/check.h"
#include "machine.h"
#include "ram_file.h"

#include "mm/check.h"
#include "mm/context.h"
#include "mm/fork.h"
#include "mm/layout.h"
#include "mm/mmap.h"
#include "mm/page_alloc.h"
#include "mm/transfer.h"

#include <stdio.h>

#define FILE_BYTES (UINT64_C(1) << 20)

struct bench {
    struct test_machine machine;
    struct kernel *k;
    struct task_struct *task;
    struct ram_file disk;
    struct file *file;
    struct ram_socket card;
    struct socket socket;
    uint64_t buffer; /* 128 KiB of anonymous memory */
    uint64_t before[MM_STATS];
};

static void check_all(struct kernel *k) {
    char text[512];
    const char *broken = mm_check(k, text, sizeof text);
    if (broken)
        fail_msg("%s", broken);
}

static int setup_mode(void **state, enum paging_mode mode) {
    struct bench *bench = calloc(1, sizeof *bench);
    struct mm_config config;
    const char *why;
    test_machine_init(&bench->machine, mode, true);
    struct machine machine = test_machine_callbacks(&bench->machine);
    mm_config_default(&config, mode, UINT64_C(16) << 20);
    bench->k = kernel_boot(&config, &machine, &why);
    if (!bench->k)
        fail_msg("%s", why);
    bench->task = task_create(bench->k);
    switch_mm(bench->k, bench->task);
    ram_file_init(&bench->disk, FILE_BYTES, 2 * FILE_BYTES);
    bench->file = file_open(bench->k, &ram_file_operations, &bench->disk, FILE_BYTES, true);
    bench->card = (struct ram_socket){malloc(FILE_BYTES), 0, FILE_BYTES};
    bench->socket = (struct socket){&bench->card, ram_socket_sent};
    const struct mmap_request request = {.length = 128 << 10, .rights = VM_READ | VM_WRITE};
    int64_t va = mm_mmap(bench->task->mm, &request);
    assert_true(va > 0);
    bench->buffer = (uint64_t)va;
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
    struct bench *bench = *state;
    check_all(bench->k);
    do_exit(bench->k, bench->task);
    task_reap(bench->k, bench->task);
    fput(bench->file);
    check_all(bench->k);
    kernel_shutdown(bench->k);
    test_machine_free(&bench->machine);
    ram_file_free(&bench->disk);
    free(bench->card.bytes);
    free(bench);
    return 0;
}

static void start_counting(struct bench *bench) {
    memcpy(bench->before, mm_stats(bench->k), sizeof bench->before);
}

static uint64_t counted(struct bench *bench, enum mm_stat stat) {
    return mm_stats(bench->k)[stat] - bench->before[stat];
}

/* What was counted is what a listener sees happen. */
struct seen {
    uint64_t events[MM_EVENT_KINDS], copied, transferred, calls[CALL_OTHER + 1];
};

static void listen(void *context, const struct mm_event *event) {
    struct seen *seen = context;
    seen->events[event->kind]++;
    if (event->kind == MM_EVENT_COPY)
        seen->copied += event->c;
    if (event->kind == MM_EVENT_DMA)
        seen->transferred += event->b;
    if (event->kind == MM_EVENT_SYSCALL && event->b == 1)
        seen->calls[event->a]++;
}

static void all_arrived(const struct bench *bench) {
    assert_true(bench->card.size == FILE_BYTES);
    assert_memory_equal(bench->card.bytes, bench->disk.bytes, FILE_BYTES);
}

/* One piece, from a file that is not cached yet: 4 switches, 4 copies. */
static void one_page_by_read_and_write(void **state) {
    struct bench *bench = *state;
    struct kernel *k = bench->k;
    start_counting(bench);
    assert_true(sys_read(k, bench->file, bench->buffer, 4096) == 4096);
    assert_true(counted(bench, STAT_mode_switches) == 2);
    assert_true(counted(bench, STAT_dma_transfers) == 1); /* disk to page cache */
    assert_true(counted(bench, STAT_cpu_copies) == 1);    /* page cache to user buffer */
    assert_true(sys_send(k, &bench->socket, bench->buffer, 4096) == 4096);
    assert_true(counted(bench, STAT_mode_switches) == 4);
    assert_true(counted(bench, STAT_cpu_copies) == 2);    /* user buffer to socket buffer */
    assert_true(counted(bench, STAT_dma_transfers) == 2); /* socket buffer to card */
    assert_true(counted(bench, STAT_cpu_copy_bytes) == 2 * 4096);
    assert_true(counted(bench, STAT_dma_bytes) == 2 * 4096);
    assert_memory_equal(bench->card.bytes, bench->disk.bytes, 4096);
}

/* The counts that Linux showed for 64 MiB, here for 1 MiB: a read and a write for each piece. */
static void read_write_loop(void **state) {
    struct bench *bench = *state;
    static const uint64_t pieces[] = {4096, 65536};
    for (unsigned i = 0; i < 2; i++) {
        struct seen seen = {0};
        bench->card.size = 0;
        bench->file->position = 0;
        start_counting(bench);
        mm_listen(bench->k, listen, &seen);
        assert_true(transfer_read_write(bench->k, bench->file, &bench->socket, bench->buffer,
                                        pieces[i]) == (int64_t)FILE_BYTES);
        mm_listen(bench->k, NULL, NULL);
        all_arrived(bench);
        uint64_t calls = FILE_BYTES / pieces[i];
        assert_true(seen.calls[CALL_READ] == calls && seen.calls[CALL_WRITE] == calls);
        assert_true(counted(bench, STAT_syscalls) == 2 * calls);
        assert_true(counted(bench, STAT_mode_switches) == 4 * calls);
        assert_true(counted(bench, STAT_cpu_copy_bytes) == 2 * FILE_BYTES);
        /* The second time the file is cached. */
        assert_true(counted(bench, STAT_dma_bytes) == (i == 0 ? 2 : 1) * FILE_BYTES);
        assert_true(seen.copied == 2 * FILE_BYTES);
        assert_true(seen.transferred == counted(bench, STAT_dma_bytes));
        assert_true(seen.events[MM_EVENT_COPY] == counted(bench, STAT_cpu_copies));
        assert_true(seen.events[MM_EVENT_DMA] == counted(bench, STAT_dma_transfers));
    }
}

/* No copy into a user buffer: three copies of each byte, and one write() for the whole file. */
static void by_mmap(void **state) {
    struct bench *bench = *state;
    struct seen seen = {0};
    start_counting(bench);
    mm_listen(bench->k, listen, &seen);
    assert_true(transfer_mmap(bench->k, bench->file, &bench->socket) == (int64_t)FILE_BYTES);
    mm_listen(bench->k, NULL, NULL);
    all_arrived(bench);
    assert_true(seen.calls[CALL_READ] == 0 && seen.calls[CALL_WRITE] == 1);
    assert_true(seen.calls[CALL_MMAP] == 1 && seen.calls[CALL_MUNMAP] == 1);
    assert_true(counted(bench, STAT_mode_switches) == 6);
    assert_true(counted(bench, STAT_cpu_copy_bytes) == FILE_BYTES);
    assert_true(counted(bench, STAT_dma_bytes) == 2 * FILE_BYTES);
    check_all(bench->k);
}

/* The socket takes the cache's pages: two switches a call, no copy by the CPU. */
static void by_sendfile(void **state) {
    struct bench *bench = *state;
    static const uint64_t pieces[] = {65536, FILE_BYTES};
    for (unsigned i = 0; i < 2; i++) {
        struct seen seen = {0};
        bench->card.size = 0;
        bench->file->position = 0;
        start_counting(bench);
        mm_listen(bench->k, listen, &seen);
        assert_true(transfer_sendfile(bench->k, bench->file, &bench->socket, pieces[i]) ==
                    (int64_t)FILE_BYTES);
        mm_listen(bench->k, NULL, NULL);
        all_arrived(bench);
        assert_true(seen.calls[CALL_SENDFILE] == FILE_BYTES / pieces[i]);
        assert_true(counted(bench, STAT_mode_switches) == 2 * FILE_BYTES / pieces[i]);
        assert_true(counted(bench, STAT_cpu_copies) == 0);
        assert_true(counted(bench, STAT_dma_bytes) == (i == 0 ? 2 : 1) * FILE_BYTES);
    }
}

/* A card that compares what it is given with the file it should be, and keeps nothing. */
struct comparing_card {
    uint64_t size, wrong;
};

static void compare(void *context, const void *bytes, size_t n) {
    struct comparing_card *card = context;
    for (size_t i = 0; i < n; i++)
        card->wrong += ((const uint8_t *)bytes)[i] != ram_file_byte(card->size + i);
    card->size += n;
}

/* The 64 MiB that were sent on Linux, from a file four times as large as this memory: as many
 * calls in the loop. */
static void as_many_calls_as_linux(void **state) {
    struct bench *bench = *state;
    static const struct {
        enum mm_call call;
        uint64_t piece, calls;
    } loops[] = {{CALL_READ, 4096, 16384}, {CALL_READ, 65536, 1024}, {CALL_SENDFILE, 65536, 1024}};
    const uint64_t size = UINT64_C(64) << 20;
    struct ram_file disk;
    ram_file_init(&disk, size, size);
    struct file *file = file_open(bench->k, &ram_file_operations, &disk, size, false);
    for (int i = 0; i < 4; i++) {
        struct comparing_card card = {0, 0};
        struct socket socket = {&card, compare};
        struct seen seen = {0};
        file->position = 0;
        mm_listen(bench->k, listen, &seen);
        int64_t sent;
        if (i == 3)
            sent = transfer_mmap(bench->k, file, &socket);
        else if (loops[i].call == CALL_READ)
            sent = transfer_read_write(bench->k, file, &socket, bench->buffer, loops[i].piece);
        else
            sent = transfer_sendfile(bench->k, file, &socket, loops[i].piece);
        mm_listen(bench->k, NULL, NULL);
        assert_true(sent == (int64_t)size && card.size == size && card.wrong == 0);
        if (i == 3)
            assert_true(seen.calls[CALL_WRITE] == 1 && seen.calls[CALL_READ] == 0);
        else
            assert_true(seen.calls[loops[i].call] == loops[i].calls);
        if (i < 2)
            assert_true(seen.calls[CALL_WRITE] == loops[i].calls);
        mm_tick(bench->k);
        check_all(bench->k);
    }
    fput(file);
    ram_file_free(&disk);
}

/* What the process itself sees at a user address, through the MMU. */
static uint8_t user_byte(struct bench *bench, uint64_t va) {
    uint64_t word;
    assert_true(test_access(&bench->machine, bench->k, va & ~UINT64_C(7), ACCESS_READ, &word) >= 0);
    return (uint8_t)(word >> 8 * (va % 8));
}

/* Reads of every alignment put each byte where it belongs and touch no neighbour. */
static void odd_reads(void **state) {
    struct bench *bench = *state;
    struct kernel *k = bench->k;
    static const uint64_t places[][3] = {/* file offset, buffer offset, bytes */
                                         {0, 0, 1},        {1, 4095, 2},      {4095, 1, 2},
                                         {5000, 100, 300}, {4096, 8, 4096},   {123, 4000, 9000},
                                         {0, 4096, 12288}, {8191, 4095, 4098}};
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        uint8_t marks[32768], seen[32768];
        uint64_t from = places[i][0], to = places[i][1], n = places[i][2];
        memset(marks, 0xee, sizeof marks);
        assert_true(copy_to_user(k, bench->buffer, marks, sizeof marks) == 0);
        assert_true(sys_lseek(k, bench->file, (int64_t)from, SEEK_SET) == (int64_t)from);
        assert_true(sys_read(k, bench->file, bench->buffer + to, n) == (int64_t)n);
        assert_true(bench->file->position == from + n);
        memcpy(marks + to, bench->disk.bytes + from, n);
        assert_true(copy_from_user(k, seen, bench->buffer, sizeof seen) == 0);
        assert_memory_equal(seen, marks, sizeof seen);
        assert_true(user_byte(bench, bench->buffer + to) == marks[to]);
        assert_true(user_byte(bench, bench->buffer + to + n - 1) == marks[to + n - 1]);
    }
}

static void odd_writes(void **state) {
    struct bench *bench = *state;
    struct kernel *k = bench->k;
    uint8_t *expected = malloc(2 * FILE_BYTES), marks[32768];
    memcpy(expected, bench->disk.bytes, FILE_BYTES);
    memset(expected + FILE_BYTES, 0, FILE_BYTES);
    static const uint64_t places[][3] = {/* file offset, buffer offset, bytes */
                                         {1, 4095, 2},
                                         {4095, 1, 2},
                                         {8192, 4096, 4096},
                                         {16384, 17, 8192},
                                         {100000, 4000, 9000},
                                         {FILE_BYTES - 3, 9, 10},
                                         {FILE_BYTES + 70000, 3, 5000}};
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        uint64_t to = places[i][0], from = places[i][1], n = places[i][2];
        for (size_t b = 0; b < sizeof marks; b++)
            marks[b] = (uint8_t)(b * 31 + i);
        assert_true(copy_to_user(k, bench->buffer, marks, sizeof marks) == 0);
        assert_true(sys_lseek(k, bench->file, (int64_t)to, SEEK_SET) == (int64_t)to);
        assert_true(sys_write(k, bench->file, bench->buffer + from, n) == (int64_t)n);
        memcpy(expected + to, marks + from, n);
        check_all(k);
    }
    assert_true(bench->file->inode->size == FILE_BYTES + 75000);
    assert_true(filemap_write_and_wait(bench->file->inode) == 0);
    assert_true(bench->disk.size == FILE_BYTES + 75000);
    assert_memory_equal(bench->disk.bytes, expected, bench->disk.size);
    free(expected);
}

/* A page that is overwritten whole is not read first. */
static void whole_pages_are_not_read(void **state) {
    struct bench *bench = *state;
    assert_true(sys_write(bench->k, bench->file, bench->buffer, 16384) == 16384);
    assert_true(bench->disk.reads == 0);
    assert_true(sys_write(bench->k, bench->file, bench->buffer, 5) == 5);
    assert_true(bench->disk.reads == 1);
}

/* What is written is seen through a mapping, and the reverse, before anything reaches the disk. */
static void mappings_and_calls_agree(void **state) {
    struct bench *bench = *state;
    struct kernel *k = bench->k;
    const struct mmap_request request = {.length = FILE_BYTES,
                                         .rights = VM_READ | VM_WRITE,
                                         .flags = MM_MAP_SHARED,
                                         .file = bench->file};
    int64_t va = mm_mmap(bench->task->mm, &request);
    assert_true(va > 0);
    uint64_t word = UINT64_C(0x1122334455667788), seen;
    assert_true(test_access(&bench->machine, k, (uint64_t)va + 8200, ACCESS_WRITE, &word) >= 0);
    bench->file->position = 8200;
    assert_true(sys_read(k, bench->file, bench->buffer, 8) == 8);
    assert_true(copy_from_user(k, &seen, bench->buffer, 8) == 0);
    assert_true(seen == word);
    word = UINT64_C(0x8877665544332211);
    assert_true(copy_to_user(k, bench->buffer, &word, 8) == 0);
    bench->file->position = 40960;
    assert_true(sys_write(k, bench->file, bench->buffer, 8) == 8);
    assert_true(test_access(&bench->machine, k, (uint64_t)va + 40960, ACCESS_READ, &seen) >= 0);
    assert_true(seen == word);
    assert_true(bench->disk.writes == 0);
}

/* The example program: open, extend by one byte (the text's end), map PROT_READ MAP_PRIVATE, print
 * through the mapping, unmap. */
static void example_program(void **state) {
    struct bench *bench = *state;
    struct kernel *k = bench->k;
    static const char text[] = "A file that is shown without a copy of it in the process.\n";
    struct ram_file disk;
    ram_file_init(&disk, strlen(text), 4096);
    memcpy(disk.bytes, text, strlen(text));
    struct file *file = file_open(k, &ram_file_operations, &disk, strlen(text), true);
    assert_true(copy_to_user(k, bench->buffer, "", 1) == 0);
    assert_true(sys_lseek(k, file, 0, SEEK_END) == (int64_t)strlen(text));
    assert_true(sys_write(k, file, bench->buffer, 1) == 1);
    const struct mmap_request request = {.length = sizeof text, .rights = VM_READ, .file = file};
    start_counting(bench);
    int64_t va = mm_mmap(bench->task->mm, &request);
    assert_true(va > 0);
    char shown[sizeof text];
    for (size_t i = 0; i < sizeof text; i++)
        shown[i] = (char)user_byte(bench, (uint64_t)va + i);
    assert_string_equal(shown, text);
    assert_true(counted(bench, STAT_cpu_copies) == 0);
    assert_true(counted(bench, STAT_pgfault) == 1);
    assert_true(mm_munmap(bench->task->mm, (uint64_t)va, sizeof text) == 0);
    fput(file);
    assert_true(disk.size == sizeof text && disk.bytes[strlen(text)] == 0);
    ram_file_free(&disk);
}

/* The page that is being copied may be the file's own. */
static void write_of_own_mapping(void **state) {
    struct bench *bench = *state;
    const struct mmap_request request = {
        .length = FILE_BYTES, .rights = VM_READ, .file = bench->file};
    int64_t va = mm_mmap(bench->task->mm, &request);
    assert_true(va > 0);
    assert_true(sys_write(bench->k, bench->file, (uint64_t)va, 10000) == 10000);
    assert_true(filemap_write_and_wait(bench->file->inode) == 0);
    assert_true(bench->disk.bytes[9999] == ram_file_byte(9999));
}

static void refusals(void **state) {
    struct bench *bench = *state;
    struct kernel *k = bench->k;
    uint64_t end = mm_layout(k->config.mode)->task_size;
    start_counting(bench);
    assert_true(sys_read(k, bench->file, end - 4096, 8192) == -EFAULT);
    assert_true(sys_read(k, bench->file, UINT64_MAX - 10, 100) == -EFAULT);
    assert_true(sys_read(k, bench->file, 0, 100) == -EFAULT);
    assert_true(sys_write(k, bench->file, 0, 100) == -EFAULT);
    assert_true(sys_send(k, &bench->socket, 0, 100) == -EFAULT);
    assert_true(bench->file->position == 0);
    struct file *only_read = file_reopen(bench->file, false);
    assert_true(sys_write(k, only_read, bench->buffer, 1) == -EBADF);
    fput(only_read);
    assert_true(sys_lseek(k, bench->file, -1, SEEK_SET) == -EINVAL);
    assert_true(sys_lseek(k, bench->file, 0, 17) == -EINVAL);
    assert_true(sys_lseek(k, bench->file, -4, SEEK_END) == (int64_t)FILE_BYTES - 4);
    assert_true(sys_lseek(k, bench->file, INT64_MAX, SEEK_CUR) == -EOVERFLOW);
    assert_true(sys_read(k, bench->file, bench->buffer, 4096) == 4);
    assert_true(sys_read(k, bench->file, bench->buffer, 4096) == 0);
    assert_true(sys_lseek(k, bench->file, 0, SEEK_SET) == 0);
    assert_true(sys_read(k, bench->file, bench->buffer, 0) == 0);
    bench->file->position = 50000; /* not cached yet */
    bench->disk.broken_reads = true;
    assert_true(sys_read(k, bench->file, bench->buffer, 10) == -EIO);
    bench->disk.broken_reads = false;
    assert_true(sys_read(k, bench->file, bench->buffer, 10) == 10);
    assert_true(counted(bench, STAT_mode_switches) == 2 * counted(bench, STAT_syscalls));
    assert_true(counted(bench, STAT_signals) == 0);
}

/* A buffer that ends in the middle: what fits is moved, as Linux does. */
static void short_buffers(void **state) {
    struct bench *bench = *state;
    struct kernel *k = bench->k;
    assert_true(mm_munmap(bench->task->mm, bench->buffer + 8192, 4096) == 0);
    assert_true(sys_read(k, bench->file, bench->buffer + 4096 + 100, 8192) == 4096 - 100);
    assert_true(bench->file->position == 4096 - 100);
    bench->file->position = 0;
    assert_true(sys_write(k, bench->file, bench->buffer + 4096 + 100, 8192) == 4096 - 100);
    assert_true(sys_send(k, &bench->socket, bench->buffer + 8191, 2) == 1);
    assert_true(mm_mprotect(bench->task->mm, bench->buffer, 4096, VM_READ) == 0);
    assert_true(sys_read(k, bench->file, bench->buffer, 10) == -EFAULT);
}

/* copy_from_user() of what a child has not written sees the parent's; writes do not reach it. */
static void copies_respect_copy_on_write(void **state) {
    struct bench *bench = *state;
    struct kernel *k = bench->k;
    char text[16] = "parent";
    assert_true(copy_to_user(k, bench->buffer, text, sizeof text) == 0);
    struct task_struct *child = do_fork(k, bench->task);
    assert_non_null(child);
    switch_mm(k, child);
    assert_true(copy_from_user(k, text, bench->buffer, sizeof text) == 0);
    assert_string_equal(text, "parent");
    assert_true(copy_to_user(k, bench->buffer, "child", 6) == 0);
    check_all(k);
    switch_mm(k, bench->task);
    assert_true(copy_from_user(k, text, bench->buffer, sizeof text) == 0);
    assert_string_equal(text, "parent");
    do_exit(k, child);
    task_reap(k, child);
}

/* The DMA engine over the border of frames, and into what is not memory. */
static void dma(void **state) {
    struct bench *bench = *state;
    struct kernel *k = bench->k;
    struct page *page = alloc_pages(k, GFP_KERNEL | GFP_COMP, 1);
    uint8_t out[5000], in[5000];
    uint64_t pa = page_to_phys(k, page) + 2000;
    for (size_t i = 0; i < sizeof out; i++)
        out[i] = ram_file_byte(i);
    assert_true(dma_to_memory(k, pa, out, sizeof out) == 0);
    assert_true(dma_from_memory(k, pa, in, sizeof in) == 0);
    assert_memory_equal(in, out, sizeof in);
    put_page(k, page);
    assert_true(physmem_add_error(bench->machine.memory, 0x1000, 0x2000));
    start_counting(bench);
    assert_true(dma_to_memory(k, 0x1000, out, 10) == -EIO);
    assert_true(dma_from_memory(k, 0x0fff, in, 10) == -EIO);
    assert_true(counted(bench, STAT_dma_transfers) == 0);
}

#define TEST(name)      cmocka_unit_test_setup_teardown(name, setup, teardown)
#define TEST_SV32(name) cmocka_unit_test_setup_teardown(name, setup_sv32, teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(one_page_by_read_and_write),
        TEST(read_write_loop),
        TEST_SV32(read_write_loop),
        TEST(by_mmap),
        TEST_SV32(by_mmap),
        TEST(by_sendfile),
        TEST(as_many_calls_as_linux),
        TEST(example_program),
        TEST_SV32(example_program),
        TEST(odd_reads),
        TEST_SV32(odd_reads),
        TEST(odd_writes),
        TEST(whole_pages_are_not_read),
        TEST(mappings_and_calls_agree),
        TEST(write_of_own_mapping),
        TEST(refusals),
        TEST(short_buffers),
        TEST(copies_respect_copy_on_write),
        TEST(dma),
    };
    return RUN(tests);
}
