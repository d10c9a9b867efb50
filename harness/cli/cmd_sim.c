#include "commands.h"
#include "options.h"
#include "play.h"
#include "results.h"
#include "study/sim.h"

#include <stdlib.h>
#include <string.h>

struct sim_options {
    struct run_options run;
    struct mmu_config config;
};

enum { KEY_ITLB = 'i', KEY_DTLB = 'd', KEY_L2TLB = '2', KEY_SEED = 's' };

static const struct argp_option entries[] = {
    {"itlb", KEY_ITLB, "SETSxWAYS[:POLICY]", 0,
     "L1 TLB for fetches (16x4:lru); policies lru, plru, fifo, random", 0},
    {"dtlb", KEY_DTLB, "SETSxWAYS[:POLICY]", 0, "L1 TLB for data (16x4:lru)", 0},
    {"l2tlb", KEY_L2TLB, "SETSxWAYS[:POLICY]", 0, "shared second level (128x12:lru); 0x0: none", 0},
    {"seed", KEY_SEED, "N", 0, "of random replacement, 14 bits (1)", 0},
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
    case KEY_SEED:
        options->config.seed = (uint16_t)parse_count_option(state, "--seed", text, 0x3fff);
        return 0;
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &options->run;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp_child children[] = {{&run_options_argp, 0, NULL, 0}, {0}};
static const struct argp parser = {
    entries,  parse, "TRACE...", "Plays traces to the model alone and counts.",
    children, NULL,  NULL};

/* false: a line has been printed. */
static bool run_trace(const struct sim_options *options, const char *path,
                      struct run_result *result) {
    const char *why;
    struct sim sim;
    if (!sim_init(&sim, &options->config, &why))
        return complain("sim", "%s", why), false;
    struct replay_target target = sim_target(&sim);
    bool played = play_file("sim", &options->run, path, &target, result) == REPLAY_DONE;
    if (played)
        result->mmu = *mmu_counters(sim.mmu);
    sim_free(&sim);
    return played;
}

int cmd_sim(int argc, char **argv) {
    struct sim_options options = {
        .config = {{{16, 4, POLICY_LRU}, {16, 4, POLICY_LRU}, {128, 12, POLICY_LRU}}, 1}};
    run_options_init(&options.run);
    parse_arguments(&parser, argc, argv, 0, &options);
    struct results results;
    results_begin(&results, "sim", NULL, options.run.json);
    for (unsigned i = 0; i < options.run.trace_count; i++) {
        struct run_result result;
        if (!run_trace(&options, options.run.traces[i], &result))
            return results_end(&results, EXIT_UNUSABLE);
        results_add(&results, &result);
    }
    return results_end(&results, EXIT_AGREED);
}
