/*
 * Inside the lockstep: its state, for the files of this folder that share it.
 */
#ifndef TWINWALK_LOCKSTEP_INSIDE_H
#define TWINWALK_LOCKSTEP_INSIDE_H

#include "compare.h"
#include "history.h"
#include "lockstep.h"
#include "timing/timing.h"

#define IDS   (1u << TW_ID_W)
#define WALKS (1u << TW_PTW_ID_W)

/* Whose a step is, for reports. */
struct origin {
    uint64_t position, sequence;
    struct mmu_request request;
    struct mmu_control control;
};

/* A request under way. */
struct slot {
    bool busy;
    struct mmu_job *job;
    struct origin origin;
    uint64_t accepted;           /* cycle */
    uint64_t hardware_pa;        /* of its response */
    bool begun;                  /* by lockstep_begin(): */
    uint64_t expected_pa;        /* what it must answer */
    struct walk_log walk[SIDES]; /* without level 3: compared when the answer comes */
};

/* A walk of the hardware's, and the model's of the same number. */
struct walk_slot {
    struct mmu_walk *walk;
    struct origin origin; /* of the request that it was last begun for */
    struct slot *primary; /* that request, until it is answered or the walk is another's */
    bool busy;            /* may show steps of its own accord: from LINK to END or FILL */
    bool ended;           /* END was shown: only its FILL is due */
};

/* A request that lockstep_begin() has taken and the hardware not yet. */
struct waiting {
    bool valid;
    struct mmu_request request;
    uint64_t pa; /* expected */
};

struct lockstep {
    struct lockstep_options options;
    const struct mmu_config *config;
    struct rtl_mmu *rtl;
    struct mmu *model;
    struct timing *twin; /* NULL: level 4 is off */
    struct memories memories;
    struct latency *latency;
    struct memport port;
    struct mmu_control control;
    struct slot slot[PORTS][IDS];
    struct walk_slot walk[WALKS];
    struct waiting waiting[PORTS];
    uint8_t next_id[PORTS];
    unsigned under_way;
    uint64_t position, sequence, last_step;
    uint64_t offered_position[PORTS]; /* of the request that is offered */
    uint64_t offered_cycles[PORTS];   /* that it has waited since it was offered, or a fence */
    bool overtaken[PORTS];            /* the other port's were taken meanwhile */
    uint64_t starved_cycles;          /* more than this with the other port served is too long */
    struct lockstep_waits waits;
    uint64_t counter[COUNTERS]; /* of the hardware's, as last selected */
    uint64_t begun_answers[PORTS][LEVEL_WALK + 1];
    struct divergence divergence;
    struct lockstep_latency latencies[LEVEL_WALK + 1];
    struct history history;
    const char *dump_path; /* NULL: no dump wanted, or it is over */
    bool dumping;
    uint64_t dump_first, dump_last;
    size_t marks;
    uint64_t mark[LOCKSTEP_MARKS];
    mmu_listener *listener;
    void *listener_context;
};

/* The first divergence stays; what follows from it says nothing. Always false. */
__attribute__((format(printf, 4, 5))) bool lockstep_diverge(struct lockstep *both,
                                                            enum compare_level level,
                                                            const struct origin *origin,
                                                            const char *format, ...);

/* A step that the hardware shows, in the order of the cycle's events: the model takes the same.
 * False: diverged. */
bool lockstep_compare_step(struct lockstep *both, const struct mmu_event *hardware);

/* The twin's cycle with the inputs of the hardware's; compared unless the sides diverged before. */
void lockstep_compare_cycle(struct lockstep *both, const struct mmu_outputs *hardware);

/* Begins or ends the dump when its cycle has come; false: it cannot be written. */
bool lockstep_follow_dump(struct lockstep *both);

/*
 * Whether the tables in the model's memory translate the request without a fault, under the
 * registers of now, and let A and D be set if that is due; then *response is the answer, but for
 * the level.
 */
bool lockstep_foresee(struct lockstep *both, const struct mmu_request *request,
                      struct mmu_response *response);

static inline enum port port_of(const struct mmu_request *request) {
    return request->access == ACCESS_EXECUTE ? PORT_I : PORT_D;
}

static inline const char *port_name(enum port port) {
    return port == PORT_I ? "I" : "D";
}

#endif
