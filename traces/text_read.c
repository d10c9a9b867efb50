/* Reader of the text form: one record a line, errors name the line and the word. */
#include "internal.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum { LINE_MAX_BYTES = 4096, WORDS = 8 };

struct text_reader {
    FILE *file;
    const char *path;
    uint64_t line;     /* number of the line in `text` */
    uint64_t position; /* line of the record last handed out */
    struct trace_info info;
    struct trace_check check;
    bool waiting; /* the first record's line was read with the header */
    bool failed;
    struct trace_error error;
    char text[LINE_MAX_BYTES + 2]; /* the line, without its newline */
    char split[LINE_MAX_BYTES + 2];
    unsigned words;
    char *word[WORDS];
};

static bool line_fail(struct text_reader *reader, const char *what, const char *word) {
    return trace_fail(&reader->error, "%s:%llu: %s%s%.60s%s", reader->path,
                      (unsigned long long)reader->line, what, word ? ": '" : "", word ? word : "",
                      word ? "'" : "");
}

/* 1: a line; 0: the end; -1: no text. */
static int next_line(struct text_reader *reader) {
    size_t length = 0;
    int byte;
    reader->line++;
    while ((byte = getc(reader->file)) != EOF && byte != '\n') {
        if (length == LINE_MAX_BYTES)
            return line_fail(reader, "the line has more than 4096 bytes", NULL) - 1;
        if (byte != '\t' && byte != '\r' && (byte < ' ' || byte == 0x7f))
            return line_fail(reader, "a control character; this is no text", NULL) - 1;
        reader->text[length++] = (char)byte;
    }
    if (ferror(reader->file))
        return line_fail(reader, "cannot be read", NULL) - 1;
    while (length && isspace((unsigned char)reader->text[length - 1]))
        length--;
    reader->text[length] = '\0';
    return byte != EOF || length ? 1 : 0;
}

/* Splits at blanks, ends at a comment; more than WORDS words count as WORDS + 1. */
static void split_line(struct text_reader *reader) {
    memcpy(reader->split, reader->text, sizeof reader->split);
    reader->words = 0;
    char *at = reader->split;
    while (*(at += strspn(at, " \t")) && *at != '#') {
        if (reader->words == WORDS) {
            reader->words++;
            return;
        }
        reader->word[reader->words++] = at;
        at += strcspn(at, " \t");
        if (*at)
            *at++ = '\0';
    }
}

/* A line that is neither empty nor a comment; as next_line(). */
static int next_words(struct text_reader *reader) {
    int got;
    while ((got = next_line(reader)) > 0) {
        split_line(reader);
        if (reader->words)
            return 1;
    }
    return got;
}

static bool parse(struct text_reader *reader, const char *word, int base, const char *what,
                  uint64_t limit, uint64_t *value) {
    const char *at = word;
    uint64_t sum = 0;
    if (at[0] == '0' && (at[1] == 'x' || at[1] == 'X')) {
        base = 16;
        at += 2;
    }
    if (!*at)
        return line_fail(reader, what, word);
    for (; *at; at++) {
        unsigned digit = isdigit((unsigned char)*at)    ? (unsigned)(*at - '0')
                         : isxdigit((unsigned char)*at) ? (unsigned)(tolower(*at) - 'a') + 10u
                                                        : 16u;
        if (digit >= (unsigned)base || digit > limit || sum > (limit - digit) / (unsigned)base)
            return line_fail(reader, what, word);
        sum = sum * (unsigned)base + digit;
    }
    *value = sum;
    return true;
}

static bool parse_hex(struct text_reader *reader, const char *word, const char *what,
                      uint64_t *value) {
    return parse(reader, word, 16, what, UINT64_MAX, value);
}

/* The words behind the first one number between `least` and `most`. */
static bool expect_words(struct text_reader *reader, unsigned least, unsigned most,
                         const char *usage) {
    if (reader->words > most + 1)
        return line_fail(reader, usage, most + 1 < WORDS ? reader->word[most + 1] : NULL);
    return reader->words > least || line_fail(reader, usage, reader->text);
}

static bool parse_access(struct text_reader *reader, struct trace_record *record) {
    const char *word = reader->word[0];
    uint64_t bytes = 0;
    if (!expect_words(reader, 1, 2, "an access is: f|r|w VA [BYTES]"))
        return false;
    record->kind = TRACE_ACCESS;
    record->continued = *word == '+';
    char letter = word[record->continued];
    record->access = letter == 'f' ? ACCESS_EXECUTE : letter == 'w' ? ACCESS_WRITE : ACCESS_READ;
    if (!parse_hex(reader, reader->word[1], "not a hexadecimal address of 64 bits", &record->va))
        return false;
    if (reader->words > 2 &&
        !parse(reader, reader->word[2], 10, "not a size of 0 to 4096 bytes", PAGE_BYTES, &bytes))
        return false;
    record->bytes = (uint16_t)bytes;
    return true;
}

