/*
 * The list of planted bugs, mutants.txt: what is planted where, and how it must be caught.
 *
 * A line is a keyword and its value; '#' begins a comment line. `mutant NAME` opens a mutant, the
 * keywords that follow describe it:
 *   class   which public bugs of MMUs it stands for (tests/mutants/README.md), or a word
 *   says    what is planted, one line
 *   config  hardware configuration of the run; `small` unless told
 *   level   levels of comparison at which a run without the twin may find it first: digits, "1 2";
 *           or "4": only the twin shows it
 *   answers name of a trace that finds it also without a look at the TLBs; left out: none does
 *   file    source file of the edits that follow
 *   old     text in that file; blanks and line ends count as one blank
 *   new     what stands there instead. MUTANT is the condition that this mutant is chosen, OLD the
 *           old text; mutants that share an old text must be nested into each other's OLD.
 */
#ifndef TWINWALK_TESTS_MUTANTS_TABLE_H
#define TWINWALK_TESTS_MUTANTS_TABLE_H

#include <stdbool.h>
#include <stddef.h>

#define MUTANT_EDITS 3

struct mutant_edit {
    const char *file, *old, *new;
};

struct mutant {
    unsigned number; /* from 1, in the order of the file; 0: none */
    const char *name, *class, *says, *config, *level, *answers;
    size_t edits;
    struct mutant_edit edit[MUTANT_EDITS];
};

struct mutant_table {
    char *text; /* what the strings point into */
    size_t count;
    struct mutant *mutant;
};

/* The whole file, NUL-terminated, to free(); NULL: unreadable, a line was printed. */
char *read_whole(const char *path);

/* false: unreadable or malformed, a line was printed on stderr. */
bool mutant_table_read(const char *path, struct mutant_table *table);
void mutant_table_free(struct mutant_table *table);

/* NULL: no such mutant. */
const struct mutant *mutant_find(const struct mutant_table *table, const char *name);

/* Whether only the comparison with the twin, level 4, is expected to find it. */
bool mutant_shows_in_timing_only(const struct mutant *mutant);

/* Where the bug is, by its file. */
enum mutant_side { MUTANT_IN_HARDWARE, MUTANT_IN_MODEL, MUTANT_IN_TWIN, MUTANT_SIDES };
enum mutant_side mutant_side(const struct mutant *mutant);

#endif
