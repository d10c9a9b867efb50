/* Reclaim: which page goes, in which order, when it starts and ends; and that contents survive. */
#include "bench.h"

#include "mm/filemap.h"
#include "mm/swap.h"
#include "mm/vmscan.h"

#define FILE_PAGES 512
#define NONE       UINT64_MAX

struct world {
    struct bench bench;
    struct ram_file disk;
    struct file *file;
    uint64_t dropped[FILE_PAGES]; /* pages of the file, in the order they were dropped */
    unsigned drops;
    uint64_t kswapd_from, kswapd_to; /* free frames around its last run; NONE: it did not run */
    unsigned direct;
};

static void listen(void *context, const struct mm_event *event) {
    struct world *world = context;
    if (event->kind == MM_EVENT_DROP && world->drops < FILE_PAGES)
        world->dropped[world->drops++] = event->b;
    if (event->kind == MM_EVENT_KSWAPD)
        *(event->b == 1 ? &world->kswapd_from : &world->kswapd_to) = event->c;
    if (event->kind == MM_EVENT_DIRECT && event->b == 1)
        world->direct++;
}

static void start(struct world *world, const struct mm_config *config) {
    *world = (struct world){.kswapd_from = NONE, .kswapd_to = NONE};
    bench_boot(&world->bench, config);
    ram_file_init(&world->disk, FILE_PAGES * 4096, FILE_PAGES * 4096);
    world->file =
        file_open(world->bench.k, &ram_file_operations, &world->disk, FILE_PAGES * 4096, true);
    assert_non_null(world->file);
    mm_listen(world->bench.k, listen, world);
}

static void finish(struct world *world) {
    mm_listen(world->bench.k, NULL, NULL);
    fput(world->file);
    bench_end(&world->bench);
    ram_file_free(&world->disk);
}

static struct mm_config small_machine(enum reclaim_policy policy) {
    struct mm_config config;
    mm_config_default(&config, MODE_SV39, 8 * MIB);
    config.policy = policy;
    config.swap_bytes = 8 * MIB;
    config.fault_around_pages = 1;
    return config;
}

static void start_small(struct world *world, enum reclaim_policy policy) {
    const struct mm_config config = small_machine(policy);
    start(world, &config);
}

/* As read() would: cached, not mapped. */
static void cache_page(struct world *world, uint64_t index, unsigned uses) {
    bool major = false;
    int error = 0;
    struct page *page = read_cache_page(world->file->inode, index, &major, &error);
    assert_non_null(page);
    while (uses-- > 0)
        mark_page_accessed(world->bench.k, page);
    put_page(world->bench.k, page);
}

static bool cached(struct world *world, uint64_t index) {
    struct page *page = find_get_page(world->file->inode, index);
    if (page)
        put_page(world->bench.k, page);
    return page != NULL;
}

static uint64_t reclaim(struct world *world) {
    uint64_t freed = try_to_free_pages(world->bench.k, GFP_USER, 0);
    bench_check(&world->bench);
    return freed;
}

/* --- LRU --- */

static void oldest_first(void **state) {
    struct world world;
    (void)state;
    start_small(&world, RECLAIM_LRU);
    for (uint64_t i = 0; i < 200; i++)
        cache_page(&world, (i * 77 + 5) % 200, 0);
    while (world.drops < 200)
        assert_true(reclaim(&world) > 0);
    for (uint64_t i = 0; i < 200; i++)
        assert_int_equal(world.dropped[i], (i * 77 + 5) % 200);
    assert_int_equal(reclaim(&world), 0);
    finish(&world);
}

/* Used twice is active: a stream of pages used once does not push it out, while it is used. */
static void used_twice_survives_a_stream(void **state) {
    struct world world;
    (void)state;
    start_small(&world, RECLAIM_LRU);
    bench_count(&world.bench);
    for (uint64_t i = 0; i < 50; i++)
        cache_page(&world, i, 2);
    assert_int_equal(bench_counted(&world.bench, STAT_nr_active_file), 50);
    assert_int_equal(bench_counted(&world.bench, STAT_pgactivate), 50);
    for (uint64_t i = 50; i < FILE_PAGES - 12; i += 50) {
        for (uint64_t j = i; j < i + 50; j++)
            cache_page(&world, j, 1);
        for (uint64_t j = 0; j < 50; j++)
            cache_page(&world, j, 2);
        reclaim(&world);
    }
    assert_int_equal(world.disk.reads, FILE_PAGES - 12); /* no page twice */
    for (uint64_t i = 0; i < 50; i++)
        assert_true(cached(&world, i));
    assert_true(world.drops >= 200);
    assert_true(bench_counted(&world.bench, STAT_pgdeactivate) > 0);
    finish(&world);
}

