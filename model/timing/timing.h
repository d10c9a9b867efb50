/*
 * The hardware's twin: a model of its pipeline, stepped cycle by cycle, that predicts every output
 * of every cycle from the same inputs. Written from docs/timing.md. C11, no globals, no I/O.
 */
#ifndef TWINWALK_TIMING_TIMING_H
#define TWINWALK_TIMING_TIMING_H

#include "pins.h"

#ifdef __cplusplus
extern "C" {
#endif

struct timing;

/* As after reset. NULL: impossible configuration (*why says it, a constant string) or no memory. */
struct timing *timing_create(const struct mmu_config *config, const char **why);
void timing_destroy(struct timing *timing);

/* One clock cycle: the outputs that go with these inputs, and on to the next cycle. */
void timing_cycle(struct timing *timing, const struct mmu_inputs *in, struct mmu_outputs *out);

/* Cycles since reset. */
uint64_t timing_cycles(const struct timing *timing);

/* All counters, as at the start of the next cycle. */
const uint64_t *timing_counters(const struct timing *timing);

/* Whether nothing is under way: no request, no walk, no response to come. */
bool timing_idle(const struct timing *timing);

#ifdef __cplusplus
}
#endif

#endif
