/* Processes: identities, users of address spaces, ASIDs; and the counters of all. */
#include "check_internal.h"

#include "context.h"
#include "fork.h"
#include "pgtable.h"

#define KERNEL_STACK_BYTES UINT64_C(16384)

static bool check_users(struct checker *check, const struct mm_struct *mm) {
    const struct task_struct *task;
    unsigned users = 0;
    TAILQ_FOREACH(task, &check->k->tasks, list) {
        users += task->mm == mm;
    }
    return users == mm->users || wrong(check, "pid %llu: %u tasks share its memory, counted %u",
                                       (ull)pid_of(check->k, mm), users, mm->users);
}

/* No two address spaces have the same ASID of this generation. */
static bool check_asids(struct checker *check, const struct mm_struct *mm) {
    struct kernel *k = check->k;
    uint16_t asid, other_asid;
    if (!mm_asid(mm, &asid) || k->config.asid_bits == 0)
        return true;
    for (struct mm_struct *other = next_mm(k, mm); other; other = next_mm(k, other))
        if (mm_asid(other, &other_asid) && asid == other_asid)
            return wrong(check, "pid %llu and pid %llu have the same ASID %u", (ull)pid_of(k, mm),
                         (ull)pid_of(k, other), asid);
    return true;
}

static bool check_stack(struct checker *check, const struct task_struct *task) {
    struct kernel *k = check->k;
    for (uint64_t offset = 0; offset < KERNEL_STACK_BYTES; offset += PAGE_BYTES) {
        struct pte_place place;
        uint64_t va = task->kernel_stack + offset;
        if (pgtable_find(k->init_mm, va, 0, &place) != 0 || place.level != 0 ||
            !pte_valid(place.pte))
            return wrong(check, "pid %llu: its kernel stack is not mapped at %#llx", (ull)task->pid,
                         (ull)va);
        check->stat[STAT_nr_kernel_stack]++;
    }
    return true;
}

bool check_tasks(struct checker *check) {
    struct kernel *k = check->k;
    const struct task_struct *task;
    bool current = !k->current;
    TAILQ_FOREACH(task, &k->tasks, list) {
        current = current || task == k->current;
        if (task->pid >= k->next_pid || task->pid == 0)
            return wrong(check, "pid %llu has not been given yet", (ull)task->pid);
        if (find_task(k, task->pid) != task && task->mm)
            return wrong(check, "there is pid %llu twice", (ull)task->pid);
        if (task->mm && !check_stack(check, task))
            return false;
    }
    if (!current || (k->current && !k->current->mm))
        return wrong(check, "the current process is not alive");
    for (struct mm_struct *mm = next_mm(k, NULL); mm; mm = next_mm(k, mm))
        if (!check_users(check, mm) || !check_asids(check, mm))
            return false;
    return true;
}

bool check_stats(struct checker *check) {
    const uint64_t *stat = mm_stats(check->k);
    for (int i = STAT_nr_free_pages; i <= STAT_nr_swapcached; i++) {
        if (i == STAT_nr_unevictable)
            continue; /* mlock only marks pages as reclaim meets them */
        if (stat[i] != check->stat[i])
            return wrong(check, "%s is %llu, counted again %llu", mm_stat_name((enum mm_stat)i),
                         (ull)stat[i], (ull)check->stat[i]);
    }
    return true;
}
