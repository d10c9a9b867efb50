/*
 * Level 4: every output of every cycle, the hardware's and its twin's.
 */
#include "inside.h"

#include <inttypes.h>
#include <stdio.h>

/* An output that is a number, as both sides have it. */
struct output {
    const char *name;
    uint64_t hardware, twin;
};

#define OUTPUT(name, field)                                                                        \
    { name, hardware->field, twin->field }

/* The first output that differs, events apart; NULL name: none. What stands beside a valid of 0
 * means nothing. */
static struct output find_output(const struct mmu_outputs *hardware,
                                 const struct mmu_outputs *twin) {
    const struct output always[] = {
        OUTPUT("req_ready of port I", req_ready[PORT_I]),
        OUTPUT("req_ready of port D", req_ready[PORT_D]),
        OUTPUT("fence_ready", fence_ready),
        OUTPUT("ptw_req_valid", ptw_req_valid),
    };
    for (size_t i = 0; i < sizeof always / sizeof always[0]; i++)
        if (always[i].hardware != always[i].twin)
            return always[i];
    const struct output request[] = {
        OUTPUT("ptw_req_id", ptw_req_id),
        OUTPUT("ptw_req_pa", ptw_req_pa),
        OUTPUT("ptw_req_cas", ptw_req_cas),
        OUTPUT("ptw_req_word", ptw_req_word),
    };
    for (size_t i = 0; hardware->ptw_req_valid && i < sizeof request / sizeof request[0]; i++)
        if (request[i].hardware != request[i].twin)
            return request[i];
    const struct output update[] = {
        OUTPUT("ptw_req_expect", ptw_req_expect),
        OUTPUT("ptw_req_desired", ptw_req_desired),
    };
    bool updates = hardware->ptw_req_valid && hardware->ptw_req_cas;
    for (size_t i = 0; updates && i < sizeof update / sizeof update[0]; i++)
        if (update[i].hardware != update[i].twin)
            return update[i];
    return (struct output){NULL, 0, 0};
}

static bool same_key(const struct mmu_event *a, const struct mmu_event *b) {
    return a->kind == b->kind && event_of_walk(a) == event_of_walk(b) &&
           (event_of_walk(a) ? a->walk == b->walk : a->port == b->port && a->id == b->id);
}

/* The event of the same kind and owner; NULL: there is none. */
static const struct mmu_event *find_event(const struct mmu_outputs *out,
                                          const struct mmu_event *event) {
    for (unsigned i = 0; i < out->events; i++)
        if (same_key(&out->event[i], event))
            return &out->event[i];
    return NULL;
}

static const char *name_owner(const struct mmu_event *event, char *text, size_t size) {
    if (event_of_walk(event))
        snprintf(text, size, "walk %u", event->walk);
    else
        snprintf(text, size, "%s id %u", port_name(event->port), event->id);
    return text;
}

/* An event that `a` has and `b` has not, or not so: said into `text`. False: there is none. */
static bool explain_missing(const struct mmu_outputs *a, const struct mmu_outputs *b,
                            const char *const name[2], char *text, size_t size) {
    char owner[32], line[2][96];
    for (unsigned i = 0; i < a->events; i++) {
        const struct mmu_event *event = &a->event[i], *other = find_event(b, event);
        if (other && event_equal(event, other))
            continue;
        name_owner(event, owner, sizeof owner);
        event_format(event, line[0], sizeof line[0]);
        if (other)
            event_format(other, line[1], sizeof line[1]);
        if (other)
            snprintf(text, size, "%s of %s differs: %s: %s; %s: %s", event_name(event->kind), owner,
                     name[0], line[0], name[1], line[1]);
        else
            snprintf(text, size, "the %s shows %s of %s, the %s does not: %s", name[0],
                     event_name(event->kind), owner, name[1], line[0]);
        return true;
    }
    return false;
}

static bool same_events(const struct mmu_outputs *a, const struct mmu_outputs *b) {
    if (a->events != b->events)
        return false;
    for (unsigned i = 0; i < a->events; i++)
        if (!event_equal(&a->event[i], &b->event[i]))
            return false;
    return true;
}

static void explain_events(const struct mmu_outputs *hardware, const struct mmu_outputs *twin,
                           char *text, size_t size) {
    static const char *const hardware_first[] = {"hardware", "twin"};
    static const char *const twin_first[] = {"twin", "hardware"};
    if (!explain_missing(hardware, twin, hardware_first, text, size) &&
        !explain_missing(twin, hardware, twin_first, text, size))
        snprintf(text, size, "the same events come in another order");
}

void lockstep_compare_cycle(struct lockstep *both, const struct mmu_outputs *hardware) {
    struct mmu_outputs twin;
    char text[320];
    unsigned long long cycle = rtl_mmu_cycle(both->rtl);
    const struct mmu_inputs *in = rtl_mmu_in(both->rtl);
    timing_cycle(both->twin, in, &twin);
    if (both->divergence.level != COMPARE_NONE)
        return;
    if (!same_events(hardware, &twin)) {
        explain_events(hardware, &twin, text, sizeof text);
        lockstep_diverge(both, COMPARE_TIMING, NULL, "in cycle %llu %s", cycle, text);
        return;
    }
    const struct output output = find_output(hardware, &twin);
    if (output.name)
        lockstep_diverge(both, COMPARE_TIMING, NULL,
                         "in cycle %llu %s: hardware %" PRIx64 ", twin %" PRIx64, cycle,
                         output.name, output.hardware, output.twin);
    else if (hardware->counter != twin.counter)
        lockstep_diverge(both, COMPARE_TIMING, NULL,
                         "in cycle %llu counter %s: hardware %" PRIu64 ", twin %" PRIu64, cycle,
                         counter_name(in->counter_select), hardware->counter, twin.counter);
}
