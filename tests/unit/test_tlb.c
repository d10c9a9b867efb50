/* A TLB by itself: matching, sets, fences, and random operations against a naive TLB. */
#include "mmu/tlb.h"

#include "check.h"
#include "tables.h"

#include <stdlib.h>
#include <string.h>

/* log2 of bytes, by enum page_size */
static const unsigned shifts[PAGE_SIZES] = {12, 16, 21, 22, 30, 39, 48};

#define FLAG_R 0x01
#define FLAG_W 0x02
#define FLAG_X 0x04
#define FLAG_U 0x08
#define FLAG_G 0x10
#define FLAG_D 0x20

static uint64_t page_of(uint64_t va, unsigned size) {
    uint64_t vpn = va >> 12 & UINT64_C(0x1fffffffffff);
    return vpn >> (shifts[size] - 12) << (shifts[size] - 12);
}

static struct tlb_entry entry_at(uint64_t va, unsigned size, unsigned asid, unsigned flags) {
    return (struct tlb_entry){
        .vpn = page_of(va, size),
        .asid = (uint16_t)asid,
        .size = (uint8_t)size,
        .flags = (uint8_t)flags,
        .ppn = 0,
        .valid = true,
    };
}

static void make(struct tlb *tlb, unsigned sets, unsigned ways) {
    assert_true(tlb_init(tlb, &(struct tlb_config){sets, ways, POLICY_LRU}, 1));
}

static void fill(struct tlb *tlb, struct tlb_entry entry) {
    struct tlb_victim victim;
    tlb_fill(tlb, &entry, &victim);
}

static enum lookup_result look(struct tlb *tlb, enum paging_mode mode, uint64_t va, unsigned asid,
                               const struct tlb_entry **found, struct tlb_place *place) {
    static const struct mmu_control control;
    const struct tlb_key key = {mode_find(mode), va, (uint16_t)asid, ACCESS_READ, PRIV_S, &control};
    return tlb_lookup(tlb, &key, place, found);
}

static bool holds(struct tlb *tlb, enum paging_mode mode, uint64_t va, unsigned asid) {
    struct tlb_place place;
    const struct tlb_entry *found;
    return look(tlb, mode, va, asid, &found, &place) == LOOKUP_HIT;
}

/* Every size matches all of its page and nothing beside it, in the modes that have it only. */
static void each_size_matches_its_page(void **state) {
    (void)state;
    static const unsigned modes_of[PAGE_SIZES] = {0xf, 0xe, 0xe, 0x1, 0xe, 0xc, 0x8};
    for (unsigned size = 0; size < PAGE_SIZES; size++)
        for (unsigned m = 0; m < MODES; m++) {
            struct tlb tlb;
            make(&tlb, 5, 2);
            uint64_t bytes = UINT64_C(1) << shifts[size];
            uint64_t va = m == 0 ? 3 * bytes & 0xffffffff : 3 * bytes;
            fill(&tlb, entry_at(va, size, 7, FLAG_R));
            bool exists = modes_of[size] >> m & 1;
            enum paging_mode mode = geometries[m].mode;
            assert_int_equal(holds(&tlb, mode, va, 7), exists);
            assert_int_equal(holds(&tlb, mode, va + bytes - 1, 7), exists);
            assert_false(holds(&tlb, mode, va - 1, 7));
            assert_false(holds(&tlb, mode, va + bytes, 7));
            assert_false(holds(&tlb, mode, va, 8));
            tlb_free(&tlb);
        }
}

static void the_whole_vpn_is_compared(void **state) {
    (void)state;
    for (unsigned bit = 12; bit < 57; bit++) {
        struct tlb tlb;
        make(&tlb, 1, 4);
        fill(&tlb, entry_at(0, PAGE_4K, 0, FLAG_R));
        assert_false(holds(&tlb, MODE_SV57, UINT64_C(1) << bit, 0));
        assert_true(holds(&tlb, MODE_SV57, 0, 0));
        tlb_free(&tlb);
    }
}

static void every_asid_bit_is_compared(void **state) {
    (void)state;
    struct tlb tlb;
    make(&tlb, 1, 4);
    fill(&tlb, entry_at(0x5000, PAGE_4K, 0, FLAG_R));
    fill(&tlb, entry_at(0x6000, PAGE_4K, 0, FLAG_R | FLAG_G));
    for (unsigned bit = 0; bit < 16; bit++) {
        assert_false(holds(&tlb, MODE_SV39, 0x5000, 1u << bit));
        assert_true(holds(&tlb, MODE_SV39, 0x6000, 1u << bit));
    }
    tlb_free(&tlb);
}

