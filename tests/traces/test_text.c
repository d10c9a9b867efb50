/* The text form: what a person may write, and what an error says. */
#include "support.h"

#include <string.h>

static long read_text(const char *text, struct trace_record *to, size_t room,
                      struct trace_error *error) {
    const char *path = support_path("t.txt");
    support_write_file(path, text, strlen(text));
    return support_read_trace(path, to, room, 1, NULL, error);
}

static void test_written_by_hand(void **state) {
    (void)state;
    struct trace_record got[8];
    struct trace_error error = {""};
    long n = read_text("twinwalk-trace 1\r\n"
                       "# a comment\n"
                       "\n"
                       "note  two  words \n"
                       "form exact\n"
                       "  set mode sv39   # Sv39\n"
                       "set priv U\n"
                       "set root 0x80000\n"
                       "f\t0x10000 4\n"
                       "+f 11000 2\n"
                       "w FFFFFFFFFFFFF000\n"
                       "mem 1000 deadbeef\n"
                       "fence asid 3 va 1000",
                       got, 8, &error);
    if (n < 0)
        fail_msg("%s", error.text);
    assert_int_equal(n, 8);
    assert_int_equal(got[0].value, MODE_SV39);
    assert_int_equal(got[1].value, PRIV_U);
    assert_int_equal(got[2].value, 0x80000);
    assert_int_equal(got[3].va, 0x10000);
    assert_int_equal(got[3].bytes, 4);
    assert_int_equal(got[3].access, ACCESS_EXECUTE);
    assert_true(got[4].continued);
    assert_int_equal(got[5].va, UINT64_C(0xfffffffffffff000));
    assert_int_equal(got[5].bytes, 0);
    assert_int_equal(got[6].bytes, 8);
    assert_true(got[7].has_va && got[7].has_asid);
    assert_int_equal(got[7].va, 0x1000);
    assert_int_equal(got[7].asid, 3);
}

static const struct {
    const char *line, *error; /* the error names line 2 and this */
} wrong[] = {
    {"x 1000", "no such record: 'x'"},
    {"f", "VA [BYTES]: 'f'"},
    {"f 10g0", "address of 64 bits: '10g0'"},
    {"f 0x", "'0x'"},
    {"f 10000000000000000", "'10000000000000000'"},
    {"f 1000 4 5", "'5'"},
    {"f 1000 -1", "'-1'"},
    {"f 1000 4097", "'4097'"},
    {"f ffffffffffffffff 2", "above the address space"},
    {"rep i 1", "no access of this stream"},
    {"rep x 1", "no such stream, i or d: 'x'"},
    {"rep i 4294967296", "'4294967296'"},
    {"+r 1000", "continues no reference"},
    {"set", "set REGISTER VALUE"},
    {"set mode sv40", "'sv40'"},
    {"set speed 1", "no such register: 'speed'"},
    {"set priv h", "'h'"},
    {"set priv ?", "'?'"},
    {"set sum 2", "'2'"},
    {"set asid 65536", "'65536'"},
    {"set root 100000000000", "'100000000000'"},
    {"fence va", "'va'"},
    {"fence va 1 va 2", "'va'"},
    {"fence asid 1 on", "'on'"},
    {"fence a b c d e f g h i", "fence"},
    {"mem 1001 1", "not aligned"},
    {"mem 1000", "mem PA VALUE"},
    {"mem 1000 1 2", "4 or 8"},
    {"mem 100000000000000 1", "56 bits"},
    {"mem 1000 100000000 4", "32 bits"},
    {"buserror 2000 1000", "empty"},
    {"switch 0", "1 to 65535"},
    {"switch 65536", "'65536'"},
    {"form both", "'both'"},
    {"va-bits 48", "'48'"},
    {"va-bits 32 please", "'please'"},
    {"f 1\x01", "control character"},
};

static void test_errors_name_line_and_word(void **state) {
    (void)state;
    char text[512];
    struct trace_error error;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        snprintf(text, sizeof text, "twinwalk-trace 1\n%s\n", wrong[i].line);
        if (read_text(text, NULL, 0, &error) >= 0)
            fail_msg("'%s' was read", wrong[i].line);
        if (!strstr(error.text, "t.txt:2: ") || !strstr(error.text, wrong[i].error))
            fail_msg("'%s' gave '%s'", wrong[i].line, error.text);
        if (strchr(error.text, '\n'))
            fail_msg("'%s' has two lines", error.text);
    }
}

static void test_first_line(void **state) {
    (void)state;
    struct trace_error error;
    assert_int_equal(read_text("twinwalk-trace 2\n", NULL, 0, &error), -1);
    assert_non_null(strstr(error.text, "t.txt:1: this program reads version 1"));
    assert_int_equal(read_text("twinwalk\n", NULL, 0, &error), -1);
    assert_non_null(strstr(error.text, "t.txt:1: "));
    assert_int_equal(read_text("twinwalk-trace 1", NULL, 0, &error), 0);
}

static void test_page_form_is_checked(void **state) {
    (void)state;
    struct trace_error error;
    assert_int_equal(read_text("twinwalk-trace 1\nform pages\nr 1008\n", NULL, 0, &error), -1);
    assert_non_null(strstr(error.text, "t.txt:3: in the page-run form"));
    assert_int_equal(read_text("twinwalk-trace 1\nva-bits 32\nr 100000000\n", NULL, 0, &error), -1);
    assert_non_null(strstr(error.text, "t.txt:3: the access ends above"));
}

static void test_repeat_ends_at_other_records(void **state) {
    (void)state;
    struct trace_error error;
    assert_int_equal(
        read_text("twinwalk-trace 1\nr 1000\nrep d 1\nfence\nrep d 1\n", NULL, 0, &error), -1);
    assert_non_null(strstr(error.text, "t.txt:5: "));
}

static void test_long_line(void **state) {
    (void)state;
    static char text[6000] = "twinwalk-trace 1\n# ";
    struct trace_error error;
    memset(text + 19, 'x', sizeof text - 20);
    assert_int_equal(read_text(text, NULL, 0, &error), -1);
    assert_non_null(strstr(error.text, "t.txt:2: the line has more than 4096 bytes"));
}

static void test_position_is_the_line(void **state) {
    (void)state;
    static const char text[] = "twinwalk-trace 1\n\n# x\nr 1000\n\nw 1000\n";
    const char *path = support_path("p.txt");
    struct trace_record record;
    struct trace_error error;
    support_write_file(path, text, sizeof text - 1);
    struct trace_reader *reader = trace_open(path, &error);
    assert_non_null(reader);
    assert_int_equal(trace_read(reader, &record, 1, &error), 1);
    assert_int_equal(trace_position(reader), 4);
    assert_int_equal(trace_read(reader, &record, 1, &error), 1);
    assert_int_equal(trace_position(reader), 6);
    assert_int_equal(trace_read(reader, &record, 1, &error), 0);
    assert_int_equal(trace_position(reader), 6);
    trace_close(reader);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_written_by_hand),
        cmocka_unit_test(test_errors_name_line_and_word),
        cmocka_unit_test(test_first_line),
        cmocka_unit_test(test_page_form_is_checked),
        cmocka_unit_test(test_repeat_ends_at_other_records),
        cmocka_unit_test(test_long_line),
        cmocka_unit_test(test_position_is_the_line),
    };
    return cmocka_run_group_tests(tests, support_setup, support_teardown);
}
