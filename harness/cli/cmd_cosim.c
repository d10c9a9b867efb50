#include "commands.h"
#include "investigate.h"
#include "lockstep/report.h"
#include "lockstep/target.h"
#include "options.h"
#include "play.h"
#include "results.h"
#include "waves/dump.h"

#include <string.h>

enum {
    KEY_CONFIG = 'c',
    KEY_LATENCY = 'l',
    KEY_WAVES = 'w',
    KEY_WINDOW = 0x200,
    KEY_STALL,
    KEY_NO_TLB,
    KEY_NO_TIMING,
    KEY_IN_FLIGHT,
    KEY_OUT,
    KEY_NO_INVESTIGATION,
};

static const struct argp_option entries[] = {
    {"config", KEY_CONFIG, "NAME", 0, "hardware: small, default, server, … (default)", 0},
    {"latency", KEY_LATENCY, "N|MIN:MAX:SEED|cache:SIZE/WAYS/LINE/HIT,…,MEMORY", 0,
     "cycles that a PTE read takes: as many, drawn evenly, or as caches have it (10)", 0},
    {"stall", KEY_STALL, "PERCENT", 0, "cycles in which the page-table port takes nothing (0)", 0},
    {"waves", KEY_WAVES, "FILE.fst", 0, "dump waves, and a GTKWave save file beside them", 0},
    {"waves-window", KEY_WINDOW, "FIRST:LAST", 0, "cycles to dump (all)", 0},
    {"in-flight", KEY_IN_FLIGHT, "N", 0,
     "requests that may overlap, on both ports together, 1 to 32 (1); with --os they do not", 0},
    {"no-tlb-check", KEY_NO_TLB, NULL, 0, "do not compare the TLBs (level 3), nor timing", 0},
    {"no-timing-check", KEY_NO_TIMING, NULL, 0,
     "do not compare every cycle with the cycle-exact twin (level 4)", 0},
    {"divergence-dir", KEY_OUT, "DIR", 0, "where waves and minimised trace of a divergence go (.)",
     0},
    {"no-investigation", KEY_NO_INVESTIGATION, NULL, 0,
     "report a divergence without waves and minimised trace", 0},
    {0},
};

static void parse_window(struct argp_state *state, char *text, struct cosim_options *options) {
    char *colon = strchr(text, ':');
    if (!colon)
        option_error(state, "--waves-window: '%s' is not FIRST:LAST", text);
    *colon = '\0';
    options->first = parse_count_option(state, "--waves-window", text, UINT64_MAX - 1);
    options->last = parse_count_option(state, "--waves-window", colon + 1, UINT64_MAX - 1);
}

static void parse_latency(struct argp_state *state, const char *text,
                          struct cosim_options *options) {
    const char *why;
    struct latency *latency = latency_create(text, &why);
    if (!latency)
        option_error(state, "--latency: '%s': %s", text, why);
    latency_destroy(latency);
    options->lockstep.latency = text;
}

static void check_options(struct argp_state *state, const struct cosim_options *options) {
    if (!rtl_mmu_config(options->lockstep.config))
        option_error(state, "--config: no hardware configuration '%s'", options->lockstep.config);
    if (options->waves && options->run.trace_count != 1)
        option_error(state, "--waves takes one trace");
    if (!options->waves && options->has_window)
        option_error(state, "--waves-window without --waves");
    if (options->first > options->last)
        option_error(state, "--waves-window: FIRST is after LAST");
}

