/*
 * A bench for one hardware MMU: a small memory behind the page-table port, which takes a request in
 * every cycle, and requests. What happens is noted as one line of words, which tests compare with
 * literals.
 */
#ifndef TWINWALK_TESTS_RTL_BENCH_H
#define TWINWALK_TESTS_RTL_BENCH_H

#include "verilated/rtl_mmu.h"

#define BENCH_WORDS 64
#define BENCH_WALKS 16

/* A page-table request under way. */
struct bench_access {
    bool busy, cas;
    uint64_t due; /* cycle of its answer */
    uint64_t pa, expect, desired;
};

struct bench {
    struct rtl_mmu *mmu;
    const struct mmu_config *config;
    bool has_l2;
    unsigned latency; /* cycles from a page-table request to its answer, 1 or more; constant while
                         any is under way */
    /* Memory: words by physical address; what is not there reads 0. */
    unsigned words;
    struct {
        uint64_t pa, value;
        bool refused;
    } word[BENCH_WORDS];
    struct bench_access access[BENCH_WALKS]; /* by walk */
    unsigned most_accesses;                  /* that were under way at once, so far */
    /* Called before each cycle; may change inputs and memory. NULL: nothing. */
    void (*each_cycle)(struct bench *bench);
    uint64_t cycle; /* the one to come, from reset on */
    /* By port: what the last cycle did, and the latest request's cycles. */
    bool accepted[PORTS], responded[PORTS];
    uint64_t accepted_at[PORTS], responded_at[PORTS];
    struct mmu_response response[PORTS]; /* the latest, */
    uint8_t response_id[PORTS];
    unsigned fences;             /* that happened, */
    uint64_t fenced_at;          /* the cycle of the latest */
    char log[512];               /* words for events since the log was emptied, see bench.c; */
    char ahead[256];             /* those of prefetches stand apart */
    bool prefetch[BENCH_WALKS];  /* the walk is for nobody */
    unsigned quiet;              /* cycles since the last event */
    struct mmu_event fill[TLBS]; /* the last one of each TLB */
};

/* Exits the test on failure. */
void bench_open(struct bench *bench, const char *config);
void bench_close(struct bench *bench);

void bench_write(struct bench *bench, uint64_t pa, uint64_t value);
uint64_t bench_read(const struct bench *bench, uint64_t pa);
/* Memory refuses this word. */
void bench_refuse(struct bench *bench, uint64_t pa);
/* Whether a compare-and-set is under way. */
bool bench_updates(const struct bench *bench);

/* One clock cycle; an accepted request and an accepted fence are offered no longer. */
void bench_cycle(struct bench *bench);

/* Offers a request from the next cycle on. */
void bench_offer(struct bench *bench, uint8_t id, uint64_t va, enum access_type access,
                 enum privilege priv);

/* Cycles until nothing has happened for a while. */
void bench_settle(struct bench *bench);

/* Performs one request from begin to end, and all that follows; the logs are of this one. Returns
 * the cycles from its acceptance to its response. */
unsigned bench_request(struct bench *bench, uint64_t va, enum access_type access,
                       enum privilege priv);

/* Performs one fence. */
void bench_fence(struct bench *bench, struct mmu_fence fence);

uint64_t bench_counter(struct bench *bench, enum counter counter);

#endif
