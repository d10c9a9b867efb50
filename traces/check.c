/* The checks that every record passes before it is handed out or written, and the totals. */
#include "internal.h"

#include <stdarg.h>
#include <string.h>

bool trace_fail(struct trace_error *error, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(error->text, sizeof error->text, format, arguments);
    va_end(arguments);
    return false;
}

const char *trace_register_name(enum trace_register reg) {
    static const char *const names[TRACE_REGISTERS] = {"mode", "root", "asid",  "priv", "sum",
                                                       "mxr",  "adue", "pbmte", "napot"};
    return (unsigned)reg < TRACE_REGISTERS ? names[reg] : "?";
}

void trace_check_init(struct trace_check *check, struct trace_info *info) {
    memset(check, 0, sizeof *check);
    check->info = info;
    check->processes.running = 1;
    info->records = info->instructions = 0;
    info->references[PORT_I] = info->references[PORT_D] = 0;
    info->processes = 1;
}

static const char *check_set(const struct trace_record *record) {
    switch (record->reg) {
    case TRACE_MODE:
        switch (record->value) {
#define MODE_KNOWN(name, code, text) case code:
            DEFS_PAGING_MODE(MODE_KNOWN)
            return NULL;
        default:
            return "no such paging mode";
        }
    case TRACE_ROOT:
        return record->value >> TW_PPN_W ? "the root PPN has more than 44 bits" : NULL;
    case TRACE_ASID:
        return record->value >> TW_ASID_W ? "the ASID has more than 16 bits" : NULL;
    case TRACE_PRIV:
        return record->value == PRIV_U || record->value == PRIV_S || record->value == PRIV_M
                   ? NULL
                   : "no such privilege mode";
    case TRACE_SUM:
    case TRACE_MXR:
    case TRACE_ADUE:
    case TRACE_PBMTE:
    case TRACE_NAPOT:
        return record->value > 1 ? "the value must be 0 or 1" : NULL;
    default:
        return "no such register";
    }
}

static const char *check_memory(const struct trace_record *record) {
    if (record->bytes != 4 && record->bytes != 8)
        return "a memory word has 4 or 8 bytes";
    if (record->va % record->bytes)
        return "the memory word is not aligned to its size";
    if (record->va >= PHYSICAL_LIMIT)
        return "the physical address has more than 56 bits";
    if (record->bytes == 4 && record->value >> 32)
        return "the value has more than 32 bits";
    return NULL;
}

const char *trace_check_control(const struct trace_record *record) {
    switch (record->kind) {
    case TRACE_SET:
        return check_set(record);
    case TRACE_FENCE:
        return NULL;
    case TRACE_MEMORY:
        return check_memory(record);
    case TRACE_BUSERROR:
        if (record->value > PHYSICAL_LIMIT)
            return "the physical range ends above 56 bits";
        return record->va < record->value ? NULL : "the physical range is empty";
    case TRACE_SWITCH:
        return record->value >= 1 && record->value <= UINT16_MAX
                   ? NULL
                   : "process numbers go from 1 to 65535";
    default:
        return "no such record kind";
    }
}

void process_set_add(struct process_set *set) {
    uint8_t *byte = &set->seen[set->running / 8];
    uint8_t bit = (uint8_t)(1u << (set->running % 8));
    set->count += !(*byte & bit);
    *byte |= bit;
}

static void count_process(struct trace_check *check) {
    check->process_counted = true;
    process_set_add(&check->processes);
    check->info->processes = check->processes.count;
}

static const char *check_access(struct trace_check *check, const struct trace_record *record) {
    struct trace_info *info = check->info;
    uint64_t last = record->va + (record->bytes ? record->bytes - 1u : 0);
    if (record->access > ACCESS_EXECUTE)
        return "no such access";
    if (record->bytes > PAGE_BYTES)
        return "an access has at most 4096 bytes";
    if (last < record->va || (info->va_bits == 32 && last >> 32))
        return "the access ends above the address space";
    if (info->pages && (record->bytes || record->va & PAGE_OFFSET))
        return "in the page-run form an access is a page address without a size";
    enum port port = trace_port(record);
    if (record->continued && !check->open[port])
        return "continues no reference: no access of this stream since the last other record";
    check->open[port] = true;
    if (!record->continued)
        info->references[port]++;
    return NULL;
}

static const char *check_repeat(struct trace_check *check, const struct trace_record *record) {
    if (record->port >= PORTS)
        return "no such stream";
    if (!record->count)
        return "repeats nothing";
    if (!check->open[record->port])
        return "repeats nothing: no access of this stream since the last other record";
    check->info->references[record->port] += record->count;
    return NULL;
}

const char *trace_check_record(struct trace_check *check, const struct trace_record *record) {
    const char *why;
    if (record->kind == TRACE_ACCESS || record->kind == TRACE_REPEAT) {
        why = record->kind == TRACE_ACCESS ? check_access(check, record)
                                           : check_repeat(check, record);
        if (why)
            return why;
        if (!check->process_counted)
            count_process(check);
    } else {
        why = trace_check_control(record);
        if (why)
            return why;
        check->open[PORT_I] = check->open[PORT_D] = false;
        if (record->kind == TRACE_SWITCH) {
            check->processes.running = (uint16_t)record->value;
            check->process_counted = false;
        }
    }
    check->info->records++;
    check->info->instructions = check->info->references[PORT_I];
    return NULL;
}

bool trace_records_valid(const struct trace_record *record, size_t n) {
    struct trace_info info = {.pages = false};
    struct trace_check check;
    trace_check_init(&check, &info);
    for (size_t i = 0; i < n; i++)
        if (trace_check_record(&check, &record[i]))
            return false;
    return true;
}
