/*
 * The options by which a command has an operating system page for its traces (--os), as an argp
 * child that several commands take. The input is their struct run_options, whose `replay` has been
 * parsed by run_options_argp.
 */
#ifndef TWINWALK_CLI_OS_OPTIONS_H
#define TWINWALK_CLI_OS_OPTIONS_H

#include "os/boot.h"

#include <argp.h>

struct os_run_options {
    bool on;           /* --os */
    const char *alone; /* an option that means nothing without --os; NULL: none was given */
    bool thp;          /* --thp: huge pages of whatever size the mode has at level 1 */
    struct os_options os;
};

void os_run_options_init(struct os_run_options *options);

/* --os, --memory, --swap, --policy, --thp, --swappiness, --page-cluster, --check. */
extern const struct argp os_options_argp;
/* Besides these --seed, for commands that have none of their own. */
extern const struct argp os_seed_options_argp;

/* "lru", "clock" or "random"; option_error() otherwise. */
enum reclaim_policy parse_reclaim_policy(struct argp_state *state, const char *text);
const char *reclaim_policy_name(enum reclaim_policy policy);

#endif
