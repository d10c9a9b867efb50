/* The fault of one base page: demand-zero, swap-in, copy-on-write, accessed and dirty bits. */
#include "fault_internal.h"
#include "filemap.h"
#include "huge_memory.h"
#include "page_alloc.h"
#include "rmap.h"
#include "swap.h"
#include "vmscan.h"

/* ---- what the kinds of fault share ---- */

unsigned fault_pte_table(struct vm_fault *vmf) {
    if (vmf->place.level == 0)
        return 0;
    int error = pgtable_make(vmf->vma->mm, vmf->va, 0, &vmf->place);
    return error ? fault_error(error) : 0;
}

int fault_set_new(struct vm_fault *vmf, uint64_t pte) {
    int error = pte_write(vmf->kernel, &vmf->place, vmf->va, pte);
    if (!error && vmf->kernel->config.user_fences)
        flush_tlb_page(vmf->vma->mm, vmf->va);
    return error;
}

int fault_change(struct vm_fault *vmf, uint64_t pte) {
    int error = pte_write(vmf->kernel, &vmf->place, vmf->va, pte);
    if (!error)
        flush_tlb_page(vmf->vma->mm, vmf->va);
    return error;
}

bool fault_unchanged(struct vm_fault *vmf) {
    uint64_t before = vmf->place.pte;
    return pte_read(vmf->kernel, &vmf->place) == 0 && vmf->place.pte == before;
}

int copy_user_page(struct kernel *k, const struct page *to, const struct page *from) {
    uint64_t to_pa = page_to_phys(k, to), from_pa = page_to_phys(k, from);
    if (!k->machine.copy_page(k->machine.context, to_pa, from_pa))
        return -EIO;
    count_event(k, STAT_cpu_copies, 1);
    count_event(k, STAT_cpu_copy_bytes, PAGE_BYTES);
    mm_event(k, MM_EVENT_COPY, from_pa, to_pa, PAGE_BYTES);
    return 0;
}

struct page *vm_normal_page(struct kernel *k, uint64_t pte) {
    return pte_special(pte) ? NULL : pfn_to_page(k, pte_to_pfn(pte));
}

void drop_mapped_page(struct page *page, struct vm_area_struct *vma) {
    struct kernel *k = vma->mm->kernel;
    page_remove_rmap(page, vma);
    if (page_has(page, PG_swapcache) && page->mapcount == 0)
        try_to_free_swap(k, page);
    put_page(k, page);
}

/* ---- accessed and dirty ---- */

unsigned fault_young(struct vm_fault *vmf) {
    struct kernel *k = vmf->kernel;
    uint64_t pte = pte_modify(vmf->place.pte, vmf->vma->flags, pte_writable(vmf->place.pte));
    pte |= PTE_FLAG(A) | (vmf->write ? PTE_FLAG(D) : UINT64_C(0));
    if (pte == vmf->place.pte) {
        flush_tlb_page(vmf->vma->mm, vmf->va);
        count_event(k, STAT_spurious_fault, 1);
        fault_step(vmf, STEP_SPURIOUS, pte_to_pfn(pte));
        return 0;
    }
    int error = fault_change(vmf, pte);
    if (error)
        return fault_error(error);
    fault_step(vmf, STEP_YOUNG, pte_to_pfn(pte));
    return 0;
}

/* ---- anonymous memory touched for the first time ---- */

/* A read: the one zero page, shared by all and not counted. */
static unsigned map_zero_page(struct vm_fault *vmf) {
    struct kernel *k = vmf->kernel;
    uint64_t pfn = page_to_pfn(k, k->zero_page);
    int error = fault_set_new(vmf, make_pte(pfn, vmf->vma->flags, false, false) | PTE_SPECIAL_FLAG);
    if (error)
        return fault_error(error);
    count_event(k, STAT_zero_page, 1);
    fault_step(vmf, STEP_ANON_ZERO, pfn);
    return 0;
}

unsigned fault_map_anon(struct vm_fault *vmf, struct page *page, bool replaces) {
    struct kernel *k = vmf->kernel;
    uint64_t pte = make_pte(page_to_pfn(k, page), vmf->vma->flags, true, true);
    int error = replaces ? fault_change(vmf, pte) : fault_set_new(vmf, pte);
    if (error) {
        put_page(k, page);
        return fault_error(error);
    }
    page_add_new_anon_rmap(page, vmf->vma, vmf->va);
    lru_cache_add(k, page);
    return 0;
}

static unsigned do_anonymous_page(struct vm_fault *vmf) {
    struct kernel *k = vmf->kernel;
    unsigned result = fault_pte_table(vmf);
    if (result)
        return result;
    if (!vmf->write)
        return map_zero_page(vmf);
    if (anon_vma_prepare(vmf->vma) != 0)
        return VM_FAULT_OOM;
    struct page *page = alloc_pages(k, GFP_USER | GFP_ZERO, 0);
    if (!page)
        return VM_FAULT_OOM;
    /* Reclaim makes none of entries, never anything of none: no need to look again. */
    result = fault_map_anon(vmf, page, false);
    if (!result)
        fault_step(vmf, STEP_ANON_NEW, page_to_pfn(k, page));
    return result;
}

/* ---- a write to a write-protected page ---- */

/* Whether this PTE is all that holds the page, its swap slot given up if need be (Linux:
 * wp_can_reuse_anon_folio). */
static bool can_reuse(struct kernel *k, struct page *page) {
    /* A huge page that others map by a huge leaf is not ours alone; if nobody does it is split. */
    if (!split_unmapped_huge_page(k, page) || !page_has(page, PG_anon) || page->mapcount != 1)
        return false;
    if (page_has(page, PG_swapcache) && (page->refcount != 2 || !try_to_free_swap(k, page)))
        return false;
    return page->refcount == 1;
}

