/* Every record comes back as it was written, from both forms and through both. */
#include "support.h"

#include <stdlib.h>
#include <string.h>

enum { RANDOM_RECORDS = 20000, MANY = 700000 };

static void compare(const struct trace_record *want, const struct trace_record *got, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (!support_same_record(&want[i], &got[i]))
            fail_msg("record %zu differs", i + 1);
}

static void round_trip(enum trace_form form, const struct trace_info *info,
                       const struct trace_record *record, size_t n, size_t batch) {
    const char *path = support_path(form == TRACE_TEXT ? "a.txt" : "a.twt");
    struct trace_record *back = calloc(n ? n : 1, sizeof *back);
    struct trace_error error = {""};
    struct trace_info read;
    assert_non_null(back);
    support_write_trace(path, form, info, record, n);
    long got = support_read_trace(path, back, n, batch, &read, &error);
    if (got < 0)
        fail_msg("%s", error.text);
    assert_int_equal(got, n);
    compare(record, back, n);
    assert_string_equal(read.program, info->program);
    assert_string_equal(read.recorder, info->recorder);
    assert_string_equal(read.note, info->note);
    assert_int_equal(read.pages, info->pages);
    assert_int_equal(read.va_bits, info->va_bits);
    assert_int_equal(read.records, n);
    assert_true(read.totals_known);
    free(back);
}

static const struct trace_record every_kind[] = {
    {.kind = TRACE_SET, .reg = TRACE_MODE, .value = MODE_SV39},
    {.kind = TRACE_SET, .reg = TRACE_MODE, .value = MODE_BARE},
    {.kind = TRACE_SET, .reg = TRACE_ROOT, .value = 0xfffffffffff},
    {.kind = TRACE_SET, .reg = TRACE_ASID, .value = 65535},
    {.kind = TRACE_SET, .reg = TRACE_PRIV, .value = PRIV_M},
    {.kind = TRACE_SET, .reg = TRACE_SUM, .value = 1},
    {.kind = TRACE_SET, .reg = TRACE_MXR, .value = 0},
    {.kind = TRACE_SET, .reg = TRACE_ADUE, .value = 1},
    {.kind = TRACE_SET, .reg = TRACE_PBMTE, .value = 1},
    {.kind = TRACE_SET, .reg = TRACE_NAPOT, .value = 1},
    {.kind = TRACE_MEMORY, .va = 0xfffffffffffff8, .bytes = 8, .value = UINT64_MAX},
    {.kind = TRACE_MEMORY, .va = 0xfffffffffffffc, .bytes = 4, .value = UINT32_MAX},
    {.kind = TRACE_BUSERROR, .va = 0, .value = UINT64_C(1) << 56},
    {.kind = TRACE_FENCE},
    {.kind = TRACE_FENCE, .has_va = true, .va = UINT64_MAX},
    {.kind = TRACE_FENCE, .has_asid = true, .asid = 65535},
    {.kind = TRACE_FENCE, .has_va = true, .va = 4096, .has_asid = true, .asid = 1},
    {.kind = TRACE_SWITCH, .value = 65535},
    {.kind = TRACE_ACCESS, .access = ACCESS_EXECUTE, .va = 0xfffffffffffff000, .bytes = 4096},
    {.kind = TRACE_REPEAT, .port = PORT_I, .count = UINT32_MAX},
    {.kind = TRACE_ACCESS, .access = ACCESS_READ, .va = 4095, .bytes = 2},
    {.kind = TRACE_ACCESS, .access = ACCESS_WRITE, .va = 4097, .bytes = 0, .continued = true},
    {.kind = TRACE_REPEAT, .port = PORT_D, .count = 1},
    {.kind = TRACE_REPEAT, .port = PORT_D, .count = 255},
    {.kind = TRACE_REPEAT, .port = PORT_I, .count = 256},
    {.kind = TRACE_REPEAT, .port = PORT_D, .count = 257},
    {.kind = TRACE_ACCESS, .access = ACCESS_READ, .va = 0, .bytes = 127},
    {.kind = TRACE_ACCESS, .access = ACCESS_READ, .va = 127, .bytes = 128},
};

