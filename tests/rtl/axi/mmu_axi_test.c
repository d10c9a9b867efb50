/*
 * Whole translations through mmu_axi: adversarial tables in an AXI memory, and every answer held
 * against a walk of the same tables by the model.
 */
#include "axi_check.h"
#include "axi_memory.h"
#include "mmu/pte.h"
#include "random.h"
#include "stress/tables.h"
#include "translator.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define EPISODES 25   /* of each memory, mode and ADUE: other tables each */
#define REQUESTS 300u /* of an episode */
#define IDS      16
#define PATIENCE 50000
#define ENTRIES  (STRESS_PAGES * STRESS_INDICES)

/* Over all episodes. */
struct counts {
    uint64_t cycles, translated, faults;
    uint64_t updates; /* PTEs in which A or D was set */
    uint64_t refused; /* faults UPDATE_ACCESS */
};

struct run {
    struct axi_memory_config config;
    struct mmu_control control;
    struct translator *translator;
    struct physmem *physmem;
    struct axi_memory memory;
    struct axi_check check;
    struct mmu *walker; /* the model: walks the same tables, after the hardware */
    uint64_t random;
    struct stress_tables tables;
    struct stress_word entry[ENTRIES]; /* as the tables began */
    struct asked {
        bool valid;
        struct mmu_request request;
        struct mmu_control control;
        uint64_t cycle;
    } asked[PORTS][IDS];
    unsigned answered, under_way;
    struct counts *counts;
};

/* ---- Tables */

static void build_tables(struct run *run, const struct mode *mode) {
    stress_tables_init(&run->tables, mode, &run->random);
    for (unsigned i = 0; i < ENTRIES; i++) {
        struct stress_word *entry = &run->entry[i];
        *entry = stress_entry(&run->tables, i / STRESS_INDICES, i % STRESS_INDICES);
        assert_true(physmem_poke(run->physmem, entry->pa, entry->bytes, entry->value));
    }
    /* Two tables may share a page. What counts is what the words hold now. */
    for (unsigned i = 0; i < ENTRIES; i++)
        assert_true(physmem_read(run->physmem, run->entry[i].pa, run->entry[i].bytes,
                                 &run->entry[i].value));
    /* A page that memory refuses. */
    uint64_t refused = run->tables.page_ppn[STRESS_PAGES - 1] * PAGE_BYTES;
    assert_true(physmem_add_error(run->physmem, refused, refused + PAGE_BYTES));
}

/* Nothing but A and D may have changed, and these only from 0 to 1 and with ADUE. */
static void check_tables(struct run *run) {
    uint64_t allowed = run->control.adue ? pte_mask(PTE_BIT_A) | pte_mask(PTE_BIT_D) : 0;
    physmem_forget_ranges(run->physmem);
    for (unsigned i = 0; i < ENTRIES; i++) {
        const struct stress_word *entry = &run->entry[i];
        uint64_t now;
        assert_true(physmem_read(run->physmem, entry->pa, entry->bytes, &now));
        assert_true(((now ^ entry->value) & ~allowed) == 0 && (entry->value & ~now) == 0);
        run->counts->updates += now != entry->value;
    }
}

/* ---- Requests and answers */

static void offer(struct run *run, enum port port) {
    struct mmu_inputs *in = &translator_in(run->translator)->mmu;
    if (in->req[port].valid || random_happens(&run->random, 300))
        return;
    uint8_t id = (uint8_t)random_below(&run->random, IDS);
    if (run->asked[port][id].valid)
        return;
    in->req[port].valid = true;
    in->req[port].id = id;
    in->req[port].va = stress_va(&run->tables, run->tables.mode);
    in->req[port].priv = (enum privilege)random_below(&run->random, 2); /* U or S */
    in->req[port].access = port == PORT_I                  ? ACCESS_EXECUTE
                           : random_below(&run->random, 2) ? ACCESS_WRITE
                                                           : ACCESS_READ;
}

static void take(struct run *run, enum port port) {
    const struct mmu_inputs *in = &translator_in(run->translator)->mmu;
    struct asked *asked = &run->asked[port][in->req[port].id];
    *asked = (struct asked){.valid = true, .control = in->control, .cycle = run->counts->cycles};
    asked->request = (struct mmu_request){
        .va = in->req[port].va, .access = in->req[port].access, .priv = in->req[port].priv};
    run->under_way++;
}

/*
 * What the tables say now that the hardware has answered, A and D being set by nobody but it: the
 * model walks with ADUE = 0, so a bit that the hardware forgot to set is a fault here.
 */
