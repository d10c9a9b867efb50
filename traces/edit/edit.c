#include "edit/edit.h"
#include "edit/slice.h"
#include "internal.h"

#include <stdlib.h>

bool trace_copy(struct trace_reader *reader, struct trace_writer *writer, uint64_t limit,
                struct trace_error *error) {
    struct trace_record record[256];
    const size_t room = sizeof record / sizeof *record;
    while (limit) {
        long got = trace_read(reader, record, limit < room ? (size_t)limit : room, error);
        if (got < 0)
            return false;
        if (!got)
            break;
        for (long i = 0; i < got; i++)
            if (!trace_write(writer, &record[i], error))
                return false;
        limit -= (uint64_t)got;
    }
    return true;
}

/* A REPEAT stands for references to the page of the stream's latest access. */
static bool fold_record(struct trace_folder *folder, const struct trace_record *record,
                        struct trace_writer *writer, struct trace_record latest[PORTS],
                        struct trace_error *error) {
    if (record->kind == TRACE_ACCESS) {
        latest[trace_port(record)] = *record;
        return trace_fold(folder, record->access, record->va, record->bytes, error);
    }
    if (record->kind != TRACE_REPEAT)
        return trace_fold_flush(folder, error) && trace_write(writer, record, error);
    const struct trace_record *access = &latest[record->port];
    enum access_type weakest = access->access == ACCESS_WRITE ? ACCESS_READ : access->access;
    for (uint32_t i = 0; i < record->count; i++)
        if (!trace_fold(folder, weakest, access->va, 0, error))
            return false;
    return true;
}

static bool fold_all(struct trace_reader *reader, struct trace_folder *folder,
                     struct trace_writer *writer, struct trace_error *error) {
    struct trace_record latest[PORTS] = {{0}};
    struct trace_record record[256];
    long got;
    while ((got = trace_read(reader, record, sizeof record / sizeof *record, error)) > 0)
        for (long i = 0; i < got; i++)
            if (!fold_record(folder, &record[i], writer, latest, error))
                return false;
    return got == 0 && trace_fold_flush(folder, error);
}

bool trace_fold_copy(struct trace_reader *reader, struct trace_writer *writer,
                     struct trace_error *error) {
    struct trace_folder *folder = trace_folder_create(writer);
    if (!folder)
        return trace_fail(error, "out of memory");
    bool good = fold_all(reader, folder, writer, error);
    trace_folder_destroy(folder);
    return good;
}

struct cut {
    struct slice slice;
    struct trace_writer *writer;
    struct trace_record process; /* a SWITCH not yet written */
};

/* Everything that lasts is written also where references are left out. */
static bool cut_control(struct cut *cut, const struct trace_record *record, bool keep_fences,
                        struct trace_error *error) {
    if (record->kind == TRACE_SWITCH) {
        cut->process = *record;
        return true;
    }
    if (record->kind == TRACE_FENCE && !keep_fences)
        return true;
    bool pending = cut->process.kind == TRACE_SWITCH;
    if (pending && !trace_write(cut->writer, &cut->process, error))
        return false;
    cut->process.kind = TRACE_ACCESS;
    return trace_write(cut->writer, record, error);
}

static bool cut_reference(struct cut *cut, const struct trace_record *record,
                          struct trace_error *error) {
    if (cut->process.kind == TRACE_SWITCH && !trace_write(cut->writer, &cut->process, error))
        return false;
    cut->process.kind = TRACE_ACCESS;
    return slice_write(&cut->slice, record, cut->writer, error);
}

/* Goes on by `count` references, writing them if `keep`. Returns how many there were, -1 at damage.
 */
static int64_t cut_advance(struct cut *cut, uint64_t count, bool keep, struct trace_error *error) {
    uint64_t done = 0;
    struct trace_record record;
    int got;
    while ((got = slice_next(&cut->slice, count - done, &record, error)) > 0) {
        bool reference = record.kind == TRACE_ACCESS || record.kind == TRACE_REPEAT;
        if (!reference && !cut_control(cut, &record, keep, error))
            return -1;
        if (reference && keep && !cut_reference(cut, &record, error))
            return -1;
        done += slice_references(&record);
    }
    return got < 0 ? -1 : (int64_t)done;
}

bool trace_cut(struct trace_reader *reader, struct trace_writer *writer, uint64_t from,
               uint64_t count, struct trace_error *error) {
    struct cut *cut = calloc(1, sizeof *cut);
    if (!cut)
        return trace_fail(error, "out of memory");
    slice_init(&cut->slice, reader);
    cut->writer = writer;
    int64_t got = cut_advance(cut, from, false, error);
    slice_reopen(&cut->slice);
    if (got == (int64_t)from) {
        got = cut_advance(cut, count, true, error);
        if (!got)
            got =
                trace_fail(error, "the trace has no reference %llu", (unsigned long long)from) - 1;
    } else if (got >= 0) {
        got = trace_fail(error, "the trace has only %lld references", (long long)got) - 1;
    }
    free(cut);
    return got > 0;
}

/* One turn of a process, begun with its SWITCH; *ended when its trace has no more. */
static bool mix_turn(struct slice *slice, const char *name, unsigned process,
                     struct trace_writer *writer, uint64_t quantum, bool *ended,
                     struct trace_error *error) {
    const struct trace_record begin = {.kind = TRACE_SWITCH, .value = process};
    uint64_t done = 0;
    struct trace_record record;
    int got;
    slice_reopen(slice);
    while ((got = slice_next(slice, quantum - done, &record, error)) > 0) {
        if (record.kind != TRACE_ACCESS && record.kind != TRACE_REPEAT)
            return trace_fail(error, "%s: holds more than references; it cannot be mixed", name);
        if (!done && !trace_write(writer, &begin, error))
            return false;
        if (!slice_write(slice, &record, writer, error))
            return false;
        done += slice_references(&record);
    }
    *ended = done < quantum;
    return got == 0;
}

static bool mix(struct slice *slices, const char *const names[2], struct trace_writer *writer,
                uint64_t quantum, struct trace_error *error) {
    bool ended[2] = {false, false};
    for (unsigned turn = 0; !ended[0] || !ended[1]; turn ^= 1) {
        if (!ended[turn] &&
            !mix_turn(&slices[turn], names[turn], turn + 1, writer, quantum, &ended[turn], error))
            return false;
    }
    return true;
}

bool trace_mix(struct trace_reader *const readers[2], const char *const names[2],
               struct trace_writer *writer, uint64_t quantum, struct trace_error *error) {
    struct slice *slices = calloc(2, sizeof *slices);
    if (!slices)
        return trace_fail(error, "out of memory");
    for (int i = 0; i < 2; i++)
        slice_init(&slices[i], readers[i]);
    bool good = mix(slices, names, writer, quantum, error);
    free(slices);
    return good;
}
