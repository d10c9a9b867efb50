/*
 * "Virtual Address Translation Process" (12.3.2), step by step: every mode, every leaf level, every
 * reason to fail, with the cause of each kind of access.
 */
#include "check.h"
#include "tables.h"

static const enum access_type all_accesses[] = {ACCESS_READ, ACCESS_WRITE, ACCESS_EXECUTE};
static const int page_fault[] = {13, 15, 12}, access_fault[] = {5, 7, 1};

static const struct geometry *geometry_of(enum paging_mode mode) {
    for (unsigned i = 0; i < MODES; i++)
        if (geometries[i].mode == mode)
            return &geometries[i];
    return NULL;
}

/* All on: Svnapot, Svpbmt. */
static struct mmu_control full_control(const struct tables *tables) {
    struct mmu_control control = tables_control(tables);
    control.pbmte = control.napot = true;
    return control;
}

static void expect_page(struct tables *tables, uint64_t va, uint64_t pa, enum page_size size) {
    const struct mmu_control control = full_control(tables);
    for (unsigned i = 0; i < 3; i++) {
        struct mmu_response response =
            translate_once(tables, &control, va, all_accesses[i], PRIV_S);
        assert_int_equal(response.reason, FAULT_NONE);
        assert_int_equal(response.cause, 0);
        assert_true(response.pa == pa);
        assert_int_equal(response.size, size);
        assert_int_equal(response.level, LEVEL_WALK);
    }
}

static void expect_fault(struct tables *tables, const struct mmu_control *control, uint64_t va,
                         enum fault_reason reason, const int cause[3]) {
    for (unsigned i = 0; i < 3; i++) {
        struct mmu_response response = translate_once(tables, control, va, all_accesses[i], PRIV_S);
        assert_int_equal(response.reason, reason);
        assert_int_equal(response.cause, cause[all_accesses[i]]);
        assert_true(response.pa == 0);
        assert_int_equal(response.size, 0);
        assert_int_equal(response.memory, 0);
        assert_int_equal(response.level, LEVEL_WALK);
    }
}

/* A leaf at each level of each mode, at both ends of both halves and at random. */
static void leaves_of_every_level(void **state) {
    (void)state;
    uint64_t seed = 1;
    for (unsigned m = 0; m < MODES; m++)
        for (unsigned level = 0; level < geometries[m].levels; level++)
            for (unsigned n = 0; n < 12; n++) {
                const struct geometry *geometry = &geometries[m];
                struct tables tables;
                tables_create(&tables, geometry);
                uint64_t half = UINT64_C(1) << (geometry->va_bits - 1);
                const uint64_t edges[] = {0, half - 1, half, half * 2 - 1};
                uint64_t va = canonical(geometry, n < 4 ? edges[n] : next_random(&seed));
                uint64_t offset = (UINT64_C(1) << geometry->leaf_shift[level]) - 1;
                uint64_t ppn = n % 2 ? next_random(&seed) : UINT64_MAX;
                ppn &= ((UINT64_C(1) << geometry->ppn_bits) - 1) & ~(offset >> 12);
                tables_put(&tables, va, level, PPN(ppn) | LEAF);
                uint64_t page = va & ~offset;
                expect_page(&tables, page, ppn << 12, geometry->leaf[level]);
                expect_page(&tables, va, ppn << 12 | (va & offset), geometry->leaf[level]);
                expect_page(&tables, page | offset, ppn << 12 | offset, geometry->leaf[level]);
                tables_destroy(&tables);
            }
}

/* Svnapot: only ppn[3:0] = 1000 means 64 KiB, and va[15:12] takes the place of these bits. */
static void napot_pages(void **state) {
    (void)state;
    for (unsigned m = 1; m < MODES; m++) {
        struct tables tables;
        tables_create(&tables, &geometries[m]);
        struct mmu_control control = full_control(&tables);
        for (uint64_t low = 0; low < 16; low++) {
            /* each 4 KiB of the 64 has the same PTE */
            uint64_t va = 0x40030000 + (low << 12);
            tables_put(&tables, va, 0, N | PPN(0x77708) | LEAF);
            expect_page(&tables, va | 0xabc, 0x77700000 | low << 12 | 0xabc, PAGE_64K);
        }
        for (uint64_t low = 0; low < 16; low++) {
            tables_put(&tables, 0x40030000, 0, N | PPN(0x77700 | low) | LEAF);
            if (low != 8)
                expect_fault(&tables, &control, 0x40030000, FAULT_RESERVED_NAPOT, page_fault);
        }
        tables_put(&tables, 0x40030000, 0, N | PPN(0x77708) | LEAF);
        control.napot = false;
        expect_fault(&tables, &control, 0x40030000, FAULT_RESERVED_NAPOT, page_fault);
        tables_destroy(&tables);
    }
}

