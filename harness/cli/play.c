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

/* Plays a whole file, the way both passes do; its reader's errors come out as the replay's. */
struct pass {
    const char *path;
    void (*progress)(const struct replay_counters *counters);
    struct trace_error error; /* of the reader; "": none */
};

static enum replay_end play_reader(struct pass *pass, struct trace_reader *reader,
                                   struct replay *replay) {
    return replay_trace(replay, reader, pass->progress, &pass->error);
}

static enum replay_end feed_file(void *trace, struct replay *replay) {
    struct pass *pass = trace;
    struct trace_reader *reader = trace_open(pass->path, &pass->error);
    enum replay_end end = reader ? play_reader(pass, reader, replay) : REPLAY_FAILED;
    trace_close(reader);
    return end;
}

/* false: a line has been printed. */
static bool open_system(struct play *play, const struct trace_info *info) {
    char why[512];
    uint64_t record;
    struct pass pass = {.path = play->path};
    if (!play->options->os.on || os_run_open(&play->os, play->options, info, play->target,
                                             feed_file, &pass, why, sizeof why, &record))
        return true;
    if (pass.error.text[0] != '\0')
        complain(play->command, "%s", pass.error.text);
    else if (record > 0)
        complain_at(play->command, play->path, record, why);
    else
        complain(play->command, "%s: %s", play->path, why);
    return false;
}

/* What the replay came to; false: no memory. */
static bool fill_result(struct play *play, struct replay *replay, struct run_result *result) {
    *result = (struct run_result){.trace = play->path,
                                  .mode = replay_control(replay)->mode,
                                  .replay = *replay_counters(replay),
                                  .has_os = play->os.os != NULL,
                                  .policy = play->options->os.os.policy};
    return !play->os.os || os_results(play->os.os, &result->os);
}

static enum replay_end play_opened(struct play *play, struct trace_reader *reader,
                                   struct run_result *result) {
    struct pass pass = {.path = play->path,
                        .progress = isatty(STDERR_FILENO) ? show_progress : NULL};
    struct replay *replay = replay_create(&play->options->replay, trace_reader_info(reader),
                                          play->target, play->os.os ? &play->os.system : NULL);
    enum replay_end end = replay ? play_reader(&pass, reader, replay) : REPLAY_FAILED;
    if (!replay || (end != REPLAY_FAILED && !fill_result(play, replay, result))) {
        complain(play->command, "out of memory");
        end = REPLAY_FAILED;
    } else if (pass.error.text[0] != '\0') {
        complain(play->command, "%s", pass.error.text);
    } else if (end == REPLAY_FAILED || end == REPLAY_WRONG) {
        complain_at(play->command, play->path, replay_counters(replay)->records,
                    replay_problem(replay));
    }
    replay_destroy(replay);
    return end;
}

enum replay_end play_file(struct play *play, struct run_result *result) {
    struct trace_error error;
    struct trace_reader *reader = trace_open(play->path, &error);
    if (!reader) {
        complain(play->command, "%s", error.text);
        return REPLAY_FAILED;
    }
    enum replay_end end = open_system(play, trace_reader_info(reader))
                              ? play_opened(play, reader, result)
                              : REPLAY_FAILED;
    trace_close(reader);
    return end;
}

enum replay_end play_sweep(struct play *play) {
    enum replay_end end = play->os.os ? os_sweep(play->os.os) : REPLAY_DONE;
    if (end == REPLAY_FAILED || end == REPLAY_WRONG)
        complain(play->command, "%s: after the end: %s", play->path, os_problem(play->os.os));
    return end;
}

void play_end(struct play *play) {
    os_run_close(&play->os);
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
