#include "boot.h"

#include "contents.h"
#include "mm/filemap.h"
#include "mm/fork.h"
#include "mm/mmap.h"
#include "mm/page_alloc.h"
#include "mmu/mode.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Frames that a run needs beyond what boot, tables and watermarks take: slabs of page-cache slots
 * and reverse maps, and room for one request at a time. */
#define SPARE_FRAMES    4
#define PAGES_PER_SPARE 64

bool os_huge_pages(const struct os_options *options, enum paging_mode number,
                   enum plan_huge *huge) {
    const struct mode *mode = mode_find(number);
    *huge = PLAN_BASE;
    if (!mode || options->page == PAGE_4K)
        return mode != NULL;
    *huge = options->page == mode->leaf_size[1] ? PLAN_TRANSPARENT : PLAN_EXPLICIT;
    return *huge == PLAN_TRANSPARENT ||
           (options->page == PAGE_1G && mode->levels > 2 && mode->leaf_size[2] == PAGE_1G);
}

/* ---- the program file ---- */

static int64_t read_program(void *context, uint64_t offset, void *bytes, size_t n) {
    struct os_process *process = context;
    if (offset % PAGE_BYTES || n % PAGE_BYTES)
        return -EINVAL;
    for (size_t at = 0; at < n; at += 8) {
        uint64_t word = contents_file_word(process->process, offset + at);
        memcpy((char *)bytes + at, &word, sizeof word);
    }
    process->pages_read += n / PAGE_BYTES;
    return (int64_t)n;
}

static const struct file_operations program_operations = {.read = read_program};

/* ---- processes ---- */

static bool map_region(struct os_process *process, const struct plan_region *region, char *why,
                       size_t size) {
    const struct mmap_request request = {
        .addr = region->start,
        .length = region->end - region->start,
        .rights = VM_READ | (region->written ? VM_WRITE : 0) | (region->fetched ? VM_EXEC : 0),
        .flags = MM_MAP_FIXED | MM_MAP_NOREPLACE | (region->huge_shift ? MM_MAP_HUGETLB : 0),
        .file = region->written ? NULL : process->program,
        .offset = region->written ? 0 : region->start,
        .huge_shift = region->huge_shift,
    };
    int64_t at = mm_mmap(process->task->mm, &request);
    if (at == (int64_t)region->start)
        return true;
    snprintf(why, size, "process %" PRIu64 ": %#" PRIx64 " to %#" PRIx64 " cannot be mapped: %s",
             process->process, region->start, region->end, strerror((int)-at));
    return false;
}

/* Offsets are addresses: the file ends where the last region of it does. */
static uint64_t program_end(const struct plan_process *plan) {
    uint64_t end = 0;
    for (size_t i = 0; i < plan->regions; i++)
        if (!plan->region[i].written)
            end = plan->region[i].end;
    return end;
}

static bool start_process(struct os_boot *boot, const struct plan_process *plan, char *why,
                          size_t size) {
    struct os_process *process = &boot->process[boot->processes];
    uint64_t end = program_end(plan);
    process->process = plan->process;
    process->task = task_create(boot->k);
    boot->processes++;
    if (process->task && end)
        process->program = file_open(boot->k, &program_operations, process, end, false);
    if (!process->task || (end && !process->program)) {
        snprintf(why, size, "process %" PRIu64 " cannot be made: out of memory", plan->process);
        return false;
    }
    for (size_t i = 0; i < plan->regions; i++)
        if (!map_region(process, &plan->region[i], why, size))
            return false;
    return true;
}

/* ---- boot ---- */

static struct mm_config make_config(const struct os_options *options, enum paging_mode mode,
                                    uint64_t bytes, uint64_t swap) {
    struct mm_config config;
    enum plan_huge huge;
    os_huge_pages(options, mode, &huge);
    mm_config_default(&config, mode, bytes);
    config.swap_bytes = swap;
    config.adue = options->adue;
    config.policy = options->policy;
    config.seed = options->seed;
    config.swappiness = options->swappiness;
    config.flush_young = options->flush_young;
    config.page_cluster = options->page_cluster;
    config.thp = huge == PLAN_TRANSPARENT ? THP_ALWAYS : THP_NEVER;
    return config;
}

