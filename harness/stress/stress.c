#include "stress.h"

#include "tables.h"

#include <stdio.h>
#include <string.h>

#define IDS (1u << TW_ID_W)

/* Addresses that a port comes back to. */
#define HOT 4

/* A bench for one episode. */
struct bench {
    struct lockstep *both;
    struct stress_tables tables;
    uint64_t random;
    struct stress_watch watch;
    struct mmu_control control;
    struct mmu_request request[PORTS];
    bool offers[PORTS];
    uint64_t hot[PORTS][HOT];
    struct mmu_fence fence;
    bool offers_fence;
    /* One in how many cycles, 0: never. */
    unsigned fence_every, memory_every, control_every, idle_every, inject_every;
    unsigned heat; /* how readily a port comes back: of 6 + heat addresses `heat` are hot */
};

static uint64_t draw(struct bench *bench, uint64_t below) {
    return next_random(&bench->random) % below;
}

static bool happens(struct bench *bench, unsigned every) {
    return every > 0 && draw(bench, every) == 0;
}

static const enum paging_mode modes[] = {MODE_SV32, MODE_SV39, MODE_SV48, MODE_SV57};

static void watch(void *context, const struct mmu_event *event) {
    stress_watch_event(context, event);
}

static void change_control(struct bench *bench) {
    struct mmu_control *control = &bench->control;
    control->mode = bench->tables.mode->mode;
    if (draw(bench, 12) == 0)
        control->mode = modes[draw(bench, 4)];
    if (draw(bench, 60) == 0)
        control->mode = MODE_BARE;
    control->root_ppn = stress_root(&bench->tables);
    if (control->mode == MODE_SV32)
        control->root_ppn &= (1u << 22) - 1;
    control->asid = stress_asid(&bench->tables);
    control->sum = draw(bench, 2);
    control->mxr = draw(bench, 2);
    control->adue = draw(bench, 3) > 0;
    control->pbmte = draw(bench, 2);
    control->napot = draw(bench, 4) > 0;
    lockstep_set_control(bench->both, control);
    bench->watch.coverage->control_changes++;
}

static void change_memory(struct bench *bench) {
    struct stress_word word = stress_any_entry(&bench->tables);
    uint64_t awaited;
    /* Races for A and D are rare unless it is the entry under way that changes. */
    if (lockstep_awaits(bench->both, &awaited) && draw(bench, 2)) {
        word.pa = awaited;
        physmem_read(lockstep_memory(bench->both, SIDE_MODEL), awaited, word.bytes, &word.value);
        word.value ^= UINT64_C(1) << draw(bench, draw(bench, 2) ? 8 : 32);
    }
    lockstep_poke(bench->both, word.pa, word.bytes, word.value);
    bench->watch.coverage->memory_changes++;
}

/* Half of them for pages just used: these stand in TLBs. */
static void new_fence(struct bench *bench) {
    bench->fence = (struct mmu_fence){
        .has_va = draw(bench, 4) > 0,
        .has_asid = draw(bench, 2),
        .va = draw(bench, 2) ? bench->request[draw(bench, PORTS)].va
                             : stress_va(&bench->tables, bench->tables.mode),
        .asid = stress_asid(&bench->tables),
    };
    bench->offers_fence = true;
}

/* Addresses come back often enough to hit, and to be asked for by several requests at once. */
static uint64_t new_va(struct bench *bench, enum port port) {
    const struct stress_tables *tables = &bench->tables;
    uint64_t latest = bench->request[port].va;
    uint64_t *hot = &bench->hot[port][draw(bench, HOT)];
    switch (draw(bench, 6 + bench->heat)) {
    case 0:
    case 1:
        return stress_va(&bench->tables, tables->mode);
    case 2:
        return *hot = stress_va(&bench->tables, tables->mode);
    case 3:
        return stress_relative(&bench->tables, tables->mode, latest);
    case 4: /* the page of the other port's, or the one after it */
        latest = bench->request[!port].va + (draw(bench, 4) ? 0 : PAGE_BYTES);
        return latest ^ draw(bench, PAGE_BYTES);
    case 5:
        return latest ^ draw(bench, PAGE_BYTES);
    default:
        return *hot;
    }
}

/* Any id that is free; false: there is none. */
static bool choose_id(struct bench *bench, enum port port, uint8_t *id) {
    uint8_t first = (uint8_t)draw(bench, IDS);
    for (unsigned i = 0; i < IDS; i++) {
        *id = (uint8_t)((first + i) % IDS);
        if (!lockstep_busy(bench->both, port, *id))
            return true;
    }
    return false;
}

static void new_request(struct bench *bench, enum port port) {
    static const enum privilege privileges[] = {PRIV_U, PRIV_S, PRIV_U, PRIV_S,
                                                PRIV_U, PRIV_S, PRIV_U, PRIV_M};
    struct mmu_request *request = &bench->request[port];
    request->va = new_va(bench, port);
    request->access = port == PORT_I ? ACCESS_EXECUTE : draw(bench, 2) ? ACCESS_WRITE : ACCESS_READ;
    request->priv = privileges[draw(bench, draw(bench, 4) ? 7 : 8)];
    bench->offers[port] = choose_id(bench, port, &request->id);
}

static void choose(struct bench *bench) {
    if (happens(bench, bench->memory_every))
        change_memory(bench);
    if (happens(bench, bench->control_every))
        change_control(bench);
    if (!bench->offers_fence && happens(bench, bench->fence_every))
        new_fence(bench);
    for (int port = 0; port < PORTS; port++)
        if (!bench->offers[port] && !happens(bench, bench->idle_every))
            new_request(bench, (enum port)port);
}

