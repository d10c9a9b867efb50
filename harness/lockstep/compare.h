/*
 * What a difference between two steps means.
 */
#ifndef TWINWALK_LOCKSTEP_COMPARE_H
#define TWINWALK_LOCKSTEP_COMPARE_H

#include "lockstep.h"

/* The reads and updates of one walk since it last started. */
#define WALK_LOG_STEPS 32
struct walk_log {
    unsigned count;
    struct mmu_event step[WALK_LOG_STEPS];
};

/* Keeps READ and UPDATE, and starts anew at START; other events are not looked at. */
void walk_log_add(struct walk_log *log, const struct mmu_event *event);

/*
 * Whether both read the same PTEs, from the last one up to where the shorter walk began: a TLB or
 * walk cache may have saved one side a part, or all. A and D may differ, since each side may have
 * set them for another request that was under way.
 */
bool walk_log_agree(const struct walk_log *a, const struct walk_log *b);

/* The lowest level at which two different events differ. */
enum compare_level compare_level_of(const struct mmu_event *hardware,
                                    const struct mmu_event *model);

/* The first field that differs, in words (a constant string). */
const char *compare_explain(const struct mmu_event *hardware, const struct mmu_event *model);

const char *compare_level_name(enum compare_level level);

#endif
