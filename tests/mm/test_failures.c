/*
 * Failures everywhere: a life of processes in a small memory (fork, copy-on-write, file maps, swap,
 * huge pages, munmap, exec, sendfile …) is run once to count how often each fail point is asked,
 * then again and again with one of these calls failing. Processes may die of it, calls may return
 * errors; but every structure must be whole after every step, every process that lives must find
 * its own data, and at the end every frame must be free again.
 *
 *   test_failures          a sample of the calls
 *   test_failures all      every call in turn
 */
#include "../unit/check.h"
#include "machine.h"
#include "ram_file.h"

#include "mm/check.h"
#include "mm/context.h"
#include "mm/fork.h"
#include "mm/huge_memory.h"
#include "mm/mmap.h"
#include "mm/page_fault.h"
#include "mm/pgtable.h"
#include "mm/slub.h"
#include "mm/swap.h"
#include "mm/syscall.h"
#include "mm/vmscan.h"

#include <signal.h>
#include <stdio.h>

#define MEMORY      (UINT64_C(8) << 20)
#define SWAP        (UINT64_C(12) << 20)
#define FILE_PAGES  48u
#define FILE_BYTES  (FILE_PAGES * PAGE_BYTES)
#define SAMPLE_RUNS 60 /* for each fail point, unless all are asked for */

static bool every_call;

/* --- a world: one kernel, a few processes, and what each must see --- */

enum region { ANON, HUGE, PRIVATE, SHARED, SHMEM, HOG, REGIONS };

/* Where a region lies, in pages, and which of its pages are used: one in `stride`. */
static const struct {
    uint64_t va;
    unsigned pages, stride;
} layout[REGIONS] = {
    [ANON] = {0x10000000, 96, 1},    [HUGE] = {0x20000000, 1024, 64},
    [PRIVATE] = {0x30000000, 48, 1}, [SHARED] = {0x38000000, 48, 1},
    [SHMEM] = {0x3a000000, 24, 1},   [HOG] = {0x3c000000, 1400, 1},
};
#define MOST_PAGES 1400

enum { NOBODY, PARENT, CHILD, GRANDCHILD, OTHER, PROCESSES };

struct process {
    struct task_struct *task;
    bool mapped[REGIONS];
    bool written[REGIONS][MOST_PAGES]; /* private regions: value[] is what it must find */
    uint64_t value[REGIONS][MOST_PAGES];
};

struct world {
    struct test_machine machine;
    struct kernel *k;
    struct ram_file disk;
    struct file *file, *shmem;
    struct ram_socket card;
    uint64_t file_value[FILE_PAGES]; /* first word of each page of the file */
    uint64_t shmem_value[64];
    struct process process[PROCESSES];
    uint64_t stamp;  /* every write has another value */
    bool failures;   /* something may fail: else nothing does */
    bool bus_errors; /* data may be out of reach: the machine tells no signal for that */
    uint64_t boot[MM_STATS];
    const char *step;
};

static void check_world(const struct world *world) {
    char text[512];
    const char *broken = mm_check(world->k, text, sizeof text);
    if (broken)
        fail_msg("after %s: %s", world->step, broken);
}

/* What differs between worlds; `variety` counts through it. */
static void choose(struct mm_config *config, unsigned variety) {
    static const enum thp_policy thp[] = {THP_MADVISE, THP_ALWAYS, THP_NEVER};
    config->thp = thp[variety % 3];
    config->policy = (enum reclaim_policy)(variety / 3 % RECLAIM_POLICIES);
    config->adue = variety / 9 % 2 == 0;
    config->asid_bits = variety / 2 % 2 ? 1 : config->asid_bits;
    config->user_fences = variety % 2 == 0;
    config->page_cluster = variety % 4;
    config->pt_reclaim = variety % 5 != 0;
    if (variety % 7 == 3) { /* half of the memory on a second node; in Sv32 it is HighMem */
        config->nodes = 2;
        config->node[0].bytes = config->node[1].bytes = MEMORY / 2;
        config->node[1].base = config->node[0].base + (UINT64_C(1) << 30);
    }
}

