/*
 * Processes and their address spaces (Linux: task_struct, mm_struct, vm_area_struct).
 */
#ifndef TWINWALK_MM_MM_TYPES_H
#define TWINWALK_MM_MM_TYPES_H

#include "kernel.h"

/* Rights and kind of a VMA (Linux: VM_*). */
#define VM_READ       0x0001u
#define VM_WRITE      0x0002u
#define VM_EXEC       0x0004u
#define VM_SHARED     0x0008u
#define VM_GROWSDOWN  0x0010u
#define VM_LOCKED     0x0020u /* populated, never reclaimed */
#define VM_HUGEPAGE   0x0040u /* madvise(HUGEPAGE) */
#define VM_NOHUGEPAGE 0x0080u
#define VM_HUGETLB    0x0100u /* explicit huge pages of `huge` bytes: hugetlb.h */
#define VM_ACCOUNT    0x0200u /* private and once writable: charged as memory to come */
#define VM_STACK      VM_GROWSDOWN
#define VM_RIGHTS     (VM_READ | VM_WRITE | VM_EXEC)

enum rss { MM_ANONPAGES, MM_FILEPAGES, MM_SHMEMPAGES, MM_SWAPENTS, NR_MM_COUNTERS };

struct file; /* an open file: filemap.h */
struct mm_struct;

/*
 * The VMAs of a family of forks that may share anonymous pages. A page finds its mappings here
 * (rmap.h). Freed with its last VMA.
 */
struct vm_area_struct;
TAILQ_HEAD(vma_list, vm_area_struct);
struct anon_vma {
    struct vma_list vmas;
    uint64_t vma_count;
    uint64_t branches; /* numbers given out: anon_branch */
};

struct vm_area_struct {
    uint64_t start, end; /* [start, end), multiples of PAGE_BYTES */
    unsigned flags;
    uint64_t
        pgoff; /* of `start`: in the file, or (anonymous) start / PAGE_BYTES when it was mapped */
    struct file *file; /* holds a reference; NULL: anonymous and private */
    struct mm_struct *mm;
    struct anon_vma *anon_vma; /* once it has an anonymous page, or inherited */
    uint64_t anon_branch; /* 0, or the number of the fork that gave it its anon_vma: Linux has an
                             anon_vma for each VMA of each child, and these do not mix */
    unsigned huge_shift;  /* VM_HUGETLB: log2 of the page, 21 or 30 (22 in Sv32) */
    struct {              /* libbsd's red-black tree, by start */
        struct vm_area_struct *rbe_left, *rbe_right, *rbe_parent;
        int rbe_color;
    } node;
    /* Free bytes below it (guard gap left out), and the most of its subtree: vma.c. */
    uint64_t gap, subtree_gap;
    TAILQ_ENTRY(vm_area_struct) anon_list; /* of anon_vma->vmas */
    TAILQ_ENTRY(vm_area_struct) file_list; /* of the inode's i_mmap */
};

struct vma_tree {
    struct vm_area_struct *rbh_root;
};

struct mm_struct {
    struct kernel *kernel;
    uint64_t pgd; /* pfn of the root table */
    struct vma_tree vmas;
    uint64_t map_count;                /* VMAs */
    struct vm_area_struct *mmap_cache; /* what find_vma() found last */
    uint64_t pgtables_bytes;           /* tables below the root: VmPTE */
    uint64_t rss[NR_MM_COUNTERS];      /* frames; swap entries */
    uint64_t total_vm, locked_vm;      /* frames */
    uint64_t start_code, end_code, start_data, end_data, start_brk, brk, start_stack, mmap_base;
    uint64_t stack_limit; /* bytes; Linux: 8 MiB */
    uint64_t context;     /* ASID with its generation; 0: never had one */
    uint64_t hiwater_rss;
    struct page_list deposited; /* one PTE table per anonymous huge leaf */
    uint64_t scan_address;      /* where khugepaged goes on */
    unsigned users;             /* tasks */
    TAILQ_ENTRY(mm_struct) unfreed;
};

struct task_struct {
    uint64_t pid;
    uint64_t parent;
    struct mm_struct *mm;  /* NULL once exited */
    uint64_t kernel_stack; /* VA of its lowest byte: 4 frames in the kernel's dynamic memory */
    uint64_t min_flt, maj_flt;
    int signal; /* the first that killed it: SIGSEGV, SIGBUS, SIGKILL; 0: alive */
    uint64_t signal_va;
    TAILQ_ENTRY(task_struct) list;
};

#endif
