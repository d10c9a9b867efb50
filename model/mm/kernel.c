/* A kernel from boot to shutdown. */
#include "kernel.h"

#include "context.h"
#include "filemap.h"
#include "fork.h"
#include "layout.h"
#include "page_alloc.h"
#include "slub.h"
#include "swap.h"
#include "vmscan.h"

#include "../mmu/mode.h"

#include <stdlib.h>

#define KERNEL_BYTES_LEAST (UINT64_C(64) << 10)
#define SWAPPINESS_MOST    200
#define PAGE_CLUSTER_MOST  8
#define FAULT_AROUND_MOST  512

/* ---- configuration ---- */

void mm_config_default(struct mm_config *config, enum paging_mode mode, uint64_t bytes) {
    bool sv32 = mode == MODE_SV32;
    uint64_t kernel_bytes = bytes / 16 / PAGE_BYTES * PAGE_BYTES;
    if (kernel_bytes > UINT64_C(2) << 20)
        kernel_bytes = UINT64_C(2) << 20;
    if (kernel_bytes < KERNEL_BYTES_LEAST)
        kernel_bytes = KERNEL_BYTES_LEAST;
    *config = (struct mm_config){
        .mode = mode,
        .nodes = 1,
        .node = {{sv32 ? 0 : UINT64_C(0x80000000), bytes}},
        .kernel_bytes = kernel_bytes,
        .asid_bits = sv32 ? 9 : 16,
        .adue = true,
        .user_fences = true,
        .policy = RECLAIM_LRU,
        .seed = 1,
        .swappiness = 60,
        .page_cluster = 3,
        .fault_around_pages = 16,
        .thp = THP_MADVISE,
        .pt_reclaim = true,
    };
}

static const char *check_nodes(const struct mm_config *config) {
    uint64_t limit = UINT64_C(1) << (config->mode == MODE_SV32 ? 34 : TW_PA_W), end = 0;
    if (config->nodes < 1 || config->nodes > MAX_NUMNODES)
        return "there are 1 to 4 nodes";
    for (unsigned n = 0; n < config->nodes; n++) {
        uint64_t base = config->node[n].base, bytes = config->node[n].bytes;
        if (bytes == 0 || base % PAGE_BYTES || bytes % PAGE_BYTES)
            return "a node is of whole frames, at least one";
        if (base > limit || bytes > limit - base)
            return "a node reaches beyond the mode's physical addresses";
        if (base < end)
            return "nodes overlap, or are not ascending";
        end = base + bytes;
    }
    return NULL;
}

static const char *check_kernel_half(const struct mm_config *config) {
    const struct layout *layout = mm_layout(config->mode);
    uint64_t first = config->node[0].base, last = config->nodes - 1;
    if (config->kernel_bytes < KERNEL_BYTES_LEAST || config->kernel_bytes % PAGE_BYTES ||
        config->kernel_bytes > layout->kernel_room)
        return "the kernel is of whole frames, at least 64 KiB, and fits its addresses";
    if (config->kernel_bytes >= config->node[0].bytes)
        return "the kernel does not fit into the first node";
    if (mem_map_pages(config) > layout->vmemmap_bytes / PAGE_BYTES)
        return "too much memory for the memory map's addresses";
    if (config->mode != MODE_SV32 &&
        config->node[last].base + config->node[last].bytes - first > layout->linear_bytes)
        return "memory reaches beyond the linear map";
    return NULL;
}

static const char *check_config(const struct mm_config *config) {
    if (!mode_find(config->mode))
        return "the paging mode is one of sv32, sv39, sv48, sv57";
    const char *why = check_nodes(config);
    if (!why)
        why = check_kernel_half(config);
    if (why)
        return why;
    if (config->asid_bits > (config->mode == MODE_SV32 ? 9 : TW_ASID_W))
        return "more ASID bits than the mode has";
    if ((unsigned)config->policy >= RECLAIM_POLICIES)
        return "no such reclaim policy";
    if ((unsigned)config->thp > THP_ALWAYS)
        return "no such policy of transparent huge pages";
    if (config->swappiness > SWAPPINESS_MOST)
        return "swappiness is 0 to 200";
    if (config->page_cluster > PAGE_CLUSTER_MOST)
        return "swap readahead is 2^0 to 2^8 slots";
    unsigned around = config->fault_around_pages;
    if (around < 1 || around > FAULT_AROUND_MOST || around & (around - 1))
        return "fault-around is 1 to 512 pages, a power of two";
    return NULL;
}

/* ---- boot ---- */

