/* khugepaged: base pages of a huge range become one huge page (Linux: mm/khugepaged.c). */
#include "fault_internal.h"
#include "huge_internal.h"
#include "mmap.h"
#include "page_alloc.h"
#include "rmap.h"
#include "vmscan.h"

/* Linux's limits for ranges that khugepaged chooses: PTEs that may be empty, in swap, shared. */
#define MAX_PTES_NONE(entries)   ((entries)-1)
#define MAX_PTES_SWAP(entries)   ((entries) / 8)
#define MAX_PTES_SHARED(entries) ((entries) / 2)

/* A range being looked at or collapsed. */
struct range {
    struct vm_area_struct *vma;
    struct kernel *kernel;
    uint64_t start;
    struct pte_place pmd; /* the pointer to its PTE table */
    uint64_t table;       /* the table's frame */
};

/* What its table holds. */
struct census {
    uint64_t present, none, swap, shared, young;
};

static struct pte_place range_place(const struct range *range, uint64_t i) {
    return (struct pte_place){range->table * PAGE_BYTES + i * pt_entry_bytes(range->kernel), 0, 0};
}

/* -EINVAL: there is no PTE table (nothing at all, or a huge leaf). */
static int find_range(struct range *range, struct vm_area_struct *vma, uint64_t va) {
    range->vma = vma;
    range->kernel = vma->mm->kernel;
    range->start = va & ~(huge_bytes(range->kernel) - 1);
    int error = pgtable_find(vma->mm, range->start, 1, &range->pmd);
    if (error)
        return error;
    if (range->pmd.level != 1 || !pte_table(range->pmd.pte))
        return -EINVAL;
    range->table = pte_to_pfn(range->pmd.pte);
    return 0;
}

/* A page that may be copied away: anonymous, base, and nobody holds it but PTEs and swap cache. */
static bool can_collapse(struct kernel *k, struct page *page) {
    return split_unmapped_huge_page(k, page) && page_has(page, PG_anon) &&
           page->refcount == page->mapcount + (int32_t)page_has(page, PG_swapcache);
}

static int count_entry(const struct range *range, uint64_t pte, struct census *census) {
    struct page *page = vm_normal_page(range->kernel, pte);
    if (pte_none(pte) || pte_special(pte)) {
        census->none++;
        return 0;
    }
    if (pte_swap(pte)) {
        census->swap++;
        return 0;
    }
    if (!page || !pte_valid(pte) || !can_collapse(range->kernel, page))
        return -EINVAL;
    census->present++;
    census->shared += page->mapcount > 1;
    census->young += pte_young(pte);
    return 0;
}

static int take_census(const struct range *range, struct census *census) {
    *census = (struct census){0, 0, 0, 0, 0};
    int error = 0;
    for (uint64_t i = 0; i < pt_entries(range->kernel) && !error; i++) {
        struct pte_place place = range_place(range, i);
        error = pte_read(range->kernel, &place);
        if (!error)
            error = count_entry(range, place.pte, census);
    }
    return error;
}

/* ---- collapsing ---- */

/* Swapped pages come back first, as by reads. */
static int swap_in_range(const struct range *range) {
    for (uint64_t i = 0; i < pt_entries(range->kernel); i++) {
        struct vm_fault vmf = {range->kernel, range->vma, range->start + i * PAGE_BYTES,
                               ACCESS_READ,   false,      range_place(range, i)};
        int error = pte_read(range->kernel, &vmf.place);
        if (error)
            return error;
        if (pte_swap(vmf.place.pte) && handle_pte_fault(&vmf) & VM_FAULT_ERROR)
            return -ENOMEM;
    }
    return 0;
}

/* Contents of frame i of the huge page. */
static bool copy_entry(const struct range *range, struct page *huge, uint64_t i) {
    struct kernel *k = range->kernel;
    struct pte_place place = range_place(range, i);
    if (pte_read(k, &place) != 0)
        return false;
    struct page *page = pte_present(place.pte) ? vm_normal_page(k, place.pte) : NULL;
    if (!page)
        return k->machine.clear_page(k->machine.context, page_to_phys(k, huge + i));
    return copy_user_page(k, huge + i, page) == 0;
}

/* With the table out of hardware's reach: contents, then the leaf. */
static int fill_and_map(const struct range *range, struct page *huge) {
    struct kernel *k = range->kernel;
    for (uint64_t i = 0; i < pt_entries(k); i++)
        if (!copy_entry(range, huge, i))
            return -EIO;
    uint64_t leaf = make_pte(page_to_pfn(k, huge), range->vma->flags, true, true);
    return pte_write(k, &range->pmd, range->start, leaf);
}

