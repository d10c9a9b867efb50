/*
 * Latencies of the page-table port's memory: sequences worked out by hand, the generator's
 * published first numbers, hierarchies against lists of lines written here, and every text that is
 * none.
 */
#include "timing/latency.h"

#include "check.h"

#include <stdlib.h>
#include <string.h>

static struct latency *make(const char *text) {
    const char *why = NULL;
    struct latency *latency = latency_create(text, &why);
    if (!latency)
        fail_msg("'%s': %s", text, why);
    return latency;
}

static void fixed_is_fixed(void **state) {
    (void)state;
    struct latency *latency = make("1000000");
    for (uint64_t pa = 0; pa < 100; pa++)
        assert_int_equal(latency_draw(latency, pa * 4096), 1000000);
    struct latency_counters counters;
    latency_read_counters(latency, &counters);
    assert_int_equal(counters.accesses, 100);
    assert_int_equal(counters.levels, 0);
    assert_int_equal(latency_max(latency), 1000000);
    latency_destroy(latency);
    latency = make("1");
    assert_int_equal(latency_draw(latency, 0), 1);
    latency_destroy(latency);
    latency_destroy(NULL);
}

/* splitmix64 from 0 gives e220a8397b1dcdaf, 6e789e6aa1b965f4: 0.88331 and 0.43153 of the range. */
static void random_is_splitmix64(void **state) {
    (void)state;
    struct latency *latency = make("1:1000000:0");
    assert_int_equal(latency_draw(latency, 0), 883311);
    assert_int_equal(latency_draw(latency, 0), 431528);
    latency_destroy(latency);
}

static void random_is_even_within_bounds(void **state) {
    (void)state;
    enum { DRAWS = 100000, MIN = 7, MAX = 16 };
    unsigned seen[MAX + 1] = {0};
    struct latency *latency = make("7:16:18446744073709551615");
    assert_int_equal(latency_max(latency), MAX);
    for (int i = 0; i < DRAWS; i++) {
        uint32_t cycles = latency_draw(latency, 64 * (uint64_t)i);
        assert_in_range(cycles, MIN, MAX);
        seen[cycles]++;
    }
    /* Ten values, 10000 of each: the standard deviation is 95. */
    for (int cycles = MIN; cycles <= MAX; cycles++)
        assert_in_range(seen[cycles], 9500, 10500);
    latency_destroy(latency);
    latency = make("5:5:1");
    for (int i = 0; i < 100; i++)
        assert_int_equal(latency_draw(latency, 0), 5);
    latency_destroy(latency);
}

/* Two sets of two ways of 64 bytes: lines 0, 2, 4 share a set, line 1 has the other. */
static void cache_by_hand(void **state) {
    (void)state;
    static const struct {
        uint64_t pa;
        uint32_t cycles;
    } accesses[] = {
        {0, 90},   {63, 3},   {64, 90}, {128, 90}, /* set 0 holds 2 0 */
        {8, 3},                                    /* 0 2 */
        {256, 90},                                 /* 4 0: line 2 is gone */
        {0, 3},    {128, 90},                      /* 2 0: line 4 is gone */
        {256, 90}, {127, 3},  {191, 3},            /* line 1 all along, line 2 */
    };
    struct latency *latency = make("cache:256/2/64/3,90");
    for (size_t i = 0; i < sizeof accesses / sizeof accesses[0]; i++)
        assert_int_equal(latency_draw(latency, accesses[i].pa), accesses[i].cycles);
    struct latency_counters counters;
    latency_read_counters(latency, &counters);
    assert_int_equal(counters.accesses, 11);
    assert_int_equal(counters.levels, 1);
    assert_int_equal(counters.hits[0], 5);
    latency_destroy(latency);
}

/* A near level of one line before a far one of two: each allocates what passes through it, and a
 * near hit is no use of the far level. */
static void hierarchy_by_hand(void **state) {
    (void)state;
    static const struct {
        uint64_t line;
        uint32_t cycles;
    } accesses[] = {
        {1, 50}, {1, 2}, {2, 50}, {1, 9}, /* near 1, far 1 2 */
        {2, 9},  {2, 2},                  /* near 2, far 2 1 */
        {3, 50},                          /* near 3, far 3 2: line 1 is gone */
        {1, 50}, {3, 9}, {2, 50},         /* line 1 drove out 2 */
    };
    struct latency *latency = make("cache:32/1/32/2,64/2/32/9,50");
    assert_int_equal(latency_max(latency), 50);
    for (size_t i = 0; i < sizeof accesses / sizeof accesses[0]; i++)
        assert_int_equal(latency_draw(latency, accesses[i].line * 32), accesses[i].cycles);
    struct latency_counters counters;
    latency_read_counters(latency, &counters);
    assert_int_equal(counters.levels, 2);
    assert_int_equal(counters.hits[0], 2);
    assert_int_equal(counters.hits[1], 3);
    latency_destroy(latency);
}

/* A level as a list of all its lines with the time of their last use. */
struct naive_level {
    unsigned sets, ways, line, hit;
    unsigned count;
    struct {
        uint64_t number, used;
    } held[256];
};

/* Removes the longest unused line of a set that has more lines than ways. */
static void make_room(struct naive_level *level, uint64_t set) {
    unsigned in_set = 0, oldest = 0;
    for (unsigned i = 0; i < level->count; i++) {
        if (level->held[i].number % level->sets != set)
            continue;
        if (in_set++ == 0 || level->held[i].used < level->held[oldest].used)
            oldest = i;
    }
    if (in_set > level->ways)
        level->held[oldest] = level->held[--level->count];
}

