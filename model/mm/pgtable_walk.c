/* Walking ranges of page tables, and freeing tables that serve nothing. */
#include "pgtable_internal.h"

#include "tlb.h"

/* ---- walk ---- */

/* The entries of one PTE table from `va` up to `end` or the table's end; *va is where it stopped.
 * `place` is the first of them, read. */
static int walk_pte_range(struct mm_struct *mm, uint64_t *va, uint64_t end, struct pte_place place,
                          pte_visitor *each, void *context) {
    struct kernel *k = mm->kernel;
    uint64_t last = *va | (pt_size(k, 1) - 1);
    if (last > end - 1)
        last = end - 1;
    for (;;) {
        if (!pte_none(place.pte)) {
            int result = each(mm, *va, &place, context);
            if (result)
                return result;
        }
        if (last - *va < PAGE_BYTES) {
            *va = last + 1;
            return 0;
        }
        *va += PAGE_BYTES;
        place.pa += pt_bytes_of(k);
        int error = pte_read(k, &place);
        if (error)
            return error;
    }
}

int walk_page_range_from(struct mm_struct *mm, uint64_t *va, uint64_t end, pte_visitor *each,
                         void *context) {
    while (*va < end) {
        struct pte_place place;
        int result = pgtable_find(mm, *va, 0, &place);
        if (result)
            return result;
        if (place.level == 0) {
            result = walk_pte_range(mm, va, end, place, each, context);
            if (result)
                return result;
        } else {
            uint64_t size = pt_size(mm->kernel, place.level);
            *va &= ~(size - 1);
            if (!pte_none(place.pte))
                result = each(mm, *va, &place, context);
            if (result)
                return result;
            *va += size;
        }
        if (*va == 0) /* past the last address there is */
            break;
    }
    return 0;
}

int walk_page_range(struct mm_struct *mm, uint64_t start, uint64_t end, pte_visitor *each,
                    void *context) {
    return walk_page_range_from(mm, &start, end, each, context);
}

/* ---- tables that serve nothing ---- */

/* What may go: tables whose whole span lies between the two. */
struct span {
    uint64_t floor, ceiling; /* ceiling 0: no limit */
};

/* Whether the table below the entry over va (at `level`), of which the range up to `last` was
 * unmapped, serves nothing but what lies within the span. */
static bool table_unused(const struct kernel *k, const struct span *span, uint64_t va,
                         uint64_t last, unsigned level) {
    uint64_t mask = ~(pt_size(k, level) - 1);
    if ((va & mask) < span->floor)
        return false;
    if (span->ceiling == 0)
        return true;
    uint64_t ceiling = span->ceiling & mask;
    return ceiling != 0 && last <= ceiling - 1;
}

/*
 * Frees tables below the entries of one table over [va, last]. It calls itself once for each level
 * of the mode, at most four deep. An entry that cannot be read or written keeps its table.
 */
static void free_table_range(struct mmu_gather *tlb, struct pte_place place, uint64_t va,
                             uint64_t last, const struct span *span) {
    struct kernel *k = tlb->mm->kernel;
    for (;; place.pa += pt_bytes_of(k)) {
        uint64_t entry_last = va | (pt_size(k, place.level) - 1);
        uint64_t to = entry_last < last ? entry_last : last;
        if (pte_read(k, &place) == 0 && pte_table(place.pte)) {
            uint64_t table = pte_to_pfn(place.pte);
            if (place.level > 1)
                free_table_range(tlb, pt_place(k, table, va, place.level - 1), va, to, span);
            if (table_unused(k, span, va, to, place.level) &&
                (pte_write(k, &place, va, 0) == 0 || tlb->fullmm))
                tlb_remove_table(tlb, va & ~(pt_size(k, place.level) - 1), place.level - 1,
                                 pfn_to_page(k, table));
        }
        if (to == last)
            return;
        va = to + 1;
    }
}

void free_pgd_range(struct mmu_gather *tlb, uint64_t start, uint64_t end, uint64_t floor,
                    uint64_t ceiling) {
    struct kernel *k = tlb->mm->kernel;
    const struct span span = {floor, ceiling};
    struct pte_place root = pt_place(k, tlb->mm->pgd, start, pt_levels(k) - 1);
    free_table_range(tlb, root, start, end - 1, &span);
}

void free_pgtables(struct mm_struct *mm, uint64_t start, uint64_t end, uint64_t floor,
                   uint64_t ceiling) {
    struct mmu_gather tlb;
    tlb_gather_mmu(&tlb, mm);
    free_pgd_range(&tlb, start, end, floor, ceiling);
    tlb_finish_mmu(&tlb);
}

static bool table_empty(struct kernel *k, uint64_t pfn) {
    uint64_t words[PAGE_BYTES / 8];
    if (!k->machine.load_page(k->machine.context, pfn * PAGE_BYTES, words))
        return false;
    for (unsigned i = 0; i < PAGE_BYTES / 8; i++)
        if (words[i])
            return false;
    return true;
}

void reclaim_pte_tables(struct mm_struct *mm, uint64_t start, uint64_t end) {
    struct kernel *k = mm->kernel;
    uint64_t size = pt_size(k, 1);
    struct mmu_gather tlb;
    tlb_gather_mmu(&tlb, mm);
    uint64_t va = (start + size - 1) & ~(size - 1);
    while (va < end && end - va >= size) {
        struct pte_place place;
        int error = pgtable_find(mm, va, 1, &place);
        uint64_t skip = error ? size : pt_size(k, place.level);
        if (!error && place.level == 1 && pte_table(place.pte) &&
            table_empty(k, pte_to_pfn(place.pte)) && pte_write(k, &place, va, 0) == 0)
            tlb_remove_table(&tlb, va, 0, pfn_to_page(k, pte_to_pfn(place.pte)));
        va = (va & ~(skip - 1)) + skip;
    }
    tlb_finish_mmu(&tlb);
}
