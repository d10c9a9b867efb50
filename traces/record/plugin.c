/*
 * QEMU TCG plugin: sends what the guest program references through a pipe (stream.h).
 * Arguments: fd=N, form=pages|exact, skip=N and limit=N references (limit 0: none).
 *
 * Instructions are counted a translation block's page part at a time, before the first of them
 * runs; data references one by one. Both have a fast path: the page where the stream already is.
 */
#define _GNU_SOURCE
#include "page_run.h"
#include "qemu_plugin_api.h"
#include "stream.h"
#include "types.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum {
    PAGE_SHIFT = 12,
    PAGE_OFFSET = PAGE_BYTES - 1,
    WIDEST = 64,          /* bytes; nothing in the guest is wider */
    LONGEST = 15,         /* bytes of an x86 instruction */
    BUFFER_WORDS = 32768, /* 256 KiB */
    NEAR_LIMIT = 8192,    /* references; more than two blocks' worth */
    COUNT_BITS = 12,      /* of a segment's instruction count, below its page number */
    SIZE_BITS = 8,        /* of an instruction's length, below its address */
    HIGHEST_FD = 1 << 20, /* of descriptors that the kernel can be asked for */
    FALLBACK_FD = 100,    /* where the program's limit is of no help */
};

static struct {
    struct page_run run[PORTS];
    uint32_t cap[PORTS]; /* repeats from which on the slow path must look */
    bool threaded;       /* a second vcpu exists: everything takes the lock */
    bool recording;      /* off in forked children and after the end */
    bool exact;
    uint64_t skip; /* references still to be passed over */
    uint64_t left; /* until the limit, without the runs' repeats */
    unsigned vcpus;
    int fd;
    int64_t execve[2]; /* numbers of the guest's system calls */
    size_t used;
    uint64_t buffer[BUFFER_WORDS];
} state = {.recording = true, .left = UINT64_MAX, .fd = -1};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static void flush_buffer(void) {
    const char *at = (const char *)state.buffer;
    size_t left = state.used * sizeof *state.buffer;
    while (left) {
        ssize_t wrote = write(state.fd, at, left);
        if (wrote < 0 && errno == EINTR)
            continue;
        if (wrote <= 0)
            _exit(127); /* the recorder is gone, and with it the reason to run */
        at += wrote;
        left -= (size_t)wrote;
    }
    state.used = 0;
}

static void put(uint64_t word) {
    state.buffer[state.used++] = word;
    if (state.used == BUFFER_WORDS)
        flush_buffer();
}

static void put_repeats(void) {
    for (int port = 0; port < PORTS; port++) {
        struct page_run *run = &state.run[port];
        if (!run->repeat)
            continue;
        put((uint64_t)run->repeat << STREAM_REPEAT_SHIFT |
            (port == PORT_I ? STREAM_REPEAT_I : STREAM_REPEAT_D));
        state.left -= run->repeat;
        run->repeat = 0;
    }
}

static void finish(void) {
    put_repeats();
    put(STREAM_END);
    flush_buffer();
    state.recording = false;
}

/* References that may still be recorded. */
static uint64_t remaining(void) {
    return state.left - state.run[PORT_I].repeat - state.run[PORT_D].repeat;
}

/* How far the fast paths may count until the limit has to be looked at again. */
static void set_caps(void) {
    uint64_t step = remaining() / 2;
    for (int port = 0; port < PORTS; port++) {
        uint64_t cap = state.run[port].repeat + step;
        if (step < NEAR_LIMIT)
            cap = 0;
        state.cap[port] = cap < PAGE_RUN_MAX ? (uint32_t)cap : PAGE_RUN_MAX;
    }
}

/* Of `count` references those that are to be recorded; the rest is skipped or behind the limit. */
static uint32_t admit(uint32_t count) {
    uint64_t skipped = count < state.skip ? count : state.skip;
    state.skip -= skipped;
    count -= (uint32_t)skipped;
    uint64_t most = remaining();
    return count < most ? count : (uint32_t)most;
}

/* The limit is reached: the program has served its purpose. */
static void stop_at_limit(void) {
    if (remaining())
        return;
    finish();
    _exit(0);
}