static void world_init_as(struct world *world, enum paging_mode mode, uint64_t swap,
                          unsigned variety) {
    struct mm_config config;
    const char *why;
    memset(world, 0, sizeof *world);
    mm_config_default(&config, mode, MEMORY);
    choose(&config, variety);
    test_machine_init(&world->machine, mode, config.adue);
    struct machine machine = test_machine_callbacks(&world->machine);
    config.kernel_bytes = 64 << 10;
    config.swap_bytes = swap;
    config.slub_debug = true;
    world->k = kernel_boot(&config, &machine, &why);
    if (!world->k)
        fail_msg("%s", why);
    ram_file_init(&world->disk, FILE_BYTES, 2 * FILE_BYTES);
    for (unsigned i = 0; i < FILE_PAGES; i++)
        memcpy(&world->file_value[i], world->disk.bytes + i * PAGE_BYTES, 8);
    world->card = (struct ram_socket){malloc(FILE_BYTES), 0, FILE_BYTES};
    /* The first task makes kernel tables that stay. */
    struct task_struct *task = task_create(world->k);
    assert_non_null(task);
    do_exit(world->k, task);
    task_reap(world->k, task);
    world->file = file_open(world->k, &ram_file_operations, &world->disk, FILE_BYTES, true);
    world->shmem = file_open(world->k, NULL, NULL, 64 * PAGE_BYTES, true);
    assert_true(world->file && world->shmem);
    world->step = "boot";
    check_world(world);
    memcpy(world->boot, mm_stats(world->k), sizeof world->boot);
}

static void world_init(struct world *world, enum paging_mode mode, uint64_t swap) {
    world_init_as(world, mode, swap, 0);
}

static void shrink_slabs(struct kernel *k) {
    struct kmem_cache *cache;
    TAILQ_FOREACH(cache, &k->caches, list) {
        kmem_cache_shrink(k, cache);
    }
}

/* Everybody exits, files are closed, and all is as it was after the boot. */
static void world_free(struct world *world) {
    struct kernel *k = world->k;
    memset(k->fail, 0, sizeof k->fail);
    world->step = "the end";
    for (int i = 0; i < PROCESSES; i++) {
        struct task_struct *task = world->process[i].task;
        if (!task)
            continue;
        if (task->mm)
            do_exit(k, task);
        task_reap(k, task);
        check_world(world);
    }
    assert_true(filemap_write_and_wait(world->file->inode) == 0);
    for (unsigned i = 0; i < FILE_PAGES; i++)
        assert_memory_equal(world->disk.bytes + i * PAGE_BYTES, &world->file_value[i], 8);
    fput(world->file);
    fput(world->shmem);
    shrink_slabs(k);
    check_world(world);
    const uint64_t *stat = mm_stats(k);
    assert_true(stat[STAT_nr_file_pages] == 0);
    assert_true(stat[STAT_nr_anon_pages] == 0);
    assert_true(stat[STAT_nr_free_pages] + stat[STAT_nr_slab] ==
                world->boot[STAT_nr_free_pages] + world->boot[STAT_nr_slab]);
    assert_true(stat[STAT_nr_page_table_pages] == world->boot[STAT_nr_page_table_pages]);
    if (k->swap)
        assert_true(swap_free(k) == swap_total(k));
    assert_true(k->own[CACHE_VMA]->nr_objects == 0);
    assert_true(k->own[CACHE_ANON_VMA]->nr_objects == 0);
    assert_true(k->own[CACHE_FILE]->nr_objects == 0);
    assert_true(k->own[CACHE_PAGE_SLOT]->nr_objects == 0);
    assert_true(k->own[CACHE_TASK]->nr_objects == 0);
    kernel_shutdown(k);
    test_machine_free(&world->machine);
    ram_file_free(&world->disk);
    free(world->card.bytes);
}

/* --- processes --- */

static bool alive(const struct world *world, int who) {
    const struct task_struct *task = world->process[who].task;
    return task && task->mm && task->signal == 0;
}

/* Makes it the current process; false: it is dead. */
static bool run_as(struct world *world, int who) {
    mm_tick(world->k);
    if (!alive(world, who)) {
        assert_true(world->failures || !world->process[who].task);
        return false;
    }
    if (world->k->current != world->process[who].task)
        switch_mm(world->k, world->process[who].task);
    return true;
}

/* Whether a call that returns -errno went well; only where failures are expected may it not. */
static bool well(const struct world *world, int64_t result) {
    if (result < 0 && !world->failures)
        fail_msg("%s: error %d without a failure", world->step, (int)-result);
    return result >= 0;
}

static uint64_t va_of(enum region region, unsigned page) {
    return layout[region].va + (uint64_t)page * PAGE_BYTES;
}

/* What the process must find. */
static uint64_t expected(const struct world *world, int who, enum region region, unsigned page) {
    const struct process *process = &world->process[who];
    if (region == SHARED)
        return world->file_value[page];
    if (region == SHMEM)
        return world->shmem_value[page];
    if (process->written[region][page])
        return process->value[region][page];
    return region == PRIVATE ? world->file_value[page] : 0;
}

static bool access_one(struct world *world, int who, uint64_t va, enum access_type access,
                       uint64_t *value) {
    if (!run_as(world, who))
        return false;
    if (test_access(&world->machine, world->k, va, access, value) >= 0)
        return true;
    if (!world->failures)
        fail_msg("%s: access to %#llx failed", world->step, (unsigned long long)va);
    assert_true(world->bus_errors || !alive(world, who)); /* it was told why */
    return false;
}

