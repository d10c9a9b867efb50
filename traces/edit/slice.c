#include "edit/slice.h"
#include "internal.h"

#include <string.h>

void slice_init(struct slice *slice, struct trace_reader *reader) {
    memset(slice, 0, sizeof *slice);
    slice->reader = reader;
}

uint64_t slice_references(const struct trace_record *record) {
    if (record->kind == TRACE_REPEAT)
        return record->count;
    return record->kind == TRACE_ACCESS && !record->continued;
}

/* Remembers where the stream is, and whether a store to that page was recorded. */
static void follow(struct slice *slice, const struct trace_record *record) {
    struct trace_record *latest = &slice->stream[trace_port(record)].access;
    bool same =
        latest->kind == TRACE_ACCESS && latest->va >> PAGE_SHIFT == record->va >> PAGE_SHIFT;
    bool written = same && latest->access == ACCESS_WRITE;
    *latest = *record;
    if (written)
        latest->access = ACCESS_WRITE;
    /* A repeat has neither offset nor size. */
    latest->va &= ~(uint64_t)PAGE_OFFSET;
    latest->bytes = 0;
    latest->continued = false;
}

int slice_next(struct slice *slice, uint64_t most, struct trace_record *record,
               struct trace_error *error) {
    if (slice->at == slice->have) {
        long got = trace_read(slice->reader, slice->record,
                              sizeof slice->record / sizeof *slice->record, error);
        if (got <= 0)
            return (int)got;
        slice->at = 0;
        slice->have = (size_t)got;
    }
    struct trace_record *next = &slice->record[slice->at];
    bool half = next->kind == TRACE_ACCESS && next->continued;
    if (!most && !half)
        return 0;
    *record = *next;
    if (next->kind == TRACE_ACCESS)
        follow(slice, next);
    else if (next->kind != TRACE_REPEAT)
        slice->stream[PORT_I].access.kind = slice->stream[PORT_D].access.kind = next->kind;
    if (next->kind == TRACE_REPEAT && next->count > most) {
        record->count = (uint32_t)most;
        next->count -= (uint32_t)most;
    } else {
        slice->at++;
    }
    return 1;
}

void slice_reopen(struct slice *slice) {
    slice->stream[PORT_I].reopen = slice->stream[PORT_D].reopen = true;
}

bool slice_write(struct slice *slice, const struct trace_record *record,
                 struct trace_writer *writer, struct trace_error *error) {
    enum port port = trace_port(record);
    if (!slice->stream[port].reopen)
        return trace_write(writer, record, error);
    /* The first half of this reference was not written; the stream's next repeat says where it is.
     */
    if (record->kind == TRACE_ACCESS && record->continued)
        return true;
    slice->stream[port].reopen = false;
    if (record->kind == TRACE_ACCESS)
        return trace_write(writer, record, error);
    struct trace_record rest = *record;
    rest.count--;
    return trace_write(writer, &slice->stream[port].access, error) &&
           (!rest.count || trace_write(writer, &rest, error));
}
