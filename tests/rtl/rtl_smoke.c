/*
 * A few translations by hand on each hardware configuration, with results worked out from the
 * specification. Usage: rtl_smoke CONFIG.
 */
#include "bench.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static const char *config;

/* PTE flags */
#define V  0x1u
#define R  0x2u
#define W  0x4u
#define X  0x8u
#define U  0x10u
#define G  0x20u
#define A  0x40u
#define D  0x80u
#define PN (1ull << 63)

static uint64_t entry(uint64_t ppn, uint64_t flags) {
    return ppn << 10 | flags;
}

/* The log expected with an L2 TLB, or without one: its words are then taken out. */
static void expect_log(const struct bench *bench, const char *expected) {
    char text[512] = "", copy[512];
    snprintf(copy, sizeof copy, "%s", expected);
    for (char *word = strtok(copy, " "); word; word = strtok(NULL, " ")) {
        if (!bench->has_l2 && strstr(word, "L2"))
            continue;
        if (*text)
            strcat(text, " ");
        strcat(text, word);
    }
    assert_string_equal(bench->log, text);
}

static void expect_page(const struct bench *bench, enum port port, uint64_t pa, enum page_size size,
                        enum hit_level level) {
    const struct mmu_response *response = &bench->response[port];
    assert_int_equal(response->reason, FAULT_NONE);
    assert_int_equal(response->cause, CAUSE_NONE);
    assert_int_equal(response->pa, pa);
    assert_int_equal(response->size, size);
    assert_int_equal(response->level, level);
}

static void expect_fault(const struct bench *bench, enum port port, enum fault_reason reason,
                         enum cause cause, enum hit_level level) {
    const struct mmu_response *response = &bench->response[port];
    assert_int_equal(response->reason, reason);
    assert_int_equal(response->cause, cause);
    assert_int_equal(response->level, level);
    assert_int_equal(response->pa, 0);
    assert_int_equal(response->size, 0);
}

/* Sv39: va 0x40201abc has vpn[2] = vpn[1] = vpn[0] = 1. Tables at 0x80000000, …1000, …2000. */
#define SV39_VA   0x40201abcu
#define SV39_LEAF 0x80002008u
static void map_sv39(struct bench *bench, uint64_t leaf) {
    bench_write(bench, 0x80000008, 0x20000401);
    bench_write(bench, 0x80001008, 0x20000801);
    bench_write(bench, SV39_LEAF, leaf);
}

static void test_sv39_walk_and_hits(void **state) {
    (void)state;
    struct bench bench;
    bench_open(&bench, config);
    map_sv39(&bench, entry(0x12345, V | R | W | A | D));
    bench_request(&bench, SV39_VA, ACCESS_READ, PRIV_S);
    expect_log(&bench, "D:miss L2:miss start read2 read1 read0 end fill:L2 fill:D resp");
    expect_page(&bench, PORT_D, 0x12345abc, PAGE_4K, LEVEL_WALK);
    /* Offered in cycle 1, L2 lookup 2, three times request and answer, response 9. */
    assert_int_equal(bench.cycles, 9);

    bench_request(&bench, SV39_VA + 1, ACCESS_WRITE, PRIV_S);
    expect_log(&bench, "D:hit resp");
    expect_page(&bench, PORT_D, 0x12345abd, PAGE_4K, LEVEL_L1);
    assert_int_equal(bench.cycles, 2);

    bench_request(&bench, SV39_VA, ACCESS_READ, PRIV_U);
    expect_log(&bench, "D:hit resp");
    expect_fault(&bench, PORT_D, FAULT_SUPERVISOR_PAGE, CAUSE_LOAD_PAGE_FAULT, LEVEL_L1);

    bench_request(&bench, SV39_VA, ACCESS_EXECUTE, PRIV_S);
    expect_log(&bench, bench.has_l2 ? "I:miss L2:hit fill:I resp"
                                    : "I:miss start read2 read1 read0 end resp");
    expect_fault(&bench, PORT_I, FAULT_NOT_EXECUTABLE, CAUSE_FETCH_PAGE_FAULT,
                 bench.has_l2 ? LEVEL_L2 : LEVEL_WALK);
    bench_close(&bench);
}

