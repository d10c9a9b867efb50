/*
 * The manager's events as sentences.
 */
#ifndef TWINWALK_MM_NARRATE_H
#define TWINWALK_MM_NARRATE_H

#include "mm/kernel.h"

/* One line without a newline; as snprintf. */
int narrate(const struct kernel *k, const struct mm_event *event, char *text, size_t size);

#endif