static void write_page_of(struct world *world, int who, enum region region, unsigned page) {
    struct process *process = &world->process[who];
    uint64_t value = ++world->stamp << 8 | (uint64_t)who;
    if (!process->mapped[region] ||
        !access_one(world, who, va_of(region, page), ACCESS_WRITE, &value))
        return;
    if (region == SHARED) {
        world->file_value[page] = value;
    } else if (region == SHMEM) {
        world->shmem_value[page] = value;
    } else {
        process->written[region][page] = true;
        process->value[region][page] = value;
    }
}

static void read_page_of(struct world *world, int who, enum region region, unsigned page) {
    uint64_t value;
    if (!world->process[who].mapped[region] ||
        !access_one(world, who, va_of(region, page), ACCESS_READ, &value))
        return;
    if (value != expected(world, who, region, page))
        fail_msg("%s: process %d finds %#llx in page %u of region %d, not %#llx", world->step, who,
                 (unsigned long long)value, page, (int)region,
                 (unsigned long long)expected(world, who, region, page));
}

/* Every `each`-th of the region's used pages, from `first` on. */
static void write_region(struct world *world, int who, enum region region, unsigned first,
                         unsigned each) {
    unsigned stride = layout[region].stride;
    for (unsigned page = first * stride; page < layout[region].pages; page += each * stride)
        write_page_of(world, who, region, page);
}

static void read_region(struct world *world, int who, enum region region) {
    for (unsigned page = 0; page < layout[region].pages; page += layout[region].stride)
        read_page_of(world, who, region, page);
}

static void read_all(struct world *world) {
    for (int who = PARENT; who < PROCESSES; who++)
        for (int region = 0; region < REGIONS; region++)
            read_region(world, who, (enum region)region);
}

static void map_region(struct world *world, int who, enum region region) {
    if (!run_as(world, who))
        return;
    struct mmap_request request = {.addr = layout[region].va,
                                   .length = (uint64_t)layout[region].pages * PAGE_BYTES,
                                   .rights = VM_READ | VM_WRITE,
                                   .flags = MM_MAP_FIXED};
    if (region == PRIVATE || region == SHARED)
        request.file = world->file;
    if (region == SHMEM)
        request.file = world->shmem;
    if (region == SHARED || region == SHMEM)
        request.flags |= MM_MAP_SHARED;
    struct process *process = &world->process[who];
    process->mapped[region] = well(world, mm_mmap(process->task->mm, &request));
    memset(process->written[region], 0, sizeof process->written[region]);
}

/* After a bus error a call that takes pages away may have taken some: nothing is known of them. */
static void lose_region(struct world *world, int who, enum region region) {
    if (world->bus_errors)
        world->process[who].mapped[region] = false;
}

static void unmap_region(struct world *world, int who, enum region region) {
    if (!run_as(world, who) || !world->process[who].mapped[region])
        return;
    if (well(world, mm_munmap(world->process[who].task->mm, layout[region].va,
                              (uint64_t)layout[region].pages * PAGE_BYTES)))
        world->process[who].mapped[region] = false;
    else
        lose_region(world, who, region);
}

/* Some pages are given back: they are zero from now on. */
static void drop_pages(struct world *world, int who, enum region region, unsigned page,
                       unsigned pages) {
    struct process *process = &world->process[who];
    if (!run_as(world, who) || !process->mapped[region])
        return;
    if (well(world, mm_madvise(process->task->mm, va_of(region, page), (uint64_t)pages * PAGE_BYTES,
                               MADVISE_DONTNEED)))
        memset(&process->written[region][page], 0, pages);
    else
        lose_region(world, who, region);
}

static void fork_from(struct world *world, int from, int to) {
    if (!run_as(world, from))
        return;
    struct task_struct *child = do_fork(world->k, world->process[from].task);
    assert_true(child || world->failures);
    world->process[to] = world->process[from];
    world->process[to].task = child;
}

static void leave(struct world *world, int who) {
    struct task_struct *task = world->process[who].task;
    if (!task)
        return;
    if (task->mm)
        do_exit(world->k, task);
    task_reap(world->k, task);
    world->process[who].task = NULL;
}

/* --- the steps of the life --- */

static void create(struct world *world) {
    world->process[PARENT].task = task_create(world->k);
    assert_true(world->process[PARENT].task || world->failures);
}

