/* Scenarios of memory that is too small: a swap storm, and what happens when even swap is full. */
#include "scenarios.h"

#include "mm/fork.h"
#include "mm/mmap.h"
#include "mm/page_alloc.h"
#include "mm/show.h"
#include "mm/vmscan.h"

#include <inttypes.h>
#include <stdlib.h>

#define FRAME_MAP_FRAMES 1024

/*
 * The series behind the pictures: what each frame is and how long the lists are as time goes by,
 * and in the end how long ago each page of the lists was last used.
 */
enum series_file { SERIES_FRAMES, SERIES_LISTS, SERIES_AGES, SERIES_FILES };
static const char *const series_name[SERIES_FILES] = {"frames.csv", "lists.csv", "ages.csv"};

struct series {
    FILE *file[SERIES_FILES];
    uint64_t step;
    uint64_t *last_use; /* step of each page of the working set */
};

/* 0 free, 1 kernel, 2 table, 3 active anon, 4 inactive anon, 5 file, 6 other. */
static unsigned frame_kind(const struct page *page) {
    if (page->refcount == 0)
        return page_has(page, PG_reserved) ? 1 : 0;
    if (page_has(page, PG_slab) || page_has(page, PG_reserved))
        return 1;
    if (page_has(page, PG_table))
        return 2;
    if (page_has(page, PG_lru))
        return !page_has(page, PG_swapbacked) ? 5 : page_has(page, PG_active) ? 3 : 4;
    return 6;
}

static void write_frames(struct series *series, struct kernel *k) {
    const struct pglist_data *node = &k->node[0];
    uint64_t frames =
        node->spanned_pages < FRAME_MAP_FRAMES ? node->spanned_pages : FRAME_MAP_FRAMES;
    for (uint64_t i = 0; i < frames; i++)
        fprintf(series->file[SERIES_FRAMES], "%s%u", i ? "," : "", frame_kind(&node->map[i]));
    fputc('\n', series->file[SERIES_FRAMES]);
}

/* Sizes of the lists and the events since boot. */
static void write_lists(struct series *series, struct kernel *k) {
    const uint64_t *stat = mm_stats(k);
    fprintf(series->file[SERIES_LISTS],
            "%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%" PRIu64 "\n",
            series->step, stat[STAT_nr_free_pages], stat[STAT_nr_active_anon],
            stat[STAT_nr_inactive_anon], stat[STAT_pswpout], stat[STAT_pswpin],
            stat[STAT_pgmajfault]);
}

/* From the head of the active list to the tail of the inactive one, where pages leave. */
static void write_ages(struct series *series, struct kernel *k, uint64_t first_index,
                       uint64_t pages) {
    static const enum lru_list list[] = {LRU_ACTIVE_ANON, LRU_INACTIVE_ANON};
    uint64_t position = 0;
    const struct page *page;
    for (unsigned i = 0; i < 2; i++)
        TAILQ_FOREACH(page, &k->node[0].lruvec.lists[list[i]], list) {
            if (page->index - first_index < pages)
                fprintf(series->file[SERIES_AGES], "%" PRIu64 ",%u,%" PRIu64 "\n", position, i,
                        series->step - series->last_use[page->index - first_index]);
            position++;
        }
}

static bool series_open(struct series *series, const char *directory) {
    static const char *const header[SERIES_FILES] = {
        "", "step,free,active_anon,inactive_anon,pswpout,pswpin,pgmajfault\n",
        "position,inactive,age\n"};
    char path[4096];
    *series = (struct series){0};
    for (unsigned i = 0; directory && i < SERIES_FILES; i++) {
        snprintf(path, sizeof path, "%s/%s", directory, series_name[i]);
        if (!(series->file[i] = fopen(path, "w")))
            return false;
        fputs(header[i], series->file[i]);
    }
    return true;
}

static bool series_close(struct series *series) {
    bool good = true;
    for (unsigned i = 0; i < SERIES_FILES; i++)
        if (series->file[i])
            good = fclose(series->file[i]) == 0 && good;
    free(series->last_use);
    return good;
}

/*
 * Three quarters of the accesses go to the first quarter of the pages: what LRU should keep. Every
 * value is checked when its page is next seen.
 */
static void storm(struct stage *stage, uint64_t va, uint64_t pages, uint64_t accesses,
                  struct series *series) {
    static const uint64_t every = 64;
    uint64_t random = 7;
    if (!(series->last_use = calloc(pages, sizeof *series->last_use)))
        return;
    for (uint64_t i = 0; i < pages && !stage->board.stopped; i++)
        stage_store(stage, va + i * PAGE_BYTES, ~i);
    for (uint64_t i = 0; i < accesses && !stage->board.stopped; i++) {
        random = random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        uint64_t page = (random >> 33) % ((random >> 62) ? pages / 4 : pages);
        if (stage_expect(stage, va + page * PAGE_BYTES, ~page) < 0)
            return;
        if (random >> 31 & 1)
            stage_store(stage, va + page * PAGE_BYTES, ~page);
        series->step = i;
        series->last_use[page] = i;
        if (series->file[SERIES_FRAMES] && i % every == 0) {
            write_frames(series, stage->k);
            write_lists(series, stage->k);
        }
    }
    if (series->file[SERIES_AGES])
        write_ages(series, stage->k, va / PAGE_BYTES, pages);
}

