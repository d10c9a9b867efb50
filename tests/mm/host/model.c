/*
 * Runs a workload on the memory manager and prints what native.c prints on a real kernel: Sv48 has
 * x86-64's four levels; every access goes through the model MMU (tests/mm/machine.h).
 *
 * usage: model [-a PAGES] [-r] [-t POLICY] WORKLOAD
 *   -a PAGES   fault-around, a power of two (16)
 *   -r         MADV_DONTNEED leaves empty PTE tables where they are (Linux before 6.14)
 *   -t POLICY  huge pages: never, madvise, always (as the workload says: never or madvise)
 */
#include "workload.h"

#include "../machine.h"
#include "mm/check.h"
#include "mm/context.h"
#include "mm/filemap.h"
#include "mm/fork.h"
#include "mm/layout.h"
#include "mm/mmap.h"
#include "mm/page_alloc.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MEMORY_BYTES (UINT64_C(1) << 30)

/* The program of the first process: a page each of code, data and bss. */
#define PROGRAM       UINT64_C(0x400000)
#define PROGRAM_DATA  (PROGRAM + PAGE_BYTES)
#define PROGRAM_STACK (UINT64_C(34) * PAGE_BYTES)

struct runner {
    struct workload workload;
    const char *path;
    struct test_machine machine;
    struct kernel *k;
    struct file *file[WORKLOAD_FILES];
    struct process {
        struct task_struct *task;
        struct figures base;
    } process[WORKLOAD_PROCESSES];
    const struct statement *statement;
};

__attribute__((format(printf, 2, 3))) static _Noreturn void stop(const struct runner *runner,
                                                                 const char *format, ...) {
    fprintf(stderr, "%s:%u: ", runner->path, runner->statement ? runner->statement->line : 0);
    va_list arguments;
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
    exit(1);
}

static void check(const struct runner *runner, int64_t result, const char *what) {
    if (result < 0)
        stop(runner, "%s: %s", what, strerror((int)-result));
}

/* ---- Files that hold one byte, again and again, and forget what is written */

static int64_t read_file(void *context, uint64_t offset, void *bytes, size_t n) {
    (void)context;
    (void)offset;
    memset(bytes, 'x', n);
    return (int64_t)n;
}

static int64_t write_file(void *context, uint64_t offset, const void *bytes, size_t n) {
    (void)context;
    (void)offset;
    (void)bytes;
    return (int64_t)n;
}

/* All of the file is in the page cache, clean, as after being written and synced. */
static void make_file(struct runner *runner, unsigned number) {
    static const struct file_operations operations = {read_file, write_file};
    uint64_t bytes = runner->workload.file[number].bytes;
    struct file *file = file_open(runner->k, &operations, NULL, bytes, true);
    if (!file)
        stop(runner, "file_open: no memory");
    for (uint64_t index = 0; index < bytes / PAGE_BYTES; index++) {
        bool major;
        int error;
        struct page *page = read_cache_page(file->inode, index, &major, &error);
        if (!page)
            stop(runner, "read_cache_page: %s", strerror(-error));
        put_page(runner->k, page);
    }
    runner->file[number] = file;
}

/* ---- What is counted */

static struct figures count(const struct task_struct *task) {
    const struct mm_struct *mm = task->mm;
    const uint64_t *rss = mm->rss;
    const int64_t page_kib = PAGE_BYTES / 1024;
    return (struct figures){.minor = (int64_t)task->min_flt,
                            .major = (int64_t)task->maj_flt,
                            .vmpte = (int64_t)(mm->pgtables_bytes / 1024),
                            .anon = (int64_t)rss[MM_ANONPAGES] * page_kib,
                            .file = (int64_t)rss[MM_FILEPAGES] * page_kib,
                            .shmem = (int64_t)rss[MM_SHMEMPAGES] * page_kib,
                            .vmas = (int64_t)mm->map_count};
}

/* ---- Statements */

static void access_word(struct runner *runner, uint64_t va, bool write, uint64_t value) {
    if (test_access(&runner->machine, runner->k, va, write ? ACCESS_WRITE : ACCESS_READ, &value) <
        0)
        stop(runner, "the access to 0x%llx got a signal", (unsigned long long)va);
}

static void run_touch(struct runner *runner, const struct statement *touch) {
    uint64_t state = 0;
    for (uint64_t i = 0; i < touch->count; i++)
        access_word(runner, touch_address(touch, i, &state), touch->write, i + 1);
}

static unsigned vm_rights(unsigned rights) {
    return (rights & RIGHT_READ ? VM_READ : 0) | (rights & RIGHT_WRITE ? VM_WRITE : 0);
}

