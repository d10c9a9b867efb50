/*
 * Replaying a guest's page tables: what its parts share.
 */
#ifndef TWINWALK_CONFORM_GUEST_H
#define TWINWALK_CONFORM_GUEST_H

#include "tables.h"
#include "trial.h"

/* trial->path names the file that is being read. */
struct guest {
    struct trial *trial;
    const struct tables *tables;
    bool saw_hart; /* A and D are as the hart left them; else nobody knows */
};

/* The accesses that a hart made to each page, as the columns of NAME.access.gz have them. */
struct hart_access {
    const char *column;
    enum access_type access;
    enum privilege priv;
    bool sum, mxr;
    unsigned offset; /* in the page, bytes */
};

enum { HART_ACCESSES = 11, HART_READS_ANYTHING = 5 };
extern const struct hart_access hart_accesses[HART_ACCESSES];

/* Asks for one of them; the address is `page` + its offset, and a `pa` expected is moved likewise.
 */
void guest_ask(struct guest *guest, uint64_t line, uint64_t page, unsigned access, bool adue,
               struct expectation expect);

/* Each reads a whole file of its kind. false and an error. */
bool guest_replay_accesses(struct guest *guest, struct input_error *error); /* T, Q, A */
bool guest_replay_mappings(struct guest *guest, struct input_error *error); /* R */
bool guest_replay_walks(struct guest *guest, struct input_error *error);    /* G */

/* "d" and the like; the cause that this text names, if it is one that the access can have. */
bool parse_cause(const char *text, enum access_type access, enum cause *cause);

#endif
