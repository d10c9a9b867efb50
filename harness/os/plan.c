#include "plan.h"

#include "mmu/mode.h"

#include <stdlib.h>

#define HASH_NONFATAL_OOM          1
#define uthash_nonfatal_oom(chunk) ((chunk)->key = UINT64_MAX) /* was not added */
#include <uthash.h>

#define CHUNK_PAGES 512u
#define CHUNK_SHIFT 21
#define GIB_SHIFT   30

enum touch { TOUCH_READ, TOUCH_WRITE, TOUCH_FETCH, TOUCHES };

/* Pages of 2 MiB of a process: a bit each for how it was touched. */
struct chunk {
    uint64_t key; /* process << 48 | va >> 21 */
    uint64_t touched[TOUCHES][CHUNK_PAGES / 64];
    UT_hash_handle hh;
};

struct plan {
    struct chunk *chunks;
    struct chunk *latest[TOUCHES]; /* where such a touch went last */
    uint64_t process;              /* of the pass */
    struct memories memories;      /* none */
    struct plan_process *processes;
    size_t count;
    uint64_t pages, tables;
};

struct plan *plan_create(void) {
    return calloc(1, sizeof(struct plan));
}

static void forget_chunks(struct plan *plan) {
    struct chunk *chunk, *next;
    HASH_ITER(hh, plan->chunks, chunk, next) {
        HASH_DEL(plan->chunks, chunk);
        free(chunk);
    }
}

void plan_destroy(struct plan *plan) {
    if (!plan)
        return;
    forget_chunks(plan);
    for (size_t i = 0; i < plan->count; i++)
        free(plan->processes[i].region);
    free(plan->processes);
    free(plan);
}

/* The pass. */

static void ignore_control(void *context, const struct mmu_control *control) {
    (void)context, (void)control;
}

static bool translate_all(void *context, const struct mmu_request *request,
                          struct mmu_response *response, uint64_t *pa) {
    (void)context, (void)request, (void)pa;
    *response = (struct mmu_response){.reason = FAULT_NONE};
    return true;
}

static bool ignore_fence(void *context, const struct mmu_fence *fence) {
    (void)context, (void)fence;
    return true;
}

static void ignore_position(void *context, uint64_t record) {
    (void)context, (void)record;
}

struct replay_target plan_target(struct plan *plan) {
    return (struct replay_target){
        .context = plan,
        .control = ignore_control,
        .translate = translate_all,
        .fence = ignore_fence,
        .position = ignore_position,
        .memories = &plan->memories,
        .skips_repeats = true,
    };
}

static enum replay_end enter(void *context, uint64_t process, struct mmu_control *control) {
    (void)control;
    ((struct plan *)context)->process = process;
    return REPLAY_DONE;
}

static enum replay_end never_faults(void *context, const struct mmu_request *request,
                                    const struct mmu_response *response, bool *mended) {
    (void)context, (void)request, (void)response;
    *mended = false;
    return REPLAY_DONE;
}

static struct chunk *find_or_add(struct plan *plan, uint64_t key) {
    struct chunk *chunk;
    HASH_FIND(hh, plan->chunks, &key, sizeof key, chunk);
    if (chunk || !(chunk = calloc(1, sizeof *chunk)))
        return chunk;
    chunk->key = key;
    HASH_ADD(hh, plan->chunks, key, sizeof chunk->key, chunk);
    if (chunk->key == key)
        return chunk;
    free(chunk);
    return NULL;
}

static enum replay_end note(void *context, const struct mmu_request *request, unsigned bytes,
                            const uint64_t *pa) {
    (void)bytes, (void)pa;
    struct plan *plan = context;
    enum touch touch = request->access == ACCESS_EXECUTE ? TOUCH_FETCH
                       : request->access == ACCESS_WRITE ? TOUCH_WRITE
                                                         : TOUCH_READ;
    uint64_t key = plan->process << 48 | (request->va >> CHUNK_SHIFT & ((UINT64_C(1) << 48) - 1));
    struct chunk *chunk = plan->latest[touch];
    if (!chunk || chunk->key != key) {
        if (!(chunk = find_or_add(plan, key)))
            return REPLAY_FAILED;
        plan->latest[touch] = chunk;
    }
    uint64_t page = request->va / PAGE_BYTES % CHUNK_PAGES;
    chunk->touched[touch][page / 64] |= UINT64_C(1) << page % 64;
    return REPLAY_DONE;
}

static const char *problem(const void *context) {
    (void)context;
    return "out of memory";
}

