#include "tables.h"

#include "lockstep/memport.h"
#include "mmu/pte.h"

static uint64_t draw(struct stress_tables *tables, uint64_t below) {
    return next_random(tables->random) % below;
}

static bool one_in(struct stress_tables *tables, unsigned n) {
    return draw(tables, n) == 0;
}

static uint64_t ppn_mask(const struct mode *mode) {
    return (UINT64_C(1) << mode->ppn_bits) - 1;
}

void stress_tables_init(struct stress_tables *tables, const struct mode *mode, uint64_t *random) {
    tables->mode = mode;
    tables->random = random;
    for (unsigned i = 0; i < STRESS_PAGES; i++)
        tables->page_ppn[i] = next_random(random) & ppn_mask(mode);
    unsigned entries = 1u << mode->index_bits;
    const uint16_t edges[] = {0, (uint16_t)(entries - 1), (uint16_t)(entries / 2)};
    for (unsigned i = 0; i < STRESS_INDICES; i++)
        tables->index[i] = i < 3 ? edges[i] : (uint16_t)draw(tables, entries);
    /* Numbers that differ in one bit catch a comparison that leaves it out. */
    tables->index[4] = (uint16_t)(tables->index[3] ^ 1u << draw(tables, mode->index_bits));
    /* A next page that may be there, for prefetches. */
    tables->index[5] = (uint16_t)((tables->index[3] + 1) % entries);
    for (unsigned i = 0; i < STRESS_ASIDS; i++)
        tables->asid[i] = (uint16_t)next_random(random);
    tables->asid[1] = (uint16_t)(tables->asid[0] ^ 1u << draw(tables, TW_ASID_W));
}

/* A page meant for this level. */
static uint64_t page_of_level(struct stress_tables *tables, unsigned level) {
    unsigned levels = tables->mode->levels;
    unsigned last = (STRESS_PAGES - 1 - level) / levels;
    return tables->page_ppn[level + levels * draw(tables, last + 1)];
}

static uint64_t pointer(struct stress_tables *tables, unsigned level) {
    uint64_t ppn =
        level > 0 ? page_of_level(tables, level - 1) : tables->page_ppn[draw(tables, STRESS_PAGES)];
    uint64_t pte = ppn << PTE_BIT_PPN | pte_mask(PTE_BIT_V);
    return one_in(tables, 8) ? pte | pte_mask(PTE_BIT_G) : pte;
}

static uint64_t leaf(struct stress_tables *tables, unsigned level) {
    const struct mode *mode = tables->mode;
    static const uint8_t rights[] = {1, 3, 4, 5, 7, 7, 3, 1}; /* of R 1, W 2, X 4 */
    uint64_t below = (UINT64_C(1) << level * mode->index_bits) - 1;
    uint64_t ppn = next_random(tables->random) & ppn_mask(mode) & ~below;
    uint64_t pte = pte_mask(PTE_BIT_V) | (uint64_t)rights[draw(tables, 8)] << PTE_BIT_R;
    pte |= (next_random(tables->random) & 3) << PTE_BIT_A;
    if (one_in(tables, 2))
        pte |= pte_mask(PTE_BIT_A);
    if (!one_in(tables, 3))
        pte |= pte_mask(PTE_BIT_U);
    if (one_in(tables, 5))
        pte |= pte_mask(PTE_BIT_G);
    if (mode->high_bits && one_in(tables, 6))
        pte |= draw(tables, 4) << PTE_BIT_PBMT;
    if (mode->high_bits && one_in(tables, 6)) {
        pte |= pte_mask(PTE_BIT_N);
        ppn = one_in(tables, 4) ? ppn : (ppn & ~UINT64_C(0xf)) | 8;
    }
    return pte | ppn << PTE_BIT_PPN;
}

/* One thing wrong with an entry that was good. */
static uint64_t broken(struct stress_tables *tables, uint64_t pte, unsigned level) {
    switch (draw(tables, 7)) {
    case 0:
        return pte & ~pte_mask(PTE_BIT_V);
    case 1:
        return (pte & ~pte_mask(PTE_BIT_R)) | pte_mask(PTE_BIT_W);
    case 2:
        return pte | UINT64_C(1) << (PTE_BIT_RESERVED + draw(tables, 7));
    case 3:
        return pte | (1 + draw(tables, 3)) << PTE_BIT_PBMT;
    case 4:
        return pte | pte_mask(PTE_BIT_N);
    case 5:
        return level > 0
                   ? pte | UINT64_C(1)
                               << (PTE_BIT_PPN + draw(tables, level * tables->mode->index_bits))
                   : 0;
    default:
        return pte | pte_mask((enum pte_bit)(draw(tables, 2) ? PTE_BIT_U : PTE_BIT_D));
    }
}

struct stress_word stress_entry(struct stress_tables *tables, unsigned page, unsigned slot) {
    const struct mode *mode = tables->mode;
    unsigned level = page % mode->levels;
    bool points = draw(tables, 100) < (level > 0 ? 65 : 4);
    uint64_t pte = points ? pointer(tables, level) : leaf(tables, level);
    uint64_t quality = draw(tables, 100);
    if (quality >= 92)
        pte = broken(tables, pte, level);
    if (quality == 99)
        pte = next_random(tables->random);
    unsigned bytes = mode->pte_bytes;
    return (struct stress_word){
        .pa = tables->page_ppn[page] * PAGE_BYTES + (uint64_t)tables->index[slot] * bytes,
        .value = bytes == 4 ? (uint32_t)pte : pte,
        .bytes = bytes,
    };
}

struct stress_word stress_any_entry(struct stress_tables *tables) {
    unsigned page = (unsigned)draw(tables, STRESS_PAGES);
    return stress_entry(tables, page, (unsigned)draw(tables, STRESS_INDICES));
}

uint64_t stress_root(struct stress_tables *tables) {
    return page_of_level(tables, tables->mode->levels - 1u);
}

uint16_t stress_asid(struct stress_tables *tables) {
    return tables->asid[draw(tables, STRESS_ASIDS)];
}

/* An index in use, where it stands in an address. */
static uint64_t part_of_va(struct stress_tables *tables, const struct mode *mode, unsigned level) {
    return (uint64_t)tables->index[draw(tables, STRESS_INDICES)] % (1u << mode->index_bits)
           << (12 + level * mode->index_bits);
}

/* The upper bits as the mode wants them. */
static uint64_t canonical(const struct mode *mode, uint64_t va) {
    uint64_t unused = ~UINT64_C(0) << mode->va_bits;
    bool ones = mode->mode != MODE_SV32 && va >> (mode->va_bits - 1) & 1;
    return ones ? va | unused : va & ~unused;
}

uint64_t stress_relative(struct stress_tables *tables, const struct mode *mode, uint64_t va) {
    unsigned level = (unsigned)draw(tables, mode->levels);
    va &= ~(((UINT64_C(1) << mode->index_bits) - 1) << (12 + level * mode->index_bits));
    return canonical(mode, va | part_of_va(tables, mode, level));
}

uint64_t stress_va(struct stress_tables *tables, const struct mode *mode) {
    uint64_t va = draw(tables, PAGE_BYTES);
    for (unsigned level = 0; level < mode->levels; level++)
        va |= part_of_va(tables, mode, level);
    if (one_in(tables, 4)) /* a neighbour within a NAPOT page or a superpage */
        va ^= draw(tables, 32) << 12;
    va = canonical(mode, va);
    if (one_in(tables, 40))
        va ^= UINT64_C(1) << draw(tables, 64);
    return one_in(tables, 200) ? next_random(tables->random) : va;
}
