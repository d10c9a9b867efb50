/*
 * Runs a workload on the kernel of this machine and prints a line for every mark.
 *
 * usage: native WORKLOAD [DIRECTORY]     files are made in DIRECTORY (default: .)
 *
 * What the runner itself does to its address space must not be seen. So: it is linked statically at
 * a fixed address and runs without address randomisation; between marks it uses system calls and
 * memory of its own only; every page of that it has touched before; and what fork does to these
 * pages (copy-on-write on both sides, file mappings without tables in the child) it makes good at
 * once, and takes the faults of that out of the count (settle()).
 *
 * The processes of a workload go by turns: each executes its own statements when `turn`, in shared
 * memory, has come to their number.
 */
#define _GNU_SOURCE
#include "workload.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ  22
#define MADV_POPULATE_WRITE 23
#endif
#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25
#endif

#define TURN_FAILED UINT32_MAX
#define OWN_RANGES  32

/* Shared by all processes of the workload. */
struct shared {
    uint32_t turn;  /* number of the statement to be executed, or TURN_FAILED */
    uint32_t ready; /* forked children that have settled */
    struct figures figures[WORKLOAD_STATEMENTS];
};

/* Private to each process, but for what fork copies. */
struct runner {
    struct workload workload;
    struct shared *shared;
    const char *path;
    unsigned me;
    pid_t child[WORKLOAD_PROCESSES];
    int file[WORKLOAD_FILES];
    struct figures base, now; /* now: as the kernel says */
    struct {
        uint64_t start, end;
        bool writable;
    } own[OWN_RANGES]; /* the runner's memory */
    unsigned owned;
    char text[8192]; /* of /proc/self files */
    const struct statement *statement;
};

static struct runner runner;

static _Noreturn void stop(const char *what, const char *why) {
    char text[300];
    int n = snprintf(text, sizeof text, "%s:%u: %s: %s\n", runner.path,
                     runner.statement ? runner.statement->line : 0, what, why);
    if (write(STDERR_FILENO, text, (size_t)n) < 0 || !runner.shared)
        _exit(1);
    __atomic_store_n(&runner.shared->turn, TURN_FAILED, __ATOMIC_SEQ_CST);
    syscall(SYS_futex, &runner.shared->turn, FUTEX_WAKE, INT32_MAX, NULL, NULL, 0);
    _exit(1);
}

static void check(bool done, const char *what) {
    if (!done)
        stop(what, strerror(errno));
}

static void on_signal(int signal) {
    stop("signal", signal == SIGBUS ? "SIGBUS" : "SIGSEGV");
}

/* ---- What the kernel counts */

static int64_t field(const char *name) {
    const char *at = strstr(runner.text, name);
    if (!at)
        stop("/proc/self/status", name);
    int64_t value = 0;
    for (at += strcspn(at, "0123456789"); *at >= '0' && *at <= '9'; at++)
        value = value * 10 + *at - '0';
    return value;
}

static void read_proc(const char *path) {
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    check(fd >= 0, path);
    size_t used = 0;
    ssize_t n;
    while ((n = read(fd, runner.text + used, sizeof runner.text - 1 - used)) > 0)
        used += (size_t)n;
    check(n == 0, path);
    if (used == sizeof runner.text - 1)
        stop(path, "too long");
    runner.text[used] = 0;
    close(fd);
}

static void count_faults(void) {
    static struct rusage usage;
    check(getrusage(RUSAGE_SELF, &usage) == 0, "getrusage");
    runner.now.minor = usage.ru_minflt;
    runner.now.major = usage.ru_majflt;
}

static void count_memory(void) {
    read_proc("/proc/self/status");
    runner.now.vmpte = field("\nVmPTE:");
    runner.now.anon = field("\nRssAnon:");
    runner.now.file = field("\nRssFile:");
    runner.now.shmem = field("\nRssShmem:");
    read_proc("/proc/self/maps");
    runner.now.vmas = 0;
    for (const char *at = runner.text; (at = strchr(at, '\n')); at++)
        runner.now.vmas++;
}

/* ---- The runner's own memory */

/* Every page of the runner's is touched, written if it can be. */
static void settle(void) {
    for (unsigned i = 0; i < runner.owned; i++)
        for (uint64_t va = runner.own[i].start; va < runner.own[i].end; va += PAGE_BYTES) {
            volatile char *byte = (volatile char *)va;
            char value = *byte;
            if (runner.own[i].writable)
                *byte = value;
        }
}

/* Learns what is mapped. vvar and vsyscall are the kernel's own and cannot be read as memory. */
static void find_own(void) {
    read_proc("/proc/self/maps");
    runner.owned = 0;
    for (char *line = runner.text; *line;) {
        char *end = line + strcspn(line, "\n");
        uint64_t start = strtoull(line, &line, 16);
        uint64_t stop_at = strtoull(line + 1, &line, 16);
        bool readable = line[1] == 'r', writable = line[2] == 'w';
        char saved = *end;
        *end = 0;
        bool special = strstr(line, "[vvar") || strstr(line, "[vsyscall");
        *end = saved;
        if (readable && !special) {
            if (runner.owned == OWN_RANGES)
                stop("/proc/self/maps", "too many mappings");
            runner.own[runner.owned].start = start;
            runner.own[runner.owned].end = stop_at;
            runner.own[runner.owned++].writable = writable;
        }
        line = *end ? end + 1 : end;
    }
}

