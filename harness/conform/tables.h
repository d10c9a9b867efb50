/*
 * Page tables as they lay in a guest's memory (NAME.tables.gz), and the fields of the lines that
 * the files beside it are made of. tests/conformance/vectors/README.md describes the forms.
 */
#ifndef TWINWALK_CONFORM_TABLES_H
#define TWINWALK_CONFORM_TABLES_H

#include "expectation.h"
#include "lines.h"
#include "mmu/mmu.h"

struct tables {
    bool x86;                   /* modes that are not modelled: no more than the mode is known */
    struct mmu_control control; /* mode, root, ASID; the flags are 0 */
    unsigned entry_bytes;
    bool limited; /* memory is [ram_from, ram_to), bytes; else every address exists */
    uint64_t ram_from, ram_to;
    struct word *entry; /* the non-zero entries of all pages */
    size_t entries, room;
    uint64_t pages;
};

/* false and an error; on true tables_free() frees it. */
bool tables_read(struct tables *tables, const char *path, struct input_error *error);
void tables_free(struct tables *tables);

/*
 * Follows pointers and checks nothing else, to know without asking either MMU how large a leaf is
 * and whether a walk leaves memory.
 */
struct leaf {
    unsigned shift; /* log2 of the bytes that an entry translates at the level where it stops */
    bool valid;     /* it stops at a valid leaf */
    bool outside;   /* it stops at a good pointer to a table where no memory is */
};
struct leaf tables_leaf(const struct tables *tables, uint64_t va);

/*
 * Blank-separated fields of a line, which is cut up; at most `max`, the count is returned, max + 1
 * when there are more. Comments (#) and empty lines have none.
 */
size_t split_fields(char *text, char **field, size_t max);

#endif
