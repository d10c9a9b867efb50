/*
 * One MMU alone on the bench, the model or the hardware, with a memory of its own: the same calls
 * for both, so that each is held against an oracle by itself. (Lockstep stops where the two differ;
 * here each side's own answer is wanted, whatever the other says.)
 */
#ifndef TWINWALK_CONFORM_BENCH_H
#define TWINWALK_CONFORM_BENCH_H

#include "lockstep/lockstep.h"

#include <uthash.h>

/* A word of memory that the MMU has stored to. */
struct change {
    uint64_t pa;
    unsigned bytes;
    uint64_t before, value;
    UT_hash_handle hh;
};

/* The latest steps kept for the explanation of a mismatch. */
#define BENCH_STEPS 48

struct bench {
    enum side side;
    const char *config;
    struct physmem *memory;
    struct change *changes; /* a uthash by pa; since bench_settle() or bench_undo() */
    bool lost_change;       /* no memory to note one */
    struct mmu *model;      /* SIDE_MODEL */
    struct rtl_mmu *rtl;    /* SIDE_HARDWARE */
    struct memport port;
    uint8_t next_id;
    unsigned steps;
    struct mmu_event step[BENCH_STEPS]; /* of the latest translation */
    const char *failure;                /* why the latest call gave false */
};

/* false and a reason (a constant string). */
bool bench_init(struct bench *bench, enum side side, const char *config, const char **why);
void bench_free(struct bench *bench);

/* Takes effect for translations from now on; no fence. */
void bench_set_control(struct bench *bench, const struct mmu_control *control);

/*
 * Both: false when the MMU gives no answer or one of its assertions failed; it was then reset, with
 * all TLBs empty and the registers as they were.
 */
bool bench_translate(struct bench *bench, const struct mmu_request *request,
                     struct mmu_response *response);
bool bench_fence_all(struct bench *bench);

/* Puts back every word that the MMU stored to. */
void bench_undo(struct bench *bench);

/* Accepts the words as they are: from here on changes are noted anew. */
void bench_settle(struct bench *bench);

#endif
