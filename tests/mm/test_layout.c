/*
 * The kernel half in every mode, seen through the model MMU: each region leads to the right frame
 * with the right access, is global, is the same in every process, and is closed to user mode.
 */
#include "bench.h"

#include "mm/layout.h"
#include "mm/pgtable.h"
#include "mmu/mode.h"

static const enum paging_mode modes[] = {MODE_SV32, MODE_SV39, MODE_SV48, MODE_SV57};
#define MODES (sizeof modes / sizeof modes[0])

static void boot_mode(struct bench *bench, enum paging_mode mode, uint64_t bytes) {
    struct mm_config config;
    mm_config_default(&config, mode, bytes);
    bench_boot(bench, &config);
}

/* What an access in this mode gets; the frame's address in *pa. */
static bool reach(struct bench *bench, uint64_t va, enum access_type access, enum privilege priv,
                  uint64_t *pa) {
    const struct mmu_request request = {.va = va, .access = access, .priv = priv};
    struct mmu_response response;
    bool done = mmu_translate(bench->machine.mmu, &request, &response);
    *pa = response.pa;
    return done;
}

/* From supervisor mode exactly the accesses of `rights` reach pa; from user mode none do. */
static void assert_reaches(struct bench *bench, uint64_t va, uint64_t pa, unsigned rights) {
    static const struct {
        enum access_type access;
        unsigned right;
    } accesses[] = {{ACCESS_READ, VM_READ}, {ACCESS_WRITE, VM_WRITE}, {ACCESS_EXECUTE, VM_EXEC}};
    for (int i = 0; i < 3; i++) {
        uint64_t got = 0;
        bool done = reach(bench, va, accesses[i].access, PRIV_S, &got);
        assert_int_equal(done, !!(rights & accesses[i].right));
        if (done)
            assert_int_equal(got, pa);
        assert_false(reach(bench, va, accesses[i].access, PRIV_U, &got));
    }
}

/* ---- addresses ---- */

struct region {
    uint64_t start, bytes;
};

static void no_overlaps(void **state) {
    (void)state;
    for (size_t m = 0; m < MODES; m++) {
        const struct layout *layout = mm_layout(modes[m]);
        const struct mode *mode = mode_find(modes[m]);
        const struct region regions[] = {
            {0, layout->task_size},
            {layout->vmalloc_start, layout->vmalloc_end - layout->vmalloc_start},
            {layout->vmemmap, layout->vmemmap_bytes},
            {layout->page_offset, layout->linear_bytes},
            {layout->kernel_link, layout->kernel_room}};
        for (int i = 0; i < 5; i++) {
            uint64_t last = regions[i].start + regions[i].bytes - 1;
            assert_true(last >= regions[i].start);
            assert_true(mode_canonical(mode, regions[i].start) && mode_canonical(mode, last));
            for (int j = 0; j < i; j++)
                assert_true(regions[j].start > last ||
                            regions[j].start + regions[j].bytes - 1 < regions[i].start);
        }
        assert_true(layout->exec_base < layout->mmap_base);
        assert_true(layout->mmap_base < layout->stack_top);
        assert_true(layout->stack_top <= layout->task_size);
    }
    /* The figures of Linux's vm-layout document, and of the classic 3 GiB / 1 GiB split. */
    assert_int_equal(mm_layout(MODE_SV32)->task_size, UINT64_C(3) << 30);
    assert_int_equal(mm_layout(MODE_SV32)->page_offset, UINT64_C(0xc0000000));
    assert_int_equal(mm_layout(MODE_SV39)->task_size, UINT64_C(256) << 30);
    assert_true(mm_layout(MODE_SV39)->page_offset == UINT64_C(0xffffffd600000000));
    assert_int_equal(mm_layout(MODE_SV48)->task_size, UINT64_C(128) << 40);
    assert_true(mm_layout(MODE_SV48)->page_offset == UINT64_C(0xffffaf8000000000));
    assert_int_equal(mm_layout(MODE_SV57)->task_size, UINT64_C(64) << 50);
    assert_true(mm_layout(MODE_SV57)->page_offset == UINT64_C(0xff60000000000000));
}

/* ---- regions ---- */

