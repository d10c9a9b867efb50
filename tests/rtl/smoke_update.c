/*
 * A and D: Svadu and Svade.
 */
#include "smoke.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

/* Svadu: a load sets A; a store to the entry so cached finds it clean, walks again and sets D. */
void test_accessed_and_dirty(void **state) {
    (void)state;
    struct bench bench;
    bench_open(&bench, smoke_config);
    rtl_mmu_in(bench.mmu)->control.adue = true;
    smoke_map(&bench, smoke_entry(0x12345, V | R | W));
    bench_request(&bench, SV39_VA, ACCESS_READ, PRIV_S);
    smoke_expect_log(&bench,
                     "D:miss link L2:miss start read2 read1 read0 update end fill:D resp fill:L2");
    smoke_expect_page(&bench, PORT_D, 0x12345abc, PAGE_4K, LEVEL_WALK);
    assert_int_equal(bench_read(&bench, SV39_LEAF), smoke_entry(0x12345, V | R | W | A));
    bench_request(&bench, SV39_VA, ACCESS_WRITE, PRIV_S);
    smoke_expect_log(
        &bench, "D:clean link L2:clean start n:read2 n:read1 read0 update end fill:D resp fill:L2");
    assert_int_equal(bench_read(&bench, SV39_LEAF), smoke_entry(0x12345, V | R | W | A | D));
    bench_request(&bench, SV39_VA, ACCESS_WRITE, PRIV_S);
    smoke_expect_log(&bench, "D:hit resp");
    bench_close(&bench);
}

/* Svade: the same store is refused, walked or cached. */
void test_dirty_clear(void **state) {
    (void)state;
    struct bench bench;
    bench_open(&bench, smoke_config);
    smoke_map(&bench, smoke_entry(0x12345, V | R | W | A));
    bench_request(&bench, SV39_VA, ACCESS_WRITE, PRIV_S);
    smoke_expect_fault(&bench, PORT_D, FAULT_DIRTY_CLEAR, CAUSE_STORE_PAGE_FAULT, LEVEL_WALK);
    bench_request(&bench, SV39_VA, ACCESS_READ, PRIV_S);
    bench_request(&bench, SV39_VA, ACCESS_WRITE, PRIV_S);
    smoke_expect_log(&bench, "D:hit resp");
    smoke_expect_fault(&bench, PORT_D, FAULT_DIRTY_CLEAR, CAUSE_STORE_PAGE_FAULT, LEVEL_L1);
    bench_close(&bench);
}

/* Somebody else sets a software bit of the PTE between the read and the compare-and-set. */
static void change_leaf_before_update(struct bench *bench) {
    if (bench_updates(bench)) {
        bench_write(bench, SV39_LEAF, smoke_entry(0x12345, V | R | W | 0x100));
        bench->each_cycle = NULL;
    }
}

void test_update_lost_race(void **state) {
    (void)state;
    struct bench bench;
    bench_open(&bench, smoke_config);
    rtl_mmu_in(bench.mmu)->control.adue = true;
    smoke_map(&bench, smoke_entry(0x12345, V | R | W));
    bench.each_cycle = change_leaf_before_update;
    bench_request(&bench, SV39_VA, ACCESS_WRITE, PRIV_S);
    smoke_expect_log(
        &bench,
        "D:miss link L2:miss start read2 read1 read0 update? read0 update end fill:D resp fill:L2");
    assert_int_equal(bench_read(&bench, SV39_LEAF),
                     smoke_entry(0x12345, V | R | W | A | D | 0x100));
    bench_close(&bench);
}

static void refuse_leaf_before_update(struct bench *bench) {
    if (bench_updates(bench))
        bench_refuse(bench, SV39_LEAF);
}

void test_update_refused(void **state) {
    (void)state;
    struct bench bench;
    bench_open(&bench, smoke_config);
    rtl_mmu_in(bench.mmu)->control.adue = true;
    smoke_map(&bench, smoke_entry(0x12345, V | R | W));
    bench.each_cycle = refuse_leaf_before_update;
    bench_request(&bench, SV39_VA, ACCESS_WRITE, PRIV_S);
    smoke_expect_log(&bench, "D:miss link L2:miss start read2 read1 read0 update! end resp");
    smoke_expect_fault(&bench, PORT_D, FAULT_UPDATE_ACCESS, CAUSE_STORE_ACCESS_FAULT, LEVEL_WALK);
    assert_int_equal(bench_read(&bench, SV39_LEAF), smoke_entry(0x12345, V | R | W));
    bench_close(&bench);
}