static error_t parse(int key, char *text, struct argp_state *state) {
    struct cosim_options *options = state->input;
    switch (key) {
    case KEY_CONFIG:
        options->lockstep.config = text;
        return 0;
    case KEY_LATENCY:
        parse_latency(state, text, options);
        return 0;
    case KEY_STALL:
        options->lockstep.stall_percent = (unsigned)parse_count_option(state, "--stall", text, 99);
        return 0;
    case KEY_WAVES:
        options->waves = text;
        return 0;
    case KEY_WINDOW:
        parse_window(state, text, options);
        options->has_window = true;
        return 0;
    case KEY_NO_TLB:
        options->lockstep.no_tlb_check = true;
        return 0;
    case KEY_NO_TIMING:
        options->lockstep.no_timing_check = true;
        return 0;
    case KEY_IN_FLIGHT:
        options->lockstep.in_flight = (unsigned)parse_count_option(state, "--in-flight", text, 32);
        if (options->lockstep.in_flight == 0)
            option_error(state, "--in-flight: 0 requests get nowhere");
        return 0;
    case KEY_OUT:
        options->divergence_dir = text;
        return 0;
    case KEY_NO_INVESTIGATION:
        options->no_investigation = true;
        return 0;
    case ARGP_KEY_INIT:
        state->child_inputs[0] = state->child_inputs[1] = &options->run;
        return 0;
    case ARGP_KEY_END:
        check_options(state, options);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp_child children[] = {
    {&run_options_argp, 0, NULL, 0}, {&os_seed_options_argp, 0, NULL, 0}, {0}};
static const struct argp parser = {
    entries,  parse, "TRACE...", "Plays traces to the hardware and the model in lockstep.",
    children, NULL,  NULL};

static void collect(struct lockstep *both, struct run_result *result) {
    result->lockstep = true;
    result->mmu = *lockstep_counters(both);
    result->cycles = lockstep_cycles(both);
    result->timing_checked = lockstep_timing_checked(both);
    lockstep_read_counters(both, result->counter);
    for (int level = 0; level <= LEVEL_WALK; level++)
        result->latency[level] = *lockstep_latencies(both, (enum hit_level)level);
}

/* The smallest failing trace touches less memory: sizes are those of this run, not shares. */
static void investigate_run(const struct cosim_options *options, const char *path,
                            const struct lockstep *both, const struct run_result *result) {
    struct cosim_options fixed = *options;
    if (result->has_os) {
        struct os_options *os = &fixed.run.os.os;
        os->percent = false;
        os->memory = result->os.memory_bytes;
        os->swap_given = true;
        os->swap = result->os.swap_bytes;
    }
    investigate(&fixed, path, lockstep_divergence(both));
}

struct cosim_run {
    const struct cosim_options *options;
    struct lockstep *both;
    struct waves dump;
    struct play play;
    bool investigates;
};

/* After the trace has been played; waves that were asked for are finished whatever came out. */
static int conclude(struct cosim_run *run, enum replay_end end, struct run_result *result) {
    const char *why;
    int status = EXIT_AGREED;
    lockstep_drain(run->both);
    collect(run->both, result);
    if (end == REPLAY_DONE)
        end = play_sweep(&run->play);
    lockstep_finish(run->both);
    if (run->options->waves && !waves_finish(&run->dump, run->both, &why))
        status = complain("cosim", "%s: %s", run->options->waves, why);
    const struct divergence *divergence = lockstep_divergence(run->both);
    result->mismatches = divergence || end == REPLAY_WRONG;
    if (end == REPLAY_FAILED)
        return EXIT_UNUSABLE;
    if (!divergence)
        return end == REPLAY_WRONG ? EXIT_DIVERGED : status;
    report_divergence(stdout, run->both, run->play.path);
    if (run->investigates)
        investigate_run(run->options, run->play.path, run->both, result);
    return EXIT_DIVERGED;
}

static int run_trace(const struct cosim_options *options, const char *path, bool investigates,
                     struct run_result *result) {
    const char *why;
    struct cosim_run run = {.options = options, .investigates = investigates};
    run.both = lockstep_create(&options->lockstep, &why);
    if (!run.both)
        return complain("cosim", "%s", why);
    if (options->waves &&
        !waves_begin(&run.dump, run.both, options->waves, options->first, options->last, &why)) {
        lockstep_destroy(run.both);
        return complain("cosim", "%s: %s", options->waves, why);
    }
    struct replay_target target = lockstep_target(run.both);
    run.play = (struct play){
        .command = "cosim", .options = &options->run, .path = path, .target = &target};
    int status = EXIT_UNUSABLE;
    enum replay_end end = play_file(&run.play, result);
    if (end != REPLAY_FAILED)
        status = conclude(&run, end, result);
    else if (options->waves)
        waves_abandon(&run.dump, run.both);
    play_end(&run.play);
    lockstep_destroy(run.both);
    return status;
}

int cmd_cosim(int argc, char **argv) {
    struct cosim_options options = {
        .lockstep = {.config = "default", .latency = "10", .in_flight = 1, .seed = 1},
        .last = UINT64_MAX - 1,
        .divergence_dir = ".",
    };
    run_options_init(&options.run);
    parse_arguments(&parser, argc, argv, 0, &options);
    struct results results;
    results_begin(&results, "cosim", options.lockstep.config, options.run.json);
    int worst = EXIT_AGREED;
    for (unsigned i = 0; i < options.run.trace_count && worst != EXIT_UNUSABLE; i++) {
        struct run_result result = {0};
        /* The first divergence is investigated; its files stay. */
        bool investigates = worst == EXIT_AGREED && !options.no_investigation;
        int status = run_trace(&options, options.run.traces[i], investigates, &result);
        worst = status > worst ? status : worst;
        if (status != EXIT_UNUSABLE)
            results_add(&results, &result);
        os_results_free(&result.os);
    }
    return results_end(&results, worst);
}
