/* Scenarios of address spaces: isolation, the layout, what tables cost. */
#include "scenarios.h"

#include "mm/context.h"
#include "mm/fork.h"
#include "mm/layout.h"
#include "mm/mmap.h"
#include "mm/pgtable.h"
#include "mm/show.h"

#include <inttypes.h>

bool scenario_spaces(const struct scenario_options *options, FILE *out, const char **why) {
    enum { PROCESSES = 2, ROUNDS = 3 };
    const uint64_t va = 0x10000000;
    struct mm_config config;
    struct stage stage;
    struct task_struct *task[PROCESSES];
    uint64_t frame[PROCESSES];
    mm_config_default(&config, options->mode, UINT64_C(16) << 20);
    config.adue = options->adue;
    if (!stage_open(&stage, &config, out, why))
        return false;
    stage_title(&stage, "Two processes, one virtual address");
    stage_tell(&stage, 1, MM_EVENT_SWITCH);
    stage.told_each_walk = true;
    for (unsigned p = 0; p < PROCESSES; p++) {
        if (!(task[p] = task_create(stage.k)) || !stage_map(&stage, task[p], va, PAGE_BYTES)) {
            stage_check(&stage, false, "a process could be made");
            return stage_close(&stage);
        }
        stage_switch(&stage, task[p]);
        stage_store(&stage, va, 1000 + task[p]->pid);
        frame[p] = stage_translate(&stage, va) / PAGE_BYTES;
    }
    stage_check(&stage, frame[0] != frame[1],
                "0x%" PRIx64 " is frame 0x%" PRIx64 " for one process and 0x%" PRIx64
                " for the other",
                va, frame[0], frame[1]);
    stage_say(&stage,
              "They take turns; nothing is fenced, the ASID keeps their TLB entries apart:");
    uint64_t fences = stage.events[MM_EVENT_FENCE];
    for (unsigned round = 0; round < ROUNDS; round++)
        for (unsigned p = 0; p < PROCESSES; p++) {
            stage_switch(&stage, task[p]);
            stage_expect(&stage, va, 1000 + task[p]->pid);
        }
    stage_check(&stage, stage.events[MM_EVENT_FENCE] == fences, "no fence was needed");
    uint64_t value;
    stage_say(&stage, "A process reaches for an address that only the kernel has:");
    stage_tell(&stage, 2, MM_EVENT_FAULT, MM_EVENT_SIGNAL);
    stage_check(&stage,
                stage_access(&stage, mm_layout(options->mode)->page_offset, ACCESS_READ, &value) <
                    0,
                "the kernel half is mapped in its tables, but not for it: SIGSEGV");
    return stage_close(&stage);
}

