/*
 * Replacement policies of a TLB; docs/architecture.md states them. One state for all sets.
 */
#ifndef TWINWALK_MMU_REPLACEMENT_H
#define TWINWALK_MMU_REPLACEMENT_H

#include "../types.h"

struct replacement {
    enum policy policy;
    unsigned ways;
    unsigned leaves;  /* PLRU: ways rounded up to a power of two */
    uint32_t random;  /* RANDOM: state of the xorshift generator */
    uint64_t clock;   /* LRU, FIFO: counts uses */
    uint64_t *stamp;  /* LRU: clock at the way's last use; FIFO: at its fill; [set * ways + way] */
    uint8_t *towards; /* PLRU: node names its upper half; [set * leaves + node], root is node 1 */
};

/* false: no memory. */
bool replacement_init(struct replacement *replacement, enum policy policy, unsigned sets,
                      unsigned ways, uint32_t random);
void replacement_free(struct replacement *replacement);

void replacement_filled(struct replacement *replacement, unsigned set, unsigned way);
void replacement_plru_use(struct replacement *replacement, unsigned set, unsigned way);

static inline void replacement_hit(struct replacement *replacement, unsigned set, unsigned way) {
    if (replacement->policy == POLICY_LRU)
        replacement->stamp[(size_t)set * replacement->ways + way] = ++replacement->clock;
    else if (replacement->policy == POLICY_PLRU)
        replacement_plru_use(replacement, set, way);
}

/* The way to replace when all of the set are valid; RANDOM draws a number for it. */
unsigned replacement_victim(struct replacement *replacement, unsigned set);

#endif
