/*
 * Plays one trace file to a target on behalf of a command.
 */
#ifndef TWINWALK_CLI_PLAY_H
#define TWINWALK_CLI_PLAY_H

#include "options.h"
#include "results.h"

/*
 * Fills the result's trace, mode and replay counters (not after REPLAY_FAILED, whose one line has
 * been printed). REPLAY_STOPPED: the target gave up. Progress goes to a terminal on stderr only.
 */
enum replay_end play_file(const char *command, const struct run_options *options, const char *path,
                          const struct replay_target *target, struct run_result *result);

/* The first `n` records of a file, at most all; NULL: unreadable (a line was printed) or no memory.
 */
struct trace_record *read_records(const char *command, const char *path, size_t *n,
                                  struct trace_info *info);

#endif
