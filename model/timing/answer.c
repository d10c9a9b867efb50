/*
 * What requests get from entries: docs/architecture.md, "Checks of a cached entry" and "Response".
 */
#include "pipeline.h"

#include "../mmu/permission.h"

void answer_fault(struct mmu_response *response, enum fault_reason reason, enum access_type access,
                  enum hit_level level) {
    *response = (struct mmu_response){
        .reason = reason,
        .cause = fault_cause(reason, access),
        .level = level,
    };
}

void answer_untranslated(struct mmu_response *response, const struct mmu_request *request) {
    if (request->va >> TW_PA_W != 0)
        answer_fault(response, FAULT_TOO_WIDE, request->access, LEVEL_NONE);
    else
        *response = (struct mmu_response){.pa = request->va, .level = LEVEL_NONE};
}

bool answer_must_set_dirty(const struct tlb_entry *entry, const struct mmu_request *request,
                           const struct mmu_control *control) {
    return request->access == ACCESS_WRITE && control->adue &&
           !entry_bit(entry->flags, ENTRY_BIT_D) &&
           permission_check(entry->flags, ACCESS_WRITE, request->priv, control) == FAULT_NONE;
}

void answer_from(struct mmu_response *response, const struct tlb_entry *entry,
                 const struct mmu_request *request, const struct mmu_control *control,
                 enum hit_level level) {
    enum fault_reason reason =
        permission_check(entry->flags, request->access, request->priv, control);
    if (!reason && request->access == ACCESS_WRITE && !entry_bit(entry->flags, ENTRY_BIT_D))
        reason = FAULT_DIRTY_CLEAR;
    if (reason) {
        answer_fault(response, reason, request->access, level);
        return;
    }
    *response = (struct mmu_response){
        .pa = tlb_entry_pa(entry, request->va),
        .size = (enum page_size)entry->size,
        .memory = (enum memory_type)(entry->flags >> ENTRY_BIT_PBMT & 3),
        .level = level,
    };
}

void answer_fill(struct tlb *tlb, enum tlb_number number, const struct tlb_entry *entry,
                 struct mmu_event *event) {
    struct tlb_victim victim;
    tlb_fill(tlb, entry, &victim);
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
