/*
 * The twin under random requests, remappings, fences, latencies and back-pressure, in random
 * configurations. Whatever it does in which cycle, the architecture must hold: every request is
 * answered once, with a translation that the tables have had since the last fence that covers it;
 * a store has set D; nothing hangs; what is offered stands.
 */
#include "check.h"
#include "timing_rig.h"

#include <string.h>

#define TRIALS  120
#define CYCLES  4000
#define HANG    4000 /* cycles */
#define ASIDS   2    /* numbers 1 and 2 */
#define SINGLES 8    /* 4 KiB pages */
#define NAPOTS  4    /* pages looked at within a 64 KiB page */
#define SUPERS  4    /* pages looked at within a region that is a superpage or a table */
#define PAGES   (SINGLES + NAPOTS + SUPERS)
#define VALUES  12
#define IDS     32

/* What a page was mapped to: a leaf PTE (0: none) and log2 of its bytes. */
struct mapping {
    uint64_t pte;
    unsigned shift;
};

/* The mappings of a page that an address space may still use. The last one is the current one. */
struct allowed {
    unsigned count;
    struct mapping value[VALUES];
};

struct outstanding {
    bool waits;
    uint64_t since; /* cycle */
    bool translated;
    unsigned page, asid;
    uint64_t va;
    enum access_type access;
};

struct world {
    struct rig rig;
    uint64_t seed;
    uint64_t va[PAGES];
    struct allowed allowed[ASIDS][PAGES];
    struct outstanding outstanding[PORTS][IDS];
    uint64_t table[2]; /* ppn of the tables that the region may have */
    unsigned last_table;
    unsigned accepted, translating, answered;
    uint64_t fence_since;
    unsigned latency;        /* up to */
    unsigned fences, remaps; /* in a thousand cycles */
    unsigned ready;          /* per cent */
};

static unsigned percent(struct world *world, unsigned chance) {
    return pick(&world->seed, 100) < chance;
}

static unsigned per_mille(struct world *world, unsigned chance) {
    return pick(&world->seed, 1000) < chance;
}

static void allow(struct world *world, unsigned page, struct mapping mapping) {
    for (unsigned asid = 0; asid < ASIDS; asid++) {
        struct allowed *allowed = &world->allowed[asid][page];
        assert_true(allowed->count < VALUES);
        allowed->value[allowed->count++] = mapping;
    }
}

/* One more remapping must fit. */
static bool room(const struct world *world) {
    for (unsigned asid = 0; asid < ASIDS; asid++)
        for (unsigned page = 0; page < PAGES; page++)
            if (world->allowed[asid][page].count == VALUES)
                return false;
    return true;
}

static uint64_t random_flags(struct world *world) {
    static const uint64_t permitted[] = {R | W | X, R | W | X, R | W, R | X, R};
    uint64_t flags = V | permitted[pick(&world->seed, 5)];
    if (!world->rig.in.control.adue || percent(world, 50))
        return flags | A | D;
    return flags | (percent(world, 50) ? A : 0);
}

static void remap_single(struct world *world, unsigned page) {
    uint64_t pte = PPN(pick(&world->seed, 1 << 20)) | random_flags(world);
    if (percent(world, 15))
        pte = 0;
    tables_put(&world->rig.tables, world->va[page], 0, pte);
    allow(world, page, (struct mapping){pte, 12});
}

static void remap_napot(struct world *world) {
    uint64_t pte = N | PPN(pick(&world->seed, 1 << 16) << 4 | 8) | random_flags(world);
    uint64_t first = world->va[SINGLES] & ~UINT64_C(0xffff);
    for (unsigned i = 0; i < 16; i++)
        tables_put(&world->rig.tables, first + ((uint64_t)i << 12), 0, pte);
    for (unsigned i = 0; i < NAPOTS; i++)
        allow(world, SINGLES + i, (struct mapping){pte, 16});
}

