/*
 * The shared tables against the privileged specification's literals: what both sides share,
 * lockstep cannot check.
 */
#include "tables.h"

#include "check.h"
#include "mmu/mode.h"
#include "mmu/pte.h"

static void satp_mode_codes(void **state) {
    (void)state;
    /* table "Encoding of satp MODE field" */
    assert_int_equal(MODE_BARE, 0);
    assert_int_equal(MODE_SV32, 1);
    assert_int_equal(MODE_SV39, 8);
    assert_int_equal(MODE_SV48, 9);
    assert_int_equal(MODE_SV57, 10);
}

static void cause_codes(void **state) {
    (void)state;
    /* table "Supervisor cause register (scause) values after trap" */
    assert_int_equal(CAUSE_FETCH_ACCESS_FAULT, 1);
    assert_int_equal(CAUSE_LOAD_ACCESS_FAULT, 5);
    assert_int_equal(CAUSE_STORE_ACCESS_FAULT, 7);
    assert_int_equal(CAUSE_FETCH_PAGE_FAULT, 12);
    assert_int_equal(CAUSE_LOAD_PAGE_FAULT, 13);
    assert_int_equal(CAUSE_STORE_PAGE_FAULT, 15);
}

static void privilege_and_memory_type_codes(void **state) {
    (void)state;
    assert_int_equal(PRIV_U, 0);
    assert_int_equal(PRIV_S, 1);
    assert_int_equal(PRIV_M, 3);
    assert_int_equal(MEMORY_PMA, 0);
    assert_int_equal(MEMORY_NC, 1);
    assert_int_equal(MEMORY_IO, 2);
}

