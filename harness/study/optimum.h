/*
 * Belady's optimum: the fewest pages that any policy must read for a reference string, if that many
 * frames are there. Looks into the future, so the whole string is kept: 8 bytes a reference, those
 * to the page of the one before left out (they hit in any policy). (Mattson and others 1970, OPT.)
 */
#ifndef TWINWALK_STUDY_OPTIMUM_H
#define TWINWALK_STUDY_OPTIMUM_H

#include <stdbool.h>
#include <stdint.h>

struct optimum;

struct optimum *optimum_create(void); /* NULL: no memory */
void optimum_destroy(struct optimum *optimum);

/*
 * The next reference. Pages are numbered from 0, densely, below 2^31. `stored`: the page's first
 * contents must be read from somewhere; else its first reference costs nothing. The first
 * reference's `stored` counts. false: no memory.
 */
bool optimum_reference(struct optimum *optimum, uint32_t page, bool stored);

/* With so many frames, at least 1. false: no memory. */
bool optimum_page_ins(const struct optimum *optimum, uint64_t frames, uint64_t *page_ins);

#endif
