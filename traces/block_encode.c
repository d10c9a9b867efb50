/* Records to the columns of a block; block.h and docs/trace-format.md have the layout. */
#include "block.h"

#include <stdlib.h>
#include <string.h>

enum {
    SLOTS = 2 * BLOCK_PAGES, /* of the hash table, half full at most */
    VARINT_BYTES = 10,       /* of 64 bits */
    RECORD_OPERANDS = 3 * VARINT_BYTES,
};

struct slot {
    uint64_t page;
    uint32_t generation; /* block that filled it; another one's is empty */
    uint32_t number;     /* in order of appearance */
};

struct page_number {
    uint64_t page;
    uint32_t number;
};

struct block_encoder {
    bool pages;
    bool pending; /* `repeat` waits for the access behind it */
    struct trace_record repeat;
    struct block_recent recent[PORTS];
    uint64_t next_va[PORTS];
    size_t used[COLUMNS];
    uint8_t *column[COLUMNS];
    uint32_t generation, distinct, misses;
    uint32_t *miss; /* number of each page that was not recent; bit 31: stream D */
    struct page_number *seen;
    struct slot *slot;
    uint8_t *payload;
};

static const size_t column_bytes[COLUMNS] = {
    [COLUMN_TOKEN] = BLOCK_TOKENS,
    [COLUMN_COUNT] = BLOCK_TOKENS,
    [COLUMN_PAGE_LOW] = BLOCK_TOKENS,
    [COLUMN_PAGE_HIGH] = BLOCK_TOKENS,
    [COLUMN_PAGE] = (size_t)BLOCK_PAGES * 8, /* a 52-bit page number: at most 8 bytes of 7 bits */
    [COLUMN_SIZE] = BLOCK_TOKENS,
    [COLUMN_OFFSET_LOW] = BLOCK_TOKENS,
    [COLUMN_OFFSET_HIGH] = BLOCK_TOKENS,
    [COLUMN_OPERAND] = BLOCK_OPERANDS,
};

static void encoder_reset(struct block_encoder *encoder) {
    memset(encoder->used, 0, sizeof encoder->used);
    memset(encoder->recent, 0, sizeof encoder->recent);
    memset(encoder->next_va, 0, sizeof encoder->next_va);
    encoder->distinct = encoder->misses = 0;
    encoder->generation++;
}

struct block_encoder *block_encoder_create(bool pages) {
    struct block_encoder *encoder = calloc(1, sizeof *encoder);
    if (!encoder)
        return NULL;
    encoder->pages = pages;
    bool complete = true;
    for (int i = 0; i < COLUMNS; i++)
        complete &= (encoder->column[i] = malloc(column_bytes[i])) != NULL;
    complete &= (encoder->miss = malloc(BLOCK_TOKENS * sizeof *encoder->miss)) != NULL;
    complete &= (encoder->seen = malloc(BLOCK_PAGES * sizeof *encoder->seen)) != NULL;
    complete &= (encoder->slot = calloc(SLOTS, sizeof *encoder->slot)) != NULL;
    complete &= (encoder->payload = malloc(BLOCK_PAYLOAD_MAX)) != NULL;
    if (!complete) {
        block_encoder_destroy(encoder);
        return NULL;
    }
    encoder_reset(encoder);
    return encoder;
}

void block_encoder_destroy(struct block_encoder *encoder) {
    if (!encoder)
        return;
    for (int i = 0; i < COLUMNS; i++)
        free(encoder->column[i]);
    free(encoder->miss);
    free(encoder->seen);
    free(encoder->slot);
    free(encoder->payload);
    free(encoder);
}

bool block_encoder_full(const struct block_encoder *encoder) {
    /* One record makes two tokens at most: the REPEAT that waits, and its own. */
    return encoder->used[COLUMN_TOKEN] + 2 > BLOCK_TOKENS || encoder->distinct == BLOCK_PAGES ||
           encoder->used[COLUMN_OPERAND] + 2 * RECORD_OPERANDS > BLOCK_OPERANDS;
}

