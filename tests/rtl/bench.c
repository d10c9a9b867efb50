/*
 * Words of the log: "I:miss", "D:hit", "L2:clean" lookups; "link" a request begins a walk, "merge"
 * it joins one, "replay" it waits for another; "start" a walk; "read2" a PTE of level 2, "read2!"
 * refused; "update" stored, "update?" found the PTE changed, "update!" refused; "end"; "fill:I",
 * "fill:L2"; "prefetch"; "resp".
 */
#include "bench.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define TIMEOUT_CYCLES 1000

/* Cycles without an event after which there will be none: more than a fill of the L2, or a prefetch
 * after it, takes to begin. */
#define QUIET_CYCLES 8

void bench_open(struct bench *bench, const char *config) {
    memset(bench, 0, sizeof *bench);
    bench->latency = 1;
    bench->mmu = rtl_mmu_open(config, 1);
    assert_non_null(bench->mmu);
    bench->config = rtl_mmu_config(config);
    bench->has_l2 = bench->config->tlb[TLB_L2].sets > 0;
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

bool bench_updates(const struct bench *bench) {
    for (unsigned walk = 0; walk < BENCH_WALKS; walk++)
        if (bench->access[walk].busy && bench->access[walk].cas)
            return true;
    return false;
}

/* The answer of the page-table port that is due in this cycle, if any. */
static void answer(struct bench *bench, struct mmu_inputs *in) {
    in->ptw_resp_valid = in->ptw_resp_error = false;
    for (unsigned walk = 0; walk < BENCH_WALKS; walk++) {
        struct bench_access *access = &bench->access[walk];
        if (!access->busy || access->due != bench->cycle)
            continue;
        access->busy = false;
        unsigned i = find(bench, access->pa);
        in->ptw_resp_valid = true;
        in->ptw_resp_id = (uint8_t)walk;
        in->ptw_resp_error = i < bench->words && bench->word[i].refused;
        in->ptw_resp_data = bench_read(bench, access->pa);
        if (access->cas && !in->ptw_resp_error && in->ptw_resp_data == access->expect)
            bench_write(bench, access->pa, access->desired);
    }
}

static void take_access(struct bench *bench, const struct mmu_outputs *out) {
    struct bench_access *access = &bench->access[out->ptw_req_id];
    assert_false(access->busy);
    *access = (struct bench_access){
        .busy = true,
        .cas = out->ptw_req_cas,
        .due = bench->cycle + bench->latency,
        .pa = out->ptw_req_pa,
        .expect = out->ptw_req_expect,
        .desired = out->ptw_req_desired,
    };
    unsigned busy = 0;
    for (unsigned walk = 0; walk < BENCH_WALKS; walk++)
        busy += bench->access[walk].busy;
    if (busy > bench->most_accesses)
        bench->most_accesses = busy;
}

static void note(char *log, size_t size, const char *format, ...) {
    size_t used = strlen(log);
    if (used > 0 && used + 1 < size)
        log[used++] = ' ';
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(log + used, size - used, format, arguments);
    va_end(arguments);
    assert_true((size_t)length < size - used);
}

static void note_of_request(struct bench *bench, const struct mmu_event *event) {
    static const char *const tlb[] = {"I", "D"};
    static const char *const result[] = {"miss", "hit", "clean"};
    char *log = bench->log;
    size_t size = sizeof bench->log;
    switch (event->kind) {
    case EVENT_LOOKUP:
        note(log, size, "%s:%s", tlb[event->lookup.tlb], result[event->lookup.result]);
        break;
    case EVENT_LINK:
        note(log, size, event->link.merged ? "merge" : "link");
        if (!event->link.merged)
            bench->prefetch[event->walk] = false;
        break;
    case EVENT_REPLAY:
        note(log, size, "replay");
        break;
    case EVENT_FILL:
        note(log, size, "fill:%s", tlb[event->fill.tlb]);
        bench->fill[event->fill.tlb] = *event;
        break;
    case EVENT_RESPONSE:
        note(log, size, "resp");
        bench->response[event->port] = event->response;
        bench->response_id[event->port] = event->id;
        bench->responded[event->port] = true;
        bench->responded_at[event->port] = bench->cycle;
        break;
    default:
        fail_msg("a walk's event is called a request's");
    }
}

static void note_of_walk(struct bench *bench, const struct mmu_event *event) {
    static const char *const result[] = {"miss", "hit", "clean"};
    if (event->kind == EVENT_PREFETCH)
        bench->prefetch[event->walk] = true;
    bool ahead = bench->prefetch[event->walk];
    char *log = ahead ? bench->ahead : bench->log;
    size_t size = ahead ? sizeof bench->ahead : sizeof bench->log;
    switch (event->kind) {
    case EVENT_LOOKUP:
        note(log, size, "L2:%s", result[event->lookup.result]);
        break;
    case EVENT_PREFETCH:
        note(log, size, "prefetch");
        break;
    case EVENT_START:
        note(log, size, "start");
        break;
    case EVENT_READ:
        note(log, size, "read%u%s", event->read.level, event->read.error ? "!" : "");
        break;
    case EVENT_UPDATE:
        note(log, size, "update%s", event->update.error ? "!" : event->update.stored ? "" : "?");
        break;
    case EVENT_END:
        note(log, size, "end");
        break;
    case EVENT_FILL:
        note(log, size, "fill:L2");
        bench->fill[TLB_L2] = *event;
        break;
    default:
        fail_msg("a request's event is called a walk's");
    }
}

void bench_cycle(struct bench *bench) {
    struct mmu_inputs *in = rtl_mmu_in(bench->mmu);
    const struct mmu_outputs *out = rtl_mmu_out(bench->mmu);
    if (bench->each_cycle)
        bench->each_cycle(bench);
    answer(bench, in);
    in->ptw_req_ready = true;
    rtl_mmu_settle(bench->mmu);
    bench->quiet = out->events > 0 || out->ptw_req_valid ? 0 : bench->quiet + 1;
    for (int port = 0; port < PORTS; port++)
        bench->responded[port] = false;
    for (unsigned i = 0; i < out->events; i++)
        if (event_of_walk(&out->event[i]))
            note_of_walk(bench, &out->event[i]);
        else
            note_of_request(bench, &out->event[i]);
    if (out->ptw_req_valid)
        take_access(bench, out);
    for (int port = 0; port < PORTS; port++) {
        bench->accepted[port] = in->req[port].valid && out->req_ready[port];
        if (bench->accepted[port])
            bench->accepted_at[port] = bench->cycle;
    }
    bool fenced = in->fence_valid && out->fence_ready;
    if (fenced)
        bench->fenced_at = bench->cycle;
    rtl_mmu_tick(bench->mmu);
    bench->cycle++;
    for (int port = 0; port < PORTS; port++)
        if (bench->accepted[port])
            in->req[port].valid = false;
    if (fenced)
        in->fence_valid = false;
    bench->fences += fenced;
}

void bench_offer(struct bench *bench, uint8_t id, uint64_t va, enum access_type access,
                 enum privilege priv) {
    enum port port = access == ACCESS_EXECUTE ? PORT_I : PORT_D;
    struct mmu_inputs *in = rtl_mmu_in(bench->mmu);
    in->req[port].valid = true;
    in->req[port].id = id;
    in->req[port].va = va;
    in->req[port].access = access;
    in->req[port].priv = priv;
}

static bool awaits(const struct bench *bench) {
    for (unsigned walk = 0; walk < BENCH_WALKS; walk++)
        if (bench->access[walk].busy)
            return true;
    return false;
}

void bench_settle(struct bench *bench) {
    uint64_t end = bench->cycle + TIMEOUT_CYCLES;
    bench->quiet = 0;
    while (bench->quiet < QUIET_CYCLES || awaits(bench)) {
        bench_cycle(bench);
        assert_true(bench->cycle < end);
    }
}

unsigned bench_request(struct bench *bench, uint64_t va, enum access_type access,
                       enum privilege priv) {
    enum port port = access == ACCESS_EXECUTE ? PORT_I : PORT_D;
    uint64_t end = bench->cycle + TIMEOUT_CYCLES;
    bench->log[0] = bench->ahead[0] = '\0';
    bench_offer(bench, 5, va, access, priv);
    do {
        bench_cycle(bench);
        assert_true(bench->cycle < end);
    } while (!bench->responded[port]);
    assert_int_equal(bench->response_id[port], 5);
    bench_settle(bench);
    return (unsigned)(bench->responded_at[port] - bench->accepted_at[port]);
}

void bench_fence(struct bench *bench, struct mmu_fence fence) {
    struct mmu_inputs *in = rtl_mmu_in(bench->mmu);
    uint64_t end = bench->cycle + TIMEOUT_CYCLES;
    in->fence_valid = true;
    in->fence = fence;
    while (in->fence_valid) {
        bench_cycle(bench);
        assert_true(bench->cycle < end);
    }
}

uint64_t bench_counter(struct bench *bench, enum counter counter) {
    rtl_mmu_in(bench->mmu)->counter_select = counter;
    bench_cycle(bench);
    return rtl_mmu_out(bench->mmu)->counter;
}
