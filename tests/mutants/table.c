#include "table.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

char *read_whole(const char *path) {
    FILE *file = fopen(path, "rb");
    char *text = NULL;
    size_t size = 0, got = 1;
    while (file && got > 0) {
        char *more = realloc(text, size + 65536 + 1);
        if (!more)
            break;
        text = more;
        got = fread(text + size, 1, 65536, file);
        size += got;
    }
    if (!file || got > 0 || ferror(file)) {
        fprintf(stderr, "%s: %s\n", path, strerror(errno));
        free(text);
        text = NULL;
    }
    if (file)
        fclose(file);
    if (text)
        text[size] = '\0';
    return text;
}

static struct mutant *add(struct mutant_table *table, const char *name) {
    struct mutant *more = realloc(table->mutant, (table->count + 1) * sizeof *more);
    if (!more)
        return NULL;
    table->mutant = more;
    struct mutant *mutant = &more[table->count++];
    *mutant = (struct mutant){.number = (unsigned)table->count, .name = name, .config = "small"};
    return mutant;
}

static bool add_edit(struct mutant *mutant, const char *file, const char *old) {
    if (mutant->edits == MUTANT_EDITS || !file)
        return false;
    mutant->edit[mutant->edits++] = (struct mutant_edit){file, old, NULL};
    return true;
}

static bool take(struct mutant_table *table, const char **file, const char *keyword,
                 const char *value) {
    if (strcmp(keyword, "mutant") == 0) {
        *file = NULL;
        return !mutant_find(table, value) && add(table, value) != NULL;
    }
    if (table->count == 0)
        return false;
    struct mutant *mutant = &table->mutant[table->count - 1];
    const struct {
        const char *keyword;
        const char **to;
    } fields[] = {
        {"class", &mutant->class}, {"says", &mutant->says},       {"config", &mutant->config},
        {"level", &mutant->level}, {"answers", &mutant->answers}, {"file", file},
    };
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++)
        if (strcmp(keyword, fields[i].keyword) == 0) {
            *fields[i].to = value;
            return true;
        }
    if (strcmp(keyword, "old") == 0)
        return add_edit(mutant, *file, value);
    struct mutant_edit *edit = mutant->edits ? &mutant->edit[mutant->edits - 1] : NULL;
    if (strcmp(keyword, "new") != 0 || !edit || edit->new)
        return false;
    edit->new = value;
    return true;
}

static bool complete(const char *path, const struct mutant *mutant) {
    bool is = mutant->class && mutant->says && mutant->level && mutant->edits > 0;
    for (size_t i = 0; i < mutant->edits; i++)
        is = is && mutant->edit[i].new;
    if (!is)
        fprintf(stderr, "%s: mutant %s lacks a class, says, level, old or new\n", path,
                mutant->name);
    return is;
}

/* Cuts a line into keyword and value, in place; an empty keyword for lines that say nothing. */
static void split(char *line, char **keyword, char **value) {
    *keyword = line + strspn(line, " \t");
    size_t length = strlen(*keyword);
    while (length > 0 && strchr(" \t\r", (*keyword)[length - 1]))
        (*keyword)[--length] = '\0';
    if (**keyword == '#')
        **keyword = '\0';
    *value = *keyword + strcspn(*keyword, " \t");
    if (**value == '\0')
        return;
    *(*value)++ = '\0';
    *value += strspn(*value, " \t");
}

bool mutant_table_read(const char *path, struct mutant_table *table) {
    *table = (struct mutant_table){.text = read_whole(path)};
    if (!table->text)
        return false;
    bool good = true;
    const char *file = NULL;
    unsigned number = 1;
    for (char *line = table->text, *next; line && good; line = next, number++) {
        if ((next = strchr(line, '\n')))
            *next++ = '\0';
        char *keyword, *value;
        split(line, &keyword, &value);
        good = *keyword == '\0' || (*value != '\0' && take(table, &file, keyword, value));
        if (!good)
            fprintf(stderr, "%s:%u: '%s' cannot stand here\n", path, number, keyword);
    }
    for (size_t i = 0; i < table->count && good; i++)
        good = complete(path, &table->mutant[i]);
    if (good && table->count == 0) {
        fprintf(stderr, "%s: lists no mutant\n", path);
        good = false;
    }
    if (!good)
        mutant_table_free(table);
    return good;
}

void mutant_table_free(struct mutant_table *table) {
    free(table->mutant);
    free(table->text);
    *table = (struct mutant_table){.count = 0};
}

const struct mutant *mutant_find(const struct mutant_table *table, const char *name) {
    for (size_t i = 0; i < table->count; i++)
        if (strcmp(table->mutant[i].name, name) == 0)
            return &table->mutant[i];
    return NULL;
}

bool mutant_shows_in_timing_only(const struct mutant *mutant) {
    return strcmp(mutant->level, "4") == 0;
}

enum mutant_side mutant_side(const struct mutant *mutant) {
    const char *file = mutant->edit[0].file;
    if (strncmp(file, "rtl/", 4) == 0)
        return MUTANT_IN_HARDWARE;
    return strncmp(file, "model/timing/", 13) == 0 ? MUTANT_IN_TWIN : MUTANT_IN_MODEL;
}