/* One explicit huge page, shared for a while with a child that reads it. */
static void explicit_huge_page(struct world *world) {
    if (world->k->config.nodes > 1 || !run_as(world, PARENT))
        return; /* half the memory may have no such run */
    bool sv32 = world->k->config.mode == MODE_SV32;
    const struct mmap_request request = {.addr = 0x50000000,
                                         .length = sv32 ? 4 << 20 : 2 << 20,
                                         .rights = VM_READ | VM_WRITE,
                                         .flags = MM_MAP_FIXED | MM_MAP_HUGETLB,
                                         .huge_shift = sv32 ? 22 : 21};
    struct task_struct *task = world->process[PARENT].task;
    uint64_t value = 77, seen = 77;
    if (!well(world, mm_mmap(task->mm, &request)))
        return;
    bool written = access_one(world, PARENT, request.addr + 0x100008, ACCESS_WRITE, &value);
    if (written) {
        fork_from(world, PARENT, CHILD);
        access_one(world, CHILD, request.addr + 0x100008, ACCESS_READ, &seen);
        assert_true(seen == value);
        leave(world, CHILD);
    }
    if (run_as(world, PARENT))
        well(world, mm_munmap(task->mm, request.addr, request.length));
}

static void exec(struct world *world) {
    if (!run_as(world, PARENT))
        return;
    const struct exec_image image = {.file = world->file,
                                     .code = 0x400000,
                                     .code_bytes = 3 * PAGE_BYTES,
                                     .data = 0x410000,
                                     .data_bytes = 2 * PAGE_BYTES,
                                     .data_offset = 4 * PAGE_BYTES,
                                     .bss_bytes = 5000,
                                     .stack_bytes = 8192};
    struct task_struct *task = world->process[PARENT].task;
    uint64_t value = 5;
    if (!well(world, mm_exec(world->k, task, &image)))
        return;
    access_one(world, PARENT, 0x400000, ACCESS_EXECUTE, &value);
    access_one(world, PARENT, 0x411ff8, ACCESS_WRITE, &value);
    access_one(world, PARENT, 0x412ff8, ACCESS_WRITE, &value);
    if (run_as(world, PARENT)) /* the stack grows */
        access_one(world, PARENT, task->mm->start_stack - 30 * PAGE_BYTES, ACCESS_WRITE, &value);
    if (run_as(world, PARENT)) {
        uint64_t brk = mm_brk(task->mm, 0);
        if (mm_brk(task->mm, brk + 40000) > brk)
            access_one(world, PARENT, (brk + 20000) & ~UINT64_C(7), ACCESS_WRITE, &value);
    }
}

static void map_all(struct world *world) {
    for (int region = 0; region < HOG; region++)
        map_region(world, PARENT, (enum region)region);
}

static void touch_anonymous(struct world *world) {
    write_region(world, PARENT, ANON, 0, 2);
    read_region(world, PARENT, ANON); /* zero pages between */
    write_region(world, PARENT, ANON, 1, 4);
    write_region(world, PARENT, SHMEM, 0, 2);
    read_region(world, PARENT, SHMEM);
}

static void touch_files(struct world *world) {
    read_region(world, PARENT, PRIVATE);
    write_region(world, PARENT, PRIVATE, 0, 3);
    read_region(world, PARENT, SHARED);
    write_region(world, PARENT, SHARED, 1, 3);
    read_region(world, PARENT, PRIVATE);
}

static void touch_huge(struct world *world) {
    if (!run_as(world, PARENT) || !world->process[PARENT].mapped[HUGE])
        return;
    well(world, mm_madvise(world->process[PARENT].task->mm, layout[HUGE].va,
                           layout[HUGE].pages * PAGE_BYTES, MADVISE_HUGEPAGE));
    write_region(world, PARENT, HUGE, 0, 1);
    read_region(world, PARENT, HUGE);
}

static void fork_child(struct world *world) {
    fork_from(world, PARENT, CHILD);
}

static void copy_on_write(struct world *world) {
    for (int region = 0; region < HOG; region++) {
        write_region(world, CHILD, (enum region)region, 0, 3);
        write_region(world, PARENT, (enum region)region, 1, 3);
    }
}

/* More than memory holds: swap, write-back, drops. */
static void pressure(struct world *world) {
    world->process[OTHER].task = task_create(world->k);
    assert_true(world->process[OTHER].task || world->failures);
    map_region(world, OTHER, HOG);
    write_region(world, OTHER, HOG, 0, 1);
}

static void fork_with_swap(struct world *world) {
    fork_from(world, CHILD, GRANDCHILD);
    write_region(world, GRANDCHILD, ANON, 0, 5);
    write_region(world, GRANDCHILD, PRIVATE, 0, 5);
}

static void child_leaves(struct world *world) {
    leave(world, CHILD);
}

static void hog_leaves(struct world *world) {
    unmap_region(world, OTHER, HOG);
    leave(world, OTHER);
}

