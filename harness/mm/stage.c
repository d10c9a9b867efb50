#include "stage.h"

#include "lockstep/target.h"
#include "mm/check.h"
#include "mm/context.h"
#include "mm/fork.h"
#include "mm/mmap.h"
#include "mm/page_fault.h"
#include "mm/show.h"
#include "narrate.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define MOST_FAULTS 16 /* of one access; more is no progress */

static void hear(void *context, const struct mm_event *event) {
    struct stage *stage = context;
    stage->events[event->kind]++;
    if (stage->told >> event->kind & 1) {
        char text[256];
        narrate(stage->k, event, text, sizeof text);
        fprintf(stage->out, "    %s\n", text);
    }
}

bool stage_open(struct stage *stage, const struct mm_config *config, FILE *out, const char **why) {
    const struct lockstep_options options = {.config = "default", .latency = "10"};
    *stage = (struct stage){.out = out};
    stage->both = lockstep_create(&options, why);
    if (!stage->both)
        return false;
    stage->board.target = lockstep_target(stage->both);
    stage->board.control = (struct mmu_control){.mode = config->mode, .adue = config->adue};
    const struct machine machine = board_machine(&stage->board);
    stage->k = kernel_boot(config, &machine, why);
    if (!stage->k) {
        lockstep_destroy(stage->both);
        return false;
    }
    mm_listen(stage->k, hear, stage);
    return true;
}

/* Everybody exits; then nothing may be left but what the kernel keeps. */
static void leave(struct stage *stage) {
    char text[256];
    const char *wrong = mm_check(stage->k, text, sizeof text);
    stage_check(stage, !wrong, "the manager's structures are sound%s%s", wrong ? ": " : "",
                wrong ? wrong : "");
    stage->told = 0;
    switch_mm(stage->k, NULL);
    struct task_struct *task;
    while ((task = TAILQ_FIRST(&stage->k->tasks))) {
        if (task->mm)
            do_exit(stage->k, task);
        task_reap(stage->k, task);
    }
    wrong = mm_check(stage->k, text, sizeof text);
    stage_check(stage, !wrong, "and after all processes have ended%s%s", wrong ? ": " : "",
                wrong ? wrong : "");
}

bool stage_close(struct stage *stage) {
    leave(stage);
    bool equal = !stage->board.stopped && lockstep_finish(stage->both);
    stage_check(stage, equal, "both walkers agreed on %" PRIu64 " translations, %" PRIu64 " walks",
                lockstep_counters(stage->both)->lookups[TLB_I] +
                    lockstep_counters(stage->both)->lookups[TLB_D],
                lockstep_counters(stage->both)->walks);
    if (!equal && lockstep_divergence(stage->both)->level != COMPARE_NONE)
        stage_say(stage, "first divergence: %s", lockstep_divergence(stage->both)->what);
    kernel_shutdown(stage->k);
    lockstep_destroy(stage->both);
    fprintf(stage->out, "%u checks, %u failed\n", stage->checks, stage->failed);
    return stage->failed == 0;
}

static void tell_walk(const struct stage *stage, const struct mmu_request *request,
                      const struct mmu_response *response) {
    static const char *const found[] = {"refused before any lookup", "L1 TLB", "L2 TLB", "walk"};
    if (!stage->told_each_walk)
        return;
    if (response->reason == FAULT_NONE)
        fprintf(stage->out, "    both MMUs: %s of 0x%" PRIx64 " -> 0x%" PRIx64 " (%s page, %s)\n",
                access_name(request->access), request->va, response->pa,
                page_size_name(response->size), found[response->level]);
    else
        fprintf(stage->out, "    both MMUs: %s of 0x%" PRIx64 " faults: %s\n",
                access_name(request->access), request->va, fault_text(response->reason));
}

/* The data, each side's at its own physical address. */
static int move_data(struct stage *stage, enum access_type access, const uint64_t *pa,
                     uint64_t *value) {
    const struct memories *all = stage->board.target.memories;
    uint64_t seen[MEMORIES_MAX];
    for (unsigned i = 0; i < all->count; i++)
        if (access == ACCESS_WRITE ? !physmem_write(all->memory[i], pa[i], 8, *value)
                                   : !physmem_read(all->memory[i], pa[i], 8, &seen[i]))
            return -1;
    for (unsigned i = 1; access != ACCESS_WRITE && i < all->count; i++)
        if (seen[i] != seen[0]) {
            stage->board.stopped = true;
            stage_check(stage, false, "both memories hold the same at 0x%" PRIx64, pa[i]);
        }
    if (access != ACCESS_WRITE)
        *value = seen[0];
    return 0;
}