static void put(struct block_encoder *encoder, enum block_column column, unsigned byte) {
    encoder->column[column][encoder->used[column]++] = (uint8_t)byte;
}

static void put_varint(struct block_encoder *encoder, enum block_column column, uint64_t value) {
    for (; value >= 0x80; value >>= 7)
        put(encoder, column, (unsigned)(value & 0x7f) | 0x80);
    put(encoder, column, (unsigned)value);
}

static void put_count(struct block_encoder *encoder, uint32_t count) {
    if (count < 256) {
        put(encoder, COLUMN_COUNT, count - 1);
        return;
    }
    put(encoder, COLUMN_COUNT, COUNT_ESCAPE);
    put_varint(encoder, COLUMN_OPERAND, count - 256);
}

/* Number of a page in order of appearance within the block. */
static uint32_t page_number(struct block_encoder *encoder, uint64_t page) {
    size_t at = (page * UINT64_C(0x9e3779b97f4a7c15)) >> 47;
    for (;; at = (at + 1) % SLOTS) {
        struct slot *slot = &encoder->slot[at];
        if (slot->generation != encoder->generation) {
            *slot = (struct slot){page, encoder->generation, encoder->distinct};
            encoder->seen[encoder->distinct] = (struct page_number){page, encoder->distinct};
            return encoder->distinct++;
        }
        if (slot->page == page)
            return slot->number;
    }
}

/* Index of the page in the stream's recent pages, BLOCK_RECENT if it is not there; it is first
 * then. */
static unsigned recent_use(struct block_recent *recent, uint64_t page) {
    unsigned index = 0;
    while (index < recent->used && recent->page[index] != page)
        index++;
    bool found = index < recent->used;
    if (!found && recent->used < BLOCK_RECENT)
        recent->used++;
    memmove(recent->page + 1, recent->page,
            (found ? index : recent->used - 1) * sizeof *recent->page);
    recent->page[0] = page;
    return found ? index : BLOCK_RECENT;
}

static void put_size(struct block_encoder *encoder, const struct trace_record *record,
                     enum port port) {
    bool sequential = record->va == encoder->next_va[port];
    unsigned size = record->bytes < SIZE_ESCAPE ? record->bytes : SIZE_ESCAPE;
    put(encoder, COLUMN_SIZE, size | (sequential ? SIZE_SEQUENTIAL : 0));
    if (size == SIZE_ESCAPE)
        put_varint(encoder, COLUMN_OPERAND, record->bytes);
    if (!sequential) {
        put(encoder, COLUMN_OFFSET_LOW, record->va & 0xff);
        put(encoder, COLUMN_OFFSET_HIGH, (record->va >> 8) & 0xf);
    }
    encoder->next_va[port] = record->va + record->bytes;
}

static void encode_access(struct block_encoder *encoder, const struct trace_record *record) {
    enum port port = trace_port(record);
    unsigned token = (unsigned)record->access << TOKEN_ACCESS_SHIFT;
    if (record->continued)
        token |= TOKEN_CONTINUED;
    if (encoder->pending) {
        token |= TOKEN_REPEAT;
        put_count(encoder, encoder->repeat.count);
        encoder->pending = false;
    }
    uint64_t page = record->va >> PAGE_SHIFT;
    unsigned index = recent_use(&encoder->recent[port], page);
    put(encoder, COLUMN_TOKEN, token | index);
    if (index == BLOCK_RECENT)
        encoder->miss[encoder->misses++] =
            page_number(encoder, page) | (port == PORT_D ? UINT32_C(1) << 31 : 0);
    if (!encoder->pages)
        put_size(encoder, record, port);
}

static void put_operation(struct block_encoder *encoder, enum block_operation operation,
                          uint64_t first, uint64_t second) {
    put(encoder, COLUMN_TOKEN, TOKEN_RECORD | (unsigned)operation);
    put_varint(encoder, COLUMN_OPERAND, first);
    if (operation != OPERATION_SWITCH)
        put_varint(encoder, COLUMN_OPERAND, second);
}