/* A region moves away and comes back: what is mapped keeps its contents. */
static void move_region(struct world *world) {
    struct process *parent = &world->process[PARENT];
    if (!run_as(world, PARENT) || !parent->mapped[ANON])
        return;
    uint64_t bytes = layout[ANON].pages * PAGE_BYTES, away = layout[ANON].va + (8 << 20);
    if (!well(world, mm_mremap(parent->task->mm, layout[ANON].va, bytes, bytes, true, true, away)))
        return;
    uint64_t value = 0;
    access_one(world, PARENT, away, ACCESS_READ, &value);
    for (int tries = 0; run_as(world, PARENT) && tries < 2; tries++)
        if (well(world,
                 mm_mremap(parent->task->mm, away, bytes, bytes, true, true, layout[ANON].va)))
            return;
}

static void change_rights(struct world *world) {
    struct process *parent = &world->process[PARENT];
    static const unsigned rights[] = {VM_READ, 0, VM_READ | VM_WRITE};
    for (int i = 0; i < 3; i++) {
        if (!run_as(world, PARENT) || !parent->mapped[ANON] || !parent->mapped[HUGE])
            return;
        uint64_t middle = layout[ANON].va + 20 * PAGE_BYTES;
        /* The last one must work, or accesses end with a signal: tried twice. */
        if (!well(world, mm_mprotect(parent->task->mm, middle, 10 * PAGE_BYTES, rights[i])) &&
            i == 2)
            well(world, mm_mprotect(parent->task->mm, middle, 10 * PAGE_BYTES, rights[i]));
        if (!well(world, mm_mprotect(parent->task->mm, layout[HUGE].va + 64 * PAGE_BYTES,
                                     64 * PAGE_BYTES, rights[i])) &&
            i == 2)
            well(world, mm_mprotect(parent->task->mm, layout[HUGE].va + 64 * PAGE_BYTES,
                                    64 * PAGE_BYTES, rights[i]));
    }
}

static void give_back(struct world *world) {
    drop_pages(world, PARENT, ANON, 40, 16);
    drop_pages(world, PARENT, HUGE, 128, 64);
}

static void lock_and_collapse(struct world *world) {
    struct process *parent = &world->process[PARENT];
    if (!run_as(world, PARENT) || !parent->mapped[ANON] || !parent->mapped[HUGE])
        return;
    struct mm_struct *mm = parent->task->mm;
    well(world, mm_mlock(mm, va_of(ANON, 0), 8 * PAGE_BYTES));
    mm_madvise(mm, layout[HUGE].va, layout[HUGE].pages * PAGE_BYTES, MADVISE_COLLAPSE);
    mm_madvise(mm, va_of(ANON, 60), 20 * PAGE_BYTES, MADVISE_PAGEOUT);
    well(world, mm_munlock(mm, va_of(ANON, 0), 8 * PAGE_BYTES));
}

static void io(struct world *world) {
    struct kernel *k = world->k;
    struct socket socket = {&world->card, ram_socket_sent};
    uint64_t buffer = va_of(ANON, 80) + 100, value = 0;
    world->card.size = 0;
    if (!run_as(world, PARENT) || !world->process[PARENT].mapped[ANON])
        return;
    world->file->position = 5 * PAGE_BYTES;
    if (sys_read(k, world->file, buffer, 6000) == 6000 && copy_from_user(k, &value, buffer, 8) == 0)
        assert_true(value == world->file_value[5]);
    world->file->position = 0;
    sys_sendfile(k, &socket, world->file, 30000);
    sys_send(k, &socket, buffer, 9000);
    world->file->position = 9 * PAGE_BYTES;
    value = ++world->stamp;
    if (run_as(world, PARENT) && copy_to_user(k, buffer, &value, 8) == 0 &&
        sys_write(k, world->file, buffer, 8) == 8)
        world->file_value[9] = value;
    /* read() went over the first words of these. */
    world->process[PARENT].mapped[ANON] = false;
    if (run_as(world, PARENT) &&
        well(world, mm_madvise(world->process[PARENT].task->mm, va_of(ANON, 81), 2 * PAGE_BYTES,
                               MADVISE_DONTNEED))) {
        world->process[PARENT].mapped[ANON] = true;
        memset(&world->process[PARENT].written[ANON][81], 0, 2);
    }
}

static void unmap_parts(struct world *world) {
    struct process *parent = &world->process[PARENT];
    if (!run_as(world, PARENT) || !parent->mapped[HUGE])
        return;
    /* Holes, then all. */
    if (!well(world, mm_munmap(parent->task->mm, va_of(HUGE, 100), 7 * PAGE_BYTES)) ||
        !well(world, mm_munmap(parent->task->mm, va_of(HUGE, 600), 300 * PAGE_BYTES)))
        lose_region(world, PARENT, HUGE);
    unmap_region(world, PARENT, HUGE);
    unmap_region(world, GRANDCHILD, PRIVATE);
}

