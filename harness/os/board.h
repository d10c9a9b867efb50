/*
 * The machine that a memory manager runs on, made of whatever a trace is played to: its memory is
 * all memories of the target, its fences go to all MMUs.
 */
#ifndef TWINWALK_OS_BOARD_H
#define TWINWALK_OS_BOARD_H

#include "mm/machine.h"
#include "replay/target.h"

struct board {
    struct replay_target target;
    struct mmu_control control; /* root and ASID are the manager's; the target was told of both */
    uint64_t fences;
    bool stopped; /* the target gave up: the sides diverged */
};

/* The callbacks for kernel_boot(); the board stays where it is as long as they are used. */
struct machine board_machine(struct board *board);

#endif
