/*
 * Inside the fast mode: requests (fast_ports.c) and walks (fast_walks.c) as intervals of cycles.
 * Walks are worked out to their end when they begin, so what is known of a later cycle are
 * reservations.
 */
#ifndef TWINWALK_TIMING_FAST_INSIDE_H
#define TWINWALK_TIMING_FAST_INSIDE_H

#include "../mmu/mode.h"
#include "fast.h"

#define FAST_WALKS     16
#define FAST_MISSES    32
#define FAST_IN_FLIGHT (1u << TW_ID_W)
#define FAST_ACCESSES  12 /* of a walk: five reads, updates, and as many tries again */

/* Something that serves one a cycle: cycles taken, of the last RESERVED_CYCLES asked for. */
#define RESERVED_CYCLES 4096
struct reserved {
    uint64_t taken[RESERVED_CYCLES]; /* cycle + 1 */
};

/* The first cycle at or after `from` that is not taken; takes it. */
static inline uint64_t reserve(struct reserved *reserved, uint64_t from) {
    while (reserved->taken[from % RESERVED_CYCLES] == from + 1)
        from++;
    reserved->taken[from % RESERVED_CYCLES] = from + 1;
    return from;
}

/* A PTE access: what the software MMU did, and (of a walk) the cycle of its answer. */
struct fast_access {
    uint64_t pa;
    uint64_t answered;
    uint8_t level;
    bool update; /* a compare-and-set */
};

struct fast_path {
    unsigned accesses;
    struct fast_access access[FAST_ACCESSES];
};

/* What the software MMU found for a request that missed its L1, or for a prefetch. */
struct fast_finding {
    uint64_t va;
    bool from_l2, failed;
    enum page_size size; /* unless it failed */
    struct fast_path path;
};

/* A walk: requests for its page join it from `begun` on, as long as it is not `free`. */
struct fast_walk {
    uint64_t number; /* from 1; 0: none yet */
    uint64_t va;
    uint64_t begun, ended, free; /* cycles; ended: of its END, or of the L2 hit */
    enum page_size size;
    struct fast_path path;
};

/* One of WALKS: its latest walk, and the prefetch that this one turned into. */
struct fast_slot {
    struct fast_walk demand, ahead;
};

/* A request that missed. */
struct fast_miss {
    uint64_t va;
    uint64_t accepted, done; /* cycles; done: the first in which it can be returned */
    struct fast_walk *walk;
    uint64_t number; /* the walk's: its place may be another's by now */
    enum page_size size;
    unsigned place; /* in flight */
    bool filled;    /* the L1 has been filled for another request of the walk */
};

struct fast_port {
    unsigned misses; /* entries of the miss file */
    unsigned busy;
    struct fast_miss miss[FAST_MISSES]; /* the busy ones */
    uint64_t accepted;                  /* the cycle after the latest acceptance */
    uint64_t ready;                     /* the first cycle in which it may accept again */
    uint64_t undecided;                 /* the first cycle in which it may still return a miss */
    uint64_t linked;                    /* the cycle after the latest link */
    unsigned waited;
};

struct fast {
    struct mmu *mmu;
    struct mmu_memory memory; /* the caller's */
    struct latency *latency;
    struct mmu_job *job; /* with prefetches only, as the next */
    struct mmu_walk *walk;
    struct mmu_control control;
    const struct mode *mode;
    unsigned mode_sizes; /* a bit for each page size */
    unsigned l2_sets;    /* 0: no L2 */
    bool walk_cache, prefetch;
    struct fast_path noted; /* the accesses of the software MMU's latest walk */
    unsigned in_flight, place;
    uint64_t release[FAST_IN_FLIGHT]; /* of each place in flight: the first cycle it is free in */
    uint64_t now;                     /* the cycle in which the latest request was taken */
    struct fast_port port[PORTS];
    unsigned walks;
    struct fast_slot slot[FAST_WALKS];
    struct fast_slot *begun; /* the latest */
    uint64_t numbered;       /* walks */
    unsigned l2_sizes;       /* filled since the L2 was removed whole: a bit each */
    struct reserved stage_a, requests, answers;
    uint64_t walk_cycles_until; /* counted */
    struct timing_figures figures;
};

static inline uint64_t later(uint64_t a, uint64_t b) {
    return a > b ? a : b;
}

static inline bool same_page(uint64_t a, uint64_t b, enum page_size size) {
    return (a ^ b) >> page_shift(size) == 0;
}

/* fast_ports.c */

/* The next request in the order of the trace is in flight: at `now`, in `place`. */
void fast_take(struct fast *fast);

/* The cycle in which the port accepts the request just taken. */
uint64_t fast_accept(struct fast *fast, struct fast_port *port);

/* The request accepted is answered at once. */
void fast_hit(struct fast *fast, struct fast_port *port, uint64_t accepted);

/* The miss for the page of va whose answer would fill it into the L1; NULL: none. */
const struct fast_miss *fast_awaited(const struct fast_port *port, uint64_t va);

/* The request accepted waits for a walk. */
void fast_wait(struct fast *fast, struct fast_port *port, uint64_t accepted,
               const struct fast_finding *finding);

/* Everything that waits is returned; `now` is the cycle after the last response. */
void fast_drain(struct fast *fast);

/* fast_walks.c */

/* The walk under way that a request for va joins if it looks for one in this cycle; NULL: none. */
struct fast_walk *fast_walk_for(struct fast *fast, uint64_t va, uint64_t cycle);

/* Begins a walk for what was found, in this cycle or later. */
struct fast_walk *fast_begin_walk(struct fast *fast, const struct fast_finding *finding,
                                  uint64_t cycle);

/* The latest walk begun turns into one for the page found ahead. */
void fast_walk_ahead(struct fast *fast, const struct fast_finding *finding);

/* A request waits for the walk until it is returned in this cycle. */
static inline void fast_keep(struct fast_walk *walk, uint64_t returned) {
    walk->free = later(walk->free, returned + 1);
}

#endif