/* What a PTE at any level must not be, each in every mode that has it. */
struct bad_pte {
    const char *name;
    uint64_t pte;
    enum fault_reason reason;
    unsigned from_level; /* the lowest where it says this */
    bool high;           /* bits 63:54, not in Sv32 */
};

static const struct bad_pte bad_ptes[] = {
    {"zero", 0, FAULT_NOT_VALID, 0, false},
    {"all but V", 0xfe | PPN(0x40000), FAULT_NOT_VALID, 0, false},
    {"V=0 before reserved bits", N | PBMT(3) | R, FAULT_NOT_VALID, 0, true},
    {"W", V | W | A | D, FAULT_WRITE_ONLY, 0, false},
    {"WX", V | W | X | A | D, FAULT_WRITE_ONLY, 0, false},
    {"W before reserved bits", V | W | PBMT(3), FAULT_WRITE_ONLY, 0, true},
    {"PBMT 3 on a leaf", LEAF | PBMT(3), FAULT_RESERVED_PBMT, 0, true},
    {"PBMT 3 on a pointer", V | PBMT(3), FAULT_RESERVED_PBMT, 0, true},
    {"PBMT 3 before N", V | PBMT(3) | N, FAULT_RESERVED_PBMT, 0, true},
    {"PBMT 1 on a pointer", V | PBMT(1), FAULT_POINTER_FLAGS, 0, true},
    {"PBMT 2 on a pointer", V | PBMT(2), FAULT_POINTER_FLAGS, 0, true},
    {"N on a pointer", V | N, FAULT_POINTER_FLAGS, 0, true},
    {"A on a pointer", V | A, FAULT_POINTER_FLAGS, 0, false},
    {"D on a pointer", V | D, FAULT_POINTER_FLAGS, 0, false},
    {"U on a pointer", V | U, FAULT_POINTER_FLAGS, 0, false},
    {"N on a superpage", N | PPN(8) | LEAF, FAULT_RESERVED_NAPOT, 1, true},
    {"N on an aligned superpage", N | LEAF, FAULT_RESERVED_NAPOT, 1, true},
    {"misaligned", PPN(1) | LEAF, FAULT_MISALIGNED, 1, false},
    {"misaligned before U", PPN(1) | U | LEAF, FAULT_MISALIGNED, 1, false},
    {"misaligned before A", PPN(2) | V | R | W | X, FAULT_MISALIGNED, 1, false},
    {"user page before X, W, R", U | V | R | W | X, FAULT_USER_PAGE, 0, false},
};

static void bad_ptes_of_every_level(void **state) {
    (void)state;
    for (unsigned m = 0; m < MODES; m++)
        for (unsigned level = 0; level < geometries[m].levels; level++)
            for (size_t i = 0; i < sizeof bad_ptes / sizeof bad_ptes[0]; i++) {
                const struct bad_pte *bad = &bad_ptes[i];
                if (level < bad->from_level || (bad->high && m == 0))
                    continue;
                struct tables tables;
                tables_create(&tables, &geometries[m]);
                struct mmu_control control = full_control(&tables);
                control.adue = true; /* must not matter: a PTE that faults stays as it is */
                uint64_t va = canonical(&geometries[m], UINT64_C(0xffff80c0de123000));
                tables_put(&tables, va, level, bad->pte);
                expect_fault(&tables, &control, va, bad->reason, page_fault);
                assert_true(tables_get(&tables, va, level) == bad->pte);
                tables_destroy(&tables);
            }
}

/* One bit at a time: reserved bits, misaligned bits. */
static void single_bits(void **state) {
    (void)state;
    const uint64_t va = 0x40201000;
    for (unsigned m = 0; m < MODES; m++)
        for (unsigned level = 0; level < geometries[m].levels; level++) {
            struct tables tables;
            tables_create(&tables, &geometries[m]);
            const struct mmu_control control = full_control(&tables);
            for (unsigned bit = 12; bit < geometries[m].leaf_shift[level]; bit++) {
                tables_put(&tables, va, level, PPN(UINT64_C(1) << (bit - 12)) | LEAF);
                expect_fault(&tables, &control, va, FAULT_MISALIGNED, page_fault);
            }
            for (unsigned bit = 54; m > 0 && bit <= 60; bit++) {
                tables_put(&tables, va, level, UINT64_C(1) << bit | LEAF);
                expect_fault(&tables, &control, va, FAULT_RESERVED_BITS, page_fault);
                tables_put(&tables, va, level, UINT64_C(1) << bit | V | PBMT(3) | D);
                expect_fault(&tables, &control, va, FAULT_RESERVED_BITS, page_fault);
            }
            tables_destroy(&tables);
        }
}

