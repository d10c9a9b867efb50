#include "commands.h"
#include "conform/conform.h"
#include "options.h"
#include "results.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct conform_options {
    const char *config;
    const char *json; /* NULL: none */
    char **files;
    unsigned file_count;
};

enum { KEY_CONFIG = 'c', KEY_JSON = 'j' };

static const struct argp_option entries[] = {
    {"config", KEY_CONFIG, "NAME", 0, "hardware: small, default, server, … (default)", 0},
    {"json", KEY_JSON, "FILE", 0, "write the results as JSON", 0},
    {0},
};

static error_t parse(int key, char *text, struct argp_state *state) {
    struct conform_options *options = state->input;
    switch (key) {
    case KEY_CONFIG:
        if (!rtl_mmu_config(text))
            option_error(state, "--config: no hardware configuration '%s'", text);
        options->config = text;
        return 0;
    case KEY_JSON:
        options->json = text;
        return 0;
    case ARGP_KEY_ARGS:
        options->files = state->argv + state->next;
        options->file_count = (unsigned)(state->argc - state->next);
        return 0;
    case ARGP_KEY_NO_ARGS:
        option_error(state, "no file given");
        return EINVAL;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp parser = {
    entries,
    parse,
    "FILE...",
    "Replays translation vectors on the model and on the hardware, each held against what the "
    "vectors' own oracle saw.\v"
    "FILE is NAME.jsonl.gz, or NAME.tables.gz with any of NAME.access.gz, NAME.expect.gz, "
    "NAME.gva2gpa.gz and NAME.ranges.gz beside it; naming one of these stands for its set. What "
    "is not modelled (physical memory protection, two stages, x86) is counted as skipped.",
    NULL,
    NULL,
    NULL};

static bool ends_with(const char *text, const char *suffix) {
    size_t length = strlen(text), end = strlen(suffix);
    return length >= end && strcmp(text + length - end, suffix) == 0;
}

/* The set that a file belongs to: NAME.tables.gz for any of NAME's files. NULL: out of memory. */
static char *set_of(const char *path) {
    static const char *const suffixes[] = {".access.gz", ".expect.gz", ".gva2gpa.gz", ".ranges.gz"};
    size_t base = strlen(path);
    const char *suffix = "";
    for (size_t i = 0; i < sizeof suffixes / sizeof suffixes[0]; i++)
        if (ends_with(path, suffixes[i])) {
            base -= strlen(suffixes[i]);
            suffix = CONFORM_TABLES_SUFFIX;
        }
    size_t size = base + strlen(suffix) + 1;
    char *set = malloc(size);
    if (set)
        snprintf(set, size, "%.*s%s", (int)base, path, suffix);
    return set;
}

static void print_header(void) {
    printf("%-32s %10s %17s %20s %10s\n", "file", "accesses", "model mismatches",
           "hardware mismatches", "skipped");
}

static void print_row(const char *name, const struct trial *trial) {
    const char *slash = strrchr(name, '/');
    if (isatty(STDERR_FILENO))
        fprintf(stderr, "\r\033[K");
    printf("%-32s %10" PRIu64 " %17" PRIu64 " %20" PRIu64 " %10" PRIu64 "\n",
           slash ? slash + 1 : name, trial->accesses, trial->mismatches[SIDE_MODEL],
           trial->mismatches[SIDE_HARDWARE], trial->skipped);
    fflush(stdout);
}

static json_t *counts_object(const struct trial *trial) {
    return json_pack("{s:I, s:I, s:I, s:I}", "accesses", (json_int_t)trial->accesses,
                     "model_mismatches", (json_int_t)trial->mismatches[SIDE_MODEL],
                     "rtl_mismatches", (json_int_t)trial->mismatches[SIDE_HARDWARE], "skipped",
                     (json_int_t)trial->skipped);
}

static void add_counts(struct trial *sum, const struct trial *trial) {
    sum->accesses += trial->accesses;
    sum->skipped += trial->skipped;
    for (int side = 0; side < SIDES; side++)
        sum->mismatches[side] += trial->mismatches[side];
}

static void add_to_document(json_t *document, const struct trial *trial) {
    json_t *object = counts_object(trial);
    json_object_set_new(object, "file", json_string(trial->path));
    json_array_append_new(json_object_get(document, "files"), object);
}

/* false: a line has been printed. */
static bool replay_set(const struct conform_options *options, const char *set, struct trial *sum,
                       json_t *document) {
    const char *why;
    struct trial trial;
    struct input_error error;
    bool cases = ends_with(set, CONFORM_CASES_SUFFIX);
    if (!cases && !ends_with(set, CONFORM_TABLES_SUFFIX))
        return complain("conform", "%s: neither NAME%s nor NAME%s", set, CONFORM_CASES_SUFFIX,
                        CONFORM_TABLES_SUFFIX),
               false;
    if (!trial_init(&trial, set, options->config, stdout, &why))
        return complain("conform", "%s", why), false;
    bool usable = cases ? conform_cases(&trial, &error) : conform_tables(&trial, &error);
    if (usable) {
        print_row(set, &trial);
        add_counts(sum, &trial);
        add_to_document(document, &trial);
    }
    trial_free(&trial);
    fflush(stdout);
    if (!usable)
        complain("conform", "%s", error.text);
    return usable;
}

/* Whether an earlier argument named the same set. */
static bool seen(char *const *sets, unsigned count, const char *set) {
    for (unsigned i = 0; i < count; i++)
        if (strcmp(sets[i], set) == 0)
            return true;
    return false;
}

static bool replay_sets(const struct conform_options *options, char **sets, struct trial *sum,
                        json_t *document) {
    print_header();
    for (unsigned i = 0; i < options->file_count; i++) {
        if (!(sets[i] = set_of(options->files[i])))
            return complain("conform", "out of memory"), false;
        if (!seen(sets, i, sets[i]) && !replay_set(options, sets[i], sum, document))
            return false;
    }
    if (options->file_count > 1)
        print_row("all", sum);
    return true;
}

/* NULL: out of memory. */
static json_t *new_document(const struct conform_options *options) {
    json_t *document = results_json("conform", options->config);
    json_object_del(document, "traces");
    json_object_set_new(document, "files", json_array());
    return document;
}

int cmd_conform(int argc, char **argv) {
    struct conform_options options = {.config = "default"};
    parse_arguments(&parser, argc, argv, 0, &options);
    struct trial sum = {.path = "all"};
    json_t *document = new_document(&options);
    char **sets = calloc(options.file_count, sizeof *sets);
    bool usable = sets && replay_sets(&options, sets, &sum, document);
    for (unsigned i = 0; sets && i < options.file_count; i++)
        free(sets[i]);
    free(sets);
    if (usable && options.json) {
        json_object_update_new(document, counts_object(&sum));
        usable = results_json_write("conform", document, options.json);
    } else {
        json_decref(document);
    }
    if (!usable)
        return EXIT_UNUSABLE;
    return sum.mismatches[SIDE_MODEL] + sum.mismatches[SIDE_HARDWARE] ? EXIT_DIVERGED : EXIT_AGREED;
}
