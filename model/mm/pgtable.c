/* Entries, the descent through the levels, and the tables' frames. */
#include "pgtable_internal.h"

#include "page_alloc.h"

/* ---- geometry ---- */

unsigned pt_levels(const struct kernel *k) {
    switch (k->config.mode) {
    case MODE_SV32:
        return 2;
    case MODE_SV39:
        return 3;
    case MODE_SV48:
        return 4;
    default:
        return 5;
    }
}

unsigned pt_entry_bytes(const struct kernel *k) {
    return pt_bytes_of(k);
}

unsigned pt_shift(const struct kernel *k, unsigned level) {
    return pt_shift_of(k, level);
}

uint64_t pt_entries(const struct kernel *k) {
    return UINT64_C(1) << pt_index_bits(k);
}

/* ---- entries ---- */

#define BIT(name)     (UINT64_C(1) << PTE_BIT_##name)
#define PTE_RWX       (BIT(R) | BIT(W) | BIT(X))
#define PTE_SWAP      BIT(R) /* with V = 0 */
#define PTE_PROT_NONE BIT(G) /* with V = 0 */
#define PTE_SPECIAL   (UINT64_C(1) << 8)
#define PTE_PPN_MASK  ((UINT64_C(1) << 44) - 1)
#define PTE_RIGHTS    (PTE_RWX | BIT(V) | BIT(G) | BIT(U))

bool pte_none(uint64_t pte) {
    return pte == 0;
}

bool pte_valid(uint64_t pte) {
    return pte & BIT(V);
}

bool pte_swap(uint64_t pte) {
    return (pte & (BIT(V) | PTE_SWAP)) == PTE_SWAP;
}

bool pte_present(uint64_t pte) {
    return pte & BIT(V) || (pte & (PTE_SWAP | PTE_PROT_NONE)) == PTE_PROT_NONE;
}

bool pte_table(uint64_t pte) {
    return (pte & (BIT(V) | PTE_RWX)) == BIT(V);
}

bool pte_young(uint64_t pte) {
    return pte & BIT(A);
}

bool pte_dirty(uint64_t pte) {
    return pte & BIT(D);
}

bool pte_writable(uint64_t pte) {
    return pte & BIT(W);
}

bool pte_special(uint64_t pte) {
    return pte & PTE_SPECIAL;
}

uint64_t pte_to_pfn(uint64_t pte) {
    return pte >> PTE_BIT_PPN & PTE_PPN_MASK;
}

uint64_t pte_swap_slot(uint64_t pte) {
    return pte >> PTE_BIT_PPN;
}

uint64_t make_swap_pte(uint64_t slot) {
    return slot << PTE_BIT_PPN | PTE_SWAP;
}

uint64_t make_table_pte(uint64_t pfn) {
    return pfn << PTE_BIT_PPN | BIT(V);
}

/* R, W, X and V, or what marks PROT_NONE. */
static uint64_t rights_of(unsigned vm_flags, bool write) {
    uint64_t rights = 0;
    if (vm_flags & VM_RIGHTS)
        rights |= BIT(V) | BIT(R);
    else
        rights |= PTE_PROT_NONE;
    if (write && vm_flags & VM_WRITE)
        rights |= BIT(W);
    if (vm_flags & VM_EXEC)
        rights |= BIT(X);
    return rights;
}

uint64_t make_pte(uint64_t pfn, unsigned vm_flags, bool write, bool dirty) {
    return pfn << PTE_BIT_PPN | rights_of(vm_flags, write) | BIT(U) | BIT(A) | (dirty ? BIT(D) : 0);
}

uint64_t make_kernel_pte(uint64_t pfn, unsigned vm_flags) {
    return pfn << PTE_BIT_PPN | rights_of(vm_flags, true) | BIT(G) | BIT(A) | BIT(D);
}

uint64_t pte_modify(uint64_t pte, unsigned vm_flags, bool write) {
    return (pte & ~PTE_RIGHTS) | rights_of(vm_flags, write) | BIT(U);
}

/* ---- entries in memory ---- */

int pte_read(struct kernel *k, struct pte_place *place) {
    return k->machine.read(k->machine.context, place->pa, pt_bytes_of(k), &place->pte) ? 0 : -EIO;
}

int pte_write(struct kernel *k, const struct pte_place *place, uint64_t va, uint64_t pte) {
    if (!k->machine.write(k->machine.context, place->pa, pt_bytes_of(k), pte))
        return -EIO;
    mm_event(k, MM_EVENT_SET_PTE, va, place->level, pte);
    return 0;
}

