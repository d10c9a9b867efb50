#include "stat.h"

#include "event.h"

#define NAME(name) #name,

const char *mm_stat_name(enum mm_stat stat) {
    static const char *const names[MM_STATS] = {MM_STAT_ITEMS(NAME) MM_STAT_EVENTS(NAME)};
    return (unsigned)stat < MM_STATS ? names[stat] : "?";
}

#define EVENT_NAME(name, a, b, c)   #name,
#define EVENT_FIELDS(name, a, b, c) {a, b, c},

const char *mm_event_name(enum mm_event_kind kind) {
    static const char *const names[MM_EVENT_KINDS] = {MM_EVENTS(EVENT_NAME)};
    return (unsigned)kind < MM_EVENT_KINDS ? names[kind] : "?";
}

const char *mm_event_field(enum mm_event_kind kind, unsigned n) {
    static const char *const fields[MM_EVENT_KINDS][3] = {MM_EVENTS(EVENT_FIELDS)};
    return (unsigned)kind < MM_EVENT_KINDS && n < 3 ? fields[kind][n] : "?";
}
