/* Traces made of traces. */
#ifndef TWINWALK_TRACES_EDIT_EDIT_H
#define TWINWALK_TRACES_EDIT_EDIT_H

#include "trace.h"

/* All records, or the first `limit` of them. */
bool trace_copy(struct trace_reader *reader, struct trace_writer *writer, uint64_t limit,
                struct trace_error *error);

/* An exact trace as page runs: `writer` was created for the page-run form. */
bool trace_fold_copy(struct trace_reader *reader, struct trace_writer *writer,
                     struct trace_error *error);

/*
 * `count` references from number `from` (the first is 0) on, with everything that was set up before
 * them: registers, memory, the running process; fences before them are left out. It is an error if
 * the trace has not more than `from` references.
 */
bool trace_cut(struct trace_reader *reader, struct trace_writer *writer, uint64_t from,
               uint64_t count, struct trace_error *error);

/*
 * Two recordings as processes 1 and 2 that take turns of `quantum` references; when one ends the
 * other goes on alone. They must not hold anything but references. `names` are theirs, for errors.
 */
bool trace_mix(struct trace_reader *const readers[2], const char *const names[2],
               struct trace_writer *writer, uint64_t quantum, struct trace_error *error);

#endif
