/*
 * docs/timing.md, to the cycle: prefetch, parity, counters, and what timing_create() refuses. The
 * cycles and numbers expected are written down from that page.
 */
#include "check.h"
#include "timing_rig.h"

#define READS 3 /* Sv39, from the root */
#define MEGA  (UINT64_C(1) << 21)

static void create(struct rig *rig, const struct mmu_config *config) {
    rig_create(rig, config, MODE_SV39);
    for (unsigned page = 1; page < 16; page++)
        tables_put(&rig->tables, page << 12, 0, PPN(0x100 + page) | LEAF);
    tables_put(&rig->tables, MEGA, 1, PPN(0x200) | LEAF);
}

static struct mmu_config with_prefetch(void) {
    struct mmu_config config = rig_config();
    config.prefetch = true;
    return config;
}

static uint64_t end_of(const struct rig *rig, uint64_t link) {
    return link + READS * (rig->latency + 1);
}

static uint64_t counter(const struct rig *rig, enum counter number) {
    return timing_counters(rig->timing)[number];
}

static void next_page_is_prefetched_into_the_l2(void **state) {
    (void)state;
    struct rig rig;
    const struct mmu_config config = with_prefetch();
    create(&rig, &config);
    rig_translate(&rig, PORT_D, 1, 0x1000, ACCESS_READ);
    /* Pending at END + 1, in stage B at END + 2; then the walk is spent. */
    uint64_t spent = end_of(&rig, 0) + 3;
    const struct record *prefetch = rig_find_walk(&rig, EVENT_PREFETCH, 0, 0);
    assert_non_null(prefetch);
    assert_int_equal(prefetch->cycle, spent);
    assert_int_equal(prefetch->event.prefetch.vpn, 2);
    /* Stage A at spent + 1, so that is when a request would be linked. */
    assert_int_equal(rig_find_walk(&rig, EVENT_LOOKUP, 0, spent)->cycle, spent + 2);
    assert_int_equal(rig_find_walk(&rig, EVENT_START, 0, spent)->cycle, spent + 2);
    uint64_t end = end_of(&rig, spent + 1);
    assert_int_equal(rig_find_walk(&rig, EVENT_END, 0, spent)->cycle, end);
    assert_int_equal(rig_find_walk(&rig, EVENT_FILL, 0, spent)->cycle, end + 2);
    assert_int_equal(rig_count(&rig, EVENT_PREFETCH, 0), 1);
    /* It has been no miss of anybody's. */
    assert_int_equal(counter(&rig, COUNTER_PREFETCHES), 1);
    assert_int_equal(counter(&rig, COUNTER_L2TLB_D_ACCESS), 1);
    assert_int_equal(counter(&rig, COUNTER_WALKS_D), 1);
    assert_int_equal(counter(&rig, COUNTER_PTE_READS), 2 * READS);
    uint64_t t = rig.cycle;
    const struct record *response = rig_translate(&rig, PORT_D, 1, 0x2000, ACCESS_READ);
    assert_int_equal(response->cycle, t + 2);
    assert_int_equal(response->event.response.pa, 0x102000);
    assert_int_equal(response->event.response.level, LEVEL_L2);
    /* Found in the L2: nothing follows. */
    assert_int_equal(rig_count(&rig, EVENT_PREFETCH, t), 0);
    rig_destroy(&rig);
}

static void a_miss_may_wait_for_a_prefetch(void **state) {
    (void)state;
    struct rig rig;
    const struct mmu_config config = with_prefetch();
    create(&rig, &config);
    uint64_t prefetched = end_of(&rig, 0) + 3;
    rig_offer(&rig, PORT_D, 1, 0x1000, ACCESS_READ);
    rig_run(&rig, (unsigned)(prefetched + 6));
    uint64_t t = rig.cycle;
    uint64_t end = end_of(&rig, prefetched + 1);
    const struct record *response = rig_translate(&rig, PORT_D, 2, 0x2000, ACCESS_READ);
    assert_true(rig_find_request(&rig, EVENT_LINK, PORT_D, 2, t)->event.link.merged);
    /* Not a primary: it returns when the walk is DONE. */
    assert_int_equal(response->cycle, end + 2);
    assert_int_equal(response->event.response.level, LEVEL_WALK);
    rig_destroy(&rig);
}

