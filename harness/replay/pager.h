/*
 * A first pager: maps a page when it is first touched. It writes real page tables through the
 * target's memories, so that walkers find what an operating system would have put there.
 */
#ifndef TWINWALK_REPLAY_PAGER_H
#define TWINWALK_REPLAY_PAGER_H

#include "system.h"
#include "target.h"

enum pager_rights {
    PAGER_ALL,   /* every page readable, writable, executable, A and D set: one fault a page */
    PAGER_TOUCH, /* rights, A and D as accesses ask for them: more faults, or updates by hardware */
};

struct pager_options {
    enum paging_mode mode;
    enum page_size page; /* of the pages mapped: a leaf size of the mode */
    enum pager_rights rights;
};

struct pager;

/* Pages in the target's memories and fences there. NULL and a reason: the mode does not translate
 * or has no such leaf, or no memory. */
struct pager *pager_create(const struct pager_options *options, const struct replay_target *target,
                           const char **why);
void pager_destroy(struct pager *pager);

/* A process's ASID is its number; its root table is made when first asked for. */
struct replay_system pager_system(struct pager *pager);

#endif
