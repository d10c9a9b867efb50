/*
 * What an oracle says an access must give, on either side.
 */
#ifndef TWINWALK_CONFORM_EXPECTATION_H
#define TWINWALK_CONFORM_EXPECTATION_H

#include "types.h"

/* A word of physical memory, 4 or 8 bytes wide as PTEs are. */
struct word {
    uint64_t pa, value;
};

enum want {
    WANT_PA,          /* translates to `pa` */
    WANT_INSIDE_RAM,  /* translates to memory that exists; where was not seen */
    WANT_OUTSIDE_RAM, /* translates to where no memory is: the access itself failed */
    WANT_FAULT,       /* `cause` */
};

struct expectation {
    enum want want;
    uint64_t pa; /* 56 bits */
    enum cause cause;
    unsigned shift;           /* log2 of the leaf's bytes; 0: not told */
    enum memory_type memory;  /* of a translation */
    bool any_change;          /* what happens to memory is judged elsewhere */
    const struct word *after; /* else: every word that differs from before, in any order */
    size_t after_count;
};

#endif
