#include "scoreboard.h"

#include "random.h"

#include <stdlib.h>
#include <string.h>

#define WORDS    24   /* of 8 bytes, that requests are about */
#define HISTORY  4096 /* values of each word that are remembered */
#define PATIENCE 20000

struct scoreboard {
    const struct adapter_build *build;
    const struct scoreboard_config *config;
    struct scoreboard_counts *counts;
    struct adapter *adapter;
    struct physmem *physmem;
    struct axi_memory memory;
    struct axi_check check; /* its request[] are those under way */
    uint64_t random;
    struct word {
        uint64_t pa;
        uint64_t changes;         /* so far */
        uint64_t values[HISTORY]; /* after change number i, at i mod HISTORY */
    } word[WORDS];
    struct sought {        /* beside check.request */
        struct word *word; /* NULL: outside what AXI can address */
        uint64_t since;    /* the word's changes when the request was taken */
        uint64_t taken;    /* cycle */
        bool error, stored;
    } sought[SCOREBOARD_WALKS];
    unsigned under_way;
    uint64_t answered;
    const char *broken;
};

static void fail(struct scoreboard *board, const char *what) {
    if (!board->broken)
        board->broken = what;
}

static void change(struct word *word, uint64_t value) {
    word->values[++word->changes % HISTORY] = value;
}

static uint64_t current(const struct word *word) {
    return word->values[word->changes % HISTORY];
}

static struct word *word_at(struct scoreboard *board, uint64_t pa) {
    for (unsigned i = 0; i < WORDS; i++)
        if (board->word[i].pa == (pa & ~UINT64_C(7)))
            return &board->word[i];
    return NULL;
}

/* The bits that a request is about, of the 8 bytes around its PTE; and the PTE in these. */
static unsigned lane_shift(const struct ptw_request *request) {
    return request->word && request->pa & 4 ? 32 : 0;
}

static uint64_t lanes(const struct ptw_request *request) {
    return request->word ? (uint64_t)UINT32_MAX << lane_shift(request) : UINT64_MAX;
}

static uint64_t pte_of(const struct ptw_request *request, uint64_t bytes) {
    return (bytes & lanes(request)) >> lane_shift(request);
}

static uint64_t expected(const struct ptw_request *request) {
    return request->word ? (uint32_t)request->expect : request->expect;
}

/* ---- What memory did */

static void saw_read(void *context, uint32_t id, enum axi_resp resp) {
    struct scoreboard *board = context;
    if (id >= SCOREBOARD_WALKS)
        return; /* the checker tells it */
    bool cas = board->check.request[id].cas;
    board->sought[id].error = resp >= AXI_SLVERR || (cas && resp == AXI_OKAY);
}

static void saw_write(void *context, uint32_t id, enum axi_resp resp, bool stored, uint64_t at,
                      uint64_t old, uint64_t value) {
    struct scoreboard *board = context;
    if (id >= SCOREBOARD_WALKS)
        return;
    struct sought *sought = &board->sought[id];
    const struct ptw_request *request = &board->check.request[id];
    sought->error = resp >= AXI_SLVERR;
    board->counts->retries += resp == AXI_OKAY;
    if (!stored)
        return;
    struct word *word = word_at(board, at);
    if (!request->valid || !request->cas || word != sought->word || sought->stored) {
        fail(board, "a write that nobody asked for");
        return;
    }
    if (((old ^ value) & ~lanes(request)) != 0)
        fail(board, "a write changed bytes beside the PTE");
    if (pte_of(request, old) != expected(request))
        fail(board, "a write over a PTE that was not the one expected");
    sought->stored = true;
    change(word, value);
}

static void others_write(struct scoreboard *board) {
    if (!random_happens(&board->random, board->config->others_permille))
        return;
    struct word *word = &board->word[random_below(&board->random, WORDS)];
    /* Another value in either half or both, or the same one: that costs the monitor alone. */
    static const uint64_t masks[] = {0, UINT32_MAX, (uint64_t)UINT32_MAX << 32, UINT64_MAX};
    uint64_t value =
        current(word) ^ (random_bits(&board->random) & masks[random_below(&board->random, 4)]);
    if (!physmem_write(board->physmem, word->pa, 8, value))
        abort();
    axi_memory_written(&board->memory, word->pa);
    change(word, value);
}

