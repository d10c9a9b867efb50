/*
 * mm_check() finds what it is there to find: each invariant is broken by hand, in a kernel with two
 * processes that have a bit of everything; what it says must name the damage, and once the damage
 * is undone nothing may be wrong.
 */
#include "../unit/check.h"
#include "machine.h"
#include "ram_file.h"

#include "mm/check.h"
#include "mm/context.h"
#include "mm/fork.h"
#include "mm/layout.h"
#include "mm/mmap.h"
#include "mm/page_alloc.h"
#include "mm/page_cache.h"
#include "mm/pgtable.h"
#include "mm/slub.h"
#include "mm/swap.h"
#include "mm/vmscan.h"

#include <bsd/sys/tree.h>

#define MEMORY     (UINT64_C(24) << 20) /* from 0: two zones */
#define FILE_PAGES 20                   /* 16 of them mapped, and page LONELY cached */
#define FILE_BYTES (FILE_PAGES * UINT64_C(4096))
#define LONELY     18

#define ANON    UINT64_C(0x10000000) /* 32 pages, written by both; the last 8 swapped out */
#define READS   UINT64_C(0x11000000) /* 4 pages, only read: the zero page */
#define NONE    UINT64_C(0x12000000) /* 4 pages, written, then without rights */
#define LOCKED  UINT64_C(0x13000000) /* 4 pages */
#define HUGE    UINT64_C(0x20000000) /* 2 MiB: one huge page */
#define PRIVATE UINT64_C(0x30000000) /* the file, read */
#define SHARED  UINT64_C(0x31000000) /* the file, read and written */
#define SHMEM   UINT64_C(0x32000000) /* 16 pages */

struct edit {
    void *at;
    size_t size;
    uint8_t old[64];
};

struct world {
    struct test_machine machine;
    struct kernel *k;
    struct ram_file disk;
    struct file *file, *shmem;
    struct task_struct *parent, *child;
    /* To undo damage: */
    struct kernel kernel;
    struct page *map;
    struct edit edits[32];
    unsigned edit_count;
    struct pte_place pte[8];
    unsigned pte_count;
};

static void access_each(struct world *world, uint64_t va, unsigned pages, enum access_type access) {
    for (unsigned i = 0; i < pages; i++) {
        uint64_t value = va + i;
        assert_true(
            test_access(&world->machine, world->k, va + i * UINT64_C(4096), access, &value) >= 0);
    }
}

static void map_pages(struct world *world, uint64_t va, uint64_t pages, unsigned flags,
                      struct file *file) {
    const struct mmap_request request = {.addr = va,
                                         .length = pages * PAGE_BYTES,
                                         .rights = VM_READ | VM_WRITE,
                                         .flags = flags | MM_MAP_FIXED,
                                         .file = file};
    assert_true(mm_mmap(world->parent->mm, &request) == (int64_t)va);
}

static void populate(struct world *world) {
    struct mm_struct *mm = world->parent->mm;
    map_pages(world, ANON, 32, 0, NULL);
    map_pages(world, READS, 4, 0, NULL);
    map_pages(world, NONE, 4, 0, NULL);
    map_pages(world, LOCKED, 4, 0, NULL);
    map_pages(world, HUGE, 512, 0, NULL);
    map_pages(world, PRIVATE, 16, 0, world->file);
    map_pages(world, SHARED, 16, MM_MAP_SHARED, world->file);
    map_pages(world, SHMEM, 16, MM_MAP_SHARED, world->shmem);
    access_each(world, ANON, 32, ACCESS_WRITE);
    access_each(world, READS, 4, ACCESS_READ);
    access_each(world, NONE, 4, ACCESS_WRITE);
    assert_true(mm_mprotect(mm, NONE, 4 * PAGE_BYTES, 0) == 0);
    assert_true(mm_mlock(mm, LOCKED, 4 * PAGE_BYTES) == 0);
    assert_true(mm_madvise(mm, HUGE, 512 * PAGE_BYTES, MADVISE_HUGEPAGE) == 0);
    access_each(world, HUGE, 1, ACCESS_WRITE);
    access_each(world, PRIVATE, 16, ACCESS_READ);
    access_each(world, SHARED, 16, ACCESS_READ);
    access_each(world, SHARED, 4, ACCESS_WRITE);
    access_each(world, SHMEM, 16, ACCESS_WRITE);
    bool major;
    int error;
    struct page *page = read_cache_page(world->file->inode, LONELY, &major, &error);
    assert_non_null(page);
    put_page(world->k, page);
    assert_true(mm_madvise(mm, ANON + 24 * PAGE_BYTES, 8 * PAGE_BYTES, MADVISE_PAGEOUT) == 0);
    assert_true(mm_madvise(mm, SHMEM + 12 * PAGE_BYTES, 4 * PAGE_BYTES, MADVISE_PAGEOUT) == 0);
}

static void check_good(struct world *world) {
    char text[512];
    const char *broken = mm_check(world->k, text, sizeof text);
    if (broken)
        fail_msg("%s", broken);
}

