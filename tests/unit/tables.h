/*
 * Page tables for the unit tests. Numbers are the privileged specification's own (12.3 to 12.6),
 * typed here again instead of taken from model/defs or model/mmu/mode.c, so that a wrong table
 * there does not confirm itself.
 */
#ifndef TWINWALK_TESTS_UNIT_TABLES_H
#define TWINWALK_TESTS_UNIT_TABLES_H

#include "mmu/mmu.h"
#include "physmem/physmem.h"

/* PTE bits */
#define V           UINT64_C(0x01)
#define R           UINT64_C(0x02)
#define W           UINT64_C(0x04)
#define X           UINT64_C(0x08)
#define U           UINT64_C(0x10)
#define G           UINT64_C(0x20)
#define A           UINT64_C(0x40)
#define D           UINT64_C(0x80)
#define N           (UINT64_C(1) << 63)
#define PBMT(type)  ((uint64_t)(type) << 61)
#define PPN(number) ((uint64_t)(number) << 10)
/* A leaf that permits everything in S-mode. */
#define LEAF (V | R | W | X | A | D)

#define MODES 4

struct geometry {
    enum paging_mode mode;
    unsigned levels, va_bits, index_bits, pte_bytes, ppn_bits;
    enum page_size leaf[5];
    unsigned leaf_shift[5]; /* log2 of the bytes of a leaf at each level */
};

extern const struct geometry geometries[MODES];

struct tables {
    struct physmem *memory;
    const struct geometry *geometry;
    uint64_t root_ppn;
    uint64_t next_ppn; /* of the next table page */
};

/* An empty table in a memory of its own. */
void tables_create(struct tables *tables, const struct geometry *geometry);
void tables_destroy(struct tables *tables);

/* Physical address of the PTE for va at `level`; tables on the way down are made. */
uint64_t tables_pte(struct tables *tables, uint64_t va, unsigned level);

void tables_put(struct tables *tables, uint64_t va, unsigned level, uint64_t pte);
uint64_t tables_get(struct tables *tables, uint64_t va, unsigned level);

/* Control registers that use these tables, everything else off. */
struct mmu_control tables_control(const struct tables *tables);

/* The smallest MMU: 1 entry each, no L2. */
struct mmu *small_mmu(const struct mmu_memory *memory);

/* One translation by a fresh small MMU. */
struct mmu_response translate_once(struct tables *tables, const struct mmu_control *control,
                                   uint64_t va, enum access_type access, enum privilege priv);

/* Sign-extends va from the mode's highest bit (Sv32: drops what is above). */
uint64_t canonical(const struct geometry *geometry, uint64_t va);

/* splitmix64 */
uint64_t next_random(uint64_t *state);

/* A number below `limit`. */
static inline unsigned pick(uint64_t *state, unsigned limit) {
    return (unsigned)(next_random(state) % limit);
}

#endif
