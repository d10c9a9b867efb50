#include "tlb.h"

#include "permission.h"

#include <stdlib.h>
#include <string.h>

bool tlb_init(struct tlb *tlb, const struct tlb_config *config, uint32_t random) {
    memset(tlb, 0, sizeof *tlb);
    tlb->sets = config->sets;
    tlb->ways = config->ways;
    if ((config->sets & (config->sets - 1)) == 0)
        tlb->set_mask = config->sets - 1;
    tlb->entry = calloc((size_t)config->sets * config->ways, sizeof *tlb->entry);
    return tlb->entry &&
           replacement_init(&tlb->replacement, config->policy, config->sets, config->ways, random);
}

void tlb_free(struct tlb *tlb) {
    free(tlb->entry);
    replacement_free(&tlb->replacement);
}

static unsigned set_of(const struct tlb *tlb, uint64_t vpn, enum page_size size) {
    uint64_t number = vpn >> (page_shift(size) - 12);
    if (tlb->set_mask || tlb->sets == 1)
        return (unsigned)(number & tlb->set_mask);
    return (unsigned)(number % tlb->sets);
}

static struct tlb_entry *entries_of(const struct tlb *tlb, unsigned set) {
    return tlb->entry + (size_t)set * tlb->ways;
}

static void invalidate(struct tlb *tlb, struct tlb_entry *entry) {
    entry->valid = false;
    tlb->held[entry->size]--;
}

/* The first match: smallest page size, lowest way. */
static struct tlb_entry *match(const struct tlb *tlb, const struct tlb_key *key,
                               struct tlb_place *place) {
    uint64_t vpn = tlb_vpn(key->va);
    for (unsigned i = 0; i < key->mode->sizes; i++) {
        enum page_size size = key->mode->size[i];
        if (tlb->held[size] == 0)
            continue;
        uint64_t page = vpn & ~tlb_below(size);
        unsigned set = set_of(tlb, vpn, size);
        struct tlb_entry *entry = entries_of(tlb, set);
        for (unsigned way = 0; way < tlb->ways; way++, entry++) {
            if (entry->vpn != page || entry->size != size || !entry->valid)
                continue;
            if (entry->asid != key->asid && !entry_bit(entry->flags, ENTRY_BIT_G))
                continue;
            if (entry->damaged)
                continue;
            *place = (struct tlb_place){set, way};
            return entry;
        }
    }
    return NULL;
}

/* A store that the entry permits, but whose D the hardware must set first. */
static bool must_set_dirty(const struct tlb_entry *entry, const struct tlb_key *key) {
    return key->access == ACCESS_WRITE && key->control->adue &&
           !entry_bit(entry->flags, ENTRY_BIT_D) &&
           permission_check(entry->flags, key->access, key->priv, key->control) == FAULT_NONE;
}

enum lookup_result tlb_lookup(struct tlb *tlb, const struct tlb_key *key, struct tlb_place *place,
                              const struct tlb_entry **found) {
    *place = (struct tlb_place){0, 0};
    struct tlb_entry *entry = match(tlb, key, place);
    *found = entry;
    if (!entry)
        return LOOKUP_MISS;
    if (must_set_dirty(entry, key)) {
        invalidate(tlb, entry);
        return LOOKUP_CLEAN;
    }
    replacement_hit(&tlb->replacement, place->set, place->way);
    return LOOKUP_HIT;
}

const struct tlb_entry *tlb_peek(const struct tlb *tlb, const struct tlb_key *key) {
    struct tlb_place place;
    return match(tlb, key, &place);
}

/* The page that `entry` translates, for its address space. */
static bool holds_page_of(const struct tlb_entry *held, const struct tlb_entry *entry) {
    return held->vpn == entry->vpn && held->size == entry->size && held->valid && !held->damaged &&
           (held->asid == entry->asid || entry_bit(held->flags, ENTRY_BIT_G));
}

static unsigned way_to_fill(struct tlb *tlb, unsigned set, const struct tlb_entry *entry) {
    const struct tlb_entry *held = entries_of(tlb, set);
    unsigned free_way = tlb->ways;
    for (unsigned way = tlb->ways; way-- > 0;) {
        if (!held[way].valid || held[way].damaged)
            free_way = way;
    }
    for (unsigned way = 0; way < tlb->ways; way++)
        if (holds_page_of(&held[way], entry))
            return way;
    return free_way < tlb->ways ? free_way : replacement_victim(&tlb->replacement, set);
}

void tlb_fill(struct tlb *tlb, const struct tlb_entry *entry, struct tlb_victim *victim) {
    unsigned set = set_of(tlb, entry->vpn, (enum page_size)entry->size);
    unsigned way = way_to_fill(tlb, set, entry);
    struct tlb_entry *slot = &entries_of(tlb, set)[way];
    *victim = (struct tlb_victim){
        .place = {set, way}, .evicted = slot->valid && !slot->damaged, .entry = *slot};
    if (slot->valid)
        invalidate(tlb, slot);
    *slot = *entry;
    slot->valid = true;
    tlb->held[slot->size]++;
    replacement_filled(&tlb->replacement, set, way);
}

static bool fenced(const struct tlb_entry *entry, const struct mmu_fence *fence) {
    if (fence->has_va &&
        entry->vpn != (tlb_vpn(fence->va) & ~tlb_below((enum page_size)entry->size)))
        return false;
    /* Global entries stay when the fence names an address space. */
    return !fence->has_asid ||
           (entry->asid == fence->asid && !entry_bit(entry->flags, ENTRY_BIT_G));
}

static void fence_entries(struct tlb *tlb, struct tlb_entry *entry, size_t n,
                          const struct mmu_fence *fence) {
    for (size_t i = 0; i < n; i++)
        if (entry[i].valid && fenced(&entry[i], fence))
            invalidate(tlb, &entry[i]);
}

void tlb_fence(struct tlb *tlb, const struct mmu_fence *fence) {
    if (!fence->has_va) {
        fence_entries(tlb, tlb->entry, (size_t)tlb->sets * tlb->ways, fence);
        return;
    }
    /* Only the sets that a page holding the address can lie in, once for each size held. */
    for (int size = 0; size < PAGE_SIZES; size++)
        if (tlb->held[size])
            fence_entries(tlb,
                          entries_of(tlb, set_of(tlb, tlb_vpn(fence->va), (enum page_size)size)),
                          tlb->ways, fence);
}
