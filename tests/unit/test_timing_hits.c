/*
 * docs/timing.md, to the cycle: hits, walks of every length, the walk cache, lookups of several
 * page sizes. The cycles expected are written down from that page.
 */
#include "check.h"
#include "timing_rig.h"

#define READS_FROM_ROOT(rig) ((rig)->tables.geometry->levels)

/* One-entry L1s: any other page of the port evicts what it holds. */
static struct mmu_config one_entry_l1s(void) {
    struct mmu_config config = rig_config();
    config.tlb[TLB_I] = config.tlb[TLB_D] = (struct tlb_config){1, 1, POLICY_LRU};
    return config;
}

static void map(struct rig *rig, uint64_t va, unsigned level, uint64_t ppn) {
    tables_put(&rig->tables, va, level, PPN(ppn) | LEAF);
}

static void expect_translated(const struct record *response, uint64_t cycle, uint64_t pa,
                              enum hit_level level) {
    assert_int_equal(response->cycle, cycle);
    assert_int_equal(response->event.response.reason, FAULT_NONE);
    assert_int_equal(response->event.response.pa, pa);
    assert_int_equal(response->event.response.level, level);
}

static void no_translation_takes_1(void **state) {
    (void)state;
    struct rig rig;
    const struct mmu_config config = rig_config();
    rig_create(&rig, &config, MODE_SV39);
    rig.in.control.mode = MODE_BARE;
    uint64_t t = rig.cycle;
    expect_translated(rig_translate(&rig, PORT_D, 1, 0x12345678, ACCESS_WRITE), t + 1, 0x12345678,
                      LEVEL_NONE);
    t = rig.cycle;
    const struct record *response =
        rig_translate(&rig, PORT_I, 2, UINT64_C(1) << 56, ACCESS_EXECUTE);
    assert_int_equal(response->cycle, t + 1);
    assert_int_equal(response->event.response.reason, FAULT_TOO_WIDE);
    rig.in.control.mode = MODE_SV39;
    t = rig.cycle;
    response = rig_translate(&rig, PORT_D, 3, UINT64_C(1) << 38, ACCESS_READ);
    assert_int_equal(response->cycle, t + 1);
    assert_int_equal(response->event.response.reason, FAULT_NON_CANONICAL);
    assert_int_equal(response->event.response.cause, 13);
    assert_int_equal(rig_count(&rig, EVENT_LOOKUP, 0), 0);
    rig_destroy(&rig);
}

static void l1_hit_takes_1(void **state) {
    (void)state;
    struct rig rig;
    const struct mmu_config config = rig_config();
    rig_create(&rig, &config, MODE_SV39);
    map(&rig, 0x1000, 0, 0x77);
    rig_translate(&rig, PORT_D, 1, 0x1000, ACCESS_READ);
    uint64_t t = rig.cycle;
    expect_translated(rig_translate(&rig, PORT_D, 2, 0x1abc, ACCESS_WRITE), t + 1, 0x77abc,
                      LEVEL_L1);
    assert_int_equal(rig_find_request(&rig, EVENT_LOOKUP, PORT_D, 2, t)->cycle, t);
    /* One request in every cycle. */
    t = rig.cycle;
    for (unsigned i = 0; i < 8; i++) {
        rig_offer(&rig, PORT_D, (uint8_t)i, 0x1000 + 8 * i, ACCESS_READ);
        rig_cycle(&rig);
        assert_false(rig.in.req[PORT_D].valid);
    }
    rig_drain(&rig);
    for (unsigned i = 0; i < 8; i++)
        expect_translated(rig_find_request(&rig, EVENT_RESPONSE, PORT_D, (uint8_t)i, t), t + i + 1,
                          0x77000 + 8 * i, LEVEL_L1);
    rig_destroy(&rig);
}

