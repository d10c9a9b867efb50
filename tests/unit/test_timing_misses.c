/*
 * docs/timing.md, to the cycle: misses that merge, replay, wait and compete. The cycles expected
 * are written down from that page.
 */
#include "check.h"
#include "timing_rig.h"

#define READS 3 /* Sv39, from the root */

static void map(struct rig *rig, uint64_t va, uint64_t ppn, uint64_t flags) {
    tables_put(&rig->tables, va, 0, PPN(ppn) | flags);
}

static void create(struct rig *rig, const struct mmu_config *config) {
    rig_create(rig, config, MODE_SV39);
    for (unsigned page = 1; page < 16; page++)
        map(rig, page << 12, 0x100 + page, LEAF);
}

/* The cycle of the END of a walk from the root that was linked in cycle `link`. */
static uint64_t end_of(const struct rig *rig, uint64_t link) {
    return link + READS * (rig->latency + 1);
}

static void expect_link(const struct rig *rig, enum port port, uint8_t id, uint64_t from,
                        uint64_t cycle, unsigned walk, bool merged) {
    const struct record *link = rig_find_request(rig, EVENT_LINK, port, id, from);
    assert_non_null(link);
    assert_int_equal(link->cycle, cycle);
    assert_int_equal(link->event.walk, walk);
    assert_int_equal(link->event.link.merged, merged);
}

static void expect_response(const struct rig *rig, enum port port, uint8_t id, uint64_t cycle) {
    const struct record *response = rig_find_request(rig, EVENT_RESPONSE, port, id, 0);
    assert_non_null(response);
    assert_int_equal(response->cycle, cycle);
}

/* Offers it in the next cycle, in which it must be accepted. */
static void accept(struct rig *rig, enum port port, uint8_t id, uint64_t va,
                   enum access_type access) {
    rig_offer(rig, port, id, va, access);
    rig_cycle(rig);
    assert_true(rig->out.req_ready[port]);
}

static void misses_of_one_page_share_a_walk(void **state) {
    (void)state;
    struct rig rig;
    const struct mmu_config config = rig_config();
    create(&rig, &config);
    accept(&rig, PORT_D, 1, 0x1000, ACCESS_READ);
    accept(&rig, PORT_D, 2, 0x1008, ACCESS_READ);
    accept(&rig, PORT_I, 1, 0x1010, ACCESS_EXECUTE);
    rig_drain(&rig);
    uint64_t end = end_of(&rig, 0);
    expect_link(&rig, PORT_D, 1, 0, 0, 0, false);
    expect_link(&rig, PORT_D, 2, 0, 1, 0, true);
    expect_link(&rig, PORT_I, 1, 0, 2, 0, true);
    assert_int_equal(rig_count(&rig, EVENT_READ, 0), READS);
    /* The primary goes with the END, the others when the walk is DONE: one of each port a cycle. */
    expect_response(&rig, PORT_D, 1, end + 1);
    expect_response(&rig, PORT_D, 2, end + 2);
    expect_response(&rig, PORT_I, 1, end + 2);
    assert_int_equal(rig_find_request(&rig, EVENT_FILL, PORT_D, 1, 0)->cycle, end);
    assert_null(rig_find_request(&rig, EVENT_FILL, PORT_D, 2, 0));
    assert_int_equal(rig_find_request(&rig, EVENT_FILL, PORT_I, 1, 0)->cycle, end + 1);
    const struct record *last = rig_find_request(&rig, EVENT_RESPONSE, PORT_D, 2, 0);
    assert_int_equal(last->event.response.level, LEVEL_WALK);
    assert_int_equal(last->event.response.pa, 0x101008);
    rig_destroy(&rig);
}

/* On from the last, not from the lowest: who joined late may leave before a primary. */
static void miss_entries_return_in_turn(void **state) {
    (void)state;
    struct rig rig;
    const struct mmu_config config = rig_config();
    create(&rig, &config);
    accept(&rig, PORT_D, 0, 0x1000, ACCESS_READ);
    accept(&rig, PORT_D, 1, 0x2000, ACCESS_READ);
    accept(&rig, PORT_D, 2, 0x1000, ACCESS_READ);
    accept(&rig, PORT_D, 3, 0x2000, ACCESS_READ);
    rig_drain(&rig);
    /* The second walk ends a cycle later, when the first is DONE and has entry 2 linked. */
    uint64_t end = end_of(&rig, 0);
    assert_int_equal(rig_find_walk(&rig, EVENT_END, 1, 0)->cycle, end + 1);
    expect_response(&rig, PORT_D, 0, end + 1);
    expect_response(&rig, PORT_D, 2, end + 2);
    expect_response(&rig, PORT_D, 3, end + 3);
    expect_response(&rig, PORT_D, 1, end + 4);
    assert_int_equal(rig_find_request(&rig, EVENT_FILL, PORT_D, 3, 0)->cycle, end + 2);
    assert_null(rig_find_request(&rig, EVENT_FILL, PORT_D, 1, 0));
    rig_destroy(&rig);
}

