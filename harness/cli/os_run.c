#include "os_run.h"

#include "mmu/mode.h"

#include <stdio.h>
#include <string.h>

/* The first pass; the mode that the trace runs in. */
static bool make_plan(struct os_run *run, const struct run_options *options,
                      const struct trace_info *info, feed_trace *feed, void *trace,
                      enum paging_mode *mode, char *why, size_t size, uint64_t *record) {
    const struct replay_target target = plan_target(run->plan);
    const struct replay_system system = plan_system(run->plan);
    struct replay *replay = replay_create(&options->replay, info, &target, &system);
    if (!replay)
        return false;
    bool planned = feed(trace, replay) == REPLAY_DONE;
    *mode = replay_control(replay)->mode;
    if (!planned) {
        *record = replay_counters(replay)->records;
        snprintf(why, size, "%s", replay_problem(replay));
    }
    replay_destroy(replay);
    return planned;
}

static bool choose_pages(const struct run_options *options, enum paging_mode mode,
                         struct os_options *os, enum plan_huge *huge, char *why, size_t size) {
    if (options->os.thp)
        os->page = mode_find(mode)->leaf_size[1];
    if (os_huge_pages(os, mode, huge))
        return true;
    snprintf(why, size, "an operating system in %s has no pages of %s", paging_mode_name(mode),
             page_size_name(os->page));
    return false;
}

bool os_run_open(struct os_run *run, const struct run_options *options,
                 const struct trace_info *info, const struct replay_target *target,
                 feed_trace *feed, void *trace, char *why, size_t size, uint64_t *record) {
    enum paging_mode mode;
    enum plan_huge huge;
    struct os_options os = options->os.os;
    *run = (struct os_run){.plan = plan_create()};
    *record = 0;
    snprintf(why, size, "out of memory");
    bool ok = run->plan && make_plan(run, options, info, feed, trace, &mode, why, size, record) &&
              choose_pages(options, mode, &os, &huge, why, size) &&
              plan_finish(run->plan, mode, huge) &&
              (run->os = os_create(&os, mode, run->plan, target, why, size));
    if (!ok) {
        os_run_close(run);
        return false;
    }
    run->system = os_system(run->os);
    return true;
}

void os_run_close(struct os_run *run) {
    os_destroy(run->os);
    plan_destroy(run->plan);
    *run = (struct os_run){NULL};
}
