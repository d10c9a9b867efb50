/*
 * Fences: what they remove, and what they do to walks under way.
 */
#include "smoke.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

/* The cycle in which test_fence_at_any_cycle offers its fence. */
static unsigned fence_cycle;

static void offer_fence(struct bench *bench) {
    if (bench->cycle != fence_cycle)
        return;
    struct mmu_inputs *in = rtl_mmu_in(bench->mmu);
    in->fence_valid = true;
    in->fence = (struct mmu_fence){0};
    /* A new leaf, which nobody must miss who is answered after the fence. */
    bench_write(bench, SV39_LEAF, smoke_entry(0x54321, V | R | W | A | D));
}

/*
 * A fence, offered at each cycle of a store's walk with an A/D update: the answer is the old page
 * only if it comes before the fence; a second try gets the new page always.
 */
void test_fence_at_any_cycle(void **state) {
    (void)state;
    for (unsigned latency = 1; latency <= 3; latency++) {
        unsigned restarted = 0;
        for (fence_cycle = 1; fence_cycle < 24; fence_cycle++) {
            struct bench bench;
            bench_open(&bench, smoke_config);
            bench.latency = latency;
            rtl_mmu_in(bench.mmu)->control.adue = true;
            smoke_map(&bench, smoke_entry(0x12345, V | R | W));
            bench.each_cycle = offer_fence;
            bench_request(&bench, SV39_VA, ACCESS_WRITE, PRIV_S);
            uint64_t pa = bench.response[PORT_D].pa;
            if (bench.fences > 0 && bench.fenced_at < bench.responded_at[PORT_D])
                assert_int_equal(pa, 0x54321abc);
            else
                assert_true(pa == 0x12345abc || pa == 0x54321abc);
            restarted += bench_counter(&bench, COUNTER_WALK_RESTARTS) > 0;
            while (bench.cycle < fence_cycle + 8)
                bench_cycle(&bench);
            assert_int_equal(bench.fences, 1);
            bench_request(&bench, SV39_VA, ACCESS_READ, PRIV_S);
            assert_int_equal(bench.response[PORT_D].pa, 0x54321abc);
            bench_close(&bench);
        }
        assert_true(restarted > 0);
    }
}

/* Which entries a fence removes: pages 0x40201 (G=0) and 0x40203 (G=1), both of ASID 1. */
void test_fence_operands(void **state) {
    (void)state;
    static const struct {
        struct mmu_fence fence;
        bool keeps_local, keeps_global;
    } cases[] = {
        {{false, false, 0, 0}, false, false},        {{true, false, 0x40201fff, 0}, false, true},
        {{true, false, 0x40203000, 0}, true, false}, {{false, true, 0, 1}, false, true},
        {{false, true, 0, 2}, true, true},           {{true, true, 0x40201000, 1}, false, true},
        {{true, true, 0x40203000, 1}, true, true},   {{true, true, 0x40201000, 2}, true, true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct bench bench;
        bench_open(&bench, smoke_config);
        smoke_map(&bench, smoke_entry(0x12345, V | R | A));
        bench_write(&bench, SV39_LEAF_2, smoke_entry(0x12346, V | R | A | G));
        bench_request(&bench, 0x40201000, ACCESS_READ, PRIV_S);
        bench_request(&bench, 0x40203000, ACCESS_READ, PRIV_S);
        bench_fence(&bench, cases[i].fence);
        bench_request(&bench, 0x40201000, ACCESS_READ, PRIV_S);
        assert_int_equal(bench.response[PORT_D].level,
                         cases[i].keeps_local ? LEVEL_L1 : LEVEL_WALK);
        bench_request(&bench, 0x40203000, ACCESS_READ, PRIV_S);
        assert_int_equal(bench.response[PORT_D].level,
                         cases[i].keeps_global ? LEVEL_L1 : LEVEL_WALK);
        /* Another address space shares the global page only. */
        rtl_mmu_in(bench.mmu)->control.asid = 7;
        bench_request(&bench, 0x40203000, ACCESS_READ, PRIV_S);
        assert_int_equal(bench.response[PORT_D].level, LEVEL_L1);
        bench_request(&bench, 0x40201000, ACCESS_READ, PRIV_S);
        assert_int_equal(bench.response[PORT_D].level, LEVEL_WALK);
        bench_close(&bench);
    }
}

/*
 * Two walks await their answers when a fence comes: these are dropped when they arrive, one cycle
 * after the other, the walks start over in the cycles after that, and both find the new pages.
 */
void test_fence_of_two_walks(void **state) {
    (void)state;
    struct bench bench;
    bench_open(&bench, smoke_config);
    if (bench.config->walks < 2) {
        bench_close(&bench);
        return;
    }
    bench.latency = 10;
    smoke_map(&bench, smoke_entry(0x12345, V | R | A));
    bench_write(&bench, 0x80001010, smoke_entry(0x80003, V)); /* va 0x40403000 */
    bench_write(&bench, 0x80003018, smoke_entry(0x12346, V | R | A));
    bench_offer(&bench, 1, SV39_VA, ACCESS_READ, PRIV_S);
    bench_cycle(&bench);
    bench_offer(&bench, 2, 0x40403abc, ACCESS_READ, PRIV_S);
    bench_cycle(&bench);
    bench_cycle(&bench);
    assert_int_equal(bench.most_accesses, 2);
    bench_write(&bench, SV39_LEAF, smoke_entry(0x54321, V | R | A));
    bench_write(&bench, 0x80003018, smoke_entry(0x54322, V | R | A));
    bench_fence(&bench, (struct mmu_fence){0});
    /* Nothing stands in its way: stage B is empty since cycle 3. */
    assert_int_equal(bench.fenced_at, 3);
    while (!bench.responded[PORT_D])
        bench_cycle(&bench);
    assert_int_equal(bench.response_id[PORT_D], 1);
    smoke_expect_page(&bench, PORT_D, 0x54321abc, PAGE_4K, LEVEL_WALK);
    /* The first answer comes in cycle 1 + 10; start, then three times offer and answer. */
    assert_int_equal(bench.cycle - 1, 11 + 1 + 3 * 11 + 1);
    bench_cycle(&bench);
    assert_true(bench.responded[PORT_D]);
    assert_int_equal(bench.response_id[PORT_D], 2);
    smoke_expect_page(&bench, PORT_D, 0x54322abc, PAGE_4K, LEVEL_WALK);
    bench_settle(&bench);
    smoke_expect_log(&bench, "D:miss link L2:miss start D:miss link L2:miss start start start "
                             "read2 read2 read1 read1 read0 end fill:D read0 end fill:D resp "
                             "fill:L2 resp fill:L2");
    assert_int_equal(bench_counter(&bench, COUNTER_WALK_RESTARTS), 2);
    assert_int_equal(bench_counter(&bench, COUNTER_WALKS_D), 2);
    bench_close(&bench);
}