/* Pages of a mapping: A bits are all that tells which are used. */
static void accessed_bits_save(enum reclaim_policy policy, bool adue) {
    struct world world;
    struct mm_config config = small_machine(policy);
    config.adue = adue;
    start(&world, &config);
    struct bench *bench = &world.bench;
    uint64_t va = bench_map(bench, world.file, 64 * 4096, VM_READ, MM_MAP_SHARED);
    for (uint64_t i = 0; i < 64; i++)
        bench_load(bench, va + i * 4096);
    /* All A bits are cleared, then some pages are used. */
    assert_int_equal(mm_madvise(bench->task->mm, va, 64 * 4096, MADVISE_COLD), 0);
    for (uint64_t i = 0; i < 64; i += 4)
        bench_load(bench, va + i * 4096);
    assert_true(reclaim(&world) >= SWAP_CLUSTER_MAX);
    for (unsigned i = 0; i < world.drops; i++)
        assert_true(world.dropped[i] % 4 != 0);
    finish(&world);
}

static void accessed_bits_save_a_page(void **state) {
    (void)state;
    accessed_bits_save(RECLAIM_LRU, true);
    accessed_bits_save(RECLAIM_LRU, false);
    accessed_bits_save(RECLAIM_CLOCK, true);
    accessed_bits_save(RECLAIM_CLOCK, false);
}

/* A page of code is active at its first look, one of data at its second. */
static void code_is_kept_longer(void **state) {
    struct world world;
    (void)state;
    start_small(&world, RECLAIM_LRU);
    struct bench *bench = &world.bench;
    uint64_t code = bench_map(bench, world.file, 16 * 4096, VM_READ | VM_EXEC, MM_MAP_SHARED);
    for (uint64_t i = 0; i < 16; i++)
        bench_load(bench, code + i * 4096);
    for (uint64_t i = 16; i < 200; i++)
        cache_page(&world, i, 0);
    bench_count(bench);
    reclaim(&world);
    assert_int_equal(bench_counted(bench, STAT_nr_active_file), 16);
    for (uint64_t i = 0; i < 16; i++)
        assert_true(cached(&world, i));
    finish(&world);
}

/* Without ASIDs a switch empties the TLBs, which hide uses from the A bits. */
static void empty_tlbs(struct world *world) {
    switch_mm(world->bench.k, NULL);
    switch_mm(world->bench.k, world->bench.task);
}

/* Found used at the first look: kept. At the second look as well: active. */
static void a_second_reference_activates(void **state) {
    struct world world;
    struct mm_config config = small_machine(RECLAIM_LRU);
    (void)state;
    config.asid_bits = 0;
    start(&world, &config);
    struct bench *bench = &world.bench;
    uint64_t va = bench_map(bench, world.file, 64 * 4096, VM_READ, MM_MAP_SHARED);
    for (unsigned look = 0; look < 2; look++) {
        empty_tlbs(&world);
        for (uint64_t i = 0; i < 64; i++)
            bench_load(bench, va + i * 4096);
        for (uint64_t i = 64 + look * 200; i < 264 + look * 200; i++)
            cache_page(&world, i, 0);
        /* What was never used goes; on the way most of the others are looked at, once. */
        while (world.drops < (look + 1) * 200)
            assert_true(reclaim(&world) > 0);
        assert_true(look > 0 || mm_stats(bench->k)[STAT_pgactivate] == 0);
    }
    uint64_t active = mm_stats(bench->k)[STAT_pgactivate];
    assert_in_range(active, 32, 64);
    /* Some of them fell back again, so that the lists are of a size. */
    assert_int_equal(mm_stats(bench->k)[STAT_nr_active_file],
                     active - mm_stats(bench->k)[STAT_pgdeactivate]);
    assert_true(mm_stats(bench->k)[STAT_nr_active_file] > 0);
    /* Cold by advice. */
    assert_int_equal(mm_madvise(bench->task->mm, va, 64 * 4096, MADVISE_COLD), 0);
    assert_int_equal(mm_stats(bench->k)[STAT_nr_active_file], 0);
    assert_int_equal(mm_stats(bench->k)[STAT_nr_inactive_file],
                     mm_stats(bench->k)[STAT_nr_file_pages]);
    assert_int_equal(mm_stats(bench->k)[STAT_pgdeactivate], active);
    assert_true(reclaim(&world) > 0);
    finish(&world);
}

