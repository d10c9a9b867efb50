#include "memory.h"

#include "mm/page_alloc.h"
#include "mm/slub.h"
#include "mm/swap.h"
#include "mm/vmscan.h"

#include <stdlib.h>

static bool read_word(void *context, uint64_t pa, unsigned bytes, uint64_t *value) {
    return physmem_read(context, pa, bytes, value);
}

static bool write_word(void *context, uint64_t pa, unsigned bytes, uint64_t value) {
    return physmem_write(context, pa, bytes, value);
}

static bool clear_page(void *context, uint64_t pa) {
    return physmem_clear_page(context, pa);
}

static bool copy_page(void *context, uint64_t to, uint64_t from) {
    return physmem_copy_page(context, to, from);
}

static bool load_page(void *context, uint64_t pa, void *bytes) {
    return physmem_load_page(context, pa, bytes);
}

static bool store_page(void *context, uint64_t pa, const void *bytes) {
    return physmem_store_page(context, pa, bytes);
}

static void fence(void *context, const struct mmu_fence *which) {
    (void)context;
    (void)which;
}

static void set_root(void *context, uint64_t root_ppn, uint16_t asid) {
    (void)context;
    (void)root_ppn;
    (void)asid;
}

struct test_memory test_memory_boot_config(const struct mm_config *config) {
    struct test_memory memory = {calloc(1, sizeof *memory.k), physmem_create()};
    struct kernel *k = memory.k;
    if (!k || !memory.physmem)
        abort();
    k->config = *config;
    k->machine = (struct machine){memory.physmem, read_word,  write_word, clear_page, copy_page,
                                  load_page,      store_page, fence,      set_root};
    TAILQ_INIT(&k->tasks);
    TAILQ_INIT(&k->inodes);
    if (mem_init(k) != 0 || kmem_cache_init(k) != 0 || reclaim_init(k) != 0)
        abort();
    if (config->swap_bytes && swapon(k, config->swap_bytes) != 0)
        abort();
    return memory;
}

struct test_memory test_memory_boot(enum paging_mode mode, uint64_t bytes) {
    struct mm_config config;
    mm_config_default(&config, mode, bytes);
    return test_memory_boot_config(&config);
}

void test_memory_free(struct test_memory *memory) {
    if (swapoff(memory->k) != 0)
        abort();
    reclaim_exit(memory->k);
    kmem_cache_exit(memory->k);
    mem_free(memory->k);
    free(memory->k);
    physmem_destroy(memory->physmem);
}

uint64_t free_runs(const struct kernel *k, unsigned order) {
    uint64_t runs = 0;
    for (unsigned n = 0; n < k->config.nodes; n++)
        for (unsigned z = 0; z < MAX_NR_ZONES; z++)
            runs += k->node[n].zones[z].free_area[order].nr_free;
    return runs;
}

uint64_t free_frames(const struct kernel *k) {
    uint64_t frames = 0;
    for (unsigned n = 0; n < k->config.nodes; n++)
        for (unsigned z = 0; z < MAX_NR_ZONES; z++)
            frames += k->node[n].zones[z].free_pages;
    return frames;
}

/* The free runs that the descriptors tell of, in ascending order. */
static const char *count_runs(const struct pglist_data *node, const struct zone *zone,
                              uint64_t runs[MAX_ORDER + 1]) {
    uint64_t pfn = zone->start_pfn, end = pfn + zone->spanned_pages;
    while (pfn < end) {
        const struct page *page = &node->map[pfn - node->start_pfn];
        if (!page_has(page, PG_buddy)) {
            pfn++;
            continue;
        }
        uint64_t frames = UINT64_C(1) << page->order, buddy = pfn ^ frames;
        if (page->order > MAX_ORDER || pfn % frames != 0 || pfn + frames > end)
            return "a free run is not aligned, or reaches out of its zone";
        const struct page *other = &node->map[buddy - node->start_pfn];
        if (page->order < MAX_ORDER && buddy >= zone->start_pfn && buddy + frames <= end &&
            page_has(other, PG_buddy) && other->order == page->order)
            return "two free buddies are not merged";
        for (uint64_t i = 1; i < frames; i++)
            if (page_has(&page[i], PG_buddy))
                return "a free run starts inside another";
        runs[page->order]++;
        pfn += frames;
    }
    return NULL;
}

static const char *check_zone_lists(const struct pglist_data *node, const struct zone *zone) {
    uint64_t runs[MAX_ORDER + 1] = {0}, frames = 0;
    const char *why = count_runs(node, zone, runs);
    for (unsigned order = 0; order <= MAX_ORDER && !why; order++) {
        const struct page *page;
        uint64_t listed = 0;
        TAILQ_FOREACH(page, &zone->free_area[order].list, list) {
            if (!page_has(page, PG_buddy) || page->order != order || ++listed > runs[order])
                return "a free list holds what is not free";
        }
        if (listed != runs[order] || zone->free_area[order].nr_free != listed)
            return "a free list misses a run, or counts wrongly";
        frames += listed << order;
    }
    return why || frames == zone->free_pages ? why : "free frames are not as many as counted";
}

const char *check_free_lists(const struct kernel *k) {
    const char *why = NULL;
    for (unsigned n = 0; n < k->config.nodes && !why; n++)
        for (unsigned z = 0; z < MAX_NR_ZONES && !why; z++)
            why = check_zone_lists(&k->node[n], &k->node[n].zones[z]);
    return why;
}
