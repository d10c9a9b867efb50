/*
 * mmap, munmap, mprotect, mremap, madvise, mlock in random order against a plain array with a line
 * for each page: what is mapped, with which rights, and what a load sees there. After every call
 * the tree of VMAs is compared with it. Then what needs an eye of its own: stacks, brk, refusals.
 *
 * usage: test_mmap [SEED]
 */
#include "bench.h"

#include "mm/layout.h"
#include "mm/page_fault.h"
#include "mm/pgtable.h"

#define MOST_PAGES 4096
#define FIRST      UINT64_C(0x10000) /* the lowest address that is given out */
#define FILES      24                /* two of the outside, then shared memory */
#define FILE_PAGES 300

static uint64_t seed = 1;

/* ---- the reference ---- */

struct ref_page {
    bool mapped, locked;
    unsigned rights;
    bool shared;
    int file;       /* -1: anonymous */
    uint64_t index; /* page of the file */
    bool own;       /* a private copy, or anonymous and written */
    uint64_t value; /* of it */
};

struct world {
    struct bench bench;
    struct mm_struct *mm;
    uint64_t random;
    uint64_t pages, pmd; /* of the window; of a PTE table */
    bool thp;
    bool crowded; /* less memory than pages */
    struct ref_page page[MOST_PAGES];
    struct ram_file disk[2];
    struct file *file[2]; /* the second may not be written */
    uint64_t contents[FILES][MOST_PAGES];
    uint64_t limit[FILES]; /* pages; beyond: SIGBUS */
    uint64_t done;
    bool copies; /* the latest call may have populated something */
};

static uint64_t draw(struct world *world, uint64_t below) {
    world->random = world->random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (world->random >> 33) % below;
}

static uint64_t va_of(uint64_t page) {
    return FIRST + page * PAGE_BYTES;
}

/* A range of the window: mostly small, at times of whole PTE tables, or to its end. */
static void draw_range(struct world *world, uint64_t *first, uint64_t *n) {
    static const uint64_t most[] = {4, 20, 100, 700};
    *first = draw(world, world->pages);
    *n = 1 + draw(world, most[draw(world, 4)]);
    if (draw(world, 12) == 0) /* FIRST is 16 pages above a boundary */
        *first = (*first + 16) / world->pmd * world->pmd + world->pmd - 16;
    if (draw(world, 12) == 0)
        *n = world->pmd;
    if (*first >= world->pages)
        *first = 0;
    if (*n > world->pages - *first)
        *n = world->pages - *first;
}

static uint64_t expected(const struct world *world, const struct ref_page *page) {
    if (page->own)
        return page->value;
    return page->file < 0 ? 0 : world->contents[page->file][page->index];
}

static bool beyond_end(const struct world *world, const struct ref_page *page) {
    return page->file >= 0 && page->index >= world->limit[page->file];
}

static void forget(struct world *world, uint64_t first, uint64_t n) {
    memset(&world->page[first], 0, n * sizeof world->page[0]);
}

static bool ref_free(const struct world *world, uint64_t first, uint64_t n) {
    for (uint64_t i = first; i < first + n; i++)
        if (world->page[i].mapped)
            return false;
    return true;
}

/* The highest page number of a gap's end that leaves `n` + `pad` pages below it, `align`ed. */
static bool ref_gap(const struct world *world, uint64_t n, uint64_t align, uint64_t pad,
                    uint64_t *va) {
    for (uint64_t end = world->pages; end > 0;) {
        uint64_t start = end;
        while (start > 0 && !world->page[start - 1].mapped)
            start--;
        if (end - start >= n + pad) {
            *va = (va_of(end) - n * PAGE_BYTES) & ~(align - 1);
            return true;
        }
        for (end = start; end > 0 && world->page[end - 1].mapped;)
            end--;
    }
    return false;
}

/* Where Linux puts n pages without a hint; beyond the window: bottom-up from a third of it all. */
static uint64_t ref_place(const struct world *world, uint64_t n, bool anonymous) {
    uint64_t va, third = mm_layout(world->bench.k->config.mode)->task_size / 3;
    if (anonymous && n % world->pmd == 0) {
        if (ref_gap(world, n, world->pmd * PAGE_BYTES, world->pmd, &va))
            return va;
        uint64_t align = world->pmd * PAGE_BYTES; /* there is room in plenty out there */
        third &= ~(uint64_t)(PAGE_BYTES - 1);
        return (third + align - 1) & ~(align - 1);
    }
    if (ref_gap(world, n, PAGE_BYTES, 0, &va))
        return va;
    return third & ~(uint64_t)(PAGE_BYTES - 1);
}

static bool in_window(const struct world *world, uint64_t va, uint64_t n) {
    return va >= FIRST && va + n * PAGE_BYTES <= va_of(world->pages);
}

/* ---- comparison ---- */

static void check_page(const struct world *world, const struct vm_area_struct *vma, uint64_t i) {
    const struct ref_page *page = &world->page[i];
    assert_true(page->mapped);
    assert_int_equal(vma->flags & VM_RIGHTS, page->rights);
    assert_int_equal(!!(vma->flags & VM_LOCKED), page->locked);
    assert_int_equal(!!(vma->flags & VM_SHARED), page->shared);
    assert_int_equal(!!vma->file, page->file >= 0);
    if (page->file >= 0 && page->file < 2)
        assert_ptr_equal(vma->file, world->file[page->file]);
    if (vma->file)
        assert_int_equal(linear_page_index(vma, va_of(i)), page->index);
}