/* The share of anonymous pages among the first hundred or so to go, when file pages are in use. */
static uint64_t swapped_at(unsigned swappiness) {
    struct world world;
    struct mm_config config = small_machine(RECLAIM_LRU);
    config.swappiness = swappiness;
    start(&world, &config);
    struct bench *bench = &world.bench;
    uint64_t va = bench_map_anon(bench, 256 * 4096);
    for (uint64_t i = 0; i < 256; i++)
        bench_store(bench, va + i * 4096, i);
    assert_int_equal(mm_madvise(bench->task->mm, va, 256 * 4096, MADVISE_COLD), 0);
    for (uint64_t i = 0; i < 256; i++)
        cache_page(&world, i, 2);
    while (mm_stats(bench->k)[STAT_pgsteal_direct] < 100)
        assert_true(reclaim(&world) > 0);
    uint64_t swapped = mm_stats(bench->k)[STAT_pswpout];
    finish(&world);
    return swapped;
}

static void swappiness_weighs(void **state) {
    (void)state;
    uint64_t little = swapped_at(10), medium = swapped_at(100), much = swapped_at(190);
    print_message("swapped of the first pages to go: %u, %u, %u\n", (unsigned)little,
                  (unsigned)medium, (unsigned)much);
    assert_true(little < medium && medium < much);
}

/* Anonymous memory that is older than the file's pages stays as long as there are enough of them.
 */
static void clean_pages_go_before_swap(unsigned swappiness) {
    struct world world;
    struct mm_config config = small_machine(RECLAIM_LRU);
    config.swappiness = swappiness;
    start(&world, &config);
    struct bench *bench = &world.bench;
    uint64_t va = bench_map_anon(bench, MIB);
    for (uint64_t at = 0; at < MIB; at += 4096)
        bench_store(bench, va + at, at);
    assert_int_equal(mm_madvise(bench->task->mm, va, MIB, MADVISE_COLD), 0);
    for (uint64_t i = 0; i < FILE_PAGES; i++)
        cache_page(&world, i, 0);
    while (world.drops < FILE_PAGES / 2)
        assert_true(reclaim(&world) > 0);
    assert_int_equal(mm_stats(bench->k)[STAT_pswpout], 0);
    /* With nothing else left, anonymous pages go. */
    while (mm_stats(bench->k)[STAT_pswpout] == 0)
        assert_true(reclaim(&world) > 0 || swappiness == 0);
    for (uint64_t at = 0; at < MIB; at += 4096)
        assert_true(bench_load(bench, va + at) == at);
    finish(&world);
}

static void clean_file_pages_go_first(void **state) {
    (void)state;
    clean_pages_go_before_swap(60);
    clean_pages_go_before_swap(100);
}

/* Swappiness 0: as long as any file page is left. */
static void swappiness_0_spares_anonymous_memory(void **state) {
    struct world world;
    struct mm_config config = small_machine(RECLAIM_LRU);
    (void)state;
    config.swappiness = 0;
    start(&world, &config);
    struct bench *bench = &world.bench;
    uint64_t va = bench_map_anon(bench, 2 * MIB);
    for (uint64_t at = 0; at < 2 * MIB; at += 4096)
        bench_store(bench, va + at, at);
    for (uint64_t i = 0; i < 100; i++)
        cache_page(&world, i, 0);
    while (world.drops < 100)
        assert_true(reclaim(&world) > 0);
    assert_int_equal(mm_stats(bench->k)[STAT_pswpout], 0);
    finish(&world);
}

/* --- CLOCK --- */

/* The hand passes in the order of arrival and spares once what was used. */
static void the_hand_gives_a_second_chance(void **state) {
    struct world world;
    (void)state;
    start_small(&world, RECLAIM_CLOCK);
    for (uint64_t i = 0; i < 100; i++)
        cache_page(&world, i, i % 10 == 0 ? 1 : 0);
    while (world.drops < 100)
        assert_true(reclaim(&world) > 0);
    for (unsigned i = 0; i < 90; i++)
        assert_true(world.dropped[i] % 10 != 0 &&
                    (i == 0 || world.dropped[i] > world.dropped[i - 1]));
    for (unsigned i = 90; i < 100; i++)
        assert_int_equal(world.dropped[i], (i - 90) * 10);
    finish(&world);
}

