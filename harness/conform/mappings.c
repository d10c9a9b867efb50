/* What QEMU's monitor listed: every mapping (NAME.expect.gz), single walks (NAME.gva2gpa.gz). */
#include "guest.h"
#include "mmu/mode.h"

#include <stdlib.h>
#include <string.h>

/* Leaves of one mapping; with more, the tables do not map memory but themselves. */
#define MAX_LEAVES (1u << 21)

/* Pages tried between the first and the last one of a leaf larger than a page. */
#define PAGES_WITHIN 3

/* [va, va + size) is mapped to pa …, with the leaves' rights `attr`. */
struct mapping {
    uint64_t line, va, pa, size; /* bytes */
    bool r, w, x, u, a, d;
};

struct mappings {
    struct mapping *mapping; /* ascending by va */
    size_t count, room;
    uint64_t random;
    unsigned turn;
};

/* "rwxugad", '-' for a letter that is not set. */
static bool parse_rights(const char *text, struct mapping *mapping) {
    static const char letters[] = "rwxugad";
    bool set[sizeof letters - 1];
    if (strlen(text) != sizeof letters - 1)
        return false;
    for (size_t i = 0; i < sizeof letters - 1; i++) {
        set[i] = text[i] == letters[i];
        if (!set[i] && text[i] != '-')
            return false;
    }
    mapping->r = set[0];
    mapping->w = set[1];
    mapping->x = set[2];
    mapping->u = set[3];
    mapping->a = set[5];
    mapping->d = set[6];
    return true;
}

/* The last byte, too, is a canonical address, in the same half. */
static bool fits_mode(const struct mode *mode, const struct mapping *mapping) {
    uint64_t last = mapping->va + mapping->size - 1;
    return last >= mapping->va && mode_canonical(mode, mapping->va) && mode_canonical(mode, last) &&
           (mapping->va ^ last) >> 63 == 0;
}

static bool add_mapping(struct mappings *list, const struct mapping *mapping) {
    if (list->count == list->room) {
        size_t room = list->room ? 2 * list->room : 1024;
        struct mapping *grown = realloc(list->mapping, room * sizeof *grown);
        if (!grown)
            return false;
        list->mapping = grown;
        list->room = room;
    }
    list->mapping[list->count++] = *mapping;
    return true;
}

static bool read_mapping(const struct guest *guest, const struct lines *lines,
                         struct mappings *list, struct input_error *error) {
    char *field[5];
    size_t fields = split_fields(lines->text, field, 5);
    if (fields == 0)
        return true;
    struct mapping mapping = {.line = lines->number};
    if (fields != 5 || strcmp(field[0], "R") != 0 || !hex_parse(field[1], false, &mapping.va) ||
        !hex_parse(field[2], false, &mapping.pa) || !hex_parse(field[3], false, &mapping.size) ||
        !parse_rights(field[4], &mapping))
        return lines_fail(lines, error, "is not R VA PA SIZE RIGHTS");
    if ((mapping.va | mapping.pa | mapping.size) % PAGE_BYTES != 0 || mapping.size == 0 ||
        mapping.pa >> TW_PA_W != 0 || mapping.size >> TW_PA_W != 0)
        return lines_fail(lines, error, "the mapping is not made of pages");
    if (!fits_mode(mode_find(guest->tables->control.mode), &mapping))
        return lines_fail(lines, error, "the mapping does not lie in the mode's address space");
    return add_mapping(list, &mapping) || lines_fail(lines, error, "out of memory");
}

/* What the rights of a leaf let an access do (12.3.2, steps 6, 8 and 9). */
static bool permitted(const struct mapping *mapping, const struct hart_access *how, bool adue) {
    if (how->priv == PRIV_U ? !mapping->u
                            : mapping->u && (how->access == ACCESS_EXECUTE || !how->sum))
        return false;
    bool right = how->access == ACCESS_EXECUTE ? mapping->x
                 : how->access == ACCESS_WRITE ? mapping->w
                                               : mapping->r || (how->mxr && mapping->x);
    bool noted = adue || (mapping->a && (how->access != ACCESS_WRITE || mapping->d));
    return right && noted;
}

