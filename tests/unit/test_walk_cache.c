/* The walk cache by itself, and walks that begin where it says. */
#include "mmu/walk_cache.h"

#include "check.h"
#include "mmu/mode.h"
#include "tables.h"

#include <string.h>

#define TABLE UINT64_C(0x123456000)

/* Bits of va below those that an entry of this level keeps. */
static unsigned kept_from(const struct geometry *geometry, unsigned level) {
    return 12 + geometry->index_bits * level;
}

struct found {
    const struct walk_cache_entry *entry;
    unsigned level, way;
};

static struct found look(const struct walk_cache *cache, enum paging_mode mode, uint64_t va,
                         unsigned asid) {
    struct found found = {0};
    found.entry =
        walk_cache_lookup(cache, mode_find(mode), (uint16_t)asid, va, &found.level, &found.way);
    return found;
}

static void put(struct walk_cache *cache, enum paging_mode mode, uint64_t va, unsigned asid,
                unsigned level) {
    walk_cache_fill(cache, mode_find(mode), (uint16_t)asid, va, level, TABLE + va, false);
}

/* A fill at each level of each mode is found by the addresses below that pointer only. */
static void each_level_of_each_mode(void **state) {
    (void)state;
    for (unsigned m = 0; m < MODES; m++)
        for (unsigned level = 1; level < geometries[m].levels; level++) {
            enum paging_mode mode = geometries[m].mode;
            struct walk_cache cache;
            assert_true(walk_cache_init(&cache, 2));
            put(&cache, mode, 0, 5, level);
            for (unsigned bit = 0; bit < 57; bit++) {
                struct found found = look(&cache, mode, UINT64_C(1) << bit, 5);
                assert_int_equal(found.entry != NULL, bit < kept_from(&geometries[m], level));
                assert_true(!found.entry || (found.level == level && found.way == 0));
            }
            for (unsigned bit = 0; bit < 16; bit++)
                assert_null(look(&cache, mode, 0, 5 ^ 1u << bit).entry);
            for (unsigned other = 0; other < MODES; other++)
                assert_int_equal(look(&cache, geometries[other].mode, 0, 5).entry != NULL,
                                 other == m);
            assert_true(look(&cache, mode, UINT64_C(0x7f) << 57, 5).entry->table == TABLE);
            walk_cache_free(&cache);
        }
}

static void the_lowest_level_wins(void **state) {
    (void)state;
    struct walk_cache cache;
    assert_true(walk_cache_init(&cache, 2));
    for (unsigned level = 4; level > 0; level--) {
        put(&cache, MODE_SV57, 0, 0, level);
        assert_int_equal(look(&cache, MODE_SV57, 0x1000, 0).level, level);
    }
    assert_int_equal(look(&cache, MODE_SV57, 0x200000, 0).level, 2); /* not below that level 1 */
    walk_cache_free(&cache);
}

/* Ways go by turn, each level by its own; neither fences nor fills of what is held move it. */
static void ways_by_turn(void **state) {
    (void)state;
    struct walk_cache cache;
    assert_true(walk_cache_init(&cache, 3));
    const uint64_t page = UINT64_C(1) << 21;
    for (unsigned i = 0; i < 3; i++)
        put(&cache, MODE_SV39, i * page, 0, 1);
    put(&cache, MODE_SV39, 0, 0, 2);
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(look(&cache, MODE_SV39, i * page, 0).way, i);
    walk_cache_fill(&cache, mode_find(MODE_SV39), 0, page, 1, 0x5000, true);
    assert_int_equal(look(&cache, MODE_SV39, page, 0).way, 1);
    assert_true(look(&cache, MODE_SV39, page, 0).entry->table == 0x5000);
    assert_true(look(&cache, MODE_SV39, page, 0).entry->global);
    put(&cache, MODE_SV39, 3 * page, 0, 1);
    assert_int_equal(look(&cache, MODE_SV39, 3 * page, 0).way, 0);
    assert_int_equal(look(&cache, MODE_SV39, 0, 0).level, 2);
    walk_cache_fence(&cache, &(struct mmu_fence){true, false, 2 * page, 0});
    assert_int_equal(look(&cache, MODE_SV39, 2 * page, 0).level, 1);
    put(&cache, MODE_SV39, 4 * page, 0, 1);
    assert_int_equal(look(&cache, MODE_SV39, 4 * page, 0).way, 1);
    put(&cache, MODE_SV39, UINT64_C(1) << 30, 0, 2);
    assert_int_equal(look(&cache, MODE_SV39, UINT64_C(1) << 30, 0).way, 1);
    walk_cache_free(&cache);
}