static void write_back(struct world *world) {
    filemap_write_and_wait(world->file->inode);
}

static const struct step {
    const char *name;
    void (*take)(struct world *world);
} life[] = {
    {"task_create", create},
    {"an explicit huge page", explicit_huge_page},
    {"exec", exec},
    {"mmap", map_all},
    {"anonymous pages", touch_anonymous},
    {"file pages", touch_files},
    {"huge pages", touch_huge},
    {"fork", fork_child},
    {"copy-on-write", copy_on_write},
    {"reading after copy-on-write", read_all},
    {"memory pressure", pressure},
    {"fork with swapped pages", fork_with_swap},
    {"reading from swap", read_all},
    {"exit of the child", child_leaves},
    {"exit of the hog", hog_leaves},
    {"mremap", move_region},
    {"mprotect", change_rights},
    {"madvise(DONTNEED)", give_back},
    {"reading after it", read_all},
    {"mlock and collapse", lock_and_collapse},
    {"read, write, sendfile", io},
    {"write-back", write_back},
    {"partial munmap", unmap_parts},
    {"last reading", read_all},
};

static void live(struct world *world) {
    for (size_t i = 0; i < sizeof life / sizeof *life; i++) {
        world->step = life[i].name;
        life[i].take(world);
        mm_tick(world->k);
        check_world(world);
    }
}

/* --- tests --- */

static void nothing_fails(void **state) {
    (void)state;
    static const enum paging_mode modes[] = {MODE_SV32, MODE_SV39, MODE_SV48, MODE_SV57};
    struct world *world = malloc(sizeof *world);
    for (int i = 0; i < 4; i++) {
        world_init(world, modes[i], SWAP);
        live(world);
        const uint64_t *stat = mm_stats(world->k);
        /* The life has all in it that it is for. */
        assert_true(stat[STAT_pswpin] > 0 && stat[STAT_pswpout] > 0);
        assert_true(stat[STAT_cow_copy] > 0 && stat[STAT_cow_reuse] > 0);
        assert_true(stat[STAT_thp_fault_alloc] > 0 && stat[STAT_thp_split_pmd] > 0);
        assert_true(stat[STAT_stack_growth] > 0 && stat[STAT_nr_written] > 0);
        assert_true(stat[STAT_oom_kill] == 0 && stat[STAT_signals] == 0);
        world_free(world);
    }
    free(world);
}

/* Policies, huge pages, Svade, hardly any ASIDs: nobody's contents depend on them. */
static void nothing_fails_whatever_is_chosen(void **state) {
    (void)state;
    struct world *world = malloc(sizeof *world);
    for (unsigned variety = 0; variety < 36; variety++) {
        world_init_as(world, variety % 2 ? MODE_SV39 : MODE_SV32, SWAP, variety);
        live(world);
        const uint64_t *stat = mm_stats(world->k);
        assert_true(stat[STAT_oom_kill] == 0 && stat[STAT_signals] == 0);
        world_free(world);
    }
    free(world);
}

/* How often the life asks at this point. */
static uint64_t count_calls(enum fail_point point) {
    struct world *world = malloc(sizeof *world);
    world_init(world, MODE_SV39, SWAP);
    uint64_t before = world->k->calls[point];
    live(world);
    uint64_t calls = world->k->calls[point] - before;
    world_free(world);
    free(world);
    return calls;
}

static void fail_each(enum fail_point point) {
    uint64_t calls = count_calls(point);
    assert_true(calls > 0);
    uint64_t each = every_call || calls <= SAMPLE_RUNS ? 1 : calls / SAMPLE_RUNS;
    struct world *world = malloc(sizeof *world);
    for (uint64_t n = 1; n <= calls; n += each) {
        world_init(world, MODE_SV39, SWAP);
        world->failures = true;
        world->k->fail[point] = n;
        live(world);
        assert_true(world->k->fail[point] == 0); /* it was met */
        world_free(world);
    }
    free(world);
}

static void page_alloc_fails(void **state) {
    (void)state;
    fail_each(FAIL_PAGE_ALLOC);
}
static void slab_fails(void **state) {
    (void)state;
    fail_each(FAIL_SLAB);
}
static void swap_slot_fails(void **state) {
    (void)state;
    fail_each(FAIL_SWAP_SLOT);
}
static void swap_read_fails(void **state) {
    (void)state;
    fail_each(FAIL_SWAP_READ);
}
static void swap_write_fails(void **state) {
    (void)state;
    fail_each(FAIL_SWAP_WRITE);
}
static void file_read_fails(void **state) {
    (void)state;
    fail_each(FAIL_FILE_READ);
}
static void file_write_fails(void **state) {
    (void)state;
    fail_each(FAIL_FILE_WRITE);
}

