/* Reader of the binary form. Nothing in the file is believed before its checksum was. */
#include "binary.h"
#include "block.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <zlib.h>
#include <zstd.h>

struct binary_reader {
    FILE *file;
    const char *path;
    struct trace_info info;
    uint64_t offset;             /* in the file: bytes read */
    uint64_t file_bytes, blocks; /* the header's */
    uint64_t block, block_offset, block_references[PORTS];
    uint64_t records, references[PORTS]; /* handed out; references of whole blocks only */
    uint32_t block_records, block_given;
    bool failed; /* damage was met; records before it are handed out first */
    struct trace_error error;
    ZSTD_DCtx *zstd;
    uint8_t *frame, *payload;
    size_t frame_bytes, payload_bytes; /* allocated */
    struct block_decoder decoder;
};

static bool read_bytes(struct binary_reader *reader, void *to, size_t bytes,
                       struct trace_error *error) {
    size_t got = fread(to, 1, bytes, reader->file);
    reader->offset += got;
    if (got == bytes)
        return true;
    return ferror(reader->file)
               ? trace_fail(error, "%s: offset %llu: cannot be read", reader->path,
                            (unsigned long long)reader->offset)
               : trace_fail(error, "%s: offset %llu: the file ends too early (truncated)",
                            reader->path, (unsigned long long)reader->offset);
}

static bool header_fail(struct binary_reader *reader, unsigned offset, const char *what,
                        struct trace_error *error) {
    return trace_fail(error, "%s: offset %u: header: %s", reader->path, offset, what);
}

/* The strings must fit and be printable text; the writer made them so. */
static bool read_strings(struct binary_reader *reader, const uint8_t *header, size_t bytes,
                         struct trace_error *error) {
    struct trace_info *info = &reader->info;
    char *const strings[3] = {info->program, info->recorder, info->note};
    const size_t room[3] = {sizeof info->program, sizeof info->recorder, sizeof info->note};
    size_t at = HEADER_TEXT;
    for (int i = 0; i < 3; i++) {
        size_t length = load_le(header + HEADER_STRINGS + 2 * i, 2);
        if (length >= room[i] || length > bytes - 4 - at)
            return header_fail(reader, HEADER_STRINGS + 2 * (unsigned)i, "a string is too long",
                               error);
        for (size_t k = 0; k < length; k++)
            if (header[at + k] < ' ' || header[at + k] == 0x7f)
                return header_fail(reader, (unsigned)(at + k), "a control character in a string",
                                   error);
        memcpy(strings[i], header + at, length);
        strings[i][length] = '\0';
        at += length;
    }
    return at + 4 == bytes || header_fail(reader, HEADER_BYTES, "bytes behind the strings", error);
}

static bool read_header(struct binary_reader *reader, struct trace_error *error) {
    uint8_t header[HEADER_MAX];
    struct trace_info *info = &reader->info;
    if (!read_bytes(reader, header, HEADER_TEXT, error))
        return false;
    if (memcmp(header, binary_magic, sizeof binary_magic) != 0)
        return header_fail(reader, 0, "the magic number is damaged", error);
    unsigned version = (unsigned)load_le(header + HEADER_VERSION, 2);
    if (version != BINARY_VERSION)
        return trace_fail(error, "%s: offset %d: version %u, this program reads version %d",
                          reader->path, HEADER_VERSION, version, BINARY_VERSION);
    size_t bytes = load_le(header + HEADER_BYTES, 4);
    if (bytes < HEADER_TEXT + 4 || bytes > HEADER_MAX)
        return header_fail(reader, HEADER_BYTES, "an impossible length", error);
    if (!read_bytes(reader, header + HEADER_TEXT, bytes - HEADER_TEXT, error))
        return false;
    if (load_le(header + bytes - 4, 4) != crc32_z(0, header, bytes - 4))
        return header_fail(reader, (unsigned)bytes - 4, "the checksum does not match (damaged)",
                           error);
    if (header[HEADER_FORM] > FORM_PAGES)
        return header_fail(reader, HEADER_FORM, "unknown form", error);
    if (header[HEADER_VA_BITS] != 32 && header[HEADER_VA_BITS] != 64)
        return header_fail(reader, HEADER_VA_BITS, "addresses of neither 32 nor 64 bits", error);
    if (load_le(header + HEADER_ZERO, 2))
        return header_fail(reader, HEADER_ZERO, "a reserved field is not 0", error);
    info->pages = header[HEADER_FORM] == FORM_PAGES;
    info->va_bits = header[HEADER_VA_BITS];
    info->totals_known = true;
    reader->file_bytes = load_le(header + HEADER_FILE, 8);
    reader->blocks = load_le(header + HEADER_BLOCKS, 8);
    info->records = load_le(header + HEADER_RECORDS, 8);
    for (int port = 0; port < PORTS; port++)
        info->references[port] = load_le(header + HEADER_REFERENCES + 8 * port, 8);
    info->instructions = load_le(header + HEADER_INSTRUCTIONS, 8);
    info->processes = (unsigned)load_le(header + HEADER_PROCESSES, 4);
    return read_strings(reader, header, bytes, error);
}

