/*
 * Page tables: encodings as hardware reads them, find and make, walks, which tables go with a range
 * (against a plain reference), what tables cost (S5), failures.
 */
#include "bench.h"

#include "mm/pgtable.h"
#include "mmu/pte.h"

static const enum paging_mode modes[] = {MODE_SV32, MODE_SV39, MODE_SV48, MODE_SV57};
#define MODES (sizeof modes / sizeof modes[0])

static void boot_mode(struct bench *bench, enum paging_mode mode, uint64_t bytes) {
    struct mm_config config;
    mm_config_default(&config, mode, bytes);
    bench_boot(bench, &config);
}

static uint64_t next_random(uint64_t *state) {
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return *state >> 33;
}

/* ---- encodings ---- */

/* Whatever rights a VMA has, hardware accepts the leaf or sees nothing. */
static void leaves(void **state) {
    (void)state;
    for (size_t m = 0; m < MODES; m++) {
        const struct mode *mode = mode_find(modes[m]);
        const struct mmu_control control = {.mode = modes[m]};
        uint64_t pfn = (UINT64_C(1) << mode->ppn_bits) - 1;
        for (unsigned rights = 0; rights <= VM_RIGHTS; rights++) {
            for (unsigned bits = 0; bits < 4; bits++) {
                bool write = bits & 1, dirty = bits & 2;
                uint64_t pte = make_pte(pfn, rights, write, dirty);
                assert_true(modes[m] != MODE_SV32 || pte >> 32 == 0);
                assert_true(pte_present(pte) && !pte_swap(pte) && !pte_none(pte));
                assert_int_equal(pte_to_pfn(pte), pfn);
                assert_int_equal(pte_valid(pte), rights != 0);
                assert_int_equal(pte_dirty(pte), dirty);
                assert_int_equal(pte_writable(pte), write && rights & VM_WRITE);
                assert_true(pte_young(pte) && !pte_table(pte) && !pte_special(pte));
                if (rights) {
                    assert_int_equal(pte_check(pte, mode, &control), FAULT_NONE);
                    assert_true(pte_bit(pte, PTE_BIT_U) && !pte_bit(pte, PTE_BIT_G));
                    assert_int_equal(pte_bit(pte, PTE_BIT_X), !!(rights & VM_EXEC));
                }
            }
        }
    }
}

/* New rights leave all else alone, through PROT_NONE and back. */
static void modify(void **state) {
    (void)state;
    for (unsigned from = 0; from <= VM_RIGHTS; from++) {
        for (unsigned to = 0; to <= VM_RIGHTS; to++) {
            for (unsigned bits = 0; bits < 8; bits++) {
                bool write = bits & 1, dirty = bits & 2;
                uint64_t young = bits & 4 ? 0 : UINT64_C(1) << PTE_BIT_A;
                uint64_t old = make_pte(0x12345, from, write, dirty) & ~young;
                uint64_t expected = make_pte(0x12345, to, write, dirty) & ~young;
                assert_int_equal(pte_modify(old, to, write), expected);
            }
        }
    }
}

static void other_entries(void **state) {
    (void)state;
    const uint64_t slots[] = {0, 1, 77, (1 << 22) - 1};
    for (size_t i = 0; i < sizeof slots / sizeof slots[0]; i++) {
        uint64_t pte = make_swap_pte(slots[i]);
        assert_true(pte_swap(pte) && !pte_present(pte) && !pte_valid(pte) && !pte_none(pte));
        assert_true(!pte_table(pte) && pte >> 32 == 0);
        assert_int_equal(pte_swap_slot(pte), slots[i]);
    }
    uint64_t table = make_table_pte(0x3fffff);
    assert_true(pte_table(table) && pte_valid(table) && pte_present(table) && !pte_swap(table));
    assert_int_equal(pte_to_pfn(table), 0x3fffff);
    assert_true(pte_none(0) && !pte_present(0) && !pte_swap(0) && !pte_table(0));
    uint64_t kernel = make_kernel_pte(5, VM_READ | VM_WRITE);
    assert_true(pte_bit(kernel, PTE_BIT_G) && !pte_bit(kernel, PTE_BIT_U));
    assert_true(pte_dirty(kernel) && pte_young(kernel) && pte_writable(kernel));
}

static void geometry(void **state) {
    (void)state;
    for (size_t m = 0; m < MODES; m++) {
        const struct mode *mode = mode_find(modes[m]);
        const struct kernel k = {.config.mode = modes[m]};
        assert_int_equal(pt_levels(&k), mode->levels);
        assert_int_equal(pt_entry_bytes(&k), mode->pte_bytes);
        assert_int_equal(pt_entries(&k) * pt_entry_bytes(&k), PAGE_BYTES);
        for (unsigned level = 0; level < mode->levels; level++)
            assert_int_equal(pt_shift(&k, level), page_shift(mode->leaf_size[level]));
    }
}