static int zero_page_init(struct kernel *k) {
    k->zero_page = alloc_pages(k, GFP_KERNEL | GFP_ZERO, 0);
    return k->zero_page ? 0 : -ENOMEM;
}

static int swap_init(struct kernel *k) {
    return k->config.swap_bytes ? swapon(k, k->config.swap_bytes) : 0;
}

static void zero_page_free(struct kernel *k) {
    if (k->zero_page)
        put_page(k, k->zero_page);
    k->zero_page = NULL;
}

static void swap_exit(struct kernel *k) {
    if (k->swap)
        swapoff(k);
}

/* In the order of boot; shutdown takes them back in the opposite one. */
static const struct {
    int (*init)(struct kernel *k);
    void (*exit)(struct kernel *k);
    const char *why; /* it failed */
} subsystems[] = {
    {mem_init, mem_free, "no memory for the memory map"},
    {kmem_cache_init, kmem_cache_exit, "no memory for the slab caches"},
    {reclaim_init, reclaim_exit, "no memory for the reclaim policy"},
    {context_init, context_free, "no memory for the ASIDs"},
    {kernel_map_init, kernel_map_free, "no memory for the kernel's page tables"},
    {zero_page_init, zero_page_free, "no memory for the zero page"},
    {swap_init, swap_exit, "no memory for the swap area"},
};
#define SUBSYSTEMS (sizeof subsystems / sizeof subsystems[0])

static void stop(struct kernel *k, size_t started) {
    while (started-- > 0)
        subsystems[started].exit(k);
    free(k);
}

struct kernel *kernel_boot(const struct mm_config *config, const struct machine *machine,
                           const char **why) {
    *why = check_config(config);
    if (*why)
        return NULL;
    struct kernel *k = calloc(1, sizeof *k);
    if (!k) {
        *why = "no memory";
        return NULL;
    }
    k->config = *config;
    k->machine = *machine;
    k->next_pid = 1;
    TAILQ_INIT(&k->caches);
    TAILQ_INIT(&k->tasks);
    TAILQ_INIT(&k->unfreed);
    TAILQ_INIT(&k->inodes);
    for (size_t i = 0; i < SUBSYSTEMS; i++) {
        if (subsystems[i].init(k) != 0) {
            *why = subsystems[i].why;
            stop(k, i);
            return NULL;
        }
    }
    switch_mm(k, NULL);
    return k;
}

void kernel_shutdown(struct kernel *k) {
    while (!TAILQ_EMPTY(&k->tasks))
        task_reap(k, TAILQ_FIRST(&k->tasks));
    while (!TAILQ_EMPTY(&k->inodes))
        inode_forget(TAILQ_FIRST(&k->inodes));
    stop(k, SUBSYSTEMS);
}

/* ---- while it runs ---- */

void mm_tick(struct kernel *k) {
    for (unsigned n = 0; n < k->config.nodes; n++)
        if (k->node[n].kswapd_wanted)
            kswapd_run(k, &k->node[n]);
    free_unfreed(k);
    vfree_unfreed(k);
    if (k->signals_seen == k->stat[STAT_signals])
        return;
    k->signals_seen = k->stat[STAT_signals];
    struct task_struct *task;
    TAILQ_FOREACH(task, &k->tasks, list) {
        if (task->signal && task->mm)
            do_exit(k, task);
    }
}

void mm_listen(struct kernel *k, mm_listener *listener, void *context) {
    k->listener = listener;
    k->listener_context = context;
}

struct pglist_data *pfn_node(struct kernel *k, uint64_t pfn) {
    for (unsigned n = 0; n < k->config.nodes; n++)
        if (pfn - k->node[n].start_pfn < k->node[n].spanned_pages)
            return &k->node[n];
    return NULL;
}

const uint64_t *mm_stats(struct kernel *k) {
    static const enum mm_stat lru[NR_LRU_LISTS] = {STAT_nr_inactive_anon, STAT_nr_active_anon,
                                                   STAT_nr_inactive_file, STAT_nr_active_file};
    k->stat[STAT_nr_free_pages] = 0;
    for (unsigned list = 0; list < NR_LRU_LISTS; list++)
        k->stat[lru[list]] = 0;
    for (unsigned n = 0; n < k->config.nodes; n++) {
        const struct pglist_data *node = &k->node[n];
        for (unsigned z = 0; z < MAX_NR_ZONES; z++)
            k->stat[STAT_nr_free_pages] += node->zones[z].free_pages;
        for (unsigned list = 0; list < NR_LRU_LISTS; list++)
            k->stat[lru[list]] += node->lruvec.size[list];
    }
    return k->stat;
}
