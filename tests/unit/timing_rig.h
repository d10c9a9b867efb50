/*
 * A bench for the twin (model/timing): page tables, a memory behind the page-table port that
 * answers after a given time, and a record of every event with its cycle.
 */
#ifndef TWINWALK_TESTS_UNIT_TIMING_RIG_H
#define TWINWALK_TESTS_UNIT_TIMING_RIG_H

#include "tables.h"
#include "timing/timing.h"

#define RIG_RECORDS 4096
#define RIG_WALKS   16

struct record {
    uint64_t cycle;
    struct mmu_event event;
};

/* A request of the page-table port that was taken. */
struct rig_access {
    bool waits;
    uint64_t due; /* cycle of its answer, unless another goes first */
    bool cas, word;
    uint64_t pa, expect, desired;
    bool readable; /* a read's answer: what memory held when the request was taken */
    uint64_t value;
};

struct rig {
    struct timing *timing;
    struct tables tables;
    struct mmu_inputs in; /* of the next cycle; a request is withdrawn when it is accepted */
    struct mmu_outputs out;
    uint64_t cycle;   /* number of the next cycle, from 0 */
    unsigned latency; /* from a transfer to its answer, at least 1 */
    struct rig_access access[RIG_WALKS];
    struct record record[RIG_RECORDS];
    unsigned records;
};

/* Small but with everything: 2-way L1s, L2 of 16 sets x 2 ways, 4 walks, 4 misses each, nothing
 * optional. */
struct mmu_config rig_config(void);

void rig_create(struct rig *rig, const struct mmu_config *config, enum paging_mode mode);
void rig_destroy(struct rig *rig);

/* One cycle with rig->in; what the port says is kept in rig->out and rig->record. */
void rig_cycle(struct rig *rig);
void rig_run(struct rig *rig, unsigned cycles);

/* Offers a request from the next cycle on; it is withdrawn once accepted. */
void rig_offer(struct rig *rig, enum port port, uint8_t id, uint64_t va, enum access_type access);

/* Offers it and runs until everything is over; the response's record. Fails if it never comes. */
const struct record *rig_translate(struct rig *rig, enum port port, uint8_t id, uint64_t va,
                                   enum access_type access);

/* Runs until nothing is under way. */
void rig_drain(struct rig *rig);

/* Holds the fence until it is acknowledged; the cycle in which it was. */
uint64_t rig_fence(struct rig *rig, const struct mmu_fence *fence);

/* The first event of this kind at or after `from`; NULL: none. `key`: walk, or id of the port. */
const struct record *rig_find_walk(const struct rig *rig, enum event_kind kind, unsigned walk,
                                   uint64_t from);
const struct record *rig_find_request(const struct rig *rig, enum event_kind kind, enum port port,
                                      uint8_t id, uint64_t from);

/* Events of a kind at or after `from`. */
unsigned rig_count(const struct rig *rig, enum event_kind kind, uint64_t from);

/* Prints the record; for whoever debugs a test. */
void rig_print(const struct rig *rig);

#endif
