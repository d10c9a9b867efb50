/*
 * Both MMUs side by side. Each has its own memory image; whenever the hardware's probe shows a step
 * of a request or of a walk, the model's translation of the same port and id, or the model's walk
 * of the same number, takes one step, and the two are compared.
 *
 * Levels of comparison: 1 architectural (the answer), 2 the walk (every PTE read and update), 3 the
 * TLBs (hit or miss, victim), 4 timing: every output of every cycle is what the twin
 * (model/timing), fed with the same inputs, says it is. The first divergence stops the comparison;
 * in a cycle with several, that of the lowest level counts.
 */
#ifndef TWINWALK_LOCKSTEP_LOCKSTEP_H
#define TWINWALK_LOCKSTEP_LOCKSTEP_H

#include "memport.h"
#include "mmu/mmu.h"
#include "physmem/physmem.h"
#include "replay/memories.h"
#include "verilated/rtl_mmu.h"

enum side { SIDE_HARDWARE, SIDE_MODEL, SIDES };

enum compare_level {
    COMPARE_NONE,
    COMPARE_ARCHITECTURAL,
    COMPARE_WALK,
    COMPARE_TLB,
    COMPARE_TIMING
};

struct lockstep_options {
    const char *config;     /* named configuration of the hardware */
    const char *latency;    /* of a PTE access, as timing/latency.h has it; NULL: 1 cycle */
    unsigned stall_percent; /* cycles in which the page-table port takes nothing */
    bool no_tlb_check;      /* leave levels 3 and 4 out; needs memory that does not change during a
                               walk */
    bool no_timing_check;   /* leave level 4 out: there is no twin then */
    unsigned in_flight;     /* requests that lockstep_begin() lets overlap, 1 to 32; 0: 1 */
    uint32_t seed;          /* of registers that have no reset, and of stalls */
    uint64_t hang_cycles;   /* an unanswered request is a divergence after this; 0: a default */
};

/* One step of both sides, as kept for reports. */
struct lockstep_step {
    uint64_t cycle;
    uint64_t sequence; /* of the request whose step it is; of a walk's: that it was begun for */
    uint64_t joined;   /* LINK: the sequence of the walk that the request waits for; else 0 */
    bool has[SIDES];
    struct mmu_event event[SIDES];
};

struct divergence {
    enum compare_level level; /* COMPARE_NONE: none so far */
    uint64_t cycle;
    uint64_t position; /* what lockstep_set_position() said when the request was made */
    uint64_t sequence; /* the request's number, 0: none in particular */
    struct mmu_request request;
    struct mmu_control control;
    char what[256];
};

/* How long requests took, from acceptance to response. */
struct lockstep_latency {
    uint64_t count, total, min, max; /* cycles */
};

struct lockstep;

/* NULL and a reason (a constant string). */
struct lockstep *lockstep_create(const struct lockstep_options *options, const char **why);
void lockstep_destroy(struct lockstep *both);

/* Requests accepted from now on see these registers. */
void lockstep_set_control(struct lockstep *both, const struct mmu_control *control);
const struct mmu_control *lockstep_get_control(const struct lockstep *both);

/* For reports: where in the trace we are. */
void lockstep_set_position(struct lockstep *both, uint64_t position);

/* Whether the configuration has an L2 TLB. */
bool lockstep_has_l2(const struct lockstep *both);

struct physmem *lockstep_memory(struct lockstep *both, enum side side);

/* Both memories, in the order of enum side; a difference found through them is a divergence. */
const struct memories *lockstep_memories(const struct lockstep *both);

/* A word into both memories, whatever is injected there; false: no memory. */
bool lockstep_poke(struct lockstep *both, uint64_t pa, unsigned bytes, uint64_t value);

/*
 * Translates on both sides, after all that was begun. Returns as soon as the answer is certain and
 * equal so far; what the hardware does after that is compared in the cycles that follow. False:
 * diverged.
 */
bool lockstep_translate(struct lockstep *both, const struct mmu_request *request,
                        struct mmu_response *response);

/* The same, and waits for the hardware's response: pa[side] is the address that each side gave (on
 * a fault: 0). */
bool lockstep_translate_both(struct lockstep *both, const struct mmu_request *request,
                             struct mmu_response *response, uint64_t pa[SIDES]);

