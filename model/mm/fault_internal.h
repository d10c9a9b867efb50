/*
 * What the files of the fault path share: page_fault.c, memory.c, memory_file.c, huge_memory.c,
 * hugetlb.c (Linux: struct vm_fault and mm/internal.h).
 */
#ifndef TWINWALK_MM_FAULT_INTERNAL_H
#define TWINWALK_MM_FAULT_INTERNAL_H

#include "page_fault.h"
#include "pgtable.h"

#define PTE_FLAG(name) (UINT64_C(1) << PTE_BIT_##name)
/* RSW bit 8: pgtable.h */
#define PTE_SPECIAL_FLAG (UINT64_C(1) << 8)

/* A fault being handled. */
struct vm_fault {
    struct kernel *kernel;
    struct vm_area_struct *vma;
    uint64_t va; /* of the page: low 12 bits 0 */
    enum access_type access;
    bool write;
    struct pte_place place; /* where the descent ended; level > 0: no PTE table yet */
};

/* Whether the VMA's rights allow the access. */
bool access_permitted(const struct vm_area_struct *vma, enum access_type access);

/* place is the PTE, or a none entry above it: no PTE table yet. */
unsigned handle_pte_fault(struct vm_fault *vmf);
/* Nothing there yet, and the VMA maps a file. */
unsigned do_fault(struct vm_fault *vmf);

/* Makes the PTE table, if it is missing, so that place is the PTE. 0, or VM_FAULT_ bits. */
unsigned fault_pte_table(struct vm_fault *vmf);
/* A and D set in a leaf of any level, if it lacks them; else the TLB was behind. */
unsigned fault_young(struct vm_fault *vmf);
/* Writes the leaf in place of none; fences if the machine wants that (Linux: update_mmu_cache). */
int fault_set_new(struct vm_fault *vmf, uint64_t pte);
/* Writes the leaf in place of a valid one and fences. */
int fault_change(struct vm_fault *vmf, uint64_t pte);
/* Maps, writable and dirty, a page that nobody else knows yet; its reference becomes the PTE's, or
 * is dropped on failure. `replaces`: a valid entry. */
unsigned fault_map_anon(struct vm_fault *vmf, struct page *page, bool replaces);
/* Reads the entry again after an allocation: false if it has changed, then the access is simply
 * tried again. */
bool fault_unchanged(struct vm_fault *vmf);
void fault_step(const struct vm_fault *vmf, enum fault_step step, uint64_t pfn);
/* The VM_FAULT_ bits of a negative errno. */
unsigned fault_error(int error);

/* Copies a frame by the CPU, counted; -EIO. */
int copy_user_page(struct kernel *k, const struct page *to, const struct page *from);
/* The page of a leaf that is reference counted; NULL: special, or no frame of ours. */
struct page *vm_normal_page(struct kernel *k, uint64_t pte);
/* A PTE less maps the page: rmap, swap cache if it was the last, and its reference. */
void drop_mapped_page(struct page *page, struct vm_area_struct *vma);

/* Calls `each` for every address where the page may be mapped, whatever the tables say. Not 0: ends
 * the walk, returned. */
typedef int rmap_address_visitor(struct page *page, struct vm_area_struct *vma, uint64_t va,
                                 void *context);
int rmap_each_address(struct page *page, rmap_address_visitor *each, void *context);

/* For copy_page_range(): one huge leaf, all explicit huge pages. -ENOMEM, -EIO; -EAGAIN: the leaf
 * was split meanwhile. */
int copy_huge_pmd(struct vm_area_struct *to, struct vm_area_struct *from, uint64_t va,
                  const struct pte_place *place);
int copy_hugetlb_range(struct vm_area_struct *to, struct vm_area_struct *from);

#endif
