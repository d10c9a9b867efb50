/*
 * Page faults (Linux: arch/riscv/mm/fault.c, mm/memory.c).
 */
#ifndef TWINWALK_MM_PAGE_FAULT_H
#define TWINWALK_MM_PAGE_FAULT_H

#include "mm_types.h"

/* Result bits, 0: mended. */
#define VM_FAULT_OOM     1u
#define VM_FAULT_SIGBUS  2u
#define VM_FAULT_SIGSEGV 4u
#define VM_FAULT_MAJOR   8u /* a device was waited for */
#define VM_FAULT_ERROR   (VM_FAULT_OOM | VM_FAULT_SIGBUS | VM_FAULT_SIGSEGV)

/* What a fault came to, told by FAULT_STEP. */
enum fault_step {
    STEP_ANON_ZERO, /* a read: the zero page */
    STEP_ANON_NEW,  /* a new zeroed frame */
    STEP_ANON_HUGE,
    STEP_FILE_READ, /* page-cache page mapped, with its neighbours */
    STEP_FILE_COW,  /* write to a private file page: a copy */
    STEP_FILE_SHARED,
    STEP_SWAP_IN,
    STEP_COW_COPY,
    STEP_COW_REUSE, /* nobody else has it: made writable */
    STEP_HUGE_COW,
    STEP_YOUNG,    /* A (and D) set for hardware that does not (Svade) */
    STEP_SPURIOUS, /* the table already allows it */
    STEP_STACK,    /* the stack grew */
    STEP_HUGETLB,
    STEP_BAD /* no VMA, or no right: a signal */
};

/*
 * The fault that the current process's access got from the MMU. 0 (perhaps | VM_FAULT_MAJOR): try
 * the access again; the page has been fenced. VM_FAULT_ERROR bits: a signal was sent, the access
 * did not happen. Access faults (bus errors) are SIGBUS. Kernel addresses from user mode: SIGSEGV.
 */
unsigned do_page_fault(struct kernel *k, uint64_t va, enum access_type access,
                       const struct mmu_response *fault);

/* The same without an MMU's answer, for the manager's own accesses to user memory (populate,
 * copy_to_user); no signals. */
unsigned handle_mm_fault(struct vm_area_struct *vma, uint64_t va, enum access_type access);

/*
 * The frame and rights that user address `va` has now, faulting it in for `access` if needed; a
 * reference is taken. NULL: -EFAULT, -ENOMEM in *error. (Linux: get_user_pages, one page.)
 */
struct page *get_user_page(struct mm_struct *mm, uint64_t va, enum access_type access, int *error);

/* For fork: the entries of a VMA are copied, private ones write-protected on both sides. -ENOMEM,
 * -EIO. */
int copy_page_range(struct vm_area_struct *to, struct vm_area_struct *from);

#endif
