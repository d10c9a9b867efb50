#include "lockstep.h"

#include "compare.h"
#include "history.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define IDS          (1u << TW_ID_W)
#define DEFAULT_HANG 200000

/* A request under way. */
struct slot {
    bool busy;
    struct mmu_job *job;
    struct mmu_request request;
    struct mmu_control control;
    uint64_t accepted, position, sequence;
    uint64_t hardware_pa;        /* of its response */
    struct walk_log walk[SIDES]; /* without level 3: compared when the answer comes */
};

struct lockstep {
    struct lockstep_options options;
    struct rtl_mmu *rtl;
    struct mmu *model;
    struct memories memories;
    struct memport port;
    struct mmu_control control;
    struct slot slot[PORTS][IDS];
    uint8_t next_id[PORTS];
    unsigned under_way;
    uint64_t position, sequence, last_step;
    struct divergence divergence;
    struct lockstep_latency latency[LEVEL_WALK + 1];
    struct history history;
    const char *dump_path; /* NULL: no dump wanted, or it is over */
    bool dumping;
    uint64_t dump_first, dump_last;
    size_t marks;
    uint64_t mark[LOCKSTEP_MARKS];
    mmu_listener *listener;
    void *listener_context;
};

static void memories_differ(void *context, uint64_t pa);

static bool create_parts(struct lockstep *both, const char **why) {
    const struct mmu_config *config = rtl_mmu_config(both->options.config);
    *why = "no such hardware configuration";
    if (!config)
        return false;
    *why = "out of memory";
    both->memories = (struct memories){.count = SIDES, .differ = memories_differ, .context = both};
    for (int side = 0; side < SIDES; side++)
        if (!(both->memories.memory[side] = physmem_create()))
            return false;
    for (int port = 0; port < PORTS; port++)
        for (unsigned id = 0; id < IDS; id++)
            if (!(both->slot[port][id].job = mmu_job_create()))
                return false;
    if (!(both->rtl = rtl_mmu_open(both->options.config, both->options.seed)))
        return false;
    struct mmu_memory memory = physmem_callbacks(both->memories.memory[SIDE_MODEL]);
    both->model = mmu_create(config, &memory, why);
    return both->model != NULL;
}

struct lockstep *lockstep_create(const struct lockstep_options *options, const char **why) {
    struct lockstep *both = calloc(1, sizeof *both);
    *why = "out of memory";
    if (!both)
        return NULL;
    both->options = *options;
    if (both->options.hang_cycles == 0)
        both->options.hang_cycles = DEFAULT_HANG + 64ull * options->latency.max;
    if (!create_parts(both, why)) {
        lockstep_destroy(both);
        return NULL;
    }
    memport_init(&both->port, both->memories.memory[SIDE_HARDWARE], options->latency,
                 options->stall_percent);
    lockstep_set_control(both, &(struct mmu_control){.mode = MODE_BARE});
    return both;
}

