/*
 * ptw_axi alone: what each transaction costs, by hand, and requests at random under every scenario,
 * with each build.
 */
#include "scenarios.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define REQUESTS 25000u /* of each scenario and build */

/* One adapter before the quickest memory: takes everything at once, answers in the next cycle. */
struct bench {
    struct adapter *adapter;
    struct physmem *physmem;
    struct axi_memory memory;
    struct axi_check check;
};

#define PTE_PA 0x80001008u

static void open_bench(struct bench *bench, const struct axi_memory_config *config) {
    bench->adapter = adapter_open(&adapter_builds[0]);
    assert_int_equal(adapter_builds[0].addr_width, 56);
    bench->physmem = physmem_create();
    assert_non_null(bench->physmem);
    assert_true(physmem_poke(bench->physmem, PTE_PA, 8, 0x1122334455667788));
    axi_memory_init(&bench->memory, config, bench->physmem, 1);
    axi_check_init(&bench->check, adapter_builds[0].addr_width, false);
}

static void close_bench(struct bench *bench) {
    assert_false(adapter_failed(bench->adapter));
    adapter_close(bench->adapter);
    physmem_destroy(bench->physmem);
}

/* One cycle; whether the native request was taken in it. */
static bool step(struct bench *bench) {
    struct adapter_inputs *in = adapter_in(bench->adapter);
    const struct adapter_outputs *out = adapter_out(bench->adapter);
    in->axi = *axi_memory_drive(&bench->memory);
    adapter_settle(bench->adapter);
    assert_null(axi_check_cycle(&bench->check, &out->axi, &in->axi));
    axi_memory_sample(&bench->memory, &out->axi);
    adapter_tick(bench->adapter);
    return in->req.valid && out->req_ready;
}

/* Offers a request, which is taken at once. */
static void request(struct bench *bench, struct ptw_request request) {
    struct adapter_inputs *in = adapter_in(bench->adapter);
    in->req = request;
    in->req.valid = true;
    assert_true(step(bench));
    in->req.valid = false;
}

/* Cycles until the next answer. */
static unsigned await(struct bench *bench, struct ptw_response *response) {
    unsigned cycles = 0;
    do {
        step(bench);
        assert_true(++cycles < 100);
    } while (!adapter_out(bench->adapter)->resp.valid);
    *response = adapter_out(bench->adapter)->resp;
    return cycles;
}

/* Cycles from the transfer of a request, offered alone, to its answer. */
static unsigned perform(struct bench *bench, struct ptw_request asked,
                        struct ptw_response *response) {
    request(bench, asked);
    unsigned cycles = await(bench, response);
    assert_int_equal(response->id, asked.id);
    return cycles;
}

static const struct axi_memory_config quick = {.latency_max = 1, .ready_permille = 1000};

static void test_read(void **state) {
    (void)state;
    struct bench bench;
    struct ptw_response response;
    open_bench(&bench, &quick);
    /* AR in the cycle after the request, R and the answer in the one after that. */
    assert_int_equal(perform(&bench, (struct ptw_request){.id = 9, .pa = PTE_PA}, &response), 2);
    assert_false(response.error);
    assert_true(response.data == 0x1122334455667788);
    perform(&bench, (struct ptw_request){.id = 3, .pa = PTE_PA, .word = true}, &response);
    assert_true(response.data == 0x55667788);
    perform(&bench, (struct ptw_request){.id = 3, .pa = PTE_PA + 4, .word = true}, &response);
    assert_true(response.data == 0x11223344);
    close_bench(&bench);
}

static void test_reads_stream(void **state) {
    (void)state;
    struct bench bench;
    open_bench(&bench, &quick);
    struct adapter_inputs *in = adapter_in(bench.adapter);
    for (unsigned i = 0; i < 100; i++) {
        in->req = (struct ptw_request){.valid = true, .id = i % 16, .pa = PTE_PA};
        assert_true(step(&bench)); /* one in every cycle … */
        assert_int_equal(adapter_out(bench.adapter)->resp.valid, i >= 2); /* … and its answer */
    }
    close_bench(&bench);
}

static void test_update(void **state) {
    (void)state;
    struct bench bench;
    struct ptw_response response;
    uint64_t now;
    struct ptw_request update = {
        .id = 5, .pa = PTE_PA, .cas = true, .expect = 0x1122334455667788, .desired = 0xabcdef};
    open_bench(&bench, &quick);
    /* AR, R; AW and W, B, answer. */
    assert_int_equal(perform(&bench, update, &response), 5);
    assert_false(response.error);
    assert_true(response.data == update.expect);
    assert_true(physmem_read(bench.physmem, PTE_PA, 8, &now) && now == update.desired);
    /* The same once more finds another value: AR, R, answer. */
    assert_int_equal(perform(&bench, update, &response), 3);
    assert_true(!response.error && response.data == update.desired);
    assert_true(physmem_read(bench.physmem, PTE_PA, 8, &now) && now == update.desired);
    close_bench(&bench);
}

/* The update above, until its exclusive write is on AW; then somebody else writes `value`. */
static void disturb_update(struct bench *bench, const struct ptw_request *update, uint64_t value) {
    open_bench(bench, &quick);
    request(bench, *update);
    while (!adapter_out(bench->adapter)->axi.aw.valid)
        step(bench);
    assert_true(physmem_write(bench->physmem, PTE_PA, 8, value));
    axi_memory_written(&bench->memory, PTE_PA);
}

