#include "timing_options.h"

#include "options.h"

#include <string.h>

enum {
    KEY_TIMING = 0x600,
    KEY_WALKS,
    KEY_MISSES,
    KEY_PREFETCH,
    KEY_LATENCY,
    KEY_IN_FLIGHT,
};

enum { WALKS = 16, MISSES = 32 };

static const struct argp_option entries[] = {
    {"timing", KEY_TIMING, "exact|fast|both", 0,
     "how long it takes: every cycle of the hardware, an estimate, or that one's error", 3},
    {"walks", KEY_WALKS, "N", 0, "walks in flight, 1 to 16 (8)", 3},
    {"misses", KEY_MISSES, "I,D", 0, "entries of the ports' miss files, 1 to 32 each (4,16)", 3},
    {"prefetch", KEY_PREFETCH, NULL, 0, "walk ahead for the next page, into the L2", 3},
    {"latency", KEY_LATENCY, "N|MIN:MAX:SEED|cache:SIZE/WAYS/LINE/HIT,…,MEMORY", 0,
     "cycles that a PTE read takes: as many, drawn evenly, or as caches have it (10)", 3},
    {"in-flight", KEY_IN_FLIGHT, "N", 0,
     "requests that may overlap, on both ports together, 1 to 32 (16)", 3},
    {0},
};

static void parse_mode(struct argp_state *state, const char *text, struct timing_options *options) {
    bool both = strcmp(text, "both") == 0;
    options->run[TIMED_EXACT] = both || strcmp(text, "exact") == 0;
    options->run[TIMED_FAST] = both || strcmp(text, "fast") == 0;
    if (!timing_wanted(options))
        option_error(state, "--timing: '%s' is none of exact, fast, both", text);
}

/* A number from 1 to `max`. */
static unsigned parse_some(struct argp_state *state, const char *option, const char *text,
                           unsigned max) {
    unsigned value = (unsigned)parse_count_option(state, option, text, max);
    if (value == 0)
        option_error(state, "%s: '%s' is not a number from 1 to %u", option, text, max);
    return value;
}

static void parse_misses(struct argp_state *state, char *text, struct mmu_config *config) {
    char *comma = strchr(text, ',');
    if (!comma)
        option_error(state, "--misses: '%s' is not I,D", text);
    *comma = '\0';
    config->misses[PORT_I] = parse_some(state, "--misses", text, MISSES);
    config->misses[PORT_D] = parse_some(state, "--misses", comma + 1, MISSES);
}

static void parse_latency(struct argp_state *state, const char *text,
                          struct timing_options *options) {
    const char *why;
    struct latency *latency = latency_create(text, &why);
    if (!latency)
        option_error(state, "--latency: '%s': %s", text, why);
    latency_destroy(latency);
    options->latency = text;
}

static error_t parse(int key, char *text, struct argp_state *state) {
    struct timing_options *options = state->input;
    switch (key) {
    case KEY_TIMING:
        parse_mode(state, text, options);
        return 0;
    case KEY_WALKS:
        options->config->walks = parse_some(state, "--walks", text, WALKS);
        options->alone = "--walks";
        return 0;
    case KEY_MISSES:
        parse_misses(state, text, options->config);
        options->alone = "--misses";
        return 0;
    case KEY_PREFETCH:
        options->config->prefetch = true;
        options->alone = "--prefetch";
        return 0;
    case KEY_LATENCY:
        parse_latency(state, text, options);
        options->alone = "--latency";
        return 0;
    case KEY_IN_FLIGHT:
        options->in_flight = parse_some(state, "--in-flight", text, IN_FLIGHT_MAX);
        options->alone = "--in-flight";
        return 0;
    case ARGP_KEY_END:
        if (options->alone && !timing_wanted(options))
            option_error(state, "%s needs --timing", options->alone);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

const struct argp timing_options_argp = {entries, parse, NULL, NULL, NULL, NULL, NULL};

void timing_options_init(struct timing_options *options, struct mmu_config *config) {
    *options = (struct timing_options){.in_flight = 16, .latency = "10", .config = config};
    config->walks = 8;
    config->misses[PORT_I] = 4;
    config->misses[PORT_D] = 16;
}

bool timing_wanted(const struct timing_options *options) {
    return options->run[TIMED_EXACT] || options->run[TIMED_FAST];
}