static void smallest_page_then_lowest_way_wins(void **state) {
    (void)state;
    struct tlb tlb;
    make(&tlb, 1, 8);
    const uint64_t va = UINT64_C(0x0001000000000000);
    struct tlb_place place;
    const struct tlb_entry *found;
    static const unsigned order[] = {PAGE_256T, PAGE_512G, PAGE_1G, PAGE_2M, PAGE_64K, PAGE_4K};
    for (unsigned i = 0; i < 6; i++) {
        fill(&tlb, entry_at(va, order[i], 0, FLAG_R));
        assert_int_equal(look(&tlb, MODE_SV57, va, 0, &found, &place), LOOKUP_HIT);
        assert_int_equal(found->size, order[i]);
        assert_int_equal(place.way, i);
    }
    fill(&tlb, entry_at(va, PAGE_4K, 3, FLAG_R | FLAG_G));
    assert_int_equal(look(&tlb, MODE_SV57, va, 0, &found, &place), LOOKUP_HIT);
    assert_int_equal(place.way, 5);
    assert_int_equal(look(&tlb, MODE_SV57, va, 1, &found, &place), LOOKUP_HIT);
    assert_int_equal(place.way, 6);
    tlb_free(&tlb);
}

static void sets_are_page_number_modulo_sets(void **state) {
    (void)state;
    static const unsigned counts[] = {1, 2, 3, 5, 12, 16, 100, 1536};
    for (unsigned i = 0; i < sizeof counts / sizeof counts[0]; i++)
        for (unsigned size = 0; size < PAGE_SIZES; size++) {
            struct tlb tlb;
            make(&tlb, counts[i], 1);
            for (uint64_t number = 0; number < 40; number++) {
                uint64_t va = (number * 31 << shifts[size]) & ((UINT64_C(1) << 57) - 1);
                struct tlb_entry entry = entry_at(va, size, 0, FLAG_R);
                struct tlb_victim victim;
                tlb_fill(&tlb, &entry, &victim);
                assert_int_equal(victim.place.set, (va >> shifts[size]) % counts[i]);
            }
            tlb_free(&tlb);
        }
}

/*
 * Which of own (ASID 1), foreign (ASID 2) and global (ASID 1, G) stay after a fence; each alone, as
 * the global one would be filled into its own's way.
 */
static void check_fence(unsigned size, const struct mmu_fence *fence, bool own, bool foreign,
                        bool global) {
    const uint64_t va = UINT64_C(1) << shifts[size];
    const struct tlb_entry entries[] = {
        entry_at(va, size, 1, FLAG_R),
        entry_at(va, size, 2, FLAG_R),
        entry_at(va, size, 1, FLAG_R | FLAG_G),
    };
    const bool stays[] = {own, foreign, global};
    for (unsigned i = 0; i < 3; i++) {
        struct tlb tlb;
        make(&tlb, 3, 4);
        fill(&tlb, entries[i]);
        tlb_fence(&tlb, fence);
        unsigned set = (unsigned)((va >> shifts[size]) % 3);
        assert_int_equal(tlb.entry[set * 4].valid, stays[i]);
        assert_int_equal(tlb.held[size], stays[i]);
        tlb_free(&tlb);
    }
}

static void fences_of_every_form_and_size(void **state) {
    (void)state;
    for (unsigned size = 0; size < PAGE_SIZES; size++) {
        uint64_t bytes = UINT64_C(1) << shifts[size], va = bytes;
        check_fence(size, &(struct mmu_fence){false, false, 0, 0}, false, false, false);
        check_fence(size, &(struct mmu_fence){false, true, 0, 1}, false, true, true);
        check_fence(size, &(struct mmu_fence){false, true, 0, 2}, true, false, true);
        check_fence(size, &(struct mmu_fence){false, true, 0, 3}, true, true, true);
        /* operands that are not given do not count */
        check_fence(size, &(struct mmu_fence){false, false, 0x123000, 9}, false, false, false);
        check_fence(size, &(struct mmu_fence){true, false, va, 9}, false, false, false);
        const uint64_t inside[] = {va, va + bytes / 2, va + bytes - 1};
        const uint64_t outside[] = {va - 1, va + bytes, 0, va + (UINT64_C(1) << 56)};
        for (unsigned i = 0; i < 3; i++) {
            check_fence(size, &(struct mmu_fence){true, false, inside[i], 0}, false, false, false);
            check_fence(size, &(struct mmu_fence){true, true, inside[i], 1}, false, true, true);
            check_fence(size, &(struct mmu_fence){true, true, inside[i], 2}, true, false, true);
        }
        for (unsigned i = 0; i < 4; i++) {
            check_fence(size, &(struct mmu_fence){true, false, outside[i], 0}, true, true, true);
            check_fence(size, &(struct mmu_fence){true, true, outside[i], 1}, true, true, true);
        }
    }
}

