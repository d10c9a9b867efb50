/* What fork does to page tables: entries copied, private pages write-protected on both sides. */
#include "fault_internal.h"
#include "page_alloc.h"
#include "rmap.h"
#include "swap.h"

struct copy {
    struct vm_area_struct *to, *from;
    struct pte_place place; /* the child's entry for place_va; its table serves neighbours too */
    uint64_t place_va;
    bool placed;
};

/* The child's PTE for va. Consecutive entries of a table cost no descent. */
static int child_place(struct copy *copy, uint64_t va) {
    struct kernel *k = copy->to->mm->kernel;
    unsigned shift = pt_shift(k, 1);
    if (copy->placed && va >> shift == copy->place_va >> shift) {
        copy->place.pa += (va - copy->place_va) / PAGE_BYTES * pt_entry_bytes(k);
        copy->place_va = va;
        return 0;
    }
    copy->placed = false;
    int error = pgtable_make(copy->to->mm, va, 0, &copy->place);
    if (error)
        return error;
    copy->placed = true;
    copy->place_va = va;
    return 0;
}

static int copy_swap_pte(struct copy *copy, uint64_t va, uint64_t pte) {
    struct kernel *k = copy->to->mm->kernel;
    int error = pte_write(k, &copy->place, va, pte);
    if (error)
        return error;
    swap_duplicate(k, pte_swap_slot(pte));
    copy->to->mm->rss[MM_SWAPENTS]++;
    return 0;
}

/* A leaf: the child's is not accessed yet; neither may be written without a copy. (Shared VMAs have
 * no anonymous pages and never come here.) */
static int copy_present_pte(struct copy *copy, uint64_t va, const struct pte_place *source) {
    struct kernel *k = copy->to->mm->kernel;
    uint64_t pte = source->pte;
    int error = 0;
    if (pte_writable(pte)) {
        pte &= ~PTE_FLAG(W);
        error = pte_write(k, source, va, pte);
    }
    if (!error)
        error = pte_write(k, &copy->place, va, pte & ~PTE_FLAG(A));
    struct page *page = vm_normal_page(k, pte);
    if (error || !page)
        return error;
    get_page(page);
    if (page_has(compound_head(page), PG_anon))
        page_add_anon_rmap(page, copy->to, va);
    else
        page_add_file_rmap(page, copy->to);
    return 0;
}

static int copy_entry(struct mm_struct *mm, uint64_t va, const struct pte_place *place,
                      void *context);

/* A huge leaf, or what reclaim made of it while the child's table was made. */
static int copy_huge_entry(struct copy *copy, uint64_t va, const struct pte_place *place) {
    int error = copy_huge_pmd(copy->to, copy->from, va, place);
    if (error != -EAGAIN)
        return error;
    uint64_t bytes = UINT64_C(1) << pt_shift(copy->to->mm->kernel, place->level);
    uint64_t start = va & ~(bytes - 1);
    return walk_page_range(copy->from->mm, start, start + bytes, copy_entry, copy);
}

static int copy_entry(struct mm_struct *mm, uint64_t va, const struct pte_place *place,
                      void *context) {
    struct copy *copy = context;
    struct pte_place source = *place;
    if (source.level > 0)
        return copy_huge_entry(copy, va, place);
    int error = child_place(copy, va);
    /* Making the child's table may have reclaimed what this entry was. */
    if (!error)
        error = pte_read(mm->kernel, &source);
    if (error || pte_none(source.pte))
        return error;
    if (pte_swap(source.pte))
        return copy_swap_pte(copy, va, source.pte);
    return copy_present_pte(copy, va, &source);
}

/*
 * What one PTE table of the parent holds from *va on, or one entry above, if there is none; *va
 * goes on behind it. The child gets a table for each of its parent's, even for one that holds
 * nothing of the VMA: as in Linux, where each level allocates before it looks.
 */
static int copy_table_range(struct copy *copy, uint64_t *va) {
    struct mm_struct *parent = copy->from->mm;
    struct pte_place source, child;
    int error = pgtable_find(parent, *va, 0, &source);
    if (error)
        return error;
    bool nothing = source.level > 0 && pte_none(source.pte);
    uint64_t bytes = UINT64_C(1) << pt_shift(parent->kernel, source.level ? source.level : 1);
    uint64_t start = *va, end = (start & ~(bytes - 1)) + bytes;
    if (end > copy->from->end)
        end = copy->from->end;
    *va = end;
    if (nothing || source.level == 0)
        error = pgtable_make(copy->to->mm, start, source.level, &child);
    if (error || nothing)
        return error;
    return walk_page_range(parent, start, end, copy_entry, copy);
}

int copy_page_range(struct vm_area_struct *to, struct vm_area_struct *from) {
    struct copy copy = {.to = to, .from = from};
    if (from->flags & VM_HUGETLB)
        return copy_hugetlb_range(to, from);
    /* Without anonymous pages everything can be faulted in again (Linux: vma_needs_copy). */
    if (!from->anon_vma)
        return 0;
    int error = 0;
    for (uint64_t va = from->start; va < from->end && !error;)
        error = copy_table_range(&copy, &va);
    return error;
}