static int setup(void **state) {
    struct world *world = calloc(1, sizeof *world);
    struct mm_config config;
    const char *why;
    test_machine_init(&world->machine, MODE_SV39, true);
    struct machine machine = test_machine_callbacks(&world->machine);
    mm_config_default(&config, MODE_SV39, MEMORY);
    config.node[0].base = 0;
    config.swap_bytes = UINT64_C(1) << 20;
    config.page_cluster = 0;
    config.slub_debug = true;
    world->k = kernel_boot(&config, &machine, &why);
    if (!world->k)
        fail_msg("%s", why);
    ram_file_init(&world->disk, FILE_BYTES, FILE_BYTES);
    world->file = file_open(world->k, &ram_file_operations, &world->disk, FILE_BYTES, true);
    world->shmem = file_open(world->k, NULL, NULL, 16 * PAGE_BYTES, true);
    world->parent = task_create(world->k);
    switch_mm(world->k, world->parent);
    populate(world);
    world->child = do_fork(world->k, world->parent);
    assert_non_null(world->child);
    switch_mm(world->k, world->child);
    access_each(world, ANON, 8, ACCESS_WRITE);
    access_each(world, SHARED, 2, ACCESS_READ);
    access_each(world, ANON + 24 * PAGE_BYTES, 1, ACCESS_READ); /* one page in the swap cache */
    switch_mm(world->k, world->parent);
    check_good(world);
    world->map = malloc(world->k->node[0].spanned_pages * sizeof *world->map);
    *state = world;
    return 0;
}

static int teardown(void **state) {
    struct world *world = *state;
    do_exit(world->k, world->child);
    do_exit(world->k, world->parent);
    check_good(world);
    task_reap(world->k, world->child);
    task_reap(world->k, world->parent);
    fput(world->file);
    fput(world->shmem);
    check_good(world);
    kernel_shutdown(world->k);
    test_machine_free(&world->machine);
    ram_file_free(&world->disk);
    free(world->map);
    free(world);
    return 0;
}

/* --- damage and its undoing: descriptors and struct kernel by copies, the rest by notes --- */

static void remember(struct world *world, void *at, size_t size) {
    struct edit *edit = &world->edits[world->edit_count++];
    assert_true(world->edit_count <= 32 && size <= sizeof edit->old);
    *edit = (struct edit){.at = at, .size = size};
    memcpy(edit->old, at, size);
}

/* Changes what is not a descriptor nor in struct kernel. */
#define EDIT(world, place, value)                                                                  \
    do {                                                                                           \
        remember(world, &(place), sizeof(place));                                                  \
        (place) = (value);                                                                         \
    } while (0)

static struct pte_place find(struct world *world, const struct task_struct *task, uint64_t va,
                             unsigned level) {
    struct pte_place place;
    (void)world;
    assert_true(pgtable_find(task->mm, va, level, &place) == 0);
    return place;
}

static void poke_pte(struct world *world, const struct pte_place *place, uint64_t pte) {
    world->pte[world->pte_count++] = *place;
    assert_true(physmem_poke(world->machine.memory, place->pa, 8, pte));
}

/* Changes bits of the parent's entry for va. */
static void change_pte(struct world *world, uint64_t va, uint64_t clear, uint64_t set) {
    struct pte_place place = find(world, world->parent, va, 0);
    poke_pte(world, &place, (place.pte & ~clear) | set);
}

static uint64_t bit(enum pte_bit which) {
    return UINT64_C(1) << which;
}

static void undo(struct world *world) {
    struct kernel *k = world->k;
    while (world->edit_count > 0) {
        const struct edit *edit = &world->edits[--world->edit_count];
        memcpy(edit->at, edit->old, edit->size);
    }
    while (world->pte_count > 0) {
        const struct pte_place *place = &world->pte[--world->pte_count];
        physmem_poke(world->machine.memory, place->pa, 8, place->pte);
    }
    memcpy(k->node[0].map, world->map, k->node[0].spanned_pages * sizeof *world->map);
    *k = world->kernel;
    struct kmem_cache *cache;
    TAILQ_FOREACH(cache, &k->caches, list) {
        cache->broken = NULL; /* a cache remembers what was found once */
    }
    physmem_forget_ranges(world->machine.memory);
}

/* --- where things are --- */

static struct page *page_at(struct world *world, const struct task_struct *task, uint64_t va) {
    struct pte_place place = find(world, task, va, 0);
    assert_true(pte_present(place.pte));
    return pfn_to_page(world->k, pte_to_pfn(place.pte));
}

static struct vm_area_struct *vma_at(struct world *world, uint64_t va) {
    return find_vma(world->parent->mm, va);
}

static struct zone *low_zone(struct world *world) {
    return &world->k->node[0].zones[ZONE_DMA];
}

static struct zone *high_zone(struct world *world) {
    return &world->k->node[0].zones[ZONE_DMA32];
}

/* A free run of an order above 0 and below the largest, of either zone. */
static struct page *free_run(struct world *world, struct zone **zone) {
    struct zone *zones[] = {low_zone(world), high_zone(world)};
    for (int z = 0; z < 2; z++) {
        for (unsigned order = 1; order < MAX_ORDER; order++) {
            *zone = zones[z];
            if (!TAILQ_EMPTY(&zones[z]->free_area[order].list))
                return TAILQ_FIRST(&zones[z]->free_area[order].list);
        }
    }
    fail_msg("no free run");
    return NULL;
}

