/* SLUB: layouts, lists of slabs, size classes, and what its debugging finds. */
#include "../unit/check.h"
#include "memory.h"

#include "mm/page_alloc.h"
#include "mm/slub.h"
#include "mm/vmscan.h"

#include <stdlib.h>
#include <string.h>

static struct kmem_cache *make(struct kernel *k, unsigned size, unsigned align, unsigned flags) {
    struct kmem_cache *cache = kmem_cache_create(k, "test", size, align, flags);
    assert_non_null(cache);
    return cache;
}

/* Everything freed, nothing found broken, every slab given back. */
static void finish(struct test_memory *memory, struct kmem_cache *cache) {
    assert_null(kmem_cache_check(memory->k, cache));
    assert_int_equal(kmem_cache_destroy(memory->k, cache), 0);
    test_memory_free(memory);
}

static void *take(struct kernel *k, struct kmem_cache *cache) {
    void *object = kmem_cache_alloc(k, cache, GFP_KERNEL);
    assert_non_null(object);
    return object;
}

/* ---- sizes ---- */

/* What a host (Linux 6.18) says in /sys/kernel/slab, of caches whose order does not depend on the
 * number of its CPUs. */
static void layouts_are_linuxs(void **state) {
    (void)state;
    static const struct {
        unsigned size, order, objects, min_partial;
    } host[] = {{8, 0, 512, 5}, {256, 0, 16, 5}, {8192, 3, 4, 6}, {104, 0, 39, 5}, {192, 0, 21, 5}};
    struct test_memory memory = test_memory_boot(MODE_SV39, 16 * MIB);
    for (size_t i = 0; i < sizeof host / sizeof host[0]; i++) {
        struct kmem_cache *cache = make(memory.k, host[i].size, 0, 0);
        assert_int_equal(cache->size, host[i].size);
        assert_int_equal(cache->order, host[i].order);
        assert_int_equal(cache->objects, host[i].objects);
        assert_int_equal(cache->min_partial, host[i].min_partial);
        assert_int_equal(kmem_cache_destroy(memory.k, cache), 0);
    }
    struct kmem_cache *cache = make(memory.k, 13, 0, 0);
    assert_int_equal(cache->size, 16);
    assert_int_equal(kmem_cache_destroy(memory.k, cache), 0);
    cache = make(memory.k, 100, 0, SLAB_HWCACHE_ALIGN);
    assert_int_equal(cache->size, 128);
    assert_int_equal(kmem_cache_destroy(memory.k, cache), 0);
    cache = make(memory.k, 20, 0, SLAB_HWCACHE_ALIGN); /* two to a line and more: not wasted */
    assert_int_equal(cache->size, 32);
    assert_int_equal(kmem_cache_destroy(memory.k, cache), 0);
    assert_null(kmem_cache_create(memory.k, "none", 0, 0, 0));
    assert_null(kmem_cache_create(memory.k, "too large", 8193, 0, 0));
    test_memory_free(&memory);
}

static void size_classes(void **state) {
    (void)state;
    static const unsigned sizes[KMALLOC_CLASSES] = {8,   16,  32,   64,   96,   128, 192,
                                                    256, 512, 1024, 2048, 4096, 8192};
    struct test_memory memory = test_memory_boot(MODE_SV39, 16 * MIB);
    struct kernel *k = memory.k;
    unsigned class = 0;
    for (size_t size = 1; size <= 8192; size++) {
        if (size > sizes[class])
            class ++;
        uint64_t before = k->kmalloc_caches[class]->nr_objects;
        uint8_t *object = kmalloc(k, size, GFP_KERNEL);
        assert_non_null(object);
        assert_int_equal(k->kmalloc_caches[class]->object_size, sizes[class]);
        assert_int_equal(k->kmalloc_caches[class]->nr_objects, before + 1);
        memset(object, 0xee, size);
        kfree(k, object);
        assert_int_equal(k->kmalloc_caches[class]->nr_objects, before);
    }
    assert_null(kmalloc(k, 8193, GFP_KERNEL));
    void *smallest = kmalloc(k, 0, GFP_KERNEL);
    assert_non_null(smallest);
    kfree(k, smallest);
    kfree(k, NULL);
    test_memory_free(&memory);
}

