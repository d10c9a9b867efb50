#include "sim.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool sim_init(struct sim *sim, const struct mmu_config *config, const char **why) {
    *why = "out of memory";
    sim->mmu = NULL;
    sim->has_l2 = config->tlb[TLB_L2].sets > 0;
    sim->memory = physmem_create();
    if (!sim->memory)
        return false;
    struct mmu_memory memory = physmem_callbacks(sim->memory);
    sim->mmu = mmu_create(config, &memory, why);
    if (!sim->mmu)
        sim_free(sim);
    return sim->mmu != NULL;
}

void sim_free(struct sim *sim) {
    mmu_destroy(sim->mmu);
    physmem_destroy(sim->memory);
    sim->mmu = NULL;
    sim->memory = NULL;
}

static void set_control(void *context, const struct mmu_control *control) {
    mmu_set_control(((struct sim *)context)->mmu, control);
}

static bool translate(void *context, const struct mmu_request *request,
                      struct mmu_response *response) {
    mmu_translate(((struct sim *)context)->mmu, request, response);
    return true;
}

/*
 * The page was translated just now, so it is the most recent entry of its set in the L1:
 * translating it again hits and changes nothing (model/mmu/job.h, struct recent_page). The replay
 * counts them.
 */
static bool repeat(void *context, const struct mmu_request *request, uint64_t count) {
    (void)context, (void)request, (void)count;
    return true;
}

static bool fence(void *context, const struct mmu_fence *which) {
    mmu_fence(((struct sim *)context)->mmu, which);
    return true;
}

static bool read_memory(void *context, uint64_t pa, unsigned bytes, uint64_t *value) {
    return physmem_read(((struct sim *)context)->memory, pa, bytes, value);
}

static bool write_memory(void *context, uint64_t pa, unsigned bytes, uint64_t value) {
    return physmem_poke(((struct sim *)context)->memory, pa, bytes, value);
}

static bool bus_error(void *context, uint64_t from, uint64_t to) {
    return physmem_add_error(((struct sim *)context)->memory, from, to);
}

static void set_position(void *context, uint64_t record) {
    (void)context, (void)record;
}

struct replay_target sim_target(struct sim *sim) {
    return (struct replay_target){
        .context = sim,
        .control = set_control,
        .translate = translate,
        .repeat = repeat,
        .fence = fence,
        .read = read_memory,
        .write = write_memory,
        .bus_error = bus_error,
        .position = set_position,
        .has_l2 = sim->has_l2,
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