static bool parse_repeat(struct text_reader *reader, struct trace_record *record) {
    uint64_t count;
    if (!expect_words(reader, 2, 2, "a repeat is: rep i|d COUNT"))
        return false;
    const char *stream = reader->word[1];
    if (strcmp(stream, "i") != 0 && strcmp(stream, "d") != 0)
        return line_fail(reader, "no such stream, i or d", stream);
    if (!parse(reader, reader->word[2], 10, "not a count of 32 bits", UINT32_MAX, &count))
        return false;
    record->kind = TRACE_REPEAT;
    record->port = *stream == 'i' ? PORT_I : PORT_D;
    record->count = (uint32_t)count;
    return true;
}

static bool parse_mode(struct text_reader *reader, const char *word, uint64_t *value) {
#define MODE_NAMED(name, code, text)                                                               \
    if (strcmp(word, text) == 0) {                                                                 \
        *value = (code);                                                                           \
        return true;                                                                               \
    }
    DEFS_PAGING_MODE(MODE_NAMED)
    return line_fail(reader, "no such paging mode (bare, sv32, sv39, sv48, sv57)", word);
}

static bool parse_privilege(struct text_reader *reader, const char *word, uint64_t *value) {
    static const char letters[] = "us?m";
    const char *at = word[0] && !word[1] ? strchr(letters, tolower(*word)) : NULL;
    if (!at || *at == '?')
        return line_fail(reader, "no such privilege (u, s, m)", word);
    *value = (uint64_t)(at - letters);
    return true;
}

static bool parse_set(struct text_reader *reader, struct trace_record *record) {
    if (!expect_words(reader, 2, 2, "a register is set by: set REGISTER VALUE"))
        return false;
    const char *name = reader->word[1], *value = reader->word[2];
    unsigned reg = 0;
    while (reg < TRACE_REGISTERS && strcmp(name, trace_register_name(reg)) != 0)
        reg++;
    record->kind = TRACE_SET;
    record->reg = (uint8_t)reg;
    switch (reg) {
    case TRACE_REGISTERS:
        return line_fail(reader, "no such register", name);
    case TRACE_MODE:
        return parse_mode(reader, value, &record->value);
    case TRACE_ROOT:
        return parse(reader, value, 16, "not a hexadecimal PPN of 44 bits",
                     (UINT64_C(1) << TW_PPN_W) - 1, &record->value);
    case TRACE_ASID:
        return parse(reader, value, 10, "not an ASID of 16 bits", UINT16_MAX, &record->value);
    case TRACE_PRIV:
        return parse_privilege(reader, value, &record->value);
    default:
        return parse(reader, value, 10, "not 0 or 1", 1, &record->value);
    }
}

static bool parse_fence(struct text_reader *reader, struct trace_record *record) {
    static const char usage[] = "a fence is: fence [va VA] [asid ASID]";
    record->kind = TRACE_FENCE;
    if (!expect_words(reader, 0, 4, usage))
        return false;
    for (unsigned i = 1; i < reader->words; i += 2) {
        const char *name = reader->word[i], *value = reader->word[i + 1];
        uint64_t asid;
        if (i + 1 == reader->words)
            return line_fail(reader, usage, name);
        if (strcmp(name, "va") == 0 && !record->has_va) {
            record->has_va = true;
            if (!parse_hex(reader, value, "not a hexadecimal address of 64 bits", &record->va))
                return false;
        } else if (strcmp(name, "asid") == 0 && !record->has_asid) {
            record->has_asid = true;
            if (!parse(reader, value, 10, "not an ASID of 16 bits", UINT16_MAX, &asid))
                return false;
            record->asid = (uint16_t)asid;
        } else {
            return line_fail(reader, usage, name);
        }
    }
    return true;
}

static bool parse_memory(struct text_reader *reader, struct trace_record *record) {
    uint64_t bytes = 8;
    record->kind = TRACE_MEMORY;
    if (!expect_words(reader, 2, 3, "a memory word is: mem PA VALUE [4|8]") ||
        !parse_hex(reader, reader->word[1], "not a hexadecimal address", &record->va) ||
        !parse_hex(reader, reader->word[2], "not a hexadecimal value of 64 bits", &record->value))
        return false;
    if (reader->words > 3 &&
        !parse(reader, reader->word[3], 10, "not a size of 4 or 8 bytes", 8, &bytes))
        return false;
    record->bytes = (uint16_t)bytes;
    return true;
}

static bool parse_buserror(struct text_reader *reader, struct trace_record *record) {
    record->kind = TRACE_BUSERROR;
    return expect_words(reader, 2, 2, "a bus error is: buserror LOW HIGH") &&
           parse_hex(reader, reader->word[1], "not a hexadecimal address", &record->va) &&
           parse_hex(reader, reader->word[2], "not a hexadecimal address", &record->value);
}

static bool parse_switch(struct text_reader *reader, struct trace_record *record) {
    record->kind = TRACE_SWITCH;
    return expect_words(reader, 1, 1, "a switch is: switch PROCESS") &&
           parse(reader, reader->word[1], 10, "not a process number of 1 to 65535", UINT16_MAX,
                 &record->value);
}