/* The old pages lose this mapping; their table waits for the day the huge page is split. */
static void drop_range(const struct range *range) {
    struct kernel *k = range->kernel;
    for (uint64_t i = 0; i < pt_entries(k); i++) {
        struct pte_place place = range_place(range, i);
        if (pte_read(k, &place) != 0 || !pte_present(place.pte))
            continue;
        struct page *page = vm_normal_page(k, place.pte);
        if (page)
            drop_mapped_page(page, range->vma);
    }
    deposit_table(range->vma->mm, pfn_to_page(k, range->table));
}

/* The pointer gives way to the leaf; on failure everything is as before. */
static int collapse_range(const struct range *range, struct page *huge) {
    struct kernel *k = range->kernel;
    struct mm_struct *mm = range->vma->mm;
    int error = pte_write(k, &range->pmd, range->start, 0);
    if (error)
        return error;
    flush_tlb_mm(mm); /* a pointer goes: a fence with an address orders leaves only (12.2.1) */
    error = fill_and_map(range, huge);
    if (error) {
        pte_write(k, &range->pmd, range->start, range->pmd.pte);
        return error;
    }
    drop_range(range);
    page_add_new_anon_rmap(huge, range->vma, range->start);
    lru_cache_add(k, huge);
    if (k->config.user_fences)
        flush_tlb_page(mm, range->start);
    return 0;
}

/* After the last allocation: whether the range is still fit for it. */
static int check_range(struct range *range, struct vm_area_struct *vma, uint64_t va) {
    struct census census;
    int error = find_range(range, vma, va);
    if (!error)
        error = take_census(range, &census);
    if (!error && (census.present == 0 || census.swap > 0))
        error = -EINVAL;
    return error;
}

int collapse_huge_page(struct vm_area_struct *vma, uint64_t va) {
    struct kernel *k = vma->mm->kernel;
    struct range range;
    struct census census;
    if (!huge_range_in_vma(vma, va))
        return -EINVAL;
    int error = find_range(&range, vma, va);
    if (error == -EINVAL && range.pmd.level == 1 && pte_present(range.pmd.pte))
        return 0; /* it is one already */
    if (!error)
        error = take_census(&range, &census);
    if (!error && census.present + census.swap == 0)
        error = -EINVAL;
    if (error)
        return error;
    struct page *huge = huge_page_alloc(k, vma, GFP_RECLAIM);
    if (!huge)
        return -ENOMEM;
    if (anon_vma_prepare(vma) != 0)
        error = -ENOMEM;
    if (!error)
        error = swap_in_range(&range);
    if (!error)
        error = check_range(&range, vma, va);
    if (!error)
        error = collapse_range(&range, huge);
    if (error) {
        put_page(k, huge);
        return error;
    }
    count_event(k, STAT_thp_collapse_alloc, 1);
    mm_event(k, MM_EVENT_THP, range.start, 1, page_to_pfn(k, huge));
    return 0;
}

/* ---- the daemon's choice ---- */

/* Whether khugepaged finds the range around va worth it. */
static bool worth_collapsing(struct vm_area_struct *vma, uint64_t va) {
    uint64_t entries = pt_entries(vma->mm->kernel);
    struct range range;
    struct census census;
    return find_range(&range, vma, va) == 0 && take_census(&range, &census) == 0 &&
           census.young > 0 && census.none <= MAX_PTES_NONE(entries) &&
           census.swap <= MAX_PTES_SWAP(entries) && census.shared <= MAX_PTES_SHARED(entries);
}

/* The first huge range of the VMA at or after addr; its end may lie outside. */
static uint64_t next_range(const struct vm_area_struct *vma, uint64_t addr) {
    uint64_t bytes = huge_bytes(vma->mm->kernel);
    uint64_t from = addr > vma->start ? addr : vma->start;
    return (from + bytes - 1) & ~(bytes - 1);
}

unsigned khugepaged_scan(struct mm_struct *mm, uint64_t pages) {
    uint64_t bytes = huge_bytes(mm->kernel), step = bytes / PAGE_BYTES;
    unsigned collapsed = 0;
    struct vm_area_struct *vma = find_vma(mm, mm->scan_address);
    while (vma && pages > 0) {
        uint64_t va = next_range(vma, mm->scan_address);
        if (!thp_allowed(vma, va)) { /* also: no whole range is left of it */
            mm->scan_address = vma->end;
            vma = vma_next(vma);
            continue;
        }
        if (worth_collapsing(vma, va) && collapse_huge_page(vma, va) == 0)
            collapsed++;
        mm->scan_address = va + bytes;
        pages -= pages < step ? pages : step;
    }
    if (!vma)
        mm->scan_address = 0;
    return collapsed;
}
