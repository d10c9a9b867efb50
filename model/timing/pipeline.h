/*
 * Inside the twin: the registers of the pipeline, and what becomes known in the course of a cycle.
 * The names are those of docs/timing.md, whose steps the functions at the end perform.
 */
#ifndef TWINWALK_TIMING_PIPELINE_H
#define TWINWALK_TIMING_PIPELINE_H

#include "../mmu/tlb.h"
#include "../mmu/walk_cache.h"
#include "../mmu/walker.h"
#include "timing.h"

#define WALKS_MAX  16
#define MISSES_MAX 32
#define NO_WALK    (-1)

enum slot_state {
    SLOT_IDLE,
    SLOT_AHEAD, /* a prefetch that waits for stage A */
    SLOT_LOOKUP,
    SLOT_READ, /* wants to offer a read, or offers it */
    SLOT_READ_WAIT,
    SLOT_UPDATE,
    SLOT_UPDATE_WAIT,
    SLOT_RESTART,
    SLOT_DONE,
    SLOT_STATES,
};

/* Sets of walks: bit w stands for walk w. */
typedef uint16_t walk_set;

/* What is asked of all walks at once, so that idle ones cost nothing. */
struct walk_sets {
    walk_set in[SLOT_STATES]; /* each walk is in exactly one of them */
    walk_set linked;          /* a miss entry is linked to it */
    walk_set pending;         /* its L2 fill */
    walk_set stale;
    walk_set stored;   /* its compare-and-set */
    walk_set failed;   /* when DONE */
    walk_set prefetch; /* it is for nobody */
    walk_set next;     /* when DONE: a prefetch of the next page may follow */
};

struct walk_slot {
    struct mmu_request request; /* of the primary, or derived from it by a prefetch */
    struct mmu_control control; /* ADUE is 0 for a prefetch */
    const struct mode *mode;
    uint64_t vpn; /* va[56:12] */
    enum port port;
    struct walk walk;
    struct tlb_entry entry; /* when DONE, not failed; damaged is 0 */
    enum hit_level from;    /* where the entry came from */
    uint8_t filled;         /* bit for each port: its L1 has the entry */
    bool has_primary;       /* it is still linked: entry `primary` of port `port` */
    uint8_t primary;
};

struct miss {
    struct mmu_request request;
    struct mmu_control control;
    const struct mode *mode;
    uint64_t vpn; /* va[56:12] */
};

struct answer {
    bool valid;
    uint8_t id;
    struct mmu_response response;
};

struct request_port {
    struct tlb l1;
    uint32_t all;                /* a bit for each entry of the miss file */
    uint32_t busy;               /* likewise */
    uint32_t waiting[WALKS_MAX]; /* entries that are linked to the walk */
    unsigned misses;
    struct miss miss[MISSES_MAX];
    uint8_t queue[MISSES_MAX]; /* entries that wait to be served */
    unsigned queue_head, queue_length;
    unsigned turn, waited;
    struct answer shown; /* the response register */
};

enum stage_operation { STAGE_NONE, STAGE_LOOKUP, STAGE_FILL, STAGE_SWEEP };

struct stage_b {
    enum stage_operation operation;
    uint8_t walk;
    /* Of a lookup: page sizes that are still to be read after the one at hand, and how many more
     * cycles it takes; fewer if one of the earlier sizes matches. */
    uint8_t sizes_left, cycles_left;
};

/* A fence's reads of the L2. */
struct sweep {
    bool begun;
    unsigned left; /* reads */
};

struct timing {
    struct mmu_config config;
    bool has_l2;
    walk_set all; /* every walk */
    struct request_port port[PORTS];
    struct walk_sets sets;
    struct walk_slot slot[WALKS_MAX];
    struct tlb l2;
    uint8_t l2_sizes; /* a bit for each page size filled since the L2 was last removed whole */
    struct stage_b stage_b;
    struct sweep sweep;
    struct walk_cache walk_cache;
    enum port prefer;
    bool offered; /* a request of the page-table port stands: this walk's */
    unsigned offered_walk, ptw_turn;
    enum paging_mode last_mode; /* of the inputs, and what mode_find() says of it */
    const struct mode *mode;
    uint64_t counters[COUNTERS];
};

/* What a port does with the request that it accepts in this cycle. */
struct acceptance {
    bool accepted;
    bool at_once;    /* answered: the response register takes it */
    bool translates; /* needs translation and is canonical */
    bool clean;      /* the L1 said CLEAN */
    uint8_t entry;   /* of the miss file that takes it if it missed */
    uint64_t vpn;    /* of one that translates, as is the rest */
    uint16_t asid;
    bool write;
};

