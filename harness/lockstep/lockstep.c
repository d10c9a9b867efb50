#include "inside.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define DEFAULT_HANG 200000

static void memories_differ(void *context, uint64_t pa);

static bool create_slots(struct lockstep *both) {
    for (int port = 0; port < PORTS; port++)
        for (unsigned id = 0; id < IDS; id++)
            if (!(both->slot[port][id].job = mmu_job_create()))
                return false;
    for (unsigned i = 0; i < WALKS; i++)
        if (!(both->walk[i].walk = mmu_walk_create((uint8_t)i)))
            return false;
    return true;
}

static bool create_memories(struct lockstep *both, const char **why) {
    both->memories = (struct memories){.count = SIDES, .differ = memories_differ, .context = both};
    for (int side = 0; side < SIDES; side++)
        if (!(both->memories.memory[side] = physmem_create()))
            return false;
    if (both->options.latency && !(both->latency = latency_create(both->options.latency, why)))
        return false;
    memport_init(&both->port, both->memories.memory[SIDE_HARDWARE], both->latency,
                 both->options.stall_percent, both->options.seed);
    return true;
}

static bool create_mmus(struct lockstep *both, const char **why) {
    struct mmu_memory memory = physmem_callbacks(both->memories.memory[SIDE_MODEL]);
    *why = "out of memory";
    if (!(both->rtl = rtl_mmu_open(both->options.config, both->options.seed)) ||
        !(both->model = mmu_create(both->config, &memory, why)))
        return false;
    if (both->options.no_timing_check || both->options.no_tlb_check)
        return true;
    both->twin = timing_create(both->config, why);
    return both->twin != NULL;
}

/*
 * A walk's reads, and as many again for entries that change under it, one after the other for every
 * request that there is room for: whoever waits longer is not served in turn.
 */
static uint64_t starved_cycles(const struct lockstep *both) {
    const struct mmu_config *config = both->config;
    uint64_t latency = both->latency ? latency_max(both->latency) : 1;
    uint64_t turn = config->walks * 100ull / (100 - both->options.stall_percent);
    uint64_t requests = config->misses[PORT_I] + config->misses[PORT_D] + config->walks;
    return 4 * requests * 16 * (latency + 4 * turn + 16);
}

struct lockstep *lockstep_create(const struct lockstep_options *options, const char **why) {
    struct lockstep *both = calloc(1, sizeof *both);
    *why = "out of memory";
    if (!both)
        return NULL;
    both->options = *options;
    both->config = rtl_mmu_config(options->config);
    if (!both->config)
        *why = "no such hardware configuration";
    if (!both->config || !create_memories(both, why) || !create_slots(both) ||
        !create_mmus(both, why)) {
        lockstep_destroy(both);
        return NULL;
    }
    if (both->options.hang_cycles == 0)
        both->options.hang_cycles =
            DEFAULT_HANG + 64ull * (both->latency ? latency_max(both->latency) : 1);
    both->starved_cycles = starved_cycles(both);
    both->options.latency = NULL; /* the caller's text may go */
    lockstep_set_control(both, &(struct mmu_control){.mode = MODE_BARE});
    return both;
}

void lockstep_destroy(struct lockstep *both) {
    if (!both)
        return;
    for (int port = 0; port < PORTS; port++)
        for (unsigned id = 0; id < IDS; id++)
            mmu_job_destroy(both->slot[port][id].job);
    for (unsigned i = 0; i < WALKS; i++)
        mmu_walk_destroy(both->walk[i].walk);
    for (int side = 0; side < SIDES; side++)
        physmem_destroy(both->memories.memory[side]);
    if (both->rtl)
        rtl_mmu_close(both->rtl);
    mmu_destroy(both->model);
    timing_destroy(both->twin);
    latency_destroy(both->latency);
    free(both);
}

void lockstep_set_control(struct lockstep *both, const struct mmu_control *control) {
    both->control = *control;
    mmu_set_control(both->model, control);
    rtl_mmu_in(both->rtl)->control = *control;
}

const struct mmu_control *lockstep_get_control(const struct lockstep *both) {
    return &both->control;
}

void lockstep_set_position(struct lockstep *both, uint64_t position) {
    both->position = position;
}

bool lockstep_has_l2(const struct lockstep *both) {
    return both->config->tlb[TLB_L2].sets > 0;
}

const struct memories *lockstep_memories(const struct lockstep *both) {
    return &both->memories;
}

struct physmem *lockstep_memory(struct lockstep *both, enum side side) {
    return both->memories.memory[side];
}

