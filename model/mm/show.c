/* The machine's memory, in the shape of /proc/buddyinfo, zoneinfo, vmstat, slabinfo, meminfo. */
#include "show_internal.h"

#include "pgtable.h"
#include "slub.h"
#include "swap.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

void mm_print(const struct mm_printer *to, const char *format, ...) {
    char text[256];
    va_list values;
    va_start(values, format);
    vsnprintf(text, sizeof text, format, values);
    va_end(values);
    to->print(to->context, text);
}

/* Calls `show` for every zone that has frames. */
static void for_each_zone(struct kernel *k, const struct mm_printer *to,
                          void (*show)(const struct pglist_data *node, const struct zone *zone,
                                       const struct mm_printer *to)) {
    for (unsigned n = 0; n < k->config.nodes; n++)
        for (unsigned z = 0; z < MAX_NR_ZONES; z++)
            if (k->node[n].zones[z].spanned_pages > 0)
                show(&k->node[n], &k->node[n].zones[z], to);
}

static void show_zone_runs(const struct pglist_data *node, const struct zone *zone,
                           const struct mm_printer *to) {
    mm_print(to, "Node %u, zone %8s ", node->id, zone_name(zone->type));
    for (unsigned order = 0; order <= MAX_ORDER; order++)
        mm_print(to, "%6" PRIu64 " ", zone->free_area[order].nr_free);
    mm_print(to, "\n");
}

void show_buddyinfo(struct kernel *k, const struct mm_printer *to) {
    for_each_zone(k, to, show_zone_runs);
}

static void show_node_lists(const struct pglist_data *node, const struct mm_printer *to) {
    mm_print(to, "  per-node stats\n");
    for (unsigned list = 0; list < NR_LRU_LISTS; list++)
        mm_print(to, "      %-12s %" PRIu64 "\n", mm_stat_name(STAT_nr_inactive_anon + list),
                 node->lruvec.size[list]);
}

/* The node's own figures stand in front of its first zone. */
static bool first_zone(const struct pglist_data *node, const struct zone *zone) {
    return zone->start_pfn == node->start_pfn;
}

static void show_zone(const struct pglist_data *node, const struct zone *zone,
                      const struct mm_printer *to) {
    mm_print(to, "Node %u, zone %8s\n", node->id, zone_name(zone->type));
    if (first_zone(node, zone))
        show_node_lists(node, to);
    mm_print(to, "  pages free     %" PRIu64 "\n", zone->free_pages);
    mm_print(to, "        min      %" PRIu64 "\n", zone->watermark[WMARK_MIN]);
    mm_print(to, "        low      %" PRIu64 "\n", zone->watermark[WMARK_LOW]);
    mm_print(to, "        high     %" PRIu64 "\n", zone->watermark[WMARK_HIGH]);
    mm_print(to, "        spanned  %" PRIu64 "\n", zone->spanned_pages);
    mm_print(to, "        present  %" PRIu64 "\n", zone->spanned_pages);
    mm_print(to, "        managed  %" PRIu64 "\n", zone->managed_pages);
    mm_print(to, "        protection: (");
    for (unsigned z = 0; z < MAX_NR_ZONES; z++)
        mm_print(to, "%s%" PRIu64, z > 0 ? ", " : "", zone->lowmem_reserve[z]);
    mm_print(to, ")\n  start_pfn:           %" PRIu64 "\n", zone->start_pfn);
}

void show_zoneinfo(struct kernel *k, const struct mm_printer *to) {
    for_each_zone(k, to, show_zone);
}

void show_vmstat(struct kernel *k, const struct mm_printer *to) {
    const uint64_t *stat = mm_stats(k);
    for (unsigned s = 0; s < MM_STATS; s++)
        mm_print(to, "%s %" PRIu64 "\n", mm_stat_name(s), stat[s]);
}