/* --- random --- */

/* Any page alike: the ranks of the first half to go average in the middle, and the seed decides. */
static void random_is_random(void **state) {
    struct world world, again;
    (void)state;
    start_small(&world, RECLAIM_RANDOM);
    start_small(&again, RECLAIM_RANDOM);
    for (uint64_t i = 0; i < FILE_PAGES; i++) {
        cache_page(&world, i, 2);
        cache_page(&again, i, 2);
    }
    uint64_t sum = 0;
    while (world.drops < FILE_PAGES / 2) {
        assert_true(reclaim(&world) > 0);
        reclaim(&again);
    }
    assert_int_equal(world.drops, again.drops);
    for (unsigned i = 0; i < FILE_PAGES / 2; i++) {
        sum += world.dropped[i];
        assert_int_equal(world.dropped[i], again.dropped[i]);
    }
    /* Mean 255.5, standard deviation of the sum about 1670. */
    assert_in_range(sum, 65408 - 7000, 65408 + 7000);
    finish(&world);
    finish(&again);
}

/* --- watermarks --- */

static struct zone *the_zone(struct world *world) {
    return &world->bench.k->node[0].zones[ZONE_DMA32];
}

/* Frames taken away for good, until the test gives them back. */
struct hoard {
    struct page *page[4096];
    unsigned n;
};

static bool hoard_one(struct world *world, struct hoard *hoard, gfp_t gfp) {
    struct page *page = alloc_pages(world->bench.k, gfp, 0);
    if (page)
        hoard->page[hoard->n++] = page;
    return page != NULL;
}

static void give_back(struct world *world, struct hoard *hoard) {
    while (hoard->n > 0)
        put_page(world->bench.k, hoard->page[--hoard->n]);
}

static void kswapd_works_between_low_and_high(void **state) {
    struct world world;
    struct hoard hoard = {.n = 0};
    (void)state;
    start_small(&world, RECLAIM_LRU);
    struct zone *zone = the_zone(&world);
    for (uint64_t i = 0; i < FILE_PAGES; i++)
        cache_page(&world, i, 0);
    while (hoard_one(&world, &hoard, GFP_KERNEL) && !world.bench.k->node[0].kswapd_wanted) {
        mm_tick(world.bench.k);
        assert_int_equal(world.kswapd_from, NONE);
    }
    assert_true(zone->free_pages <= zone->watermark[WMARK_LOW]);
    assert_true(zone->free_pages + 2 > zone->watermark[WMARK_LOW]);
    mm_tick(world.bench.k);
    assert_true(world.kswapd_from <= zone->watermark[WMARK_LOW]);
    assert_int_equal(world.kswapd_to, zone->free_pages);
    assert_true(zone->free_pages > zone->watermark[WMARK_HIGH]);
    assert_true(zone->free_pages <= zone->watermark[WMARK_HIGH] + 2 * SWAP_CLUSTER_MAX);
    assert_false(world.bench.k->node[0].kswapd_wanted);
    assert_int_equal(world.direct, 0);
    const uint64_t *stat = mm_stats(world.bench.k);
    assert_int_equal(stat[STAT_pgsteal_kswapd], world.drops);
    assert_true(stat[STAT_pgscan_kswapd] >= stat[STAT_pgsteal_kswapd]);
    assert_int_equal(stat[STAT_pageoutrun], 1);
    assert_int_equal(stat[STAT_pgsteal_direct], 0);
    give_back(&world, &hoard);
    finish(&world);
}

/* kswapd never gets its turn: at min the request reclaims by itself. */
static void direct_reclaim_below_min(void **state) {
    struct world world;
    struct hoard hoard = {.n = 0};
    (void)state;
    start_small(&world, RECLAIM_LRU);
    const struct zone *zone = the_zone(&world);
    for (uint64_t i = 0; i < FILE_PAGES; i++)
        cache_page(&world, i, 0);
    while (world.direct == 0) {
        assert_true(zone->free_pages >= zone->watermark[WMARK_MIN]);
        assert_true(hoard_one(&world, &hoard, GFP_KERNEL));
    }
    assert_true(zone->free_pages >= zone->watermark[WMARK_MIN]);
    assert_true(world.drops >= SWAP_CLUSTER_MAX);
    assert_int_equal(mm_stats(world.bench.k)[STAT_pgsteal_direct], world.drops);
    assert_true(mm_stats(world.bench.k)[STAT_allocstall] >= 1);
    assert_int_equal(mm_stats(world.bench.k)[STAT_pageoutrun], 0);
    /* Who may not wait gets nothing. */
    while (hoard_one(&world, &hoard, GFP_ATOMIC))
        assert_true(zone->free_pages >= zone->watermark[WMARK_MIN]);
    give_back(&world, &hoard);
    finish(&world);
}