void lockstep_destroy(struct lockstep *both) {
    if (!both)
        return;
    for (int port = 0; port < PORTS; port++)
        for (unsigned id = 0; id < IDS; id++)
            mmu_job_destroy(both->slot[port][id].job);
    for (int side = 0; side < SIDES; side++)
        physmem_destroy(both->memories.memory[side]);
    if (both->rtl)
        rtl_mmu_close(both->rtl);
    mmu_destroy(both->model);
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
    return rtl_mmu_config(both->options.config)->tlb[TLB_L2].sets > 0;
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

/* The first divergence stays; what follows from it says nothing. Always false. */
__attribute__((format(printf, 4, 5))) static bool diverge(struct lockstep *both,
                                                          enum compare_level level,
                                                          const struct slot *slot,
                                                          const char *format, ...) {
    if (both->divergence.level != COMPARE_NONE)
        return false;
    both->divergence = (struct divergence){
        .level = level,
        .cycle = rtl_mmu_cycle(both->rtl),
        .position = slot ? slot->position : both->position,
        .sequence = slot ? slot->sequence : 0,
        .control = slot ? slot->control : both->control,
    };
    if (slot)
        both->divergence.request = slot->request;
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
    diverge(both, COMPARE_WALK, NULL, "the memories differ at %llx: hardware %llx, model %llx",
            (unsigned long long)pa, (unsigned long long)word[SIDE_HARDWARE],
            (unsigned long long)word[SIDE_MODEL]);
}

static void finish_slot(struct lockstep *both, struct slot *slot,
                        const struct mmu_event *response) {
    struct lockstep_latency *latency = &both->latency[response->response.level];
    uint64_t cycles = rtl_mmu_cycle(both->rtl) - slot->accepted;
    if (latency->count++ == 0 || cycles < latency->min)
        latency->min = cycles;
    if (cycles > latency->max)
        latency->max = cycles;
    latency->total += cycles;
    slot->hardware_pa = response->response.pa;
    slot->busy = false;
    both->under_way--;
}

/* Level 3 off: the model translates when the hardware answers; answers and walks are compared then.
 */
static bool compare_answers(struct lockstep *both, struct slot *slot,
                            const struct mmu_event *hardware) {
    if (hardware->kind != EVENT_RESPONSE) {
        walk_log_add(&slot->walk[SIDE_HARDWARE], hardware);
        return true;
    }
    struct mmu_event model = {.kind = EVENT_RESPONSE};
    while (mmu_step(both->model, slot->job, &model)) {
        walk_log_add(&slot->walk[SIDE_MODEL], &model);
        history_add(&both->history, rtl_mmu_cycle(both->rtl), slot->sequence, NULL, &model);
    }
    finish_slot(both, slot, hardware);
    struct mmu_event same_level = *hardware;
    same_level.response.level = model.response.level;
    if (!event_equal(&same_level, &model))
        return diverge(both, COMPARE_ARCHITECTURAL, slot, "the answers differ");
    if (!walk_log_agree(&slot->walk[SIDE_HARDWARE], &slot->walk[SIDE_MODEL]))
        return diverge(both, COMPARE_WALK, slot, "the walks differ");
    return true;
}

static bool compare_step(struct lockstep *both, const struct mmu_event *hardware) {
    struct slot *slot = &both->slot[hardware->port][hardware->id];
    both->last_step = rtl_mmu_cycle(both->rtl);
    if (both->listener)
        both->listener(both->listener_context, hardware);
    if (hardware->kind == EVENT_START && both->dumping && both->marks < LOCKSTEP_MARKS)
        both->mark[both->marks++] = both->last_step;
    if (!slot->busy)
        return diverge(both, compare_level_of(hardware, hardware), NULL,
                       "the hardware shows %s for port %s id %u, which has no request under way",
                       event_name(hardware->kind), hardware->port == PORT_I ? "I" : "D",
                       hardware->id);
    if (both->options.no_tlb_check) {
        history_add(&both->history, both->last_step, slot->sequence, hardware, NULL);
        return compare_answers(both, slot, hardware);
    }
    struct mmu_event model;
    bool stepped = mmu_step(both->model, slot->job, &model);
    history_add(&both->history, both->last_step, slot->sequence, hardware, stepped ? &model : NULL);
    if (!stepped)
        return diverge(both, COMPARE_ARCHITECTURAL, slot, "the model had already answered");
    if (hardware->kind == EVENT_RESPONSE)
        finish_slot(both, slot, hardware);
    return event_equal(hardware, &model) ||
           diverge(both, compare_level_of(hardware, &model), slot, "%s: %s",
                   event_name(hardware->kind), compare_explain(hardware, &model));
}

static void drive_inputs(struct lockstep *both, const struct lockstep_offer *offer) {
    struct rtl_inputs *in = rtl_mmu_in(both->rtl);
    for (int port = 0; port < PORTS; port++) {
        const struct mmu_request *request = offer->request[port];
        in->req[port].valid = request != NULL;
        if (!request)
            continue;
        in->req[port].id = request->id;
        in->req[port].access = request->access;
        in->req[port].priv = request->priv;
        in->req[port].va = request->va;
    }
    in->fence_valid = offer->fence != NULL;
    if (offer->fence)
        in->fence = *offer->fence;
    memport_drive(&both->port, rtl_mmu_cycle(both->rtl), in);
}

static void accept(struct lockstep *both, const struct mmu_request *request) {
    enum port port = request->access == ACCESS_EXECUTE ? PORT_I : PORT_D;
    struct slot *slot = &both->slot[port][request->id];
    slot->busy = true;
    slot->request = *request;
    slot->control = both->control;
    slot->accepted = both->last_step = rtl_mmu_cycle(both->rtl);
    slot->position = both->position;
    slot->sequence = ++both->sequence;
    slot->walk[SIDE_HARDWARE].count = slot->walk[SIDE_MODEL].count = 0;
    mmu_begin(both->model, slot->job, request);
    both->under_way++;
}

static bool follow_dump(struct lockstep *both) {
    uint64_t cycle = rtl_mmu_cycle(both->rtl);
    if (!both->dumping && cycle >= both->dump_first && cycle <= both->dump_last) {
        both->dumping = rtl_mmu_dump_open(both->rtl, both->dump_path);
        return both->dumping;
    }
    if (cycle > both->dump_last)
        lockstep_dump_end(both);
    return true;
}

bool lockstep_cycle(struct lockstep *both, struct lockstep_offer *offer) {
    if (both->divergence.level != COMPARE_NONE)
        return false;
    if (both->dump_path && !follow_dump(both))
        return diverge(both, COMPARE_ARCHITECTURAL, NULL, "cannot write %s", both->dump_path);
    drive_inputs(both, offer);
    rtl_mmu_settle(both->rtl);
    const struct rtl_outputs *out = rtl_mmu_out(both->rtl);
    memport_sample(&both->port, rtl_mmu_cycle(both->rtl), out);
    offer->acknowledged = offer->fence && out->fence_ready;
    if (offer->acknowledged)
        mmu_fence(both->model, offer->fence);
    for (int port = 0; port < PORTS; port++) {
        offer->accepted[port] = offer->request[port] && out->req_ready[port];
        if (offer->accepted[port])
            accept(both, offer->request[port]);
    }
    for (unsigned i = 0; i < out->events; i++)
        if (!compare_step(both, &out->event[i]))
            break;
    rtl_mmu_tick(both->rtl);
    if (rtl_mmu_failed(both->rtl))
        diverge(both, COMPARE_ARCHITECTURAL, NULL, "an assertion of the hardware failed");
    bool waits =
        both->under_way > 0 || offer->fence || offer->request[PORT_I] || offer->request[PORT_D];
    if (waits && rtl_mmu_cycle(both->rtl) - both->last_step > both->options.hang_cycles)
        diverge(both, COMPARE_ARCHITECTURAL, NULL, "the hardware hangs: no step for %llu cycles",
                (unsigned long long)both->options.hang_cycles);
    if (!waits)
        both->last_step = rtl_mmu_cycle(both->rtl);
    return both->divergence.level == COMPARE_NONE;
}

/* Returns once the answer is certain; the slot of the request. NULL: diverged. */
static struct slot *translate(struct lockstep *both, const struct mmu_request *request,
                              struct mmu_response *response) {
    struct mmu_request numbered = *request;
    enum port port = request->access == ACCESS_EXECUTE ? PORT_I : PORT_D;
    numbered.id = both->next_id[port];
    both->next_id[port] = (uint8_t)((numbered.id + 1) % IDS);
    struct slot *slot = &both->slot[port][numbered.id];
    struct lockstep_offer offer = {.fence = NULL};
    offer.request[port] = &numbered;
    do {
        if (!lockstep_cycle(both, &offer))
            return NULL;
    } while (!offer.accepted[port]);
    offer.request[port] = NULL;
    const struct mmu_response *answer;
    while (!(answer = mmu_job_answer(slot->job)))
        if (!lockstep_cycle(both, &offer))
            return NULL;
    *response = *answer;
    return slot;
}

bool lockstep_translate(struct lockstep *both, const struct mmu_request *request,
                        struct mmu_response *response) {
    return translate(both, request, response) != NULL;
}

bool lockstep_translate_both(struct lockstep *both, const struct mmu_request *request,
                             struct mmu_response *response, uint64_t pa[SIDES]) {
    const struct slot *slot = translate(both, request, response);
    if (!slot)
        return false;
    struct lockstep_offer offer = {.fence = NULL};
    while (slot->busy)
        if (!lockstep_cycle(both, &offer))
            return false;
    pa[SIDE_HARDWARE] = slot->hardware_pa;
    pa[SIDE_MODEL] = response->pa;
    return true;
}

bool lockstep_fence(struct lockstep *both, const struct mmu_fence *fence) {
    struct lockstep_offer offer = {.fence = fence};
    do {
        if (!lockstep_cycle(both, &offer))
            return false;
    } while (!offer.acknowledged);
    return true;
}

bool lockstep_drain(struct lockstep *both) {
    struct lockstep_offer offer = {.fence = NULL};
    while (both->under_way > 0 || both->port.count > 0)
        if (!lockstep_cycle(both, &offer))
            return false;
    return both->divergence.level == COMPARE_NONE;
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
    return &both->latency[level];
}

size_t lockstep_history(const struct lockstep *both, uint64_t sequence, struct lockstep_step *to,
                        size_t n) {
    return history_of(&both->history, sequence, to, n);
}

void lockstep_listen(struct lockstep *both, mmu_listener *listener, void *context) {
    both->listener = listener;
    both->listener_context = context;
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
    return follow_dump(both);
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
