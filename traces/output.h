/*
 * A file that appears under its name only when it is complete: written without a name or under a
 * temporary one in the same directory, then renamed. What is no regular file (standard output, a
 * device, a pipe) receives a copy at the end.
 */
#ifndef TWINWALK_TRACES_OUTPUT_H
#define TWINWALK_TRACES_OUTPUT_H

#include "internal.h"

struct output {
    FILE *file;      /* to write to; seekable unless `streams` */
    char *path;      /* real path of the target; NULL: standard output */
    char *temporary; /* NULL: the file has no name yet */
    bool streams;    /* `file` is the target itself */
    bool copies;     /* `file` is a spool for a target that cannot be replaced */
};

/* "-" is standard output; `may_stream`: what cannot be replaced may be written directly. */
bool output_open(struct output *output, const char *path, bool may_stream,
                 struct trace_error *error);
/* Closes the file and gives it its name; at an error nothing is left behind. */
bool output_commit(struct output *output, struct trace_error *error);
void output_abort(struct output *output);

#endif
