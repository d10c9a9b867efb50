/*
 * A manager of which only physical memory has booted: zones, buddy allocator, slab caches, swap.
 * For tests of these parts, which want every frame and every free list to themselves.
 */
#ifndef TWINWALK_TESTS_MM_MEMORY_H
#define TWINWALK_TESTS_MM_MEMORY_H

#include "mm/kernel.h"
#include "physmem/physmem.h"

#define MIB (UINT64_C(1) << 20)

struct test_memory {
    struct kernel *k;
    struct physmem *physmem;
};

/* One node of `bytes` at the mode's usual base; aborts without memory. */
struct test_memory test_memory_boot(enum paging_mode mode, uint64_t bytes);
struct test_memory test_memory_boot_config(const struct mm_config *config);
void test_memory_free(struct test_memory *memory);

/* Runs on the free list of this order, over all zones. */
uint64_t free_runs(const struct kernel *k, unsigned order);
/* Free frames of all zones. */
uint64_t free_frames(const struct kernel *k);

/* NULL, or what is wrong with the free lists: they are compared with the frames' descriptors, from
 * which they follow. */
const char *check_free_lists(const struct kernel *k);

#endif
