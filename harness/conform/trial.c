#include "trial.h"

#include <inttypes.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#define PROGRESS_EVERY 512

struct verdict {
    bool right;
    bool answered;
    struct mmu_response response;
    char why[160]; /* when not right */
};

static const char *const side_name[SIDES] = {[SIDE_HARDWARE] = "hardware", [SIDE_MODEL] = "model"};

bool trial_init(struct trial *trial, const char *path, const char *config, FILE *report,
                const char **why) {
    *trial = (struct trial){.path = path, .report = report, .ram_last = UINT64_MAX};
    if (!bench_init(&trial->bench[SIDE_HARDWARE], SIDE_HARDWARE, config, why))
        return false;
    if (bench_init(&trial->bench[SIDE_MODEL], SIDE_MODEL, config, why))
        return true;
    bench_free(&trial->bench[SIDE_HARDWARE]);
    return false;
}

void trial_free(struct trial *trial) {
    for (int side = 0; side < SIDES; side++)
        bench_free(&trial->bench[side]);
}

void trial_clear_memory(struct trial *trial) {
    for (int side = 0; side < SIDES; side++) {
        bench_settle(&trial->bench[side]);
        physmem_clear(trial->bench[side].memory);
        physmem_forget_ranges(trial->bench[side].memory);
    }
}

bool trial_add_ram(struct trial *trial, uint64_t base, uint64_t size) {
    return physmem_add_ram(trial->bench[SIDE_HARDWARE].memory, base, size) &&
           physmem_add_ram(trial->bench[SIDE_MODEL].memory, base, size);
}

bool trial_poke(struct trial *trial, uint64_t pa, unsigned bytes, uint64_t value) {
    return physmem_poke(trial->bench[SIDE_HARDWARE].memory, pa, bytes, value) &&
           physmem_poke(trial->bench[SIDE_MODEL].memory, pa, bytes, value);
}

void trial_set_control(struct trial *trial, const struct mmu_control *control) {
    trial->control = *control;
    for (int side = 0; side < SIDES; side++)
        bench_set_control(&trial->bench[side], control);
}

/* Room for one explanation more? Says so once when there is none. */
static bool explains(struct trial *trial) {
    if (trial->explained < TRIAL_EXPLAINED) {
        trial->explained++;
        return true;
    }
    if (trial->explained++ == TRIAL_EXPLAINED)
        fprintf(trial->report, "%s: further mismatches are only counted\n", trial->path);
    return false;
}

void trial_mismatch(struct trial *trial, enum side side, const char *format, ...) {
    trial->mismatches[side]++;
    if (!explains(trial))
        return;
    fprintf(trial->report, "%s:", trial->path);
    if (trial->line != 0)
        fprintf(trial->report, "%" PRIu64 ":", trial->line);
    fprintf(trial->report, " %s: ", side_name[side]);
    va_list arguments;
    va_start(arguments, format);
    vfprintf(trial->report, format, arguments);
    va_end(arguments);
    fputc('\n', trial->report);
}

void trial_fence_all(struct trial *trial) {
    for (int side = 0; side < SIDES; side++)
        if (!bench_fence_all(&trial->bench[side]))
            trial_mismatch(trial, (enum side)side, "%s", trial->bench[side].failure);
}

static const char *judge_answer(const struct trial *trial, const struct expectation *expect,
                                const struct mmu_response *response) {
    if (expect->want == WANT_FAULT) {
        if (response->reason == FAULT_NONE)
            return "translated instead of a fault";
        return response->cause == expect->cause ? NULL : "another cause";
    }
    if (response->reason != FAULT_NONE || response->cause != CAUSE_NONE)
        return "a fault instead of a translation";
    bool inside = response->pa >= trial->ram_from && response->pa <= trial->ram_last;
    if (expect->want == WANT_PA && response->pa != expect->pa)
        return "another physical address";
    if (expect->want == WANT_INSIDE_RAM && !inside)
        return "a physical address where no memory is";
    if (expect->want == WANT_OUTSIDE_RAM && inside)
        return "a physical address where there is memory";
    if (expect->shift != 0 && page_shift(response->size) != expect->shift)
        return "another leaf size";
    return response->memory == expect->memory ? NULL : "another memory type";
}

static const struct word *find_word(const struct expectation *expect, uint64_t pa) {
    for (size_t i = 0; i < expect->after_count; i++)
        if (expect->after[i].pa == pa)
            return &expect->after[i];
    return NULL;
}

/* The words changed are those expected and no others. */
static bool judge_memory(const struct bench *bench, const struct expectation *expect, char *why,
                         size_t size) {
    for (const struct change *change = bench->changes; change; change = change->hh.next) {
        const struct word *word = find_word(expect, change->pa);
        if (change->value == (word ? word->value : change->before))
            continue;
        snprintf(why, size, "memory at %" PRIx64 " became %" PRIx64 " instead of %" PRIx64,
                 change->pa, change->value, word ? word->value : change->before);
        return false;
    }
    for (size_t i = 0; i < expect->after_count; i++) {
        uint64_t pa = expect->after[i].pa;
        const struct change *change;
        HASH_FIND(hh, bench->changes, &pa, sizeof pa, change);
        if (change)
            continue;
        snprintf(why, size, "memory at %" PRIx64 " was not changed to %" PRIx64, pa,
                 expect->after[i].value);
        return false;
    }
    return true;
}

