#include "memories.h"

#include <string.h>

static void differ(const struct memories *all, uint64_t pa) {
    if (all->differ)
        all->differ(all->context, pa);
}

bool memories_read(const struct memories *all, uint64_t pa, unsigned bytes, uint64_t *value) {
    bool had = physmem_read(all->memory[0], pa, bytes, value);
    for (unsigned i = 1; i < all->count; i++) {
        uint64_t before = had ? *value : 0;
        bool has = physmem_read(all->memory[i], pa, bytes, value);
        if (has != had || (has && *value != before))
            differ(all, pa & ~UINT64_C(7));
        had = has;
    }
    return had;
}

bool memories_load_page(const struct memories *all, uint64_t pa, void *bytes) {
    uint64_t other[PAGE_BYTES / 8];
    bool had = physmem_load_page(all->memory[0], pa, bytes);
    for (unsigned i = 1; i < all->count; i++) {
        memcpy(other, bytes, had ? PAGE_BYTES : 0);
        bool has = physmem_load_page(all->memory[i], pa, bytes);
        unsigned word = 0;
        while (had && has && word < PAGE_BYTES / 8 &&
               memcmp(&other[word], (const char *)bytes + 8 * word, 8) == 0)
            word++;
        if (has != had || (has && word < PAGE_BYTES / 8))
            differ(all, pa + 8 * word);
        had = has;
    }
    return had;
}

/* `done` in every memory; one that does not what another did is a difference. */
#define IN_ALL(at, call)                                                                           \
    do {                                                                                           \
        unsigned done = 0;                                                                         \
        for (unsigned i = 0; i < all->count; i++) {                                                \
            struct physmem *memory = all->memory[i];                                               \
            done += call;                                                                          \
        }                                                                                          \
        if (done != 0 && done != all->count)                                                       \
            differ(all, at);                                                                       \
        return done == all->count;                                                                 \
    } while (0)

bool memories_write(const struct memories *all, uint64_t pa, unsigned bytes, uint64_t value) {
    IN_ALL(pa, physmem_write(memory, pa, bytes, value));
}

bool memories_poke(const struct memories *all, uint64_t pa, unsigned bytes, uint64_t value) {
    IN_ALL(pa, physmem_poke(memory, pa, bytes, value));
}

bool memories_clear_page(const struct memories *all, uint64_t pa) {
    IN_ALL(pa, physmem_clear_page(memory, pa));
}

bool memories_copy_page(const struct memories *all, uint64_t to, uint64_t from) {
    IN_ALL(to, physmem_copy_page(memory, to, from));
}

bool memories_store_page(const struct memories *all, uint64_t pa, const void *bytes) {
    IN_ALL(pa, physmem_store_page(memory, pa, bytes));
}

bool memories_add_ram(const struct memories *all, uint64_t base, uint64_t bytes) {
    IN_ALL(base, physmem_add_ram(memory, base, bytes));
}

bool memories_add_error(const struct memories *all, uint64_t from, uint64_t to) {
    IN_ALL(from, physmem_add_error(memory, from, to));
}