static void merged_miss_of_a_failed_walk_tries_again(void **state) {
    (void)state;
    struct rig rig;
    const struct mmu_config config = rig_config();
    create(&rig, &config);
    map(&rig, 0x1000, 0, 0);
    accept(&rig, PORT_D, 1, 0x1000, ACCESS_READ);
    accept(&rig, PORT_D, 2, 0x1008, ACCESS_READ);
    rig_drain(&rig);
    uint64_t end = end_of(&rig, 0);
    expect_response(&rig, PORT_D, 1, end + 1);
    assert_int_equal(rig_find_request(&rig, EVENT_REPLAY, PORT_D, 2, 0)->cycle, end + 1);
    /* The failed walk is spent, and free at once. */
    expect_link(&rig, PORT_D, 2, end, end + 2, 0, false);
    expect_response(&rig, PORT_D, 2, end_of(&rig, end + 2) + 1);
    assert_int_equal(rig_count(&rig, EVENT_FILL, 0), 0);
    assert_int_equal(timing_counters(rig.timing)[COUNTER_REPLAYS], 1);
    rig_destroy(&rig);
}

static void merged_store_on_a_clean_page_tries_again(void **state) {
    (void)state;
    struct rig rig;
    const struct mmu_config config = rig_config();
    create(&rig, &config);
    rig.in.control.adue = true;
    map(&rig, 0x1000, 0x101, LEAF & ~D);
    accept(&rig, PORT_D, 1, 0x1000, ACCESS_READ);
    accept(&rig, PORT_D, 2, 0x1008, ACCESS_WRITE);
    rig_drain(&rig);
    uint64_t end = end_of(&rig, 0);
    expect_response(&rig, PORT_D, 1, end + 1);
    assert_int_equal(rig_find_request(&rig, EVENT_REPLAY, PORT_D, 2, 0)->cycle, end + 1);
    /* The first walk's fill is in stage B then: another takes the store. */
    assert_int_equal(rig_find_walk(&rig, EVENT_FILL, 0, 0)->cycle, end + 2);
    uint64_t link = end + 2;
    expect_link(&rig, PORT_D, 2, end, link, 1, false);
    assert_int_equal(rig_find_walk(&rig, EVENT_LOOKUP, 1, 0)->event.lookup.result, LOOKUP_CLEAN);
    /* Offered a cycle after the last read's answer, answered L later: with that the walk ends. */
    const struct record *update = rig_find_walk(&rig, EVENT_UPDATE, 1, 0);
    assert_int_equal(update->cycle, end_of(&rig, link) + 1 + rig.latency);
    assert_true(update->event.update.stored);
    expect_response(&rig, PORT_D, 2, update->cycle + 1);
    assert_int_equal(tables_get(&rig.tables, 0x1000, 0), PPN(0x101) | LEAF);
    rig_destroy(&rig);
}

static void ports_take_turns_for_stage_a(void **state) {
    (void)state;
    struct rig rig;
    const struct mmu_config config = rig_config();
    create(&rig, &config);
    rig_offer(&rig, PORT_I, 1, 0x1000, ACCESS_EXECUTE);
    rig_offer(&rig, PORT_D, 1, 0x2000, ACCESS_READ);
    rig_drain(&rig);
    expect_link(&rig, PORT_D, 1, 0, 0, 0, false);
    expect_link(&rig, PORT_I, 1, 0, 1, 1, false);
    /* I was the last to win, so D is preferred again; alone it makes I the preferred one. */
    uint64_t t = rig.cycle;
    rig_translate(&rig, PORT_D, 2, 0x3000, ACCESS_READ);
    expect_link(&rig, PORT_D, 2, t, t, 0, false);
    t = rig.cycle;
    rig_offer(&rig, PORT_I, 3, 0x4000, ACCESS_EXECUTE);
    rig_offer(&rig, PORT_D, 3, 0x5000, ACCESS_READ);
    rig_drain(&rig);
    expect_link(&rig, PORT_I, 3, t, t, 0, false);
    expect_link(&rig, PORT_D, 3, t, t + 1, 1, false);
    rig_destroy(&rig);
}

