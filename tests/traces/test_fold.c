/*
 * Folding is exact: per stream the folded trace expands to the references folded, and two-level
 * TLBs with separate first levels see the same misses and end in the same state.
 */
#include "support.h"

#include <stdlib.h>
#include <string.h>

enum { REFERENCES = 60000, L1_ENTRIES = 8, L2_ENTRIES = 32 };

struct reference {
    enum access_type access;
    uint64_t va;
    unsigned bytes;
};

/* Fully associative LRU, as a list, most recently used first; `dirty` as a TLB entry's D bit. */
struct list {
    unsigned entries, used;
    uint64_t misses, cleans;
    struct {
        uint64_t page;
        bool dirty;
    } entry[L2_ENTRIES];
};

/* False: a miss, or a store to a clean entry; the entry is then there and as dirty as it must be.
 */
static bool list_use(struct list *list, uint64_t page, bool store) {
    unsigned at = 0;
    while (at < list->used && list->entry[at].page != page)
        at++;
    bool found = at < list->used, dirty = found && list->entry[at].dirty;
    if (!found) {
        if (list->used < list->entries)
            list->used++;
        at = list->used - 1;
        list->misses++;
    }
    bool hit = found && (dirty || !store);
    list->cleans += found && !hit;
    memmove(list->entry + 1, list->entry, at * sizeof *list->entry);
    list->entry[0].page = page;
    list->entry[0].dirty = dirty || store;
    return hit;
}

struct tlbs {
    struct list l1[PORTS], l2;
};

static void tlbs_init(struct tlbs *tlbs) {
    memset(tlbs, 0, sizeof *tlbs);
    tlbs->l1[PORT_I].entries = tlbs->l1[PORT_D].entries = L1_ENTRIES;
    tlbs->l2.entries = L2_ENTRIES;
}

static void tlbs_use(struct tlbs *tlbs, enum access_type access, uint64_t page) {
    enum port port = access == ACCESS_EXECUTE ? PORT_I : PORT_D;
    if (!list_use(&tlbs->l1[port], page, access == ACCESS_WRITE))
        list_use(&tlbs->l2, page, access == ACCESS_WRITE);
}

/* Pages with locality, streams interleaved, some references across pages. */
static void make_references(struct reference *reference, uint64_t seed) {
    uint64_t page[PORTS] = {100, 200};
    for (size_t i = 0; i < REFERENCES; i++) {
        uint64_t draw = support_random(&seed);
        enum access_type access = (enum access_type)(draw % 3);
        enum port port = access == ACCESS_EXECUTE ? PORT_I : PORT_D;
        if (draw >> 61 == 0)
            page[port] = 100 + (draw >> 20) % 50;
        reference[i] = (struct reference){
            access, page[port] << PAGE_SHIFT | (draw >> 32 & PAGE_OFFSET), 1 + (draw >> 16) % 8};
    }
}

static size_t fold(const struct reference *reference, struct trace_record *to, size_t room,
                   struct trace_info *totals) {
    struct trace_info info = {.pages = true, .va_bits = 64};
    struct trace_error error = {""};
    const char *path = support_path("folded.twt");
    struct trace_writer *writer = trace_create(path, TRACE_BINARY, &info, &error);
    struct trace_folder *folder = trace_folder_create(writer);
    assert_non_null(folder);
    for (size_t i = 0; i < REFERENCES; i++)
        assert_true(
            trace_fold(folder, reference[i].access, reference[i].va, reference[i].bytes, &error));
    assert_true(trace_fold_flush(folder, &error));
    trace_folder_destroy(folder);
    assert_true(trace_writer_close(writer, &error));
    long n = support_read_trace(path, to, room, 512, totals, &error);
    assert_true(n > 0 && (size_t)n <= room);
    return (size_t)n;
}

