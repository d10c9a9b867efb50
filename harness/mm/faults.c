/* Scenarios of page faults: step by step, copy-on-write, huge pages. */
#include "scenarios.h"

#include "mm/fork.h"
#include "mm/huge_memory.h"
#include "mm/mmap.h"
#include "mm/page_alloc.h"
#include "mm/show.h"

#include <inttypes.h>

static struct task_struct *start(struct stage *stage, uint64_t va, uint64_t bytes) {
    struct task_struct *task = task_create(stage->k);
    if (!task || !stage_map(stage, task, va, bytes)) {
        stage_check(stage, false, "a process with memory could be made");
        return NULL;
    }
    stage_switch(stage, task);
    return task;
}

static void each_kind(struct stage *stage, struct task_struct *task, uint64_t va) {
    uint64_t value;
    stage_say(stage, "1. A store to memory that was mapped but never touched:");
    stage_check(stage, stage_store(stage, va, 42) > 0, "the store happened after a fault");
    stage_check(stage, stage_expect(stage, va, 42) == 0, "a load of it needs no fault");
    stage_say(stage, "2. A load from the next page:");
    stage_check(stage, stage_expect(stage, va + PAGE_BYTES, 0) > 0,
                "it reads 0, from the zero page");
    stage_say(stage, "3. A store to that page:");
    stage_check(stage, stage_store(stage, va + PAGE_BYTES, 43) > 0,
                "it has a frame of its own now");
    stage_say(stage, "4. The stack, one page below what is mapped of it:");
    struct vm_area_struct *stack = find_vma(task->mm, task->mm->start_stack - 8);
    stage_check(stage, stack && stage_store(stage, stack->start - 8, 44) > 0, "the stack grew");
    stage_say(stage, "5. Rights: the first page is made read-only, then written:");
    mm_mprotect(task->mm, va, PAGE_BYTES, VM_READ);
    stage_check(stage, stage_expect(stage, va, 42) == 0, "it can still be read, without a fault");
    value = 1;
    stage_check(stage, stage_access(stage, va, ACCESS_WRITE, &value) < 0, "the store is refused");
}

bool scenario_fault(const struct scenario_options *options, FILE *out, const char **why) {
    const struct exec_image image = {.code = 0x10000,
                                     .code_bytes = PAGE_BYTES,
                                     .data = 0x20000,
                                     .data_bytes = PAGE_BYTES,
                                     .stack_bytes = 4 * PAGE_BYTES};
    const uint64_t va = 0x10000000;
    struct mm_config config;
    struct stage stage;
    mm_config_default(&config, options->mode, UINT64_C(16) << 20);
    config.adue = options->adue;
    if (!stage_open(&stage, &config, out, why))
        return false;
    stage_title(&stage, "Page faults, step by step");
    struct task_struct *task = task_create(stage.k);
    if (!stage_check(&stage,
                     task && mm_exec(stage.k, task, &image) == 0 &&
                         stage_map(&stage, task, va, 16 * PAGE_BYTES),
                     "a process with 16 pages mapped at 0x%" PRIx64 ", none of them touched", va))
        return stage_close(&stage);
    stage_switch(&stage, task);
    stage_tell(&stage, 9, MM_EVENT_FAULT, MM_EVENT_FAULT_VMA, MM_EVENT_FAULT_STEP,
               MM_EVENT_FAULT_END, MM_EVENT_TABLE_NEW, MM_EVENT_ALLOC, MM_EVENT_SET_PTE,
               MM_EVENT_FENCE, MM_EVENT_SIGNAL);
    stage.told_each_walk = true;
    each_kind(&stage, task, va);
    return stage_close(&stage);
}

