/*
 * A first pager: maps a page when it is first touched. It writes real page tables through the
 * caller's memory, so that walkers find what an operating system would have put there.
 */
#ifndef TWINWALK_REPLAY_PAGER_H
#define TWINWALK_REPLAY_PAGER_H

#include "mmu/mmu.h"

enum pager_rights {
    PAGER_ALL,   /* every page readable, writable, executable, A and D set: one fault a page */
    PAGER_TOUCH, /* rights, A and D as accesses ask for them: more faults, or updates by hardware */
};

struct pager_options {
    enum paging_mode mode;
    enum page_size page; /* of the pages mapped: a leaf size of the mode */
    enum pager_rights rights;
};

/* The pager's way to memory; bytes is 4 or 8. false: no memory left. */
struct pager_memory {
    void *context;
    bool (*read)(void *context, uint64_t pa, unsigned bytes, uint64_t *value);
    bool (*write)(void *context, uint64_t pa, unsigned bytes, uint64_t value);
};

struct pager_counters {
    uint64_t pages;  /* mapped, of any size */
    uint64_t tables; /* 4 KiB each, roots included */
};

struct pager;

/* NULL and a reason: the mode does not translate or has no such leaf, or no memory. */
struct pager *pager_create(const struct pager_options *options, const struct pager_memory *memory,
                           const char **why);
void pager_destroy(struct pager *pager);

/* The root table of a process (its ASID too), 1 … 65535, made when first asked for. */
bool pager_enter(struct pager *pager, uint64_t process, uint64_t *root_ppn);

/*
 * Mends the fault of an access of the process entered last; the caller then fences the page and
 * tries again. false: not this pager's to mend; pager_problem() says more if something ran out.
 */
bool pager_fault(struct pager *pager, uint64_t va, enum access_type access,
                 const struct mmu_response *fault);
const char *pager_problem(const struct pager *pager);

const struct pager_counters *pager_counters(const struct pager *pager);

#endif
