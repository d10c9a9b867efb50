/* Container of the binary form: header, blocks. docs/trace-format.md has the same table in words.
 */
#ifndef TWINWALK_TRACES_BINARY_H
#define TWINWALK_TRACES_BINARY_H

#include "internal.h"

#include <string.h>

enum {
    BINARY_VERSION = 1,
    FORM_EXACT = 0,
    FORM_PAGES = 1,
};

/* Offsets of the header's fields; all little-endian. */
enum header_field {
    HEADER_MAGIC = 0,         /* 8 bytes */
    HEADER_VERSION = 8,       /* u16 */
    HEADER_FORM = 10,         /* u8 */
    HEADER_VA_BITS = 11,      /* u8 */
    HEADER_BYTES = 12,        /* u32: of the whole header with strings and checksum */
    HEADER_FILE = 16,         /* u64: bytes of the file */
    HEADER_BLOCKS = 24,       /* u64 */
    HEADER_RECORDS = 32,      /* u64 */
    HEADER_REFERENCES = 40,   /* u64 x PORTS */
    HEADER_INSTRUCTIONS = 56, /* u64 */
    HEADER_PROCESSES = 64,    /* u32 */
    HEADER_STRINGS = 68,      /* u16 x 3: lengths of program, recorder, note */
    HEADER_ZERO = 74,         /* u16: 0 */
    HEADER_TEXT = 76,         /* the strings, then u32 CRC-32 of everything before it */
};

/* Offsets of a block header's fields; the compressed payload follows. */
enum block_field {
    BLOCK_MAGIC = 0,       /* "TWBK" */
    BLOCK_NUMBER = 4,      /* u32, from 0 */
    BLOCK_RECORDS = 8,     /* u32 */
    BLOCK_RAW = 12,        /* u32: bytes of the payload */
    BLOCK_COMPRESSED = 16, /* u32: bytes of the zstd frame */
    BLOCK_CRC = 20,        /* u32: CRC-32 of the 20 bytes before, the 16 behind, and the frame */
    BLOCK_REFERENCES = 24, /* u64 x PORTS */
    BLOCK_HEADER = 40,
};

enum {
    HEADER_MAX = HEADER_TEXT + sizeof((struct trace_info *)0)->program +
                 sizeof((struct trace_info *)0)->recorder + sizeof((struct trace_info *)0)->note +
                 4,
};

static inline void store_le(uint8_t *to, unsigned bytes, uint64_t value) {
    for (unsigned i = 0; i < bytes; i++)
        to[i] = (uint8_t)(value >> 8 * i);
}

static inline uint64_t load_le(const uint8_t *from, unsigned bytes) {
    uint64_t value = 0;
    for (unsigned i = 0; i < bytes; i++)
        value |= (uint64_t)from[i] << 8 * i;
    return value;
}

/* CRC-32 of a block: header without its checksum, and the frame. */
uint32_t binary_block_crc(const uint8_t *header, const uint8_t *frame, size_t bytes);

#endif
