/*
 * Runs with time: figures worked out by hand from docs/timing.md, both modes; the two modes equal
 * where nothing overlaps, and close where everything does; repeats in bulk like repeats one by one.
 */
#include "study/timed.h"

#include "../unit/check.h"

#include <stdlib.h>
#include <string.h>

enum { ROOT = 0x10, MIDDLE = 0x11, LEAVES = 0x12, PAGES = 512, DATA = 0x1000 };

static const uint64_t pointer = UINT64_C(1) << PTE_BIT_V;
static const uint64_t leaf = UINT64_C(1) << PTE_BIT_V | UINT64_C(1) << PTE_BIT_R |
                             UINT64_C(1) << PTE_BIT_W | UINT64_C(1) << PTE_BIT_X |
                             UINT64_C(1) << PTE_BIT_U | UINT64_C(1) << PTE_BIT_A |
                             UINT64_C(1) << PTE_BIT_D;
static const struct mmu_config plain = {
    .tlb = {{1, 16, POLICY_LRU}, {1, 16, POLICY_LRU}, {16, 4, POLICY_LRU}},
    .seed = 1,
    .walks = 8,
    .misses = {4, 16},
};
static const struct mmu_fence everything = {.has_va = false};

struct bench {
    struct timed timed;
    struct replay_target target;
};

static void poke(struct bench *bench, uint64_t pa, uint64_t ppn, uint64_t flags) {
    assert_true(memories_poke(bench->target.memories, pa, 8, ppn << PTE_BIT_PPN | flags));
}

/* Sv39; the first 2 MiB are mapped, page by page. */
static void begin(struct bench *bench, enum timed_mode mode, const struct mmu_config *config,
                  unsigned in_flight, const char *latency) {
    const char *why;
    if (!timed_init(&bench->timed, mode, config, in_flight, latency, &why))
        fail_msg("%s", why);
    bench->target = timed_target(&bench->timed);
    poke(bench, ROOT * PAGE_BYTES, MIDDLE, pointer);
    poke(bench, MIDDLE * PAGE_BYTES, LEAVES, pointer);
    for (uint64_t i = 0; i < PAGES; i++)
        poke(bench, LEAVES * PAGE_BYTES + 8 * i, DATA + i, leaf);
    const struct mmu_control control = {.mode = MODE_SV39, .root_ppn = ROOT, .asid = 1};
    bench->target.control(bench->target.context, &control);
}

static void end(struct bench *bench, struct timing_figures *figures) {
    timed_figures(&bench->timed, figures);
    assert_int_equal(timed_differences(&bench->timed), 0);
    timed_free(&bench->timed);
}

static void ask(struct bench *bench, enum access_type access, uint64_t va) {
    const struct mmu_request request = {.va = va, .access = access, .priv = PRIV_U};
    struct mmu_response response;
    assert_true(bench->target.translate(bench->target.context, &request, &response, NULL));
}

static void load(struct bench *bench, uint64_t page) {
    ask(bench, ACCESS_READ, page * PAGE_BYTES);
}

/* A request accepted in cycle 0 walks for 1 + 3 (10 + 1) cycles; one that hits is accepted in the
 * cycle after that, and the run ends after the cycle of its response. */
static void a_walk_and_a_hit(void **state) {
    (void)state;
    for (int mode = 0; mode < TIMED_MODES; mode++) {
        struct bench bench;
        struct timing_figures figures;
        begin(&bench, (enum timed_mode)mode, &plain, 1, "10");
        load(&bench, 5);
        load(&bench, 5);
        end(&bench, &figures);
        assert_int_equal(figures.cycles, 35 + 2);
        assert_int_equal(figures.translations, 2);
        assert_int_equal(figures.misses, 1);
        assert_int_equal(figures.miss_cycles, 34);
        assert_int_equal(figures.miss_cycles_max, 34);
        assert_int_equal(figures.walks, 1);
        assert_int_equal(figures.pte_reads, 3);
        assert_int_equal(figures.merges, 0);
        assert_int_equal(figures.walk_cycles, 32); /* from after its START in 1 to its END in 33 */
    }
}