static void test_untranslated(void **state) {
    (void)state;
    struct bench bench;
    bench_open(&bench, config);
    bench_request(&bench, 0x00ffffffffffff12, ACCESS_EXECUTE, PRIV_M);
    expect_log(&bench, "resp");
    expect_page(&bench, PORT_I, 0x00ffffffffffff12, PAGE_4K, LEVEL_NONE);
    bench_request(&bench, 0x0100000000000000, ACCESS_WRITE, PRIV_M);
    expect_fault(&bench, PORT_D, FAULT_TOO_WIDE, CAUSE_STORE_ACCESS_FAULT, LEVEL_NONE);
    bench_request(&bench, 0x0000004000000000, ACCESS_READ, PRIV_S);
    expect_log(&bench, "resp");
    expect_fault(&bench, PORT_D, FAULT_NON_CANONICAL, CAUSE_LOAD_PAGE_FAULT, LEVEL_NONE);
    bench_close(&bench);
}

/* One leaf reached in each mode and size: where its PTE lies, and where an address comes out. */
static void test_page_sizes(void **state) {
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
        bench_open(&bench, config);
        rtl_mmu_in(bench.mmu)->control.mode = cases[i].mode;
        rtl_mmu_in(bench.mmu)->control.napot = true;
        for (unsigned level = 0; level < cases[i].pointers; level++)
            bench_write(&bench, cases[i].pte_pa[level], entry(0x80001 + level, V));
        bench_write(&bench, cases[i].pte_pa[cases[i].pointers], cases[i].leaf);
        bench_request(&bench, cases[i].va, ACCESS_READ, PRIV_S);
        expect_page(&bench, PORT_D, cases[i].pa, cases[i].size, LEVEL_WALK);
        bench_request(&bench, cases[i].va ^ 0x111, ACCESS_READ, PRIV_S);
        expect_page(&bench, PORT_D, cases[i].pa ^ 0x111, cases[i].size, LEVEL_L1);
        bench_close(&bench);
    }
}

/* Loads in Sv39 without extensions: the last-level PTE, and what is wrong with it. */
static void test_faults(void **state) {
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
        bench_open(&bench, config);
        map_sv39(&bench, cases[i].leaf);
        bench_request(&bench, SV39_VA, ACCESS_READ, PRIV_S);
        expect_log(&bench, "D:miss L2:miss start read2 read1 read0 end resp");
        expect_fault(&bench, PORT_D, cases[i].reason, CAUSE_LOAD_PAGE_FAULT, LEVEL_WALK);
        bench_close(&bench);
    }
}

static void test_misaligned_and_refused(void **state) {
    (void)state;
    struct bench bench;
    bench_open(&bench, config);
    map_sv39(&bench, 0);
    bench_write(&bench, 0x80001008, entry(0x201, V | R | A));
    bench_request(&bench, SV39_VA, ACCESS_READ, PRIV_S);
    expect_log(&bench, "D:miss L2:miss start read2 read1 end resp");
    expect_fault(&bench, PORT_D, FAULT_MISALIGNED, CAUSE_LOAD_PAGE_FAULT, LEVEL_WALK);
    bench_refuse(&bench, 0x80001008);
    bench_request(&bench, SV39_VA, ACCESS_EXECUTE, PRIV_U);
    expect_log(&bench, "I:miss L2:miss start read2 read1! end resp");
    expect_fault(&bench, PORT_I, FAULT_PTE_ACCESS, CAUSE_FETCH_ACCESS_FAULT, LEVEL_WALK);
    bench_close(&bench);
}

