/*
 * Delta debugging: the smallest part of a trace that still fails (Zeller's ddmin).
 */
#ifndef TWINWALK_LOCKSTEP_MINIMIZE_H
#define TWINWALK_LOCKSTEP_MINIMIZE_H

#include "trace.h"

/* Whether these records still fail in the way looked for. */
typedef bool minimize_test(void *context, const struct trace_record *record, size_t n);

struct minimize_budget {
    unsigned tests; /* runs of the test at most; what is left of it comes back */
};

/*
 * Shrinks record[0 … n) in place and returns how many are left; they fail. If the whole does not
 * fail, or memory runs out, nothing changes and n comes back.
 */
size_t minimize(struct trace_record *record, size_t n, minimize_test *test, void *context,
                struct minimize_budget *budget);

#endif
