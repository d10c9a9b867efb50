#include "mmu.h"

#include "job.h"

#include <stdlib.h>

/* 0 walks and 0 misses: nothing is said about the pipeline. */
static const char *pipeline_fault(const struct mmu_config *config) {
    if (config->walk_cache > WALK_CACHE_ENTRIES)
        return "the walk cache has at most 64 entries";
    if (config->walks > 16)
        return "there are at most 16 walks";
    if (config->misses[PORT_I] > 32 || config->misses[PORT_D] > 32)
        return "a miss file has at most 32 entries";
    return NULL;
}

static const char *config_fault(const struct mmu_config *config) {
    for (int i = 0; i < TLBS; i++) {
        const struct tlb_config *tlb = &config->tlb[i];
        if (i == TLB_L2 && tlb->sets == 0)
            continue;
        if (tlb->sets == 0 || tlb->ways == 0)
            return "a TLB needs at least one set and one way";
        if (tlb->ways > 1024 || tlb->sets > 65536 || tlb->sets * tlb->ways > 65536)
            return "a TLB has at most 1024 ways and 65536 entries";
        if (tlb->policy >= POLICIES)
            return "no such replacement policy";
    }
    if (config->seed >> 14)
        return "the seed has at most 14 bits";
    return pipeline_fault(config);
}

static uint32_t first_random(const struct mmu_config *config, unsigned tlb) {
    return (uint32_t)TW_RANDOM_SEED_HIGH << 16 | (uint32_t)config->seed << 2 | tlb;
}

struct mmu *mmu_create(const struct mmu_config *config, const struct mmu_memory *memory,
                       const char **why) {
    *why = config_fault(config);
    if (*why)
        return NULL;
    *why = "out of memory";
    struct mmu *mmu = calloc(1, sizeof *mmu);
    if (!mmu)
        return NULL;
    mmu->memory = *memory;
    mmu->has_l2 = config->tlb[TLB_L2].sets > 0;
    mmu->prefetch = config->prefetch;
    mmu->parity = config->parity;
    for (unsigned i = 0; i < (mmu->has_l2 ? TLBS : TLB_L2); i++)
        if (!tlb_init(&mmu->tlb[i], &config->tlb[i], first_random(config, i))) {
            mmu_destroy(mmu);
            return NULL;
        }
    if (!walk_cache_init(&mmu->walk_cache, config->walk_cache)) {
        mmu_destroy(mmu);
        return NULL;
    }
    mmu_set_control(mmu, &(struct mmu_control){.mode = MODE_BARE});
    *why = NULL;
    return mmu;
}

void mmu_destroy(struct mmu *mmu) {
    if (!mmu)
        return;
    for (int i = 0; i < TLBS; i++)
        tlb_free(&mmu->tlb[i]);
    walk_cache_free(&mmu->walk_cache);
    free(mmu);
}

static void forget_recent(struct mmu *mmu) {
    for (int port = 0; port < PORTS; port++)
        mmu->recent[port].page = RECENT_NONE;
}

void mmu_set_control(struct mmu *mmu, const struct mmu_control *control) {
    mmu->control = *control;
    mmu->mode = mode_find(control->mode);
    forget_recent(mmu);
}

const struct mmu_control *mmu_get_control(const struct mmu *mmu) {
    return &mmu->control;
}

void mmu_fence(struct mmu *mmu, const struct mmu_fence *fence) {
    for (int i = 0; i < (mmu->has_l2 ? TLBS : TLB_L2); i++)
        tlb_fence(&mmu->tlb[i], fence);
    walk_cache_fence(&mmu->walk_cache, fence);
    mmu->fences++;
    forget_recent(mmu);
}

void mmu_inject(struct mmu *mmu, bool on) {
    mmu->damaging = on;
}

void mmu_listen(struct mmu *mmu, mmu_listener *listener, void *context) {
    mmu->listener = listener;
    mmu->listener_context = context;
}

