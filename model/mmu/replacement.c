#include "replacement.h"

#include <stdlib.h>

static unsigned round_up_to_power_of_two(unsigned n) {
    unsigned power = 1;
    while (power < n)
        power *= 2;
    return power;
}

bool replacement_init(struct replacement *replacement, enum policy policy, unsigned sets,
                      unsigned ways, uint32_t random) {
    *replacement = (struct replacement){
        .policy = policy,
        .ways = ways,
        .leaves = round_up_to_power_of_two(ways),
        .random = random,
    };
    if (policy == POLICY_LRU || policy == POLICY_FIFO) {
        replacement->stamp = calloc((size_t)sets * ways, sizeof *replacement->stamp);
        return replacement->stamp != NULL;
    }
    if (policy == POLICY_PLRU) {
        replacement->towards = calloc((size_t)sets * replacement->leaves, 1);
        return replacement->towards != NULL;
    }
    return true;
}

void replacement_free(struct replacement *replacement) {
    free(replacement->stamp);
    free(replacement->towards);
}

/* From the leaf up: each node on the way names the half that was not used. */
void replacement_plru_use(struct replacement *replacement, unsigned set, unsigned way) {
    uint8_t *towards = replacement->towards + (size_t)set * replacement->leaves;
    for (unsigned node = replacement->leaves + way; node > 1; node /= 2)
        towards[node / 2] = node % 2 == 0;
}

/* From the root down; a half without an existing way is never entered. */
static unsigned plru_victim(const struct replacement *replacement, unsigned set) {
    const uint8_t *towards = replacement->towards + (size_t)set * replacement->leaves;
    unsigned first = 0, node = 1;
    for (unsigned half = replacement->leaves / 2; half > 0; half /= 2) {
        bool upper = towards[node] && first + half < replacement->ways;
        node = 2 * node + upper;
        first += upper ? half : 0;
    }
    return first;
}

static unsigned oldest(const struct replacement *replacement, unsigned set) {
    const uint64_t *stamp = replacement->stamp + (size_t)set * replacement->ways;
    unsigned way = 0;
    for (unsigned i = 1; i < replacement->ways; i++)
        if (stamp[i] < stamp[way])
            way = i;
    return way;
}

static unsigned draw(struct replacement *replacement) {
    uint32_t x = replacement->random;
    x ^= x << 13;
    x ^= x >> 17;
    x ^= x << 5;
    replacement->random = x;
    return (x >> 16) * replacement->ways >> 16;
}

void replacement_filled(struct replacement *replacement, unsigned set, unsigned way) {
    if (replacement->policy == POLICY_FIFO)
        replacement->stamp[(size_t)set * replacement->ways + way] = ++replacement->clock;
    else
        replacement_hit(replacement, set, way);
}

unsigned replacement_victim(struct replacement *replacement, unsigned set) {
    switch (replacement->policy) {
    case POLICY_LRU:
    case POLICY_FIFO:
        return oldest(replacement, set);
    case POLICY_PLRU:
        return plru_victim(replacement, set);
    case POLICY_RANDOM:
    case POLICIES:
        break;
    }
    return draw(replacement);
}