/* ---- Turns */

/* Waits while *word is `value`, for at most 60 s in all. */
static void wait_while(uint32_t *word, uint32_t value) {
    static const struct timespec limit = {.tv_sec = 60};
    while (__atomic_load_n(word, __ATOMIC_SEQ_CST) == value)
        if (syscall(SYS_futex, word, FUTEX_WAIT, value, &limit, NULL, 0) < 0 && errno == ETIMEDOUT)
            stop("wait", "another process of the workload does not answer");
}

static void set_word(uint32_t *word, uint32_t value) {
    __atomic_store_n(word, value, __ATOMIC_SEQ_CST);
    syscall(SYS_futex, word, FUTEX_WAKE, INT32_MAX, NULL, NULL, 0);
}

static void wait_turn(unsigned number) {
    uint32_t turn;
    while ((turn = __atomic_load_n(&runner.shared->turn, __ATOMIC_SEQ_CST)) != number) {
        if (turn == TURN_FAILED)
            _exit(1);
        wait_while(&runner.shared->turn, turn);
    }
}

/* ---- Statements */

static void run_touch(const struct statement *touch) {
    uint64_t state = 0;
    for (uint64_t i = 0; i < touch->count; i++) {
        volatile uint64_t *word = (volatile uint64_t *)touch_address(touch, i, &state);
        if (touch->write)
            *word = i + 1;
        else
            (void)*word;
    }
}

static int protection(unsigned rights) {
    return (rights & RIGHT_READ ? PROT_READ : 0) | (rights & RIGHT_WRITE ? PROT_WRITE : 0);
}

static void run_map(const struct statement *map) {
    bool shared = map->backing == BACKING_SHARED || map->backing == BACKING_FILE_SHARED;
    bool file = map->backing == BACKING_FILE_PRIVATE || map->backing == BACKING_FILE_SHARED;
    int flags = MAP_FIXED_NOREPLACE | (shared ? MAP_SHARED : MAP_PRIVATE) |
                (file ? 0 : MAP_ANONYMOUS) | (map->populate ? MAP_POPULATE : 0);
    void *at = mmap((void *)map->address, map->length, protection(map->rights), flags,
                    file ? runner.file[map->file] : -1, (off_t)map->file_offset);
    check(at == (void *)map->address, "mmap");
}

static void run_mremap(const struct statement *remap) {
    int flags = remap->to ? MREMAP_MAYMOVE | MREMAP_FIXED : 0;
    uint64_t wanted = remap->to ? remap->to : remap->address;
    void *at = mremap((void *)remap->address, remap->length, remap->new_length, flags, remap->to);
    check(at == (void *)wanted, "mremap");
}

static void run_madvise(const struct statement *advise) {
    static const int advice[] = {
        [ADVICE_DONTNEED] = MADV_DONTNEED,
        [ADVICE_POPULATE_READ] = MADV_POPULATE_READ,
        [ADVICE_POPULATE_WRITE] = MADV_POPULATE_WRITE,
        [ADVICE_HUGEPAGE] = MADV_HUGEPAGE,
        [ADVICE_NOHUGEPAGE] = MADV_NOHUGEPAGE,
        [ADVICE_COLLAPSE] = MADV_COLLAPSE,
        [ADVICE_COLD] = MADV_COLD,
    };
    check(madvise((void *)advise->address, advise->length, advice[advise->advice]) == 0, "madvise");
}

/* The C library's malloc is not told: it is used no more. */
static void run_brk(const struct statement *brk) {
    uint64_t wanted = (uint64_t)syscall(SYS_brk, 0) + (uint64_t)brk->change;
    if ((uint64_t)syscall(SYS_brk, wanted) != wanted)
        stop("brk", "refused");
}

static void run_fork(const struct statement *fork_statement) {
    count_faults();
    struct figures before = runner.now;
    uint32_t ready = runner.shared->ready;
    pid_t pid = fork();
    settle();
    count_faults();
    if (pid == 0) {
        runner.me = fork_statement->child;
        runner.base.minor = runner.now.minor;
        runner.base.major = runner.now.major;
        set_word(&runner.shared->ready, ready + 1);
        return;
    }
    check(pid > 0, "fork");
    wait_while(&runner.shared->ready, ready);
    runner.child[fork_statement->child] = pid;
    runner.base.minor += runner.now.minor - before.minor;
    runner.base.major += runner.now.major - before.major;
}

static void run_mark(unsigned number) {
    count_faults();
    count_memory();
    const struct figures *now = &runner.now, *base = &runner.base;
    runner.shared->figures[number] = (struct figures){
        now->minor - base->minor, now->major - base->major, now->vmpte - base->vmpte,
        now->anon - base->anon,   now->file - base->file,   now->shmem - base->shmem,
        now->vmas - base->vmas};
}