static void test_every_kind(void **state) {
    (void)state;
    struct trace_info info = {
        .program = "a 'b c' \xc3\xbc", .recorder = "hand", .note = "n 1", .va_bits = 64};
    size_t n = sizeof every_kind / sizeof *every_kind;
    for (size_t batch = 1; batch < n + 2; batch++) {
        round_trip(TRACE_TEXT, &info, every_kind, n, batch);
        round_trip(TRACE_BINARY, &info, every_kind, n, batch);
    }
}

static void test_empty(void **state) {
    (void)state;
    struct trace_info info = {.va_bits = 32, .pages = true};
    round_trip(TRACE_TEXT, &info, NULL, 0, 1);
    round_trip(TRACE_BINARY, &info, NULL, 0, 1);
}

static void random_round_trips(bool pages, unsigned va_bits) {
    struct trace_info info = {.pages = pages, .va_bits = va_bits, .program = "random"};
    struct trace_record *record = calloc(RANDOM_RECORDS, sizeof *record);
    for (uint64_t seed = 1; seed <= 5; seed++) {
        support_random_records(record, RANDOM_RECORDS, pages, va_bits, seed);
        round_trip(TRACE_BINARY, &info, record, RANDOM_RECORDS, 1 + seed * 37);
        round_trip(TRACE_TEXT, &info, record, RANDOM_RECORDS, 1000);
    }
    free(record);
}

static void test_random_exact(void **state) {
    (void)state;
    random_round_trips(false, 64);
    random_round_trips(false, 32);
}

static void test_random_pages(void **state) {
    (void)state;
    random_round_trips(true, 64);
    random_round_trips(true, 32);
}

/* More than one block, also one that ends because its page table is full. */
static void test_many_blocks(void **state) {
    (void)state;
    struct trace_info info = {.pages = true, .va_bits = 64};
    struct trace_record *record = calloc(MANY, sizeof *record);
    uint64_t seed = 9;
    for (size_t i = 0; i < MANY; i++) {
        uint64_t page = i < MANY / 2 ? i * 3 : support_random(&seed) >> 12;
        record[i] = (struct trace_record){
            .kind = TRACE_ACCESS, .access = (uint8_t)(i % 3), .va = page << PAGE_SHIFT};
    }
    round_trip(TRACE_BINARY, &info, record, MANY, 4096);
    /* Operands fill a block too. */
    for (size_t i = 0; i < MANY; i++)
        record[i] = (struct trace_record){
            .kind = TRACE_MEMORY, .va = i * 8, .bytes = 8, .value = support_random(&seed)};
    round_trip(TRACE_BINARY, &info, record, MANY, 4096);
    free(record);
}

static void test_totals(void **state) {
    (void)state;
    const struct trace_record record[] = {
        {.kind = TRACE_ACCESS, .access = ACCESS_EXECUTE, .va = 4096},
        {.kind = TRACE_REPEAT, .port = PORT_I, .count = 9},
        {.kind = TRACE_SWITCH, .value = 2},
        {.kind = TRACE_SWITCH, .value = 3},
        {.kind = TRACE_ACCESS, .access = ACCESS_WRITE, .va = 4096},
        {.kind = TRACE_ACCESS, .access = ACCESS_WRITE, .va = 8192, .continued = true},
        {.kind = TRACE_SWITCH, .value = 1},
        {.kind = TRACE_ACCESS, .access = ACCESS_READ, .va = 4096},
    };
    const char *paths[] = {"t.twt", "t.txt"};
    for (int i = 0; i < 2; i++) {
        struct trace_info info = {.pages = true};
        struct trace_error error;
        const char *path = support_path(paths[i]);
        support_write_trace(path, trace_form_of_name(path), &info, record,
                            sizeof record / sizeof *record);
        assert_int_equal(support_read_trace(path, NULL, 0, 3, &info, &error), 8);
        assert_int_equal(info.references[PORT_I], 10);
        assert_int_equal(info.references[PORT_D], 2);
        assert_int_equal(info.instructions, 10);
        assert_int_equal(info.processes, 2);
    }
}

