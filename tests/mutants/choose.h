/*
 * Which planted bug both sides show; 0: none. Hardware instances take it when they begin.
 */
#ifndef TWINWALK_TESTS_MUTANTS_CHOOSE_H
#define TWINWALK_TESTS_MUTANTS_CHOOSE_H

extern int mutant_chosen;

/* What the hardware's package asks, through DPI. */
int mutant_of_hardware(void);

#endif
