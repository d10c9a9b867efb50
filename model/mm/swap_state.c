/* The swap cache, swap input and output (Linux: mm/swap_state.c, page_io.c). */
#include "swap_internal.h"

#include "page_alloc.h"
#include "syscall.h"
#include "vmscan.h"

#include <stdlib.h>
#include <string.h>

/* The page takes over a reference of the caller's as the cache's. */
static void cache_page(struct kernel *k, struct page *page, uint64_t slot) {
    page_set(page, PG_swapcache);
    page_set(page, PG_swapbacked);
    page->private = slot;
    k->swap->slot[slot].cached = page;
    mod_stat(k, STAT_nr_swapcached, 1);
    mod_stat(k, STAT_nr_file_pages, 1);
}

int add_to_swap(struct kernel *k, struct page *page) {
    if (page_has(page, PG_swapcache))
        return 0;
    if (should_fail(k, FAIL_SWAP_SLOT) || !k->swap || k->swap->free == 0)
        return -ENOSPC;
    get_page(page);
    cache_page(k, page, get_swap_slot(k->swap));
    page_set(page, PG_dirty); /* the slot does not hold the contents yet */
    return 0;
}

void delete_from_swap_cache(struct kernel *k, struct page *page) {
    if (!page_test_clear(page, PG_swapcache))
        return;
    uint64_t number = page->private;
    struct swap_slot *slot = &k->swap->slot[number];
    slot->cached = NULL;
    page->private = 0;
    mod_stat(k, STAT_nr_swapcached, -1);
    mod_stat(k, STAT_nr_file_pages, -1);
    if (slot->count == 0)
        free_swap_slot(k->swap, number);
    put_page(k, page);
}

struct page *lookup_swap_cache(struct kernel *k, uint64_t slot) {
    const struct swap_slot *at = swap_slot(k, slot);
    struct page *page = at ? at->cached : NULL;
    if (page)
        get_page(page);
    return page;
}

bool try_to_free_swap(struct kernel *k, struct page *page) {
    if (!page_has(page, PG_swapcache) || k->swap->slot[page->private].count > 0)
        return false;
    page_set(page, PG_dirty); /* the slot's copy goes: this is the only one */
    delete_from_swap_cache(k, page);
    return true;
}

static bool is_zero(const uint8_t bytes[PAGE_BYTES]) {
    return bytes[0] == 0 && memcmp(bytes, bytes + 1, PAGE_BYTES - 1) == 0;
}

/* The slot holds these contents from now on; what is all zero takes no memory. */
static int store_slot(struct swap_slot *slot, const uint8_t bytes[PAGE_BYTES]) {
    if (is_zero(bytes)) {
        free(slot->data);
        slot->data = NULL;
        return 0;
    }
    if (!slot->data && !(slot->data = malloc(PAGE_BYTES)))
        return -EIO;
    memcpy(slot->data, bytes, PAGE_BYTES);
    return 0;
}

static int write_slot(struct kernel *k, struct page *page, struct swap_slot *slot) {
    uint8_t bytes[PAGE_BYTES];
    if (should_fail(k, FAIL_SWAP_WRITE))
        return -EIO;
    int error = dma_from_memory(k, page_to_phys(k, page), bytes, PAGE_BYTES);
    return error ? error : store_slot(slot, bytes);
}

int swap_writepage(struct kernel *k, struct page *page) {
    uint64_t slot = page->private;
    int error = write_slot(k, page, &k->swap->slot[slot]);
    if (error) {
        count_event(k, STAT_nr_writeback_errors, 1);
        return error;
    }
    page_clear(page, PG_dirty);
    count_event(k, STAT_pswpout, 1);
    count_event(k, STAT_nr_written, 1);
    count_event(k, STAT_pgpgout, PAGE_BYTES / 1024);
    mm_event(k, MM_EVENT_SWAP_OUT, page_to_pfn(k, page), slot, 0);
    return 0;
}

static int read_slot(struct kernel *k, struct page *page, uint64_t number) {
    static const uint8_t zeroes[PAGE_BYTES];
    const struct swap_slot *slot = &k->swap->slot[number];
    if (should_fail(k, FAIL_SWAP_READ))
        return -EIO;
    int error =
        dma_to_memory(k, page_to_phys(k, page), slot->data ? slot->data : zeroes, PAGE_BYTES);
    if (error)
        return error;
    page_set(page, PG_uptodate);
    count_event(k, STAT_pswpin, 1);
    count_event(k, STAT_pgpgin, PAGE_BYTES / 1024);
    mm_event(k, MM_EVENT_SWAP_IN, page_to_pfn(k, page), number, 0);
    return 0;
}

/* Whether the slot holds contents that some entry names and no page has. */
static bool only_on_disk(const struct kernel *k, uint64_t slot) {
    const struct swap_slot *at = swap_slot(k, slot);
    return at && at->count > 0 && !at->cached;
}

/* The slot, which is not cached, in a new page of the swap cache and on the LRU. A reference is
 * taken. NULL: *error. */
static struct page *read_swap_cache(struct kernel *k, uint64_t slot, gfp_t gfp, bool *major,
                                    int *error) {
    struct page *page = alloc_pages(k, gfp, 0);
    if (!page) {
        *error = -ENOMEM;
        return NULL;
    }
    if (!only_on_disk(k, slot)) { /* reclaim, or the end of a process, came in between */
        put_page(k, page);
        *error = -EIO;
        return lookup_swap_cache(k, slot);
    }
    *major = true;
    *error = read_slot(k, page, slot);
    if (*error) {
        put_page(k, page);
        return NULL;
    }
    get_page(page);
    cache_page(k, page, slot);
    lru_cache_add(k, page);
    return page;
}

/* The other slots of the aligned block around `slot`, as far as that is easy. */
static void read_neighbours(struct kernel *k, uint64_t slot) {
    uint64_t slots = UINT64_C(1) << k->config.page_cluster, first = slot & ~(slots - 1);
    for (uint64_t i = first; i < first + slots; i++) {
        bool major;
        int error;
        if (!only_on_disk(k, i))
            continue;
        struct page *page = read_swap_cache(k, i, GFP_USER | GFP_NORETRY, &major, &error);
        if (!page)
            return;
        count_event(k, STAT_swap_ra, 1);
        put_page(k, page);
    }
}

struct page *swapin_readahead(struct kernel *k, uint64_t slot, bool *major, int *error) {
    *major = false;
    *error = -EIO;
    struct page *page = lookup_swap_cache(k, slot);
    if (page || !only_on_disk(k, slot))
        return page;
    page = read_swap_cache(k, slot, GFP_USER, major, error);
    if (page && k->config.page_cluster > 0)
        read_neighbours(k, slot);
    return page;
}