/* A store that needs D drops the entry, if nothing else refuses it. */
static void clean_drops_the_entry(void **state) {
    (void)state;
    static const struct {
        unsigned flags;
        enum access_type access;
        bool adue;
        enum lookup_result result;
    } rows[] = {
        {FLAG_R | FLAG_W, ACCESS_WRITE, true, LOOKUP_CLEAN},
        {FLAG_R | FLAG_W, ACCESS_WRITE, false, LOOKUP_HIT},
        {FLAG_R | FLAG_W, ACCESS_READ, true, LOOKUP_HIT},
        {FLAG_R | FLAG_W | FLAG_D, ACCESS_WRITE, true, LOOKUP_HIT},
        {FLAG_R, ACCESS_WRITE, true, LOOKUP_HIT},                   /* not writable */
        {FLAG_R | FLAG_W | FLAG_U, ACCESS_WRITE, true, LOOKUP_HIT}, /* SUM = 0 */
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct tlb tlb;
        make(&tlb, 2, 2);
        fill(&tlb, entry_at(0x1000, PAGE_4K, 0, rows[i].flags));
        const struct mmu_control control = {.adue = rows[i].adue};
        const struct tlb_key key = {mode_find(MODE_SV39), 0x1000, 0,
                                    rows[i].access,       PRIV_S, &control};
        struct tlb_place place;
        const struct tlb_entry *found;
        assert_int_equal(tlb_lookup(&tlb, &key, &place, &found), rows[i].result);
        assert_int_equal(place.set, 1);
        assert_int_equal(place.way, 0);
        assert_int_equal(tlb.held[PAGE_4K], rows[i].result == LOOKUP_HIT);
        assert_int_equal(holds(&tlb, MODE_SV39, 0x1000, 0), rows[i].result == LOOKUP_HIT);
        tlb_free(&tlb);
    }
}

