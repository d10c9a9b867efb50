#include "fork.h"

#include "context.h"
#include "fault_internal.h"
#include "filemap.h"
#include "layout.h"
#include "mmap.h"
#include "rmap.h"
#include "slub.h"

#define THREAD_BYTES (UINT64_C(16) << 10) /* a kernel stack */
#define STACK_LIMIT  (UINT64_C(8) << 20)

/* ---- address spaces ---- */

struct mm_struct *mm_alloc(struct kernel *k) {
    struct mm_struct *mm = kmem_cache_alloc(k, k->own[CACHE_MM], GFP_KERNEL | GFP_ZERO);
    if (!mm)
        return NULL;
    mm->kernel = k;
    mm->users = 1;
    mm->stack_limit = STACK_LIMIT;
    mm->mmap_base = mm_layout(k->config.mode)->mmap_base;
    TAILQ_INIT(&mm->deposited);
    if (pgd_alloc(mm) != 0) {
        kmem_cache_free(k, k->own[CACHE_MM], mm);
        return NULL;
    }
    return mm;
}

static void mm_free(struct mm_struct *mm) {
    struct kernel *k = mm->kernel;
    destroy_context(mm);
    pgd_free(mm);
    kmem_cache_free(k, k->own[CACHE_MM], mm);
}

void mmput(struct mm_struct *mm) {
    if (--mm->users > 0)
        return;
    if (exit_mmap(mm) == 0)
        mm_free(mm);
    else
        TAILQ_INSERT_TAIL(&mm->kernel->unfreed, mm, unfreed);
}

void free_unfreed(struct kernel *k) {
    struct mm_struct *mm, *next;
    for (mm = TAILQ_FIRST(&k->unfreed); mm; mm = next) {
        next = TAILQ_NEXT(mm, unfreed);
        if (exit_mmap(mm) != 0)
            continue;
        TAILQ_REMOVE(&k->unfreed, mm, unfreed);
        mm_free(mm);
    }
}

/* ---- tasks ---- */

/* A descriptor with a kernel stack, not yet known to anybody. */
static struct task_struct *task_alloc(struct kernel *k) {
    struct task_struct *task = kmem_cache_alloc(k, k->own[CACHE_TASK], GFP_KERNEL | GFP_ZERO);
    if (!task)
        return NULL;
    task->kernel_stack = vmalloc(k, THREAD_BYTES);
    if (!task->kernel_stack) {
        kmem_cache_free(k, k->own[CACHE_TASK], task);
        return NULL;
    }
    mod_stat(k, STAT_nr_kernel_stack, (int64_t)(THREAD_BYTES / PAGE_BYTES));
    return task;
}

static void free_kernel_stack(struct kernel *k, struct task_struct *task) {
    if (!task->kernel_stack)
        return;
    vfree(k, task->kernel_stack);
    task->kernel_stack = 0;
    mod_stat(k, STAT_nr_kernel_stack, -(int64_t)(THREAD_BYTES / PAGE_BYTES));
}

static void task_free(struct kernel *k, struct task_struct *task) {
    free_kernel_stack(k, task);
    kmem_cache_free(k, k->own[CACHE_TASK], task);
}

/* From now on others may find it, and kill it. */
static void task_add(struct kernel *k, struct task_struct *task, struct mm_struct *mm) {
    task->mm = mm;
    task->pid = k->next_pid++;
    TAILQ_INSERT_TAIL(&k->tasks, task, list);
}

struct task_struct *task_create(struct kernel *k) {
    struct task_struct *task = task_alloc(k);
    if (!task)
        return NULL;
    struct mm_struct *mm = mm_alloc(k);
    if (!mm) {
        task_free(k, task);
        return NULL;
    }
    task_add(k, task, mm);
    return task;
}

struct task_struct *find_task(struct kernel *k, uint64_t pid) {
    struct task_struct *task;
    TAILQ_FOREACH(task, &k->tasks, list) {
        if (task->pid == pid && task->mm)
            return task;
    }
    return NULL;
}

void do_exit(struct kernel *k, struct task_struct *task) {
    struct mm_struct *mm = task->mm;
    if (!mm)
        return;
    if (k->current == task)
        switch_mm(k, NULL);
    task->mm = NULL;
    mmput(mm);
    free_kernel_stack(k, task);
    mm_event(k, MM_EVENT_EXIT, task->pid, 0, 0);
}

void task_reap(struct kernel *k, struct task_struct *task) {
    do_exit(k, task);
    TAILQ_REMOVE(&k->tasks, task, list);
    task_free(k, task);
}

void send_signal(struct kernel *k, struct task_struct *task, int signal, uint64_t va) {
    if (task->signal || !task->mm)
        return;
    task->signal = signal;
    task->signal_va = va;
    count_event(k, STAT_signals, 1);
    mm_event(k, MM_EVENT_SIGNAL, task->pid, (uint64_t)signal, va);
}

/* ---- fork ---- */

/* The child's VMA: locks are not inherited. */
static struct vm_area_struct *vma_dup(struct mm_struct *mm, const struct vm_area_struct *from) {
    struct vm_area_struct *vma = vma_alloc(mm);
    if (!vma)
        return NULL;
    vma->start = from->start;
    vma->end = from->end;
    vma->flags = from->flags & ~VM_LOCKED;
    vma->pgoff = from->pgoff;
    vma->huge_shift = from->huge_shift;
    vma->file = from->file;
    if (vma->file)
        get_file(vma->file);
    anon_vma_clone(vma, from);
    vma_link(mm, vma);
    return vma;
}

static void copy_layout(struct mm_struct *to, const struct mm_struct *from) {
    to->start_code = from->start_code;
    to->end_code = from->end_code;
    to->start_data = from->start_data;
    to->end_data = from->end_data;
    to->start_brk = from->start_brk;
    to->brk = from->brk;
    to->start_stack = from->start_stack;
    to->mmap_base = from->mmap_base;
    to->stack_limit = from->stack_limit;
}

/* Linux: dup_mmap. On failure what was copied goes with the child's mm. */
static int dup_mmap(struct mm_struct *to, struct mm_struct *from) {
    int error = 0;
    copy_layout(to, from);
    for (struct vm_area_struct *vma = vma_first(from); vma && !error; vma = vma_next(vma)) {
        struct vm_area_struct *copy = vma_dup(to, vma);
        error = copy ? copy_page_range(copy, vma) : -ENOMEM;
    }
    flush_tlb_mm(from); /* its private pages have lost W, even if the fork failed */
    return error;
}

static struct mm_struct *dup_mm(struct kernel *k, struct mm_struct *from) {
    struct mm_struct *mm = mm_alloc(k);
    if (!mm)
        return NULL;
    if (dup_mmap(mm, from) != 0) {
        mmput(mm);
        return NULL;
    }
    mm->hiwater_rss = mm->rss[MM_ANONPAGES] + mm->rss[MM_FILEPAGES] + mm->rss[MM_SHMEMPAGES];
    return mm;
}

struct task_struct *do_fork(struct kernel *k, struct task_struct *parent) {
    struct mm_struct *from = parent->mm;
    if (!from)
        return NULL;
    from->users++; /* the OOM killer may choose the parent, if it is not the current process */
    struct task_struct *task = task_alloc(k);
    struct mm_struct *mm = task ? dup_mm(k, from) : NULL;
    mmput(from);
    if (!mm) {
        if (task)
            task_free(k, task);
        return NULL;
    }
    task_add(k, task, mm);
    task->parent = parent->pid;
    mm_event(k, MM_EVENT_FORK, parent->pid, task->pid, 0);
    return task;
}