static struct page *any_page(struct world *world, enum page_flag flag) {
    struct pglist_data *node = &world->k->node[0];
    for (uint64_t i = 0; i < node->spanned_pages; i++)
        if (page_has(&node->map[i], flag))
            return &node->map[i];
    fail_msg("no page has flag %d", (int)flag);
    return NULL;
}

/* --- physical memory --- */

static void zone_count(struct world *world) {
    low_zone(world)->free_pages++;
}
static void area_count(struct world *world) {
    low_zone(world)->free_area[3].nr_free++;
    low_zone(world)->free_pages += 8;
}
static void managed_count(struct world *world) {
    high_zone(world)->managed_pages--;
}
static void watermarks(struct world *world) {
    low_zone(world)->watermark[WMARK_MIN] = low_zone(world)->watermark[WMARK_HIGH] + 1;
}
static void zone_gap(struct world *world) {
    high_zone(world)->start_pfn++;
}
static void zone_short(struct world *world) {
    high_zone(world)->spanned_pages--;
}
static void page_zone_wrong(struct world *world) {
    world->k->node[0].map[100].zone = ZONE_DMA32;
}
static void free_order(struct world *world) {
    struct zone *zone;
    free_run(world, &zone)->order++;
}
static void free_flags(struct world *world) {
    struct zone *zone;
    page_set(free_run(world, &zone) + 1, PG_dirty);
}
static void free_refcount(struct world *world) {
    struct zone *zone;
    free_run(world, &zone)->refcount = 1;
}
static void free_mapcount(struct world *world) {
    struct zone *zone;
    (free_run(world, &zone) + 1)->mapcount = 1;
}
static void free_misaligned(struct world *world) {
    struct zone *zone;
    struct page *run = free_run(world, &zone);
    unsigned order = run->order;
    struct page_list *list = &zone->free_area[order].list;
    TAILQ_REMOVE(list, run, list);
    page_clear(run, PG_buddy);
    page_set(run + 1, PG_buddy);
    run[1].order = (uint8_t)order;
    TAILQ_INSERT_HEAD(list, run + 1, list);
}
/* Two halves on the list below instead of the whole. */
static void free_unmerged(struct world *world) {
    struct zone *zone;
    struct page *run = free_run(world, &zone);
    unsigned order = run->order;
    uint64_t half = UINT64_C(1) << (order - 1);
    struct free_area *from = &zone->free_area[order], *to = from - 1;
    TAILQ_REMOVE(&from->list, run, list);
    from->nr_free--;
    for (int i = 0; i < 2; i++) {
        struct page *page = run + (uint64_t)i * half;
        page_set(page, PG_buddy);
        page->order = (uint8_t)(order - 1);
        TAILQ_INSERT_HEAD(&to->list, page, list);
        to->nr_free++;
    }
}
static void free_lost(struct world *world) {
    struct zone *zone;
    struct page *run = free_run(world, &zone);
    struct free_area *area = &zone->free_area[run->order];
    TAILQ_REMOVE(&area->list, run, list);
    area->nr_free--;
    zone->free_pages -= UINT64_C(1) << run->order;
    page_clear(run, PG_buddy);
}
static void free_list_broken(struct world *world) {
    struct zone *zone;
    struct page *run = free_run(world, &zone);
    run->list.tqe_next = (struct page *)((char *)world->k->node[0].map + 17);
}
/* The border between the zones moves into a free run. */
static void run_over_border(struct world *world) {
    struct zone *low = low_zone(world), *high = high_zone(world);
    struct page *page = NULL;
    for (unsigned order = 1; order <= MAX_ORDER && !page; order++)
        page = TAILQ_FIRST(&low->free_area[order].list);
    assert_non_null(page);
    uint64_t moved = high->start_pfn - (page_to_pfn(world->k, page) + 1);
    low->spanned_pages -= moved;
    high->spanned_pages += moved;
    high->start_pfn -= moved;
}
static void reserved_in_use(struct world *world) {
    page_set(page_at(world, world->parent, ANON + 16 * PAGE_BYTES), PG_reserved);
}
static void wrong_free(struct world *world) {
    free_pages(world->k, world->k->node[0].map, 0); /* the kernel's own first frame */
}
static void zero_page_gone(struct world *world) {
    world->k->zero_page->refcount = 0;
}

/* --- slabs --- */

static void slab_count(struct world *world) {
    struct kmem_cache *cache = world->k->own[CACHE_VMA];
    EDIT(world, cache->nr_slabs, cache->nr_slabs + 1);
}
static void slab_objects(struct world *world) {
    any_page(world, PG_slab)->inuse++;
}
static void slab_refcount(struct world *world) {
    any_page(world, PG_slab)->refcount++;
}
static void slab_redzone(struct world *world) {
    struct vm_area_struct *vma = vma_at(world, ANON);
    remember(world, vma + 1, 1);
    *(volatile uint8_t *)(vma + 1) ^= 0xff;
}

/* --- areas --- */