/* Neighbours that are alike in everything are one VMA. */
static bool alike(const struct vm_area_struct *a, const struct vm_area_struct *b) {
    return a->end == b->start && a->flags == b->flags && a->file == b->file &&
           b->pgoff == a->pgoff + (a->end - a->start) / PAGE_BYTES && a->anon_vma == b->anon_vma &&
           a->anon_branch == b->anon_branch;
}

static uint64_t check_gaps(const struct vm_area_struct *vma) {
    uint64_t most = vma->gap;
    const struct vm_area_struct *below[] = {vma->node.rbe_left, vma->node.rbe_right};
    for (int i = 0; i < 2; i++) {
        uint64_t gap = below[i] ? check_gaps(below[i]) : 0;
        most = gap > most ? gap : most;
    }
    assert_int_equal(vma->subtree_gap, most);
    return most;
}

static void check_tree(struct world *world) {
    uint64_t i = 0, count = 0, end = 0;
    struct vm_area_struct *previous = NULL;
    for (struct vm_area_struct *vma = vma_first(world->mm); vma; vma = vma_next(vma)) {
        assert_true(vma->start >= end && vma->end > vma->start);
        assert_int_equal(vma->gap, vma->start - end);
        assert_ptr_equal(vma_prev(vma), previous);
        assert_false(previous && alike(previous, vma));
        for (; va_of(i) < vma->start; i++)
            assert_false(world->page[i].mapped);
        for (; va_of(i) < vma->end; i++)
            check_page(world, vma, i);
        end = vma->end;
        previous = vma;
        count++;
    }
    for (; i < world->pages; i++)
        assert_false(world->page[i].mapped);
    assert_int_equal(world->mm->map_count, count);
    if (world->mm->vmas.rbh_root)
        check_gaps(world->mm->vmas.rbh_root);
}

static void check_contents(struct world *world) {
    for (uint64_t i = 0; i < world->pages; i++) {
        const struct ref_page *page = &world->page[i];
        if (!page->mapped || !page->rights || beyond_end(world, page))
            continue;
        uint64_t got = bench_load(&world->bench, va_of(i));
        if (got != expected(world, page))
            fail_msg("page %llu: %#llx instead of %#llx", (unsigned long long)i,
                     (unsigned long long)got, (unsigned long long)expected(world, page));
    }
}

/* Populating for writing copies pages of private file mappings, with what the file holds now. How
 * far it came before a hole or an error the tables say. */
static void note_copies(struct world *world) {
    struct kernel *k = world->bench.k;
    for (uint64_t i = 0; i < world->pages; i++) {
        struct ref_page *page = &world->page[i];
        struct pte_place place;
        if (!page->mapped || page->shared || page->own || page->file < 0)
            continue;
        assert_int_equal(pgtable_find(world->mm, va_of(i), 0, &place), 0);
        page->own =
            pte_swap(place.pte) ||
            (pte_present(place.pte) && page_has(pfn_to_page(k, pte_to_pfn(place.pte)), PG_anon));
        if (page->own)
            page->value = world->contents[page->file][page->index];
    }
}

/* ---- calls ---- */

/* Shared memory that no page of the window shows any more; -1: none is left. */
static int unused_shmem(const struct world *world) {
    bool used[FILES] = {true, true};
    for (uint64_t i = 0; i < world->pages; i++)
        if (world->page[i].mapped && world->page[i].file >= 0)
            used[world->page[i].file] = true;
    for (int file = 2; file < FILES; file++)
        if (!used[file])
            return file;
    return -1;
}

/* What will be mapped: a line of the reference for its first page. */
static struct ref_page draw_kind(struct world *world, uint64_t n, struct mmap_request *request) {
    struct ref_page page = {.mapped = true, .file = -1};
    page.rights = (unsigned)draw(world, VM_RIGHTS + 1);
    if (draw(world, 3)) /* the most frequent */
        page.rights |= VM_READ | VM_WRITE;
    switch (draw(world, 8)) {
    case 0: /* shared memory of its own */
        page.file = unused_shmem(world);
        page.shared = page.file >= 0;
        if (page.shared) {
            memset(world->contents[page.file], 0, sizeof world->contents[page.file]);
            world->limit[page.file] = n;
        }
        break;
    case 1:
    case 2: /* a file */
        page.file = (int)draw(world, 2);
        page.shared = draw(world, 2);
        page.index = draw(world, FILE_PAGES);
        request->file = world->file[page.file];
        request->offset = page.index * PAGE_BYTES;
    }
    if (page.shared)
        request->flags |= MM_MAP_SHARED;
    request->rights = page.rights;
    return page;
}

