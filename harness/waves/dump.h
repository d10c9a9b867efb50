/*
 * Waves that can be read at once: beside the FST a GTKWave save file that groups the signals, names
 * states, and marks where walks began.
 */
#ifndef TWINWALK_WAVES_DUMP_H
#define TWINWALK_WAVES_DUMP_H

#include "lockstep/lockstep.h"

/*
 * Ends the dump that lockstep_dump() began into `fst` and writes its save file, the same name
 * ending in .gtkw. false: it cannot be written.
 */
bool waves_finish(struct lockstep *both, const char *fst);

#endif
