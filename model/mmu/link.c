/*
 * Who waits for which walk; docs/architecture.md, "Several walks at once", docs/timing.md,
 * "Requests" and "Prefetch".
 */
#include "job.h"

#include "permission.h"

/* Whether all that wait could answer at once, and nothing is to be filled: the walk may go on to
 * something else. */
static const char *spent_fault(const struct mmu_walk *walk) {
    if (walk->phase == WALK_IDLE)
        return NULL;
    if (walk->phase != WALK_OVER)
        return "the walk is under way";
    if (walk->fill_due)
        return "a fill of the walk is due";
    for (const struct mmu_job *job = walk->waiting; job; job = job->next)
        if (job_fate(job) != FATE_ANSWER)
            return "a request still waits for the walk";
    return NULL;
}

/* Those that need no step before their response take their answers with them. */
static void dismiss(struct mmu *mmu, struct mmu_walk *walk) {
    while (walk->waiting)
        job_take_answer(mmu, walk->waiting);
}

/*
 * An outcome that a merged request could not use forbids to merge only once something has gone by
 * it: the hardware looks at the walk as at the start of the cycle, and its END may be in this one.
 */
static const char *merge_fault(const struct mmu_job *job, const struct mmu_walk *walk) {
    if (walk->phase == WALK_IDLE)
        return "the walk is idle";
    if (walk->outdated)
        return "the walk's entry was fenced";
    if (walk->mode != job->mode)
        return "the walk is for another mode";
    if (walk->control.asid != job->control.asid)
        return "the walk is for another ASID";
    if (tlb_vpn(walk->request.va) != tlb_vpn(job->request.va))
        return "the walk is for another page";
    if (walk->phase != WALK_OVER || !walk->used)
        return NULL;
    if (walk->reason)
        return "the walk has failed";
    if (job->request.access == ACCESS_WRITE && !entry_bit(walk->entry.flags, ENTRY_BIT_D))
        return "the walk's entry has D=0, and the request is a store";
    return NULL;
}

const char *mmu_link(struct mmu *mmu, struct mmu_job *job, struct mmu_walk *walk, bool merged,
                     struct mmu_event *event) {
    if (job->phase != JOB_MISSED)
        return "the request does not look for a walk";
    walk_heed_fences(mmu, walk);
    const char *why = merged ? merge_fault(job, walk) : spent_fault(walk);
    if (why)
        return why;
    if (!merged) {
        dismiss(mmu, walk);
        walk_begin(mmu, walk, job->mode, &job->request, &job->control);
    }
    job_wait(job, walk, !merged);
    mmu->counters.merges += merged;
    event->kind = EVENT_LINK;
    event->port = job->port;
    event->id = job->request.id;
    event->walk = walk->number;
    event->link.merged = merged;
    return NULL;
}

static const char *prefetch_fault(const struct mmu *mmu, const struct mmu_walk *walk) {
    if (!mmu->prefetch || !mmu->has_l2)
        return "the configuration has no prefetch";
    if (walk->phase == WALK_IDLE || walk->outdated)
        return "the walk is idle";
    const char *why = spent_fault(walk);
    if (why)
        return why;
    if (walk->reason)
        return "the walk has failed";
    if (walk->level != LEVEL_WALK)
        return "the page was found in the L2";
    if (walk->prefetch)
        return "the walk was a prefetch itself";
    if (walk->entry.size != PAGE_4K)
        return "the page has another size than 4 KiB";
    if ((tlb_vpn(walk->request.va) & 0x1ff) == 0x1ff)
        return "the page is the last of its 2 MiB";
    return NULL;
}

const char *mmu_prefetch(struct mmu *mmu, struct mmu_walk *walk, struct mmu_event *event) {
    walk_heed_fences(mmu, walk);
    const char *why = prefetch_fault(mmu, walk);
    if (why)
        return why;
    dismiss(mmu, walk);
    walk_begin_prefetch(mmu, walk);
    mmu->counters.prefetches++;
    event->kind = EVENT_PREFETCH;
    event->port = PORT_I;
    event->id = 0;
    event->walk = walk->number;
    event->prefetch.vpn = tlb_vpn(walk->request.va);
    return NULL;
}