/* With an address none, else with an ASID entries of that ASID; G protects none. */
static void fences_of_every_form(void **state) {
    (void)state;
    for (unsigned m = 0; m < MODES; m++)
        for (unsigned level = 1; level < geometries[m].levels; level++)
            for (unsigned form = 0; form < 16; form++) {
                bool has_va = form & 1, has_asid = form & 2, same = form & 4, global = form & 8;
                unsigned kept = kept_from(&geometries[m], level);
                uint64_t inside = (UINT64_C(1) << kept) | ((UINT64_C(1) << kept) - 1);
                for (unsigned bit = kept; bit <= 57; bit++) { /* 57 is above va[56:12] */
                    struct walk_cache cache;
                    assert_true(walk_cache_init(&cache, 1));
                    walk_cache_fill(&cache, mode_find(geometries[m].mode), 3, UINT64_C(1) << kept,
                                    level, TABLE, global);
                    const struct mmu_fence fence = {has_va, has_asid, inside ^ UINT64_C(1) << bit,
                                                    same ? 3 : 4};
                    walk_cache_fence(&cache, &fence);
                    bool gone = (!has_asid || same) && !has_va;
                    assert_int_equal(cache.entry[level][0].valid, !gone);
                    walk_cache_free(&cache);
                }
            }
}

static void none_is_none(void **state) {
    (void)state;
    struct walk_cache cache;
    assert_true(walk_cache_init(&cache, 0));
    put(&cache, MODE_SV39, 0, 0, 1);
    assert_null(look(&cache, MODE_SV39, 0, 0).entry);
    walk_cache_fence(&cache, &(struct mmu_fence){.has_va = false});
    walk_cache_free(&cache);
}

/* ---- walks ---- */

#define MAX_EVENTS 32

struct bench {
    struct tables tables;
    struct mmu *mmu;
    struct mmu_control control;
    struct mmu_event event[MAX_EVENTS];
    unsigned count;
};

static void keep_event(void *context, const struct mmu_event *event) {
    struct bench *bench = context;
    assert_true(bench->count < MAX_EVENTS);
    bench->event[bench->count++] = *event;
}

static void create(struct bench *bench, const struct geometry *geometry, unsigned entries) {
    tables_create(&bench->tables, geometry);
    const struct mmu_memory memory = physmem_callbacks(bench->tables.memory);
    const struct mmu_config config = {.tlb = {{1, 1, POLICY_LRU}, {1, 1, POLICY_LRU}},
                                      .walk_cache = entries};
    const char *why;
    bench->mmu = mmu_create(&config, &memory, &why);
    assert_non_null(bench->mmu);
    bench->control = tables_control(&bench->tables);
    mmu_set_control(bench->mmu, &bench->control);
    mmu_listen(bench->mmu, keep_event, bench);
}

static void destroy(struct bench *bench) {
    mmu_destroy(bench->mmu);
    tables_destroy(&bench->tables);
}

static const struct mmu_event *first(const struct bench *bench, enum event_kind kind) {
    for (unsigned i = 0; i < bench->count; i++)
        if (bench->event[i].kind == kind)
            return &bench->event[i];
    return NULL;
}

static unsigned reads(const struct bench *bench) {
    unsigned n = 0;
    for (unsigned i = 0; i < bench->count; i++)
        n += bench->event[i].kind == EVENT_READ;
    return n;
}