static enum cause page_fault_of(enum access_type access) {
    return access == ACCESS_EXECUTE ? CAUSE_FETCH_PAGE_FAULT
           : access == ACCESS_WRITE ? CAUSE_STORE_PAGE_FAULT
                                    : CAUSE_LOAD_PAGE_FAULT;
}

static void ask(struct guest *guest, const struct mapping *mapping, uint64_t va, unsigned shift,
                unsigned access) {
    bool adue = !guest->saw_hart;
    const struct hart_access *how = &hart_accesses[access];
    struct expectation expect = {
        .want = WANT_FAULT, .cause = page_fault_of(how->access), .any_change = adue};
    if (permitted(mapping, how, adue)) {
        expect.want = WANT_PA;
        expect.pa = mapping->pa + (va - mapping->va);
        expect.shift = shift;
    }
    guest_ask(guest, mapping->line, va, access, adue, expect);
}

/*
 * The first and the last page of a mapping see every access; the others one that tells their
 * address and another one in turn.
 */
static void ask_page(struct guest *guest, struct mappings *list, const struct mapping *mapping,
                     uint64_t va, unsigned shift) {
    if (va == mapping->va || va - mapping->va == mapping->size - PAGE_BYTES) {
        for (unsigned access = 0; access < HART_ACCESSES; access++)
            ask(guest, mapping, va, shift, access);
        return;
    }
    ask(guest, mapping, va, shift, HART_READS_ANYTHING);
    ask(guest, mapping, va, shift, list->turn++ % HART_ACCESSES);
}

/* Every page of a small leaf; of a larger one the first, the last and some within. */
static void ask_leaf(struct guest *guest, struct mappings *list, const struct mapping *mapping,
                     uint64_t va, uint64_t last_page, unsigned shift) {
    ask_page(guest, list, mapping, va, shift);
    if (last_page == va)
        return;
    for (unsigned i = 0; i < PAGES_WITHIN; i++) {
        uint64_t pages = (last_page - va) / PAGE_BYTES;
        ask_page(guest, list, mapping, va + next_random(&list->random) % pages * PAGE_BYTES, shift);
    }
    ask_page(guest, list, mapping, last_page, shift);
}

static bool replay_mapping(struct guest *guest, struct mappings *list,
                           const struct mapping *mapping, struct input_error *error) {
    uint64_t last = mapping->va + (mapping->size - PAGE_BYTES); /* page */
    uint64_t va = mapping->va;
    for (unsigned leaves = 0; leaves < MAX_LEAVES; leaves++) {
        struct leaf leaf = tables_leaf(guest->tables, va);
        uint64_t end = va | ((UINT64_C(1) << leaf.shift) - 1);
        uint64_t last_page = end - (PAGE_BYTES - 1) < last ? end - (PAGE_BYTES - 1) : last;
        ask_leaf(guest, list, mapping, va, last_page, leaf.valid ? leaf.shift : 0);
        if (last_page == last)
            return true;
        va = last_page + PAGE_BYTES;
    }
    return input_fail(error, guest->trial->path, "line %llu: a mapping of more than %u leaves",
                      (unsigned long long)mapping->line, MAX_LEAVES);
}

static int by_va(const void *a, const void *b) {
    uint64_t x = ((const struct mapping *)a)->va, y = ((const struct mapping *)b)->va;
    return x < y ? -1 : x > y;
}

/* The page at va is not mapped, as far as mapping i and its neighbours tell. */
static bool unmapped(const struct mappings *list, size_t i, uint64_t va) {
    for (size_t k = i > 0 ? i - 1 : 0; k < list->count && k <= i + 1; k++)
        if (va >= list->mapping[k].va && va - list->mapping[k].va < list->mapping[k].size)
            return false;
    return true;
}

