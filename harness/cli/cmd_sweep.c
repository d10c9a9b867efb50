#include "commands.h"
#include "options.h"
#include "output.h"
#include "play.h"
#include "study/sim.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define MOST_VALUES 32

/* One axis of the design space. */
struct axis {
    unsigned value[MOST_VALUES];
    unsigned n;
};

struct sweep_options {
    struct run_options run;
    struct axis sets, ways, policies, walk_caches; /* no walk caches: no columns about them */
    const char *csv;                               /* "-": standard output */
};

enum { KEY_SETS = 0x600, KEY_WAYS, KEY_REPLACEMENT, KEY_WALK_CACHE, KEY_CSV };

static const struct argp_option entries[] = {
    {"sets", KEY_SETS, "N,...", 0, "sets of the TLB of each stream (1,4,16,64)", 0},
    {"ways", KEY_WAYS, "N,...", 0, "ways (1,2,4,8)", 0},
    {"replacement", KEY_REPLACEMENT, "POLICY,...", 0, "lru (default), plru, fifo, random", 0},
    {"walk-cache", KEY_WALK_CACHE, "N,...", 0,
     "entries of the walk cache for each upper level; rows then end with N and the PTE reads per "
     "walk "
     "of both streams",
     0},
    {"csv", KEY_CSV, "FILE", 0, "where the rows go (-: standard output, the default)", 0},
    {0},
};

static unsigned parse_value(struct argp_state *state, int key, const char *text) {
    enum policy policy;
    if (key == KEY_WALK_CACHE)
        return (unsigned)parse_count_option(state, "--walk-cache", text, 64);
    if (key != KEY_REPLACEMENT)
        return (unsigned)parse_count_option(state, key == KEY_SETS ? "--sets" : "--ways", text,
                                            65536);
    if (!policy_parse(text, &policy))
        option_error(state, "--replacement: '%s' is none of lru, plru, fifo, random", text);
    return policy;
}

static void parse_axis(struct argp_state *state, int key, char *text, struct axis *axis) {
    axis->n = 0;
    for (char *next = text; next; text = next) {
        next = strchr(text, ',');
        if (next)
            *next++ = '\0';
        if (axis->n == MOST_VALUES)
            option_error(state, "more than %d values of one option", MOST_VALUES);
        axis->value[axis->n++] = parse_value(state, key, text);
    }
}

static error_t parse(int key, char *text, struct argp_state *state) {
    struct sweep_options *options = state->input;
    switch (key) {
    case KEY_SETS:
        parse_axis(state, key, text, &options->sets);
        return 0;
    case KEY_WAYS:
        parse_axis(state, key, text, &options->ways);
        return 0;
    case KEY_REPLACEMENT:
        parse_axis(state, key, text, &options->policies);
        return 0;
    case KEY_WALK_CACHE:
        parse_axis(state, key, text, &options->walk_caches);
        return 0;
    case KEY_CSV:
        options->csv = text;
        return 0;
    case ARGP_KEY_INIT:
        state->child_inputs[0] = state->child_inputs[1] = state->child_inputs[2] = &options->run;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp_child children[] = {{&run_options_argp, 0, NULL, 0},
                                             {&os_options_argp, 0, NULL, 0},
                                             {&os_seed_options_argp, 0, NULL, 0},
                                             {0}};
static const struct argp parser = {
    entries,
    parse,
    "TRACE...",
    "Miss-rate curves: simulates every sets x ways x replacement of the design space, an equal TLB "
    "for fetches (stream I) and for data (D) and no second level, and writes a row for each.",
    children,
    NULL,
    NULL};

/* One point: the model with this TLB for each stream. */
struct point {
    struct tlb_config tlb;
    unsigned walk_cache;
};

static void write_rows(FILE *csv, const struct sweep_options *options, const struct point *point,
                       const struct run_result *result) {
    for (int port = PORT_I; port < PORTS; port++) {
        enum tlb_number tlb = port == PORT_I ? TLB_I : TLB_D;
        fprintf(csv, "%s,%c,%u,%u,%s,%s,%" PRIu64 ",%" PRIu64, result->trace, "ID"[port],
                point -> tlb.sets, point->tlb.ways, page_size_name(options->run.replay.page),
                policy_name(point->tlb.policy), result->replay.lookups[tlb],
                result->replay.misses[tlb]);
        if (options->walk_caches.n > 0)
            fprintf(csv, ",%u,%.3f", point->walk_cache,
                    result->mmu.walks ? (double)result->mmu.pte_reads / (double)result->mmu.walks
                                      : 0.0);
        fputc('\n', csv);
    }
}

static int run_point(const struct sweep_options *options, const char *path,
                     const struct point *point, FILE *csv) {
    const struct mmu_config config = {.tlb = {point->tlb, point->tlb, {0, 0, POLICY_LRU}},
                                      .seed = 1,
                                      .walk_cache = point->walk_cache};
    const char *why;
    struct sim sim;
    if (!sim_init(&sim, &config, &why))
        return complain("sweep", "%ux%u: %s", point->tlb.sets, point->tlb.ways, why);
    struct replay_target target = sim_target(&sim);
    struct play play = {
        .command = "sweep", .options = &options->run, .path = path, .target = &target};
    struct run_result result = {0};
    enum replay_end end = play_file(&play, &result);
    result.mmu = *mmu_counters(sim.mmu);
    play_end(&play);
    sim_free(&sim);
    os_results_free(&result.os);
    if (end == REPLAY_DONE)
        write_rows(csv, options, point, &result);
    return end == REPLAY_DONE ? EXIT_AGREED : end == REPLAY_WRONG ? EXIT_DIVERGED : EXIT_UNUSABLE;
}

static int run_trace(const struct sweep_options *options, const char *path, FILE *csv) {
    int status = EXIT_AGREED;
    unsigned walk_caches = options->walk_caches.n ? options->walk_caches.n : 1;
    for (unsigned c = 0; c < walk_caches; c++)
        for (unsigned p = 0; p < options->policies.n; p++)
            for (unsigned s = 0; s < options->sets.n; s++)
                for (unsigned w = 0; w < options->ways.n && status == EXIT_AGREED; w++) {
                    const struct point point = {{options->sets.value[s], options->ways.value[w],
                                                 (enum policy)options->policies.value[p]},
                                                options->walk_caches.value[c]};
                    status = run_point(options, path, &point, csv);
                }
    return status;
}

static int run_space(const struct sweep_options *options, FILE *csv) {
    int status = EXIT_AGREED;
    fprintf(csv, "trace,stream,sets,ways,page_size,policy,lookups,misses%s\n",
            options->walk_caches.n ? ",walk_cache,reads_per_walk" : "");
    for (unsigned trace = 0; trace < options->run.trace_count && status == EXIT_AGREED; trace++)
        status = run_trace(options, options->run.traces[trace], csv);
    return status;
}

int cmd_sweep(int argc, char **argv) {
    struct sweep_options options = {
        .sets = {{1, 4, 16, 64}, 4}, .ways = {{1, 2, 4, 8}, 4}, .policies = {{POLICY_LRU}, 1}};
    struct output output;
    struct trace_error error;
    options.csv = "-";
    run_options_init(&options.run);
    parse_arguments(&parser, argc, argv, 0, &options);
    if (options.run.json)
        return complain("sweep", "--json: rows are CSV, for --csv");
    if (!output_open(&output, options.csv, false, &error))
        return complain("sweep", "%s", error.text);
    int status = run_space(&options, output.file);
    if (status != EXIT_AGREED)
        output_abort(&output);
    else if (!output_commit(&output, &error))
        status = complain("sweep", "%s", error.text);
    return status;
}