static struct mmu_response translate(struct bench *bench, uint64_t va) {
    struct mmu_response response;
    bench->count = 0;
    mmu_translate(bench->mmu, &(struct mmu_request){va, ACCESS_READ, PRIV_S, 0}, &response);
    return response;
}

/* The first walk reads every level; a neighbour whose leaf is at `level` begins right there. */
static void walks_begin_below_what_is_known(void **state) {
    (void)state;
    for (unsigned m = 0; m < MODES; m++)
        for (unsigned level = 0; level < geometries[m].levels; level++) {
            struct bench bench;
            create(&bench, &geometries[m], 2);
            unsigned levels = geometries[m].levels, top = levels - 1;
            uint64_t va = 0, next = UINT64_C(1) << geometries[m].leaf_shift[level];
            uint64_t ppn = next >> 12;
            tables_put(&bench.tables, va, level, PPN(ppn) | LEAF);
            tables_put(&bench.tables, next, level, PPN(3 * ppn) | LEAF);
            assert_true(translate(&bench, va).pa == ppn << 12);
            assert_int_equal(reads(&bench), levels - level);
            assert_false(first(&bench, EVENT_START)->start.cached);
            assert_int_equal(first(&bench, EVENT_START)->start.level, top);
            assert_true(translate(&bench, next).pa == 3 * ppn << 12);
            const struct mmu_event *start = first(&bench, EVENT_START);
            assert_int_equal(start->start.cached, level < top);
            assert_int_equal(start->start.level, level);
            assert_int_equal(start->start.way, 0);
            assert_int_equal(reads(&bench), 1);
            assert_int_equal(mmu_counters(bench.mmu)->walk_cache_hits, level < top);
            assert_int_equal(mmu_counters(bench.mmu)->pte_reads, levels - level + 1);
            destroy(&bench);
        }
}

/* START names the way of the entry at level + 1; entries of other address spaces are others. */
static void the_way_shows(void **state) {
    (void)state;
    struct bench bench;
    create(&bench, &geometries[1], 4);
    for (unsigned i = 0; i < 4; i++) {
        tables_put(&bench.tables, (uint64_t)i << 21, 0, PPN(5) | LEAF);
        tables_put(&bench.tables, ((uint64_t)i << 21) + 0x1000, 0, PPN(6) | LEAF);
        translate(&bench, (uint64_t)i << 21);
        assert_int_equal(first(&bench, EVENT_START)->start.level, i ? 1 : 2);
    }
    for (unsigned i = 4; i-- > 0;) {
        assert_true(translate(&bench, ((uint64_t)i << 21) + 0x1000).pa == 0x6000);
        assert_int_equal(first(&bench, EVENT_START)->start.level, 0);
        assert_int_equal(first(&bench, EVENT_START)->start.way, i);
    }
    bench.control.asid = 1;
    mmu_set_control(bench.mmu, &bench.control);
    translate(&bench, 0);
    assert_false(first(&bench, EVENT_START)->start.cached);
    destroy(&bench);
}

/* G of a pointer that is skipped still makes the page global. */
static void globality_is_kept(void **state) {
    (void)state;
    for (unsigned level = 1; level < 3; level++) {
        struct bench bench;
        create(&bench, &geometries[1], 2);
        tables_put(&bench.tables, 0, 0, PPN(5) | LEAF);
        tables_put(&bench.tables, 0x1000, 0, PPN(6) | LEAF);
        uint64_t pointer = tables_get(&bench.tables, 0, level);
        tables_put(&bench.tables, 0, level, pointer | G);
        translate(&bench, 0);
        translate(&bench, 0x1000);
        assert_int_equal(first(&bench, EVENT_START)->start.level, 0);
        assert_true(first(&bench, EVENT_FILL)->fill.flags >> ENTRY_BIT_G & 1);
        destroy(&bench);
    }
}