static void pointer_at_the_last_level(void **state) {
    (void)state;
    for (unsigned m = 0; m < MODES; m++) {
        struct tables tables;
        tables_create(&tables, &geometries[m]);
        const struct mmu_control control = full_control(&tables);
        tables_put(&tables, 0x5000, 0, V | G | PPN(5));
        expect_fault(&tables, &control, 0x5000, FAULT_POINTER_AT_LEAF, page_fault);
        tables_destroy(&tables);
    }
}

/* RSW, bits 9:8, mean nothing, in leaves and in pointers. */
static void software_bits_are_ignored(void **state) {
    (void)state;
    for (unsigned m = 0; m < MODES; m++) {
        struct tables tables;
        tables_create(&tables, &geometries[m]);
        tables_put(&tables, 0x5000, 0, LEAF | 0x300 | PPN(9));
        tables_put(&tables, 0x5000, 1, tables_get(&tables, 0x5000, 1) | 0x300);
        expect_page(&tables, 0x5000, 0x9000, PAGE_4K);
        tables_destroy(&tables);
    }
}

static void missing_permission_has_its_cause(void **state) {
    (void)state;
    static const struct {
        uint64_t pte;
        enum access_type access;
        enum fault_reason reason;
        int cause;
    } rows[] = {
        {V | X | A | D, ACCESS_READ, FAULT_NOT_READABLE, 13},
        {V | R | X | A | D, ACCESS_WRITE, FAULT_NOT_WRITABLE, 15},
        {V | R | W | A | D, ACCESS_EXECUTE, FAULT_NOT_EXECUTABLE, 12},
        {V | X, ACCESS_READ, FAULT_NOT_READABLE, 13}, /* before A */
    };
    for (unsigned m = 0; m < MODES; m++)
        for (unsigned level = 0; level < geometries[m].levels; level++)
            for (unsigned i = 0; i < 4; i++) {
                struct tables tables;
                tables_create(&tables, &geometries[m]);
                const struct mmu_control control = tables_control(&tables);
                tables_put(&tables, 0, level, rows[i].pte);
                struct mmu_response response =
                    translate_once(&tables, &control, 0, rows[i].access, PRIV_S);
                assert_int_equal(response.reason, rows[i].reason);
                assert_int_equal(response.cause, rows[i].cause);
                response = translate_once(&tables, &control, 0, rows[i].access, PRIV_U);
                assert_int_equal(response.reason, FAULT_SUPERVISOR_PAGE);
                assert_int_equal(response.cause, rows[i].cause);
                tables_destroy(&tables);
            }
}

static void refused_reads_of_every_level(void **state) {
    (void)state;
    for (unsigned m = 0; m < MODES; m++)
        for (unsigned level = 0; level < geometries[m].levels; level++) {
            struct tables tables;
            tables_create(&tables, &geometries[m]);
            tables_put(&tables, 0x7000, 0, LEAF);
            const struct mmu_control control = tables_control(&tables);
            uint64_t pa = tables_pte(&tables, 0x7000, level);
            physmem_add_error(tables.memory, pa, pa + 1);
            expect_fault(&tables, &control, 0x7000, FAULT_PTE_ACCESS, access_fault);
            tables_destroy(&tables);
        }
}

static void memory_types(void **state) {
    (void)state;
    for (unsigned m = 1; m < MODES; m++)
        for (unsigned level = 0; level < geometries[m].levels; level++)
            for (unsigned type = 0; type < 3; type++) {
                struct tables tables;
                tables_create(&tables, &geometries[m]);
                struct mmu_control control = tables_control(&tables);
                tables_put(&tables, 0, level, PBMT(type) | LEAF);
                if (type)
                    expect_fault(&tables, &control, 0, FAULT_RESERVED_PBMT, page_fault);
                control.pbmte = true;
                struct mmu_response response =
                    translate_once(&tables, &control, 0, ACCESS_READ, PRIV_S);
                assert_int_equal(response.reason, FAULT_NONE);
                assert_int_equal(response.memory, type);
                tables_destroy(&tables);
            }
}