/* ---- find and make ---- */

static void assert_same_place(const struct pte_place *a, const struct pte_place *b) {
    assert_int_equal(a->pa, b->pa);
    assert_int_equal(a->level, b->level);
    assert_int_equal(a->pte, b->pte);
}

static void find_and_make(void **state) {
    (void)state;
    for (size_t m = 0; m < MODES; m++) {
        struct bench bench;
        boot_mode(&bench, modes[m], 16 * MIB);
        struct mm_struct *mm = bench.task->mm;
        unsigned levels = pt_levels(bench.k);
        uint64_t va = UINT64_C(0x12345000);
        struct pte_place place, made;
        /* Nothing there: the root's entry, whatever level was asked for. */
        for (unsigned level = 0; level < levels; level++) {
            assert_int_equal(pgtable_find(mm, va, level, &place), 0);
            assert_int_equal(place.level, levels - 1);
            assert_int_equal(place.pte, 0);
        }
        /* One table more for each level further down. */
        for (unsigned level = levels; level-- > 0;) {
            assert_int_equal(pgtable_make(mm, va, level, &made), 0);
            assert_int_equal(made.level, level);
            assert_int_equal(made.pte, 0);
            assert_int_equal(mm->pgtables_bytes, (levels - 1 - level) * PAGE_BYTES);
            assert_int_equal(pgtable_find(mm, va, level, &place), 0);
            assert_same_place(&made, &place);
        }
        /* A second time nothing is made, and above it is a pointer. */
        assert_int_equal(pgtable_make(mm, va, 0, &place), 0);
        assert_int_equal(mm->pgtables_bytes, (levels - 1) * PAGE_BYTES);
        assert_int_equal(pgtable_find(mm, va, 1, &place), 0);
        assert_true(place.level == 1 && pte_table(place.pte));
        /* A leaf above stops the descent. */
        uint64_t huge = va + (UINT64_C(1) << pt_shift(bench.k, 1));
        assert_int_equal(pgtable_make(mm, huge, 1, &place), 0);
        uint64_t leaf = make_pte(1 << 10, VM_READ, false, false);
        assert_int_equal(pte_write(bench.k, &place, huge, leaf), 0);
        assert_int_equal(pgtable_make(mm, huge, 0, &made), -EEXIST);
        assert_true(made.level == 1 && made.pte == leaf);
        assert_int_equal(pgtable_find(mm, huge, 0, &made), 0);
        assert_true(made.level == 1 && made.pte == leaf);
        assert_int_equal(pte_write(bench.k, &place, huge, 0), 0);
        free_pgtables(mm, 0, huge + 1, 0, 0);
        assert_int_equal(mm->pgtables_bytes, 0);
        bench_end(&bench);
    }
}

/* ---- walks ---- */

struct visited {
    uint64_t va[600], pte[600];
    unsigned n, stop_after;
};

static int visit(struct mm_struct *mm, uint64_t va, const struct pte_place *place, void *context) {
    struct visited *visited = context;
    struct pte_place now;
    assert_int_equal(pgtable_find(mm, va, place->level, &now), 0);
    assert_same_place(&now, place);
    visited->va[visited->n] = va;
    visited->pte[visited->n++] = place->pte;
    return visited->n == visited->stop_after ? 42 : 0;
}

static int clear(struct mm_struct *mm, uint64_t va, const struct pte_place *place, void *context) {
    (void)context;
    return pte_write(mm->kernel, place, va, 0);
}