static void area_empty(struct world *world) {
    struct vm_area_struct *vma = vma_at(world, ANON);
    EDIT(world, vma->end, vma->start);
}
static void area_overlap(struct world *world) {
    struct vm_area_struct *vma = vma_at(world, ANON);
    EDIT(world, vma->end, READS + PAGE_BYTES);
}
static void area_owner(struct world *world) {
    struct vm_area_struct *vma = vma_at(world, ANON);
    EDIT(world, vma->mm, world->child->mm);
}
static void area_too_high(struct world *world) {
    struct vm_area_struct *vma = vma_first(world->parent->mm), *next;
    while ((next = vma_next(vma)))
        vma = next;
    EDIT(world, vma->end, mm_layout(MODE_SV39)->task_size + PAGE_BYTES);
}
static void area_shared_without_file(struct world *world) {
    struct vm_area_struct *vma = vma_at(world, READS);
    EDIT(world, vma->flags, vma->flags | VM_SHARED);
}
static void map_count(struct world *world) {
    EDIT(world, world->parent->mm->map_count, world->parent->mm->map_count + 1);
}
static void total_vm(struct world *world) {
    EDIT(world, world->parent->mm->total_vm, world->parent->mm->total_vm - 1);
}
static void locked_vm(struct world *world) {
    EDIT(world, world->parent->mm->locked_vm, world->parent->mm->locked_vm + 1);
}
static void mmap_cache(struct world *world) {
    EDIT(world, world->parent->mm->mmap_cache, find_vma(world->child->mm, ANON));
}
static void tree_parent(struct world *world) {
    struct vm_area_struct *root = world->parent->mm->vmas.rbh_root;
    EDIT(world, root->node.rbe_left->node.rbe_parent, root->node.rbe_right);
}
static void tree_colors(struct world *world) {
    struct vm_area_struct *root = world->parent->mm->vmas.rbh_root;
    EDIT(world, root->node.rbe_left->node.rbe_color, !root->node.rbe_left->node.rbe_color);
}
static void area_gap(struct world *world) {
    struct vm_area_struct *vma = vma_at(world, HUGE);
    EDIT(world, vma->gap, vma->gap - PAGE_BYTES);
}
static void tree_gap(struct world *world) {
    struct vm_area_struct *root = world->parent->mm->vmas.rbh_root;
    EDIT(world, root->subtree_gap, root->subtree_gap + PAGE_BYTES);
}
static void family_count(struct world *world) {
    struct anon_vma *family = vma_at(world, ANON)->anon_vma;
    EDIT(world, family->vma_count, family->vma_count + 1);
}
static void family_foreign(struct world *world) {
    struct vm_area_struct *vma = find_vma(world->child->mm, ANON);
    EDIT(world, vma->anon_vma, vma_at(world, HUGE)->anon_vma);
}
static void file_closed(struct world *world) {
    EDIT(world, world->shmem->refs, 0);
}
static void file_list(struct world *world) {
    struct vm_area_struct *vma = vma_at(world, SHMEM);
    EDIT(world, vma->file, world->file);
}

/* --- page tables --- */

