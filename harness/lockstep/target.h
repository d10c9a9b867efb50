/*
 * Both MMUs in lockstep as something a trace can be replayed to.
 */
#ifndef TWINWALK_LOCKSTEP_TARGET_H
#define TWINWALK_LOCKSTEP_TARGET_H

#include "lockstep.h"
#include "replay/replay.h"

struct replay_target lockstep_target(struct lockstep *both);

#endif
