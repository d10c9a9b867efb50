#include "os.h"

#include "contents.h"
#include "mm/check.h"
#include "mm/context.h"
#include "mm/mm_types.h"
#include "mm/page_fault.h"
#include "study/optimum.h"

#include <inttypes.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

/* Faults of one access in a row: absent, A, D, a right, and tries that reclaim has undone. */
#define MOST_FAULTS 24

struct os {
    struct os_options options;
    const struct plan *plan;
    struct os_boot boot;
    struct contents *contents;
    struct optimum *optimum; /* NULL: not asked for */
    struct os_process *current;
    unsigned faults;      /* since an access came through */
    uint64_t boot_frames; /* that os_user_frames() counts though they are the kernel's */
    uint64_t peak, exact_peak;
    char problem[512];
};

__attribute__((format(printf, 3, 4))) static enum replay_end
end_with(struct os *os, enum replay_end end, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(os->problem, sizeof os->problem, format, arguments);
    va_end(arguments);
    return end;
}

/* ---- from start to end ---- */

static uint64_t user_frames(const struct os *os) {
    return os_user_frames(os->boot.k) - os->boot_frames;
}

static void note_peak(struct os *os) {
    uint64_t frames = user_frames(os);
    if (frames > os->peak)
        os->peak = frames;
}

/* The optimum must not have a frame less than the run ever had: looked at whenever one is taken. */
static void watch_peak(void *context, const struct mm_event *event) {
    struct os *os = context;
    if (event->kind != MM_EVENT_ALLOC)
        return;
    uint64_t frames = user_frames(os);
    if (frames > os->exact_peak)
        os->exact_peak = frames;
}

static bool create_parts(struct os *os, const struct replay_target *target) {
    os->contents = contents_create(os->plan, target->memories);
    os->optimum = os->options.optimum ? optimum_create() : NULL;
    return os->contents && (os->optimum || !os->options.optimum);
}

struct os *os_create(const struct os_options *options, enum paging_mode mode,
                     const struct plan *plan, const struct replay_target *target, char *why,
                     size_t size) {
    struct os *os = calloc(1, sizeof *os);
    snprintf(why, size, "out of memory");
    if (!os)
        return NULL;
    os->options = *options;
    os->plan = plan;
    if (!create_parts(os, target) || !os_boot(&os->boot, options, mode, plan, target, why, size)) {
        os_destroy(os);
        return NULL;
    }
    os->boot_frames = os_user_frames(os->boot.k);
    if (os->optimum)
        mm_listen(os->boot.k, watch_peak, os);
    return os;
}

void os_destroy(struct os *os) {
    if (!os)
        return;
    if (os->boot.k) {
        mm_listen(os->boot.k, NULL, NULL);
        os_shut(&os->boot);
    }
    contents_destroy(os->contents);
    optimum_destroy(os->optimum);
    free(os);
}

/* ---- as a replay's system ---- */

static struct os_process *find_process(const struct os *os, uint64_t process) {
    size_t low = 0, high = os->boot.processes;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (os->boot.process[middle].process < process)
            low = middle + 1;
        else
            high = middle;
    }
    bool found = low < os->boot.processes && os->boot.process[low].process == process;
    return found ? &os->boot.process[low] : NULL;
}

/* A process that touches nothing has no task: the kernel idles in its place. */
static enum replay_end enter(void *context, uint64_t process, struct mmu_control *control) {
    struct os *os = context;
    os->current = find_process(os, process);
    os->faults = 0;
    switch_mm(os->boot.k, os->current ? os->current->task : NULL);
    if (os->boot.board.stopped)
        return REPLAY_STOPPED;
    control->root_ppn = os->boot.board.control.root_ppn;
    control->asid = os->boot.board.control.asid;
    os->boot.board.control = *control;
    return REPLAY_DONE;
}

static const char *signal_name(int number) {
    switch (number) {
    case SIGSEGV:
        return "SIGSEGV";
    case SIGBUS:
        return "SIGBUS";
    default:
        return "SIGKILL";
    }
}

/* A process was killed: by its access, or for want of memory. */
static enum replay_end tell_signal(struct os *os, const struct mmu_request *request,
                                   const struct mmu_response *response) {
    for (size_t i = 0; i < os->boot.processes; i++) {
        const struct os_process *process = &os->boot.process[i];
        if (process->task->signal == SIGKILL)
            return end_with(os, REPLAY_FAILED,
                            "out of memory: process %" PRIu64 " was killed (%" PRIu64
                            " KiB of memory, %" PRIu64 " KiB of swap)",
                            process->process, os->boot.memory_bytes / 1024,
                            os->boot.swap_bytes / 1024);
    }
    int signal = os->current ? os->current->task->signal : SIGSEGV;
    return end_with(os, REPLAY_FAILED, "process %" PRIu64 " gets %s: %s at %#" PRIx64 ", %s",
                    os->current ? os->current->process : 0, signal_name(signal),
                    access_name(request->access), request->va, fault_text(response->reason));
}

static enum replay_end check_structures(struct os *os) {
    char text[400];
    const char *wrong = mm_check(os->boot.k, text, sizeof text);
    return wrong ? end_with(os, REPLAY_WRONG, "the memory manager is inconsistent: %s", wrong)
                 : REPLAY_DONE;
}

