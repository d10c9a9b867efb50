/*
 * The memory behind the hardware's page-table port: answers each request after a latency, out of
 * order if latencies say so, from the hardware side's own memory image.
 */
#ifndef TWINWALK_LOCKSTEP_MEMPORT_H
#define TWINWALK_LOCKSTEP_MEMPORT_H

#include "physmem/physmem.h"
#include "verilated/rtl_mmu.h"

/* Cycles from the request's transfer to its answer, at least 1; drawn evenly from min … max. */
struct latency {
    uint32_t min, max, seed;
};

#define MEMPORT_DEPTH 16

struct memport {
    struct physmem *memory;
    struct latency latency;
    uint64_t random;
    unsigned stall_percent; /* of cycles in which no request is taken */
    bool ready;             /* in this cycle */
    unsigned count;
    struct pending {
        uint64_t due; /* cycle */
        uint64_t pa, expect, desired;
        uint8_t id;
        bool cas, word;
    } pending[MEMPORT_DEPTH];
};

void memport_init(struct memport *port, struct physmem *memory, struct latency latency,
                  unsigned stall_percent);

/* Before the cycle: puts the answer that is due, if any, and ready onto the hardware's inputs. */
void memport_drive(struct memport *port, uint64_t cycle, struct rtl_inputs *in);

/* After settling: takes the request that the hardware offers. */
void memport_sample(struct memport *port, uint64_t cycle, const struct rtl_outputs *out);

/* "N" or "MIN:MAX:SEED"; false: neither, or MIN > MAX, or below 1. */
bool latency_parse(const char *text, struct latency *latency);

/* A small generator for stimuli: the next of 64 random bits (splitmix64). */
uint64_t next_random(uint64_t *state);

#endif