/* Many failures at once: at every step some points fail soon. */
static void all_fail_at_random(void **state) {
    (void)state;
    struct world *world = malloc(sizeof *world);
    uint64_t seed = 1;
    for (unsigned run = 0; run < (every_call ? 1000u : 100u); run++) {
        world_init_as(world, run % 2 ? MODE_SV39 : MODE_SV32, SWAP, run);
        world->failures = true;
        for (size_t i = 0; i < sizeof life / sizeof *life; i++) {
            for (int point = 0; point < FAIL_POINTS; point++) {
                seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407;
                bool soon = (seed >> 33) % (run % 3 == 0 ? 2 : 12) == 0;
                world->k->fail[point] = soon ? 1 + (seed >> 40) % 100 : 0;
            }
            world->step = life[i].name;
            life[i].take(world);
            mm_tick(world->k);
            check_world(world);
        }
        world_free(world);
    }
    free(world);
}

/* Hardly any swap: somebody has to be killed, nobody else notices. */
static void swap_is_full(void **state) {
    (void)state;
    struct world *world = malloc(sizeof *world);
    static const uint64_t swap[] = {0, 4 * PAGE_BYTES, 256 * PAGE_BYTES};
    for (int i = 0; i < 3; i++) {
        world_init(world, MODE_SV39, swap[i]);
        world->failures = true;
        live(world);
        world_free(world);
    }
    free(world);
}

/* A disk that refuses to be written: dirty pages stay and are written when it is back. */
static void disk_refuses_writes(void **state) {
    (void)state;
    struct world *world = malloc(sizeof *world);
    world_init(world, MODE_SV39, SWAP);
    world->failures = true;
    world->disk.broken_writes = true;
    live(world);
    assert_true(mm_stats(world->k)[STAT_nr_writeback_errors] > 0);
    assert_true(filemap_write_and_wait(world->file->inode) == -EIO);
    assert_true(mm_stats(world->k)[STAT_nr_dirty] > 0);
    world->disk.broken_writes = false;
    world_free(world); /* compares the disk's contents with what was written */
    free(world);
}

/* Tables of the tree that translates va: the frames of levels `level` … root, by level. */
static uint64_t table_frame(struct world *world, int who, uint64_t va, unsigned level) {
    struct pte_place place;
    struct mm_struct *mm = world->process[who].task->mm;
    assert_true(pgtable_find(mm, va, level, &place) == 0 && place.level == level);
    return place.pa / PAGE_BYTES * PAGE_BYTES;
}

static void begin_for_bus_errors(struct world *world) {
    world_init(world, MODE_SV39, SWAP);
    for (int i = 0; i < 6; i++) { /* up to the file pages */
        world->step = life[i].name;
        life[i].take(world);
    }
    check_world(world);
    world->failures = true;
}

static void forget_tlb(struct world *world) {
    const struct mmu_fence all = {0};
    mmu_fence(world->machine.mmu, &all);
}

/* The MMU cannot read a table: SIGBUS, and after the repair all is given back. */
static void bus_error_for_the_mmu(void **state) {
    (void)state;
    struct world *world = malloc(sizeof *world);
    for (unsigned level = 0; level < 3; level++) {
        begin_for_bus_errors(world);
        assert_true(run_as(world, PARENT));
        uint64_t frame = table_frame(world, PARENT, layout[ANON].va, level), value;
        assert_true(physmem_add_error(world->machine.memory, frame, frame + PAGE_BYTES));
        forget_tlb(world);
        struct task_struct *task = world->process[PARENT].task;
        const struct mmu_request request = {
            .va = layout[ANON].va, .access = ACCESS_READ, .priv = PRIV_U};
        struct mmu_response response;
        assert_false(mmu_translate(world->machine.mmu, &request, &response));
        assert_true(do_page_fault(world->k, request.va, ACCESS_READ, &response) & VM_FAULT_SIGBUS);
        assert_true(task->signal == SIGBUS && task->signal_va == request.va);
        physmem_forget_ranges(world->machine.memory);
        mm_tick(world->k);
        assert_true(task->mm == NULL);
        assert_true(test_access(&world->machine, world->k, request.va, ACCESS_READ, &value) < 0);
        check_world(world);
        world_free(world);
    }
    free(world);
}

