/* Taking pages out of an address space (Linux: zap_page_range in mm/memory.c). */
#include "filemap.h"
#include "huge_memory.h"
#include "mmap.h"
#include "page_alloc.h"
#include "pgtable_internal.h"
#include "rmap.h"
#include "swap.h"
#include "tlb.h"
#include "vmscan.h"

struct zap {
    struct mmu_gather *tlb;
    struct vm_area_struct *vma;
    int error; /* of an entry that could not be cleared: it stays mapped */
};

int split_huge_pmd_at(struct vm_area_struct *vma, uint64_t va) {
    struct kernel *k = vma->mm->kernel;
    if (vma->flags & VM_HUGETLB || va % pt_size(k, 1) == 0)
        return 0;
    struct pte_place place;
    int error = pgtable_find(vma->mm, va, 1, &place);
    if (error || place.level != 1 || pte_none(place.pte) || pte_table(place.pte))
        return error;
    return split_huge_pmd(vma, va);
}

/* The slot loses a user; its page in the swap cache goes with the last one. */
static void zap_swap_entry(struct mm_struct *mm, uint64_t slot) {
    struct kernel *k = mm->kernel;
    mm->rss[MM_SWAPENTS]--;
    swap_release(k, slot);
    if (swap_count(k, slot) > 0)
        return;
    struct page *page = lookup_swap_cache(k, slot);
    if (!page)
        return;
    if (page->mapcount == 0)
        try_to_free_swap(k, page);
    put_page(k, page);
}

/* The table that was kept for the day when this huge leaf would be split. */
static void zap_deposited_table(struct mmu_gather *tlb, uint64_t va) {
    struct page *table = TAILQ_FIRST(&tlb->mm->deposited);
    if (!table)
        return;
    TAILQ_REMOVE(&tlb->mm->deposited, table, list);
    tlb_remove_table(tlb, va, 0, table);
}

/* What hardware noted in the entry goes to the page of a file. */
static void note_access(struct kernel *k, struct page *page, uint64_t pte) {
    if (page_has(compound_head(page), PG_anon))
        return;
    if (pte_dirty(pte))
        set_page_dirty(k, page);
    if (pte_young(pte))
        mark_page_accessed(k, page);
}

static void zap_present(struct zap *zap, uint64_t va, const struct pte_place *place) {
    struct mmu_gather *tlb = zap->tlb;
    struct kernel *k = tlb->mm->kernel;
    bool huge = place->level > 0;
    tlb_unmapped(tlb, va, va + pt_size(k, place->level));
    if (huge)
        zap_deposited_table(tlb, va);
    else if (pte_special(place->pte))
        return;
    struct page *page = pfn_to_page(k, pte_to_pfn(place->pte));
    if (!pte_special(place->pte)) { /* else the huge zero page, which counts its leaves */
        note_access(k, page, place->pte);
        if (huge)
            page_remove_huge_rmap(page, zap->vma);
        else
            page_remove_rmap(page, zap->vma);
    }
    tlb_remove_page(tlb, page);
}

static int zap_entry(struct mm_struct *mm, uint64_t va, const struct pte_place *place,
                     void *context) {
    struct zap *zap = context;
    int error = pte_write(mm->kernel, place, va, 0);
    if (error)
        zap->error = error;
    else if (pte_present(place->pte))
        zap_present(zap, va, place);
    else if (pte_swap(place->pte))
        zap_swap_entry(mm, pte_swap_slot(place->pte));
    return 0;
}

/* The first address that is not served by the entry that could not be read. */
static uint64_t next_readable(struct mm_struct *mm, uint64_t va) {
    struct pte_place place;
    int error = pgtable_find(mm, va, 0, &place);
    uint64_t size = error ? pt_size(mm->kernel, place.level) : (uint64_t)PAGE_BYTES;
    return (va & ~(size - 1)) + size;
}

static int still_mapped(struct mm_struct *mm, uint64_t va, const struct pte_place *place,
                        void *context) {
    (void)mm, (void)va, (void)place, (void)context;
    return -EIO;
}

int unmap_page_range(struct mmu_gather *tlb, struct vm_area_struct *vma, uint64_t start,
                     uint64_t end) {
    if (vma->flags & VM_HUGETLB) {
        hugetlb_zap(vma, start, end);
        return walk_page_range(vma->mm, start, end, still_mapped, NULL);
    }
    struct zap zap = {tlb, vma, 0};
    for (uint64_t va = start; va < end;) {
        int error = walk_page_range_from(vma->mm, &va, end, zap_entry, &zap);
        if (!error)
            break;
        /* A table that cannot be read keeps nothing but itself from being unmapped. */
        zap.error = error;
        va = next_readable(vma->mm, va);
    }
    return zap.error;
}

int zap_page_range(struct vm_area_struct *vma, uint64_t start, uint64_t end) {
    int error = split_huge_pmd_at(vma, start);
    if (!error)
        error = split_huge_pmd_at(vma, end);
    if (error)
        return error;
    struct mmu_gather tlb;
    tlb_gather_mmu(&tlb, vma->mm);
    error = unmap_page_range(&tlb, vma, start, end);
    tlb_finish_mmu(&tlb);
    return error;
}
