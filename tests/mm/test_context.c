/*
 * ASIDs: few of them for many processes, which all use the same addresses. Whatever is recycled,
 * each access reaches the process's own frame: the model's TLBs would show it if not.
 */
#include "bench.h"

#include "mm/pgtable.h"

#define PROCESSES 13
#define PAGES     6

static void boot_bits(struct bench *bench, enum paging_mode mode, unsigned asid_bits) {
    struct mm_config config;
    mm_config_default(&config, mode, 32 * MIB);
    config.asid_bits = asid_bits;
    config.thp = THP_NEVER;
    bench_boot(bench, &config);
}

static uint64_t next_random(uint64_t *state) {
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return *state >> 33;
}

/* ---- the same addresses in many processes ---- */

struct process {
    struct task_struct *task; /* NULL: none at the moment */
    uint64_t value[PAGES];
};

static const uint64_t base = 0x10000000;

static void start(struct bench *bench, struct process *process) {
    const struct mmap_request request = {.addr = base,
                                         .length = PAGES * PAGE_BYTES,
                                         .rights = VM_READ | VM_WRITE,
                                         .flags = MM_MAP_FIXED};
    process->task = bench_process(bench);
    memset(process->value, 0, sizeof process->value);
    assert_int_equal(mm_mmap(process->task->mm, &request), (int64_t)base);
}

static void fork_from(struct bench *bench, const struct process *parent, struct process *child) {
    *child = *parent;
    child->task = do_fork(bench->k, parent->task);
    assert_non_null(child->task);
}

/* One access of a process to one of its pages. */
static void access_page(struct bench *bench, struct process *process, uint64_t *random) {
    uint64_t page = next_random(random) % PAGES, va = base + page * PAGE_BYTES;
    if (bench->k->current != process->task)
        switch_mm(bench->k, process->task);
    if (next_random(random) % 2) {
        process->value[page] = next_random(random);
        bench_store(bench, va, process->value[page]);
    } else {
        assert_int_equal(bench_load(bench, va), process->value[page]);
    }
}

static void step(struct bench *bench, struct process *processes, uint64_t *random) {
    struct process *process = &processes[next_random(random) % PROCESSES];
    struct process *other = &processes[next_random(random) % PROCESSES];
    unsigned what = (unsigned)(next_random(random) % 100);
    if (!process->task && other->task && what < 50)
        fork_from(bench, other, process);
    else if (!process->task)
        start(bench, process);
    else if (what < 3) {
        task_reap(bench->k, process->task);
        process->task = NULL;
    } else if (what < 5)
        switch_mm(bench->k, NULL);
    else
        for (unsigned i = 0; i < 4; i++)
            access_page(bench, process, random);
}

static void isolation(void **state) {
    (void)state;
    static const enum paging_mode modes[] = {MODE_SV32, MODE_SV39, MODE_SV48, MODE_SV57};
    static const unsigned bits[] = {0, 1, 2, 3, 4, 9};
    for (int m = 0; m < 4; m++) {
        for (int b = 0; b < 6; b++) {
            struct bench bench;
            struct process processes[PROCESSES] = {{.task = NULL}};
            uint64_t random = 7 + b;
            boot_bits(&bench, modes[m], bits[b]);
            bench_count(&bench);
            for (int i = 0; i < 5000; i++)
                step(&bench, processes, &random);
            /* 13 processes take turns: up to 8 ASIDs run out over and over. */
            uint64_t rollovers = bench_counted(&bench, STAT_asid_rollover);
            if (bits[b] >= 1 && bits[b] <= 3)
                assert_true(rollovers > 20);
            else if (bits[b] != 4)
                assert_int_equal(rollovers, 0);
            bench_end(&bench);
        }
    }
}

/* ---- which ASIDs ---- */

static uint16_t running_asid(const struct bench *bench) {
    return bench->machine.control.asid;
}

