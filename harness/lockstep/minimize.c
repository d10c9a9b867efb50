#include "minimize.h"

#include <stdlib.h>
#include <string.h>

struct minimizer {
    minimize_test *test;
    void *context;
    struct minimize_budget *budget;
    struct trace_record *record, *candidate;
    size_t n;
};

static bool fails(struct minimizer *minimizer, size_t n) {
    if (n == 0 || minimizer->budget->tests == 0)
        return false;
    minimizer->budget->tests--;
    return minimizer->test(minimizer->context, minimizer->candidate, n);
}

static void accept(struct minimizer *minimizer, size_t n) {
    memcpy(minimizer->record, minimizer->candidate, n * sizeof *minimizer->record);
    minimizer->n = n;
}

static bool sets_the_stage(const struct trace_record *record) {
    return record->kind != TRACE_ACCESS && record->kind != TRACE_REPEAT;
}

/* The stage (registers, memory, processes, fences) and the last `accesses` accesses. */
static size_t take_tail(struct minimizer *minimizer, size_t accesses) {
    size_t first = minimizer->n;
    while (first > 0 && accesses > 0)
        accesses -= !sets_the_stage(&minimizer->record[--first]);
    size_t n = 0;
    for (size_t i = 0; i < minimizer->n; i++)
        if (i >= first || sets_the_stage(&minimizer->record[i]))
            minimizer->candidate[n++] = minimizer->record[i];
    return n;
}

/* Most failures need only what came just before them: this saves runs over the whole. */
static void cut_to_tail(struct minimizer *minimizer) {
    for (size_t accesses = 1; accesses < minimizer->n; accesses *= 4) {
        size_t n = take_tail(minimizer, accesses);
        if (n >= minimizer->n)
            return;
        if (fails(minimizer, n)) {
            accept(minimizer, n);
            return;
        }
    }
}

/* All but [from, to). */
static size_t leave_out(struct minimizer *minimizer, size_t from, size_t to) {
    memcpy(minimizer->candidate, minimizer->record, from * sizeof *minimizer->record);
    memcpy(minimizer->candidate + from, minimizer->record + to,
           (minimizer->n - to) * sizeof *minimizer->record);
    return minimizer->n - (to - from);
}

static void ddmin(struct minimizer *minimizer) {
    for (size_t chunk = minimizer->n / 2; chunk > 0;) {
        bool shrunk = false;
        /* From the end: later records depend on earlier ones. */
        for (size_t to = minimizer->n; to > 0;) {
            size_t from = to > chunk ? to - chunk : 0;
            size_t n = leave_out(minimizer, from, to);
            if (fails(minimizer, n)) {
                accept(minimizer, n);
                shrunk = true;
            }
            to = from;
        }
        if (!shrunk || chunk > 1)
            chunk /= 2;
        if (minimizer->budget->tests == 0)
            return;
    }
}

static void shorten_repeats(struct minimizer *minimizer) {
    for (size_t i = 0; i < minimizer->n; i++) {
        if (minimizer->record[i].kind != TRACE_REPEAT || minimizer->record[i].count == 1)
            continue;
        memcpy(minimizer->candidate, minimizer->record, minimizer->n * sizeof *minimizer->record);
        minimizer->candidate[i].count = 1;
        if (fails(minimizer, minimizer->n))
            accept(minimizer, minimizer->n);
    }
}

size_t minimize(struct trace_record *record, size_t n, minimize_test *test, void *context,
                struct minimize_budget *budget) {
    struct minimizer minimizer = {test, context, budget, record, NULL, n};
    minimizer.candidate = malloc(n * sizeof *minimizer.candidate);
    if (!minimizer.candidate)
        return n;
    memcpy(minimizer.candidate, record, n * sizeof *record);
    if (fails(&minimizer, n)) {
        cut_to_tail(&minimizer);
        ddmin(&minimizer);
        shorten_repeats(&minimizer);
    }
    free(minimizer.candidate);
    return minimizer.n;
}
