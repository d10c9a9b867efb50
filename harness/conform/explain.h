/*
 * One translation told step by step, as a person would want to read it.
 */
#ifndef TWINWALK_CONFORM_EXPLAIN_H
#define TWINWALK_CONFORM_EXPLAIN_H

#include "mmu/mmu.h"

#include <stdio.h>

struct explanation {
    struct mmu_control control;
    struct mmu_request request;
    const struct mmu_event *event; /* all of the translation's and of its walk */
    size_t events;
    bool colour; /* the text goes to a terminal */
};

void explain_translation(FILE *to, const struct explanation *explanation);

#endif
