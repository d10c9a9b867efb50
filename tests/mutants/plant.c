/*
 * Plants every mutant of a list into copies of the sources, each behind a condition, so that one
 * build holds them all:
 *
 *   plant LIST FROM TO FILE...
 *
 * copies FROM/FILE to TO/FILE. An old text that does not stand exactly once in its file is named on
 * stderr and left alone, and the exit status is 1: the list must follow the sources.
 */
#include "table.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Text that replaces [from, to) of a source file. */
struct replacement {
    const char *from, *to;
    char *text;
};

struct source {
    const char *file, *text;
    bool verilog;
    size_t count;
    struct replacement replacement[200];
};

static void *must(void *memory) {
    if (!memory) {
        fprintf(stderr, "plant: out of memory\n");
        exit(2);
    }
    return memory;
}

/* The end of `wanted` where it stands at `text`, blanks of any kind and number being one; or NULL.
 */
static const char *matches(const char *text, const char *wanted) {
    while (*wanted) {
        if (isspace((unsigned char)*wanted)) {
            if (!isspace((unsigned char)*text))
                return NULL;
            text += strspn(text, " \t\r\n");
            wanted += strspn(wanted, " \t\r\n");
        } else if (*text++ != *wanted++) {
            return NULL;
        }
    }
    return text;
}

/* How often it stands there, and the last place. */
static unsigned find(const char *text, const char *wanted, const char **from, const char **to) {
    unsigned count = 0;
    for (; *text; text++) {
        const char *end = matches(text, wanted);
        if (!end)
            continue;
        *from = text;
        *to = end;
        count++;
    }
    return count;
}

/* `new` with the words MUTANT and OLD put in; to free(). */
static char *expand(const char *new, const char *condition, const char *old, size_t old_length) {
    size_t size = strlen(new) + 1;
    for (const char *at = new; *at; at++)
        size += strlen(condition) * (strncmp(at, "MUTANT", 6) == 0) +
                old_length * (strncmp(at, "OLD", 3) == 0);
    char *text = must(malloc(size)), *end = text;
    while (*new) {
        if (strncmp(new, "MUTANT", 6) == 0) {
            end = stpcpy(end, condition);
            new += 6;
        } else if (strncmp(new, "OLD", 3) == 0) {
            memcpy(end, old, old_length);
            end += old_length;
            new += 3;
        } else {
            *end++ = *new ++;
        }
    }
    *end = '\0';
    return text;
}

/* The replacement of the same text, if it is to be kept, or a new one; NULL if it overlaps another.
 */
static struct replacement *replacement_of(struct source *source, const char *from, const char *to,
                                          bool keeps) {
    for (size_t i = 0; i < source->count; i++) {
        struct replacement *other = &source->replacement[i];
        if (other->from == from && other->to == to && keeps)
            return other;
        if (from < other->to && other->from < to)
            return NULL;
    }
    if (source->count == sizeof source->replacement / sizeof source->replacement[0])
        return NULL;
    struct replacement *made = &source->replacement[source->count++];
    size_t length = (size_t)(to - from);
    *made = (struct replacement){from, to, must(malloc(length + 1))};
    memcpy(made->text, from, length);
    made->text[length] = '\0';
    return made;
}

static bool plant(struct source *source, const struct mutant *mutant,
                  const struct mutant_edit *edit) {
    const char *from, *to;
    unsigned times = find(source->text, edit->old, &from, &to);
    if (times != 1) {
        fprintf(stderr, "mutant %s: its text stands %u times in %s: %s\n", mutant->name, times,
                edit->file, edit->old);
        return false;
    }
    struct replacement *place = replacement_of(source, from, to, strstr(edit->new, "OLD"));
    if (!place) {
        fprintf(stderr, "mutant %s: its text overlaps another's, and is not that OLD, in %s: %s\n",
                mutant->name, edit->file, edit->old);
        return false;
    }
    char condition[64];
    snprintf(condition, sizeof condition,
             source->verilog ? "(mutants::chosen == %u)" : "(mutant_chosen == %u)", mutant->number);
    char *text = expand(edit->new, condition, place->text, strlen(place->text));
    free(place->text);
    place->text = text;
    return true;
}

static int by_place(const void *a, const void *b) {
    const struct replacement *left = a, *right = b;
    return (left->from > right->from) - (left->from < right->from);
}

static char *rewritten(struct source *source) {
    size_t size = strlen(source->text) + 64;
    for (size_t i = 0; i < source->count; i++)
        size += strlen(source->replacement[i].text);
    char *text = must(malloc(size)), *end = text;
    if (!source->verilog)
        end = stpcpy(end, "extern int mutant_chosen;\n#line 1\n");
    qsort(source->replacement, source->count, sizeof source->replacement[0], by_place);
    const char *at = source->text;
    for (size_t i = 0; i < source->count; i++) {
        const struct replacement *next = &source->replacement[i];
        memcpy(end, at, (size_t)(next->from - at));
        end = stpcpy(end + (next->from - at), next->text);
        at = next->to;
    }
    stpcpy(end, at);
    return text;
}

/* Only if it says something new: what is built from it is then not built again. */
static void write_if_new(const char *path, const char *text) {
    FILE *file = fopen(path, "rb");
    bool same = false;
    if (file) {
        fclose(file);
        char *before = read_whole(path);
        same = before && strcmp(before, text) == 0;
        free(before);
    }
    if (same)
        return;
    file = fopen(path, "wb");
    if (!file || fputs(text, file) == EOF || fclose(file) != 0) {
        fprintf(stderr, "%s: cannot be written\n", path);
        exit(2);
    }
}

static bool copy(const struct mutant_table *table, const char *from_dir, const char *to_dir,
                 const char *file) {
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", from_dir, file);
    char *text = read_whole(path);
    if (!text)
        exit(2);
    struct source source = {.file = file, .text = text, .verilog = strncmp(file, "rtl/", 4) == 0};
    bool all = true;
    for (size_t i = 0; i < table->count; i++)
        for (size_t k = 0; k < table->mutant[i].edits; k++)
            if (strcmp(table->mutant[i].edit[k].file, file) == 0)
                all &= plant(&source, &table->mutant[i], &table->mutant[i].edit[k]);
    char *planted = rewritten(&source);
    snprintf(path, sizeof path, "%s/%s", to_dir, file);
    write_if_new(path, planted);
    free(planted);
    for (size_t i = 0; i < source.count; i++)
        free(source.replacement[i].text);
    free(text);
    return all;
}

int main(int argc, char **argv) {
    struct mutant_table table;
    if (argc < 5) {
        fprintf(stderr, "Usage: plant LIST FROM TO FILE...\n");
        return 2;
    }
    if (!mutant_table_read(argv[1], &table))
        return 2;
    bool all = true;
    for (int i = 4; i < argc; i++)
        all &= copy(&table, argv[2], argv[3], argv[i]);
    mutant_table_free(&table);
    return all ? 0 : 1;
}
