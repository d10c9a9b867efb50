/*
 * Processes: creation, fork with copy-on-write, exit (Linux: kernel/fork.c, exit.c).
 */
#ifndef TWINWALK_MM_FORK_H
#define TWINWALK_MM_FORK_H

#include "mm_types.h"

/* A process with an empty user half and a kernel stack; NULL: no memory. */
struct task_struct *task_create(struct kernel *k);
/* NULL: no living process has it. */
struct task_struct *find_task(struct kernel *k, uint64_t pid);

/*
 * A child with the same VMAs. Private pages are shared and write-protected on both sides; swap
 * entries are duplicated; tables of file mappings without anonymous pages are not copied (their
 * pages fault in again), as in Linux. NULL: no memory, nothing is left of it.
 */
struct task_struct *do_fork(struct kernel *k, struct task_struct *parent);

/* Gives everything back but the descriptor, whose counters stay until task_reap(). */
void do_exit(struct kernel *k, struct task_struct *task);
void task_reap(struct kernel *k, struct task_struct *task);

/* Kills: noted, the first signal counts; the process exits at the next mm_tick(). */
void send_signal(struct kernel *k, struct task_struct *task, int signal, uint64_t va);

/* The layout of a program image, mapped by mm_exec(). */
struct exec_image {
    struct file *file;                      /* NULL: code and data are anonymous */
    uint64_t code, code_bytes, code_offset; /* r-x */
    uint64_t data, data_bytes, data_offset; /* rw-, private */
    uint64_t bss_bytes;                     /* after data, anonymous */
    uint64_t stack_bytes;                   /* mapped at first; grows by faults */
};
/* Replaces the user half: code, data, bss, heap (empty, at brk), stack. -errno. */
int mm_exec(struct kernel *k, struct task_struct *task, const struct exec_image *image);

struct mm_struct *mm_alloc(struct kernel *k); /* with a root; NULL: no memory */
void mmput(struct mm_struct *mm);             /* the last user: exit_mmap, root, ASID */
/* Tries again what mmput() could not finish for bus errors (kernel->unfreed). */
void free_unfreed(struct kernel *k);

#endif
