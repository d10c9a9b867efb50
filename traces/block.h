/*
 * Blocks of the binary form: up to BLOCK_TOKENS records (a REPEAT folded into the access behind it
 * costs nothing) as a payload of columns, before compression. docs/trace-format.md describes them
 * byte by byte. A block needs nothing of the blocks before it.
 */
#ifndef TWINWALK_TRACES_BLOCK_H
#define TWINWALK_TRACES_BLOCK_H

#include "internal.h"

enum {
    BLOCK_TOKENS = 1 << 18,
    BLOCK_PAGES = 1 << 16,       /* distinct pages in the page table of a block */
    BLOCK_OPERANDS = 1 << 20,    /* bytes */
    BLOCK_PAYLOAD_MAX = 4 << 20, /* bytes, whatever the columns hold */
    BLOCK_RECENT = 15,           /* recent pages per stream that a token can name */
};

/* Columns of a payload, in this order, behind a directory of their lengths (u32 each). */
enum block_column {
    COLUMN_TOKEN,       /* one byte a token */
    COLUMN_COUNT,       /* one byte a REPEAT */
    COLUMN_PAGE_LOW,    /* one byte a page that is not recent: index, bits 7:0 */
    COLUMN_PAGE_HIGH,   /* bits 15:8 */
    COLUMN_PAGE,        /* the sorted page table, varint differences */
    COLUMN_SIZE,        /* exact form: one byte an access */
    COLUMN_OFFSET_LOW,  /* exact form: one byte a non-sequential access, va[7:0] */
    COLUMN_OFFSET_HIGH, /* va[11:8] */
    COLUMN_OPERAND,     /* varints of everything rare */
    COLUMNS
};

/* Token bits. Kind RECORD: bits 3:0 are an enum block_operation. */
enum {
    TOKEN_INDEX = 0x0f,     /* place in the recent pages of the stream; 15: page index follows */
    TOKEN_ACCESS = 0x30,    /* enum access_type, or TOKEN_RECORD */
    TOKEN_RECORD = 0x30,    /* no access */
    TOKEN_REPEAT = 0x40,    /* a REPEAT of the same stream stands before the access */
    TOKEN_CONTINUED = 0x80, /* trace_record.continued */
    TOKEN_ACCESS_SHIFT = 4,
};

enum block_operation {
    OPERATION_REPEAT_I,
    OPERATION_REPEAT_D,
    OPERATION_SET,      /* register, value */
    OPERATION_FENCE,    /* bit 0 has_va, bit 1 has_asid; va; asid */
    OPERATION_MEMORY4,  /* pa / 4, value */
    OPERATION_MEMORY8,  /* pa / 8, value */
    OPERATION_BUSERROR, /* low, high - low */
    OPERATION_SWITCH,   /* process */
    OPERATIONS
};

/* COLUMN_SIZE: bit 7 set if the access starts where the stream's last one ended. */
enum { SIZE_SEQUENTIAL = 0x80, SIZE_MASK = 0x7f, SIZE_ESCAPE = 0x7f };
/* COLUMN_COUNT: count - 1, or this and a varint of count - 256. */
enum { COUNT_ESCAPE = 255 };

/* The most recently used pages of a stream, the latest first. */
struct block_recent {
    uint32_t used;
    uint64_t page[BLOCK_RECENT];
};

struct block_encoder;
/* `pages`: the page-run form. NULL: no memory. */
struct block_encoder *block_encoder_create(bool pages);
void block_encoder_destroy(struct block_encoder *encoder);
/* The record must have passed trace_check_record(); the block must not be full. */
void block_encode(struct block_encoder *encoder, const struct trace_record *record);
bool block_encoder_full(const struct block_encoder *encoder);
/* The payload, valid until the next call; starts a new block. */
const uint8_t *block_encoder_finish(struct block_encoder *encoder, size_t *bytes);

struct block_decoder {
    const uint8_t *at[COLUMNS], *end[COLUMNS];
    bool pages;           /* page-run form */
    bool half;            /* the REPEAT of the current token was handed out, its access was not */
    bool open[PORTS];     /* the stream's latest access can be repeated; lives on between blocks */
    unsigned va_bits;     /* 32 or 64 */
    uint32_t last[PORTS]; /* index of the stream's latest page that was not recent */
    uint32_t page_count;
    struct block_recent recent[PORTS];
    uint64_t next_va[PORTS];
    uint64_t references[PORTS];   /* handed out since the last block_decoder_start() */
    uint64_t at_switch;           /* sum of references[] at the last SWITCH of this block */
    struct process_set processes; /* lives on; the owner starts it */
    uint64_t page[BLOCK_PAGES];   /* addresses */
};

/*
 * Starts to decode a payload, which must stay until its end is reached; open[] is kept from the
 * block before. NULL, or what is wrong.
 */
const char *block_decoder_start(struct block_decoder *decoder, const uint8_t *payload,
                                size_t bytes);
/* Up to n records; *why is set at damage, after which the decoder must be started again. */
size_t block_decode(struct block_decoder *decoder, struct trace_record *to, size_t n,
                    const char **why);
/* Everything was decoded; call once, it closes the books on processes. */
bool block_decoder_done(struct block_decoder *decoder);

#endif
