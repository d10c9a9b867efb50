/* Physical memory: nodes, zones, the buddy allocator. */
#include "memory.h"

#include "../unit/check.h"
#include "mm/buddy.h"
#include "mm/page_alloc.h"
#include "mm/vmscan.h"

#include <stdlib.h>
#include <string.h>

/* ---- what the manager told ---- */

#define MOST_EVENTS 64

struct events {
    struct mm_event event[MOST_EVENTS];
    unsigned count;
};

static void listen(void *context, const struct mm_event *event) {
    struct events *events = context;
    if (events->count < MOST_EVENTS)
        events->event[events->count++] = *event;
}

static void start_listening(struct kernel *k, struct events *events) {
    events->count = 0;
    k->listener = listen;
    k->listener_context = events;
}

static void expect_event(const struct events *events, unsigned i, enum mm_event_kind kind,
                         uint64_t pfn, uint64_t order) {
    assert_true(i < events->count);
    assert_int_equal(events->event[i].kind, kind);
    assert_int_equal(events->event[i].a, pfn);
    assert_int_equal(events->event[i].b, order);
}

/* ---- helpers ---- */

/* Every frame that is free, whatever the watermarks say. */
struct frames {
    struct page **page;
    size_t count;
};

static struct frames take_all(struct kernel *k, gfp_t gfp) {
    struct frames frames = {calloc(free_frames(k), sizeof *frames.page), 0};
    struct scan_control reclaim = {.highest = ZONE_NORMAL};
    struct page *page;
    assert_non_null(frames.page);
    k->scan = &reclaim;
    while ((page = alloc_pages(k, gfp, 0)))
        frames.page[frames.count++] = page;
    k->scan = NULL;
    return frames;
}

static void give_all(struct kernel *k, struct frames *frames) {
    for (size_t i = 0; i < frames->count; i++)
        if (frames->page[i])
            put_page(k, frames->page[i]);
    free(frames->page);
}

static void free_held(struct kernel *k, struct page *page) {
    free_pages(k, page, page->order);
}

static struct zone *only_zone(struct kernel *k) {
    for (unsigned z = 0; z < MAX_NR_ZONES; z++)
        if (k->node[0].zones[z].managed_pages > 0)
            return &k->node[0].zones[z];
    return NULL;
}

/* All free frames are of whole maximal runs again, as after boot. */
static void expect_boot_state(const struct kernel *k, const uint64_t runs[MAX_ORDER + 1]) {
    for (unsigned order = 0; order <= MAX_ORDER; order++)
        assert_int_equal(free_runs(k, order), runs[order]);
    assert_null(check_free_lists(k));
}

static void note_runs(const struct kernel *k, uint64_t runs[MAX_ORDER + 1]) {
    for (unsigned order = 0; order <= MAX_ORDER; order++)
        runs[order] = free_runs(k, order);
}

/* ---- the buddy allocator ---- */

