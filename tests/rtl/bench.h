/*
 * A bench for one hardware MMU: a small memory behind the page-table port, and requests one at a
 * time. Everything that happens is noted as one line of words, which tests compare with literals.
 */
#ifndef TWINWALK_TESTS_RTL_BENCH_H
#define TWINWALK_TESTS_RTL_BENCH_H

#include "verilated/rtl_mmu.h"

#define BENCH_WORDS 64

struct bench {
    struct rtl_mmu *mmu;
    bool has_l2;
    unsigned latency; /* cycles from a page-table request to its answer, 1 or more */
    /* Memory: words by physical address; what is not there reads 0. */
    unsigned words;
    struct {
        uint64_t pa, value;
        bool refused;
    } word[BENCH_WORDS];
    /* The page-table request under way. */
    bool busy, cas;
    unsigned answer_in;
    uint64_t pa, expect, desired;
    /* Called before each cycle; may change inputs and memory. NULL: nothing. */
    void (*each_cycle)(struct bench *bench);
    unsigned cycles; /* since the request was offered */
    char log[512];   /* words for the events of the request, see bench.c */
    struct mmu_response response[PORTS];
    bool responded[PORTS];
    struct mmu_event fill[TLBS]; /* the last one of each TLB */
};

/* Exits the test on failure. */
void bench_open(struct bench *bench, const char *config);
void bench_close(struct bench *bench);

void bench_write(struct bench *bench, uint64_t pa, uint64_t value);
uint64_t bench_read(const struct bench *bench, uint64_t pa);
/* Memory refuses this word. */
void bench_refuse(struct bench *bench, uint64_t pa);

/* One clock cycle; returns whether the port `port` took its request in it. */
bool bench_cycle(struct bench *bench, enum port port);

/* Performs one request from begin to end; log, response and cycles are of this one. */
void bench_request(struct bench *bench, uint64_t va, enum access_type access, enum privilege priv);

/* Performs one fence; returns the cycles it had to wait. */
unsigned bench_fence(struct bench *bench, struct mmu_fence fence);

#endif
