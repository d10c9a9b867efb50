/*
 * The scenario of files (S14): sending a file by read and write, by mmap, by sendfile, with every
 * switch and copy counted where it happens; and the example program that prints through a mapping.
 */
#include "scenarios.h"

#include "mm/filemap.h"
#include "mm/fork.h"
#include "mm/mmap.h"
#include "mm/page_alloc.h"
#include "mm/transfer.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

/* A real file on the host. */
static int64_t host_read(void *context, uint64_t offset, void *bytes, size_t n) {
    ssize_t got = pread(*(const int *)context, bytes, n, (off_t)offset);
    return got < 0 ? -errno : got;
}

static int64_t host_write(void *context, uint64_t offset, const void *bytes, size_t n) {
    ssize_t put = pwrite(*(const int *)context, bytes, n, (off_t)offset);
    return put < 0 ? -errno : put;
}

static const struct file_operations host_file = {host_read, host_write};

/* What went over the wire, against what the file holds. */
struct wire {
    uint64_t bytes;
    bool wrong;
};

static uint8_t file_byte(uint64_t offset) {
    return (uint8_t)(offset * 167 + (offset >> 12));
}

static void receive(void *context, const void *bytes, size_t n) {
    struct wire *wire = context;
    for (size_t i = 0; i < n; i++)
        wire->wrong |= ((const uint8_t *)bytes)[i] != file_byte(wire->bytes + i);
    wire->bytes += n;
}

struct tally {
    uint64_t calls, switches, cpu_bytes, dma_bytes, faults;
};

static struct tally count(const struct kernel *k) {
    return (struct tally){k->stat[STAT_syscalls], k->stat[STAT_mode_switches],
                          k->stat[STAT_cpu_copy_bytes], k->stat[STAT_dma_bytes],
                          k->stat[STAT_pgfault]};
}

enum way { WAY_READ_WRITE, WAY_MMAP, WAY_SENDFILE, WAYS };
static const char *const way_name[WAYS] = {"read + write", "mmap + write", "sendfile"};

static int64_t send_by(struct kernel *k, enum way way, struct file *file, struct socket *socket,
                       uint64_t buffer, uint64_t piece) {
    switch (way) {
    case WAY_READ_WRITE:
        return transfer_read_write(k, file, socket, buffer, piece);
    case WAY_MMAP:
        return transfer_mmap(k, file, socket);
    case WAY_SENDFILE:
        return transfer_sendfile(k, file, socket, piece);
    case WAYS:
        break;
    }
    return -EINVAL;
}

static void compare_ways(struct stage *stage, int host, uint64_t size, uint64_t piece) {
    struct kernel *k = stage->k;
    uint64_t buffer = stage_map(stage, k->current, 0, piece);
    struct tally spent[WAYS];
    bool worked = buffer != 0;
    stage_say(stage,
              "%" PRIu64 " KiB in pieces of %" PRIu64 " KiB, the file not cached:", size >> 10,
              piece >> 10);
    stage_say(stage, "  %-14s %8s %9s %14s %14s %14s", "", "calls", "switches", "faults",
              "copied by CPU", "moved by DMA");
    for (enum way way = 0; way < WAYS && worked; way++) {
        struct wire wire = {0};
        struct socket socket = {&wire, receive};
        struct file *file = file_open(k, &host_file, &host, size, false);
        struct tally before = count(k), *s = &spent[way];
        worked = file && send_by(k, way, file, &socket, buffer, piece) == (int64_t)size;
        struct tally after = count(k);
        if (file)
            fput(file);
        *s = (struct tally){after.calls - before.calls, after.switches - before.switches,
                            after.cpu_bytes - before.cpu_bytes, after.dma_bytes - before.dma_bytes,
                            after.faults - before.faults};
        stage_say(stage,
                  "  %-14s %8" PRIu64 " %9" PRIu64 " %14" PRIu64 " %10" PRIu64 " KiB %10" PRIu64
                  " KiB",
                  way_name[way], s->calls, s->switches, s->faults, s->cpu_bytes >> 10,
                  s->dma_bytes >> 10);
        stage_check(stage, worked && wire.bytes == size && !wire.wrong, "%s: every byte arrived",
                    way_name[way]);
    }
    if (!stage_check(stage, worked, "all three ways work"))
        return;
    uint64_t pieces = size / piece;
    stage_check(stage,
                spent[0].switches == 4 * pieces && spent[0].cpu_bytes == 2 * size &&
                    spent[0].dma_bytes == 2 * size,
                "read + write: 4 switches a piece; 4 copies of each byte, 2 by CPU, 2 by DMA");
    stage_check(stage, spent[1].cpu_bytes == size && spent[1].dma_bytes == 2 * size,
                "mmap + write: the copy into the user buffer is gone");
    stage_check(stage, spent[2].switches == 2 * pieces && spent[2].cpu_bytes == 0,
                "sendfile: 2 switches a piece, no copy by the CPU");
    mm_munmap(k->current->mm, buffer, piece);
}