static void kswapd_gives_up(void **state) {
    struct world world;
    struct mm_config config = small_machine(RECLAIM_LRU);
    struct hoard hoard = {.n = 0};
    (void)state;
    config.swap_bytes = 0;
    start(&world, &config);
    struct pglist_data *node = &world.bench.k->node[0];
    const struct zone *zone = the_zone(&world);
    while (zone->free_pages > zone->watermark[WMARK_LOW])
        assert_true(hoard_one(&world, &hoard, GFP_ATOMIC));
    for (unsigned i = 0; i < 2 * MAX_RECLAIM_RETRIES; i++) {
        wakeup_kswapd(world.bench.k, node);
        kswapd_run(world.bench.k, node);
    }
    assert_int_equal(node->kswapd_failures, MAX_RECLAIM_RETRIES);
    assert_int_equal(mm_stats(world.bench.k)[STAT_pageoutrun], MAX_RECLAIM_RETRIES);
    assert_false(node->kswapd_wanted);
    /* A success of direct reclaim gives it hope again. */
    cache_page(&world, 0, 0);
    assert_int_equal(try_to_free_pages(world.bench.k, GFP_USER, 0), 1);
    assert_int_equal(node->kswapd_failures, 0);
    give_back(&world, &hoard);
    finish(&world);
}

/* --- what stays --- */

static void locked_and_held_pages_stay(void **state) {
    (void)state;
    for (int policy = 0; policy < RECLAIM_POLICIES; policy++) {
        struct world world;
        start_small(&world, (enum reclaim_policy)policy);
        struct bench *bench = &world.bench;
        uint64_t va = bench_map_anon(bench, 64 * 4096);
        assert_int_equal(mm_mlock(bench->task->mm, va, 64 * 4096), 0);
        cache_page(&world, 1, 0);
        struct page *held = find_get_page(world.file->inode, 1);
        for (unsigned i = 0; i < 20; i++)
            assert_int_equal(try_to_free_pages(bench->k, GFP_USER, 0), 0);
        assert_true(cached(&world, 1));
        assert_int_equal(bench->task->mm->rss[MM_ANONPAGES], 64);
        assert_int_equal(swap_free(bench->k), swap_total(bench->k));
        put_page(bench->k, held);
        assert_int_equal(mm_munlock(bench->task->mm, va, 64 * 4096), 0);
        uint64_t freed = 0;
        for (unsigned i = 0; i < 20; i++)
            freed += reclaim(&world);
        assert_int_equal(freed, 65);
        finish(&world);
    }
}

static void a_full_swap_ends_it(void **state) {
    (void)state;
    for (int policy = 0; policy < RECLAIM_POLICIES; policy++) {
        struct world world;
        struct mm_config config = small_machine((enum reclaim_policy)policy);
        config.swap_bytes = 40 * 4096;
        start(&world, &config);
        struct bench *bench = &world.bench;
        uint64_t va = bench_map_anon(bench, 200 * 4096);
        for (uint64_t i = 0; i < 200; i++)
            bench_store(bench, va + i * 4096, i);
        uint64_t freed = 0, before;
        while ((before = reclaim(&world)) > 0)
            freed += before;
        assert_int_equal(freed, 40);
        assert_int_equal(swap_free(bench->k), 0);
        bench_count(bench);
        assert_int_equal(reclaim(&world), 0);
        assert_int_equal(bench_counted(bench, STAT_pgscan_direct), 0);
        for (uint64_t i = 0; i < 200; i++)
            assert_int_equal(bench_load(bench, va + i * 4096), i);
        finish(&world);
    }
}