static void judge(struct run *run, const struct asked *asked, const struct mmu_response *response) {
    struct mmu_control control = asked->control;
    struct mmu_response walked;
    control.adue = false;
    mmu_set_control(run->walker, &control);
    mmu_fence(run->walker, &(struct mmu_fence){0});
    mmu_translate(run->walker, &asked->request, &walked);
    bool bit_is_clear = walked.reason == FAULT_ACCESSED_CLEAR || walked.reason == FAULT_DIRTY_CLEAR;
    bool access_fault =
        response->reason == FAULT_PTE_ACCESS || response->reason == FAULT_UPDATE_ACCESS;
    assert_int_equal(response->cause, fault_cause(response->reason, asked->request.access));
    run->counts->refused += response->reason == FAULT_UPDATE_ACCESS;
    run->counts->faults += response->reason != FAULT_NONE;
    run->counts->translated += response->reason == FAULT_NONE;
    if (access_fault && run->config.error_permille > 0)
        return; /* an error at random */
    if (bit_is_clear && asked->control.adue) {
        assert_int_equal(response->reason, FAULT_UPDATE_ACCESS);
        assert_true(run->config.no_exclusive);
        return;
    }
    assert_int_equal(response->reason, walked.reason);
    assert_true(response->pa == walked.pa);
    assert_int_equal(response->size, walked.size);
    assert_int_equal(response->memory, walked.memory);
}

static void take_answer(struct run *run, enum port port) {
    const struct translator_outputs *out = translator_out(run->translator);
    if (!out->resp[port].valid)
        return;
    struct asked *asked = &run->asked[port][out->resp[port].id];
    assert_true(asked->valid);
    judge(run, asked, &out->resp[port].response);
    asked->valid = false;
    run->under_way--;
    run->answered++;
}

/* Another hart that writes what is there already: it takes the monitor away, no more. */
static void others_write(struct run *run) {
    if (random_happens(&run->random, 30))
        axi_memory_written(&run->memory, run->entry[random_below(&run->random, ENTRIES)].pa);
}

static void check_patience(struct run *run) {
    for (unsigned i = 0; i < PORTS * IDS; i++) {
        const struct asked *asked = &run->asked[i / IDS][i % IDS];
        assert_true(!asked->valid || run->counts->cycles - asked->cycle < PATIENCE);
    }
}

/* ---- The run */

/* One cycle with the inputs as they stand. */
static void step(struct run *run) {
    struct translator_inputs *in = translator_in(run->translator);
    const struct translator_outputs *out = translator_out(run->translator);
    in->axi = *axi_memory_drive(&run->memory);
    translator_settle(run->translator);
    const char *broken = axi_check_cycle(&run->check, &out->axi, &in->axi);
    if (broken)
        fail_msg("%s", broken);
    axi_memory_sample(&run->memory, &out->axi);
    translator_tick(run->translator);
    assert_false(translator_failed(run->translator));
}

static void cycle(struct run *run, bool more) {
    struct mmu_inputs *in = &translator_in(run->translator)->mmu;
    const struct translator_outputs *out = translator_out(run->translator);
    others_write(run);
    for (unsigned port = 0; more && port < PORTS; port++)
        offer(run, port);
    in->control.sum = random_below(&run->random, 2);
    in->control.mxr = random_below(&run->random, 2);
    in->fence_valid = in->fence_valid || random_happens(&run->random, 2);
    step(run);
    for (unsigned port = 0; port < PORTS; port++) {
        take_answer(run, port);
        if (!in->req[port].valid || !out->req_ready[port])
            continue;
        take(run, port);
        in->req[port].valid = false;
    }
    in->fence_valid = in->fence_valid && !out->fence_ready;
    if (++run->counts->cycles % 1024 == 0)
        check_patience(run);
}

static void open_run(struct run *run, const struct mode *mode, bool adue) {
    static const struct mmu_config smallest = {
        .tlb = {{1, 1, POLICY_LRU}, {1, 1, POLICY_LRU}}, .walks = 1, .misses = {1, 1}};
    const char *why;
    run->physmem = physmem_create();
    assert_non_null(run->physmem);
    struct mmu_memory callbacks = physmem_callbacks(run->physmem);
    run->walker = mmu_create(&smallest, &callbacks, &why);
    assert_non_null(run->walker);
    build_tables(run, mode);
    axi_memory_init(&run->memory, &run->config, run->physmem, run->random);
    axi_check_init(&run->check, TW_PA_W, false);
    run->translator = translator_open();
    run->control = (struct mmu_control){.mode = mode->mode,
                                        .root_ppn = stress_root(&run->tables),
                                        .asid = stress_asid(&run->tables),
                                        .adue = adue,
                                        .pbmte = true};
    translator_in(run->translator)->mmu.control = run->control;
}

