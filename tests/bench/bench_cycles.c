/*
 * What the hardware takes: cycles per hit, per walk, per translation of random pages, and how fast
 * it is simulated. Usage: bench_cycles [CONFIG …] (default: default wide). Figures, not a test: but
 * each answer's address is checked, and a wrong one ends the run with status 1.
 *
 * The memory behind the page-table port takes L cycles for a PTE read and takes one request a
 * cycle.
 */
#include "timing.h"
#include "verilated/rtl_mmu.h"

#include <stdio.h>
#include <string.h>

#define PAGES   (1u << 20) /* 4 KiB pages that are mapped: 4 GiB from address 0 */
#define HOT     16u        /* pages of the hot set */
#define IDS     (1u << TW_ID_W)
#define FRAMES  0x4000000u /* ppn of page 0; page v has FRAMES + v */
#define TABLES  0x100000u  /* ppn of the last-level tables, one after the other */
#define UPPER   0x80000u   /* ppn of the tables above them: level i at UPPER + i * 4096 */
#define POINTER 1u
#define LEAF    0xdfu /* V R W X U A D */
#define LATENCY 64u   /* the longest L, rounded up to a power of two */

struct bench {
    const char *config;
    struct rtl_mmu *mmu;
    unsigned latency; /* L */
    unsigned levels;
    /* Answers to come, by the cycle in which they are due. */
    struct {
        bool valid;
        uint8_t id;
        uint64_t pa;
    } due[LATENCY];
    uint64_t random;
    uint64_t reads, answered;
    struct {
        bool busy;
        uint64_t va, accepted;
    } slot[PORTS][IDS];
    unsigned under_way[PORTS], id[PORTS]; /* id: of the request offered */
    bool offered[PORTS];
    uint64_t total_latency; /* of responses, from acceptance */
};

static uint32_t draw(struct bench *bench) {
    bench->random = bench->random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(bench->random >> 33);
}

/* The tables are a formula: what the PTE at `pa` holds. */
static uint64_t pte_at(uint64_t pa) {
    uint64_t ppn = pa >> 12, index = pa >> 3 & 511;
    if (ppn >= TABLES)
        return (FRAMES + ((ppn - TABLES) << 9 | index)) << 10 | LEAF;
    uint64_t level = (ppn - UPPER) >> 12, table = (ppn - UPPER) & 4095;
    uint64_t below = table << 9 | index;
    return (level == 1 ? TABLES + below : UPPER + (level - 1) * 4096 + below) << 10 | POINTER;
}

static void open_hardware(struct bench *bench, const char *config, enum paging_mode mode,
                          unsigned latency) {
    memset(bench, 0, sizeof *bench);
    bench->config = config;
    bench->mmu = rtl_mmu_open(config, 1);
    if (!bench->mmu) {
        fprintf(stderr, "bench_cycles: no configuration %s\n", config);
        exit(2);
    }
    bench->latency = latency;
    bench->levels = mode == MODE_SV39 ? 3 : mode == MODE_SV48 ? 4 : 5;
    bench->random = 1;
    struct mmu_inputs *in = rtl_mmu_in(bench->mmu);
    in->control.mode = mode;
    in->control.root_ppn = UPPER + (bench->levels - 1) * 4096;
    in->control.asid = 1;
    in->control.sum = true;
    in->ptw_req_ready = true;
}

static void take_response(struct bench *bench, const struct mmu_event *event) {
    uint64_t va = bench->slot[event->port][event->id].va;
    uint64_t pa = ((uint64_t)FRAMES << 12) + va;
    if (!bench->slot[event->port][event->id].busy || event->response.pa != pa) {
        fprintf(stderr, "bench_cycles: %s: wrong answer for %llx: %llx (%s)\n", bench->config,
                (unsigned long long)va, (unsigned long long)event->response.pa,
                fault_name(event->response.reason));
        exit(1);
    }
    bench->slot[event->port][event->id].busy = false;
    bench->under_way[event->port]--;
    bench->answered++;
    bench->total_latency +=
        rtl_mmu_cycle(bench->mmu) - bench->slot[event->port][event->id].accepted;
}

/* Any id that no request under way has, kept while the request is offered. */
static bool choose_id(struct bench *bench, int port) {
    for (unsigned i = 0; !bench->offered[port] && i < IDS; i++)
        if (!bench->slot[port][i].busy) {
            bench->id[port] = i;
            bench->offered[port] = true;
        }
    return bench->offered[port];
}

