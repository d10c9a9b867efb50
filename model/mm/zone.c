#include "zone.h"

#include "buddy.h"
#include "page_alloc.h"

#include <stdlib.h>

/* What a frame's descriptor counts for in simulated memory, whatever this host's takes. */
#define DESCRIPTOR_BYTES 64

/* One part in so many of the zones above is kept (Linux: sysctl_lowmem_reserve_ratio). */
static const unsigned lowmem_reserve_ratio[MAX_NR_ZONES] = {256, 256, 32, 0};

/* Distance of low from min and of high from low, in parts of 10,000 of a zone (Linux:
 * watermark_scale_factor). */
#define WATERMARK_SCALE 10

#define HIGHMEM_MIN_LEAST 32 /* frames: a HighMem zone's min watermark stays small */
#define HIGHMEM_MIN_MOST  128
#define MIN_FREE_LEAST    128 /* KiB: min_free_kbytes by itself is not set outside these */
#define MIN_FREE_MOST     262144

const char *zone_name(enum zone_type zone) {
    static const char *const names[MAX_NR_ZONES] = {"DMA", "DMA32", "Normal", "HighMem"};
    return (unsigned)zone < MAX_NR_ZONES ? names[zone] : "?";
}

static uint64_t smaller(uint64_t a, uint64_t b) {
    return a < b ? a : b;
}

static uint64_t larger(uint64_t a, uint64_t b) {
    return a > b ? a : b;
}

/* The physical address where a zone ends and the next one begins. */
static uint64_t zone_end(const struct mm_config *config, enum zone_type zone) {
    bool sv32 = config->mode == MODE_SV32;
    switch (zone) {
    case ZONE_DMA:
        return ZONE_DMA_END;
    case ZONE_DMA32:
        return sv32 ? ZONE_DMA_END : ZONE_DMA32_END;
    case ZONE_NORMAL: /* in Sv32 as far as the linear map reaches, which starts at the first node */
        return sv32 ? larger(config->node[0].base + ZONE_LOW_END, ZONE_DMA_END) : UINT64_MAX;
    default:
        return UINT64_MAX;
    }
}

uint64_t mem_map_start(const struct mm_config *config) {
    return (config->node[0].base + config->kernel_bytes) / PAGE_BYTES;
}

uint64_t mem_map_pages(const struct mm_config *config) {
    uint64_t frames = 0;
    for (unsigned n = 0; n < config->nodes; n++)
        frames += config->node[n].bytes / PAGE_BYTES;
    return (frames * DESCRIPTOR_BYTES + PAGE_BYTES - 1) / PAGE_BYTES;
}

/* Cuts the node's span of frames into its zones. */
static void zones_init(const struct mm_config *config, struct pglist_data *node) {
    uint64_t from = node->start_pfn, end = node->start_pfn + node->spanned_pages;
    for (unsigned z = 0; z < MAX_NR_ZONES; z++) {
        struct zone *zone = &node->zones[z];
        uint64_t to = larger(from, smaller(end, zone_end(config, z) / PAGE_BYTES));
        *zone = (struct zone){
            .type = z, .node = node->id, .start_pfn = from, .spanned_pages = to - from};
        free_area_init(zone);
        from = to;
    }
}

static void lruvec_init(struct lruvec *lruvec) {
    *lruvec = (struct lruvec){.size = {0}};
    for (unsigned list = 0; list < NR_LRU_LISTS; list++)
        TAILQ_INIT(&lruvec->lists[list]);
}

/* Every frame's descriptor: where it belongs, and whether it is reserved. */
static void memmap_init(struct pglist_data *node, uint64_t reserved_end) {
    for (unsigned z = 0; z < MAX_NR_ZONES; z++) {
        struct zone *zone = &node->zones[z];
        struct page *page = node->map + (zone->start_pfn - node->start_pfn);
        for (uint64_t i = 0; i < zone->spanned_pages; i++, page++) {
            page->zone = (uint8_t)z;
            page->node = (uint8_t)node->id;
            if (zone->start_pfn + i < reserved_end) {
                page_set(page, PG_reserved);
                page->refcount = 1;
            } else {
                zone->managed_pages++;
            }
        }
    }
}

/* Hands the zone's frames from `pfn` on to its free lists, in runs as large as fit. */
static void free_zone(struct pglist_data *node, struct zone *zone, uint64_t pfn) {
    uint64_t end = zone->start_pfn + zone->spanned_pages;
    while (pfn < end) {
        unsigned order = MAX_ORDER;
        while (pfn & ((UINT64_C(1) << order) - 1) || pfn + (UINT64_C(1) << order) > end)
            order--;
        add_to_free_list(zone, &node->map[pfn - node->start_pfn], order, true);
        pfn += UINT64_C(1) << order;
    }
}

static int node_init(struct kernel *k, unsigned id, uint64_t reserved_end) {
    struct pglist_data *node = &k->node[id];
    *node = (struct pglist_data){.id = id,
                                 .start_pfn = k->config.node[id].base / PAGE_BYTES,
                                 .spanned_pages = k->config.node[id].bytes / PAGE_BYTES};
    lruvec_init(&node->lruvec);
    node->map = calloc(node->spanned_pages, sizeof *node->map);
    if (!node->map)
        return -ENOMEM;
    zones_init(&k->config, node);
    memmap_init(node, reserved_end);
    for (unsigned z = 0; z < MAX_NR_ZONES; z++)
        free_zone(node, &node->zones[z], larger(node->zones[z].start_pfn, reserved_end));
    return 0;
}