/* S9: 256 frames are asked for, no run of 256 is free, one of 512 is. */
static void run_of_512_is_split_for_256(void **state) {
    (void)state;
    struct test_memory memory = test_memory_boot(MODE_SV39, 64 * MIB);
    struct kernel *k = memory.k;
    struct page *held[64], *other;
    unsigned count = 0;
    while (free_runs(k, 8) > 0)
        assert_non_null(held[count++] = alloc_pages(k, GFP_KERNEL, 8));
    while (free_runs(k, 9) != 1) /* one alone, so that it is clear which is split */
        assert_non_null(held[count++] = alloc_pages(k, GFP_KERNEL, 9));
    assert_int_equal(free_runs(k, 8), 0);
    assert_int_equal(free_runs(k, 9), 1);
    uint64_t larger = free_runs(k, 10);
    uint64_t run = page_to_pfn(k, TAILQ_FIRST(&only_zone(k)->free_area[9].list));

    struct events events;
    start_listening(k, &events);
    struct page *page = alloc_pages(k, GFP_KERNEL, 8);
    assert_int_equal(events.count, 2);
    expect_event(&events, 0, MM_EVENT_SPLIT, run, 9);
    expect_event(&events, 1, MM_EVENT_ALLOC, run, 8);
    assert_int_equal(page_to_pfn(k, page), run);
    assert_int_equal(free_runs(k, 8), 1); /* the other half … */
    assert_int_equal(free_runs(k, 9), 0);
    assert_int_equal(free_runs(k, 10), larger);
    other = TAILQ_FIRST(&only_zone(k)->free_area[8].list);
    assert_int_equal(page_to_pfn(k, other), run + 256);
    assert_int_equal(page_to_pfn(k, alloc_pages(k, GFP_KERNEL, 8)), run + 256); /* … is next */

    start_listening(k, &events);
    free_pages(k, page, 8);
    free_pages(k, other, 8);
    assert_int_equal(events.count, 3); /* its own buddy of 512 is held: no further */
    expect_event(&events, 0, MM_EVENT_FREE, run, 8);
    expect_event(&events, 1, MM_EVENT_FREE, run + 256, 8);
    expect_event(&events, 2, MM_EVENT_MERGE, run, 9);
    assert_int_equal(free_runs(k, 9), 1);
    assert_int_equal(free_runs(k, 8), 0);
    k->listener = NULL;
    while (count > 0)
        free_held(k, held[--count]);
    assert_null(check_free_lists(k));
    test_memory_free(&memory);
}

static void one_frame_of_a_run_of_1024(void **state) {
    (void)state;
    struct test_memory memory = test_memory_boot(MODE_SV39, 16 * MIB);
    struct kernel *k = memory.k;
    uint64_t before[MAX_ORDER + 1];
    struct page *small[1024];
    unsigned count = 0;
    note_runs(k, before);
    for (unsigned order = 0; order < MAX_ORDER; order++) /* only runs of 1024 are left */
        while (free_runs(k, order) > 0)
            assert_non_null(small[count++] = alloc_pages(k, GFP_KERNEL, order));
    struct events events;
    start_listening(k, &events);
    struct page *page = alloc_pages(k, GFP_KERNEL, 0);
    uint64_t pfn = page_to_pfn(k, page);
    assert_int_equal(pfn % 1024, 0);
    assert_int_equal(events.count, 11);
    for (unsigned i = 0; i < 10; i++)
        expect_event(&events, i, MM_EVENT_SPLIT, pfn, 10 - i);
    for (unsigned order = 0; order < MAX_ORDER; order++)
        assert_int_equal(free_runs(k, order), 1);
    start_listening(k, &events);
    put_page(k, page);
    assert_int_equal(events.count, 11);
    for (unsigned i = 1; i <= 10; i++)
        expect_event(&events, i, MM_EVENT_MERGE, pfn, i);
    k->listener = NULL;
    while (count > 0)
        free_held(k, small[--count]);
    expect_boot_state(k, before);
    test_memory_free(&memory);
}

static void all_frames_are_given_once_and_merge_again(void **state) {
    (void)state;
    struct test_memory memory = test_memory_boot(MODE_SV39, 32 * MIB);
    struct kernel *k = memory.k;
    uint64_t before[MAX_ORDER + 1], total = free_frames(k);
    note_runs(k, before);
    struct frames frames = take_all(k, GFP_KERNEL);
    assert_int_equal(frames.count, total);
    assert_int_equal(free_frames(k), 0);
    uint8_t *seen = calloc(k->node[0].spanned_pages, 1);
    for (size_t i = 0; i < frames.count; i++) {
        assert_int_equal(frames.page[i]->refcount, 1);
        assert_int_equal(seen[frames.page[i] - k->node[0].map]++, 0);
    }
    free(seen);
    for (size_t i = 0; i < frames.count; i++) { /* in another order than they came */
        size_t j = (i * 7919 + 13) % frames.count;
        struct page *page = frames.page[i];
        frames.page[i] = frames.page[j];
        frames.page[j] = page;
    }
    give_all(k, &frames);
    expect_boot_state(k, before);
    assert_int_equal(k->stat[STAT_pgfree], k->stat[STAT_pgalloc_dma32] - k->stat[STAT_nr_slab]);
    test_memory_free(&memory);
}