static void pte_outside(struct world *world) {
    struct pte_place place = find(world, world->parent, ANON + 40 * PAGE_BYTES, 0);
    assert_true(place.level == 0 && place.pte == 0);
    poke_pte(world, &place, find(world, world->parent, ANON, 0).pte);
}
static void pte_no_memory(struct world *world) {
    change_pte(world, ANON, ~UINT64_C(0x3ff), UINT64_C(0x3ffffff) << PTE_BIT_PPN);
}
static void pte_kernel_frame(struct world *world) {
    change_pte(world, ANON, ~UINT64_C(0x3ff), UINT64_C(1) << PTE_BIT_PPN);
}
static void pte_free_frame(struct world *world) {
    struct zone *zone;
    uint64_t pfn = page_to_pfn(world->k, free_run(world, &zone));
    struct page *page = pfn_to_page(world->k, pfn);
    const struct page *old = page_at(world, world->parent, ANON);
    page_set(page, PG_anon);
    page->mapping = old->mapping;
    page->index = old->index;
    change_pte(world, ANON, ~UINT64_C(0x3ff), pfn << PTE_BIT_PPN);
}
static void pte_neighbour(struct world *world) {
    uint64_t pte = find(world, world->parent, ANON + PAGE_BYTES, 0).pte;
    change_pte(world, ANON, UINT64_MAX, pte);
}
static void pte_other_family(struct world *world) {
    page_at(world, world->parent, ANON)->mapping = vma_at(world, HUGE)->anon_vma;
}
static void pte_other_file(struct world *world) {
    uint64_t pte = find(world, world->parent, SHMEM, 0).pte;
    change_pte(world, SHARED, UINT64_MAX, pte);
}
static void pte_not_user(struct world *world) {
    change_pte(world, ANON, bit(PTE_BIT_U), 0);
}
static void pte_global(struct world *world) {
    change_pte(world, ANON, 0, bit(PTE_BIT_G));
}
static void pte_executable(struct world *world) {
    change_pte(world, ANON, 0, bit(PTE_BIT_X));
}
static void pte_writable_area(struct world *world) {
    struct vm_area_struct *vma = vma_at(world, LOCKED);
    EDIT(world, vma->flags, vma->flags & ~VM_WRITE);
    change_pte(world, LOCKED, 0, bit(PTE_BIT_W));
}
static void pte_none_rights(struct world *world) {
    change_pte(world, NONE, bit(PTE_BIT_G), bit(PTE_BIT_V) | bit(PTE_BIT_R) | bit(PTE_BIT_U));
}
static void pte_prot_none(struct world *world) {
    uint64_t rights = bit(PTE_BIT_R) | bit(PTE_BIT_W) | bit(PTE_BIT_X);
    change_pte(world, ANON, bit(PTE_BIT_V) | rights, bit(PTE_BIT_G));
}
static void pte_reserved(struct world *world) {
    change_pte(world, ANON, 0, UINT64_C(1) << 58);
}
static void pte_write_only(struct world *world) {
    change_pte(world, ANON, bit(PTE_BIT_R), bit(PTE_BIT_W));
}
static void pte_special_page(struct world *world) {
    change_pte(world, ANON, 0, 1 << 8);
}
static void pte_zero_writable(struct world *world) {
    change_pte(world, READS, 0, bit(PTE_BIT_W));
}
static void pte_zero_counted(struct world *world) {
    change_pte(world, READS, 1 << 8, 0);
}
static void pte_private_file(struct world *world) {
    change_pte(world, PRIVATE, 0, bit(PTE_BIT_W));
}
static void pte_cow_broken(struct world *world) {
    change_pte(world, ANON + 16 * PAGE_BYTES, 0, bit(PTE_BIT_W));
}
static void pte_huge_cow_broken(struct world *world) {
    change_pte(world, HUGE, 0, bit(PTE_BIT_W));
}
static void pte_pointer_low(struct world *world) {
    change_pte(world, ANON, bit(PTE_BIT_R) | bit(PTE_BIT_W) | bit(PTE_BIT_X), 0);
}
static void pte_pointer_flags(struct world *world) {
    struct pte_place place = find(world, world->parent, ANON, 1);
    poke_pte(world, &place, place.pte | bit(PTE_BIT_A));
}
static void pte_misaligned(struct world *world) {
    change_pte(world, HUGE, 0, UINT64_C(1) << PTE_BIT_PPN);
}
static void pte_slot(struct world *world) {
    change_pte(world, ANON + 30 * PAGE_BYTES, UINT64_MAX, make_swap_pte(1 << 20));
}
static void pte_swap_shared(struct world *world) {
    change_pte(world, SHARED, UINT64_MAX, make_swap_pte(3));
}
static void pte_nonsense(struct world *world) {
    change_pte(world, ANON, UINT64_MAX, UINT64_C(1) << 40);
}
static void pte_lost(struct world *world) {
    change_pte(world, ANON, UINT64_MAX, 0);
}
static void kernel_half(struct world *world) {
    struct pte_place place = {world->parent->mm->pgd * PAGE_BYTES + 8 * 511, 2, 0};
    assert_true(pte_read(world->k, &place) == 0);
    poke_pte(world, &place, place.pte ^ bit(PTE_BIT_V));
}
static void kernel_user_entry(struct world *world) {
    struct pte_place place = {world->k->init_mm->pgd * PAGE_BYTES, 2, 0};
    poke_pte(world, &place, find(world, world->parent, ANON, 2).pte);
}
static void kernel_not_global(struct world *world) {
    struct pte_place place;
    assert_true(pgtable_find(world->k->init_mm, world->parent->kernel_stack, 0, &place) == 0);
    poke_pte(world, &place, place.pte & ~bit(PTE_BIT_G));
}
static void dynamic_without_area(struct world *world) {
    struct mm_struct *mm = world->k->init_mm;
    struct vm_area_struct *area = vma_first(mm), *next;
    while ((next = vma_next(area)))
        area = next;
    EDIT(world, area->end, area->end - 2 * PAGE_BYTES); /* of which one is the guard page */
    EDIT(world, mm->total_vm, mm->total_vm - 2);
}
static void kernel_stack_gone(struct world *world) {
    EDIT(world, world->parent->kernel_stack, world->parent->kernel_stack + (1 << 24));
}
static void dynamic_refcount(struct world *world) {
    struct pte_place place;
    assert_true(pgtable_find(world->k->init_mm, world->parent->kernel_stack, 0, &place) == 0);
    pfn_to_page(world->k, pte_to_pfn(place.pte))->refcount++;
}
static void table_flag(struct world *world) {
    struct pte_place place = find(world, world->parent, ANON, 0);
    page_clear(pfn_to_page(world->k, place.pa / PAGE_BYTES), PG_table);
}
static void table_twice(struct world *world) {
    struct pte_place place = find(world, world->child, ANON, 1);
    poke_pte(world, &place, find(world, world->parent, ANON, 1).pte);
}
static void rss(struct world *world) {
    EDIT(world, world->child->mm->rss[MM_ANONPAGES], 1);
}
static void rss_swap(struct world *world) {
    EDIT(world, world->child->mm->rss[MM_SWAPENTS], 1);
}
static void table_bytes(struct world *world) {
    EDIT(world, world->parent->mm->pgtables_bytes, world->parent->mm->pgtables_bytes + 4096);
}
static void deposit_lost(struct world *world) {
    struct mm_struct *mm = world->parent->mm;
    struct page *page = TAILQ_FIRST(&mm->deposited);
    assert_non_null(page);
    remember(world, &mm->deposited, sizeof mm->deposited);
    TAILQ_REMOVE(&mm->deposited, page, list);
}
static void bus_error(struct world *world) {
    uint64_t pa = find(world, world->parent, ANON, 0).pa;
    assert_true(physmem_add_error(world->machine.memory, pa, pa + 8));
}