/*
 * Where nothing is mapped. Where the walk leaves memory, QEMU says no more than that; the
 * specification wants an access fault.
 */
static struct expectation expect_unmapped(const struct guest *guest, uint64_t va) {
    bool outside = mode_canonical(mode_find(guest->tables->control.mode), va) &&
                   tables_leaf(guest->tables, va).outside;
    return (struct expectation){
        .want = WANT_FAULT,
        .cause = outside ? CAUSE_LOAD_ACCESS_FAULT : CAUSE_LOAD_PAGE_FAULT,
    };
}

/* Pages just before and just behind a mapping, where nothing is mapped, must fault. */
static void replay_neighbours(struct guest *guest, const struct mappings *list, size_t i) {
    const struct mode *mode = mode_find(guest->tables->control.mode);
    const struct mapping *mapping = &list->mapping[i];
    const uint64_t pages[] = {mapping->va - PAGE_BYTES, mapping->va + mapping->size};
    for (size_t k = 0; k < sizeof pages / sizeof pages[0]; k++) {
        if (!mode_canonical(mode, pages[k]) || !unmapped(list, i, pages[k]))
            continue;
        guest_ask(guest, mapping->line, pages[k], HART_READS_ANYTHING, !guest->saw_hart,
                  expect_unmapped(guest, pages[k]));
    }
}

static bool replay_all(struct guest *guest, struct mappings *list, struct input_error *error) {
    if (list->count > 0)
        qsort(list->mapping, list->count, sizeof list->mapping[0], by_va);
    for (size_t i = 0; i < list->count; i++) {
        if (!replay_mapping(guest, list, &list->mapping[i], error))
            return false;
        for (int side = 0; side < SIDES; side++)
            bench_settle(&guest->trial->bench[side]);
        replay_neighbours(guest, list, i);
    }
    return true;
}

bool guest_replay_mappings(struct guest *guest, struct input_error *error) {
    struct mappings list = {.random = 1};
    struct lines lines;
    if (!lines_open(&lines, guest->trial->path, error))
        return false;
    int more;
    while ((more = lines_next(&lines, error)) > 0)
        if (!read_mapping(guest, &lines, &list, error))
            break;
    lines_close(&lines);
    bool ok = more == 0 && replay_all(guest, &list, error);
    free(list.mapping);
    return ok;
}

/* QEMU's other walker asks for no rights; nor does a read with SUM and MXR of a supervisor. */
static bool replay_walk(struct guest *guest, const struct lines *lines, struct input_error *error) {
    char *field[3];
    size_t fields = split_fields(lines->text, field, 3);
    if (fields == 0)
        return true;
    uint64_t va, pa = 0;
    bool mapped = fields == 3 && strcmp(field[2], "-") != 0;
    if (fields != 3 || strcmp(field[0], "G") != 0 || !hex_parse(field[1], false, &va) ||
        (mapped && !hex_parse(field[2], false, &pa)))
        return lines_fail(lines, error, "is not G VA PA or G VA -");
    uint64_t within = va % PAGE_BYTES;
    if (mapped && pa % PAGE_BYTES != within)
        return lines_fail(lines, error, "the offsets in the page differ");
    struct expectation expect = expect_unmapped(guest, va);
    if (mapped)
        expect = (struct expectation){.want = WANT_PA, .pa = pa - within};
    expect.any_change = true;
    guest_ask(guest, lines->number, va - within, HART_READS_ANYTHING, true, expect);
    return true;
}

bool guest_replay_walks(struct guest *guest, struct input_error *error) {
    struct lines lines;
    if (!lines_open(&lines, guest->trial->path, error))
        return false;
    int more;
    while ((more = lines_next(&lines, error)) > 0)
        if (!replay_walk(guest, &lines, error))
            break;
    lines_close(&lines);
    return more == 0;
}