/* Svadu: a load sets A; a store to the entry so cached finds it clean, walks again and sets D. */
static void test_accessed_and_dirty(void **state) {
    (void)state;
    struct bench bench;
    bench_open(&bench, config);
    rtl_mmu_in(bench.mmu)->control.adue = true;
    map_sv39(&bench, entry(0x12345, V | R | W));
    bench_request(&bench, SV39_VA, ACCESS_READ, PRIV_S);
    expect_log(&bench, "D:miss L2:miss start read2 read1 read0 update end fill:L2 fill:D resp");
    expect_page(&bench, PORT_D, 0x12345abc, PAGE_4K, LEVEL_WALK);
    assert_int_equal(bench_read(&bench, SV39_LEAF), entry(0x12345, V | R | W | A));
    bench_request(&bench, SV39_VA, ACCESS_WRITE, PRIV_S);
    expect_log(&bench, "D:clean L2:clean start read2 read1 read0 update end fill:L2 fill:D resp");
    assert_int_equal(bench_read(&bench, SV39_LEAF), entry(0x12345, V | R | W | A | D));
    bench_request(&bench, SV39_VA, ACCESS_WRITE, PRIV_S);
    expect_log(&bench, "D:hit resp");
    bench_close(&bench);
}

/* Svade: the same store is refused, walked or cached. */
static void test_dirty_clear(void **state) {
    (void)state;
    struct bench bench;
    bench_open(&bench, config);
    map_sv39(&bench, entry(0x12345, V | R | W | A));
    bench_request(&bench, SV39_VA, ACCESS_WRITE, PRIV_S);
    expect_fault(&bench, PORT_D, FAULT_DIRTY_CLEAR, CAUSE_STORE_PAGE_FAULT, LEVEL_WALK);
    bench_request(&bench, SV39_VA, ACCESS_READ, PRIV_S);
    bench_request(&bench, SV39_VA, ACCESS_WRITE, PRIV_S);
    expect_log(&bench, "D:hit resp");
    expect_fault(&bench, PORT_D, FAULT_DIRTY_CLEAR, CAUSE_STORE_PAGE_FAULT, LEVEL_L1);
    bench_close(&bench);
}

/* Somebody else sets a software bit of the PTE between the read and the compare-and-set. */
static void change_leaf_before_update(struct bench *bench) {
    if (bench->busy && bench->cas) {
        bench_write(bench, SV39_LEAF, entry(0x12345, V | R | W | 0x100));
        bench->each_cycle = NULL;
    }
}

static void test_update_lost_race(void **state) {
    (void)state;
    struct bench bench;
    bench_open(&bench, config);
    rtl_mmu_in(bench.mmu)->control.adue = true;
    map_sv39(&bench, entry(0x12345, V | R | W));
    bench.each_cycle = change_leaf_before_update;
    bench_request(&bench, SV39_VA, ACCESS_WRITE, PRIV_S);
    expect_log(&bench, "D:miss L2:miss start read2 read1 read0 update? read0 update end fill:L2 "
                       "fill:D resp");
    assert_int_equal(bench_read(&bench, SV39_LEAF), entry(0x12345, V | R | W | A | D | 0x100));
    bench_close(&bench);
}

static void refuse_leaf_before_update(struct bench *bench) {
    if (bench->busy && bench->cas)
        bench_refuse(bench, SV39_LEAF);
}

static void test_update_refused(void **state) {
    (void)state;
    struct bench bench;
    bench_open(&bench, config);
    rtl_mmu_in(bench.mmu)->control.adue = true;
    map_sv39(&bench, entry(0x12345, V | R | W));
    bench.each_cycle = refuse_leaf_before_update;
    bench_request(&bench, SV39_VA, ACCESS_WRITE, PRIV_S);
    expect_log(&bench, "D:miss L2:miss start read2 read1 read0 update! end resp");
    expect_fault(&bench, PORT_D, FAULT_UPDATE_ACCESS, CAUSE_STORE_ACCESS_FAULT, LEVEL_WALK);
    assert_int_equal(bench_read(&bench, SV39_LEAF), entry(0x12345, V | R | W));
    bench_close(&bench);
}