static void alignment_and_zeroing(void **state) {
    (void)state;
    static const unsigned aligns[] = {0, 8, 16, 64, 256};
    static const unsigned flags[] = {0, SLAB_POISON, SLAB_RED_ZONE, SLAB_POISON | SLAB_RED_ZONE};
    struct test_memory memory = test_memory_boot(MODE_SV39, 16 * MIB);
    for (size_t a = 0; a < 5; a++)
        for (size_t f = 0; f < 4; f++) {
            struct kmem_cache *cache = make(memory.k, 50, aligns[a], flags[f]);
            void *objects[20];
            for (unsigned i = 0; i < 20; i++) {
                uint8_t *object = kmem_cache_alloc(memory.k, cache, GFP_KERNEL | GFP_ZERO);
                for (unsigned b = 0; b < 50; b++)
                    assert_int_equal(object[b], 0);
                assert_int_equal((uintptr_t)object % (aligns[a] ? aligns[a] : 8), 0);
                memset(object, 0xff, 50);
                objects[i] = object;
            }
            for (unsigned i = 0; i < 20; i++)
                kmem_cache_free(memory.k, cache, objects[i]);
            assert_null(kmem_cache_check(memory.k, cache));
            assert_int_equal(kmem_cache_destroy(memory.k, cache), 0);
        }
    test_memory_free(&memory);
}

/* ---- slabs and their lists ---- */

static void slabs_go_from_frozen_to_full_to_partial(void **state) {
    (void)state;
    struct test_memory memory = test_memory_boot(MODE_SV39, 16 * MIB);
    struct kernel *k = memory.k;
    struct kmem_cache *cache = make(k, 256, 0, 0); /* 16 to a slab of one frame */
    void *object[33];
    uint64_t frames = free_frames(k);
    for (unsigned i = 0; i < 16; i++)
        object[i] = take(k, cache);
    struct page *first = cache->cpu_slab;
    assert_true(first->frozen);
    assert_null(first->freelist);
    assert_int_equal(first->inuse, 16);
    assert_int_equal(cache->nr_slabs, 1);
    assert_int_equal(free_frames(k), frames - 1);
    for (unsigned i = 16; i < 33; i++) /* two more slabs */
        object[i] = take(k, cache);
    assert_int_equal(cache->nr_slabs, 3);
    assert_false(first->frozen); /* full: on no list */
    assert_int_equal(cache->nr_partial, 0);
    struct page *third = cache->cpu_slab;
    kmem_cache_free(k, cache, object[3]); /* the first is partial now */
    assert_int_equal(cache->nr_partial, 1);
    assert_ptr_equal(TAILQ_FIRST(&cache->partial), first);
    kmem_cache_free(k, cache, object[20]);
    assert_int_equal(cache->nr_partial, 2);
    assert_null(kmem_cache_check(k, cache));
    for (unsigned i = 0; i < 15; i++) /* the frozen one is used up first … */
        take(k, cache);
    assert_ptr_equal(cache->cpu_slab, third);
    assert_ptr_equal(take(k, cache), object[3]); /* … then partial ones, in their order */
    assert_ptr_equal(cache->cpu_slab, first);
    assert_ptr_equal(take(k, cache), object[20]);
    assert_int_equal(cache->nr_partial, 0);
    assert_int_equal(cache->nr_objects, 48);
    assert_int_equal(cache->nr_slabs, 3);
    assert_int_equal(kmem_cache_destroy(k, cache), -EBUSY);
    assert_null(kmem_cache_check(k, cache));
    test_memory_free(&memory); /* objects in use do not hinder the end */
}

