#include "pager.h"

#include "mmu/mode.h"
#include "mmu/pte.h"

#include <stdlib.h>

#define PROCESSES 65536 /* ASIDs */

/* Tables and 4 KiB pages grow up from here, larger pages from the middle of physical memory. */
#define FIRST_FRAME (UINT64_C(0x80000000) >> 12)

struct pager {
    struct pager_options options;
    struct replay_target target;
    const struct mode *mode;
    unsigned leaf_level;
    uint64_t next_frame, next_large, large_frames;
    uint64_t root[PROCESSES]; /* ppn, 0: none yet */
    uint64_t process;
    struct system_counters counters;
    const char *problem;
};

struct pager *pager_create(const struct pager_options *options, const struct replay_target *target,
                           const char **why) {
    const struct mode *mode = mode_find(options->mode);
    *why = "the mode does not translate";
    if (!mode)
        return NULL;
    unsigned level = 0;
    while (level < mode->levels && mode->leaf_size[level] != options->page)
        level++;
    *why = "the mode has no leaf page of that size";
    if (level == mode->levels)
        return NULL;
    *why = "out of memory";
    struct pager *pager = calloc(1, sizeof *pager);
    if (!pager)
        return NULL;
    pager->options = *options;
    pager->target = *target;
    pager->mode = mode;
    pager->leaf_level = level;
    pager->next_frame = FIRST_FRAME;
    pager->large_frames = UINT64_C(1) << (mode->ppn_bits - 1);
    pager->next_large = pager->large_frames;
    return pager;
}

void pager_destroy(struct pager *pager) {
    free(pager);
}

/* A frame of 4 KiB; memory that was never written reads as zeros. 0: none left. */
static uint64_t new_frame(struct pager *pager) {
    if (pager->next_frame == pager->large_frames) {
        pager->problem = "the mode's physical memory is used up";
        return 0;
    }
    return pager->next_frame++;
}

/* A page of the configured size. */
static uint64_t new_page(struct pager *pager) {
    if (pager->leaf_level == 0)
        return new_frame(pager);
    uint64_t frames = UINT64_C(1) << (page_shift(pager->options.page) - 12);
    if (pager->next_large + frames > 2 * pager->large_frames) {
        pager->problem = "the mode's physical memory is used up";
        return 0;
    }
    uint64_t ppn = pager->next_large;
    pager->next_large += frames;
    return ppn;
}

static enum replay_end enter(void *context, uint64_t process, struct mmu_control *control) {
    struct pager *pager = context;
    if (process == 0 || process >= PROCESSES) {
        pager->problem = "processes are numbered 1 to 65535";
        return REPLAY_FAILED;
    }
    if (pager->root[process] == 0) {
        pager->root[process] = new_frame(pager);
        if (pager->root[process] == 0)
            return REPLAY_FAILED;
        pager->counters.tables++;
    }
    pager->process = process;
    control->root_ppn = pager->root[process];
    control->asid = (uint16_t)process;
    return REPLAY_DONE;
}

static bool write_pte(struct pager *pager, uint64_t pa, uint64_t ppn, uint64_t flags) {
    if (memories_poke(pager->target.memories, pa, pager->mode->pte_bytes,
                      ppn << PTE_BIT_PPN | flags))
        return true;
    pager->problem = "out of memory";
    return false;
}

static bool read_pte(struct pager *pager, uint64_t pa, uint64_t *pte) {
    if (memories_read(pager->target.memories, pa, pager->mode->pte_bytes, pte))
        return true;
    pager->problem = "a page table lies where memory refuses accesses";
    return false;
}

/* Address of the leaf PTE that maps va, with tables made on the way. */
static bool descend(struct pager *pager, uint64_t va, uint64_t *pte_pa) {
    const struct mode *mode = pager->mode;
    uint64_t table = pager->root[pager->process];
    for (unsigned level = mode->levels - 1u;; level--) {
        *pte_pa = table * PAGE_BYTES + mode_vpn(mode, va, level) * mode->pte_bytes;
        if (level == pager->leaf_level)
            return true;
        uint64_t pte;
        if (!read_pte(pager, *pte_pa, &pte))
            return false;
        table = pte_ppn(pte, mode);
        if (pte_bit(pte, PTE_BIT_V))
            continue;
        table = new_frame(pager);
        if (table == 0 || !write_pte(pager, *pte_pa, table, pte_mask(PTE_BIT_V)))
            return false;
        pager->counters.tables++;
    }
}

/* What an access needs of its leaf; A and D are left to hardware that sets them. */
static uint64_t needed_flags(const struct pager *pager, enum access_type access,
                             const struct mmu_response *fault) {
    uint64_t flags = pte_mask(PTE_BIT_V) | pte_mask(PTE_BIT_U) | pte_mask(PTE_BIT_R);
    if (pager->options.rights == PAGER_ALL)
        return flags | pte_mask(PTE_BIT_W) | pte_mask(PTE_BIT_X) | pte_mask(PTE_BIT_A) |
               pte_mask(PTE_BIT_D);
    if (access == ACCESS_WRITE)
        flags |= pte_mask(PTE_BIT_W);
    if (access == ACCESS_EXECUTE)
        flags |= pte_mask(PTE_BIT_X);
    if (fault->reason == FAULT_ACCESSED_CLEAR || fault->reason == FAULT_DIRTY_CLEAR)
        flags |= pte_mask(PTE_BIT_A);
    if (fault->reason == FAULT_DIRTY_CLEAR)
        flags |= pte_mask(PTE_BIT_D);
    return flags;
}

/* Whether the page is mapped as the access needs it from now on. */
static bool map(struct pager *pager, uint64_t va, enum access_type access,
                const struct mmu_response *fault) {
    uint64_t pa, pte;
    if (!descend(pager, va, &pa) || !read_pte(pager, pa, &pte))
        return false;
    uint64_t flags = needed_flags(pager, access, fault);
    if (pte_bit(pte, PTE_BIT_V))
        return write_pte(pager, pa, pte_ppn(pte, pager->mode),
                         (pte & ((1u << PTE_BIT_PPN) - 1)) | flags);
    uint64_t ppn = new_page(pager);
    if (ppn == 0 || !write_pte(pager, pa, ppn, flags))
        return false;
    pager->counters.pages++;
    return true;
}

static enum replay_end fault(void *context, const struct mmu_request *request,
                             const struct mmu_response *response, bool *mended) {
    struct pager *pager = context;
    *mended = false;
    switch (response->reason) {
    case FAULT_NOT_VALID:
    case FAULT_NOT_READABLE:
    case FAULT_NOT_WRITABLE:
    case FAULT_NOT_EXECUTABLE:
    case FAULT_ACCESSED_CLEAR:
    case FAULT_DIRTY_CLEAR:
        break;
    default:
        return pager->problem ? REPLAY_FAILED : REPLAY_DONE;
    }
    if (!map(pager, request->va, request->access, response))
        return REPLAY_FAILED;
    const struct mmu_fence fence = {true, true, request->va, (uint16_t)pager->process};
    pager->counters.fences++;
    *mended = true;
    return pager->target.fence(pager->target.context, &fence) ? REPLAY_DONE : REPLAY_STOPPED;
}

static const char *problem(const void *context) {
    return ((const struct pager *)context)->problem;
}

static void count(const void *context, struct system_counters *counters) {
    *counters = ((const struct pager *)context)->counters;
}

struct replay_system pager_system(struct pager *pager) {
    return (struct replay_system){
        .context = pager, .enter = enter, .fault = fault, .problem = problem, .count = count};
}
