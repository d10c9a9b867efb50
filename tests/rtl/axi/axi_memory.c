#include "axi_memory.h"

#include "random.h"

#include <string.h>

void axi_memory_init(struct axi_memory *axi, const struct axi_memory_config *config,
                     struct physmem *memory, uint64_t seed) {
    memset(axi, 0, sizeof *axi);
    axi->config = *config;
    axi->memory = memory;
    axi->random = seed;
}

static uint64_t due(struct axi_memory *axi) {
    return axi->cycle + random_below(&axi->random, axi->config.latency_max);
}

static bool ready(struct axi_memory *axi, bool saw_valid) {
    return (saw_valid || !axi->config.ready_after_valid) &&
           random_happens(&axi->random, axi->config.ready_permille);
}

static enum axi_resp draw_error(struct axi_memory *axi) {
    if (!random_happens(&axi->random, axi->config.error_permille))
        return AXI_OKAY;
    return random_below(&axi->random, 2) ? AXI_SLVERR : AXI_DECERR;
}

static struct axi_monitor *monitor_of(struct axi_memory *axi, const struct axi_address *address) {
    for (unsigned i = 0; i < AXI_PENDING; i++) {
        struct axi_monitor *monitor = &axi->monitor[i];
        if (monitor->set && monitor->id == address->id)
            return monitor;
    }
    return NULL;
}

static void set_monitor(struct axi_memory *axi, const struct axi_address *address) {
    struct axi_monitor *monitor = monitor_of(axi, address);
    if (!monitor)
        monitor = &axi->monitor[axi->next_monitor++ % AXI_PENDING];
    *monitor = (struct axi_monitor){true, address->id, address->addr, address->size};
}

void axi_memory_written(struct axi_memory *axi, uint64_t addr) {
    for (unsigned i = 0; i < AXI_PENDING; i++)
        if (axi->monitor[i].addr >> 3 == addr >> 3)
            axi->monitor[i].set = false;
}

/* One read that is due, whichever; the others wait. */
static void offer_read(struct axi_memory *axi) {
    unsigned candidates[AXI_PENDING], count = 0;
    for (unsigned i = 0; i < axi->reads; i++)
        if (axi->read[i].due <= axi->cycle)
            candidates[count++] = i;
    if (count == 0)
        return;
    unsigned chosen = candidates[random_below(&axi->random, count)];
    struct axi_address address = axi->read[chosen].address;
    axi->read[chosen] = axi->read[--axi->reads];

    uint64_t data = 0;
    enum axi_resp resp = draw_error(axi);
    if (!physmem_read(axi->memory, address.addr & ~UINT64_C(7), 8, &data))
        resp = AXI_DECERR;
    if (address.size == 2) /* the other half of the bus says nothing */
        data = address.addr & 4 ? data | (uint32_t)random_bits(&axi->random)
                                : (uint32_t)data | random_bits(&axi->random) << 32;
    if (resp == AXI_OKAY && address.lock && !axi->config.no_exclusive) {
        resp = AXI_EXOKAY;
        set_monitor(axi, &address);
    }
    if (resp == AXI_SLVERR || resp == AXI_DECERR)
        data = random_bits(&axi->random);
    axi->pins.r.valid = true;
    axi->pins.r.last = true;
    axi->pins.r.id = address.id;
    axi->pins.r.data = data;
    axi->pins.r.resp = resp;
    if (axi->observer.read)
        axi->observer.read(axi->observer.context, address.id, resp);
}

/* An exclusive write stores only under its monitor. (Another stores always.) */
static bool may_store(struct axi_memory *axi, const struct axi_address *address) {
    if (!address->lock || axi->config.no_exclusive)
        return true;
    const struct axi_monitor *monitor = monitor_of(axi, address);
    return monitor && monitor->addr == address->addr && monitor->size == address->size &&
           !random_happens(&axi->random, axi->config.lose_permille);
}

/* The bytes that the strobes name; false: memory refused. */
static bool store(struct axi_memory *axi, uint64_t addr, uint64_t *old, uint64_t *value) {
    uint64_t mask = 0;
    for (unsigned lane = 0; lane < 8; lane++)
        if (axi->w_strb >> lane & 1)
            mask |= UINT64_C(0xff) << 8 * lane;
    if (!physmem_read(axi->memory, addr, 8, old))
        return false;
    *value = (*old & ~mask) | (axi->w_data & mask);
    return physmem_write(axi->memory, addr, 8, *value);
}

static void offer_write_response(struct axi_memory *axi) {
    struct axi_address address = axi->write.address;
    if (!address.valid || !axi->w_taken || axi->write.due > axi->cycle)
        return;
    axi->write.address.valid = axi->w_taken = false;
    uint64_t old = 0, value = 0, word = address.addr & ~UINT64_C(7);
    enum axi_resp resp = draw_error(axi);
    bool stored = resp == AXI_OKAY && may_store(axi, &address);
    if (stored && !store(axi, word, &old, &value)) {
        stored = false;
        resp = AXI_DECERR;
    }
    if (stored) {
        axi_memory_written(axi, address.addr);
        resp = address.lock && !axi->config.no_exclusive ? AXI_EXOKAY : AXI_OKAY;
    }
    axi->pins.b.valid = true;
    axi->pins.b.id = address.id;
    axi->pins.b.resp = resp;
    if (axi->observer.write)
        axi->observer.write(axi->observer.context, address.id, resp, stored, word, old, value);
}

const struct axi_subordinate *axi_memory_drive(struct axi_memory *axi) {
    axi->pins.arready = axi->reads < AXI_PENDING && ready(axi, axi->saw_ar);
    bool aw = !axi->write.address.valid && ready(axi, axi->saw_aw);
    bool w = !axi->w_taken && ready(axi, axi->saw_w);
    axi->pins.awready = aw && (axi->config.write_order != AXI_DATA_FIRST || axi->w_taken);
    axi->pins.wready =
        w && (axi->config.write_order != AXI_ADDRESS_FIRST || axi->write.address.valid);
    if (!axi->pins.r.valid)
        offer_read(axi);
    if (!axi->pins.b.valid)
        offer_write_response(axi);
    return &axi->pins;
}

void axi_memory_sample(struct axi_memory *axi, const struct axi_manager *manager) {
    axi->cycle++;
    axi->saw_ar = manager->ar.valid;
    axi->saw_aw = manager->aw.valid;
    axi->saw_w = manager->w.valid;
    if (axi->pins.r.valid && manager->rready)
        axi->pins.r.valid = false;
    if (axi->pins.b.valid && manager->bready)
        axi->pins.b.valid = false;
    if (manager->ar.valid && axi->pins.arready)
        axi->read[axi->reads++] = (struct axi_pending){manager->ar, due(axi)};
    if (manager->aw.valid && axi->pins.awready)
        axi->write = (struct axi_pending){manager->aw, due(axi)};
    if (manager->w.valid && axi->pins.wready) {
        axi->w_taken = true;
        axi->w_data = manager->w.data;
        axi->w_strb = manager->w.strb;
    }
}

bool axi_memory_idle(const struct axi_memory *axi) {
    return axi->reads == 0 && !axi->write.address.valid && !axi->w_taken && !axi->pins.r.valid &&
           !axi->pins.b.valid;
}
