/*
 * Several requests and walks at once: docs/timing.md.
 */
#include "smoke.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

/* Hits stream through the D port, one in each cycle, also while the I port walks. */
void test_one_hit_a_cycle(void **state) {
    (void)state;
    struct bench bench;
    bench_open(&bench, smoke_config);
    smoke_map(&bench, smoke_entry(0x12345, V | R | X | A));
    bench_request(&bench, SV39_VA, ACCESS_READ, PRIV_S);
    bench.latency = 50;
    bench_offer(&bench, 0, 0x80000000, ACCESS_EXECUTE, PRIV_S);
    bench_cycle(&bench);
    assert_true(bench.accepted[PORT_I]);
    for (unsigned i = 0; i < 32; i++) {
        bench_offer(&bench, (uint8_t)i, SV39_VA + i, ACCESS_READ, PRIV_S);
        bench_cycle(&bench);
        assert_true(bench.accepted[PORT_D]);
        assert_int_equal(bench.responded[PORT_D], i > 0);
        if (i > 0)
            smoke_expect_page(&bench, PORT_D, 0x12345abc + i - 1, PAGE_4K, LEVEL_L1);
        assert_false(bench.responded[PORT_I]);
    }
    bench_close(&bench);
}

/* Loads that hit go past one of the same port that missed. */
void test_hits_past_a_miss(void **state) {
    (void)state;
    struct bench bench;
    bench_open(&bench, smoke_config);
    smoke_map(&bench, smoke_entry(0x12345, V | R | A));
    bench_write(&bench, SV39_LEAF_2, smoke_entry(0x12347, V | R | A));
    bench_request(&bench, SV39_VA_2, ACCESS_READ, PRIV_S);
    bench.latency = 20;
    bench_offer(&bench, 1, SV39_VA, ACCESS_READ, PRIV_S);
    bench_cycle(&bench);
    uint64_t accepted_at = bench.accepted_at[PORT_D];
    for (uint8_t id = 2; id < 12; id++) {
        bench_offer(&bench, id, SV39_VA_2 + id, ACCESS_READ, PRIV_S);
        bench_cycle(&bench);
        assert_true(bench.accepted[PORT_D]);
        bench_cycle(&bench);
        assert_true(bench.responded[PORT_D]);
        assert_int_equal(bench.response_id[PORT_D], id);
        smoke_expect_page(&bench, PORT_D, 0x12347abc + id, PAGE_4K, LEVEL_L1);
    }
    do
        bench_cycle(&bench);
    while (!bench.responded[PORT_D]);
    assert_int_equal(bench.response_id[PORT_D], 1);
    smoke_expect_page(&bench, PORT_D, 0x12345abc, PAGE_4K, LEVEL_WALK);
    /* One page size in the L2, which misses; the walk cache knows the last table. */
    unsigned reads = bench.config->walk_cache > 0 ? 1 : 3;
    assert_int_equal(bench.responded_at[PORT_D] - accepted_at, 1 + reads * 21);
    bench_close(&bench);
}

/* A second load of a page whose walk is under way waits for it, and is answered a cycle later. */
void test_merge(void **state) {
    (void)state;
    struct bench bench;
    bench_open(&bench, smoke_config);
    smoke_map(&bench, smoke_entry(0x12345, V | R | A));
    bench_offer(&bench, 1, SV39_VA, ACCESS_READ, PRIV_S);
    bench_cycle(&bench);
    bench_offer(&bench, 2, SV39_VA + 8, ACCESS_READ, PRIV_S);
    for (unsigned cycle = 1; cycle < 7; cycle++) {
        bench_cycle(&bench);
        assert_false(bench.responded[PORT_D]);
    }
    bench_cycle(&bench); /* 7: 1 + 3 x 2 */
    assert_true(bench.responded[PORT_D]);
    assert_int_equal(bench.response_id[PORT_D], 1);
    smoke_expect_page(&bench, PORT_D, 0x12345abc, PAGE_4K, LEVEL_WALK);
    bench_cycle(&bench);
    assert_true(bench.responded[PORT_D]);
    assert_int_equal(bench.response_id[PORT_D], 2);
    smoke_expect_page(&bench, PORT_D, 0x12345ac4, PAGE_4K, LEVEL_WALK);
    smoke_expect_log(&bench, "D:miss link L2:miss start D:miss merge read2 read1 read0 end fill:D "
                             "resp fill:L2 resp");
    assert_int_equal(bench_counter(&bench, COUNTER_MERGES), 1);
    assert_int_equal(bench_counter(&bench, COUNTER_WALKS_D), 1);
    bench_close(&bench);
}

