/*
 * The descriptor of a page frame (Linux: struct page), one for each frame of a node.
 */
#ifndef TWINWALK_MM_PAGE_H
#define TWINWALK_MM_PAGE_H

#include "../types.h"

#include <sys/queue.h>

enum page_flag {
    PG_reserved,    /* never allocated: kernel image, the memory map itself */
    PG_buddy,       /* head of a free run of 2^order frames */
    PG_head,        /* first of an allocated run of 2^order frames, order > 0 (compound page) */
    PG_tail,        /* another one of it: `head` says which */
    PG_slab,        /* holds a slab's objects */
    PG_table,       /* holds a page table */
    PG_lru,         /* on an LRU list (or known to the policy in force) */
    PG_active,      /* on an active list */
    PG_referenced,  /* seen referenced once since the last look */
    PG_uptodate,    /* contents are what they should be */
    PG_dirty,       /* contents differ from the file's, or from the swap slot's */
    PG_swapcache,   /* `private` is its swap entry, the slot may hold the same contents */
    PG_swapbacked,  /* anonymous or shared memory: goes to swap */
    PG_anon,        /* mapping is a struct anon_vma */
    PG_unevictable, /* never reclaimed: mlocked, hugetlb */
    PG_hugetlb,     /* explicit huge page */
};

struct kmem_cache;
struct page;

TAILQ_HEAD(page_list, page);

struct page {
    uint32_t flags;
    int32_t refcount; /* 0: free. One for each mapping PTE, one for the page cache or swap cache,
                         one for each holder. Of a compound page: the head's. */
    int32_t mapcount; /* PTEs that map this frame; of a compound page the head's counts the
                         huge leaves (page_ptes() has its PTEs) */
    uint8_t order, zone, node;
    TAILQ_ENTRY(page) list; /* free list, LRU list, list of partial slabs */
    union {
        struct {
            void *mapping;  /* struct anon_vma (PG_anon) or struct address_space; NULL: neither */
            uint64_t index; /* page offset in it; of anonymous pages the linear one of rmap.h */
        };
        struct { /* PG_slab */
            struct kmem_cache *cache;
            void *freelist;
            uint16_t inuse, objects;
            bool frozen;
        };
        struct page *head; /* PG_tail */
    };
    uint64_t private; /* PG_swapcache: the swap entry. PG_head: PTEs of the first frame, whose
                         mapcount counts huge leaves. Otherwise the owner's. */
    void *objects_at; /* PG_slab: host memory that stands for the frames' contents */
};

static inline bool page_has(const struct page *page, enum page_flag flag) {
    return page->flags >> flag & 1;
}
static inline void page_set(struct page *page, enum page_flag flag) {
    page->flags |= UINT32_C(1) << flag;
}
static inline void page_clear(struct page *page, enum page_flag flag) {
    page->flags &= ~(UINT32_C(1) << flag);
}
static inline bool page_test_clear(struct page *page, enum page_flag flag) {
    bool had = page_has(page, flag);
    page_clear(page, flag);
    return had;
}

/* Bytes rounded up to whole pages; wraps to 0 within a page of 2^64. */
static inline uint64_t page_align(uint64_t bytes) {
    return (bytes + PAGE_BYTES - 1) & ~(uint64_t)(PAGE_BYTES - 1);
}

/* The head of a compound page, or the page itself. */
static inline struct page *compound_head(struct page *page) {
    return page_has(page, PG_tail) ? page->head : page;
}

/* Frames of a compound page; 1 of any other. */
static inline uint64_t page_frames(const struct page *page) {
    return page_has(page, PG_head) ? UINT64_C(1) << page->order : 1;
}

/* PTEs (not huge leaves) that map this very frame, of a compound page or not. */
static inline uint64_t page_ptes(const struct page *page) {
    return page_has(page, PG_head) ? page->private : (uint64_t)page->mapcount;
}

#endif
