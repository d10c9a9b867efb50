#include "commands.h"
#include "lockstep/report.h"
#include "options.h"
#include "stress/stress.h"
#include "waves/dump.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define EPISODE_LENGTH 20000
#define WAVES_BEFORE   400

struct stress_command {
    const char *config;
    uint64_t seed, count, episode;
    uint64_t cycles; /* 0: as many as `count` accesses take */
    bool one_episode, require_all, no_timing_check;
    const char *divergence_dir;
};

enum {
    KEY_CONFIG = 'c',
    KEY_SEED = 's',
    KEY_COUNT = 'n',
    KEY_EPISODE = 'e',
    KEY_OUT = 0x200,
    KEY_ALL,
    KEY_CYCLES,
    KEY_NO_TIMING
};

static const struct argp_option entries[] = {
    {"config", KEY_CONFIG, "NAME", 0, "hardware: small (default), default, server, …", 0},
    {"seed", KEY_SEED, "N", 0, "of everything random (1)", 0},
    {"count", KEY_COUNT, "N", 0, "accesses, in episodes of 20,000 (1,000,000)", 0},
    {"cycles", KEY_CYCLES, "N", 0, "as many episodes as it takes for N clock cycles", 0},
    {"episode", KEY_EPISODE, "N", 0, "play only this episode, of 20,000 accesses or fewer", 0},
    {"require-all", KEY_ALL, NULL, 0,
     "fail if some fault, page size, race or anything else that this hardware can do was never met",
     0},
    {"no-timing-check", KEY_NO_TIMING, NULL, 0,
     "do not compare every cycle with the cycle-exact twin (level 4)", 0},
    {"divergence-dir", KEY_OUT, "DIR", 0, "where the waves of a divergence go (.)", 0},
    {0},
};

