/*
 * A translation step by step, one event each; docs/architecture.md, "What a translation does".
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
    job->request = *request;
    job->port = request->access == ACCESS_EXECUTE ? PORT_I : PORT_D;
    job->control = mmu->control;
    job->mode = request->priv == PRIV_M ? NULL : mmu->mode;
    job->stored = job->walked = false;
    if (!job->mode)
        pass_through(mmu, job);
    else if (!mode_canonical(job->mode, request->va))
        refuse(mmu, job, FAULT_NON_CANONICAL, LEVEL_NONE);
    else
        job->phase = JOB_LOOKUP_L1;
}

bool job_answer_from(struct mmu *mmu, const struct tlb_entry *entry,
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

static void answer(struct mmu *mmu, struct mmu_job *job, const struct tlb_entry *entry,
                   enum hit_level level) {
    job_answer_from(mmu, entry, &job->request, &job->control, level, &job->response);
    job->phase = JOB_RESPONSE;
}

static void look_up(struct mmu *mmu, struct mmu_job *job, enum tlb_number number,
                    struct mmu_event *event) {
    const struct tlb_key key = {job->mode,           job->request.va,   job->control.asid,
                                job->request.access, job->request.priv, &job->control};
    struct tlb_place place;
    const struct tlb_entry *found;
    enum lookup_result result = tlb_lookup(&mmu->tlb[number], &key, &place, &found);
    event->kind = EVENT_LOOKUP;
    event->lookup.tlb = number;
    event->lookup.result = result;
    event->lookup.set = (uint16_t)place.set;
    event->lookup.way = (uint16_t)place.way;
    mmu->counters.lookups[number]++;
    if (result == LOOKUP_HIT) {
        job->entry = *found;
        return;
    }
    mmu->counters.misses[number]++;
    if (number == TLB_L2)
        mmu->counters.l2_misses[job->port]++;
}

static void step_lookup_l1(struct mmu *mmu, struct mmu_job *job, struct mmu_event *event) {
    look_up(mmu, job, job->port == PORT_I ? TLB_I : TLB_D, event);
    mmu->recent[job->port].page = RECENT_NONE; /* it may no longer be the most recent, or there */
    if (event->lookup.result == LOOKUP_HIT)
        answer(mmu, job, &job->entry, LEVEL_L1);
    else
        job->phase = job_after_l1(mmu);
}

static void step_lookup_l2(struct mmu *mmu, struct mmu_job *job, struct mmu_event *event) {
    look_up(mmu, job, TLB_L2, event);
    job->fences = mmu->fences;
    job->phase = event->lookup.result == LOOKUP_HIT ? JOB_FILL_L1 : JOB_START;
}

static void step_start(struct mmu *mmu, struct mmu_job *job, struct mmu_event *event) {
    event->kind = EVENT_START;
    walk_start(&job->walk, job->mode, &job->control, &job->request);
    job->fences = mmu->fences;
    if (!job->walked)
        mmu->counters.walks++;
    job->walked = true;
    job->phase = JOB_READ;
}

static void follow_walk(struct mmu_job *job) {
    switch (job->walk.state) {
    case WALK_WANTS_PTE:
        job->phase = JOB_READ;
        break;
    case WALK_WANTS_UPDATE:
        job->phase = JOB_UPDATE;
        break;
    case WALK_DONE:
    case WALK_FAILED:
        job->phase = JOB_END;
        break;
    }
}

static void step_read(struct mmu *mmu, struct mmu_job *job, struct mmu_event *event) {
    event->kind = EVENT_READ;
    event->read.level = job->walk.level;
    event->read.pa = walk_pte_pa(&job->walk);
    event->read.value = 0;
    uint64_t value = 0;
    bool answered =
        mmu->memory.read(mmu->memory.context, event->read.pa, job->mode->pte_bytes, &value);
    event->read.error = !answered;
    if (answered)
        event->read.value = value;
    mmu->counters.pte_reads++;
    walk_take_pte(&job->walk, !answered, event->read.value);
    follow_walk(job);
}

