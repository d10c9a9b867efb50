/*
 * The latest steps of both sides, kept for the report of a divergence.
 */
#ifndef TWINWALK_LOCKSTEP_HISTORY_H
#define TWINWALK_LOCKSTEP_HISTORY_H

#include "lockstep.h"

#define HISTORY_STEPS 512

struct history {
    uint64_t count; /* ever added; the latest HISTORY_STEPS are kept */
    struct lockstep_step step[HISTORY_STEPS];
};

/* Either event may be NULL. */
static inline void history_add(struct history *history, uint64_t cycle, uint64_t sequence,
                               const struct mmu_event *hardware, const struct mmu_event *model) {
    struct lockstep_step *step = &history->step[history->count++ % HISTORY_STEPS];
    step->cycle = cycle;
    step->sequence = sequence;
    step->has[SIDE_HARDWARE] = hardware != NULL;
    step->has[SIDE_MODEL] = model != NULL;
    if (hardware)
        step->event[SIDE_HARDWARE] = *hardware;
    if (model)
        step->event[SIDE_MODEL] = *model;
}

static inline size_t history_of(const struct history *history, uint64_t sequence,
                                struct lockstep_step *to, size_t n) {
    uint64_t first = history->count > HISTORY_STEPS ? history->count - HISTORY_STEPS : 0;
    size_t found = 0;
    for (uint64_t i = first; i < history->count && found < n; i++)
        if (history->step[i % HISTORY_STEPS].sequence == sequence)
            to[found++] = history->step[i % HISTORY_STEPS];
    return found;
}

#endif