void show_slabinfo(struct kernel *k, const struct mm_printer *to) {
    const struct kmem_cache *cache;
    mm_print(to, "slabinfo - version: 2.1\n"
                 "# name            <active_objs> <num_objs> <objsize> <objperslab> <pagesperslab>"
                 " : slabdata <active_slabs> <num_slabs>\n");
    TAILQ_FOREACH(cache, &k->caches, list)
    mm_print(to,
             "%-17s %6" PRIu64 " %6" PRIu64 " %6u %4u %4u : slabdata %6" PRIu64 " %6" PRIu64 "\n",
             cache->name, cache->nr_objects, cache->nr_slabs * cache->objects, cache->size,
             cache->objects, 1u << cache->order, cache->nr_slabs, cache->nr_slabs);
}

static uint64_t managed_pages(const struct kernel *k) {
    uint64_t pages = 0;
    for (unsigned n = 0; n < k->config.nodes; n++)
        for (unsigned z = 0; z < MAX_NR_ZONES; z++)
            pages += k->node[n].zones[z].managed_pages;
    return pages;
}

/* What a zone keeps from everybody: its high watermark and its largest reserve. */
static uint64_t zone_reserve(const struct zone *zone) {
    uint64_t reserve = 0;
    for (unsigned z = zone->type; z < MAX_NR_ZONES; z++)
        if (zone->lowmem_reserve[z] > reserve)
            reserve = zone->lowmem_reserve[z];
    reserve += zone->watermark[WMARK_HIGH];
    return reserve < zone->managed_pages ? reserve : zone->managed_pages;
}

/* Free without swapping, in Linux's estimate (si_mem_available): the reserves and half of the file
 * pages, or as many as the low watermarks, are not to be had. */
static uint64_t available_pages(const struct kernel *k, const uint64_t *stat) {
    uint64_t low = 0, reserve = 0;
    for (unsigned n = 0; n < k->config.nodes; n++)
        for (unsigned z = 0; z < MAX_NR_ZONES; z++) {
            low += k->node[n].zones[z].watermark[WMARK_LOW];
            reserve += zone_reserve(&k->node[n].zones[z]);
        }
    uint64_t file = stat[STAT_nr_active_file] + stat[STAT_nr_inactive_file];
    uint64_t pages = stat[STAT_nr_free_pages] + file - (file / 2 < low ? file / 2 : low);
    return pages > reserve ? pages - reserve : 0;
}

static uint64_t huge_frames(const struct kernel *k) {
    return (UINT64_C(1) << pt_shift(k, 1)) / PAGE_BYTES;
}

void show_meminfo(struct kernel *k, const struct mm_printer *to) {
    const uint64_t *stat = mm_stats(k);
    uint64_t active = stat[STAT_nr_active_anon] + stat[STAT_nr_active_file];
    uint64_t inactive = stat[STAT_nr_inactive_anon] + stat[STAT_nr_inactive_file];
    const struct {
        const char *name;
        uint64_t pages;
    } rows[] = {
        {"MemTotal:", managed_pages(k)},
        {"MemFree:", stat[STAT_nr_free_pages]},
        {"MemAvailable:", available_pages(k, stat)},
        {"Cached:", stat[STAT_nr_file_pages] - stat[STAT_nr_swapcached]},
        {"SwapCached:", stat[STAT_nr_swapcached]},
        {"Active:", active},
        {"Inactive:", inactive},
        {"Active(anon):", stat[STAT_nr_active_anon]},
        {"Inactive(anon):", stat[STAT_nr_inactive_anon]},
        {"Active(file):", stat[STAT_nr_active_file]},
        {"Inactive(file):", stat[STAT_nr_inactive_file]},
        {"Unevictable:", stat[STAT_nr_unevictable]},
        {"SwapTotal:", swap_total(k)},
        {"SwapFree:", swap_free(k)},
        {"Dirty:", stat[STAT_nr_dirty]},
        {"AnonPages:", stat[STAT_nr_anon_pages]},
        {"Mapped:", stat[STAT_nr_mapped]},
        {"Shmem:", stat[STAT_nr_shmem]},
        {"Slab:", stat[STAT_nr_slab]},
        {"KernelStack:", stat[STAT_nr_kernel_stack]},
        {"PageTables:", stat[STAT_nr_page_table_pages]},
        {"AnonHugePages:", stat[STAT_nr_anon_transparent_hugepages] * huge_frames(k)},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        mm_print(to, "%-15s %8" PRIu64 " kB\n", rows[i].name, rows[i].pages * KIB_PER_PAGE);
}
