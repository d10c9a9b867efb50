/*
 * The address-space layout of each mode: Linux's for RISC-V, and for Sv32 the classic 3 GiB user,
 * 1 GiB kernel. Addresses are sign-extended to 64 bits (Sv32: 32 bits).
 */
#ifndef TWINWALK_MM_LAYOUT_H
#define TWINWALK_MM_LAYOUT_H

#include "mm_types.h"

struct layout {
    uint64_t task_size; /* end of user space */
    uint64_t exec_base; /* where programs start */
    uint64_t stack_top, mmap_base;
    uint64_t vmalloc_start, vmalloc_end; /* dynamic memory, kernel stacks */
    uint64_t vmemmap;                    /* kernel structures: the memory map */
    uint64_t page_offset;                /* linear map: page_offset + pa - first node's base */
    uint64_t linear_bytes;               /* that fit into it (Sv32: 896 MiB) */
    uint64_t kernel_link;                /* kernel code, data, bss */
    uint64_t kernel_room;                /* bytes there, … */
    uint64_t vmemmap_bytes;              /* … and of vmemmap */
};
const struct layout *mm_layout(enum paging_mode mode);

/*
 * init_mm: kernel code (r-x), rodata, data and bss, the linear map with the largest pages that fit,
 * the memory map; tables below every root entry of the dynamic memory, so that later changes
 * show in every process (the rest never changes). All global. -ENOMEM, -EIO.
 */
int kernel_map_init(struct kernel *k);
void kernel_map_free(struct kernel *k);

/* `bytes` of dynamic kernel memory, frames mapped one by one, with a guard page: the VA, 0: no
 * memory. */
uint64_t vmalloc(struct kernel *k, uint64_t bytes);
void vfree(struct kernel *k, uint64_t va);
/* Tries again what vfree() could not finish for bus errors (kernel->vmap_unfreed). */
void vfree_unfreed(struct kernel *k);

/* VA in the linear map; 0: a HighMem frame. */
uint64_t phys_to_virt(const struct kernel *k, uint64_t pa);

#endif