/* `count` references of one access type to a page, the first of which may be a second half. */
static void touch(enum access_type access, uint64_t page, uint32_t count, bool continued) {
    enum port port = access == ACCESS_EXECUTE ? PORT_I : PORT_D;
    struct page_run *run = &state.run[port];
    bool store = access == ACCESS_WRITE;
    if (continued || page_run_breaks(run, page, store)) {
        put(page << STREAM_PAGE_SHIFT | (uint64_t)run->repeat << STREAM_REPEAT_SHIFT |
            (continued ? STREAM_CONTINUED : 0) | (uint64_t)access);
        state.left -= run->repeat + (continued ? 0u : 1u);
        page_run_start(run, page, store);
        count--;
    }
    run->repeat += count;
    if (run->repeat >= PAGE_RUN_MAX)
        put_repeats();
}

static void put_exact(enum access_type access, uint64_t va, unsigned bytes) {
    put(va << STREAM_VA_SHIFT | (uint64_t)bytes << STREAM_SIZE_SHIFT | (uint64_t)access);
    state.left--;
}

/* All references that no fast path took. `count` is 1 unless they are fetches on one page. */
static void slow_locked(enum access_type access, uint64_t va, unsigned bytes, uint32_t count) {
    if (!state.recording || !(count = admit(count)))
        return;
    uint64_t page = va >> PAGE_SHIFT, last = (va + bytes - 1) >> PAGE_SHIFT;
    if (state.exact) {
        put_exact(access, va, bytes);
    } else {
        touch(access, page, count, false);
        if (last != page)
            touch(access, last, 1, true);
    }
    set_caps();
    stop_at_limit();
}

static void __attribute__((noinline))
slow(enum access_type access, uint64_t va, unsigned bytes, uint32_t count) {
    if (!state.threaded) {
        slow_locked(access, va, bytes, count);
        return;
    }
    if (!state.recording)
        return; /* a forked child may have inherited the lock held */
    pthread_mutex_lock(&lock);
    slow_locked(access, va, bytes, count);
    pthread_mutex_unlock(&lock);
}

/* The reference stays on the page where its stream is, and the run is not too long. */
static inline bool fast(enum port port, uint64_t page, bool store, uint32_t count) {
    struct page_run *run = &state.run[port];
    if (page_run_breaks(run, page, store) || state.threaded ||
        run->repeat + count >= state.cap[port])
        return false;
    run->repeat += count;
    return true;
}

static inline void on_data(enum access_type access, qemu_plugin_meminfo_t info, uint64_t va) {
    bool near_end = (va & PAGE_OFFSET) > PAGE_BYTES - WIDEST;
    if (!near_end && fast(PORT_D, va >> PAGE_SHIFT, access == ACCESS_WRITE, 1))
        return;
    slow(access, va, near_end || state.exact ? 1u << qemu_plugin_mem_size_shift(info) : 1, 1);
}

static void on_load(unsigned vcpu, qemu_plugin_meminfo_t info, uint64_t va, void *userdata) {
    (void)vcpu, (void)userdata;
    on_data(ACCESS_READ, info, va);
}

static void on_store(unsigned vcpu, qemu_plugin_meminfo_t info, uint64_t va, void *userdata) {
    (void)vcpu, (void)userdata;
    on_data(ACCESS_WRITE, info, va);
}

/* Instructions of a block on one page; userdata: page number and their count. */
static void on_segment(unsigned vcpu, void *userdata) {
    (void)vcpu;
    uint64_t packed = (uintptr_t)userdata, page = packed >> COUNT_BITS;
    uint32_t count = packed & ((1u << COUNT_BITS) - 1);
    if (!fast(PORT_I, page, false, count))
        slow(ACCESS_EXECUTE, page << PAGE_SHIFT, 1, count);
}