static void run_map(struct runner *runner, struct mm_struct *mm, const struct statement *map) {
    bool shared = map->backing == BACKING_SHARED || map->backing == BACKING_FILE_SHARED;
    bool file = map->backing == BACKING_FILE_PRIVATE || map->backing == BACKING_FILE_SHARED;
    const struct mmap_request request = {
        .addr = map->address,
        .length = map->length,
        .rights = vm_rights(map->rights),
        .flags = MM_MAP_FIXED | MM_MAP_NOREPLACE | (shared ? MM_MAP_SHARED : 0) |
                 (map->populate ? MM_MAP_POPULATE : 0),
        .file = file ? runner->file[map->file] : NULL,
        .offset = map->file_offset,
    };
    check(runner, mm_mmap(mm, &request), "mmap");
}

static void run_mremap(struct runner *runner, struct mm_struct *mm, const struct statement *remap) {
    bool moves = remap->to != 0;
    check(runner,
          mm_mremap(mm, remap->address, remap->length, remap->new_length, moves, moves, remap->to),
          "mremap");
}

static void run_madvise(struct runner *runner, struct mm_struct *mm,
                        const struct statement *advise) {
    static const enum mm_advice advice[] = {
        [ADVICE_DONTNEED] = MADVISE_DONTNEED,
        [ADVICE_POPULATE_READ] = MADVISE_POPULATE_READ,
        [ADVICE_POPULATE_WRITE] = MADVISE_POPULATE_WRITE,
        [ADVICE_HUGEPAGE] = MADVISE_HUGEPAGE,
        [ADVICE_NOHUGEPAGE] = MADVISE_NOHUGEPAGE,
        [ADVICE_COLLAPSE] = MADVISE_COLLAPSE,
        [ADVICE_COLD] = MADVISE_COLD,
    };
    check(runner, mm_madvise(mm, advise->address, advise->length, advice[advise->advice]),
          "madvise");
}

static void run_brk(struct runner *runner, struct mm_struct *mm, const struct statement *brk) {
    uint64_t wanted = mm->brk + (uint64_t)brk->change;
    if (mm_brk(mm, wanted) != wanted)
        stop(runner, "brk: refused");
}

static void run_fork(struct runner *runner, const struct statement *fork) {
    struct process *parent = &runner->process[fork->process];
    struct process *child = &runner->process[fork->child];
    child->task = do_fork(runner->k, parent->task);
    if (!child->task)
        stop(runner, "fork: no memory");
    child->base = parent->base;
    child->base.minor = (int64_t)child->task->min_flt;
    child->base.major = (int64_t)child->task->maj_flt;
}

static void run_exit(struct runner *runner, struct process *process) {
    do_exit(runner->k, process->task);
    task_reap(runner->k, process->task);
    process->task = NULL;
}

static void run_mark(struct runner *runner, const struct process *process) {
    char text[400];
    const struct figures now = count(process->task), *base = &process->base;
    const struct figures since = {now.minor - base->minor, now.major - base->major,
                                  now.vmpte - base->vmpte, now.anon - base->anon,
                                  now.file - base->file,   now.shmem - base->shmem,
                                  now.vmas - base->vmas};
    figures_text(&runner->workload, runner->statement, &since, text, sizeof text);
    puts(text);
    const char *wrong = mm_check(runner->k, text, sizeof text);
    if (wrong)
        stop(runner, "the manager's structures: %s", wrong);
}

static void run_statement(struct runner *runner, const struct statement *s) {
    struct process *process = &runner->process[s->process];
    if (runner->k->current != process->task)
        switch_mm(runner->k, process->task);
    struct mm_struct *mm = process->task->mm;
    switch (s->operation) {
    case OP_MAP:
        run_map(runner, mm, s);
        break;
    case OP_TOUCH:
        run_touch(runner, s);
        break;
    case OP_MUNMAP:
        check(runner, mm_munmap(mm, s->address, s->length), "munmap");
        break;
    case OP_MPROTECT:
        check(runner, mm_mprotect(mm, s->address, s->length, vm_rights(s->rights)), "mprotect");
        break;
    case OP_MREMAP:
        run_mremap(runner, mm, s);
        break;
    case OP_MADVISE:
        run_madvise(runner, mm, s);
        break;
    case OP_MLOCK:
        check(runner, mm_mlock(mm, s->address, s->length), "mlock");
        break;
    case OP_MUNLOCK:
        check(runner, mm_munlock(mm, s->address, s->length), "munlock");
        break;
    case OP_BRK:
        run_brk(runner, mm, s);
        break;
    case OP_FORK:
        run_fork(runner, s);
        break;
    case OP_EXIT:
        run_exit(runner, process);
        break;
    case OP_MARK:
        run_mark(runner, process);
        break;
    }
    mm_tick(runner->k);
}

