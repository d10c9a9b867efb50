/* Writes a trace of either form. */
#include "internal.h"
#include "output.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct trace_writer {
    char *path; /* as errors show it */
    enum trace_form form;
    struct output output;
    struct trace_info info;
    struct trace_check check;
    struct binary_writer *binary;
};

enum trace_form trace_form_of_name(const char *path) {
    size_t length = strlen(path);
    return length >= 4 && strcmp(path + length - 4, ".txt") == 0 ? TRACE_TEXT : TRACE_BINARY;
}

/* Header strings are one line each, without blanks at their ends: both forms keep them as they are.
 */
static void clean(char *text) {
    size_t length = strlen(text), start = 0;
    for (size_t i = 0; i < length; i++)
        if ((unsigned char)text[i] < ' ' || text[i] == 0x7f)
            text[i] = ' ';
    while (length && text[length - 1] == ' ')
        length--;
    while (start < length && text[start] == ' ')
        start++;
    memmove(text, text + start, length - start);
    text[length - start] = '\0';
}

static bool start(struct trace_writer *writer) {
    if (writer->form == TRACE_TEXT)
        return text_write_header(writer->output.file, &writer->info);
    writer->binary = binary_writer_create(writer->output.file, &writer->info);
    return writer->binary;
}

struct trace_writer *trace_create(const char *path, enum trace_form form,
                                  const struct trace_info *info, struct trace_error *error) {
    struct trace_writer *writer = calloc(1, sizeof *writer);
    if (!writer || !(writer->path = strdup(strcmp(path, "-") ? path : "standard output"))) {
        free(writer);
        trace_fail(error, "%s: out of memory", path);
        return NULL;
    }
    writer->form = form;
    writer->info = *info;
    if (writer->info.va_bits != 32)
        writer->info.va_bits = 64;
    clean(writer->info.program);
    clean(writer->info.recorder);
    clean(writer->info.note);
    trace_check_init(&writer->check, &writer->info);
    if (output_open(&writer->output, path, form == TRACE_TEXT, error)) {
        if (start(writer))
            return writer;
        trace_fail(error, "%s: cannot be written: %s", writer->path, strerror(errno));
    }
    trace_writer_abort(writer);
    return NULL;
}

void trace_writer_level(struct trace_writer *writer, int level) {
    if (writer->binary)
        binary_writer_level(writer->binary, level);
}

const struct trace_info *trace_writer_info(const struct trace_writer *writer) {
    return &writer->info;
}

bool trace_write(struct trace_writer *writer, const struct trace_record *record,
                 struct trace_error *error) {
    const char *why = trace_check_record(&writer->check, record);
    if (why)
        return trace_fail(error, "%s: record %llu cannot be written: %s", writer->path,
                          (unsigned long long)writer->info.records + 1, why);
    bool good = writer->binary ? binary_writer_put(writer->binary, record)
                               : text_write_record(writer->output.file, record);
    return good || trace_fail(error, "%s: cannot be written: %s", writer->path, strerror(errno));
}

bool trace_writer_close(struct trace_writer *writer, struct trace_error *error) {
    bool good = !writer->binary || binary_writer_finish(writer->binary, &writer->info);
    if (!good)
        trace_fail(error, "%s: cannot be written: %s", writer->path, strerror(errno));
    else
        good = output_commit(&writer->output, error);
    trace_writer_abort(writer);
    return good;
}

void trace_writer_abort(struct trace_writer *writer) {
    if (!writer)
        return;
    binary_writer_destroy(writer->binary);
    output_abort(&writer->output);
    free(writer->path);
    free(writer);
}