static void last_in_first_out_within_a_slab(void **state) {
    (void)state;
    struct test_memory memory = test_memory_boot(MODE_SV39, 16 * MIB);
    struct kmem_cache *cache = make(memory.k, 64, 0, 0);
    uint8_t *a = take(memory.k, cache), *b = take(memory.k, cache);
    assert_ptr_equal(b, a + 64); /* a new slab is handed out in order */
    kmem_cache_free(memory.k, cache, a);
    assert_ptr_equal(take(memory.k, cache), a);
    kmem_cache_free(memory.k, cache, b);
    kmem_cache_free(memory.k, cache, a);
    finish(&memory, cache);
}

static void empty_slabs_beyond_min_partial_are_given_back(void **state) {
    (void)state;
    struct test_memory memory = test_memory_boot(MODE_SV39, 16 * MIB);
    struct kernel *k = memory.k;
    struct kmem_cache *cache = make(k, 256, 0, 0);
    static void *object[16 * 20];
    uint64_t frames = free_frames(k);
    for (unsigned i = 0; i < 16 * 20; i++)
        object[i] = take(k, cache);
    assert_int_equal(free_frames(k), frames - 20);
    for (unsigned i = 0; i < 16 * 20; i++)
        kmem_cache_free(k, cache, object[i]);
    assert_int_equal(cache->nr_objects, 0);
    assert_int_equal(cache->nr_partial, 4); /* the one that would be the fifth goes, as in Linux */
    assert_int_equal(cache->nr_slabs, 5);   /* with the frozen one */
    assert_null(kmem_cache_check(k, cache));
    assert_int_equal(kmem_cache_shrink(k, cache), 5);
    assert_int_equal(cache->nr_slabs, 0);
    assert_int_equal(free_frames(k), frames);
    assert_int_equal(kmem_cache_shrink(k, cache), 0);
    void *again = take(k, cache);
    kmem_cache_free(k, cache, again);
    finish(&memory, cache);
}

static void shrink_keeps_what_is_in_use(void **state) {
    (void)state;
    struct test_memory memory = test_memory_boot(MODE_SV39, 16 * MIB);
    struct kernel *k = memory.k;
    struct kmem_cache *cache = make(k, 1024, 0, 0);
    static uint8_t *object[100];
    for (unsigned i = 0; i < 100; i++)
        memset(object[i] = take(k, cache), (int)i, 1024);
    for (unsigned i = 0; i < 100; i++)
        if (i % 25 != 0)
            kmem_cache_free(k, cache, object[i]);
    kmem_cache_shrink(k, cache);
    assert_int_equal(cache->nr_objects, 4);
    assert_in_range(cache->nr_slabs, 1, 4);
    assert_null(kmem_cache_check(k, cache));
    for (unsigned i = 0; i < 100; i += 25) {
        for (unsigned b = 0; b < 1024; b++)
            assert_int_equal(object[i][b], i);
        kmem_cache_free(k, cache, object[i]);
    }
    finish(&memory, cache);
}

/* With no run of the usual order free, slabs are as small as the object allows. */
static void smaller_slabs_when_memory_is_fragmented(void **state) {
    (void)state;
    struct test_memory memory = test_memory_boot(MODE_SV39, 16 * MIB);
    struct kernel *k = memory.k;
    struct kmem_cache *cache = make(k, 1024, 0, 0); /* usually 8 in 2 frames */
    assert_int_equal(cache->order, 1);
    uint64_t n = free_frames(k);
    struct page **page = calloc(n, sizeof *page);
    uint64_t count = 0;
    struct scan_control reclaim = {.highest = ZONE_NORMAL}; /* may take all there is */
    k->scan = &reclaim;
    while (count < n && (page[count] = alloc_pages(k, GFP_ATOMIC, 0)))
        count++;
    k->scan = NULL;
    for (uint64_t i = 0; i < count; i++)
        if (page_to_pfn(k, page[i]) % 2 == 0)
            put_page(k, page[i]);
    void *object = take(k, cache);
    assert_int_equal(cache->cpu_slab->objects, 4);
    assert_int_equal(k->stat[STAT_nr_slab] > 0, true);
    assert_null(kmem_cache_check(k, cache));
    kmem_cache_free(k, cache, object);
    kmem_cache_shrink(k, cache);
    for (uint64_t i = 0; i < count; i++)
        if (page_to_pfn(k, page[i]) % 2 != 0)
            put_page(k, page[i]);
    free(page);
    assert_null(check_free_lists(k));
    finish(&memory, cache);
}

