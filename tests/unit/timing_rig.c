#include "timing_rig.h"

#include "check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PATIENCE 5000 /* cycles until something has hung */

struct mmu_config rig_config(void) {
    return (struct mmu_config){
        .tlb = {[TLB_I] = {1, 2, POLICY_LRU},
                [TLB_D] = {1, 2, POLICY_LRU},
                [TLB_L2] = {16, 2, POLICY_LRU}},
        .walks = 4,
        .misses = {4, 4},
    };
}

static const struct geometry *geometry_of(enum paging_mode mode) {
    unsigned i = 0;
    while (geometries[i].mode != mode)
        i++;
    return &geometries[i];
}

void rig_create(struct rig *rig, const struct mmu_config *config, enum paging_mode mode) {
    memset(rig, 0, sizeof *rig);
    const char *why;
    rig->timing = timing_create(config, &why);
    if (!rig->timing)
        fail_msg("%s", why);
    tables_create(&rig->tables, geometry_of(mode));
    rig->in.control = tables_control(&rig->tables);
    rig->in.control.asid = 7;
    rig->in.control.pbmte = rig->in.control.napot = true;
    rig->in.ptw_req_ready = true;
    rig->latency = 3;
}

void rig_destroy(struct rig *rig) {
    timing_destroy(rig->timing);
    tables_destroy(&rig->tables);
}

/* The answer that is due first; of several the lowest number. */
static void drive_answer(struct rig *rig) {
    int first = -1;
    for (int walk = 0; walk < RIG_WALKS; walk++)
        if (rig->access[walk].waits && rig->access[walk].due <= rig->cycle &&
            (first < 0 || rig->access[walk].due < rig->access[first].due))
            first = walk;
    rig->in.ptw_resp_valid = first >= 0;
    if (first < 0)
        return;
    struct rig_access *access = &rig->access[first];
    bool answered = access->readable;
    uint64_t value = access->value;
    if (access->cas)
        answered = physmem_compare_and_set(rig->tables.memory, access->pa, access->word ? 4 : 8,
                                           access->expect, access->desired, &value);
    rig->in.ptw_resp_id = (uint8_t)first;
    rig->in.ptw_resp_error = !answered;
    rig->in.ptw_resp_data = answered ? value : 0;
    access->waits = false;
}

static void take_request(struct rig *rig) {
    const struct mmu_outputs *out = &rig->out;
    if (!out->ptw_req_valid || !rig->in.ptw_req_ready)
        return;
    struct rig_access *access = &rig->access[out->ptw_req_id];
    assert_false(access->waits);
    *access = (struct rig_access){
        .waits = true,
        .due = rig->cycle + rig->latency,
        .cas = out->ptw_req_cas,
        .word = out->ptw_req_word,
        .pa = out->ptw_req_pa,
        .expect = out->ptw_req_expect,
        .desired = out->ptw_req_desired,
    };
    if (!access->cas)
        access->readable =
            physmem_read(rig->tables.memory, access->pa, access->word ? 4 : 8, &access->value);
}

void rig_cycle(struct rig *rig) {
    drive_answer(rig);
    timing_cycle(rig->timing, &rig->in, &rig->out);
    take_request(rig);
    for (unsigned i = 0; i < rig->out.events && rig->records < RIG_RECORDS; i++)
        rig->record[rig->records++] = (struct record){rig->cycle, rig->out.event[i]};
    for (unsigned port = 0; port < PORTS; port++)
        if (rig->out.req_ready[port])
            rig->in.req[port].valid = false;
    rig->cycle++;
}

void rig_run(struct rig *rig, unsigned cycles) {
    for (unsigned i = 0; i < cycles; i++)
        rig_cycle(rig);
}

void rig_offer(struct rig *rig, enum port port, uint8_t id, uint64_t va, enum access_type access) {
    rig->in.req[port].valid = true;
    rig->in.req[port].id = id;
    rig->in.req[port].access = access;
    rig->in.req[port].priv = PRIV_S;
    rig->in.req[port].va = va;
}

void rig_drain(struct rig *rig) {
    uint64_t limit = rig->cycle + PATIENCE;
    while (rig->in.req[PORT_I].valid || rig->in.req[PORT_D].valid || !timing_idle(rig->timing)) {
        rig_cycle(rig);
        assert_true(rig->cycle < limit);
    }
}

const struct record *rig_translate(struct rig *rig, enum port port, uint8_t id, uint64_t va,
                                   enum access_type access) {
    uint64_t from = rig->cycle;
    rig_offer(rig, port, id, va, access);
    rig_drain(rig);
    const struct record *response = rig_find_request(rig, EVENT_RESPONSE, port, id, from);
    assert_non_null(response);
    return response;
}

uint64_t rig_fence(struct rig *rig, const struct mmu_fence *fence) {
    uint64_t limit = rig->cycle + PATIENCE;
    rig->in.fence_valid = true;
    rig->in.fence = *fence;
    do {
        assert_true(rig->cycle < limit);
        rig_cycle(rig);
    } while (!rig->out.fence_ready);
    rig->in.fence_valid = false;
    return rig->cycle - 1;
}

static const struct record *find(const struct rig *rig, enum event_kind kind, int walk,
                                 enum port port, int id, uint64_t from) {
    for (unsigned i = 0; i < rig->records; i++) {
        const struct record *record = &rig->record[i];
        const struct mmu_event *event = &record->event;
        bool whose = walk >= 0 ? event_of_walk(event) && event->walk == walk
                               : !event_of_walk(event) && event->port == port && event->id == id;
        if (record->cycle >= from && event->kind == kind && whose)
            return record;
    }
    return NULL;
}

const struct record *rig_find_walk(const struct rig *rig, enum event_kind kind, unsigned walk,
                                   uint64_t from) {
    return find(rig, kind, (int)walk, PORT_I, 0, from);
}

const struct record *rig_find_request(const struct rig *rig, enum event_kind kind, enum port port,
                                      uint8_t id, uint64_t from) {
    return find(rig, kind, -1, port, id, from);
}

unsigned rig_count(const struct rig *rig, enum event_kind kind, uint64_t from) {
    unsigned count = 0;
    for (unsigned i = 0; i < rig->records; i++)
        count += rig->record[i].cycle >= from && rig->record[i].event.kind == kind;
    return count;
}

void rig_print(const struct rig *rig) {
    for (unsigned i = 0; i < rig->records; i++) {
        char text[200];
        event_format(&rig->record[i].event, text, sizeof text);
        fprintf(stderr, "%6llu %s\n", (unsigned long long)rig->record[i].cycle, text);
    }
}