/*
 * The example program: open, extend by one byte, map PROT_READ MAP_PRIVATE, print through the
 * mapping, unmap. The bytes are loaded through both walkers.
 */
static void example(struct stage *stage, int host) {
    static const char text[] = "These bytes came through the mapping, translated by both MMUs.\n";
    struct kernel *k = stage->k;
    uint64_t size = sizeof text - 1;
    char seen[sizeof text + 16] = "";
    if (!stage_check(stage, ftruncate(host, 0) == 0 && pwrite(host, text, size, 0) == (ssize_t)size,
                     "a real file of %" PRIu64 " bytes", size))
        return;
    syscall_enter(k, CALL_OPEN);
    struct file *file = file_open(k, &host_file, &host, size, true);
    syscall_exit(k, CALL_OPEN);
    if (!stage_check(stage, file != NULL, "open()"))
        return;
    uint64_t buffer = stage_map(stage, k->current, 0, PAGE_BYTES);
    stage_store(stage, buffer, '!');
    stage_check(stage,
                sys_lseek(k, file, 0, SEEK_END) == (int64_t)size &&
                    sys_write(k, file, buffer, 1) == 1,
                "lseek() to the end and write() of one byte: it is longer now");
    syscall_enter(k, CALL_MMAP);
    int64_t at =
        mm_mmap(k->current->mm,
                &(struct mmap_request){.length = size + 1, .rights = VM_READ, .file = file});
    syscall_exit(k, CALL_MMAP);
    if (!stage_check(stage, at > 0, "mmap(PROT_READ, MAP_PRIVATE) at 0x%" PRIx64, (uint64_t)at))
        return fput(file);
    for (uint64_t i = 0; i < size + 1; i += 8) {
        uint64_t word = 0;
        if (stage_access(stage, (uint64_t)at + i, ACCESS_READ, &word) < 0)
            break;
        memcpy(seen + i, &word, 8);
    }
    stage_say(stage, "printed through the mapping:\n%.*s", (int)size + 1, seen);
    stage_check(stage, memcmp(seen, text, size) == 0 && seen[size] == '!',
                "they are the file's bytes, and the one it was extended by");
    syscall_enter(k, CALL_MUNMAP);
    stage_check(stage, mm_munmap(k->current->mm, (uint64_t)at, size + 1) == 0, "munmap()");
    syscall_exit(k, CALL_MUNMAP);
    syscall_enter(k, CALL_CLOSE);
    fput(file);
    syscall_exit(k, CALL_CLOSE);
    char last = 0;
    stage_check(stage, pread(host, &last, 1, (off_t)size) == 1 && last == '!',
                "close(): the new byte has reached the real file");
}

bool scenario_mmap(const struct scenario_options *options, FILE *out, const char **why) {
    const uint64_t size = 256 << 10;
    struct mm_config config;
    struct stage stage;
    FILE *file = tmpfile();
    if (!file) {
        *why = "a temporary file cannot be made";
        return false;
    }
    for (uint64_t i = 0; i < size; i++)
        putc(file_byte(i), file);
    fflush(file);
    int host = fileno(file);
    mm_config_default(&config, options->mode, UINT64_C(16) << 20);
    config.adue = options->adue;
    if (!stage_open(&stage, &config, out, why))
        return fclose(file), false;
    stage_title(&stage, "A file, read and written or mapped");
    struct task_struct *task = task_create(stage.k);
    stage_switch(&stage, task);
    if (stage_check(&stage, task != NULL, "a process")) {
        compare_ways(&stage, host, size, 4 << 10);
        compare_ways(&stage, host, size, 64 << 10);
        stage_title(&stage, "The example program");
        example(&stage, host);
    }
    bool held = stage_close(&stage);
    fclose(file);
    return held;
}
