/*
 * Single translations worked out from the specification: what they answer, and the way there.
 */
#include "smoke.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

void test_sv39_walk_and_hits(void **state) {
    (void)state;
    struct bench bench;
    bench_open(&bench, smoke_config);
    smoke_map(&bench, smoke_entry(0x12345, V | R | W | A | D));
    unsigned cycles = bench_request(&bench, SV39_VA, ACCESS_READ, PRIV_S);
    /* The L1 is filled in the cycle of the END, the L2 two cycles later: once more through stage A.
     */
    smoke_expect_log(&bench, "D:miss link L2:miss start read2 read1 read0 end fill:D resp fill:L2");
    smoke_expect_page(&bench, PORT_D, 0x12345abc, PAGE_4K, LEVEL_WALK);
    /* The L2 lookup in the cycle after acceptance; three times request and answer; the response. */
    assert_int_equal(cycles, 1 + 3 * 2);

    cycles = bench_request(&bench, SV39_VA + 1, ACCESS_WRITE, PRIV_S);
    smoke_expect_log(&bench, "D:hit resp");
    smoke_expect_page(&bench, PORT_D, 0x12345abd, PAGE_4K, LEVEL_L1);
    assert_int_equal(cycles, 1);

    bench_request(&bench, SV39_VA, ACCESS_READ, PRIV_U);
    smoke_expect_log(&bench, "D:hit resp");
    smoke_expect_fault(&bench, PORT_D, FAULT_SUPERVISOR_PAGE, CAUSE_LOAD_PAGE_FAULT, LEVEL_L1);

    cycles = bench_request(&bench, SV39_VA, ACCESS_EXECUTE, PRIV_S);
    smoke_expect_fault(&bench, PORT_I, FAULT_NOT_EXECUTABLE, CAUSE_FETCH_PAGE_FAULT,
                       bench.has_l2 ? LEVEL_L2 : LEVEL_WALK);
    if (bench.has_l2) {
        smoke_expect_log(&bench, "I:miss link L2:hit fill:I resp");
        assert_int_equal(cycles, 2);
    } else {
        smoke_expect_log(&bench, "I:miss link start n:read2 n:read1 read0 end resp");
    }
    bench_close(&bench);
}

void test_untranslated(void **state) {
    (void)state;
    struct bench bench;
    bench_open(&bench, smoke_config);
    bench_request(&bench, 0x00ffffffffffff12, ACCESS_EXECUTE, PRIV_M);
    smoke_expect_log(&bench, "resp");
    smoke_expect_page(&bench, PORT_I, 0x00ffffffffffff12, PAGE_4K, LEVEL_NONE);
    bench_request(&bench, 0x0100000000000000, ACCESS_WRITE, PRIV_M);
    smoke_expect_fault(&bench, PORT_D, FAULT_TOO_WIDE, CAUSE_STORE_ACCESS_FAULT, LEVEL_NONE);
    bench_request(&bench, 0x0000004000000000, ACCESS_READ, PRIV_S);
    smoke_expect_log(&bench, "resp");
    smoke_expect_fault(&bench, PORT_D, FAULT_NON_CANONICAL, CAUSE_LOAD_PAGE_FAULT, LEVEL_NONE);
    bench_close(&bench);
}

