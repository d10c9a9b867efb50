/*
 * A trace played with time: to the twin, stepped through every cycle, or to the fast mode, which
 * estimates (docs/timing-studies.md). Page tables come about as for the model alone (sim.h): the
 * model says which requests fault, and only then, and before fences and changes of registers or
 * memory, everything under way is waited for.
 */
#ifndef TWINWALK_STUDY_TIMED_H
#define TWINWALK_STUDY_TIMED_H

#include "exact.h"
#include "replay/replay.h"
#include "timing/fast.h"

enum timed_mode { TIMED_EXACT, TIMED_FAST, TIMED_MODES };

const char *timed_mode_name(enum timed_mode mode);

struct timed {
    struct memories memories; /* EXACT: the twin's and the model's; FAST: one */
    struct latency *latency;
    struct mmu *mmu;     /* EXACT */
    struct exact *exact; /* EXACT */
    struct fast *fast;   /* FAST */
    bool has_l2;
};

/* `latency` as text (timing/latency.h). false and a reason: what is impossible, or no memory. */
bool timed_init(struct timed *timed, enum timed_mode mode, const struct mmu_config *config,
                unsigned in_flight, const char *latency, const char **why);
void timed_free(struct timed *timed);

/* The timed stays where it is as long as the target is used. */
struct replay_target timed_target(struct timed *timed);

/* What the model counted that answers request by request, without time. */
const struct mmu_counters *timed_counters(const struct timed *timed);

/* Of everything so far: waits for what is under way. */
void timed_figures(struct timed *timed, struct timing_figures *figures);

/* Answers of the twin that were others than the model's; 0 in the fast mode. */
uint64_t timed_differences(const struct timed *timed);

#endif
