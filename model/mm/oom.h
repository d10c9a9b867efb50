/*
 * Out of memory (Linux: mm/oom_kill.c): the process with the most frames, swap entries and tables
 * is killed, and k->report says so in the shape of Linux's log.
 */
#ifndef TWINWALK_MM_OOM_H
#define TWINWALK_MM_OOM_H

#include "mm_types.h"

uint64_t oom_badness(const struct task_struct *task); /* frames */

/* Kills one; false: there is nobody to kill. The memory of a process other than the current one is
 * free on return; the current one's at the next mm_tick(). Whoever works on the mm of a process
 * that is not the current one while memory is allocated holds it by mm->users. */
bool out_of_memory(struct kernel *k, gfp_t gfp, unsigned order);

#endif
