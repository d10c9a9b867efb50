#include "filemap.h"
#include "layout.h"
#include "mmap.h"
#include "pgtable_internal.h"
#include "swap.h"
#include "tlb.h"
#include "vma.h"

struct protection {
    struct vm_area_struct *vma;
    struct mmu_gather *tlb;
    int error;
};

/* Whether nobody else can have this private page, so that a write needs no copy of it (Linux:
 * PageAnonExclusive). */
static bool page_exclusive(struct kernel *k, const struct page *page) {
    if (page->mapcount != 1 || !(page_has(page, PG_anon) || page_has(page, PG_hugetlb)))
        return false;
    if (page_has(page, PG_head)) /* PTEs of others may map its frames beside the one huge leaf */
        return page->refcount == 1;
    return !page_has(page, PG_swapcache) || swap_count(k, page->private) == 0;
}

/* Whether the entry may be writable at once, without a fault to tell us of the first write (Linux:
 * can_change_pte_writable). */
static bool can_change_writable(const struct vm_area_struct *vma, uint64_t pte) {
    struct kernel *k = vma->mm->kernel;
    if (!(vma->flags & VM_WRITE) || pte_special(pte))
        return false;
    if (vma->flags & VM_SHARED)
        return pte_dirty(pte) || vma->flags & VM_HUGETLB || !vma->file->inode->operations;
    return page_exclusive(k, pfn_to_page(k, pte_to_pfn(pte)));
}

static int change_entry(struct mm_struct *mm, uint64_t va, const struct pte_place *place,
                        void *context) {
    struct protection *change = context;
    if (!pte_present(place->pte))
        return 0;
    bool write = can_change_writable(change->vma, place->pte);
    uint64_t pte = pte_modify(place->pte, change->vma->flags, write);
    if (pte == place->pte)
        return 0;
    int error = pte_write(mm->kernel, place, va, pte);
    if (error) {
        change->error = error;
        return 0;
    }
    /* More rights need a fence as well: a store would be refused by the entry in the TLB, a fault
     * that Linux's hardware does not have. */
    tlb_unmapped(change->tlb, va, va + pt_size(mm->kernel, place->level));
    return 0;
}

int change_protection(struct vm_area_struct *vma, uint64_t start, uint64_t end) {
    struct mmu_gather tlb;
    tlb_gather_mmu(&tlb, vma->mm);
    struct protection change = {vma, &tlb, 0};
    int error = walk_page_range(vma->mm, start, end, change_entry, &change);
    tlb_finish_mmu(&tlb);
    return error ? error : change.error;
}

/* A private VMA is accounted once it may be written, and as long as it may hold written pages. What
 * is accounted and what is not do not become one VMA. */
static unsigned account_flag(const struct vm_area_struct *vma, unsigned flags) {
    if (flags & VM_WRITE)
        return flags & (VM_SHARED | VM_HUGETLB) ? 0 : VM_ACCOUNT;
    return !vma->file && !vma->anon_vma ? 0 : flags & VM_ACCOUNT;
}

/* The part [start, end) of one VMA. *vma becomes the one that holds it. */
static int mprotect_fixup(struct vm_area_struct **vma, uint64_t start, uint64_t end,
                          unsigned rights) {
    unsigned old = (*vma)->flags, flags = (old & ~VM_RIGHTS) | rights;
    if (flags == old)
        return 0;
    flags = (flags & ~VM_ACCOUNT) | account_flag(*vma, flags);
    if (rights & VM_WRITE && flags & VM_SHARED && !(*vma)->file->writable)
        return -EACCES;
    int error = vma_modify(vma, start, end, flags);
    if (!error)
        error = change_protection(*vma, start, end);
    /* Private pages that are locked are copied now rather than at the first write. */
    if (!error && (flags & (VM_LOCKED | VM_WRITE | VM_SHARED)) == (VM_LOCKED | VM_WRITE) &&
        !(old & VM_WRITE))
        mm_populate((*vma)->mm, start, end - start, true);
    return error;
}

int mm_mprotect(struct mm_struct *mm, uint64_t addr, uint64_t length, unsigned rights) {
    uint64_t size = mm_layout(mm->kernel->config.mode)->task_size;
    if (addr % PAGE_BYTES || rights & ~VM_RIGHTS)
        return -EINVAL;
    if (addr > size || length > size - addr)
        return -ENOMEM;
    uint64_t end = page_align(addr + length);
    while (addr < end) {
        bool hole = false;
        struct vm_area_struct *vma = vma_in_range(mm, &addr, end, &hole);
        if (hole)
            return -ENOMEM;
        uint64_t to = vma->end < end ? vma->end : end;
        int error = mprotect_fixup(&vma, addr, to, rights);
        if (error)
            return error;
        addr = to;
    }
    return 0;
}
