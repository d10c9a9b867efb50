/*
 * A request step by step, one event each; docs/architecture.md, "What a translation does".
 */
#include "job.h"

#include "permission.h"

#include <stdlib.h>

struct mmu_job *mmu_job_create(void) {
    struct mmu_job *job = calloc(1, sizeof *job);
    if (job)
        job->phase = JOB_OVER;
    return job;
}

void mmu_job_destroy(struct mmu_job *job) {
    if (job && job->walk)
        job_leave(job);
    free(job);
}

const struct mmu_response *mmu_job_answer(const struct mmu_job *job) {
    return job->phase >= JOB_RESPONSE ? &job->response : NULL;
}

/* Counters count translations as a requester sees them. */
static void refuse_answer(struct mmu *mmu, const struct mmu_request *request,
                          enum fault_reason reason, enum hit_level level,
                          struct mmu_response *response) {
    *response = (struct mmu_response){
        .reason = reason,
        .cause = fault_cause(reason, request->access),
        .level = level,
    };
    mmu->counters.faults++;
}

static void refuse(struct mmu *mmu, struct mmu_job *job, enum fault_reason reason,
                   enum hit_level level) {
    refuse_answer(mmu, &job->request, reason, level, &job->response);
    job->phase = JOB_RESPONSE;
}

/* Bare, and M-mode: the address passes through, if it fits. */
static void pass_through(struct mmu *mmu, struct mmu_job *job) {
    if (job->request.va >> TW_PA_W != 0) {
        refuse(mmu, job, FAULT_TOO_WIDE, LEVEL_NONE);
        return;
    }
    job->response = (struct mmu_response){.pa = job->request.va, .level = LEVEL_NONE};
    job->phase = JOB_RESPONSE;
}

void mmu_begin(struct mmu *mmu, struct mmu_job *job, const struct mmu_request *request) {
    if (job->walk)
        job_leave(job);
    job->request = *request;
    job->port = port_of(request);
    job->control = mmu->control;
    job->mode = request->priv == PRIV_M ? NULL : mmu->mode;
    if (!job->mode)
        pass_through(mmu, job);
    else if (!mode_canonical(job->mode, request->va))
        refuse(mmu, job, FAULT_NON_CANONICAL, LEVEL_NONE);
    else
        job->phase = JOB_LOOKUP;
}

bool answer_from_entry(struct mmu *mmu, const struct tlb_entry *entry,
                       const struct mmu_request *request, const struct mmu_control *control,
                       enum hit_level level, struct mmu_response *response) {
    enum fault_reason reason =
        permission_check(entry->flags, request->access, request->priv, control);
    if (!reason && request->access == ACCESS_WRITE && !entry_bit(entry->flags, ENTRY_BIT_D))
        reason = FAULT_DIRTY_CLEAR;
    if (reason) {
        refuse_answer(mmu, request, reason, level, response);
        return false;
    }
    *response = (struct mmu_response){
        .pa = tlb_entry_pa(entry, request->va),
        .size = (enum page_size)entry->size,
        .memory = (enum memory_type)(entry->flags >> ENTRY_BIT_PBMT & 3),
        .level = level,
    };
    return true;
}

bool answer_from_walk(struct mmu *mmu, const struct mmu_walk *walk,
                      const struct mmu_request *request, const struct mmu_control *control,
                      struct mmu_response *response) {
    if (!walk->reason)
        return answer_from_entry(mmu, &walk->entry, request, control, walk->level, response);
    refuse_answer(mmu, request, walk->reason, walk->level, response);
    return false;
}

void job_wait(struct mmu_job *job, struct mmu_walk *walk, bool primary) {
    job->phase = JOB_WAITS;
    job->walk = walk;
    job->primary = primary;
    job->next = walk->waiting;
    walk->waiting = job;
}

void job_leave(struct mmu_job *job) {
    struct mmu_job **link = &job->walk->waiting;
    while (*link != job)
        link = &(*link)->next;
    *link = job->next;
    job->walk = NULL;
}

/* A store that the entry permits, but whose D a walk of its own must set first. */
static bool must_set_dirty(const struct mmu_job *job, const struct tlb_entry *entry) {
    return job->request.access == ACCESS_WRITE && job->control.adue &&
           !entry_bit(entry->flags, ENTRY_BIT_D) &&
           permission_check(entry->flags, job->request.access, job->request.priv, &job->control) ==
               FAULT_NONE;
}