static void count_nothing(const void *context, struct system_counters *counters) {
    (void)context;
    *counters = (struct system_counters){0};
}

struct replay_system plan_system(struct plan *plan) {
    return (struct replay_system){
        .context = plan,
        .enter = enter,
        .fault = never_faults,
        .accessed = note,
        .owns_machine = true,
        .problem = problem,
        .count = count_nothing,
    };
}

/* The regions. */

struct page_kind {
    bool touched, written, fetched;
};

static struct page_kind kind_of(const struct chunk *chunk, unsigned page) {
    bool touch[TOUCHES];
    for (int i = 0; i < TOUCHES; i++)
        touch[i] = chunk->touched[i][page / 64] >> page % 64 & 1;
    return (struct page_kind){touch[TOUCH_READ] || touch[TOUCH_WRITE] || touch[TOUCH_FETCH],
                              touch[TOUCH_WRITE], touch[TOUCH_FETCH]};
}

/* An array that doubles; NULL: no memory, and the old one stays. */
static void *grow(void *array, size_t count, size_t size) {
    if (count & (count - 1))
        return array;
    return realloc(array, (count ? 2 * count : 1) * size);
}

static bool add_region(struct plan_process *process, const struct plan_region *region) {
    struct plan_region *grown = grow(process->region, process->regions, sizeof *region);
    if (!grown)
        return false;
    process->region = grown;
    grown[process->regions++] = *region;
    return true;
}

static struct plan_process *add_process(struct plan *plan, uint64_t number) {
    struct plan_process *latest = plan->count ? &plan->processes[plan->count - 1] : NULL;
    if (latest && latest->process == number)
        return latest;
    struct plan_process *grown = grow(plan->processes, plan->count, sizeof *grown);
    if (!grown)
        return NULL;
    plan->processes = grown;
    grown[plan->count] = (struct plan_process){.process = number};
    return &grown[plan->count++];
}

static bool add_page(struct plan_process *process, uint64_t va, struct page_kind kind) {
    struct plan_region *latest = process->regions ? &process->region[process->regions - 1] : NULL;
    if (latest && latest->written == kind.written && latest->fetched == kind.fetched &&
        va - latest->end < (uint64_t)CHUNK_PAGES * PAGE_BYTES) {
        latest->end = va + PAGE_BYTES;
        return true;
    }
    const struct plan_region region = {va, va + PAGE_BYTES, kind.written, kind.fetched, 0};
    return add_region(process, &region);
}

static bool add_chunk(struct plan *plan, const struct chunk *chunk) {
    struct plan_process *process = add_process(plan, chunk->key >> 48);
    if (!process)
        return false;
    uint64_t base = chunk->key << 16 >> 16 << CHUNK_SHIFT;
    for (unsigned page = 0; page < CHUNK_PAGES; page++) {
        struct page_kind kind = kind_of(chunk, page);
        if (!kind.touched)
            continue;
        plan->pages++;
        if (!add_page(process, base + (uint64_t)page * PAGE_BYTES, kind))
            return false;
    }
    return true;
}

/* Tables that this chunk needs and the one before it did not. */
static uint64_t new_tables(const struct mode *mode, uint64_t key, uint64_t before) {
    uint64_t tables = 0;
    for (unsigned level = 1; level < mode->levels; level++) {
        /* A table of level - 1 maps what an entry of `level` does. */
        unsigned shift = 12 + level * mode->index_bits - CHUNK_SHIFT;
        tables += key >> shift != before >> shift;
    }
    return tables;
}

static bool is_data(const struct plan_region *region) {
    return region->written && !region->fetched;
}

/* Written regions reach out to multiples of 2^shift, up to their neighbours. */
static void widen(struct plan_process *process, unsigned shift) {
    uint64_t mask = (UINT64_C(1) << shift) - 1;
    for (size_t i = 0; i < process->regions; i++) {
        struct plan_region *region = &process->region[i];
        uint64_t floor = i > 0 ? region[-1].end : 0;
        uint64_t ceiling = i + 1 < process->regions ? region[1].start : UINT64_MAX;
        if (!region->written)
            continue;
        uint64_t start = region->start & ~mask, end = (region->end + mask) & ~mask;
        region->start = start > floor ? start : floor;
        region->end = end < ceiling ? end : ceiling;
    }
}

/* Whether nothing but data lies in a GiB, of which region i is the first. */
static bool only_data(const struct plan_process *process, size_t i, uint64_t gib) {
    bool only = true;
    for (; i < process->regions && process->region[i].start >> GIB_SHIFT <= gib; i++)
        only &= is_data(&process->region[i]);
    return only;
}

