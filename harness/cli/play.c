#include "play.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void show_progress(const struct replay_counters *counters) {
    static uint64_t shown;
    uint64_t references = counters->references[PORT_I] + counters->references[PORT_D];
    if (references >> 17 == shown >> 17)
        return;
    shown = references;
    fprintf(stderr, "\r%10" PRIu64 " references\r", references);
}

/* Names the line of a text trace: records are numbered from 1, and a header line comes before them.
 */
static void complain_at(const char *command, const char *path, uint64_t record,
                        const char *problem) {
    struct trace_error error;
    struct trace_record ignored;
    struct trace_reader *reader = strcmp(path, "-") == 0 ? NULL : trace_open(path, &error);
    uint64_t read = 0, position = 0;
    while (reader && read < record && trace_read(reader, &ignored, 1, &error) == 1)
        read++;
    if (reader)
        position = trace_position(reader);
    trace_close(reader);
    if (position > record)
        complain(command, "%s:%" PRIu64 ": %s", path, position, problem);
    else
        complain(command, "%s: record %" PRIu64 ": %s", path, record, problem);
}

enum replay_end play_file(const char *command, const struct run_options *options, const char *path,
                          const struct replay_target *target, struct run_result *result) {
    struct trace_error error = {""};
    struct trace_reader *reader = trace_open(path, &error);
    if (!reader) {
        complain(command, "%s", error.text);
        return REPLAY_FAILED;
    }
    struct replay *replay = replay_create(&options->replay, trace_reader_info(reader), target, NULL);
    bool terminal = isatty(STDERR_FILENO);
    enum replay_end end =
        replay ? replay_trace(replay, reader, terminal ? show_progress : NULL, &error)
               : REPLAY_FAILED;
    if (end != REPLAY_FAILED)
        *result = (struct run_result){.trace = path,
                                      .mode = replay_control(replay)->mode,
                                      .replay = *replay_counters(replay)};
    else if (!replay)
        complain(command, "out of memory");
    else if (error.text[0] != '\0')
        complain(command, "%s", error.text);
    else
        complain_at(command, path, replay_counters(replay)->records, replay_problem(replay));
    replay_destroy(replay);
    trace_close(reader);
    return end;
}

struct trace_record *read_records(const char *command, const char *path, size_t *n,
                                  struct trace_info *info) {
    struct trace_error error;
    struct trace_reader *reader = trace_open(path, &error);
    struct trace_record *record = malloc((*n ? *n : 1) * sizeof *record);
    size_t have = 0;
    long got = 1;
    while (reader && record && have < *n && got > 0) {
        got = trace_read(reader, record + have, *n - have, &error);
        have += got > 0 ? (size_t)got : 0;
    }
    if (!reader || !record || got < 0) {
        complain(command, "%s", record ? error.text : "out of memory");
        free(record);
        record = NULL;
    }
    if (reader)
        *info = *trace_reader_info(reader);
    trace_close(reader);
    *n = have;
    return record;
}
