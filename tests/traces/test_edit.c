/* cut, mix, fold_copy and the lackey importer, on texts that say what is wanted. */
#include "edit/edit.h"
#include "import/import.h"
#include "support.h"

#include <stdlib.h>
#include <string.h>

static const char exact_header[] = "twinwalk-trace 1\nform exact\nva-bits 64\n";
static const char pages_header[] = "twinwalk-trace 1\nform pages\nva-bits 64\n";

static struct trace_reader *open_text(const char *name, const char *text) {
    struct trace_error error = {""};
    const char *path = support_path(name);
    support_write_file(path, text, strlen(text));
    struct trace_reader *reader = trace_open(path, &error);
    if (!reader)
        fail_msg("%s", error.text);
    return reader;
}

static struct trace_writer *create_text(bool pages) {
    struct trace_info info = {.pages = pages, .va_bits = 64};
    struct trace_error error = {""};
    struct trace_writer *writer = trace_create(support_path("out.txt"), TRACE_TEXT, &info, &error);
    if (!writer)
        fail_msg("%s", error.text);
    return writer;
}

/* Closes the writer and compares what it wrote behind the header. */
static void expect_text(struct trace_writer *writer, bool pages, const char *want) {
    struct trace_error error = {""};
    if (!trace_writer_close(writer, &error))
        fail_msg("%s", error.text);
    size_t length, header = strlen(pages ? pages_header : exact_header);
    char *text = (char *)support_read_file(support_path("out.txt"), &length);
    text[length] = '\0';
    assert_true(length >= header);
    assert_string_equal(text + header, want);
    free(text);
}

static void expect_cut(const char *records, uint64_t from, uint64_t count, const char *want) {
    char text[2048];
    struct trace_error error = {""};
    snprintf(text, sizeof text, "%s%s", pages_header, records);
    struct trace_reader *reader = open_text("in.txt", text);
    struct trace_writer *writer = create_text(true);
    bool good = trace_cut(reader, writer, from, count, &error);
    trace_close(reader);
    if (want) {
        if (!good)
            fail_msg("%s", error.text);
        expect_text(writer, true, want);
    } else {
        assert_false(good);
        trace_writer_abort(writer);
    }
}

/* References: 0 f, 1 r, 2 w, 3-7 rep d, 8-10 rep i, 11 r 7000 with its second half, 12 f */
static const char sample[] = "set mode sv39\n"
                             "switch 2\n"
                             "f 1000\nr 5000\nw 5000\nrep d 5\nrep i 3\nr 7000\n+r 8000\nf 2000\n";

static void test_cut(void **state) {
    (void)state;
    static const char before[] = "set mode sv39\nswitch 2\n";
    char want[512];
#define EXPECT(from, count, records)                                                               \
    snprintf(want, sizeof want, "%s%s", before, records);                                          \
    expect_cut(sample, from, count, want)
    EXPECT(0, 100, "f 1000\nr 5000\nw 5000\nrep d 5\nrep i 3\nr 7000\n+r 8000\nf 2000\n");
    EXPECT(0, 1, "f 1000\n");
    EXPECT(1, 4, "r 5000\nw 5000\nrep d 2\n");
    /* In the middle of a run: it begins with the strongest access of its page. */
    EXPECT(4, 3, "w 5000\nrep d 2\n");
    EXPECT(7, 2, "w 5000\nf 1000\n");
    EXPECT(8, 5, "f 1000\nrep i 2\nr 7000\n+r 8000\nf 2000\n");
    /* A second half belongs to its first. */
    EXPECT(11, 1, "r 7000\n+r 8000\n");
    EXPECT(12, 9, "f 2000\n");
#undef EXPECT
    expect_cut(sample, 13, 1, NULL);
    expect_cut(sample, 14, 1, NULL);
}

static void test_cut_keeps_what_lasts(void **state) {
    (void)state;
    static const char records[] = "switch 2\nmem 1000 7 8\nr 1000\nswitch 3\nw 1000\nfence\n"
                                  "buserror 0 1000\nswitch 4\nr 1000\nrep d 3\nfence\nr 1000\n";
    expect_cut(records, 3, 4,
               "switch 2\nmem 1000 7 8\nswitch 3\nbuserror 0 1000\nswitch 4\nr 1000\nrep d 2\n"
               "fence\nr 1000\n");
}

static void test_mix(void **state) {
    (void)state;
    char text[512];
    snprintf(text, sizeof text, "%sf 1000\nrep i 3\nr 2000\n+r 3000\n", pages_header);
    struct trace_reader *a = open_text("a.txt", text);
    snprintf(text, sizeof text, "%sw 9000\nrep d 6\n", pages_header);
    struct trace_reader *b = open_text("b.txt", text);
    struct trace_reader *const both[2] = {a, b};
    const char *const names[2] = {"a", "b"};
    struct trace_writer *writer = create_text(true);
    struct trace_error error = {""};
    if (!trace_mix(both, names, writer, 3, &error))
        fail_msg("%s", error.text);
    assert_int_equal(trace_writer_info(writer)->processes, 2);
    trace_close(a);
    trace_close(b);
    expect_text(writer, true,
                "switch 1\nf 1000\nrep i 2\nswitch 2\nw 9000\nrep d 2\n"
                "switch 1\nf 1000\nr 2000\n+r 3000\nswitch 2\nw 9000\nrep d 2\n"
                "switch 2\nw 9000\n");
}

