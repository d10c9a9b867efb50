/*
 * Sparse physical memory for either side of a run. Pages appear when first written; others read as
 * 0. Bus errors can be injected, and memory can be limited to ranges that exist.
 */
#ifndef TWINWALK_PHYSMEM_H
#define TWINWALK_PHYSMEM_H

#include "../mmu/mmu.h"
#include "../types.h"

struct physmem;

/* NULL: no memory. */
struct physmem *physmem_create(void);
void physmem_destroy(struct physmem *memory);

/*
 * Once called, only the ranges added exist: [base, base + size), bytes; everything else is a bus
 * error. false: no memory left, or the range is empty or wraps.
 */
bool physmem_add_ram(struct physmem *memory, uint64_t base, uint64_t size);

/* Accesses that touch [from, to) are refused from now on. Same failures. */
bool physmem_add_error(struct physmem *memory, uint64_t from, uint64_t to);

/* Only compare-and-sets that touch [from, to) are refused: memory that has no atomic operations. */
bool physmem_add_update_error(struct physmem *memory, uint64_t from, uint64_t to);

/*
 * `bytes` is 4 or 8, pa a multiple of it; little endian. false: bus error, or (write) no memory.
 * physmem_poke() writes also where accesses are refused: it is the bench's hand, not a bus access.
 */
bool physmem_read(struct physmem *memory, uint64_t pa, unsigned bytes, uint64_t *value);
bool physmem_write(struct physmem *memory, uint64_t pa, unsigned bytes, uint64_t value);
bool physmem_poke(struct physmem *memory, uint64_t pa, unsigned bytes, uint64_t value);
bool physmem_compare_and_set(struct physmem *memory, uint64_t pa, unsigned bytes, uint64_t expect,
                             uint64_t desired, uint64_t *old);

/*
 * Whole frames, as memory managers and DMA move them: pa a multiple of PAGE_BYTES, contents in the
 * order of their addresses. false: a bus error somewhere in the frame, or no memory; nothing was
 * changed. The listener is not told.
 */
bool physmem_clear_page(struct physmem *memory, uint64_t pa);
bool physmem_copy_page(struct physmem *memory, uint64_t to, uint64_t from);
bool physmem_load_page(struct physmem *memory, uint64_t pa, void *bytes);
bool physmem_store_page(struct physmem *memory, uint64_t pa, const void *bytes);

/* The callbacks by which a model MMU reaches this memory. */
struct mmu_memory physmem_callbacks(struct physmem *memory);

/* Whether both hold the same; if not, *pa is the lowest 8-byte word that differs. */
bool physmem_equal(struct physmem *a, struct physmem *b, uint64_t *pa);

/* Forgets all contents; ranges stay. */
void physmem_clear(struct physmem *memory);

/* Forgets all ranges: every address exists again and nothing is refused. */
void physmem_forget_ranges(struct physmem *memory);

/*
 * Called after every word that a bus access stored (physmem_write(), a compare-and-set that
 * succeeded; never physmem_poke()), with what was there before. NULL: nobody.
 */
typedef void physmem_listener(void *context, uint64_t pa, unsigned bytes, uint64_t old,
                              uint64_t value);
void physmem_listen(struct physmem *memory, physmem_listener *listener, void *context);

#endif