/* Without replacement in the L2: the fetch finds there in 2 cycles what the load has walked for. */
static void an_l2_hit(void **state) {
    (void)state;
    for (int mode = 0; mode < TIMED_MODES; mode++) {
        struct bench bench;
        struct timing_figures figures;
        begin(&bench, (enum timed_mode)mode, &plain, 1, "1");
        load(&bench, 5);
        ask(&bench, ACCESS_EXECUTE, 5 * PAGE_BYTES + 8);
        end(&bench, &figures);
        /* 1 + 3 (1 + 1), the next cycle, and 2 more. The fill is made two cycles after the END. */
        assert_int_equal(figures.cycles, 8 + 3);
        assert_int_equal(figures.misses, 2);
        assert_int_equal(figures.miss_cycles, 7 + 2);
        assert_int_equal(figures.walks, 1);
    }
}

/* Three loads of one page in cycles 0, 1, 2: the first walks, the others join it, and they leave
 * one a cycle. */
static void misses_of_a_page_merge(void **state) {
    (void)state;
    for (int mode = 0; mode < TIMED_MODES; mode++) {
        struct bench bench;
        struct timing_figures figures;
        begin(&bench, (enum timed_mode)mode, &plain, 8, "10");
        for (int i = 0; i < 3; i++)
            load(&bench, 7);
        end(&bench, &figures);
        assert_int_equal(figures.cycles, 34 + 2 + 1);
        assert_int_equal(figures.misses, 3);
        assert_int_equal(figures.miss_cycles, 34 + 34 + 34);
        assert_int_equal(figures.walks, 1);
        assert_int_equal(figures.merges, 2);
        assert_int_equal(figures.stalls[PORT_D], 0);
    }
}

/* The only entry of a miss file is free again after the return. */
static void a_full_miss_file_stalls(void **state) {
    (void)state;
    struct mmu_config config = plain;
    config.misses[PORT_D] = 1;
    for (int mode = 0; mode < TIMED_MODES; mode++) {
        struct bench bench;
        struct timing_figures figures;
        begin(&bench, (enum timed_mode)mode, &config, 8, "10");
        load(&bench, 1);
        load(&bench, 2);
        end(&bench, &figures);
        /* Offered from cycle 1 on; END in 33, so accepted in 34, when stage A is the fill's. */
        assert_int_equal(figures.stalls[PORT_D], 33);
        assert_int_equal(figures.cycles, 34 + 35 + 1);
        assert_int_equal(figures.miss_cycles, 34 + 35);
    }
}

/* One walk at a time: the second begins once the fill of the first is over, 3 cycles after its END;
 * with two each takes its time, and the second reads a cycle after the first. */
static void walks_wait_for_walks(void **state) {
    (void)state;
    static const struct {
        unsigned walks;
        uint64_t second; /* its cycles, from its acceptance in cycle 1 */
    } cases[] = {{1, 33 + 3 + 34 - 1}, {2, 34}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct mmu_config config = plain;
        config.walks = cases[i].walks;
        for (int mode = 0; mode < TIMED_MODES; mode++) {
            struct bench bench;
            struct timing_figures figures;
            begin(&bench, (enum timed_mode)mode, &config, 8, "10");
            load(&bench, 1);
            load(&bench, 2);
            end(&bench, &figures);
            assert_int_equal(figures.miss_cycles, 34 + cases[i].second);
            assert_int_equal(figures.cycles, 1 + cases[i].second + 1);
        }
    }
}

