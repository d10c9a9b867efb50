/*
 * A TLB of any sets x ways and mixed page sizes; docs/architecture.md, "TLBs", states its
 * behaviour.
 */
#ifndef TWINWALK_MMU_TLB_H
#define TWINWALK_MMU_TLB_H

#include "../types.h"
#include "mmu.h"
#include "mode.h"
#include "replacement.h"

struct tlb_entry {
    uint64_t vpn; /* va[56:12]; bits below the page size are 0 */
    uint64_t ppn; /* 44 bits; bits below the page size are 0 */
    uint16_t asid;
    uint8_t size;  /* enum page_size */
    uint8_t flags; /* enum entry_bit; G own or inherited */
    bool valid;
    bool damaged; /* its parity is wrong: it does not match, and may be overwritten */
};

struct tlb {
    unsigned sets, ways;
    uint64_t set_mask; /* sets - 1 if a power of two, else 0 with sets > 1 */
    struct tlb_entry *entry;
    struct replacement replacement;
    unsigned held[PAGE_SIZES]; /* valid entries of each page size: sizes not held need no look */
};

/* What a lookup is for. */
struct tlb_key {
    const struct mode *mode;
    uint64_t va;
    uint16_t asid;
    enum access_type access;
    enum privilege priv;
    const struct mmu_control *control;
};

struct tlb_place {
    unsigned set, way;
};

struct tlb_victim {
    struct tlb_place place;
    bool evicted; /* `entry` was valid there before */
    struct tlb_entry entry;
};

/* false: no memory. `random` is the first state of random replacement. */
bool tlb_init(struct tlb *tlb, const struct tlb_config *config, uint32_t random);
void tlb_free(struct tlb *tlb);

/* On HIT *found is the entry, in use for replacement; on CLEAN it has been removed; NULL on a miss.
 */
enum lookup_result tlb_lookup(struct tlb *tlb, const struct tlb_key *key, struct tlb_place *place,
                              const struct tlb_entry **found);

/* What tlb_lookup() would find, and nothing changes; NULL: no match. */
const struct tlb_entry *tlb_peek(const struct tlb *tlb, const struct tlb_key *key);

/* Into the way that holds the same page already, else an invalid one, else the victim's. */
void tlb_fill(struct tlb *tlb, const struct tlb_entry *entry, struct tlb_victim *victim);

/* The entry just filled there has wrong parity. */
static inline void tlb_damage(struct tlb *tlb, unsigned set, unsigned way) {
    tlb->entry[(size_t)set * tlb->ways + way].damaged = true;
}

/* SFENCE.VMA, 12.2.1. */
void tlb_fence(struct tlb *tlb, const struct mmu_fence *fence);

static inline uint64_t tlb_vpn(uint64_t va) {
    return va >> 12 & ((UINT64_C(1) << TW_VPN_W) - 1);
}

/* Bits of a page number that lie within a page of this size. */
static inline uint64_t tlb_below(enum page_size size) {
    return (UINT64_C(1) << (page_shift(size) - 12)) - 1;
}

/* Physical address of va in the entry's page. */
static inline uint64_t tlb_entry_pa(const struct tlb_entry *entry, uint64_t va) {
    uint64_t offset = (UINT64_C(1) << page_shift((enum page_size)entry->size)) - 1;
    return (entry->ppn << 12 & ~offset) | (va & offset);
}

#endif