static enum replay_end fault(void *context, const struct mmu_request *request,
                             const struct mmu_response *response, bool *mended) {
    struct os *os = context;
    struct kernel *k = os->boot.k;
    *mended = true;
    if (++os->faults > MOST_FAULTS)
        return end_with(os, REPLAY_WRONG,
                        "process %" PRIu64 " makes no progress: %s at %#" PRIx64
                        " still faults (%s)",
                        os->current ? os->current->process : 0, access_name(request->access),
                        request->va, fault_text(response->reason));
    uint64_t signals = k->stat[STAT_signals];
    unsigned result = do_page_fault(k, request->va, request->access, response);
    note_peak(os);
    mm_tick(k);
    if (os->boot.board.stopped)
        return REPLAY_STOPPED;
    if (result & VM_FAULT_ERROR || k->stat[STAT_signals] != signals)
        return tell_signal(os, request, response);
    return os->options.check ? check_structures(os) : REPLAY_DONE;
}

/* Anonymous pages that are only read so far are all the zero page: they take no frame. */
static bool note_reference(struct os *os) {
    const struct contents_page *page = contents_latest(os->contents);
    return (!page->file && !page->written) ||
           optimum_reference(os->optimum, page->number, page->file);
}

static enum replay_end accessed(void *context, const struct mmu_request *request, unsigned bytes,
                                const uint64_t *pa) {
    struct os *os = context;
    os->faults = 0;
    if (!contents_access(os->contents, os->current ? os->current->process : 0, request, bytes, pa))
        return end_with(os, REPLAY_WRONG, "%s", contents_problem(os->contents));
    if (os->optimum && !note_reference(os))
        return end_with(os, REPLAY_FAILED, "out of memory");
    return REPLAY_DONE;
}

const char *os_problem(const struct os *os) {
    return os->problem;
}

static const char *problem(const void *context) {
    return os_problem(context);
}

static void count(const void *context, struct system_counters *counters) {
    const struct os *os = context;
    *counters = (struct system_counters){
        .pages = user_frames(os),
        .tables = os->boot.k->stat[STAT_nr_page_table_pages],
        .fences = os->boot.board.fences,
    };
}

struct replay_system os_system(struct os *os) {
    return (struct replay_system){
        .context = os,
        .enter = enter,
        .fault = fault,
        .accessed = accessed,
        .repeats = true,
        .owns_machine = true,
        .problem = problem,
        .count = count,
    };
}

/* ---- what came out ---- */

bool os_results(struct os *os, struct os_results *results) {
    const uint64_t *stat = mm_stats(os->boot.k);
    *results = (struct os_results){
        .memory_bytes = os->boot.memory_bytes,
        .swap_bytes = os->boot.swap_bytes,
        .pages_touched = plan_pages(os->plan),
        .peak_resident = os->peak,
        .words_checked = contents_words_checked(os->contents),
        .page_ins = stat[STAT_pswpin],
        .process = calloc(os->boot.processes + 1, sizeof *results->process),
        .processes = os->boot.processes,
    };
    if (!results->process)
        return false;
    for (int i = 0; i < MM_STATS; i++)
        results->stat[i] = stat[i];
    for (size_t i = 0; i < results->processes; i++) {
        const struct os_process *process = &os->boot.process[i];
        const struct mm_struct *mm = process->task->mm;
        results->process[i] = (struct os_process_results){
            process->process,
            process->task->min_flt,
            process->task->maj_flt,
            mm->pgtables_bytes,
            mm->rss[MM_ANONPAGES] + mm->rss[MM_FILEPAGES] + mm->rss[MM_SHMEMPAGES],
            mm->rss[MM_SWAPENTS],
        };
        results->page_ins += process->pages_read;
    }
    if (!os->optimum)
        return true;
    results->optimum = true;
    results->optimum_frames = os->exact_peak > os->peak ? os->exact_peak : os->peak;
    return optimum_page_ins(os->optimum, results->optimum_frames, &results->optimum_page_ins);
}

void os_results_free(struct os_results *results) {
    free(results->process);
    results->process = NULL;
}

/* ---- the sweep ---- */

/* A load by the current process, with faults mended. */
static enum replay_end load(struct os *os, uint64_t va, uint64_t *pa) {
    struct board *board = &os->boot.board;
    const struct mmu_request request = {.va = va, .access = ACCESS_READ, .priv = PRIV_U};
    struct mmu_response response;
    bool mended;
    for (;;) {
        if (!board->target.translate(board->target.context, &request, &response, pa))
            return REPLAY_STOPPED;
        if (response.reason == FAULT_NONE)
            break;
        enum replay_end end = fault(os, &request, &response, &mended);
        if (end != REPLAY_DONE)
            return end;
    }
    os->faults = 0;
    return REPLAY_DONE;
}

enum replay_end os_sweep(struct os *os) {
    struct board *board = &os->boot.board;
    enum replay_end end = check_structures(os);
    for (uint32_t n = 0; end == REPLAY_DONE && n < contents_pages(os->contents); n++) {
        const struct contents_page *page = contents_page(os->contents, n);
        uint64_t pa[MEMORIES_MAX];
        if (!page->written)
            continue;
        if (!os->current || os->current->process != page->process) {
            end = enter(os, page->process, &board->control);
            board->target.control(board->target.context, &board->control);
        }
        if (end == REPLAY_DONE)
            end = load(os, page->va, pa);
        if (end == REPLAY_DONE && !contents_check_page(os->contents, n, pa))
            end = end_with(os, REPLAY_WRONG, "%s", contents_problem(os->contents));
    }
    return end == REPLAY_DONE ? check_structures(os) : end;
}