/* ---- Requests */

static void draw_request(struct scoreboard *board, struct ptw_request *request, uint8_t id) {
    const struct scoreboard_config *config = board->config;
    uint64_t *random = &board->random;
    struct word *word = &board->word[random_below(random, WORDS)];
    *request = (struct ptw_request){.valid = true, .id = id};
    request->cas = random_happens(random, config->cas_permille);
    request->word = random_happens(random, config->word_permille);
    request->pa = word->pa + (request->word && random_below(random, 2) ? 4 : 0);
    request->expect = random_bits(random); /* means nothing to a read, nor above a word */
    request->desired = random_bits(random);
    uint64_t pte = pte_of(request, current(word));
    if (random_below(random, 8) == 0) /* not what memory holds, but close */
        pte ^= UINT64_C(1) << random_below(random, request->word ? 32 : 64);
    request->expect = request->word ? (request->expect & ~(uint64_t)UINT32_MAX) | pte : pte;
    if (board->build->addr_width < 56 && random_happens(random, config->outside_permille))
        request->pa |= UINT64_C(1) << (board->build->addr_width +
                                       random_below(random, 56 - board->build->addr_width));
}

static void offer(struct scoreboard *board, struct ptw_request *offered, uint64_t requests) {
    if (offered->valid || board->answered + board->under_way >= requests ||
        board->under_way == board->config->walks ||
        !random_happens(&board->random, board->config->offer_permille))
        return;
    uint8_t id = (uint8_t)random_below(&board->random, board->config->walks);
    while (board->check.request[id].valid)
        id = (uint8_t)((id + 1) % board->config->walks);
    draw_request(board, offered, id);
}

static void take_request(struct scoreboard *board, const struct ptw_request *request) {
    board->check.request[request->id] = *request;
    struct word *word = word_at(board, request->pa);
    board->sought[request->id] = (struct sought){.word = word,
                                                 .since = word ? word->changes : 0,
                                                 .taken = board->counts->cycles,
                                                 .error = !word};
    if (++board->under_way > board->counts->at_once)
        board->counts->at_once = board->under_way;
}

/* ---- Answers */

static bool held_it(const struct sought *sought, const struct ptw_request *request, uint64_t pte) {
    const struct word *word = sought->word;
    for (uint64_t i = sought->since; i <= word->changes; i++)
        if (pte_of(request, word->values[i % HISTORY]) == pte)
            return true;
    return false;
}

static void judge_cas(struct scoreboard *board, const struct sought *sought,
                      const struct ptw_request *request, uint64_t data) {
    if (sought->stored != (data == expected(request)))
        fail(board, "a compare-and-set stored and did not say so, or the reverse");
    board->counts->stored += sought->stored;
    board->counts->changed += !sought->stored;
}

static void take_response(struct scoreboard *board, const struct ptw_response *response) {
    struct ptw_request *request = &board->check.request[response->id];
    const struct sought *sought = &board->sought[response->id];
    if (!request->valid) {
        fail(board, "an answer to no request");
        return;
    }
    if (sought->word && sought->word->changes - sought->since >= HISTORY)
        abort(); /* HISTORY is too short for this scenario */
    if (response->error != sought->error)
        fail(board, "an error was not reported, or one that was none");
    if (response->error) {
        if (sought->stored)
            fail(board, "an error, but memory changed");
        board->counts->errors++;
        board->counts->outside += !sought->word;
    } else if (!sought->error) {
        if (!held_it(sought, request, response->data))
            fail(board, "an answer that memory did not hold meanwhile");
        if (request->cas)
            judge_cas(board, sought, request, response->data);
        else
            board->counts->reads++;
    }
    request->valid = false;
    board->under_way--;
    board->answered++;
    if (!request->cas)
        for (unsigned id = 0; id < SCOREBOARD_WALKS; id++)
            board->counts->beside += board->check.request[id].valid && board->check.request[id].cas;
}

