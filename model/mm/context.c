#include "context.h"

#include "pgtable.h"

#include <stdlib.h>
#include <string.h>

/* ASIDs that there are; asid_bits 0: only 0, which then is everybody's. */
static unsigned num_asids(const struct kernel *k) {
    return 1u << k->config.asid_bits;
}

static bool asid_taken(const struct kernel *k, unsigned asid) {
    return k->asid_used[asid / 8] >> asid % 8 & 1;
}

static void take_asid(struct kernel *k, unsigned asid) {
    k->asid_used[asid / 8] |= (uint8_t)(1u << asid % 8);
}

/* All are free but 0, the idle kernel's. */
static void free_all_asids(struct kernel *k) {
    memset(k->asid_used, 0, (num_asids(k) + 7) / 8);
    take_asid(k, 0);
    k->asid_next = 1;
}

int context_init(struct kernel *k) {
    k->asid_used = malloc((num_asids(k) + 7) / 8);
    if (!k->asid_used)
        return -ENOMEM;
    k->asid_generation = num_asids(k); /* so that context 0 is of no generation */
    free_all_asids(k);
    return 0;
}

void context_free(struct kernel *k) {
    free(k->asid_used);
    k->asid_used = NULL;
}

/* The lowest free ASID from asid_next on; 0: none. They go in turn: none comes back within a
 * generation. */
static unsigned next_asid(struct kernel *k) {
    while (k->asid_next < num_asids(k) && asid_taken(k, k->asid_next))
        k->asid_next++;
    return k->asid_next < num_asids(k) ? k->asid_next : 0;
}

static void roll_over(struct kernel *k) {
    k->asid_generation += num_asids(k);
    free_all_asids(k);
    count_event(k, STAT_asid_rollover, 1);
    mm_event(k, MM_EVENT_ROLLOVER, k->asid_generation, 0, 0);
}

static bool of_this_generation(const struct mm_struct *mm) {
    return (mm->context & ~(uint64_t)(num_asids(mm->kernel) - 1)) == mm->kernel->asid_generation;
}

static uint16_t asid_of(const struct mm_struct *mm) {
    return (uint16_t)(mm->context & (num_asids(mm->kernel) - 1));
}

/* An ASID of this generation; true: a new one began, and what TLBs hold has lost its meaning. */
static bool new_context(struct mm_struct *mm) {
    struct kernel *k = mm->kernel;
    bool rolled = false;
    /* The one it had, if nobody took it since: the same process keeps its number. */
    unsigned asid = mm->context ? asid_of(mm) : 0;
    if (asid == 0 || asid_taken(k, asid))
        asid = next_asid(k);
    if (asid == 0) {
        roll_over(k);
        rolled = true;
        asid = next_asid(k);
    }
    take_asid(k, asid);
    mm->context = k->asid_generation | asid;
    return rolled;
}

void switch_mm(struct kernel *k, struct task_struct *next) {
    struct mm_struct *mm = next && next->mm ? next->mm : k->init_mm;
    bool fence = k->config.asid_bits == 0;
    uint16_t asid = 0;
    if (mm != k->init_mm && !fence) {
        if (!of_this_generation(mm))
            fence = new_context(mm);
        asid = asid_of(mm);
    }
    k->current = next;
    k->machine.set_root(k->machine.context, mm->pgd, asid);
    if (fence)
        flush_tlb_all(k);
    mm_event(k, MM_EVENT_SWITCH, next ? next->pid : 0, asid, mm->pgd);
}

bool mm_asid(const struct mm_struct *mm, uint16_t *asid) {
    const struct kernel *k = mm->kernel;
    *asid = 0;
    if (k->config.asid_bits == 0) /* the last switch fenced all others */
        return k->current && k->current->mm == mm;
    if (!mm->context || !of_this_generation(mm))
        return false;
    *asid = asid_of(mm);
    return true;
}

void destroy_context(struct mm_struct *mm) {
    flush_tlb_mm(mm);
    mm->context = 0;
}
