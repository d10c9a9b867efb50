#include "replay.h"

#include "fit.h"
#include "mmu/mode.h"

#include <stdio.h>
#include <stdlib.h>

/* A page may fault for being absent, for A, for D and for a right; more than this is no progress.
 */
#define TRIES 8

struct replay {
    struct replay_options options;
    struct trace_info info;
    struct replay_target target;
    struct mmu_control control;
    enum privilege priv;
    uint64_t process;
    bool own_tables; /* the trace set a root: no pager, no moving */
    struct pager *pager;
    struct fit *fit;
    struct mmu_request latest[PORTS]; /* for repeats */
    bool has_latest[PORTS];
    unsigned latest_misses[PORTS];
    struct replay_counters counters;
    char problem[512];
};

struct replay *replay_create(const struct replay_options *options, const struct trace_info *info,
                             const struct replay_target *target) {
    struct replay *replay = calloc(1, sizeof *replay);
    if (!replay)
        return NULL;
    replay->options = *options;
    replay->info = *info;
    replay->target = *target;
    replay->priv = PRIV_U;
    replay->process = 1;
    replay->control = (struct mmu_control){.mode = options->mode, .adue = options->adue};
    target->control(target->context, &replay->control);
    return replay;
}

void replay_destroy(struct replay *replay) {
    if (!replay)
        return;
    pager_destroy(replay->pager);
    fit_destroy(replay->fit);
    free(replay);
}

const char *replay_problem(const struct replay *replay) {
    return replay->problem;
}

static uint64_t references_left(const struct replay *replay) {
    uint64_t references = replay->counters.references[PORT_I] + replay->counters.references[PORT_D];
    uint64_t limit = replay->options.limit ? replay->options.limit : UINT64_MAX;
    return references < limit ? limit - references : 0;
}

bool replay_limit_reached(const struct replay *replay) {
    return references_left(replay) == 0;
}

const struct replay_counters *replay_counters(struct replay *replay) {
    if (replay->pager)
        replay->counters.pager = *pager_counters(replay->pager);
    if (replay->fit)
        replay->counters.moved_regions = fit_regions(replay->fit);
    return &replay->counters;
}

const struct mmu_control *replay_control(const struct replay *replay) {
    return &replay->control;
}

static enum replay_end fail(struct replay *replay, const char *why) {
    snprintf(replay->problem, sizeof replay->problem, "%s", why ? why : "out of memory");
    return REPLAY_FAILED;
}

/* Registers of RV32 are narrower (12.1.11): what they cannot hold is no use of Sv32. */
static enum replay_end apply_control(struct replay *replay) {
    if (replay->control.mode == MODE_SV32 && replay->control.root_ppn >> 22)
        return fail(replay, "the root PPN has more than the 22 bits of Sv32");
    if (replay->control.mode == MODE_SV32 && replay->control.asid >> 9)
        return fail(replay, "the ASID has more than the 9 bits of Sv32");
    replay->target.control(replay->target.context, &replay->control);
    return REPLAY_DONE;
}

static enum replay_end enter_process(struct replay *replay, uint64_t process) {
    replay->process = process;
    replay->control.asid = (uint16_t)process;
    if (!replay->own_tables && replay->pager &&
        !pager_enter(replay->pager, process, &replay->control.root_ppn))
        return fail(replay, pager_problem(replay->pager));
    return apply_control(replay);
}

/* The pager and the rule for addresses, once the first access shows that they are wanted. */
static enum replay_end start_paging(struct replay *replay) {
    const char *why;
    const struct pager_memory memory = {replay->target.context, replay->target.read,
                                        replay->target.write};
    const struct pager_options options = {replay->control.mode, replay->options.page,
                                          replay->options.rights};
    replay->pager = pager_create(&options, &memory, &why);
    if (!replay->pager)
        return fail(replay, why);
    replay->fit = fit_create(replay->control.mode, replay->info.va_bits);
    if (!replay->fit)
        return fail(replay, NULL);
    return enter_process(replay, replay->process);
}

/* Counts a try by where its answer was found; returns what the reference has missed. */
static unsigned missed(const struct mmu_response *response) {
    switch (response->level) {
    case LEVEL_WALK:
        return 2;
    case LEVEL_L2:
        return 1;
    case LEVEL_L1:
    case LEVEL_NONE:
        break;
    }
    return 0;
}

