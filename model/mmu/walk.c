/*
 * A walk step by step, one event each; docs/architecture.md, "Several walks at once" and "Fences
 * and walks".
 */
#include "job.h"

#include "permission.h"

#include <stdlib.h>

struct mmu_walk *mmu_walk_create(uint8_t number) {
    struct mmu_walk *walk = calloc(1, sizeof *walk);
    if (walk)
        walk->number = number;
    return walk;
}

void mmu_walk_destroy(struct mmu_walk *walk) {
    while (walk && walk->waiting) {
        struct mmu_job *job = walk->waiting;
        job_leave(job);
        job->phase = JOB_MISSED;
    }
    free(walk);
}

/* Nothing reached yet. */
static void forget_outcome(struct mmu_walk *walk) {
    walk->stored = walk->outdated = walk->used = walk->fill_due = false;
    walk->filled = 0;
    walk->reason = FAULT_NONE;
}

static void begin(const struct mmu *mmu, struct mmu_walk *walk, bool prefetch) {
    walk->phase = mmu->has_l2 ? WALK_LOOKUP : WALK_START;
    walk->fences = mmu->fences;
    walk->prefetch = prefetch;
    walk->counted = prefetch; /* counters are for requests */
    forget_outcome(walk);
}

void walk_begin(const struct mmu *mmu, struct mmu_walk *walk, const struct mode *mode,
                const struct mmu_request *request, const struct mmu_control *control) {
    walk->mode = mode;
    walk->request = *request;
    walk->control = *control;
    begin(mmu, walk, false);
}

void walk_begin_prefetch(const struct mmu *mmu, struct mmu_walk *walk) {
    walk->request.va = (walk->request.va & ~(uint64_t)(PAGE_BYTES - 1)) + PAGE_BYTES;
    walk->control.adue = false; /* A and D are not set for nobody */
    begin(mmu, walk, true);
}

/* Nothing found before a fence may be used. Only a walk that has set A or D stands, as of then. */
void walk_heed_fences(const struct mmu *mmu, struct mmu_walk *walk) {
    if (walk->fences == mmu->fences)
        return;
    walk->fences = mmu->fences;
    if (walk->phase < WALK_READ)
        return;
    if (walk->phase == WALK_OVER && !walk->waiting) {
        walk->phase = WALK_IDLE;
    } else if (!walk->stored) {
        walk->phase = WALK_START;
    } else {
        walk->outdated = true;
        walk->fill_due = false;
    }
}

static void step_lookup(struct mmu *mmu, struct mmu_walk *walk, struct mmu_event *event) {
    const struct tlb_key key = {walk->mode,           walk->request.va,   walk->control.asid,
                                walk->request.access, walk->request.priv, &walk->control};
    const struct tlb_entry *found = mmu_look_up(mmu, TLB_L2, &key, event);
    if (!walk->prefetch) {
        mmu->counters.lookups[TLB_L2]++;
        mmu->counters.misses[TLB_L2] += !found;
        mmu->counters.l2_misses[port_of(&walk->request)] += !found;
    }
    walk->phase = WALK_START;
    if (found) {
        walk->entry = *found;
        walk->level = LEVEL_L2;
        walk->phase = WALK_OVER;
    }
}

static void step_start(struct mmu *mmu, struct mmu_walk *walk, struct mmu_event *event) {
    unsigned level, way;
    forget_outcome(walk);
    walk_start(&walk->steps, walk->mode, &walk->control, &walk->request);
    const struct walk_cache_entry *known = walk_cache_lookup(
        &mmu->walk_cache, walk->mode, walk->control.asid, walk->request.va, &level, &way);
    if (known)
        walk_skip(&walk->steps, level, known->table, known->global);
    event->kind = EVENT_START;
    event->start.level = walk->steps.level;
    event->start.cached = known != NULL;
    event->start.way = (uint8_t)(known ? way : 0);
    mmu->counters.walk_cache_hits += known != NULL;
    mmu->counters.walks += !walk->counted;
    walk->counted = true;
    walk->phase = WALK_READ;
}

