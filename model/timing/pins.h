/*
 * The ports of the module `mmu` as C sees them, for the Verilated hardware and for its twin alike.
 * rtl/mmu.sv documents each port; docs/timing.md says what happens in which cycle.
 */
#ifndef TWINWALK_TIMING_PINS_H
#define TWINWALK_TIMING_PINS_H

#include "../mmu/event.h"
#include "../mmu/mmu.h"

struct mmu_inputs {
    struct {
        bool valid;
        uint8_t id;
        enum access_type access; /* PORT_I ignores it */
        enum privilege priv;
        uint64_t va;
    } req[PORTS];
    struct mmu_control control;
    bool fence_valid;
    struct mmu_fence fence;
    bool ptw_req_ready;
    bool ptw_resp_valid, ptw_resp_error;
    uint8_t ptw_resp_id;
    uint64_t ptw_resp_data;
    bool inject; /* an L2 entry written in this cycle gets a wrong bit: which one */
    uint8_t inject_bit;
    enum counter counter_select;
};

/* At most: LOOKUP L2, START, READ, UPDATE, END, FILL L2, PREFETCH, and for each port LOOKUP, LINK,
 * REPLAY or FILL, RESPONSE. */
#define EVENTS_PER_CYCLE 16

/* Fields of a port whose valid is 0 are 0. */
struct mmu_outputs {
    bool req_ready[PORTS];
    bool fence_ready; /* false without fence_valid */
    bool ptw_req_valid;
    bool ptw_req_cas;  /* compare-and-set instead of a read */
    bool ptw_req_word; /* 4-byte PTE instead of 8 */
    uint8_t ptw_req_id;
    uint64_t ptw_req_pa, ptw_req_expect, ptw_req_desired;
    uint64_t counter; /* the one selected */
    /*
     * This cycle's events in the order of docs/timing.md: LOOKUP L2, START, READ, UPDATE, END,
     * FILL L2, LOOKUP I, LOOKUP D, LINK I, LINK D, REPLAY I, REPLAY D, FILL I, FILL D, PREFETCH,
     * RESPONSE I, RESPONSE D.
     */
    unsigned events;
    struct mmu_event event[EVENTS_PER_CYCLE];
};

#endif