/* The cycle in which test_fence_at_any_cycle offers its fence, and whether it was taken. */
static unsigned fence_cycle;
static bool fence_taken;

static void offer_fence(struct bench *bench) {
    struct rtl_inputs *in = rtl_mmu_in(bench->mmu);
    /* The cycle that has ended: did it take the fence? */
    if (in->fence_valid && rtl_mmu_out(bench->mmu)->fence_ready) {
        in->fence_valid = false;
        fence_taken = true;
    }
    if (bench->cycles == fence_cycle) {
        in->fence_valid = true;
        in->fence = (struct mmu_fence){0};
        /* A new leaf, which nobody must miss who is answered after the fence. */
        bench_write(bench, SV39_LEAF, entry(0x54321, V | R | W | A | D));
    }
}

/*
 * A fence, offered at each cycle of a store's walk with an A/D update: the answer is the old page
 * only if it comes before the fence; a second try gets the new page always.
 */
static void test_fence_at_any_cycle(void **state) {
    (void)state;
    for (unsigned latency = 1; latency <= 3; latency++) {
        unsigned restarted = 0;
        for (fence_cycle = 1; fence_cycle < 24; fence_cycle++) {
            struct bench bench;
            bench_open(&bench, config);
            bench.latency = latency;
            rtl_mmu_in(bench.mmu)->control.adue = true;
            map_sv39(&bench, entry(0x12345, V | R | W));
            bench.each_cycle = offer_fence;
            fence_taken = false;
            bench_request(&bench, SV39_VA, ACCESS_WRITE, PRIV_S);
            uint64_t pa = bench.response[PORT_D].pa;
            if (fence_taken)
                assert_int_equal(pa, 0x54321abc);
            else
                assert_true(pa == 0x12345abc || pa == 0x54321abc);
            const char *first = strstr(bench.log, "start");
            if (first && strstr(first + 1, "start"))
                restarted++;
            for (unsigned i = 0; i < 24 && (bench.cycles <= fence_cycle || !fence_taken); i++) {
                bench_cycle(&bench, PORT_D);
                bench.cycles++;
            }
            assert_true(fence_taken);
            bench_request(&bench, SV39_VA, ACCESS_READ, PRIV_S);
            assert_int_equal(bench.response[PORT_D].pa, 0x54321abc);
            bench_close(&bench);
        }
        assert_true(restarted > 0);
    }
}