/*
 * Begins a translation that the tables in memory say will succeed, and does not wait for it, unless
 * options.in_flight are under way. *begun false: it might fail, nothing was done. `expected` is
 * what it will answer, but for the level (LEVEL_L1 if there is a lookup at all); both MMUs' answer
 * is compared with it when it comes. The tables must not change, nor the registers, until
 * lockstep_drain(), and no TLB may hold what contradicts them. False: diverged.
 */
bool lockstep_begin(struct lockstep *both, const struct mmu_request *request,
                    struct mmu_response *expected, bool *begun);
unsigned lockstep_in_flight(const struct lockstep *both);

/* Answers to requests that were begun. */
uint64_t lockstep_begun_answers(const struct lockstep *both, enum port port, enum hit_level level);

/* Fences both sides; returns once it is acknowledged. False: diverged. */
bool lockstep_fence(struct lockstep *both, const struct mmu_fence *fence);

/* Runs until nothing is under way. False: diverged. */
bool lockstep_drain(struct lockstep *both);

/*
 * One cycle with whatever is offered, for benches that want fences and requests at any moment.
 * Requests take the id given; it must not be in use on that port.
 */
struct lockstep_offer {
    const struct mmu_request *request[PORTS];
    const struct mmu_fence *fence;
    bool inject; /* an L2 entry written in this cycle gets a wrong bit, matters with parity only: */
    uint8_t inject_bit;
    /* set by lockstep_cycle() */
    bool accepted[PORTS], acknowledged;
};
bool lockstep_cycle(struct lockstep *both, struct lockstep_offer *offer);

/* The address of the PTE that the hardware has been waiting for longest; false: it waits for none.
 */
bool lockstep_awaits(const struct lockstep *both, uint64_t *pa);
/* Whether the walk waits for an answer of the page-table port. */
bool lockstep_walk_awaits(const struct lockstep *both, unsigned walk);
bool lockstep_busy(const struct lockstep *both, enum port port, uint8_t id);

/* At the end of a run: drains, and compares the two memories. False: diverged. */
bool lockstep_finish(struct lockstep *both);

const struct divergence *lockstep_divergence(const struct lockstep *both);
const struct mmu_counters *lockstep_counters(const struct lockstep *both);
uint64_t lockstep_cycles(const struct lockstep *both);
const struct lockstep_latency *lockstep_latencies(const struct lockstep *both,
                                                  enum hit_level level);

/* Whether level 4 is compared. */
bool lockstep_timing_checked(const struct lockstep *both);

/*
 * The hardware's own counters, once nothing is under way. That takes a cycle for each, which are
 * not among the CYCLES given here. After a divergence: as they were last seen.
 */
void lockstep_read_counters(struct lockstep *both, uint64_t counter[COUNTERS]);

/*
 * The longest waits so far, in cycles: of an offered request for its acceptance (cycles in which a
 * fence is offered do not count, and one begins the count anew), of an accepted one for its answer.
 * An offer that waits for longer than a bound while the other port's are accepted is a divergence.
 */
struct lockstep_waits {
    uint64_t offered[PORTS], accepted[PORTS];
};
const struct lockstep_waits *lockstep_waits(const struct lockstep *both);

/*
 * The steps of a request, and those of the walks that it waited for, oldest first, as far as they
 * are still kept; up to n, returns how many.
 */
size_t lockstep_history(const struct lockstep *both, uint64_t sequence, struct lockstep_step *to,
                        size_t n);

/* Called with every step that the hardware shows, before it is compared; NULL: nobody. */
void lockstep_listen(struct lockstep *both, mmu_listener *listener, void *context);

/* Dump waves while first <= cycle <= last into `path`; false: cannot be written. */
bool lockstep_dump(struct lockstep *both, const char *path, uint64_t first, uint64_t last);
void lockstep_dump_end(struct lockstep *both);

/* Cycles of the first walks that began within the dump; returns how many, at most LOCKSTEP_MARKS.
 */
#define LOCKSTEP_MARKS 24
size_t lockstep_dump_marks(const struct lockstep *both, uint64_t cycle[LOCKSTEP_MARKS]);

#endif
