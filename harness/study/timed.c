#include "timed.h"

#include <stdlib.h>

const char *timed_mode_name(enum timed_mode mode) {
    return mode == TIMED_EXACT ? "exact" : "fast";
}

static bool create_exact(struct timed *timed, const struct mmu_config *config, unsigned in_flight,
                         const char **why) {
    struct mmu_memory memory = physmem_callbacks(timed->memories.memory[1]);
    timed->mmu = mmu_create(config, &memory, why);
    if (timed->mmu)
        timed->exact =
            exact_create(config, in_flight, timed->memories.memory[0], timed->latency, why);
    return timed->exact != NULL;
}

static bool create_fast(struct timed *timed, const struct mmu_config *config, unsigned in_flight,
                        const char **why) {
    struct mmu_memory memory = physmem_callbacks(timed->memories.memory[0]);
    timed->fast = fast_create(config, in_flight, &memory, timed->latency, why);
    return timed->fast != NULL;
}

bool timed_init(struct timed *timed, enum timed_mode mode, const struct mmu_config *config,
                unsigned in_flight, const char *latency, const char **why) {
    *timed = (struct timed){.has_l2 = config->tlb[TLB_L2].sets > 0};
    timed->memories.count = mode == TIMED_EXACT ? 2 : 1;
    bool memory = true;
    for (unsigned i = 0; i < timed->memories.count; i++)
        memory &= (timed->memories.memory[i] = physmem_create()) != NULL;
    timed->latency = latency_create(latency, why);
    if (!memory)
        *why = "out of memory";
    if (memory && timed->latency &&
        (mode == TIMED_EXACT ? create_exact : create_fast)(timed, config, in_flight, why))
        return true;
    timed_free(timed);
    return false;
}

void timed_free(struct timed *timed) {
    exact_destroy(timed->exact);
    fast_destroy(timed->fast);
    mmu_destroy(timed->mmu);
    latency_destroy(timed->latency);
    for (unsigned i = 0; i < timed->memories.count; i++)
        physmem_destroy(timed->memories.memory[i]);
    *timed = (struct timed){.mmu = NULL};
}

static void set_control(void *context, const struct mmu_control *control) {
    struct timed *timed = context;
    if (timed->fast) {
        fast_control(timed->fast, control);
        return;
    }
    exact_control(timed->exact, control);
    mmu_set_control(timed->mmu, control);
}

static bool translate(void *context, const struct mmu_request *request,
                      struct mmu_response *response, uint64_t *pa) {
    struct timed *timed = context;
    bool translated;
    if (timed->fast) {
        translated = fast_translate(timed->fast, request, response);
    } else {
        translated = mmu_translate(timed->mmu, request, response);
        exact_send(timed->exact, request, response);
        if (!translated)
            exact_settle(timed->exact);
    }
    for (unsigned i = 0; translated && pa && i < timed->memories.count; i++)
        pa[i] = response->pa;
    return true;
}

/* In the exact mode they are requests like others: as long as the first of them waits for its page,
 * so do they. */
static bool repeat(void *context, const struct mmu_request *request, uint64_t count) {
    struct timed *timed = context;
    struct mmu_response response;
    if (timed->fast) {
        fast_repeat(timed->fast, request, count);
        return true;
    }
    mmu_translate(timed->mmu, request, &response);
    for (uint64_t i = 0; i < count; i++)
        exact_send(timed->exact, request, &response);
    return true;
}

static bool fence(void *context, const struct mmu_fence *which) {
    struct timed *timed = context;
    if (timed->fast) {
        fast_fence(timed->fast, which);
        return true;
    }
    exact_fence(timed->exact, which);
    mmu_fence(timed->mmu, which);
    return true;
}

static bool drain(void *context) {
    struct timed *timed = context;
    if (timed->fast)
        fast_settle(timed->fast);
    else
        exact_settle(timed->exact);
    return true;
}

static void set_position(void *context, uint64_t record) {
    (void)context, (void)record;
}

struct replay_target timed_target(struct timed *timed) {
    return (struct replay_target){
        .context = timed,
        .control = set_control,
        .translate = translate,
        .repeat = repeat,
        .fence = fence,
        .drain = drain,
        .position = set_position,
        .memories = &timed->memories,
        .has_l2 = timed->has_l2,
        .skips_repeats = true,
    };
}

const struct mmu_counters *timed_counters(const struct timed *timed) {
    return timed->fast ? fast_counters(timed->fast) : mmu_counters(timed->mmu);
}

void timed_figures(struct timed *timed, struct timing_figures *figures) {
    drain(timed);
    if (timed->fast)
        fast_figures(timed->fast, figures);
    else
        exact_figures(timed->exact, figures);
}

uint64_t timed_differences(const struct timed *timed) {
    return timed->exact ? exact_differences(timed->exact) : 0;
}