/*
 * Both ports miss the same page in the same cycle: the D port wins stage A, the fetch merges in the
 * next cycle. Each port's L1 is filled once.
 */
void test_merge_of_ports(void **state) {
    (void)state;
    struct bench bench;
    bench_open(&bench, smoke_config);
    smoke_map(&bench, smoke_entry(0x12345, V | R | X | A));
    bench_offer(&bench, 3, SV39_VA, ACCESS_EXECUTE, PRIV_S);
    bench_offer(&bench, 3, SV39_VA, ACCESS_READ, PRIV_S);
    bench_settle(&bench);
    smoke_expect_log(&bench, "I:miss D:miss link L2:miss start merge read2 read1 read0 end fill:D "
                             "fill:I resp fill:L2 resp");
    assert_int_equal(bench.responded_at[PORT_D] - bench.accepted_at[PORT_D], 7);
    assert_int_equal(bench.responded_at[PORT_I] - bench.accepted_at[PORT_I], 8);
    smoke_expect_page(&bench, PORT_D, 0x12345abc, PAGE_4K, LEVEL_WALK);
    smoke_expect_page(&bench, PORT_I, 0x12345abc, PAGE_4K, LEVEL_WALK);
    bench_close(&bench);
}

/*
 * Svadu: a store merges with a load's walk, whose entry has D=0. It is replayed, and its own walk
 * sets D.
 */
void test_replay(void **state) {
    (void)state;
    struct bench bench;
    bench_open(&bench, smoke_config);
    rtl_mmu_in(bench.mmu)->control.adue = true;
    smoke_map(&bench, smoke_entry(0x12345, V | R | W | A));
    bench_offer(&bench, 1, SV39_VA, ACCESS_READ, PRIV_S);
    bench_cycle(&bench);
    bench_offer(&bench, 2, SV39_VA, ACCESS_WRITE, PRIV_S);
    bench_settle(&bench);
    smoke_expect_log(&bench, "D:miss link L2:miss start D:miss merge read2 read1 read0 end fill:D "
                             "replay resp fill:L2 link L2:clean start n:read2 n:read1 read0 update "
                             "end fill:D resp fill:L2");
    assert_int_equal(bench.response_id[PORT_D], 2);
    smoke_expect_page(&bench, PORT_D, 0x12345abc, PAGE_4K, LEVEL_WALK);
    assert_int_equal(bench_read(&bench, SV39_LEAF), smoke_entry(0x12345, V | R | W | A | D));
    assert_int_equal(bench_counter(&bench, COUNTER_REPLAYS), 1);
    bench_close(&bench);
}

/*
 * A user's load merges with a supervisor's, which the page refuses: the fault is the first one's
 * alone, the second walks for itself and is answered.
 */
void test_merged_fault(void **state) {
    (void)state;
    struct bench bench;
    bench_open(&bench, smoke_config);
    smoke_map(&bench, smoke_entry(0x12345, V | R | U | A));
    bench_offer(&bench, 1, SV39_VA, ACCESS_READ, PRIV_S);
    bench_cycle(&bench);
    bench_offer(&bench, 2, SV39_VA, ACCESS_READ, PRIV_U);
    do
        bench_cycle(&bench);
    while (!bench.responded[PORT_D]);
    assert_int_equal(bench.response_id[PORT_D], 1);
    smoke_expect_fault(&bench, PORT_D, FAULT_USER_PAGE, CAUSE_LOAD_PAGE_FAULT, LEVEL_WALK);
    bench_settle(&bench);
    smoke_expect_log(&bench, "D:miss link L2:miss start D:miss merge read2 read1 read0 end replay "
                             "resp link L2:miss start n:read2 n:read1 read0 end fill:D resp "
                             "fill:L2");
    assert_int_equal(bench.response_id[PORT_D], 2);
    smoke_expect_page(&bench, PORT_D, 0x12345abc, PAGE_4K, LEVEL_WALK);
    bench_close(&bench);
}

