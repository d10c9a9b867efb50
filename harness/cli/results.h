/*
 * What a run of a trace gave: as a row of a table for people, and as JSON for scripts
 * (docs/json.md).
 */
#ifndef TWINWALK_CLI_RESULTS_H
#define TWINWALK_CLI_RESULTS_H

#include "lockstep/lockstep.h"
#include "mmu/mmu.h"
#include "replay/replay.h"

#include <jansson.h>

struct run_result {
    const char *trace;
    enum paging_mode mode;
    struct replay_counters replay;
    struct mmu_counters mmu;
    bool lockstep; /* the fields that follow */
    uint64_t cycles;
    uint64_t mismatches;
    struct lockstep_latency latency[LEVEL_WALK + 1];
};

void results_print_header(bool lockstep);
void results_print_row(const struct run_result *result);

/* A new document with the tool's version and the command's settings; results are then added. */
json_t *results_json(const char *command, const char *config);
bool results_json_add(json_t *document, const struct run_result *result);

/* Writes beside the file, then renames; false: errno says why. Frees the document. */
bool results_json_write(json_t *document, const char *path);

#endif