static void a_prefetch_sets_neither_a_nor_d(void **state) {
    (void)state;
    struct rig rig;
    const struct mmu_config config = with_prefetch();
    create(&rig, &config);
    rig.in.control.adue = true;
    tables_put(&rig.tables, 0x2000, 0, PPN(0x102) | (LEAF & ~A & ~D));
    tables_put(&rig.tables, 0x4000, 0, PPN(0x104) | (LEAF & ~D));
    rig_translate(&rig, PORT_D, 1, 0x1000, ACCESS_READ);
    uint64_t t = rig.cycle;
    assert_int_equal(rig_find_walk(&rig, EVENT_END, 0, end_of(&rig, 0) + 1)->event.end.reason,
                     FAULT_ACCESSED_CLEAR);
    rig_translate(&rig, PORT_D, 1, 0x3000, ACCESS_WRITE);
    assert_int_equal(rig_find_walk(&rig, EVENT_END, 0, end_of(&rig, t) + 1)->event.end.reason,
                     FAULT_DIRTY_CLEAR);
    assert_int_equal(rig_count(&rig, EVENT_UPDATE, 0), 0);
    rig_destroy(&rig);
}

static void no_prefetch_beyond_a_table_or_of_superpages(void **state) {
    (void)state;
    struct rig rig;
    const struct mmu_config config = with_prefetch();
    create(&rig, &config);
    tables_put(&rig.tables, 0x1ff000, 0, PPN(0x1ff) | LEAF);
    rig_translate(&rig, PORT_D, 1, 0x1ff000, ACCESS_READ);
    rig_translate(&rig, PORT_D, 1, MEGA, ACCESS_READ);
    rig_translate(&rig, PORT_D, 1, 0x8000000, ACCESS_READ); /* not mapped */
    assert_int_equal(rig_count(&rig, EVENT_PREFETCH, 0), 0);
    rig_destroy(&rig);
}

/* Stage A goes to the miss; the prefetch looks up in the cycle after. */
static void a_prefetch_lets_misses_go_first(void **state) {
    (void)state;
    struct rig rig;
    const struct mmu_config config = with_prefetch();
    create(&rig, &config);
    uint64_t prefetched = end_of(&rig, 0) + 3;
    rig_offer(&rig, PORT_D, 1, 0x1000, ACCESS_READ);
    rig_run(&rig, (unsigned)(prefetched + 1));
    rig_translate(&rig, PORT_D, 2, 0x9000, ACCESS_READ);
    assert_int_equal(rig_find_request(&rig, EVENT_LINK, PORT_D, 2, 0)->cycle, prefetched + 1);
    assert_int_equal(rig_find_walk(&rig, EVENT_LOOKUP, 1, 0)->cycle, prefetched + 2);
    assert_int_equal(rig_find_walk(&rig, EVENT_LOOKUP, 0, prefetched)->cycle, prefetched + 3);
    rig_destroy(&rig);
}

static void check_injection(bool parity) {
    struct rig rig;
    struct mmu_config config = rig_config();
    config.tlb[TLB_D] = (struct tlb_config){1, 1, POLICY_LRU};
    config.parity = parity;
    create(&rig, &config);
    rig.in.inject = true;
    rig_translate(&rig, PORT_D, 1, 0x1000, ACCESS_READ);
    rig.in.inject = false;
    rig_translate(&rig, PORT_D, 1, 0x2000, ACCESS_READ);
    uint64_t t = rig.cycle;
    const struct record *response = rig_translate(&rig, PORT_D, 2, 0x1000, ACCESS_READ);
    assert_int_equal(response->event.response.pa, 0x101000);
    const struct record *lookup = rig_find_walk(&rig, EVENT_LOOKUP, 0, t);
    assert_int_equal(lookup->event.lookup.result, parity ? LOOKUP_MISS : LOOKUP_HIT);
    const struct record *fill = rig_find_walk(&rig, EVENT_FILL, 0, t);
    if (parity) {
        /* In its place: what was there is not valid. */
        assert_int_equal(fill->event.fill.set, 1);
        assert_int_equal(fill->event.fill.way, 0);
        assert_false(fill->event.fill.evicted);
        rig_translate(&rig, PORT_D, 1, 0x2000, ACCESS_READ);
        t = rig.cycle;
        assert_int_equal(rig_translate(&rig, PORT_D, 2, 0x1000, ACCESS_READ)->cycle, t + 2);
    } else {
        assert_null(fill);
    }
    rig_destroy(&rig);
}

static void an_entry_of_wrong_parity_does_not_match(void **state) {
    (void)state;
    check_injection(true);
    check_injection(false);
}

static uint64_t read_counter(struct rig *rig, enum counter number) {
    rig->in.counter_select = number;
    rig_cycle(rig);
    return rig->out.counter;
}