static void call_mmap(struct world *world) {
    uint64_t first, n, va;
    struct mmap_request request = {.flags = 0};
    draw_range(world, &first, &n);
    struct ref_page page = draw_kind(world, n, &request);
    request.length = n * PAGE_BYTES - draw(world, PAGE_BYTES);
    int64_t error = 0;
    switch (draw(world, 4)) {
    case 0:
        va = ref_place(world, n, page.file < 0);
        break;
    case 1: /* a hint */
        request.addr = va_of(first) - draw(world, PAGE_BYTES);
        va = ref_free(world, first, n) ? va_of(first) : ref_place(world, n, false);
        break;
    default:
        request.addr = va = va_of(first);
        request.flags |= MM_MAP_FIXED;
        if (draw(world, 4) == 0) {
            request.flags |= MM_MAP_NOREPLACE;
            error = ref_free(world, first, n) ? 0 : -EEXIST;
        }
    }
    if (page.shared && page.file == 1 && page.rights & VM_WRITE)
        error = -EACCES;
    if (draw(world, 6) == 0)
        request.flags |= MM_MAP_POPULATE;
    world->copies = request.flags & MM_MAP_POPULATE;
    int64_t result = mm_mmap(world->mm, &request);
    assert_int_equal(result, error ? error : (int64_t)va);
    if (error)
        return;
    if (!in_window(world, va, n)) {
        assert_int_equal(mm_munmap(world->mm, va, n * PAGE_BYTES), 0);
        return;
    }
    for (uint64_t i = 0; i < n; i++, page.index += page.file >= 0)
        world->page[(va - FIRST) / PAGE_BYTES + i] = page;
}

static void call_munmap(struct world *world) {
    uint64_t first, n;
    draw_range(world, &first, &n);
    assert_int_equal(mm_munmap(world->mm, va_of(first), n * PAGE_BYTES), 0);
    forget(world, first, n);
}

static void call_mprotect(struct world *world) {
    uint64_t first, n;
    unsigned rights = (unsigned)draw(world, VM_RIGHTS + 1);
    int error = 0;
    draw_range(world, &first, &n);
    for (uint64_t i = first; i < first + n && !error; i++) {
        struct ref_page *page = &world->page[i];
        if (!page->mapped)
            error = -ENOMEM;
        else if (rights & VM_WRITE && page->shared && page->file == 1)
            error = -EACCES;
        else
            page->rights = rights;
    }
    world->copies = true; /* of locked pages */
    assert_int_equal(mm_mprotect(world->mm, va_of(first), n * PAGE_BYTES, rights), error);
}

static void call_dontneed(struct world *world) {
    uint64_t first, n;
    int error = 0;
    draw_range(world, &first, &n);
    for (uint64_t i = first; i < first + n && error != -EINVAL; i++) {
        if (!world->page[i].mapped)
            error = -ENOMEM;
        else if (world->page[i].locked)
            error = -EINVAL;
        else
            world->page[i].own = false;
    }
    assert_int_equal(mm_madvise(world->mm, va_of(first), n * PAGE_BYTES, MADVISE_DONTNEED), error);
}

/* Advice that changes nothing that can be seen. */
static void call_madvise(struct world *world) {
    static const enum mm_advice advice[] = {
        MADVISE_COLD,     MADVISE_PAGEOUT,    MADVISE_POPULATE_READ, MADVISE_POPULATE_WRITE,
        MADVISE_HUGEPAGE, MADVISE_NOHUGEPAGE, MADVISE_COLLAPSE};
    uint64_t first, n;
    draw_range(world, &first, &n);
    world->copies = true;
    mm_madvise(world->mm, va_of(first), n * PAGE_BYTES, advice[draw(world, world->thp ? 7 : 4)]);
}

static void call_mlock(struct world *world) {
    uint64_t first, n;
    if (world->crowded)
        return;
    bool lock = world->copies = draw(world, 2);
    draw_range(world, &first, &n);
    int error =
        lock ? mm_mlock(world->mm, va_of(first) + draw(world, PAGE_BYTES), (n - 1) * PAGE_BYTES + 1)
             : mm_munlock(world->mm, va_of(first), n * PAGE_BYTES);
    if (ref_free(world, first, n))
        assert_int_equal(error, -ENOMEM);
    for (uint64_t i = first; i < first + n; i++)
        world->page[i].locked = world->page[i].mapped && lock;
}

/* ---- mremap ---- */

/* Moves the lines of mapped pages; holes leave what is at the new place. */
static void ref_move(struct world *world, uint64_t from, uint64_t to, uint64_t n) {
    static struct ref_page moved[MOST_PAGES];
    memcpy(moved, &world->page[from], n * sizeof moved[0]);
    forget(world, from, n);
    for (uint64_t i = 0; i < n; i++)
        if (moved[i].mapped)
            world->page[to + i] = moved[i];
}

/* Pages behind the first `n` at `first`, as the last of these says. */
static void ref_extend(struct world *world, uint64_t first, uint64_t n, uint64_t new_n) {
    struct ref_page page = world->page[first + n - 1];
    page.own = false;
    for (uint64_t i = n; i < new_n; i++) {
        page.index += page.file >= 0;
        world->page[first + i] = page;
    }
}

/* Any range, several VMAs and holes, to a given place of the same length. */
static void call_mremap_fixed(struct world *world) {
    uint64_t from, to, n;
    draw_range(world, &from, &n);
    to = draw(world, world->pages - n + 1);
    if (draw(world, 3) == 0) /* the same place of a PTE table: these move as they are */
        to = (to / world->pmd * world->pmd + from % world->pmd) % (world->pages - n + 1);
    int64_t expect = (int64_t)va_of(to);
    if (from + n > to && to + n > from)
        expect = -EINVAL;
    if (!world->page[from].mapped)
        expect = -EFAULT;
    int64_t result =
        mm_mremap(world->mm, va_of(from), n * PAGE_BYTES, n * PAGE_BYTES, true, true, va_of(to));
    assert_int_equal(result, expect);
    if (result >= 0)
        ref_move(world, from, to, n);
}