bool scenario_fork(const struct scenario_options *options, FILE *out, const char **why) {
    enum { PAGES = 8, WRITTEN = 3 };
    const uint64_t va = 0x10000000;
    struct mm_config config;
    struct stage stage;
    mm_config_default(&config, options->mode, UINT64_C(16) << 20);
    config.adue = options->adue;
    if (!stage_open(&stage, &config, out, why))
        return false;
    stage_title(&stage, "fork: one memory for two, until someone writes");
    struct task_struct *parent = start(&stage, va, PAGES * PAGE_BYTES), *child;
    for (unsigned i = 0; parent && i < PAGES; i++)
        stage_store(&stage, va + i * PAGE_BYTES, 100 + i);
    mm_stats(stage.k);
    uint64_t free_before = stage.k->stat[STAT_nr_free_pages];
    stage_tell(&stage, 1, MM_EVENT_FORK);
    if (!parent || !(child = do_fork(stage.k, parent))) {
        stage_check(&stage, false, "the process could fork");
        return stage_close(&stage);
    }
    mm_stats(stage.k);
    stage_say(&stage,
              "The fork took %" PRIu64 " frames: tables and a kernel stack; no data was copied.",
              free_before - stage.k->stat[STAT_nr_free_pages]);
    stage_switch(&stage, child);
    for (unsigned i = 0; i < PAGES; i++)
        stage_expect(&stage, va + i * PAGE_BYTES, 100 + i);
    /* Fork hands pages on with A clear (they are young to nobody yet); Svade hardware faults. */
    uint64_t read_faults = child->min_flt;
    stage_check(&stage, read_faults == (options->adue ? 0 : PAGES),
                "the child read all %u pages and faulted %" PRIu64 " times%s", PAGES, read_faults,
                options->adue ? "" : ": A is clear in its tables and software sets it");
    stage_tell(&stage, 4, MM_EVENT_FAULT, MM_EVENT_FAULT_STEP, MM_EVENT_SET_PTE, MM_EVENT_FENCE);
    for (unsigned i = 0; i < WRITTEN; i++)
        stage_store(&stage, va + i * PAGE_BYTES, 200 + i);
    stage_check(&stage, child->min_flt - read_faults == WRITTEN,
                "it wrote %u pages and faulted %" PRIu64 " times", WRITTEN,
                child->min_flt - read_faults);
    stage_switch(&stage, parent);
    for (unsigned i = 0; i < PAGES; i++)
        stage_expect(&stage, va + i * PAGE_BYTES, 100 + i);
    stage_check(&stage, stage.failed == 0, "the parent still sees its own values");
    uint64_t copies = stage.k->stat[STAT_cow_copy], faults = parent->min_flt;
    stage_store(&stage, va, 300);
    stage_check(&stage, parent->min_flt == faults + 1 && stage.k->stat[STAT_cow_copy] == copies,
                "the parent writes a page that the child has copied: one fault, no further copy");
    stage_tell(&stage, 1, MM_EVENT_EXIT);
    do_exit(stage.k, child);
    task_reap(stage.k, child);
    return stage_close(&stage);
}

bool scenario_huge(const struct scenario_options *options, FILE *out, const char **why) {
    struct mm_config config;
    struct stage stage;
    mm_config_default(&config, options->mode, UINT64_C(64) << 20);
    config.adue = options->adue;
    config.thp = THP_MADVISE;
    if (!stage_open(&stage, &config, out, why))
        return false;
    const uint64_t huge = options->mode == MODE_SV32 ? 4 << 20 : 2 << 20, va = 0x10000000;
    stage_title(&stage, "Huge pages: one leaf a level higher up");
    struct task_struct *task = start(&stage, va, 2 * huge);
    if (!task)
        return stage_close(&stage);
    mm_madvise(task->mm, va, huge, MADVISE_HUGEPAGE);
    stage_tell(&stage, 7, MM_EVENT_FAULT, MM_EVENT_FAULT_STEP, MM_EVENT_ALLOC, MM_EVENT_SET_PTE,
               MM_EVENT_THP, MM_EVENT_THP_SPLIT, MM_EVENT_FENCE);
    stage_say(&stage,
              "madvise(HUGEPAGE) on the first %" PRIu64 " MiB, then one store:", huge >> 20);
    stage_store(&stage, va, 1);
    stage_tell(&stage, 0);
    uint64_t faults = task->min_flt;
    for (uint64_t at = 0; at < huge; at += PAGE_BYTES)
        stage_store(&stage, va + at, at + 1);
    stage_check(&stage, task->min_flt == faults, "the other %" PRIu64 " pages need no fault",
                huge / PAGE_BYTES - 1);
    faults = task->min_flt;
    for (uint64_t at = huge; at < 2 * huge; at += PAGE_BYTES)
        stage_store(&stage, va + at, at + 1);
    stage_check(&stage, task->min_flt - faults == huge / PAGE_BYTES,
                "without advice: %" PRIu64 " pages, %" PRIu64 " faults", huge / PAGE_BYTES,
                task->min_flt - faults);
    stage_tell(&stage, 2, MM_EVENT_THP, MM_EVENT_THP_SPLIT);
    mm_madvise(task->mm, va + huge, huge, MADVISE_HUGEPAGE);
    struct vm_area_struct *vma = find_vma(task->mm, va + huge);
    stage_check(&stage, vma && collapse_huge_page(vma, va + huge) == 0,
                "khugepaged makes one huge page of them");
    stage_say(&stage, "As /proc/PID/smaps shows it:");
    const struct mm_printer printer = stage_printer(&stage);
    show_smaps(task->mm, &printer);
    stage_check(&stage, mm_munmap(task->mm, va + PAGE_BYTES, PAGE_BYTES) == 0,
                "unmapping one base page splits the first huge page");
    stage_expect(&stage, va, 1);
    for (uint64_t at = 2 * PAGE_BYTES; at < 2 * huge; at += PAGE_BYTES)
        stage_expect(&stage, va + at, at + 1);
    stage_check(&stage, stage.failed == 0, "all contents are what they were");
    return stage_close(&stage);
}