/* The walk cache spares the second page two of three reads; a fence empties it. */
static void walk_cache_hits(void **state) {
    (void)state;
    struct mmu_config config = plain;
    config.walk_cache = 4;
    for (int mode = 0; mode < TIMED_MODES; mode++) {
        struct bench bench;
        struct timing_figures figures;
        begin(&bench, (enum timed_mode)mode, &config, 1, "10");
        load(&bench, 1);
        load(&bench, 2);
        assert_true(bench.target.fence(bench.target.context, &everything));
        load(&bench, 3);
        end(&bench, &figures);
        assert_int_equal(figures.walk_cache_hits, 1);
        assert_int_equal(figures.pte_reads, 3 + 1 + 3);
        assert_int_equal(figures.miss_cycles, 34 + 12 + 34);
        /* The fence waits for the second fill to leave stage B. */
        assert_int_equal(figures.cycles, 35 + 13 + 2 + 35);
    }
}

/* Fetches, if any, for half of it, loads, stores and fences. */
static void play_random(struct bench *bench, unsigned count, uint64_t pages, bool fetches) {
    uint64_t random = 5;
    for (unsigned i = 0; i < count; i++) {
        random = random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        uint64_t page = (random >> 40) % pages;
        enum access_type access = fetches && random >> 33 & 1 ? ACCESS_EXECUTE
                                  : random >> 34 & 1          ? ACCESS_READ
                                                              : ACCESS_WRITE;
        ask(bench, access, page * PAGE_BYTES + (random >> 50 & 0xff8));
        struct mmu_fence fence = {random >> 35 & 1, random >> 36 & 1, page * PAGE_BYTES, 1};
        if (random >> 54 == 0)
            bench->target.fence(bench->target.context, &fence);
    }
}

static void equal_without_overlap(void **state) {
    (void)state;
    static const char *const latencies[] = {"1", "10", "3:30:9", "cache:1K/2/64/3,16K/4/64/15,70"};
    struct mmu_config configs[4] = {plain, plain, plain, plain};
    configs[1].walk_cache = 2;
    configs[2].tlb[TLB_L2].sets = 0;
    configs[3].tlb[TLB_D] = (struct tlb_config){3, 2, POLICY_FIFO};
    configs[3].tlb[TLB_L2] = (struct tlb_config){5, 3, POLICY_RANDOM};
    configs[3].walks = 1;
    configs[3].misses[PORT_I] = configs[3].misses[PORT_D] = 1;
    for (size_t c = 0; c < sizeof configs / sizeof configs[0]; c++)
        for (size_t l = 0; l < sizeof latencies / sizeof latencies[0]; l++) {
            struct timing_figures figures[TIMED_MODES];
            for (int mode = 0; mode < TIMED_MODES; mode++) {
                struct bench bench;
                begin(&bench, (enum timed_mode)mode, &configs[c], 1, latencies[l]);
                play_random(&bench, 5000, PAGES, true);
                end(&bench, &figures[mode]);
            }
            if (memcmp(&figures[TIMED_EXACT], &figures[TIMED_FAST], sizeof figures[0]) != 0)
                fail_msg("configuration %zu, latency %s: %llu cycles exactly, %llu fast", c,
                         latencies[l], (unsigned long long)figures[TIMED_EXACT].cycles,
                         (unsigned long long)figures[TIMED_FAST].cycles);
            assert_true(figures[TIMED_EXACT].misses > 3000);
        }
}

static void assert_close(uint64_t estimate, uint64_t exact, unsigned percent) {
    uint64_t difference = estimate > exact ? estimate - exact : exact - estimate;
    if (difference * 100 > exact * percent)
        fail_msg("%llu is no estimate of %llu within %u percent", (unsigned long long)estimate,
                 (unsigned long long)exact, percent);
}