static void encode_fence(struct block_encoder *encoder, const struct trace_record *record) {
    put(encoder, COLUMN_TOKEN, TOKEN_RECORD | OPERATION_FENCE);
    put_varint(encoder, COLUMN_OPERAND, record->has_va | record->has_asid << 1);
    if (record->has_va)
        put_varint(encoder, COLUMN_OPERAND, record->va);
    if (record->has_asid)
        put_varint(encoder, COLUMN_OPERAND, record->asid);
}

static void flush_repeat(struct block_encoder *encoder) {
    if (!encoder->pending)
        return;
    encoder->pending = false;
    put(encoder, COLUMN_TOKEN,
        TOKEN_RECORD | (encoder->repeat.port == PORT_I ? OPERATION_REPEAT_I : OPERATION_REPEAT_D));
    put_count(encoder, encoder->repeat.count);
}

void block_encode(struct block_encoder *encoder, const struct trace_record *record) {
    bool joins = record->kind == TRACE_ACCESS && encoder->pending &&
                 trace_port(record) == (enum port)encoder->repeat.port;
    if (!joins)
        flush_repeat(encoder);
    switch (record->kind) {
    case TRACE_ACCESS:
        encode_access(encoder, record);
        break;
    case TRACE_REPEAT:
        encoder->repeat = *record;
        encoder->pending = true;
        break;
    case TRACE_SET:
        put_operation(encoder, OPERATION_SET, record->reg, record->value);
        break;
    case TRACE_FENCE:
        encode_fence(encoder, record);
        break;
    case TRACE_MEMORY:
        put_operation(encoder, record->bytes == 4 ? OPERATION_MEMORY4 : OPERATION_MEMORY8,
                      record->va / record->bytes, record->value);
        break;
    case TRACE_BUSERROR:
        put_operation(encoder, OPERATION_BUSERROR, record->va, record->value - record->va);
        break;
    case TRACE_SWITCH:
        put_operation(encoder, OPERATION_SWITCH, record->value, 0);
        break;
    }
}

static int by_page(const void *left, const void *right) {
    const struct page_number *a = left, *b = right;
    return (a->page > b->page) - (a->page < b->page);
}

/* The page table, and each miss as the difference of table indices modulo the table's length. */
static void encode_pages(struct block_encoder *encoder) {
    uint32_t *rank = (uint32_t *)(void *)encoder->payload; /* free until the columns are joined */
    qsort(encoder->seen, encoder->distinct, sizeof *encoder->seen, by_page);
    uint64_t before = 0;
    for (uint32_t i = 0; i < encoder->distinct; i++) {
        rank[encoder->seen[i].number] = i;
        put_varint(encoder, COLUMN_PAGE, encoder->seen[i].page - before);
        before = encoder->seen[i].page;
    }
    uint32_t last[PORTS] = {0, 0};
    for (uint32_t i = 0; i < encoder->misses; i++) {
        enum port port = encoder->miss[i] >> 31 ? PORT_D : PORT_I;
        uint32_t index = rank[encoder->miss[i] & INT32_MAX];
        uint32_t step = (index + encoder->distinct - last[port]) % encoder->distinct;
        last[port] = index;
        put(encoder, COLUMN_PAGE_LOW, step & 0xff);
        put(encoder, COLUMN_PAGE_HIGH, step >> 8);
    }
}

const uint8_t *block_encoder_finish(struct block_encoder *encoder, size_t *bytes) {
    flush_repeat(encoder);
    encode_pages(encoder);
    uint8_t *to = encoder->payload;
    for (int i = 0; i < COLUMNS; i++)
        for (int shift = 0; shift < 32; shift += 8)
            *to++ = (uint8_t)(encoder->used[i] >> shift);
    for (int i = 0; i < COLUMNS; i++) {
        memcpy(to, encoder->column[i], encoder->used[i]);
        to += encoder->used[i];
    }
    *bytes = (size_t)(to - encoder->payload);
    encoder_reset(encoder);
    return encoder->payload;
}