/* Every entry of the range, in order, huge leaves once; none outside. */
static void walks(void **state) {
    (void)state;
    for (size_t m = 0; m < MODES; m++) {
        struct bench bench;
        uint64_t random = m, vas[500];
        unsigned n = 0;
        struct pte_place place;
        boot_mode(&bench, modes[m], 16 * MIB);
        struct mm_struct *mm = bench.task->mm;
        uint64_t pmd = UINT64_C(1) << pt_shift(bench.k, 1);
        /* Ascending, at distances from a page to many tables; every 50th a huge leaf. */
        for (uint64_t va = 16 * pmd; n < 200; n++) {
            bool huge = n % 50 == 49;
            if (huge)
                va = (va + pmd - 1) & ~(pmd - 1);
            assert_int_equal(pgtable_make(mm, va, huge, &place), 0);
            assert_int_equal(pte_write(bench.k, &place, va, make_swap_pte(n)), 0);
            vas[n] = va;
            va += huge ? pmd : PAGE_BYTES << next_random(&random) % 11;
        }
        for (unsigned from = 0; from < n; from += 7) {
            for (unsigned to = from + 1; to < n; to += 23) {
                struct visited visited = {.n = 0};
                assert_int_equal(walk_page_range(mm, vas[from], vas[to], visit, &visited), 0);
                assert_int_equal(visited.n, to - from);
                for (unsigned i = 0; i < visited.n; i++) {
                    assert_int_equal(visited.va[i], vas[from + i]);
                    assert_int_equal(visited.pte[i], make_swap_pte(from + i));
                }
            }
        }
        struct visited visited = {.stop_after = 3};
        assert_int_equal(walk_page_range(mm, 0, vas[n - 1], visit, &visited), 42);
        assert_int_equal(visited.n, 3);
        assert_int_equal(walk_page_range(mm, vas[1], vas[1], visit, &visited), 0);
        assert_int_equal(walk_page_range(mm, 0, vas[n - 1] + PAGE_BYTES, clear, NULL), 0);
        free_pgtables(mm, 0, vas[n - 1] + PAGE_BYTES, 0, 0);
        assert_int_equal(mm->pgtables_bytes, 0);
        bench_end(&bench);
    }
}

/* ---- which tables go ---- */

#define AREAS   8
#define TOUCHES 6

struct area {
    uint64_t start, end; /* start == end: gone */
    uint64_t touched[TOUCHES];
};

/* The tables that pages touched so far have needed, less those that no area that is left overlaps:
 * (level, first address). */
struct tables {
    struct {
        unsigned level;
        uint64_t base;
    } table[AREAS * TOUCHES * 4];
    unsigned n;
};

static void add_tables(const struct kernel *k, struct tables *tables, uint64_t va) {
    for (unsigned level = 0; level + 1 < pt_levels(k); level++) {
        uint64_t base = va >> pt_shift(k, level + 1) << pt_shift(k, level + 1);
        unsigned i = 0;
        while (i < tables->n && (tables->table[i].level != level || tables->table[i].base != base))
            i++;
        tables->table[i].level = level;
        tables->table[i].base = base;
        tables->n += i == tables->n;
    }
}

static bool overlaps(const struct kernel *k, const struct area *area, unsigned level,
                     uint64_t base) {
    uint64_t last = base + (UINT64_C(1) << pt_shift(k, level + 1)) - 1;
    return area->start < area->end && area->start <= last && area->end > base;
}

static void drop_tables(const struct kernel *k, struct tables *tables, const struct area *areas) {
    unsigned kept = 0;
    for (unsigned i = 0; i < tables->n; i++) {
        bool keep = false;
        for (unsigned a = 0; a < AREAS; a++)
            keep = keep || overlaps(k, &areas[a], tables->table[i].level, tables->table[i].base);
        if (keep)
            tables->table[kept++] = tables->table[i];
    }
    tables->n = kept;
}

/* Ascending areas of one page to several PUDs, gaps alike. */
static void make_areas(const struct kernel *k, struct area *areas, uint64_t *random) {
    unsigned most = modes[0] == k->config.mode ? 13 : 21;
    uint64_t va = 0x10000;
    for (unsigned a = 0; a < AREAS; a++) {
        va += next_random(random) % 3 ? PAGE_BYTES << next_random(random) % most : 0;
        areas[a].start = va;
        va += (PAGE_BYTES << next_random(random) % most) + next_random(random) % 512 * PAGE_BYTES;
        areas[a].end = va;
        for (unsigned t = 0; t < TOUCHES; t++)
            areas[a].touched[t] = areas[a].start + next_random(random) %
                                                       ((va - areas[a].start) / PAGE_BYTES) *
                                                       PAGE_BYTES;
    }
}

