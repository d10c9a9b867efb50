/* Stimuli of these benches: splitmix64. */
#ifndef TWINWALK_TESTS_RTL_AXI_RANDOM_H
#define TWINWALK_TESTS_RTL_AXI_RANDOM_H

#include <stdbool.h>
#include <stdint.h>

static inline uint64_t random_bits(uint64_t *state) {
    uint64_t z = *state += 0x9e3779b97f4a7c15;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return z ^ z >> 31;
}

static inline unsigned random_below(uint64_t *state, unsigned below) {
    return (unsigned)(random_bits(state) % below);
}

static inline bool random_happens(uint64_t *state, unsigned permille) {
    return random_below(state, 1000) < permille;
}

#endif