/* A regular file has the length that its header says. */
static bool check_length(struct binary_reader *reader, struct trace_error *error) {
    struct stat status;
    if (fstat(fileno(reader->file), &status) != 0 || !S_ISREG(status.st_mode))
        return true;
    uint64_t bytes = (uint64_t)status.st_size;
    if (bytes < reader->file_bytes)
        return trace_fail(error, "%s: offset %llu: truncated, it should have %llu bytes",
                          reader->path, (unsigned long long)bytes,
                          (unsigned long long)reader->file_bytes);
    if (bytes > reader->file_bytes)
        return trace_fail(error, "%s: offset %llu: %llu bytes behind the end of the trace",
                          reader->path, (unsigned long long)reader->file_bytes,
                          (unsigned long long)(bytes - reader->file_bytes));
    return true;
}

struct binary_reader *binary_open(FILE *file, const char *path, struct trace_error *error) {
    struct binary_reader *reader = calloc(1, sizeof *reader);
    if (!reader || !(reader->zstd = ZSTD_createDCtx())) {
        free(reader);
        trace_fail(error, "%s: out of memory", path);
        return NULL;
    }
    reader->file = file;
    reader->path = path;
    if (!read_header(reader, error) || !check_length(reader, error)) {
        binary_close(reader);
        return NULL;
    }
    reader->decoder.pages = reader->info.pages;
    reader->decoder.va_bits = reader->info.va_bits;
    reader->decoder.processes.running = 1;
    return reader;
}

void binary_close(struct binary_reader *reader) {
    ZSTD_freeDCtx(reader->zstd);
    free(reader->frame);
    free(reader->payload);
    free(reader);
}

struct trace_info *binary_info(struct binary_reader *reader) {
    return &reader->info;
}

uint64_t binary_position(const struct binary_reader *reader) {
    return reader->records;
}

static bool block_fail(struct binary_reader *reader, const char *what, struct trace_error *error) {
    return trace_fail(error, "%s: offset %llu: block %llu: %s", reader->path,
                      (unsigned long long)reader->block_offset, (unsigned long long)reader->block,
                      what);
}

/* Grows *buffer to `bytes`, which the caller has bounded. */
static bool reserve(uint8_t **buffer, size_t *have, size_t bytes) {
    if (*have >= bytes)
        return true;
    uint8_t *bigger = realloc(*buffer, bytes);
    if (!bigger)
        return false;
    *buffer = bigger;
    *have = bytes;
    return true;
}

