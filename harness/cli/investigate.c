#include "investigate.h"

#include "lockstep/minimize.h"
#include "lockstep/target.h"
#include "play.h"
#include "waves/dump.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Runs of the minimizer at most; each replays what is left of the trace. */
#define TESTS 400

/* Cycles of waves before a divergence. */
#define WAVES_BEFORE 400

struct case_ {
    const struct cosim_options *options;
    const struct trace_info *info;
    enum compare_level level;
};

struct records {
    const struct trace_record *record;
    size_t n;
};

static enum replay_end feed_records(void *trace, struct replay *replay) {
    const struct records *records = trace;
    return replay_records(replay, records->record, records->n);
}

/* Plays the records to the target, below an operating system if the run was. */
static void play_records(const struct case_ *this, struct records *records,
                         const struct replay_target *target, struct lockstep *both) {
    char why[512];
    uint64_t at;
    struct os_run os = {NULL};
    struct run_options options = this->options->run;
    options.replay.limit = 0;
    if (options.os.on && !os_run_open(&os, &options, this->info, target, feed_records, records, why,
                                      sizeof why, &at))
        return;
    struct replay *replay =
        replay_create(&options.replay, this->info, target, os.os ? &os.system : NULL);
    enum replay_end end = replay ? feed_records(records, replay) : REPLAY_FAILED;
    if (end == REPLAY_DONE && os.os)
        end = os_sweep(os.os);
    if (end != REPLAY_FAILED)
        lockstep_finish(both);
    replay_destroy(replay);
    os_run_close(&os);
}

/*
 * Replays the records on fresh sides, dumping waves if asked; the divergence, if there is one.
 * false also when the waves cannot be written, after a line that says so.
 */
static bool diverges(const struct case_ *this, const struct trace_record *record, size_t n,
                     const char *waves, uint64_t first, struct divergence *found) {
    const char *why;
    struct lockstep *both = lockstep_create(&this->options->lockstep, &why);
    if (!both)
        return false;
    struct replay_target target = lockstep_target(both);
    struct records records = {record, n};
    struct waves dump;
    bool dumps = waves && waves_begin(&dump, both, waves, first, UINT64_MAX - 1, &why);
    play_records(this, &records, &target, both);
    bool diverged = lockstep_divergence(both) != NULL;
    if (diverged && found)
        *found = *lockstep_divergence(both);
    if (waves && !(dumps && waves_finish(&dump, both, &why))) {
        complain("cosim", "%s: %s", waves, why);
        diverged = false;
    }
    lockstep_destroy(both);
    return diverged;
}

static bool same_failure(void *context, const struct trace_record *record, size_t n) {
    const struct case_ *this = context;
    struct divergence found;
    /* Only what can be written as a trace is of use. */
    return trace_records_valid(record, n) && diverges(this, record, n, NULL, 0, &found) &&
           found.level == this->level;
}

static bool write_trace(const char *path, const struct trace_info *info,
                        const struct trace_record *record, size_t n) {
    struct trace_error error;
    struct trace_writer *writer = trace_create(path, TRACE_TEXT, info, &error);
    for (size_t i = 0; writer && i < n; i++)
        if (!trace_write(writer, &record[i], &error)) {
            trace_writer_abort(writer);
            writer = NULL;
        }
    if (writer && trace_writer_close(writer, &error))
        return true;
    complain("cosim", "%s", error.text);
    return false;
}

static void print_os(const struct os_run_options *options) {
    const struct os_options *os = &options->os;
    printf(" --os --memory %" PRIu64 " --swap %" PRIu64, os->memory, os->swap);
    if (os->policy != RECLAIM_LRU)
        printf(" --policy %s", reclaim_policy_name(os->policy));
    if (os->policy == RECLAIM_RANDOM)
        printf(" --seed %" PRIu64, os->seed);
    if (os->flush_young)
        printf(" --flush-young");
    if (os->page_cluster != 3)
        printf(" --page-cluster %u", os->page_cluster);
    if (os->swappiness != 60)
        printf(" --swappiness %u", os->swappiness);
    if (options->thp)
        printf(" --thp");
}

static void print_command(const struct cosim_options *options, const char *path) {
    printf("  again:     twinwalk cosim --config %s --latency %s", options->lockstep.config,
           options->lockstep.latency);
    if (options->run.replay.mode_given)
        printf(" --mode %s", paging_mode_name(options->run.replay.mode));
    if (options->lockstep.stall_percent)
        printf(" --stall %u", options->lockstep.stall_percent);
    if (options->lockstep.in_flight > 1)
        printf(" --in-flight %u", options->lockstep.in_flight);
    if (options->lockstep.no_tlb_check)
        printf(" --no-tlb-check");
    if (options->lockstep.no_timing_check)
        printf(" --no-timing-check");
    if (options->run.replay.rights == PAGER_TOUCH)
        printf(" --rights touch");
    if (options->run.replay.adue)
        printf(" --adue");
    if (options->run.replay.page != PAGE_4K)
        printf(" --page %.*s", (int)(strlen(page_size_name(options->run.replay.page)) - 2),
               page_size_name(options->run.replay.page));
    if (options->run.os.on)
        print_os(&options->run.os);
    printf(" %s\n", path);
}

void investigate(const struct cosim_options *options, const char *trace,
                 const struct divergence *divergence) {
    size_t n = divergence->position;
    struct trace_info info;
    if (strcmp(trace, "-") == 0) {
        complain("cosim", "standard input cannot be read again: play the trace from a file to have "
                          "it minimised");
        return;
    }
    struct trace_record *record = read_records("cosim", trace, &n, &info);
    if (!record)
        return;
    char text[4096], waves[4096];
    snprintf(text, sizeof text, "%s/divergence.txt", options->divergence_dir);
    snprintf(waves, sizeof waves, "%s/divergence.fst", options->divergence_dir);
    struct case_ this = {options, &info, divergence->level};
    struct minimize_budget budget = {TESTS};
    rtl_mmu_mute(true); /* the hardware has said it once; it would again in every run */
    size_t left = minimize(record, n, same_failure, &this, &budget);
    snprintf(info.note, sizeof info.note, "minimised from %zu records of %.200s", n, trace);
    if (write_trace(text, &info, record, left)) {
        printf("  minimised: %s, %zu of %zu records (%u runs)\n", text, left, n,
               TESTS - budget.tests);
        print_command(options, text);
    }
    struct divergence again;
    if (diverges(&this, record, left, NULL, 0, &again)) {
        uint64_t first = again.cycle > WAVES_BEFORE ? again.cycle - WAVES_BEFORE : 0;
        if (diverges(&this, record, left, waves, first, NULL))
            printf("  waves:     %s, of the minimised trace, cycle %llu of it diverges\n", waves,
                   (unsigned long long)again.cycle);
    }
    rtl_mmu_mute(false);
    free(record);
}
