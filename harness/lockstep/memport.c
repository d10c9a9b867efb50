#include "memport.h"

#include <string.h>

uint64_t next_random(uint64_t *state) {
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

void memport_init(struct memport *port, struct physmem *memory, struct latency *latency,
                  unsigned stall_percent, uint32_t seed) {
    *port = (struct memport){
        .memory = memory,
        .latency = latency,
        .random = seed,
        .stall_percent = stall_percent,
    };
}

static void answer(struct memport *port, const struct pending *pending, struct mmu_inputs *in) {
    unsigned bytes = pending->word ? 4 : 8;
    uint64_t data = 0;
    bool ok = pending->cas ? physmem_compare_and_set(port->memory, pending->pa, bytes,
                                                     pending->expect, pending->desired, &data)
                           : physmem_read(port->memory, pending->pa, bytes, &data);
    in->ptw_resp_valid = true;
    in->ptw_resp_id = pending->id;
    in->ptw_resp_error = !ok;
    in->ptw_resp_data = ok ? data : 0;
}

void memport_drive(struct memport *port, uint64_t cycle, struct mmu_inputs *in) {
    port->ready = port->count < MEMPORT_DEPTH;
    if (port->stall_percent && next_random(&port->random) % 100 < port->stall_percent)
        port->ready = false;
    in->ptw_req_ready = port->ready;
    in->ptw_resp_valid = false;
    for (unsigned i = 0; i < port->count; i++) {
        if (port->pending[i].due > cycle)
            continue;
        answer(port, &port->pending[i], in);
        memmove(&port->pending[i], &port->pending[i + 1],
                (port->count - i - 1) * sizeof port->pending[0]);
        port->count--;
        return;
    }
}

void memport_sample(struct memport *port, uint64_t cycle, const struct mmu_outputs *out) {
    if (!out->ptw_req_valid || !port->ready)
        return;
    port->pending[port->count++] = (struct pending){
        .due = cycle + (port->latency ? latency_draw(port->latency, out->ptw_req_pa) : 1),
        .pa = out->ptw_req_pa,
        .expect = out->ptw_req_expect,
        .desired = out->ptw_req_desired,
        .id = out->ptw_req_id,
        .cas = out->ptw_req_cas,
        .word = out->ptw_req_word,
    };
}