const struct mmu_counters *mmu_counters(const struct mmu *mmu) {
    return &mmu->counters;
}

/*
 * Keeps the page just hit in the L1. Only what a lookup found
 * will be found again: after a CLEAN another match may hide the entry that the walk filled.
 */
static void remember(struct mmu *mmu, enum port port, const struct mmu_request *request,
                     const struct mmu_response *response) {
    struct recent_page *recent = &mmu->recent[port];
    uint64_t page = request->va >> 12;
    uint8_t allowed = (uint8_t)(1u << request->access);
    if (recent->page == page && recent->priv == request->priv)
        allowed |= recent->allowed;
    *recent = (struct recent_page){
        .page = page,
        .pa = response->pa & ~(uint64_t)(PAGE_BYTES - 1),
        .allowed = allowed,
        .priv = request->priv,
        .size = response->size,
        .memory = response->memory,
    };
}

/* Step by step, every event to the listener. */
static bool run_job(struct mmu *mmu, const struct mmu_request *request,
                    struct mmu_response *response) {
    struct mmu_job job;
    struct mmu_event event;
    job.walk = NULL;
    mmu_begin(mmu, &job, request);
    while (mmu_step(mmu, &job, &event))
        if (mmu->listener)
            mmu->listener(mmu->listener_context, &event);
    *response = job.response;
    return response->reason == FAULT_NONE;
}

/* The rest of run_job() after the L1 missed, without a job. */
static bool walk_for(struct mmu *mmu, enum port port, const struct mmu_request *request,
                     struct mmu_response *response) {
    struct mmu_walk walk;
    struct mmu_event unheard;
    walk.number = 0;
    walk.waiting = NULL;
    walk_begin(mmu, &walk, mmu->mode, request, &mmu->control);
    walk_run(mmu, &walk);
    if (!walk.reason && !walk.outdated)
        mmu_fill(mmu, l1_of(port), &walk.entry, &unheard);
    return answer_from_walk(mmu, &walk, request, &walk.control, response);
}

/* The same as run_job() would do, without a job as long as the L1 serves. */
static bool translate_through_l1(struct mmu *mmu, enum port port, const struct mmu_request *request,
                                 struct mmu_response *response) {
    const struct tlb_key key = {mmu->mode,       request->va,   mmu->control.asid,
                                request->access, request->priv, &mmu->control};
    enum tlb_number l1 = l1_of(port);
    struct tlb_place place;
    const struct tlb_entry *found;
    mmu->counters.lookups[l1]++;
    if (tlb_lookup(&mmu->tlb[l1], &key, &place, &found) != LOOKUP_HIT) {
        mmu->counters.misses[l1]++;
        mmu->recent[port].page = RECENT_NONE;
        return walk_for(mmu, port, request, response);
    }
    if (answer_from_entry(mmu, found, request, &mmu->control, LEVEL_L1, response)) {
        remember(mmu, port, request, response);
        return true;
    }
    mmu->recent[port].page = RECENT_NONE;
    return false;
}

bool mmu_translate(struct mmu *mmu, const struct mmu_request *request,
                   struct mmu_response *response) {
    enum port port = port_of(request);
    const struct recent_page *recent = &mmu->recent[port];
    if (recent->page == request->va >> 12 && recent->priv == request->priv &&
        recent->allowed >> request->access & 1 && !mmu->listener) {
        mmu->counters.lookups[l1_of(port)]++;
        *response = (struct mmu_response){
            .pa = recent->pa | (request->va & (PAGE_BYTES - 1)),
            .size = recent->size,
            .memory = recent->memory,
            .level = LEVEL_L1,
        };
        return true;
    }
    bool looks_up = mmu->mode && request->priv != PRIV_M && mode_canonical(mmu->mode, request->va);
    if (!looks_up || mmu->listener)
        return run_job(mmu, request, response);
    return translate_through_l1(mmu, port, request, response);
}
