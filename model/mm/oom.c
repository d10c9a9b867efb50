/* The end of all means: the process whose death frees most is killed, and a report says why. */
#include "oom.h"

#include "fork.h"
#include "page_alloc.h"
#include "slub.h"
#include "swap.h"

#include <inttypes.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>

#define KIB_PER_PAGE (PAGE_BYTES / 1024)

static uint64_t mm_rss(const struct mm_struct *mm) {
    return mm->rss[MM_ANONPAGES] + mm->rss[MM_FILEPAGES] + mm->rss[MM_SHMEMPAGES];
}

uint64_t oom_badness(const struct task_struct *task) {
    const struct mm_struct *mm = task->mm;
    return mm ? mm_rss(mm) + mm->rss[MM_SWAPENTS] + mm->pgtables_bytes / PAGE_BYTES : 0;
}

/* --- the report --- */

struct report {
    char *text;
    size_t size, length;
};

/* What does not fit is cut. */
__attribute__((format(printf, 2, 3))) static void say(struct report *report, const char *format,
                                                      ...) {
    va_list arguments;
    va_start(arguments, format);
    int n =
        vsnprintf(report->text + report->length, report->size - report->length, format, arguments);
    va_end(arguments);
    if (n > 0)
        report->length += (size_t)n;
    if (report->length >= report->size)
        report->length = report->size - 1;
}

static void say_memory(struct report *report, struct kernel *k) {
    const uint64_t *stat = mm_stats(k);
    say(report,
        "Mem-Info:\n"
        "active_anon:%" PRIu64 " inactive_anon:%" PRIu64 "\n"
        " active_file:%" PRIu64 " inactive_file:%" PRIu64 "\n"
        " unevictable:%" PRIu64 " dirty:%" PRIu64 " slab:%" PRIu64 "\n"
        " mapped:%" PRIu64 " shmem:%" PRIu64 " pagetables:%" PRIu64 "\n"
        " free:%" PRIu64 "\n",
        stat[STAT_nr_active_anon], stat[STAT_nr_inactive_anon], stat[STAT_nr_active_file],
        stat[STAT_nr_inactive_file], stat[STAT_nr_unevictable], stat[STAT_nr_dirty],
        stat[STAT_nr_slab], stat[STAT_nr_mapped], stat[STAT_nr_shmem],
        stat[STAT_nr_page_table_pages], stat[STAT_nr_free_pages]);
}

static void say_zones(struct report *report, const struct kernel *k) {
    for (unsigned n = 0; n < k->config.nodes; n++)
        for (unsigned z = 0; z < MAX_NR_ZONES; z++) {
            const struct zone *zone = &k->node[n].zones[z];
            if (zone->managed_pages == 0)
                continue;
            say(report,
                "Node %u %s free:%" PRIu64 "kB min:%" PRIu64 "kB low:%" PRIu64 "kB high:%" PRIu64
                "kB managed:%" PRIu64 "kB\n",
                n, zone_name((enum zone_type)z), zone->free_pages * KIB_PER_PAGE,
                zone->watermark[WMARK_MIN] * KIB_PER_PAGE,
                zone->watermark[WMARK_LOW] * KIB_PER_PAGE,
                zone->watermark[WMARK_HIGH] * KIB_PER_PAGE, zone->managed_pages * KIB_PER_PAGE);
        }
}

static void say_swap(struct report *report, const struct kernel *k) {
    uint64_t total = k->swap ? swap_total(k) : 0, free = k->swap ? swap_free(k) : 0;
    say(report,
        "%" PRIu64 " total pagecache pages\n%" PRIu64 " pages in swap cache\n"
        "Free swap  = %" PRIu64 "kB\nTotal swap = %" PRIu64 "kB\n",
        k->stat[STAT_nr_file_pages], k->stat[STAT_nr_swapcached], free * KIB_PER_PAGE,
        total * KIB_PER_PAGE);
}

/* Room that the last lines need. */
#define VERDICT_BYTES 256u

static void say_tasks(struct report *report, const struct kernel *k) {
    const struct task_struct *task;
    unsigned left_out = 0;
    say(report, "Tasks state (memory values in pages):\n"
                "[  pid  ] total_vm      rss rss_anon rss_file rss_shmem pgtables_bytes "
                "swapents\n");
    TAILQ_FOREACH(task, &k->tasks, list) {
        const struct mm_struct *mm = task->mm;
        if (!mm)
            continue;
        if (report->size - report->length < VERDICT_BYTES + 96) {
            left_out++;
            continue;
        }
        say(report,
            "[%7" PRIu64 "] %8" PRIu64 " %8" PRIu64 " %8" PRIu64 " %8" PRIu64 " %9" PRIu64
            " %14" PRIu64 " %8" PRIu64 "\n",
            task->pid, mm->total_vm, mm_rss(mm), mm->rss[MM_ANONPAGES], mm->rss[MM_FILEPAGES],
            mm->rss[MM_SHMEMPAGES], mm->pgtables_bytes, mm->rss[MM_SWAPENTS]);
    }
    if (left_out > 0)
        say(report, "(%u more)\n", left_out);
}

static void say_verdict(struct report *report, const struct task_struct *victim) {
    const struct mm_struct *mm = victim->mm;
    say(report,
        "Out of memory: Killed process %" PRIu64 " total-vm:%" PRIu64 "kB, anon-rss:%" PRIu64
        "kB, file-rss:%" PRIu64 "kB, shmem-rss:%" PRIu64 "kB, pgtables:%" PRIu64 "kB\n",
        victim->pid, mm->total_vm * KIB_PER_PAGE, mm->rss[MM_ANONPAGES] * KIB_PER_PAGE,
        mm->rss[MM_FILEPAGES] * KIB_PER_PAGE, mm->rss[MM_SHMEMPAGES] * KIB_PER_PAGE,
        mm->pgtables_bytes / 1024);
}

static void dump_header(struct kernel *k, gfp_t gfp, unsigned order,
                        const struct task_struct *victim) {
    struct report report = {k->report, sizeof k->report, 0};
    say(&report, "process %" PRIu64 " invoked oom-killer: gfp_mask=%#x, order=%u\n",
        k->current ? k->current->pid : 0, gfp, order);
    say_memory(&report, k);
    say_zones(&report, k);
    say_swap(&report, k);
    say_tasks(&report, k);
    if (victim)
        say_verdict(&report, victim);
    else
        say(&report, "Out of memory and no killable processes...\n");
}

/* --- the choice --- */

/* The worst of those that are not dying already. */
static struct task_struct *select_bad_process(struct kernel *k) {
    struct task_struct *task, *worst = NULL;
    TAILQ_FOREACH(task, &k->tasks, list) {
        if (!task->mm || task->mm == k->init_mm || task->signal != 0)
            continue;
        if (!worst || oom_badness(task) > oom_badness(worst))
            worst = task;
    }
    return worst;
}

static void oom_kill_process(struct kernel *k, struct task_struct *victim) {
    count_event(k, STAT_oom_kill, 1);
    mm_event(k, MM_EVENT_OOM, victim->pid, oom_badness(victim), 0);
    send_signal(k, victim, SIGKILL, 0);
    if (victim != k->current)
        do_exit(k, victim);
}

bool out_of_memory(struct kernel *k, gfp_t gfp, unsigned order) {
    /* Whoever is dying gets its memory back soon: no need for another victim. */
    if (k->current && k->current->signal != 0)
        return false;
    struct task_struct *victim = select_bad_process(k);
    dump_header(k, gfp, order, victim);
    if (!victim)
        return false;
    oom_kill_process(k, victim);
    return true;
}