static void l2_hit_takes_2(void **state) {
    (void)state;
    struct rig rig;
    const struct mmu_config config = one_entry_l1s();
    rig_create(&rig, &config, MODE_SV39);
    map(&rig, 0x1000, 0, 0x77);
    map(&rig, 0x2000, 0, 0x88);
    rig_translate(&rig, PORT_D, 1, 0x1000, ACCESS_READ);
    rig_translate(&rig, PORT_D, 1, 0x2000, ACCESS_READ);
    uint64_t t = rig.cycle;
    expect_translated(rig_translate(&rig, PORT_D, 2, 0x1008, ACCESS_READ), t + 2, 0x77008,
                      LEVEL_L2);
    const struct record *link = rig_find_request(&rig, EVENT_LINK, PORT_D, 2, t);
    assert_int_equal(link->cycle, t);
    assert_int_equal(link->event.walk, 0);
    assert_false(link->event.link.merged);
    const struct record *lookup = rig_find_walk(&rig, EVENT_LOOKUP, 0, t);
    assert_int_equal(lookup->cycle, t + 1);
    assert_int_equal(lookup->event.lookup.result, LOOKUP_HIT);
    assert_int_equal(lookup->event.lookup.set, 1);
    assert_int_equal(rig_find_request(&rig, EVENT_FILL, PORT_D, 2, t)->cycle, t + 1);
    assert_null(rig_find_walk(&rig, EVENT_START, 0, t));
    /* The same walk once more, for the other page: its L1 is filled again. */
    t = rig.cycle;
    expect_translated(rig_translate(&rig, PORT_D, 3, 0x2000, ACCESS_READ), t + 2, 0x88000,
                      LEVEL_L2);
    assert_int_equal(rig_find_request(&rig, EVENT_FILL, PORT_D, 3, t)->cycle, t + 1);
    rig_destroy(&rig);
}

static void check_walk(const struct mmu_config *config, const struct geometry *geometry,
                       unsigned leaf, unsigned latency) {
    struct rig rig;
    rig_create(&rig, config, geometry->mode);
    rig.latency = latency;
    map(&rig, 0, leaf, 0);
    unsigned reads = geometry->levels - leaf;
    uint64_t end = reads * (latency + 1);
    expect_translated(rig_translate(&rig, PORT_I, 5, 0x18, ACCESS_EXECUTE), end + 1, 0x18,
                      LEVEL_WALK);
    const struct record *start = rig_find_walk(&rig, EVENT_START, 0, 0);
    assert_int_equal(start->cycle, 1);
    assert_int_equal(start->event.start.level, geometry->levels - 1);
    assert_false(start->event.start.cached);
    assert_int_equal(rig_count(&rig, EVENT_READ, 0), reads);
    for (unsigned i = 0; i < reads; i++) {
        const struct record *read =
            rig_find_walk(&rig, EVENT_READ, 0, 1 + latency + i * (latency + 1));
        assert_int_equal(read->cycle, 1 + latency + i * (latency + 1));
        assert_int_equal(read->event.read.level, geometry->levels - 1 - i);
    }
    assert_int_equal(rig_find_walk(&rig, EVENT_END, 0, 0)->cycle, end);
    assert_int_equal(rig_find_request(&rig, EVENT_FILL, PORT_I, 5, 0)->cycle, end);
    const struct record *fill = rig_find_walk(&rig, EVENT_FILL, 0, 0);
    if (config->tlb[TLB_L2].sets)
        assert_int_equal(fill->cycle, end + 2);
    else
        assert_null(fill);
    rig_destroy(&rig);
}

static void walk_of_n_reads_takes_1_and_n_times_l_and_1(void **state) {
    (void)state;
    static const unsigned latencies[] = {1, 2, 9};
    const struct mmu_config config = rig_config();
    struct mmu_config no_l2 = config;
    no_l2.tlb[TLB_L2] = (struct tlb_config){0, 0, POLICY_LRU};
    for (unsigned m = 0; m < MODES; m++)
        for (unsigned leaf = 0; leaf < geometries[m].levels; leaf++)
            for (unsigned l = 0; l < 3; l++) {
                check_walk(&config, &geometries[m], leaf, latencies[l]);
                check_walk(&no_l2, &geometries[m], leaf, latencies[l]);
            }
}

