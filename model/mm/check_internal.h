/*
 * The checker's notes: what walking all structures found of each frame and swap slot, to be
 * compared with what the descriptors and counters say. Kept in the host's memory, so that checking
 * changes nothing of what it looks at.
 */
#ifndef TWINWALK_MM_CHECK_INTERNAL_H
#define TWINWALK_MM_CHECK_INTERNAL_H

#include "check.h"
#include "mm_types.h"

/* Who may have a frame; only pages of users (OWNER_USER) have several. */
enum owner {
    OWNER_NONE,
    OWNER_FREE,    /* in a run of a free list */
    OWNER_TABLE,   /* a page table, in a tree or deposited */
    OWNER_SLAB,    /* of a cache */
    OWNER_VMALLOC, /* mapped in the kernel's dynamic memory */
    OWNER_ZERO,    /* the zero page */
    OWNER_USER     /* mapped by users, in the page cache, or in the swap cache */
};

struct frame_notes {
    enum owner owner;
    uint32_t ptes;     /* base PTEs that map this very frame */
    uint32_t leaves;   /* huge leaves that map the run that begins here */
    uint32_t writable; /* of both, those of private mappings that allow writing */
    uint32_t caches;   /* page cache, swap cache */
    bool listed;       /* on an LRU list */
};

struct checker {
    struct kernel *k;
    char *text;
    size_t size;
    struct frame_notes *frames[MAX_NUMNODES];
    uint32_t *entries; /* swap entries found, by slot */
    uint64_t slots;
    uint64_t stat[MM_STATS]; /* recounted */
};

/* Notes what is wrong, with what is known about the place; always false. */
bool wrong(struct checker *check, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* NULL: no frame of any node has this number. */
struct frame_notes *frame_notes(struct checker *check, uint64_t pfn);
/* Whether the pointer is that of a descriptor: lists may be broken. */
bool is_descriptor(const struct checker *check, const struct page *page);
/* The frame has this owner and no other. */
bool own_frames(struct checker *check, uint64_t pfn, uint64_t frames, enum owner owner);

/* Address spaces that are alive, init_mm left out; NULL after the last. Begin with NULL. */
struct mm_struct *next_mm(struct kernel *k, const struct mm_struct *mm);
/* Of the task that has it, for messages. */
uint64_t pid_of(const struct kernel *k, const struct mm_struct *mm);

/* The parts, in the order in which they run; false: `text` says what is wrong. */
bool check_zones(struct checker *check);
bool check_slabs(struct checker *check);
bool check_vmas(struct checker *check);
bool check_tables(struct checker *check);
bool check_files(struct checker *check);
bool check_swap(struct checker *check);
bool check_pages(struct checker *check);
bool check_rmap(struct checker *check);
bool check_lru(struct checker *check);
bool check_tasks(struct checker *check);
bool check_objects(struct checker *check); /* of the manager's own caches: none is lost */
bool check_stats(struct checker *check);

/* For formats: uint64_t differs between platforms, unsigned long long does not. */
typedef unsigned long long ull;

#endif
