/*
 * The table of paging modes: one loop walks them all. Sections 12.3 (Sv32), 12.4 (Sv39), 12.5
 * (Sv48), 12.6 (Sv57).
 */
#ifndef TWINWALK_MMU_MODE_H
#define TWINWALK_MMU_MODE_H

#include "../types.h"

#define MODE_MAX_LEVELS 5
#define MODE_MAX_SIZES  6

struct mode {
    enum paging_mode mode;
    uint8_t levels;                            /* LEVELS of the specification */
    uint8_t va_bits;                           /* bits of a virtual address that translate */
    uint8_t index_bits;                        /* bits of one vpn[i] */
    uint8_t pte_bytes;                         /* PTESIZE */
    uint8_t ppn_bits;                          /* bits of PTE.PPN */
    bool high_bits;                            /* PTEs have bits 63:54 */
    enum page_size leaf_size[MODE_MAX_LEVELS]; /* of a leaf at level i */
    uint8_t sizes;                             /* page sizes a TLB may hold in this mode, … */
    enum page_size size[MODE_MAX_SIZES];       /* … ascending */
};

/* NULL for Bare and for codes that are no mode. */
const struct mode *mode_find(enum paging_mode mode);

/* Sv39 and up: bits above the translated ones equal the highest of these. Sv32: they are 0. */
static inline bool mode_canonical(const struct mode *mode, uint64_t va) {
    if (mode->mode == MODE_SV32)
        return va >> 32 == 0;
    unsigned unused = 64 - mode->va_bits;
    return (uint64_t)((int64_t)(va << unused) >> unused) == va;
}

/* va.vpn[level] */
static inline uint64_t mode_vpn(const struct mode *mode, uint64_t va, unsigned level) {
    return va >> (12 + level * mode->index_bits) & ((UINT64_C(1) << mode->index_bits) - 1);
}

#endif