static void remap_region(struct world *world) {
    struct tables *tables = &world->rig.tables;
    const struct geometry *geometry = tables->geometry;
    const unsigned first = SINGLES + NAPOTS;
    if (percent(world, 50)) {
        uint64_t ppn = (uint64_t)pick(&world->seed, 256) << geometry->index_bits;
        uint64_t pte = PPN(ppn) | random_flags(world);
        tables_put(tables, world->va[first], 1, pte);
        for (unsigned i = 0; i < SUPERS; i++)
            allow(world, first + i, (struct mapping){pte, geometry->leaf_shift[1]});
        return;
    }
    uint64_t table = world->table[world->last_table ^= 1];
    for (unsigned i = 0; i < SUPERS; i++) {
        uint64_t pte = PPN(pick(&world->seed, 1 << 20)) | random_flags(world);
        uint64_t index = world->va[first + i] >> 12 & ((1u << geometry->index_bits) - 1);
        physmem_poke(tables->memory, (table << 12) + index * geometry->pte_bytes,
                     geometry->pte_bytes, pte);
        allow(world, first + i, (struct mapping){pte, 12});
    }
    tables_put(tables, world->va[first], 1, PPN(table) | V);
}

static void remap(struct world *world) {
    unsigned what = pick(&world->seed, SINGLES + 2);
    if (what < SINGLES)
        remap_single(world, what);
    else if (what == SINGLES)
        remap_region(world);
    else if (world->rig.in.control.mode != MODE_SV32)
        remap_napot(world);
    else
        remap_single(world, SINGLES);
}

static void begin_world(struct world *world) {
    uint64_t region = UINT64_C(1) << world->rig.tables.geometry->leaf_shift[1];
    for (unsigned i = 0; i < SINGLES; i++)
        world->va[i] = (uint64_t)(i % 4 + 1) << 12 | (i / 4) * 4 * region;
    for (unsigned i = 0; i < NAPOTS; i++)
        world->va[SINGLES + i] = 0x40000 + 0x3000 * i;
    for (unsigned i = 0; i < SUPERS; i++)
        world->va[SINGLES + NAPOTS + i] = region + 0x7000 * i;
    world->table[0] = world->rig.tables.next_ppn--;
    world->table[1] = world->rig.tables.next_ppn--;
    for (unsigned i = 0; i < SINGLES; i++)
        remap_single(world, i);
    if (world->rig.in.control.mode != MODE_SV32)
        remap_napot(world);
    else
        for (unsigned i = 0; i < NAPOTS; i++)
            remap_single(world, SINGLES + i);
    remap_region(world);
}

static enum fault_reason refusal(uint64_t pte, enum access_type access) {
    if (pte == 0)
        return FAULT_NOT_VALID;
    if (access == ACCESS_EXECUTE)
        return pte & X ? FAULT_NONE : FAULT_NOT_EXECUTABLE;
    if (access == ACCESS_WRITE)
        return pte & W ? FAULT_NONE : FAULT_NOT_WRITABLE;
    return pte & R ? FAULT_NONE : FAULT_NOT_READABLE;
}

static bool agrees(const struct mmu_response *response, const struct outstanding *request,
                   const struct mapping *mapping) {
    enum fault_reason reason = refusal(mapping->pte, request->access);
    if (reason)
        return response->reason == reason && response->pa == 0;
    uint64_t offset = (UINT64_C(1) << mapping->shift) - 1;
    uint64_t page = (mapping->pte >> 10 & ((UINT64_C(1) << 44) - 1)) << 12;
    return response->reason == FAULT_NONE &&
           response->pa == ((page & ~offset) | (request->va & offset));
}

static void check_dirty(struct world *world, const struct outstanding *request) {
    if (request->access != ACCESS_WRITE || request->page >= SINGLES ||
        world->allowed[request->asid][request->page].count > 1)
        return;
    uint64_t pte = tables_get(&world->rig.tables, world->va[request->page], 0);
    assert_true(pte & D);
}

static void check_response(struct world *world, const struct mmu_event *event) {
    struct outstanding *request = &world->outstanding[event->port][event->id];
    assert_true(request->waits);
    request->waits = false;
    world->answered++;
    if (!request->translated) {
        assert_int_equal(event->response.pa, request->va);
        return;
    }
    const struct allowed *allowed = &world->allowed[request->asid][request->page];
    bool found = false;
    for (unsigned i = 0; i < allowed->count; i++)
        found |= agrees(&event->response, request, &allowed->value[i]);
    assert_true(found);
    if (event->response.reason == FAULT_NONE)
        check_dirty(world, request);
}