/* Reserved frames are nobody's, and a node's odd end is used to the last frame. */
static void odd_sizes_and_reserved_frames(void **state) {
    (void)state;
    struct mm_config config;
    mm_config_default(&config, MODE_SV39, 9 * MIB + 3 * PAGE_BYTES);
    config.node[0].base += 5 * PAGE_BYTES;
    struct test_memory memory = test_memory_boot_config(&config);
    struct kernel *k = memory.k;
    uint64_t frames = 9 * 256 + 3;
    uint64_t reserved = config.kernel_bytes / PAGE_BYTES + (frames * 64 + 4095) / 4096;
    assert_int_equal(mem_map_pages(&config), (frames * 64 + 4095) / 4096);
    assert_int_equal(only_zone(k)->spanned_pages, frames);
    assert_int_equal(only_zone(k)->managed_pages, frames - reserved);
    for (uint64_t i = 0; i < frames; i++)
        assert_int_equal(page_has(&k->node[0].map[i], PG_reserved), i < reserved);
    assert_null(check_free_lists(k));
    test_memory_free(&memory);
}

static void node_too_small_for_the_memory_map(void **state) {
    (void)state;
    struct kernel *k = calloc(1, sizeof *k);
    mm_config_default(&k->config, MODE_SV39, MIB);
    k->config.kernel_bytes = MIB;
    assert_int_equal(mem_init(k), -ENOMEM);
    free(k);
}

/* ---- zones ---- */

/* DMA32 and Normal in one node: 64 MiB on each side of 4 GiB. */
static struct test_memory boot_two_zones(void) {
    struct mm_config config;
    mm_config_default(&config, MODE_SV39, 128 * MIB);
    config.node[0].base = ZONE_DMA32_END - 64 * MIB;
    return test_memory_boot_config(&config);
}

static void zones_fall_back_downwards(void **state) {
    (void)state;
    struct test_memory memory = boot_two_zones();
    struct kernel *k = memory.k;
    struct zone *dma32 = &k->node[0].zones[ZONE_DMA32], *normal = &k->node[0].zones[ZONE_NORMAL];
    struct page *page = alloc_pages(k, GFP_KERNEL, 0);
    assert_int_equal(page->zone, ZONE_NORMAL);
    put_page(k, page);
    page = alloc_pages(k, GFP_KERNEL | GFP_DMA32_ZONE, 0);
    assert_int_equal(page->zone, ZONE_DMA32);
    put_page(k, page);
    assert_null(alloc_pages(k, GFP_DMA_ZONE, 0)); /* the node has none */

    /* Normal down to its low watermark, then DMA32 down to low and its reserve, and only then
     * both to min. */
    struct frames frames = {calloc(free_frames(k), sizeof *frames.page), 0};
    enum zone_type expected = ZONE_NORMAL;
    while (!k->node[0].kswapd_wanted && (page = alloc_pages(k, GFP_KERNEL, 0))) {
        frames.page[frames.count++] = page;
        if (expected == ZONE_NORMAL && page->zone != ZONE_NORMAL) {
            assert_int_equal(normal->free_pages, normal->watermark[WMARK_LOW]);
            expected = ZONE_DMA32;
        }
        if (!k->node[0].kswapd_wanted)
            assert_int_equal(page->zone, expected);
    }
    assert_int_equal(expected, ZONE_DMA32);
    assert_int_equal(normal->free_pages, normal->watermark[WMARK_LOW] - 1);
    assert_int_equal(dma32->free_pages,
                     dma32->watermark[WMARK_LOW] + dma32->lowmem_reserve[ZONE_NORMAL]);
    /* Without reclaim: to min and no further; the reserve stays for those who need DMA32. */
    while ((page = alloc_pages(k, GFP_ATOMIC, 0)))
        frames.page[frames.count++] = page;
    assert_int_equal(normal->free_pages, normal->watermark[WMARK_MIN]);
    assert_int_equal(dma32->free_pages,
                     dma32->watermark[WMARK_MIN] + dma32->lowmem_reserve[ZONE_NORMAL]);
    page = alloc_pages(k, GFP_DMA32_ZONE, 0);
    assert_non_null(page);
    put_page(k, page);
    give_all(k, &frames);
    assert_null(check_free_lists(k));
    test_memory_free(&memory);
}