/* What is known in a cycle; `was` is the start of it. */
struct cycle {
    const struct mmu_inputs *in;
    struct mmu_outputs *out;
    struct walk_sets was;
    walk_set spent, to_prefetch, free;
    struct acceptance request[PORTS];
    int from_stage_b;            /* the walk that starts from stage B, or NO_WALK */
    int ended;                   /* has its END, or NO_WALK */
    int hit;                     /* found by its L2 lookup, or NO_WALK */
    int offered;                 /* offered at the page-table port, or NO_WALK */
    struct stage_b next;         /* what stage A puts into stage B */
    struct answer answer[PORTS]; /* what the response registers take */
};

/* Helpers (timing.c) */

static inline unsigned lowest(uint32_t set) {
    return (unsigned)__builtin_ctz(set);
}

/* The first at or after `turn`, cyclically, of a set that is not empty. */
static inline unsigned first_from(uint32_t set, unsigned turn) {
    uint32_t after = set >> turn << turn;
    return lowest(after ? after : set);
}

static inline bool holds(walk_set set, unsigned walk) {
    return set >> walk & 1;
}

static inline void put(walk_set *set, unsigned walk, bool member) {
    *set = (walk_set)((*set & ~(1u << walk)) | (unsigned)member << walk);
}

static inline void move_walk(struct timing *timing, unsigned walk, enum slot_state from,
                             enum slot_state to) {
    put(&timing->sets.in[from], walk, false);
    put(&timing->sets.in[to], walk, true);
}

/* Appends an event; its key fields are 0. */
static inline struct mmu_event *emit(struct cycle *c, enum event_kind kind) {
    struct mmu_event *event = &c->out->event[c->out->events++];
    event->kind = kind;
    event->port = PORT_I;
    event->id = 0;
    event->walk = 0;
    return event;
}

static inline struct mmu_event *emit_walk(struct cycle *c, enum event_kind kind, unsigned walk) {
    struct mmu_event *event = emit(c, kind);
    event->walk = (uint8_t)walk;
    return event;
}

static inline struct mmu_event *emit_request(struct cycle *c, enum event_kind kind, enum port port,
                                             uint8_t id) {
    struct mmu_event *event = emit(c, kind);
    event->port = port;
    event->id = id;
    return event;
}

/* answer.c */
void answer_fault(struct mmu_response *response, enum fault_reason reason, enum access_type access,
                  enum hit_level level);
/* Bare and M: the address passes through, if it fits. */
void answer_untranslated(struct mmu_response *response, const struct mmu_request *request);
/* A store that the entry permits, but whose D the hardware must set first. */
bool answer_must_set_dirty(const struct tlb_entry *entry, const struct mmu_request *request,
                           const struct mmu_control *control);
/* The checks of a cached entry; a request that must not set D first. */
void answer_from(struct mmu_response *response, const struct tlb_entry *entry,
                 const struct mmu_request *request, const struct mmu_control *control,
                 enum hit_level level);
/* Fills a TLB and says so in the event. */
void answer_fill(struct tlb *tlb, enum tlb_number number, const struct tlb_entry *entry,
                 struct mmu_event *event);

/* l2.c: steps 1, 2 and what is left of 5 */
void l2_lookup(struct timing *timing, struct cycle *c);
void l2_fill(struct timing *timing, struct cycle *c);
void l2_start_walk(struct timing *timing, struct cycle *c);
/* Whether stage A is free for the winner of step 4. */
bool l2_stage_a_free(const struct timing *timing, const struct cycle *c);
void l2_stage_a(struct timing *timing, struct cycle *c);
void l2_enter_lookup(struct timing *timing, struct cycle *c, unsigned walk);

/* page_table_port.c: steps 3 and 6 */
void page_table_answer(struct timing *timing, struct cycle *c);
void page_table_offer(struct timing *timing, struct cycle *c);

/* requests.c: step 4 */
void requests_accept(struct timing *timing, struct cycle *c);
void requests_link(struct timing *timing, struct cycle *c);
void requests_enqueue(struct request_port *port, unsigned entry);

/* returns.c: steps 7 and 8. What may return is chosen before step 4 links anything. */
struct returns {
    int entry[PORTS]; /* of the miss file, or -1 */
    unsigned walk[PORTS];
    bool was_done[PORTS]; /* some linked entry's walk was DONE at the start of the cycle */
};
void returns_choose(const struct timing *timing, const struct cycle *c, struct returns *returns);
void returns_perform(struct timing *timing, struct cycle *c, const struct returns *returns);
void returns_prefetch(struct timing *timing, struct cycle *c);

/* fence.c */
bool fence_ready(const struct timing *timing, const struct cycle *c);
/* Stage A in a cycle of fence_valid, when rule 1 does not take it. */
void fence_sweep(struct timing *timing, struct cycle *c);
void fence_happens(struct timing *timing, struct cycle *c);

#endif