/* A binary header tells the totals before anything is read. */
static void test_totals_at_open(void **state) {
    (void)state;
    const char *path = support_path("o.twt");
    struct trace_info info = {.va_bits = 64};
    struct trace_error error;
    support_write_trace(path, TRACE_BINARY, &info, every_kind + 18, 2);
    struct trace_reader *reader = trace_open(path, &error);
    assert_non_null(reader);
    assert_true(trace_reader_info(reader)->totals_known);
    assert_int_equal(trace_reader_info(reader)->references[PORT_I], UINT64_C(1) << 32);
    trace_close(reader);
}

static void test_header_strings_are_cleaned(void **state) {
    (void)state;
    struct trace_info info = {.program = "  a\nb\t", .va_bits = 64};
    struct trace_error error;
    const char *path = support_path("s.txt");
    support_write_trace(path, TRACE_TEXT, &info, NULL, 0);
    assert_int_equal(support_read_trace(path, NULL, 0, 1, &info, &error), 0);
    assert_string_equal(info.program, "a b");
}

static void test_abort_leaves_nothing(void **state) {
    (void)state;
    unsigned before = support_files();
    struct trace_info info = {.va_bits = 64};
    struct trace_error error;
    for (int form = TRACE_TEXT; form <= TRACE_BINARY; form++) {
        struct trace_writer *writer =
            trace_create(support_path("gone"), (enum trace_form)form, &info, &error);
        assert_non_null(writer);
        assert_true(trace_write(writer, &every_kind[0], &error));
        trace_writer_abort(writer);
    }
    assert_int_equal(support_files(), before);
}

static void test_writer_refuses(void **state) {
    (void)state;
    static const struct trace_record wrong[] = {
        {.kind = 99},
        {.kind = TRACE_ACCESS, .access = 3},
        {.kind = TRACE_ACCESS, .va = UINT64_MAX, .bytes = 2},
        {.kind = TRACE_ACCESS, .bytes = 4097},
        {.kind = TRACE_ACCESS, .continued = true},
        {.kind = TRACE_REPEAT, .port = PORT_D, .count = 1},
        {.kind = TRACE_SET, .reg = TRACE_REGISTERS},
        {.kind = TRACE_SET, .reg = TRACE_MODE, .value = 2},
        {.kind = TRACE_SET, .reg = TRACE_PRIV, .value = 2},
        {.kind = TRACE_SET, .reg = TRACE_SUM, .value = 2},
        {.kind = TRACE_SET, .reg = TRACE_ROOT, .value = UINT64_C(1) << 44},
        {.kind = TRACE_MEMORY, .va = 4, .bytes = 8},
        {.kind = TRACE_MEMORY, .va = 4, .bytes = 2},
        {.kind = TRACE_MEMORY, .va = 4, .bytes = 4, .value = UINT64_C(1) << 32},
        {.kind = TRACE_BUSERROR, .va = 4, .value = 4},
        {.kind = TRACE_BUSERROR, .va = 4, .value = (UINT64_C(1) << 56) + 1},
        {.kind = TRACE_SWITCH, .value = 0},
        {.kind = TRACE_SWITCH, .value = 65536},
    };
    struct trace_info info = {.va_bits = 64};
    struct trace_error error;
    struct trace_writer *writer = trace_create(support_path("no.twt"), TRACE_BINARY, &info, &error);
    assert_non_null(writer);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        if (trace_write(writer, &wrong[i], &error))
            fail_msg("record %zu was written", i);
    trace_writer_abort(writer);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_kind),
        cmocka_unit_test(test_empty),
        cmocka_unit_test(test_random_exact),
        cmocka_unit_test(test_random_pages),
        cmocka_unit_test(test_many_blocks),
        cmocka_unit_test(test_totals),
        cmocka_unit_test(test_totals_at_open),
        cmocka_unit_test(test_header_strings_are_cleaned),
        cmocka_unit_test(test_abort_leaves_nothing),
        cmocka_unit_test(test_writer_refuses),
    };
    return cmocka_run_group_tests(tests, support_setup, support_teardown);
}
