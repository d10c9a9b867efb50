/* What a hart did with the tables: NAME.access.gz. */
#include "guest.h"

#include <stdlib.h>
#include <string.h>

const struct hart_access hart_accesses[HART_ACCESSES] = {
    {"lU", ACCESS_READ, PRIV_U, false, false, 0x8},
    {"lUx", ACCESS_READ, PRIV_U, false, true, 0x8},
    {"lS", ACCESS_READ, PRIV_S, false, false, 0x8},
    {"lSs", ACCESS_READ, PRIV_S, true, false, 0x8},
    {"lSx", ACCESS_READ, PRIV_S, false, true, 0x8},
    {"lSsx", ACCESS_READ, PRIV_S, true, true, 0x8},
    {"sU", ACCESS_WRITE, PRIV_U, false, false, 0x10},
    {"sS", ACCESS_WRITE, PRIV_S, false, false, 0x10},
    {"sSs", ACCESS_WRITE, PRIV_S, true, false, 0x10},
    {"fU", ACCESS_EXECUTE, PRIV_U, false, false, 0x0},
    {"fS", ACCESS_EXECUTE, PRIV_S, false, false, 0x0},
};

/* The two causes of each kind of access. */
static const struct {
    enum cause page, access;
} causes[] = {
    [ACCESS_READ] = {CAUSE_LOAD_PAGE_FAULT, CAUSE_LOAD_ACCESS_FAULT},
    [ACCESS_WRITE] = {CAUSE_STORE_PAGE_FAULT, CAUSE_STORE_ACCESS_FAULT},
    [ACCESS_EXECUTE] = {CAUSE_FETCH_PAGE_FAULT, CAUSE_FETCH_ACCESS_FAULT},
};

/* Entries that A lines say the hart's A/D updates left changed. */
struct dirtied {
    struct word *word;
    size_t count, room;
};

bool parse_cause(const char *text, enum access_type access, enum cause *cause) {
    uint64_t code;
    *cause = CAUSE_NONE;
    if (!hex_parse(text, false, &code))
        return false;
    if (code == (uint64_t)causes[access].page)
        *cause = causes[access].page;
    else if (code == (uint64_t)causes[access].access)
        *cause = causes[access].access;
    return *cause != CAUSE_NONE;
}

void guest_ask(struct guest *guest, uint64_t line, uint64_t page, unsigned access, bool adue,
               struct expectation expect) {
    const struct hart_access *how = &hart_accesses[access];
    struct mmu_control control = guest->tables->control;
    control.sum = how->sum;
    control.mxr = how->mxr;
    control.adue = adue;
    trial_set_control(guest->trial, &control);
    if (expect.want == WANT_PA)
        expect.pa += how->offset;
    char where[24];
    snprintf(where, sizeof where, "column %s", how->column);
    trial_ask(guest->trial,
              &(struct question){
                  .line = line,
                  .where = where,
                  .request = {.va = page + how->offset, .access = how->access, .priv = how->priv},
                  .expect = expect,
                  .aftermath = COLLECT,
              });
}

/*
 * What one column demands. An access fault in a T line is the access's own, after a good
 * translation. In a Q line the walk left RAM, where the specification wants an access fault and
 * QEMU gave a page fault.
 */
static bool expect_outcome(char row, const char *text, const char *page, enum access_type access,
                           struct expectation *expect) {
    *expect = (struct expectation){.want = WANT_FAULT, .any_change = true};
    if (strcmp(text, "ok") == 0) {
        expect->want = strcmp(page, "-") == 0 ? WANT_INSIDE_RAM : WANT_PA;
        return expect->want == WANT_INSIDE_RAM || hex_parse(page, false, &expect->pa);
    }
    if (!parse_cause(text, access, &expect->cause))
        return false;
    if (row == 'Q')
        expect->cause = causes[access].access;
    else if (expect->cause == causes[access].access)
        expect->want = WANT_OUTSIDE_RAM;
    return true;
}

static bool replay_row(struct guest *guest, const struct lines *lines, char **field,
                       struct input_error *error) {
    uint64_t page;
    if (!hex_parse(field[1], false, &page) || page % PAGE_BYTES != 0)
        return lines_fail(lines, error, "'%.40s' is not the address of a page", field[1]);
    struct expectation expect[HART_ACCESSES];
    const char *pa = field[2 + HART_ACCESSES];
    for (unsigned i = 0; i < HART_ACCESSES; i++)
        if (!expect_outcome(*field[0], field[2 + i], pa, hart_accesses[i].access, &expect[i]))
            return lines_fail(lines, error, "%s '%.20s', page '%.20s': no outcome of that access",
                              hart_accesses[i].column, field[2 + i], pa);
    for (unsigned i = 0; i < HART_ACCESSES; i++)
        guest_ask(guest, lines->number, page, i, true, expect[i]);
    return true;
}