/* The second page of an instruction that crosses; userdata: its page number. */
static void on_crossing(unsigned vcpu, void *userdata) {
    (void)vcpu;
    if (!state.recording)
        return;
    if (state.threaded)
        pthread_mutex_lock(&lock);
    if (state.recording && !state.skip && state.run[PORT_I].page != PAGE_RUN_NONE) {
        touch(ACCESS_EXECUTE, (uintptr_t)userdata, 1, true);
        set_caps();
    }
    if (state.threaded)
        pthread_mutex_unlock(&lock);
}

/* One instruction; userdata: address and length. */
static void on_instruction(unsigned vcpu, void *userdata) {
    (void)vcpu;
    uint64_t packed = (uintptr_t)userdata;
    slow(ACCESS_EXECUTE, packed >> SIZE_BITS, packed & ((1u << SIZE_BITS) - 1), 1);
}

/* Guest addresses are canonical; 48 bits say all. */
static uint64_t low48(uint64_t va) {
    return va & ((UINT64_C(1) << 48) - 1);
}

static void call_at(struct qemu_plugin_insn *insn, qemu_plugin_vcpu_udata_cb *cb, uint64_t data) {
    qemu_plugin_register_vcpu_insn_exec_cb(insn, cb, QEMU_PLUGIN_CB_NO_REGS,
                                           (void *)(uintptr_t)data);
}

/* Instructions from `first` on that start on the same page; returns the one behind them. */
static size_t instrument_segment(const struct qemu_plugin_tb *tb, size_t first, size_t n) {
    struct qemu_plugin_insn *start = qemu_plugin_tb_get_insn(tb, first), *last = start;
    uint64_t page = low48(qemu_plugin_insn_vaddr(start)) >> PAGE_SHIFT;
    size_t end = first + 1;
    for (; end < n && end - first < (1u << COUNT_BITS) - 1; end++) {
        struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, end);
        if (low48(qemu_plugin_insn_vaddr(insn)) >> PAGE_SHIFT != page)
            break;
        last = insn;
    }
    call_at(start, on_segment, page << COUNT_BITS | (end - first));
    uint64_t va = low48(qemu_plugin_insn_vaddr(last));
    uint64_t last_page = (va + qemu_plugin_insn_size(last) - 1) >> PAGE_SHIFT;
    if (last_page != page)
        call_at(last, on_crossing, last_page);
    return end;
}

/*
 * QEMU ends an x86 block before an instruction that crosses the page, but still lists that
 * instruction as the block's last. Its callbacks never run, so one that may cross is counted by
 * itself.
 */
static size_t instructions_surely(const struct qemu_plugin_tb *tb, size_t n) {
    uint64_t va = qemu_plugin_insn_vaddr(qemu_plugin_tb_get_insn(tb, n - 1));
    return n > 1 && (va & PAGE_OFFSET) > PAGE_BYTES - LONGEST ? n - 1 : n;
}

static void instrument_segments(const struct qemu_plugin_tb *tb, size_t n) {
    size_t surely = instructions_surely(tb, n);
    for (size_t i = 0; i < surely;)
        i = instrument_segment(tb, i, surely);
    if (surely < n)
        instrument_segment(tb, surely, n);
}

static void on_translation(qemu_plugin_id_t id, struct qemu_plugin_tb *tb) {
    (void)id;
    size_t n = qemu_plugin_tb_n_insns(tb);
    if (n && !state.exact)
        instrument_segments(tb, n);
    for (size_t i = 0; i < n; i++) {
        struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);
        if (state.exact)
            call_at(insn, on_instruction,
                    low48(qemu_plugin_insn_vaddr(insn)) << SIZE_BITS | qemu_plugin_insn_size(insn));
        qemu_plugin_register_vcpu_mem_cb(insn, on_load, QEMU_PLUGIN_CB_NO_REGS, QEMU_PLUGIN_MEM_R,
                                         NULL);
        qemu_plugin_register_vcpu_mem_cb(insn, on_store, QEMU_PLUGIN_CB_NO_REGS, QEMU_PLUGIN_MEM_W,
                                         NULL);
    }
}

/* Runs on the parent's thread before the new one does. */
static void on_vcpu(qemu_plugin_id_t id, unsigned vcpu) {
    (void)id, (void)vcpu;
    if (__atomic_add_fetch(&state.vcpus, 1, __ATOMIC_RELAXED) > 1)
        state.threaded = true;
}

