/*
 * Everything that reclaim can meet, in random order and in too little memory: forks and exits,
 * shared files and shared memory, huge pages, truncation, advice, locks, write-back, failures at
 * any point. Every process sees its own data and what is shared, and every structure holds.
 */
#include "bench.h"

#include "mm/filemap.h"
#include "mm/vmscan.h"

#define PROCESSES    6
#define ANON_PAGES   1024 /* 4 MiB each: room for a huge page */
#define SHARED_PAGES 256
#define STEPS        20000

enum shared { REAL_FILE, SHARED_MEMORY, SHARED_KINDS };

struct process {
    struct task_struct *task; /* NULL: none */
    uint64_t anon, shared[SHARED_KINDS];
    uint64_t expected[ANON_PAGES];
};

struct mix {
    struct bench bench;
    struct ram_file disk;
    struct file *file[SHARED_KINDS];
    struct process process[PROCESSES];
    uint64_t expected[SHARED_KINDS][SHARED_PAGES], pages[SHARED_KINDS];
    uint64_t state, serial, died, lost_writes;
    bool failures;
};

static uint64_t draw(struct mix *mix, uint64_t n) {
    mix->state = mix->state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (mix->state >> 33) % n;
}

static void forget(struct mix *mix, struct process *process) {
    task_reap(mix->bench.k, process->task);
    process->task = NULL;
    mix->died++;
}

static int64_t map(struct mix *mix, struct file *file, uint64_t pages, unsigned flags) {
    const struct mmap_request request = {
        .length = pages * 4096, .rights = VM_READ | VM_WRITE, .flags = flags, .file = file};
    return mm_mmap(mix->bench.k->current->mm, &request);
}

static void begin(struct mix *mix, struct process *process) {
    struct kernel *k = mix->bench.k;
    process->task = task_create(k);
    if (!process->task)
        return;
    switch_mm(k, process->task);
    memset(process->expected, 0, sizeof process->expected);
    int64_t va = map(mix, NULL, ANON_PAGES, 0);
    process->anon = (uint64_t)va;
    for (unsigned kind = 0; kind < SHARED_KINDS && va > 0; kind++) {
        va = map(mix, mix->file[kind], SHARED_PAGES, MM_MAP_SHARED);
        process->shared[kind] = (uint64_t)va;
    }
    if (va <= 0)
        forget(mix, process);
}

static void fork_into(struct mix *mix, struct process *parent, struct process *child) {
    struct kernel *k = mix->bench.k;
    if (!parent->task || child->task)
        return;
    switch_mm(k, parent->task);
    struct task_struct *task = do_fork(k, parent->task);
    if (!task)
        return;
    *child = *parent;
    child->task = task;
}

/* A page of the process, or a shared one; false: it was killed over it. */
static bool access_page(struct mix *mix, struct process *process) {
    struct kernel *k = mix->bench.k;
    unsigned kind = (unsigned)draw(mix, SHARED_KINDS + 2);
    bool anon = kind >= SHARED_KINDS, store = draw(mix, 2) == 0;
    uint64_t page = draw(mix, anon ? ANON_PAGES : mix->pages[kind]);
    uint64_t va = (anon ? process->anon : process->shared[kind]) + page * 4096;
    uint64_t *want = anon ? &process->expected[page] : &mix->expected[kind][page];
    uint64_t value = ++mix->serial;
    switch_mm(k, process->task);
    int faults =
        test_access(&mix->bench.machine, k, va, store ? ACCESS_WRITE : ACCESS_READ, &value);
    if (faults < 0 || !process->task->mm)
        return false;
    if (store)
        *want = value;
    else if (value != *want)
        fail_msg("process %u, kind %u, page %u: %#llx instead of %#llx",
                 (unsigned)process->task->pid, kind, (unsigned)page, (unsigned long long)value,
                 (unsigned long long)*want);
    return true;
}

