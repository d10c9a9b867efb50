/*
 * Plays one trace file to a target on behalf of a command.
 */
#ifndef TWINWALK_CLI_PLAY_H
#define TWINWALK_CLI_PLAY_H

#include "options.h"
#include "os_run.h"
#include "results.h"

struct play {
    const char *command;
    const struct run_options *options;
    const char *path;
    const struct replay_target *target;
    struct os_run os; /* what pages, below an operating system */
};

/*
 * Fills the result's trace, mode, replay counters and what an operating system says, but not after
 * REPLAY_FAILED. FAILED and WRONG: their one line has been printed. REPLAY_STOPPED: the target gave
 * up. Progress goes to a terminal on stderr only.
 */
enum replay_end play_file(struct play *play, struct run_result *result);

/* After REPLAY_DONE, and once the counters are safe: os_sweep(), if there is a system. */
enum replay_end play_sweep(struct play *play);

/* In any case at the end; the target still lives. */
void play_end(struct play *play);

/* The first `n` records of a file, at most all; NULL: unreadable (a line was printed) or no memory.
 */
struct trace_record *read_records(const char *command, const char *path, size_t *n,
                                  struct trace_info *info);

#endif
