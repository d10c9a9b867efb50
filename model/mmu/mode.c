#include "mode.h"

static const struct mode modes[] = {
    {
        .mode = MODE_SV32,
        .levels = 2,
        .va_bits = 32,
        .index_bits = 10,
        .pte_bytes = 4,
        .ppn_bits = 22,
        .high_bits = false,
        .leaf_size = {PAGE_4K, PAGE_4M},
        .sizes = 2,
        .size = {PAGE_4K, PAGE_4M},
    },
    {
        .mode = MODE_SV39,
        .levels = 3,
        .va_bits = 39,
        .index_bits = 9,
        .pte_bytes = 8,
        .ppn_bits = 44,
        .high_bits = true,
        .leaf_size = {PAGE_4K, PAGE_2M, PAGE_1G},
        .sizes = 4,
        .size = {PAGE_4K, PAGE_64K, PAGE_2M, PAGE_1G},
    },
    {
        .mode = MODE_SV48,
        .levels = 4,
        .va_bits = 48,
        .index_bits = 9,
        .pte_bytes = 8,
        .ppn_bits = 44,
        .high_bits = true,
        .leaf_size = {PAGE_4K, PAGE_2M, PAGE_1G, PAGE_512G},
        .sizes = 5,
        .size = {PAGE_4K, PAGE_64K, PAGE_2M, PAGE_1G, PAGE_512G},
    },
    {
        .mode = MODE_SV57,
        .levels = 5,
        .va_bits = 57,
        .index_bits = 9,
        .pte_bytes = 8,
        .ppn_bits = 44,
        .high_bits = true,
        .leaf_size = {PAGE_4K, PAGE_2M, PAGE_1G, PAGE_512G, PAGE_256T},
        .sizes = 6,
        .size = {PAGE_4K, PAGE_64K, PAGE_2M, PAGE_1G, PAGE_512G, PAGE_256T},
    },
};

const struct mode *mode_find(enum paging_mode mode) {
    for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++)
        if (modes[i].mode == mode)
            return &modes[i];
    return NULL;
}