/* What is missed all the time, 16 requests in flight. */
static void compare_overlapping(unsigned walks, const char *latency, bool fetches,
                                unsigned cycles_percent, unsigned walk_cycles_percent) {
    struct mmu_config config = plain;
    config.walks = walks;
    struct timing_figures figures[TIMED_MODES];
    for (int mode = 0; mode < TIMED_MODES; mode++) {
        struct bench bench;
        begin(&bench, (enum timed_mode)mode, &config, 16, latency);
        play_random(&bench, 20000, 200, fetches);
        end(&bench, &figures[mode]);
    }
    const struct timing_figures *exact = &figures[TIMED_EXACT], *fast = &figures[TIMED_FAST];
    assert_close(fast->cycles, exact->cycles, cycles_percent);
    assert_close(fast->miss_cycles, exact->miss_cycles, walk_cycles_percent);
    assert_close(fast->walks, exact->walks, 8);
    assert_int_equal(fast->translations, exact->translations);
    assert_true(exact->misses > 15000 && exact->merges > 30);
}

static void close_with_overlap(void **state) {
    (void)state;
    static const char *const latencies[] = {"1", "10", "50"};
    static const unsigned walks[] = {1, 2, 8};
    for (size_t l = 0; l < sizeof latencies / sizeof latencies[0]; l++)
        for (size_t w = 0; w < sizeof walks / sizeof walks[0]; w++) {
            compare_overlapping(walks[w], latencies[l], false, 8, 8);
            /* Both ports wait for walks, which they get in another order. */
            compare_overlapping(walks[w], latencies[l], true, 8, 25);
        }
}

/* Of a page that a walk is under way for, of one in the L1, many and few. */
static void repeats_in_bulk(void **state) {
    (void)state;
    static const uint64_t counts[] = {1, 3, 40, 5000};
    struct timing_figures figures[2];
    for (int bulk = 0; bulk < 2; bulk++) {
        struct bench bench;
        begin(&bench, TIMED_FAST, &plain, 16, "20");
        for (unsigned i = 0; i < 200; i++) {
            const struct mmu_request request = {.va = i * 7 % 40 * PAGE_BYTES,
                                                .access = i % 3 ? ACCESS_READ : ACCESS_EXECUTE};
            struct mmu_request user = request;
            user.priv = PRIV_U;
            ask(&bench, user.access, user.va);
            uint64_t count = counts[i % 4];
            if (bulk)
                assert_true(bench.target.repeat(bench.target.context, &user, count));
            for (uint64_t j = 0; !bulk && j < count; j++)
                ask(&bench, user.access, user.va);
        }
        end(&bench, &figures[bulk]);
    }
    assert_int_equal(figures[0].translations, figures[1].translations);
    assert_int_equal(figures[0].misses, figures[1].misses);
    assert_int_equal(figures[0].walks, figures[1].walks);
    assert_close(figures[1].cycles, figures[0].cycles, 1);
    assert_true(figures[0].merges > 100);
}

static void impossible_ones_are_refused(void **state) {
    (void)state;
    struct mmu_config none = plain, many = plain;
    none.walks = 0;
    many.misses[PORT_I] = 33;
    for (int mode = 0; mode < TIMED_MODES; mode++) {
        struct timed timed;
        const char *why = NULL;
        assert_false(timed_init(&timed, (enum timed_mode)mode, &none, 1, "1", &why));
        assert_non_null(strstr(why, "1 to 16"));
        assert_false(timed_init(&timed, (enum timed_mode)mode, &many, 1, "1", &why));
        assert_non_null(strstr(why, "miss file"));
        assert_false(timed_init(&timed, (enum timed_mode)mode, &plain, 1, "", &why));
        assert_non_null(strstr(why, "neither"));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_walk_and_a_hit),       cmocka_unit_test(an_l2_hit),
        cmocka_unit_test(misses_of_a_page_merge), cmocka_unit_test(a_full_miss_file_stalls),
        cmocka_unit_test(walks_wait_for_walks),   cmocka_unit_test(walk_cache_hits),
        cmocka_unit_test(equal_without_overlap),  cmocka_unit_test(close_with_overlap),
        cmocka_unit_test(repeats_in_bulk),        cmocka_unit_test(impossible_ones_are_refused),
    };
    return RUN(tests);
}