static bool parse_record(struct text_reader *reader, struct trace_record *record) {
    static const struct {
        const char *word;
        bool (*parse)(struct text_reader *, struct trace_record *);
    } records[] = {
        {"f", parse_access},   {"r", parse_access},          {"w", parse_access},
        {"+f", parse_access},  {"+r", parse_access},         {"+w", parse_access},
        {"rep", parse_repeat}, {"set", parse_set},           {"fence", parse_fence},
        {"mem", parse_memory}, {"buserror", parse_buserror}, {"switch", parse_switch},
    };
    memset(record, 0, sizeof *record);
    for (size_t i = 0; i < sizeof records / sizeof *records; i++) {
        if (strcmp(reader->word[0], records[i].word) != 0)
            continue;
        if (!records[i].parse(reader, record))
            return false;
        const char *why = trace_check_record(&reader->check, record);
        return !why || line_fail(reader, why, reader->text);
    }
    return line_fail(reader, "no such record", reader->word[0]);
}

/* The text behind the first word of the line goes to `to`. */
static bool header_string(struct text_reader *reader, char *to, size_t room) {
    const char *at = reader->text + strspn(reader->text, " \t");
    at += strcspn(at, " \t");
    at += strspn(at, " \t");
    if (strlen(at) >= room)
        return line_fail(reader, "the text is too long", reader->word[0]);
    if (*to)
        return line_fail(reader, "a header line stands twice", reader->word[0]);
    strcpy(to, at);
    for (; *to; to++)
        if (*to == '\t')
            *to = ' ';
    return true;
}

/* 1: a header line; 0: something else; -1: a wrong header line. */
static int parse_header(struct text_reader *reader) {
    struct trace_info *info = &reader->info;
    const char *word = reader->word[0];
    const char *value = reader->words > 1 ? reader->word[1] : "";
    if (strcmp(word, "program") == 0)
        return header_string(reader, info->program, sizeof info->program) ? 1 : -1;
    if (strcmp(word, "recorder") == 0)
        return header_string(reader, info->recorder, sizeof info->recorder) ? 1 : -1;
    if (strcmp(word, "note") == 0)
        return header_string(reader, info->note, sizeof info->note) ? 1 : -1;
    if (strcmp(word, "form") == 0) {
        if (strcmp(value, "pages") != 0 && strcmp(value, "exact") != 0)
            return line_fail(reader, "no such form (pages, exact)", value) - 1;
        info->pages = *value == 'p';
    } else if (strcmp(word, "va-bits") == 0) {
        if (strcmp(value, "32") != 0 && strcmp(value, "64") != 0)
            return line_fail(reader, "addresses have 32 or 64 bits", value) - 1;
        info->va_bits = *value == '3' ? 32 : 64;
    } else {
        return 0;
    }
    return expect_words(reader, 1, 1, "one word too many") ? 1 : -1;
}

static bool read_header(struct text_reader *reader) {
    int got = next_line(reader);
    if (got < 0)
        return false;
    split_line(reader);
    if (!got || reader->words != 2 || strcmp(reader->word[0], TEXT_MAGIC) != 0)
        return line_fail(reader, "the first line is not '" TEXT_MAGIC " 1'", NULL);
    if (strcmp(reader->word[1], "1") != 0)
        return line_fail(reader, "this program reads version 1, not version", reader->word[1]);
    while ((got = next_words(reader)) > 0) {
        int header = parse_header(reader);
        if (header < 0)
            return false;
        if (!header)
            break;
    }
    reader->waiting = got > 0;
    return got >= 0;
}

struct text_reader *text_open(FILE *file, const char *path, struct trace_error *error) {
    struct text_reader *reader = calloc(1, sizeof *reader);
    if (!reader) {
        trace_fail(error, "%s: out of memory", path);
        return NULL;
    }
    reader->file = file;
    reader->path = path;
    reader->info.va_bits = 64;
    if (!read_header(reader)) {
        *error = reader->error;
        free(reader);
        return NULL;
    }
    trace_check_init(&reader->check, &reader->info);
    return reader;
}

void text_close(struct text_reader *reader) {
    free(reader);
}

struct trace_info *text_info(struct text_reader *reader) {
    return &reader->info;
}

uint64_t text_position(const struct text_reader *reader) {
    return reader->position;
}

long text_read(struct text_reader *reader, struct trace_record *to, size_t n,
               struct trace_error *error) {
    size_t got = 0;
    while (got < n && !reader->failed) {
        int line = reader->waiting ? 1 : next_words(reader);
        reader->waiting = false;
        if (!line) {
            reader->info.totals_known = true;
            break;
        }
        reader->failed = line < 0 || !parse_record(reader, to + got);
        if (reader->failed)
            break;
        reader->position = reader->line;
        got++;
    }
    if (got || !reader->failed)
        return (long)got;
    *error = reader->error;
    return -1;
}
