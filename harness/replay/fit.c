#include "fit.h"

#include "mmu/mode.h"

#include <stdlib.h>
#include <uthash.h>

struct region {
    uint64_t number; /* va >> region bits */
    uint64_t slot;
    UT_hash_handle hh;
};

struct fit {
    const struct mode *mode; /* NULL: addresses stay */
    unsigned region_bits;
    unsigned slots, used;
    struct region *regions;
    uint64_t latest_number, latest_slot;
    const char *problem;
};

struct fit *fit_create(enum paging_mode mode, unsigned va_bits, bool kernel) {
    struct fit *fit = calloc(1, sizeof *fit);
    if (!fit)
        return NULL;
    fit->latest_number = UINT64_MAX;
    bool moves = mode == MODE_SV32 ? va_bits == 64 || kernel : mode == MODE_SV39 && va_bits == 64;
    if (!moves)
        return fit;
    fit->mode = mode_find(mode);
    fit->region_bits = page_shift(fit->mode->leaf_size[fit->mode->levels - 1]);
    /* Sv39 sign-extends: only the lower half of the root is the user's. */
    fit->slots = mode == MODE_SV39 ? 256 : kernel ? 768 : 1024;
    return fit;
}

void fit_destroy(struct fit *fit) {
    if (!fit)
        return;
    struct region *region, *next;
    HASH_ITER(hh, fit->regions, region, next) {
        HASH_DEL(fit->regions, region);
        free(region);
    }
    free(fit);
}

static struct region *add_region(struct fit *fit, uint64_t number) {
    if (fit->used == fit->slots) {
        fit->problem =
            "the program touches more regions than the mode's address space has room for";
        return NULL;
    }
    struct region *region = calloc(1, sizeof *region);
    if (!region) {
        fit->problem = "out of memory";
        return NULL;
    }
    region->number = number;
    region->slot = fit->used++;
    HASH_ADD(hh, fit->regions, number, sizeof region->number, region);
    return region;
}

bool fit_address(struct fit *fit, uint64_t va, uint64_t *moved) {
    if (!fit->mode) {
        *moved = va;
        return true;
    }
    uint64_t number = va >> fit->region_bits;
    if (number != fit->latest_number) {
        struct region *region;
        HASH_FIND(hh, fit->regions, &number, sizeof number, region);
        if (!region && !(region = add_region(fit, number)))
            return false;
        fit->latest_number = number;
        fit->latest_slot = region->slot;
    }
    *moved = fit->latest_slot << fit->region_bits | (va & ((UINT64_C(1) << fit->region_bits) - 1));
    return true;
}

const char *fit_problem(const struct fit *fit) {
    return fit->problem;
}

unsigned fit_regions(const struct fit *fit) {
    return fit->used;
}