static void run_statement(unsigned number) {
    const struct statement *s = &runner.workload.statement[number];
    switch (s->operation) {
    case OP_MAP:
        run_map(s);
        break;
    case OP_TOUCH:
        run_touch(s);
        break;
    case OP_MUNMAP:
        check(munmap((void *)s->address, s->length) == 0, "munmap");
        break;
    case OP_MPROTECT:
        check(mprotect((void *)s->address, s->length, protection(s->rights)) == 0, "mprotect");
        break;
    case OP_MREMAP:
        run_mremap(s);
        break;
    case OP_MADVISE:
        run_madvise(s);
        break;
    case OP_MLOCK:
        check(mlock((void *)s->address, s->length) == 0, "mlock");
        break;
    case OP_MUNLOCK:
        check(munlock((void *)s->address, s->length) == 0, "munlock");
        break;
    case OP_BRK:
        run_brk(s);
        break;
    case OP_FORK:
        run_fork(s);
        break;
    case OP_EXIT:
        _exit(0);
    case OP_MARK:
        run_mark(number);
        break;
    }
}

/* Another's statement, but of a child that exits the parent sees the end and passes the turn on. */
static void see_exit(const struct statement *statement, unsigned number) {
    if (statement->operation != OP_EXIT ||
        runner.workload.process[statement->process].parent != runner.me)
        return;
    wait_turn(number);
    int status;
    check(waitpid(runner.child[statement->process], &status, 0) > 0, "waitpid");
    if (status)
        stop("exit", "the child failed");
    set_word(&runner.shared->turn, number + 1);
}

static void run(void) {
    for (unsigned i = 0; i < runner.workload.statements; i++) {
        const struct statement *statement = &runner.workload.statement[i];
        if (statement->process != runner.me) {
            see_exit(statement, i);
            continue;
        }
        wait_turn(i);
        runner.statement = statement;
        unsigned was = runner.me;
        run_statement(i);
        if (runner.me == was)
            set_word(&runner.shared->turn, i + 1);
    }
}

/* ---- Preparation */

/* Fills a file and writes it out, so that no write-back comes between; it has no name. */
static void make_file(unsigned number, const char *directory) {
    static char buffer[1 << 20], path[4096];
    snprintf(path, sizeof path, "%s/host-file-XXXXXX", directory);
    int fd = mkstemp(path);
    check(fd >= 0, path);
    unlink(path);
    uint64_t bytes = runner.workload.file[number].bytes, chunk = runner.workload.file[number].chunk;
    memset(buffer, 'x', sizeof buffer);
    for (uint64_t done = 0; done < bytes; done += chunk) {
        size_t n = bytes - done < chunk ? bytes - done : chunk;
        check(write(fd, buffer, n) == (ssize_t)n, "write");
    }
    check(fsync(fd) == 0, "fsync");
    runner.file[number] = fd;
}

static void start_without_randomisation(char **arguments) {
    int now = personality(0xffffffff);
    if (now >= 0 && now & ADDR_NO_RANDOMIZE)
        return;
    static char *const environment[] = {NULL};
    check(now >= 0 && personality((unsigned)now | ADDR_NO_RANDOMIZE) >= 0, "personality");
    execve("/proc/self/exe", arguments, environment);
    stop("execve", strerror(errno));
}

static void prepare(const char *directory) {
    for (unsigned i = 0; i < runner.workload.files; i++)
        make_file(i, directory);
    check(prctl(PR_SET_THP_DISABLE, !runner.workload.thp, 0, 0, 0) == 0, "prctl");
    const struct sigaction action = {.sa_handler = on_signal};
    sigaction(SIGSEGV, &action, NULL);
    sigaction(SIGBUS, &action, NULL);
    runner.shared = mmap(NULL, sizeof *runner.shared, PROT_READ | PROT_WRITE,
                         MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    check(runner.shared != MAP_FAILED, "mmap");
    find_own();
    if ((uint64_t)syscall(SYS_brk, WORKLOAD_HEAP) != WORKLOAD_HEAP)
        stop("brk", "the heap cannot be brought to its place");
    settle();
    count_faults();
    count_memory();
    settle();
    count_memory();
    count_faults();
    runner.base = runner.now;
}

int main(int arguments, char **argument) {
    static char text[400];
    if (arguments < 2 || arguments > 3) {
        dprintf(STDERR_FILENO, "usage: native WORKLOAD [DIRECTORY]\n");
        return 2;
    }
    runner.path = argument[1];
    start_without_randomisation(argument);
    if (!workload_read(argument[1], &runner.workload, text, sizeof text)) {
        dprintf(STDERR_FILENO, "%s\n", text);
        return 2;
    }
    prepare(arguments > 2 ? argument[2] : ".");
    run();
    for (unsigned i = 0; i < runner.workload.statements; i++) {
        const struct statement *statement = &runner.workload.statement[i];
        if (statement->operation != OP_MARK)
            continue;
        figures_text(&runner.workload, statement, &runner.shared->figures[i], text, sizeof text);
        dprintf(STDOUT_FILENO, "%s\n", text);
    }
    return 0;
}
