/*
 * What a timed run of a trace comes to, whether the twin was stepped through every cycle (timing.h)
 * or the time was estimated (fast.h).
 */
#ifndef TWINWALK_TIMING_FIGURES_H
#define TWINWALK_TIMING_FIGURES_H

#include "../types.h"

struct timing_figures {
    uint64_t cycles;
    uint64_t translations; /* requests answered; each half of one that crosses pages, each try */
    /* Requests that missed their L1: served by the L2, by a walk of their own or one they joined.
     */
    uint64_t misses;
    uint64_t miss_cycles, miss_cycles_max; /* from acceptance to response: the sum, the longest */
    uint64_t walks;                        /* for requests; restarts and prefetches not counted */
    uint64_t pte_reads;                    /* prefetches' too, and so the next */
    uint64_t walk_cache_hits;              /* starts below the root */
    uint64_t merges;                       /* misses that joined a walk under way */
    uint64_t prefetches;
    uint64_t stalls[PORTS]; /* cycles in which a request was offered and not accepted */
    uint64_t walk_cycles;   /* cycles at whose start some walk was reading or updating PTEs */
};

#endif
