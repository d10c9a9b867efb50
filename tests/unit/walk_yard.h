/*
 * An MMU whose requests and walks are stepped by hand, for the tests of what they have to do with
 * each other. Sv39; PAGE and the pages after it are mapped, page n to page n + 4.
 */
#ifndef TWINWALK_TESTS_UNIT_WALK_YARD_H
#define TWINWALK_TESTS_UNIT_WALK_YARD_H

#include "tables.h"

#define PAGE         UINT64_C(0x1000)
#define YARD_JOBS    4
#define YARD_WALKS   3
#define YARD_MAPPED  16 /* pages from PAGE on */
#define YARD_PTE(va) (PPN((va) / 4096 + 4) | LEAF)

struct yard {
    struct tables tables;
    struct mmu *mmu;
    struct mmu_control control;
    struct mmu_job *job[YARD_JOBS];
    struct mmu_walk *walk[YARD_WALKS]; /* numbers 5, 6, 7 */
    struct mmu_event event;            /* the latest */
};

/* With an L2, prefetch and parity; ADUE=1. */
void yard_create(struct yard *yard);
void yard_destroy(struct yard *yard);

/* For another configuration than yard_create()'s: instead of it. */
void yard_create_with(struct yard *yard, const struct mmu_config *config);

/* Begins the job and makes its first lookup, which must miss. Its id is its number + 10. */
void yard_miss(struct yard *yard, unsigned job, uint64_t va, enum access_type access);

/* NULL, or why not. A LINK is checked. */
const char *yard_link(struct yard *yard, unsigned job, unsigned walk, bool merged);

/* yard_miss() and a link that must be possible. */
void yard_begin(struct yard *yard, unsigned job, unsigned walk, uint64_t va,
                enum access_type access);
void yard_join(struct yard *yard, unsigned job, unsigned walk, uint64_t va,
               enum access_type access);

/*
 * Steps until there is none, at most `most`, and spells them, a letter an event: Look up, linK (M:
 * merged), replaY, prefetch of the Next page, Start, Read, Update, End, Fill, resPonse; L and F
 * with the TLB. Keys are checked. The text is good until the next call.
 */
const char *yard_steps_of_job(struct yard *yard, unsigned job, unsigned most);
const char *yard_steps_of_walk(struct yard *yard, unsigned walk, unsigned most);
#define yard_job(yard, job)   yard_steps_of_job(yard, job, 99)
#define yard_walk(yard, walk) yard_steps_of_walk(yard, walk, 99)

/* The same for mmu_prefetch(). */
const char *yard_prefetch(struct yard *yard, unsigned walk);

#endif