/* Only a pointer that the walk followed is kept: no leaf, nothing that failed. */
static void what_is_not_kept(void **state) {
    (void)state;
    static const struct {
        uint64_t pte; /* at level 1 */
        enum fault_reason reason;
    } rows[] = {
        {V | D, FAULT_POINTER_FLAGS},
        {0, FAULT_NOT_VALID},
        {V | W, FAULT_WRITE_ONLY},
        {LEAF | PPN(1), FAULT_MISALIGNED},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct bench bench;
        create(&bench, &geometries[1], 2);
        tables_put(&bench.tables, 0, 1, rows[i].pte);
        for (unsigned again = 0; again < 2; again++) {
            assert_int_equal(translate(&bench, 0).reason, rows[i].reason);
            assert_int_equal(reads(&bench), again ? 1 : 2);
        }
        assert_int_equal(first(&bench, EVENT_START)->start.level, 1);
        destroy(&bench);
    }
    struct bench bench;
    create(&bench, &geometries[1], 2);
    tables_put(&bench.tables, 0, 0, V);
    for (unsigned again = 0; again < 2; again++)
        assert_int_equal(translate(&bench, 0).reason, FAULT_POINTER_AT_LEAF);
    assert_int_equal(first(&bench, EVENT_START)->start.level, 0);
    destroy(&bench);
}

/* A pointer is used until a fence of its address space; one with an address leaves it. */
static void fences_reach_it(void **state) {
    (void)state;
    static const struct {
        struct mmu_fence fence;
        unsigned level; /* at which the walk after it begins */
    } rows[] = {
        {{false, false, 0, 0}, 2}, {{false, true, 0, 0}, 2}, {{false, true, 0, 1}, 0},
        {{true, false, 0, 0}, 0},  {{true, true, 0, 0}, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct bench bench;
        create(&bench, &geometries[1], 2);
        tables_put(&bench.tables, 0, 0, PPN(5) | LEAF);
        tables_put(&bench.tables, 0x1000, 0, PPN(6) | LEAF);
        translate(&bench, 0);
        mmu_fence(bench.mmu, &rows[i].fence);
        assert_true(translate(&bench, 0x1000).pa == 0x6000);
        assert_int_equal(first(&bench, EVENT_START)->start.level, rows[i].level);
        destroy(&bench);
    }
}

/* A walk that starts over begins at the pointers it has read, unless the fence took them. */
static void restarts_use_it(void **state) {
    (void)state;
    for (unsigned everything = 0; everything < 2; everything++) {
        struct bench bench;
        create(&bench, &geometries[1], 2);
        tables_put(&bench.tables, 0, 0, PPN(5) | LEAF);
        struct mmu_job *job = mmu_job_create();
        struct mmu_event event = {0};
        mmu_begin(bench.mmu, job, &(struct mmu_request){0, ACCESS_READ, PRIV_S, 0});
        for (unsigned i = 0; i < 5; i++) /* LOOKUP, LINK, START, 2 x READ */
            assert_true(mmu_step(bench.mmu, job, &event));
        assert_int_equal(event.read.level, 1);
        mmu_fence(bench.mmu, &(struct mmu_fence){false, !everything, 0, 7});
        assert_true(mmu_step(bench.mmu, job, &event));
        assert_int_equal(event.kind, EVENT_START);
        assert_int_equal(event.start.level, everything ? 2 : 0);
        assert_int_equal(event.start.cached, !everything);
        mmu_job_destroy(job);
        destroy(&bench);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_level_of_each_mode),
        cmocka_unit_test(the_lowest_level_wins),
        cmocka_unit_test(ways_by_turn),
        cmocka_unit_test(fences_of_every_form),
        cmocka_unit_test(none_is_none),
        cmocka_unit_test(walks_begin_below_what_is_known),
        cmocka_unit_test(the_way_shows),
        cmocka_unit_test(globality_is_kept),
        cmocka_unit_test(what_is_not_kept),
        cmocka_unit_test(fences_reach_it),
        cmocka_unit_test(restarts_use_it),
    };
    return RUN(tests);
}
