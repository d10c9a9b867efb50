/* What the tests of traces share: temporary files, and records drawn from a seed. */
#ifndef TWINWALK_TESTS_TRACES_SUPPORT_H
#define TWINWALK_TESTS_TRACES_SUPPORT_H

#include "internal.h"

#include <setjmp.h>
#include <stdarg.h>
/* cmocka.h needs the two above */
#include <cmocka.h>

/* cmocka group setup and teardown: an empty directory, with everything in it removed at the end. */
int support_setup(void **state);
int support_teardown(void **state);

/* A path in that directory; the string lives until the second next call. */
const char *support_path(const char *name);

void support_write_file(const char *path, const void *bytes, size_t length);
/* The caller frees it. */
uint8_t *support_read_file(const char *path, size_t *length);
/* Files in the directory. */
unsigned support_files(void);

/* xorshift64; *state must not be 0. */
uint64_t support_random(uint64_t *state);

/* A valid trace of n records of every kind. */
void support_random_records(struct trace_record *record, size_t n, bool pages, unsigned va_bits,
                            uint64_t seed);

void support_write_trace(const char *path, enum trace_form form, const struct trace_info *info,
                         const struct trace_record *record, size_t n);

/*
 * Reads with batches of `batch` records. Up to `room` go to `to`. Returns how many there were, or
 * -1 and error.
 */
long support_read_trace(const char *path, struct trace_record *to, size_t room, size_t batch,
                        struct trace_info *info, struct trace_error *error);

bool support_same_record(const struct trace_record *a, const struct trace_record *b);

#endif