/* One cycle; offer[port] is a virtual address or NULL. Returns which ports took theirs, as bits. */
static unsigned cycle(struct bench *bench, const uint64_t *offer[PORTS]) {
    struct mmu_inputs *in = rtl_mmu_in(bench->mmu);
    uint64_t now = rtl_mmu_cycle(bench->mmu);
    for (int port = 0; port < PORTS; port++) {
        in->req[port].valid = offer[port] && choose_id(bench, port);
        in->req[port].id = (uint8_t)bench->id[port];
        in->req[port].access = port == PORT_I ? ACCESS_EXECUTE : ACCESS_READ;
        in->req[port].priv = port == PORT_I ? PRIV_U : PRIV_S;
        if (offer[port])
            in->req[port].va = *offer[port];
    }
    unsigned place = now % LATENCY;
    in->ptw_resp_valid = bench->due[place].valid;
    if (bench->due[place].valid) {
        in->ptw_resp_id = bench->due[place].id;
        in->ptw_resp_data = pte_at(bench->due[place].pa);
        bench->due[place].valid = false;
        bench->reads++;
    }
    rtl_mmu_settle(bench->mmu);
    const struct mmu_outputs *out = rtl_mmu_out(bench->mmu);
    if (out->ptw_req_valid) {
        place = (now + bench->latency) % LATENCY;
        bench->due[place].valid = true;
        bench->due[place].id = out->ptw_req_id;
        bench->due[place].pa = out->ptw_req_pa;
    }
    unsigned taken = 0;
    for (unsigned i = 0; i < out->events; i++)
        if (out->event[i].kind == EVENT_RESPONSE)
            take_response(bench, &out->event[i]);
    for (int port = 0; port < PORTS; port++) {
        if (!in->req[port].valid || !out->req_ready[port])
            continue;
        unsigned id = bench->id[port];
        bench->offered[port] = false;
        bench->slot[port][id].busy = true;
        bench->slot[port][id].va = in->req[port].va;
        bench->slot[port][id].accepted = now;
        bench->under_way[port]++;
        taken |= 1u << port;
    }
    rtl_mmu_tick(bench->mmu);
    return taken;
}

static void drain(struct bench *bench) {
    const uint64_t *none[PORTS] = {NULL, NULL};
    while (bench->under_way[PORT_I] + bench->under_way[PORT_D] > 0)
        cycle(bench, none);
}

/* One request alone; cycles from acceptance to response. */
static uint64_t alone(struct bench *bench, uint64_t va) {
    const uint64_t *offer[PORTS] = {NULL, &va};
    while (!cycle(bench, offer))
        ;
    uint64_t before = bench->total_latency;
    drain(bench);
    for (unsigned i = 0; i < 8; i++) /* fills of the L2 */
        cycle(bench, (const uint64_t *[PORTS]){NULL, NULL});
    return bench->total_latency - before;
}

/* n requests on each port of the mask, as fast as they are taken; cycles per translation. */
static double stream(struct bench *bench, unsigned ports, uint64_t n,
                     uint64_t (*next)(struct bench *bench)) {
    uint64_t va[PORTS] = {0, 0}, left[PORTS] = {0, 0}, first = rtl_mmu_cycle(bench->mmu);
    const uint64_t *offer[PORTS] = {NULL, NULL};
    for (int port = 0; port < PORTS; port++)
        if (ports >> port & 1) {
            left[port] = n;
            va[port] = next(bench);
            offer[port] = &va[port];
        }
    while (left[PORT_I] + left[PORT_D] > 0) {
        unsigned taken = cycle(bench, offer);
        for (int port = 0; port < PORTS; port++)
            if (taken >> port & 1) {
                va[port] = next(bench);
                if (--left[port] == 0)
                    offer[port] = NULL;
            }
    }
    drain(bench);
    return (double)(rtl_mmu_cycle(bench->mmu) - first) / (double)n;
}

static uint64_t hot_page(struct bench *bench) {
    return (uint64_t)(draw(bench) % HOT) << 12;
}

static uint64_t random_page(struct bench *bench) {
    return (uint64_t)(draw(bench) % PAGES) << 12;
}

static uint64_t local_mix(struct bench *bench) {
    return draw(bench) % 10 ? hot_page(bench) : random_page(bench);
}

static void warm(struct bench *bench) {
    for (uint64_t page = 0; page < HOT; page++)
        for (int port = 0; port < PORTS; port++) {
            uint64_t va = page << 12;
            const uint64_t *offer[PORTS] = {NULL, NULL};
            offer[port] = &va;
            while (!cycle(bench, offer))
                ;
            drain(bench);
        }
}