/* A slot that cannot be written: the page stays, found in the swap cache, and goes later. */
static void swap_write_errors_lose_nothing(void **state) {
    struct world world;
    (void)state;
    start_small(&world, RECLAIM_LRU);
    struct bench *bench = &world.bench;
    uint64_t va = bench_map_anon(bench, 32 * 4096);
    for (uint64_t i = 0; i < 32; i++)
        bench_store(bench, va + i * 4096, i);
    bench->k->fail[FAIL_SWAP_WRITE] = 3;
    assert_int_equal(mm_madvise(bench->task->mm, va, 32 * 4096, MADVISE_PAGEOUT), 0);
    bench_check(bench);
    assert_int_equal(mm_stats(bench->k)[STAT_pswpout], 31);
    assert_int_equal(mm_stats(bench->k)[STAT_nr_swapcached], 1);
    while (reclaim(&world) > 0)
        continue;
    assert_int_equal(mm_stats(bench->k)[STAT_pswpout], 32);
    for (uint64_t i = 0; i < 32; i++)
        assert_int_equal(bench_load(bench, va + i * 4096), i);
    finish(&world);
}

/* Pages in memory need no slots once they are scarce: those that are to stay give theirs up. */
static void scarce_slots_are_given_up(void **state) {
    struct world world;
    struct mm_config config = small_machine(RECLAIM_LRU);
    (void)state;
    config.swap_bytes = 64 * 4096;
    config.page_cluster = 0;
    start(&world, &config);
    struct bench *bench = &world.bench;
    struct mm_struct *mm = bench->task->mm;
    uint64_t va = bench_map_anon(bench, 56 * 4096);
    for (uint64_t i = 0; i < 56; i++)
        bench_store(bench, va + i * 4096, i);
    assert_int_equal(mm_madvise(mm, va, 16 * 4096, MADVISE_PAGEOUT), 0);
    for (uint64_t i = 0; i < 16; i++)
        assert_int_equal(bench_load(bench, va + i * 4096), i);
    assert_int_equal(mm_stats(bench->k)[STAT_nr_swapcached], 16);
    assert_int_equal(mm_madvise(mm, va + 16 * 4096, 40 * 4096, MADVISE_PAGEOUT), 0);
    assert_int_equal(swap_free(bench->k), 8);
    assert_int_equal(mm_mlock(mm, va, 16 * 4096), 0);
    for (unsigned i = 0; i < 4; i++)
        assert_int_equal(reclaim(&world), 0);
    assert_int_equal(mm_stats(bench->k)[STAT_nr_swapcached], 0);
    assert_int_equal(swap_free(bench->k), 24);
    /* And what comes back now keeps none. */
    assert_int_equal(bench_load(bench, va + 20 * 4096), 20);
    assert_int_equal(mm_stats(bench->k)[STAT_nr_swapcached], 0);
    finish(&world);
}

/* Swap is full, but slots still have what these pages hold: they go, and nothing is written. */
static void swap_cached_pages_go_when_swap_is_full(void **state) {
    (void)state;
    for (int policy = 0; policy < RECLAIM_POLICIES; policy++) {
        struct world world;
        struct mm_config config = small_machine((enum reclaim_policy)policy);
        config.swap_bytes = 64 * 4096;
        config.page_cluster = 0;
        start(&world, &config);
        struct bench *bench = &world.bench;
        struct mm_struct *mm = bench->task->mm;
        uint64_t va = bench_map_anon(bench, 64 * 4096);
        for (uint64_t i = 0; i < 64; i++)
            bench_store(bench, va + i * 4096, i);
        assert_int_equal(mm_madvise(mm, va, 32 * 4096, MADVISE_PAGEOUT), 0);
        for (uint64_t i = 0; i < 32; i++)
            assert_int_equal(bench_load(bench, va + i * 4096), i);
        assert_int_equal(mm_madvise(mm, va + 32 * 4096, 32 * 4096, MADVISE_PAGEOUT), 0);
        assert_int_equal(swap_free(bench->k), 0);
        assert_int_equal(mm_stats(bench->k)[STAT_nr_swapcached], 32);
        bench_count(bench);
        assert_true(reclaim(&world) > 0);
        assert_int_equal(bench_counted(bench, STAT_pswpout), 0);
        for (uint64_t i = 0; i < 64; i++)
            assert_int_equal(bench_load(bench, va + i * 4096), i);
        finish(&world);
    }
}