int stage_access(struct stage *stage, uint64_t va, enum access_type access, uint64_t *value) {
    const struct mmu_request request = {.va = va, .access = access, .priv = PRIV_U};
    struct mmu_response response;
    uint64_t pa[MEMORIES_MAX];
    for (int faults = 0; faults < MOST_FAULTS && !stage->board.stopped; faults++) {
        if (!stage->board.target.translate(stage->board.target.context, &request, &response, pa)) {
            stage->board.stopped = true;
            break;
        }
        tell_walk(stage, &request, &response);
        if (response.reason == FAULT_NONE)
            return move_data(stage, access, pa, value) < 0 ? -1 : faults;
        unsigned result = do_page_fault(stage->k, va, access, &response);
        mm_tick(stage->k);
        if (result & VM_FAULT_ERROR)
            return -1;
    }
    stage_check(stage, false, "0x%" PRIx64 " could be accessed", va);
    return -1;
}

int stage_store(struct stage *stage, uint64_t va, uint64_t value) {
    int faults = stage_access(stage, va, ACCESS_WRITE, &value);
    if (faults < 0)
        stage_check(stage, false, "0x%" PRIx64 " could be written", va);
    return faults;
}

int stage_expect(struct stage *stage, uint64_t va, uint64_t value) {
    uint64_t seen = 0;
    int faults = stage_access(stage, va, ACCESS_READ, &seen);
    if (faults < 0 || seen != value) {
        stage_check(stage, false, "0x%" PRIx64 " holds %" PRIu64 ", seen: %" PRIu64, va, value,
                    seen);
        return -1;
    }
    return faults;
}

uint64_t stage_translate(struct stage *stage, uint64_t va) {
    const struct mmu_request request = {.va = va, .access = ACCESS_READ, .priv = PRIV_U};
    struct mmu_response response;
    uint64_t pa[MEMORIES_MAX];
    if (!stage->board.target.translate(stage->board.target.context, &request, &response, pa))
        stage->board.stopped = true;
    return stage->board.stopped || response.reason != FAULT_NONE ? 0 : response.pa;
}

void stage_switch(struct stage *stage, struct task_struct *task) {
    switch_mm(stage->k, task);
}

void stage_tell(struct stage *stage, unsigned kinds, ...) {
    va_list list;
    va_start(list, kinds);
    stage->told = 0;
    for (unsigned i = 0; i < kinds; i++)
        stage->told |= UINT64_C(1) << va_arg(list, int);
    va_end(list);
}

void stage_say(struct stage *stage, const char *format, ...) {
    va_list list;
    va_start(list, format);
    vfprintf(stage->out, format, list);
    va_end(list);
    fputc('\n', stage->out);
}

bool stage_check(struct stage *stage, bool holds, const char *format, ...) {
    va_list list;
    va_start(list, format);
    fprintf(stage->out, holds ? "  ok      " : "  WRONG   ");
    vfprintf(stage->out, format, list);
    fputc('\n', stage->out);
    va_end(list);
    stage->checks++;
    stage->failed += !holds;
    return holds;
}

void stage_title(struct stage *stage, const char *title) {
    fprintf(stage->out, "\n%s\n", title);
    for (size_t i = 0; i < strlen(title); i++)
        fputc('-', stage->out);
    fputc('\n', stage->out);
}

uint64_t stage_map(struct stage *stage, struct task_struct *task, uint64_t va, uint64_t bytes) {
    (void)stage;
    const struct mmap_request request = {
        .addr = va, .length = bytes, .rights = VM_READ | VM_WRITE, .flags = va ? MM_MAP_FIXED : 0};
    int64_t at = mm_mmap(task->mm, &request);
    return at < 0 ? 0 : (uint64_t)at;
}

static void print_to(void *context, const char *text) {
    fputs(text, context);
}

struct mm_printer stage_printer(struct stage *stage) {
    return (struct mm_printer){stage->out, print_to};
}
