/*
 * The software MMU: L1 TLBs for fetches and for data, a shared L2 TLB, one page-table walker.
 * C11, no globals, no I/O; memory is reached through the embedder's callbacks.
 *
 * Three ways to use it:
 *   mmu_translate()              one call, one answer;
 *   mmu_begin() and mmu_step()   one event at a time, so that memory, fences and other requests may
 *                                come in between;
 *   with mmu_link() besides      several requests may wait for one walk: this is how the harness
 * keeps it in lockstep with hardware that merges misses.
 */
#ifndef TWINWALK_MMU_MMU_H
#define TWINWALK_MMU_MMU_H

#include "../types.h"
#include "event.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Physical memory as the walker sees it. `bytes` is 4 (Sv32) or 8; pa is a multiple of it. */
struct mmu_memory {
    void *context;
    /* false: access fault, *value is not looked at. */
    bool (*read)(void *context, uint64_t pa, unsigned bytes, uint64_t *value);
    /*
     * Atomically: *old = memory; if it equals `expect`, memory = desired.
     * false: access fault, nothing was written.
     */
    bool (*compare_and_set)(void *context, uint64_t pa, unsigned bytes, uint64_t expect,
                            uint64_t desired, uint64_t *old);
};

/* What the control registers hold: satp, mstatus, menvcfg, and whether Svnapot is implemented. */
struct mmu_control {
    enum paging_mode mode; /* satp.MODE */
    uint64_t root_ppn;     /* satp.PPN, 44 bits (22 in Sv32) */
    uint16_t asid;         /* satp.ASID */
    bool sum;              /* mstatus.SUM */
    bool mxr;              /* mstatus.MXR */
    bool adue;  /* menvcfg.ADUE: hardware sets A and D (Svadu), else they fault (Svade) */
    bool pbmte; /* menvcfg.PBMTE: Svpbmt enabled */
    bool napot; /* Svnapot implemented */
};

struct mmu_request {
    uint64_t va;
    enum access_type access; /* EXECUTE goes to PORT_I, the others to PORT_D */
    enum privilege priv;     /* effective privilege; M is not translated */
    uint8_t id;              /* comes back in the events */
};

/* SFENCE.VMA (12.2.1): rs1 = x0 is !has_va, rs2 = x0 is !has_asid. */
struct mmu_fence {
    bool has_va, has_asid;
    uint64_t va;
    uint16_t asid;
};

/* One TLB: sets x ways entries; sets = 0 (L2 only): absent. sets*ways up to 65536, ways up to 1024.
 */
struct tlb_config {
    unsigned sets, ways;
    enum policy policy;
};

struct mmu_config {
    struct tlb_config tlb[TLBS];
    uint16_t seed;       /* of random replacement, 14 bits */
    unsigned walk_cache; /* entries for each upper level, 0 to 64; 0: no walk cache */
    /* What follows matters to the pipeline only (docs/timing.md), not to what a translation gives.
     */
    unsigned walks;         /* in flight, 1 to 16; 0: not said */
    unsigned misses[PORTS]; /* entries of each port's miss file, 1 to 32; 0: not said */
    bool prefetch;          /* of the next page into the L2 */
    bool parity;            /* of L2 entries */
};

/* Counted since mmu_create; a lookup that finds a clean entry for a store is a miss. */
struct mmu_counters {
    uint64_t lookups[TLBS], misses[TLBS]; /* of the L2: for requests */
    uint64_t l2_misses[PORTS];            /* misses[TLB_L2] by the port that asked */
    uint64_t walks;                       /* started, restarts and prefetches not counted */
    uint64_t pte_reads, pte_updates;
    uint64_t faults;
    uint64_t walk_cache_hits; /* starts below the root */
    uint64_t merges, replays; /* requests that joined a walk under way; that this did not serve */
    uint64_t prefetches;
};

struct mmu;

/* NULL: impossible configuration (*why says it, a constant string) or no memory. */
struct mmu *mmu_create(const struct mmu_config *config, const struct mmu_memory *memory,
                       const char **why);
