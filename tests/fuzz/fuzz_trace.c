/*
 * Fuzz target: whatever bytes come, a reader gives an error or records that are right.
 * The first byte chooses what they are (fuzz_trace.h): a trace file, whose checksums are put right
 * first, the payload of a block, or a lackey log.
 */
#define _GNU_SOURCE /* memfd_create */
#include "fuzz_trace.h"
#include "binary.h"
#include "block.h"
#include "import/import.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>
#include <zlib.h>

/* The reader's own checks must agree with the one that every writer makes. */
static void check(const struct trace_record *record, long n, struct trace_check *check) {
    for (long i = 0; i < n; i++)
        if (trace_check_record(check, &record[i]))
            abort();
}

static void fuzz_payload(const uint8_t *data, size_t size, bool pages, unsigned va_bits) {
    static struct block_decoder decoder;
    static struct trace_check checker;
    struct trace_info info = {.pages = pages, .va_bits = va_bits};
    struct trace_record record[100];
    const char *why = NULL;
    memset(&decoder, 0, sizeof decoder);
    decoder.pages = pages;
    decoder.va_bits = va_bits;
    decoder.processes.running = 1;
    trace_check_init(&checker, &info);
    if (block_decoder_start(&decoder, data, size))
        return;
    size_t got = 1;
    while (!why && got) {
        got = block_decode(&decoder, record, sizeof record / sizeof *record, &why);
        check(record, (long)got, &checker);
    }
    block_decoder_done(&decoder);
}

/* Makes the checksums of a binary trace right, as far as its lengths make sense. */
static void repair(uint8_t *data, size_t size) {
    if (size < HEADER_TEXT || memcmp(data, binary_magic, sizeof binary_magic) != 0)
        return;
    size_t at = load_le(data + HEADER_BYTES, 4);
    if (at < HEADER_TEXT + 4 || at > size)
        return;
    store_le(data + HEADER_FILE, 8, size);
    store_le(data + at - 4, 4, crc32_z(0, data, at - 4));
    while (size - at >= BLOCK_HEADER) {
        uint8_t *block = data + at;
        size_t bytes = load_le(block + BLOCK_COMPRESSED, 4);
        if (bytes > size - at - BLOCK_HEADER)
            return;
        store_le(block + BLOCK_CRC, 4, binary_block_crc(block, block + BLOCK_HEADER, bytes));
        at += BLOCK_HEADER + bytes;
    }
}

static void fuzz_file(const uint8_t *data, size_t size) {
    static struct trace_check checker;
    uint8_t *copy = malloc(size ? size : 1);
    char path[64];
    int fd = memfd_create("trace", 0);
    if (!copy || fd < 0)
        abort();
    memcpy(copy, data, size);
    repair(copy, size);
    if (write(fd, copy, size) != (ssize_t)size)
        abort();
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    struct trace_error error = {""};
    struct trace_reader *reader = trace_open(path, &error);
    if (reader) {
        struct trace_record record[100];
        struct trace_info info = *trace_reader_info(reader);
        trace_check_init(&checker, &info);
        long got;
        while ((got = trace_read(reader, record, sizeof record / sizeof *record, &error)) > 0)
            check(record, got, &checker);
        if (!got && info.records != trace_reader_info(reader)->records)
            abort();
        trace_close(reader);
        if (got < 0 && !*error.text)
            abort();
    } else if (!*error.text) {
        abort();
    }
    close(fd);
    free(copy);
}

static void fuzz_lackey(const uint8_t *data, size_t size) {
    struct trace_info info = {.pages = size % 2, .va_bits = 64};
    struct trace_error error = {""};
    FILE *file = fmemopen((void *)(uintptr_t)data, size, "rb");
    struct trace_writer *writer = trace_create("/dev/null", TRACE_BINARY, &info, &error);
    if (!file || !writer)
        abort();
    if (!import_lackey(file, "lackey", writer, &error) && !*error.text)
        abort();
    trace_writer_abort(writer);
    fclose(file);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size < 2)
        return 0;
    unsigned choice = data[0];
    data++;
    size--;
    switch (choice & FUZZ_WHAT) {
    case FUZZ_FILE:
        fuzz_file(data, size);
        break;
    case FUZZ_LACKEY:
        fuzz_lackey(data, size);
        break;
    default:
        fuzz_payload(data, size, choice & FUZZ_PAGES, choice & FUZZ_32 ? 32 : 64);
    }
    return 0;
}
