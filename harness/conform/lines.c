#include "lines.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <zlib.h>

/* Damaged input may be quoted in the message; it must stay one printable line. */
static void make_printable(char *text) {
    for (; *text; text++)
        if ((unsigned char)*text < ' ' || (unsigned char)*text >= 0x7f)
            *text = '?';
}

static void describe(struct input_error *error, const char *place, const char *format,
                     va_list arguments) {
    char what[320];
    vsnprintf(what, sizeof what, format, arguments);
    snprintf(error->text, sizeof error->text, "%s: %s", place, what);
    make_printable(error->text);
}

bool input_fail(struct input_error *error, const char *path, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    describe(error, path, format, arguments);
    va_end(arguments);
    return false;
}

bool lines_fail(const struct lines *lines, struct input_error *error, const char *format, ...) {
    char place[190];
    const char *path = lines->path;
    size_t room = sizeof place - 24, length = strlen(path);
    if (length > room)
        path += length - room;
    snprintf(place, sizeof place, "%s:%llu", path, (unsigned long long)lines->number);
    va_list arguments;
    va_start(arguments, format);
    describe(error, place, format, arguments);
    va_end(arguments);
    return false;
}

bool lines_open(struct lines *lines, const char *path, struct input_error *error) {
    *lines = (struct lines){.path = path};
    struct stat status;
    if (stat(path, &status) != 0)
        return input_fail(error, path, "%s", strerror(errno));
    if (S_ISDIR(status.st_mode))
        return input_fail(error, path, "is a directory");
    gzFile file = gzopen(path, "rb");
    if (!file)
        return input_fail(error, path, "%s", errno ? strerror(errno) : "out of memory");
    lines->file = file;
    lines->buffer = malloc(LINES_MAX_LENGTH + 1);
    if (lines->buffer)
        return true;
    lines_close(lines);
    return input_fail(error, path, "out of memory");
}

void lines_close(struct lines *lines) {
    if (lines->file)
        gzclose(lines->file);
    free(lines->buffer);
    lines->file = NULL;
    lines->buffer = NULL;
}

/* Reads on; the number of bytes, 0 at the end of a sound file, -1 and an error. */
static int refill(struct lines *lines, struct input_error *error) {
    int got = gzread(lines->file, lines->buffer + lines->end, LINES_MAX_LENGTH - lines->end);
    if (got > 0)
        return got;
    int code;
    const char *why = gzerror(lines->file, &code);
    if (got == 0 && (code == Z_OK || code == Z_STREAM_END))
        return 0;
    if (code == Z_BUF_ERROR)
        why = "the gzip data ends too early (truncated)";
    else if (code == Z_ERRNO)
        why = strerror(errno);
    else
        why = "the gzip data is damaged";
    lines_fail(lines, error, "%s", why);
    return -1;
}

/* Moves what is left to the front of the buffer and reads more behind it. Same results. */
static int read_more(struct lines *lines, struct input_error *error) {
    memmove(lines->buffer, lines->buffer + lines->start, lines->end - lines->start);
    lines->end -= lines->start;
    lines->start = 0;
    if (lines->end == LINES_MAX_LENGTH)
        return lines_fail(lines, error, "the line is longer than %u bytes", LINES_MAX_LENGTH), -1;
    int got = refill(lines, error);
    if (got > 0)
        lines->end += (unsigned)got;
    return got;
}

int lines_next(struct lines *lines, struct input_error *error) {
    lines->number++;
    char *newline;
    while (!(newline = memchr(lines->buffer + lines->start, '\n', lines->end - lines->start))) {
        int more = read_more(lines, error);
        if (more < 0 || (more == 0 && lines->start == lines->end))
            return more;
        if (more == 0) {
            newline = lines->buffer + lines->end++; /* the last line has no newline */
            break;
        }
    }
    *newline = '\0';
    lines->text = lines->buffer + lines->start;
    lines->length = (size_t)(newline - lines->text);
    lines->start = (unsigned)(newline + 1 - lines->buffer);
    if (strlen(lines->text) != lines->length)
        return lines_fail(lines, error, "a NUL byte in the line"), -1;
    return 1;
}

bool hex_parse(const char *text, bool prefix, uint64_t *value) {
    if (prefix && text[0] == '0' && (text[1] == 'x' || text[1] == 'X'))
        text += 2;
    *value = 0;
    if (!*text)
        return false;
    for (; *text; text++) {
        char c = *text;
        unsigned digit = c >= '0' && c <= '9'   ? (unsigned)(c - '0')
                         : c >= 'a' && c <= 'f' ? (unsigned)(c - 'a' + 10)
                         : c >= 'A' && c <= 'F' ? (unsigned)(c - 'A' + 10)
                                                : 16;
        if (digit > 15 || *value >> 60)
            return false;
        *value = *value << 4 | digit;
    }
    return true;
}
