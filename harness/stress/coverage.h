/*
 * What a soak has met, so that one that stopped meeting something is seen.
 */
#ifndef TWINWALK_STRESS_COVERAGE_H
#define TWINWALK_STRESS_COVERAGE_H

#include "lockstep/lockstep.h"

#define STRESS_READS  5
#define STRESS_LEVELS 5

struct stress_coverage {
    uint64_t accesses, cycles;
    uint64_t answers[FAULT_REASONS];       /* by fault reason */
    uint64_t answers_from[LEVEL_WALK + 1]; /* by hit level */
    uint64_t page_sizes[PAGE_SIZES];
    uint64_t modes[MODE_SV57 + 1];
    uint64_t memory_changes, control_changes;
    /* fences */
    uint64_t fences, fences_held; /* held: not acknowledged in the first cycle */
    uint64_t fence_forms[2][2];   /* with an address, with an ASID */
    uint64_t fences_in_walk, restarts;
    /* In a walk that had read so many PTEs (the last: or more), waiting for another or not. */
    uint64_t fences_after[STRESS_READS][2];
    /* walks */
    uint64_t updates, lost_updates, clean_hits, evictions;
    uint64_t read_errors[STRESS_LEVELS]; /* refused PTE reads, by level */
    uint64_t walk_cache_hits, prefetches, prefetch_merges;
    uint64_t injected;   /* L2 entries written with wrong parity */
    unsigned most_walks; /* under way at the same time */
    /* requests */
    uint64_t merges, merges_of_other_port;
    uint64_t failed_replays, clean_replays; /* of a walk that failed; of a store that must set D */
    uint64_t hits_under_miss, back_pressure;
    uint64_t held_for_returns; /* cycles not ready so that others can be answered */
    unsigned most_requests;    /* outstanding on a port */
    struct lockstep_waits waits;
};

/* What the events of one episode say; a request's by port and id, a walk's by number. */
struct stress_watch {
    const struct mmu_config *config;
    struct stress_coverage *coverage;
    struct {
        bool missed;
        uint8_t walk; /* that it waits for */
    } request[PORTS][1 << TW_ID_W];
    unsigned missed[PORTS]; /* entries of the miss file that are in use */
    struct {
        bool begun, walking; /* walking: between START and END */
        bool failed, prefetch;
        enum port port; /* of its primary */
        unsigned reads; /* since it started */
    } walk[1 << TW_PTW_ID_W];
    bool injecting;
};

void stress_watch_event(struct stress_watch *watch, const struct mmu_event *event);

/* After each cycle. */
void stress_watch_cycle(struct stress_watch *watch, const struct lockstep *both,
                        const struct lockstep_offer *offer);

/* At the end of an episode. */
void stress_watch_end(struct stress_watch *watch, const struct lockstep *both);

/*
 * Something that a long soak of this hardware must meet and this one did not: its name, NULL if it
 * met all.
 */
const char *stress_not_met(const struct stress_coverage *coverage, const struct mmu_config *config);

#endif
