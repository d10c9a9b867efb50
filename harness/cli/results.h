/*
 * What a run of a trace gave: as a row of a table for people, and as JSON for scripts
 * (docs/json.md).
 */
#ifndef TWINWALK_CLI_RESULTS_H
#define TWINWALK_CLI_RESULTS_H

#include "lockstep/lockstep.h"
#include "mmu/mmu.h"
#include "os/os.h"
#include "replay/replay.h"
#include "timing_results.h"

#include <jansson.h>

struct run_result {
    const char *trace;
    enum paging_mode mode;
    struct replay_counters replay;
    struct mmu_counters mmu;
    bool has_os;
    enum reclaim_policy policy;
    struct os_results os;
    uint64_t mismatches; /* divergences, wrong contents */
    bool lockstep;       /* the fields that follow */
    uint64_t cycles;
    bool timing_checked;        /* every cycle was compared with the twin */
    uint64_t counter[COUNTERS]; /* the hardware's own */
    struct lockstep_latency latency[LEVEL_WALK + 1];
    bool has_timing;
    struct timing_results timing;
};

/* The results of a command: printed as they come, and written as JSON at the end. */
struct results {
    const char *command, *json; /* json: NULL or where to */
    json_t *document;
    bool header_printed;
};

/* `config` may be NULL. */
void results_begin(struct results *results, const char *command, const char *config,
                   const char *json);
void results_add(struct results *results, const struct run_result *result);

/* Writes the JSON unless `status` is EXIT_UNUSABLE; the exit status of the command. */
int results_end(struct results *results, int status);

/* A new document with the tool's version and the command's settings. */
json_t *results_json(const char *command, const char *config);

/* Writes the whole file or none, and frees the document; false: a line has been printed. */
bool results_json_write(const char *command, json_t *document, const char *path);

#endif