static void close_run(struct run *run) {
    check_tables(run);
    translator_close(run->translator);
    mmu_destroy(run->walker);
    physmem_destroy(run->physmem);
}

static void play_episode(struct run *run, const struct mode *mode, bool adue) {
    open_run(run, mode, adue);
    const struct mmu_inputs *in = &translator_in(run->translator)->mmu;
    while (run->answered < REQUESTS)
        cycle(run, true);
    while (run->under_way > 0 || in->req[PORT_I].valid || in->req[PORT_D].valid)
        cycle(run, false);
    close_run(run);
}

static void test_mode(const char *name, const struct axi_memory_config *config,
                      const struct mode *mode, bool adue) {
    struct counts counts = {0};
    for (unsigned episode = 0; episode < EPISODES; episode++) {
        struct run run = {.config = *config, .counts = &counts, .random = episode};
        play_episode(&run, mode, adue);
    }
    printf("%-15s %s adue %d: %7" PRIu64 " cycles, %4" PRIu64 " translated, %4" PRIu64
           " faults, %3" PRIu64 " PTEs updated\n",
           name, paging_mode_name(mode->mode), adue, counts.cycles, counts.translated,
           counts.faults, counts.updates);
    assert_true(counts.translated > 0 && counts.faults > 0);
    assert_int_equal(counts.updates > 0, adue && !config->no_exclusive);
    assert_int_equal(counts.refused > 0,
                     adue && (config->no_exclusive || config->error_permille > 0));
}

static void test_translations(const char *name, const struct axi_memory_config *config) {
    static const enum paging_mode modes[] = {MODE_SV32, MODE_SV39, MODE_SV48, MODE_SV57};
    for (unsigned i = 0; i < 4; i++) {
        test_mode(name, config, mode_find(modes[i]), false);
        test_mode(name, config, mode_find(modes[i]), true);
    }
}

static void test_quick_memory(void **state) {
    (void)state;
    test_translations("quick",
                      &(struct axi_memory_config){.latency_max = 1, .ready_permille = 1000});
}

static void test_slow_memory(void **state) {
    (void)state;
    test_translations("slow, any order", &(struct axi_memory_config){.latency_max = 40,
                                                                     .ready_permille = 400,
                                                                     .lose_permille = 100});
}

static void test_bus_errors(void **state) {
    (void)state;
    test_translations("bus errors", &(struct axi_memory_config){.latency_max = 10,
                                                                .ready_permille = 800,
                                                                .error_permille = 100});
}

static void test_no_exclusive(void **state) {
    (void)state;
    test_translations("no exclusive", &(struct axi_memory_config){.latency_max = 10,
                                                                  .ready_permille = 800,
                                                                  .no_exclusive = true});
}

/* Sv39, tables at 0x80000000, …1000, …2000, vpn[2] = vpn[1] = vpn[0] = 1: docs/axi.md, Cycles. */
static void test_walk_latency(void **state) {
    (void)state;
    struct counts counts = {0};
    struct run run = {.config = {.latency_max = 1, .ready_permille = 1000}, .counts = &counts};
    open_run(&run, mode_find(MODE_SV39), false);
    assert_true(physmem_poke(run.physmem, 0x80000008, 8, 0x20000401));
    assert_true(physmem_poke(run.physmem, 0x80001008, 8, 0x20000801));
    assert_true(physmem_poke(run.physmem, 0x80002008, 8, 0x48d14c3));
    struct translator_inputs *in = translator_in(run.translator);
    const struct translator_outputs *out = translator_out(run.translator);
    in->mmu.control.root_ppn = 0x80000;
    in->mmu.req[PORT_D].valid = true;
    in->mmu.req[PORT_D].va = 0x40201abc;
    in->mmu.req[PORT_D].priv = PRIV_S;
    unsigned cycles = 0;
    step(&run);
    assert_true(out->req_ready[PORT_D]);
    in->mmu.req[PORT_D].valid = false;
    do {
        step(&run);
        assert_true(++cycles < 100);
    } while (!out->resp[PORT_D].valid);
    assert_int_equal(out->resp[PORT_D].response.reason, FAULT_NONE);
    assert_true(out->resp[PORT_D].response.pa == 0x12345abc);
    assert_int_equal(cycles, 1 + 3 * (1 + 2));
    close_run(&run);
}

int main(void) {
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_walk_latency), cmocka_unit_test(test_quick_memory),
        cmocka_unit_test(test_slow_memory),  cmocka_unit_test(test_bus_errors),
        cmocka_unit_test(test_no_exclusive),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
