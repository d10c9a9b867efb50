/*
 * Adversarial page tables: a pool of table pages in which good pointers and leaves stand beside
 * every kind of broken entry, and addresses that lead through them.
 */
#ifndef TWINWALK_STRESS_TABLES_H
#define TWINWALK_STRESS_TABLES_H

#include "mmu/mmu.h"
#include "mmu/mode.h"

#define STRESS_PAGES   24
#define STRESS_INDICES 6
#define STRESS_ASIDS   3

struct stress_tables {
    const struct mode *mode; /* that the tables are made for */
    uint64_t *random;
    uint64_t page_ppn[STRESS_PAGES]; /* page i is meant for level i mod levels */
    uint16_t index[STRESS_INDICES];  /* the entries that are in use in every page */
    uint16_t asid[STRESS_ASIDS];
};

/* Chooses where pages lie and which entries are used; draws from *random then and later. */
void stress_tables_init(struct stress_tables *tables, const struct mode *mode, uint64_t *random);

/* Address and a new value of one entry of one page. */
struct stress_word {
    uint64_t pa, value;
    unsigned bytes;
};
struct stress_word stress_entry(struct stress_tables *tables, unsigned page, unsigned slot);

/* One that a walk is likely to meet. */
struct stress_word stress_any_entry(struct stress_tables *tables);

uint64_t stress_root(struct stress_tables *tables);
uint16_t stress_asid(struct stress_tables *tables);

/* An address: mostly through entries in use, sometimes not canonical, sometimes anything. */
uint64_t stress_va(struct stress_tables *tables, const struct mode *mode);

/*
 * An address that shares all but one index with `va`: a match that leaves a bit out takes one for
 * the other.
 */
uint64_t stress_relative(struct stress_tables *tables, const struct mode *mode, uint64_t va);

#endif