static void slabs_are_told(void **state) {
    (void)state;
    struct test_memory memory = test_memory_boot(MODE_SV39, 16 * MIB);
    struct kernel *k = memory.k;
    struct kmem_cache *cache = make(k, 8192, 0, 0);
    uint64_t slab_frames = k->stat[STAT_nr_slab];
    void *object = take(k, cache);
    assert_int_equal(k->stat[STAT_nr_slab], slab_frames + 8);
    struct page *slab = cache->cpu_slab;
    assert_true(page_has(slab, PG_slab));
    assert_int_equal(page_frames(slab), 8);
    kmem_cache_free(k, cache, object);
    kmem_cache_shrink(k, cache);
    assert_int_equal(k->stat[STAT_nr_slab], slab_frames);
    finish(&memory, cache);
}

static void allocation_failures(void **state) {
    (void)state;
    struct test_memory memory = test_memory_boot(MODE_SV39, 16 * MIB);
    struct kernel *k = memory.k;
    struct kmem_cache *cache = make(k, 256, 0, 0);
    k->fail[FAIL_SLAB] = 1;
    assert_null(kmem_cache_alloc(k, cache, GFP_KERNEL));
    k->fail[FAIL_PAGE_ALLOC] = 1;
    assert_null(kmem_cache_alloc(k, cache, GFP_KERNEL));
    k->fail[FAIL_SLAB] = 1;
    assert_null(kmem_cache_create(k, "another", 64, 0, 0));
    assert_null(kmem_cache_check(k, cache));
    assert_int_equal(cache->nr_slabs, 0);
    finish(&memory, cache);
}

/* Each allocation of the boot fails in turn: nothing is left of it. */
static void boot_without_memory(void **state) {
    (void)state;
    for (int point = FAIL_PAGE_ALLOC; point <= FAIL_SLAB; point++)
        for (uint64_t n = 1;; n++) {
            struct kernel *k = calloc(1, sizeof *k);
            mm_config_default(&k->config, MODE_SV39, 8 * MIB);
            assert_int_equal(mem_init(k), 0);
            uint64_t frames = free_frames(k);
            k->fail[point] = n;
            int error = kmem_cache_init(k);
            if (error == 0)
                kmem_cache_exit(k);
            assert_int_equal(free_frames(k), frames);
            assert_null(check_free_lists(k));
            mem_free(k);
            bool done = k->fail[point] > 0;
            free(k);
            if (done)
                break;
            assert_int_equal(error, -ENOMEM);
        }
}

/* ---- debugging ---- */

#define DEBUG (SLAB_POISON | SLAB_RED_ZONE)

static void expect_broken(struct kernel *k, struct kmem_cache *cache, const char *part) {
    assert_non_null(cache->broken);
    assert_non_null(strstr(cache->broken, part));
    assert_ptr_equal(kmem_cache_check(k, cache), cache->broken);
    cache->broken = NULL;
}

