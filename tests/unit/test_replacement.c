/*
 * Each policy against a naive one written here: lists for LRU and FIFO, a recursive tree for PLRU,
 * the generator's published first numbers for random.
 */
#include "mmu/replacement.h"

#include "check.h"
#include "tables.h"

#include <string.h>

#define MAX_WAYS 40
#define SETS     3

/* LRU and FIFO: the ways of one set, the next victim first. */
struct order {
    unsigned count, way[MAX_WAYS];
};

static void to_the_back(struct order *order, unsigned way) {
    unsigned kept = 0;
    for (unsigned i = 0; i < order->count; i++)
        if (order->way[i] != way)
            order->way[kept++] = order->way[i];
    order->way[kept++] = way;
    order->count = kept;
}

/* PLRU: `bit[lo][size]` of the node over the ways lo … lo + size - 1 names the upper half. */
struct tree {
    unsigned ways;
    bool bit[2 * MAX_WAYS][2 * MAX_WAYS];
};

static void tree_use(struct tree *tree, unsigned low, unsigned size, unsigned way) {
    if (size == 1)
        return;
    bool upper = way >= low + size / 2;
    tree->bit[low][size] = !upper;
    tree_use(tree, low + (upper ? size / 2 : 0), size / 2, way);
}

static unsigned tree_victim(const struct tree *tree, unsigned low, unsigned size) {
    if (size == 1)
        return low;
    bool upper = tree->bit[low][size] && low + size / 2 < tree->ways;
    return tree_victim(tree, low + (upper ? size / 2 : 0), size / 2);
}

static unsigned leaves(unsigned ways) {
    unsigned n = 1;
    while (n < ways)
        n <<= 1;
    return n;
}

struct naive {
    enum policy policy;
    unsigned ways;
    struct order order[SETS];
    struct tree tree[SETS];
};

static void naive_use(struct naive *naive, unsigned set, unsigned way, bool fill) {
    if (naive->policy == POLICY_PLRU)
        tree_use(&naive->tree[set], 0, leaves(naive->ways), way);
    else if (naive->policy == POLICY_LRU || fill)
        to_the_back(&naive->order[set], way);
}

static unsigned naive_victim(const struct naive *naive, unsigned set) {
    if (naive->policy == POLICY_PLRU)
        return tree_victim(&naive->tree[set], 0, leaves(naive->ways));
    return naive->order[set].way[0];
}

/* Fills in any order, hits, fills after a fence, and victims, at random. */
static void random_operations(enum policy policy, unsigned ways, uint64_t seed) {
    static struct naive naive;
    memset(&naive, 0, sizeof naive);
    naive.policy = policy;
    naive.ways = ways;
    struct replacement replacement;
    assert_true(replacement_init(&replacement, policy, SETS, ways, 1));
    for (unsigned set = 0; set < SETS; set++) {
        naive.tree[set].ways = ways;
        for (unsigned way = 0; way < ways; way++) {
            naive_use(&naive, set, way, true);
            replacement_filled(&replacement, set, way);
        }
    }
    for (unsigned i = 0; i < 4000; i++) {
        unsigned set = pick(&seed, SETS), way = pick(&seed, ways);
        if (pick(&seed, 2)) {
            naive_use(&naive, set, way, false);
            replacement_hit(&replacement, set, way);
            continue;
        }
        if (pick(&seed, 4)) {
            way = naive_victim(&naive, set);
            assert_int_equal(replacement_victim(&replacement, set), way);
        }
        naive_use(&naive, set, way, true);
        replacement_filled(&replacement, set, way);
    }
    replacement_free(&replacement);
}

static void every_way_count(enum policy policy) {
    for (unsigned ways = 1; ways <= MAX_WAYS; ways++)
        random_operations(policy, ways, ways);
}

static void lru(void **state) {
    (void)state;
    every_way_count(POLICY_LRU);
}

static void fifo(void **state) {
    (void)state;
    every_way_count(POLICY_FIFO);
}

static void plru(void **state) {
    (void)state;
    every_way_count(POLICY_PLRU);
}

/* Bits start at 0: an untouched tree of any shape names way 0. Drawn by hand for 4 and 3 ways. */
static void plru_by_hand(void **state) {
    (void)state;
    static const struct {
        unsigned ways, use[3], victim[3];
    } rows[] = {
        {4, {0, 2, 1}, {2, 1, 3}},
        {3, {0, 2, 1}, {2, 1, 2}},
        {3, {1, 0, 2}, {2, 2, 1}},
        {1, {0, 0, 0}, {0, 0, 0}},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct replacement replacement;
        assert_true(replacement_init(&replacement, POLICY_PLRU, 1, rows[i].ways, 1));
        assert_int_equal(replacement_victim(&replacement, 0), 0);
        for (unsigned step = 0; step < 3; step++) {
            replacement_hit(&replacement, 0, rows[i].use[step]);
            assert_int_equal(replacement_victim(&replacement, 0), rows[i].victim[step]);
        }
        replacement_free(&replacement);
    }
}

/* Marsaglia, "Xorshift RNGs" (2003): from 2463534242 the first number is 723471715. */
static void random_is_xorshift32(void **state) {
    (void)state;
    static const uint32_t published[] = {723471715u, 2497366906u, 2064144800u};
    struct replacement replacement;
    assert_true(replacement_init(&replacement, POLICY_RANDOM, 1, 8, 2463534242u));
    for (unsigned i = 0; i < 3; i++) {
        unsigned victim = replacement_victim(&replacement, 0);
        assert_true(replacement.random == published[i]);
        assert_int_equal(victim, published[i] >> 29); /* 8 ways: the top three bits */
    }
    replacement_free(&replacement);
}

static uint32_t xorshift(uint32_t x) {
    uint32_t a = x ^ (x << 13);
    uint32_t b = a ^ (a >> 17);
    return b ^ (b << 5);
}

static void random_victims_of_any_way_count(void **state) {
    (void)state;
    for (unsigned ways = 1; ways <= MAX_WAYS; ways++) {
        struct replacement replacement;
        uint32_t x = 0xace10000u | ways << 2 | 1;
        unsigned chosen[MAX_WAYS] = {0};
        assert_true(replacement_init(&replacement, POLICY_RANDOM, SETS, ways, x));
        for (unsigned i = 0; i < 200 * ways; i++) {
            replacement_filled(&replacement, i % SETS, i % ways); /* uses draw nothing */
            replacement_hit(&replacement, i % SETS, i % ways);
            x = xorshift(x);
            unsigned victim = replacement_victim(&replacement, i % SETS);
            assert_int_equal(victim, (x / 65536) * ways / 65536);
            chosen[victim]++;
        }
        for (unsigned way = 0; way < ways; way++)
            assert_in_range(chosen[way], 120, 280); /* 200 expected */
        replacement_free(&replacement);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lru),
        cmocka_unit_test(fifo),
        cmocka_unit_test(plru),
        cmocka_unit_test(plru_by_hand),
        cmocka_unit_test(random_is_xorshift32),
        cmocka_unit_test(random_victims_of_any_way_count),
    };
    return RUN(tests);
}