static void on_syscall(qemu_plugin_id_t id, unsigned vcpu, int64_t number, uint64_t a1, uint64_t a2,
                       uint64_t a3, uint64_t a4, uint64_t a5, uint64_t a6, uint64_t a7,
                       uint64_t a8) {
    (void)id, (void)vcpu, (void)a1, (void)a2, (void)a3, (void)a4, (void)a5, (void)a6, (void)a7,
        (void)a8;
    if (number != state.execve[0] && number != state.execve[1])
        return;
    if (!state.recording)
        return;
    pthread_mutex_lock(&lock);
    put(STREAM_EXEC);
    flush_buffer();
    pthread_mutex_unlock(&lock);
}

static void on_exit_program(qemu_plugin_id_t id, void *userdata) {
    (void)id, (void)userdata;
    if (!state.recording)
        return;
    pthread_mutex_lock(&lock);
    if (state.recording)
        finish();
    pthread_mutex_unlock(&lock);
}

static void in_child(void) {
    if (!state.recording)
        return;
    state.recording = false;
    close(state.fd);
}

/* The lowest free descriptor from `least` on, closed when something is executed; -1: none. */
static int duplicate(int fd, rlim_t least) {
    return least < HIGHEST_FD ? fcntl(fd, F_DUPFD_CLOEXEC, (int)least) : -1;
}

/*
 * Out of the way of programs that close every descriptor they may have: behind their limit, which
 * stays what it was, or as high as can be.
 */
static void move_stream(int fd) {
    struct rlimit limit;
    if (fd < 0 || getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return;
    struct rlimit wider = limit;
    wider.rlim_cur += 16;
    if (wider.rlim_max < wider.rlim_cur)
        wider.rlim_max = wider.rlim_cur;
    if (setrlimit(RLIMIT_NOFILE, &wider) == 0) {
        state.fd = duplicate(fd, limit.rlim_cur);
        setrlimit(RLIMIT_NOFILE, &limit);
    }
    if (state.fd < 0)
        state.fd = duplicate(fd, limit.rlim_cur - 1);
    if (state.fd < 0)
        state.fd = duplicate(fd, FALLBACK_FD);
    if (state.fd >= 0)
        close(fd);
}

static bool read_arguments(int argc, char **argv) {
    int fd = -1;
    for (int i = 0; i < argc; i++) {
        const char *value = strchr(argv[i], '=');
        if (!value++)
            return false;
        if (strncmp(argv[i], "fd=", 3) == 0)
            fd = atoi(value);
        else if (strncmp(argv[i], "form=", 5) == 0)
            state.exact = strcmp(value, "exact") == 0;
        else if (strncmp(argv[i], "skip=", 5) == 0)
            state.skip = strtoull(value, NULL, 10);
        else if (strncmp(argv[i], "limit=", 6) == 0 && strcmp(value, "0") != 0)
            state.left = strtoull(value, NULL, 10);
    }
    move_stream(fd);
    return state.fd >= 0;
}

__attribute__((visibility("default"))) int qemu_plugin_version = QEMU_PLUGIN_VERSION;

__attribute__((visibility("default"))) int
qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t *info, int argc, char **argv) {
    if (info->system_emulation || !read_arguments(argc, argv))
        return -1;
    bool i386 = strcmp(info->target_name, "i386") == 0;
    state.execve[0] = i386 ? 11 : 59;
    state.execve[1] = i386 ? 358 : 322;
    for (int port = 0; port < PORTS; port++)
        state.run[port].page = PAGE_RUN_NONE;
    set_caps();
    put(STREAM_HELLO);
    flush_buffer();
    pthread_atfork(NULL, NULL, in_child);
    qemu_plugin_register_vcpu_init_cb(id, on_vcpu);
    qemu_plugin_register_vcpu_tb_trans_cb(id, on_translation);
    qemu_plugin_register_vcpu_syscall_cb(id, on_syscall);
    qemu_plugin_register_atexit_cb(id, on_exit_program, NULL);
    return 0;
}
