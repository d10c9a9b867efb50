/*
 * A fuzzer for compilers without libFuzzer: mutates good inputs, made here, from a seed; the same
 * ones in every run. Usage: mutate ROUNDS [SEED]
 */
#include "block.h"
#include "fuzz_trace.h"
#include "traces/support.h"

#include <stdlib.h>
#include <string.h>

enum { RECORDS = 300, INPUT_MAX = 1 << 16, INPUTS = 8 };

struct input {
    size_t size;
    uint8_t data[INPUT_MAX];
};

static struct input inputs[INPUTS], mutant;

static void fill(struct input *input, uint8_t what, const void *data, size_t size) {
    if (size + 1 > INPUT_MAX)
        abort();
    input->data[0] = what;
    memcpy(input->data + 1, data, size);
    input->size = size + 1;
}

static void fill_file(struct input *input, enum trace_form form, bool pages) {
    static struct trace_record record[RECORDS];
    struct trace_info info = {.program = "p", .pages = pages, .va_bits = 64};
    const char *path = support_path("seed");
    support_random_records(record, RECORDS, pages, 64, 5);
    support_write_trace(path, form, &info, record, RECORDS);
    size_t length;
    uint8_t *bytes = support_read_file(path, &length);
    fill(input, FUZZ_FILE, bytes, length);
    free(bytes);
}

static void fill_payload(struct input *input, bool pages, unsigned va_bits) {
    static struct trace_record record[RECORDS];
    struct block_encoder *encoder = block_encoder_create(pages);
    if (!encoder)
        abort();
    support_random_records(record, RECORDS, pages, va_bits, 6);
    for (int i = 0; i < RECORDS; i++)
        block_encode(encoder, &record[i]);
    size_t length;
    const uint8_t *payload = block_encoder_finish(encoder, &length);
    fill(input, FUZZ_PAYLOAD | (pages ? FUZZ_PAGES : 0) | (va_bits == 32 ? FUZZ_32 : 0), payload,
         length);
    block_encoder_destroy(encoder);
}

static void make_inputs(void) {
    static const char lackey[] = "==1== x\nI  0401b770,1\n S 1fff000ffe,8\n M 1fff001000,4\n"
                                 " L 04a1ade0,512\n";
    fill_file(&inputs[0], TRACE_BINARY, false);
    fill_file(&inputs[1], TRACE_BINARY, true);
    fill_file(&inputs[2], TRACE_TEXT, false);
    fill_payload(&inputs[3], false, 64);
    fill_payload(&inputs[4], true, 64);
    fill_payload(&inputs[5], false, 32);
    fill_payload(&inputs[6], true, 32);
    fill(&inputs[7], FUZZ_LACKEY, lackey, sizeof lackey - 1);
}

static void mutate_once(struct input *input, uint64_t *seed) {
    static const uint8_t extremes[] = {0, 1, 0x7f, 0x80, 0xff, '\n', ' ', '0'};
    uint64_t draw = support_random(seed);
    size_t at = 1 + (draw >> 8) % (input->size - 1), length = 1 + (draw >> 40) % 16;
    if (length > input->size - at)
        length = input->size - at;
    switch (draw % 6) {
    case 0:
        input->data[at] ^= (uint8_t)(1u << (draw >> 60 & 7));
        break;
    case 1:
        input->data[at] = (uint8_t)(draw >> 56);
        break;
    case 2:
        memset(input->data + at, extremes[draw >> 61], length);
        break;
    case 3: /* takes bytes out */
        if (input->size <= length + 1)
            break;
        memmove(input->data + at, input->data + at + length, input->size - at - length);
        input->size -= length;
        break;
    case 4: /* doubles bytes */
        if (input->size + length > INPUT_MAX)
            break;
        memmove(input->data + at + length, input->data + at, input->size - at);
        input->size += length;
        break;
    default: /* cuts the end off */
        if (draw >> 60 == 0)
            input->size = at + 1;
    }
}

int main(int argc, char **argv) {
    uint64_t rounds = argc > 1 ? strtoull(argv[1], NULL, 10) : 1000;
    uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;
    if (!seed || support_setup(NULL) != 0)
        return 2;
    make_inputs();
    for (uint64_t round = 0; round < rounds; round++) {
        mutant = inputs[round % INPUTS];
        for (uint64_t n = 1 + support_random(&seed) % 8; n; n--)
            mutate_once(&mutant, &seed);
        LLVMFuzzerTestOneInput(mutant.data, mutant.size);
    }
    return support_teardown(NULL);
}
