/*
 * How long a run of requests takes, estimated: the software MMU says what each request hits, misses
 * and reads, and the time of that is worked out request by request instead of cycle by cycle. Of
 * docs/timing.md it knows the lengths (stages, reads, returns) and what they wait for (walks, miss
 * entries, the page-table port); docs/timing-studies.md says what it leaves out.
 */
#ifndef TWINWALK_TIMING_FAST_H
#define TWINWALK_TIMING_FAST_H

#include "../mmu/mmu.h"
#include "figures.h"
#include "latency.h"

struct fast;

/*
 * At most `in_flight` requests, 1 to 32, are taken and not answered, over both ports. Memory and
 * latency stay the caller's. NULL: impossible configuration (*why says it), or no memory.
 */
struct fast *fast_create(const struct mmu_config *config, unsigned in_flight,
                         const struct mmu_memory *memory, struct latency *latency,
                         const char **why);
void fast_destroy(struct fast *fast);

/* The next request; true when no fault. After a fault nothing is under way any more. */
bool fast_translate(struct fast *fast, const struct mmu_request *request,
                    struct mmu_response *response);

/* `count` more requests for the page that this port's latest request translated. */
void fast_repeat(struct fast *fast, const struct mmu_request *request, uint64_t count);

/* Waits until everything is answered. */
void fast_settle(struct fast *fast);

/* Both wait for everything before; the registers are those of the requests that follow. */
void fast_control(struct fast *fast, const struct mmu_control *control);
void fast_fence(struct fast *fast, const struct mmu_fence *fence);

/* What the software MMU counted. */
const struct mmu_counters *fast_counters(const struct fast *fast);

/* So far; settle first. */
void fast_figures(const struct fast *fast, struct timing_figures *figures);

#endif
