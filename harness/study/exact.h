/*
 * The twin (timing/timing.h) as something that requests can be sent through: offers them as fast as
 * its ports take them, plays the memory behind its page-table port, and measures.
 *
 * Requests are taken in the order of the calls. Each port offers its own in that order; at most
 * `in_flight` are taken and not answered yet, over both ports.
 */
#ifndef TWINWALK_STUDY_EXACT_H
#define TWINWALK_STUDY_EXACT_H

#include "physmem/physmem.h"
#include "timing/figures.h"
#include "timing/latency.h"
#include "timing/timing.h"

#define IN_FLIGHT_MAX (1u << TW_ID_W) /* a port's ids */

struct exact;

/* Memory and latency stay the caller's. NULL: impossible configuration, or no memory. */
struct exact *exact_create(const struct mmu_config *config, unsigned in_flight,
                           struct physmem *memory, struct latency *latency, const char **why);
void exact_destroy(struct exact *exact);

/*
 * Sends a request, once there is room for one more in flight. `expected`: what the model answers;
 * see exact_differences().
 */
void exact_send(struct exact *exact, const struct mmu_request *request,
                const struct mmu_response *expected);

/* Waits until every request sent is answered. */
void exact_settle(struct exact *exact);

/* The control registers of what is sent from now on; waits for everything before. */
void exact_control(struct exact *exact, const struct mmu_control *control);

/* Waits for everything before, and for the fence. */
void exact_fence(struct exact *exact, const struct mmu_fence *fence);

/* Answers that were others than expected: another address, page size or fault. */
uint64_t exact_differences(const struct exact *exact);

/* So far; settle first. */
void exact_figures(const struct exact *exact, struct timing_figures *figures);

#endif