/* The largest whole number whose square is not above n. */
static uint64_t int_sqrt(uint64_t n) {
    uint64_t root = 0;
    for (int bit = 31; bit >= 0; bit--) {
        uint64_t candidate = root | UINT64_C(1) << bit;
        if (candidate * candidate <= n)
            root = candidate;
    }
    return root;
}

/* Managed frames of all zones that kernel memory may come from. */
static uint64_t lowmem_pages(const struct kernel *k) {
    uint64_t pages = 0;
    for (unsigned n = 0; n < k->config.nodes; n++)
        for (unsigned z = 0; z <= ZONE_NORMAL; z++)
            pages += k->node[n].zones[z].managed_pages;
    return pages;
}

/* Linux's init_per_zone_wmark_min(): sqrt(16 * KiB of low memory) KiB, in frames. */
static uint64_t min_free_pages(const struct kernel *k, uint64_t lowmem) {
    if (k->config.min_free_bytes > 0)
        return smaller(k->config.min_free_bytes / PAGE_BYTES, lowmem);
    uint64_t kib = int_sqrt(lowmem * (PAGE_BYTES / 1024) * 16);
    return smaller(larger(kib, MIN_FREE_LEAST), MIN_FREE_MOST) / (PAGE_BYTES / 1024);
}

/* Linux's __setup_per_zone_wmarks(): low zones share `min_free` by their size. */
static void watermarks_init(struct zone *zone, uint64_t min_free, uint64_t lowmem) {
    uint64_t share = min_free * zone->managed_pages / lowmem, min = share;
    if (zone->type == ZONE_HIGHMEM)
        min = smaller(larger(zone->managed_pages / 1024, HIGHMEM_MIN_LEAST), HIGHMEM_MIN_MOST);
    uint64_t distance = larger(share / 4, zone->managed_pages * WATERMARK_SCALE / 10000);
    zone->watermark[WMARK_MIN] = min;
    zone->watermark[WMARK_LOW] = min + distance;
    zone->watermark[WMARK_HIGH] = min + 2 * distance;
}

/* Linux's setup_per_zone_lowmem_reserve(): a low zone keeps more for those who need it, the more
 * memory the others could use above it. */
static void lowmem_reserve_init(struct pglist_data *node) {
    for (unsigned z = 0; z < MAX_NR_ZONES; z++) {
        struct zone *zone = &node->zones[z];
        unsigned ratio = lowmem_reserve_ratio[z];
        uint64_t above = 0;
        for (unsigned upper = z + 1; upper < MAX_NR_ZONES; upper++) {
            above += node->zones[upper].managed_pages;
            zone->lowmem_reserve[upper] = ratio > 0 && zone->managed_pages > 0 ? above / ratio : 0;
        }
    }
}

int mem_init(struct kernel *k) {
    uint64_t reserved_end = mem_map_start(&k->config) + mem_map_pages(&k->config);
    if (reserved_end > (k->config.node[0].base + k->config.node[0].bytes) / PAGE_BYTES)
        return -ENOMEM;
    for (unsigned n = 0; n < k->config.nodes; n++)
        if (node_init(k, n, n == 0 ? reserved_end : 0) != 0) {
            mem_free(k);
            return -ENOMEM;
        }
    uint64_t lowmem = lowmem_pages(k);
    if (lowmem == 0) {
        mem_free(k);
        return -ENOMEM;
    }
    uint64_t min_free = min_free_pages(k, lowmem);
    for (unsigned n = 0; n < k->config.nodes; n++) {
        for (unsigned z = 0; z < MAX_NR_ZONES; z++)
            watermarks_init(&k->node[n].zones[z], min_free, lowmem);
        lowmem_reserve_init(&k->node[n]);
    }
    return 0;
}

void mem_free(struct kernel *k) {
    for (unsigned n = 0; n < MAX_NUMNODES; n++) {
        free(k->node[n].map);
        k->node[n].map = NULL;
        k->node[n].spanned_pages = 0;
    }
}

/* Free runs and frames of a zone, and how many requests of an order they could meet. */
struct contig_info {
    uint64_t runs, frames, suitable;
};

static struct contig_info contig_info(const struct zone *zone, unsigned order) {
    struct contig_info info = {0, 0, 0};
    for (unsigned o = 0; o <= MAX_ORDER; o++) {
        uint64_t runs = zone->free_area[o].nr_free;
        info.runs += runs;
        info.frames += runs << o;
        if (o >= order)
            info.suitable += runs << (o - order);
    }
    return info;
}

int fragmentation_index(const struct zone *zone, unsigned order) {
    struct contig_info info = contig_info(zone, order);
    if (order > MAX_ORDER || info.runs == 0)
        return 0;
    if (info.suitable > 0)
        return -1000;
    return 1000 - (int)((1000 + info.frames * 1000 / (UINT64_C(1) << order)) / info.runs);
}

int unusable_free_index(const struct zone *zone, unsigned order) {
    struct contig_info info = contig_info(zone, order);
    if (info.frames == 0)
        return 1000;
    return (int)((info.frames - (info.suitable << order)) * 1000 / info.frames);
}