/* A range of one VMA gets another length, where it is or elsewhere. */
static void call_mremap_resize(struct world *world) {
    uint64_t from, n, new_n, to;
    draw_range(world, &from, &n);
    const struct vm_area_struct *vma = find_vma(world->mm, va_of(from));
    if (!vma || vma->start > va_of(from))
        return;
    if (draw(world, 2) || n > (vma->end - va_of(from)) / PAGE_BYTES)
        n = (vma->end - va_of(from)) / PAGE_BYTES;
    bool at_end = vma->end == va_of(from + n), anonymous = !vma->file, may_move = draw(world, 2);
    new_n = 1 + draw(world, 2 * n);
    if (from + new_n > world->pages)
        new_n = world->pages - from;
    int64_t expect = (int64_t)va_of(from);
    if (new_n > n && !(at_end && ref_free(world, from + n, new_n - n))) {
        to = ref_place(world, new_n, anonymous);
        if (!in_window(world, to, new_n)) /* nothing that the reference can hold */
            return;
        expect = may_move ? (int64_t)to : -ENOMEM;
    }
    int64_t result =
        mm_mremap(world->mm, va_of(from), n * PAGE_BYTES, new_n * PAGE_BYTES, may_move, false, 0);
    assert_int_equal(result, expect);
    if (result < 0)
        return;
    to = ((uint64_t)result - FIRST) / PAGE_BYTES;
    if (new_n <= n) {
        forget(world, from + new_n, n - new_n);
        return;
    }
    world->copies = true; /* of what is new, if it is locked */
    if (to != from)
        ref_move(world, from, to, n);
    ref_extend(world, to, n, new_n);
}

/* ---- accesses ---- */

static void store(struct world *world, uint64_t i) {
    struct ref_page *page = &world->page[i];
    uint64_t value = (world->done << 20) + i + 1;
    bench_store(&world->bench, va_of(i), value);
    if (page->shared) {
        world->contents[page->file][page->index] = value;
    } else {
        page->own = true;
        page->value = value;
    }
}

/* What is refused, is refused, without a signal to spoil the rest. */
static void refused(struct world *world, uint64_t i) {
    const struct ref_page *page = &world->page[i];
    enum access_type access = page->mapped && page->rights ? ACCESS_WRITE : ACCESS_READ;
    int error = 0;
    assert_null(get_user_page(world->mm, va_of(i), access, &error));
    assert_int_equal(error, -EFAULT);
}

static void access_pages(struct world *world) {
    uint64_t first, n;
    draw_range(world, &first, &n);
    for (uint64_t i = first; i < first + n; i += 1 + draw(world, 8)) {
        const struct ref_page *page = &world->page[i];
        if (!page->mapped || !page->rights || beyond_end(world, page))
            refused(world, i);
        else if (page->rights & VM_WRITE && draw(world, 2))
            store(world, i);
        else
            assert_int_equal(bench_load(&world->bench, va_of(i)), expected(world, page));
        if (page->mapped && !(page->rights & VM_WRITE))
            refused(world, i);
    }
}

/* ---- all of it ---- */

static void (*const calls[])(struct world *) = {
    call_mmap,     call_mmap,         call_mmap,          call_munmap,  call_mprotect,
    call_mprotect, call_mremap_fixed, call_mremap_resize, access_pages, access_pages,
    access_pages,  call_dontneed,     call_madvise,       call_mlock};

static void open_files(struct world *world) {
    for (int f = 0; f < 2; f++) {
        struct ram_file *disk = &world->disk[f];
        disk->capacity = disk->size = FILE_PAGES * PAGE_BYTES;
        disk->bytes = calloc(1, disk->size);
        for (uint64_t i = 0; i < FILE_PAGES; i++) {
            world->contents[f][i] = 0xf11e0000 + (uint64_t)f * 0x1000 + i;
            memcpy(disk->bytes + i * PAGE_BYTES, &world->contents[f][i], 8);
        }
        world->limit[f] = FILE_PAGES;
        world->file[f] = file_open(world->bench.k, &ram_file_operations, disk, disk->size, f == 0);
        assert_non_null(world->file[f]);
    }
}

static void run(enum paging_mode mode, enum thp_policy thp, uint64_t pages, uint64_t memory,
                uint64_t operations) {
    struct world *world = calloc(1, sizeof *world);
    struct mm_config config;
    mm_config_default(&config, mode, memory);
    config.swap_bytes = 64 * MIB;
    config.thp = thp;
    config.kernel_bytes = 64 << 10;
    bench_boot(&world->bench, &config);
    world->mm = world->bench.task->mm;
    world->random = seed;
    world->pages = pages;
    world->pmd = pt_entries(world->bench.k);
    world->thp = thp != THP_NEVER;
    world->crowded = memory < pages * PAGE_BYTES;
    world->mm->mmap_base = va_of(pages);
    open_files(world);
    for (world->done = 0; world->done < operations; world->done++) {
        calls[draw(world, sizeof calls / sizeof calls[0])](world);
        if (world->copies)
            note_copies(world);
        world->copies = false;
        check_tree(world);
        if (world->done % 1000 == 0)
            bench_check(&world->bench);
        if (world->done % 500 == 0)
            check_contents(world);
    }
    check_contents(world);
    if (world->crowded)
        assert_true(world->bench.k->stat[STAT_pswpout] > operations / 10);
    assert_int_equal(mm_munmap(world->mm, FIRST, pages * PAGE_BYTES), 0);
    assert_int_equal(world->mm->pgtables_bytes, 0);
    assert_null(vma_first(world->mm));
    for (int f = 0; f < 2; f++) {
        fput(world->file[f]);
        for (uint64_t i = 0; i < FILE_PAGES; i++)
            assert_memory_equal(world->disk[f].bytes + i * PAGE_BYTES, &world->contents[f][i], 8);
        free(world->disk[f].bytes);
    }
    bench_end(&world->bench);
    free(world);
}