static void counters_count(void **state) {
    (void)state;
    struct rig rig;
    struct mmu_config config = rig_config();
    config.walk_cache = 2;
    create(&rig, &config);
    rig.in.control.adue = true;
    tables_put(&rig.tables, 0x5000, 0, PPN(0x105) | (LEAF & ~D));
    rig_translate(&rig, PORT_I, 1, 0x1000, ACCESS_EXECUTE);   /* walk from the root */
    rig_translate(&rig, PORT_I, 1, 0x1000, ACCESS_EXECUTE);   /* L1 */
    rig_translate(&rig, PORT_D, 1, 0x1000, ACCESS_READ);      /* L2 */
    rig_translate(&rig, PORT_D, 1, 0x5000, ACCESS_WRITE);     /* walk of one read, update */
    rig_translate(&rig, PORT_D, 1, 0x40000000, ACCESS_WRITE); /* one read, fails */
    rig_translate(&rig, PORT_D, 1, 0x6000, ACCESS_READ);      /* walk of one read */
    rig_fence(&rig, &(struct mmu_fence){.has_asid = true, .asid = 99});
    /* Cycles with a walk under way: each from the one after START to its END. */
    unsigned reading = rig.latency + 1;
    uint64_t walking = (READS * reading - 1) + (2 * reading - 1) + 2 * (reading - 1);
    static const struct {
        enum counter number;
        uint64_t expected;
    } expected[] = {
        {COUNTER_ITLB_READ_ACCESS, 2},
        {COUNTER_ITLB_READ_MISS, 1},
        {COUNTER_DTLB_READ_ACCESS, 2},
        {COUNTER_DTLB_READ_MISS, 2},
        {COUNTER_DTLB_WRITE_ACCESS, 2},
        {COUNTER_DTLB_WRITE_MISS, 2},
        {COUNTER_L2TLB_I_ACCESS, 1},
        {COUNTER_L2TLB_I_MISS, 1},
        {COUNTER_L2TLB_D_ACCESS, 4},
        {COUNTER_L2TLB_D_MISS, 3},
        {COUNTER_WALKS_I, 1},
        {COUNTER_WALKS_D, 3},
        {COUNTER_WALK_RESTARTS, 0},
        {COUNTER_PTE_READS, READS + 3},
        {COUNTER_PTE_UPDATES, 1},
        {COUNTER_WALK_CACHE_HITS, 2},
        {COUNTER_MERGES, 0},
        {COUNTER_REPLAYS, 0},
        {COUNTER_FENCES, 1},
        {COUNTER_FAULTS, 1},
        {COUNTER_PREFETCHES, 0},
        {COUNTER_STALLS_I, 0},
        {COUNTER_STALLS_D, 0},
    };
    for (unsigned i = 0; i < sizeof expected / sizeof expected[0]; i++)
        assert_int_equal(read_counter(&rig, expected[i].number), expected[i].expected);
    assert_int_equal(read_counter(&rig, COUNTER_WALK_CYCLES), walking);
    uint64_t cycles = rig.cycle;
    assert_int_equal(read_counter(&rig, COUNTER_CYCLES), cycles);
    assert_int_equal(timing_cycles(rig.timing), rig.cycle);
    rig_destroy(&rig);
}

static void expect_refused(const struct mmu_config *config) {
    const char *why = NULL;
    assert_null(timing_create(config, &why));
    assert_non_null(why);
}

static void impossible_configurations_are_refused(void **state) {
    (void)state;
    struct mmu_config config = rig_config();
    config.walks = 0;
    expect_refused(&config);
    config.walks = 17;
    expect_refused(&config);
    config = rig_config();
    config.misses[PORT_I] = 0;
    expect_refused(&config);
    config.misses[PORT_I] = 33;
    expect_refused(&config);
    config = rig_config();
    config.walk_cache = 65;
    expect_refused(&config);
    config = rig_config();
    config.tlb[TLB_D].ways = 0;
    expect_refused(&config);
    config = rig_config();
    config.seed = 1 << 14;
    expect_refused(&config);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(next_page_is_prefetched_into_the_l2),
        cmocka_unit_test(a_miss_may_wait_for_a_prefetch),
        cmocka_unit_test(a_prefetch_sets_neither_a_nor_d),
        cmocka_unit_test(no_prefetch_beyond_a_table_or_of_superpages),
        cmocka_unit_test(a_prefetch_lets_misses_go_first),
        cmocka_unit_test(an_entry_of_wrong_parity_does_not_match),
        cmocka_unit_test(counters_count),
        cmocka_unit_test(impossible_configurations_are_refused),
    };
    return RUN(tests);
}
