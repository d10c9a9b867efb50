/* What the first byte of the fuzz target's input says of the rest. */
#ifndef TWINWALK_TESTS_FUZZ_FUZZ_TRACE_H
#define TWINWALK_TESTS_FUZZ_FUZZ_TRACE_H

#include <stddef.h>
#include <stdint.h>

enum {
    FUZZ_FILE = 0,
    FUZZ_PAYLOAD = 1,
    FUZZ_LACKEY = 2,
    FUZZ_WHAT = 3,  /* bits of the three above */
    FUZZ_PAGES = 4, /* payload of the page-run form */
    FUZZ_32 = 8,    /* payload with 32-bit addresses */
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