/* Whether it will hit is not known when stage A is given away. */
static void a_hit_may_win_stage_a_in_vain(void **state) {
    (void)state;
    struct rig rig;
    const struct mmu_config config = rig_config();
    create(&rig, &config);
    rig_translate(&rig, PORT_D, 1, 0x2000, ACCESS_READ);
    rig_translate(&rig, PORT_I, 1, 0x3000, ACCESS_EXECUTE); /* D is preferred */
    uint64_t t = rig.cycle;
    rig_offer(&rig, PORT_I, 2, 0x1000, ACCESS_EXECUTE);
    rig_offer(&rig, PORT_D, 2, 0x2000, ACCESS_READ);
    rig_drain(&rig);
    expect_response(&rig, PORT_D, 2, t + 1);
    expect_link(&rig, PORT_I, 2, t, t + 1, 0, false);
    /* It did not count as a win: after I's, D is the preferred one. */
    t = rig.cycle;
    rig_offer(&rig, PORT_I, 3, 0x6000, ACCESS_EXECUTE);
    rig_offer(&rig, PORT_D, 3, 0x7000, ACCESS_READ);
    rig_drain(&rig);
    expect_link(&rig, PORT_D, 3, t, t, 0, false);
    rig_destroy(&rig);
}

static void who_waits_goes_before_who_comes(void **state) {
    (void)state;
    struct rig rig;
    struct mmu_config config = rig_config();
    config.walks = 1;
    create(&rig, &config);
    accept(&rig, PORT_D, 1, 0x1000, ACCESS_READ);
    accept(&rig, PORT_D, 2, 0x2000, ACCESS_READ);
    /* The only walk is free when its fill has left stage B, which is two cycles after its END. */
    uint64_t free = end_of(&rig, 0) + 3;
    rig_run(&rig, (unsigned)(free - rig.cycle));
    accept(&rig, PORT_I, 3, 0x3000, ACCESS_EXECUTE); /* preferred, had both just come */
    rig_drain(&rig);
    expect_link(&rig, PORT_D, 2, 0, free, 0, false);
    expect_link(&rig, PORT_I, 3, 0, end_of(&rig, free) + 3, 0, false);
    rig_destroy(&rig);
}

static void hits_hold_up_a_return_for_four_cycles(void **state) {
    (void)state;
    struct rig rig;
    const struct mmu_config config = rig_config();
    create(&rig, &config);
    rig_translate(&rig, PORT_D, 1, 0x1000, ACCESS_READ);
    uint64_t t = rig.cycle;
    accept(&rig, PORT_D, 2, 0x2000, ACCESS_READ);
    uint64_t end = end_of(&rig, t);
    /* It cannot go with the END, nor in the four cycles in which its walk has been DONE since. */
    while (rig.cycle < end + 5)
        accept(&rig, PORT_D, 1, 0x1000, ACCESS_READ);
    rig_offer(&rig, PORT_D, 1, 0x1000, ACCESS_READ);
    rig_cycle(&rig);
    assert_false(rig.out.req_ready[PORT_D]);
    assert_int_equal(rig_find_request(&rig, EVENT_FILL, PORT_D, 2, t)->cycle, end + 5);
    rig_cycle(&rig);
    assert_true(rig.out.req_ready[PORT_D]);
    rig_drain(&rig);
    expect_response(&rig, PORT_D, 2, end + 6);
    rig_destroy(&rig);
}

static void replay_waits_for_a_cycle_without_request(void **state) {
    (void)state;
    struct rig rig;
    const struct mmu_config config = rig_config();
    create(&rig, &config);
    rig_translate(&rig, PORT_D, 1, 0x3000, ACCESS_READ);
    map(&rig, 0x1000, 0, 0);
    uint64_t t = rig.cycle;
    accept(&rig, PORT_D, 2, 0x1000, ACCESS_READ);
    accept(&rig, PORT_D, 3, 0x1008, ACCESS_READ);
    uint64_t end = end_of(&rig, t);
    rig_run(&rig, (unsigned)(end + 1 - rig.cycle));
    accept(&rig, PORT_D, 1, 0x3000, ACCESS_READ);
    accept(&rig, PORT_D, 1, 0x3000, ACCESS_READ);
    rig_drain(&rig);
    expect_response(&rig, PORT_D, 2, end + 1);
    assert_int_equal(rig_find_request(&rig, EVENT_REPLAY, PORT_D, 3, t)->cycle, end + 3);
    rig_destroy(&rig);
}