/* --- caches and swap --- */

static struct inode *file_inode(struct world *world) {
    return world->file->inode;
}

static void cache_index(struct world *world) {
    struct cache_slot *slot = cache_find(file_inode(world), LONELY);
    slot->page->index = 6;
}
static void cache_mapping(struct world *world) {
    cache_find(file_inode(world), LONELY)->page->mapping = &world->shmem->inode->mapping;
}
static void cache_backing(struct world *world) {
    page_set(cache_find(file_inode(world), LONELY)->page, PG_swapbacked);
}
static void cache_count(struct world *world) {
    EDIT(world, file_inode(world)->mapping.nr_pages, 5);
}
static void cache_no_page(struct world *world) {
    struct cache_slot *slot = cache_find(file_inode(world), LONELY);
    EDIT(world, slot->page, (struct page *)slot);
}
static void cache_twice(struct world *world) {
    struct cache_slot *slot = cache_find(file_inode(world), LONELY);
    EDIT(world, slot->page, cache_find(file_inode(world), 4)->page);
}
static void cache_swapped_file(struct world *world) {
    struct cache_slot *slot = cache_find(file_inode(world), LONELY);
    EDIT(world, slot->page, NULL);
}
static void shmem_slot(struct world *world) {
    struct cache_slot *slot = cache_find(world->shmem->inode, 14);
    assert_true(slot && !slot->page);
    EDIT(world, slot->swap, slot->swap + (1 << 20));
}
static void swap_entry_copied(struct world *world) {
    struct pte_place place = find(world, world->parent, ANON + 28 * PAGE_BYTES, 0);
    assert_true(pte_swap(place.pte));
    change_pte(world, ANON + 29 * PAGE_BYTES, UINT64_MAX, place.pte);
}
static void swap_cache_flag(struct world *world) {
    page_clear(any_page(world, PG_swapcache), PG_swapcache);
}
static void swap_cache_slot(struct world *world) {
    any_page(world, PG_swapcache)->private ++;
}
static void swap_cache_foreign(struct world *world) {
    struct page *page = page_at(world, world->parent, ANON + 16 * PAGE_BYTES);
    page_set(page, PG_swapcache);
    page->private = any_page(world, PG_swapcache)->private;
}

/* --- descriptors, lists --- */

static void page_refcount(struct world *world) {
    page_at(world, world->parent, ANON)->refcount++;
}
static void page_mapcount(struct world *world) {
    page_at(world, world->parent, ANON)->mapcount++;
}
static void file_refcount(struct world *world) {
    cache_find(file_inode(world), 3)->page->refcount--;
}
static void huge_mapcount(struct world *world) {
    page_at(world, world->parent, HUGE)->mapcount--;
}
static void tail_head(struct world *world) {
    page_at(world, world->parent, HUGE)[7].head = page_at(world, world->parent, ANON);
}
static void page_anon(struct world *world) {
    page_clear(page_at(world, world->parent, ANON), PG_swapbacked);
}
static void lru_flag(struct world *world) {
    page_clear(page_at(world, world->parent, ANON), PG_lru);
}
static void lru_missing(struct world *world) {
    struct page *page = page_at(world, world->parent, ANON);
    lru_list_del(world->k, page);
}
static void lru_wrong_list(struct world *world) {
    struct page *page = page_at(world, world->parent, ANON);
    if (page_has(page, PG_active))
        page_clear(page, PG_active);
    else
        page_set(page, PG_active);
}
static void lru_size(struct world *world) {
    world->k->node[0].lruvec.size[LRU_INACTIVE_FILE]++;
}
static void lru_free_page(struct world *world) {
    struct page *page = any_page(world, PG_table);
    page_set(page, PG_lru);
    TAILQ_INSERT_TAIL(&world->k->node[0].lruvec.lists[page_lru(page)], page, list);
}
static void lru_broken(struct world *world) {
    page_at(world, world->parent, ANON)->list.tqe_next = (struct page *)world;
}
static void rmap_lost(struct world *world) {
    struct vm_area_struct *vma = find_vma(world->child->mm, SHARED);
    EDIT(world, vma->flags, vma->flags); /* the same; the offset below is what matters */
    EDIT(world, vma_at(world, SHARED)->pgoff, vma_at(world, SHARED)->pgoff + 1);
}

/* --- processes --- */

static void mm_users(struct world *world) {
    EDIT(world, world->child->mm->users, 2);
}
static void same_asid(struct world *world) {
    EDIT(world, world->child->mm->context, world->parent->mm->context);
}
static void pid_future(struct world *world) {
    EDIT(world, world->child->pid, 99);
}
static void pid_twice(struct world *world) {
    EDIT(world, world->child->pid, world->parent->pid);
}
static void current_gone(struct world *world) {
    world->k->current = (struct task_struct *)world;
}

