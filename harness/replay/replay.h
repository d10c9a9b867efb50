/*
 * Plays a trace to whatever translates (target.h): both MMUs in lockstep, or the model alone.
 * Splits references that cross pages, moves addresses into the mode (fit.h), has a system page
 * (system.h) unless the trace brings its own tables, and counts.
 */
#ifndef TWINWALK_REPLAY_REPLAY_H
#define TWINWALK_REPLAY_REPLAY_H

#include "pager.h"
#include "trace.h"

struct replay_options {
    enum paging_mode mode; /* of traces that do not set one */
    bool mode_given;       /* by a user: a trace that sets another is refused */
    bool pager_given;      /* page or rights were: a trace with tables of its own is refused */
    enum page_size page;
    enum pager_rights rights;
    bool adue;
    uint64_t limit; /* references; 0: all */
};

/*
 * A reference counts once, however often it faults and is tried again, even if it crosses a page.
 * Where translations overlap (target.h), misses are those of translations: two requests for a page
 * that is being walked for have both missed.
 */
struct replay_counters {
    uint64_t references[PORTS];
    uint64_t lookups[TLBS], misses[TLBS];
    uint64_t l2_misses[PORTS];
    uint64_t translations;     /* asked of the target: parts, and tries after faults */
    uint64_t faults;           /* answers that were faults, mended or not */
    uint64_t unmended;         /* faults that nobody mended: the reference did not happen */
    uint64_t fences, switches; /* the system's fences too */
    uint64_t records;          /* played */
    struct system_counters system;
    unsigned moved_regions; /* fit.h */
};

struct replay;

/* `info` of the trace to come; system NULL: the first-touch pager. NULL: no memory. */
struct replay *replay_create(const struct replay_options *options, const struct trace_info *info,
                             const struct replay_target *target,
                             const struct replay_system *system);
void replay_destroy(struct replay *replay);

/* The next n records. After REPLAY_FAILED and WRONG replay_problem() says why; DONE also once at
 * the limit.
 */
enum replay_end replay_records(struct replay *replay, const struct trace_record *record, size_t n);
bool replay_limit_reached(const struct replay *replay);
const char *replay_problem(const struct replay *replay);

/* Plays a reader to its end, or to the limit; `progress` (may be NULL) is called now and then. */
enum replay_end replay_trace(struct replay *replay, struct trace_reader *reader,
                             void (*progress)(const struct replay_counters *counters),
                             struct trace_error *error);

/* Complete once nothing is under way: after replay_trace(). */
const struct replay_counters *replay_counters(struct replay *replay);
const struct mmu_control *replay_control(const struct replay *replay);

#endif