static bool cycle(struct bench *bench) {
    struct stress_coverage *coverage = bench->watch.coverage;
    bench->watch.injecting = bench->watch.config->parity && happens(bench, bench->inject_every);
    struct lockstep_offer offer = {
        .fence = bench->offers_fence ? &bench->fence : NULL,
        .inject = bench->watch.injecting,
        .inject_bit = (uint8_t)draw(bench, 256),
    };
    for (int port = 0; port < PORTS; port++)
        offer.request[port] = bench->offers[port] ? &bench->request[port] : NULL;
    bool agreed = lockstep_cycle(bench->both, &offer);
    stress_watch_cycle(&bench->watch, bench->both, &offer);
    for (int port = 0; port < PORTS; port++) {
        if (!offer.accepted[port])
            continue;
        bench->offers[port] = false;
        coverage->accesses++;
        coverage->modes[bench->control.mode]++;
    }
    if (offer.acknowledged)
        bench->offers_fence = false;
    return agreed;
}

/* A page of the pool refuses accesses, or only updates. */
static void refuse_page(struct bench *bench,
                        bool (*add)(struct physmem *memory, uint64_t from, uint64_t to)) {
    uint64_t pa = bench->tables.page_ppn[draw(bench, STRESS_PAGES)] * PAGE_BYTES;
    for (int side = 0; side < SIDES; side++)
        add(lockstep_memory(bench->both, (enum side)side), pa, pa + PAGE_BYTES);
}

/* The tables, and what memory does not allow. `read_cycles`: what a PTE read may take. */
static void set_stage(struct bench *bench, unsigned read_cycles) {
    stress_tables_init(&bench->tables, mode_find(modes[draw(bench, 4)]), &bench->random);
    for (unsigned page = 0; page < STRESS_PAGES; page++)
        for (unsigned slot = 0; slot < STRESS_INDICES; slot++) {
            struct stress_word word = stress_entry(&bench->tables, page, slot);
            lockstep_poke(bench->both, word.pa, word.bytes, word.value);
        }
    for (uint64_t refused = draw(bench, 3); refused > 0; refused--)
        refuse_page(bench, physmem_add_error);
    for (uint64_t refused = draw(bench, 3); refused > 0; refused--)
        refuse_page(bench, physmem_add_update_error);
    static const unsigned fence_rates[] = {0, 20, 40, 100, 1000};
    static const unsigned memory_rates[] = {0, 5, 30, 400};
    bench->fence_every = fence_rates[draw(bench, 5)];
    /* Where walks start over all the time nothing gets done. */
    if (bench->fence_every > 0 && bench->fence_every < 3 * read_cycles)
        bench->fence_every = 3 * read_cycles;
    bench->memory_every = memory_rates[draw(bench, 4)];
    bench->control_every = draw(bench, 2) ? 100 : 1500;
    bench->idle_every = draw(bench, 3) ? 0 : 3;
    bench->inject_every = (unsigned)draw(bench, 3) * 4; /* of the cycles, so of the fills too */
    static const unsigned heats[] = {0, 2, 12, 100};
    bench->heat = heats[draw(bench, 4)];
    change_control(bench);
}

/* Of every form; random ones with a seed of their own. Returns the longest that it can draw. */
static unsigned choose_latency(struct bench *bench, char *text, size_t size) {
    static const struct {
        const char *text;
        unsigned max;
    } forms[] = {
        {"1", 1},
        {"5", 5},
        {"1:4:", 4},
        {"1:30:", 30},
        {"20:60:", 60},
        {"cache:1K/2/64/2,40", 40},
        {"cache:256/2/16/1,2K/4/64/6,30", 30},
    };
    uint64_t i = draw(bench, sizeof forms / sizeof forms[0]);
    if (forms[i].text[strlen(forms[i].text) - 1] == ':')
        snprintf(text, size, "%s%u", forms[i].text, (unsigned)draw(bench, 1000000));
    else
        snprintf(text, size, "%s", forms[i].text);
    return forms[i].max;
}

struct lockstep *stress_episode(const struct stress_options *options,
                                struct stress_coverage *coverage, const char **why) {
    /* Hashed, so that neighbouring seeds and episodes are different streams. */
    uint64_t random = options->seed;
    random = next_random(&random) ^ options->episode;
    random = next_random(&random);
    struct bench bench = {
        .random = random,
        .watch = {.config = rtl_mmu_config(options->config), .coverage = coverage},
    };
    static const unsigned stalls[] = {0, 0, 40, 80};
    char latency[64];
    unsigned stall = stalls[draw(&bench, 4)];
    unsigned read_cycles =
        (choose_latency(&bench, latency, sizeof latency) + 1) * 100 / (100 - stall);
    struct lockstep_options lockstep = {
        .config = options->config,
        .latency = latency,
        .stall_percent = stall,
        .no_timing_check = options->no_timing_check,
        .seed = (uint32_t)draw(&bench, UINT32_MAX) | 1,
    };
    bench.both = lockstep_create(&lockstep, why);
    if (!bench.both)
        return NULL;
    lockstep_listen(bench.both, watch, &bench.watch);
    if (options->waves && !waves_begin(options->dump, bench.both, options->waves,
                                       options->waves_first, UINT64_MAX - 1, why)) {
        lockstep_destroy(bench.both);
        return NULL;
    }
    set_stage(&bench, read_cycles);
    uint64_t end = coverage->accesses + options->accesses;
    do
        choose(&bench);
    while (cycle(&bench) && coverage->accesses < end);
    /* What is offered must not be withdrawn. */
    while ((bench.offers[PORT_I] || bench.offers[PORT_D] || bench.offers_fence) && cycle(&bench))
        ;
    lockstep_finish(bench.both);
    lockstep_listen(bench.both, NULL, NULL);
    stress_watch_end(&bench.watch, bench.both);
    return bench.both;
}
