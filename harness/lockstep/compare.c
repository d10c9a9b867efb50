#include "compare.h"

#include "mmu/pte.h"

void walk_log_add(struct walk_log *log, const struct mmu_event *event) {
    if (event->kind == EVENT_START)
        log->count = 0;
    bool wanted = event->kind == EVENT_READ || event->kind == EVENT_UPDATE;
    if (wanted && log->count < WALK_LOG_STEPS)
        log->step[log->count++] = *event;
}

/* The next lower step that is a READ of another PTE than `*at` (walk_log.count: the first). */
static const struct mmu_event *read_before(const struct walk_log *log, unsigned *at) {
    const struct mmu_event *below = *at < log->count ? &log->step[*at] : NULL;
    while ((*at)-- > 0) {
        const struct mmu_event *step = &log->step[*at];
        if (step->kind == EVENT_READ && !(below && step->read.pa == below->read.pa))
            return step;
    }
    return NULL;
}

static bool same_pte(const struct mmu_event *a, const struct mmu_event *b) {
    const uint64_t accessed_dirty = pte_mask(PTE_BIT_A) | pte_mask(PTE_BIT_D);
    return a->read.level == b->read.level && a->read.pa == b->read.pa &&
           a->read.error == b->read.error &&
           ((a->read.value ^ b->read.value) & ~accessed_dirty) == 0;
}

bool walk_log_agree(const struct walk_log *a, const struct walk_log *b) {
    unsigned at_a = a->count, at_b = b->count;
    for (;;) {
        const struct mmu_event *read_a = read_before(a, &at_a), *read_b = read_before(b, &at_b);
        if (!read_a || !read_b)
            return true;
        if (!same_pte(read_a, read_b))
            return false;
    }
}

static enum compare_level level_of(enum event_kind kind) {
    switch (kind) {
    case EVENT_RESPONSE:
        return COMPARE_ARCHITECTURAL;
    case EVENT_LINK:
    case EVENT_REPLAY:
    case EVENT_PREFETCH:
    case EVENT_START:
    case EVENT_READ:
    case EVENT_UPDATE:
    case EVENT_END:
        return COMPARE_WALK;
    case EVENT_LOOKUP:
    case EVENT_FILL:
        break;
    }
    return COMPARE_TLB;
}

/* An answer that is the same but for the level it came from is a matter of the TLBs. */
static bool same_but_level(const struct mmu_response *a, const struct mmu_response *b) {
    return a->pa == b->pa && a->size == b->size && a->memory == b->memory &&
           a->reason == b->reason && a->cause == b->cause;
}

enum compare_level compare_level_of(const struct mmu_event *hardware,
                                    const struct mmu_event *model) {
    if (hardware->kind == EVENT_RESPONSE && model->kind == EVENT_RESPONSE &&
        same_but_level(&hardware->response, &model->response) &&
        hardware->response.level != model->response.level)
        return COMPARE_TLB;
    enum compare_level a = level_of(hardware->kind), b = level_of(model->kind);
    return a < b ? a : b;
}

static const char *explain_response(const struct mmu_response *a, const struct mmu_response *b) {
    if (a->reason != b->reason)
        return a->reason && b->reason ? "the reasons of the fault differ"
               : a->reason            ? "only the hardware faults"
                                      : "only the model faults";
    if (a->cause != b->cause)
        return "the causes differ";
    if (a->pa != b->pa)
        return "the physical addresses differ";
    if (a->size != b->size)
        return "the page sizes differ";
    if (a->memory != b->memory)
        return "the memory types differ";
    return "they come from different levels";
}

static const char *explain_fill(const struct mmu_event *a, const struct mmu_event *b) {
    if (a->fill.tlb != b->fill.tlb)
        return "different TLBs are filled";
    if (a->fill.set != b->fill.set)
        return "the sets differ";
    if (a->fill.way != b->fill.way || a->fill.evicted != b->fill.evicted)
        return "the victims differ";
    if (a->fill.size != b->fill.size)
        return "the page sizes of the entries differ";
    if (a->fill.ppn != b->fill.ppn)
        return "the page numbers of the entries differ";
    if (a->fill.flags != b->fill.flags)
        return "the flags of the entries differ";
    return "different entries are evicted";
}

const char *compare_explain(const struct mmu_event *hardware, const struct mmu_event *model) {
    if (hardware->kind != model->kind)
        return "the sides take different steps";
    switch (hardware->kind) {
    case EVENT_LOOKUP:
        if (hardware->lookup.tlb != model->lookup.tlb)
            return "different TLBs are looked up";
        return hardware->lookup.result != model->lookup.result ? "the results differ"
                                                               : "the matching entries differ";
    case EVENT_READ:
        if (hardware->read.level != model->read.level)
            return "the levels differ";
        return hardware->read.pa != model->read.pa ? "PTEs are read at different addresses"
                                                   : "the PTEs differ";
    case EVENT_UPDATE:
        if (hardware->update.pa != model->update.pa)
            return "different PTEs are updated";
        return hardware->update.desired != model->update.desired ? "the new values differ"
                                                                 : "the outcomes differ";
    case EVENT_END:
        return hardware->end.reason != model->end.reason ? "the verdicts differ"
                                                         : "the walks end at different levels";
    case EVENT_FILL:
        return explain_fill(hardware, model);
    case EVENT_RESPONSE:
        return explain_response(&hardware->response, &model->response);
    case EVENT_START:
        if (hardware->start.level != model->start.level)
            return "the walks begin at different levels";
        return hardware->start.cached != model->start.cached
                   ? "only one begins from the walk cache"
                   : "the entries of the walk cache differ";
    case EVENT_LINK:
        return "the walks, or who began them, differ";
    case EVENT_PREFETCH:
        return "different pages are prefetched";
    case EVENT_REPLAY:
        break;
    }
    return "they differ";
}

const char *compare_level_name(enum compare_level level) {
    static const char *const names[] = {"none", "architectural", "walk", "TLB", "timing"};
    return names[level];
}
