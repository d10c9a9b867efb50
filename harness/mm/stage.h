/*
 * Where the scenarios of `twinwalk mm` play: one memory manager, and both MMUs in lockstep. Every
 * access goes through both walkers; its data lies in both memories. A narrator tells what the
 * manager does as it happens.
 */
#ifndef TWINWALK_MM_STAGE_H
#define TWINWALK_MM_STAGE_H

#include "lockstep/lockstep.h"
#include "mm/kernel.h"
#include "mm/mm_types.h"
#include "mm/show.h"
#include "os/board.h"

#include <stdio.h>

struct stage {
    struct lockstep *both;
    struct board board; /* stopped: the MMUs diverged, or a memory differs */
    struct kernel *k;
    FILE *out;
    uint64_t told;       /* bit per enum mm_event_kind: narrated */
    bool told_each_walk; /* accesses too, with where the answer was found */
    uint64_t events[MM_EVENT_KINDS];
    unsigned checks, failed;
};

/* false: a constant string says why. */
bool stage_open(struct stage *stage, const struct mm_config *config, FILE *out, const char **why);
/* Whether every check held, the MMUs agreed to the end, and nothing was left over. */
bool stage_close(struct stage *stage);

/*
 * An access of 8 bytes (aligned) by the current process in user mode: a store writes *value into
 * both memories, a load gets what both hold. Faults go to do_page_fault(), mm_tick() after each.
 * How many faults it took; -1: a signal came of it, or the MMUs diverged.
 */
int stage_access(struct stage *stage, uint64_t va, enum access_type access, uint64_t *value);

int stage_store(struct stage *stage, uint64_t va, uint64_t value);
/* Loads, and checks what is there without a word if it is right. */
int stage_expect(struct stage *stage, uint64_t va, uint64_t value);
/* The physical address that both walkers give for a load by the current process, which must not
 * fault; 0 if it does. */
uint64_t stage_translate(struct stage *stage, uint64_t va);

void stage_switch(struct stage *stage, struct task_struct *task);

/* Narrate these kinds from now on: stage_tell(stage, 2, MM_EVENT_SPLIT, MM_EVENT_MERGE). */
void stage_tell(struct stage *stage, unsigned kinds, ...);

__attribute__((format(printf, 2, 3))) void stage_say(struct stage *stage, const char *format, ...);
/* A claim that the run must bear out: printed with "ok" or "WRONG", counted. */
__attribute__((format(printf, 3, 4))) bool stage_check(struct stage *stage, bool holds,
                                                       const char *format, ...);
void stage_title(struct stage *stage, const char *title);

/* An anonymous private rw mapping at `va` (0: anywhere); 0 if it cannot be had. */
uint64_t stage_map(struct stage *stage, struct task_struct *task, uint64_t va, uint64_t bytes);

/* Reports of mm/show.h go here. */
struct mm_printer stage_printer(struct stage *stage);

#endif
