#include "context.h"
#include "pgtable.h"

/* Linux's default for RISC-V (tlb_flush_all_threshold): beyond it one fence of all is cheaper. */
#define FLUSH_ALL_PAGES 64

static void fence(struct kernel *k, const struct mmu_fence *fence, uint64_t pages) {
    k->machine.fence(k->machine.context, fence);
    mm_event(k, MM_EVENT_FENCE, fence->va, fence->asid, pages);
}

void flush_tlb_page(struct mm_struct *mm, uint64_t va) {
    flush_tlb_range(mm, va, va + PAGE_BYTES);
}

void flush_tlb_range(struct mm_struct *mm, uint64_t start, uint64_t end) {
    struct kernel *k = mm->kernel;
    if (end - start > FLUSH_ALL_PAGES * PAGE_BYTES) {
        flush_tlb_mm(mm);
        return;
    }
    uint16_t asid;
    if (!mm_asid(mm, &asid))
        return;
    count_event(k, STAT_nr_tlb_remote_flush, 1);
    for (uint64_t va = start; va < end; va += PAGE_BYTES)
        fence(k, &(struct mmu_fence){.has_va = true, .has_asid = true, .va = va, .asid = asid}, 1);
}

void flush_tlb_mm(struct mm_struct *mm) {
    uint16_t asid;
    if (!mm_asid(mm, &asid))
        return;
    count_event(mm->kernel, STAT_nr_tlb_remote_flush, 1);
    fence(mm->kernel, &(struct mmu_fence){.has_asid = true, .asid = asid}, 0);
}

void flush_tlb_all(struct kernel *k) {
    count_event(k, STAT_nr_tlb_remote_flush, 1);
    fence(k, &(struct mmu_fence){0}, 0);
}

void flush_tlb_kernel(struct kernel *k, uint64_t va) {
    count_event(k, STAT_nr_tlb_remote_flush, 1);
    fence(k, &(struct mmu_fence){.has_va = true, .va = va}, 1);
}
