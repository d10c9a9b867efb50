/*
 * Words of the log: "I:miss", "D:hit", "L2:clean" lookups; "start"; "read2" a PTE of level 2,
 * "read2!" refused; "update" stored, "update?" found the PTE changed, "update!" refused;
 * "end"; "fill:I", "fill:L2"; "resp". Lookups and fills of the L2 are left out where there is none.
 */
#include "bench.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define TIMEOUT_CYCLES 1000

void bench_open(struct bench *bench, const char *config) {
    memset(bench, 0, sizeof *bench);
    bench->latency = 1;
    bench->mmu = rtl_mmu_open(config, 1);
    assert_non_null(bench->mmu);
    bench->has_l2 = rtl_mmu_config(config)->tlb[TLB_L2].sets > 0;
    struct mmu_control *control = &rtl_mmu_in(bench->mmu)->control;
    control->mode = MODE_SV39;
    control->root_ppn = 0x80000;
    control->asid = 1;
}

void bench_close(struct bench *bench) {
    assert_false(rtl_mmu_failed(bench->mmu));
    rtl_mmu_close(bench->mmu);
}

static unsigned find(const struct bench *bench, uint64_t pa) {
    unsigned i = 0;
    while (i < bench->words && bench->word[i].pa != pa)
        i++;
    return i;
}

static unsigned find_or_add(struct bench *bench, uint64_t pa) {
    unsigned i = find(bench, pa);
    assert_true(i < BENCH_WORDS);
    bench->word[i].pa = pa;
    if (i == bench->words)
        bench->words++;
    return i;
}

void bench_write(struct bench *bench, uint64_t pa, uint64_t value) {
    bench->word[find_or_add(bench, pa)].value = value;
}

uint64_t bench_read(const struct bench *bench, uint64_t pa) {
    unsigned i = find(bench, pa);
    return i < bench->words ? bench->word[i].value : 0;
}

void bench_refuse(struct bench *bench, uint64_t pa) {
    bench->word[find_or_add(bench, pa)].refused = true;
}

/* The answer of the page-table port, if it is due in this cycle. */
static void answer(struct bench *bench, struct rtl_inputs *in) {
    in->ptw_resp_valid = bench->busy && --bench->answer_in == 0;
    if (!in->ptw_resp_valid)
        return;
    bench->busy = false;
    unsigned i = find(bench, bench->pa);
    in->ptw_resp_error = i < bench->words && bench->word[i].refused;
    in->ptw_resp_data = bench_read(bench, bench->pa);
    if (bench->cas && !in->ptw_resp_error && in->ptw_resp_data == bench->expect)
        bench_write(bench, bench->pa, bench->desired);
}

static void note(struct bench *bench, const char *format, ...) {
    size_t used = strlen(bench->log);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(bench->log + used, sizeof bench->log - used, format, arguments);
    va_end(arguments);
}

static void note_event(struct bench *bench, const struct mmu_event *event) {
    static const char *const tlb[TLBS] = {"I", "D", "L2"};
    static const char *const result[] = {"miss", "hit", "clean"};
    if (*bench->log)
        note(bench, " ");
    switch (event->kind) {
    case EVENT_LOOKUP:
        note(bench, "%s:%s", tlb[event->lookup.tlb], result[event->lookup.result]);
        break;
    case EVENT_START:
        note(bench, "start");
        break;
    case EVENT_READ:
        note(bench, "read%u%s", event->read.level, event->read.error ? "!" : "");
        break;
    case EVENT_UPDATE:
        note(bench, "update%s", event->update.error ? "!" : event->update.stored ? "" : "?");
        break;
    case EVENT_END:
        note(bench, "end");
        break;
    case EVENT_FILL:
        note(bench, "fill:%s", tlb[event->fill.tlb]);
        bench->fill[event->fill.tlb] = *event;
        break;
    case EVENT_RESPONSE:
        note(bench, "resp");
        bench->response[event->port] = event->response;
        bench->responded[event->port] = true;
        break;
    }
}

bool bench_cycle(struct bench *bench, enum port port) {
    struct rtl_inputs *in = rtl_mmu_in(bench->mmu);
    const struct rtl_outputs *out = rtl_mmu_out(bench->mmu);
    if (bench->each_cycle)
        bench->each_cycle(bench);
    answer(bench, in);
    in->ptw_req_ready = !bench->busy;
    rtl_mmu_settle(bench->mmu);
    for (unsigned i = 0; i < out->events; i++)
        note_event(bench, &out->event[i]);
    if (out->ptw_req_valid && in->ptw_req_ready) {
        bench->busy = true;
        bench->answer_in = bench->latency;
        bench->cas = out->ptw_req_cas;
        bench->pa = out->ptw_req_pa;
        bench->expect = out->ptw_req_expect;
        bench->desired = out->ptw_req_desired;
    }
    bool taken = in->req[port].valid && out->req_ready[port];
    rtl_mmu_tick(bench->mmu);
    return taken;
}

void bench_request(struct bench *bench, uint64_t va, enum access_type access, enum privilege priv) {
    enum port port = access == ACCESS_EXECUTE ? PORT_I : PORT_D;
    struct rtl_inputs *in = rtl_mmu_in(bench->mmu);
    in->req[port].valid = true;
    in->req[port].id = 5;
    in->req[port].va = va;
    in->req[port].access = access;
    in->req[port].priv = priv;
    bench->log[0] = '\0';
    bench->cycles = 0;
    bench->responded[port] = false;
    while (!bench->responded[port]) {
        if (bench_cycle(bench, port))
            in->req[port].valid = false;
        assert_true(++bench->cycles < TIMEOUT_CYCLES);
    }
}

unsigned bench_fence(struct bench *bench, struct mmu_fence fence) {
    struct rtl_inputs *in = rtl_mmu_in(bench->mmu);
    in->fence_valid = true;
    in->fence = fence;
    unsigned waited = 0;
    for (;; waited++) {
        bench_cycle(bench, PORT_D);
        if (rtl_mmu_out(bench->mmu)->fence_ready)
            break;
        assert_true(waited < TIMEOUT_CYCLES);
    }
    in->fence_valid = false;
    return waited;
}