static void test_mix_refuses_control(void **state) {
    (void)state;
    struct trace_reader *a = open_text("a.txt", "twinwalk-trace 1\nr 1000\n");
    struct trace_reader *b = open_text("b.txt", "twinwalk-trace 1\nset sum 1\n");
    struct trace_reader *const both[2] = {a, b};
    const char *const names[2] = {"a", "b"};
    struct trace_writer *writer = create_text(false);
    struct trace_error error = {""};
    assert_false(trace_mix(both, names, writer, 3, &error));
    assert_non_null(strstr(error.text, "b: "));
    trace_writer_abort(writer);
    trace_close(a);
    trace_close(b);
}

static void test_fold_copy(void **state) {
    (void)state;
    struct trace_reader *reader = open_text(
        "in.txt", "twinwalk-trace 1\nf 1000 4\nf 1004 4\nw 2ffe 4\nrep d 2\nfence\nf 1008 4\n");
    struct trace_writer *writer = create_text(true);
    struct trace_error error = {""};
    if (!trace_fold_copy(reader, writer, &error))
        fail_msg("%s", error.text);
    trace_close(reader);
    expect_text(writer, true, "f 1000\nw 2000\n+w 3000\nr 2000\nrep i 1\nrep d 1\nfence\nf 1000\n");
}

static bool import(const char *lackey, bool pages, struct trace_writer **writer,
                   struct trace_error *error) {
    FILE *file = fmemopen((void *)(uintptr_t)lackey, strlen(lackey), "rb");
    assert_non_null(file);
    *writer = create_text(pages);
    bool good = import_lackey(file, "l", *writer, error);
    fclose(file);
    return good;
}

static const char lackey[] = "==12== Lackey, an example Valgrind tool\n"
                             "\n"
                             "I  0401b770,1\n"
                             " S 1fff000ffe,8\n"
                             "I  0401b771,7\n"
                             " M 1fff001000,4\n"
                             " L 04a1ade0,512\r\n"
                             "==12== \n";

static void test_lackey(void **state) {
    (void)state;
    struct trace_writer *writer;
    struct trace_error error = {""};
    if (!import(lackey, false, &writer, &error))
        fail_msg("%s", error.text);
    expect_text(writer, false,
                "f 401b770 1\nw 1fff000ffe 8\nf 401b771 7\nw 1fff001000 4\nr 4a1ade0 512\n");
    if (!import(lackey, true, &writer, &error))
        fail_msg("%s", error.text);
    expect_text(writer, true,
                "f 401b000\nw 1fff000000\n+w 1fff001000\nrep d 1\nr 4a1a000\nrep i 1\n");
}

static void test_lackey_garbage(void **state) {
    (void)state;
    static const struct {
        const char *text, *error;
    } wrong[] = {
        {"I  1000,4\nhello\n", "l:2: no lackey line (I, L, S or M): 'hello'"},
        {"I  1000\n", "l:1: not ADDRESS,SIZE: 'I  1000'"},
        {"I  ,4\n", "l:1: not ADDRESS,SIZE"},
        {" L 1000,\n", "l:1: not ADDRESS,SIZE"},
        {" L 1000,0\n", "l:1: the size is not 1 to 4096"},
        {" L 1000,4097\n", "l:1: the size is not 1 to 4096"},
        {" L 1000,4x\n", "l:1: not ADDRESS,SIZE"},
        {" L 10000000000000000,4\n", "l:1: not ADDRESS,SIZE"},
        {" L ffffffffffffffff,2\n", "l:1: ends above the address space"},
        {"\x01\xff\n", "l:1: no lackey line (I, L, S or M): '?\?'"},
        {"==1== nothing\n", "l: holds no reference"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct trace_writer *writer;
        struct trace_error error = {""};
        if (import(wrong[i].text, i % 2, &writer, &error))
            fail_msg("%zu was imported", i);
        if (!strstr(error.text, wrong[i].error))
            fail_msg("%zu gave '%s'", i, error.text);
        trace_writer_abort(writer);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cut),
        cmocka_unit_test(test_cut_keeps_what_lasts),
        cmocka_unit_test(test_mix),
        cmocka_unit_test(test_mix_refuses_control),
        cmocka_unit_test(test_fold_copy),
        cmocka_unit_test(test_lackey),
        cmocka_unit_test(test_lackey_garbage),
    };
    return cmocka_run_group_tests(tests, support_setup, support_teardown);
}