static void print_hits(const char *config) {
    static const char *const names[] = {"", "I", "D", "both at once"};
    for (unsigned ports = 1; ports <= 3; ports++) {
        struct bench bench;
        open_hardware(&bench, config, MODE_SV39, 10);
        warm(&bench);
        printf("| %s | cycles per hit, %s | %.3f |\n", config, names[ports],
               stream(&bench, ports, 200000, hot_page));
        rtl_mmu_close(bench.mmu);
    }
}

/* A first walk reads every level; one to the neighbouring page finds its table in the walk cache.
 */
static void print_walks(const char *config) {
    static const enum paging_mode modes[] = {MODE_SV39, MODE_SV48, MODE_SV57};
    static const unsigned latencies[] = {1, 10, 50};
    for (unsigned m = 0; m < 3; m++)
        for (unsigned l = 0; l < 3; l++) {
            struct bench bench;
            open_hardware(&bench, config, modes[m], latencies[l]);
            uint64_t full = alone(&bench, 0x40000000);
            uint64_t reads = bench.reads;
            uint64_t cached = alone(&bench, 0x40001000);
            printf("| %s | %s, L=%u: miss to response, %u reads | %llu = %llu x L + %llu |\n",
                   config, paging_mode_name(modes[m]), latencies[l], (unsigned)reads,
                   (unsigned long long)full, (unsigned long long)reads,
                   (unsigned long long)(full - reads * latencies[l]));
            reads = bench.reads - reads;
            printf("| %s | %s, L=%u: the page beside it, %u reads | %llu = %llu x L + %llu |\n",
                   config, paging_mode_name(modes[m]), latencies[l], (unsigned)reads,
                   (unsigned long long)cached, (unsigned long long)reads,
                   (unsigned long long)(cached - reads * latencies[l]));
            rtl_mmu_close(bench.mmu);
        }
}

static void print_streams(const char *config) {
    static const unsigned latencies[] = {1, 10, 50};
    for (unsigned l = 0; l < 3; l++) {
        struct bench bench;
        open_hardware(&bench, config, MODE_SV39, latencies[l]);
        double cycles = stream(&bench, 1u << PORT_D, PAGES, random_page);
        printf("| %s | 1 Mi random pages, Sv39, L=%u: cycles per translation | %.2f |\n", config,
               latencies[l], cycles);
        printf("| %s | the same: PTE reads per translation | %.3f |\n", config,
               (double)bench.reads / (double)PAGES);
        rtl_mmu_close(bench.mmu);
    }
    for (unsigned l = 0; l < 3; l++) {
        struct bench bench;
        open_hardware(&bench, config, MODE_SV39, latencies[l]);
        warm(&bench);
        double cycles = stream(&bench, 1u << PORT_D, PAGES, local_mix);
        printf("| %s | 90 %% local mix, Sv39, L=%u: cycles per translation | %.3f |\n", config,
               latencies[l], cycles);
        rtl_mmu_close(bench.mmu);
    }
}

/* Simulated cycles per CPU-second, both ports busy. */
static void print_speed(const char *config) {
    enum { RUNS = 5 };
    static const struct {
        const char *name;
        uint64_t (*next)(struct bench *bench);
        uint64_t n;
    } loads[] = {{"hits on both ports", hot_page, 1000000},
                 {"90 % local mix on both ports, L=10", local_mix, 500000},
                 {"random pages on both ports, L=10", random_page, 100000}};
    for (unsigned load = 0; load < 3; load++) {
        double speed[RUNS];
        for (unsigned run = 0; run < RUNS; run++) {
            struct bench bench;
            open_hardware(&bench, config, MODE_SV39, 10);
            warm(&bench);
            uint64_t first = rtl_mmu_cycle(bench.mmu);
            double start = cpu_seconds();
            stream(&bench, 3, loads[load].n, loads[load].next);
            speed[run] = (double)(rtl_mmu_cycle(bench.mmu) - first) / (cpu_seconds() - start) / 1e6;
            rtl_mmu_close(bench.mmu);
        }
        double median = median_of(speed, RUNS);
        printf("| %s | million cycles per CPU-second, %s | %.2f (%.2f-%.2f) |\n", config,
               loads[load].name, median, speed[0], speed[RUNS - 1]);
    }
}

int main(int argc, char **argv) {
    static const char *const usual[] = {"default", "wide"};
    unsigned n = argc > 1 ? (unsigned)argc - 1 : 2;
    printf("| configuration | figure | measured |\n| --- | --- | --- |\n");
    for (unsigned i = 0; i < n; i++) {
        const char *config = argc > 1 ? argv[i + 1] : usual[i];
        print_hits(config);
        print_walks(config);
        print_streams(config);
        print_speed(config);
    }
    return 0;
}
