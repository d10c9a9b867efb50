/*
 * Reports in the shape of /proc, as text into a caller's stream of characters.
 */
#ifndef TWINWALK_MM_SHOW_H
#define TWINWALK_MM_SHOW_H

#include "mm_types.h"

/* Called with pieces of text, in order. */
struct mm_printer {
    void *context;
    void (*print)(void *context, const char *text);
};

void show_buddyinfo(struct kernel *k, const struct mm_printer *to);
void show_zoneinfo(struct kernel *k, const struct mm_printer *to);
void show_vmstat(struct kernel *k, const struct mm_printer *to);
void show_slabinfo(struct kernel *k, const struct mm_printer *to);
void show_meminfo(struct kernel *k, const struct mm_printer *to);
void show_maps(struct mm_struct *mm, const struct mm_printer *to);
void show_smaps(struct mm_struct *mm, const struct mm_printer *to);
void show_status(struct task_struct *task,
                 const struct mm_printer *to); /* VmSize … VmPTE, VmSwap, faults */

#endif
