/* mm_check(): the notes, and the order of the parts. */
#include "check_internal.h"

#include "swap.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

bool wrong(struct checker *check, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(check->text, check->size, format, arguments);
    va_end(arguments);
    return false;
}

struct frame_notes *frame_notes(struct checker *check, uint64_t pfn) {
    for (unsigned n = 0; n < check->k->config.nodes; n++) {
        uint64_t offset = pfn - check->k->node[n].start_pfn;
        if (offset < check->k->node[n].spanned_pages)
            return &check->frames[n][offset];
    }
    return NULL;
}

bool is_descriptor(const struct checker *check, const struct page *page) {
    for (unsigned n = 0; n < check->k->config.nodes; n++) {
        const struct pglist_data *node = &check->k->node[n];
        uintptr_t offset = (uintptr_t)page - (uintptr_t)node->map;
        if (offset / sizeof *page < node->spanned_pages)
            return offset % sizeof *page == 0;
    }
    return false;
}

static const char *owner_text(enum owner owner) {
    static const char *const text[] = {[OWNER_NONE] = "nobody",
                                       [OWNER_FREE] = "a free list",
                                       [OWNER_TABLE] = "a page table",
                                       [OWNER_SLAB] = "a slab",
                                       [OWNER_VMALLOC] = "the kernel's dynamic memory",
                                       [OWNER_ZERO] = "the zero page",
                                       [OWNER_USER] = "users or caches"};
    return text[owner];
}

bool own_frames(struct checker *check, uint64_t pfn, uint64_t frames, enum owner owner) {
    const struct frame_notes *first = frame_notes(check, pfn);
    if (first && first->owner == OWNER_USER && owner == OWNER_USER)
        return true; /* noted when it was met first, the whole run */
    for (uint64_t i = 0; i < frames; i++) {
        struct frame_notes *notes = frame_notes(check, pfn + i);
        if (!notes)
            return wrong(check, "frame %#llx: used by %s, but no node has it", (ull)(pfn + i),
                         owner_text(owner));
        if (notes->owner != OWNER_NONE)
            return wrong(check, "frame %#llx: used by %s and by %s", (ull)(pfn + i),
                         owner_text(notes->owner), owner_text(owner));
        notes->owner = owner;
    }
    return true;
}

struct mm_struct *next_mm(struct kernel *k, const struct mm_struct *mm) {
    bool found = !mm;
    struct task_struct *task, *before;
    TAILQ_FOREACH(task, &k->tasks, list) {
        if (!task->mm)
            continue;
        bool seen = false; /* tasks may share one: only the first counts */
        for (before = TAILQ_FIRST(&k->tasks); before != task; before = TAILQ_NEXT(before, list))
            seen = seen || before->mm == task->mm;
        if (seen)
            continue;
        if (found)
            return task->mm;
        found = task->mm == mm;
    }
    struct mm_struct *unfreed;
    TAILQ_FOREACH(unfreed, &k->unfreed, unfreed) {
        if (found)
            return unfreed;
        found = unfreed == mm;
    }
    return NULL;
}

uint64_t pid_of(const struct kernel *k, const struct mm_struct *mm) {
    struct task_struct *task;
    TAILQ_FOREACH(task, &k->tasks, list) {
        if (task->mm == mm)
            return task->pid;
    }
    return 0;
}

static bool take_notes(struct checker *check) {
    struct kernel *k = check->k;
    for (unsigned n = 0; n < k->config.nodes; n++) {
        check->frames[n] = calloc(k->node[n].spanned_pages, sizeof *check->frames[n]);
        if (!check->frames[n])
            return wrong(check, "no memory to check with");
    }
    check->slots = k->swap ? swap_total(k) : 0;
    if (check->slots > 0 && !(check->entries = calloc(check->slots, sizeof *check->entries)))
        return wrong(check, "no memory to check with");
    return true;
}

const char *mm_check(struct kernel *k, char *text, size_t size) {
    struct checker check = {.k = k, .text = text, .size = size};
    bool good = take_notes(&check) && check_zones(&check) && check_slabs(&check) &&
                check_vmas(&check) && check_tables(&check) && check_files(&check) &&
                check_swap(&check) && check_pages(&check) && check_rmap(&check) &&
                check_lru(&check) && check_tasks(&check) && check_objects(&check) &&
                check_stats(&check);
    for (unsigned n = 0; n < MAX_NUMNODES; n++)
        free(check.frames[n]);
    free(check.entries);
    return good ? NULL : text;
}