/* Areas go one by one in random order: after each the tables are those of the reference. */
static void tables_of_ranges(void **state) {
    (void)state;
    for (size_t m = 0; m < MODES; m++) {
        struct bench bench;
        boot_mode(&bench, modes[m], 16 * MIB);
        struct kernel *k = bench.k;
        struct mm_struct *mm = bench.task->mm;
        uint64_t random = 99 + m;
        for (unsigned round = 0; round < 100; round++) {
            struct area areas[AREAS];
            struct tables tables = {.n = 0};
            struct pte_place place;
            make_areas(k, areas, &random);
            for (unsigned i = 0; i < AREAS * TOUCHES; i++) {
                uint64_t va = areas[i / TOUCHES].touched[i % TOUCHES];
                assert_int_equal(pgtable_make(mm, va, 0, &place), 0);
                add_tables(k, &tables, va);
            }
            assert_int_equal(mm->pgtables_bytes, tables.n * PAGE_BYTES);
            for (unsigned left = AREAS; left > 0; left--) {
                unsigned a = next_random(&random) % AREAS, low, high;
                while (areas[a].start == areas[a].end)
                    a = (a + 1) % AREAS;
                uint64_t floor = 0, ceiling = 0, start = areas[a].start, end = areas[a].end;
                for (low = a; low-- > 0 && !floor;)
                    if (areas[low].start < areas[low].end)
                        floor = areas[low].end;
                for (high = a + 1; high < AREAS && !ceiling; high++)
                    if (areas[high].start < areas[high].end)
                        ceiling = areas[high].start;
                areas[a].end = areas[a].start;
                free_pgtables(mm, start, end, floor, ceiling);
                drop_tables(k, &tables, areas);
                assert_int_equal(mm->pgtables_bytes, tables.n * PAGE_BYTES);
            }
            assert_int_equal(mm->pgtables_bytes, 0);
        }
        bench_end(&bench);
    }
}

/* ---- MADV_DONTNEED ---- */

static void empty_pte_tables(void **state) {
    (void)state;
    struct bench bench;
    struct pte_place place;
    boot_mode(&bench, MODE_SV48, 16 * MIB);
    struct mm_struct *mm = bench.task->mm;
    uint64_t pmd = 2 * MIB, base = 8 * pmd;
    for (unsigned i = 0; i < 6; i++)
        assert_int_equal(pgtable_make(mm, base + i * pmd, 0, &place), 0);
    assert_int_equal(pgtable_make(mm, base + 2 * pmd + 0x5000, 0, &place), 0);
    assert_int_equal(pte_write(bench.k, &place, base, make_swap_pte(1)), 0);
    assert_int_equal(mm->pgtables_bytes, 8 * PAGE_BYTES);
    /* 0 and 5 are in the range only in part, 2 is not empty. */
    reclaim_pte_tables(mm, base + PAGE_BYTES, base + 6 * pmd - PAGE_BYTES);
    assert_int_equal(mm->pgtables_bytes, 5 * PAGE_BYTES);
    reclaim_pte_tables(mm, base, base + 6 * pmd);
    assert_int_equal(mm->pgtables_bytes, 3 * PAGE_BYTES);
    assert_int_equal(pte_write(bench.k, &place, base, 0), 0);
    reclaim_pte_tables(mm, 0, UINT64_C(1) << 47);
    assert_int_equal(mm->pgtables_bytes, 2 * PAGE_BYTES);
    free_pgtables(mm, base, base + 6 * pmd, 0, 0);
    assert_int_equal(mm->pgtables_bytes, 0);
    bench_end(&bench);
}

/* ---- S5: what two levels cost ---- */

/* All 2^20 pages of a 32-bit address space mapped: 1,024 tables of 4 KiB and the directory. */
static void fully_mapped_sv32(void **state) {
    (void)state;
    struct bench bench;
    struct pte_place place;
    boot_mode(&bench, MODE_SV32, 16 * MIB);
    struct kernel *k = bench.k;
    /* An address space without a kernel half: 4 GiB of user entries. */
    struct mm_struct *init_mm = k->init_mm, mm = {.kernel = k};
    TAILQ_INIT(&mm.deposited);
    k->init_mm = NULL;
    uint64_t before = mm_stats(k)[STAT_nr_page_table_pages];
    uint64_t free_before = mm_stats(k)[STAT_nr_free_pages];
    assert_int_equal(pgd_alloc(&mm), 0);
    assert_int_equal(mm_stats(k)[STAT_nr_page_table_pages] - before, 1);
    for (uint64_t va = 0; va < UINT64_C(1) << 32; va += PAGE_BYTES) {
        assert_int_equal(pgtable_make(&mm, va, 0, &place), 0);
        assert_int_equal(pte_write(k, &place, va, make_pte(va >> 12, VM_READ, false, false)), 0);
    }
    uint64_t bytes = (mm_stats(k)[STAT_nr_page_table_pages] - before) * PAGE_BYTES;
    assert_int_equal(bytes, 4 * MIB + 4096);
    assert_int_equal(mm.pgtables_bytes, 4 * MIB);
    assert_int_equal((free_before - mm_stats(k)[STAT_nr_free_pages]) * PAGE_BYTES, bytes);
    print_message("Sv32, all 4 GiB mapped: %llu bytes of tables\n", (unsigned long long)bytes);
    free_pgtables(&mm, 0, UINT64_C(1) << 32, 0, 0);
    pgd_free(&mm);
    assert_int_equal(mm_stats(k)[STAT_nr_page_table_pages], before);
    k->init_mm = init_mm;
    bench_end(&bench);
}

