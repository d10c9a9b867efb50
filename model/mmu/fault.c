#include "mmu.h"

static bool is_access_fault(enum fault_reason reason) {
    return reason == FAULT_TOO_WIDE || reason == FAULT_PTE_ACCESS || reason == FAULT_UPDATE_ACCESS;
}

enum cause fault_cause(enum fault_reason reason, enum access_type access) {
    if (reason == FAULT_NONE)
        return CAUSE_NONE;
    /* Both kinds take the type of the original access, whatever the walker itself was doing. */
    bool access_fault = is_access_fault(reason);
    switch (access) {
    case ACCESS_EXECUTE:
        return access_fault ? CAUSE_FETCH_ACCESS_FAULT : CAUSE_FETCH_PAGE_FAULT;
    case ACCESS_WRITE:
        return access_fault ? CAUSE_STORE_ACCESS_FAULT : CAUSE_STORE_PAGE_FAULT;
    case ACCESS_READ:
        break;
    }
    return access_fault ? CAUSE_LOAD_ACCESS_FAULT : CAUSE_LOAD_PAGE_FAULT;
}

#define TEXT_CASE(name, value, text)                                                               \
    case (value):                                                                                  \
        return text;
#define FAULT_NAME_CASE(name, value, text)                                                         \
    case (value):                                                                                  \
        return #name;

const char *fault_text(enum fault_reason reason) {
    switch ((int)reason) { DEFS_FAULT_REASON(TEXT_CASE) }
    return "?";
}

const char *fault_name(enum fault_reason reason) {
    switch ((int)reason) { DEFS_FAULT_REASON(FAULT_NAME_CASE) }
    return "?";
}