bool scenario_layout(const struct scenario_options *options, FILE *out, const char **why) {
    struct mm_config config;
    struct stage stage;
    const struct exec_image image = {.code = mm_layout(options->mode)->exec_base,
                                     .code_bytes = 64 << 10,
                                     .data = mm_layout(options->mode)->exec_base + (1 << 20),
                                     .data_bytes = 16 << 10,
                                     .bss_bytes = 32 << 10,
                                     .stack_bytes = 128 << 10};
    mm_config_default(&config, options->mode, UINT64_C(64) << 20);
    if (!stage_open(&stage, &config, out, why))
        return false;
    stage_title(&stage, "The layout of an address space");
    struct task_struct *task = task_create(stage.k);
    if (!stage_check(&stage, task && mm_exec(stage.k, task, &image) == 0, "a program is loaded"))
        return stage_close(&stage);
    stage_switch(&stage, task);
    struct mm_struct *mm = task->mm;
    mm_brk(mm, mm->start_brk + (256 << 10));
    stage_map(&stage, task, 0, 1 << 20);
    const uint64_t place[] = {mm->start_data, mm->end_data + 4096, mm->start_brk,
                              mm->start_stack - 64};
    for (unsigned i = 0; i < sizeof place / sizeof place[0]; i++)
        stage_check(&stage, stage_store(&stage, place[i] & ~UINT64_C(7), i + 1) >= 0,
                    "0x%016" PRIx64 " can be written on both walkers", place[i]);
    const struct mm_printer printer = stage_printer(&stage);
    stage_say(&stage, "User half (as /proc/PID/maps shows it):");
    show_maps(mm, &printer);
    const struct layout *layout = mm_layout(options->mode);
    stage_say(&stage, "Kernel half, the same tables for every process, every page global:");
    stage_say(&stage, "  %016" PRIx64 "  linear map of physical memory", layout->page_offset);
    stage_say(&stage, "  %016" PRIx64 "  dynamic memory (vmalloc), kernel stacks",
              layout->vmalloc_start);
    stage_say(&stage, "  %016" PRIx64 "  kernel structures: the memory map", layout->vmemmap);
    stage_say(&stage, "  %016" PRIx64 "  kernel code, data, bss", layout->kernel_link);
    struct pte_place at;
    stage_check(&stage,
                pgtable_find(mm, layout->page_offset, 0, &at) == 0 && pte_valid(at.pte) &&
                    at.pte >> PTE_BIT_G & 1,
                "the linear map is in the process's tables, global, by leaves of level %u",
                at.level);
    return stage_close(&stage);
}

/* A table below every entry of a directory that is nobody's: the bytes of tables below it. */
static uint64_t full_directory(struct stage *stage) {
    struct mm_struct *mm = mm_alloc(stage->k);
    struct pte_place at;
    uint64_t bytes = 0, step = UINT64_C(1) << pt_shift(stage->k, 1);
    if (!mm)
        return 0;
    for (uint64_t va = 0; va >> 32 == 0; va += step) {
        /* The kernel's entries are leaves or tables of everybody: not in this directory. */
        if (pgtable_find(mm, va, 1, &at) == 0 && !pte_none(at.pte))
            pte_write(stage->k, &at, va, 0);
        if (pgtable_make(mm, va, 0, &at) < 0)
            break;
    }
    bytes = mm->pgtables_bytes;
    for (uint64_t va = 0; va >> 32 == 0; va += step)
        if (pgtable_find(mm, va, 1, &at) == 0 && pte_table(at.pte)) {
            pte_write(stage->k, &at, va, 0);
            pte_table_free(mm, va, 0, pfn_to_page(stage->k, pte_to_pfn(at.pte)));
        }
    mmput(mm);
    return bytes;
}

/* S5: tables of 4 KiB; 1024 entries of 4 bytes. */
bool scenario_tables(const struct scenario_options *options, FILE *out, const char **why) {
    struct mm_config config;
    struct stage stage;
    mm_config_default(&config, options->mode, UINT64_C(64) << 20);
    if (!stage_open(&stage, &config, out, why))
        return false;
    stage_title(&stage, "What two-level tables cost (Sv32: 10 + 10 + 12 bits)");
    struct task_struct *task = task_create(stage.k);
    stage_switch(&stage, task);
    bool mapped = task && stage_map(&stage, task, 0x10000000, 64 << 20);
    for (unsigned i = 0; mapped && i < 3; i++)
        stage_store(&stage, 0x10000000 + i * UINT64_C(0x1000000), 1);
    uint64_t sparse = task ? task->mm->pgtables_bytes : 0;
    stage_check(&stage, mapped && sparse == UINT64_C(3) * 4096,
                "a sparse process, three pages 16 MiB apart: a directory of 4 KiB and %" PRIu64
                " KiB of tables, of 1024 that there could be",
                sparse >> 10);
    uint64_t full = full_directory(&stage);
    stage_check(&stage, full == UINT64_C(4) << 20,
                "a table below each of the 1024 entries: %" PRIu64
                " KiB, and the directory: %" PRIu64 " KiB = 4 MiB + 4 KiB",
                full >> 10, (full + 4096) >> 10);
    return stage_close(&stage);
}
