#include "sim.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool sim_init(struct sim *sim, const struct mmu_config *config, const char **why) {
    *why = "out of memory";
    *sim = (struct sim){.mmu = NULL};
    sim->has_l2 = config->tlb[TLB_L2].sets > 0;
    struct physmem *physical = physmem_create();
    if (!physical)
        return false;
    sim->memories = (struct memories){.count = 1, .memory = {physical}};
    struct mmu_memory memory = physmem_callbacks(physical);
    sim->mmu = mmu_create(config, &memory, why);
    if (!sim->mmu)
        sim_free(sim);
    return sim->mmu != NULL;
}

void sim_free(struct sim *sim) {
    mmu_destroy(sim->mmu);
    physmem_destroy(sim->memories.memory[0]);
    sim->mmu = NULL;
    sim->memories.memory[0] = NULL;
}

static void set_control(void *context, const struct mmu_control *control) {
    mmu_set_control(((struct sim *)context)->mmu, control);
}

static bool translate(void *context, const struct mmu_request *request,
                      struct mmu_response *response, uint64_t *pa) {
    if (mmu_translate(((struct sim *)context)->mmu, request, response) && pa)
        *pa = response->pa;
    return true;
}

static bool fence(void *context, const struct mmu_fence *which) {
    mmu_fence(((struct sim *)context)->mmu, which);
    return true;
}

static void set_position(void *context, uint64_t record) {
    (void)context, (void)record;
}

struct replay_target sim_target(struct sim *sim) {
    return (struct replay_target){
        .context = sim,
        .control = set_control,
        .translate = translate,
        .fence = fence,
        .position = set_position,
        .memories = &sim->memories,
        .has_l2 = sim->has_l2,
        /* The most recent entry of its set in the L1 hits again and nothing changes
         * (model/mmu/job.h, struct recent_page). */
        .skips_repeats = true,
    };
}

static bool parse_count(const char **text, char end, unsigned *count) {
    char *stop;
    if (**text < '0' || **text > '9')
        return false;
    unsigned long value = strtoul(*text, &stop, 10);
    if ((*stop != end && *stop != '\0') || value > 1000000)
        return false;
    *count = (unsigned)value;
    *text = stop;
    return true;
}

bool tlb_config_parse(const char *text, struct tlb_config *config) {
    config->policy = POLICY_LRU;
    if (!parse_count(&text, 'x', &config->sets) || *text++ != 'x' ||
        !parse_count(&text, ':', &config->ways))
        return false;
    return *text == '\0' || policy_parse(text + 1, &config->policy);
}
