#include "commands.h"
#include "options.h"
#include "play.h"
#include "results.h"
#include "study/sim.h"
#include "timing_options.h"

#include <stdlib.h>
#include <string.h>

struct sim_options {
    struct run_options run;
    struct timing_options timing;
    struct mmu_config config;
};

enum {
    KEY_ITLB = 'i',
    KEY_DTLB = 'd',
    KEY_L2TLB = '2',
    KEY_SEED = 's',
    KEY_OPTIMUM = 0x500,
    KEY_WALK_CACHE,
};

static const struct argp_option entries[] = {
    {"itlb", KEY_ITLB, "SETSxWAYS[:POLICY]", 0,
     "L1 TLB for fetches (16x4:lru); policies lru, plru, fifo, random", 0},
    {"dtlb", KEY_DTLB, "SETSxWAYS[:POLICY]", 0, "L1 TLB for data (16x4:lru)", 0},
    {"l2tlb", KEY_L2TLB, "SETSxWAYS[:POLICY]", 0, "shared second level (128x12:lru); 0x0: none", 0},
    {"walk-cache", KEY_WALK_CACHE, "N", 0,
     "entries of the walk cache for each upper level (0: none)", 0},
    {"seed", KEY_SEED, "N", 0, "of random replacement in TLBs and (--os) of memory, 14 bits (1)",
     0},
    {"optimum", KEY_OPTIMUM, NULL, 0,
     "with --os: what Belady's optimal replacement would have read", 2},
    {0},
};

static error_t parse(int key, char *text, struct argp_state *state) {
    struct sim_options *options = state->input;
    switch (key) {
    case KEY_ITLB:
    case KEY_DTLB:
    case KEY_L2TLB: {
        enum tlb_number tlb = key == KEY_ITLB ? TLB_I : key == KEY_DTLB ? TLB_D : TLB_L2;
        if (!tlb_config_parse(text, &options->config.tlb[tlb]))
            option_error(state, "--%s: '%s' is not SETSxWAYS or SETSxWAYS:POLICY", tlb_name(tlb),
                         text);
        return 0;
    }
    case KEY_WALK_CACHE:
        options->config.walk_cache = (unsigned)parse_count_option(state, "--walk-cache", text, 64);
        return 0;
    case KEY_SEED:
        options->config.seed = (uint16_t)parse_count_option(state, "--seed", text, 0x3fff);
        options->run.os.os.seed = options->config.seed;
        return 0;
    case KEY_OPTIMUM:
        options->run.os.os.optimum = true;
        options->run.os.alone = "--optimum";
        return 0;
    case ARGP_KEY_INIT:
        state->child_inputs[0] = state->child_inputs[1] = &options->run;
        state->child_inputs[2] = &options->timing;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp_child children[] = {
    {&run_options_argp, 0, NULL, 0},
    {&os_options_argp, 0, NULL, 0},
    {&timing_options_argp, 0, NULL, 0},
    {0},
};
static const struct argp parser = {
    entries,  parse, "TRACE...", "Plays traces to the model alone and counts.",
    children, NULL,  NULL};

static int run_trace(const struct sim_options *options, const char *path,
                     struct run_result *result) {
    const char *why;
    struct sim sim;
    if (!sim_init(&sim, &options->config, &why))
        return complain("sim", "%s", why);
    struct replay_target target = sim_target(&sim);
    struct play play = {
        .command = "sim", .options = &options->run, .path = path, .target = &target};
    enum replay_end end = play_file(&play, result);
    if (end != REPLAY_FAILED)
        result->mmu = *mmu_counters(sim.mmu);
    if (end == REPLAY_DONE)
        end = play_sweep(&play);
    play_end(&play);
    sim_free(&sim);
    if (end == REPLAY_FAILED)
        return EXIT_UNUSABLE;
    result->mismatches = end == REPLAY_WRONG;
    return end == REPLAY_WRONG ? EXIT_DIVERGED : EXIT_AGREED;
}

/* The trace once more, with time. */
static int run_timed(const struct sim_options *options, enum timed_mode mode, const char *path,
                     struct run_result *result) {
    const char *why;
    struct timed timed;
    if (!timed_init(&timed, mode, &options->config, options->timing.in_flight,
                    options->timing.latency, &why))
        return complain("sim", "%s", why);
    struct replay_target target = timed_target(&timed);
    struct play play = {
        .command = "sim", .options = &options->run, .path = path, .target = &target};
    struct run_result played;
    enum replay_end end = play_file(&play, &played);
    play_end(&play);
    struct timing_results timing = result->timing;
    if (end == REPLAY_DONE) {
        *result = played;
        result->mmu = *timed_counters(&timed);
        result->timing = timing;
        result->timing.has[mode] = result->has_timing = true;
        result->timing.differences += timed_differences(&timed);
        timed_figures(&timed, &result->timing.figures[mode]);
    }
    timed_free(&timed);
    return end == REPLAY_DONE ? EXIT_AGREED : EXIT_UNUSABLE;
}

static int run(const struct sim_options *options, const char *path, struct run_result *result) {
    int status = EXIT_AGREED;
    if (!timing_wanted(&options->timing))
        return run_trace(options, path, result);
    if (options->timing.run[TIMED_EXACT] && options->timing.run[TIMED_FAST] &&
        strcmp(path, "-") == 0)
        return complain("sim", "--timing both reads a trace twice, which standard input cannot");
    for (int mode = 0; mode < TIMED_MODES && status == EXIT_AGREED; mode++)
        if (options->timing.run[mode])
            status = run_timed(options, (enum timed_mode)mode, path, result);
    return status;
}

int cmd_sim(int argc, char **argv) {
    struct sim_options options = {
        .config = {.tlb = {{16, 4, POLICY_LRU}, {16, 4, POLICY_LRU}, {128, 12, POLICY_LRU}},
                   .seed = 1}};
    run_options_init(&options.run);
    timing_options_init(&options.timing, &options.config);
    parse_arguments(&parser, argc, argv, 0, &options);
    if (timing_wanted(&options.timing) && options.run.os.on)
        return complain("sim", "--timing and --os exclude each other");
    struct results results;
    results_begin(&results, "sim", NULL, options.run.json);
    int worst = EXIT_AGREED;
    for (unsigned i = 0; i < options.run.trace_count && worst != EXIT_UNUSABLE; i++) {
        struct run_result result = {0};
        int status = run(&options, options.run.traces[i], &result);
        worst = status > worst ? status : worst;
        if (status != EXIT_UNUSABLE)
            results_add(&results, &result);
        os_results_free(&result.os);
    }
    return results_end(&results, worst);
}
