/*
 * A few translations by hand on each hardware configuration, with results worked out from the
 * specification and from docs/timing.md. Usage: rtl_smoke CONFIG.
 */
#include "smoke.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include <cmocka.h>

const char *smoke_config;

/* A broken rule of the ports is reported, and does not end the process. */
static void test_assertions_are_reported(void **state) {
    (void)state;
    struct bench bench, other;
    bench_open(&bench, smoke_config);
    bench_open(&other, smoke_config);
    rtl_mmu_in(bench.mmu)->ptw_resp_valid = true; /* an answer to no request */
    rtl_mmu_settle(bench.mmu);
    assert_false(rtl_mmu_failed(bench.mmu));
    rtl_mmu_tick(bench.mmu);
    rtl_mmu_in(bench.mmu)->ptw_resp_valid = false;
    rtl_mmu_settle(bench.mmu);
    assert_true(rtl_mmu_failed(bench.mmu));
    rtl_mmu_tick(bench.mmu);
    bench_close(&other);
    rtl_mmu_close(bench.mmu);
}

static void test_dump(void **state) {
    (void)state;
    struct bench bench;
    bench_open(&bench, smoke_config);
    assert_false(rtl_mmu_dump_open(bench.mmu, "/nonexistent/directory/x.fst"));
    char path[64];
    snprintf(path, sizeof path, "rtl_smoke_%s_%ld.fst", smoke_config, (long)getpid());
    assert_true(rtl_mmu_dump_open(bench.mmu, path));
    smoke_map(&bench, smoke_entry(0x12345, V | R | A));
    bench_request(&bench, SV39_VA, ACCESS_READ, PRIV_S);
    smoke_expect_page(&bench, PORT_D, 0x12345abc, PAGE_4K, LEVEL_WALK);
    rtl_mmu_dump_close(bench.mmu);
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    assert_int_equal(fgetc(file), 0); /* an FST header block */
    fclose(file);
    unlink(path);
    bench_close(&bench);
}

int main(int argc, char **argv) {
    if (argc < 2 || argc > 3 || !rtl_mmu_config(argv[1])) {
        fprintf(stderr, "usage: rtl_smoke CONFIG [TEST_TO_LEAVE_OUT]\n");
        return 2;
    }
    smoke_config = argv[1];
    if (argc == 3)
        cmocka_set_skip_filter(argv[2]);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sv39_walk_and_hits),
        cmocka_unit_test(test_untranslated),
        cmocka_unit_test(test_page_sizes),
        cmocka_unit_test(test_faults),
        cmocka_unit_test(test_misaligned_and_refused),
        cmocka_unit_test(test_accessed_and_dirty),
        cmocka_unit_test(test_dirty_clear),
        cmocka_unit_test(test_update_lost_race),
        cmocka_unit_test(test_update_refused),
        cmocka_unit_test(test_fence_at_any_cycle),
        cmocka_unit_test(test_fence_operands),
        cmocka_unit_test(test_fence_of_two_walks),
        cmocka_unit_test(test_one_hit_a_cycle),
        cmocka_unit_test(test_hits_past_a_miss),
        cmocka_unit_test(test_merge),
        cmocka_unit_test(test_merge_of_ports),
        cmocka_unit_test(test_replay),
        cmocka_unit_test(test_merged_fault),
        cmocka_unit_test(test_walk_cache),
        cmocka_unit_test(test_prefetch),
        cmocka_unit_test(test_parity),
        cmocka_unit_test(test_replacement),
        cmocka_unit_test(test_assertions_are_reported),
        cmocka_unit_test(test_dump),
    };
    return cmocka_run_group_tests_name(smoke_config, tests, NULL, NULL);
}
