/* The swap area: slots and their counts, the swap cache, what is written and read. */
#include "../unit/check.h"
#include "memory.h"

#include "mm/page_alloc.h"
#include "mm/swap.h"
#include "mm/vmscan.h"

#include <stdlib.h>
#include <string.h>

/* A machine with swap and without readahead, unless `page_cluster` asks for it. */
static struct test_memory boot(uint64_t slots, unsigned page_cluster) {
    struct mm_config config;
    mm_config_default(&config, MODE_SV39, 16 * MIB);
    config.swap_bytes = slots * PAGE_BYTES;
    config.page_cluster = page_cluster;
    return test_memory_boot_config(&config);
}

/* A page of which every byte is `value`. */
static struct page *filled_page(struct kernel *k, uint8_t value) {
    uint8_t bytes[PAGE_BYTES];
    struct page *page = alloc_pages(k, GFP_USER, 0);
    assert_non_null(page);
    memset(bytes, value, sizeof bytes);
    assert_true(k->machine.store_page(k->machine.context, page_to_phys(k, page), bytes));
    return page;
}

static void expect_filled(struct kernel *k, const struct page *page, uint8_t value) {
    uint8_t bytes[PAGE_BYTES];
    assert_true(k->machine.load_page(k->machine.context, page_to_phys(k, page), bytes));
    for (size_t i = 0; i < sizeof bytes; i++)
        assert_int_equal(bytes[i], value);
}

/* As reclaim does it for a page that one PTE names; the page is free afterwards. */
static uint64_t swap_out(struct kernel *k, struct page *page) {
    assert_int_equal(add_to_swap(k, page), 0);
    uint64_t slot = page->private;
    swap_duplicate(k, slot);
    assert_int_equal(swap_writepage(k, page), 0);
    assert_false(page_has(page, PG_dirty));
    delete_from_swap_cache(k, page);
    assert_int_equal(page->refcount, 1);
    put_page(k, page);
    return slot;
}

static void out_and_in_again(void **state) {
    (void)state;
    struct test_memory memory = boot(100, 0);
    struct kernel *k = memory.k;
    uint64_t frames = free_frames(k);
    assert_int_equal(swap_total(k), 100);
    uint64_t slot[40];
    for (unsigned i = 0; i < 40; i++)
        slot[i] = swap_out(k, filled_page(k, (uint8_t)i)); /* the first one is all zero */
    assert_int_equal(free_frames(k), frames);
    assert_int_equal(swap_free(k), 60);
    assert_int_equal(k->stat[STAT_pswpout], 40);
    assert_int_equal(k->stat[STAT_nr_swapcached], 0);
    for (unsigned i = 40; i-- > 0;) {
        bool major;
        int error;
        assert_int_equal(swap_count(k, slot[i]), 1);
        struct page *page = swapin_readahead(k, slot[i], &major, &error);
        assert_non_null(page);
        assert_true(major);
        expect_filled(k, page, (uint8_t)i);
        assert_true(page_has(page, PG_swapcache) && page_has(page, PG_uptodate) &&
                    page_has(page, PG_lru));
        assert_int_equal(page->refcount, 2);
        assert_int_equal(page->private, slot[i]);
        struct page *again = swapin_readahead(k, slot[i], &major, &error); /* from the cache */
        assert_ptr_equal(again, page);
        assert_false(major);
        put_page(k, again);
        assert_false(try_to_free_swap(k, page)); /* the entry still names the slot */
        swap_release(k, slot[i]);
        assert_int_equal(swap_count(k, slot[i]), 0);
        assert_true(page_has(page, PG_swapcache)); /* somebody holds the page */
        assert_true(try_to_free_swap(k, page));
        assert_true(page_has(page, PG_dirty));
        put_page(k, page);
    }
    assert_int_equal(k->stat[STAT_pswpin], 40);
    assert_int_equal(k->stat[STAT_swap_ra], 0);
    assert_int_equal(swap_free(k), 100);
    assert_int_equal(free_frames(k), frames);
    test_memory_free(&memory);
}