/* A request for low memory is not helped by HighMem pages: they stay. */
static void high_pages_stay_for_low_requests(void **state) {
    struct world world;
    struct mm_config config;
    (void)state;
    mm_config_default(&config, MODE_SV32, 1024 * MIB);
    for (int policy = 0; policy < RECLAIM_POLICIES; policy++) {
        config.policy = (enum reclaim_policy)policy;
        start(&world, &config);
        for (uint64_t i = 0; i < 100; i++)
            cache_page(&world, i, 0);
        assert_int_equal(try_to_free_pages(world.bench.k, GFP_KERNEL, 0), 0);
        assert_int_equal(world.drops, 0);
        assert_true(try_to_free_pages(world.bench.k, GFP_USER, 0) > 0);
        finish(&world);
    }
}

/* Reclaim takes huge pages apart first. */
static void huge_pages_are_split(void **state) {
    struct world world;
    struct mm_config config = small_machine(RECLAIM_LRU);
    (void)state;
    config.node[0].bytes = 16 * MIB;
    config.thp = THP_ALWAYS;
    start(&world, &config);
    struct bench *bench = &world.bench;
    uint64_t va = bench_map_anon(bench, 4 * MIB);
    va = (va + 2 * MIB - 1) & ~(2 * MIB - 1);
    for (uint64_t i = 0; i < 512; i++)
        bench_store(bench, va + i * 4096, i + 1);
    assert_int_equal(mm_stats(bench->k)[STAT_thp_fault_alloc], 1);
    /* Not in part: it would be torn for nothing. */
    assert_int_equal(mm_madvise(bench->task->mm, va, MIB, MADVISE_PAGEOUT), 0);
    assert_int_equal(mm_stats(bench->k)[STAT_thp_split_page], 0);
    assert_int_equal(mm_madvise(bench->task->mm, va, 2 * MIB, MADVISE_PAGEOUT), 0);
    bench_check(bench);
    assert_int_equal(mm_stats(bench->k)[STAT_thp_split_page], 1);
    assert_int_equal(mm_stats(bench->k)[STAT_pswpout], 512);
    for (uint64_t i = 0; i < 512; i++)
        assert_int_equal(bench_load(bench, va + i * 4096), i + 1);
    finish(&world);
}

/* --- a working set of 1.5 times memory --- */

static uint64_t next_random(uint64_t *state) {
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return *state >> 33;
}

struct storm {
    enum reclaim_policy policy;
    enum paging_mode mode;
    bool adue;
    unsigned swappiness;
};

#define STORM_PROCESSES 3
#define STORM_PAGES     1024 /* of each process; memory has 2,048 frames in all */
#define STORM_ACCESSES  30000

static void swap_storm(const struct storm *storm) {
    struct world world;
    struct mm_config config = small_machine(storm->policy);
    config.mode = storm->mode;
    config.node[0].base = storm->mode == MODE_SV32 ? 0 : UINT64_C(0x80000000);
    config.adue = storm->adue;
    config.swappiness = storm->swappiness;
    config.swap_bytes = 16 * MIB;
    config.asid_bits = 2;
    config.fault_around_pages = 16;
    start(&world, &config);
    struct bench *bench = &world.bench;
    static uint64_t expected[STORM_PROCESSES][STORM_PAGES], shared[FILE_PAGES];
    struct task_struct *task[STORM_PROCESSES];
    uint64_t anon[STORM_PROCESSES], file[STORM_PROCESSES], state = 1;
    memset(expected, 0, sizeof expected);
    for (size_t i = 0; i < FILE_PAGES; i++)
        memcpy(&shared[i], world.disk.bytes + i * 4096, 8);
    for (unsigned p = 0; p < STORM_PROCESSES; p++) {
        task[p] = bench_process(bench);
        anon[p] = bench_map_anon(bench, STORM_PAGES * 4096);
        file[p] =
            bench_map(bench, world.file, FILE_PAGES * 4096, VM_READ | VM_WRITE, MM_MAP_SHARED);
    }
    for (unsigned n = 0; n < STORM_ACCESSES; n++) {
        unsigned p = (unsigned)(n / 50 % STORM_PROCESSES);
        switch_mm(bench->k, task[p]);
        bool of_file = next_random(&state) % 4 == 0, store = next_random(&state) % 2 == 0;
        uint64_t page = next_random(&state) % (of_file ? FILE_PAGES : STORM_PAGES);
        uint64_t *want = of_file ? &shared[page] : &expected[p][page];
        uint64_t va = (of_file ? file[p] : anon[p]) + page * 4096;
        if (store) {
            *want = (uint64_t)n << 16 | p;
            bench_store(bench, va, *want);
        } else if (bench_load(bench, va) != *want) {
            fail_msg("process %u, page %u: lost", p, (unsigned)page);
        }
        if (n % 3000 == 0)
            bench_check(bench);
    }
    const uint64_t *stat = mm_stats(bench->k);
    assert_true(stat[STAT_pswpout] > 500 && stat[STAT_pswpin] > 500);
    assert_int_equal(stat[STAT_oom_kill], 0);
    assert_int_equal(filemap_write_and_wait(world.file->inode), 0);
    for (size_t i = 0; i < FILE_PAGES; i++)
        assert_memory_equal(&shared[i], world.disk.bytes + i * 4096, 8);
    finish(&world);
}

