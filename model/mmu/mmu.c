#include "mmu.h"

#include "job.h"

#include <stdlib.h>

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
    return config->seed >> 14 ? "the seed has at most 14 bits" : NULL;
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
    for (unsigned i = 0; i < (mmu->has_l2 ? TLBS : TLB_L2); i++)
        if (!tlb_init(&mmu->tlb[i], &config->tlb[i], first_random(config, i))) {
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
    mmu->fences++;
    forget_recent(mmu);
}

void mmu_listen(struct mmu *mmu, mmu_listener *listener, void *context) {
    mmu->listener = listener;
    mmu->listener_context = context;
}

const struct mmu_counters *mmu_counters(const struct mmu *mmu) {
    return &mmu->counters;
}

/* Keeps the page just hit in the L1; `before` is what was kept until then. */
static void remember(struct mmu *mmu, const struct mmu_job *job, const struct recent_page *before) {
    struct recent_page *recent = &mmu->recent[job->port];
    uint64_t page = job->request.va >> 12;
    uint8_t allowed = (uint8_t)(1u << job->request.access);
    if (before->page == page && before->priv == job->request.priv)
        allowed |= before->allowed;
    *recent = (struct recent_page){
        .page = page,
        .pa = job->response.pa & ~(uint64_t)(PAGE_BYTES - 1),
        .allowed = allowed,
        .priv = job->request.priv,
        .size = job->response.size,
        .memory = job->response.memory,
    };
}

static bool translate_in_full(struct mmu *mmu, const struct mmu_request *request,
                              struct mmu_response *response) {
    struct mmu_job job;
    struct mmu_event event;
    mmu_begin(mmu, &job, request);
    const struct recent_page before = mmu->recent[job.port];
    /* When nobody listens the last event, RESPONSE, would only copy the answer once more. */
    while ((mmu->listener || !mmu_job_answer(&job)) && mmu_step(mmu, &job, &event))
        if (mmu->listener)
            mmu->listener(mmu->listener_context, &event);
    *response = job.response;
    if (response->reason != FAULT_NONE)
        return false;
    /*
     * Only what a lookup found will be found again: after a CLEAN another match may hide the entry
     * that the walk filled. Callbacks that fence or set control registers come in walks, or out of
     * a listener.
     */
    if (response->level == LEVEL_L1 && !mmu->listener)
        remember(mmu, &job, &before);
    return true;
}

bool mmu_translate(struct mmu *mmu, const struct mmu_request *request,
                   struct mmu_response *response) {
    enum port port = request->access == ACCESS_EXECUTE ? PORT_I : PORT_D;
    const struct recent_page *recent = &mmu->recent[port];
    if (recent->page != request->va >> 12 || recent->priv != request->priv ||
        !(recent->allowed >> request->access & 1) || mmu->listener)
        return translate_in_full(mmu, request, response);
    mmu->counters.lookups[port == PORT_I ? TLB_I : TLB_D]++;
    *response = (struct mmu_response){
        .pa = recent->pa | (request->va & (PAGE_BYTES - 1)),
        .size = recent->size,
        .memory = recent->memory,
        .level = LEVEL_L1,
    };
    return true;
}