/* The L1 removes an entry in the cycle in which a walk ends: the fill waits. */
static void clean_holds_up_a_return(void **state) {
    (void)state;
    struct rig rig;
    const struct mmu_config config = rig_config();
    create(&rig, &config);
    rig.in.control.adue = true;
    map(&rig, 0x1000, 0x101, LEAF & ~D);
    rig_translate(&rig, PORT_D, 1, 0x1000, ACCESS_READ);
    uint64_t t = rig.cycle;
    accept(&rig, PORT_D, 2, 0x2000, ACCESS_READ);
    uint64_t end = end_of(&rig, t);
    rig_run(&rig, (unsigned)(end - rig.cycle));
    accept(&rig, PORT_D, 3, 0x1000, ACCESS_WRITE);
    rig_drain(&rig);
    const struct record *lookup = rig_find_request(&rig, EVENT_LOOKUP, PORT_D, 3, t);
    assert_int_equal(lookup->cycle, end);
    assert_int_equal(lookup->event.lookup.result, LOOKUP_CLEAN);
    assert_int_equal(rig_find_request(&rig, EVENT_FILL, PORT_D, 2, t)->cycle, end + 1);
    expect_response(&rig, PORT_D, 2, end + 2);
    rig_destroy(&rig);
}

static void full_miss_file_takes_no_request(void **state) {
    (void)state;
    struct rig rig;
    struct mmu_config config = rig_config();
    config.misses[PORT_D] = 1;
    create(&rig, &config);
    accept(&rig, PORT_D, 1, 0x1000, ACCESS_READ);
    rig_offer(&rig, PORT_D, 2, 0x1008, ACCESS_READ);
    uint64_t end = end_of(&rig, 0);
    while (rig.cycle <= end) {
        rig_cycle(&rig);
        assert_false(rig.out.req_ready[PORT_D]);
        assert_true(rig.out.req_ready[PORT_I]);
    }
    rig_cycle(&rig);
    assert_true(rig.out.req_ready[PORT_D]);
    rig_drain(&rig);
    expect_response(&rig, PORT_D, 2, end + 2);
    assert_int_equal(timing_counters(rig.timing)[COUNTER_STALLS_D], end);
    rig_destroy(&rig);
}

static void expect_offered(const struct rig *rig, unsigned walk) {
    assert_true(rig->out.ptw_req_valid);
    assert_int_equal(rig->out.ptw_req_id, walk);
}

static void a_request_offered_stands_until_it_is_taken(void **state) {
    (void)state;
    struct rig rig;
    const struct mmu_config config = rig_config();
    create(&rig, &config);
    rig.in.ptw_req_ready = false;
    uint64_t root = rig.tables.root_ppn << 12;
    for (unsigned i = 0; i < 3; i++)
        accept(&rig, PORT_D, (uint8_t)i, (uint64_t)(i + 1) << 12, ACCESS_READ);
    for (unsigned i = 0; i < 10; i++) {
        rig_cycle(&rig);
        expect_offered(&rig, 0);
        assert_int_equal(rig.out.ptw_req_pa, root);
        assert_false(rig.out.ptw_req_cas);
        assert_false(rig.out.ptw_req_word);
        assert_int_equal(rig.out.ptw_req_expect, 0);
    }
    /* Then one after the other, and on from there: not the lowest again. */
    rig.latency = 2;
    rig.in.ptw_req_ready = true;
    for (unsigned i = 0; i < 9; i++) {
        rig_cycle(&rig);
        expect_offered(&rig, i % 3);
    }
    rig_cycle(&rig);
    assert_false(rig.out.ptw_req_valid);
    assert_int_equal(rig.out.ptw_req_pa, 0);
    rig_drain(&rig);
    rig_destroy(&rig);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(misses_of_one_page_share_a_walk),
        cmocka_unit_test(miss_entries_return_in_turn),
        cmocka_unit_test(merged_miss_of_a_failed_walk_tries_again),
        cmocka_unit_test(merged_store_on_a_clean_page_tries_again),
        cmocka_unit_test(ports_take_turns_for_stage_a),
        cmocka_unit_test(a_hit_may_win_stage_a_in_vain),
        cmocka_unit_test(who_waits_goes_before_who_comes),
        cmocka_unit_test(hits_hold_up_a_return_for_four_cycles),
        cmocka_unit_test(replay_waits_for_a_cycle_without_request),
        cmocka_unit_test(clean_holds_up_a_return),
        cmocka_unit_test(full_miss_file_takes_no_request),
        cmocka_unit_test(a_request_offered_stands_until_it_is_taken),
    };
    return RUN(tests);
}