static void random_sv39(void **state) {
    (void)state;
    run(MODE_SV39, THP_NEVER, 3 * 512, 32 * MIB, 60000);
}

static void random_sv32(void **state) {
    (void)state;
    run(MODE_SV32, THP_NEVER, 2 * 1024, 32 * MIB, 25000);
}

static void random_huge(void **state) {
    (void)state;
    run(MODE_SV48, THP_ALWAYS, 6 * 512, 64 * MIB, 20000);
}

/* Most pages are in swap, or on their way. */
static void random_crowded(void **state) {
    (void)state;
    run(MODE_SV39, THP_NEVER, 3 * 512, 5 * MIB, 20000);
}

/* ---- stacks ---- */

static void boot_default(struct bench *bench, enum paging_mode mode, uint64_t bytes) {
    struct mm_config config;
    mm_config_default(&config, mode, bytes);
    config.thp = THP_NEVER;
    bench_boot(bench, &config);
}

static int64_t map_at(struct bench *bench, uint64_t va, uint64_t length, unsigned rights,
                      unsigned flags) {
    const struct mmap_request request = {
        .addr = va, .length = length, .rights = rights, .flags = flags | MM_MAP_FIXED};
    return mm_mmap(bench->task->mm, &request);
}

static void stacks(void **state) {
    (void)state;
    struct bench bench;
    const unsigned rw = VM_READ | VM_WRITE;
    boot_default(&bench, MODE_SV39, 32 * MIB);
    struct mm_struct *mm = bench.task->mm;
    uint64_t top = 0x20000000, guard = 256 * PAGE_BYTES;
    assert_int_equal(map_at(&bench, top - 2 * PAGE_BYTES, 2 * PAGE_BYTES, rw, MM_MAP_GROWSDOWN),
                     (int64_t)(top - 2 * PAGE_BYTES));
    struct vm_area_struct *stack = find_vma(mm, top - 1);
    /* By faults, over any distance up to the limit. */
    bench_store(&bench, top - MIB, 1);
    assert_int_equal(stack->start, top - MIB);
    assert_int_equal(mm->total_vm, MIB / PAGE_BYTES);
    assert_int_equal(linear_page_index(stack, top - MIB), (top - MIB) / PAGE_BYTES);
    assert_int_equal(expand_stack(stack, top - 8 * MIB - 1), -ENOMEM);
    assert_int_equal(expand_stack(stack, top - 8 * MIB), 0);
    assert_int_equal(stack->start, top - 8 * MIB);
    assert_int_equal(bench.k->stat[STAT_stack_growth], 2);
    assert_int_equal(mm_munmap(mm, 0, top), 0);
    /* Up to 256 pages above what is mapped below, if that can be touched. */
    uint64_t below = top - 4 * MIB;
    assert_int_equal(map_at(&bench, top - PAGE_BYTES, PAGE_BYTES, rw, MM_MAP_GROWSDOWN),
                     (int64_t)(top - PAGE_BYTES));
    assert_int_equal(map_at(&bench, below - PAGE_BYTES, PAGE_BYTES, rw, 0),
                     (int64_t)(below - PAGE_BYTES));
    stack = find_vma(mm, top - 1);
    assert_int_equal(expand_stack(stack, below + guard - 1), -ENOMEM);
    assert_int_equal(expand_stack(stack, below + guard), 0);
    assert_int_equal(mm_mprotect(mm, below - PAGE_BYTES, PAGE_BYTES, 0), 0);
    assert_int_equal(expand_stack(stack, below), 0);
    assert_int_equal(mm_munmap(mm, below, top - below), 0);
    assert_int_equal(mm_mprotect(mm, below - PAGE_BYTES, PAGE_BYTES, rw), 0);
    /* And nothing is mapped there unasked. */
    uint64_t hole = below + PAGE_BYTES + guard;
    assert_int_equal(map_at(&bench, hole, PAGE_BYTES, rw, MM_MAP_GROWSDOWN), (int64_t)hole);
    mm->mmap_base = hole;
    assert_int_equal(bench_map_anon(&bench, PAGE_BYTES), below);
    mm->mmap_base = hole;
    assert_int_equal(bench_map_anon(&bench, PAGE_BYTES), below - 2 * PAGE_BYTES);
    bench_end(&bench);
}

/* A store far below the stack is a bad access. */
static void below_the_limit(void **state) {
    (void)state;
    struct bench bench;
    uint64_t value = 1, top = 0x20000000;
    boot_default(&bench, MODE_SV39, 32 * MIB);
    assert_true(map_at(&bench, top - PAGE_BYTES, PAGE_BYTES, VM_READ | VM_WRITE, MM_MAP_GROWSDOWN) >
                0);
    assert_int_equal(test_access(&bench.machine, bench.k, top - 8 * MIB - 8, ACCESS_WRITE, &value),
                     -1);
    assert_null(bench.task->mm);
    bench_end(&bench);
}

