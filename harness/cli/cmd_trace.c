/* twinwalk trace: looks at traces, changes their form, takes other tools' formats. */
#include "commands.h"
#include "edit/edit.h"
#include "import/import.h"
#include "options.h"
#include "trace.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum {
    KEY_FORM = 0x100,
    KEY_FORMAT,
    KEY_FROM,
    KEY_COUNT,
    KEY_QUANTUM,
    KEY_LIMIT,
    KEY_LEVEL,
    KEY_NOTE,
    KEY_JSON,
    KEY_CHECK,
    KEY_PAGES
};

/* What the options of the actions say; each action takes some of them. */
struct trace_command {
    const char *output, *form, *format, *note;
    uint64_t from, count, quantum, limit;
    bool json, check, pages;
    int level;
    char **file;
    unsigned files;
};

#define OPTION_OUTPUT                                                                              \
    { "output", 'o', "FILE", 0, "the trace to write ('-': standard output)", 0 }
#define OPTION_LEVEL                                                                               \
    { "level", KEY_LEVEL, "1..19", 0, "compression level (default 3)", 0 }
#define OPTION_NOTE                                                                                \
    { "note", KEY_NOTE, "TEXT", 0, "what the trace's header notes", 0 }

static const struct argp_option info_options[] = {
    {"json", KEY_JSON, NULL, 0, "an array with one object a file", 0},
    {"check", KEY_CHECK, NULL, 0, "read everything, to find damage", 0},
    {0},
};

static const struct argp_option cat_options[] = {
    {"limit", KEY_LIMIT, "N", 0, "stop after N records", 0},
    {0},
};

static const struct argp_option convert_options[] = {
    {"form", KEY_FORM, "text|binary", 0, "instead of the form that the name of OUT asks for", 0},
    {"pages", KEY_PAGES, NULL, 0, "fold an exact trace to page changes and counts", 0},
    OPTION_LEVEL,
    OPTION_NOTE,
    {0},
};

static const struct argp_option cut_options[] = {
    {"from", KEY_FROM, "N", 0, "first reference, counted from 0 (default)", 0},
    {"count", KEY_COUNT, "N", 0, "references to keep (default: all)", 0},
    OPTION_OUTPUT,
    OPTION_LEVEL,
    {0},
};

static const struct argp_option import_options[] = {
    {"format", KEY_FORMAT, "lackey", 0, "whose format it is", 0},
    {"form", KEY_FORM, "exact|pages", 0,
     "keep addresses and sizes (default), or page changes and counts", 0},
    OPTION_OUTPUT,
    OPTION_LEVEL,
    OPTION_NOTE,
    {0},
};

static const struct argp_option mix_options[] = {
    {"quantum", KEY_QUANTUM, "N", 0, "references of a turn (default 10000)", 0},
    OPTION_OUTPUT,
    OPTION_LEVEL,
    OPTION_NOTE,
    {0},
};