static void overrun_is_caught(void **state) {
    (void)state;
    static const unsigned sizes[] = {1, 24, 61, 64, 300, 8192};
    for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++) {
        struct test_memory memory = test_memory_boot(MODE_SV39, 16 * MIB);
        struct kernel *k = memory.k;
        struct kmem_cache *cache = make(k, sizes[s], 0, DEBUG);
        uint8_t *object = take(k, cache), *other = take(k, cache);
        memset(object, 0, sizes[s]); /* the whole object is the owner's */
        assert_null(kmem_cache_check(k, cache));
        object[sizes[s]] ^= 1;
        assert_non_null(kmem_cache_check(k, cache)); /* seen before it is freed */
        cache->broken = NULL;
        kmem_cache_free(k, cache, object);
        expect_broken(k, cache, "behind");
        assert_int_equal(cache->nr_objects, 2); /* it was not freed */
        object[sizes[s]] ^= 1;
        kmem_cache_free(k, cache, object);
        assert_null(cache->broken);
        other[-1] = 0;
        kmem_cache_free(k, cache, other);
        expect_broken(k, cache, "before");
        test_memory_free(&memory);
    }
}

static void use_after_free_is_caught(void **state) {
    (void)state;
    struct test_memory memory = test_memory_boot(MODE_SV39, 16 * MIB);
    struct kernel *k = memory.k;
    struct kmem_cache *cache = make(k, 40, 0, DEBUG);
    uint8_t *object = take(k, cache);
    kmem_cache_free(k, cache, object);
    assert_null(kmem_cache_check(k, cache));
    object[17] = 0;
    assert_non_null(kmem_cache_check(k, cache));
    expect_broken(k, cache, "after it was freed");
    assert_ptr_equal(take(k, cache), object); /* and when it is handed out again */
    expect_broken(k, cache, "after it was freed");
    kmem_cache_free(k, cache, object);
    finish(&memory, cache);
}

static void double_free_is_caught(void **state) {
    (void)state;
    static const unsigned flags[] = {0, SLAB_POISON, SLAB_RED_ZONE, DEBUG};
    for (size_t f = 0; f < 4; f++) {
        struct test_memory memory = test_memory_boot(MODE_SV39, 16 * MIB);
        struct kernel *k = memory.k;
        struct kmem_cache *cache = make(k, 40, 0, flags[f]);
        void *a = take(k, cache), *b = take(k, cache), *c = take(k, cache);
        kmem_cache_free(k, cache, a);
        kmem_cache_free(k, cache, a); /* at once: even without debugging */
        expect_broken(k, cache, "twice");
        assert_int_equal(cache->nr_objects, 2);
        kmem_cache_free(k, cache, b);
        if (flags[f]) {
            kmem_cache_free(k, cache, a);
            expect_broken(k, cache, "twice");
        }
        kmem_cache_free(k, cache, c);
        finish(&memory, cache);
    }
}

static void foreign_pointers_are_refused(void **state) {
    (void)state;
    struct test_memory memory = test_memory_boot(MODE_SV39, 16 * MIB);
    struct kernel *k = memory.k;
    struct kmem_cache *cache = make(k, 40, 0, 0), *debug = make(k, 40, 0, DEBUG);
    uint8_t *object = take(k, cache), *checked = take(k, debug);
    kmem_cache_free(k, cache, object + 8);
    expect_broken(k, cache, "no object");
    kmem_cache_free(k, cache, checked);
    expect_broken(k, cache, "no object");
    uint64_t nowhere[8];
    kmem_cache_free(k, debug, &nowhere[4]);
    expect_broken(k, debug, "no slab");
    kmem_cache_free(k, debug, object);
    expect_broken(k, debug, "no object");
    kmem_cache_free(k, debug, checked);
    kmem_cache_free(k, cache, object);
    assert_int_equal(kmem_cache_destroy(k, debug), 0);
    finish(&memory, cache);
}

