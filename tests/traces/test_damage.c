/* A damaged binary trace is an error, never a crash and never other records. */
#include "binary.h"
#include "block.h"
#include "support.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

enum { RECORDS = 150 };

static uint8_t *small_trace(size_t *length) {
    static struct trace_record record[RECORDS];
    struct trace_info info = {.program = "p", .recorder = "r", .note = "n", .va_bits = 64};
    const char *path = support_path("small.twt");
    support_random_records(record, RECORDS, false, 64, 3);
    support_write_trace(path, TRACE_BINARY, &info, record, RECORDS);
    return support_read_file(path, length);
}

static void expect_error(const uint8_t *bytes, size_t length, const char *what, size_t at) {
    const char *path = support_path("bad.twt");
    struct trace_error error = {""};
    support_write_file(path, bytes, length);
    if (support_read_trace(path, NULL, 0, 64, NULL, &error) >= 0)
        fail_msg("%s at %zu was not noticed", what, at);
    if (!strstr(error.text, "bad.twt"))
        fail_msg("'%s' does not name the file", error.text);
}

static void test_every_byte(void **state) {
    (void)state;
    static const uint8_t flips[] = {0x01, 0x80, 0xff};
    size_t length;
    uint8_t *bytes = small_trace(&length);
    for (size_t at = 0; at < length; at++)
        for (size_t i = 0; i < sizeof flips; i++) {
            bytes[at] ^= flips[i];
            expect_error(bytes, length, "a changed byte", at);
            bytes[at] ^= flips[i];
        }
    free(bytes);
}

static void test_truncated_everywhere(void **state) {
    (void)state;
    size_t length;
    uint8_t *bytes = small_trace(&length);
    for (size_t at = 0; at < length; at++)
        expect_error(bytes, at, "truncation", at);
    free(bytes);
}

/* Through a pipe the length is not known beforehand. */
static void test_truncated_pipe(void **state) {
    (void)state;
    size_t length;
    uint8_t *bytes = small_trace(&length);
    for (size_t at = 1; at <= length; at++) {
        int ends[2];
        char path[64];
        struct trace_error error;
        assert_int_equal(pipe(ends), 0);
        assert_int_equal(write(ends[1], bytes, at), at);
        snprintf(path, sizeof path, "/proc/self/fd/%d", ends[0]);
        int reopened = open(path, O_RDONLY);
        close(ends[1]);
        long got = support_read_trace(path, NULL, 0, 64, NULL, &error);
        if (at < length ? got >= 0 : got != RECORDS)
            fail_msg("%zu bytes gave %ld", at, got);
        close(reopened);
        close(ends[0]);
    }
    free(bytes);
}

static void test_appended(void **state) {
    (void)state;
    size_t length;
    uint8_t *bytes = small_trace(&length);
    uint8_t *longer = malloc(length + 1);
    memcpy(longer, bytes, length);
    longer[length] = 0;
    expect_error(longer, length + 1, "an appended byte", length);
    free(longer);
    free(bytes);
}

static size_t header_bytes(const uint8_t *bytes) {
    return load_le(bytes + HEADER_BYTES, 4);
}

/* Puts right the checksums of the header and the first block. */
static void fix_checksums(uint8_t *bytes, size_t length) {
    size_t header = header_bytes(bytes);
    if (header < 4 || header > length - BLOCK_HEADER)
        return;
    store_le(bytes + header - 4, 4, crc32_z(0, bytes, header - 4));
    uint8_t *block = bytes + header;
    store_le(block + BLOCK_CRC, 4,
             binary_block_crc(block, block + BLOCK_HEADER, length - header - BLOCK_HEADER));
}