bool lockstep_poke(struct lockstep *both, uint64_t pa, unsigned bytes, uint64_t value) {
    return memories_poke(&both->memories, pa, bytes, value);
}

bool lockstep_busy(const struct lockstep *both, enum port port, uint8_t id) {
    return both->slot[port][id].busy;
}

bool lockstep_awaits(const struct lockstep *both, uint64_t *pa) {
    if (both->port.count == 0)
        return false;
    *pa = both->port.pending[0].pa;
    return true;
}

bool lockstep_walk_awaits(const struct lockstep *both, unsigned walk) {
    for (unsigned i = 0; i < both->port.count; i++)
        if (both->port.pending[i].id == walk)
            return true;
    return false;
}

bool lockstep_diverge(struct lockstep *both, enum compare_level level, const struct origin *origin,
                      const char *format, ...) {
    if (both->divergence.level != COMPARE_NONE)
        return false;
    both->divergence = (struct divergence){
        .level = level,
        .cycle = rtl_mmu_cycle(both->rtl),
        .position = origin ? origin->position : both->position,
        .sequence = origin ? origin->sequence : 0,
        .control = origin ? origin->control : both->control,
    };
    if (origin)
        both->divergence.request = origin->request;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(both->divergence.what, sizeof both->divergence.what, format, arguments);
    va_end(arguments);
    return false;
}

static void memories_differ(void *context, uint64_t pa) {
    struct lockstep *both = context;
    uint64_t word[SIDES] = {0, 0};
    for (int side = 0; side < SIDES; side++)
        physmem_read(both->memories.memory[side], pa, 8, &word[side]);
    lockstep_diverge(both, COMPARE_WALK, NULL,
                     "the memories differ at %llx: hardware %llx, model %llx",
                     (unsigned long long)pa, (unsigned long long)word[SIDE_HARDWARE],
                     (unsigned long long)word[SIDE_MODEL]);
}

bool lockstep_finish(struct lockstep *both) {
    if (!lockstep_drain(both))
        return false;
    uint64_t pa;
    if (physmem_equal(both->memories.memory[SIDE_HARDWARE], both->memories.memory[SIDE_MODEL], &pa))
        return true;
    memories_differ(both, pa);
    return false;
}

const struct divergence *lockstep_divergence(const struct lockstep *both) {
    return both->divergence.level == COMPARE_NONE ? NULL : &both->divergence;
}

const struct mmu_counters *lockstep_counters(const struct lockstep *both) {
    return mmu_counters(both->model);
}

uint64_t lockstep_cycles(const struct lockstep *both) {
    return rtl_mmu_cycle(both->rtl);
}

const struct lockstep_latency *lockstep_latencies(const struct lockstep *both,
                                                  enum hit_level level) {
    return &both->latencies[level];
}

bool lockstep_timing_checked(const struct lockstep *both) {
    return both->twin != NULL;
}

const struct lockstep_waits *lockstep_waits(const struct lockstep *both) {
    return &both->waits;
}

uint64_t lockstep_begun_answers(const struct lockstep *both, enum port port, enum hit_level level) {
    return both->begun_answers[port][level];
}

size_t lockstep_history(const struct lockstep *both, uint64_t sequence, struct lockstep_step *to,
                        size_t n) {
    return history_of(&both->history, sequence, to, n);
}

void lockstep_listen(struct lockstep *both, mmu_listener *listener, void *context) {
    both->listener = listener;
    both->listener_context = context;
}

bool lockstep_follow_dump(struct lockstep *both) {
    uint64_t cycle = rtl_mmu_cycle(both->rtl);
    if (!both->dumping && cycle >= both->dump_first && cycle <= both->dump_last) {
        both->dumping = rtl_mmu_dump_open(both->rtl, both->dump_path);
        return both->dumping;
    }
    if (cycle > both->dump_last)
        lockstep_dump_end(both);
    return true;
}

bool lockstep_dump(struct lockstep *both, const char *path, uint64_t first, uint64_t last) {
    /* What cannot be written is better known now than in the cycle `first`. */
    FILE *file = fopen(path, "wb");
    if (!file)
        return false;
    fclose(file);
    both->dump_path = path;
    both->dump_first = first;
    both->dump_last = last;
    return lockstep_follow_dump(both);
}

void lockstep_dump_end(struct lockstep *both) {
    if (both->dumping)
        rtl_mmu_dump_close(both->rtl);
    both->dumping = false;
    both->dump_path = NULL;
}

size_t lockstep_dump_marks(const struct lockstep *both, uint64_t cycle[LOCKSTEP_MARKS]) {
    for (size_t i = 0; i < both->marks; i++)
        cycle[i] = both->mark[i];
    return both->marks;
}