/* ---- brk ---- */

static void breaks(void **state) {
    (void)state;
    struct bench bench;
    boot_default(&bench, MODE_SV39, 32 * MIB);
    struct mm_struct *mm = bench.task->mm;
    uint64_t heap = 0x400000;
    mm->start_brk = mm->brk = heap;
    assert_int_equal(mm_brk(mm, 0), heap);
    assert_int_equal(mm_brk(mm, heap - 1), heap);
    assert_int_equal(mm_brk(mm, heap + 100), heap + 100);
    assert_int_equal(mm->total_vm, 1);
    bench_store(&bench, heap, 7);
    assert_int_equal(mm_brk(mm, heap + PAGE_BYTES), heap + PAGE_BYTES);
    assert_int_equal(mm->total_vm, 1);
    assert_int_equal(mm_brk(mm, heap + 5 * MIB), heap + 5 * MIB);
    assert_int_equal(mm->map_count, 1);
    bench_store(&bench, heap + 5 * MIB - 8, 8);
    assert_int_equal(mm->pgtables_bytes, 3 * PAGE_BYTES); /* two of PTEs */
    assert_int_equal(mm_brk(mm, heap + 3 * MIB), heap + 3 * MIB);
    assert_int_equal(mm->pgtables_bytes, 2 * PAGE_BYTES);
    assert_int_equal(mm_brk(mm, heap + 5 * MIB), heap + 5 * MIB);
    assert_int_equal(bench_load(&bench, heap + 5 * MIB - 8), 0);
    assert_int_equal(bench_load(&bench, heap), 7);
    /* A page stays free before the next mapping. */
    assert_true(map_at(&bench, heap + 6 * MIB, PAGE_BYTES, VM_READ, 0) > 0);
    assert_int_equal(mm_brk(mm, heap + 6 * MIB), heap + 5 * MIB);
    assert_int_equal(mm_brk(mm, heap + 6 * MIB - PAGE_BYTES), heap + 6 * MIB - PAGE_BYTES);
    assert_int_equal(mm_brk(mm, UINT64_MAX), heap + 6 * MIB - PAGE_BYTES);
    assert_int_equal(mm_brk(mm, heap), heap);
    assert_int_equal(mm->map_count, 1);
    bench_end(&bench);
}

/* ---- explicit huge pages ---- */

static void huge_mappings(void **state) {
    (void)state;
    static const enum paging_mode modes[] = {MODE_SV32, MODE_SV48};
    for (int m = 0; m < 2; m++) {
        struct bench bench;
        boot_default(&bench, modes[m], 64 * MIB);
        struct mm_struct *mm = bench.task->mm;
        unsigned shift = pt_shift(bench.k, 1);
        uint64_t size = UINT64_C(1) << shift;
        struct mmap_request request = {.length = size + 1,
                                       .rights = VM_READ | VM_WRITE,
                                       .flags = MM_MAP_HUGETLB,
                                       .huge_shift = shift};
        int64_t va = mm_mmap(mm, &request);
        assert_true(va > 0 && va % (int64_t)size == 0);
        assert_int_equal(mm->total_vm, 2 * size / PAGE_BYTES);
        bench_store(&bench, (uint64_t)va + 8 * PAGE_BYTES, 1);
        bench_store(&bench, (uint64_t)va + size + 9 * PAGE_BYTES, 2);
        bench_check(&bench);
        /* Only whole ones. */
        assert_int_equal(mm_munmap(mm, (uint64_t)va, PAGE_BYTES), -EINVAL);
        assert_int_equal(mm_mprotect(mm, (uint64_t)va + PAGE_BYTES, PAGE_BYTES, VM_READ), -EINVAL);
        assert_int_equal(mm_madvise(mm, (uint64_t)va + PAGE_BYTES, size, MADVISE_DONTNEED),
                         -EINVAL);
        assert_int_equal(mm_mremap(mm, (uint64_t)va, size, 3 * size, true, false, 0), -EINVAL);
        bench_check(&bench);
        assert_int_equal(mm_mprotect(mm, (uint64_t)va, size, VM_READ), 0);
        assert_int_equal(bench_load(&bench, (uint64_t)va + 8 * PAGE_BYTES), 1);
        assert_int_equal(mm_mprotect(mm, (uint64_t)va, size, VM_READ | VM_WRITE), 0);
        bench_store(&bench, (uint64_t)va + 8 * PAGE_BYTES, 3);
        uint64_t to = (uint64_t)va - 16 * size;
        assert_int_equal(
            mm_mremap(mm, (uint64_t)va + size, size, size, true, true, to + PAGE_BYTES), -EINVAL);
        assert_int_equal(mm_mremap(mm, (uint64_t)va + size, size, size, true, true, to),
                         (int64_t)to);
        assert_int_equal(bench_load(&bench, to + 9 * PAGE_BYTES), 2);
        bench_check(&bench);
        assert_int_equal(mm_madvise(mm, to, size, MADVISE_DONTNEED), 0);
        assert_int_equal(bench_load(&bench, to + 9 * PAGE_BYTES), 0);
        request.huge_shift = 13;
        assert_int_equal(mm_mmap(mm, &request), -EINVAL);
        bench_end(&bench);
    }
}

