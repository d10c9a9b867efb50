/*
 * After a divergence: waves of the cycles around it, and the smallest trace that still diverges.
 */
#ifndef TWINWALK_CLI_INVESTIGATE_H
#define TWINWALK_CLI_INVESTIGATE_H

#include "lockstep/lockstep.h"
#include "options.h"

struct cosim_options {
    struct run_options run;
    struct lockstep_options lockstep;
    const char *waves; /* NULL: none */
    bool has_window;
    uint64_t first, last; /* cycles of waves */
    const char *divergence_dir;
    bool no_investigation;
};

/*
 * Writes DIR/divergence.txt (a trace), DIR/divergence.fst and .gtkw, and prints where they are and
 * how to play them; what cannot be written is said on stderr.
 */
void investigate(const struct cosim_options *options, const char *trace,
                 const struct divergence *divergence);

#endif
