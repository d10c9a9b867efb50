/*
 * The latest steps of both sides, kept for the report of a divergence.
 */
#ifndef TWINWALK_LOCKSTEP_HISTORY_H
#define TWINWALK_LOCKSTEP_HISTORY_H

#include "lockstep.h"

#define HISTORY_STEPS 2048

struct history {
    uint64_t count; /* ever added; the latest HISTORY_STEPS are kept */
    struct lockstep_step step[HISTORY_STEPS];
};

/* Either event may be NULL. The step is there to be added to. */
struct lockstep_step *history_add(struct history *history, uint64_t cycle, uint64_t sequence,
                                  const struct mmu_event *hardware, const struct mmu_event *model);

/* As lockstep_history(). */
size_t history_of(const struct history *history, uint64_t sequence, struct lockstep_step *to,
                  size_t n);

#endif
