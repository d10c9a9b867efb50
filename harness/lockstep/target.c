#include "target.h"

static void set_control(void *context, const struct mmu_control *control) {
    lockstep_set_control(context, control);
}

static bool translate(void *context, const struct mmu_request *request,
                      struct mmu_response *response, uint64_t *pa) {
    return pa ? lockstep_translate_both(context, request, response, pa)
              : lockstep_translate(context, request, response);
}

static bool fence(void *context, const struct mmu_fence *which) {
    return lockstep_fence(context, which);
}

static bool begin(void *context, const struct mmu_request *request, struct mmu_response *expected,
                  bool *begun) {
    return lockstep_begin(context, request, expected, begun);
}

static bool drain(void *context) {
    return lockstep_drain(context);
}

static uint64_t answered(void *context, enum port port, enum hit_level level) {
    return lockstep_begun_answers(context, port, level);
}

static void set_position(void *context, uint64_t record) {
    lockstep_set_position(context, record);
}

struct replay_target lockstep_target(struct lockstep *both) {
    bool overlaps = lockstep_in_flight(both) > 1;
    return (struct replay_target){
        .context = both,
        .control = set_control,
        .translate = translate,
        .fence = fence,
        .begin = overlaps ? begin : NULL,
        .drain = overlaps ? drain : NULL,
        .answered = answered,
        .position = set_position,
        .memories = lockstep_memories(both),
        .has_l2 = lockstep_has_l2(both),
    };
}