/* ---- tables ---- */

static struct page *table_alloc(struct kernel *k, uint64_t va, unsigned level) {
    struct page *table = alloc_pages(k, GFP_KERNEL | GFP_ZERO, 0);
    if (!table)
        return NULL;
    page_set(table, PG_table);
    mod_stat(k, STAT_nr_page_table_pages, 1);
    mm_event(k, MM_EVENT_TABLE_NEW, va, level, page_to_pfn(k, table));
    return table;
}

static void table_free(struct kernel *k, uint64_t va, unsigned level, struct page *table) {
    mm_event(k, MM_EVENT_TABLE_FREE, va, level, page_to_pfn(k, table));
    mod_stat(k, STAT_nr_page_table_pages, -1);
    page_clear(table, PG_table);
    put_page(k, table);
}

struct page *pte_table_alloc(struct mm_struct *mm, uint64_t va, unsigned level) {
    struct page *table = table_alloc(mm->kernel, va, level);
    if (table)
        mm->pgtables_bytes += PAGE_BYTES;
    return table;
}

void pte_table_free(struct mm_struct *mm, uint64_t va, unsigned level, struct page *table) {
    table_free(mm->kernel, va, level, table);
    mm->pgtables_bytes -= PAGE_BYTES;
}

/* Copies the upper half of init_mm's root: the kernel is the same in every address space. */
static int copy_kernel_half(struct kernel *k, uint64_t root_pfn) {
    unsigned bytes = pt_bytes_of(k);
    /* Sv32: the fourth GiB; else the half of the addresses whose top bit is set. */
    uint64_t first = pt_is_sv32(k) ? pt_entries(k) / 4 * 3 : pt_entries(k) / 2;
    uint64_t words[PAGE_BYTES / 8];
    if (!k->machine.load_page(k->machine.context, k->init_mm->pgd * PAGE_BYTES, words))
        return -EIO;
    for (uint64_t i = 0; i < first * bytes / 8; i++)
        words[i] = 0;
    if (!k->machine.store_page(k->machine.context, root_pfn * PAGE_BYTES, words))
        return -EIO;
    return 0;
}

int pgd_alloc(struct mm_struct *mm) {
    struct kernel *k = mm->kernel;
    unsigned level = pt_levels(k) - 1;
    struct page *root = table_alloc(k, 0, level);
    if (!root)
        return -ENOMEM;
    if (k->init_mm && k->init_mm != mm) {
        int error = copy_kernel_half(k, page_to_pfn(k, root));
        if (error) {
            table_free(k, 0, level, root);
            return error;
        }
    }
    mm->pgd = page_to_pfn(k, root);
    return 0;
}

void pgd_free(struct mm_struct *mm) {
    struct kernel *k = mm->kernel;
    table_free(k, 0, pt_levels(k) - 1, pfn_to_page(k, mm->pgd));
    mm->pgd = 0;
}

/* ---- the descent ---- */

int pgtable_find(struct mm_struct *mm, uint64_t va, unsigned level, struct pte_place *place) {
    struct kernel *k = mm->kernel;
    uint64_t table = mm->pgd;
    for (unsigned l = pt_levels(k) - 1;; l--) {
        *place = pt_place(k, table, va, l);
        int error = pte_read(k, place);
        if (error || l == level || !pte_table(place->pte))
            return error;
        table = pte_to_pfn(place->pte);
    }
}

/* A table below an entry that is none. */
static int add_table(struct mm_struct *mm, uint64_t va, struct pte_place *place) {
    struct kernel *k = mm->kernel;
    struct page *table = pte_table_alloc(mm, va, place->level - 1);
    if (!table)
        return -ENOMEM;
    uint64_t pte = make_table_pte(page_to_pfn(k, table));
    int error = pte_write(k, place, va, pte);
    if (error)
        pte_table_free(mm, va, place->level - 1, table);
    else
        place->pte = pte;
    return error;
}

int pgtable_make(struct mm_struct *mm, uint64_t va, unsigned level, struct pte_place *place) {
    int error = pgtable_find(mm, va, level, place);
    if (!error && place->level > level && !pte_none(place->pte))
        return -EEXIST;
    /* An entry that is none stays so while the allocation of a table for it reclaims: reclaim makes
     * no tables and maps nothing. */
    while (!error && place->level > level) {
        error = add_table(mm, va, place);
        if (!error)
            *place = pt_place(mm->kernel, pte_to_pfn(place->pte), va, place->level - 1);
    }
    return error;
}
