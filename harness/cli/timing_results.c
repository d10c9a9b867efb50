#include "timing_results.h"

#include <inttypes.h>
#include <stdio.h>

static double ratio(uint64_t part, uint64_t whole) {
    return whole ? (double)part / (double)whole : 0.0;
}

/* Of an estimate, in percent. */
static double error_of(uint64_t estimate, uint64_t exact) {
    return exact ? 100.0 * ((double)estimate - (double)exact) / (double)exact : 0.0;
}

static bool has_both(const struct timing_results *results) {
    return results->has[TIMED_EXACT] && results->has[TIMED_FAST];
}

static void print_figures(enum timed_mode mode, const struct timing_figures *figures) {
    printf("  %s: %" PRIu64 " cycles, %.3f a translation; %" PRIu64
           " misses, %.2f cycles each, at most %" PRIu64 "; %" PRIu64
           " walks of %.2f PTE reads, %" PRIu64 " walk cache hits; %" PRIu64 " merges, %" PRIu64
           " prefetches; stalls %" PRIu64 " I, %" PRIu64 " D; a walk in %.1f%% of cycles\n",
           timed_mode_name(mode), figures->cycles, ratio(figures->cycles, figures->translations),
           figures->misses, ratio(figures->miss_cycles, figures->misses), figures->miss_cycles_max,
           figures->walks, ratio(figures->pte_reads, figures->walks), figures->walk_cache_hits,
           figures->merges, figures->prefetches, figures->stalls[PORT_I], figures->stalls[PORT_D],
           100.0 * ratio(figures->walk_cycles, figures->cycles));
}

void timing_results_print(const struct timing_results *results) {
    const struct timing_figures *exact = &results->figures[TIMED_EXACT];
    const struct timing_figures *fast = &results->figures[TIMED_FAST];
    for (int mode = 0; mode < TIMED_MODES; mode++)
        if (results->has[mode])
            print_figures((enum timed_mode)mode, &results->figures[mode]);
    if (has_both(results))
        printf("  error of fast: cycles %+.2f%%, walk cycles %+.2f%%\n",
               error_of(fast->cycles, exact->cycles),
               error_of(fast->miss_cycles, exact->miss_cycles));
    if (results->differences > 0)
        printf("  %" PRIu64 " answers were others than the model's\n", results->differences);
}

static json_t *figures_json(const struct timing_figures *figures) {
    json_t *object = json_object();
    const struct {
        const char *name;
        uint64_t value;
    } numbers[] = {
        {"cycles", figures->cycles},
        {"translations", figures->translations},
        {"misses", figures->misses},
        {"walks", figures->walks},
        {"pte_reads", figures->pte_reads},
        {"walk_cache_hits", figures->walk_cache_hits},
        {"merges", figures->merges},
        {"prefetches", figures->prefetches},
        {"stall_cycles_i", figures->stalls[PORT_I]},
        {"stall_cycles_d", figures->stalls[PORT_D]},
    };
    const struct {
        const char *name;
        double value;
    } ratios[] = {
        {"cycles_per_translation", ratio(figures->cycles, figures->translations)},
        {"pte_reads_per_walk", ratio(figures->pte_reads, figures->walks)},
        {"walk_share", ratio(figures->walk_cycles, figures->cycles)},
    };
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        json_object_set_new(object, numbers[i].name, json_integer((json_int_t)numbers[i].value));
    for (size_t i = 0; i < sizeof ratios / sizeof ratios[0]; i++)
        json_object_set_new(object, ratios[i].name, json_real(ratios[i].value));
    json_object_set_new(object, "walk_cycles",
                        json_pack("{s:I, s:f, s:I}", "sum", (json_int_t)figures->miss_cycles,
                                  "mean", ratio(figures->miss_cycles, figures->misses), "max",
                                  (json_int_t)figures->miss_cycles_max));
    return object;
}

json_t *timing_results_json(const struct timing_results *results) {
    const struct timing_figures *exact = &results->figures[TIMED_EXACT];
    const struct timing_figures *fast = &results->figures[TIMED_FAST];
    json_t *object;
    if (has_both(results)) {
        object = json_pack("{s:o, s:o, s:{s:f, s:f}}", "exact", figures_json(exact), "fast",
                           figures_json(fast), "error_percent", "cycles",
                           error_of(fast->cycles, exact->cycles), "walk_cycles",
                           error_of(fast->miss_cycles, exact->miss_cycles));
        json_object_set_new(object, "mode", json_string("both"));
    } else {
        enum timed_mode mode = results->has[TIMED_EXACT] ? TIMED_EXACT : TIMED_FAST;
        object = figures_json(&results->figures[mode]);
        json_object_set_new(object, "mode", json_string(timed_mode_name(mode)));
    }
    if (results->has[TIMED_EXACT])
        json_object_set_new(object, "differences", json_integer((json_int_t)results->differences));
    return object;
}
