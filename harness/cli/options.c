#include "options.h"

#include "commands.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int complain(const char *command, const char *format, ...) {
    va_list arguments;
    fprintf(stderr, "twinwalk %s: ", command);
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
    return EXIT_UNUSABLE;
}

void option_error(const struct argp_state *state, const char *format, ...) {
    va_list arguments;
    fprintf(stderr, "%s: ", state->argv[0]);
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputs("; --help tells the options\n", stderr);
    exit(EXIT_UNUSABLE);
}

/* The parent of every parser: without an error stream argp adds nothing to getopt's one line. */
static error_t parse_nothing(int key, char *text, struct argp_state *state) {
    (void)text;
    if (key != ARGP_KEY_INIT)
        return ARGP_ERR_UNKNOWN;
    state->err_stream = NULL;
    state->child_inputs[0] = state->input;
    return 0;
}

void parse_arguments(const struct argp *parser, int argc, char **argv, unsigned flags,
                     void *input) {
    struct argp own = *parser;
    own.args_doc = own.doc = NULL;
    const struct argp_child children[] = {{&own, 0, NULL, 0}, {0}};
    const struct argp parent = {NULL, parse_nothing, parser->args_doc, parser->doc, children,
                                NULL, NULL};
    char name[64];
    snprintf(name, sizeof name, "twinwalk %s", argv[0]);
    char *command = argv[0];
    argv[0] = name; /* what getopt's messages begin with */
    int index = 0;
    error_t error = argp_parse(&parent, argc, argv, flags, &index, input);
    argv[0] = command;
    if (error)
        exit(EXIT_UNUSABLE);
}

uint64_t parse_count_option(struct argp_state *state, const char *option, const char *text,
                            uint64_t max) {
    char *stop;
    errno = 0;
    unsigned long long value = strtoull(text, &stop, 10);
    if (text[0] < '0' || text[0] > '9' || *stop != '\0' || errno != 0 || value > max)
        option_error(state, "%s: '%s' is not a number up to %llu", option, text,
                     (unsigned long long)max);
    return value;
}

enum { KEY_MODE = 0x100, KEY_PAGE, KEY_RIGHTS, KEY_ADUE, KEY_LIMIT, KEY_JSON };

static const struct argp_option entries[] = {
    {"mode", KEY_MODE, "MODE", 0, "sv32, sv39 (default), sv48, sv57 or bare", 0},
    {"page", KEY_PAGE, "SIZE", 0, "pages mapped on first touch: 4K (default), 2M, 4M (Sv32), 1G",
     0},
    {"rights", KEY_RIGHTS, "all|touch", 0,
     "what a first touch maps: all rights, A and D set (default), or only what accesses ask for",
     0},
    {"adue", KEY_ADUE, NULL, 0, "hardware sets A and D (Svadu) instead of faulting (Svade)", 0},
    {"limit", KEY_LIMIT, "N", 0, "stop after N references of each trace", 0},
    {"json", KEY_JSON, "FILE", 0, "write the results as JSON", 0},
    {0},
};

static void parse_page(struct argp_state *state, const char *text, enum page_size *page) {
    static const struct {
        const char *name;
        enum page_size size;
    } sizes[] = {{"4K", PAGE_4K}, {"2M", PAGE_2M},     {"4M", PAGE_4M},
                 {"1G", PAGE_1G}, {"512G", PAGE_512G}, {"256T", PAGE_256T}};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
        if (strcmp(text, sizes[i].name) == 0) {
            *page = sizes[i].size;
            return;
        }
    option_error(state, "--page: '%s' is none of 4K, 2M, 4M, 1G, 512G, 256T", text);
}

static error_t parse(int key, char *text, struct argp_state *state) {
    struct run_options *options = state->input;
    switch (key) {
    case KEY_MODE:
        if (!paging_mode_parse(text, &options->replay.mode))
            option_error(state, "--mode: '%s' is none of bare, sv32, sv39, sv48, sv57", text);
        options->replay.mode_given = true;
        return 0;
    case KEY_PAGE:
        parse_page(state, text, &options->replay.page);
        options->page_given = true;
        options->replay.pager_given = true;
        return 0;
    case KEY_RIGHTS:
        if (strcmp(text, "all") != 0 && strcmp(text, "touch") != 0)
            option_error(state, "--rights: '%s' is neither all nor touch", text);
        options->replay.rights = text[0] == 'a' ? PAGER_ALL : PAGER_TOUCH;
        options->rights_given = true;
        options->replay.pager_given = true;
        return 0;
    case KEY_ADUE:
        options->replay.adue = true;
        return 0;
    case KEY_LIMIT:
        options->replay.limit = parse_count_option(state, "--limit", text, UINT64_MAX);
        if (options->replay.limit == 0)
            option_error(state, "--limit: 0 references are none");
        return 0;
    case KEY_JSON:
        options->json = text;
        return 0;
    case ARGP_KEY_ARGS:
        options->traces = state->argv + state->next;
        options->trace_count = (unsigned)(state->argc - state->next);
        return 0;
    case ARGP_KEY_NO_ARGS:
        option_error(state, "no trace given");
        return EINVAL;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

const struct argp run_options_argp = {entries, parse, NULL, NULL, NULL, NULL, NULL};

void run_options_init(struct run_options *options) {
    *options = (struct run_options){.replay = {.mode = MODE_SV39, .page = PAGE_4K}};
    os_run_options_init(&options->os);
}
