#include "replay.h"

#include "fit.h"
#include "mmu/mode.h"

#include <stdio.h>
#include <stdlib.h>

/* A page may fault for being absent, for A, for D and for a right, and an operating system may ask
 * for another try; more than this is no progress. */
#define TRIES 32

struct replay {
    struct replay_options options;
    struct trace_info info;
    struct replay_target target;
    struct mmu_control control;
    enum privilege priv;
    uint64_t process;
    bool own_tables; /* the trace set a root: nobody pages, no moving */
    bool paging;     /* an access has been played that somebody pages for: the mode stays */
    /* Since the last fence of everything: TLBs may hold something; and tables or registers have
     * changed, so that it may contradict them. */
    bool used, doubtful;
    struct replay_system system;
    struct pager *pager; /* its context, if it is ours */
    struct fit *fit;
    uint64_t fences;                  /* of the trace */
    struct mmu_request latest[PORTS]; /* for repeats */
    bool has_latest[PORTS];
    unsigned latest_misses[PORTS];
    struct replay_counters counters;
    uint64_t begun_misses[PORTS][LEVEL_WALK + 1]; /* counted, of those that were begun */
    char problem[512];
};

struct replay *replay_create(const struct replay_options *options, const struct trace_info *info,
                             const struct replay_target *target,
                             const struct replay_system *system) {
    struct replay *replay = calloc(1, sizeof *replay);
    if (!replay)
        return NULL;
    replay->options = *options;
    replay->info = *info;
    replay->target = *target;
    if (system)
        replay->system = *system;
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

/* What has been missed by translations that were begun without waiting. */
static void count_begun(struct replay *replay) {
    const struct replay_target *target = &replay->target;
    struct replay_counters *counters = &replay->counters;
    for (int port = 0; target->begin && port < PORTS; port++) {
        for (int level = LEVEL_L2; level <= LEVEL_WALK; level++) {
            uint64_t *counted = &replay->begun_misses[port][level];
            uint64_t answers =
                target->answered(target->context, (enum port)port, (enum hit_level)level);
            uint64_t fresh = answers - *counted;
            *counted = answers;
            counters->misses[port == PORT_I ? TLB_I : TLB_D] += fresh;
            if (!target->has_l2)
                continue;
            counters->lookups[TLB_L2] += fresh;
            counters->misses[TLB_L2] += level == LEVEL_WALK ? fresh : 0;
            counters->l2_misses[port] += level == LEVEL_WALK ? fresh : 0;
        }
    }
}

const struct replay_counters *replay_counters(struct replay *replay) {
    if (replay->paging)
        replay->system.count(replay->system.context, &replay->counters.system);
    replay->counters.fences = replay->fences + replay->counters.system.fences;
    if (replay->fit)
        replay->counters.moved_regions = fit_regions(replay->fit);
    count_begun(replay);
    return &replay->counters;
}

const struct mmu_control *replay_control(const struct replay *replay) {
    return &replay->control;
}

static enum replay_end fail(struct replay *replay, const char *why) {
    snprintf(replay->problem, sizeof replay->problem, "%s", why ? why : "out of memory");
    return REPLAY_FAILED;
}

/* What the system said, if anything. */
static enum replay_end system_end(struct replay *replay, enum replay_end end) {
    if (end == REPLAY_FAILED || end == REPLAY_WRONG)
        fail(replay, replay->system.problem(replay->system.context));
    return end;
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
    if (replay->paging) {
        enum replay_end end =
            replay->system.enter(replay->system.context, process, &replay->control);
        if (end != REPLAY_DONE)
            return system_end(replay, end);
    }
    return apply_control(replay);
}

static enum replay_end create_pager(struct replay *replay) {
    const char *why;
    const struct pager_options options = {replay->control.mode, replay->options.page,
                                          replay->options.rights};
    replay->pager = pager_create(&options, &replay->target, &why);
    if (!replay->pager)
        return fail(replay, why);
    replay->system = pager_system(replay->pager);
    return REPLAY_DONE;
}

/* Pages and the rule for addresses, once the first access shows that they are wanted. */
static enum replay_end start_paging(struct replay *replay) {
    if (!replay->system.context && create_pager(replay) != REPLAY_DONE)
        return REPLAY_FAILED;
    replay->paging = true;
    replay->fit =
        fit_create(replay->control.mode, replay->info.va_bits, replay->system.owns_machine);
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

/* Translates; the answer to a first try that is certain is not waited for. */
static bool translate(struct replay *replay, const struct mmu_request *request, bool first,
                      struct mmu_response *response, uint64_t *pa) {
    const struct replay_target *target = &replay->target;
    bool begun = false;
    replay->used = true;
    if (target->begin && first && !pa && !replay->doubtful &&
        !target->begin(target->context, request, response, &begun))
        return false;
    return begun || target->translate(target->context, request, response, pa);
}

/* Nothing is under way any more. */
static enum replay_end drain(struct replay *replay) {
    const struct replay_target *target = &replay->target;
    return !target->drain || target->drain(target->context) ? REPLAY_DONE : REPLAY_STOPPED;
}

/* The reference happened; pa: where, in each memory. */
static enum replay_end tell_access(struct replay *replay, const struct mmu_request *request,
                                   unsigned bytes, const uint64_t *pa) {
    const struct replay_system *system = &replay->system;
    if (!system->accessed)
        return REPLAY_DONE;
    return system_end(replay, system->accessed(system->context, request, bytes, pa));
}

/*
 * One page's part of a reference: translate, have faults mended, try again. `bytes`: of the part,
 * 0 not recorded; pa: where it came to, in each memory, if there is a system that wants to know.
 */
static enum replay_end translate_part(struct replay *replay, const struct mmu_request *request,
                                      unsigned bytes, struct mmu_response *first, uint64_t *pa) {
    struct mmu_response response;
    if (!replay->system.accessed)
        pa = NULL;
    for (int tries = 0; tries < TRIES; tries++) {
        replay->counters.translations++;
        if (!translate(replay, request, tries == 0, &response, pa))
            return REPLAY_STOPPED;
        if (tries == 0)
            *first = response;
        if (response.reason == FAULT_NONE)
            return tell_access(replay, request, bytes, pa);
        replay->counters.faults++;
        if (!replay->paging)
            break;
        bool mended;
        enum replay_end end =
            replay->system.fault(replay->system.context, request, &response, &mended);
        if (end != REPLAY_DONE)
            return system_end(replay, end);
        if (!mended)
            break;
    }
    replay->counters.unmended++;
    return REPLAY_DONE;
}

static enum replay_end play_access(struct replay *replay, const struct trace_record *record) {
    enum replay_end end;
    if (replay->system.owns_machine && replay->control.mode == MODE_BARE)
        return fail(replay, "an operating system needs a mode that translates");
    if (!replay->own_tables && !replay->paging && replay->control.mode != MODE_BARE &&
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
        uint64_t pa[MEMORIES_MAX];
        end = translate_part(replay, &request, record->bytes ? part : 0, &first, pa);
        if (end != REPLAY_DONE)
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

/*
 * What is left of a run whose first reference came to `pa`. The offsets of folded references are
 * not recorded: walk through the page, so that they vary.
 */
static enum replay_end play_rest(struct replay *replay, const struct mmu_request *request,
                                 uint64_t count, uint64_t *pa) {
    const uint64_t offset = PAGE_BYTES - 1;
    const struct replay_target *target = &replay->target;
    bool told = replay->system.accessed && replay->system.repeats;
    if (target->skips_repeats && target->repeat && !target->repeat(target->context, request, count))
        return REPLAY_STOPPED;
    if (target->skips_repeats && !told)
        return REPLAY_DONE;
    struct mmu_request next = *request;
    for (uint64_t i = 0; i < count; i++) {
        struct mmu_response response = {.reason = FAULT_NONE};
        next.va = (request->va & ~offset) | ((request->va + 8 * (i + 1)) & offset);
        for (unsigned m = 0; told && m < target->memories->count; m++)
            pa[m] = (pa[m] & ~offset) | (next.va & offset);
        if (!target->skips_repeats && !translate(replay, &next, true, &response, told ? pa : NULL))
            return REPLAY_STOPPED;
        enum replay_end end;
        if (told && response.reason == FAULT_NONE &&
            (end = tell_access(replay, &next, 0, pa)) != REPLAY_DONE)
            return end;
    }
    return REPLAY_DONE;
}

/* The first one in full, since a fence may have come in between; the rest must hit. */
static enum replay_end play_repeat(struct replay *replay, const struct trace_record *record) {
    enum port port = (enum port)record->port;
    if (!replay->has_latest[port])
        return fail(replay, "a repeat comes before any access of its stream");
    const struct mmu_request *request = &replay->latest[port];
    struct mmu_response first;
    uint64_t pa[MEMORIES_MAX];
    uint64_t before = replay->counters.unmended;
    uint64_t left = references_left(replay);
    uint64_t count = record->count < left ? record->count : left;
    for (uint64_t done = 0; done < count; done++) {
        enum replay_end end = translate_part(replay, request, 0, &first, pa);
        if (end != REPLAY_DONE)
            return end;
        count_references(replay, port, first.level != LEVEL_NONE, 1);
        count_misses(replay, port, 0, missed(&first));
        if (replay->counters.unmended != before)
            continue;
        uint64_t rest = count - done - 1;
        if (rest > 0 && (end = play_rest(replay, request, rest, pa)) != REPLAY_DONE)
            return end;
        replay->counters.translations += rest;
        count_references(replay, port, first.level != LEVEL_NONE, rest);
        break;
    }
    return REPLAY_DONE;
}

/* An operating system's own registers are no trace's to set. */
static bool is_the_systems(enum trace_register reg) {
    return reg == TRACE_ROOT || reg == TRACE_ASID || reg == TRACE_PRIV || reg == TRACE_ADUE;
}

static enum replay_end play_set(struct replay *replay, const struct trace_record *record) {
    struct mmu_control *control = &replay->control;
    if (replay->system.owns_machine && is_the_systems((enum trace_register)record->reg))
        return fail(replay, "the trace sets what an operating system rules over (tables, ASID, "
                            "privilege or ADUE)");
    switch ((enum trace_register)record->reg) {
    case TRACE_MODE:
        if (replay->paging)
            return fail(replay, "the mode changes in a trace that brings no tables of its own");
        if (replay->options.mode_given && record->value != replay->options.mode)
            return fail(replay, "the trace sets another mode than the one asked for");
        control->mode = (enum paging_mode)record->value;
        break;
    case TRACE_ROOT:
        if (replay->paging)
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
    fence.has_asid &= !replay->system.owns_machine;
    if (!fence.has_va && !fence.has_asid)
        replay->used = replay->doubtful = false;
    replay->fences++;
    return replay->target.fence(replay->target.context, &fence) ? REPLAY_DONE : REPLAY_STOPPED;
}

static bool is_reference(const struct trace_record *record) {
    return record->kind == TRACE_ACCESS || record->kind == TRACE_REPEAT;
}

/* Whether what TLBs hold may be another thing than the tables say from this record on; a pager
 * fences what it changes. */
static bool brings_doubt(const struct trace_record *record) {
    bool checked =
        record->reg == TRACE_PRIV || record->reg == TRACE_SUM || record->reg == TRACE_MXR;
    return record->kind == TRACE_MEMORY || record->kind == TRACE_BUSERROR ||
           (record->kind == TRACE_SET && !checked);
}

static enum replay_end play(struct replay *replay, const struct trace_record *record) {
    if (!is_reference(record) && drain(replay) != REPLAY_DONE)
        return REPLAY_STOPPED;
    replay->doubtful |= replay->used && brings_doubt(record);
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
        if (replay->system.owns_machine)
            return fail(replay, "the trace writes memory that an operating system rules over");
        if (!memories_poke(replay->target.memories, record->va, record->bytes, record->value))
            return fail(replay, "out of memory");
        return REPLAY_DONE;
    case TRACE_BUSERROR:
        if (!memories_add_error(replay->target.memories, record->va, record->value))
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
    return drain(replay);
}