static void slots_that_are_written_together_lie_together(void **state) {
    (void)state;
    struct test_memory memory = boot(1000, 0);
    struct kernel *k = memory.k;
    for (unsigned i = 0; i < 1000; i++)
        assert_int_equal(swap_out(k, filled_page(k, 1)), i);
    assert_int_equal(swap_free(k), 0);
    struct page *page = filled_page(k, 2);
    assert_int_equal(add_to_swap(k, page), -ENOSPC);
    assert_false(page_has(page, PG_swapcache));
    swap_release(k, 777); /* the only free one, in the middle of a cluster */
    assert_int_equal(swap_free(k), 1);
    assert_int_equal(add_to_swap(k, page), 0);
    assert_int_equal(page->private, 777);
    delete_from_swap_cache(k, page); /* no entry names it: free again */
    assert_int_equal(swap_free(k), 1);
    put_page(k, page);
    for (unsigned i = 256; i < 512; i++) /* a whole cluster comes free: it is filled in order */
        swap_release(k, i);
    uint64_t slot = 777;
    for (unsigned i = 0; slot == 777 || slot == 256 + i - 1; i++) {
        slot = swap_out(k, filled_page(k, 3));
        if (slot == 777) {
            i--;
            continue;
        }
        assert_int_equal(slot, 256 + i);
        if (i == 255)
            break;
    }
    for (unsigned i = 0; i < 1000; i++)
        swap_release(k, i);
    assert_int_equal(swap_free(k), 1000);
    test_memory_free(&memory);
}

/* Slots are taken and given back at random: none twice, none lost. */
static void random_slots_against_a_reference(void **state) {
    (void)state;
    enum { SLOTS = 700 };
    struct test_memory memory = boot(SLOTS, 0);
    struct kernel *k = memory.k;
    static unsigned count[SLOTS];
    unsigned used = 0;
    uint64_t random = 1;
    memset(count, 0, sizeof count);
    for (unsigned step = 0; step < 50000; step++) {
        random = random * UINT64_C(6364136223846793005) + 1442695040888963407u;
        uint64_t any = (random >> 33) % SLOTS;
        unsigned kind = random >> 60;
        if (kind < (step / 5000 % 2 ? 9u : 5u)) {
            struct page *page = alloc_pages(k, GFP_USER, 0);
            int error = add_to_swap(k, page);
            assert_int_equal(error, used == SLOTS ? -ENOSPC : 0);
            if (!error) {
                uint64_t slot = page->private;
                assert_int_equal(count[slot], 0);
                count[slot] = 1;
                used++;
                swap_duplicate(k, slot);
                delete_from_swap_cache(k, page);
            }
            put_page(k, page);
        } else if (count[any] > 0 && kind == 15) {
            swap_duplicate(k, any);
            count[any]++;
        } else if (count[any] > 0) {
            swap_release(k, any);
            used -= --count[any] == 0;
        }
        assert_int_equal(swap_free(k), SLOTS - used);
        assert_int_equal(swap_count(k, any), count[any]);
    }
    for (unsigned i = 0; i < SLOTS; i++)
        while (count[i]-- > 0)
            swap_release(k, i);
    assert_int_equal(swap_free(k), SLOTS);
    test_memory_free(&memory);
}

static void forks_share_a_slot(void **state) {
    (void)state;
    struct test_memory memory = boot(16, 0);
    struct kernel *k = memory.k;
    uint64_t slot = swap_out(k, filled_page(k, 9));
    swap_duplicate(k, slot);
    swap_duplicate(k, slot);
    assert_int_equal(swap_count(k, slot), 3);
    bool major;
    int error;
    struct page *page = swapin_readahead(k, slot, &major, &error);
    swap_release(k, slot);
    assert_false(try_to_free_swap(k, page));
    put_page(k, page);
    swap_release(k, slot);
    assert_ptr_equal(lookup_swap_cache(k, slot), page); /* it stays for the third */
    put_page(k, page);
    uint64_t frames = free_frames(k);
    swap_release(k, slot); /* nobody names it, nobody maps it: the page goes */
    assert_int_equal(free_frames(k), frames + 1);
    assert_null(lookup_swap_cache(k, slot));
    assert_int_equal(swap_free(k), 16);
    test_memory_free(&memory);
}