static void test_same_misses_and_state(void **state) {
    (void)state;
    struct reference *reference = malloc(REFERENCES * sizeof *reference);
    struct trace_record *record = malloc(3 * REFERENCES * sizeof *record);
    for (uint64_t seed = 1; seed <= 3; seed++) {
        make_references(reference, seed);
        struct trace_info totals;
        size_t n = fold(reference, record, 3 * REFERENCES, &totals);
        struct tlbs plain, folded;
        tlbs_init(&plain);
        tlbs_init(&folded);
        for (size_t i = 0; i < REFERENCES; i++) {
            uint64_t va = reference[i].va, last = va + reference[i].bytes - 1;
            tlbs_use(&plain, reference[i].access, va >> PAGE_SHIFT);
            if (last >> PAGE_SHIFT != va >> PAGE_SHIFT)
                tlbs_use(&plain, reference[i].access, last >> PAGE_SHIFT);
        }
        for (size_t i = 0; i < n; i++)
            if (record[i].kind == TRACE_ACCESS)
                tlbs_use(&folded, record[i].access, record[i].va >> PAGE_SHIFT);
        assert_memory_equal(&plain, &folded, sizeof plain);
        assert_int_equal(totals.references[PORT_I] + totals.references[PORT_D], REFERENCES);
        assert_true(n < REFERENCES);
    }
    free(record);
    free(reference);
}

/* The pages of one stream in order, repeats written out. */
static size_t expand(const struct trace_record *record, size_t n, enum port port, uint64_t *page) {
    size_t made = 0;
    uint64_t current = 0;
    for (size_t i = 0; i < n; i++) {
        if (trace_port(&record[i]) != port)
            continue;
        if (record[i].kind == TRACE_ACCESS)
            current = record[i].va >> PAGE_SHIFT;
        size_t count = record[i].kind == TRACE_REPEAT ? record[i].count : 1;
        while (count--)
            page[made++] = current;
    }
    return made;
}

static void test_same_page_sequence(void **state) {
    (void)state;
    struct reference *reference = malloc(REFERENCES * sizeof *reference);
    struct trace_record *record = malloc(3 * REFERENCES * sizeof *record);
    uint64_t *want = malloc(2 * REFERENCES * sizeof *want);
    uint64_t *got = malloc(2 * REFERENCES * sizeof *got);
    struct trace_info totals;
    make_references(reference, 7);
    size_t n = fold(reference, record, 3 * REFERENCES, &totals);
    for (int port = 0; port < PORTS; port++) {
        size_t wanted = 0;
        for (size_t i = 0; i < REFERENCES; i++) {
            uint64_t first = reference[i].va >> PAGE_SHIFT;
            uint64_t last = (reference[i].va + reference[i].bytes - 1) >> PAGE_SHIFT;
            if ((reference[i].access == ACCESS_EXECUTE) != (port == PORT_I))
                continue;
            want[wanted++] = first;
            if (last != first)
                want[wanted++] = last;
        }
        assert_int_equal(expand(record, n, (enum port)port, got), wanted);
        assert_memory_equal(got, want, wanted * sizeof *want);
    }
    free(got);
    free(want);
    free(record);
    free(reference);
}

/* What the folder writes for a few references, record by record. */
static void test_by_hand(void **state) {
    (void)state;
    static const struct reference references[] = {
        {ACCESS_EXECUTE, 0x1000, 4}, {ACCESS_READ, 0x5000, 8},    {ACCESS_EXECUTE, 0x1004, 4},
        {ACCESS_READ, 0x5008, 8},    {ACCESS_WRITE, 0x5010, 8},   {ACCESS_WRITE, 0x5018, 8},
        {ACCESS_READ, 0x5ffc, 8},    {ACCESS_EXECUTE, 0x1ffe, 4}, {ACCESS_EXECUTE, 0x2002, 4},
    };
    static const char want[] = "twinwalk-trace 1\nform pages\nva-bits 64\n"
                               "f 1000\nr 5000\nrep d 1\nw 5000\nrep d 2\n+r 6000\n"
                               "rep i 2\n+f 2000\nrep i 1\n";
    struct trace_info info = {.pages = true, .va_bits = 64};
    struct trace_error error;
    const char *path = support_path("hand.txt");
    struct trace_writer *writer = trace_create(path, TRACE_TEXT, &info, &error);
    struct trace_folder *folder = trace_folder_create(writer);
    for (size_t i = 0; i < sizeof references / sizeof *references; i++)
        assert_true(trace_fold(folder, references[i].access, references[i].va, references[i].bytes,
                               &error));
    assert_true(trace_fold_flush(folder, &error));
    trace_folder_destroy(folder);
    assert_true(trace_writer_close(writer, &error));
    size_t length;
    char *text = (char *)support_read_file(path, &length);
    text[length] = '\0';
    assert_string_equal(text, want);
    free(text);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same_misses_and_state),
        cmocka_unit_test(test_same_page_sequence),
        cmocka_unit_test(test_by_hand),
    };
    return cmocka_run_group_tests(tests, support_setup, support_teardown);
}