static bool read_block(struct binary_reader *reader, struct trace_error *error) {
    uint8_t header[BLOCK_HEADER];
    reader->block_offset = reader->offset;
    if (!read_bytes(reader, header, sizeof header, error))
        return false;
    size_t raw = load_le(header + BLOCK_RAW, 4);
    size_t bytes = load_le(header + BLOCK_COMPRESSED, 4);
    reader->block_records = (uint32_t)load_le(header + BLOCK_RECORDS, 4);
    reader->block_given = 0;
    if (memcmp(header + BLOCK_MAGIC, "TWBK", 4) != 0)
        return block_fail(reader, "does not start with TWBK (damaged)", error);
    if (load_le(header + BLOCK_NUMBER, 4) != reader->block)
        return block_fail(reader, "has another block's number", error);
    if (!raw || raw > BLOCK_PAYLOAD_MAX || bytes > ZSTD_compressBound(raw) ||
        !reader->block_records || reader->block_records > 2 * BLOCK_TOKENS)
        return block_fail(reader, "has an impossible size (damaged)", error);
    if (!reserve(&reader->frame, &reader->frame_bytes, bytes) ||
        !reserve(&reader->payload, &reader->payload_bytes, raw))
        return block_fail(reader, "out of memory", error);
    if (!read_bytes(reader, reader->frame, bytes, error))
        return false;
    if (load_le(header + BLOCK_CRC, 4) != binary_block_crc(header, reader->frame, bytes))
        return block_fail(reader, "the checksum does not match (damaged)", error);
    size_t got = ZSTD_decompressDCtx(reader->zstd, reader->payload, raw, reader->frame, bytes);
    if (ZSTD_isError(got) || got != raw)
        return block_fail(reader, "cannot be decompressed", error);
    for (int port = 0; port < PORTS; port++)
        reader->block_references[port] = load_le(header + BLOCK_REFERENCES + 8 * port, 8);
    const char *why = block_decoder_start(&reader->decoder, reader->payload, raw);
    return !why || block_fail(reader, why, error);
}

/* After the last record of a block: it must have held what its header said. */
static bool end_block(struct binary_reader *reader, struct trace_error *error) {
    if (!block_decoder_done(&reader->decoder))
        return block_fail(reader, "has more than its header says", error);
    for (int port = 0; port < PORTS; port++) {
        if (reader->decoder.references[port] != reader->block_references[port])
            return block_fail(reader, "holds other references than its header says", error);
        reader->references[port] += reader->block_references[port];
    }
    reader->block++;
    reader->block_records = 0;
    return true;
}

/* After the last block: the file ends, and the header's totals are right. */
static bool end_file(struct binary_reader *reader, struct trace_error *error) {
    const struct trace_info *info = &reader->info;
    if (reader->offset != reader->file_bytes || fgetc(reader->file) != EOF)
        return trace_fail(error, "%s: offset %llu: bytes behind the last block", reader->path,
                          (unsigned long long)reader->offset);
    unsigned processes = reader->decoder.processes.count;
    if (reader->records != info->records ||
        reader->references[PORT_I] != info->references[PORT_I] ||
        reader->references[PORT_D] != info->references[PORT_D] ||
        info->instructions != info->references[PORT_I] ||
        info->processes != (processes ? processes : 1))
        return trace_fail(error, "%s: offset %d: header: the totals do not match the records",
                          reader->path, HEADER_RECORDS);
    return true;
}

/* Records of the current block, or of the next one; 0 at the end or at damage (reader->failed). */
static size_t read_some(struct binary_reader *reader, struct trace_record *to, size_t n) {
    struct trace_error *error = &reader->error;
    if (!reader->block_records) {
        if (reader->block == reader->blocks) {
            reader->failed = !end_file(reader, error);
            return 0;
        }
        if (!read_block(reader, error)) {
            reader->failed = true;
            return 0;
        }
    }
    const char *why = NULL;
    size_t left = reader->block_records - reader->block_given;
    size_t got = block_decode(&reader->decoder, to, n < left ? n : left, &why);
    reader->records += got;
    reader->block_given += (uint32_t)got;
    if (!why && !got)
        why = "has fewer records than its header says";
    if (why)
        reader->failed = !block_fail(reader, why, error);
    else if (got == left)
        reader->failed = !end_block(reader, error);
    return got;
}

long binary_read(struct binary_reader *reader, struct trace_record *to, size_t n,
                 struct trace_error *error) {
    size_t got = 0;
    while (got < n && !reader->failed) {
        size_t more = read_some(reader, to + got, n - got);
        if (!more)
            break;
        got += more;
    }
    if (got || !reader->failed)
        return (long)got;
    *error = reader->error;
    return -1;
}
