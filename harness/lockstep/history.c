#include "history.h"

/* Walks that a request may have waited for and that are still of interest. */
#define JOINED 8

struct lockstep_step *history_add(struct history *history, uint64_t cycle, uint64_t sequence,
                                  const struct mmu_event *hardware, const struct mmu_event *model) {
    struct lockstep_step *step = &history->step[history->count++ % HISTORY_STEPS];
    step->cycle = cycle;
    step->sequence = sequence;
    step->joined = 0;
    step->has[SIDE_HARDWARE] = hardware != NULL;
    step->has[SIDE_MODEL] = model != NULL;
    if (hardware)
        step->event[SIDE_HARDWARE] = *hardware;
    if (model)
        step->event[SIDE_MODEL] = *model;
    return step;
}

static uint64_t first_kept(const struct history *history) {
    return history->count > HISTORY_STEPS ? history->count - HISTORY_STEPS : 0;
}

static const struct lockstep_step *kept(const struct history *history, uint64_t i) {
    return &history->step[i % HISTORY_STEPS];
}

static bool is_walks(const struct lockstep_step *step) {
    return event_of_walk(&step->event[step->has[SIDE_HARDWARE] ? SIDE_HARDWARE : SIDE_MODEL]);
}

/* The requests for which the walks were begun that this one waited for, the latest first. */
static unsigned find_joined(const struct history *history, uint64_t sequence,
                            uint64_t joined[JOINED]) {
    unsigned n = 0;
    for (uint64_t i = history->count; i-- > first_kept(history) && n < JOINED;) {
        const struct lockstep_step *step = kept(history, i);
        if (step->sequence == sequence && step->joined != 0 && step->joined != sequence)
            joined[n++] = step->joined;
    }
    return n;
}

size_t history_of(const struct history *history, uint64_t sequence, struct lockstep_step *to,
                  size_t n) {
    uint64_t joined[JOINED];
    unsigned walks = find_joined(history, sequence, joined);
    size_t found = 0;
    for (uint64_t i = first_kept(history); i < history->count && found < n; i++) {
        const struct lockstep_step *step = kept(history, i);
        bool wanted = step->sequence == sequence;
        for (unsigned walk = 0; walk < walks && !wanted; walk++)
            wanted = step->sequence == joined[walk] && is_walks(step);
        if (wanted)
            to[found++] = *step;
    }
    return found;
}