/* A process keeps its ASID for a generation; no two have the same one in it; 0 is the kernel's. */
static void generations(void **state) {
    (void)state;
    struct bench bench;
    struct task_struct *task[8];
    uint16_t asid;
    boot_bits(&bench, MODE_SV39, 3);
    struct kernel *k = bench.k;
    for (int i = 0; i < 8; i++) {
        task[i] = task_create(k);
        assert_false(mm_asid(task[i]->mm, &asid)); /* it never ran: no TLB knows it */
    }
    switch_mm(k, NULL);
    assert_int_equal(running_asid(&bench), 0);
    uint64_t generation = k->asid_generation;
    bool used[8] = {true};
    bool rolled = false;
    for (int i = 0; i < 8; i++) {
        uint64_t fences = bench.machine.fences;
        switch_mm(k, task[i]);
        if (k->asid_generation != generation) {
            assert_false(rolled);
            rolled = true;
            generation = k->asid_generation;
            memset(used + 1, 0, sizeof used - 1);
            assert_int_equal(bench.machine.fences, fences + 1); /* everything, once */
            for (int j = 0; j < i; j++)
                assert_false(mm_asid(task[j]->mm, &asid));
        } else {
            assert_int_equal(bench.machine.fences, fences);
        }
        assert_true(mm_asid(task[i]->mm, &asid));
        assert_int_equal(asid, running_asid(&bench));
        assert_false(used[asid]);
        used[asid] = true;
        /* Away and back: the same one, without a fence. */
        fences = bench.machine.fences;
        switch_mm(k, NULL);
        assert_int_equal(running_asid(&bench), 0);
        switch_mm(k, task[i]);
        assert_int_equal(running_asid(&bench), asid);
        assert_int_equal(bench.machine.fences, fences);
    }
    assert_true(rolled);
    bench_end(&bench);
}

/* Without ASIDs every switch fences everything, and only the running process can be in a TLB. */
static void no_asids(void **state) {
    (void)state;
    struct bench bench;
    uint16_t asid;
    boot_bits(&bench, MODE_SV39, 0);
    struct task_struct *other = task_create(bench.k);
    assert_true(mm_asid(bench.task->mm, &asid) && asid == 0);
    assert_false(mm_asid(other->mm, &asid));
    uint64_t fences = bench.machine.fences;
    switch_mm(bench.k, other);
    assert_int_equal(bench.machine.fences, fences + 1);
    assert_false(mm_asid(bench.task->mm, &asid));
    flush_tlb_mm(bench.task->mm); /* nothing to do */
    assert_int_equal(bench.machine.fences, fences + 1);
    flush_tlb_mm(other->mm);
    assert_int_equal(bench.machine.fences, fences + 2);
    bench_end(&bench);
}

/* ---- fences ---- */

/* A page each up to 64, beyond them all of the ASID; other processes keep their entries. */
static void ranges(void **state) {
    (void)state;
    struct bench bench;
    uint64_t pages = 70, length = pages * PAGE_BYTES;
    boot_bits(&bench, MODE_SV39, 9);
    struct mm_struct *mm = bench.task->mm;
    uint64_t va = bench_map_anon(&bench, length);
    for (uint64_t i = 0; i < pages; i++)
        bench_store(&bench, va + i * PAGE_BYTES, i);
    struct task_struct *other = bench_process(&bench);
    uint64_t others = bench_map_anon(&bench, PAGE_BYTES);
    bench_store(&bench, others, 1);
    uint64_t fences = bench.machine.fences;
    flush_tlb_page(mm, va);
    assert_int_equal(bench.machine.fences, fences + 1);
    flush_tlb_range(mm, va, va + 64 * PAGE_BYTES);
    assert_int_equal(bench.machine.fences, fences + 65);
    flush_tlb_range(mm, va, va + 65 * PAGE_BYTES);
    assert_int_equal(bench.machine.fences, fences + 66);
    uint64_t walks = mmu_counters(bench.machine.mmu)->walks;
    assert_int_equal(bench_load(&bench, others), 1);
    assert_int_equal(mmu_counters(bench.machine.mmu)->walks, walks);
    switch_mm(bench.k, bench.task);
    for (uint64_t i = 0; i < pages; i++)
        assert_int_equal(bench_load(&bench, va + i * PAGE_BYTES), i);
    assert_int_equal(mmu_counters(bench.machine.mmu)->walks, walks + pages);
    /* What is gone leaves no fence to be done. */
    destroy_context(other->mm);
    fences = bench.machine.fences;
    flush_tlb_mm(other->mm);
    assert_int_equal(bench.machine.fences, fences);
    bench_end(&bench);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(isolation),
        cmocka_unit_test(generations),
        cmocka_unit_test(no_asids),
        cmocka_unit_test(ranges),
    };
    return RUN(tests);
}
