/* Miss rates that have a closed form. */
#include "check.h"
#include "tables.h"

#include <math.h>

static struct mmu *make(struct tables *tables, unsigned sets, unsigned ways, enum policy policy,
                        uint64_t pages) {
    tables_create(tables, &geometries[1]);
    for (uint64_t page = 0; page < pages; page++)
        tables_put(tables, page << 12, 0, PPN(page + 1) | LEAF);
    const struct mmu_memory memory = physmem_callbacks(tables->memory);
    const struct mmu_config config = {
        .tlb = {[TLB_I] = {1, 1, POLICY_LRU}, [TLB_D] = {sets, ways, policy}}};
    const char *why;
    struct mmu *mmu = mmu_create(&config, &memory, &why);
    assert_non_null(mmu);
    const struct mmu_control control = tables_control(tables);
    mmu_set_control(mmu, &control);
    return mmu;
}

static void done(struct tables *tables, struct mmu *mmu) {
    mmu_destroy(mmu);
    tables_destroy(tables);
}

static void load(struct mmu *mmu, uint64_t va) {
    struct mmu_response response;
    assert_true(mmu_translate(mmu, &(struct mmu_request){va, ACCESS_READ, PRIV_S, 0}, &response));
    assert_true(response.pa == va + 0x1000);
}

/* A sweep over more pages than fit misses on every change of page, in any round. */
static void sequential_sweep(void **state) {
    (void)state;
    static const unsigned shape[][2] = {{1, 64}, {16, 4}, {64, 1}, {12, 5}};
    static const enum policy policies[] = {POLICY_LRU, POLICY_FIFO};
    for (unsigned i = 0; i < 4; i++)
        for (unsigned p = 0; p < 2; p++) {
            unsigned sets = shape[i][0], ways = shape[i][1], pages = sets * (ways + 1);
            struct tables tables;
            struct mmu *mmu = make(&tables, sets, ways, policies[p], pages);
            for (unsigned round = 0; round < 3; round++)
                for (uint64_t va = 0; va < (uint64_t)pages << 12; va += 512)
                    load(mmu, va);
            assert_int_equal(mmu_counters(mmu)->misses[TLB_D], 3 * pages);
            assert_int_equal(mmu_counters(mmu)->lookups[TLB_D], 3 * pages * 8);
            done(&tables, mmu);
        }
}

/* One that fits misses in its first round only. */
static void sweep_that_fits(void **state) {
    (void)state;
    for (int policy = 0; policy < POLICIES; policy++) {
        struct tables tables;
        struct mmu *mmu = make(&tables, 12, 5, (enum policy)policy, 60);
        for (unsigned round = 0; round < 10; round++)
            for (uint64_t page = 0; page < 60; page++)
                load(mmu, page << 12);
        assert_int_equal(mmu_counters(mmu)->misses[TLB_D], 60);
        done(&tables, mmu);
    }
}

/*
 * Uniform random pages: whatever the E entries hold, a reference hits with E/N, so misses are
 * binomial. Within four standard deviations, after a warm-up that fills the TLB.
 */
static void uniform_random(void **state) {
    (void)state;
    enum { PAGES = 4096, ENTRIES = 256, WARM_UP = 20000, REFERENCES = 200000 };
    for (int policy = 0; policy < POLICIES; policy++) {
        struct tables tables;
        struct mmu *mmu = make(&tables, 1, ENTRIES, (enum policy)policy, PAGES);
        uint64_t seed = 1, warm = 0;
        for (unsigned i = 0; i < WARM_UP + REFERENCES; i++) {
            if (i == WARM_UP)
                warm = mmu_counters(mmu)->misses[TLB_D];
            load(mmu, (uint64_t)pick(&seed, PAGES) << 12);
        }
        double miss = 1.0 - (double)ENTRIES / PAGES;
        double misses = (double)(mmu_counters(mmu)->misses[TLB_D] - warm);
        double deviation = sqrt(REFERENCES * miss * (1 - miss));
        assert_true(fabs(misses - REFERENCES * miss) < 4 * deviation);
        done(&tables, mmu);
    }
}

/* K pages of one set in turn, K > W: LRU and FIFO always miss, random keeps some. */
static void round_robin_in_one_set(void **state) {
    (void)state;
    enum { SETS = 8, WAYS = 4, K = 5, ROUNDS = 2000 };
    for (int policy = 0; policy < POLICIES; policy++) {
        struct tables tables;
        struct mmu *mmu = make(&tables, SETS, WAYS, (enum policy)policy, SETS * K);
        for (unsigned i = 0; i < ROUNDS * K; i++)
            load(mmu, (uint64_t)(i % K * SETS + 3) << 12);
        uint64_t misses = mmu_counters(mmu)->misses[TLB_D];
        if (policy == POLICY_LRU || policy == POLICY_FIFO)
            assert_int_equal(misses, ROUNDS * K);
        if (policy == POLICY_RANDOM)
            assert_in_range(misses, ROUNDS * K / 5, ROUNDS * K * 4 / 5);
        done(&tables, mmu);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sequential_sweep),
        cmocka_unit_test(sweep_that_fits),
        cmocka_unit_test(uniform_random),
        cmocka_unit_test(round_robin_in_one_set),
    };
    return RUN(tests);
}
