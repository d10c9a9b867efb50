#include "tlb.h"

#include "page_alloc.h"
#include "swap.h"

void tlb_gather_mmu(struct mmu_gather *tlb, struct mm_struct *mm) {
    tlb->mm = mm;
    tlb->fullmm = false;
    tlb->start = UINT64_MAX;
    tlb->end = 0;
    tlb->nr = 0;
    TAILQ_INIT(&tlb->tables);
}

/* Fences what was unmapped so far, then lets the pages go. */
static void tlb_flush_mmu(struct mmu_gather *tlb) {
    struct kernel *k = tlb->mm->kernel;
    if (!TAILQ_EMPTY(&tlb->tables))
        flush_tlb_mm(tlb->mm); /* a fence with an address orders leaf PTEs only (12.2.1) */
    else if (tlb->start < tlb->end)
        flush_tlb_range(tlb->mm, tlb->start, tlb->end);
    tlb->start = UINT64_MAX;
    tlb->end = 0;
    for (unsigned i = 0; i < tlb->nr; i++) {
        struct page *page = tlb->pages[i];
        /* Nobody maps it any more, and if no entry names its slot nobody ever will. */
        if (page_has(page, PG_swapcache) && page->mapcount == 0)
            try_to_free_swap(k, page);
        put_page(k, page);
    }
    tlb->nr = 0;
}

void tlb_remove_page(struct mmu_gather *tlb, struct page *page) {
    tlb->pages[tlb->nr++] = page;
    if (tlb->nr == MMU_GATHER_PAGES)
        tlb_flush_mmu(tlb);
}

void tlb_remove_table(struct mmu_gather *tlb, uint64_t va, unsigned level, struct page *table) {
    /* What pte_table_free() has to know, until the fence is done. */
    table->index = va;
    table->private = level;
    TAILQ_INSERT_TAIL(&tlb->tables, table, list);
    /* A walk under way may hold the table's address: any fence makes it start over. */
    tlb_unmapped(tlb, va, va + PAGE_BYTES);
}

void tlb_finish_mmu(struct mmu_gather *tlb) {
    tlb_flush_mmu(tlb);
    struct page *table;
    while ((table = TAILQ_FIRST(&tlb->tables))) {
        TAILQ_REMOVE(&tlb->tables, table, list);
        unsigned level = (unsigned)table->private;
        uint64_t va = table->index;
        table->private = table->index = 0;
        pte_table_free(tlb->mm, va, level, table);
    }
}
