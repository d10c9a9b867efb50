/*
 * The scenarios of `twinwalk mm`: each runs a mechanism on both walkers, explains it while it
 * happens, and checks what it claims.
 */
#ifndef TWINWALK_MM_SCENARIOS_H
#define TWINWALK_MM_SCENARIOS_H

#include "stage.h"

struct scenario_options {
    enum paging_mode mode;
    bool adue;
    enum reclaim_policy policy; /* of `swap` */
    const char *data; /* directory for the series of numbers behind pictures; NULL: none */
};

struct scenario {
    const char *name, *does;
    /* Plays; true: all checks held. *why: it could not run at all. */
    bool (*play)(const struct scenario_options *options, FILE *out, const char **why);
    bool needs_sv32; /* runs in Sv32, whatever --mode says */
};

/* Ends with one whose name is NULL. */
extern const struct scenario scenarios[];

bool scenario_buddy(const struct scenario_options *options, FILE *out, const char **why);
bool scenario_slub(const struct scenario_options *options, FILE *out, const char **why);
bool scenario_spaces(const struct scenario_options *options, FILE *out, const char **why);
bool scenario_layout(const struct scenario_options *options, FILE *out, const char **why);
bool scenario_tables(const struct scenario_options *options, FILE *out, const char **why);
bool scenario_fault(const struct scenario_options *options, FILE *out, const char **why);
bool scenario_fork(const struct scenario_options *options, FILE *out, const char **why);
bool scenario_huge(const struct scenario_options *options, FILE *out, const char **why);
bool scenario_swap(const struct scenario_options *options, FILE *out, const char **why);
bool scenario_oom(const struct scenario_options *options, FILE *out, const char **why);
bool scenario_mmap(const struct scenario_options *options, FILE *out, const char **why);

#endif
