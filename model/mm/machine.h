/*
 * What the memory manager needs of the machine it runs on: its physical memory and its fences. The
 * embedder fills it in: one memory, or the two of a lockstep run, which then stay equal.
 */
#ifndef TWINWALK_MM_MACHINE_H
#define TWINWALK_MM_MACHINE_H

#include "../mmu/mmu.h"

/* Functions that return bool: false is a bus error; nothing was changed. */
struct machine {
    void *context;
    /* One word of 4 or 8 bytes, pa a multiple of it, little endian. */
    bool (*read)(void *context, uint64_t pa, unsigned bytes, uint64_t *value);
    bool (*write)(void *context, uint64_t pa, unsigned bytes, uint64_t value);
    /* A frame of PAGE_BYTES, pa a multiple of it. */
    bool (*clear_page)(void *context, uint64_t pa);
    bool (*copy_page)(void *context, uint64_t to, uint64_t from);
    bool (*load_page)(void *context, uint64_t pa, void *bytes);
    bool (*store_page)(void *context, uint64_t pa, const void *bytes);
    /* SFENCE.VMA on every MMU of the machine. */
    void (*fence)(void *context, const struct mmu_fence *fence);
    /* satp: called by switch_mm(). */
    void (*set_root)(void *context, uint64_t root_ppn, uint16_t asid);
};

#endif