/* A page that is held already is filled into its way, whoever else could be replaced. */
static void a_page_is_held_once(void **state) {
    (void)state;
    static const struct {
        unsigned size, asid, flags;
        bool same; /* as 4 KiB at 0x1000 of ASID 1, held global or not */
        bool same_as_global;
    } rows[] = {
        {PAGE_4K, 1, FLAG_R | FLAG_W, true, true},
        {PAGE_4K, 1, FLAG_R | FLAG_G, true, true},
        {PAGE_4K, 2, FLAG_R, false, true},
        {PAGE_4K, 2, FLAG_R | FLAG_G, false, true}, /* G of what is held counts, not of the new */
        {PAGE_2M, 1, FLAG_R, false, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        for (unsigned global = 0; global < 2; global++) {
            struct tlb tlb;
            struct tlb_victim victim;
            make(&tlb, 1, 4);
            fill(&tlb, entry_at(0x9000, PAGE_4K, 1, FLAG_R));
            fill(&tlb, entry_at(0x1000, PAGE_4K, 1, FLAG_R | (global ? FLAG_G : 0)));
            const struct tlb_entry entry =
                entry_at(0x1000, rows[i].size, rows[i].asid, rows[i].flags);
            bool same = global ? rows[i].same_as_global : rows[i].same;
            tlb_fill(&tlb, &entry, &victim);
            assert_int_equal(victim.place.way, same ? 1 : 2);
            assert_int_equal(victim.evicted, same);
            assert_int_equal(tlb.held[PAGE_4K] + tlb.held[PAGE_2M], same ? 2 : 3);
            tlb_free(&tlb);
        }
}

/* Wrong parity: no match, and the way is free; but a fence and a fill still account for it. */
static void a_damaged_entry_is_as_good_as_none(void **state) {
    (void)state;
    struct tlb tlb;
    struct tlb_victim victim;
    make(&tlb, 1, 2);
    fill(&tlb, entry_at(0x1000, PAGE_4K, 0, FLAG_R));
    fill(&tlb, entry_at(0x2000, PAGE_4K, 0, FLAG_R));
    assert_true(holds(&tlb, MODE_SV39, 0x1000, 0)); /* way 1 is the least recently used */
    tlb_damage(&tlb, 0, 0);
    assert_false(holds(&tlb, MODE_SV39, 0x1000, 0));
    assert_true(holds(&tlb, MODE_SV39, 0x2000, 0));
    const struct tlb_entry entry = entry_at(0x3000, PAGE_4K, 0, FLAG_R);
    tlb_fill(&tlb, &entry, &victim);
    assert_int_equal(victim.place.way, 0);
    assert_false(victim.evicted);
    assert_true(holds(&tlb, MODE_SV39, 0x3000, 0));
    assert_int_equal(tlb.held[PAGE_4K], 2);
    tlb_damage(&tlb, 0, 1); /* the page itself comes back: into the free way, not "its own" */
    tlb_damage(&tlb, 0, 0);
    const struct tlb_entry again = entry_at(0x2000, PAGE_4K, 0, FLAG_R);
    tlb_fill(&tlb, &again, &victim);
    assert_int_equal(victim.place.way, 0);
    tlb_fence(&tlb, &(struct mmu_fence){.has_va = false});
    assert_int_equal(tlb.held[PAGE_4K], 0);
    tlb_free(&tlb);
}

/* The naive TLB: every slot is looked at, uses are numbered, LRU. */
struct naive {
    unsigned sets, ways;
    struct tlb_entry *entry;
    uint64_t *used, clock;
};

static bool in_mode(unsigned m, unsigned size) {
    if (m == 0)
        return size == PAGE_4K || size == PAGE_4M;
    return size != PAGE_4M && shifts[size] <= geometries[m].leaf_shift[geometries[m].levels - 1];
}

static int naive_find(const struct naive *naive, unsigned m, uint64_t va, unsigned asid) {
    for (unsigned size = 0; size < PAGE_SIZES; size++)
        for (unsigned i = 0; in_mode(m, size) && i < naive->sets * naive->ways; i++) {
            const struct tlb_entry *entry = &naive->entry[i];
            if (entry->valid && !entry->damaged && entry->size == size &&
                entry->vpn == page_of(va, size) && (entry->flags & FLAG_G || entry->asid == asid))
                return (int)i;
        }
    return -1;
}

static bool in_use(const struct tlb_entry *entry) {
    return entry->valid && !entry->damaged;
}

/* The lowest way with the same page, else the lowest not in use, else the least recently used. */
static unsigned naive_way(const struct naive *naive, unsigned first, const struct tlb_entry *page) {
    unsigned end = first + naive->ways, at = first;
    for (unsigned i = first; i < end; i++) {
        const struct tlb_entry *held = &naive->entry[i];
        if (in_use(held) && held->vpn == page->vpn && held->size == page->size &&
            (held->flags & FLAG_G || held->asid == page->asid))
            return i;
    }
    for (unsigned i = first; i < end; i++)
        if (!in_use(&naive->entry[i]))
            return i;
    for (unsigned i = first; i < end; i++)
        if (naive->used[i] < naive->used[at])
            at = i;
    return at;
}

static unsigned naive_fill(struct naive *naive, struct tlb_entry entry) {
    unsigned set = (unsigned)((entry.vpn >> (shifts[entry.size] - 12)) % naive->sets);
    unsigned at = naive_way(naive, set * naive->ways, &entry);
    naive->entry[at] = entry;
    naive->used[at] = ++naive->clock;
    return at;
}

static void naive_fence(struct naive *naive, const struct mmu_fence *fence) {
    for (unsigned i = 0; i < naive->sets * naive->ways; i++) {
        struct tlb_entry *entry = &naive->entry[i];
        bool address = !fence->has_va || entry->vpn == page_of(fence->va, entry->size);
        bool space = !fence->has_asid || (entry->asid == fence->asid && !(entry->flags & FLAG_G));
        if (address && space)
            entry->valid = false;
    }
}

/* Few addresses, so that pages of all sizes collide. */
static uint64_t some_va(uint64_t *seed) {
    uint64_t va = (uint64_t)pick(seed, 24) << 12;
    static const unsigned far[] = {0, 16, 21, 22, 30, 39, 48, 56};
    return va + ((uint64_t)pick(seed, 3) << far[pick(seed, 8)]);
}

static void compare_lookup(struct tlb *tlb, struct naive *naive, uint64_t *seed) {
    unsigned m = pick(seed, MODES), asid = pick(seed, 3);
    uint64_t va = some_va(seed);
    const struct mmu_control control = {.adue = pick(seed, 2)};
    enum access_type access = pick(seed, 2) ? ACCESS_WRITE : ACCESS_READ;
    const struct tlb_key key = {
        mode_find(geometries[m].mode), va, (uint16_t)asid, access, PRIV_S, &control};
    struct tlb_place place;
    const struct tlb_entry *found;
    enum lookup_result result = tlb_lookup(tlb, &key, &place, &found);
    int at = naive_find(naive, m, va, asid);
    assert_int_equal(at < 0, result == LOOKUP_MISS);
    if (at < 0)
        return;
    struct tlb_entry *expect = &naive->entry[at];
    bool clean = access == ACCESS_WRITE && control.adue && !(expect->flags & FLAG_D);
    assert_int_equal(result, clean ? LOOKUP_CLEAN : LOOKUP_HIT);
    assert_int_equal(place.set * naive->ways + place.way, at);
    if (clean)
        expect->valid = false;
    else
        naive->used[at] = ++naive->clock;
}

static void compare_fill(struct tlb *tlb, struct naive *naive, uint64_t *seed) {
    unsigned flags = FLAG_R | FLAG_W | (pick(seed, 4) ? 0 : FLAG_G) | (pick(seed, 2) ? FLAG_D : 0);
    struct tlb_entry entry = entry_at(some_va(seed), pick(seed, PAGE_SIZES), pick(seed, 3), flags);
    entry.damaged = pick(seed, 8) == 0;
    struct tlb_victim victim;
    tlb_fill(tlb, &entry, &victim);
    unsigned way = victim.place.set * naive->ways + victim.place.way;
    if (victim.evicted)
        assert_memory_equal(&victim.entry.vpn, &naive->entry[way].vpn, sizeof victim.entry.vpn);
    assert_int_equal(victim.evicted, in_use(&naive->entry[way]));
    assert_int_equal(naive_fill(naive, entry), way);
}

static void compare_fence(struct tlb *tlb, struct naive *naive, uint64_t *seed) {
    const struct mmu_fence fence = {pick(seed, 8) != 0, pick(seed, 2) != 0, some_va(seed),
                                    (uint16_t)pick(seed, 3)};
    tlb_fence(tlb, &fence);
    naive_fence(naive, &fence);
}

static void compare_contents(const struct tlb *tlb, const struct naive *naive) {
    unsigned held[PAGE_SIZES] = {0};
    for (unsigned i = 0; i < naive->sets * naive->ways; i++) {
        const struct tlb_entry *got = &tlb->entry[i], *expect = &naive->entry[i];
        assert_int_equal(got->valid, expect->valid);
        if (!got->valid)
            continue;
        held[got->size]++;
        assert_true(got->vpn == expect->vpn && got->asid == expect->asid &&
                    got->size == expect->size && got->flags == expect->flags &&
                    got->damaged == expect->damaged);
    }
    for (unsigned size = 0; size < PAGE_SIZES; size++)
        assert_int_equal(tlb->held[size], held[size]);
}

static void random_operations(unsigned sets, unsigned ways, uint64_t seed) {
    struct tlb tlb;
    make(&tlb, sets, ways);
    struct naive naive = {sets, ways, calloc(sets * ways, sizeof *naive.entry),
                          calloc(sets * ways, sizeof *naive.used), 0};
    for (unsigned i = 0; i < 20000; i++) {
        unsigned operation = pick(&seed, 100);
        if (operation < 2)
            compare_fence(&tlb, &naive, &seed);
        else if (operation < 30)
            compare_fill(&tlb, &naive, &seed);
        else
            compare_lookup(&tlb, &naive, &seed);
        if (i % 64 == 0)
            compare_contents(&tlb, &naive);
    }
    free(naive.entry);
    free(naive.used);
    tlb_free(&tlb);
}

static void agrees_with_the_naive_tlb(void **state) {
    (void)state;
    static const unsigned shape[][2] = {{1, 1},  {1, 7}, {2, 2}, {3, 4},
                                        {16, 4}, {7, 3}, {5, 1}, {128, 12}};
    for (unsigned i = 0; i < sizeof shape / sizeof shape[0]; i++)
        random_operations(shape[i][0], shape[i][1], i);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_size_matches_its_page),
        cmocka_unit_test(the_whole_vpn_is_compared),
        cmocka_unit_test(every_asid_bit_is_compared),
        cmocka_unit_test(smallest_page_then_lowest_way_wins),
        cmocka_unit_test(sets_are_page_number_modulo_sets),
        cmocka_unit_test(fences_of_every_form_and_size),
        cmocka_unit_test(clean_drops_the_entry),
        cmocka_unit_test(a_page_is_held_once),
        cmocka_unit_test(a_damaged_entry_is_as_good_as_none),
        cmocka_unit_test(agrees_with_the_naive_tlb),
    };
    return RUN(tests);
}
