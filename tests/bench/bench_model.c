/*
 * How fast the software MMU is, in CPU time of this process: walks of random pages through a TLB
 * too small to help, and translations that mostly hit. Figures only; nothing here passes or fails.
 */
#include "mmu/mmu.h"
#include "physmem/physmem.h"
#include "timing.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PAGES        (64 * 1024)
#define REPETITIONS  7
#define TRANSLATIONS (4u << 20) /* a repetition */

#define POINTER UINT64_C(0x01)
#define LEAF    UINT64_C(0xcf) /* V, R, W, X, A, D */

struct bench {
    const char *name;
    enum paging_mode mode;
    unsigned levels;
    struct mmu_config config;
    unsigned run;   /* references to a page before the next */
    unsigned pages; /* that the stream visits, of PAGES */
};

#define TINY                                                                                       \
    {                                                                                              \
        .tlb = { {1, 1, POLICY_LRU}, {1, 1, POLICY_LRU} }                                          \
    }
#define TINY_CACHED                                                                                \
    { .tlb = {{1, 1, POLICY_LRU}, {1, 1, POLICY_LRU}}, .walk_cache = 16 }
#define REAL                                                                                       \
    {                                                                                              \
        .tlb = { {16, 4, POLICY_LRU}, {16, 4, POLICY_LRU}, {128, 12, POLICY_LRU} }                 \
    }

static const struct bench benches[] = {
    {"walks, sv39", MODE_SV39, 3, TINY, 1, PAGES},
    {"walks, sv48", MODE_SV48, 4, TINY, 1, PAGES},
    {"walks, sv57", MODE_SV57, 5, TINY, 1, PAGES},
    {"walks, sv39, walk cache of 16", MODE_SV39, 3, TINY_CACHED, 1, PAGES},
    {"walks, sv57, walk cache of 16", MODE_SV57, 5, TINY_CACHED, 1, PAGES},
    {"16 references a page, 64 pages", MODE_SV39, 3, REAL, 16, 64},
    {"16 references a page, 1024 pages", MODE_SV39, 3, REAL, 16, 1024},
    {"16 references a page, 64 Ki pages", MODE_SV39, 3, REAL, 16, PAGES},
    {"L1 hits, another page each time", MODE_SV39, 3, REAL, 1, 32},
    {"L2 hits, random pages of 1024", MODE_SV39, 3, REAL, 1, 1024},
};

static void out_of_memory(void) {
    fputs("bench_model: out of memory\n", stderr);
    exit(2);
}

/* Page n at va n x 4096, tables of 512 entries one after another from 2 GiB up; root ppn. */
static uint64_t map_pages(struct physmem *memory, unsigned levels) {
    uint64_t next = 0x80000, below = 0x100000; /* the frames */
    unsigned count = PAGES;
    for (unsigned level = 0; level < levels; level++) {
        uint64_t first = next, flags = level == 0 ? LEAF : POINTER;
        for (unsigned i = 0; i < count; i++)
            if (!physmem_poke(memory, (first << 12) + i * 8u, 8, (below + i) << 10 | flags))
                out_of_memory();
        count = (count + 511) / 512;
        next += count;
        below = first;
    }
    return below;
}

/* The page of each run; the generator stays out of the measurement. */
static uint64_t *make_stream(const struct bench *bench, unsigned runs) {
    uint64_t *va = malloc(runs * sizeof *va);
    if (!va)
        out_of_memory();
    uint32_t x = 2463534242u;
    for (unsigned i = 0; i < runs; i++) {
        x ^= x << 13;
        x ^= x >> 17;
        x ^= x << 5;
        va[i] = (uint64_t)(x % bench->pages) << 12;
    }
    return va;
}

/* CPU seconds for the whole stream. */
static double play(struct mmu *mmu, const uint64_t *stream, unsigned runs, unsigned run) {
    struct mmu_request request = {.access = ACCESS_READ, .priv = PRIV_S};
    struct mmu_response response;
    uint64_t sum = 0;
    double start = cpu_seconds();
    for (unsigned i = 0; i < runs; i++)
        for (unsigned reference = 0; reference < run; reference++) {
            request.va = stream[i] | reference * 8;
            if (!mmu_translate(mmu, &request, &response)) {
                fprintf(stderr, "bench_model: fault %s\n", fault_name(response.reason));
                exit(1);
            }
            sum += response.pa;
        }
    double seconds = cpu_seconds() - start;
    if (sum == 0)
        puts("nothing was translated");
    return seconds;
}

static void measure(const struct bench *bench) {
    struct physmem *memory = physmem_create();
    if (!memory)
        out_of_memory();
    const struct mmu_memory callbacks = physmem_callbacks(memory);
    const char *why;
    struct mmu *mmu = mmu_create(&bench->config, &callbacks, &why);
    if (!mmu)
        out_of_memory();
    uint64_t root = map_pages(memory, bench->levels);
    mmu_set_control(mmu, &(struct mmu_control){.mode = bench->mode, .root_ppn = root});
    unsigned runs = TRANSLATIONS / bench->run;
    uint64_t *stream = make_stream(bench, runs);
    play(mmu, stream, runs, bench->run); /* warm-up */
    uint64_t walks = mmu_counters(mmu)->walks;
    double seconds[REPETITIONS];
    for (unsigned i = 0; i < REPETITIONS; i++)
        seconds[i] = play(mmu, stream, runs, bench->run);
    double median = median_of(seconds, REPETITIONS);
    double each = (double)(mmu_counters(mmu)->walks - walks) / REPETITIONS;
    printf("%-34s %8.1f %8.1f %9.1f %9.1f %7.2f%%\n", bench->name, TRANSLATIONS / median / 1e6,
           TRANSLATIONS / seconds[0] / 1e6, each / median / 1e6, each / seconds[0] / 1e6,
           100 * each / TRANSLATIONS);
    free(stream);
    mmu_destroy(mmu);
    physmem_destroy(memory);
}

/* An argument picks the benches whose names begin with it. */
int main(int argc, char **argv) {
    const char *prefix = argc > 1 ? argv[1] : "";
    printf("millions per CPU-second (median and best of %d)\n", REPETITIONS);
    printf("%-34s %8s %8s %9s %9s %8s\n", "", "transl.", "best", "walks", "best", "walked");
    for (size_t i = 0; i < sizeof benches / sizeof benches[0]; i++)
        if (strncmp(benches[i].name, prefix, strlen(prefix)) == 0)
            measure(&benches[i]);
    return 0;
}
