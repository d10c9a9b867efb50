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
    bool one_episode, require_all;
    const char *divergence_dir;
};

enum {
    KEY_CONFIG = 'c',
    KEY_SEED = 's',
    KEY_COUNT = 'n',
    KEY_EPISODE = 'e',
    KEY_OUT = 0x200,
    KEY_ALL
};

static const struct argp_option entries[] = {
    {"config", KEY_CONFIG, "NAME", 0, "hardware: small (default), default, server, …", 0},
    {"seed", KEY_SEED, "N", 0, "of everything random (1)", 0},
    {"count", KEY_COUNT, "N", 0, "accesses, in episodes of 20,000 (1,000,000)", 0},
    {"episode", KEY_EPISODE, "N", 0, "play only this episode, of 20,000 accesses or fewer", 0},
    {"require-all", KEY_ALL, NULL, 0, "fail if some fault, page size or race was never met", 0},
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

static void print_coverage(const struct stress_coverage *coverage) {
    printf("%" PRIu64 " accesses in %" PRIu64 " cycles: %" PRIu64 " from L1, %" PRIu64
           " from L2, %" PRIu64 " from walks\n",
           coverage->accesses, coverage->cycles, coverage->answers_from[LEVEL_L1],
           coverage->answers_from[LEVEL_L2], coverage->answers_from[LEVEL_WALK]);
    printf("%" PRIu64 " fences, %" PRIu64 " of them during a walk; %" PRIu64
           " walks started over; %" PRIu64 " evictions\n",
           coverage->fences, coverage->fences_in_walk, coverage->restarts, coverage->evictions);
    printf("%" PRIu64 " A/D updates, %" PRIu64 " lost; %" PRIu64
           " stores hit a clean entry; %" PRIu64 " memory and %" PRIu64 " register changes\n",
           coverage->updates, coverage->lost_updates, coverage->clean_hits,
           coverage->memory_changes, coverage->control_changes);
    for (int size = 0; size < PAGE_SIZES; size++)
        printf("%s%s %" PRIu64, size ? ", " : "pages: ", page_size_name((enum page_size)size),
               coverage->page_sizes[size]);
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
           " --count %" PRIu64 "\n",
           command->config, command->seed, episode->episode, episode->accesses);
}

int cmd_stress(int argc, char **argv) {
    struct stress_command command = {
        .config = "small", .seed = 1, .count = 1000000, .divergence_dir = "."};
    parse_arguments(&parser, argc, argv, 0, &command);
    struct stress_coverage coverage = {0};
    struct stress_options episode = {.config = command.config,
                                     .seed = command.seed,
                                     .episode = command.episode,
                                     .accesses = EPISODE_LENGTH};
    do {
        uint64_t left = command.count - coverage.accesses;
        if (left < EPISODE_LENGTH)
            episode.accesses = left;
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
    } while (!command.one_episode && coverage.accesses < command.count);
    print_coverage(&coverage);
    const char *missing = stress_not_met(&coverage);
    if (command.require_all && missing) {
        printf("never met: %s\n", missing);
        return EXIT_DIVERGED;
    }
    printf("0 mismatches at levels 1 to 3\n");
    return EXIT_AGREED;
}
