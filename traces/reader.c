/* Opens a trace of either form; forms are told apart by their first byte. */
#include "internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct trace_reader {
    FILE *file;
    char *path; /* as errors show it */
    struct text_reader *text;
    struct binary_reader *binary;
};

static bool open_form(struct trace_reader *reader, struct trace_error *error) {
    int first = getc(reader->file);
    if (first == EOF)
        return ferror(reader->file)
                   ? trace_fail(error, "%s: cannot be read: %s", reader->path, strerror(errno))
                   : trace_fail(error, "%s: is empty, not a trace", reader->path);
    ungetc(first, reader->file);
    if (first == binary_magic[0])
        reader->binary = binary_open(reader->file, reader->path, error);
    else if (first == TEXT_MAGIC[0])
        reader->text = text_open(reader->file, reader->path, error);
    else
        return trace_fail(error,
                          "%s: is no Twinwalk trace (one starts with 'twinwalk-trace 1' or the "
                          "binary magic; other tools' traces need 'trace import')",
                          reader->path);
    return reader->binary || reader->text;
}

struct trace_reader *trace_open(const char *path, struct trace_error *error) {
    bool standard = strcmp(path, "-") == 0;
    struct trace_reader *reader = calloc(1, sizeof *reader);
    struct stat status;
    if (!reader || !(reader->path = strdup(standard ? "standard input" : path))) {
        free(reader);
        trace_fail(error, "%s: out of memory", path);
        return NULL;
    }
    reader->file = standard ? stdin : fopen(path, "rbe");
    if (!reader->file || fstat(fileno(reader->file), &status) != 0) {
        trace_fail(error, "%s: %s", reader->path, strerror(errno));
    } else if (S_ISDIR(status.st_mode)) {
        trace_fail(error, "%s: is a directory", reader->path);
    } else if (open_form(reader, error)) {
        return reader;
    }
    trace_close(reader);
    return NULL;
}

void trace_close(struct trace_reader *reader) {
    if (!reader)
        return;
    if (reader->text)
        text_close(reader->text);
    if (reader->binary)
        binary_close(reader->binary);
    if (reader->file && reader->file != stdin)
        fclose(reader->file);
    free(reader->path);
    free(reader);
}

const struct trace_info *trace_reader_info(const struct trace_reader *reader) {
    return reader->text ? text_info(reader->text) : binary_info(reader->binary);
}

long trace_read(struct trace_reader *reader, struct trace_record *to, size_t n,
                struct trace_error *error) {
    return reader->text ? text_read(reader->text, to, n, error)
                        : binary_read(reader->binary, to, n, error);
}

uint64_t trace_position(const struct trace_reader *reader) {
    return reader->text ? text_position(reader->text) : binary_position(reader->binary);
}
