/* Splitting a transparent huge page into base pages, in every address space that maps it. */
#include "fault_internal.h"
#include "huge_internal.h"
#include "page_alloc.h"
#include "rmap.h"
#include "vmscan.h"

/* ---- tables ---- */

/* The mapping's deposited table; it stays deposited until all tables are filled. */
static int table_place(const struct mm_struct *mm, struct pte_place *place) {
    const struct page *table = TAILQ_FIRST(&mm->deposited);
    if (!table)
        return -ENOMEM;
    *place = (struct pte_place){page_to_phys(mm->kernel, table), 0, 0};
    return 0;
}

/* First pass: the table that will replace the leaf gets its rights for each base page. Hardware
 * does not see it yet. */
static int fill_table(struct page *page, struct vm_area_struct *vma, uint64_t va,
                      const struct pte_place *leaf, void *context) {
    struct kernel *k = vma->mm->kernel;
    struct pte_place place;
    int error = table_place(vma->mm, &place);
    (void)page;
    (void)context;
    for (uint64_t i = 0; i < pt_entries(k) && !error; i++) {
        error = pte_write(k, &place, va + i * PAGE_BYTES, leaf->pte + (i << PTE_BIT_PPN));
        place.pa += pt_entry_bytes(k);
    }
    return error;
}

/* Second pass: the pointer takes the place of the leaf. */
static int link_table(struct page *page, struct vm_area_struct *vma, uint64_t va,
                      const struct pte_place *leaf, void *context) {
    const struct page *table = TAILQ_FIRST(&vma->mm->deposited);
    int32_t *linked = context;
    (void)page;
    int error =
        pte_write(vma->mm->kernel, leaf, va, make_table_pte(page_to_pfn(vma->mm->kernel, table)));
    if (error)
        return error;
    flush_tlb_page(vma->mm, va);
    ++*linked;
    return 0;
}

/* Whether the page's first frame is mapped here by a base leaf, as after link_table(). */
static bool is_linked(const struct page *page, struct mm_struct *mm, uint64_t va,
                      struct pte_place *first) {
    return pgtable_find(mm, va, 0, first) == 0 && first->level == 0 && pte_present(first->pte) &&
           pte_to_pfn(first->pte) == page_to_pfn(mm->kernel, page);
}

/* Third pass: the table in use is a deposit no more. */
static int take_table(struct page *page, struct vm_area_struct *vma, uint64_t va, void *context) {
    struct pte_place first;
    (void)context;
    if (is_linked(page, vma->mm, va, &first)) {
        withdraw_table(vma->mm);
        count_event(vma->mm->kernel, STAT_thp_split_pmd, 1);
    }
    return 0;
}

/* Or, if a bus error left some mapping behind: back to the leaf, which the first entry spells. */
static int unlink_table(struct page *page, struct vm_area_struct *vma, uint64_t va, void *context) {
    struct pte_place first, pointer;
    (void)context;
    if (is_linked(page, vma->mm, va, &first) && pgtable_find(vma->mm, va, 1, &pointer) == 0 &&
        pte_write(vma->mm->kernel, &pointer, va, first.pte) == 0)
        flush_tlb_page(vma->mm, va);
    return 0;
}

/* All mappings of the page, or none. */
static int split_tables(struct kernel *k, struct page *head) {
    int32_t linked = 0;
    int error = rmap_walk(k, head, fill_table, NULL);
    if (!error)
        error = rmap_walk(k, head, link_table, &linked);
    if (linked == head->mapcount) {
        rmap_each_address(head, take_table, NULL);
        return 0;
    }
    if (linked > 0)
        rmap_each_address(head, unlink_table, NULL);
    return error ? error : -EIO;
}

/* ---- the page ---- */

/* What the head was, each of its frames is from now on: mapped as often, the same owner. */
static void split_page_state(struct kernel *k, struct page *head) {
    const struct page whole = *head;
    uint64_t frames = page_frames(head);
    bool lru = page_has(head, PG_lru);
    if (lru)
        lru_cache_del(k, head);
    mod_stat(k, STAT_nr_anon_transparent_hugepages, -1);
    split_page(k, head);
    for (uint64_t i = 0; i < frames; i++) {
        struct page *page = head + i;
        page->flags = whole.flags & ~(1u << PG_head | 1u << PG_lru);
        page->order = 0;
        page->refcount = page->mapcount = whole.mapcount;
        page->mapping = whole.mapping;
        page->index = whole.index + i;
        page->private = 0;
        if (i > 0 || lru) /* the caller took an unlisted head off its list */
            lru_cache_add(k, page);
    }
}

int split_huge_page(struct kernel *k, struct page *head) {
    if (head->mapcount < 1 || head->refcount != head->mapcount)
        return -EBUSY; /* somebody holds it as one */
    int error = split_tables(k, head);
    if (error)
        return error;
    count_event(k, STAT_thp_split_page, 1);
    mm_event(k, MM_EVENT_THP_SPLIT, page_to_pfn(k, head), 0, 0);
    split_page_state(k, head);
    return 0;
}

int split_huge_pmd(struct vm_area_struct *vma, uint64_t va) {
    struct kernel *k = vma->mm->kernel;
    struct pte_place place;
    int error = pgtable_find(vma->mm, va, 1, &place);
    if (error)
        return error;
    if (place.level != 1 || !pte_present(place.pte) || pte_table(place.pte))
        return 0; /* nothing to split */
    struct page *head = pfn_to_page(k, pte_to_pfn(place.pte));
    return head ? split_huge_page(k, head) : -EIO;
}