/* Another page of the same table: its walk begins at the last level. A fence forgets that. */
void test_walk_cache(void **state) {
    (void)state;
    struct bench bench;
    bench_open(&bench, smoke_config);
    smoke_map(&bench, smoke_entry(0x12345, V | R | A));
    bench_write(&bench, SV39_LEAF_2, smoke_entry(0x12347, V | R | A));
    bench_request(&bench, SV39_VA, ACCESS_READ, PRIV_S);
    unsigned reads = bench.config->walk_cache > 0 ? 1 : 3;
    assert_int_equal(bench_request(&bench, SV39_VA_2, ACCESS_READ, PRIV_S), 1 + reads * 2);
    smoke_expect_log(&bench,
                     "D:miss link L2:miss start n:read2 n:read1 read0 end fill:D resp fill:L2");
    bench_fence(&bench, (struct mmu_fence){.has_va = true, .va = SV39_VA});
    /* A fence with an address removes the page, and leaves the walk cache. */
    bench_request(&bench, SV39_VA, ACCESS_READ, PRIV_S);
    smoke_expect_log(&bench,
                     "D:miss link L2:miss start n:read2 n:read1 read0 end fill:D resp fill:L2");
    bench_fence(&bench, (struct mmu_fence){.has_va = false});
    bench_request(&bench, SV39_VA, ACCESS_READ, PRIV_S);
    smoke_expect_log(&bench, "D:miss link L2:miss start read2 read1 read0 end fill:D resp fill:L2");
    bench_close(&bench);
}

/* A walk that found a 4 KiB page goes on to the next one, which is then in the L2. */
void test_prefetch(void **state) {
    (void)state;
    struct bench bench;
    bench_open(&bench, smoke_config);
    smoke_map(&bench, smoke_entry(0x12345, V | R | A));
    bench_write(&bench, 0x80002010, smoke_entry(0x12346, V | R | A));
    bench_request(&bench, SV39_VA, ACCESS_READ, PRIV_S);
    smoke_expect_log(&bench, "D:miss link L2:miss start read2 read1 read0 end fill:D resp fill:L2");
    smoke_expect_ahead(&bench, "prefetch L2:miss start n:read2 n:read1 read0 end fill:L2");
    bench_request(&bench, 0x40202abc, ACCESS_READ, PRIV_S);
    bool ahead = bench.config->prefetch && bench.has_l2;
    smoke_expect_page(&bench, PORT_D, 0x12346abc, PAGE_4K, ahead ? LEVEL_L2 : LEVEL_WALK);
    assert_int_equal(bench_counter(&bench, COUNTER_PREFETCHES), ahead);
    assert_int_equal(bench_counter(&bench, COUNTER_WALKS_D), ahead ? 1 : 2);
    bench_close(&bench);
}

/* An L2 entry written with a wrong bit is not used where there is parity. */
void test_parity(void **state) {
    (void)state;
    struct bench bench;
    bench_open(&bench, smoke_config);
    smoke_map(&bench, smoke_entry(0x12345, V | R | X | A));
    rtl_mmu_in(bench.mmu)->inject = true;
    rtl_mmu_in(bench.mmu)->inject_bit = 30;
    bench_request(&bench, SV39_VA, ACCESS_READ, PRIV_S);
    bench_request(&bench, SV39_VA, ACCESS_EXECUTE, PRIV_S);
    smoke_expect_page(&bench, PORT_I, 0x12345abc, PAGE_4K,
                      bench.has_l2 && !bench.config->parity ? LEVEL_L2 : LEVEL_WALK);
    bench_close(&bench);
}
