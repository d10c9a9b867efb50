#include "types.h"

#include <string.h>

#define NAME_CASE(name, value, text)                                                               \
    case (value):                                                                                  \
        return text;

#define NAME_FUNCTION(function, type, list)                                                        \
    const char *function(type value_) {                                                            \
        switch ((int)value_) { list(NAME_CASE) }                                                   \
        return "?";                                                                                \
    }

NAME_FUNCTION(paging_mode_name, enum paging_mode, DEFS_PAGING_MODE)
NAME_FUNCTION(access_name, enum access_type, DEFS_ACCESS)
NAME_FUNCTION(privilege_name, enum privilege, DEFS_PRIVILEGE)
NAME_FUNCTION(page_size_name, enum page_size, DEFS_PAGE_SIZE)
NAME_FUNCTION(memory_type_name, enum memory_type, DEFS_MEMORY_TYPE)
NAME_FUNCTION(hit_level_name, enum hit_level, DEFS_HIT_LEVEL)
NAME_FUNCTION(lookup_name, enum lookup_result, DEFS_LOOKUP)
NAME_FUNCTION(policy_name, enum policy, DEFS_POLICY)
NAME_FUNCTION(tlb_name, enum tlb_number, DEFS_TLB)

#define COUNTER_NAME(name, value, text) [value] = #name,

const char *counter_name(enum counter counter) {
    static const char *const names[] = {DEFS_COUNTER(COUNTER_NAME)};
    return (unsigned)counter < COUNTERS ? names[counter] : "?";
}

#define PARSE_MODE(enumerator, value, text)                                                        \
    if (strcmp(name, text) == 0) {                                                                 \
        *mode = MODE_##enumerator;                                                                 \
        return true;                                                                               \
    }

bool paging_mode_parse(const char *name, enum paging_mode *mode) {
    DEFS_PAGING_MODE(PARSE_MODE)
    return false;
}

#define PARSE_POLICY(enumerator, value, text)                                                      \
    if (strcmp(name, text) == 0) {                                                                 \
        *policy = POLICY_##enumerator;                                                             \
        return true;                                                                               \
    }

bool policy_parse(const char *name, enum policy *policy) {
    DEFS_POLICY(PARSE_POLICY)
    return false;
}

unsigned page_shift(enum page_size size) {
    static const uint8_t shift[PAGE_SIZES] = {
#define SHIFT_ROW(name, value, text) [PAGE_##name] = (value),
        DEFS_PAGE_SHIFT(SHIFT_ROW)
#undef SHIFT_ROW
    };
    return shift[size];
}
