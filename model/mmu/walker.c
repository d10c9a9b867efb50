#include "walker.h"

#include "permission.h"
#include "pte.h"

void walk_start(struct walk *walk, const struct mode *mode, const struct mmu_control *control,
                const struct mmu_request *request) {
    /* step 1: a = satp.ppn x PAGESIZE, i = LEVELS - 1 */
    *walk = (struct walk){
        .state = WALK_WANTS_PTE,
        .mode = mode,
        .control = control,
        .va = request->va,
        .access = request->access,
        .priv = request->priv,
        .level = (uint8_t)(mode->levels - 1),
        .table = control->root_ppn * PAGE_BYTES,
    };
}

void walk_skip(struct walk *walk, unsigned level, uint64_t table, bool global) {
    walk->level = (uint8_t)(level - 1);
    walk->table = table;
    walk->global = global;
}

uint64_t walk_pte_pa(const struct walk *walk) {
    return walk->table + mode_vpn(walk->mode, walk->va, walk->level) * walk->mode->pte_bytes;
}

static void fail(struct walk *walk, enum fault_reason reason) {
    walk->state = WALK_FAILED;
    walk->reason = reason;
}

/* Steps 5 to 9 of a leaf. */
static void take_leaf(struct walk *walk) {
    /* step 5: a leaf; its encoding and alignment */
    enum fault_reason reason = pte_check_leaf(walk->pte, walk->mode, walk->level);
    /* steps 6 and 8: U, then R, W, X (step 7, shadow stacks, is not implemented) */
    if (!reason)
        reason = permission_check(pte_entry_flags(walk->pte, walk->mode), walk->access, walk->priv,
                                  walk->control);
    if (reason) {
        fail(walk, reason);
        return;
    }
    /* step 9: A, and D for a store */
    uint64_t needed = pte_mask(PTE_BIT_A);
    if (walk->access == ACCESS_WRITE)
        needed |= pte_mask(PTE_BIT_D);
    if ((walk->pte & needed) == needed) {
        walk->state = WALK_DONE;
    } else if (walk->control->adue) {
        walk->desired = walk->pte | needed;
        walk->state = WALK_WANTS_UPDATE;
    } else {
        fail(walk, pte_bit(walk->pte, PTE_BIT_A) ? FAULT_DIRTY_CLEAR : FAULT_ACCESSED_CLEAR);
    }
}

/* Step 4 of a pointer: down one level. */
static void take_pointer(struct walk *walk) {
    enum fault_reason reason = pte_check_pointer(walk->pte, walk->mode, walk->level);
    if (reason) {
        fail(walk, reason);
        return;
    }
    walk->global |= pte_bit(walk->pte, PTE_BIT_G);
    walk->table = pte_ppn(walk->pte, walk->mode) * PAGE_BYTES;
    walk->level--;
}

void walk_take_pte(struct walk *walk, bool error, uint64_t value) {
    walk->state = WALK_WANTS_PTE;
    walk->pte = value;
    /* step 2: the read itself */
    if (error) {
        fail(walk, FAULT_PTE_ACCESS);
        return;
    }
    /* step 3: validity and reserved encodings */
    enum fault_reason reason = pte_check(value, walk->mode, walk->control);
    if (reason)
        fail(walk, reason);
    /* step 4: pointer or leaf */
    else if (pte_is_pointer(value))
        take_pointer(walk);
    else
        take_leaf(walk);
}

bool walk_take_update(struct walk *walk, bool error, uint64_t old) {
    if (error) {
        fail(walk, FAULT_UPDATE_ACCESS);
        return false;
    }
    /* step 9: the comparison failed, back to step 2 with the same a and i */
    if (old != walk->pte) {
        walk->state = WALK_WANTS_PTE;
        return false;
    }
    walk->pte = walk->desired;
    walk->state = WALK_DONE;
    return true;
}

void walk_entry(const struct walk *walk, struct tlb_entry *entry) {
    /* step 10: the page number above the page size comes from the PTE, the rest from va */
    const struct mode *mode = walk->mode;
    enum page_size size = mode->leaf_size[walk->level];
    if (mode->high_bits && pte_bit(walk->pte, PTE_BIT_N))
        size = PAGE_64K;
    uint8_t flags = pte_entry_flags(walk->pte, mode);
    if (walk->global)
        flags |= 1u << ENTRY_BIT_G;
    *entry = (struct tlb_entry){
        .vpn = tlb_vpn(walk->va) & ~tlb_below(size),
        .ppn = pte_ppn(walk->pte, mode) & ~tlb_below(size),
        .asid = walk->control->asid,
        .size = (uint8_t)size,
        .flags = flags,
        .valid = true,
    };
}
