/* Writer of the binary form. */
#include "binary.h"
#include "block.h"

#include <stdlib.h>
#include <zlib.h>
#include <zstd.h>

const uint8_t binary_magic[8] = {0x89, 'T', 'W', 'T', '\r', '\n', 0x1a, '\n'};

struct binary_writer {
    FILE *file;
    uint64_t bytes, blocks;
    uint32_t records; /* of the block so far */
    uint64_t references[PORTS];
    struct block_encoder *encoder;
    ZSTD_CCtx *zstd;
    uint8_t *frame; /* header and compressed payload */
    size_t frame_bytes;
};

uint32_t binary_block_crc(const uint8_t *header, const uint8_t *frame, size_t bytes) {
    uLong crc = crc32_z(0, header, BLOCK_CRC);
    crc = crc32_z(crc, header + BLOCK_REFERENCES, BLOCK_HEADER - BLOCK_REFERENCES);
    return (uint32_t)crc32_z(crc, frame, bytes);
}

/* Returns the header's length. Without totals it still has its final length. */
static size_t make_header(uint8_t *header, const struct trace_info *info, uint64_t file_bytes,
                          uint64_t blocks) {
    const char *const strings[3] = {info->program, info->recorder, info->note};
    memset(header, 0, HEADER_TEXT);
    memcpy(header, binary_magic, sizeof binary_magic);
    store_le(header + HEADER_VERSION, 2, BINARY_VERSION);
    header[HEADER_FORM] = info->pages ? FORM_PAGES : FORM_EXACT;
    header[HEADER_VA_BITS] = (uint8_t)info->va_bits;
    store_le(header + HEADER_FILE, 8, file_bytes);
    store_le(header + HEADER_BLOCKS, 8, blocks);
    store_le(header + HEADER_RECORDS, 8, info->records);
    for (int port = 0; port < PORTS; port++)
        store_le(header + HEADER_REFERENCES + 8 * port, 8, info->references[port]);
    store_le(header + HEADER_INSTRUCTIONS, 8, info->instructions);
    store_le(header + HEADER_PROCESSES, 4, info->processes);
    size_t at = HEADER_TEXT;
    for (int i = 0; i < 3; i++) {
        size_t length = strlen(strings[i]);
        store_le(header + HEADER_STRINGS + 2 * i, 2, length);
        memcpy(header + at, strings[i], length);
        at += length;
    }
    store_le(header + HEADER_BYTES, 4, at + 4);
    store_le(header + at, 4, crc32_z(0, header, at));
    return at + 4;
}

struct binary_writer *binary_writer_create(FILE *file, const struct trace_info *info) {
    struct binary_writer *writer = calloc(1, sizeof *writer);
    if (!writer)
        return NULL;
    writer->file = file;
    writer->frame_bytes = BLOCK_HEADER + ZSTD_compressBound(BLOCK_PAYLOAD_MAX);
    writer->encoder = block_encoder_create(info->pages);
    writer->zstd = ZSTD_createCCtx();
    writer->frame = malloc(writer->frame_bytes);
    uint8_t header[HEADER_MAX];
    writer->bytes = make_header(header, info, 0, 0);
    if (!writer->encoder || !writer->zstd || !writer->frame ||
        fwrite(header, 1, writer->bytes, file) != writer->bytes) {
        binary_writer_destroy(writer);
        return NULL;
    }
    return writer;
}

void binary_writer_destroy(struct binary_writer *writer) {
    if (!writer)
        return;
    block_encoder_destroy(writer->encoder);
    ZSTD_freeCCtx(writer->zstd);
    free(writer->frame);
    free(writer);
}

void binary_writer_level(struct binary_writer *writer, int level) {
    ZSTD_CCtx_setParameter(writer->zstd, ZSTD_c_compressionLevel, level);
}

static bool write_block(struct binary_writer *writer) {
    if (!writer->records)
        return true;
    size_t raw;
    const uint8_t *payload = block_encoder_finish(writer->encoder, &raw);
    uint8_t *header = writer->frame, *frame = header + BLOCK_HEADER;
    size_t bytes =
        ZSTD_compress2(writer->zstd, frame, writer->frame_bytes - BLOCK_HEADER, payload, raw);
    if (ZSTD_isError(bytes))
        return false;
    memcpy(header + BLOCK_MAGIC, "TWBK", 4);
    store_le(header + BLOCK_NUMBER, 4, writer->blocks);
    store_le(header + BLOCK_RECORDS, 4, writer->records);
    store_le(header + BLOCK_RAW, 4, raw);
    store_le(header + BLOCK_COMPRESSED, 4, bytes);
    for (int port = 0; port < PORTS; port++)
        store_le(header + BLOCK_REFERENCES + 8 * port, 8, writer->references[port]);
    store_le(header + BLOCK_CRC, 4, binary_block_crc(header, frame, bytes));
    writer->bytes += BLOCK_HEADER + bytes;
    writer->blocks++;
    writer->records = 0;
    memset(writer->references, 0, sizeof writer->references);
    return fwrite(header, 1, BLOCK_HEADER + bytes, writer->file) == BLOCK_HEADER + bytes;
}

bool binary_writer_put(struct binary_writer *writer, const struct trace_record *record) {
    block_encode(writer->encoder, record);
    writer->records++;
    if (record->kind == TRACE_REPEAT)
        writer->references[record->port] += record->count;
    else if (record->kind == TRACE_ACCESS && !record->continued)
        writer->references[trace_port(record)]++;
    return !block_encoder_full(writer->encoder) || write_block(writer);
}

bool binary_writer_finish(struct binary_writer *writer, const struct trace_info *info) {
    if (!write_block(writer))
        return false;
    uint8_t header[HEADER_MAX];
    size_t bytes = make_header(header, info, writer->bytes, writer->blocks);
    return fseeko(writer->file, 0, SEEK_SET) == 0 &&
           fwrite(header, 1, bytes, writer->file) == bytes && fflush(writer->file) == 0;
}