static void advise(struct mix *mix, struct process *process) {
    struct mm_struct *mm = process->task->mm;
    unsigned kind = (unsigned)draw(mix, SHARED_KINDS + 1);
    uint64_t pages = kind == SHARED_KINDS ? ANON_PAGES : mix->pages[kind];
    uint64_t va = kind == SHARED_KINDS ? process->anon : process->shared[kind];
    uint64_t first = draw(mix, pages), n = 1 + draw(mix, pages - first);
    switch_mm(mix->bench.k, process->task);
    switch (draw(mix, 6)) {
    case 0:
        mm_madvise(mm, va + first * 4096, n * 4096, MADVISE_PAGEOUT);
        break;
    case 1:
        mm_madvise(mm, va + first * 4096, n * 4096, MADVISE_COLD);
        break;
    case 2:
        /* A locked part would end it halfway. */
        if (kind != SHARED_KINDS || mm_munlock(mm, va, pages * 4096) != 0 ||
            mm_madvise(mm, va + first * 4096, n * 4096, MADVISE_DONTNEED) != 0)
            break;
        memset(&process->expected[first], 0, n * sizeof process->expected[0]);
        break;
    case 3:
        mm_mlock(mm, va + first * 4096, (1 + n % 8) * 4096);
        break;
    case 4:
        mm_munlock(mm, va, pages * 4096);
        break;
    default:
        mm_madvise(mm, process->anon, ANON_PAGES * 4096, MADVISE_COLLAPSE);
    }
}

/* What was cut off reads as zeroes once it is there again. */
static void truncate_shared(struct mix *mix) {
    unsigned kind = (unsigned)draw(mix, SHARED_KINDS);
    uint64_t pages = SHARED_PAGES / 2 + draw(mix, SHARED_PAGES / 2);
    if (vmtruncate(mix->file[kind]->inode, pages * 4096) != 0)
        return;
    for (uint64_t i = pages; i < SHARED_PAGES; i++)
        mix->expected[kind][i] = 0;
    mix->pages[kind] = pages;
    if (draw(mix, 4) > 0 && vmtruncate(mix->file[kind]->inode, SHARED_PAGES * UINT64_C(4096)) == 0)
        mix->pages[kind] = SHARED_PAGES;
}

static void provoke(struct mix *mix) {
    struct kernel *k = mix->bench.k;
    enum fail_point point = (enum fail_point)draw(mix, FAIL_POINTS);
    if (mix->failures)
        k->fail[point] = 1 + draw(mix, 20);
}

/* Killed by the OOM killer, or with a signal of its own. */
static void bury(struct mix *mix) {
    for (unsigned p = 0; p < PROCESSES; p++)
        if (mix->process[p].task && !mix->process[p].task->mm)
            forget(mix, &mix->process[p]);
}

static void step(struct mix *mix) {
    struct process *process = &mix->process[draw(mix, PROCESSES)];
    unsigned what = (unsigned)draw(mix, 1000);
    if (!process->task)
        begin(mix, process);
    else if (what < 960)
        access_page(mix, process);
    else if (what < 975)
        advise(mix, process);
    else if (what < 980)
        fork_into(mix, process, &mix->process[draw(mix, PROCESSES)]);
    else if (what < 984)
        forget(mix, process);
    else if (what < 987)
        truncate_shared(mix);
    else if (what < 990)
        filemap_write_and_wait(mix->file[REAL_FILE]->inode);
    else
        provoke(mix);
    mm_tick(mix->bench.k);
    bury(mix);
}

static void start(struct mix *mix, const struct mm_config *config) {
    bench_boot(&mix->bench, config);
    ram_file_init(&mix->disk, SHARED_PAGES * 4096, SHARED_PAGES * 4096);
    mix->file[REAL_FILE] =
        file_open(mix->bench.k, &ram_file_operations, &mix->disk, SHARED_PAGES * 4096, true);
    mix->file[SHARED_MEMORY] = file_open(mix->bench.k, NULL, NULL, SHARED_PAGES * 4096, true);
    for (uint64_t i = 0; i < SHARED_PAGES; i++)
        memcpy(&mix->expected[REAL_FILE][i], mix->disk.bytes + i * 4096, 8);
    mix->pages[REAL_FILE] = mix->pages[SHARED_MEMORY] = SHARED_PAGES;
}

