/*
 * A slice of a trace: goes through a trace by references, and writes from any point on what a
 * reader who did not see the part before needs.
 */
#ifndef TWINWALK_TRACES_EDIT_SLICE_H
#define TWINWALK_TRACES_EDIT_SLICE_H

#include "trace.h"

struct slice {
    struct trace_reader *reader;
    size_t at, have;
    struct {
        struct trace_record access; /* the latest, as strong as the strongest on its page */
        bool reopen;                /* not yet written since slice_reopen() */
    } stream[PORTS];
    struct trace_record record[1024];
};

void slice_init(struct slice *slice, struct trace_reader *reader);

/*
 * The next record, a REPEAT cut to `most` (at least 1) references. 1: a record, 0: the end, -1:
 * damage. A continued half is given with most = 0 too; everything else is then kept back and 0
 * returned.
 */
int slice_next(struct slice *slice, uint64_t most, struct trace_record *record,
               struct trace_error *error);

/* References that a record stands for. */
uint64_t slice_references(const struct trace_record *record);

/* What was written before does not count: streams start with an access again. */
void slice_reopen(struct slice *slice);

/* Writes an ACCESS or REPEAT that slice_next() gave. */
bool slice_write(struct slice *slice, const struct trace_record *record,
                 struct trace_writer *writer, struct trace_error *error);

#endif