static bool covers(const struct mmu_fence *fence, const struct world *world, unsigned asid,
                   unsigned page) {
    return (!fence->has_asid || fence->asid == asid + 1) &&
           (!fence->has_va || fence->va >> 12 == world->va[page] >> 12);
}

static void apply_fence(struct world *world) {
    const struct mmu_fence *fence = &world->rig.in.fence;
    for (unsigned asid = 0; asid < ASIDS; asid++)
        for (unsigned page = 0; page < PAGES; page++) {
            struct allowed *allowed = &world->allowed[asid][page];
            if (!covers(fence, world, asid, page))
                continue;
            allowed->value[0] = allowed->value[allowed->count - 1];
            allowed->count = 1;
        }
    world->rig.in.fence_valid = false;
}

static void offer_fence(struct world *world) {
    bool whole = !room(world);
    world->rig.in.fence_valid = true;
    world->fence_since = world->rig.cycle;
    world->rig.in.fence = (struct mmu_fence){
        .has_va = !whole && percent(world, 70),
        .has_asid = !whole && percent(world, 50),
        .va = world->va[pick(&world->seed, PAGES)],
        .asid = (uint16_t)(1 + pick(&world->seed, ASIDS)),
    };
}

static void offer_request(struct world *world, enum port port) {
    unsigned id = pick(&world->seed, IDS);
    if (world->outstanding[port][id].waits)
        return;
    unsigned page = pick(&world->seed, PAGES);
    uint64_t va = world->va[page] + 8 * pick(&world->seed, 512);
    static const enum access_type data[] = {ACCESS_READ, ACCESS_WRITE};
    rig_offer(&world->rig, port, (uint8_t)id, va,
              port == PORT_I ? ACCESS_EXECUTE : data[pick(&world->seed, 2)]);
    if (percent(world, 5))
        world->rig.in.req[port].priv = PRIV_M;
    /* Complete but for the address space, which is that of the cycle of acceptance. */
    world->outstanding[port][id] = (struct outstanding){
        .translated = world->rig.in.req[port].priv != PRIV_M,
        .page = page,
        .va = va,
        .access = world->rig.in.req[port].access,
    };
}

static void take_acceptance(struct world *world, enum port port, uint8_t id) {
    struct outstanding *request = &world->outstanding[port][id];
    request->waits = true;
    request->since = world->rig.cycle;
    request->asid = world->rig.in.control.asid - 1u;
    world->accepted++;
    world->translating += request->translated;
}

static void check_stable(const struct mmu_outputs *before, const struct mmu_outputs *now) {
    assert_true(now->ptw_req_valid);
    assert_int_equal(before->ptw_req_id, now->ptw_req_id);
    assert_int_equal(before->ptw_req_cas, now->ptw_req_cas);
    assert_int_equal(before->ptw_req_pa, now->ptw_req_pa);
    assert_int_equal(before->ptw_req_expect, now->ptw_req_expect);
    assert_int_equal(before->ptw_req_desired, now->ptw_req_desired);
}

static void cycle(struct world *world) {
    struct rig *rig = &world->rig;
    bool stood = rig->out.ptw_req_valid && !rig->in.ptw_req_ready;
    const struct mmu_outputs before = rig->out;
    bool offered[PORTS] = {rig->in.req[PORT_I].valid, rig->in.req[PORT_D].valid};
    rig->latency = 1 + pick(&world->seed, world->latency);
    rig->in.ptw_req_ready = percent(world, world->ready);
    rig->in.inject = percent(world, 10);
    rig->in.inject_bit = (uint8_t)next_random(&world->seed);
    rig_cycle(rig);
    if (stood)
        check_stable(&before, &rig->out);
    for (unsigned i = 0; i < rig->out.events; i++)
        if (rig->out.event[i].kind == EVENT_RESPONSE)
            check_response(world, &rig->out.event[i]);
    for (enum port port = PORT_I; port < PORTS; port++) {
        assert_false(rig->in.fence_valid && rig->out.req_ready[port]);
        if (offered[port] && rig->out.req_ready[port])
            take_acceptance(world, port, rig->in.req[port].id);
    }
    if (rig->out.fence_ready)
        apply_fence(world);
}

