/* Records what a real program references: runs it under QEMU's user emulation with our plugin. */
#ifndef TWINWALK_TRACES_RECORD_RECORD_H
#define TWINWALK_TRACES_RECORD_RECORD_H

#include "trace.h"

struct record_options {
    const char *output;
    enum trace_form form;
    bool exact;         /* every reference with address and size, instead of the page-run form */
    uint64_t skip;      /* references to pass over at the start */
    uint64_t limit;     /* references to record, then the program is ended; 0: all */
    bool allow_failure; /* keep the trace of a program with an exit status other than 0 */
    int level;          /* zstd; 0: the writer's own choice */
    const char *note;   /* for the header; NULL: none */
    const char
        *plugin; /* path of twinwalk-plugin.so; NULL: where the build or installation put it */
    /* Called now and then with the references so far; may be NULL. */
    void (*progress)(uint64_t references);
};

/*
 * Runs argv (argv[0] is looked up as a shell does, the list ends with NULL) and writes its trace.
 * The program has our standard input, output and error. *totals is filled when true is returned.
 * false: nothing was written.
 */
bool record_program(const struct record_options *options, char *const argv[],
                    struct trace_info *totals, struct trace_error *error);

/* An x86 program that QEMU can run. */
struct program {
    char *path;       /* absolute */
    unsigned bits;    /* 32: i386; 64: x86-64 */
    const char *qemu; /* its emulator's name */
};

/* Looks the name up in PATH and checks that it is one; path is the caller's to free. */
bool program_find(const char *name, struct program *program, struct trace_error *error);

#endif