/* ---- Preparation */

/* As native.c starts: the program's pages and the top of its stack are there, and the break stands
 * where workloads expect it. */
static void start_process(struct runner *runner) {
    struct task_struct *task = task_create(runner->k);
    if (!task)
        stop(runner, "task_create: no memory");
    const struct exec_image image = {.code = PROGRAM,
                                     .code_bytes = PAGE_BYTES,
                                     .data = PROGRAM_DATA,
                                     .data_bytes = PAGE_BYTES,
                                     .bss_bytes = PAGE_BYTES,
                                     .stack_bytes = PROGRAM_STACK};
    check(runner, mm_exec(runner->k, task, &image), "exec");
    switch_mm(runner->k, task);
    access_word(runner, PROGRAM, false, 0);
    access_word(runner, PROGRAM_DATA, true, 1);
    access_word(runner, PROGRAM_DATA + PAGE_BYTES, true, 1);
    const uint64_t top = mm_layout(MODE_SV48)->stack_top;
    for (uint64_t below = PAGE_BYTES; below <= PROGRAM_STACK; below += PAGE_BYTES)
        access_word(runner, top - below, true, 1);
    if (mm_brk(task->mm, WORKLOAD_HEAP) != WORKLOAD_HEAP)
        stop(runner, "brk: the heap cannot be brought to its place");
    runner->process[0] = (struct process){task, count(task)};
}

static bool parse_policy(const char *name, enum thp_policy *policy) {
    static const char *const names[] = {
        [THP_NEVER] = "never", [THP_MADVISE] = "madvise", [THP_ALWAYS] = "always"};
    for (unsigned i = 0; i < sizeof names / sizeof *names; i++)
        if (!strcmp(names[i], name)) {
            *policy = (enum thp_policy)i;
            return true;
        }
    return false;
}

static _Noreturn void usage(void) {
    fputs("usage: model [-a PAGES] [-r] [-t never|madvise|always] WORKLOAD\n", stderr);
    exit(2);
}

struct options {
    unsigned fault_around;
    bool keeps_tables, thp_given;
    enum thp_policy thp;
    const char *path;
};

static struct options parse_options(int arguments, char **argument) {
    struct options options = {.fault_around = 16};
    for (int option; (option = getopt(arguments, argument, "a:rt:")) != -1;) {
        if (option == 'a')
            options.fault_around = (unsigned)atoi(optarg);
        else if (option == 'r')
            options.keeps_tables = true;
        else if (option == 't' && parse_policy(optarg, &options.thp))
            options.thp_given = true;
        else
            usage();
    }
    if (optind + 1 != arguments)
        usage();
    options.path = argument[optind];
    return options;
}

static void boot(struct runner *runner, const struct options *options) {
    struct mm_config config;
    const char *why;
    mm_config_default(&config, MODE_SV48, MEMORY_BYTES);
    config.adue = true;
    config.swap_bytes = 0;
    config.fault_around_pages = options->fault_around;
    config.pt_reclaim = !options->keeps_tables;
    config.thp = options->thp_given ? options->thp : runner->workload.thp ? THP_MADVISE : THP_NEVER;
    test_machine_init(&runner->machine, MODE_SV48, true);
    const struct machine machine = test_machine_callbacks(&runner->machine);
    runner->k = kernel_boot(&config, &machine, &why);
    if (!runner->k)
        stop(runner, "boot: %s", why);
}

static void finish(struct runner *runner) {
    runner->statement = NULL;
    for (unsigned i = 0; i < WORKLOAD_PROCESSES; i++)
        if (runner->process[i].task)
            run_exit(runner, &runner->process[i]);
    for (unsigned i = 0; i < runner->workload.files; i++)
        fput(runner->file[i]);
    kernel_shutdown(runner->k);
    test_machine_free(&runner->machine);
}

int main(int arguments, char **argument) {
    static struct runner runner;
    char error[400];
    const struct options options = parse_options(arguments, argument);
    runner.path = options.path;
    if (!workload_read(options.path, &runner.workload, error, sizeof error)) {
        fprintf(stderr, "%s\n", error);
        return 2;
    }
    boot(&runner, &options);
    for (unsigned i = 0; i < runner.workload.files; i++)
        make_file(&runner, i);
    start_process(&runner);
    for (unsigned i = 0; i < runner.workload.statements; i++) {
        runner.statement = &runner.workload.statement[i];
        run_statement(&runner, runner.statement);
    }
    finish(&runner);
    return fflush(stdout) ? 1 : 0;
}
