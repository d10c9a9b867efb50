/* Importer of valgrind lackey's memory traces. */
#include "import/import.h"
#include "internal.h"

#include <stdlib.h>
#include <string.h>

enum { LINE_BYTES = 1024 };

struct lackey {
    FILE *file;
    const char *path;
    struct trace_writer *writer;
    struct trace_folder *folder; /* NULL: exact form */
    uint64_t line;
    char text[LINE_BYTES];
};

static bool line_fail(const struct lackey *lackey, const char *what, struct trace_error *error) {
    char shown[48];
    snprintf(shown, sizeof shown, "%.47s", lackey->text);
    for (char *at = shown; *at; at++)
        if ((unsigned char)*at < ' ' || (unsigned char)*at > '~')
            *at = '?';
    return trace_fail(error, "%s:%llu: %s: '%s'", lackey->path, (unsigned long long)lackey->line,
                      what, shown);
}

/* Valgrind's own messages are longer than any reference; their rest is skipped. */
static bool next_line(struct lackey *lackey) {
    if (!fgets(lackey->text, sizeof lackey->text, lackey->file))
        return false;
    lackey->line++;
    size_t length = strlen(lackey->text);
    if (length && lackey->text[length - 1] == '\n') {
        lackey->text[length - 1] = '\0';
    } else if (length == sizeof lackey->text - 1) {
        for (int byte = 0; byte != '\n' && byte != EOF;)
            byte = getc(lackey->file);
    }
    return true;
}

static bool put(struct lackey *lackey, enum access_type access, uint64_t va, unsigned bytes,
                struct trace_error *error) {
    if (lackey->folder)
        return trace_fold(lackey->folder, access, va, bytes, error);
    struct trace_record record = {
        .kind = TRACE_ACCESS, .access = (uint8_t)access, .bytes = (uint16_t)bytes, .va = va};
    return trace_write(lackey->writer, &record, error);
}

/* The access of "I  ", " S ", " L " or " M ", the first three characters of a line. */
static bool line_access(const char *text, enum access_type *access) {
    if (strncmp(text, "I  ", 3) == 0)
        *access = ACCESS_EXECUTE;
    else if (strncmp(text, " L ", 3) == 0)
        *access = ACCESS_READ;
    else if (strncmp(text, " S ", 3) == 0 || strncmp(text, " M ", 3) == 0)
        *access = ACCESS_WRITE;
    else
        return false;
    return true;
}

/* A hexadecimal digit's value, or 16. */
static unsigned hex_digit(char c) {
    if (c >= '0' && c <= '9')
        return (unsigned)(c - '0');
    if (c >= 'a' && c <= 'f')
        return (unsigned)(c - 'a') + 10;
    if (c >= 'A' && c <= 'F')
        return (unsigned)(c - 'A') + 10;
    return 16;
}

static bool take_line(struct lackey *lackey, struct trace_error *error) {
    enum access_type access;
    const char *at = lackey->text;
    if (strncmp(at, "==", 2) == 0 || strncmp(at, "--", 2) == 0 || !*at)
        return true;
    if (!line_access(at, &access))
        return line_fail(lackey, "no lackey line (I, L, S or M)", error);
    at += 3;
    uint64_t va = 0;
    unsigned bytes = 0, digits = 0;
    for (; hex_digit(*at) < 16; at++, digits++)
        va = va << 4 | hex_digit(*at);
    if (!digits || digits > 16 || *at != ',')
        return line_fail(lackey, "not ADDRESS,SIZE", error);
    for (at++, digits = 0; *at >= '0' && *at <= '9' && digits < 5; at++, digits++)
        bytes = bytes * 10 + (unsigned)(*at - '0');
    while (*at == '\r' || *at == ' ')
        at++;
    if (!digits || *at)
        return line_fail(lackey, "not ADDRESS,SIZE", error);
    if (!bytes || bytes > PAGE_BYTES)
        return line_fail(lackey, "the size is not 1 to 4096", error);
    if (va + bytes - 1 < va)
        return line_fail(lackey, "ends above the address space", error);
    return put(lackey, access, va, bytes, error);
}

bool import_lackey(FILE *file, const char *path, struct trace_writer *writer,
                   struct trace_error *error) {
    struct lackey lackey = {.file = file, .path = path, .writer = writer};
    if (trace_writer_info(writer)->pages && !(lackey.folder = trace_folder_create(writer)))
        return trace_fail(error, "%s: out of memory", path);
    bool good = true;
    while (good && next_line(&lackey))
        good = take_line(&lackey, error);
    if (good && ferror(file))
        good = trace_fail(error, "%s: cannot be read", path);
    if (good && !trace_writer_info(writer)->records)
        good = trace_fail(error, "%s: holds no reference (valgrind needs --trace-mem=yes)", path);
    if (good && lackey.folder)
        good = trace_fold_flush(lackey.folder, error);
    trace_folder_destroy(lackey.folder);
    return good;
}
