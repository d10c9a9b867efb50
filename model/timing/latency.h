/*
 * How long the memory behind the page-table port takes: fixed, random, or a small hierarchy of
 * caches. One model for everything that plays that memory.
 *
 * As text:  N                        every access takes N cycles, 1 to 1000000
 *           MIN:MAX:SEED             drawn evenly
 *           cache:SIZE/WAYS/LINE/HIT[,SIZE/WAYS/LINE/HIT …],MEMORY
 *                                    LRU caches, nearest first (at most 4): size in bytes (K and M
 * may follow), ways, bytes of a line, cycles when it hits there; and the cycles when none does.
 * Every level allocates; a compare-and-set is an access like a read.
 */
#ifndef TWINWALK_TIMING_LATENCY_H
#define TWINWALK_TIMING_LATENCY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct latency;

/* NULL: the text is none of the forms above (*why says what is wrong, a constant string), or no
 * memory. */
struct latency *latency_create(const char *text, const char **why);
void latency_destroy(struct latency *latency);

/* Cycles from the transfer of a request to its answer, at least 1; draws or changes caches. */
uint32_t latency_draw(struct latency *latency, uint64_t pa);

/* The longest that latency_draw() can return. */
uint32_t latency_max(const struct latency *latency);

/* Accesses, and hits of each cache level; 0 levels unless it is a hierarchy. */
struct latency_counters {
    uint64_t accesses;
    unsigned levels;
    uint64_t hits[4];
};
void latency_read_counters(const struct latency *latency, struct latency_counters *counters);

#endif