static void walk_begins_where_the_walk_cache_says(void **state) {
    (void)state;
    struct mmu_config config = one_entry_l1s();
    config.walk_cache = 2;
    for (unsigned m = 0; m < MODES; m++) {
        struct rig rig;
        rig_create(&rig, &config, geometries[m].mode);
        unsigned latency = rig.latency;
        uint64_t beside = UINT64_C(1) << geometries[m].leaf_shift[1];
        map(&rig, 0x1000, 0, 0x77);
        map(&rig, 0x3000, 0, 0x88);
        map(&rig, beside, 0, 0x99);
        rig_translate(&rig, PORT_D, 1, 0x1000, ACCESS_READ);
        /* One read: the pointer of level 1 is known. */
        uint64_t t = rig.cycle;
        expect_translated(rig_translate(&rig, PORT_D, 2, 0x3000, ACCESS_READ), t + 2 + latency,
                          0x88000, LEVEL_WALK);
        const struct record *start = rig_find_walk(&rig, EVENT_START, 0, t);
        assert_int_equal(start->event.start.level, 0);
        assert_true(start->event.start.cached);
        assert_int_equal(start->event.start.way, 0);
        /* Another table of leaves: two reads, of which Sv32 knows none, the others that of level 2.
         */
        t = rig.cycle;
        expect_translated(rig_translate(&rig, PORT_D, 3, beside, ACCESS_READ),
                          t + 1 + 2 * (latency + 1), 0x99000, LEVEL_WALK);
        start = rig_find_walk(&rig, EVENT_START, 0, t);
        assert_int_equal(start->event.start.level, 1);
        assert_int_equal(start->event.start.cached, geometries[m].levels > 2);
        /* Now in both of the level's entries. */
        t = rig.cycle;
        map(&rig, beside + 0x5000, 0, 0xaa);
        expect_translated(rig_translate(&rig, PORT_D, 4, beside + 0x5000, ACCESS_READ),
                          t + 2 + latency, 0xaa000, LEVEL_WALK);
        assert_int_equal(rig_find_walk(&rig, EVENT_START, 0, t)->event.start.way, 1);
        rig_destroy(&rig);
    }
}

#define MEGA (UINT64_C(1) << 21)
#define GIGA (UINT64_C(1) << 30)

/* Pages of three sizes in the L2, and only the last of them in the L1. */
static void create_with_three_sizes(struct rig *rig) {
    const struct mmu_config config = one_entry_l1s();
    rig_create(rig, &config, MODE_SV39);
    map(rig, 0x3000, 0, 0x77);
    map(rig, MEGA, 1, 0x200);
    map(rig, GIGA, 2, 0x80000);
    map(rig, 2 * GIGA, 2, 0xc0000);
    rig_translate(rig, PORT_D, 1, 0x3000, ACCESS_READ);
    rig_translate(rig, PORT_D, 1, MEGA, ACCESS_READ);
    rig_translate(rig, PORT_D, 1, GIGA, ACCESS_READ);
    rig_translate(rig, PORT_D, 1, 2 * GIGA, ACCESS_READ);
}

