#include "os_options.h"

#include "options.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
    KEY_OS = 0x400,
    KEY_MEMORY,
    KEY_SWAP,
    KEY_POLICY,
    KEY_THP,
    KEY_SWAPPINESS,
    KEY_CLUSTER,
    KEY_FLUSH_YOUNG,
    KEY_CHECK,
    KEY_SEED
};

static const struct argp_option entries[] = {
    {"seed", KEY_SEED, "N", 0, "of --policy random (1)", 2},
    {"os", KEY_OS, NULL, 0,
     "page by an operating system's memory manager instead of on first touch, and check the "
     "contents of every reference",
     2},
    {"memory", KEY_MEMORY, "SIZE|N%", 0,
     "physical memory: bytes in all (64M), or room for N percent of the pages the trace touches "
     "(200%)",
     2},
    {"swap", KEY_SWAP, "SIZE", 0, "swap area; 0: none (twice what the trace touches)", 2},
    {"policy", KEY_POLICY, "lru|clock|random", 0, "which pages are reclaimed (lru)", 2},
    {"thp", KEY_THP, NULL, 0, "transparent huge pages wherever they fit", 2},
    {"swappiness", KEY_SWAPPINESS, "N", 0,
     "0 to 200: how readily anonymous pages go instead of file pages (60)", 2},
    {"page-cluster", KEY_CLUSTER, "N", 0,
     "2^N slots are read from swap at once, the page and its neighbours (3)", 2},
    {"flush-young", KEY_FLUSH_YOUNG, NULL, 0,
     "fence when an accessed bit is cleared, so that no TLB hides the next use (Linux does not)",
     2},
    {"check", KEY_CHECK, NULL, 0, "check all of the manager's structures after every fault: slow",
     2},
    {0},
};

/* In the order of enum reclaim_policy. */
static const char *const policies[RECLAIM_POLICIES] = {"lru", "clock", "random"};

const char *reclaim_policy_name(enum reclaim_policy policy) {
    return (unsigned)policy < RECLAIM_POLICIES ? policies[policy] : "?";
}

enum reclaim_policy parse_reclaim_policy(struct argp_state *state, const char *text) {
    for (unsigned i = 0; i < RECLAIM_POLICIES; i++)
        if (strcmp(text, policies[i]) == 0)
            return (enum reclaim_policy)i;
    option_error(state, "--policy: '%s' is none of lru, clock, random", text);
}

/* A number of bytes, with K, M, G or T behind it; up to 2^52. */
static bool parse_size(const char *text, uint64_t *bytes) {
    static const char units[] = "KMGT";
    char *stop;
    errno = 0;
    unsigned long long value = strtoull(text, &stop, 10);
    if (text[0] < '0' || text[0] > '9' || errno != 0)
        return false;
    const char *unit = *stop ? strchr(units, *stop) : NULL;
    unsigned shift = unit ? 10 * (unsigned)(unit - units + 1) : 0;
    if (*stop && (!unit || stop[1]))
        return false;
    *bytes = value << shift;
    return value <= (UINT64_C(1) << 52) >> shift;
}

static void parse_memory(struct argp_state *state, const char *text, struct os_options *os) {
    char *stop;
    size_t length = strlen(text);
    os->percent = length > 0 && text[length - 1] == '%';
    if (os->percent) {
        errno = 0;
        unsigned long long value = strtoull(text, &stop, 10);
        os->memory = value;
        if (text[0] < '0' || text[0] > '9' || stop[0] != '%' || stop[1] || errno != 0 ||
            value < 1 || value > 10000)
            option_error(state, "--memory: '%s' is no share from 1%% to 10000%%", text);
    } else if (!parse_size(text, &os->memory) || os->memory == 0) {
        option_error(state, "--memory: '%s' is neither a size (64M) nor a share (66%%)", text);
    }
}

/* After all options, since they may come in any order. */
static void check_together(struct argp_state *state, struct run_options *run) {
    struct os_run_options *options = &run->os;
    if (!options->on) {
        if (options->alone)
            option_error(state, "%s needs --os", options->alone);
        return;
    }
    if (run->rights_given)
        option_error(state, "--rights is the first-touch pager's: not with --os");
    if (options->thp && run->page_given)
        option_error(state, "--thp and --page exclude each other");
    if (run->replay.mode == MODE_BARE)
        option_error(state, "--os needs a mode that translates");
    options->os.page = run->replay.page;
    options->os.adue = run->replay.adue;
    for (unsigned i = 0; i < run->trace_count; i++)
        if (strcmp(run->traces[i], "-") == 0)
            option_error(state, "--os reads the trace twice: standard input cannot be");
}

static error_t parse(int key, char *text, struct argp_state *state) {
    struct run_options *run = state->input;
    struct os_run_options *options = &run->os;
    struct os_options *os = &options->os;
    switch (key) {
    case KEY_OS:
        options->on = true;
        return 0;
    case KEY_MEMORY:
        parse_memory(state, text, os);
        options->alone = "--memory";
        return 0;
    case KEY_SWAP:
        if (!parse_size(text, &os->swap))
            option_error(state, "--swap: '%s' is no size (64M)", text);
        os->swap_given = true;
        options->alone = "--swap";
        return 0;
    case KEY_POLICY:
        os->policy = parse_reclaim_policy(state, text);
        options->alone = "--policy";
        return 0;
    case KEY_THP:
        options->thp = true;
        options->alone = "--thp";
        return 0;
    case KEY_SWAPPINESS:
        os->swappiness = (unsigned)parse_count_option(state, "--swappiness", text, 200);
        options->alone = "--swappiness";
        return 0;
    case KEY_CLUSTER:
        os->page_cluster = (unsigned)parse_count_option(state, "--page-cluster", text, 6);
        options->alone = "--page-cluster";
        return 0;
    case KEY_FLUSH_YOUNG:
        os->flush_young = true;
        options->alone = "--flush-young";
        return 0;
    case KEY_CHECK:
        os->check = true;
        options->alone = "--check";
        return 0;
    case KEY_SEED:
        os->seed = parse_count_option(state, "--seed", text, UINT64_MAX);
        options->alone = "--seed";
        return 0;
    case ARGP_KEY_END:
        check_together(state, run);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

void os_run_options_init(struct os_run_options *options) {
    *options = (struct os_run_options){.os = {.seed = 1, .swappiness = 60, .page_cluster = 3}};
}

const struct argp os_options_argp = {entries + 1, parse, NULL, NULL, NULL, NULL, NULL};
const struct argp os_seed_options_argp = {entries, parse, NULL, NULL, NULL, NULL, NULL};
