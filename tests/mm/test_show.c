/* The reports in the shape of /proc, against the structures they tell of. */
#include "../unit/check.h"
#include "memory.h"

#include "mm/page_alloc.h"
#include "mm/show.h"
#include "mm/slub.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct text {
    char bytes[65536];
    size_t length;
};

static void print(void *context, const char *piece) {
    struct text *text = context;
    size_t n = strlen(piece);
    assert_true(text->length + n < sizeof text->bytes);
    memcpy(text->bytes + text->length, piece, n + 1);
    text->length += n;
}

static const char *report(struct kernel *k, struct text *text,
                          void (*show)(struct kernel *k, const struct mm_printer *to)) {
    const struct mm_printer to = {text, print};
    text->length = 0;
    show(k, &to);
    assert_true(text->length > 0);
    assert_int_equal(text->bytes[text->length - 1], '\n');
    return text->bytes;
}

/* The number behind `name` at the start of a line, blanks left out. */
static uint64_t field(const char *text, const char *name) {
    size_t n = strlen(name);
    for (const char *line = text; line; line = strchr(line, '\n')) {
        line += *line == '\n';
        const char *at = line + strspn(line, " ");
        if (strncmp(at, name, n) == 0 && (at[n] == ' ' || at[n] == ':'))
            return strtoull(at + n + strspn(at + n, ": "), NULL, 10);
    }
    fail_msg("no line '%s'", name);
    return 0;
}

static void buddyinfo(void **state) {
    (void)state;
    static struct text text;
    struct mm_config config;
    mm_config_default(&config, MODE_SV39, 128 * MIB);
    config.node[0].base = ZONE_DMA32_END - 64 * MIB; /* two zones */
    struct test_memory memory = test_memory_boot_config(&config);
    struct kernel *k = memory.k;
    const char *line = report(k, &text, show_buddyinfo);
    for (unsigned z = ZONE_DMA32; z <= ZONE_NORMAL; z++) {
        unsigned node;
        char name[16];
        int used = 0;
        assert_int_equal(sscanf(line, "Node %u, zone %15s%n", &node, name, &used), 2);
        assert_int_equal(node, 0);
        assert_string_equal(name, zone_name(z));
        line += used;
        for (unsigned order = 0; order <= MAX_ORDER; order++) {
            uint64_t runs;
            assert_int_equal(sscanf(line, "%" SCNu64 "%n", &runs, &used), 1);
            assert_int_equal(runs, k->node[0].zones[z].free_area[order].nr_free);
            line += used;
        }
        line = strchr(line, '\n') + 1;
    }
    assert_int_equal(*line, '\0');
    test_memory_free(&memory);
}

static void zoneinfo(void **state) {
    (void)state;
    static struct text text;
    struct test_memory memory = test_memory_boot(MODE_SV39, 64 * MIB);
    const struct zone *zone = &memory.k->node[0].zones[ZONE_DMA32];
    const char *shown = report(memory.k, &text, show_zoneinfo);
    assert_int_equal(field(shown, "pages free"), zone->free_pages);
    assert_int_equal(field(shown, "min"), zone->watermark[WMARK_MIN]);
    assert_int_equal(field(shown, "low"), zone->watermark[WMARK_LOW]);
    assert_int_equal(field(shown, "high"), zone->watermark[WMARK_HIGH]);
    assert_int_equal(field(shown, "spanned"), 64 * 256);
    assert_int_equal(field(shown, "managed"), zone->managed_pages);
    assert_int_equal(field(shown, "nr_inactive_anon"), 0);
    assert_int_equal(field(shown, "start_pfn"), 0x80000);
    test_memory_free(&memory);
}

static void vmstat_has_every_counter(void **state) {
    (void)state;
    static struct text text;
    struct test_memory memory = test_memory_boot(MODE_SV39, 16 * MIB);
    struct kernel *k = memory.k;
    struct page *page = alloc_pages(k, GFP_KERNEL, 2);
    const char *shown = report(k, &text, show_vmstat);
    for (unsigned s = 0; s < MM_STATS; s++)
        assert_int_equal(field(shown, mm_stat_name(s)), k->stat[s]);
    assert_int_equal(field(shown, "nr_free_pages"), free_frames(k));
    assert_true(field(shown, "pgalloc_dma32") >= 4);
    free_pages(k, page, 2);
    assert_string_equal(mm_stat_name(MM_STATS), "?");
    test_memory_free(&memory);
}

static void slabinfo(void **state) {
    (void)state;
    static struct text text;
    struct test_memory memory = test_memory_boot(MODE_SV39, 16 * MIB);
    struct kernel *k = memory.k;
    for (unsigned i = 0; i < 100; i++)
        assert_non_null(kmalloc(k, 256, GFP_KERNEL));
    const char *line = strstr(report(k, &text, show_slabinfo), "\nkmalloc-256 ");
    assert_non_null(line);
    unsigned long used, all, size, objects, pages, slabs;
    assert_int_equal(sscanf(line, " kmalloc-256 %lu %lu %lu %lu %lu : slabdata %lu", &used, &all,
                            &size, &objects, &pages, &slabs),
                     6);
    assert_int_equal(used, 100);
    assert_int_equal(all, 112);
    assert_int_equal(size, 256);
    assert_int_equal(objects, 16);
    assert_int_equal(pages, 1);
    assert_int_equal(slabs, 7);
    test_memory_free(&memory);
}

static void meminfo(void **state) {
    (void)state;
    static struct text text;
    struct mm_config config;
    mm_config_default(&config, MODE_SV39, 16 * MIB);
    config.swap_bytes = 8 * MIB;
    struct test_memory memory = test_memory_boot_config(&config);
    const struct zone *zone = &memory.k->node[0].zones[ZONE_DMA32];
    const char *shown = report(memory.k, &text, show_meminfo);
    assert_int_equal(field(shown, "MemTotal"), zone->managed_pages * 4);
    assert_int_equal(field(shown, "MemFree"), zone->free_pages * 4);
    assert_int_equal(field(shown, "MemAvailable"),
                     (zone->free_pages - zone->watermark[WMARK_HIGH]) * 4);
    assert_int_equal(field(shown, "SwapTotal"), 8 * 1024);
    assert_int_equal(field(shown, "SwapFree"), 8 * 1024);
    assert_int_equal(field(shown, "Slab"), memory.k->stat[STAT_nr_slab] * 4);
    test_memory_free(&memory);
}

static void names_of_events(void **state) {
    (void)state;
    assert_string_equal(mm_event_name(MM_EVENT_SPLIT), "SPLIT");
    assert_string_equal(mm_event_field(MM_EVENT_SPLIT, 1), "order");
    assert_string_equal(mm_event_field(MM_EVENT_DMA, 2), "1: into memory");
    assert_string_equal(mm_event_field(MM_EVENT_DMA, 3), "?");
    assert_string_equal(mm_event_name(MM_EVENT_KINDS), "?");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(buddyinfo),
        cmocka_unit_test(zoneinfo),
        cmocka_unit_test(vmstat_has_every_counter),
        cmocka_unit_test(slabinfo),
        cmocka_unit_test(meminfo),
        cmocka_unit_test(names_of_events),
    };
    return RUN(tests);
}