static error_t parse(int key, char *text, struct argp_state *state) {
    struct trace_command *command = state->input;
    switch (key) {
    case 'o':
        command->output = text;
        return 0;
    case KEY_FORM:
        command->form = text;
        return 0;
    case KEY_FORMAT:
        command->format = text;
        return 0;
    case KEY_NOTE:
        command->note = text;
        return 0;
    case KEY_FROM:
        command->from = parse_count_option(state, "--from", text, INT64_MAX);
        return 0;
    case KEY_COUNT:
        command->count = parse_count_option(state, "--count", text, INT64_MAX);
        return 0;
    case KEY_QUANTUM:
        command->quantum = parse_count_option(state, "--quantum", text, INT64_MAX);
        return 0;
    case KEY_LIMIT:
        command->limit = parse_count_option(state, "--limit", text, INT64_MAX);
        return 0;
    case KEY_LEVEL:
        command->level = (int)parse_count_option(state, "--level", text, 19);
        if (command->level == 0)
            option_error(state, "--level: levels are 1 to 19");
        return 0;
    case KEY_JSON:
        command->json = true;
        return 0;
    case KEY_CHECK:
        command->check = true;
        return 0;
    case KEY_PAGES:
        command->pages = true;
        return 0;
    case ARGP_KEY_ARGS:
        command->file = state->argv + state->next;
        command->files = (unsigned)(state->argc - state->next);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static int fail(const struct trace_error *error) {
    return complain("trace", "%s", error->text);
}

/* A writer whose header says what `info` and the options say. */
static struct trace_writer *open_output(const struct trace_command *command, const char *path,
                                        enum trace_form form, const struct trace_info *info,
                                        struct trace_error *error) {
    struct trace_info header = *info;
    if (command->note)
        snprintf(header.note, sizeof header.note, "%s", command->note);
    struct trace_writer *writer = trace_create(path, form, &header, error);
    if (writer && command->level)
        trace_writer_level(writer, command->level);
    return writer;
}

/* Ends a writer: renames when `good`, forgets otherwise. */
static bool close_output(struct trace_writer *writer, bool good, struct trace_error *error) {
    if (good)
        return trace_writer_close(writer, error);
    trace_writer_abort(writer);
    return false;
}

struct facts {
    const char *path;
    bool text;
    uint64_t bytes; /* of the file; 0: not known */
    struct trace_info info;
};

/* A text does not know its totals before it was read. */
static bool collect(const char *path, bool check, struct facts *facts, struct trace_error *error) {
    struct trace_record record[256];
    struct stat status;
    struct trace_reader *reader = trace_open(path, error);
    if (!reader)
        return false;
    facts->path = path;
    facts->text = !trace_reader_info(reader)->totals_known;
    facts->bytes = stat(path, &status) == 0 ? (uint64_t)status.st_size : 0;
    long got = facts->text || check ? 1 : 0;
    while (got > 0)
        got = trace_read(reader, record, sizeof record / sizeof *record, error);
    facts->info = *trace_reader_info(reader);
    trace_close(reader);
    return got == 0;
}

static double bytes_per_reference(const struct facts *facts) {
    uint64_t references = facts->info.references[PORT_I] + facts->info.references[PORT_D];
    return references ? (double)facts->bytes / (double)references : 0;
}

static void print_facts(const struct facts *facts) {
    const struct trace_info *info = &facts->info;
    printf("%s: %s, %s form, %u-bit addresses\n", facts->path, facts->text ? "text" : "binary",
           info->pages ? "page-run" : "exact", info->va_bits);
    if (*info->program)
        printf("  program     %s\n", info->program);
    if (*info->recorder)
        printf("  recorder    %s\n", info->recorder);
    if (*info->note)
        printf("  note        %s\n", info->note);
    printf("  references  %" PRIu64 " (%" PRIu64 " fetches, %" PRIu64 " data)\n",
           info->references[PORT_I] + info->references[PORT_D], info->references[PORT_I],
           info->references[PORT_D]);
    printf("  records     %" PRIu64 "\n  processes   %u\n", info->records, info->processes);
    if (facts->bytes)
        printf("  size        %" PRIu64 " bytes, %.3f a reference\n", facts->bytes,
               bytes_per_reference(facts));
}

static json_t *facts_json(const struct facts *facts) {
    const struct trace_info *info = &facts->info;
    return json_pack("{s:s, s:s, s:s, s:i, s:s, s:s, s:s, s:I, s:I, s:I, s:I, s:i, s:I, s:f}",
                     "file", facts->path, "form", facts->text ? "text" : "binary",
                     "references_form", info->pages ? "pages" : "exact", "va_bits",
                     (int)info->va_bits, "program", info->program, "recorder", info->recorder,
                     "note", info->note, "records", (json_int_t)info->records, "fetches",
                     (json_int_t)info->references[PORT_I], "data",
                     (json_int_t)info->references[PORT_D], "instructions",
                     (json_int_t)info->instructions, "processes", (int)info->processes, "bytes",
                     (json_int_t)facts->bytes, "bytes_per_reference", bytes_per_reference(facts));
}

static int run_info(struct trace_command *command) {
    struct trace_error error;
    json_t *array = command->json ? json_array() : NULL;
    for (unsigned i = 0; i < command->files; i++) {
        struct facts facts;
        if (!collect(command->file[i], command->check, &facts, &error)) {
            json_decref(array);
            return fail(&error);
        }
        if (!array)
            print_facts(&facts);
        else if (json_array_append_new(array, facts_json(&facts)) != 0) {
            json_decref(array);
            return complain("trace", "%s: its header is no UTF-8 text", command->file[i]);
        }
    }
    if (array) {
        json_dumpf(array, stdout, JSON_INDENT(2));
        putchar('\n');
        json_decref(array);
    }
    return fflush(stdout) ? complain("trace", "standard output: %s", strerror(errno)) : EXIT_AGREED;
}

static int copy(const struct trace_command *command, const char *from, const char *to,
                enum trace_form form) {
    struct trace_error error;
    struct trace_reader *reader = trace_open(from, &error);
    if (!reader)
        return fail(&error);
    struct trace_info info = *trace_reader_info(reader);
    bool fold = command->pages && !info.pages;
    info.pages |= fold;
    struct trace_writer *writer = open_output(command, to, form, &info, &error);
    bool good = false;
    if (writer) {
        good = fold ? trace_fold_copy(reader, writer, &error)
                    : trace_copy(reader, writer, command->limit, &error);
        good = close_output(writer, good, &error);
    }
    trace_close(reader);
    return good ? EXIT_AGREED : fail(&error);
}

static int run_cat(struct trace_command *command) {
    return copy(command, command->file[0], "-", TRACE_TEXT);
}

static int run_convert(struct trace_command *command) {
    const char *to = command->file[1], *form = command->form;
    if (form && strcmp(form, "text") != 0 && strcmp(form, "binary") != 0)
        return complain("trace", "--form: '%s' is neither text nor binary", form);
    return copy(command, command->file[0], to,
                !form          ? trace_form_of_name(to)
                : *form == 't' ? TRACE_TEXT
                               : TRACE_BINARY);
}

static int run_cut(struct trace_command *command) {
    struct trace_error error;
    struct trace_reader *reader = trace_open(command->file[0], &error);
    if (!reader)
        return fail(&error);
    struct trace_writer *writer =
        open_output(command, command->output, trace_form_of_name(command->output),
                    trace_reader_info(reader), &error);
    bool good = false;
    if (writer) {
        good = trace_cut(reader, writer, command->from, command->count, &error);
        if (!good) {
            char why[sizeof error.text];
            memcpy(why, error.text, sizeof why);
            /* Damage names the file, what the cut itself finds does not. */
            if (!strstr(why, command->file[0]))
                snprintf(error.text, sizeof error.text, "%.200s: %.300s", command->file[0], why);
        }
        good = close_output(writer, good, &error);
    }
    trace_close(reader);
    return good ? EXIT_AGREED : fail(&error);
}

static int run_import(struct trace_command *command) {
    const char *path = command->file[0], *form = command->form ? command->form : "exact";
    bool standard = strcmp(path, "-") == 0, good = false;
    struct trace_info info = {
        .va_bits = 64, .pages = strcmp(form, "pages") == 0, .recorder = "valgrind lackey"};
    struct trace_error error;
    if (!command->format || strcmp(command->format, "lackey") != 0)
        return complain("trace", "--format: '%s' is no format that can be imported (lackey)",
                        command->format ? command->format : "");
    if (!info.pages && strcmp(form, "exact") != 0)
        return complain("trace", "--form: '%s' is neither exact nor pages", form);
    FILE *file = standard ? stdin : fopen(path, "rbe");
    if (!file)
        return complain("trace", "%s: %s", path, strerror(errno));
    struct trace_writer *writer =
        open_output(command, command->output, trace_form_of_name(command->output), &info, &error);
    if (writer) {
        good = import_lackey(file, standard ? "standard input" : path, writer, &error);
        good = close_output(writer, good, &error);
    }
    if (!standard)
        fclose(file);
    return good ? EXIT_AGREED : fail(&error);
}

/* The header of a mix names both. */
static struct trace_info mixed_info(const struct trace_info *a, const struct trace_info *b) {
    struct trace_info info = *a;
    snprintf(info.program, sizeof info.program, "%.120s | %.120s", a->program, b->program);
    snprintf(info.note, sizeof info.note, "two processes in turns");
    info.va_bits = a->va_bits > b->va_bits ? a->va_bits : b->va_bits;
    return info;
}

static int run_mix(struct trace_command *command) {
    struct trace_error error;
    struct trace_reader *readers[2] = {trace_open(command->file[0], &error), NULL};
    if (!readers[0])
        return fail(&error);
    const char *const names[2] = {command->file[0], command->file[1]};
    bool good = (readers[1] = trace_open(command->file[1], &error)) != NULL;
    if (good && trace_reader_info(readers[0])->pages != trace_reader_info(readers[1])->pages) {
        snprintf(error.text, sizeof error.text, "%.200s is in another form than %.200s", names[1],
                 names[0]);
        good = false;
    }
    if (good) {
        struct trace_info info =
            mixed_info(trace_reader_info(readers[0]), trace_reader_info(readers[1]));
        struct trace_writer *writer = open_output(
            command, command->output, trace_form_of_name(command->output), &info, &error);
        good = writer &&
               close_output(writer, trace_mix(readers, names, writer, command->quantum, &error),
                            &error);
    }
    trace_close(readers[0]);
    trace_close(readers[1]);
    return good ? EXIT_AGREED : fail(&error);
}

#define ACTION_ARGP(options, arguments, text)                                                      \
    { options, parse, arguments, text, NULL, NULL, NULL }

static const struct action {
    const char *name;
    int (*run)(struct trace_command *command);
    unsigned least, most; /* files */
    bool writes;          /* needs -o */
    struct argp argp;
} actions[] = {
    {"info", run_info, 1, UINT32_MAX, false,
     ACTION_ARGP(info_options, "FILE...", "What traces are and hold.")},
    {"cat", run_cat, 1, 1, false, ACTION_ARGP(cat_options, "FILE", "Prints a trace as text.")},
    {"convert", run_convert, 2, 2, false,
     ACTION_ARGP(convert_options, "IN OUT", "Writes a trace in the other form.")},
    {"cut", run_cut, 1, 1, true,
     ACTION_ARGP(cut_options, "IN", "Takes a part of a trace, with what was set up before it.")},
    {"mix", run_mix, 2, 2, true,
     ACTION_ARGP(mix_options, "A B", "Makes processes 1 and 2 of two recordings take turns.")},
    {"import", run_import, 1, 1, true,
     ACTION_ARGP(import_options, "FILE", "Takes another tool's trace ('-': standard input).")},
};

static int run_action(const struct action *action, int argc, char **argv) {
    struct trace_command command = {.count = INT64_MAX, .quantum = 10000, .limit = UINT64_MAX};
    char name[64];
    snprintf(name, sizeof name, "trace %s", action->name);
    argv[0] = name;
    parse_arguments(&action->argp, argc, argv, 0, &command);
    if (command.files < action->least || command.files > action->most)
        return complain("trace", "%s: takes %s", action->name, action->argp.args_doc);
    if (action->writes && !command.output)
        return complain("trace", "%s: -o FILE is missing", action->name);
    if (!command.count || !command.quantum)
        return complain("trace", "%s: a part of 0 references", action->name);
    return action->run(&command);
}

static void usage(FILE *to) {
    fprintf(to, "Usage: twinwalk trace ACTION [OPTION...] FILE...\n\n");
    for (size_t i = 0; i < sizeof actions / sizeof *actions; i++)
        fprintf(to, "  %-8s %-8s %s\n", actions[i].name, actions[i].argp.args_doc,
                actions[i].argp.doc);
    fprintf(to, "\n`twinwalk trace ACTION --help` tells its options.\n");
}

int cmd_trace(int argc, char **argv) {
    if (argc < 2)
        return complain("trace", "no action given; `twinwalk trace --help` lists them");
    if (strcmp(argv[1], "--help") == 0) {
        usage(stdout);
        return EXIT_AGREED;
    }
    for (size_t i = 0; i < sizeof actions / sizeof *actions; i++)
        if (strcmp(argv[1], actions[i].name) == 0)
            return run_action(&actions[i], argc - 1, argv + 1);
    return complain("trace", "no action '%s'; `twinwalk trace --help` lists them", argv[1]);
}
