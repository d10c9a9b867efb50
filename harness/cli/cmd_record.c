/* twinwalk record: a trace of a real program. */
#include "commands.h"
#include "options.h"
#include "record/record.h"

#include <inttypes.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { KEY_FORM = 0x100, KEY_LIMIT, KEY_SKIP, KEY_ALLOW_FAILURE, KEY_LEVEL, KEY_NOTE, KEY_PLUGIN };

static const struct argp_option entries[] = {
    {"output", 'o', "FILE", 0, "the trace; PROGRAM.twt unless given, text if it ends in .txt", 0},
    {"form", KEY_FORM, "pages|exact", 0,
     "page changes with counts between them (default), or every reference with its size", 0},
    {"limit", KEY_LIMIT, "N", 0, "end the program after N recorded references", 0},
    {"skip", KEY_SKIP, "N", 0, "pass over the first N references", 0},
    {"allow-failure", KEY_ALLOW_FAILURE, NULL, 0,
     "keep the trace of a program whose exit status is not 0", 0},
    {"level", KEY_LEVEL, "1..19", 0, "compression level (default 3)", 0},
    {"note", KEY_NOTE, "TEXT", 0, "what the trace's header notes", 0},
    {"plugin", KEY_PLUGIN, "FILE", OPTION_HIDDEN, "twinwalk-plugin.so", 0},
    {0},
};

struct record_command {
    struct record_options options;
    char **program; /* and its arguments */
};

static error_t parse(int key, char *text, struct argp_state *state) {
    struct record_command *command = state->input;
    struct record_options *options = &command->options;
    switch (key) {
    case 'o':
        options->output = text;
        return 0;
    case KEY_FORM:
        if (strcmp(text, "pages") != 0 && strcmp(text, "exact") != 0)
            option_error(state, "--form: '%s' is neither pages nor exact", text);
        options->exact = *text == 'e';
        return 0;
    case KEY_LIMIT:
        options->limit = parse_count_option(state, "--limit", text, UINT64_MAX / 2);
        return 0;
    case KEY_SKIP:
        options->skip = parse_count_option(state, "--skip", text, UINT64_MAX / 2);
        return 0;
    case KEY_ALLOW_FAILURE:
        options->allow_failure = true;
        return 0;
    case KEY_LEVEL:
        options->level = (int)parse_count_option(state, "--level", text, 19);
        return 0;
    case KEY_NOTE:
        options->note = text;
        return 0;
    case KEY_PLUGIN:
        options->plugin = text;
        return 0;
    case ARGP_KEY_ARG:
        /* The program's own options are not ours. */
        command->program = &state->argv[state->next - 1];
        state->next = state->argc;
        return 0;
    case ARGP_KEY_NO_ARGS:
        option_error(state, "no program given");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp record_argp = {
    entries,
    parse,
    "-- PROGRAM [ARGUMENT...]",
    "Records the references of an x86 program (64 or 32 bits) under QEMU's user emulation. The "
    "program runs with this terminal's input and output; its children are not recorded.",
    NULL,
    NULL,
    NULL};

static void show_progress(uint64_t references) {
    static uint64_t shown;
    if (references - shown < 5000000)
        return;
    shown = references;
    fprintf(stderr, "\r%" PRIu64 " M references", references / 1000000);
}

int cmd_record(int argc, char **argv) {
    struct record_command command = {0};
    parse_arguments(&record_argp, argc, argv, ARGP_IN_ORDER, &command);
    struct record_options *options = &command.options;
    char name[256];
    if (!options->output) {
        char *copy = strdup(command.program[0]);
        if (!copy)
            return complain("record", "out of memory");
        snprintf(name, sizeof name, "%.250s.twt", basename(copy));
        free(copy);
        options->output = name;
    }
    options->form = trace_form_of_name(options->output);
    bool terminal = isatty(STDERR_FILENO);
    if (terminal)
        options->progress = show_progress;
    struct trace_info totals;
    struct trace_error error;
    bool good = record_program(options, command.program, &totals, &error);
    if (terminal)
        fputs("\r\033[K", stderr);
    if (!good)
        return complain("record", "%s", error.text);
    if (terminal)
        fprintf(stderr, "%s: %" PRIu64 " references in %" PRIu64 " records\n", options->output,
                totals.references[PORT_I] + totals.references[PORT_D], totals.records);
    return EXIT_AGREED;
}