/* --- all of it --- */

static const struct plant {
    const char *name;
    void (*place)(struct world *world);
    const char *found; /* part of what mm_check() says */
} plants[] = {
#define PLANT(place, found)                                                                        \
    { #place, place, found }
    PLANT(zone_count, "frames on its free lists, counted"),
    PLANT(area_count, "runs on the free list, counted"),
    PLANT(managed_count, "are not reserved, managed are"),
    PLANT(watermarks, "watermarks do not rise"),
    PLANT(zone_gap, "starts at frame"),
    PLANT(zone_short, "its zones end at frame"),
    PLANT(page_zone_wrong, "its descriptor does not say so"),
    PLANT(free_order, "on the free list of order"),
    PLANT(free_flags, "free with flags"),
    PLANT(free_refcount, "free with flags"),
    PLANT(free_mapcount, "free with flags"),
    PLANT(free_misaligned, "is not aligned"),
    PLANT(free_unmerged, "not merged"),
    PLANT(free_lost, "free, but on no free list"),
    PLANT(free_list_broken, "leads out of the memory map"),
    PLANT(run_over_border, "reaches out of zone"),
    PLANT(reserved_in_use, "reserved"),
    PLANT(wrong_free, "was freed that is not allocated"),
    PLANT(zero_page_gone, "zero page"),
    PLANT(slab_count, "slabs or objects are not as many"),
    PLANT(slab_objects, "cache "),
    PLANT(slab_refcount, "a slab of"),
    PLANT(slab_redzone, "cache vm_area_struct"),
    PLANT(area_empty, "is empty or not of whole pages"),
    PLANT(area_overlap, "overlaps"),
    PLANT(area_owner, "belongs to another address space"),
    PLANT(area_too_high, "is beyond user space"),
    PLANT(area_shared_without_file, "is shared, but maps no file"),
    PLANT(map_count, "areas, counted"),
    PLANT(total_vm, "total_vm is"),
    PLANT(locked_vm, "locked_vm is"),
    PLANT(mmap_cache, "the area found last is not in the tree"),
    PLANT(tree_parent, "the tree of areas is broken"),
    PLANT(tree_colors, "tree"),
    PLANT(area_gap, ", noted"),
    PLANT(tree_gap, "the largest gap"),
    PLANT(family_count, "members, counted"),
    PLANT(family_foreign, "a family not its own"),
    PLANT(file_closed, "maps a file that was closed"),
    PLANT(file_list, "on the list of a file that it does not map"),
    PLANT(pte_outside, "outside of every area"),
    PLANT(pte_no_memory, "maps what is not memory"),
    PLANT(pte_kernel_frame, "maps a frame that is not users'"),
    PLANT(pte_free_frame, "free"),
    PLANT(pte_neighbour, "with the wrong index"),
    PLANT(pte_other_family, "of another family"),
    PLANT(pte_other_file, "is not of the file of its area"),
    PLANT(pte_not_user, "a user page without U"),
    PLANT(pte_global, "a user page that is global"),
    PLANT(pte_executable, "executable, but its area is not"),
    PLANT(pte_writable_area, "writable, but its area is not"),
    PLANT(pte_none_rights, "valid in an area without rights"),
    PLANT(pte_prot_none, "PROT_NONE in an area that has rights"),
    PLANT(pte_reserved, "eserved"),
    PLANT(pte_write_only, "pid 1: va 0x10000000: PTE"),
    PLANT(pte_special_page, "special, but not the zero page"),
    PLANT(pte_zero_writable, "special, but not the zero page, or writable"),
    PLANT(pte_zero_counted, "maps a frame that is not users'"),
    PLANT(pte_private_file, "a private mapping may write to the file's page"),
    PLANT(pte_cow_broken, "but not its alone"),
    PLANT(pte_huge_cow_broken, "but not its alone"),
    PLANT(pte_pointer_low, "a pointer that hardware refuses"),
    PLANT(pte_pointer_flags, "a pointer that hardware refuses"),
    PLANT(pte_misaligned, "isaligned"),
    PLANT(pte_slot, "a swap entry of no slot"),
    PLANT(pte_swap_shared, "a swap entry in a shared area"),
    PLANT(pte_nonsense, "neither a leaf, a pointer, nor a swap entry"),
    PLANT(pte_lost, "anonymous entries in its tables, counted"),
    PLANT(kernel_half, "the kernel half of its root differs"),
    PLANT(kernel_user_entry, "the kernel's own root has user entry"),
    PLANT(kernel_not_global, "a kernel page that is not global"),
    PLANT(dynamic_without_area, "outside of every area"),
    PLANT(kernel_stack_gone, "its kernel stack is not mapped"),
    PLANT(dynamic_refcount, "dynamic memory with flags"),
    PLANT(table_flag, "a page table with flags"),
    PLANT(table_twice, "used by a page table and by a page table"),
    PLANT(rss, "anonymous entries in its tables, counted"),
    PLANT(rss_swap, "swap entries in its tables, counted"),
    PLANT(table_bytes, "tables, counted"),
    PLANT(deposit_lost, "tables deposited for"),
    PLANT(cache_index, "but not marked as such"),
    PLANT(cache_mapping, "not"),
    PLANT(cache_backing, "marked as swap-backed"),
    PLANT(cache_count, "cached pages, counted"),
    PLANT(cache_no_page, "the cache holds no descriptor"),
    PLANT(cache_twice, "but not marked as such"),
    PLANT(cache_swapped_file, "which only shared memory is"),
    PLANT(shmem_slot, "does not exist"),
    PLANT(swap_entry_copied, "entries name it, counted"),
    PLANT(swap_cache_flag, "which is not marked so"),
    PLANT(swap_cache_slot, "marked as cached for swap slot"),
    PLANT(swap_cache_foreign, "marked as cached for swap slot"),
    PLANT(page_refcount, "references that nobody holds"),
    PLANT(page_mapcount, "not as many PTEs map it"),
    PLANT(file_refcount, "references that nobody holds"),
    PLANT(huge_mapcount, "not as many huge leaves map it"),
    PLANT(tail_head, "the tail of no compound page"),
    PLANT(page_anon, "neither anonymous"),
    PLANT(lru_flag, "on an LRU list where it does not belong"),
    PLANT(lru_missing, "on none"),
    PLANT(lru_wrong_list, "on an LRU list where it does not belong"),
    PLANT(lru_size, "frames, counted"),
    PLANT(lru_free_page, "not a page of users"),
    PLANT(lru_broken, "leads out of the memory map"),
    PLANT(rmap_lost, "wrong index"),
    PLANT(mm_users, "tasks share its memory"),
    PLANT(same_asid, "have the same ASID"),
    PLANT(pid_future, "has not been given yet"),
    PLANT(pid_twice, "pid 1 twice"),
    PLANT(current_gone, "the current process is not alive"),
    PLANT(bus_error, "bus error"),
};

static bool finds(struct world *world, const char *name, const char *found) {
    char text[512] = "";
    const char *broken = mm_check(world->k, text, sizeof text);
    if (broken && strstr(broken, found))
        return true;
    print_error("%s: mm_check() says \"%s\", not \"...%s...\"\n", name,
                broken ? broken : "all is well", found);
    return false;
}

static void must_find(struct world *world, const char *name, const char *found) {
    assert_true(finds(world, name, found));
}

static void planted(void **state) {
    struct world *world = *state;
    struct kernel *k = world->k;
    bool all = true;
    for (size_t i = 0; i < sizeof plants / sizeof *plants; i++) {
        memcpy(world->map, k->node[0].map, k->node[0].spanned_pages * sizeof *world->map);
        world->kernel = *k;
        plants[i].place(world);
        all = finds(world, plants[i].name, plants[i].found) && all;
        undo(world);
        check_good(world);
    }
    assert_true(all);
}

/* Every level that is counted. */
static void counters(void **state) {
    struct world *world = *state;
    for (int i = STAT_nr_free_pages; i <= STAT_nr_swapcached; i++) {
        if (i == STAT_nr_unevictable || i == STAT_nr_free_pages ||
            (i >= STAT_nr_inactive_anon && i <= STAT_nr_active_file))
            continue; /* these are taken from the zones and lists whenever they are asked for */
        world->k->stat[i]++;
        must_find(world, mm_stat_name((enum mm_stat)i), mm_stat_name((enum mm_stat)i));
        world->k->stat[i]--;
        check_good(world);
    }
}

/* What is taken by the allocators' own functions and belongs to nobody. */
static void leaks(void **state) {
    struct world *world = *state;
    struct page *page = alloc_pages(world->k, GFP_KERNEL, 0);
    must_find(world, "a page", "nobody has it: a leak");
    put_page(world->k, page);
    page = alloc_pages(world->k, GFP_KERNEL | GFP_COMP, 3);
    must_find(world, "a compound page", "nobody has it: a leak");
    put_page(world->k, page);
    struct kmem_cache *cache = world->k->own[CACHE_ANON_VMA];
    void *object = kmem_cache_alloc(world->k, cache, GFP_KERNEL);
    must_find(world, "an object", "objects in use");
    kmem_cache_free(world->k, cache, object);
    uint64_t va = vmalloc(world->k, 3 * PAGE_BYTES);
    assert_true(va != 0);
    check_good(world); /* dynamic memory has an area of the kernel's own */
    vfree(world->k, va);
    page = page_at(world, world->parent, SHARED);
    get_page(page);
    must_find(world, "a reference", "references that nobody holds");
    put_page(world->k, page);
    uint64_t slot = pte_swap_slot(find(world, world->parent, ANON + 28 * PAGE_BYTES, 0).pte);
    swap_duplicate(world->k, slot);
    must_find(world, "a swap entry", "entries name it, counted");
    swap_release(world->k, slot);
    check_good(world);
}

/* A text that is too long for the caller's buffer is cut. */
static void short_buffer(void **state) {
    struct world *world = *state;
    char text[8];
    world->k->zero_page->refcount -= 100;
    assert_ptr_equal(mm_check(world->k, text, sizeof text), text);
    assert_true(strlen(text) == sizeof text - 1);
    world->k->zero_page->refcount += 100;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(planted),
        cmocka_unit_test(counters),
        cmocka_unit_test(leaks),
        cmocka_unit_test(short_buffer),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