static void canonical_edges(void **state) {
    (void)state;
    static const struct {
        enum paging_mode mode;
        uint64_t low_last, high_first;
    } rows[] = {
        {MODE_SV39, UINT64_C(0x3fffffffff), UINT64_C(0xffffffc000000000)},
        {MODE_SV48, UINT64_C(0x7fffffffffff), UINT64_C(0xffff800000000000)},
        {MODE_SV57, UINT64_C(0xffffffffffffff), UINT64_C(0xff00000000000000)},
        {MODE_SV32, UINT64_C(0xffffffff), 0},
    };
    for (unsigned i = 0; i < 4; i++) {
        struct tables tables;
        tables_create(&tables, geometry_of(rows[i].mode));
        const struct mmu_control control = tables_control(&tables);
        const struct {
            uint64_t va;
            bool canonical;
        } edges[] = {
            {0, true},
            {rows[i].low_last, true},
            {rows[i].low_last + 1, false},
            {rows[i].high_first - 1, false},
            {rows[i].high_first, true},
            {UINT64_MAX, rows[i].high_first != 0},
            {UINT64_C(1) << 63, false},
        };
        for (unsigned j = 0; j < 7; j++)
            for (int access = 0; access < 3; access++) {
                struct mmu_response response = translate_once(&tables, &control, edges[j].va,
                                                              (enum access_type)access, PRIV_S);
                assert_int_equal(response.reason,
                                 edges[j].canonical ? FAULT_NOT_VALID : FAULT_NON_CANONICAL);
                assert_int_equal(response.cause, page_fault[access]);
                assert_int_equal(response.level, edges[j].canonical ? LEVEL_WALK : LEVEL_NONE);
            }
        tables_destroy(&tables);
    }
}

/* Bare, and M-mode under any mode: what fits into 56 bits passes. */
static void bare_addresses(void **state) {
    (void)state;
    const uint64_t last = UINT64_C(0xffffffffffffff);
    for (unsigned m = 0; m <= MODES; m++) {
        struct tables tables;
        tables_create(&tables, &geometries[m % MODES]);
        struct mmu_control control = tables_control(&tables);
        enum privilege priv = PRIV_M;
        if (m == MODES) {
            control.mode = MODE_BARE;
            priv = PRIV_U;
        }
        for (int access = 0; access < 3; access++) {
            struct mmu_response response =
                translate_once(&tables, &control, last, (enum access_type)access, priv);
            assert_int_equal(response.reason, FAULT_NONE);
            assert_true(response.pa == last);
            assert_int_equal(response.size, PAGE_4K);
            for (unsigned bit = 56; bit < 64; bit++) {
                response = translate_once(&tables, &control, UINT64_C(1) << bit,
                                          (enum access_type)access, priv);
                assert_int_equal(response.reason, FAULT_TOO_WIDE);
                assert_int_equal(response.cause, access_fault[access]);
                assert_int_equal(response.level, LEVEL_NONE);
            }
        }
        tables_destroy(&tables);
    }
}

static void sv32_reaches_34_bits(void **state) {
    (void)state;
    struct tables tables;
    tables_create(&tables, &geometries[0]);
    tables_put(&tables, 0x5000, 0, PPN(0x3fffff) | LEAF);
    expect_page(&tables, 0x5fff, UINT64_C(0x3ffffffff), PAGE_4K);
    tables_put(&tables, 0xffc00000, 1, PPN(0x3ffc00) | LEAF);
    expect_page(&tables, 0xffffffff, UINT64_C(0x3ffffffff), PAGE_4M);
    /* the root, too, is above 4 GiB */
    assert_true(tables.root_ppn == 0x3fffff);
    tables_destroy(&tables);
}