/* Every 4 KiB page of the kernel image, the linear map and the memory map. */
static void fixed_regions(struct bench *bench) {
    const struct mm_config *config = &bench->k->config;
    const struct layout *layout = mm_layout(config->mode);
    uint64_t first = config->node[0].base, bytes = config->node[0].bytes;
    uint64_t text = config->kernel_bytes / 2, rodata = text + config->kernel_bytes / 4;
    for (uint64_t at = 0; at < config->kernel_bytes; at += PAGE_BYTES)
        assert_reaches(bench, layout->kernel_link + at, first + at,
                       at < text     ? VM_READ | VM_EXEC
                       : at < rodata ? VM_READ
                                     : VM_READ | VM_WRITE);
    for (uint64_t at = 0; at < bytes; at += PAGE_BYTES) {
        assert_reaches(bench, layout->page_offset + at, first + at,
                       at < rodata ? VM_READ : VM_READ | VM_WRITE);
        assert_true(phys_to_virt(bench->k, first + at) == layout->page_offset + at);
    }
    uint64_t map = mem_map_start(config) * PAGE_BYTES,
             map_bytes = mem_map_pages(config) * PAGE_BYTES;
    assert_true(map_bytes > 0);
    for (uint64_t at = 0; at < map_bytes; at += PAGE_BYTES)
        assert_reaches(bench, layout->vmemmap + at, map + at, VM_READ | VM_WRITE);
    /* What is behind each region's memory is nobody's. */
    assert_reaches(bench, layout->kernel_link + config->kernel_bytes, 0, 0);
    assert_reaches(bench, layout->page_offset + bytes, 0, 0);
    assert_reaches(bench, layout->vmemmap + map_bytes, 0, 0);
}

static int assert_global(struct mm_struct *mm, uint64_t va, const struct pte_place *place,
                         void *context) {
    uint64_t *leaves = context;
    (void)mm, (void)va;
    assert_true(pte_valid(place->pte) && place->pte >> PTE_BIT_G & 1);
    assert_false(place->pte >> PTE_BIT_U & 1);
    leaves[place->level]++;
    return 0;
}

/* 1 GiB of memory: the linear map has leaves of the largest size that fits. */
static void every_leaf_global(void **state) {
    (void)state;
    for (size_t m = 0; m < MODES; m++) {
        struct bench bench;
        uint64_t leaves[5] = {0};
        boot_mode(&bench, modes[m], m == 0 ? 512 * MIB : 4096 * MIB);
        const struct layout *layout = mm_layout(modes[m]);
        uint64_t linear = layout->page_offset;
        assert_int_equal(walk_page_range(bench.k->init_mm, linear,
                                         linear + 4096 * MIB * !!m + 896 * MIB * !m, assert_global,
                                         leaves),
                         0);
        if (m == 0)
            assert_int_equal(leaves[1], 127); /* 4 MiB; the first is in pages */
        else
            assert_int_equal(leaves[2], 3); /* 1 GiB; the first is in smaller ones */
        assert_int_equal(walk_page_range(bench.k->init_mm, layout->kernel_link,
                                         layout->kernel_link + layout->kernel_room - PAGE_BYTES,
                                         assert_global, leaves),
                         0);
        assert_int_equal(walk_page_range(bench.k->init_mm, layout->vmemmap,
                                         layout->vmemmap + layout->vmemmap_bytes, assert_global,
                                         leaves),
                         0);
        bench_end(&bench);
    }
}

static void regions(void **state) {
    (void)state;
    for (size_t m = 0; m < MODES; m++) {
        struct bench bench;
        boot_mode(&bench, modes[m], 32 * MIB);
        fixed_regions(&bench);
        bench_process(&bench);
        fixed_regions(&bench);
        switch_mm(bench.k, NULL);
        fixed_regions(&bench);
        bench_end(&bench);
    }
}

/* ---- one kernel for all ---- */

static void assert_same_half(struct bench *bench, const struct mm_struct *a,
                             const struct mm_struct *b) {
    struct kernel *k = bench->k;
    unsigned bytes = pt_entry_bytes(k);
    uint64_t entries = pt_entries(k), first = bytes == 4 ? entries / 4 * 3 : entries / 2;
    bool used = false;
    for (uint64_t i = 0; i < entries; i++) {
        uint64_t of_a, of_b;
        assert_true(
            physmem_read(bench->machine.memory, a->pgd * PAGE_BYTES + i * bytes, bytes, &of_a));
        assert_true(
            physmem_read(bench->machine.memory, b->pgd * PAGE_BYTES + i * bytes, bytes, &of_b));
        if (i >= first)
            assert_true(of_a == of_b);
        else
            assert_true(of_b == 0); /* `b` is young: no user half */
        used = used || (i >= first && of_a);
    }
    assert_true(used);
}