/* Fields set to extreme values, with right checksums. */
static void test_hostile_fields(void **state) {
    (void)state;
    static const struct {
        unsigned offset, bytes;
        bool block;
    } fields[] = {
        {HEADER_VERSION, 2, false},        {HEADER_FORM, 1, false},
        {HEADER_VA_BITS, 1, false},        {HEADER_BYTES, 4, false},
        {HEADER_FILE, 8, false},           {HEADER_BLOCKS, 8, false},
        {HEADER_RECORDS, 8, false},        {HEADER_REFERENCES, 8, false},
        {HEADER_REFERENCES + 8, 8, false}, {HEADER_INSTRUCTIONS, 8, false},
        {HEADER_PROCESSES, 4, false},      {HEADER_STRINGS, 2, false},
        {HEADER_STRINGS + 2, 2, false},    {HEADER_STRINGS + 4, 2, false},
        {HEADER_ZERO, 2, false},           {BLOCK_NUMBER, 4, true},
        {BLOCK_RECORDS, 4, true},          {BLOCK_RAW, 4, true},
        {BLOCK_COMPRESSED, 4, true},       {BLOCK_REFERENCES, 8, true},
        {BLOCK_REFERENCES + 8, 8, true},
    };
    static const uint64_t values[] = {
        0, 1, 2, 77, 0x7fff, 0xffff, 0x7fffffff, 0xffffffff, UINT64_C(1) << 40, UINT64_MAX};
    size_t length;
    uint8_t *bytes = small_trace(&length), *copy = malloc(length);
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
        for (size_t k = 0; k < sizeof values / sizeof *values; k++) {
            memcpy(copy, bytes, length);
            uint8_t *at = copy + fields[i].offset + (fields[i].block ? header_bytes(bytes) : 0);
            uint64_t before = load_le(at, fields[i].bytes);
            store_le(at, fields[i].bytes, values[k]);
            if (load_le(at, fields[i].bytes) == before)
                continue;
            fix_checksums(copy, length);
            expect_error(copy, length, "a hostile field", fields[i].offset);
        }
    free(copy);
    free(bytes);
}

/* A frame that decompresses to more than its header says. */
static void test_frame_too_large(void **state) {
    (void)state;
    static uint8_t zeros[1 << 20], file[1 << 16];
    size_t length;
    uint8_t *bytes = small_trace(&length);
    size_t header = header_bytes(bytes);
    memcpy(file, bytes, header + BLOCK_HEADER);
    uint8_t *block = file + header;
    size_t frame = ZSTD_compress(block + BLOCK_HEADER, sizeof file - header - BLOCK_HEADER, zeros,
                                 sizeof zeros, 1);
    store_le(block + BLOCK_COMPRESSED, 4, frame);
    store_le(block + BLOCK_RAW, 4, 4096);
    store_le(file + HEADER_FILE, 8, header + BLOCK_HEADER + frame);
    fix_checksums(file, header + BLOCK_HEADER + frame);
    expect_error(file, header + BLOCK_HEADER + frame, "an oversized frame", header);
    free(bytes);
}

static void test_not_a_trace(void **state) {
    (void)state;
    struct trace_error error;
    const char *path = support_path("plain");
    support_write_file(path, "==12== Lackey\n", 14);
    assert_null(trace_open(path, &error));
    assert_non_null(strstr(error.text, "no Twinwalk trace"));
    support_write_file(path, "", 0);
    assert_null(trace_open(path, &error));
    assert_non_null(strstr(error.text, "empty"));
    assert_null(trace_open("/", &error));
    assert_string_equal(error.text, "/: is a directory");
    assert_null(trace_open("/nonexistent", &error));
    assert_string_equal(error.text, "/nonexistent: No such file or directory");
}

/* What was right before the damage is handed out first. */
static void test_records_before_damage(void **state) {
    (void)state;
    enum { MANY = 300000 };
    struct trace_record *record = calloc(MANY, sizeof *record);
    struct trace_info info = {.pages = true, .va_bits = 64};
    const char *path = support_path("two.twt");
    for (size_t i = 0; i < MANY; i++)
        record[i] = (struct trace_record){.kind = TRACE_ACCESS, .va = (i % 7) << PAGE_SHIFT};
    support_write_trace(path, TRACE_BINARY, &info, record, MANY);
    size_t length;
    uint8_t *bytes = support_read_file(path, &length);
    bytes[length - 1] ^= 1;
    support_write_file(path, bytes, length);
    struct trace_error error;
    struct trace_reader *reader = trace_open(path, &error);
    assert_non_null(reader);
    long first = trace_read(reader, record, MANY, &error);
    assert_true(first > MANY / 2 && first < MANY);
    assert_int_equal(trace_read(reader, record, 1, &error), -1);
    assert_int_equal(trace_read(reader, record, 1, &error), -1);
    assert_non_null(strstr(error.text, "block 1"));
    trace_close(reader);
    free(bytes);
    free(record);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_byte),     cmocka_unit_test(test_truncated_everywhere),
        cmocka_unit_test(test_truncated_pipe), cmocka_unit_test(test_appended),
        cmocka_unit_test(test_hostile_fields), cmocka_unit_test(test_frame_too_large),
        cmocka_unit_test(test_not_a_trace),    cmocka_unit_test(test_records_before_damage),
    };
    return cmocka_run_group_tests(tests, support_setup, support_teardown);
}