/* One leaf reached in each mode and size: where its PTE lies, and where an address comes out. */
void test_page_sizes(void **state) {
    (void)state;
    static const struct {
        enum paging_mode mode;
        uint64_t va;
        unsigned pointers; /* tables 0x80000000, 0x80001000 … lead to the leaf */
        uint64_t pte_pa[5];
        uint64_t leaf;
        uint64_t pa;
        enum page_size size;
    } cases[] = {
        /* Sv32: vpn[1] = va[31:22] = 2, vpn[0] = va[21:12] = 3; 4-byte PTEs */
        {MODE_SV32, 0x00803456, 1, {0x80000008, 0x8000100c}, 0x0048d0c3, 0x1234456, PAGE_4K},
        {MODE_SV32, 0x00803456, 0, {0x80000008}, 0x001000c3, 0x403456, PAGE_4M},
        {MODE_SV39, 0xffffffffc0201abc, 1, {0x80000ff8, 0x80001008}, 0x800c3, 0x201abc, PAGE_2M},
        {MODE_SV39, 0x40201abc, 0, {0x80000008}, 0x100000c3, 0x40201abc, PAGE_1G},
        {MODE_SV39,
         0x4020fabc,
         2,
         {0x80000008, 0x80001008, 0x80002078},
         0x80000000048d20c3,
         0x1234fabc,
         PAGE_64K},
        {MODE_SV48, 0x8040201abc, 0, {0x80000008}, 0x20000000c3, 0x8040201abc, PAGE_512G},
        {MODE_SV48,
         0x8040201abc,
         3,
         {0x80000008, 0x80001008, 0x80002008, 0x80003008},
         0x48d14c3,
         0x12345abc,
         PAGE_4K},
        {MODE_SV57, 0x1008040201abc, 0, {0x80000008}, 0x4000000000c3, 0x1008040201abc, PAGE_256T},
        {MODE_SV57,
         0x1008040201abc,
         4,
         {0x80000008, 0x80001008, 0x80002008, 0x80003008, 0x80004008},
         0x48d14c3,
         0x12345abc,
         PAGE_4K},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct bench bench;
        bench_open(&bench, smoke_config);
        rtl_mmu_in(bench.mmu)->control.mode = cases[i].mode;
        rtl_mmu_in(bench.mmu)->control.napot = true;
        for (unsigned level = 0; level < cases[i].pointers; level++)
            bench_write(&bench, cases[i].pte_pa[level], smoke_entry(0x80001 + level, V));
        bench_write(&bench, cases[i].pte_pa[cases[i].pointers], cases[i].leaf);
        bench_request(&bench, cases[i].va, ACCESS_READ, PRIV_S);
        smoke_expect_page(&bench, PORT_D, cases[i].pa, cases[i].size, LEVEL_WALK);
        bench_request(&bench, cases[i].va ^ 0x111, ACCESS_READ, PRIV_S);
        smoke_expect_page(&bench, PORT_D, cases[i].pa ^ 0x111, cases[i].size, LEVEL_L1);
        bench_close(&bench);
    }
}

/* Loads in Sv39 without extensions: the last-level PTE, and what is wrong with it. */
void test_faults(void **state) {
    (void)state;
    static const struct {
        uint64_t leaf;
        enum fault_reason reason;
    } cases[] = {
        {0, FAULT_NOT_VALID},
        {R | W | A | D, FAULT_NOT_VALID},
        {V | W | A | D, FAULT_WRITE_ONLY},
        {V | W | X | A | D, FAULT_WRITE_ONLY},
        {V | R | A | 1ull << 54, FAULT_RESERVED_BITS},
        {V | R | A | 1ull << 60, FAULT_RESERVED_BITS},
        {V | R | A | 1ull << 61, FAULT_RESERVED_PBMT},
        {V | R | A | 3ull << 61, FAULT_RESERVED_PBMT},
        {V | R | A | PN | 8 << 10, FAULT_RESERVED_NAPOT},
        {V | A, FAULT_POINTER_FLAGS},
        {V | D, FAULT_POINTER_FLAGS},
        {V | U, FAULT_POINTER_FLAGS},
        {V, FAULT_POINTER_AT_LEAF},
        {V | G, FAULT_POINTER_AT_LEAF},
        {V | R | U | A, FAULT_USER_PAGE},
        {V | X | A, FAULT_NOT_READABLE},
        {V | R, FAULT_ACCESSED_CLEAR},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct bench bench;
        bench_open(&bench, smoke_config);
        smoke_map(&bench, cases[i].leaf);
        bench_request(&bench, SV39_VA, ACCESS_READ, PRIV_S);
        smoke_expect_log(&bench, "D:miss link L2:miss start read2 read1 read0 end resp");
        smoke_expect_fault(&bench, PORT_D, cases[i].reason, CAUSE_LOAD_PAGE_FAULT, LEVEL_WALK);
        bench_close(&bench);
    }
}

