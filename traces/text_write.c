/* Writer of the text form. */
#include "internal.h"

#include <inttypes.h>

bool text_write_header(FILE *file, const struct trace_info *info) {
    fprintf(file, "%s %d\n", TEXT_MAGIC, TEXT_VERSION);
    if (*info->program)
        fprintf(file, "program %s\n", info->program);
    if (*info->recorder)
        fprintf(file, "recorder %s\n", info->recorder);
    if (*info->note)
        fprintf(file, "note %s\n", info->note);
    return fprintf(file, "form %s\nva-bits %u\n", info->pages ? "pages" : "exact", info->va_bits) >
           0;
}

static int write_set(FILE *file, const struct trace_record *record) {
    const char *name = trace_register_name(record->reg);
    switch (record->reg) {
    case TRACE_MODE:
        switch (record->value) {
#define MODE_TEXT(mode, code, text)                                                                \
    case code:                                                                                     \
        return fprintf(file, "set %s %s\n", name, text);
            DEFS_PAGING_MODE(MODE_TEXT)
        }
        return -1;
    case TRACE_ROOT:
        return fprintf(file, "set %s %" PRIx64 "\n", name, record->value);
    case TRACE_PRIV:
        return fprintf(file, "set %s %c\n", name, "us?m"[record->value & 3]);
    default:
        return fprintf(file, "set %s %" PRIu64 "\n", name, record->value);
    }
}

static int write_fence(FILE *file, const struct trace_record *record) {
    fputs("fence", file);
    if (record->has_va)
        fprintf(file, " va %" PRIx64, record->va);
    if (record->has_asid)
        fprintf(file, " asid %u", record->asid);
    return fputc('\n', file);
}

static int write_access(FILE *file, const struct trace_record *record) {
    char letter = "rwf"[record->access];
    const char *continued = record->continued ? "+" : "";
    if (!record->bytes)
        return fprintf(file, "%s%c %" PRIx64 "\n", continued, letter, record->va);
    return fprintf(file, "%s%c %" PRIx64 " %u\n", continued, letter, record->va, record->bytes);
}

bool text_write_record(FILE *file, const struct trace_record *record) {
    switch (record->kind) {
    case TRACE_ACCESS:
        return write_access(file, record) >= 0;
    case TRACE_REPEAT:
        return fprintf(file, "rep %c %" PRIu32 "\n", record->port == PORT_I ? 'i' : 'd',
                       record->count) >= 0;
    case TRACE_SET:
        return write_set(file, record) >= 0;
    case TRACE_FENCE:
        return write_fence(file, record) >= 0;
    case TRACE_MEMORY:
        return fprintf(file, "mem %" PRIx64 " %" PRIx64 " %u\n", record->va, record->value,
                       record->bytes) >= 0;
    case TRACE_BUSERROR:
        return fprintf(file, "buserror %" PRIx64 " %" PRIx64 "\n", record->va, record->value) >= 0;
    case TRACE_SWITCH:
        return fprintf(file, "switch %" PRIu64 "\n", record->value) >= 0;
    default:
        return false;
    }
}
