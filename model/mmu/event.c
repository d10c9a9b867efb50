#include "event.h"

#include "mmu.h"

#include <inttypes.h>
#include <stdio.h>

const char *event_name(enum event_kind kind) {
    static const char *const names[] = {
        [EVENT_LOOKUP] = "LOOKUP",     [EVENT_LINK] = "LINK",   [EVENT_REPLAY] = "REPLAY",
        [EVENT_PREFETCH] = "PREFETCH", [EVENT_START] = "START", [EVENT_READ] = "READ",
        [EVENT_UPDATE] = "UPDATE",     [EVENT_END] = "END",     [EVENT_FILL] = "FILL",
        [EVENT_RESPONSE] = "RESPONSE"};
    return (unsigned)kind < sizeof names / sizeof names[0] ? names[kind] : "?";
}

bool event_of_walk(const struct mmu_event *event) {
    switch (event->kind) {
    case EVENT_LOOKUP:
        return event->lookup.tlb == TLB_L2;
    case EVENT_FILL:
        return event->fill.tlb == TLB_L2;
    case EVENT_PREFETCH:
    case EVENT_START:
    case EVENT_READ:
    case EVENT_UPDATE:
    case EVENT_END:
        return true;
    case EVENT_LINK:
    case EVENT_REPLAY:
    case EVENT_RESPONSE:
        break;
    }
    return false;
}

static bool fill_equal(const struct mmu_event *a, const struct mmu_event *b) {
    return a->fill.tlb == b->fill.tlb && a->fill.set == b->fill.set && a->fill.way == b->fill.way &&
           a->fill.size == b->fill.size && a->fill.flags == b->fill.flags &&
           a->fill.ppn == b->fill.ppn && a->fill.evicted == b->fill.evicted &&
           a->fill.evicted_size == b->fill.evicted_size &&
           a->fill.evicted_asid == b->fill.evicted_asid &&
           a->fill.evicted_vpn == b->fill.evicted_vpn;
}

static bool response_equal(const struct mmu_response *a, const struct mmu_response *b) {
    return a->pa == b->pa && a->size == b->size && a->memory == b->memory &&
           a->reason == b->reason && a->cause == b->cause && a->level == b->level;
}

bool event_equal(const struct mmu_event *a, const struct mmu_event *b) {
    if (a->kind != b->kind || event_of_walk(a) != event_of_walk(b))
        return false;
    if (event_of_walk(a) ? a->walk != b->walk : a->port != b->port || a->id != b->id)
        return false;
    switch (a->kind) {
    case EVENT_LOOKUP:
        return a->lookup.tlb == b->lookup.tlb && a->lookup.result == b->lookup.result &&
               a->lookup.set == b->lookup.set && a->lookup.way == b->lookup.way;
    case EVENT_LINK:
        return a->walk == b->walk && a->link.merged == b->link.merged;
    case EVENT_REPLAY:
        return true;
    case EVENT_PREFETCH:
        return a->prefetch.vpn == b->prefetch.vpn;
    case EVENT_START:
        return a->start.level == b->start.level && a->start.cached == b->start.cached &&
               a->start.way == b->start.way;
    case EVENT_READ:
        return a->read.level == b->read.level && a->read.error == b->read.error &&
               a->read.pa == b->read.pa && a->read.value == b->read.value;
    case EVENT_UPDATE:
        return a->update.error == b->update.error && a->update.stored == b->update.stored &&
               a->update.pa == b->update.pa && a->update.old == b->update.old &&
               a->update.desired == b->update.desired;
    case EVENT_END:
        return a->end.reason == b->end.reason && a->end.level == b->end.level;
    case EVENT_FILL:
        return fill_equal(a, b);
    case EVENT_RESPONSE:
        return response_equal(&a->response, &b->response);
    }
    return false;
}

static int format_fill(const struct mmu_event *event, char *text, size_t size) {
    char evicted[64] = "nothing";
    if (event->fill.evicted)
        snprintf(evicted, sizeof evicted, "vpn %" PRIx64 " asid %x %s", event->fill.evicted_vpn,
                 event->fill.evicted_asid, page_size_name(event->fill.evicted_size));
    return snprintf(text, size, "fill %s set %u way %u: ppn %" PRIx64 " %s flags %02x, evicts %s",
                    tlb_name(event->fill.tlb), event->fill.set, event->fill.way, event->fill.ppn,
                    page_size_name(event->fill.size), event->fill.flags, evicted);
}

static int format_response(const struct mmu_response *response, char *text, size_t size) {
    if (response->reason != FAULT_NONE)
        return snprintf(text, size, "fault %s (cause %d) found at %s: %s",
                        fault_name(response->reason), (int)response->cause,
                        hit_level_name(response->level), fault_text(response->reason));
    return snprintf(text, size, "pa %" PRIx64 " %s %s from %s", response->pa,
                    page_size_name(response->size), memory_type_name(response->memory),
                    hit_level_name(response->level));
}

static int format_start(const struct mmu_event *event, char *text, size_t size) {
    if (event->start.cached)
        return snprintf(text, size, "walk starts at level %u, from the walk cache's way %u",
                        event->start.level, event->start.way);
    return snprintf(text, size, "walk starts at the root, level %u", event->start.level);
}

int event_format(const struct mmu_event *event, char *text, size_t size) {
    switch (event->kind) {
    case EVENT_LOOKUP:
        return snprintf(text, size, "look up %s: %s (set %u way %u)", tlb_name(event->lookup.tlb),
                        lookup_name(event->lookup.result), event->lookup.set, event->lookup.way);
    case EVENT_LINK:
        return snprintf(text, size, event->link.merged ? "joins walk %u" : "begins walk %u",
                        event->walk);
    case EVENT_REPLAY:
        return snprintf(text, size, "is not served, and waits for another walk");
    case EVENT_PREFETCH:
        return snprintf(text, size, "prefetch of the next page, vpn %" PRIx64, event->prefetch.vpn);
    case EVENT_START:
        return format_start(event, text, size);
    case EVENT_READ:
        return snprintf(text, size, "level %u: PTE at %" PRIx64 " = %" PRIx64 "%s",
                        event->read.level, event->read.pa, event->read.value,
                        event->read.error ? " refused" : "");
    case EVENT_UPDATE:
        return snprintf(text, size, "set A/D at %" PRIx64 ": %" PRIx64 " -> %" PRIx64 "%s",
                        event->update.pa, event->update.old, event->update.desired,
                        event->update.error    ? " refused"
                        : event->update.stored ? ""
                                               : " lost, PTE had changed");
    case EVENT_END:
        return snprintf(text, size, "walk ends at level %u: %s", event->end.level,
                        fault_name(event->end.reason));
    case EVENT_FILL:
        return format_fill(event, text, size);
    case EVENT_RESPONSE:
        return format_response(&event->response, text, size);
    }
    return snprintf(text, size, "?");
}