/* Which entries a fence removes: pages 0x40201 (G=0) and 0x40202 (G=1), both of ASID 1. */
static void test_fence_operands(void **state) {
    (void)state;
    static const struct {
        struct mmu_fence fence;
        bool keeps_local, keeps_global;
    } cases[] = {
        {{false, false, 0, 0}, false, false},        {{true, false, 0x40201fff, 0}, false, true},
        {{true, false, 0x40202000, 0}, true, false}, {{false, true, 0, 1}, false, true},
        {{false, true, 0, 2}, true, true},           {{true, true, 0x40201000, 1}, false, true},
        {{true, true, 0x40202000, 1}, true, true},   {{true, true, 0x40201000, 2}, true, true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct bench bench;
        bench_open(&bench, config);
        map_sv39(&bench, entry(0x12345, V | R | A));
        bench_write(&bench, 0x80002010, entry(0x12346, V | R | A | G));
        bench_request(&bench, 0x40201000, ACCESS_READ, PRIV_S);
        bench_request(&bench, 0x40202000, ACCESS_READ, PRIV_S);
        bench_fence(&bench, cases[i].fence);
        bench_request(&bench, 0x40201000, ACCESS_READ, PRIV_S);
        assert_int_equal(bench.response[PORT_D].level,
                         cases[i].keeps_local ? LEVEL_L1 : LEVEL_WALK);
        bench_request(&bench, 0x40202000, ACCESS_READ, PRIV_S);
        assert_int_equal(bench.response[PORT_D].level,
                         cases[i].keeps_global ? LEVEL_L1 : LEVEL_WALK);
        /* Another address space shares the global page only. */
        rtl_mmu_in(bench.mmu)->control.asid = 7;
        bench_request(&bench, 0x40202000, ACCESS_READ, PRIV_S);
        assert_int_equal(bench.response[PORT_D].level, LEVEL_L1);
        bench_request(&bench, 0x40201000, ACCESS_READ, PRIV_S);
        assert_int_equal(bench.response[PORT_D].level, LEVEL_WALK);
        bench_close(&bench);
    }
}

/* Hits stream through the D port, one in each cycle, also while the I port walks. */
static void test_one_hit_a_cycle(void **state) {
    (void)state;
    struct bench bench;
    bench_open(&bench, config);
    bench.latency = 50;
    map_sv39(&bench, entry(0x12345, V | R | X | A));
    bench_request(&bench, SV39_VA, ACCESS_READ, PRIV_S);
    struct rtl_inputs *in = rtl_mmu_in(bench.mmu);
    in->req[PORT_I].va = 0x80000000;
    in->req[PORT_I].valid = true;
    bench_cycle(&bench, PORT_I);
    in->req[PORT_I].valid = false;
    in->req[PORT_D].valid = true;
    for (unsigned i = 0; i < 32; i++) {
        bench.responded[PORT_D] = false;
        in->req[PORT_D].id = i % 16;
        in->req[PORT_D].va = SV39_VA + i;
        assert_true(bench_cycle(&bench, PORT_D));
        assert_int_equal(bench.responded[PORT_D], i > 0);
        if (i > 0)
            expect_page(&bench, PORT_D, 0x12345abc + i - 1, PAGE_4K, LEVEL_L1);
    }
    assert_false(bench.responded[PORT_I]);
    bench_close(&bench);
}

/*
 * The ways that are given up, worked out by hand from docs/architecture.md. One set is filled, its
 * first page is used again, and further pages come.
 */
static void test_replacement(void **state) {
    (void)state;
    static const struct {
        const char *config;
        enum access_type access;
        unsigned victims[4];
    } cases[] = {
        {"small", ACCESS_READ, {1, 2, 3, 0}},     /* LRU, 4 ways */
        {"default", ACCESS_READ, {16, 8, 24, 4}}, /* PLRU, 32 ways: the first use is of way 0 */
        {"default", ACCESS_EXECUTE, {8, 4, 12, 2}}, {"server", ACCESS_EXECUTE, {1, 2, 3, 0}},
        {"odd", ACCESS_EXECUTE, {0, 1, 2, 3}},    /* FIFO, 5 ways: the use does not count */
        {"odd", ACCESS_READ, {2, 1, 2, 0}},       /* PLRU, 3 ways */
        {"nol2", ACCESS_READ, {4, 2, 6, 1}},      /* PLRU, 7 ways */
        {"random", ACCESS_READ, {0, 0, 0, 2}},    /* xorshift32 from 0xACE10005 */
        {"random", ACCESS_EXECUTE, {0, 0, 5, 4}}, /* from 0xACE10004 */
        {"nol2", ACCESS_EXECUTE, {0, 0, 1, 1}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        if (strcmp(cases[i].config, config) != 0)
            continue;
        struct bench bench;
        bench_open(&bench, config);
        enum tlb_number tlb = cases[i].access == ACCESS_EXECUTE ? TLB_I : TLB_D;
        const struct tlb_config *geometry = &rtl_mmu_config(config)->tlb[tlb];
        bench_write(&bench, 0x80000008, 0x20000401);
        bench_write(&bench, 0x80001000, 0x20000801);
        for (unsigned page = 0; page < geometry->ways + 4; page++) {
            /* vpn 0x40000 + page x sets: all in one set */
            uint64_t vpn = 0x40000 + page * geometry->sets;
            bench_write(&bench, 0x80002000 + page * geometry->sets * 8,
                        entry(0x1000 + page, V | R | X | A));
            if (page == geometry->ways) {
                bench_request(&bench, 0x40000000, cases[i].access, PRIV_S);
                assert_int_equal(bench.response[tlb == TLB_D].level, LEVEL_L1);
            }
            bench_request(&bench, vpn << 12, cases[i].access, PRIV_S);
            expect_page(&bench, tlb == TLB_I ? PORT_I : PORT_D, (0x1000ull + page) << 12, PAGE_4K,
                        LEVEL_WALK);
            bool full = page >= geometry->ways;
            assert_int_equal(bench.fill[tlb].fill.evicted, full);
            assert_int_equal(bench.fill[tlb].fill.set, 0x40000 % geometry->sets);
            assert_int_equal(bench.fill[tlb].fill.way,
                             full ? cases[i].victims[page - geometry->ways] : page);
        }
        bench_close(&bench);
    }
}

/* A broken rule of the ports is reported, and does not end the process. */
static void test_assertions_are_reported(void **state) {
    (void)state;
    struct bench bench, other;
    bench_open(&bench, config);
    bench_open(&other, config);
    rtl_mmu_in(bench.mmu)->ptw_resp_valid = true; /* an answer to no request */
    rtl_mmu_settle(bench.mmu);
    assert_false(rtl_mmu_failed(bench.mmu));
    rtl_mmu_tick(bench.mmu);
    rtl_mmu_in(bench.mmu)->ptw_resp_valid = false;
    rtl_mmu_settle(bench.mmu);
    assert_true(rtl_mmu_failed(bench.mmu));
    rtl_mmu_tick(bench.mmu);
    bench_close(&other);
    rtl_mmu_close(bench.mmu);
}

static void test_dump(void **state) {
    (void)state;
    struct bench bench;
    bench_open(&bench, config);
    assert_false(rtl_mmu_dump_open(bench.mmu, "/nonexistent/directory/x.fst"));
    char path[64];
    snprintf(path, sizeof path, "rtl_smoke_%s_%ld.fst", config, (long)getpid());
    assert_true(rtl_mmu_dump_open(bench.mmu, path));
    map_sv39(&bench, entry(0x12345, V | R | A));
    bench_request(&bench, SV39_VA, ACCESS_READ, PRIV_S);
    expect_page(&bench, PORT_D, 0x12345abc, PAGE_4K, LEVEL_WALK);
    rtl_mmu_dump_close(bench.mmu);
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    assert_int_equal(fgetc(file), 0); /* an FST header block */
    fclose(file);
    unlink(path);
    bench_close(&bench);
}

int main(int argc, char **argv) {
    if (argc < 2 || argc > 3 || !rtl_mmu_config(argv[1])) {
        fprintf(stderr, "usage: rtl_smoke CONFIG [TEST_TO_LEAVE_OUT]\n");
        return 2;
    }
    config = argv[1];
    if (argc == 3)
        cmocka_set_skip_filter(argv[2]);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sv39_walk_and_hits),
        cmocka_unit_test(test_untranslated),
        cmocka_unit_test(test_page_sizes),
        cmocka_unit_test(test_faults),
        cmocka_unit_test(test_misaligned_and_refused),
        cmocka_unit_test(test_accessed_and_dirty),
        cmocka_unit_test(test_dirty_clear),
        cmocka_unit_test(test_update_lost_race),
        cmocka_unit_test(test_update_refused),
        cmocka_unit_test(test_fence_at_any_cycle),
        cmocka_unit_test(test_fence_operands),
        cmocka_unit_test(test_one_hit_a_cycle),
        cmocka_unit_test(test_replacement),
        cmocka_unit_test(test_assertions_are_reported),
        cmocka_unit_test(test_dump),
    };
    return cmocka_run_group_tests_name(config, tests, NULL, NULL);
}
