/*
 * Splitting transparent huge pages: first the leaves, each in its address space, then, when none is
 * left, the page.
 */
#include "fault_internal.h"
#include "huge_internal.h"
#include "page_alloc.h"
#include "rmap.h"
#include "vmscan.h"

/* ---- leaves ---- */

/* The deposited table gets an entry for each base page. Hardware does not see it yet. */
static int fill_table(struct mm_struct *mm, uint64_t start, const struct page *table,
                      uint64_t leaf) {
    struct kernel *k = mm->kernel;
    struct pte_place place = {page_to_phys(k, table), 0, 0};
    uint64_t zero = page_to_pfn(k, k->zero_page) << PTE_BIT_PPN;
    uint64_t flags = leaf & (PTE_FLAG(PPN) - 1);
    int error = 0;
    for (uint64_t i = 0; i < pt_entries(k) && !error; i++) {
        /* The huge zero page has no frames to map singly: the small one stands for each. */
        uint64_t pte = pte_special(leaf) ? zero | flags : leaf + (i << PTE_BIT_PPN);
        error = pte_write(k, &place, start + i * PAGE_BYTES, pte);
        place.pa += pt_entry_bytes(k);
    }
    return error;
}

/* The page is mapped by as many PTEs more, and by a huge leaf less. */
static void leaf_became_ptes(struct page *head, struct vm_area_struct *vma) {
    uint64_t frames = page_frames(head);
    for (uint64_t i = 0; i < frames; i++)
        page_add_anon_rmap(&head[i], vma, vma->start);
    page_remove_huge_rmap(head, vma);
    head->refcount += (int32_t)frames - 1;
}

/* Replaces one huge leaf by its table; the page stays as it is. */
static int split_leaf(struct vm_area_struct *vma, uint64_t start, const struct pte_place *place) {
    struct mm_struct *mm = vma->mm;
    struct kernel *k = mm->kernel;
    struct page *table = TAILQ_FIRST(&mm->deposited),
                *head = pfn_to_page(k, pte_to_pfn(place->pte));
    if (!table || !head)
        return -EIO;
    int error = fill_table(mm, start, table, place->pte);
    if (!error)
        error = pte_write(k, place, start, make_table_pte(page_to_pfn(k, table)));
    if (error)
        return error;
    flush_tlb_page(mm, start);
    withdraw_table(mm);
    if (pte_special(place->pte))
        put_page(k, head);
    else
        leaf_became_ptes(head, vma);
    count_event(k, STAT_thp_split_pmd, 1);
    return 0;
}

/* ---- the page ---- */

/* PTEs that map frames of it, each with a reference. */
static int32_t total_ptes(const struct page *head) {
    uint64_t ptes = 0;
    for (uint64_t i = 0; i < page_frames(head); i++)
        ptes += page_ptes(&head[i]);
    return (int32_t)ptes;
}

/* Each frame becomes a page of its own, with the references of its PTEs, and the caller's `held`
 * with the first. What nobody maps is free. */
static void split_frames(struct kernel *k, struct page *head, int32_t held) {
    const struct page whole = *head;
    uint64_t frames = page_frames(head);
    bool lru = page_has(head, PG_lru);
    if (lru)
        lru_cache_del(k, head);
    int32_t first_ptes = (int32_t)page_ptes(head);
    split_page(k, head);
    head->mapcount = first_ptes;
    for (uint64_t i = 0; i < frames; i++) {
        struct page *page = &head[i];
        page->flags = whole.flags & ~(1u << PG_head | 1u << PG_lru);
        page->refcount = page->mapcount + (i == 0 ? held : 0) + 1;
        page->mapping = whole.mapping;
        page->index = whole.index + i;
        page->private = 0;
        /* A head that is on no list is in the hands of reclaim. */
        if (page->mapcount > 0 && (i > 0 || lru || !held))
            lru_cache_add(k, page);
        put_page(k, page);
    }
    count_event(k, STAT_thp_split_page, 1);
    mm_event(k, MM_EVENT_THP_SPLIT, page_to_pfn(k, head), 0, 0);
}

bool split_unmapped_huge_page(struct kernel *k, struct page *page) {
    struct page *head = compound_head(page);
    if (!page_has(head, PG_head))
        return true;
    if (head->mapcount > 0 || !page_has(head, PG_anon) || head->refcount != total_ptes(head))
        return false;
    split_frames(k, head, 0);
    return true;
}

int split_huge_pmd(struct vm_area_struct *vma, uint64_t va) {
    struct kernel *k = vma->mm->kernel;
    struct pte_place place;
    int error = pgtable_find(vma->mm, va, 1, &place);
    if (error || place.level != 1 || !pte_present(place.pte) || pte_table(place.pte))
        return error;
    error = split_leaf(vma, va & ~(huge_bytes(k) - 1), &place);
    if (!error && !pte_special(place.pte))
        split_unmapped_huge_page(k, pfn_to_page(k, pte_to_pfn(place.pte)));
    return error;
}

static int split_mapping(struct page *page, struct vm_area_struct *vma, uint64_t va,
                         const struct pte_place *place, void *context) {
    (void)page;
    (void)context;
    return split_leaf(vma, va, place);
}

int split_huge_page(struct kernel *k, struct page *head) {
    const int32_t held = 1;
    if (head->refcount != head->mapcount + total_ptes(head) + held)
        return -EBUSY;
    int error = rmap_walk(k, head, split_mapping, NULL);
    if (!error && head->mapcount > 0)
        error = -EIO; /* a leaf that could not be read */
    if (!error)
        split_frames(k, head, held);
    return error;
}
