#include "bench.h"

#include <stdlib.h>
#include <string.h>

/* A walk takes at most some dozens of cycles at this latency. */
#define HANG_CYCLES 2000

static const char *const failed_assertion = "an assertion of the hardware failed";

static void note_change(void *context, uint64_t pa, unsigned bytes, uint64_t old, uint64_t value) {
    struct bench *bench = context;
    struct change *change;
    HASH_FIND(hh, bench->changes, &pa, sizeof pa, change);
    if (change) {
        change->value = value;
        return;
    }
    change = malloc(sizeof *change);
    if (!change) {
        bench->lost_change = true;
        return;
    }
    *change = (struct change){.pa = pa, .bytes = bytes, .before = old, .value = value};
    HASH_ADD(hh, bench->changes, pa, sizeof change->pa, change);
}

static void note_step(void *context, const struct mmu_event *event) {
    struct bench *bench = context;
    if (bench->steps < BENCH_STEPS)
        bench->step[bench->steps++] = *event;
}

/* Hardware out of reset instead of what there was, its memory port idle; false: no memory. */
static bool open_hardware(struct bench *bench) {
    struct rtl_mmu *fresh = rtl_mmu_open(bench->config, 1);
    if (!fresh)
        return false;
    if (bench->rtl)
        rtl_mmu_close(bench->rtl);
    bench->rtl = fresh;
    memport_init(&bench->port, bench->memory, NULL, 0, 1);
    return true;
}

static bool create_parts(struct bench *bench, const char **why) {
    const struct mmu_config *config = rtl_mmu_config(bench->config);
    *why = "no such hardware configuration";
    if (!config)
        return false;
    *why = "out of memory";
    if (!(bench->memory = physmem_create()))
        return false;
    physmem_listen(bench->memory, note_change, bench);
    if (bench->side == SIDE_HARDWARE)
        return open_hardware(bench);
    struct mmu_memory memory = physmem_callbacks(bench->memory);
    bench->model = mmu_create(config, &memory, why);
    if (bench->model)
        mmu_listen(bench->model, note_step, bench);
    return bench->model != NULL;
}

bool bench_init(struct bench *bench, enum side side, const char *config, const char **why) {
    *bench = (struct bench){.side = side, .config = config};
    if (create_parts(bench, why))
        return true;
    bench_free(bench);
    return false;
}

void bench_free(struct bench *bench) {
    bench_settle(bench);
    mmu_destroy(bench->model);
    if (bench->rtl)
        rtl_mmu_close(bench->rtl);
    physmem_destroy(bench->memory);
}

void bench_set_control(struct bench *bench, const struct mmu_control *control) {
    if (bench->side == SIDE_HARDWARE)
        rtl_mmu_in(bench->rtl)->control = *control;
    else
        mmu_set_control(bench->model, control);
}

/* The hardware is of no use any more: a fresh one, with the same registers. Always false. */
static bool give_up(struct bench *bench, const char *failure) {
    struct mmu_control control = rtl_mmu_in(bench->rtl)->control;
    bench->failure = open_hardware(bench) ? failure : "out of memory";
    bench_set_control(bench, &control);
    return false;
}

/* The events of one settled cycle; true when one of them is the answer. */
static bool take_events(struct bench *bench, const struct mmu_outputs *out, enum port port,
                        struct mmu_response *response) {
    bool answered = false;
    for (unsigned i = 0; i < out->events; i++) {
        const struct mmu_event *event = &out->event[i];
        note_step(bench, event);
        if (event->kind != EVENT_RESPONSE || event->port != port || event->id != bench->next_id)
            continue;
        *response = event->response;
        answered = true;
    }
    return answered;
}

static bool hardware_translate(struct bench *bench, const struct mmu_request *request,
                               struct mmu_response *response) {
    struct mmu_inputs *in = rtl_mmu_in(bench->rtl);
    enum port port = request->access == ACCESS_EXECUTE ? PORT_I : PORT_D;
    bench->next_id = (uint8_t)((bench->next_id + 1) % (1u << TW_ID_W));
    in->req[port].valid = true;
    in->req[port].id = bench->next_id;
    in->req[port].access = request->access;
    in->req[port].priv = request->priv;
    in->req[port].va = request->va;
    uint64_t first = rtl_mmu_cycle(bench->rtl);
    /* What the port still has under way after the answer belongs to this translation too. */
    for (bool answered = false; !answered || bench->port.count > 0;) {
        uint64_t cycle = rtl_mmu_cycle(bench->rtl);
        memport_drive(&bench->port, cycle, in);
        rtl_mmu_settle(bench->rtl);
        const struct mmu_outputs *out = rtl_mmu_out(bench->rtl);
        memport_sample(&bench->port, cycle, out);
        bool accepted = in->req[port].valid && out->req_ready[port];
        answered |= take_events(bench, out, port, response);
        rtl_mmu_tick(bench->rtl);
        if (accepted)
            in->req[port].valid = false;
        if (rtl_mmu_failed(bench->rtl))
            return give_up(bench, failed_assertion);
        if (cycle - first > HANG_CYCLES)
            return give_up(bench, "the hardware gives no answer");
    }
    return true;
}

bool bench_translate(struct bench *bench, const struct mmu_request *request,
                     struct mmu_response *response) {
    bench->steps = 0;
    if (bench->side == SIDE_HARDWARE)
        return hardware_translate(bench, request, response);
    mmu_translate(bench->model, request, response);
    return true;
}

static bool hardware_fence(struct bench *bench) {
    struct mmu_inputs *in = rtl_mmu_in(bench->rtl);
    in->fence_valid = true;
    in->fence = (struct mmu_fence){.has_va = false};
    uint64_t first = rtl_mmu_cycle(bench->rtl);
    for (bool acknowledged = false; !acknowledged;) {
        uint64_t cycle = rtl_mmu_cycle(bench->rtl);
        memport_drive(&bench->port, cycle, in);
        rtl_mmu_settle(bench->rtl);
        memport_sample(&bench->port, cycle, rtl_mmu_out(bench->rtl));
        acknowledged = rtl_mmu_out(bench->rtl)->fence_ready;
        rtl_mmu_tick(bench->rtl);
        if (rtl_mmu_failed(bench->rtl))
            return give_up(bench, failed_assertion);
        if (cycle - first > HANG_CYCLES)
            return give_up(bench, "the hardware does not acknowledge a fence");
    }
    in->fence_valid = false;
    return true;
}

bool bench_fence_all(struct bench *bench) {
    if (bench->side == SIDE_HARDWARE)
        return hardware_fence(bench);
    mmu_fence(bench->model, &(struct mmu_fence){.has_va = false});
    return true;
}

void bench_settle(struct bench *bench) {
    struct change *change, *next;
    HASH_ITER(hh, bench->changes, change, next) {
        HASH_DEL(bench->changes, change);
        free(change);
    }
    bench->lost_change = false;
}

void bench_undo(struct bench *bench) {
    for (struct change *change = bench->changes; change; change = change->hh.next)
        physmem_poke(bench->memory, change->pa, change->bytes, change->before);
    bench_settle(bench);
}