static void pte_bits(void **state) {
    (void)state;
    static const struct {
        enum pte_bit bit;
        unsigned position;
    } rows[] = {
        {PTE_BIT_V, 0},    {PTE_BIT_R, 1},         {PTE_BIT_W, 2},     {PTE_BIT_X, 3},
        {PTE_BIT_U, 4},    {PTE_BIT_G, 5},         {PTE_BIT_A, 6},     {PTE_BIT_D, 7},
        {PTE_BIT_PPN, 10}, {PTE_BIT_RESERVED, 54}, {PTE_BIT_PBMT, 61}, {PTE_BIT_N, 63},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_int_equal(rows[i].bit, rows[i].position);
    const struct mode *sv39 = mode_find(MODE_SV39), *sv32 = mode_find(MODE_SV32);
    assert_true(pte_ppn(UINT64_MAX, sv39) == UINT64_C(0xfffffffffff));
    assert_true(pte_ppn(UINT64_C(0x3ff), sv39) == 0);
    assert_true(pte_ppn(UINT64_C(0xffffffff), sv32) == 0x3fffff);
}

static void mode_table(void **state) {
    (void)state;
    for (unsigned i = 0; i < MODES; i++) {
        const struct geometry *expect = &geometries[i];
        const struct mode *mode = mode_find(expect->mode);
        assert_non_null(mode);
        assert_int_equal(mode->mode, expect->mode);
        assert_int_equal(mode->levels, expect->levels);
        assert_int_equal(mode->va_bits, expect->va_bits);
        assert_int_equal(mode->index_bits, expect->index_bits);
        assert_int_equal(mode->pte_bytes, expect->pte_bytes);
        assert_int_equal(mode->ppn_bits, expect->ppn_bits);
        assert_int_equal(mode->high_bits, expect->mode != MODE_SV32);
        for (unsigned level = 0; level < expect->levels; level++) {
            assert_int_equal(mode->leaf_size[level], expect->leaf[level]);
            assert_int_equal(page_shift(mode->leaf_size[level]), expect->leaf_shift[level]);
        }
    }
    for (int code = 0; code < 16; code++)
        if (code != 1 && code != 8 && code != 9 && code != 10)
            assert_null(mode_find((enum paging_mode)code));
}

/* What a TLB may hold in each mode: its leaf sizes, and 64 KiB where PTEs have an N bit. */
static void sizes_held_in_each_mode(void **state) {
    (void)state;
    for (unsigned i = 0; i < MODES; i++) {
        const struct mode *mode = mode_find(geometries[i].mode);
        bool napot = geometries[i].mode != MODE_SV32;
        assert_int_equal(mode->sizes, geometries[i].levels + napot);
        unsigned at = 0;
        for (unsigned level = 0; level < geometries[i].levels; level++) {
            assert_int_equal(mode->size[at++], geometries[i].leaf[level]);
            if (napot && level == 0)
                assert_int_equal(mode->size[at++], PAGE_64K);
        }
    }
    assert_int_equal(page_shift(PAGE_64K), 16);
}

static void vpn_fields(void **state) {
    (void)state;
    /* each index is all ones in turn, its neighbours zero */
    for (unsigned i = 0; i < MODES; i++) {
        const struct geometry *geometry = &geometries[i];
        uint64_t ones = (UINT64_C(1) << geometry->index_bits) - 1;
        for (unsigned level = 0; level < geometry->levels; level++) {
            uint64_t va = ones << geometry->leaf_shift[level];
            for (unsigned at = 0; at < geometry->levels; at++)
                assert_true(mode_vpn(mode_find(geometry->mode), va, at) ==
                            (at == level ? ones : 0));
        }
    }
}

static void names_parse_back(void **state) {
    (void)state;
    static const char *const modes[] = {"bare", "sv32", "sv39", "sv48", "sv57"};
    static const int codes[] = {0, 1, 8, 9, 10};
    for (unsigned i = 0; i < 5; i++) {
        enum paging_mode mode;
        assert_true(paging_mode_parse(modes[i], &mode));
        assert_int_equal(mode, codes[i]);
        assert_string_equal(paging_mode_name(mode), modes[i]);
    }
    static const char *const policies[] = {"lru", "plru", "fifo", "random"};
    for (unsigned i = 0; i < 4; i++) {
        enum policy policy;
        assert_true(policy_parse(policies[i], &policy));
        assert_string_equal(policy_name(policy), policies[i]);
    }
    enum paging_mode mode;
    enum policy policy;
    assert_false(paging_mode_parse("sv64", &mode));
    assert_false(paging_mode_parse("", &mode));
    assert_false(policy_parse("LRU", &policy));
    assert_string_equal(paging_mode_name((enum paging_mode)7), "?");
    assert_string_equal(tlb_name((enum tlb_number)7), "?");
    assert_string_equal(fault_name((enum fault_reason)99), "?");
    assert_string_equal(fault_text((enum fault_reason)99), "?");
}

static void causes_of_every_reason(void **state) {
    (void)state;
    for (int reason = 0; reason < FAULT_REASONS; reason++) {
        bool access =
            reason == FAULT_TOO_WIDE || reason == FAULT_PTE_ACCESS || reason == FAULT_UPDATE_ACCESS;
        int expect[3] = {access ? 5 : 13, access ? 7 : 15, access ? 1 : 12};
        for (int type = 0; type < 3; type++)
            assert_int_equal(fault_cause((enum fault_reason)reason, (enum access_type)type),
                             reason == FAULT_NONE ? 0 : expect[type]);
        assert_string_not_equal(fault_name((enum fault_reason)reason), "?");
        assert_string_not_equal(fault_text((enum fault_reason)reason), "?");
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(satp_mode_codes),
        cmocka_unit_test(cause_codes),
        cmocka_unit_test(privilege_and_memory_type_codes),
        cmocka_unit_test(pte_bits),
        cmocka_unit_test(mode_table),
        cmocka_unit_test(sizes_held_in_each_mode),
        cmocka_unit_test(vpn_fields),
        cmocka_unit_test(names_parse_back),
        cmocka_unit_test(causes_of_every_reason),
    };
    return RUN(tests);
}
