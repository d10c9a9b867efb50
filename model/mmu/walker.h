/*
 * The page-table walker: "Virtual Address Translation Process", 12.3.2. It never touches memory
 * itself: the caller reads where walk_pte_pa() says and hands the value in, so that a walk may wait
 * for memory, or be given up, between any two steps.
 */
#ifndef TWINWALK_MMU_WALKER_H
#define TWINWALK_MMU_WALKER_H

#include "../types.h"
#include "mmu.h"
#include "mode.h"
#include "tlb.h"

enum walk_state {
    WALK_WANTS_PTE,    /* read walk_pte_pa(), then walk_take_pte() */
    WALK_WANTS_UPDATE, /* compare-and-set walk_pte_pa() from `pte` to `desired`, then
                          walk_take_update() */
    WALK_DONE,         /* translated: walk_entry() */
    WALK_FAILED,       /* `reason` */
};

struct walk {
    enum walk_state state;
    enum fault_reason reason;
    const struct mode *mode;
    const struct mmu_control *control; /* must live as long as the walk */
    uint64_t va;
    enum access_type access;
    enum privilege priv;
    uint8_t level;    /* i of the specification */
    bool global;      /* a pointer on the way had G */
    uint64_t table;   /* a of the specification, bytes */
    uint64_t pte;     /* the latest read */
    uint64_t desired; /* what an update stores */
};

/* Step 1. The mode must translate and va be canonical. */
void walk_start(struct walk *walk, const struct mode *mode, const struct mmu_control *control,
                const struct mmu_request *request);

/* Right after walk_start(): goes on below a pointer PTE of level `level` that is known already. */
void walk_skip(struct walk *walk, unsigned level, uint64_t table, bool global);

/* Physical address of the PTE at the current level. */
uint64_t walk_pte_pa(const struct walk *walk);

/* Steps 2 to 9. `error`: memory refused the read. */
void walk_take_pte(struct walk *walk, bool error, uint64_t value);

/* Step 9, the answer to the compare-and-set: `old` is what memory held. True: it was stored. */
bool walk_take_update(struct walk *walk, bool error, uint64_t old);

/* Step 10: what a TLB keeps of the translation; state WALK_DONE. */
void walk_entry(const struct walk *walk, struct tlb_entry *entry);

#endif
