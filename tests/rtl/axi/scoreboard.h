/*
 * Random requests at the native port of an adapter, memory behind its AXI port that others write as
 * well, and what every answer must be: each request is answered once; what it says memory held,
 * memory held at some time between request and answer; a compare-and-set stored exactly when it
 * says so.
 */
#ifndef TWINWALK_TESTS_RTL_AXI_SCOREBOARD_H
#define TWINWALK_TESTS_RTL_AXI_SCOREBOARD_H

#include "axi_check.h"
#include "axi_memory.h"

#define SCOREBOARD_WALKS 16

struct scoreboard_config {
    const char *name;
    struct axi_memory_config memory;
    unsigned walks;            /* ids in use */
    unsigned offer_permille;   /* of cycles in which a new request is offered, if an id is free */
    unsigned cas_permille;     /* of requests */
    unsigned word_permille;    /* of requests */
    unsigned outside_permille; /* of requests, where AXI addresses are narrower than 56 bits */
    unsigned others_permille;  /* of cycles in which somebody else writes a word */
};

/* What happened; a test looks whether it happened at all. */
struct scoreboard_counts {
    uint64_t cycles, reads, stored, changed, retries, errors, outside;
    uint64_t held;    /* cycles in which read data waited for the answer of a compare-and-set */
    uint64_t beside;  /* answers to reads while a compare-and-set was under way */
    unsigned at_once; /* most requests under way */
};

/*
 * Until `requests` were answered, and then those under way. NULL, or what went wrong first
 * (a constant string). An assertion of the hardware that fails is such a thing.
 */
const char *scoreboard_run(const struct adapter_build *build,
                           const struct scoreboard_config *config, uint64_t requests,
                           struct scoreboard_counts *counts);

#endif
