/* Entry to the fault path: what the MMU's answer means, which VMA, accounting, signals. */
#include "page_fault.h"

#include "fault_internal.h"
#include "fork.h"
#include "huge_memory.h"
#include "layout.h"
#include "mmap.h"
#include "page_alloc.h"

#include <signal.h>

void fault_step(const struct vm_fault *vmf, enum fault_step step, uint64_t pfn) {
    mm_event(vmf->kernel, MM_EVENT_FAULT_STEP, vmf->va, step, pfn);
}

unsigned fault_error(int error) {
    return error == -ENOMEM ? VM_FAULT_OOM : VM_FAULT_SIGBUS;
}

/* Every right brings reading with it: the encodings without R are reserved, or (X alone) not used
 * (make_pte). */
bool access_permitted(const struct vm_area_struct *vma, enum access_type access) {
    switch (access) {
    case ACCESS_EXECUTE:
        return vma->flags & VM_EXEC;
    case ACCESS_WRITE:
        return vma->flags & VM_WRITE;
    default:
        return vma->flags & VM_RIGHTS;
    }
}

/* ---- one fault ---- */

/* A leaf above the PTE level. *again: it was split, the PTE below is to be looked at. */
static unsigned handle_huge_leaf(struct vm_fault *vmf, bool *again) {
    *again = false;
    if (!vmf->write || pte_writable(vmf->place.pte))
        return fault_young(vmf);
    unsigned result = do_huge_wp_page(vmf->vma, vmf->va, &vmf->place);
    if (result)
        return result;
    int error = pgtable_find(vmf->vma->mm, vmf->va, 0, &vmf->place);
    *again = vmf->place.level == 0;
    return error ? fault_error(error) : 0;
}

/* Linux: __handle_mm_fault */
static unsigned handle_fault(struct vm_fault *vmf) {
    int error = pgtable_find(vmf->vma->mm, vmf->va, 0, &vmf->place);
    if (error)
        return fault_error(error);
    if (vmf->place.level > 0 && pte_present(vmf->place.pte)) {
        bool again;
        unsigned result = handle_huge_leaf(vmf, &again);
        return again ? handle_pte_fault(vmf) : result;
    }
    if (vmf->place.level > 0 && thp_allowed(vmf->vma, vmf->va)) {
        bool done;
        unsigned result = do_huge_anonymous_page(vmf->vma, vmf->va, vmf->write, &done);
        if (done)
            return result;
    }
    return handle_pte_fault(vmf);
}

/* pgfault counts failures too, the task's counts do not (Linux: mm_account_fault). */
static void account_fault(struct kernel *k, unsigned result) {
    count_event(k, STAT_pgfault, 1);
    if (result & VM_FAULT_MAJOR)
        count_event(k, STAT_pgmajfault, 1);
    if (result & VM_FAULT_ERROR || !k->current)
        return;
    if (result & VM_FAULT_MAJOR)
        k->current->maj_flt++;
    else
        k->current->min_flt++;
}

unsigned handle_mm_fault(struct vm_area_struct *vma, uint64_t va, enum access_type access) {
    struct kernel *k = vma->mm->kernel;
    unsigned result;
    if (!access_permitted(vma, access)) {
        result = VM_FAULT_SIGSEGV;
    } else if (vma->flags & VM_HUGETLB) {
        result = hugetlb_fault(vma, va, access);
    } else {
        struct vm_fault vmf = {
            k, vma, va & ~(uint64_t)(PAGE_BYTES - 1), access, access == ACCESS_WRITE, {0, 0, 0}};
        result = handle_fault(&vmf);
    }
    account_fault(k, result);
    return result;
}

/* ---- from the MMU ---- */

/* Table contents that the manager never writes: memory was damaged, trying again would not end. */
static bool table_is_broken(enum fault_reason reason) {
    switch (reason) {
    case FAULT_WRITE_ONLY:
    case FAULT_RESERVED_BITS:
    case FAULT_RESERVED_PBMT:
    case FAULT_RESERVED_NAPOT:
    case FAULT_POINTER_FLAGS:
    case FAULT_POINTER_AT_LEAF:
    case FAULT_MISALIGNED:
        return true;
    default:
        return false;
    }
}

static bool is_access_fault(enum cause cause) {
    return cause == CAUSE_FETCH_ACCESS_FAULT || cause == CAUSE_LOAD_ACCESS_FAULT ||
           cause == CAUSE_STORE_ACCESS_FAULT;
}

