/*
 * The first divergence, explained: where, what, and the steps of both sides next to each other.
 */
#ifndef TWINWALK_LOCKSTEP_REPORT_H
#define TWINWALK_LOCKSTEP_REPORT_H

#include "lockstep.h"

#include <stdio.h>

/* `trace` names what was played; its record number is in the divergence. */
void report_divergence(FILE *to, const struct lockstep *both, const char *trace);

#endif