static void sv32_has_high_memory(void **state) {
    (void)state;
    struct mm_config config;
    mm_config_default(&config, MODE_SV32, 960 * MIB);
    config.kernel_bytes = 64 * 1024; /* the kernel and the memory map leave 960 KiB of DMA */
    struct test_memory memory = test_memory_boot_config(&config);
    struct kernel *k = memory.k;
    const struct zone *zones = k->node[0].zones;
    assert_int_equal(zones[ZONE_DMA].spanned_pages, 16 * 256);
    assert_int_equal(zones[ZONE_DMA32].spanned_pages, 0);
    assert_int_equal(zones[ZONE_NORMAL].spanned_pages, (896 - 16) * 256);
    assert_int_equal(zones[ZONE_HIGHMEM].spanned_pages, 64 * 256);
    struct page *page = alloc_pages(k, GFP_USER, 0);
    assert_int_equal(page->zone, ZONE_HIGHMEM);
    put_page(k, page);
    page = alloc_pages(k, GFP_KERNEL, 0);
    assert_int_equal(page->zone, ZONE_NORMAL);
    put_page(k, page);
    page = alloc_pages(k, GFP_KERNEL | GFP_DMA_ZONE, 0);
    assert_int_equal(page->zone, ZONE_DMA);
    put_page(k, page);
    /* A HighMem zone's min is 1/1024 of it, but 32 to 128 frames. */
    assert_int_equal(zones[ZONE_HIGHMEM].watermark[WMARK_MIN], 32);
    /* What Normal keeps from users, who could have HighMem: 1/32 of that. */
    assert_int_equal(zones[ZONE_NORMAL].lowmem_reserve[ZONE_HIGHMEM], 64 * 256 / 32);
    assert_int_equal(zones[ZONE_DMA].lowmem_reserve[ZONE_NORMAL],
                     zones[ZONE_NORMAL].managed_pages / 256);
    assert_int_equal(zones[ZONE_DMA].lowmem_reserve[ZONE_HIGHMEM],
                     (zones[ZONE_NORMAL].managed_pages + 64 * 256) / 256);
    assert_int_equal(zones[ZONE_HIGHMEM].lowmem_reserve[ZONE_HIGHMEM], 0);
    test_memory_free(&memory);
}

/*
 * A host's /proc/zoneinfo (Linux 6.18, x86-64, min_free_kbytes 67584): zones of 3840, 772917 and
 * 1441792 managed frames have min 29, 5886, 10980; low 36, 7357, 13725; high 43, 8828, 16470. The
 * same rule on our zones, whose sizes are others.
 */
static void expect_watermarks(const struct zone *zone, uint64_t min_free, uint64_t lowmem) {
    uint64_t min = min_free * zone->managed_pages / lowmem;
    uint64_t tenth_percent = zone->managed_pages / 1000;
    uint64_t step = min / 4 > tenth_percent ? min / 4 : tenth_percent;
    assert_int_equal(zone->watermark[WMARK_MIN], min);
    assert_int_equal(zone->watermark[WMARK_LOW], min + step);
    assert_int_equal(zone->watermark[WMARK_HIGH], min + 2 * step);
}

