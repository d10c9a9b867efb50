/*
 * Inside the MMU: its state, and a running translation. Not for embedders.
 */
#ifndef TWINWALK_MMU_JOB_H
#define TWINWALK_MMU_JOB_H

#include "mmu.h"
#include "tlb.h"
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
    uint64_t fences; /* so that a running walk sees that one came */
    struct recent_page recent[PORTS];
    struct mmu_counters counters;
    mmu_listener *listener;
    void *listener_context;
};

enum job_phase {
    JOB_LOOKUP_L1,
    JOB_LOOKUP_L2,
    JOB_START,
    JOB_READ,
    JOB_UPDATE,
    JOB_END,
    JOB_FILL_L2,
    JOB_FILL_L1,
    JOB_RESPONSE,
    JOB_OVER,
};

struct mmu_job {
    enum job_phase phase;
    struct mmu_request request;
    enum port port;
    const struct mode *mode;
    struct mmu_control control; /* as it was when the job began */
    uint64_t fences;            /* mmu->fences when the walk began, or the L2 was hit */
    bool stored;                /* A or D has been set: the walk must not start over */
    bool walked;
    struct walk walk;
    struct tlb_entry entry; /* to fill */
    struct mmu_response response;
};

/*
 * The answer from an entry that is in a TLB; the checks are those of this request, not of the fill.
 * False: a fault, counted.
 */
bool job_answer_from(struct mmu *mmu, const struct tlb_entry *entry,
                     const struct mmu_request *request, const struct mmu_control *control,
                     enum hit_level level, struct mmu_response *response);

/* Where a job goes on after its L1 did not serve it. */
static inline enum job_phase job_after_l1(const struct mmu *mmu) {
    return mmu->has_l2 ? JOB_LOOKUP_L2 : JOB_START;
}

#endif
