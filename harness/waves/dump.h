/*
 * Waves that can be read at once: beside the FST a GTKWave save file that groups the signals, names
 * states, and marks where walks began.
 */
#ifndef TWINWALK_WAVES_DUMP_H
#define TWINWALK_WAVES_DUMP_H

#include "lockstep/lockstep.h"

#define WAVES_PATH 4096

/* A dump under way: it appears under its name when it is complete. */
struct waves {
    char fst[WAVES_PATH], temporary[WAVES_PATH + 32];
};

/* Dumps cycles first ... last, to become `fst`. false and why: it cannot be written there. */
bool waves_begin(struct waves *waves, struct lockstep *both, const char *fst, uint64_t first,
                 uint64_t last, const char **why);

/*
 * Ends the dump and writes its save file, the same name ending in .gtkw. false and why: it cannot
 * be written, or no cycle was dumped; then no FST appears.
 */
bool waves_finish(struct waves *waves, struct lockstep *both, const char **why);

/* Ends the dump and forgets it. */
void waves_abandon(struct waves *waves, struct lockstep *both);

#endif