static error_t parse(int key, char *text, struct argp_state *state) {
    struct stress_command *command = state->input;
    switch (key) {
    case KEY_CONFIG:
        if (!rtl_mmu_config(text))
            option_error(state, "--config: no hardware configuration '%s'", text);
        command->config = text;
        return 0;
    case KEY_SEED:
        command->seed = parse_count_option(state, "--seed", text, UINT64_MAX);
        return 0;
    case KEY_COUNT:
        command->count = parse_count_option(state, "--count", text, UINT64_MAX / 2);
        return 0;
    case KEY_EPISODE:
        command->episode = parse_count_option(state, "--episode", text, UINT64_MAX / 2);
        command->one_episode = true;
        return 0;
    case KEY_ALL:
        command->require_all = true;
        return 0;
    case KEY_CYCLES:
        command->cycles = parse_count_option(state, "--cycles", text, UINT64_MAX / 2);
        if (command->cycles == 0)
            option_error(state, "--cycles: 0 cycles are none");
        return 0;
    case KEY_NO_TIMING:
        command->no_timing_check = true;
        return 0;
    case KEY_OUT:
        command->divergence_dir = text;
        return 0;
    case ARGP_KEY_ARG:
        option_error(state, "takes no arguments");
        return EINVAL;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp parser = {
    entries,
    parse,
    NULL,
    "Random adversarial tables, accesses, fences, register and memory changes at any cycle, random "
    "latencies, back-pressure and bus errors, in lockstep.",
    NULL,
    NULL,
    NULL};

static void print_counts(const struct stress_coverage *coverage) {
    printf("%" PRIu64 " accesses in %" PRIu64 " cycles: %" PRIu64 " from L1, %" PRIu64
           " from L2, %" PRIu64 " from walks; %" PRIu64 " evictions\n",
           coverage->accesses, coverage->cycles, coverage->answers_from[LEVEL_L1],
           coverage->answers_from[LEVEL_L2], coverage->answers_from[LEVEL_WALK],
           coverage->evictions);
    printf("fences: %" PRIu64 ", %" PRIu64 " waited; %" PRIu64 " met a walk, %" PRIu64
           " walks started over\n",
           coverage->fences, coverage->fences_held, coverage->fences_in_walk, coverage->restarts);
    printf("walks: %u at once, %" PRIu64 " begun below the root; %" PRIu64 " prefetches, %" PRIu64
           " merged with; %" PRIu64 " entries of wrong parity\n",
           coverage->most_walks, coverage->walk_cache_hits, coverage->prefetches,
           coverage->prefetch_merges, coverage->injected);
    printf("A/D updates: %" PRIu64 ", %" PRIu64 " lost; %" PRIu64
           " stores hit a clean entry; changes: %" PRIu64 " of memory, %" PRIu64 " of registers\n",
           coverage->updates, coverage->lost_updates, coverage->clean_hits,
           coverage->memory_changes, coverage->control_changes);
}

static void print_requests(const struct stress_coverage *coverage) {
    printf("requests: %u at once on a port; %" PRIu64 " merged, %" PRIu64
           " of them with the other port's; replayed: %" PRIu64 " after a failed walk, %" PRIu64
           " stores; %" PRIu64 " hits under a miss\n",
           coverage->most_requests, coverage->merges, coverage->merges_of_other_port,
           coverage->failed_replays, coverage->clean_replays, coverage->hits_under_miss);
    printf("not ready: %" PRIu64 " cycles, %" PRIu64 " of them so that others are answered\n",
           coverage->back_pressure, coverage->held_for_returns);
    printf("longest wait, cycles: for acceptance I %" PRIu64 ", D %" PRIu64
           "; for the answer I %" PRIu64 ", D %" PRIu64 "\n",
           coverage->waits.offered[PORT_I], coverage->waits.offered[PORT_D],
           coverage->waits.accepted[PORT_I], coverage->waits.accepted[PORT_D]);
}

static void print_coverage(const struct stress_coverage *coverage) {
    print_counts(coverage);
    print_requests(coverage);
    for (int size = 0; size < PAGE_SIZES; size++)
        printf("%s%s %" PRIu64, size ? ", " : "pages: ", page_size_name((enum page_size)size),
               coverage->page_sizes[size]);
    for (int level = 0; level < STRESS_LEVELS; level++)
        printf("%s%" PRIu64,
               level ? ", " : "; reads refused at level 0, 1, …: ", coverage->read_errors[level]);
    printf("\n");
    for (int reason = 0; reason < FAULT_REASONS; reason++)
        printf("  %-16s %10" PRIu64 "\n", fault_name((enum fault_reason)reason),
               coverage->answers[reason]);
}

/* Reports, and plays the episode again with waves of the cycles before. */
static void explain(const struct stress_command *command, struct stress_options *episode,
                    const struct lockstep *both) {
    char name[64], waves[4096];
    snprintf(name, sizeof name, "seed %" PRIu64 " episode %" PRIu64, command->seed,
             episode->episode);
    report_divergence(stdout, both, name);
    snprintf(waves, sizeof waves, "%s/divergence.fst", command->divergence_dir);
    uint64_t cycle = lockstep_divergence(both)->cycle;
    struct waves dump;
    episode->waves = waves;
    episode->dump = &dump;
    episode->waves_first = cycle > WAVES_BEFORE ? cycle - WAVES_BEFORE : 0;
    const char *why;
    struct stress_coverage again = {0};
    rtl_mmu_mute(true); /* assertions have spoken once */
    struct lockstep *replayed = stress_episode(episode, &again, &why);
    rtl_mmu_mute(false);
    if (replayed && waves_finish(&dump, replayed, &why))
        printf("  waves:     %s\n", waves);
    else
        complain("stress", "%s: %s", waves, why);
    lockstep_destroy(replayed);
    printf("  again:     twinwalk stress --config %s --seed %" PRIu64 " --episode %" PRIu64
           " --count %" PRIu64 "%s\n",
           command->config, command->seed, episode->episode, episode->accesses,
           command->no_timing_check ? " --no-timing-check" : "");
}

/* How long the next episode is; 0: enough has been played. */
static uint64_t next_accesses(const struct stress_command *command,
                              const struct stress_coverage *coverage) {
    uint64_t left = coverage->accesses < command->count ? command->count - coverage->accesses : 0;
    if (command->cycles)
        left = coverage->cycles < command->cycles ? EPISODE_LENGTH : 0;
    return left < EPISODE_LENGTH ? left : EPISODE_LENGTH;
}

static int report_coverage(const struct stress_command *command,
                           const struct stress_coverage *coverage) {
    print_coverage(coverage);
    const char *missing = stress_not_met(coverage, rtl_mmu_config(command->config));
    if (command->require_all && missing) {
        printf("never met: %s\n", missing);
        return EXIT_DIVERGED;
    }
    printf("0 mismatches at levels 1 to %d\n", command->no_timing_check ? 3 : 4);
    return EXIT_AGREED;
}

int cmd_stress(int argc, char **argv) {
    struct stress_command command = {
        .config = "small", .seed = 1, .count = 1000000, .divergence_dir = "."};
    parse_arguments(&parser, argc, argv, 0, &command);
    struct stress_coverage coverage = {0};
    struct stress_options episode = {.config = command.config,
                                     .seed = command.seed,
                                     .episode = command.episode,
                                     .no_timing_check = command.no_timing_check};
    do {
        episode.accesses = next_accesses(&command, &coverage);
        const char *why;
        struct lockstep *both = stress_episode(&episode, &coverage, &why);
        if (!both)
            return complain("stress", "%s", why);
        bool diverged = lockstep_divergence(both) != NULL;
        if (diverged)
            explain(&command, &episode, both);
        lockstep_destroy(both);
        if (diverged)
            return EXIT_DIVERGED;
        episode.episode++;
        if (isatty(STDERR_FILENO))
            fprintf(stderr, "\r%12" PRIu64 " accesses\r", coverage.accesses);
    } while (!command.one_episode && next_accesses(&command, &coverage) > 0);
    return report_coverage(&command, &coverage);
}