static void finish(struct mix *mix) {
    memset(mix->bench.k->fail, 0, sizeof mix->bench.k->fail);
    assert_int_equal(filemap_write_and_wait(mix->file[REAL_FILE]->inode), 0);
    for (uint64_t i = 0; i < mix->pages[REAL_FILE]; i++) {
        if (i * 4096 < mix->file[REAL_FILE]->inode->stored)
            assert_memory_equal(&mix->expected[REAL_FILE][i], mix->disk.bytes + i * 4096, 8);
    }
    for (unsigned kind = 0; kind < SHARED_KINDS; kind++)
        fput(mix->file[kind]);
    bench_end(&mix->bench);
    ram_file_free(&mix->disk);
}

static void run(const struct mm_config *config, uint64_t seed, bool failures) {
    struct mix *mix = calloc(1, sizeof *mix);
    assert_non_null(mix);
    mix->state = seed;
    mix->failures = failures;
    start(mix, config);
    for (unsigned n = 0; n < STEPS; n++) {
        step(mix);
        if (n % 500 == 0)
            bench_check(&mix->bench);
    }
    assert_true(mm_stats(mix->bench.k)[STAT_pswpin] > 100);
    assert_true(mix->bench.k->stat[STAT_nr_written] > 100);
    finish(mix);
    free(mix);
}

static struct mm_config configuration(enum paging_mode mode, enum reclaim_policy policy) {
    struct mm_config config;
    mm_config_default(&config, mode, 12 * MIB);
    config.policy = policy;
    config.swap_bytes = 32 * MIB;
    config.asid_bits = 3;
    config.thp = THP_ALWAYS;
    config.slub_debug = true;
    return config;
}

static void each_policy(void **state) {
    (void)state;
    for (unsigned policy = 0; policy < RECLAIM_POLICIES; policy++)
        for (uint64_t seed = 1; seed <= 2; seed++) {
            struct mm_config config = configuration(MODE_SV39, (enum reclaim_policy)policy);
            config.adue = seed % 2 == 0;
            run(&config, seed, false);
        }
}

static void each_mode(void **state) {
    static const enum paging_mode modes[] = {MODE_SV32, MODE_SV48, MODE_SV57};
    (void)state;
    for (unsigned m = 0; m < 3; m++) {
        const struct mm_config config = configuration(modes[m], RECLAIM_LRU);
        run(&config, 10 + m, false);
    }
}

static void two_nodes(void **state) {
    (void)state;
    for (unsigned policy = 0; policy < RECLAIM_POLICIES; policy++) {
        struct mm_config config = configuration(MODE_SV39, (enum reclaim_policy)policy);
        config.nodes = 2;
        config.node[0].bytes = 8 * MIB;
        config.node[1].base = config.node[0].base + 64 * MIB;
        config.node[1].bytes = 4 * MIB;
        run(&config, 20 + policy, false);
    }
}

/* Sv32 with its second node beyond the linear map: only user pages can be there. */
static void high_memory(void **state) {
    (void)state;
    for (unsigned policy = 0; policy < RECLAIM_POLICIES; policy++) {
        struct mm_config config = configuration(MODE_SV32, (enum reclaim_policy)policy);
        config.nodes = 2;
        config.node[0].bytes = 6 * MIB;
        config.node[1].base = 1024 * MIB;
        config.node[1].bytes = 6 * MIB;
        run(&config, 30 + policy, false);
    }
}

static void failures_everywhere(void **state) {
    (void)state;
    for (uint64_t seed = 40; seed < 46; seed++) {
        struct mm_config config =
            configuration(MODE_SV39, (enum reclaim_policy)(seed % RECLAIM_POLICIES));
        run(&config, seed, true);
    }
}

static void little_swap(void **state) {
    (void)state;
    for (unsigned policy = 0; policy < RECLAIM_POLICIES; policy++) {
        struct mm_config config = configuration(MODE_SV39, (enum reclaim_policy)policy);
        config.swap_bytes = 4 * MIB;
        run(&config, 50 + policy, false);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_policy),         cmocka_unit_test(each_mode),
        cmocka_unit_test(two_nodes),           cmocka_unit_test(high_memory),
        cmocka_unit_test(failures_everywhere), cmocka_unit_test(little_swap),
    };
    return RUN(tests);
}
