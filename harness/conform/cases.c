/* Spike's vectors: one JSON object a line. */
#include "conform.h"
#include "vector.h"

#include <inttypes.h>

static bool load_case(struct trial *trial, const struct vector_case *vector) {
    trial_clear_memory(trial);
    for (size_t i = 0; i < vector->ram_count; i++)
        if (!trial_add_ram(trial, vector->ram[i].base, vector->ram[i].size))
            return false;
    for (size_t i = 0; i < vector->mem_count; i++)
        if (!trial_poke(trial, vector->mem[i].pa, vector->word_bytes, vector->mem[i].value))
            return false;
    trial_set_control(trial, &vector->control);
    trial_fence_all(trial);
    return true;
}

static void ask_all(struct trial *trial, const struct vector_case *vector) {
    for (size_t i = 0; i < vector->access_count; i++) {
        const struct vector_access *access = &vector->access[i];
        if (access->skipped) {
            trial->skipped++;
            continue;
        }
        char where[64];
        snprintf(where, sizeof where, "case %" PRIu64 ", access %zu", vector->id, i);
        /*
         * In a sequence, too, every access needs its fence: the vectors hold 64 KiB pages whose
         * sixteen PTEs disagree, and a TLB entry made of one of them may serve for all.
         */
        trial_ask(trial, &(struct question){
                             .line = trial->line,
                             .where = where,
                             .request = access->request,
                             .expect = access->expect,
                             .aftermath = vector->accumulates ? SETTLE : PUT_BACK,
                         });
    }
}

static bool replay_line(struct trial *trial, const struct lines *lines, struct input_error *error) {
    struct vector_case vector;
    if (!vector_parse(&vector, lines, error))
        return false;
    bool ok = true;
    trial->line = lines->number;
    if (vector.skipped)
        trial->skipped += vector.access_count;
    else if ((ok = load_case(trial, &vector)))
        ask_all(trial, &vector);
    vector_free(&vector);
    return ok || lines_fail(lines, error, "out of memory");
}

bool conform_cases(struct trial *trial, struct input_error *error) {
    struct lines lines;
    if (!lines_open(&lines, trial->path, error))
        return false;
    int more;
    while ((more = lines_next(&lines, error)) > 0)
        if (!replay_line(trial, &lines, error))
            break;
    bool empty = more == 0 && lines.number == 1;
    lines_close(&lines);
    if (empty)
        return input_fail(error, trial->path, "holds no cases");
    return more == 0;
}
