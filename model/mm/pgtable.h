/*
 * Page tables as the manager writes them: the modes' levels (0 = PTE, 1 = PMD, 2 = PUD …, the root
 * is level count - 1), entries of 4 bytes (Sv32) or 8. Tables are frames (PG_table) whose contents
 * lie in the machine's memory. Encodings of what hardware reads: model/defs/encodings.h. What it
 * does not read (V = 0) is ours:
 *
 *   PTE = 0                      nothing
 *   V=0, bit 1 set (swap entry)  slot in bits 10 and up
 *   V=0, bit 5 (G) set           PROT_NONE: present to the manager, absent to hardware; the rest as
 *                                in a valid PTE. Linux for RISC-V does the same.
 * RSW bit 8 (_PAGE_SPECIAL): not reference counted (the zero page). Bit 9 is free.
 */
#ifndef TWINWALK_MM_PGTABLE_H
#define TWINWALK_MM_PGTABLE_H

#include "mm_types.h"

/* Where a descent ended. */
struct pte_place {
    uint64_t pa;    /* of the entry */
    unsigned level; /* its level */
    uint64_t pte;   /* what it held */
};

/* Geometry of the mode. */
unsigned pt_levels(const struct kernel *k);
unsigned pt_entry_bytes(const struct kernel *k);           /* 4 or 8 */
unsigned pt_shift(const struct kernel *k, unsigned level); /* log2 of what an entry maps */
uint64_t pt_entries(const struct kernel *k);               /* of a table: 512 or 1024 */

/* What an entry is. */
bool pte_none(uint64_t pte);
bool pte_present(uint64_t pte); /* maps a frame: V, or PROT_NONE */
bool pte_valid(uint64_t pte);   /* V: hardware may use it */
bool pte_table(uint64_t pte);   /* valid and a pointer to the next level */
bool pte_swap(uint64_t pte);
bool pte_young(uint64_t pte);    /* A */
bool pte_dirty(uint64_t pte);    /* D */
bool pte_writable(uint64_t pte); /* W */
bool pte_special(uint64_t pte);
uint64_t pte_to_pfn(uint64_t pte);
uint64_t pte_swap_slot(uint64_t pte);
uint64_t make_swap_pte(uint64_t slot);
uint64_t make_table_pte(uint64_t pfn);

/*
 * A leaf for this frame with the rights of a VMA: R, W, X (W and X add R: encodings without it are
 * reserved), U for user VMAs; A set; D with `dirty`; W only with `write` and VM_WRITE; all rights
 * gone: PROT_NONE.
 */
uint64_t make_pte(uint64_t pfn, unsigned vm_flags, bool write, bool dirty);
/* The kernel's: G, A and D set, no U. */
uint64_t make_kernel_pte(uint64_t pfn, unsigned vm_flags);
/* New rights, the rest (frame, A, D, special) kept; W only if `write`. */
uint64_t pte_modify(uint64_t pte, unsigned vm_flags, bool write);

/* Reads or writes one entry; SET_PTE is told. -EIO: bus error. */
int pte_read(struct kernel *k, struct pte_place *place);
int pte_write(struct kernel *k, const struct pte_place *place, uint64_t va, uint64_t pte);

/*
 * Descends towards `va` as far as tables reach and not below `level`; *place is the entry there:
 * a leaf, a swap entry, or none, at place->level >= level; or, at `level` itself, a pointer. -EIO.
 */
int pgtable_find(struct mm_struct *mm, uint64_t va, unsigned level, struct pte_place *place);

/* The same, allocating tables that are missing down to `level`. -ENOMEM, -EIO; -EEXIST: a leaf is
 * in the way (place says which). */
int pgtable_make(struct mm_struct *mm, uint64_t va, unsigned level, struct pte_place *place);

/* A root with the kernel half of init_mm, and its end; user tables must be gone. */
int pgd_alloc(struct mm_struct *mm);
void pgd_free(struct mm_struct *mm);

/* A table frame outside any tree, accounted to mm (for deposits): NULL no memory. */
struct page *pte_table_alloc(struct mm_struct *mm, uint64_t va, unsigned level);
void pte_table_free(struct mm_struct *mm, uint64_t va, unsigned level, struct page *table);

/*
 * Frees the tables that serve only [start, end): those that reach below `floor` or above `ceiling`
 * (0: the end of user space) stay. Entries must be none already (Linux: free_pgtables).
 */
void free_pgtables(struct mm_struct *mm, uint64_t start, uint64_t end, uint64_t floor,
                   uint64_t ceiling);

/* MADV_DONTNEED with pt_reclaim: frees PTE tables that lie wholly in [start, end) and are empty. */
void reclaim_pte_tables(struct mm_struct *mm, uint64_t start, uint64_t end);

/*
 * Calls `each` for every entry that is not none (leaves of any level, swap entries) of [start, end)
 * in order. It may change the entry. A result other than 0 ends the walk and is returned.
 */
typedef int pte_visitor(struct mm_struct *mm, uint64_t va, const struct pte_place *place,
                        void *context);
int walk_page_range(struct mm_struct *mm, uint64_t start, uint64_t end, pte_visitor *each,
                    void *context);

/* Fences (Linux: flush_tlb_*). Of an address space that holds no ASID of this generation nothing
 * can be cached, and nothing is done. More than 64 pages fence the whole ASID. */
void flush_tlb_page(struct mm_struct *mm, uint64_t va);
void flush_tlb_range(struct mm_struct *mm, uint64_t start, uint64_t end);
void flush_tlb_mm(struct mm_struct *mm);
void flush_tlb_all(struct kernel *k);
void flush_tlb_kernel(struct kernel *k, uint64_t va); /* global entries too */

#endif
