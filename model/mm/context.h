/*
 * Context switches and ASIDs (Linux: arch/riscv/mm/context.c): an ASID stays with its mm for one
 * generation; when they run out a new generation begins, everything is fenced, and each mm gets a
 * new one at its next switch. ASID 0 is the idle kernel's.
 */
#ifndef TWINWALK_MM_CONTEXT_H
#define TWINWALK_MM_CONTEXT_H

#include "mm_types.h"

int context_init(struct kernel *k); /* -ENOMEM */
void context_free(struct kernel *k);

/* Makes `next` (NULL: idle) the current process: its root and ASID go to the machine. */
void switch_mm(struct kernel *k, struct task_struct *next);

/* Whether entries of this mm may be in a TLB; if so *asid is theirs. */
bool mm_asid(const struct mm_struct *mm, uint16_t *asid);

/* The mm goes away: fenced (its ASID stays taken until the next generation). */
void destroy_context(struct mm_struct *mm);

#endif