/* A process of code, heap and stack, a few pages each, has the tables of these and no others; a
 * hundred of them together less than one single-level table of 4 MiB. */
static void sparse_sv32(void **state) {
    (void)state;
    struct bench bench;
    boot_mode(&bench, MODE_SV32, 64 * MIB);
    const struct exec_image image = {.code = 0x10000,
                                     .code_bytes = 3 * PAGE_BYTES,
                                     .data = 0x20000,
                                     .data_bytes = 2 * PAGE_BYTES,
                                     .stack_bytes = 4 * PAGE_BYTES};
    uint64_t before = mm_stats(bench.k)[STAT_nr_page_table_pages];
    for (int i = 0; i < 100; i++) {
        struct task_struct *task = bench_process(&bench);
        assert_int_equal(mm_exec(bench.k, task, &image), 0);
        bench_store(&bench, 0x20000, 1);
        bench_store(&bench, 0xc0000000 - 8, 2);
        /* Directory apart: one table for the lowest 4 MiB, one for the highest. */
        assert_int_equal(task->mm->pgtables_bytes, 2 * PAGE_BYTES);
    }
    uint64_t tables = mm_stats(bench.k)[STAT_nr_page_table_pages] - before;
    assert_int_equal(tables, 300);
    print_message("Sv32, 100 sparse processes: %llu bytes of tables\n",
                  (unsigned long long)tables * PAGE_BYTES);
    bench_end(&bench);
}

/* ---- failures ---- */

static void no_memory(void **state) {
    (void)state;
    for (size_t m = 0; m < MODES; m++) {
        struct bench bench;
        struct pte_place place;
        boot_mode(&bench, modes[m], 16 * MIB);
        struct mm_struct *mm = bench.task->mm;
        unsigned tables = pt_levels(bench.k) - 1;
        for (unsigned n = 1; n <= tables; n++) {
            bench.k->fail[FAIL_PAGE_ALLOC] = n;
            assert_int_equal(pgtable_make(mm, 0x400000, 0, &place), -ENOMEM);
            /* What was made stays, for the next try. */
            assert_int_equal(mm->pgtables_bytes, (n - 1) * PAGE_BYTES);
            free_pgtables(mm, 0x400000, 0x401000, 0, 0);
            assert_int_equal(mm->pgtables_bytes, 0);
        }
        bench.k->fail[FAIL_PAGE_ALLOC] = 1;
        assert_null(task_create(bench.k));
        bench_end(&bench);
    }
}

static void bus_errors(void **state) {
    (void)state;
    struct bench bench;
    struct pte_place place;
    struct visited visited = {.n = 0};
    boot_mode(&bench, MODE_SV39, 16 * MIB);
    struct mm_struct *mm = bench.task->mm;
    struct physmem *memory = bench.machine.memory;
    assert_int_equal(pgtable_make(mm, 0x400000, 0, &place), 0);
    uint64_t frame = place.pa & ~(uint64_t)(PAGE_BYTES - 1);
    assert_true(physmem_add_error(memory, frame, frame + PAGE_BYTES));
    assert_int_equal(pgtable_find(mm, 0x400000, 0, &place), -EIO);
    assert_int_equal(pgtable_make(mm, 0x400000, 0, &place), -EIO);
    assert_int_equal(pte_write(bench.k, &place, 0x400000, 0), -EIO);
    assert_int_equal(walk_page_range(mm, 0, 0x800000, visit, &visited), -EIO);
    reclaim_pte_tables(mm, 0, 0x800000);
    assert_int_equal(mm->pgtables_bytes, 2 * PAGE_BYTES);
    physmem_forget_ranges(memory);
    reclaim_pte_tables(mm, 0, 0x800000);
    assert_int_equal(mm->pgtables_bytes, PAGE_BYTES);
    free_pgtables(mm, 0, 0x800000, 0, 0);
    bench_end(&bench);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(leaves),
        cmocka_unit_test(modify),
        cmocka_unit_test(other_entries),
        cmocka_unit_test(geometry),
        cmocka_unit_test(find_and_make),
        cmocka_unit_test(walks),
        cmocka_unit_test(tables_of_ranges),
        cmocka_unit_test(empty_pte_tables),
        cmocka_unit_test(fully_mapped_sv32),
        cmocka_unit_test(sparse_sv32),
        cmocka_unit_test(no_memory),
        cmocka_unit_test(bus_errors),
    };
    return RUN(tests);
}