static void a_swap_storm_keeps_contents(void **state) {
    (void)state;
    for (int policy = 0; policy < RECLAIM_POLICIES; policy++)
        for (int adue = 0; adue <= 1; adue++)
            swap_storm(&(struct storm){(enum reclaim_policy)policy, MODE_SV39, adue != 0, 60});
    for (int policy = 0; policy < RECLAIM_POLICIES; policy++)
        swap_storm(&(struct storm){(enum reclaim_policy)policy, MODE_SV32, true, 60});
    swap_storm(&(struct storm){RECLAIM_LRU, MODE_SV48, false, 0});
    swap_storm(&(struct storm){RECLAIM_LRU, MODE_SV57, true, 200});
}

/* --- what the policies are worth --- */

/* Pages read back from swap while nine accesses of ten go to a fifth of the pages. */
static uint64_t swapped_in(enum reclaim_policy policy) {
    struct world world;
    struct mm_config config = small_machine(policy);
    const uint64_t pages = 2600, hot = pages / 5;
    config.page_cluster = 0;
    config.asid_bits = 0;
    start(&world, &config);
    struct bench *bench = &world.bench;
    uint64_t va = bench_map_anon(bench, pages * 4096), state = 7;
    for (uint64_t i = 0; i < pages; i++)
        bench_store(bench, va + i * 4096, i);
    bench_count(bench);
    for (unsigned n = 0; n < 60000; n++) {
        if (n % 500 == 0)
            empty_tlbs(&world);
        uint64_t range = next_random(&state) % 10 > 0 ? hot : pages;
        uint64_t page = next_random(&state) % range;
        assert_int_equal(bench_load(bench, va + page * 4096), page);
    }
    uint64_t reads = bench_counted(bench, STAT_pswpin);
    finish(&world);
    return reads;
}

static void locality_pays(void **state) {
    (void)state;
    uint64_t random = swapped_in(RECLAIM_RANDOM);
    uint64_t lru = swapped_in(RECLAIM_LRU), clock = swapped_in(RECLAIM_CLOCK);
    print_message("pages swapped in: lru %u, clock %u, random %u\n", (unsigned)lru, (unsigned)clock,
                  (unsigned)random);
    assert_true(lru < random && clock < random);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(oldest_first),
        cmocka_unit_test(used_twice_survives_a_stream),
        cmocka_unit_test(accessed_bits_save_a_page),
        cmocka_unit_test(code_is_kept_longer),
        cmocka_unit_test(a_second_reference_activates),
        cmocka_unit_test(swappiness_weighs),
        cmocka_unit_test(clean_file_pages_go_first),
        cmocka_unit_test(swappiness_0_spares_anonymous_memory),
        cmocka_unit_test(the_hand_gives_a_second_chance),
        cmocka_unit_test(random_is_random),
        cmocka_unit_test(kswapd_works_between_low_and_high),
        cmocka_unit_test(direct_reclaim_below_min),
        cmocka_unit_test(kswapd_gives_up),
        cmocka_unit_test(locked_and_held_pages_stay),
        cmocka_unit_test(a_full_swap_ends_it),
        cmocka_unit_test(swap_write_errors_lose_nothing),
        cmocka_unit_test(scarce_slots_are_given_up),
        cmocka_unit_test(swap_cached_pages_go_when_swap_is_full),
        cmocka_unit_test(high_pages_stay_for_low_requests),
        cmocka_unit_test(huge_pages_are_split),
        cmocka_unit_test(a_swap_storm_keeps_contents),
        cmocka_unit_test(locality_pays),
    };
    return RUN(tests);
}
