/* Sparse physical memory: words, bus errors, ranges, equality. */
#include "check.h"
#include "tables.h"

static int create(void **state) {
    *state = physmem_create();
    return *state ? 0 : -1;
}

static int destroy(void **state) {
    physmem_destroy(*state);
    return 0;
}

static uint64_t read_word(struct physmem *memory, uint64_t pa, unsigned bytes) {
    uint64_t value = UINT64_C(0xdeadbeefdeadbeef);
    assert_true(physmem_read(memory, pa, bytes, &value));
    return value;
}

static bool readable(struct physmem *memory, uint64_t pa, unsigned bytes) {
    uint64_t value;
    return physmem_read(memory, pa, bytes, &value);
}

static void unwritten_reads_zero(void **state) {
    assert_true(read_word(*state, 0, 8) == 0);
    assert_true(read_word(*state, UINT64_C(0xfffffffffffff8), 8) == 0);
    assert_true(read_word(*state, UINT64_MAX - 7, 8) == 0);
}

static void four_byte_words_are_little_endian(void **state) {
    struct physmem *memory = *state;
    assert_true(physmem_write(memory, 0x1000, 8, UINT64_C(0x8877665544332211)));
    assert_true(read_word(memory, 0x1000, 4) == 0x44332211);
    assert_true(read_word(memory, 0x1004, 4) == 0x88776655);
    assert_true(physmem_write(memory, 0x1004, 4, UINT64_C(0xffffffff0badcafe)));
    assert_true(read_word(memory, 0x1000, 8) == UINT64_C(0x0badcafe44332211));
    assert_true(physmem_write(memory, 0x1000, 4, 0));
    assert_true(read_word(memory, 0x1000, 8) == UINT64_C(0x0badcafe00000000));
    assert_true(read_word(memory, 0x1008, 8) == 0);
}

/* Pages whose numbers agree in their low bits do not answer for one another. */
static void many_pages_keep_their_own(void **state) {
    struct physmem *memory = *state;
    for (uint64_t i = 0; i < 20000; i++)
        assert_true(physmem_write(memory, i * 0x1000 * 37, 8, i + 1));
    for (uint64_t i = 20000; i-- > 0;) {
        assert_true(read_word(memory, i * 0x1000 * 37, 8) == i + 1);
        assert_true(read_word(memory, i * 0x1000 * 37 + 8, 8) == 0);
    }
    physmem_clear(memory);
    for (uint64_t i = 0; i < 20000; i++)
        assert_true(read_word(memory, i * 0x1000 * 37, 8) == 0);
}

static void compare_and_set(void **state) {
    struct physmem *memory = *state;
    uint64_t old = 1;
    assert_true(physmem_compare_and_set(memory, 0x2000, 8, 0, 5, &old));
    assert_true(old == 0 && read_word(memory, 0x2000, 8) == 5);
    assert_true(physmem_compare_and_set(memory, 0x2000, 8, 4, 9, &old));
    assert_true(old == 5 && read_word(memory, 0x2000, 8) == 5);
    assert_true(physmem_compare_and_set(memory, 0x2004, 4, 0, 7, &old));
    assert_true(read_word(memory, 0x2000, 8) == UINT64_C(0x700000005));
    assert_true(physmem_add_error(memory, 0x2000, 0x2008));
    assert_false(physmem_compare_and_set(memory, 0x2000, 8, 5, 6, &old));
    assert_false(physmem_compare_and_set(memory, 0x2004, 4, 7, 6, &old));
    assert_true(physmem_compare_and_set(memory, 0x2008, 8, 0, 6, &old));
}

static void errors_refuse_what_they_touch(void **state) {
    struct physmem *memory = *state;
    assert_true(physmem_add_error(memory, 0x3004, 0x3005));
    assert_false(readable(memory, 0x3000, 8));
    assert_true(readable(memory, 0x3000, 4));
    assert_false(readable(memory, 0x3004, 4));
    assert_true(readable(memory, 0x3008, 8));
    assert_true(readable(memory, 0x2ff8, 8));
    assert_false(physmem_write(memory, 0x3004, 4, 1));
    assert_true(physmem_poke(memory, 0x3004, 4, 1)); /* the bench's hand */
    assert_true(physmem_write(memory, 0x3000, 4, 1));
}

