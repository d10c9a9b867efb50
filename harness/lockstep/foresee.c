/*
 * What a request will come to, read from the tables: a walk without TLBs over the model's memory.
 */
#include "inside.h"
#include "mmu/walker.h"

/* More steps than a walk of the deepest mode has. */
#define MOST_READS 8

/* Whether memory would let the walk set A and D: a compare-and-set that can change nothing. */
static bool lets_update(struct physmem *memory, const struct walk *walk) {
    uint64_t old;
    return physmem_compare_and_set(memory, walk_pte_pa(walk), walk->mode->pte_bytes, walk->desired,
                                   walk->desired, &old);
}

static bool walk_tables(struct physmem *memory, struct walk *walk) {
    for (int reads = 0; reads < MOST_READS && walk->state == WALK_WANTS_PTE; reads++) {
        uint64_t pte = 0;
        bool answered = physmem_read(memory, walk_pte_pa(walk), walk->mode->pte_bytes, &pte);
        walk_take_pte(walk, !answered, pte);
    }
    if (walk->state == WALK_WANTS_UPDATE && lets_update(memory, walk))
        walk_take_update(walk, false, walk->pte);
    return walk->state == WALK_DONE;
}

bool lockstep_foresee(struct lockstep *both, const struct mmu_request *request,
                      struct mmu_response *response) {
    const struct mode *mode =
        request->priv == PRIV_M ? NULL : mode_find(both->control.mode); /* NULL: Bare */
    if (!mode) {
        *response = (struct mmu_response){.pa = request->va, .level = LEVEL_NONE};
        return request->va >> TW_PA_W == 0;
    }
    struct walk walk;
    struct tlb_entry entry;
    if (!mode_canonical(mode, request->va))
        return false;
    walk_start(&walk, mode, &both->control, request);
    if (!walk_tables(both->memories.memory[SIDE_MODEL], &walk))
        return false;
    walk_entry(&walk, &entry);
    *response = (struct mmu_response){
        .pa = tlb_entry_pa(&entry, request->va),
        .size = (enum page_size)entry.size,
        .memory = (enum memory_type)(entry.flags >> ENTRY_BIT_PBMT & 3),
        .level = LEVEL_L1,
    };
    return true;
}
