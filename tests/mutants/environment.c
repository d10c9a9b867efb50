/*
 * For the command line with planted bugs: the environment variable TWINWALK_MUTANT is the number.
 */
#include "choose.h"

#include <stdlib.h>

__attribute__((constructor)) static void choose_from_environment(void) {
    const char *number = getenv("TWINWALK_MUTANT");
    mutant_chosen = number ? atoi(number) : 0;
}