/* What the reference in `misses` levels missed beyond the `before` already counted. */
static void count_misses(struct replay *replay, enum port port, unsigned before, unsigned misses) {
    struct replay_counters *counters = &replay->counters;
    if (before < 1 && misses >= 1) {
        counters->misses[port == PORT_I ? TLB_I : TLB_D]++;
        counters->lookups[TLB_L2] += replay->target.has_l2;
    }
    if (replay->target.has_l2 && before < 2 && misses >= 2) {
        counters->misses[TLB_L2]++;
        counters->l2_misses[port]++;
    }
}

static void count_references(struct replay *replay, enum port port, bool looked_up,
                             uint64_t count) {
    replay->counters.references[port] += count;
    if (looked_up)
        replay->counters.lookups[port == PORT_I ? TLB_I : TLB_D] += count;
}

/* One page's part of a reference: translate, have faults mended, try again. */
static enum replay_end translate_part(struct replay *replay, const struct mmu_request *request,
                                      struct mmu_response *first) {
    struct mmu_response response;
    for (int tries = 0; tries < TRIES; tries++) {
        replay->counters.translations++;
        if (!replay->target.translate(replay->target.context, request, &response))
            return REPLAY_STOPPED;
        if (tries == 0)
            *first = response;
        if (response.reason == FAULT_NONE)
            return REPLAY_DONE;
        replay->counters.faults++;
        if (!replay->pager || !pager_fault(replay->pager, request->va, request->access, &response))
            break;
        const struct mmu_fence fence = {true, true, request->va, replay->control.asid};
        replay->counters.fences++;
        if (!replay->target.fence(replay->target.context, &fence))
            return REPLAY_STOPPED;
    }
    if (replay->pager && pager_problem(replay->pager))
        return fail(replay, pager_problem(replay->pager));
    replay->counters.unmended++;
    return REPLAY_DONE;
}

static enum replay_end play_access(struct replay *replay, const struct trace_record *record) {
    enum replay_end end;
    if (!replay->own_tables && !replay->pager && replay->control.mode != MODE_BARE &&
        (end = start_paging(replay)) != REPLAY_DONE)
        return end;
    enum port port = record->access == ACCESS_EXECUTE ? PORT_I : PORT_D;
    struct mmu_request request = {.access = (enum access_type)record->access, .priv = replay->priv};
    unsigned length = record->bytes ? record->bytes : 1;
    unsigned misses = 0;
    bool looked_up = false;
    for (unsigned done = 0, part; done < length; done += part) {
        uint64_t va = record->va + done;
        part = PAGE_BYTES - (unsigned)(va % PAGE_BYTES);
        if (part > length - done)
            part = length - done;
        request.va = va;
        if (replay->fit && !fit_address(replay->fit, va, &request.va))
            return fail(replay, fit_problem(replay->fit));
        struct mmu_response first;
        if ((end = translate_part(replay, &request, &first)) != REPLAY_DONE)
            return end;
        looked_up |= first.level != LEVEL_NONE;
        if (missed(&first) > misses)
            misses = missed(&first);
        if (done == 0)
            replay->latest[port] = request; /* repeats mean the page of the first byte */
    }
    /* The second half of a reference that the recorder split adds only what the first did not miss.
     */
    unsigned before = record->continued ? replay->latest_misses[port] : 0;
    if (!record->continued)
        count_references(replay, port, looked_up, 1);
    count_misses(replay, port, before, misses);
    replay->latest_misses[port] = misses > before ? misses : before;
    replay->has_latest[port] = true;
    return REPLAY_DONE;
}

/* The first one in full, since a fence may have come in between; the rest must hit. */
static enum replay_end play_repeat(struct replay *replay, const struct trace_record *record) {
    enum port port = (enum port)record->port;
    if (!replay->has_latest[port])
        return fail(replay, "a repeat comes before any access of its stream");
    const struct mmu_request *request = &replay->latest[port];
    struct mmu_response first;
    uint64_t before = replay->counters.unmended;
    uint64_t left = references_left(replay);
    uint64_t count = record->count < left ? record->count : left;
    for (uint64_t done = 0; done < count; done++) {
        enum replay_end end = translate_part(replay, request, &first);
        if (end != REPLAY_DONE)
            return end;
        count_references(replay, port, first.level != LEVEL_NONE, 1);
        count_misses(replay, port, 0, missed(&first));
        if (replay->counters.unmended != before)
            continue;
        uint64_t rest = count - done - 1;
        if (rest > 0 && !replay->target.repeat(replay->target.context, request, rest))
            return REPLAY_STOPPED;
        replay->counters.translations += rest;
        count_references(replay, port, first.level != LEVEL_NONE, rest);
        break;
    }
    return REPLAY_DONE;
}

