/*
 * A trace played below an operating system: the first pass that plans its memory, the boot, and the
 * sweep at the end.
 */
#ifndef TWINWALK_CLI_OS_RUN_H
#define TWINWALK_CLI_OS_RUN_H

#include "options.h"
#include "os/os.h"

struct os_run {
    struct plan *plan;
    struct os *os; /* NULL: nothing is open */
    struct replay_system system;
};

/* Plays the whole trace (up to the replay's limit) to `replay`. */
typedef enum replay_end feed_trace(void *trace, struct replay *replay);

/*
 * false: `why` says it; if the trace is to blame, *record is the number of the record where (else
 * 0). `target` is that of the run to come.
 */
bool os_run_open(struct os_run *run, const struct run_options *options,
                 const struct trace_info *info, const struct replay_target *target,
                 feed_trace *feed, void *trace, char *why, size_t size, uint64_t *record);
void os_run_close(struct os_run *run);

#endif
