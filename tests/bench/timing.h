/*
 * What the benches share: CPU time of this process, and the middle of repeated measurements.
 */
#ifndef TWINWALK_TESTS_BENCH_TIMING_H
#define TWINWALK_TESTS_BENCH_TIMING_H

#include <stdlib.h>
#include <time.h>

static inline double cpu_seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static inline int compare_doubles(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Sorts the n values, ascending; the one in the middle. */
static inline double median_of(double *value, size_t n) {
    qsort(value, n, sizeof *value, compare_doubles);
    return value[n / 2];
}

#endif
