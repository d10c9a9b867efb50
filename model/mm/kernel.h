/*
 * One memory manager: everything that Linux keeps in globals. No two share anything.
 *
 * The embedder's part: boot, make processes and map memory (mmap.h), play accesses to its MMU and
 * hand faults to do_page_fault() (page_fault.h), and call mm_tick() between accesses, where kswapd
 * and the killing of marked processes have their turn.
 *
 * Errors are negative errno values, as in Linux: -ENOMEM, -EFAULT, -EINVAL, -EIO (the machine's
 * memory answered with a bus error) … All else is 0 or what the function says.
 */
#ifndef TWINWALK_MM_KERNEL_H
#define TWINWALK_MM_KERNEL_H

#include "event.h"
#include "machine.h"
#include "stat.h"
#include "zone.h"

#include <errno.h>

/* Flags of an allocation (Linux: gfp_t). */
typedef unsigned gfp_t;
#define GFP_DMA_ZONE     0x01u /* ZONE_DMA only */
#define GFP_DMA32_ZONE   0x02u /* ZONE_DMA32 and below */
#define GFP_HIGHMEM_ZONE 0x04u /* ZONE_HIGHMEM first */
#define GFP_RECLAIM      0x08u /* may wake kswapd, reclaim directly, and call the OOM killer */
#define GFP_ZERO         0x10u /* contents are cleared */
#define GFP_COMP         0x20u /* order > 0 becomes a compound page */
#define GFP_NORETRY      0x40u /* fail rather than kill: huge pages, readahead */
#define GFP_KERNEL       GFP_RECLAIM
#define GFP_ATOMIC       0u
#define GFP_USER         (GFP_RECLAIM | GFP_HIGHMEM_ZONE)

enum thp_policy { THP_NEVER, THP_MADVISE, THP_ALWAYS };
enum reclaim_policy { RECLAIM_LRU, RECLAIM_CLOCK, RECLAIM_RANDOM, RECLAIM_POLICIES };

/* Places where an allocation can be made to fail (Linux: fail_page_alloc, failslab …). */
enum fail_point {
    FAIL_PAGE_ALLOC,
    FAIL_SLAB,
    FAIL_SWAP_SLOT,
    FAIL_SWAP_READ,
    FAIL_SWAP_WRITE,
    FAIL_FILE_READ,
    FAIL_FILE_WRITE,
    FAIL_POINTS
};

struct mm_config {
    enum paging_mode mode; /* not MODE_BARE */
    unsigned nodes;        /* 1 … MAX_NUMNODES; ascending, whole frames, no overlap */
    struct {
        uint64_t base, bytes;
    } node[MAX_NUMNODES];
    uint64_t kernel_bytes;   /* code, data and bss of the kernel, reserved at the first node's start
                                (a multiple of PAGE_BYTES, at least 64 KiB) */
    uint64_t min_free_bytes; /* 0: Linux's formula, sqrt(16 * KiB of low memory) KiB */
    uint64_t swap_bytes;     /* 0: no swap */
    unsigned asid_bits;      /* 0 … 16 (9 in Sv32); 0: every switch fences everything */
    bool adue;               /* hardware sets A and D; else they fault (Svade) */
    bool user_fences;        /* false: the fence after a PTE became valid is left out (Svvptc) */
    enum reclaim_policy policy;
    uint64_t seed;         /* of RECLAIM_RANDOM */
    unsigned swappiness;   /* 0 … 200; Linux: 60 */
    bool flush_young;      /* a cleared accessed bit is fenced, so that no TLB hides the next use */
    unsigned page_cluster; /* swap readahead: 2^n slots; 0: none */
    unsigned fault_around_pages; /* 1 … 512, a power of two; Linux: 16 */
    enum thp_policy thp;
    bool pt_reclaim; /* MADV_DONTNEED frees empty PTE tables (Linux 6.14 on) */
    bool slub_debug; /* poisoning and redzones in the manager's own caches */
};

struct mm_struct;
struct task_struct;
struct swap_info;
struct scan_control;
struct inode;
TAILQ_HEAD(task_list, task_struct);
TAILQ_HEAD(mm_list, mm_struct);
TAILQ_HEAD(inode_list, inode);
TAILQ_HEAD(cache_list, kmem_cache);

/* The caches of the manager's own objects. */
enum own_cache {
    CACHE_TASK,
    CACHE_MM,
    CACHE_VMA,
    CACHE_ANON_VMA,
    CACHE_INODE,
    CACHE_FILE,
    CACHE_PAGE_SLOT,
    OWN_CACHES
};

#define KMALLOC_CLASSES 13 /* 8, 16, 32, 64, 96, 128, 192, 256, 512 … 8192 bytes */