/* Every A, D, access, under Svade and Svadu: reason, and what the PTE then is. */
static void accessed_and_dirty(void **state) {
    (void)state;
    for (unsigned m = 0; m < MODES; m++)
        for (unsigned level = 0; level < geometries[m].levels; level++)
            for (unsigned bits = 0; bits < 8; bits++)
                for (int access = 0; access < 3; access++) {
                    struct tables tables;
                    tables_create(&tables, &geometries[m]);
                    struct mmu_control control = tables_control(&tables);
                    control.adue = bits >> 2;
                    uint64_t had = (bits & 1 ? A : 0) | (bits & 2 ? D : 0);
                    uint64_t needs = access == ACCESS_WRITE ? A | D : A;
                    uint64_t other = V | R | W | X | 0x300 | G;
                    tables_put(&tables, 0, level, other | had);
                    struct mmu_response response =
                        translate_once(&tables, &control, 0, (enum access_type)access, PRIV_S);
                    enum fault_reason reason = FAULT_NONE;
                    if (!control.adue && needs & ~had)
                        reason = had & A ? FAULT_DIRTY_CLEAR : FAULT_ACCESSED_CLEAR;
                    assert_int_equal(response.reason, reason);
                    assert_int_equal(response.cause, reason ? page_fault[access] : 0);
                    uint64_t left = other | had | (control.adue ? needs : 0);
                    assert_true(tables_get(&tables, 0, level) == left);
                    tables_destroy(&tables);
                }
}

/* Somebody else writes the PTE between the walker's read and its compare-and-set. */
struct race {
    struct tables *tables;
    unsigned times; /* still to interfere */
    uint64_t pa, value;
    bool refuse;
    unsigned reads, updates; /* seen */
};

static bool race_read(void *context, uint64_t pa, unsigned bytes, uint64_t *value) {
    struct race *race = context;
    race->reads++;
    return physmem_read(race->tables->memory, pa, bytes, value);
}

static bool race_compare_and_set(void *context, uint64_t pa, unsigned bytes, uint64_t expect,
                                 uint64_t desired, uint64_t *old) {
    struct race *race = context;
    race->updates++;
    if (race->refuse)
        return false;
    if (race->times > 0) {
        race->times--;
        physmem_poke(race->tables->memory, race->pa, bytes, race->value);
        race->value ^= PPN(0x100); /* the next time something else again */
    }
    return physmem_compare_and_set(race->tables->memory, pa, bytes, expect, desired, old);
}

static struct mmu_response run_race(struct race *race, uint64_t va, enum access_type access) {
    const struct mmu_memory memory = {race, race_read, race_compare_and_set};
    struct mmu *mmu = small_mmu(&memory);
    struct mmu_control control = tables_control(race->tables);
    control.adue = true;
    mmu_set_control(mmu, &control);
    struct mmu_response response;
    mmu_translate(mmu, &(struct mmu_request){va, access, PRIV_S, 0}, &response);
    assert_int_equal(mmu_counters(mmu)->pte_reads, race->reads);
    mmu_destroy(mmu);
    return response;
}

static void lost_races_read_again(void **state) {
    (void)state;
    static const struct {
        uint64_t value;
        enum fault_reason reason;
        unsigned times, extra_reads, updates;
        uint64_t ppn;
    } rows[] = {
        {PPN(0x200) | (LEAF & ~X), FAULT_NONE, 1, 1, 1, 0x200},    /* another, complete */
        {PPN(0x200) | V | R | W, FAULT_NONE, 1, 1, 2, 0x200},      /* another, to be set */
        {PPN(0x200) | V | R | W, FAULT_NONE, 5, 5, 6, 0x200},      /* again and again */
        {0, FAULT_NOT_VALID, 1, 1, 1, 0},                          /* unmapped */
        {PPN(0x200) | V | R, FAULT_NOT_WRITABLE, 1, 1, 1, 0},      /* write-protected */
        {PPN(0x200) | V | R | W | U, FAULT_USER_PAGE, 1, 1, 1, 0}, /* given to a user */
        {PPN(0x200) | V | A, FAULT_POINTER_FLAGS, 1, 1, 1, 0},
        {PPN(0x200) | V, FAULT_POINTER_AT_LEAF, 1, 1, 1, 0},
    };
    for (unsigned m = 0; m < MODES; m++)
        for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
            struct tables tables;
            tables_create(&tables, &geometries[m]);
            tables_put(&tables, 0x3000, 0, PPN(0x300) | V | R | W);
            struct race race = {.tables = &tables,
                                .times = rows[i].times,
                                .pa = tables_pte(&tables, 0x3000, 0),
                                .value = rows[i].value};
            struct mmu_response response = run_race(&race, 0x3010, ACCESS_WRITE);
            assert_int_equal(response.reason, rows[i].reason);
            assert_int_equal(race.reads, geometries[m].levels + rows[i].extra_reads);
            assert_int_equal(race.updates, rows[i].updates);
            if (!rows[i].reason) {
                assert_true(response.pa == (rows[i].ppn << 12 | 0x10));
                assert_true((tables_get(&tables, 0x3000, 0) & 0xff) == (LEAF & ~X));
            } else {
                assert_true(tables_get(&tables, 0x3000, 0) == rows[i].value);
            }
            tables_destroy(&tables);
        }
}