enum job_fate job_fate(const struct mmu_job *job) {
    const struct mmu_walk *walk = job->walk;
    if (walk->phase != WALK_OVER)
        return FATE_WAIT;
    if (walk->reason)
        return job->primary ? FATE_ANSWER : FATE_REPLAY;
    if (!job->primary && must_set_dirty(job, &walk->entry))
        return FATE_REPLAY;
    return walk->outdated || walk->filled >> job->port & 1 ? FATE_ANSWER : FATE_FILL;
}

void job_take_answer(struct mmu *mmu, struct mmu_job *job) {
    job->walk->used = true;
    answer_from_walk(mmu, job->walk, &job->request, &job->control, &job->response);
    job->phase = JOB_RESPONSE;
    job_leave(job);
}

static void step_lookup(struct mmu *mmu, struct mmu_job *job, struct mmu_event *event) {
    const struct tlb_key key = {job->mode,           job->request.va,   job->control.asid,
                                job->request.access, job->request.priv, &job->control};
    const struct tlb_entry *found = mmu_look_up(mmu, l1_of(job->port), &key, event);
    mmu->counters.lookups[l1_of(job->port)]++;
    mmu->counters.misses[l1_of(job->port)] += !found;
    mmu->recent[job->port].page = RECENT_NONE; /* it may no longer be the most recent, or there */
    job->phase = JOB_MISSED;
    if (found) {
        answer_from_entry(mmu, found, &job->request, &job->control, LEVEL_L1, &job->response);
        job->phase = JOB_RESPONSE;
    }
}

/* Nobody has linked the job: it begins a walk of its own. */
static void step_link(const struct mmu *mmu, struct mmu_job *job, struct mmu_event *event) {
    job->own.number = 0;
    job->own.waiting = NULL;
    walk_begin(mmu, &job->own, job->mode, &job->request, &job->control);
    job_wait(job, &job->own, true);
    event->kind = EVENT_LINK;
    event->link.merged = false;
}

static void step_replay(struct mmu *mmu, struct mmu_job *job, struct mmu_event *event) {
    job->walk->used = true;
    job_leave(job);
    job->phase = JOB_MISSED;
    event->kind = EVENT_REPLAY;
    mmu->counters.replays++;
}

static void step_fill(struct mmu *mmu, struct mmu_job *job, struct mmu_event *event) {
    mmu_fill(mmu, l1_of(job->port), &job->walk->entry, event);
    mmu->recent[job->port].page = RECENT_NONE; /* likewise */
    job->walk->filled |= (uint8_t)(1u << job->port);
    job_take_answer(mmu, job);
}

static void step_response(struct mmu_job *job, struct mmu_event *event) {
    event->kind = EVENT_RESPONSE;
    event->response = job->response;
    job->phase = JOB_OVER;
}

static bool step_waiting(struct mmu *mmu, struct mmu_job *job, struct mmu_event *event) {
    walk_heed_fences(mmu, job->walk);
    switch (job_fate(job)) {
    case FATE_WAIT:
        return false;
    case FATE_REPLAY:
        step_replay(mmu, job, event);
        break;
    case FATE_FILL:
        step_fill(mmu, job, event);
        break;
    case FATE_ANSWER:
        job_take_answer(mmu, job);
        step_response(job, event);
        break;
    }
    return true;
}

/* A step of the job's own walk, if it has one; a failure is then the answer. */
static bool step_own_walk(struct mmu *mmu, struct mmu_job *job, struct mmu_event *event) {
    if (job->walk != &job->own || !mmu_walk_step(mmu, &job->own, event))
        return false;
    if (job->own.phase == WALK_OVER && job->own.reason)
        job_take_answer(mmu, job);
    return true;
}

bool mmu_step(struct mmu *mmu, struct mmu_job *job, struct mmu_event *event) {
    if (job->phase == JOB_WAITS && step_own_walk(mmu, job, event))
        return true;
    event->port = job->port;
    event->id = job->request.id;
    event->walk = 0;
    switch (job->phase) {
    case JOB_LOOKUP:
        step_lookup(mmu, job, event);
        return true;
    case JOB_MISSED:
        step_link(mmu, job, event);
        return true;
    case JOB_WAITS:
        return step_waiting(mmu, job, event);
    case JOB_RESPONSE:
        step_response(job, event);
        return true;
    case JOB_OVER:
        break;
    }
    return false;
}