static unsigned make_writable(struct vm_fault *vmf) {
    uint64_t pte = pte_modify(vmf->place.pte, vmf->vma->flags, true) | PTE_FLAG(A) | PTE_FLAG(D);
    int error = fault_change(vmf, pte);
    return error ? fault_error(error) : 0;
}

/* A file page, mapped shared: writable and dirty from now on, until it is written back. */
static unsigned wp_page_shared(struct vm_fault *vmf, struct page *page) {
    unsigned result = make_writable(vmf);
    if (result)
        return result;
    if (page)
        set_page_dirty(vmf->kernel, page);
    fault_step(vmf, STEP_FILE_SHARED, pte_to_pfn(vmf->place.pte));
    return 0;
}

/* `old` NULL: the zero page is replaced, and there is nothing to copy. */
static unsigned wp_page_copy(struct vm_fault *vmf, struct page *old) {
    struct kernel *k = vmf->kernel;
    if (anon_vma_prepare(vmf->vma) != 0)
        return VM_FAULT_OOM;
    struct page *page = alloc_pages(k, GFP_USER | (old ? 0 : GFP_ZERO), 0);
    if (!page)
        return VM_FAULT_OOM;
    if (old && copy_user_page(k, page, old) != 0) {
        put_page(k, page);
        return VM_FAULT_SIGBUS;
    }
    if (!fault_unchanged(vmf)) {
        put_page(k, page);
        return 0;
    }
    uint64_t pfn = page_to_pfn(k, page);
    unsigned result = fault_map_anon(vmf, page, true);
    if (result)
        return result;
    if (old) {
        drop_mapped_page(old, vmf->vma);
        count_event(k, STAT_cow_copy, 1);
    }
    fault_step(vmf, old ? STEP_COW_COPY : STEP_ANON_NEW, pfn);
    return 0;
}

static unsigned do_wp_page(struct vm_fault *vmf) {
    struct kernel *k = vmf->kernel;
    struct page *page = vm_normal_page(k, vmf->place.pte);
    if (vmf->vma->flags & VM_SHARED)
        return wp_page_shared(vmf, page);
    if (page && can_reuse(k, page)) {
        unsigned result = make_writable(vmf);
        if (result)
            return result;
        count_event(k, STAT_cow_reuse, 1);
        fault_step(vmf, STEP_COW_REUSE, page_to_pfn(k, page));
        return 0;
    }
    if (!page)
        return wp_page_copy(vmf, NULL);
    get_page(page); /* reclaim leaves it alone while it is copied */
    unsigned result = wp_page_copy(vmf, page);
    put_page(k, page);
    return result;
}

/* ---- swap-in ---- */

/* Whether this entry is the last user of its slot and page, so that it may be written at once. */
static bool swap_exclusive(struct kernel *k, const struct page *page, uint64_t slot) {
    int32_t expected = page_has(page, PG_swapcache) ? 2 : 1; /* the cache's and ours */
    return swap_count(k, slot) == 1 && page->mapcount == 0 && page->refcount == expected;
}

/* The page takes the place of the entry; our reference becomes the PTE's. */
static unsigned map_swapped_page(struct vm_fault *vmf, struct page *page, uint64_t slot) {
    struct kernel *k = vmf->kernel;
    bool exclusive = swap_exclusive(k, page, slot);
    uint64_t pte =
        make_pte(page_to_pfn(k, page), vmf->vma->flags, exclusive, exclusive && vmf->write);
    int error = fault_set_new(vmf, pte);
    if (error) {
        put_page(k, page);
        return fault_error(error);
    }
    vmf->place.pte = pte;
    page_add_anon_rmap(page, vmf->vma, vmf->va);
    vmf->vma->mm->rss[MM_SWAPENTS]--;
    swap_release(k, slot);
    if (!page_has(page, PG_lru))
        lru_cache_add(k, page);
    if ((exclusive && (vmf->write || vmf->vma->flags & VM_LOCKED)) || vm_swap_full(k))
        try_to_free_swap(k, page);
    fault_step(vmf, STEP_SWAP_IN, page_to_pfn(k, page));
    return 0;
}

static unsigned do_swap_page(struct vm_fault *vmf) {
    struct kernel *k = vmf->kernel;
    uint64_t slot = pte_swap_slot(vmf->place.pte);
    bool major = false;
    int error = 0;
    if (anon_vma_prepare(vmf->vma) != 0)
        return VM_FAULT_OOM;
    struct page *page = swapin_readahead(k, slot, &major, &error);
    unsigned waited = major ? VM_FAULT_MAJOR : 0;
    if (!page)
        return fault_error(error) | waited;
    if (!fault_unchanged(vmf)) {
        put_page(k, page);
        return waited;
    }
    unsigned result = map_swapped_page(vmf, page, slot);
    if (!result && vmf->write && !pte_writable(vmf->place.pte))
        result = do_wp_page(vmf);
    return result | waited;
}

/* ---- all of it ---- */

unsigned handle_pte_fault(struct vm_fault *vmf) {
    uint64_t pte = vmf->place.pte;
    if (pte_none(pte))
        return vmf->vma->file ? do_fault(vmf) : do_anonymous_page(vmf);
    if (pte_swap(pte))
        return do_swap_page(vmf);
    if (vmf->write && !pte_writable(pte))
        return do_wp_page(vmf);
    return fault_young(vmf);
}
