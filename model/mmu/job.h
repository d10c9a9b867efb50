/*
 * Inside the MMU: its state, a request under way (a job), and a walk, for which any number of jobs
 * may wait. Not for embedders.
 */
#ifndef TWINWALK_MMU_JOB_H
#define TWINWALK_MMU_JOB_H

#include "mmu.h"
#include "tlb.h"
#include "walk_cache.h"
#include "walker.h"

/*
 * The page that a port's latest translation hit in its L1, kept so that a reference to the same
 * page costs a comparison. Such a reference changes no replacement state: the entry is already the
 * most recent one of its set (LRU), its tree already points away (PLRU), FIFO and random ignore
 * hits.
 */
struct recent_page {
    uint64_t page;       /* va >> 12; RECENT_NONE: nothing kept */
    uint64_t pa;         /* of the 4 KiB within the page */
    uint8_t allowed;     /* bit of each enum access_type that has been checked */
    enum privilege priv; /* for which it was checked */
    enum page_size size;
    enum memory_type memory;
};

#define RECENT_NONE UINT64_MAX

struct mmu {
    struct mmu_memory memory;
    struct mmu_control control;
    const struct mode *mode; /* of control.mode; NULL: Bare */
    struct tlb tlb[TLBS];
    bool has_l2;
    struct walk_cache walk_cache;
    bool prefetch, parity; /* of the configuration */
    bool damaging;         /* mmu_inject() */
    uint64_t fences;       /* so that a running walk sees that one came */
    struct recent_page recent[PORTS];
    struct mmu_counters counters;
    mmu_listener *listener;
    void *listener_context;
};

enum walk_phase {
    WALK_IDLE, /* never begun, or ended by a fence */
    WALK_LOOKUP,
    WALK_START,
    WALK_READ,
    WALK_UPDATE,
    WALK_END,
    WALK_OVER, /* it failed, or has an entry */
};

struct mmu_walk {
    uint8_t number;
    enum walk_phase phase;
    const struct mode *mode;
    struct mmu_request request; /* the primary's, or the page to prefetch */
    struct mmu_control control; /* its own copy: the primary may leave before the walk is over */
    uint64_t fences;            /* mmu->fences as the walk last heeded them */
    struct walk steps;          /* since the latest START */
    bool prefetch;
    bool counted;             /* as a walk */
    bool stored;              /* A or D has been set: the walk must not start over */
    bool outdated;            /* a fence came after that: its entry is not kept */
    bool used;                /* something went by the outcome */
    bool fill_due;            /* of the L2 */
    uint8_t filled;           /* a bit for each port: whether its L1 has the entry */
    enum fault_reason reason; /* of the outcome, with WALK_OVER; FAULT_NONE: the two that follow */
    enum hit_level level;
    struct tlb_entry entry;
    struct mmu_job *waiting; /* the jobs linked, chained by `next` */
};

enum job_phase {
    JOB_LOOKUP,
    JOB_MISSED, /* to be linked */
    JOB_WAITS,  /* for its walk */
    JOB_RESPONSE,
    JOB_OVER,
};

struct mmu_job {
    enum job_phase phase;
    struct mmu_request request;
    enum port port;
    const struct mode *mode;
    struct mmu_control control; /* as it was when the job began */
    struct mmu_walk *walk;      /* JOB_WAITS; else NULL */
    bool primary;               /* of that walk */
    struct mmu_job *next;       /* that waits for it */
    struct mmu_response response;
    struct mmu_walk own; /* when nobody links the job */
};

static inline enum port port_of(const struct mmu_request *request) {
    return request->access == ACCESS_EXECUTE ? PORT_I : PORT_D;
}

static inline enum tlb_number l1_of(enum port port) {
    return port == PORT_I ? TLB_I : TLB_D;
}

/* tlb.c with events: one lookup, one fill; the counters are the caller's. */
const struct tlb_entry *mmu_look_up(struct mmu *mmu, enum tlb_number number,
                                    const struct tlb_key *key, struct mmu_event *event);
void mmu_fill(struct mmu *mmu, enum tlb_number number, const struct tlb_entry *entry,
              struct mmu_event *event);

/*
 * The answer from an entry that is in a TLB; the checks are those of this request, not of the fill.
 * False: a fault, counted.
 */
bool answer_from_entry(struct mmu *mmu, const struct tlb_entry *entry,
                       const struct mmu_request *request, const struct mmu_control *control,
                       enum hit_level level, struct mmu_response *response);

/* The answer from a walk that is over, likewise. */
bool answer_from_walk(struct mmu *mmu, const struct mmu_walk *walk,
                      const struct mmu_request *request, const struct mmu_control *control,
                      struct mmu_response *response);

/* What becomes of a job that waits. */
enum job_fate { FATE_WAIT, FATE_REPLAY, FATE_FILL, FATE_ANSWER };
enum job_fate job_fate(const struct mmu_job *job);

/* FATE_ANSWER, or FATE_FILL once the L1 is filled: the job has its answer, and no walk any more. */
void job_take_answer(struct mmu *mmu, struct mmu_job *job);

void job_wait(struct mmu_job *job, struct mmu_walk *walk, bool primary);
void job_leave(struct mmu_job *job);

/* The walk is begun for this request; its number, and who waits, stay. */
void walk_begin(const struct mmu *mmu, struct mmu_walk *walk, const struct mode *mode,
                const struct mmu_request *request, const struct mmu_control *control);

/* The walk turns to the page after its own, for nobody. */
void walk_begin_prefetch(const struct mmu *mmu, struct mmu_walk *walk);

/* All its steps, when nobody wants the events. */
void walk_run(struct mmu *mmu, struct mmu_walk *walk);

/* What the fences since the walk was last looked at make of it. */
void walk_heed_fences(const struct mmu *mmu, struct mmu_walk *walk);

#endif