/* ---- refusals ---- */

static void refusals(void **state) {
    (void)state;
    struct bench bench;
    boot_default(&bench, MODE_SV39, 32 * MIB);
    struct mm_struct *mm = bench.task->mm;
    const uint64_t end = mm_layout(MODE_SV39)->task_size;
    const unsigned rw = VM_READ | VM_WRITE;
    assert_int_equal(map_at(&bench, 0x100000, 0, rw, 0), -EINVAL);
    assert_int_equal(map_at(&bench, 0x100001, PAGE_BYTES, rw, 0), -EINVAL);
    assert_int_equal(map_at(&bench, 0x100000, PAGE_BYTES, VM_SHARED, 0), -EINVAL);
    assert_int_equal(map_at(&bench, 0x100000, UINT64_MAX, rw, 0), -ENOMEM);
    assert_int_equal(map_at(&bench, 0x100000, end, rw, 0), -ENOMEM);
    assert_int_equal(map_at(&bench, end, PAGE_BYTES, rw, 0), -ENOMEM);
    assert_int_equal(map_at(&bench, end - PAGE_BYTES, PAGE_BYTES, rw, 0),
                     (int64_t)(end - PAGE_BYTES));
    struct mmap_request request = {.length = end, .rights = rw};
    assert_int_equal(mm_mmap(mm, &request), -ENOMEM);
    request = (struct mmap_request){.length = PAGE_BYTES, .offset = 1};
    assert_int_equal(mm_mmap(mm, &request), -EINVAL);
    request =
        (struct mmap_request){.length = PAGE_BYTES, .flags = MM_MAP_GROWSDOWN | MM_MAP_SHARED};
    assert_int_equal(mm_mmap(mm, &request), -EINVAL);
    assert_int_equal(mm_munmap(mm, 1, PAGE_BYTES), -EINVAL);
    assert_int_equal(mm_munmap(mm, 0, 0), -EINVAL);
    assert_int_equal(mm_munmap(mm, end, PAGE_BYTES), -EINVAL);
    assert_int_equal(mm_munmap(mm, 0, UINT64_MAX), -EINVAL);
    assert_int_equal(mm_munmap(mm, 0, PAGE_BYTES), 0); /* nothing is there */
    assert_int_equal(mm_mprotect(mm, 1, PAGE_BYTES, VM_READ), -EINVAL);
    assert_int_equal(mm_mprotect(mm, 0, PAGE_BYTES, VM_SHARED), -EINVAL);
    assert_int_equal(mm_mprotect(mm, 0, PAGE_BYTES, VM_READ), -ENOMEM);
    assert_int_equal(mm_mprotect(mm, 0, UINT64_MAX, VM_READ), -ENOMEM);
    assert_int_equal(mm_mprotect(mm, 0, 0, VM_READ), 0);
    assert_int_equal(mm_madvise(mm, 1, PAGE_BYTES, MADVISE_DONTNEED), -EINVAL);
    assert_int_equal(mm_madvise(mm, 0, UINT64_MAX, MADVISE_DONTNEED), -EINVAL);
    assert_int_equal(mm_madvise(mm, 0, PAGE_BYTES, MADVISE_DONTNEED), -ENOMEM);
    assert_int_equal(mm_madvise(mm, 0, PAGE_BYTES, (enum mm_advice)99), -EINVAL);
    assert_int_equal(mm_mlock(mm, 0, UINT64_MAX), -EINVAL);
    assert_int_equal(mm_munlock(mm, 0, PAGE_BYTES), -ENOMEM);
    uint64_t va = end - PAGE_BYTES;
    assert_int_equal(mm_mremap(mm, va + 1, PAGE_BYTES, PAGE_BYTES, true, false, 0), -EINVAL);
    assert_int_equal(mm_mremap(mm, va, PAGE_BYTES, 0, true, false, 0), -EINVAL);
    assert_int_equal(mm_mremap(mm, va, PAGE_BYTES, UINT64_MAX, true, false, 0), -EINVAL);
    assert_int_equal(mm_mremap(mm, va, PAGE_BYTES, PAGE_BYTES, false, true, 0), -EINVAL);
    assert_int_equal(mm_mremap(mm, va, PAGE_BYTES, PAGE_BYTES, true, true, end), -EINVAL);
    assert_int_equal(mm_mremap(mm, va, 0, PAGE_BYTES, true, false, 0), -EINVAL);
    assert_int_equal(mm_mremap(mm, 0x5000, PAGE_BYTES, PAGE_BYTES, true, false, 0), -EFAULT);
    assert_int_equal(mm_mremap(mm, va, PAGE_BYTES, 2 * PAGE_BYTES, false, false, 0), -ENOMEM);
    bench_end(&bench);
}

/* ---- shared memory shown twice ---- */

static void mremap_of_nothing(void **state) {
    (void)state;
    struct bench bench;
    boot_default(&bench, MODE_SV39, 32 * MIB);
    struct mm_struct *mm = bench.task->mm;
    uint64_t va = bench_map(&bench, NULL, 4 * PAGE_BYTES, VM_READ | VM_WRITE, MM_MAP_SHARED);
    bench_store(&bench, va + PAGE_BYTES, 5);
    int64_t twin = mm_mremap(mm, va + PAGE_BYTES, 0, 2 * PAGE_BYTES, true, false, 0);
    assert_true(twin > 0 && twin != (int64_t)va);
    assert_int_equal(bench_load(&bench, (uint64_t)twin), 5);
    bench_store(&bench, (uint64_t)twin + PAGE_BYTES, 6);
    assert_int_equal(bench_load(&bench, va + 2 * PAGE_BYTES), 6);
    bench_end(&bench);
}

