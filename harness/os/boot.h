/*
 * A memory manager on a board, with the processes of a plan: each a task whose regions are mapped
 * and not yet touched.
 */
#ifndef TWINWALK_OS_BOOT_H
#define TWINWALK_OS_BOOT_H

#include "board.h"
#include "mm/kernel.h"
#include "plan.h"

struct os_options {
    bool percent;    /* memory: for the trace's pages alone, in percent of those it touches, … */
    uint64_t memory; /* … else bytes in all; 0: twice what it touches */
    bool swap_given;
    uint64_t swap; /* bytes; not given: twice what the trace touches */
    enum reclaim_policy policy;
    uint64_t seed;       /* of RECLAIM_RANDOM */
    enum page_size page; /* PAGE_4K, the level-1 leaf (transparent huge pages always), or PAGE_1G */
    unsigned swappiness, page_cluster;
    bool adue;
    bool flush_young; /* mm_config's */
    bool check;       /* mm_check() after every fault */
    bool optimum;     /* note the reference string */
};

/* What the regions of a plan must suit, by the page size; false: the mode has no such pages. */
bool os_huge_pages(const struct os_options *options, enum paging_mode mode, enum plan_huge *huge);

struct os_process {
    uint64_t process; /* of the trace */
    struct task_struct *task;
    struct file *program; /* NULL: nothing of it is mapped */
    uint64_t pages_read;  /* of the program file, by the manager */
};

struct os_boot {
    struct board board;
    struct kernel *k;
    struct os_process *process; /* ascending, as in the plan */
    size_t processes;
    uint64_t memory_bytes, swap_bytes;
};

/* false: `why` says it; nothing is left. The structure stays where it is. */
bool os_boot(struct os_boot *boot, const struct os_options *options, enum paging_mode mode,
             const struct plan *plan, const struct replay_target *target, char *why, size_t size);
void os_shut(struct os_boot *boot);

/* Frames that processes' pages lie in: all but free ones and those of kernel structures. */
uint64_t os_user_frames(const struct kernel *k);

#endif
