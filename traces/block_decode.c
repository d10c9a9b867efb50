/* Columns of a block to records. Input is hostile: every read is checked against its column's end.
 */
#include "block.h"

#include <string.h>

static const char *const why_short = "a column ends too early";

static uint32_t load32(const uint8_t *at) {
    return at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

/* false: the column ends, or more than 64 bits. */
static bool get_varint(struct block_decoder *decoder, enum block_column column, uint64_t *value) {
    *value = 0;
    for (unsigned shift = 0; shift < 64 && decoder->at[column] < decoder->end[column]; shift += 7) {
        uint8_t byte = *decoder->at[column]++;
        if (shift == 63 && byte > 1)
            return false;
        *value |= (uint64_t)(byte & 0x7f) << shift;
        if (!(byte & 0x80))
            return true;
    }
    return false;
}

static const char *read_page_table(struct block_decoder *decoder) {
    uint64_t page = 0, limit = UINT64_C(1) << (decoder->va_bits - PAGE_SHIFT);
    decoder->page_count = 0;
    while (decoder->at[COLUMN_PAGE] < decoder->end[COLUMN_PAGE]) {
        uint64_t step;
        if (!get_varint(decoder, COLUMN_PAGE, &step))
            return "the page table is damaged";
        if (decoder->page_count == BLOCK_PAGES)
            return "the page table is too long";
        if (step >= limit || (page += step) >= limit || (decoder->page_count && !step))
            return "the page table names a page outside the address space or twice";
        decoder->page[decoder->page_count++] = page << PAGE_SHIFT;
    }
    return NULL;
}

const char *block_decoder_start(struct block_decoder *decoder, const uint8_t *payload,
                                size_t bytes) {
    if (bytes < 4 * COLUMNS)
        return "no column directory";
    const uint8_t *at = payload + 4 * COLUMNS;
    size_t left = bytes - 4 * COLUMNS;
    for (int i = 0; i < COLUMNS; i++) {
        uint32_t length = load32(payload + 4 * i);
        if (length > left)
            return "a column is longer than the block";
        decoder->at[i] = at;
        decoder->end[i] = at += length;
        left -= length;
    }
    if (left)
        return "bytes behind the last column";
    decoder->half = false;
    memset(decoder->recent, 0, sizeof decoder->recent);
    memset(decoder->last, 0, sizeof decoder->last);
    memset(decoder->next_va, 0, sizeof decoder->next_va);
    memset(decoder->references, 0, sizeof decoder->references);
    decoder->at_switch = 0;
    return read_page_table(decoder);
}

/* The process that runs counts if it made a reference. */
static void count_process(struct block_decoder *decoder) {
    uint64_t references = decoder->references[PORT_I] + decoder->references[PORT_D];
    if (references != decoder->at_switch)
        process_set_add(&decoder->processes);
    decoder->at_switch = references;
}

bool block_decoder_done(struct block_decoder *decoder) {
    count_process(decoder);
    for (int i = 0; i < COLUMNS; i++)
        if (decoder->at[i] < decoder->end[i])
            return false;
    return true;
}

static const char *decode_repeat(struct block_decoder *decoder, enum port port,
                                 struct trace_record *to) {
    if (decoder->at[COLUMN_COUNT] == decoder->end[COLUMN_COUNT])
        return why_short;
    uint64_t count = *decoder->at[COLUMN_COUNT]++ + 1u;
    if (count == COUNT_ESCAPE + 1u) {
        uint64_t more;
        if (!get_varint(decoder, COLUMN_OPERAND, &more))
            return why_short;
        if (more > UINT32_MAX - 256u)
            return "a repeat count has more than 32 bits";
        count = more + 256;
    }
    if (!decoder->open[port])
        return "a repeat without an access";
    *to = (struct trace_record){
        .kind = TRACE_REPEAT, .port = (uint8_t)port, .count = (uint32_t)count};
    decoder->references[port] += count;
    return NULL;
}

/* The rare records: everything but accesses and repeats. */
static const char *decode_control(struct block_decoder *decoder, unsigned operation,
                                  struct trace_record *to) {
    uint64_t first, second = 0;
    if (!get_varint(decoder, COLUMN_OPERAND, &first))
        return why_short;
    bool two = operation != OPERATION_SWITCH && operation != OPERATION_FENCE;
    if (two && !get_varint(decoder, COLUMN_OPERAND, &second))
        return why_short;
    struct trace_record record = {0};
    switch (operation) {
    case OPERATION_SET:
        if (first >= TRACE_REGISTERS)
            return "no such register";
        record.kind = TRACE_SET;
        record.reg = (uint8_t)first;
        record.value = second;
        break;
    case OPERATION_FENCE:
        if (first > 3)
            return "a fence with unknown operands";
        record.kind = TRACE_FENCE;
        record.has_va = first & 1;
        record.has_asid = first & 2;
        if (record.has_va && !get_varint(decoder, COLUMN_OPERAND, &record.va))
            return why_short;
        if (record.has_asid && !get_varint(decoder, COLUMN_OPERAND, &second))
            return why_short;
        if (second > UINT16_MAX)
            return "the ASID has more than 16 bits";
        record.asid = (uint16_t)second;
        break;
    case OPERATION_MEMORY4:
    case OPERATION_MEMORY8:
        record.kind = TRACE_MEMORY;
        record.bytes = operation == OPERATION_MEMORY4 ? 4 : 8;
        if (first > PHYSICAL_LIMIT / 4)
            return "the physical address has more than 56 bits";
        record.va = first * record.bytes;
        record.value = second;
        break;
    case OPERATION_BUSERROR:
        record.kind = TRACE_BUSERROR;
        record.va = first;
        if (second > UINT64_MAX - first)
            return "the physical range ends above 56 bits";
        record.value = first + second;
        break;
    case OPERATION_SWITCH:
        record.kind = TRACE_SWITCH;
        record.value = first;
        break;
    default:
        return "no such operation";
    }
    decoder->open[PORT_I] = decoder->open[PORT_D] = false;
    const char *why = trace_check_control(&record);
    if (!why && operation == OPERATION_SWITCH) {
        count_process(decoder);
        decoder->processes.running = (uint16_t)record.value;
    }
    *to = record;
    return why;
}

/* Puts the page at recent[index] first. */
static inline uint64_t recent_touch(struct block_recent *recent, unsigned index) {
    uint64_t page = recent->page[index];
    for (; index; index--)
        recent->page[index] = recent->page[index - 1];
    return recent->page[0] = page;
}

/* The next page that is not recent; put first. */
static const char *recent_miss(struct block_decoder *decoder, enum port port, uint64_t *page) {
    if (decoder->at[COLUMN_PAGE_LOW] == decoder->end[COLUMN_PAGE_LOW] ||
        decoder->at[COLUMN_PAGE_HIGH] == decoder->end[COLUMN_PAGE_HIGH])
        return why_short;
    uint32_t step = *decoder->at[COLUMN_PAGE_LOW]++;
    step |= (uint32_t)*decoder->at[COLUMN_PAGE_HIGH]++ << 8;
    if (step >= decoder->page_count)
        return "a page index outside the page table";
    uint32_t index = decoder->last[port] + step;
    if (index >= decoder->page_count)
        index -= decoder->page_count;
    decoder->last[port] = index;
    struct block_recent *recent = &decoder->recent[port];
    if (recent->used < BLOCK_RECENT)
        recent->used++;
    memmove(recent->page + 1, recent->page, (recent->used - 1) * sizeof *recent->page);
    *page = recent->page[0] = decoder->page[index];
    return NULL;
}

/* Exact form: size of the access, and its offset in the page that `va` holds so far. */
static const char *decode_size(struct block_decoder *decoder, enum port port,
                               struct trace_record *to) {
    if (decoder->at[COLUMN_SIZE] == decoder->end[COLUMN_SIZE])
        return why_short;
    unsigned size = *decoder->at[COLUMN_SIZE]++;
    bool sequential = size & SIZE_SEQUENTIAL;
    uint64_t bytes = size & SIZE_MASK;
    if (bytes == SIZE_ESCAPE && !get_varint(decoder, COLUMN_OPERAND, &bytes))
        return why_short;
    if (bytes > PAGE_BYTES)
        return "an access of more than 4096 bytes";
    if (sequential) {
        if ((decoder->next_va[port] ^ to->va) & ~(uint64_t)PAGE_OFFSET)
            return "a sequential access on another page";
        to->va = decoder->next_va[port];
    } else {
        if (decoder->at[COLUMN_OFFSET_LOW] == decoder->end[COLUMN_OFFSET_LOW] ||
            decoder->at[COLUMN_OFFSET_HIGH] == decoder->end[COLUMN_OFFSET_HIGH])
            return why_short;
        unsigned offset = *decoder->at[COLUMN_OFFSET_LOW]++;
        offset |= (unsigned)*decoder->at[COLUMN_OFFSET_HIGH]++ << 8;
        if (offset > PAGE_OFFSET)
            return "an offset outside the page";
        to->va |= offset;
    }
    uint64_t last = to->va + (bytes ? bytes - 1 : 0);
    if (last < to->va || (decoder->va_bits == 32 && last >> 32))
        return "an access that ends above the address space";
    to->bytes = (uint16_t)bytes;
    decoder->next_va[port] = to->va + bytes;
    return NULL;
}

static inline const char *decode_access(struct block_decoder *decoder, unsigned token,
                                        enum port port, struct trace_record *to) {
    struct block_recent *recent = &decoder->recent[port];
    unsigned index = token & TOKEN_INDEX;
    uint64_t page;
    if (index < recent->used) {
        page = recent_touch(recent, index);
    } else if (index == BLOCK_RECENT) {
        const char *why = recent_miss(decoder, port, &page);
        if (why)
            return why;
    } else {
        return "a recent page that was never there";
    }
    bool continued = token & TOKEN_CONTINUED;
    if (continued && !decoder->open[port])
        return "the second half of no reference";
    *to = (struct trace_record){.kind = TRACE_ACCESS,
                                .access = (uint8_t)((token & TOKEN_ACCESS) >> TOKEN_ACCESS_SHIFT),
                                .continued = continued,
                                .va = page};
    decoder->open[port] = true;
    decoder->references[port] += !continued;
    return decoder->pages ? NULL : decode_size(decoder, port, to);
}

size_t block_decode(struct block_decoder *decoder, struct trace_record *to, size_t n,
                    const char **why) {
    size_t made = 0;
    const char *bad = NULL;
    while (made < n && decoder->at[COLUMN_TOKEN] < decoder->end[COLUMN_TOKEN]) {
        unsigned token = *decoder->at[COLUMN_TOKEN];
        if ((token & TOKEN_ACCESS) == TOKEN_RECORD) {
            unsigned operation = token & ~(unsigned)TOKEN_ACCESS;
            bad = operation <= OPERATION_REPEAT_D
                      ? decode_repeat(decoder, operation == OPERATION_REPEAT_I ? PORT_I : PORT_D,
                                      to + made)
                      : decode_control(decoder, operation, to + made);
        } else {
            enum port port =
                (token & TOKEN_ACCESS) == ACCESS_EXECUTE << TOKEN_ACCESS_SHIFT ? PORT_I : PORT_D;
            if ((token & TOKEN_REPEAT) && !decoder->half) {
                bad = decode_repeat(decoder, port, to + made);
                if (bad)
                    break;
                decoder->half = true;
                if (++made == n)
                    return made;
            }
            bad = decode_access(decoder, token, port, to + made);
            decoder->half = false;
        }
        if (bad)
            break;
        decoder->at[COLUMN_TOKEN]++;
        made++;
    }
    if (bad)
        *why = bad;
    return made;
}
