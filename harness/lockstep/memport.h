/*
 * The memory behind the hardware's page-table port: answers each request after a latency, out of
 * order if latencies say so, from the hardware side's own memory image.
 */
#ifndef TWINWALK_LOCKSTEP_MEMPORT_H
#define TWINWALK_LOCKSTEP_MEMPORT_H

#include "physmem/physmem.h"
#include "timing/latency.h"
#include "timing/pins.h"

#define MEMPORT_DEPTH 16 /* a request of every walk that there can be */

struct memport {
    struct physmem *memory;
    struct latency *latency; /* NULL: 1 cycle */
    uint64_t random;         /* of stalls only: what latencies draw is no matter here */
    unsigned stall_percent;  /* of cycles in which no request is taken */
    bool ready;              /* in this cycle */
    unsigned count;
    struct pending {
        uint64_t due; /* cycle */
        uint64_t pa, expect, desired;
        uint8_t id;
        bool cas, word;
    } pending[MEMPORT_DEPTH]; /* in the order in which they were taken */
};

/* The latency stays the caller's. */
void memport_init(struct memport *port, struct physmem *memory, struct latency *latency,
                  unsigned stall_percent, uint32_t seed);

/* Before the cycle: puts the answer that is due, if any, and ready onto the hardware's inputs. */
void memport_drive(struct memport *port, uint64_t cycle, struct mmu_inputs *in);

/* After settling: takes the request that the hardware offers. */
void memport_sample(struct memport *port, uint64_t cycle, const struct mmu_outputs *out);

/* A small generator for stimuli: the next of 64 random bits (splitmix64). */
uint64_t next_random(uint64_t *state);

#endif
