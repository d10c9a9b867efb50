#include "workload.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

struct parser {
    struct workload *workload;
    const char *path;
    unsigned line;
    char *words; /* rest of the line */
    char *error;
    size_t error_size;
    unsigned names;
    struct {
        char name[WORKLOAD_NAME];
        uint64_t address;
    } name[WORKLOAD_NAMES];
    bool exited[WORKLOAD_PROCESSES];
};

__attribute__((format(printf, 2, 3))) static bool fail(struct parser *parser, const char *format,
                                                       ...) {
    int used = snprintf(parser->error, parser->error_size, "%s:%u: ", parser->path, parser->line);
    if (used > 0 && (size_t)used < parser->error_size) {
        va_list arguments;
        va_start(arguments, format);
        vsnprintf(parser->error + used, parser->error_size - (size_t)used, format, arguments);
        va_end(arguments);
    }
    return false;
}

/* The next word of the line; NULL at its end. */
static char *next_word(struct parser *parser) {
    return strtok_r(NULL, " \t", &parser->words);
}

static bool word(struct parser *parser, const char *what, char **text) {
    *text = next_word(parser);
    return *text || fail(parser, "%s is missing", what);
}

static bool new_name(struct parser *parser, char name[WORKLOAD_NAME]) {
    char *text;
    if (!word(parser, "a name", &text))
        return false;
    size_t length = strlen(text);
    if (length >= WORKLOAD_NAME || text[strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789_")])
        return fail(parser, "'%s' is no name: a-z, 0-9, _, at most %d", text, WORKLOAD_NAME - 1);
    memcpy(name, text, length + 1);
    return true;
}

/* A number with K, M or G. */
static bool parse_size(struct parser *parser, const char *text, uint64_t *bytes) {
    char *end;
    errno = 0;
    *bytes = strtoull(text, &end, 10);
    unsigned shift = *end == 'K' ? 10 : *end == 'M' ? 20 : *end == 'G' ? 30 : 0;
    end += shift > 0;
    if (errno || end == text || *end || text[0] == '-' || *bytes > UINT64_C(1) << (47 - shift))
        return fail(parser, "'%s' is no size", text);
    *bytes <<= shift;
    return true;
}

static bool size_word(struct parser *parser, const char *what, uint64_t *bytes) {
    char *text;
    return word(parser, what, &text) && parse_size(parser, text, bytes);
}

static bool pages_word(struct parser *parser, const char *what, uint64_t *bytes) {
    if (!size_word(parser, what, bytes))
        return false;
    if (!*bytes || *bytes % PAGE_BYTES)
        return fail(parser, "%s is not in whole pages", what);
    return true;
}

static bool find_name(struct parser *parser, const char *name, uint64_t *address) {
    for (unsigned i = 0; i < parser->names; i++)
        if (!strcmp(parser->name[i].name, name)) {
            *address = parser->name[i].address;
            return true;
        }
    return fail(parser, "no address is called '%s'", name);
}

/* 0x…, NAME, NAME+SIZE or NAME-SIZE. */
static bool address_word(struct parser *parser, uint64_t *address) {
    char *text;
    if (!word(parser, "an address", &text))
        return false;
    if (!strncmp(text, "0x", 2)) {
        char *end;
        *address = strtoull(text, &end, 16);
        if (*end || end == text + 2)
            return fail(parser, "'%s' is no address", text);
    } else {
        char *sign = strpbrk(text, "+-");
        uint64_t offset = 0;
        bool below = sign && *sign == '-';
        if (sign && !parse_size(parser, sign + 1, &offset))
            return false;
        if (sign)
            *sign = 0;
        if (!find_name(parser, text, address))
            return false;
        *address += below ? -offset : offset;
    }
    if (*address % PAGE_BYTES || *address >> 47)
        return fail(parser, "address 0x%" PRIx64 " is not that of a user page", *address);
    return true;
}

/* One of a list of words: its number. */
static bool choice(struct parser *parser, const char *what, const char *const *words,
                   unsigned *number) {
    char *text;
    if (!word(parser, what, &text))
        return false;
    for (*number = 0; words[*number]; (*number)++)
        if (!strcmp(words[*number], text))
            return true;
    return fail(parser, "'%s' is no %s", text, what);
}

static bool rights_word(struct parser *parser, unsigned *rights) {
    static const char *const words[] = {"none", "r", "w", "rw", NULL};
    if (!choice(parser, "right", words, rights))
        return false;
    return *rights != RIGHT_WRITE || fail(parser, "'w' is no right: none, r or rw");
}

static bool define_address(struct parser *parser, const char *name, uint64_t address) {
    for (unsigned i = 0; i < parser->names; i++)
        if (!strcmp(parser->name[i].name, name))
            return fail(parser, "'%s' is defined already", name);
    if (parser->names == WORKLOAD_NAMES)
        return fail(parser, "more than %d names", WORKLOAD_NAMES);
    snprintf(parser->name[parser->names].name, WORKLOAD_NAME, "%s", name);
    parser->name[parser->names++].address = address;
    return true;
}

/* name NAME ADDRESS */
static bool parse_name(struct parser *parser) {
    char name[WORKLOAD_NAME];
    uint64_t address;
    return new_name(parser, name) && address_word(parser, &address) &&
           define_address(parser, name, address);
}

/* anon, shared, private:FILE[+OFFSET], shared:FILE[+OFFSET] */
static bool backing_word(struct parser *parser, struct statement *statement) {
    char *text;
    if (!word(parser, "what is mapped", &text))
        return false;
    char *name = strchr(text, ':');
    if (name)
        *name++ = 0;
    bool shared = !strcmp(text, "shared");
    if (!shared && strcmp(text, name ? "private" : "anon"))
        return fail(parser, "'%s' is no kind of mapping", text);
    if (!name) {
        statement->backing = shared ? BACKING_SHARED : BACKING_ANON;
        return true;
    }
    statement->backing = shared ? BACKING_FILE_SHARED : BACKING_FILE_PRIVATE;
    char *plus = strchr(name, '+');
    if (plus && !parse_size(parser, plus + 1, &statement->file_offset))
        return false;
    if (statement->file_offset % PAGE_BYTES)
        return fail(parser, "the offset is not in whole pages");
    if (plus)
        *plus = 0;
    const struct workload *workload = parser->workload;
    for (unsigned i = 0; i < workload->files; i++)
        if (!strcmp(workload->file[i].name, name)) {
            statement->file = i;
            return true;
        }
    return fail(parser, "no file is called '%s'", name);
}

/* map NAME ADDRESS LENGTH BACKING RIGHTS [populate] */
static bool parse_map(struct parser *parser, struct statement *statement) {
    if (!new_name(parser, statement->name) || !address_word(parser, &statement->address) ||
        !pages_word(parser, "the length", &statement->length) || !backing_word(parser, statement) ||
        !rights_word(parser, &statement->rights))
        return false;
    char *text = next_word(parser);
    statement->populate = text && !strcmp(text, "populate");
    if (text && !statement->populate)
        return fail(parser, "'%s' is not 'populate'", text);
    return define_address(parser, statement->name, statement->address);
}

/* touch ADDRESS LENGTH read|write [back] [stride SIZE] | [random COUNT SEED] */
static bool parse_touch(struct parser *parser, struct statement *statement) {
    static const char *const accesses[] = {"read", "write", NULL};
    unsigned access;
    if (!address_word(parser, &statement->address) ||
        !pages_word(parser, "the length", &statement->length) ||
        !choice(parser, "access", accesses, &access))
        return false;
    statement->write = access == 1;
    statement->stride = PAGE_BYTES;
    for (char *text; (text = next_word(parser));) {
        if (!strcmp(text, "back")) {
            statement->order = ORDER_DOWN;
        } else if (!strcmp(text, "stride")) {
            if (!pages_word(parser, "the stride", &statement->stride))
                return false;
        } else if (!strcmp(text, "random")) {
            statement->order = ORDER_RANDOM;
            if (!size_word(parser, "the count", &statement->count) ||
                !size_word(parser, "the seed", &statement->seed))
                return false;
        } else {
            return fail(parser, "'%s' is no order of accesses", text);
        }
    }
    if (statement->order != ORDER_RANDOM)
        statement->count = (statement->length + statement->stride - 1) / statement->stride;
    return true;
}

/* ADDRESS LENGTH */
static bool parse_range(struct parser *parser, struct statement *statement) {
    return address_word(parser, &statement->address) &&
           pages_word(parser, "the length", &statement->length);
}

/* mprotect ADDRESS LENGTH RIGHTS */
static bool parse_mprotect(struct parser *parser, struct statement *statement) {
    return parse_range(parser, statement) && rights_word(parser, &statement->rights);
}

/* mremap ADDRESS LENGTH NEW_LENGTH here | to ADDRESS */
static bool parse_mremap(struct parser *parser, struct statement *statement) {
    static const char *const places[] = {"here", "to", NULL};
    unsigned place;
    if (!parse_range(parser, statement) ||
        !pages_word(parser, "the new length", &statement->new_length) ||
        !choice(parser, "place", places, &place))
        return false;
    return place == 0 || address_word(parser, &statement->to);
}

/* madvise ADDRESS LENGTH ADVICE */
static bool parse_madvise(struct parser *parser, struct statement *statement) {
    static const char *const words[] = {"dontneed",   "populate_read", "populate_write", "hugepage",
                                        "nohugepage", "collapse",      "cold",           NULL};
    unsigned advice;
    if (!parse_range(parser, statement) || !choice(parser, "advice", words, &advice))
        return false;
    statement->advice = (enum advice)advice;
    return true;
}

/* brk +SIZE | -SIZE */
static bool parse_brk(struct parser *parser, struct statement *statement) {
    char *text;
    uint64_t bytes;
    if (!word(parser, "the change", &text))
        return false;
    if (*text != '+' && *text != '-')
        return fail(parser, "'%s' has no sign", text);
    if (!parse_size(parser, text + 1, &bytes))
        return false;
    statement->change = *text == '-' ? -(int64_t)bytes : (int64_t)bytes;
    return true;
}

/* fork NAME */
static bool parse_fork(struct parser *parser, struct statement *statement) {
    struct workload *workload = parser->workload;
    if (!new_name(parser, statement->name))
        return false;
    for (unsigned i = 0; i < workload->processes; i++)
        if (!strcmp(workload->process[i].name, statement->name))
            return fail(parser, "'%s' is a process already", statement->name);
    if (workload->processes == WORKLOAD_PROCESSES)
        return fail(parser, "more than %d processes", WORKLOAD_PROCESSES);
    statement->child = workload->processes++;
    memcpy(workload->process[statement->child].name, statement->name, WORKLOAD_NAME);
    workload->process[statement->child].parent = statement->process;
    return true;
}

/* exit */
static bool parse_exit(struct parser *parser, struct statement *statement) {
    const struct workload *workload = parser->workload;
    if (statement->process == 0)
        return fail(parser, "the first process exits at the end, by itself");
    for (unsigned i = 1; i < workload->processes; i++)
        if (workload->process[i].parent == statement->process && !parser->exited[i])
            return fail(parser, "its child '%s' is still running", workload->process[i].name);
    parser->exited[statement->process] = true;
    return true;
}

/* mark NAME */
static bool parse_mark(struct parser *parser, struct statement *statement) {
    return new_name(parser, statement->name);
}

static bool parse_statement(struct parser *parser, const char *operation, unsigned process) {
    static const struct {
        const char *name;
        bool (*parse)(struct parser *parser, struct statement *statement);
    } operations[] = {
        [OP_MAP] = {"map", parse_map},          [OP_TOUCH] = {"touch", parse_touch},
        [OP_MUNMAP] = {"munmap", parse_range},  [OP_MPROTECT] = {"mprotect", parse_mprotect},
        [OP_MREMAP] = {"mremap", parse_mremap}, [OP_MADVISE] = {"madvise", parse_madvise},
        [OP_MLOCK] = {"mlock", parse_range},    [OP_MUNLOCK] = {"munlock", parse_range},
        [OP_BRK] = {"brk", parse_brk},          [OP_FORK] = {"fork", parse_fork},
        [OP_EXIT] = {"exit", parse_exit},       [OP_MARK] = {"mark", parse_mark},
    };
    struct workload *workload = parser->workload;
    if (workload->statements == WORKLOAD_STATEMENTS)
        return fail(parser, "more than %d statements", WORKLOAD_STATEMENTS);
    if (parser->exited[process])
        return fail(parser, "'%s' has exited", workload->process[process].name);
    for (unsigned i = 0; i < sizeof operations / sizeof *operations; i++) {
        if (strcmp(operations[i].name, operation))
            continue;
        struct statement *statement = &workload->statement[workload->statements];
        *statement = (struct statement){
            .operation = (enum operation)i, .line = parser->line, .process = process};
        if (!operations[i].parse(parser, statement))
            return false;
        workload->statements++;
        return true;
    }
    return fail(parser, "no statement is called '%s'", operation);
}

/* The rest of the line is text. */
static bool parse_text(struct parser *parser, char text[WORKLOAD_TITLE]) {
    char *rest = parser->words ? parser->words + strspn(parser->words, " \t") : parser->words;
    if (!rest || !*rest || strlen(rest) >= WORKLOAD_TITLE)
        return fail(parser, "a text of 1 … %d bytes is wanted", WORKLOAD_TITLE - 1);
    memcpy(text, rest, strlen(rest) + 1);
    parser->words = rest + strlen(rest);
    return true;
}

/* file NAME SIZE by CHUNK */
static bool parse_file(struct parser *parser) {
    static const char *const by[] = {"by", NULL};
    struct workload *workload = parser->workload;
    unsigned n = workload->files, ignored;
    if (n == WORKLOAD_FILES)
        return fail(parser, "more than %d files", WORKLOAD_FILES);
    if (!new_name(parser, workload->file[n].name) ||
        !pages_word(parser, "the size", &workload->file[n].bytes) ||
        !choice(parser, "'by'", by, &ignored) ||
        !pages_word(parser, "the chunk", &workload->file[n].chunk))
        return false;
    if (workload->file[n].chunk > 1 << 20)
        return fail(parser, "a chunk is at most 1M");
    workload->files++;
    return true;
}

/* The number of the process whose name stands before the colon. */
static bool process_word(struct parser *parser, char *text, unsigned *process) {
    text[strlen(text) - 1] = 0;
    const struct workload *workload = parser->workload;
    for (*process = 0; *process < workload->processes; (*process)++)
        if (!strcmp(workload->process[*process].name, text))
            return true;
    return fail(parser, "no process is called '%s'", text);
}

static bool parse_line(struct parser *parser, char *line) {
    struct workload *workload = parser->workload;
    line[strcspn(line, "#\n")] = 0;
    unsigned process = 0;
    char *text = strtok_r(line, " \t", &parser->words);
    if (!text)
        return true;
    if (text[strlen(text) - 1] == ':') {
        if (!process_word(parser, text, &process) || !word(parser, "a statement", &text))
            return false;
        return parse_statement(parser, text, process);
    }
    if (!strcmp(text, "title"))
        return parse_text(parser, workload->title);
    if (!strcmp(text, "differs"))
        return parse_text(parser, workload->differs);
    if (!strcmp(text, "thp"))
        return workload->thp = true;
    if (!strcmp(text, "file"))
        return parse_file(parser);
    if (!strcmp(text, "name"))
        return parse_name(parser);
    return parse_statement(parser, text, 0);
}

static bool parse_stream(struct parser *parser, FILE *stream) {
    char line[512];
    while (fgets(line, sizeof line, stream)) {
        parser->line++;
        if (!strchr(line, '\n') && !feof(stream))
            return fail(parser, "a line of more than %zu bytes", sizeof line - 2);
        if (!parse_line(parser, line))
            return false;
        const char *more = next_word(parser);
        if (more)
            return fail(parser, "'%s' is too much", more);
    }
    if (ferror(stream))
        return fail(parser, "%s", strerror(errno));
    for (unsigned i = 1; i < parser->workload->processes; i++)
        if (!parser->exited[i])
            return fail(parser, "'%s' never exits", parser->workload->process[i].name);
    if (!*parser->workload->title)
        return fail(parser, "it has no title");
    return true;
}

bool workload_read(const char *path, struct workload *workload, char *error, size_t size) {
    struct parser parser = {.workload = workload, .path = path, .error = error, .error_size = size};
    *workload = (struct workload){.processes = 1};
    strcpy(workload->process[0].name, "main");
    define_address(&parser, "heap", WORKLOAD_HEAP);
    define_address(&parser, "stack", WORKLOAD_STACK);
    FILE *stream = fopen(path, "r");
    if (!stream) {
        snprintf(error, size, "%s: %s", path, strerror(errno));
        return false;
    }
    bool done = parse_stream(&parser, stream);
    fclose(stream);
    return done;
}

uint64_t touch_address(const struct statement *touch, uint64_t i, uint64_t *state) {
    if (touch->order == ORDER_DOWN)
        i = touch->count - 1 - i;
    if (touch->order == ORDER_RANDOM) {
        if (i == 0)
            *state = touch->seed;
        *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        i = (*state >> 33) % ((touch->length + touch->stride - 1) / touch->stride);
    }
    return touch->address + i * touch->stride;
}

void figures_text(const struct workload *workload, const struct statement *mark,
                  const struct figures *figures, char *text, size_t size) {
    snprintf(text, size,
             "%s %s minor=%" PRId64 " major=%" PRId64 " vmpte=%" PRId64 " anon=%" PRId64
             " file=%" PRId64 " shmem=%" PRId64 " vmas=%" PRId64,
             workload->process[mark->process].name, mark->name, figures->minor, figures->major,
             figures->vmpte, figures->anon, figures->file, figures->shmem, figures->vmas);
}