static void watermarks_by_linuxs_formula(void **state) {
    (void)state;
    struct test_memory memory = boot_two_zones();
    struct zone *zones = memory.k->node[0].zones;
    uint64_t managed = zones[ZONE_DMA32].managed_pages + zones[ZONE_NORMAL].managed_pages;
    uint64_t kib = 0;
    while ((kib + 1) * (kib + 1) <= managed * 4 * 16)
        kib++;
    assert_in_range(kib, 1400, 1448); /* Linux's table: 128 MiB, 1448 KiB; reserved frames less */
    expect_watermarks(&zones[ZONE_DMA32], kib / 4, managed);
    expect_watermarks(&zones[ZONE_NORMAL], kib / 4, managed);
    assert_int_equal(zones[ZONE_DMA32].lowmem_reserve[ZONE_NORMAL], 64 * 256 / 256);
    assert_int_equal(zones[ZONE_DMA].lowmem_reserve[ZONE_NORMAL], 0); /* no such zone */
    test_memory_free(&memory);

    struct mm_config config;
    mm_config_default(&config, MODE_SV48, 64 * MIB);
    config.min_free_bytes = 8 * MIB;
    memory = test_memory_boot_config(&config);
    struct zone *zone = only_zone(memory.k);
    expect_watermarks(zone, 8 * 256, zone->managed_pages);
    test_memory_free(&memory);
}

static void watermark_counts_usable_runs(void **state) {
    (void)state;
    struct test_memory memory = test_memory_boot(MODE_SV39, 32 * MIB);
    struct zone *zone = only_zone(memory.k);
    uint64_t low = zone->watermark[WMARK_LOW];
    struct zone small = *zone;
    for (unsigned order = 0; order <= MAX_ORDER; order++)
        small.free_area[order].nr_free = 0;
    small.free_area[3].nr_free = 1;
    small.free_pages = low + 8;
    assert_true(zone_watermark_ok(&small, 3, WMARK_LOW, ZONE_NORMAL));
    assert_false(zone_watermark_ok(&small, 4, WMARK_LOW, ZONE_NORMAL)); /* too few, no run */
    small.free_pages = low + 7;
    assert_false(zone_watermark_ok(&small, 3, WMARK_LOW, ZONE_NORMAL));
    assert_true(zone_watermark_ok(&small, 0, WMARK_LOW, ZONE_NORMAL));
    small.free_pages = low + 1000;
    assert_false(zone_watermark_ok(&small, 4, WMARK_LOW, ZONE_NORMAL)); /* fragmented */
    test_memory_free(&memory);
}

static void second_node_when_the_first_is_used_up(void **state) {
    (void)state;
    struct mm_config config;
    mm_config_default(&config, MODE_SV39, 16 * MIB);
    config.nodes = 2;
    config.node[1].base = config.node[0].base + 64 * MIB; /* a hole between them */
    config.node[1].bytes = 16 * MIB;
    struct test_memory memory = test_memory_boot_config(&config);
    struct kernel *k = memory.k;
    assert_null(pfn_to_page(k, (config.node[0].base + 32 * MIB) / PAGE_BYTES));
    assert_int_equal(mem_map_pages(&config), 2 * 16 * 256 * 64 / 4096);
    struct page *page = alloc_pages(k, GFP_USER, 0);
    assert_int_equal(page->node, 0);
    put_page(k, page);
    struct frames frames = {calloc(free_frames(k), sizeof *frames.page), 0};
    while (!k->node[0].kswapd_wanted && (page = alloc_pages(k, GFP_USER, 0))) {
        if (page->node == 1 && (frames.count == 0 || frames.page[frames.count - 1]->node == 0))
            assert_int_equal(k->node[0].zones[ZONE_DMA32].free_pages,
                             k->node[0].zones[ZONE_DMA32].watermark[WMARK_LOW]);
        assert_ptr_equal(pfn_to_page(k, page_to_pfn(k, page)), page);
        frames.page[frames.count++] = page;
    }
    assert_true(k->node[1].kswapd_wanted);
    give_all(k, &frames);
    assert_null(check_free_lists(k));
    test_memory_free(&memory);
}

/* ---- fragmentation ---- */