static bool boot_with(struct os_boot *boot, const struct mm_config *config, const struct plan *plan,
                      const struct replay_target *target, char *why, size_t size) {
    const char *reason;
    *boot =
        (struct os_boot){.memory_bytes = config->node[0].bytes, .swap_bytes = config->swap_bytes};
    boot->board =
        (struct board){.target = *target, .control = {.mode = config->mode, .adue = config->adue}};
    boot->process = calloc(plan_processes(plan) + 1, sizeof *boot->process);
    const struct machine machine = board_machine(&boot->board);
    boot->k = boot->process ? kernel_boot(config, &machine, &reason) : NULL;
    if (!boot->k) {
        snprintf(why, size, "the operating system does not boot: %s",
                 boot->process ? reason : "out of memory");
        free(boot->process);
        return false;
    }
    for (size_t i = 0; i < plan_processes(plan); i++)
        if (!start_process(boot, plan_process(plan, i), why, size)) {
            os_shut(boot);
            return false;
        }
    return true;
}

void os_shut(struct os_boot *boot) {
    for (size_t i = 0; i < boot->processes; i++) {
        if (boot->process[i].task && boot->process[i].task->mm)
            do_exit(boot->k, boot->process[i].task);
        if (boot->process[i].program)
            fput(boot->process[i].program);
    }
    kernel_shutdown(boot->k);
    free(boot->process);
    *boot = (struct os_boot){.k = NULL};
}

/* ---- how much memory ---- */

static void sum_zones(const struct kernel *k, uint64_t *managed, uint64_t *free_frames,
                      uint64_t *least) {
    *managed = *free_frames = *least = 0;
    for (unsigned n = 0; n < k->config.nodes; n++)
        for (unsigned z = 0; z < MAX_NR_ZONES; z++) {
            *managed += k->node[n].zones[z].managed_pages;
            *free_frames += k->node[n].zones[z].free_pages;
            *least += k->node[n].zones[z].watermark[WMARK_MIN];
        }
}

uint64_t os_user_frames(const struct kernel *k) {
    uint64_t managed, free_frames, least;
    sum_zones(k, &managed, &free_frames, &least);
    uint64_t kernels =
        k->stat[STAT_nr_slab] + k->stat[STAT_nr_page_table_pages] + k->stat[STAT_nr_kernel_stack];
    return managed - free_frames - kernels;
}

/* Frames that are not the trace's pages' when it runs in a memory of this size. */
static bool measure_overhead(const struct os_options *options, enum paging_mode mode,
                             const struct plan *plan, uint64_t frames, uint64_t *overhead,
                             char *why, size_t size) {
    struct os_boot trial;
    struct memories scratch = {.count = 1, .memory = {physmem_create()}};
    struct replay_target target = plan_target((struct plan *)plan);
    target.memories = &scratch;
    const struct mm_config config = make_config(options, mode, frames * PAGE_BYTES, 0);
    bool ok = scratch.memory[0] && boot_with(&trial, &config, plan, &target, why, size);
    if (ok) {
        uint64_t managed, free_frames, least;
        sum_zones(trial.k, &managed, &free_frames, &least);
        *overhead = frames - free_frames + least + plan_tables(plan) + SPARE_FRAMES +
                    plan_pages(plan) / PAGES_PER_SPARE;
        os_shut(&trial);
    }
    physmem_destroy(scratch.memory[0]);
    return ok;
}

/* A size in which `pages` frames are left for the trace's pages. What the kernel takes grows with
 * the size, by a tenth of it at most, so that a few rounds find it. */
static bool find_size(const struct os_options *options, enum paging_mode mode,
                      const struct plan *plan, uint64_t pages, uint64_t *bytes, char *why,
                      size_t size) {
    uint64_t frames = 2 * pages + (UINT64_C(64) << 20) / PAGE_BYTES, before = 0, overhead;
    for (int round = 0; round < 8 && frames != before; round++) {
        if (!measure_overhead(options, mode, plan, frames, &overhead, why, size))
            return false;
        before = frames;
        frames = pages + overhead;
    }
    *bytes = frames * PAGE_BYTES;
    return true;
}

bool os_boot(struct os_boot *boot, const struct os_options *options, enum paging_mode mode,
             const struct plan *plan, const struct replay_target *target, char *why, size_t size) {
    uint64_t pages = plan_pages(plan), bytes = options->memory / PAGE_BYTES * PAGE_BYTES;
    uint64_t percent = options->percent ? options->memory : 200;
    if ((options->percent || options->memory == 0) &&
        !find_size(options, mode, plan, pages * percent / 100, &bytes, why, size))
        return false;
    uint64_t swap = options->swap_given ? options->swap : 2 * pages * PAGE_BYTES;
    const struct mm_config config =
        make_config(options, mode, bytes, swap / PAGE_BYTES * PAGE_BYTES);
    if (!memories_add_ram(target->memories, config.node[0].base, bytes)) {
        snprintf(why, size, "out of memory");
        return false;
    }
    return boot_with(boot, &config, plan, target, why, size);
}