static void step_update(struct mmu *mmu, struct mmu_job *job, struct mmu_event *event) {
    event->kind = EVENT_UPDATE;
    event->update.pa = walk_pte_pa(&job->walk);
    event->update.desired = job->walk.desired;
    uint64_t old = 0;
    bool answered =
        mmu->memory.compare_and_set(mmu->memory.context, event->update.pa, job->mode->pte_bytes,
                                    job->walk.pte, job->walk.desired, &old);
    event->update.error = !answered;
    event->update.old = answered ? old : 0;
    event->update.stored = walk_take_update(&job->walk, !answered, event->update.old);
    job->stored = event->update.stored;
    mmu->counters.pte_updates += event->update.stored;
    follow_walk(job);
}

static void step_end(struct mmu *mmu, struct mmu_job *job, struct mmu_event *event) {
    event->kind = EVENT_END;
    event->end.level = job->walk.level;
    event->end.reason = FAULT_NONE;
    if (job->walk.state == WALK_FAILED) {
        event->end.reason = job->walk.reason;
        refuse(mmu, job, job->walk.reason, LEVEL_WALK);
        return;
    }
    walk_entry(&job->walk, &job->entry);
    job->phase = mmu->has_l2 ? JOB_FILL_L2 : JOB_FILL_L1;
}

static void fill(struct mmu *mmu, struct mmu_job *job, enum tlb_number number,
                 struct mmu_event *event) {
    struct tlb_victim victim;
    tlb_fill(&mmu->tlb[number], &job->entry, &victim);
    event->kind = EVENT_FILL;
    event->fill.tlb = number;
    event->fill.set = (uint16_t)victim.place.set;
    event->fill.way = (uint16_t)victim.place.way;
    event->fill.size = (enum page_size)job->entry.size;
    event->fill.flags = job->entry.flags;
    event->fill.ppn = job->entry.ppn;
    event->fill.evicted = victim.evicted;
    event->fill.evicted_size = victim.evicted ? (enum page_size)victim.entry.size : PAGE_4K;
    event->fill.evicted_asid = victim.evicted ? victim.entry.asid : 0;
    event->fill.evicted_vpn = victim.evicted ? victim.entry.vpn : 0;
}

static void step_fill_l1(struct mmu *mmu, struct mmu_job *job, struct mmu_event *event) {
    fill(mmu, job, job->port == PORT_I ? TLB_I : TLB_D, event);
    mmu->recent[job->port].page = RECENT_NONE; /* likewise */
    answer(mmu, job, &job->entry, job->walked ? LEVEL_WALK : LEVEL_L2);
}

/*
 * A fence came since the walk began or the L2 was hit: nothing found before it may be used. Only a
 * walk that has set A or D stands, as of the moment it did; its entry is not kept.
 */
static void heed_fence(struct mmu *mmu, struct mmu_job *job) {
    if (job->phase < JOB_READ || job->phase > JOB_FILL_L1 || job->fences == mmu->fences)
        return;
    if (!job->stored)
        job->phase = JOB_START;
    else if (job->phase > JOB_END)
        answer(mmu, job, &job->entry, LEVEL_WALK);
}

bool mmu_step(struct mmu *mmu, struct mmu_job *job, struct mmu_event *event) {
    heed_fence(mmu, job);
    event->port = job->port;
    event->id = job->request.id;
    switch (job->phase) {
    case JOB_LOOKUP_L1:
        step_lookup_l1(mmu, job, event);
        return true;
    case JOB_LOOKUP_L2:
        step_lookup_l2(mmu, job, event);
        return true;
    case JOB_START:
        step_start(mmu, job, event);
        return true;
    case JOB_READ:
        step_read(mmu, job, event);
        return true;
    case JOB_UPDATE:
        step_update(mmu, job, event);
        return true;
    case JOB_END:
        step_end(mmu, job, event);
        return true;
    case JOB_FILL_L2:
        fill(mmu, job, TLB_L2, event);
        job->phase = JOB_FILL_L1;
        return true;
    case JOB_FILL_L1:
        step_fill_l1(mmu, job, event);
        return true;
    case JOB_RESPONSE:
        event->kind = EVENT_RESPONSE;
        event->response = job->response;
        job->phase = JOB_OVER;
        return true;
    case JOB_OVER:
        break;
    }
    return false;
}
