/*
 * The model alone as something a trace can be replayed to.
 */
#ifndef TWINWALK_STUDY_SIM_H
#define TWINWALK_STUDY_SIM_H

#include "mmu/mmu.h"
#include "physmem/physmem.h"
#include "replay/replay.h"

struct sim {
    struct mmu *mmu;
    bool has_l2;
    struct memories memories; /* one */
};

/* false and a reason: impossible configuration or no memory. */
bool sim_init(struct sim *sim, const struct mmu_config *config, const char **why);
void sim_free(struct sim *sim);

/* The sim stays where it is as long as the target is used. */
struct replay_target sim_target(struct sim *sim);

/* "SETSxWAYS" or "SETSxWAYS:POLICY" (lru unless told); false: anything else. */
bool tlb_config_parse(const char *text, struct tlb_config *config);

#endif