/* Entries of the kernel half are found in the TLB by every process: they are global. */
static void shared_by_tlb(void **state) {
    (void)state;
    for (size_t m = 0; m < MODES; m++) {
        struct bench bench;
        uint64_t pa;
        boot_mode(&bench, modes[m], 32 * MIB);
        struct task_struct *other = bench_process(&bench);
        uint64_t va = phys_to_virt(bench.k, bench.k->config.node[0].base + 20 * MIB);
        assert_true(reach(&bench, va, ACCESS_READ, PRIV_S, &pa));
        uint64_t walks = mmu_counters(bench.machine.mmu)->walks;
        switch_mm(bench.k, bench.task);
        assert_true(reach(&bench, va, ACCESS_READ, PRIV_S, &pa));
        switch_mm(bench.k, NULL);
        assert_true(reach(&bench, va, ACCESS_READ, PRIV_S, &pa));
        assert_int_equal(mmu_counters(bench.machine.mmu)->walks, walks);
        /* Fencing one ASID leaves them, fencing all does not. */
        switch_mm(bench.k, other);
        flush_tlb_mm(other->mm);
        assert_true(reach(&bench, va, ACCESS_READ, PRIV_S, &pa));
        assert_int_equal(mmu_counters(bench.machine.mmu)->walks, walks);
        flush_tlb_all(bench.k);
        assert_true(reach(&bench, va, ACCESS_READ, PRIV_S, &pa));
        assert_int_equal(mmu_counters(bench.machine.mmu)->walks, walks + 1);
        bench_end(&bench);
    }
}

/* Dynamic memory made in one process is there in those that were there before, and after; and it
 * is gone everywhere at once, from the TLBs too. */
static void dynamic_memory(void **state) {
    (void)state;
    enum { PAGES = 5 };
    for (size_t m = 0; m < MODES; m++) {
        struct bench bench;
        struct pte_place place;
        uint64_t pa, pas[PAGES];
        boot_mode(&bench, modes[m], 32 * MIB);
        struct kernel *k = bench.k;
        const struct layout *layout = mm_layout(modes[m]);
        struct task_struct *before = bench_process(&bench);
        uint64_t va = vmalloc(k, PAGES * PAGE_BYTES - 100);
        assert_true(va >= layout->vmalloc_start && va < layout->vmalloc_end);
        struct task_struct *after = bench_process(&bench);
        assert_same_half(&bench, before->mm, after->mm);
        for (uint64_t i = 0; i < PAGES; i++) {
            assert_int_equal(pgtable_find(k->init_mm, va + i * PAGE_BYTES, 0, &place), 0);
            pas[i] = pte_to_pfn(place.pte) * PAGE_BYTES;
        }
        struct task_struct *const in[] = {bench.task, before, after, NULL};
        for (int t = 0; t < 4; t++) {
            switch_mm(k, in[t]);
            for (uint64_t i = 0; i < PAGES; i++)
                assert_reaches(&bench, va + i * PAGE_BYTES, pas[i], VM_READ | VM_WRITE);
            assert_reaches(&bench, va + PAGES * PAGE_BYTES, 0, 0); /* the guard page */
        }
        uint64_t behind = vmalloc(k, PAGES * PAGE_BYTES);
        assert_true(behind >= va + (PAGES + 1) * PAGE_BYTES);
        bench_check(&bench);
        vfree(k, va);
        bench_check(&bench);
        for (int t = 0; t < 4; t++) {
            switch_mm(k, in[t]);
            for (uint64_t i = 0; i < PAGES; i++)
                assert_false(reach(&bench, va + i * PAGE_BYTES, ACCESS_READ, PRIV_S, &pa));
        }
        assert_true(vmalloc(k, PAGES * PAGE_BYTES) == va); /* the lowest gap that is large enough */
        /* Larger than the fences are counted out one by one for. */
        uint64_t large = vmalloc(k, 100 * PAGE_BYTES);
        assert_true(reach(&bench, large + 99 * PAGE_BYTES, ACCESS_WRITE, PRIV_S, &pa));
        vfree(k, large);
        assert_false(reach(&bench, large + 99 * PAGE_BYTES, ACCESS_READ, PRIV_S, &pa));
        vfree(k, large); /* nothing there: nothing happens */
        vfree(k, va);
        vfree(k, behind);
        assert_int_equal(vmalloc(k, 0), 0);
        assert_int_equal(vmalloc(k, UINT64_MAX), 0);
        bench_end(&bench);
    }
}

