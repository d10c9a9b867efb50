#include "tables.h"

#include <stdlib.h>

const struct geometry geometries[MODES] = {
    {MODE_SV32, 2, 32, 10, 4, 22, {PAGE_4K, PAGE_4M}, {12, 22}},
    {MODE_SV39, 3, 39, 9, 8, 44, {PAGE_4K, PAGE_2M, PAGE_1G}, {12, 21, 30}},
    {MODE_SV48, 4, 48, 9, 8, 44, {PAGE_4K, PAGE_2M, PAGE_1G, PAGE_512G}, {12, 21, 30, 39}},
    {MODE_SV57,
     5,
     57,
     9,
     8,
     44,
     {PAGE_4K, PAGE_2M, PAGE_1G, PAGE_512G, PAGE_256T},
     {12, 21, 30, 39, 48}},
};

void tables_create(struct tables *tables, const struct geometry *geometry) {
    /* The highest table pages that the mode can name, so that no PPN bit goes untested. */
    uint64_t last = (UINT64_C(1) << geometry->ppn_bits) - 1;
    *tables = (struct tables){physmem_create(), geometry, last, last - 1};
    if (!tables->memory)
        abort();
}

void tables_destroy(struct tables *tables) {
    physmem_destroy(tables->memory);
}

static uint64_t load(const struct tables *tables, uint64_t pa) {
    uint64_t value = 0;
    physmem_read(tables->memory, pa, tables->geometry->pte_bytes, &value);
    return value;
}

uint64_t tables_pte(struct tables *tables, uint64_t va, unsigned level) {
    const struct geometry *geometry = tables->geometry;
    uint64_t table = tables->root_ppn << 12;
    for (unsigned i = geometry->levels - 1;; i--) {
        uint64_t index = va >> (12 + i * geometry->index_bits) & ((1u << geometry->index_bits) - 1);
        uint64_t pa = table + index * geometry->pte_bytes;
        if (i == level)
            return pa;
        uint64_t pointer = load(tables, pa);
        if (!(pointer & V)) {
            pointer = PPN(tables->next_ppn--) | V;
            physmem_poke(tables->memory, pa, geometry->pte_bytes, pointer);
        }
        table = (pointer >> 10 & ((UINT64_C(1) << geometry->ppn_bits) - 1)) << 12;
    }
}

void tables_put(struct tables *tables, uint64_t va, unsigned level, uint64_t pte) {
    physmem_poke(tables->memory, tables_pte(tables, va, level), tables->geometry->pte_bytes, pte);
}

uint64_t tables_get(struct tables *tables, uint64_t va, unsigned level) {
    return load(tables, tables_pte(tables, va, level));
}

struct mmu_control tables_control(const struct tables *tables) {
    return (struct mmu_control){.mode = tables->geometry->mode, .root_ppn = tables->root_ppn};
}

struct mmu *small_mmu(const struct mmu_memory *memory) {
    const struct mmu_config config = {
        .tlb = {[TLB_I] = {1, 1, POLICY_LRU}, [TLB_D] = {1, 1, POLICY_LRU}}};
    const char *why;
    struct mmu *mmu = mmu_create(&config, memory, &why);
    if (!mmu)
        abort();
    return mmu;
}

struct mmu_response translate_once(struct tables *tables, const struct mmu_control *control,
                                   uint64_t va, enum access_type access, enum privilege priv) {
    const struct mmu_memory memory = physmem_callbacks(tables->memory);
    struct mmu *mmu = small_mmu(&memory);
    mmu_set_control(mmu, control);
    struct mmu_response response;
    mmu_translate(mmu, &(struct mmu_request){va, access, priv, 0}, &response);
    mmu_destroy(mmu);
    return response;
}

uint64_t canonical(const struct geometry *geometry, uint64_t va) {
    if (geometry->mode == MODE_SV32)
        return (uint32_t)va;
    uint64_t below = (UINT64_C(1) << geometry->va_bits) - 1;
    return va >> (geometry->va_bits - 1) & 1 ? va | ~below : va & below;
}

uint64_t next_random(uint64_t *state) {
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}