static void test_lost_monitor(void **state) {
    (void)state;
    struct bench bench;
    struct ptw_response response;
    uint64_t now;
    struct ptw_request update = {
        .id = 5, .pa = PTE_PA, .cas = true, .expect = 0x1122334455667788, .desired = 0xabcdef};
    /* The same value: once more from AR on, 5 cycles later than undisturbed (3 went by already). */
    disturb_update(&bench, &update, update.expect);
    assert_int_equal(await(&bench, &response), 5 + 5 - 3);
    assert_true(!response.error && response.data == update.expect);
    assert_true(physmem_read(bench.physmem, PTE_PA, 8, &now) && now == update.desired);
    assert_int_equal(bench.check.aw, 2);
    close_bench(&bench);
    /* Another value: it is answered, and stays. */
    disturb_update(&bench, &update, 0x77);
    await(&bench, &response);
    assert_true(!response.error && response.data == 0x77);
    assert_true(physmem_read(bench.physmem, PTE_PA, 8, &now) && now == 0x77);
    assert_int_equal(bench.check.aw, 1);
    close_bench(&bench);
}

/* The answer of an update and the data of a read meet: the read waits for one cycle. */
static void test_answers_meet(void **state) {
    (void)state;
    struct bench bench;
    struct ptw_response response;
    struct ptw_request update = {.id = 5, .pa = PTE_PA, .cas = true, .expect = 1};
    open_bench(&bench, &quick);
    request(&bench, update);                                      /* answered 3 cycles later … */
    request(&bench, (struct ptw_request){.id = 6, .pa = PTE_PA}); /* … as is this one */
    assert_int_equal(await(&bench, &response), 2);
    assert_int_equal(response.id, 5);
    assert_int_equal(await(&bench, &response), 1);
    assert_int_equal(response.id, 6);
    close_bench(&bench);
}

static void test_word_update(void **state) {
    (void)state;
    struct bench bench;
    struct ptw_response response;
    uint64_t now;
    struct ptw_request update = {.id = 5,
                                 .pa = PTE_PA + 4,
                                 .cas = true,
                                 .word = true,
                                 .expect = 0x11223344,
                                 .desired = 0x99};
    open_bench(&bench, &quick);
    perform(&bench, update, &response);
    assert_true(!response.error && response.data == update.expect);
    assert_true(physmem_read(bench.physmem, PTE_PA, 8, &now) && now == 0x0000009955667788);
    close_bench(&bench);
}

static void test_no_exclusive(void **state) {
    (void)state;
    static const struct axi_memory_config config = {
        .latency_max = 1, .ready_permille = 1000, .no_exclusive = true};
    struct bench bench;
    struct ptw_response response;
    uint64_t now;
    struct ptw_request update = {
        .id = 5, .pa = PTE_PA, .cas = true, .expect = 0x1122334455667788, .desired = 0xabcdef};
    open_bench(&bench, &config);
    perform(&bench, update, &response);
    assert_true(response.error);
    assert_true(physmem_read(bench.physmem, PTE_PA, 8, &now) && now == update.expect);
    assert_int_equal(bench.check.aw + bench.check.w, 0);
    close_bench(&bench);
}

/* Every scenario met what it is there for, or it would show nothing. */
static void expect_met(const struct adapter_build *build, const struct scoreboard_config *config,
                       const struct scoreboard_counts *counts) {
    const struct axi_memory_config *memory = &config->memory;
    bool updates = config->cas_permille > 0 && !memory->no_exclusive;
    assert_true(counts->reads > 0);
    assert_int_equal(counts->at_once > 1, config->walks > 1);
    assert_int_equal(counts->stored > 0, updates);
    assert_int_equal(counts->changed > 0, updates);
    assert_int_equal(counts->retries > 0,
                     updates && (memory->lose_permille > 0 || config->others_permille > 0));
    assert_int_equal(counts->held > 0, config->cas_permille > 0 && config->walks > 1);
    assert_int_equal(counts->beside > 0, config->cas_permille > 0 && config->walks > 1);
    assert_int_equal(counts->outside > 0, build->addr_width < 56 && config->outside_permille > 0);
    assert_int_equal(counts->errors > counts->outside,
                     memory->error_permille > 0 || memory->no_exclusive);
}

static void test_random(void **state) {
    (void)state;
    for (const struct adapter_build *build = adapter_builds; build->name; build++)
        for (const struct scoreboard_config *config = scenarios; config->name; config++) {
            struct scoreboard_counts counts;
            const char *broken = scoreboard_run(build, config, REQUESTS, &counts);
            printf("%-6s %-40s %8" PRIu64 " cycles %6" PRIu64 " stored %6" PRIu64
                   " changed %6" PRIu64 " retries %6" PRIu64 " errors\n",
                   build->name, config->name, counts.cycles, counts.stored, counts.changed,
                   counts.retries, counts.errors);
            if (broken)
                fail_msg("%s, %s: %s, cycle %" PRIu64, build->name, config->name, broken,
                         counts.cycles);
            expect_met(build, config, &counts);
        }
}

int main(void) {
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_read),         cmocka_unit_test(test_reads_stream),
        cmocka_unit_test(test_update),       cmocka_unit_test(test_word_update),
        cmocka_unit_test(test_no_exclusive), cmocka_unit_test(test_lost_monitor),
        cmocka_unit_test(test_answers_meet), cmocka_unit_test(test_random),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
