#include "smoke.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

void smoke_map(struct bench *bench, uint64_t leaf) {
    bench_write(bench, 0x80000008, 0x20000401);
    bench_write(bench, 0x80001008, 0x20000801);
    bench_write(bench, SV39_LEAF, leaf);
}

static void expect_words(const struct bench *bench, const char *log, const char *expected) {
    char text[512] = "", copy[512];
    snprintf(copy, sizeof copy, "%s", expected);
    for (char *word = strtok(copy, " "); word; word = strtok(NULL, " ")) {
        if (!bench->has_l2 && strstr(word, "L2"))
            continue;
        if (word[1] == ':' && (word[0] == 'c' || word[0] == 'n')) {
            if ((word[0] == 'c') != (bench->config->walk_cache > 0))
                continue;
            word += 2;
        }
        if (*text)
            strcat(text, " ");
        strcat(text, word);
    }
    assert_string_equal(log, text);
}

void smoke_expect_log(const struct bench *bench, const char *expected) {
    expect_words(bench, bench->log, expected);
}

void smoke_expect_ahead(const struct bench *bench, const char *expected) {
    expect_words(bench, bench->ahead, bench->config->prefetch && bench->has_l2 ? expected : "");
}

void smoke_expect_page(const struct bench *bench, enum port port, uint64_t pa, enum page_size size,
                       enum hit_level level) {
    const struct mmu_response *response = &bench->response[port];
    assert_int_equal(response->reason, FAULT_NONE);
    assert_int_equal(response->cause, CAUSE_NONE);
    assert_int_equal(response->pa, pa);
    assert_int_equal(response->size, size);
    assert_int_equal(response->level, level);
}

void smoke_expect_fault(const struct bench *bench, enum port port, enum fault_reason reason,
                        enum cause cause, enum hit_level level) {
    const struct mmu_response *response = &bench->response[port];
    assert_int_equal(response->reason, reason);
    assert_int_equal(response->cause, cause);
    assert_int_equal(response->level, level);
    assert_int_equal(response->pa, 0);
    assert_int_equal(response->size, 0);
}