static void readahead_brings_the_aligned_block(void **state) {
    (void)state;
    struct test_memory memory = boot(64, 3);
    struct kernel *k = memory.k;
    for (unsigned i = 0; i < 20; i++)
        swap_out(k, filled_page(k, (uint8_t)(i + 1)));
    swap_release(k, 10); /* a hole in the block of 8 … 15 */
    bool major;
    int error;
    struct page *page = swapin_readahead(k, 12, &major, &error);
    assert_true(major);
    expect_filled(k, page, 13);
    assert_int_equal(k->stat[STAT_pswpin], 7);
    assert_int_equal(k->stat[STAT_swap_ra], 6);
    assert_int_equal(k->stat[STAT_nr_swapcached], 7);
    for (uint64_t slot = 0; slot < 20; slot++) {
        struct page *cached = lookup_swap_cache(k, slot);
        assert_int_equal(cached != NULL, slot / 8 == 1 && slot != 10);
        if (!cached)
            continue;
        expect_filled(k, cached, (uint8_t)(slot + 1));
        assert_true(page_has(cached, PG_lru));
        put_page(k, cached);
    }
    struct page *next = swapin_readahead(k, 13, &major, &error);
    assert_false(major); /* it had come along */
    put_page(k, next);
    put_page(k, page);
    page = swapin_readahead(k, 19, &major, &error); /* the last block is not full */
    assert_int_equal(k->stat[STAT_pswpin], 11);
    put_page(k, page);
    for (uint64_t slot = 0; slot < 20; slot++)
        if (slot != 10)
            swap_release(k, slot);
    assert_int_equal(k->stat[STAT_nr_swapcached], 0);
    assert_int_equal(swap_free(k), 64);
    test_memory_free(&memory);
}

static void planned_failures(void **state) {
    (void)state;
    struct test_memory memory = boot(64, 3);
    struct kernel *k = memory.k;
    struct page *page = filled_page(k, 5);
    uint64_t frames = free_frames(k);
    k->fail[FAIL_SWAP_SLOT] = 1;
    assert_int_equal(add_to_swap(k, page), -ENOSPC);
    assert_int_equal(page->refcount, 1);
    assert_int_equal(add_to_swap(k, page), 0);
    assert_true(page_has(page, PG_dirty));
    k->fail[FAIL_SWAP_WRITE] = 1;
    assert_int_equal(swap_writepage(k, page), -EIO);
    assert_true(page_has(page, PG_dirty)); /* a later attempt may save it */
    assert_int_equal(k->stat[STAT_nr_writeback_errors], 1);
    assert_int_equal(swap_writepage(k, page), 0);
    uint64_t slot = page->private;
    swap_duplicate(k, slot);
    delete_from_swap_cache(k, page);
    put_page(k, page);
    bool major;
    int error;
    k->fail[FAIL_SWAP_READ] = 1;
    assert_null(swapin_readahead(k, slot, &major, &error));
    assert_int_equal(error, -EIO);
    k->fail[FAIL_PAGE_ALLOC] = 1;
    assert_null(swapin_readahead(k, slot, &major, &error));
    assert_int_equal(error, -ENOMEM);
    assert_int_equal(free_frames(k), frames + 1);
    assert_int_equal(swap_count(k, slot), 1);
    for (unsigned i = 0; i < 3; i++)
        swap_out(k, filled_page(k, 6));
    k->fail[FAIL_SWAP_READ] = 2; /* a neighbour: the page itself does not care */
    page = swapin_readahead(k, slot, &major, &error);
    assert_non_null(page);
    expect_filled(k, page, 5);
    put_page(k, page);
    for (uint64_t i = 0; i < 64; i++)
        swap_release(k, i);
    assert_int_equal(swap_free(k), 64);
    assert_int_equal(free_frames(k), frames + 1);
    test_memory_free(&memory);
}