static void overwritten_free_pointer_is_caught(void **state) {
    (void)state;
    struct test_memory memory = test_memory_boot(MODE_SV39, 16 * MIB);
    struct kernel *k = memory.k;
    struct kmem_cache *cache = make(k, 40, 0, DEBUG);
    uint8_t *object = take(k, cache);
    kmem_cache_free(k, cache, object);
    uintptr_t garbage = 0x1234;
    memcpy(object + cache->offset, &garbage, sizeof garbage);
    assert_non_null(kmem_cache_check(k, cache));
    expect_broken(k, cache, "free list");
    assert_ptr_equal(take(k, cache), object); /* the rest of the slab is lost, no more */
    expect_broken(k, cache, "free pointer");
    assert_non_null(kmem_cache_alloc(k, cache, GFP_KERNEL));
    assert_null(cache->broken);
    test_memory_free(&memory);
}

/* With SLAB_RED_ZONE or SLAB_POISON everywhere the manager's own objects are watched too. */
static void own_caches_with_debugging(void **state) {
    (void)state;
    struct mm_config config;
    mm_config_default(&config, MODE_SV39, 16 * MIB);
    config.slub_debug = true;
    struct test_memory memory = test_memory_boot_config(&config);
    struct kernel *k = memory.k;
    struct kmem_cache *cache;
    unsigned caches = 0;
    TAILQ_FOREACH(cache, &k->caches, list) {
        assert_int_equal(cache->flags & DEBUG, DEBUG);
        assert_null(kmem_cache_check(k, cache));
        caches++;
    }
    assert_int_equal(caches, 1 + KMALLOC_CLASSES + OWN_CACHES);
    uint8_t *object = kmalloc(k, 100, GFP_KERNEL);
    object[128] = 1;
    kfree(k, object);
    assert_non_null(k->kmalloc_caches[5]->broken);
    test_memory_free(&memory);
}

static void counts_that_are_wrong_are_seen(void **state) {
    (void)state;
    struct test_memory memory = test_memory_boot(MODE_SV39, 16 * MIB);
    struct kernel *k = memory.k;
    struct kmem_cache *cache = make(k, 256, 0, 0);
    void *object[20];
    for (unsigned i = 0; i < 20; i++)
        object[i] = take(k, cache);
    kmem_cache_free(k, cache, object[0]); /* one slab partial, one frozen */
    uint64_t *const counts[] = {&cache->nr_objects, &cache->nr_slabs, &cache->nr_partial};
    for (unsigned i = 0; i < 3; i++) {
        ++*counts[i];
        assert_non_null(kmem_cache_check(k, cache));
        --*counts[i];
        cache->broken = NULL;
    }
    struct page *partial = TAILQ_FIRST(&cache->partial);
    partial->frozen = true;
    assert_non_null(kmem_cache_check(k, cache));
    partial->frozen = false;
    cache->broken = NULL;
    partial->inuse--;
    assert_non_null(kmem_cache_check(k, cache));
    partial->inuse++;
    cache->broken = NULL;
    assert_null(kmem_cache_check(k, cache));
    test_memory_free(&memory);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(layouts_are_linuxs),
        cmocka_unit_test(size_classes),
        cmocka_unit_test(alignment_and_zeroing),
        cmocka_unit_test(slabs_go_from_frozen_to_full_to_partial),
        cmocka_unit_test(last_in_first_out_within_a_slab),
        cmocka_unit_test(empty_slabs_beyond_min_partial_are_given_back),
        cmocka_unit_test(shrink_keeps_what_is_in_use),
        cmocka_unit_test(smaller_slabs_when_memory_is_fragmented),
        cmocka_unit_test(slabs_are_told),
        cmocka_unit_test(allocation_failures),
        cmocka_unit_test(boot_without_memory),
        cmocka_unit_test(overrun_is_caught),
        cmocka_unit_test(use_after_free_is_caught),
        cmocka_unit_test(double_free_is_caught),
        cmocka_unit_test(foreign_pointers_are_refused),
        cmocka_unit_test(overwritten_free_pointer_is_caught),
        cmocka_unit_test(own_caches_with_debugging),
        cmocka_unit_test(counts_that_are_wrong_are_seen),
    };
    return RUN(tests);
}