static void check_nothing_hangs(const struct world *world) {
    for (unsigned port = 0; port < PORTS; port++)
        for (unsigned id = 0; id < IDS; id++)
            if (world->outstanding[port][id].waits)
                assert_true(world->rig.cycle - world->outstanding[port][id].since < HANG);
    if (world->rig.in.fence_valid)
        assert_true(world->rig.cycle - world->fence_since < HANG);
}

static struct tlb_config random_tlb(struct world *world, unsigned most_sets) {
    return (struct tlb_config){1 + pick(&world->seed, most_sets), 1 + pick(&world->seed, 4),
                               (enum policy)pick(&world->seed, POLICIES)};
}

static void begin(struct world *world, unsigned trial) {
    memset(world, 0, sizeof *world);
    world->seed = 1000 + trial;
    struct mmu_config config = {
        .tlb = {random_tlb(world, 2), random_tlb(world, 2), random_tlb(world, 9)},
        .seed = (uint16_t)pick(&world->seed, 1 << 14),
        .walk_cache = pick(&world->seed, 4),
        .walks = 1 + pick(&world->seed, percent(world, 50) ? 2 : 16),
        .misses = {1 + pick(&world->seed, 9), 1 + pick(&world->seed, percent(world, 50) ? 4 : 32)},
        .prefetch = percent(world, 50),
        .parity = percent(world, 50),
    };
    if (percent(world, 20))
        config.tlb[TLB_L2].sets = 0;
    rig_create(&world->rig, &config, geometries[trial % MODES].mode);
    world->rig.in.control.adue = percent(world, 70);
    world->rig.in.control.asid = 1;
    world->latency = percent(world, 50) ? 3 : 30;
    /* Walks must get through between fences. */
    world->fences = world->latency == 3 ? 1 + pick(&world->seed, 25) : 2;
    world->remaps = 1 + pick(&world->seed, 10);
    world->ready = percent(world, 50) ? 100 : 40;
    begin_world(world);
}

static void act(struct world *world, unsigned requests) {
    struct rig *rig = &world->rig;
    if (percent(world, 2))
        rig->in.control.asid = (uint16_t)(1 + pick(&world->seed, ASIDS));
    if (per_mille(world, world->remaps) && room(world))
        remap(world);
    if (!rig->in.fence_valid && (per_mille(world, world->fences) || !room(world)))
        offer_fence(world);
    for (enum port port = PORT_I; port < PORTS; port++)
        if (!rig->in.req[port].valid && percent(world, requests))
            offer_request(world, port);
}

static void finish(struct world *world) {
    struct rig *rig = &world->rig;
    while (rig->in.req[PORT_I].valid || rig->in.req[PORT_D].valid || rig->in.fence_valid ||
           !timing_idle(rig->timing)) {
        cycle(world);
        check_nothing_hangs(world);
    }
    assert_int_equal(world->answered, world->accepted);
    const uint64_t *counters = timing_counters(rig->timing);
    assert_int_equal(counters[COUNTER_ITLB_READ_ACCESS] + counters[COUNTER_DTLB_READ_ACCESS] +
                         counters[COUNTER_DTLB_WRITE_ACCESS],
                     world->translating);
    assert_true(world->translating > CYCLES / 50);
}

static void architecture_holds_whatever_happens(void **state) {
    (void)state;
    static struct world world;
    for (unsigned trial = 0; trial < TRIALS; trial++) {
        begin(&world, trial);
        for (unsigned i = 0; i < CYCLES; i++) {
            act(&world, i / 500 % 2 ? 90 : 25);
            cycle(&world);
            check_nothing_hangs(&world);
        }
        finish(&world);
        rig_destroy(&world.rig);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(architecture_holds_whatever_happens)};
    return RUN(tests);
}
