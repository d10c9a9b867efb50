#include "target.h"

static void set_control(void *context, const struct mmu_control *control) {
    lockstep_set_control(context, control);
}

static bool translate(void *context, const struct mmu_request *request,
                      struct mmu_response *response) {
    return lockstep_translate(context, request, response);
}

/* The offsets of folded references are not recorded: walk through the page, so that they vary. */
static bool repeat(void *context, const struct mmu_request *request, uint64_t count) {
    struct mmu_request next = *request;
    struct mmu_response response;
    uint64_t page = request->va & ~(uint64_t)(PAGE_BYTES - 1);
    for (uint64_t i = 0; i < count; i++) {
        next.va = page | (request->va + 8 * (i + 1)) % PAGE_BYTES;
        if (!lockstep_translate(context, &next, &response))
            return false;
    }
    return true;
}

static bool fence(void *context, const struct mmu_fence *which) {
    return lockstep_fence(context, which);
}

/* Both memories hold the same when no walk is under way; the pager looks into the model's. */
static bool read_memory(void *context, uint64_t pa, unsigned bytes, uint64_t *value) {
    return physmem_read(lockstep_memory(context, SIDE_MODEL), pa, bytes, value);
}

static bool write_memory(void *context, uint64_t pa, unsigned bytes, uint64_t value) {
    return lockstep_poke(context, pa, bytes, value);
}

static bool bus_error(void *context, uint64_t from, uint64_t to) {
    return physmem_add_error(lockstep_memory(context, SIDE_HARDWARE), from, to) &&
           physmem_add_error(lockstep_memory(context, SIDE_MODEL), from, to);
}

static void set_position(void *context, uint64_t record) {
    lockstep_set_position(context, record);
}

struct replay_target lockstep_target(struct lockstep *both) {
    return (struct replay_target){
        .context = both,
        .control = set_control,
        .translate = translate,
        .repeat = repeat,
        .fence = fence,
        .read = read_memory,
        .write = write_memory,
        .bus_error = bus_error,
        .position = set_position,
        .has_l2 = lockstep_has_l2(both),
    };
}