struct kernel {
    struct mm_config config;
    struct machine machine;
    struct pglist_data node[MAX_NUMNODES];
    struct cache_list caches;
    struct kmem_cache *own[OWN_CACHES];
    struct kmem_cache *kmem_cache; /* of the descriptors of caches */
    struct kmem_cache *kmalloc_caches[KMALLOC_CLASSES];
    struct slab_chunk *slab_chunks; /* host memory behind slabs: slab_memory.c */
    const char *bad_page; /* what the first wrong free was; NULL: none (Linux: bad_page()) */
    uint64_t stat[MM_STATS];

    struct mm_struct *init_mm; /* the kernel's own tables; its upper half is everybody's */
    struct task_list tasks;
    struct mm_list unfreed;      /* of nobody any more, but a table could not be read (mmput) */
    uint64_t vmap_unfreed;       /* areas of dynamic memory, likewise (vfree) */
    struct task_struct *current; /* NULL: idle, on init_mm's tables */
    uint64_t next_pid;
    uint64_t signals_seen;    /* of stat[STAT_signals], by mm_tick() */
    uint64_t asid_generation; /* context.h; generation in the bits above asid_bits */
    uint8_t *asid_used;       /* bitmap of this generation */
    unsigned asid_next;

    struct page *zero_page; /* what reads of untouched anonymous memory see */
    /* The same in huge, made when first wanted; its references are the leaves that map it, and with
     * the last of them it goes. NULL: there is none. */
    struct page *huge_zero_page;
    struct swap_info *swap; /* NULL: none */
    struct inode_list inodes;
    void *policy_state; /* of vmscan's policy in force */
    /*
     * The reclaim that is running (vmscan.h), NULL: none. Meanwhile allocations may use all that is
     * free and neither reclaim in their turn nor kill (Linux: PF_MEMALLOC).
     */
    struct scan_control *scan;

    /* fail[p] = n: the n-th call from now at that point fails, once. 0: none. */
    uint64_t fail[FAIL_POINTS];
    uint64_t calls[FAIL_POINTS]; /* how often each was asked: to fail every one in turn */
    mm_listener *listener;
    void *listener_context;
    char report[2048]; /* of the latest OOM kill, for people */
};

/*
 * Boots: memory map, zones, slab caches, the kernel half of the address space, swap. NULL and a
 * reason (a constant string): impossible configuration, or no memory.
 */
struct kernel *kernel_boot(const struct mm_config *config, const struct machine *machine,
                           const char **why);
/* Processes, files and tables go; nothing may be left (check.h looks before). */
void kernel_shutdown(struct kernel *k);

/* Fills in Linux's defaults for a machine of `bytes` at the mode's usual base address: 0x80000000,
 * in Sv32 0. */
void mm_config_default(struct mm_config *config, enum paging_mode mode, uint64_t bytes);

/* Between accesses: kswapd where it was woken, then processes that were killed exit. */
void mm_tick(struct kernel *k);

void mm_listen(struct kernel *k, mm_listener *listener, void *context);

/* Copies nr_free_pages and other levels kept elsewhere into stat[]; returns stat. */
const uint64_t *mm_stats(struct kernel *k);

struct pglist_data *pfn_node(struct kernel *k, uint64_t pfn);

/* NULL: no frame of any node. */
static inline struct page *pfn_to_page(struct kernel *k, uint64_t pfn) {
    for (unsigned n = 0; n < k->config.nodes; n++) {
        uint64_t offset = pfn - k->node[n].start_pfn;
        if (offset < k->node[n].spanned_pages)
            return &k->node[n].map[offset];
    }
    return NULL;
}

static inline uint64_t page_to_pfn(const struct kernel *k, const struct page *page) {
    const struct pglist_data *node = &k->node[page->node];
    return node->start_pfn + (uint64_t)(page - node->map);
}

static inline uint64_t page_to_phys(const struct kernel *k, const struct page *page) {
    return page_to_pfn(k, page) * PAGE_BYTES;
}

static inline struct zone *page_zone(struct kernel *k, const struct page *page) {
    return &k->node[page->node].zones[page->zone];
}

static inline void count_event(struct kernel *k, enum mm_stat stat, uint64_t n) {
    k->stat[stat] += n;
}

static inline void mod_stat(struct kernel *k, enum mm_stat stat, int64_t n) {
    k->stat[stat] += (uint64_t)n;
}

static inline void mm_event(struct kernel *k, enum mm_event_kind kind, uint64_t a, uint64_t b,
                            uint64_t c) {
    if (k->listener) {
        const struct mm_event event = {kind, a, b, c};
        k->listener(k->listener_context, &event);
    }
}

/* Whether this call at a place that can fail is the one that shall. */
static inline bool should_fail(struct kernel *k, enum fail_point point) {
    k->calls[point]++;
    return k->fail[point] > 0 && --k->fail[point] == 0;
}

#endif