/* Every allocation of a vmalloc() fails in turn: nothing of it is left. */
static void dynamic_memory_fails(void **state) {
    (void)state;
    static const enum fail_point points[] = {FAIL_PAGE_ALLOC, FAIL_SLAB};
    for (int p = 0; p < 2; p++) {
        for (uint64_t n = 1;; n++) {
            struct bench bench;
            boot_mode(&bench, MODE_SV39, 32 * MIB);
            uint64_t free_pages = bench_free_pages(&bench), areas = bench.k->init_mm->map_count;
            bench.k->fail[points[p]] = n;
            uint64_t va = vmalloc(bench.k, 3 * PAGE_BYTES);
            bool failed = bench.k->fail[points[p]] == 0;
            bench.k->fail[points[p]] = 0;
            assert_int_equal(va == 0, failed);
            vfree(bench.k, va);
            bench_check(&bench);
            assert_int_equal(bench.k->init_mm->map_count, areas);
            /* Tables of dynamic memory stay. */
            assert_true(free_pages - bench_free_pages(&bench) <= 1);
            kernel_shutdown(bench.k);
            test_machine_free(&bench.machine);
            if (!failed)
                break;
        }
    }
}

/* ---- 32 bits: memory that the kernel does not reach ---- */

static void highmem(void **state) {
    (void)state;
    struct bench bench;
    boot_mode(&bench, MODE_SV32, 2048 * MIB);
    const struct layout *layout = mm_layout(MODE_SV32);
    assert_int_equal(phys_to_virt(bench.k, 896 * MIB - 1), 0xf7ffffff);
    assert_int_equal(phys_to_virt(bench.k, 896 * MIB), 0);
    assert_reaches(&bench, layout->page_offset + 896 * MIB - PAGE_BYTES, 896 * MIB - PAGE_BYTES,
                   VM_READ | VM_WRITE);
    /* Users have it first, and so does dynamic memory; tables are in low memory. */
    struct pte_place place;
    uint64_t user = bench_map_anon(&bench, PAGE_BYTES), area = vmalloc(bench.k, 1);
    bench_store(&bench, user, 1);
    assert_int_equal(pgtable_find(bench.task->mm, user, 0, &place), 0);
    assert_true(pte_to_pfn(place.pte) * PAGE_BYTES >= 896 * MIB);
    assert_true(place.pa < 896 * MIB);
    assert_int_equal(pgtable_find(bench.k->init_mm, area, 0, &place), 0);
    assert_true(pte_to_pfn(place.pte) * PAGE_BYTES >= 896 * MIB);
    assert_reaches(&bench, area, pte_to_pfn(place.pte) * PAGE_BYTES, VM_READ | VM_WRITE);
    vfree(bench.k, area);
    bench_end(&bench);
}

/* Two nodes with a hole: both in the linear map, the hole is not. */
static void nodes(void **state) {
    (void)state;
    struct bench bench;
    struct mm_config config;
    mm_config_default(&config, MODE_SV39, 16 * MIB);
    config.nodes = 2;
    config.node[1].base = config.node[0].base + 64 * MIB;
    config.node[1].bytes = 6 * MIB;
    bench_boot(&bench, &config);
    uint64_t linear = mm_layout(MODE_SV39)->page_offset, first = config.node[0].base;
    assert_reaches(&bench, linear + 15 * MIB, first + 15 * MIB, VM_READ | VM_WRITE);
    assert_reaches(&bench, linear + 16 * MIB, 0, 0);
    assert_reaches(&bench, linear + 64 * MIB - PAGE_BYTES, 0, 0);
    assert_reaches(&bench, linear + 64 * MIB, first + 64 * MIB, VM_READ | VM_WRITE);
    assert_reaches(&bench, linear + 70 * MIB - PAGE_BYTES, first + 70 * MIB - PAGE_BYTES,
                   VM_READ | VM_WRITE);
    assert_reaches(&bench, linear + 70 * MIB, 0, 0);
    assert_true(pfn_node(bench.k, first >> 12)->id == 0);
    assert_true(pfn_node(bench.k, (first + 64 * MIB) >> 12)->id == 1);
    assert_null(pfn_node(bench.k, (first + 16 * MIB) >> 12));
    bench_end(&bench);
}

/* ---- configurations that are refused, each with its reason ---- */

static void refused(struct mm_config config, const char *reason) {
    struct test_machine machine;
    const char *why = NULL;
    test_machine_init(&machine, config.mode == MODE_BARE ? MODE_SV39 : config.mode, true);
    const struct machine callbacks = test_machine_callbacks(&machine);
    assert_null(kernel_boot(&config, &callbacks, &why));
    assert_non_null(why);
    if (!strstr(why, reason))
        fail_msg("\"%s\" does not say \"%s\"", why, reason);
    test_machine_free(&machine);
}