static void bus_errors(void **state) {
    (void)state;
    struct test_memory memory = boot(64, 0);
    struct kernel *k = memory.k;
    uint64_t slot = swap_out(k, filled_page(k, 7));
    struct page *page = filled_page(k, 8);
    assert_int_equal(add_to_swap(k, page), 0);
    uint64_t frames = free_frames(k);
    assert_true(physmem_add_error(memory.physmem, 0, UINT64_MAX));
    assert_int_equal(swap_writepage(k, page), -EIO);
    assert_true(page_has(page, PG_dirty));
    bool major;
    int error;
    assert_null(swapin_readahead(k, slot, &major, &error));
    assert_int_equal(error, -EIO);
    assert_int_equal(free_frames(k), frames);
    physmem_forget_ranges(memory.physmem);
    struct page *again = swapin_readahead(k, slot, &major, &error);
    expect_filled(k, again, 7); /* the contents are still there */
    put_page(k, again);
    swap_release(k, slot);
    delete_from_swap_cache(k, page);
    put_page(k, page);
    test_memory_free(&memory);
}

/* Page tables may hold anything: a slot that is none does no harm. */
static void slots_that_do_not_exist(void **state) {
    (void)state;
    struct test_memory memory = boot(8, 3);
    struct kernel *k = memory.k;
    bool major;
    int error;
    static const uint64_t slots[] = {3, 8, 1000, UINT64_MAX};
    for (size_t i = 0; i < 4; i++) {
        swap_release(k, slots[i]);
        assert_int_equal(swap_count(k, slots[i]), 0);
        assert_null(lookup_swap_cache(k, slots[i]));
        assert_null(swapin_readahead(k, slots[i], &major, &error));
        assert_int_equal(error, -EIO);
    }
    swap_duplicate(k, 8);
    assert_int_equal(swap_free(k), 8);
    test_memory_free(&memory);
}

static void on_and_off(void **state) {
    (void)state;
    struct test_memory memory = boot(8, 0);
    struct kernel *k = memory.k;
    assert_int_equal(swapon(k, MIB), -EBUSY);
    uint64_t slot = swap_out(k, filled_page(k, 1));
    assert_int_equal(swapoff(k), -EBUSY);
    swap_release(k, slot);
    struct page *page = filled_page(k, 2); /* only cached: it can go */
    assert_int_equal(add_to_swap(k, page), 0);
    assert_int_equal(swapoff(k), 0);
    assert_false(page_has(page, PG_swapcache));
    assert_int_equal(page->refcount, 1);
    put_page(k, page);
    assert_int_equal(swap_total(k), 0);
    page = filled_page(k, 3);
    assert_int_equal(add_to_swap(k, page), -ENOSPC);
    put_page(k, page);
    assert_int_equal(swapon(k, PAGE_BYTES - 1), -EINVAL);
    k->config.mode = MODE_SV32;
    assert_int_equal(swapon(k, (UINT64_C(1) << 34) + PAGE_BYTES), -EINVAL); /* 22 bits of slots */
    assert_int_equal(swapon(k, UINT64_C(1) << 34), 0);
    test_memory_free(&memory);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(out_and_in_again),
        cmocka_unit_test(slots_that_are_written_together_lie_together),
        cmocka_unit_test(random_slots_against_a_reference),
        cmocka_unit_test(forks_share_a_slot),
        cmocka_unit_test(readahead_brings_the_aligned_block),
        cmocka_unit_test(planned_failures),
        cmocka_unit_test(bus_errors),
        cmocka_unit_test(slots_that_do_not_exist),
        cmocka_unit_test(on_and_off),
    };
    return RUN(tests);
}