static void check_patience(struct scoreboard *board) {
    for (unsigned id = 0; id < SCOREBOARD_WALKS; id++)
        if (board->check.request[id].valid &&
            board->counts->cycles - board->sought[id].taken > PATIENCE)
            fail(board, "a request is not answered");
}

/* ---- The run */

static void cycle(struct scoreboard *board, uint64_t requests) {
    struct adapter_inputs *in = adapter_in(board->adapter);
    const struct adapter_outputs *out = adapter_out(board->adapter);
    others_write(board);
    offer(board, &in->req, requests);
    in->axi = *axi_memory_drive(&board->memory);
    adapter_settle(board->adapter);
    const char *broken = axi_check_cycle(&board->check, &out->axi, &in->axi);
    if (broken)
        fail(board, broken);
    board->counts->held += in->axi.r.valid && !out->axi.rready;
    if (out->resp.valid)
        take_response(board, &out->resp);
    bool taken = in->req.valid && out->req_ready;
    if (taken)
        take_request(board, &in->req);
    axi_memory_sample(&board->memory, &out->axi);
    adapter_tick(board->adapter);
    if (taken)
        in->req.valid = false;
    if (adapter_failed(board->adapter))
        fail(board, "an assertion of the hardware");
    if (++board->counts->cycles % 1024 == 0)
        check_patience(board);
}

/* Neighbours and far ones, up to the last address. */
static void place_words(struct scoreboard *board) {
    uint64_t last =
        (UINT64_C(1) << (board->build->addr_width < 56 ? board->build->addr_width : 56)) - 8;
    for (unsigned i = 0; i < WORDS; i++) {
        struct word *word = &board->word[i];
        word->pa = i < WORDS / 2 ? 0x80000000 + 8 * i : last - (last >> i & ~UINT64_C(7));
        if (i == WORDS - 1)
            word->pa = last;
        word->values[0] = random_bits(&board->random);
        if (!physmem_poke(board->physmem, word->pa, 8, word->values[0]))
            abort();
    }
}

/* Nothing may be left over: neither in the memory's queues nor in the words. */
static void check_end(struct scoreboard *board) {
    for (unsigned i = 0; i < 100 && !board->broken; i++)
        cycle(board, board->answered);
    if (!axi_memory_idle(&board->memory) || board->check.aw != board->check.b ||
        board->check.w != board->check.b)
        fail(board, "a transaction is left over");
    for (unsigned i = 0; i < WORDS; i++) {
        uint64_t value;
        if (!physmem_read(board->physmem, board->word[i].pa, 8, &value) ||
            value != current(&board->word[i]))
            fail(board, "memory does not hold what was stored");
    }
}

const char *scoreboard_run(const struct adapter_build *build,
                           const struct scoreboard_config *config, uint64_t requests,
                           struct scoreboard_counts *counts) {
    struct scoreboard *board = calloc(1, sizeof *board);
    if (!board || !(board->physmem = physmem_create()))
        abort();
    *counts = (struct scoreboard_counts){0};
    board->build = build;
    board->config = config;
    board->counts = counts;
    board->random = requests;
    board->adapter = adapter_open(build);
    axi_check_init(&board->check, build->addr_width, true);
    axi_memory_init(&board->memory, &config->memory, board->physmem, requests + 1);
    board->memory.observer =
        (struct axi_memory_observer){.context = board, .read = saw_read, .write = saw_write};
    place_words(board);
    while (!board->broken && (board->answered < requests || board->under_way > 0))
        cycle(board, requests);
    if (!board->broken)
        check_end(board);
    const char *broken = board->broken;
    adapter_close(board->adapter);
    physmem_destroy(board->physmem);
    free(board);
    return broken;
}