void test_misaligned_and_refused(void **state) {
    (void)state;
    struct bench bench;
    bench_open(&bench, smoke_config);
    smoke_map(&bench, 0);
    bench_write(&bench, 0x80001008, smoke_entry(0x201, V | R | A));
    bench_request(&bench, SV39_VA, ACCESS_READ, PRIV_S);
    smoke_expect_log(&bench, "D:miss link L2:miss start read2 read1 end resp");
    smoke_expect_fault(&bench, PORT_D, FAULT_MISALIGNED, CAUSE_LOAD_PAGE_FAULT, LEVEL_WALK);
    bench_refuse(&bench, 0x80001008);
    bench_request(&bench, SV39_VA, ACCESS_EXECUTE, PRIV_U);
    smoke_expect_log(&bench, "I:miss link L2:miss start n:read2 read1! end resp");
    smoke_expect_fault(&bench, PORT_I, FAULT_PTE_ACCESS, CAUSE_FETCH_ACCESS_FAULT, LEVEL_WALK);
    bench_close(&bench);
}

/*
 * The ways that are given up, worked out by hand from docs/architecture.md. One set is filled, its
 * first page is used again, and further pages come.
 */
void test_replacement(void **state) {
    (void)state;
    static const struct {
        const char *config;
        enum access_type access;
        unsigned victims[4];
    } cases[] = {
        {"small", ACCESS_READ, {1, 2, 3, 0}},     /* LRU, 4 ways */
        {"default", ACCESS_READ, {16, 8, 24, 4}}, /* PLRU, 32 ways: the first use is of way 0 */
        {"default", ACCESS_EXECUTE, {8, 4, 12, 2}}, {"server", ACCESS_EXECUTE, {1, 2, 3, 0}},
        {"wide", ACCESS_READ, {16, 8, 24, 4}},      {"wide", ACCESS_EXECUTE, {8, 4, 12, 2}},
        {"odd", ACCESS_EXECUTE, {0, 1, 2, 3}},    /* FIFO, 5 ways: the use does not count */
        {"odd", ACCESS_READ, {2, 1, 2, 0}},       /* PLRU, 3 ways */
        {"nol2", ACCESS_READ, {4, 2, 6, 1}},      /* PLRU, 7 ways */
        {"random", ACCESS_READ, {0, 0, 0, 2}},    /* xorshift32 from 0xACE10005 */
        {"random", ACCESS_EXECUTE, {0, 0, 5, 4}}, /* from 0xACE10004 */
        {"nol2", ACCESS_EXECUTE, {0, 0, 1, 1}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        if (strcmp(cases[i].config, smoke_config) != 0)
            continue;
        struct bench bench;
        bench_open(&bench, smoke_config);
        enum tlb_number tlb = cases[i].access == ACCESS_EXECUTE ? TLB_I : TLB_D;
        const struct tlb_config *geometry = &rtl_mmu_config(smoke_config)->tlb[tlb];
        bench_write(&bench, 0x80000008, 0x20000401);
        bench_write(&bench, 0x80001000, 0x20000801);
        for (unsigned page = 0; page < geometry->ways + 4; page++) {
            /* All in one set, and none the next of another, which a prefetch would find. */
            unsigned index = 2 * page * geometry->sets;
            uint64_t vpn = 0x40000 + index;
            bench_write(&bench, 0x80002000 + index * 8, smoke_entry(0x1000 + page, V | R | X | A));
            if (page == geometry->ways) {
                bench_request(&bench, 0x40000000, cases[i].access, PRIV_S);
                assert_int_equal(bench.response[tlb == TLB_D].level, LEVEL_L1);
            }
            bench_request(&bench, vpn << 12, cases[i].access, PRIV_S);
            smoke_expect_page(&bench, tlb == TLB_I ? PORT_I : PORT_D, (0x1000ull + page) << 12,
                              PAGE_4K, LEVEL_WALK);
            bool full = page >= geometry->ways;
            assert_int_equal(bench.fill[tlb].fill.evicted, full);
            assert_int_equal(bench.fill[tlb].fill.set, 0x40000 % geometry->sets);
            assert_int_equal(bench.fill[tlb].fill.way,
                             full ? cases[i].victims[page - geometry->ways] : page);
        }
        bench_close(&bench);
    }
}