static void follow_steps(struct mmu_walk *walk) {
    switch (walk->steps.state) {
    case WALK_WANTS_PTE:
        walk->phase = WALK_READ;
        break;
    case WALK_WANTS_UPDATE:
        walk->phase = WALK_UPDATE;
        break;
    case WALK_DONE:
    case WALK_FAILED:
        walk->phase = WALK_END;
        break;
    }
}

static void step_read(struct mmu *mmu, struct mmu_walk *walk, struct mmu_event *event) {
    struct walk *steps = &walk->steps;
    unsigned level = steps->level;
    event->kind = EVENT_READ;
    event->read.level = steps->level;
    event->read.pa = walk_pte_pa(steps);
    event->read.value = 0;
    uint64_t value = 0;
    bool answered =
        mmu->memory.read(mmu->memory.context, event->read.pa, walk->mode->pte_bytes, &value);
    event->read.error = !answered;
    if (answered)
        event->read.value = value;
    mmu->counters.pte_reads++;
    walk_take_pte(steps, !answered, event->read.value);
    if (steps->level != level)
        walk_cache_fill(&mmu->walk_cache, walk->mode, walk->control.asid, walk->request.va, level,
                        steps->table, steps->global);
    follow_steps(walk);
}

static void step_update(struct mmu *mmu, struct mmu_walk *walk, struct mmu_event *event) {
    struct walk *steps = &walk->steps;
    event->kind = EVENT_UPDATE;
    event->update.pa = walk_pte_pa(steps);
    event->update.desired = steps->desired;
    uint64_t old = 0;
    bool answered =
        mmu->memory.compare_and_set(mmu->memory.context, event->update.pa, walk->mode->pte_bytes,
                                    steps->pte, steps->desired, &old);
    event->update.error = !answered;
    event->update.old = answered ? old : 0;
    event->update.stored = walk_take_update(steps, !answered, event->update.old);
    walk->stored = event->update.stored;
    mmu->counters.pte_updates += event->update.stored;
    follow_steps(walk);
}

static void step_end(const struct mmu *mmu, struct mmu_walk *walk, struct mmu_event *event) {
    walk->phase = WALK_OVER;
    walk->level = LEVEL_WALK;
    if (walk->steps.state == WALK_FAILED) {
        walk->reason = walk->steps.reason;
    } else {
        walk_entry(&walk->steps, &walk->entry);
        walk->fill_due = mmu->has_l2 && !walk->outdated;
    }
    event->kind = EVENT_END;
    event->end.level = walk->steps.level;
    event->end.reason = walk->reason;
}

static void step_fill(struct mmu *mmu, struct mmu_walk *walk, struct mmu_event *event) {
    mmu_fill(mmu, TLB_L2, &walk->entry, event);
    if (mmu->damaging && mmu->parity)
        tlb_damage(&mmu->tlb[TLB_L2], event->fill.set, event->fill.way);
    walk->fill_due = false;
    walk->used = true;
}

static inline bool step(struct mmu *mmu, struct mmu_walk *walk, struct mmu_event *event) {
    walk_heed_fences(mmu, walk);
    event->port = PORT_I;
    event->id = 0;
    event->walk = walk->number;
    switch (walk->phase) {
    case WALK_LOOKUP:
        step_lookup(mmu, walk, event);
        return true;
    case WALK_START:
        step_start(mmu, walk, event);
        return true;
    case WALK_READ:
        step_read(mmu, walk, event);
        return true;
    case WALK_UPDATE:
        step_update(mmu, walk, event);
        return true;
    case WALK_END:
        step_end(mmu, walk, event);
        return true;
    case WALK_OVER:
        if (!walk->fill_due)
            return false;
        step_fill(mmu, walk, event);
        return true;
    case WALK_IDLE:
        break;
    }
    return false;
}

bool mmu_walk_step(struct mmu *mmu, struct mmu_walk *walk, struct mmu_event *event) {
    return step(mmu, walk, event);
}

/* Flat, or each step's call and the events that nobody reads cost a walk a fifth of its speed. */
__attribute__((flatten)) void walk_run(struct mmu *mmu, struct mmu_walk *walk) {
    struct mmu_event unheard;
    while (step(mmu, walk, &unheard))
        ;
}
