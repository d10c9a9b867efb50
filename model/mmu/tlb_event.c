#include "job.h"

const struct tlb_entry *mmu_look_up(struct mmu *mmu, enum tlb_number number,
                                    const struct tlb_key *key, struct mmu_event *event) {
    struct tlb_place place;
    const struct tlb_entry *found;
    enum lookup_result result = tlb_lookup(&mmu->tlb[number], key, &place, &found);
    event->kind = EVENT_LOOKUP;
    event->lookup.tlb = number;
    event->lookup.result = result;
    event->lookup.set = (uint16_t)place.set;
    event->lookup.way = (uint16_t)place.way;
    return result == LOOKUP_HIT ? found : NULL;
}

void mmu_fill(struct mmu *mmu, enum tlb_number number, const struct tlb_entry *entry,
              struct mmu_event *event) {
    struct tlb_victim victim;
    tlb_fill(&mmu->tlb[number], entry, &victim);
    event->kind = EVENT_FILL;
    event->fill.tlb = number;
    event->fill.set = (uint16_t)victim.place.set;
    event->fill.way = (uint16_t)victim.place.way;
    event->fill.size = (enum page_size)entry->size;
    event->fill.flags = entry->flags;
    event->fill.ppn = entry->ppn;
    event->fill.evicted = victim.evicted;
    event->fill.evicted_size = victim.evicted ? (enum page_size)victim.entry.size : PAGE_4K;
    event->fill.evicted_asid = victim.evicted ? victim.entry.asid : 0;
    event->fill.evicted_vpn = victim.evicted ? victim.entry.vpn : 0;
}
