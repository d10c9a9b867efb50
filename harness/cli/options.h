/*
 * Options that several commands take, as an argp child parser, and the results they print.
 */
#ifndef TWINWALK_CLI_OPTIONS_H
#define TWINWALK_CLI_OPTIONS_H

#include "lockstep/memport.h"
#include "os_options.h"
#include "replay/replay.h"

#include <argp.h>

struct run_options {
    struct replay_options replay;
    bool page_given, rights_given;
    struct os_run_options os;
    const char *json; /* NULL: none */
    char **traces;
    unsigned trace_count;
};

/* --mode, --page, --rights, --adue, --limit, --json; the input is a struct run_options. */
extern const struct argp run_options_argp;

void run_options_init(struct run_options *options);

/* One line on stderr, "twinwalk COMMAND: …"; returns EXIT_UNUSABLE. */
__attribute__((format(printf, 2, 3))) int complain(const char *command, const char *format, ...);

/*
 * argp_parse(), with one line on stderr and exit status 2 for whatever is wrong: argp's own second
 * line, "Try …", is left out. argv[0] is the subcommand's name.
 */
void parse_arguments(const struct argp *parser, int argc, char **argv, unsigned flags, void *input);

/* For parsers, instead of argp_error(): one line; does not return. */
__attribute__((format(printf, 2, 3), noreturn)) void option_error(const struct argp_state *state,
                                                                  const char *format, ...);

/*
 * A whole decimal number up to `max`, for argp parsers: option_error() otherwise.
 */
uint64_t parse_count_option(struct argp_state *state, const char *option, const char *text,
                            uint64_t max);

#endif
