/*
 * Who pages for a replay: what stands in an operating system's place. The first-touch pager
 * (pager.h) is one, the memory manager (os/os.h) another.
 */
#ifndef TWINWALK_REPLAY_SYSTEM_H
#define TWINWALK_REPLAY_SYSTEM_H

#include "mmu/mmu.h"

enum replay_end {
    REPLAY_DONE,
    REPLAY_STOPPED, /* the target gave up: the sides diverged */
    REPLAY_FAILED,  /* it cannot go on: replay_problem() says why */
    REPLAY_WRONG,   /* the system found contents or structures wrong: likewise */
};

/* What the system did, for the replay's counters. */
struct system_counters {
    uint64_t pages;  /* mapped, of any size */
    uint64_t tables; /* 4 KiB each, roots included */
    uint64_t fences;
};

struct replay_system {
    void *context;
    /* Process 1 … 65535 runs from now on: its root and ASID go into *control. */
    enum replay_end (*enter)(void *context, uint64_t process, struct mmu_control *control);
    /*
     * The process's access got a fault. *mended: what was changed is fenced, the access is worth
     * trying again; else the reference does not happen.
     */
    enum replay_end (*fault)(void *context, const struct mmu_request *request,
                             const struct mmu_response *response, bool *mended);
    /*
     * A reference to `bytes` (0: not recorded) from request->va on, within a page, was translated:
     * pa[i] is the answer of memory i's side. NULL: of no interest.
     */
    enum replay_end (*accessed)(void *context, const struct mmu_request *request, unsigned bytes,
                                const uint64_t *pa);
    bool repeats; /* `accessed` wants each repeat too, not only the first of a run */
    /* Registers and memory are the system's: a trace must not set root, ASID, privilege, ADUE or
     * memory words, and its fences are for every ASID. */
    bool owns_machine;
    /* Why `enter`, `fault` or `accessed` returned other than DONE or STOPPED. */
    const char *(*problem)(const void *context);
    void (*count)(const void *context, struct system_counters *counters);
};

#endif