static void show_pressure(struct stage *stage) {
    static const enum mm_stat shown[] = {
        STAT_pgfault,       STAT_pgmajfault,     STAT_pswpout,       STAT_pswpin,
        STAT_pageoutrun,    STAT_allocstall,     STAT_pgscan_kswapd, STAT_pgsteal_kswapd,
        STAT_pgscan_direct, STAT_pgsteal_direct, STAT_pgactivate,    STAT_pgdeactivate};
    const uint64_t *stat = mm_stats(stage->k);
    for (unsigned i = 0; i < sizeof shown / sizeof shown[0]; i++)
        stage_say(stage, "  %-16s %8" PRIu64, mm_stat_name(shown[i]), stat[shown[i]]);
}

bool scenario_swap(const struct scenario_options *options, FILE *out, const char **why) {
    const uint64_t memory = UINT64_C(4) << 20, va = 0x10000000;
    struct mm_config config;
    struct stage stage;
    struct series series;
    mm_config_default(&config, options->mode, memory);
    config.adue = options->adue;
    config.policy = options->policy;
    config.swap_bytes = UINT64_C(8) << 20;
    if (!series_open(&series, options->data)) {
        series_close(&series);
        *why = "the series cannot be written";
        return false;
    }
    if (!stage_open(&stage, &config, out, why))
        return series_close(&series), false;
    stage_title(&stage, "A swap storm: a working set of 1.5 times the memory");
    const struct mm_printer printer = stage_printer(&stage);
    struct task_struct *task = task_create(stage.k);
    uint64_t pages = mm_stats(stage.k)[STAT_nr_free_pages] * 3 / 2;
    if (stage_check(&stage, task && stage_map(&stage, task, va, pages * PAGE_BYTES),
                    "%" PRIu64 " pages are mapped, %" PRIu64 " frames are free", pages,
                    stage.k->stat[STAT_nr_free_pages])) {
        stage_switch(&stage, task);
        storm(&stage, va, pages, 4 * pages, &series);
        show_pressure(&stage);
        show_zoneinfo(stage.k, &printer);
        stage_check(&stage, stage.failed == 0,
                    "every value came back as it was written (policy %s)",
                    reclaim_policy_of(stage.k)->name);
        stage_check(&stage, stage.k->stat[STAT_pswpout] > 0 && stage.k->stat[STAT_pswpin] > 0,
                    "pages went to swap and came back");
        stage_check(&stage, stage.k->stat[STAT_pageoutrun] > 0, "kswapd did its work");
    }
    bool written = series_close(&series);
    if (!written)
        *why = "the series cannot be written";
    return stage_close(&stage) && written;
}

bool scenario_oom(const struct scenario_options *options, FILE *out, const char **why) {
    const uint64_t va = 0x10000000;
    struct mm_config config;
    struct stage stage;
    mm_config_default(&config, options->mode, UINT64_C(4) << 20);
    config.adue = options->adue;
    config.swap_bytes = UINT64_C(1) << 20;
    if (!stage_open(&stage, &config, out, why))
        return false;
    stage_title(&stage, "Out of memory, out of swap");
    struct task_struct *small = task_create(stage.k), *big = task_create(stage.k);
    if (!stage_check(&stage,
                     small && big && stage_map(&stage, small, va, 16 * PAGE_BYTES) &&
                         stage_map(&stage, big, va, UINT64_C(32) << 20),
                     "a small process, and one that will want 32 MiB of 4"))
        return stage_close(&stage);
    stage_switch(&stage, small);
    for (uint64_t i = 0; i < 16; i++)
        stage_store(&stage, va + i * PAGE_BYTES, i);
    stage_tell(&stage, 3, MM_EVENT_OOM, MM_EVENT_SIGNAL, MM_EVENT_EXIT);
    stage_switch(&stage, big);
    uint64_t pages = 0, value = 1;
    while (pages < (UINT64_C(32) << 20) / PAGE_BYTES &&
           stage_access(&stage, va + pages * PAGE_BYTES, ACCESS_WRITE, &value) >= 0)
        pages++;
    stage_say(&stage, "%s", stage.k->report);
    stage_check(&stage, stage.k->stat[STAT_oom_kill] == 1 && big->signal != 0 && small->signal == 0,
                "after %" PRIu64 " pages the big one was killed, the small one lives", pages);
    stage_switch(&stage, small);
    for (uint64_t i = 0; i < 16; i++)
        stage_expect(&stage, va + i * PAGE_BYTES, i);
    stage_check(&stage, stage.failed == 0, "and has its data");
    return stage_close(&stage);
}