/* The manager cannot reach a table: each call answers, and after the repair nothing is lost. */
static void bus_error_for_the_manager(void **state) {
    (void)state;
    struct world *world = malloc(sizeof *world);
    static const struct step calls[] = {
        {"fork", fork_child},         {"mremap", move_region},
        {"mprotect", change_rights},  {"madvise(DONTNEED)", give_back},
        {"mlock", lock_and_collapse}, {"read, write, sendfile", io},
        {"munmap", unmap_parts},      {"memory pressure", pressure},
        {"write-back", write_back},   {"reading", read_all},
    };
    static const enum region regions[] = {ANON, PRIVATE, SHARED, SHMEM};
    for (unsigned level = 0; level < 3; level++) {
        for (int r = 0; r < 4; r++) {
            for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
                begin_for_bus_errors(world);
                assert_true(run_as(world, PARENT));
                uint64_t frame = table_frame(world, PARENT, layout[regions[r]].va, level);
                world->step = calls[i].name;
                assert_true(physmem_add_error(world->machine.memory, frame, frame + PAGE_BYTES));
                forget_tlb(world);
                calls[i].take(world);
                physmem_forget_ranges(world->machine.memory);
                mm_tick(world->k);
                check_world(world);
                read_all(world);
                world_free(world);
            }
        }
    }
    free(world);
}

/* A frame that cannot be reached, for one step: one of a page table, or any. */
static uint64_t random_frame(struct world *world, uint64_t *seed) {
    const struct pglist_data *node = &world->k->node[0];
    uint64_t i;
    *seed = *seed * UINT64_C(6364136223846793005) + 1442695040888963407;
    i = (*seed >> 33) % node->spanned_pages;
    if (*seed >> 20 & 1)
        for (uint64_t n = 0; n < node->spanned_pages && !page_has(&node->map[i], PG_table); n++)
            i = (i + 1) % node->spanned_pages;
    return node->start_pfn + i;
}

static void bus_errors_at_random(void **state) {
    (void)state;
    struct world *world = malloc(sizeof *world);
    uint64_t seed = 7;
    for (unsigned run = 0; run < (every_call ? 2000u : 150u); run++) {
        world_init_as(world, run % 2 ? MODE_SV39 : MODE_SV32, SWAP, run);
        world->failures = world->bus_errors = true;
        for (size_t i = 0; i < sizeof life / sizeof *life; i++) {
            uint64_t frame = random_frame(world, &seed) * PAGE_BYTES;
            world->step = life[i].name;
            assert_true(physmem_add_error(world->machine.memory, frame, frame + PAGE_BYTES));
            if (seed >> 50 & 1) /* else what TLBs hold goes on being used */
                forget_tlb(world);
            life[i].take(world);
            mm_tick(world->k);
            physmem_forget_ranges(world->machine.memory);
            mm_tick(world->k);
            check_world(world);
        }
        world_free(world);
    }
    free(world);
}

/* Machines from nothing upwards: they boot, or say why not. */
static void small_memories(void **state) {
    (void)state;
    unsigned booted = 0;
    for (uint64_t bytes = 0; bytes <= 3 << 20; bytes += 17 * PAGE_BYTES) {
        for (int sv32 = 0; sv32 < 2; sv32++) {
            struct test_machine machine;
            struct mm_config config;
            const char *why = NULL;
            enum paging_mode mode = sv32 ? MODE_SV32 : MODE_SV39;
            test_machine_init(&machine, mode, true);
            struct machine callbacks = test_machine_callbacks(&machine);
            mm_config_default(&config, mode, bytes);
            config.kernel_bytes = 64 << 10;
            struct kernel *k = kernel_boot(&config, &callbacks, &why);
            assert_true(k || why);
            if (k) {
                char text[512];
                const char *broken = mm_check(k, text, sizeof text);
                if (broken)
                    fail_msg("%llu bytes: %s", (unsigned long long)bytes, broken);
                kernel_shutdown(k);
                booted++;
            }
            test_machine_free(&machine);
        }
    }
    assert_true(booted > 0);
}

int main(int argc, char **argv) {
    every_call = argc > 1 && strcmp(argv[1], "all") == 0;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_fails),         cmocka_unit_test(nothing_fails_whatever_is_chosen),
        cmocka_unit_test(page_alloc_fails),      cmocka_unit_test(slab_fails),
        cmocka_unit_test(swap_slot_fails),       cmocka_unit_test(swap_read_fails),
        cmocka_unit_test(swap_write_fails),      cmocka_unit_test(file_read_fails),
        cmocka_unit_test(file_write_fails),      cmocka_unit_test(all_fail_at_random),
        cmocka_unit_test(swap_is_full),          cmocka_unit_test(disk_refuses_writes),
        cmocka_unit_test(bus_error_for_the_mmu), cmocka_unit_test(bus_error_for_the_manager),
        cmocka_unit_test(bus_errors_at_random),  cmocka_unit_test(small_memories),
    };
    return RUN(tests);
}