static void fragmentation_in_closed_form(void **state) {
    (void)state;
    struct test_memory memory = test_memory_boot(MODE_SV39, 16 * MIB);
    struct kernel *k = memory.k;
    struct zone *zone = only_zone(k);
    assert_int_equal(fragmentation_index(zone, 9), -1000); /* it would not fail */
    assert_int_equal(unusable_free_index(zone, 0), 0);
    struct frames frames = take_all(k, GFP_KERNEL);
    assert_int_equal(fragmentation_index(zone, 0), 0); /* nothing is free at all */
    assert_int_equal(unusable_free_index(zone, 0), 1000);
    int64_t n = 0; /* free frames, no two of them buddies */
    for (size_t i = 0; i < frames.count; i++)
        if (page_to_pfn(k, frames.page[i]) % 2 == 0) {
            put_page(k, frames.page[i]);
            frames.page[i] = NULL;
            n++;
        }
    assert_int_equal(zone->free_area[0].nr_free, n);
    assert_int_equal(unusable_free_index(zone, 0), 0);
    for (unsigned order = 1; order <= MAX_ORDER; order++) {
        assert_int_equal(unusable_free_index(zone, order), 1000);
        assert_int_equal(fragmentation_index(zone, order),
                         1000 - (1000 + n * 1000 / (1 << order)) / n);
    }
    give_all(k, &frames);
    assert_int_equal(fragmentation_index(zone, 9), -1000);
    test_memory_free(&memory);
}

/* ---- references ---- */

static void compound_pages(void **state) {
    (void)state;
    struct test_memory memory = test_memory_boot(MODE_SV39, 16 * MIB);
    struct kernel *k = memory.k;
    uint64_t before = free_frames(k);
    struct page *page = alloc_pages(k, GFP_KERNEL | GFP_COMP, 3);
    assert_int_equal(page_frames(page), 8);
    for (unsigned i = 0; i < 8; i++)
        assert_ptr_equal(compound_head(&page[i]), page);
    get_page(&page[5]);
    assert_int_equal(page->refcount, 2);
    put_page(k, &page[7]);
    assert_int_equal(free_frames(k), before - 8);
    put_page(k, &page[1]);
    assert_int_equal(free_frames(k), before);
    for (unsigned i = 0; i < 8; i++)
        assert_false(page_has(&page[i], PG_tail) || page_has(&page[i], PG_head));

    page = alloc_pages(k, GFP_KERNEL | GFP_COMP, 2);
    split_page(k, page);
    for (unsigned i = 0; i < 4; i++) {
        assert_int_equal(page_frames(&page[i]), 1);
        assert_int_equal(page[i].refcount, 1);
        assert_ptr_equal(compound_head(&page[i]), &page[i]);
    }
    for (unsigned i = 0; i < 4; i++)
        put_page(k, &page[i]);
    assert_int_equal(free_frames(k), before);
    assert_null(check_free_lists(k));
    assert_null(k->bad_page);
    test_memory_free(&memory);
}

static void wrong_frees_are_noted_and_not_done(void **state) {
    (void)state;
    struct test_memory memory = test_memory_boot(MODE_SV39, 16 * MIB);
    struct kernel *k = memory.k;
    struct page *page = alloc_pages(k, GFP_KERNEL, 0);
    put_page(k, page);
    uint64_t before = free_frames(k);
    assert_null(k->bad_page);
    put_page(k, page);
    assert_non_null(k->bad_page);
    k->bad_page = NULL;
    free_pages(k, &k->node[0].map[0], 0); /* reserved */
    assert_non_null(k->bad_page);
    k->bad_page = NULL;
    page = alloc_pages(k, GFP_KERNEL | GFP_COMP, 2);
    free_pages(k, page, 1);
    assert_non_null(k->bad_page);
    free_pages(k, &page[1], 0);
    put_page(k, page);
    assert_int_equal(free_frames(k), before);
    assert_null(check_free_lists(k));
    test_memory_free(&memory);
}

/* ---- failures ---- */

static void planned_failures_and_bus_errors(void **state) {
    (void)state;
    struct test_memory memory = test_memory_boot(MODE_SV39, 16 * MIB);
    struct kernel *k = memory.k;
    uint64_t before = free_frames(k);
    k->fail[FAIL_PAGE_ALLOC] = 2;
    struct page *page = alloc_pages(k, GFP_KERNEL, 0);
    assert_non_null(page);
    assert_null(alloc_pages(k, GFP_KERNEL, 0));
    put_page(k, page);
    assert_null(alloc_pages(k, GFP_KERNEL, MAX_ORDER + 1));
    assert_true(physmem_add_error(memory.physmem, 0, UINT64_MAX));
    assert_null(alloc_pages(k, GFP_KERNEL | GFP_ZERO, 0));
    assert_null(alloc_pages(k, GFP_KERNEL | GFP_ZERO | GFP_COMP, 3));
    assert_int_equal(free_frames(k), before);
    assert_null(check_free_lists(k));
    test_memory_free(&memory);
}