static void l2_lookup_takes_a_cycle_for_each_size(void **state) {
    (void)state;
    struct rig rig;
    create_with_three_sizes(&rig);
    uint64_t t = rig.cycle;
    expect_translated(rig_translate(&rig, PORT_D, 2, 0x3000, ACCESS_READ), t + 2, 0x77000,
                      LEVEL_L2);
    t = rig.cycle;
    expect_translated(rig_translate(&rig, PORT_D, 2, MEGA, ACCESS_READ), t + 3, 0x200000, LEVEL_L2);
    assert_int_equal(rig_find_walk(&rig, EVENT_LOOKUP, 0, t)->cycle, t + 2);
    t = rig.cycle;
    expect_translated(rig_translate(&rig, PORT_D, 2, GIGA, ACCESS_READ), t + 4, 0x80000000,
                      LEVEL_L2);
    assert_int_equal(rig_find_walk(&rig, EVENT_LOOKUP, 0, t)->cycle, t + 3);
    /* A miss reads all three, and starts in the cycle of the last. */
    map(&rig, 0x5000, 0, 0x55);
    t = rig.cycle;
    expect_translated(rig_translate(&rig, PORT_D, 2, 0x5000, ACCESS_READ),
                      t + 3 + READS_FROM_ROOT(&rig) * (rig.latency + 1), 0x55000, LEVEL_WALK);
    assert_int_equal(rig_find_walk(&rig, EVENT_LOOKUP, 0, t)->cycle, t + 3);
    assert_int_equal(rig_find_walk(&rig, EVENT_START, 0, t)->cycle, t + 3);
    rig_destroy(&rig);
}

/* Another mode reads only the sizes that it has. */
static void l2_lookup_reads_the_sizes_of_the_mode(void **state) {
    (void)state;
    struct rig rig;
    create_with_three_sizes(&rig);
    rig.in.control.mode = MODE_SV32; /* its sizes: 4K, which is there, and 4M, which is not */
    uint64_t t = rig.cycle;
    rig_translate(&rig, PORT_D, 2, 0x100000, ACCESS_READ);
    assert_int_equal(rig_find_walk(&rig, EVENT_LOOKUP, 0, t)->cycle, t + 1);
    rig_destroy(&rig);
}

/* The size that matches is found while stage A reads the next one in vain. */
static void stage_a_is_in_use_while_sizes_are_left(void **state) {
    (void)state;
    struct rig rig;
    create_with_three_sizes(&rig);
    map(&rig, 0x9000, 0, 0x99);
    uint64_t t = rig.cycle;
    rig_offer(&rig, PORT_D, 2, 0x3000, ACCESS_READ);
    rig_cycle(&rig);
    rig_offer(&rig, PORT_I, 3, 0x9000, ACCESS_EXECUTE);
    rig_drain(&rig);
    assert_int_equal(rig_find_request(&rig, EVENT_RESPONSE, PORT_D, 2, t)->cycle, t + 2);
    assert_int_equal(rig_find_request(&rig, EVENT_LOOKUP, PORT_I, 3, t)->cycle, t + 1);
    assert_int_equal(rig_find_request(&rig, EVENT_LINK, PORT_I, 3, t)->cycle, t + 2);
    /* Behind a miss: the last read is under way, stage A is free again. */
    map(&rig, 0xa000, 0, 0xaa);
    map(&rig, 0xb000, 0, 0xbb);
    t = rig.cycle;
    rig_offer(&rig, PORT_D, 2, 0xa000, ACCESS_READ);
    rig_cycle(&rig);
    rig_offer(&rig, PORT_I, 3, 0xb000, ACCESS_EXECUTE);
    rig_drain(&rig);
    assert_int_equal(rig_find_walk(&rig, EVENT_LOOKUP, 0, t)->cycle, t + 3);
    assert_int_equal(rig_find_request(&rig, EVENT_LINK, PORT_I, 3, t)->cycle, t + 3);
    rig_destroy(&rig);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_translation_takes_1),
        cmocka_unit_test(l1_hit_takes_1),
        cmocka_unit_test(l2_hit_takes_2),
        cmocka_unit_test(walk_of_n_reads_takes_1_and_n_times_l_and_1),
        cmocka_unit_test(walk_begins_where_the_walk_cache_says),
        cmocka_unit_test(l2_lookup_takes_a_cycle_for_each_size),
        cmocka_unit_test(l2_lookup_reads_the_sizes_of_the_mode),
        cmocka_unit_test(stage_a_is_in_use_while_sizes_are_left),
    };
    return RUN(tests);
}
