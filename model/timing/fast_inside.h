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
#define FAST_ONE       256u /* of the means of what has been of late */
#define FAST_SPAN      64u  /* cycles in which acceptances are counted */
#define FAST_ACCESSES  12   /* of a walk: five reads, updates, and as many tries again */

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
    uint64_t in_l2;      /* the cycle from which the L2 has it in any case */
    enum page_size size; /* unless it failed */
    struct fast_path path;
};

/* A request that has been taken from the trace. */
struct fast_request {
    uint64_t taken; /* cycle */
    uint64_t va;
    enum hit_level level;             /* where the software MMU found the answer */
    bool goes_ahead;                  /* its walk turns into a prefetch afterwards */
    struct fast_finding found, ahead; /* with LEVEL_L2 and WALK; with goes_ahead */
};

/* A walk: requests for its page join it from `begun` on, as long as it is not `free`. */
struct fast_walk {
    uint64_t number; /* from 1; 0: none yet */
    uint64_t va;
    uint64_t begun, ended; /* cycles; ended: of its END, or of the L2 hit */
    uint64_t over;         /* the first cycle in which it has nothing more to do */
    uint64_t free;         /* nor has anybody who waits for it: a guess as long as somebody does */
    enum page_size size;
    bool filled[PORTS]; /* into the L1s */
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
    bool primary;            /* in that cycle only if no other entry is to be returned */
    struct fast_walk *walk;
    uint64_t number; /* the walk's: its place may be another's by now */
    enum page_size size;
};

/* Requests in flight that are answered: the first cycle in which another may be in the place of
 * each, in ascending order. */
struct fast_leaving {
    uint64_t free[FAST_IN_FLIGHT];
    unsigned first, count;
};

struct fast_port {
    unsigned misses;    /* entries of the miss file */
    uint32_t all, busy; /* a bit for each */
    struct fast_miss miss[FAST_MISSES];
    uint64_t earliest;                           /* `done` of the busy ones, the least */
    struct fast_request request[FAST_IN_FLIGHT]; /* taken and not accepted, in order */
    unsigned first, waiting;
    uint64_t head; /* when the first is accepted, as soon as that is known; else 0 */
    struct fast_leaving hits, returns; /* their requests */
    unsigned turn;                     /* the entry to look at first for a return */
    uint64_t accepted;                 /* the cycle after the latest acceptance, … */
    uint64_t since;                    /* … and the first of the cycles before it with one each */
    uint64_t ready;                    /* the first cycle in which it may accept again */
    uint64_t undecided;                /* the first cycle in which it may still return a miss */
    uint64_t linked;                   /* the cycle after the latest link */
    unsigned waited;
    unsigned delay;                   /* of the returns of late, in cycles / FAST_ONE */
    unsigned chance;                  /* of losing stage A, added up, likewise */
    uint64_t span;                    /* the FAST_SPAN cycles of the latest acceptance, by number */
    unsigned accepts, accepts_before; /* in it, and in the one before */
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
    struct fast_path noted;     /* the accesses of the software MMU's latest walk */
    unsigned in_flight, flying; /* requests: at most, and now */
    uint64_t now;               /* the cycle in which the latest request was taken */
    struct fast_port port[PORTS];
    enum port prefer; /* wins a tie for stage A */
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

/* fast.c */

/* Accepts the first request that waits at the port, and works out when it is answered. */
void fast_serve(struct fast *fast, struct fast_port *port);

/* fast_flight.c */

/*
 * The next request in the order of the trace, taken in cycle `now` or, if all places in flight are
 * in use, when one is free again; to be filled in and then served by fast_serve_due(), which serves
 * everything that is accepted by now, so that what ports accept is worked out in the order of time.
 */
struct fast_request *fast_take(struct fast *fast, struct fast_port *port);
void fast_serve_due(struct fast *fast);

/* Serves the one of those waiting at the ports that is accepted first; there is one. */
void fast_serve_first(struct fast *fast);

/* A request in flight was answered in this cycle. */
void fast_leave(struct fast_leaving *leaving, uint64_t answered);

/* Places for requests that are free in this cycle, as far as is decided. */
unsigned fast_places(const struct fast *fast, uint64_t cycle);

/* Serves what waits at the ports; returns everything; `now` is the cycle after the last response.
 */
void fast_drain(struct fast *fast);

/* fast_ports.c */

/* When the port accepts the first request that waits at it. */
uint64_t fast_head(struct fast *fast, struct fast_port *port);

/* That cycle, in which it no longer waits. */
uint64_t fast_accept(struct fast *fast, struct fast_port *port);

/* The first cycle in which the port can return a miss, if it answers nothing else. */
static inline uint64_t fast_may_return(const struct fast_port *port) {
    return later(port->earliest, port->undecided);
}

/* Returns what can be in the cycles before this one, in which nothing else is answered. */
void fast_return_before(struct fast *fast, struct fast_port *port, uint64_t cycle);

/* The request accepted is answered at once. */
void fast_hit(struct fast_port *port, uint64_t accepted);

/* The walk that is to fill the page of va into this port's L1; NULL: none. */
const struct fast_walk *fast_awaited(const struct fast *fast, const struct fast_port *port,
                                     uint64_t va);

/* The request accepted waits for a walk. */
void fast_wait(struct fast *fast, struct fast_port *port, uint64_t accepted,
               const struct fast_finding *finding);

/* fast_walks.c */

/* The walk under way that a request for va joins if it looks for one in this cycle; NULL: none. */
struct fast_walk *fast_walk_for(struct fast *fast, uint64_t va, uint64_t cycle);

/* The walk that is to fill a page of this size with va in it into the L2, and had not by this
 * cycle; NULL: none. */
const struct fast_walk *fast_walk_into(const struct fast *fast, uint64_t va, enum page_size size,
                                       uint64_t cycle);

/* Begins a walk for what was found, in this cycle or later. */
struct fast_walk *fast_begin_walk(struct fast *fast, const struct fast_finding *finding,
                                  uint64_t cycle);

/* The latest walk begun turns into one for the page found ahead. */
void fast_walk_ahead(struct fast *fast, const struct fast_finding *finding);

#endif