/* Adds [start, end) of a region; touching pieces of one kind are one again. */
static bool add_piece(struct plan_process *process, const struct plan_region *region,
                      uint64_t start, uint64_t end) {
    struct plan_region *latest = process->regions ? &process->region[process->regions - 1] : NULL;
    if (latest && latest->end == start && latest->huge_shift == region->huge_shift &&
        latest->written == region->written && latest->fetched == region->fetched) {
        latest->end = end;
        return true;
    }
    const struct plan_region piece = {start, end, region->written, region->fetched,
                                      region->huge_shift};
    return add_region(process, &piece);
}

/* Cuts the regions at every GiB; one that holds data only becomes a huge page. */
static bool make_explicit(struct plan *plan, struct plan_process *process) {
    struct plan_process cut = {.process = process->process};
    uint64_t latest = UINT64_MAX; /* GiB, and whether it is a huge page */
    bool huge = false, ok = true;
    for (size_t i = 0; ok && i < process->regions; i++) {
        const struct plan_region *region = &process->region[i];
        for (uint64_t start = region->start, end; ok && start < region->end; start = end) {
            uint64_t gib = start >> GIB_SHIFT;
            const struct plan_region page = {gib << GIB_SHIFT, (gib + 1) << GIB_SHIFT, true, false,
                                             GIB_SHIFT};
            bool first = gib != latest;
            end = page.end < region->end ? page.end : region->end;
            huge = first ? only_data(process, i, gib) : huge;
            latest = gib;
            if (!huge)
                ok = add_piece(&cut, region, start, end);
            else if (first)
                ok = add_piece(&cut, &page, page.start, page.end);
            if (huge && first)
                plan->pages += UINT64_C(1) << (GIB_SHIFT - 12);
        }
    }
    free(process->region);
    *process = cut;
    return ok;
}

static int compare_chunks(const void *a, const void *b) {
    uint64_t x = (*(struct chunk *const *)a)->key, y = (*(struct chunk *const *)b)->key;
    return (x > y) - (x < y);
}

static bool make_regions(struct plan *plan, const struct mode *mode) {
    size_t n = HASH_COUNT(plan->chunks), i = 0;
    struct chunk **sorted = malloc((n ? n : 1) * sizeof(struct chunk *));
    bool ok = sorted != NULL;
    for (struct chunk *chunk = plan->chunks; ok && chunk; chunk = chunk->hh.next)
        sorted[i++] = chunk;
    if (ok)
        qsort(sorted, n, sizeof *sorted, compare_chunks);
    for (i = 0; ok && i < n; i++) {
        ok = add_chunk(plan, sorted[i]);
        plan->tables += new_tables(mode, sorted[i]->key, i > 0 ? sorted[i - 1]->key : UINT64_MAX);
    }
    free(sorted);
    return ok;
}

bool plan_finish(struct plan *plan, enum paging_mode number, enum plan_huge huge) {
    const struct mode *mode = mode_find(number);
    bool ok = make_regions(plan, mode);
    forget_chunks(plan);
    for (size_t i = 0; ok && i < plan->count; i++) {
        if (huge == PLAN_TRANSPARENT)
            widen(&plan->processes[i], page_shift(mode->leaf_size[1]));
        if (huge == PLAN_EXPLICIT)
            ok = make_explicit(plan, &plan->processes[i]);
    }
    return ok;
}

size_t plan_processes(const struct plan *plan) {
    return plan->count;
}

const struct plan_process *plan_process(const struct plan *plan, size_t n) {
    return &plan->processes[n];
}

static const struct plan_process *find_process(const struct plan *plan, uint64_t number) {
    size_t low = 0, high = plan->count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (plan->processes[middle].process < number)
            low = middle + 1;
        else
            high = middle;
    }
    bool found = low < plan->count && plan->processes[low].process == number;
    return found ? &plan->processes[low] : NULL;
}

const struct plan_region *plan_find(const struct plan *plan, uint64_t number, uint64_t va) {
    const struct plan_process *process = find_process(plan, number);
    size_t low = 0, high = process ? process->regions : 0;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (process->region[middle].end <= va)
            low = middle + 1;
        else
            high = middle;
    }
    bool found = process && low < process->regions && process->region[low].start <= va;
    return found ? &process->region[low] : NULL;
}

uint64_t plan_pages(const struct plan *plan) {
    return plan->pages;
}

uint64_t plan_tables(const struct plan *plan) {
    return plan->tables;
}
