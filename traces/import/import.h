/* Other tools' traces. */
#ifndef TWINWALK_TRACES_IMPORT_IMPORT_H
#define TWINWALK_TRACES_IMPORT_IMPORT_H

#include "trace.h"

#include <stdio.h>

/*
 * Output of `valgrind --tool=lackey --trace-mem=yes`: " I  ADDRESS,SIZE" and " L", " S", " M"
 * lines; a modify (M) becomes one store. Lines that start with == or -- are valgrind's own. `path`
 * is for errors, which name the line. `writer` was created with info.pages as the form is wanted.
 */
bool import_lackey(FILE *file, const char *path, struct trace_writer *writer,
                   struct trace_error *error);

#endif
