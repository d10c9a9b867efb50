/* The recorder, on real programs under QEMU. Needs GUEST, the plugin's path in TWINWALK_PLUGIN. */
#define _GNU_SOURCE /* setenv */
#include "edit/edit.h"
#include "record/record.h"
#include "support.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static char guest[512];

static bool record(const struct record_options *given, char *program, char *argument,
                   struct trace_info *totals, struct trace_error *error) {
    struct record_options options = *given;
    char *argv[] = {program, argument, NULL};
    if (!options.output)
        options.output = support_path("r.twt");
    options.form = TRACE_BINARY;
    return record_program(&options, argv, totals, error);
}

/* Records the guest; the trace is then read to its end. */
static struct trace_info expect_trace(const struct record_options *options, char *argument) {
    struct trace_info totals, info;
    struct trace_error error = {""};
    if (!record(options, guest, argument, &totals, &error))
        fail_msg("%s", error.text);
    if (support_read_trace(support_path("r.twt"), NULL, 0, 1000, &info, &error) < 0)
        fail_msg("%s", error.text);
    assert_int_equal(info.records, totals.records);
    return info;
}

static void expect_failure(char *program, char *argument, const char *why) {
    struct trace_info totals;
    struct trace_error error = {""};
    unsigned before = support_files();
    struct record_options options = {.output = support_path("none.twt")};
    assert_false(record(&options, program, argument, &totals, &error));
    if (!strstr(error.text, why))
        fail_msg("'%s' instead of '%s'", error.text, why);
    assert_int_equal(support_files(), before);
}

static uint64_t references(const struct trace_info *info) {
    return info->references[PORT_I] + info->references[PORT_D];
}

static void test_true(void **state) {
    (void)state;
    struct trace_info totals;
    struct trace_error error = {""};
    struct record_options options = {0};
    if (!record(&options, "true", NULL, &totals, &error))
        fail_msg("%s", error.text);
    assert_true(totals.references[PORT_I] > 1000 && totals.references[PORT_D] > 300);
    assert_int_equal(totals.instructions, totals.references[PORT_I]);
    assert_string_equal(totals.program, "true");
    assert_true(totals.pages);
}

/* The plugin's page runs are those that the folder makes of its exact form. */
static void test_forms_agree(void **state) {
    (void)state;
    enum { ROOM = 400000 };
    struct trace_record *pages = malloc(ROOM * sizeof *pages);
    struct trace_record *exact = malloc(ROOM * sizeof *exact);
    struct record_options options = {0};
    struct trace_error error = {""};
    expect_trace(&options, "x");
    long n = support_read_trace(support_path("r.twt"), pages, ROOM, 1000, NULL, &error);
    options.exact = true;
    expect_trace(&options, "x");
    struct trace_info info = {.pages = true, .va_bits = 64};
    struct trace_reader *reader = trace_open(support_path("r.twt"), &error);
    struct trace_writer *writer = trace_create(support_path("f.twt"), TRACE_BINARY, &info, &error);
    assert_true(reader && writer && trace_fold_copy(reader, writer, &error));
    trace_close(reader);
    assert_true(trace_writer_close(writer, &error));
    long m = support_read_trace(support_path("f.twt"), exact, ROOM, 1000, NULL, &error);
    assert_int_equal(n, m);
    for (long i = 0; i < n && i < ROOM; i++)
        if (!support_same_record(&pages[i], &exact[i]))
            fail_msg("record %ld differs", i);
    free(exact);
    free(pages);
}

static void test_limit_and_skip(void **state) {
    (void)state;
    static const uint64_t limits[] = {1, 2, 999, 16385, 1000003, 3000000};
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
        struct record_options options = {.limit = limits[i]};
        struct trace_info info = expect_trace(&options, "loop");
        assert_int_equal(references(&info), limits[i]);
        options.skip = 54321;
        info = expect_trace(&options, "loop");
        assert_int_equal(references(&info), limits[i]);
        options.exact = true;
        if (limits[i] > 100000)
            continue;
        info = expect_trace(&options, "loop");
        assert_int_equal(references(&info), limits[i]);
    }
}

static void test_skip_past_the_end(void **state) {
    (void)state;
    struct trace_info totals;
    struct trace_error error = {""};
    struct record_options options = {.skip = UINT64_C(1) << 40};
    assert_false(record(&options, guest, "x", &totals, &error));
    assert_non_null(strstr(error.text, "ended within"));
}

static void test_children_are_not_recorded(void **state) {
    (void)state;
    struct record_options options = {0};
    struct trace_info info = expect_trace(&options, "fork");
    assert_true(references(&info) < 1000000);
}

static void test_threads_are_recorded(void **state) {
    (void)state;
    struct record_options options = {0};
    struct trace_info info = expect_trace(&options, "threads");
    assert_true(references(&info) > 1000000);
}

static void test_closed_descriptors(void **state) {
    (void)state;
    struct record_options options = {0};
    expect_trace(&options, "close");
}

static void test_failures(void **state) {
    (void)state;
    expect_failure("/bin/false", NULL, "/bin/false: exit status 1");
    expect_failure(guest, "status", "exit status 7");
    expect_failure(guest, "signal", "ended by signal 9");
    expect_failure(guest, "exec", "replaced itself with another program");
    expect_failure("no-such-program", NULL, "no-such-program: program not found");
    expect_failure("/no/such/program", NULL, "/no/such/program: No such file");
    expect_failure("/", NULL, "/: is a directory");
    const char *script = support_path("script");
    support_write_file(script, "#! /bin/sh -e\ntrue\n", 19);
    expect_failure((char *)(uintptr_t)script, NULL, "is not executable");
    chmod(support_path("script"), 0755);
    expect_failure((char *)(uintptr_t)support_path("script"), NULL, "is a script for /bin/sh;");
    support_write_file(support_path("script"), "junkjunk", 8);
    chmod(support_path("script"), 0755);
    expect_failure((char *)(uintptr_t)support_path("script"), NULL, "is no ELF program");
}

static void test_allow_failure(void **state) {
    (void)state;
    struct record_options options = {.allow_failure = true};
    expect_trace(&options, "status");
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_true),
        cmocka_unit_test(test_forms_agree),
        cmocka_unit_test(test_limit_and_skip),
        cmocka_unit_test(test_skip_past_the_end),
        cmocka_unit_test(test_children_are_not_recorded),
        cmocka_unit_test(test_threads_are_recorded),
        cmocka_unit_test(test_closed_descriptors),
        cmocka_unit_test(test_failures),
        cmocka_unit_test(test_allow_failure),
    };
    if (argc != 3)
        return 2;
    snprintf(guest, sizeof guest, "%s", argv[1]);
    setenv("TWINWALK_PLUGIN", argv[2], 1);
    return cmocka_run_group_tests(tests, support_setup, support_teardown);
}