/* A superpage that is split meanwhile: the walk goes on down. */
static void lost_race_to_a_split(void **state) {
    (void)state;
    struct tables tables;
    tables_create(&tables, &geometries[1]);
    tables_put(&tables, 0x3000, 0, PPN(0x777) | LEAF);
    uint64_t pointer = tables_get(&tables, 0x3000, 1);
    tables_put(&tables, 0x3000, 1, PPN(0x200) | V | R | W);
    struct race race = {
        .tables = &tables, .times = 1, .pa = tables_pte(&tables, 0x3000, 1), .value = pointer};
    struct mmu_response response = run_race(&race, 0x3abc, ACCESS_WRITE);
    assert_int_equal(response.reason, FAULT_NONE);
    assert_true(response.pa == 0x777abc);
    assert_int_equal(response.size, PAGE_4K);
    assert_int_equal(race.reads, 4); /* 2, 1, 1 again, 0 */
    tables_destroy(&tables);
}

static void refused_update(void **state) {
    (void)state;
    for (unsigned m = 0; m < MODES; m++)
        for (int access = 0; access < 3; access++) {
            struct tables tables;
            tables_create(&tables, &geometries[m]);
            tables_put(&tables, 0x3000, 0, V | R | W | X);
            struct race race = {.tables = &tables, .refuse = true};
            struct mmu_response response = run_race(&race, 0x3000, (enum access_type)access);
            assert_int_equal(response.reason, FAULT_UPDATE_ACCESS);
            assert_int_equal(response.cause, access_fault[access]);
            assert_int_equal(race.updates, 1);
            assert_true(tables_get(&tables, 0x3000, 0) == (V | R | W | X));
            tables_destroy(&tables);
        }
}

/* "A global mapping" of a pointer covers all below: seen from another ASID, and after its fence. */
static void global_is_inherited(void **state) {
    (void)state;
    for (unsigned m = 0; m < MODES; m++)
        for (unsigned global = 0; global <= geometries[m].levels; global++) {
            struct tables tables;
            tables_create(&tables, &geometries[m]);
            tables_put(&tables, 0x3000, 0, PPN(5) | LEAF);
            if (global < geometries[m].levels)
                tables_put(&tables, 0x3000, global, tables_get(&tables, 0x3000, global) | G);
            const struct mmu_memory memory = physmem_callbacks(tables.memory);
            struct mmu *mmu = small_mmu(&memory);
            struct mmu_control control = tables_control(&tables);
            const struct mmu_request request = {0x3000, ACCESS_READ, PRIV_S, 0};
            struct mmu_response response;
            for (uint16_t asid = 1; asid <= 2; asid++) {
                control.asid = asid;
                mmu_set_control(mmu, &control);
                assert_true(mmu_translate(mmu, &request, &response));
                assert_int_equal(response.level, asid == 1 || global == geometries[m].levels
                                                     ? LEVEL_WALK
                                                     : LEVEL_L1);
            }
            for (uint16_t asid = 1; asid <= 2; asid++)
                mmu_fence(mmu, &(struct mmu_fence){.has_asid = true, .asid = asid});
            assert_true(mmu_translate(mmu, &request, &response));
            assert_int_equal(response.level,
                             global == geometries[m].levels ? LEVEL_WALK : LEVEL_L1);
            mmu_destroy(mmu);
            tables_destroy(&tables);
        }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(leaves_of_every_level),
        cmocka_unit_test(napot_pages),
        cmocka_unit_test(bad_ptes_of_every_level),
        cmocka_unit_test(single_bits),
        cmocka_unit_test(pointer_at_the_last_level),
        cmocka_unit_test(software_bits_are_ignored),
        cmocka_unit_test(missing_permission_has_its_cause),
        cmocka_unit_test(refused_reads_of_every_level),
        cmocka_unit_test(memory_types),
        cmocka_unit_test(canonical_edges),
        cmocka_unit_test(bare_addresses),
        cmocka_unit_test(sv32_reaches_34_bits),
        cmocka_unit_test(accessed_and_dirty),
        cmocka_unit_test(lost_races_read_again),
        cmocka_unit_test(lost_race_to_a_split),
        cmocka_unit_test(refused_update),
        cmocka_unit_test(global_is_inherited),
    };
    return RUN(tests);
}