static void only_ram_exists(void **state) {
    struct physmem *memory = *state;
    assert_true(physmem_add_ram(memory, 0x80000000, 0x1000));
    assert_true(physmem_add_ram(memory, 0x90000000, 8));
    assert_false(readable(memory, 0x7ffffff8, 8));
    assert_true(readable(memory, 0x80000000, 8));
    assert_true(readable(memory, 0x80000ff8, 8));
    assert_false(readable(memory, 0x80001000, 8));
    assert_true(readable(memory, 0x90000004, 4));
    assert_false(readable(memory, 0x90000008, 4));
    assert_false(physmem_write(memory, 0, 8, 1));
    assert_true(physmem_add_error(memory, 0x80000008, 0x80000010));
    assert_false(readable(memory, 0x80000008, 8));
    physmem_clear(memory); /* ranges stay */
    assert_false(readable(memory, 0, 8));
    assert_false(readable(memory, 0x80000008, 8));
}

/* Once a word that began in RAM and ended outside it was served. */
static void ram_edge_within_a_word(void **state) {
    struct physmem *memory = *state;
    assert_true(physmem_add_ram(memory, 0x1004, 0x1000));
    assert_false(readable(memory, 0x1000, 8));
    assert_true(readable(memory, 0x1004, 4));
    assert_true(readable(memory, 0x2000, 4));
    assert_false(readable(memory, 0x2000, 8));
    /* two ranges that touch are one memory */
    assert_true(physmem_add_ram(memory, 0x2004, 4));
    assert_true(readable(memory, 0x2000, 8));
}

static void ranges_that_wrap_or_are_empty(void **state) {
    struct physmem *memory = *state;
    assert_false(physmem_add_ram(memory, 0x1000, 0));
    assert_false(physmem_add_ram(memory, UINT64_MAX, 2));
    assert_false(physmem_add_ram(memory, 0x1000, UINT64_MAX));
    assert_false(physmem_add_error(memory, 0, 0));
    assert_false(physmem_add_error(memory, 0x1000, 0x1000));
    assert_false(physmem_add_error(memory, 0x1001, 0x1000));
    assert_true(readable(memory, 0, 8)); /* none of them counted */
    assert_true(physmem_add_ram(memory, UINT64_MAX - 0xfff, 0x1000));
    assert_true(readable(memory, UINT64_MAX - 7, 8));
    assert_false(readable(memory, UINT64_MAX - 0x1007, 8));
    assert_false(readable(memory, 0, 8));
}

static void equality_names_the_lowest_difference(void **state) {
    struct physmem *memory = *state, *other = physmem_create();
    uint64_t pa = 0;
    assert_true(physmem_equal(memory, other, &pa));
    /* a page of zeros equals no page */
    physmem_poke(memory, 0x5000, 8, 0);
    assert_true(physmem_equal(memory, other, &pa));
    physmem_poke(memory, 0x7010, 8, 1);
    physmem_poke(other, 0x9000, 8, 1);
    assert_false(physmem_equal(memory, other, &pa));
    assert_true(pa == 0x7010);
    physmem_poke(other, 0x7010, 8, 1);
    assert_false(physmem_equal(memory, other, &pa));
    assert_true(pa == 0x9000);
    physmem_poke(other, 0x3ffc, 4, 1);
    assert_false(physmem_equal(memory, other, &pa));
    assert_true(pa == 0x3ff8);
    assert_false(physmem_equal(other, memory, &pa));
    assert_true(pa == 0x3ff8);
    physmem_destroy(other);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(unwritten_reads_zero, create, destroy),
        cmocka_unit_test_setup_teardown(four_byte_words_are_little_endian, create, destroy),
        cmocka_unit_test_setup_teardown(many_pages_keep_their_own, create, destroy),
        cmocka_unit_test_setup_teardown(compare_and_set, create, destroy),
        cmocka_unit_test_setup_teardown(errors_refuse_what_they_touch, create, destroy),
        cmocka_unit_test_setup_teardown(only_ram_exists, create, destroy),
        cmocka_unit_test_setup_teardown(ram_edge_within_a_word, create, destroy),
        cmocka_unit_test_setup_teardown(ranges_that_wrap_or_are_empty, create, destroy),
        cmocka_unit_test_setup_teardown(equality_names_the_lowest_difference, create, destroy),
    };
    return RUN(tests);
}