void mmu_destroy(struct mmu *mmu);

/* Takes effect for requests begun from now on; a running one keeps what it began with. */
void mmu_set_control(struct mmu *mmu, const struct mmu_control *control);
const struct mmu_control *mmu_get_control(const struct mmu *mmu);

/* Removes what the fence names from all TLBs; walks that have begun start over at the root. */
void mmu_fence(struct mmu *mmu, const struct mmu_fence *fence);

/* Translates; true when no fault. `response` is filled either way. */
bool mmu_translate(struct mmu *mmu, const struct mmu_request *request,
                   struct mmu_response *response);

/* A running translation: opaque to users, but of known size so that they can keep it. */
struct mmu_job;
struct mmu_job *mmu_job_create(void);
void mmu_job_destroy(struct mmu_job *job);

/* Starts a translation with the control registers of this moment. */
void mmu_begin(struct mmu *mmu, struct mmu_job *job, const struct mmu_request *request);

/*
 * Performs the next step and reports it; after EVENT_RESPONSE the job is over (false from then on).
 * A job that missed and that nobody has linked to a walk begins one of its own: its LINK and the
 * walk's events are then among the job's, with walk number 0.
 * False too while the walk that it was linked to with mmu_link() is not done.
 */
bool mmu_step(struct mmu *mmu, struct mmu_job *job, struct mmu_event *event);

/*
 * The answer once it is certain: after the lookup that hits, the last fill, or the end of a walk
 * that fails; with mmu_link() after the L1's fill, or the response. NULL until then.
 */
const struct mmu_response *mmu_job_answer(const struct mmu_job *job);

/* A walk for which any number of jobs may wait; docs/architecture.md, "Several walks at once". */
struct mmu_walk;
struct mmu_walk *mmu_walk_create(uint8_t number);
void mmu_walk_destroy(struct mmu_walk *walk);

/*
 * From now on the job, which must have missed its L1 (or been replayed), waits for this walk. Not
 * merged: the walk is begun for it, as its primary; nothing may wait for the walk any more, nor a
 * fill of it be due. Merged: the walk must be for the same vpn, ASID and mode, and not over in
 * vain. Reports EVENT_LINK. NULL, or what forbids it (a constant string; nothing has changed then).
 */
const char *mmu_link(struct mmu *mmu, struct mmu_job *job, struct mmu_walk *walk, bool merged,
                     struct mmu_event *event);

/*
 * The next step of a walk: LOOKUP (L2), START, READ, UPDATE, END, FILL (L2). False: it has none.
 * mmu_step() goes on with the jobs that wait once the walk is done (after its END, or the LOOKUP
 * that hit), whether its FILL has been made or not.
 */
bool mmu_walk_step(struct mmu *mmu, struct mmu_walk *walk, struct mmu_event *event);

/*
 * Turns a walk for which nothing waits any more into one for the next page, for nobody. NULL, or
 * what forbids it (a constant string): it was not a demand walk that found a 4 KiB page, …
 */
const char *mmu_prefetch(struct mmu *mmu, struct mmu_walk *walk, struct mmu_event *event);

/* The next L2 fills are damaged (wrong parity) while `on`; matters with config.parity only. */
void mmu_inject(struct mmu *mmu, bool on);

/* Called with every event of mmu_translate(); NULL: nobody. */
typedef void mmu_listener(void *context, const struct mmu_event *event);
void mmu_listen(struct mmu *mmu, mmu_listener *listener, void *context);

const struct mmu_counters *mmu_counters(const struct mmu *mmu);

/* The cause that a fault of this access shows the architecture; CAUSE_NONE for FAULT_NONE. */
enum cause fault_cause(enum fault_reason reason, enum access_type access);
/* What went wrong, for people; "?" outside the enumeration. */
const char *fault_text(enum fault_reason reason);
/* The name in DEFS_FAULT_REASON: "NOT_VALID". */
const char *fault_name(enum fault_reason reason);

#ifdef __cplusplus
}
#endif

#endif
