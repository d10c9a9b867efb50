/*
 * Both sides on their benches, asked the same questions; each answer is held against the oracle's,
 * and what differs is counted and, the first times, explained.
 */
#ifndef TWINWALK_CONFORM_TRIAL_H
#define TWINWALK_CONFORM_TRIAL_H

#include "bench.h"
#include "expectation.h"

#include <stdio.h>

/* In each file so many mismatches are explained; the others are only counted. */
#define TRIAL_EXPLAINED 3

struct trial {
    struct bench bench[SIDES];
    const char *path;
    uint64_t line; /* of the file, that is being replayed; 0: none in particular */
    struct mmu_control control;
    uint64_t ram_from, ram_last; /* for WANT_INSIDE_RAM and WANT_OUTSIDE_RAM */
    uint64_t accesses, skipped, mismatches[SIDES];
    unsigned explained;
    FILE *report;
};

/* What becomes of the words that an access changed. */
enum aftermath {
    PUT_BACK, /* undone, then a full fence: the next access starts from the same memory */
    SETTLE,   /* they stay, then a full fence */
    COLLECT,  /* they stay, and bench.changes keeps them; no fence */
};

/* Everything in `question` is the caller's; `where` names it for people: "case 7, access 3". */
struct question {
    uint64_t line;
    const char *where;
    struct mmu_request request;
    struct expectation expect;
    enum aftermath aftermath;
};

/* false and a reason: impossible configuration, or no memory. */
bool trial_init(struct trial *trial, const char *path, const char *config, FILE *report,
                const char **why);
void trial_free(struct trial *trial);

/* Memory without contents, and every address exists. */
void trial_clear_memory(struct trial *trial);
/* Both memories; false: no memory left. */
bool trial_add_ram(struct trial *trial, uint64_t base, uint64_t size);
bool trial_poke(struct trial *trial, uint64_t pa, unsigned bytes, uint64_t value);

void trial_set_control(struct trial *trial, const struct mmu_control *control);
void trial_fence_all(struct trial *trial);

/*
 * Asks both sides, twice: the second answer may come from a TLB and must be the same. Counts one
 * access, and for each side at most one mismatch.
 */
void trial_ask(struct trial *trial, const struct question *question);

/* A mismatch of one side that is no access: counts it, and says what it is. */
__attribute__((format(printf, 3, 4))) void trial_mismatch(struct trial *trial, enum side side,
                                                          const char *format, ...);

#endif