static void nobody_to_reclaim_from_or_to_kill(void **state) {
    (void)state;
    struct test_memory memory = test_memory_boot(MODE_SV39, 16 * MIB);
    struct kernel *k = memory.k;
    struct frames frames = {calloc(free_frames(k), sizeof *frames.page), 0};
    struct page *page;
    while ((page = alloc_pages(k, GFP_KERNEL | GFP_NORETRY, 0)))
        frames.page[frames.count++] = page;
    assert_int_equal(only_zone(k)->free_pages, only_zone(k)->watermark[WMARK_MIN]);
    assert_int_equal(k->stat[STAT_allocstall], 1);
    assert_int_equal(k->stat[STAT_oom_kill], 0);
    assert_null(alloc_pages(k, GFP_KERNEL, 4));    /* a costly order kills nobody */
    while ((page = alloc_pages(k, GFP_KERNEL, 0))) /* there is no process: it just fails */
        frames.page[frames.count++] = page;
    assert_int_equal(k->stat[STAT_oom_kill], 0);
    give_all(k, &frames);
    assert_null(check_free_lists(k));
    test_memory_free(&memory);
}

/* The checker used here and in the soak sees what is wrong. */
static void planted_corruption_is_seen(void **state) {
    (void)state;
    struct test_memory memory = test_memory_boot(MODE_SV39, 16 * MIB);
    struct kernel *k = memory.k;
    struct zone *zone = only_zone(k);
    struct page *run = TAILQ_FIRST(&zone->free_area[MAX_ORDER].list);
    zone->free_pages--;
    assert_non_null(check_free_lists(k));
    zone->free_pages++;
    zone->free_area[MAX_ORDER].nr_free++;
    assert_non_null(check_free_lists(k));
    zone->free_area[MAX_ORDER].nr_free--;
    page_clear(run, PG_buddy);
    assert_non_null(check_free_lists(k));
    page_set(run, PG_buddy);
    page_set(run + 3, PG_buddy);
    assert_non_null(check_free_lists(k));
    page_clear(run + 3, PG_buddy);
    del_from_free_list(zone, run); /* halves that should have merged */
    add_to_free_list(zone, run, MAX_ORDER - 1, false);
    add_to_free_list(zone, run + 512, MAX_ORDER - 1, false);
    assert_non_null(check_free_lists(k));
    del_from_free_list(zone, run);
    del_from_free_list(zone, run + 512);
    free_one_page(k, zone, run, MAX_ORDER);
    assert_null(check_free_lists(k));
    test_memory_free(&memory);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(run_of_512_is_split_for_256),
        cmocka_unit_test(one_frame_of_a_run_of_1024),
        cmocka_unit_test(all_frames_are_given_once_and_merge_again),
        cmocka_unit_test(odd_sizes_and_reserved_frames),
        cmocka_unit_test(node_too_small_for_the_memory_map),
        cmocka_unit_test(zones_fall_back_downwards),
        cmocka_unit_test(sv32_has_high_memory),
        cmocka_unit_test(watermarks_by_linuxs_formula),
        cmocka_unit_test(watermark_counts_usable_runs),
        cmocka_unit_test(second_node_when_the_first_is_used_up),
        cmocka_unit_test(fragmentation_in_closed_form),
        cmocka_unit_test(compound_pages),
        cmocka_unit_test(wrong_frees_are_noted_and_not_done),
        cmocka_unit_test(planned_failures_and_bus_errors),
        cmocka_unit_test(nobody_to_reclaim_from_or_to_kill),
        cmocka_unit_test(planted_corruption_is_seen),
    };
    return RUN(tests);
}