/* ---- populate, lock ---- */

static void populate(void **state) {
    (void)state;
    struct bench bench;
    boot_default(&bench, MODE_SV39, 32 * MIB);
    struct mm_struct *mm = bench.task->mm;
    uint64_t pages = 50, va = bench_map_anon(&bench, pages * PAGE_BYTES);
    assert_int_equal(mm_populate(mm, va, pages * PAGE_BYTES, false), 0);
    assert_int_equal(bench.task->min_flt, pages); /* each counts as a fault, as in Linux */
    assert_int_equal(mm->rss[MM_ANONPAGES], 0);   /* the zero page is nobody's */
    assert_int_equal(mm_populate(mm, va, pages * PAGE_BYTES, true), 0);
    assert_int_equal(bench.task->min_flt, 2 * pages);
    assert_int_equal(mm->rss[MM_ANONPAGES], pages);
    assert_int_equal(mm_populate(mm, va, pages * PAGE_BYTES, true), 0);
    assert_int_equal(bench.task->min_flt, 2 * pages);
    assert_int_equal(bench_store(&bench, va + 7 * PAGE_BYTES, 1), 0);
    assert_int_equal(mm_populate(mm, va, (pages + 1) * PAGE_BYTES, true), -ENOMEM);
    assert_int_equal(mm_mprotect(mm, va, PAGE_BYTES, VM_READ), 0);
    assert_int_equal(mm_populate(mm, va, PAGE_BYTES, true), -EFAULT);
    assert_int_equal(mm_madvise(mm, va, PAGE_BYTES, MADVISE_POPULATE_WRITE), -EINVAL);
    assert_int_equal(mm_madvise(mm, va, PAGE_BYTES, MADVISE_POPULATE_READ), 0);
    uint64_t locked = bench_map_anon(&bench, 10 * PAGE_BYTES);
    assert_int_equal(mm_mlock(mm, locked + 5, PAGE_BYTES), 0); /* reaches into two pages */
    assert_int_equal(mm->locked_vm, 2);
    assert_int_equal(mm->rss[MM_ANONPAGES], pages + 2);
    assert_int_equal(mm_madvise(mm, locked, PAGE_BYTES, MADVISE_DONTNEED), -EINVAL);
    assert_int_equal(mm_madvise(mm, locked, PAGE_BYTES, MADVISE_PAGEOUT), -EINVAL);
    assert_int_equal(mm_munlock(mm, locked, 10 * PAGE_BYTES), 0);
    assert_int_equal(mm->locked_vm, 0);
    bench_end(&bench);
}

/* ---- memory that breaks ---- */

/* A process whose table cannot be read exits: what the table maps stays until it can be, or until
 * the whole machine goes. */
static void exit_with_broken_table(void **state) {
    (void)state;
    for (int repaired = 0; repaired < 2; repaired++) {
        struct bench bench;
        struct pte_place place;
        boot_default(&bench, MODE_SV39, 32 * MIB);
        struct kernel *k = bench.k;
        uint64_t va = bench_map_anon(&bench, 8 * MIB);
        for (uint64_t i = 0; i < 2048; i += 16)
            bench_store(&bench, va + i * PAGE_BYTES, i);
        assert_int_equal(pgtable_find(bench.task->mm, va + 4 * MIB, 0, &place), 0);
        uint64_t frame = place.pa & ~(uint64_t)(PAGE_BYTES - 1);
        assert_true(physmem_add_error(bench.machine.memory, frame, frame + PAGE_BYTES));
        assert_int_equal(mm_munmap(bench.task->mm, va, 8 * MIB), -EIO);
        assert_int_equal(bench.task->mm->rss[MM_ANONPAGES], 32);
        task_reap(k, bench.task);
        assert_false(TAILQ_EMPTY(&k->unfreed));
        mm_tick(k);
        assert_int_equal(mm_stats(k)[STAT_nr_anon_pages], 32);
        if (!repaired) {
            kernel_shutdown(k);
            test_machine_free(&bench.machine);
            continue;
        }
        physmem_forget_ranges(bench.machine.memory);
        bench_check(&bench);
        mm_tick(k);
        assert_true(TAILQ_EMPTY(&k->unfreed));
        assert_int_equal(mm_stats(k)[STAT_nr_anon_pages], 0);
        bench_end(&bench);
    }
}

int main(int argc, char **argv) {
    if (argc > 1)
        seed = strtoull(argv[1], NULL, 0);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_sv39), cmocka_unit_test(random_sv32),
        cmocka_unit_test(random_huge), cmocka_unit_test(random_crowded),
        cmocka_unit_test(stacks),      cmocka_unit_test(below_the_limit),
        cmocka_unit_test(breaks),      cmocka_unit_test(huge_mappings),
        cmocka_unit_test(refusals),    cmocka_unit_test(mremap_of_nothing),
        cmocka_unit_test(populate),    cmocka_unit_test(exit_with_broken_table),
    };
    return RUN(tests);
}