static enum replay_end play_set(struct replay *replay, const struct trace_record *record) {
    struct mmu_control *control = &replay->control;
    switch ((enum trace_register)record->reg) {
    case TRACE_MODE:
        if (replay->pager)
            return fail(replay, "the mode changes in a trace that brings no tables of its own");
        if (replay->options.mode_given && record->value != replay->options.mode)
            return fail(replay, "the trace sets another mode than the one asked for");
        control->mode = (enum paging_mode)record->value;
        break;
    case TRACE_ROOT:
        if (replay->pager)
            return fail(replay, "the root is set after accesses that needed a pager");
        if (replay->options.pager_given)
            return fail(replay, "the trace brings its own tables: page size and rights are its");
        control->root_ppn = record->value;
        replay->own_tables = true;
        break;
    case TRACE_ASID:
        control->asid = (uint16_t)record->value;
        break;
    case TRACE_PRIV:
        replay->priv = (enum privilege)record->value;
        return REPLAY_DONE;
    case TRACE_SUM:
        control->sum = record->value != 0;
        break;
    case TRACE_MXR:
        control->mxr = record->value != 0;
        break;
    case TRACE_ADUE:
        control->adue = record->value != 0;
        break;
    case TRACE_PBMTE:
        control->pbmte = record->value != 0;
        break;
    case TRACE_NAPOT:
        control->napot = record->value != 0;
        break;
    case TRACE_REGISTERS:
        return fail(replay, "a record sets no known register");
    }
    return apply_control(replay);
}

static enum replay_end play_fence(struct replay *replay, const struct trace_record *record) {
    struct mmu_fence fence = {record->has_va, record->has_asid, record->va, record->asid};
    if (replay->fit && fence.has_va && !fit_address(replay->fit, record->va, &fence.va))
        return fail(replay, fit_problem(replay->fit));
    replay->counters.fences++;
    return replay->target.fence(replay->target.context, &fence) ? REPLAY_DONE : REPLAY_STOPPED;
}

static enum replay_end play(struct replay *replay, const struct trace_record *record) {
    void *context = replay->target.context;
    switch ((enum trace_kind)record->kind) {
    case TRACE_ACCESS:
        return play_access(replay, record);
    case TRACE_REPEAT:
        return play_repeat(replay, record);
    case TRACE_SET:
        return play_set(replay, record);
    case TRACE_FENCE:
        return play_fence(replay, record);
    case TRACE_MEMORY:
        if (!replay->target.write(context, record->va, record->bytes, record->value))
            return fail(replay, "out of memory");
        return REPLAY_DONE;
    case TRACE_BUSERROR:
        if (!replay->target.bus_error(context, record->va, record->value))
            return fail(replay, "a bus error range is empty");
        return REPLAY_DONE;
    case TRACE_SWITCH:
        replay->counters.switches++;
        return enter_process(replay, record->value);
    }
    return fail(replay, "a record is of no known kind");
}

enum replay_end replay_records(struct replay *replay, const struct trace_record *record, size_t n) {
    for (size_t i = 0; i < n && !replay_limit_reached(replay); i++) {
        replay->target.position(replay->target.context, ++replay->counters.records);
        enum replay_end end = play(replay, &record[i]);
        if (end != REPLAY_DONE)
            return end;
    }
    return REPLAY_DONE;
}

enum replay_end replay_trace(struct replay *replay, struct trace_reader *reader,
                             void (*progress)(const struct replay_counters *counters),
                             struct trace_error *error) {
    enum { BATCH = 1024 };
    struct trace_record record[BATCH];
    while (!replay_limit_reached(replay)) {
        long n = trace_read(reader, record, BATCH, error);
        if (n == 0)
            break;
        if (n < 0) {
            fail(replay, error->text);
            return REPLAY_FAILED;
        }
        enum replay_end end = replay_records(replay, record, (size_t)n);
        if (end != REPLAY_DONE)
            return end;
        if (progress)
            progress(replay_counters(replay));
    }
    return REPLAY_DONE;
}