/* One translation and its verdict. */
static void try_once(const struct trial *trial, struct bench *bench,
                     const struct question *question, struct verdict *verdict) {
    *verdict = (struct verdict){.right = false};
    verdict->answered = bench_translate(bench, &question->request, &verdict->response);
    const char *wrong = bench->failure;
    if (verdict->answered)
        wrong = judge_answer(trial, &question->expect, &verdict->response);
    if (!wrong && bench->lost_change)
        wrong = "no memory left to note a change of memory";
    if (wrong)
        snprintf(verdict->why, sizeof verdict->why, "%s", wrong);
    else
        verdict->right = question->expect.any_change ||
                         judge_memory(bench, &question->expect, verdict->why, sizeof verdict->why);
}

static void try_side(const struct trial *trial, struct bench *bench,
                     const struct question *question, struct verdict *verdict) {
    try_once(trial, bench, question, verdict);
    if (!verdict->right)
        return;
    try_once(trial, bench, question, verdict);
    if (verdict->right)
        return;
    char why[sizeof verdict->why];
    memcpy(why, verdict->why, sizeof why);
    snprintf(verdict->why, sizeof verdict->why, "right at first, but when repeated: %.120s", why);
}

static void print_expected(FILE *to, const struct expectation *expect) {
    fprintf(to, "  expected  ");
    switch (expect->want) {
    case WANT_PA:
        fprintf(to, "pa %" PRIx64 " %s", expect->pa, memory_type_name(expect->memory));
        break;
    case WANT_INSIDE_RAM:
        fprintf(to, "a pa in memory that exists");
        break;
    case WANT_OUTSIDE_RAM:
        fprintf(to, "a pa where no memory is");
        break;
    case WANT_FAULT:
        fprintf(to, "cause %d", (int)expect->cause);
        break;
    }
    if (expect->want != WANT_FAULT && expect->shift != 0)
        fprintf(to, ", leaf of 2^%u bytes", expect->shift);
    if (!expect->any_change && expect->after_count == 0)
        fprintf(to, ", memory unchanged");
    for (size_t i = 0; i < expect->after_count; i++)
        fprintf(to, ", %" PRIx64 " := %" PRIx64, expect->after[i].pa, expect->after[i].value);
    fputc('\n', to);
}

static void print_side(FILE *to, enum side side, const struct bench *bench,
                       const struct verdict *verdict) {
    char text[200] = "no answer";
    struct mmu_event answer = {.kind = EVENT_RESPONSE, .response = verdict->response};
    if (verdict->answered)
        event_format(&answer, text, sizeof text);
    fprintf(to, "  %-8s  %s: %s\n", side_name[side], verdict->right ? "right" : "WRONG",
            verdict->right ? text : verdict->why);
    if (verdict->right)
        return;
    for (unsigned i = 0; i < bench->steps; i++) {
        event_format(&bench->step[i], text, sizeof text);
        fprintf(to, "            %s\n", text);
    }
}

static void explain(struct trial *trial, const struct question *question,
                    const struct verdict verdict[SIDES]) {
    const struct mmu_control *control = &trial->control;
    FILE *to = trial->report;
    fprintf(to,
            "%s:%" PRIu64 ": %s: %s of %" PRIx64 " in %s-mode; %s root %" PRIx64
            " asid %x sum %d mxr %d adue %d pbmte %d napot %d\n",
            trial->path, question->line, question->where, access_name(question->request.access),
            question->request.va, privilege_name(question->request.priv),
            paging_mode_name(control->mode), control->root_ppn, control->asid, control->sum,
            control->mxr, control->adue, control->pbmte, control->napot);
    print_expected(to, &question->expect);
    for (int side = SIDES; side-- > 0;)
        print_side(to, (enum side)side, &trial->bench[side], &verdict[side]);
}

static void conclude(struct trial *trial, enum aftermath aftermath) {
    for (int side = 0; side < SIDES; side++) {
        if (aftermath == PUT_BACK)
            bench_undo(&trial->bench[side]);
        else if (aftermath == SETTLE)
            bench_settle(&trial->bench[side]);
    }
    if (aftermath != COLLECT)
        trial_fence_all(trial);
}

static void show_progress(const struct trial *trial) {
    if (trial->accesses % PROGRESS_EVERY == 0 && isatty(STDERR_FILENO))
        fprintf(stderr, "\r%s: %" PRIu64 " accesses\033[K\r", trial->path, trial->accesses);
}

void trial_ask(struct trial *trial, const struct question *question) {
    struct verdict verdict[SIDES];
    bool right = true;
    trial->line = question->line;
    for (int side = 0; side < SIDES; side++) {
        try_side(trial, &trial->bench[side], question, &verdict[side]);
        trial->mismatches[side] += !verdict[side].right;
        right = right && verdict[side].right;
    }
    trial->accesses++;
    if (!right && explains(trial))
        explain(trial, question, verdict);
    conclude(trial, question->aftermath);
    show_progress(trial);
}
