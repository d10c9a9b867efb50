/*
 * Addresses of a recorded program that the paging mode cannot hold.
 *
 * The rule: where the program's whole address range fits (32-bit programs everywhere, 64-bit
 * programs in Sv48 and Sv57), addresses stay as they are. (A text trace is one of 64 bits unless
 * its header says `va-bits 32`.) Elsewhere every address moves with its region, the region being
 * what one root entry maps (1 GiB in Sv39, 4 MiB in Sv32): the n-th region to be touched goes to
 * slot n. Offsets within a region stay, so set indices up to that size, alignment to superpages and
 * the sharing of tables below the root stay as they were; which regions are neighbours does not.
 * When the slots are used up (256 in Sv39, the user half; 1024 in Sv32) the run ends with an error:
 * nothing is dropped or folded onto something else.
 *
 * Below an operating system the upper quarter of Sv32 is the kernel's: addresses then move in Sv32
 * in any case, and 768 slots are there.
 */
#ifndef TWINWALK_REPLAY_FIT_H
#define TWINWALK_REPLAY_FIT_H

#include "types.h"

struct fit;

/* va_bits: of the recorded program, 0 unknown; kernel: there is one. NULL: no memory. */
struct fit *fit_create(enum paging_mode mode, unsigned va_bits, bool kernel);
void fit_destroy(struct fit *fit);

/* false: *moved cannot be had; fit_problem() says why. */
bool fit_address(struct fit *fit, uint64_t va, uint64_t *moved);
const char *fit_problem(const struct fit *fit);

/* Regions moved so far; 0 when addresses stay. */
unsigned fit_regions(const struct fit *fit);

#endif
