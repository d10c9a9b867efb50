/*
 * Text files, gzipped or plain, line by line, and the one line that says what is wrong with them.
 */
#ifndef TWINWALK_CONFORM_LINES_H
#define TWINWALK_CONFORM_LINES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* "FILE:LINE: what is wrong", no newline, printable whatever the file held. */
struct input_error {
    char text[512];
};

/* Longer lines are refused: no vector needs them, and a small gzip file may unpack to much. */
#define LINES_MAX_LENGTH (1u << 20)

struct lines {
    const char *path;
    void *file;      /* gzFile */
    uint64_t number; /* of the line last handed out, from 1 */
    char *text;      /* that line without its newline, NUL-terminated; the caller may write to it */
    size_t length;
    char *buffer; /* what was read: [start, end) was not handed out yet */
    unsigned start, end;
};

/* false and an error. `path` is kept, not copied. */
bool lines_open(struct lines *lines, const char *path, struct input_error *error);
void lines_close(struct lines *lines);

/* 1: a line; 0: the end of a sound file; -1 and an error. */
int lines_next(struct lines *lines, struct input_error *error);

/* Says what is wrong with the current line. Always false. */
__attribute__((format(printf, 3, 4))) bool
lines_fail(const struct lines *lines, struct input_error *error, const char *format, ...);

/* The same without a line. */
__attribute__((format(printf, 3, 4))) bool input_fail(struct input_error *error, const char *path,
                                                      const char *format, ...);

/* Hexadecimal digits, up to 64 bits; a leading "0x" only if `prefix`. false: anything else. */
bool hex_parse(const char *text, bool prefix, uint64_t *value);

#endif