static bool note_dirtied(const struct guest *guest, const struct lines *lines, char **field,
                         struct dirtied *dirtied, struct input_error *error) {
    unsigned bytes = guest->tables->entry_bytes;
    uint64_t page, index, value;
    if (!hex_parse(field[1], false, &page) || !hex_parse(field[2], false, &index) ||
        !hex_parse(field[3], false, &value) || page % PAGE_BYTES != 0 ||
        index >= PAGE_BYTES / bytes)
        return lines_fail(lines, error, "A needs a table page, an index and an entry");
    if (dirtied->count == dirtied->room) {
        size_t room = dirtied->room ? 2 * dirtied->room : 1024;
        struct word *grown = realloc(dirtied->word, room * sizeof *grown);
        if (!grown)
            return lines_fail(lines, error, "out of memory");
        dirtied->word = grown;
        dirtied->room = room;
    }
    dirtied->word[dirtied->count++] = (struct word){page + index * bytes, value};
    return true;
}

static bool replay_line(struct guest *guest, const struct lines *lines, struct dirtied *dirtied,
                        struct input_error *error) {
    char *field[HART_ACCESSES + 3];
    size_t fields = split_fields(lines->text, field, HART_ACCESSES + 3);
    if (fields == 0)
        return true;
    bool row = strcmp(field[0], "T") == 0 || strcmp(field[0], "Q") == 0;
    if (row && fields == HART_ACCESSES + 3)
        return replay_row(guest, lines, field, error);
    if (strcmp(field[0], "A") == 0 && fields == 4)
        return note_dirtied(guest, lines, field, dirtied, error);
    return lines_fail(lines, error, "neither T or Q with %d fields nor A with 4",
                      HART_ACCESSES + 3);
}

static int by_pa(const void *a, const void *b) {
    uint64_t x = ((const struct word *)a)->pa, y = ((const struct word *)b)->pa;
    return x < y ? -1 : x > y;
}

/* The entries that one side's updates changed are those of the A lines, and no others. */
static void judge_dirtied(struct trial *trial, enum side side, const struct dirtied *dirtied) {
    const struct change *changes = trial->bench[side].changes, *change;
    for (size_t i = 0; i < dirtied->count; i++) {
        const struct word *word = &dirtied->word[i];
        HASH_FIND(hh, changes, &word->pa, sizeof word->pa, change);
        if (!change || change->value != word->value)
            trial_mismatch(trial, side, "the entry at %llx is %llx, the hart's was %llx",
                           (unsigned long long)word->pa,
                           (unsigned long long)(change ? change->value : 0),
                           (unsigned long long)word->value);
    }
    for (change = changes; change; change = change->hh.next) {
        const struct word key = {.pa = change->pa};
        bool known = dirtied->count > 0 &&
                     bsearch(&key, dirtied->word, dirtied->count, sizeof dirtied->word[0], by_pa);
        if (!known && change->value != change->before)
            trial_mismatch(trial, side, "the entry at %llx became %llx, the hart's stayed %llx",
                           (unsigned long long)change->pa, (unsigned long long)change->value,
                           (unsigned long long)change->before);
    }
}

bool guest_replay_accesses(struct guest *guest, struct input_error *error) {
    struct trial *trial = guest->trial;
    struct dirtied dirtied = {NULL, 0, 0};
    struct lines lines;
    if (!guest->tables->limited)
        return input_fail(error, trial->path, "cannot be judged: the tables have no H ram");
    if (!lines_open(&lines, trial->path, error))
        return false;
    int more;
    while ((more = lines_next(&lines, error)) > 0)
        if (!replay_line(guest, &lines, &dirtied, error))
            break;
    lines_close(&lines);
    if (more == 0) {
        if (dirtied.count > 0)
            qsort(dirtied.word, dirtied.count, sizeof dirtied.word[0], by_pa);
        trial->line = 0;
        for (int side = 0; side < SIDES; side++)
            judge_dirtied(trial, (enum side)side, &dirtied);
    }
    free(dirtied.word);
    return more == 0;
}
