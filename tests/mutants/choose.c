#include "choose.h"

int mutant_chosen;

int mutant_of_hardware(void) {
    return mutant_chosen;
}