/* The VMA of va, stacks grown down to it; NULL: none (Linux: lock_mm_and_find_vma). */
static struct vm_area_struct *find_fault_vma(struct mm_struct *mm, uint64_t va) {
    struct vm_area_struct *vma = find_vma(mm, va);
    if (!vma || va >= vma->start)
        return vma;
    if (!(vma->flags & VM_GROWSDOWN) || expand_stack(vma, va) != 0)
        return NULL;
    mm_event(mm->kernel, MM_EVENT_FAULT_STEP, va, STEP_STACK, 0);
    return vma;
}

static unsigned fault_in_vma(struct kernel *k, struct mm_struct *mm, uint64_t va,
                             enum access_type access) {
    struct vm_area_struct *vma = NULL;
    if (va < mm_layout(k->config.mode)->task_size)
        vma = find_fault_vma(mm, va);
    mm_event(k, MM_EVENT_FAULT_VMA, va, vma ? vma->start : 0, vma ? vma->end : 0);
    if (!vma || !access_permitted(vma, access)) {
        mm_event(k, MM_EVENT_FAULT_STEP, va, STEP_BAD, 0);
        return VM_FAULT_SIGSEGV;
    }
    return handle_mm_fault(vma, va, access);
}

static int signal_of(unsigned result) {
    if (result & VM_FAULT_SIGSEGV)
        return SIGSEGV;
    return result & VM_FAULT_SIGBUS ? SIGBUS : SIGKILL;
}

unsigned do_page_fault(struct kernel *k, uint64_t va, enum access_type access,
                       const struct mmu_response *fault) {
    struct task_struct *task = k->current;
    unsigned result;
    mm_event(k, MM_EVENT_FAULT, va, access, fault->reason);
    if (!task || !task->mm) { /* killed meanwhile: nobody is left to mend anything for */
        result = VM_FAULT_SIGSEGV;
    } else if (is_access_fault(fault->cause) || table_is_broken(fault->reason)) {
        result = VM_FAULT_SIGBUS;
        mm_event(k, MM_EVENT_FAULT_STEP, va, STEP_BAD, 0);
    } else {
        result = fault_in_vma(k, task->mm, va, access);
    }
    if (task && task->mm && result & VM_FAULT_ERROR)
        send_signal(k, task, signal_of(result), va);
    else if (task && task->signal) /* the OOM killer chose it */
        result |= VM_FAULT_OOM;
    mm_event(k, MM_EVENT_FAULT_END, va, result, (result & VM_FAULT_MAJOR) != 0);
    return result;
}

/* ---- the manager's own accesses ---- */

/* Reclaim may take a page between its fault and our look only while something allocates, which
 * nothing does then: a few tries are more than enough. */
#define USER_PAGE_TRIES 8

/* Whether the entry allows the access as it is. What hardware would set silently (Svadu) is set
 * here in its place. */
static bool entry_allows(struct mm_struct *mm, struct pte_place *place, uint64_t va,
                         enum access_type access) {
    if (!pte_valid(place->pte) || pte_table(place->pte))
        return false;
    if (access == ACCESS_WRITE && !pte_writable(place->pte))
        return false;
    uint64_t touched =
        place->pte | PTE_FLAG(A) | (access == ACCESS_WRITE ? PTE_FLAG(D) : UINT64_C(0));
    if (touched == place->pte)
        return true;
    return mm->kernel->config.adue && pte_write(mm->kernel, place, va, touched) == 0;
}

/* The frame of a leaf of any level under va. */
static struct page *leaf_page(struct kernel *k, const struct pte_place *place, uint64_t va) {
    uint64_t offset = va & ((UINT64_C(1) << pt_shift(k, place->level)) - 1);
    return pfn_to_page(k, pte_to_pfn(place->pte) + offset / PAGE_BYTES);
}

struct page *get_user_page(struct mm_struct *mm, uint64_t va, enum access_type access, int *error) {
    struct kernel *k = mm->kernel;
    *error = -EFAULT;
    if (va >= mm_layout(k->config.mode)->task_size)
        return NULL;
    struct vm_area_struct *vma = find_fault_vma(mm, va);
    if (!vma || !access_permitted(vma, access))
        return NULL;
    for (unsigned tries = 0; tries < USER_PAGE_TRIES; tries++) {
        struct pte_place place;
        if (pgtable_find(mm, va, 0, &place) != 0)
            return NULL;
        if (entry_allows(mm, &place, va, access)) {
            struct page *page = leaf_page(k, &place, va);
            if (page)
                get_page(page);
            return page;
        }
        unsigned result = handle_mm_fault(vma, va, access);
        if (result & VM_FAULT_ERROR) {
            *error = result & VM_FAULT_OOM ? -ENOMEM : -EFAULT;
            return NULL;
        }
    }
    return NULL;
}