#define REFUSED(mode, bytes, change, reason)                                                       \
    do {                                                                                           \
        struct mm_config config;                                                                   \
        mm_config_default(&config, mode, bytes);                                                   \
        change;                                                                                    \
        refused(config, reason);                                                                   \
    } while (0)

static void impossible(void **state) {
    (void)state;
    REFUSED(MODE_SV39, 16 * MIB, config.mode = MODE_BARE, "paging mode");
    REFUSED(MODE_SV39, 16 * MIB, config.mode = 3, "paging mode");
    REFUSED(MODE_SV39, 16 * MIB, config.nodes = 0, "nodes");
    REFUSED(MODE_SV39, 16 * MIB, config.nodes = 5, "nodes");
    REFUSED(MODE_SV39, 16 * MIB, config.node[0].base++, "whole frames");
    REFUSED(MODE_SV39, 16 * MIB, config.node[0].bytes--, "whole frames");
    REFUSED(MODE_SV39, 0, (void)0, "whole frames");
    REFUSED(MODE_SV39, 16 * MIB, config.nodes = 2; config.node[1].base = config.node[0].base;
            config.node[1].bytes = PAGE_BYTES, "overlap");
    REFUSED(MODE_SV39, 16 * MIB, config.node[0].base = UINT64_C(1) << 60, "physical addresses");
    REFUSED(MODE_SV39, 16 * MIB, config.node[0].base = -(uint64_t)PAGE_BYTES, "physical addresses");
    REFUSED(MODE_SV32, UINT64_C(5) << 30, (void)0, "memory map");
    REFUSED(MODE_SV32, UINT64_C(17) << 30, (void)0, "physical addresses");
    REFUSED(MODE_SV39, UINT64_C(129) << 30, (void)0, "linear map");
    REFUSED(MODE_SV39, 16 * MIB, config.kernel_bytes = 0, "64 KiB");
    REFUSED(MODE_SV39, 16 * MIB, config.kernel_bytes++, "whole frames");
    REFUSED(MODE_SV39, 16 * MIB, config.kernel_bytes = 16 * MIB, "first node");
    REFUSED(MODE_SV39, 64 << 10, (void)0, "first node");
    REFUSED(MODE_SV32, 64 * MIB, config.kernel_bytes = 17 * MIB, "addresses");
    REFUSED(MODE_SV39, 16 * MIB, config.asid_bits = 17, "ASID");
    REFUSED(MODE_SV32, 16 * MIB, config.asid_bits = 10, "ASID");
    REFUSED(MODE_SV39, 16 * MIB, config.policy = RECLAIM_POLICIES, "policy");
    REFUSED(MODE_SV39, 16 * MIB, config.thp = 3, "huge");
    REFUSED(MODE_SV39, 16 * MIB, config.swappiness = 201, "swappiness");
    REFUSED(MODE_SV39, 16 * MIB, config.page_cluster = 9, "readahead");
    REFUSED(MODE_SV39, 16 * MIB, config.fault_around_pages = 0, "fault-around");
    REFUSED(MODE_SV39, 16 * MIB, config.fault_around_pages = 3, "fault-around");
    REFUSED(MODE_SV39, 16 * MIB, config.fault_around_pages = 1024, "fault-around");
}

/* Memory whose frames answer with bus errors: a reason, no crash, nothing leaked. */
static void broken_memory(void **state) {
    (void)state;
    unsigned booted = 0;
    for (uint64_t at = 0; at < 16 * MIB; at += 64 << 10) {
        struct test_machine machine;
        struct mm_config config;
        const char *why = NULL;
        mm_config_default(&config, MODE_SV48, 16 * MIB);
        uint64_t from = config.node[0].base + at;
        test_machine_init(&machine, config.mode, true);
        assert_true(physmem_add_error(machine.memory, from, from + (64 << 10)));
        const struct machine callbacks = test_machine_callbacks(&machine);
        struct kernel *k = kernel_boot(&config, &callbacks, &why);
        assert_true(!k == !!why);
        if (k) {
            booted++;
            kernel_shutdown(k);
        }
        test_machine_free(&machine);
    }
    assert_true(booted > 100 && booted < 256);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_overlaps),       cmocka_unit_test(regions),
        cmocka_unit_test(every_leaf_global), cmocka_unit_test(shared_by_tlb),
        cmocka_unit_test(dynamic_memory),    cmocka_unit_test(dynamic_memory_fails),
        cmocka_unit_test(highmem),           cmocka_unit_test(nodes),
        cmocka_unit_test(impossible),        cmocka_unit_test(broken_memory),
    };
    return RUN(tests);
}
