/*
 * Shared by the files of rtl_smoke: the configuration under test, a page table, and what is
 * expected.
 */
#ifndef TWINWALK_TESTS_RTL_SMOKE_H
#define TWINWALK_TESTS_RTL_SMOKE_H

#include "bench.h"

extern const char *smoke_config;

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

static inline uint64_t smoke_entry(uint64_t ppn, uint64_t flags) {
    return ppn << 10 | flags;
}

/* Sv39: va 0x40201abc has vpn[2] = vpn[1] = vpn[0] = 1. Tables at 0x80000000, …1000, …2000. */
#define SV39_VA   0x40201abcu
#define SV39_LEAF 0x80002008u
void smoke_map(struct bench *bench, uint64_t leaf);

/* The same table: va 0x40203abc, two pages further, so that no prefetch finds it. */
#define SV39_VA_2   0x40203abcu
#define SV39_LEAF_2 0x80002018u

/*
 * The log. Words that name the L2 count only where there is one; "c:" stands before words for a
 * walk cache only, "n:" before those without one.
 */
void smoke_expect_log(const struct bench *bench, const char *expected);

/* What the prefetches did; nothing where there are none. */
void smoke_expect_ahead(const struct bench *bench, const char *expected);

void smoke_expect_page(const struct bench *bench, enum port port, uint64_t pa, enum page_size size,
                       enum hit_level level);
void smoke_expect_fault(const struct bench *bench, enum port port, enum fault_reason reason,
                        enum cause cause, enum hit_level level);

void test_sv39_walk_and_hits(void **state);
void test_untranslated(void **state);
void test_page_sizes(void **state);
void test_faults(void **state);
void test_misaligned_and_refused(void **state);
void test_replacement(void **state);

void test_accessed_and_dirty(void **state);
void test_dirty_clear(void **state);
void test_update_lost_race(void **state);
void test_update_refused(void **state);

void test_fence_at_any_cycle(void **state);
void test_fence_operands(void **state);
void test_fence_of_two_walks(void **state);

void test_one_hit_a_cycle(void **state);
void test_hits_past_a_miss(void **state);
void test_merge(void **state);
void test_merge_of_ports(void **state);
void test_replay(void **state);
void test_merged_fault(void **state);
void test_walk_cache(void **state);
void test_prefetch(void **state);
void test_parity(void **state);

#endif