static bool naive_access(struct naive_level *level, uint64_t pa, uint64_t now) {
    uint64_t number = pa / level->line;
    for (unsigned i = 0; i < level->count; i++)
        if (level->held[i].number == number) {
            level->held[i].used = now;
            return true;
        }
    level->held[level->count].number = number;
    level->held[level->count++].used = now;
    make_room(level, number % level->sets);
    return false;
}

static void compare_with_lists(const char *text, struct naive_level *level, unsigned levels,
                               uint32_t memory) {
    struct latency *latency = make(text);
    uint64_t random = 1;
    for (uint64_t now = 1; now <= 50000; now++) {
        random = random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        /* Half of the accesses stay in a few lines, so that all levels hit at times. */
        uint64_t pa = random >> 33 & (random >> 63 ? 0x1ff : 0x7fff);
        unsigned at = 0;
        while (at < levels && !naive_access(&level[at], pa, now))
            at++;
        assert_int_equal(latency_draw(latency, pa), at < levels ? level[at].hit : memory);
    }
    struct latency_counters counters;
    latency_read_counters(latency, &counters);
    assert_int_equal(counters.levels, levels);
    for (unsigned i = 0; i < levels; i++)
        assert_true(counters.hits[i] > 100);
    latency_destroy(latency);
}

static void hierarchies_against_lists(void **state) {
    (void)state;
    struct naive_level direct[] = {{16, 1, 32, 1, 0, {{0, 0}}}};
    compare_with_lists("cache:512/1/32/1,20", direct, 1, 20);
    struct naive_level odd[] = {{3, 5, 64, 40, 0, {{0, 0}}}};
    compare_with_lists("cache:960/5/64/40,4", odd, 1, 4); /* sets no power of two; slow hits */
    struct naive_level four[] = {{2, 2, 32, 1, 0, {{0, 0}}},
                                 {4, 3, 32, 5, 0, {{0, 0}}},
                                 {1, 32, 64, 11, 0, {{0, 0}}},
                                 {8, 8, 128, 30, 0, {{0, 0}}}};
    compare_with_lists("cache:128/2/32/1,384/3/32/5,2K/32/64/11,8K/8/128/30,100", four, 4, 100);
}

static void texts_are_read_exactly(void **state) {
    (void)state;
    static const struct {
        const char *text, *part; /* of the reason */
    } bad[] = {
        {"", "neither"},
        {"0", "neither"},
        {"1000001", "neither"},
        {"-1", "neither"},
        {"+1", "neither"},
        {" 1", "neither"},
        {"1 ", "neither"},
        {"0x10", "neither"},
        {"18446744073709551617", "neither"},
        {"caches", "neither"},
        {":", "MIN "},
        {"1:", "MAX "},
        {"1:2", "MAX "},
        {"0:2:1", "MIN "},
        {"1:1000001:1", "MAX "},
        {"3:2:1", "less than MIN"},
        {"1:2:", "SEED"},
        {"1:2:x", "SEED"},
        {"1:2:18446744073709551616", "SEED"},
        {"1:2:3:4", "SEED"},
        {"Cache:1K/1/64/1,9", "MIN "},
        {"cache:", "SIZE"},
        {"cache:9", "SIZE"},
        {"cache:1G/1/64/1,9", "SIZE"},
        {"cache:K/1/64/1,9", "SIZE"},
        {"cache:1KK/1/64/1,9", "SIZE"},
        {"cache:36893488147419103K/1/64/1,9", "SIZE"},
        {"cache:0/1/64/1,9", "SIZE of a cache level is not a multiple"},
        {"cache:1000/1/64/1,9", "SIZE of a cache level is not a multiple"},
        {"cache:1K/3/64/1,9", "SIZE of a cache level is not a multiple"},
        {"cache:1K", "SIZE"},
        {"cache:1K/2", "WAYS"},
        {"cache:1K/0/64/1,9", "WAYS"},
        {"cache:1K/1025/64/1,9", "WAYS"},
        {"cache:1K/1/4/1,9", "LINE"},
        {"cache:1K/1/48/1,9", "LINE"},
        {"cache:64K/1/8192/1,9", "LINE"},
        {"cache:1K/1/64", "LINE"},
        {"cache:1K/1/64/0,9", "HIT"},
        {"cache:1K/1/64/1000001,9", "HIT"},
        {"cache:1K/1/64/1", "HIT"},
        {"cache:1K/1/64/1,", "MEMORY"},
        {"cache:1K/1/64/1,0", "MEMORY"},
        {"cache:1K/1/64/1,9,", "MEMORY"},
        {"cache:1K/1/64/1,9,9", "MEMORY"},
        {"cache:1K/1/64/1,9/", "WAYS"},
        {"cache:1K/1/64/1,9 ", "MEMORY"},
        {"cache:16777217K/1/1024/1,9", "lines"},
        {"cache:1K/1/64/1,1K/1/64/1,1K/1/64/1,1K/1/64/1,1K/1/64/1,9", "four"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        const char *why = NULL;
        if (latency_create(bad[i].text, &why))
            fail_msg("'%s' was taken", bad[i].text);
        if (!strstr(why, bad[i].part))
            fail_msg("'%s': %s", bad[i].text, why);
    }
    static const char *const good[] = {"1",
                                       "1000000",
                                       "01",
                                       "1:1:0",
                                       "cache:8/1/8/1,1",
                                       "cache:1M/1024/64/1000000,1000000",
                                       "cache:32K/8/64/3,512K/8/64/12,120"};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        latency_destroy(make(good[i]));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fixed_is_fixed),
        cmocka_unit_test(random_is_splitmix64),
        cmocka_unit_test(random_is_even_within_bounds),
        cmocka_unit_test(cache_by_hand),
        cmocka_unit_test(hierarchy_by_hand),
        cmocka_unit_test(hierarchies_against_lists),
        cmocka_unit_test(texts_are_read_exactly),
    };
    return RUN(tests);
}
