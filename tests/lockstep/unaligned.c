/* Random loads and stores over 16 MiB, a third of them across a page: a guest for cachegrind.sh. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BYTES = 16 << 20, ROUNDS = 60000 };

int main(void) {
    char *memory = malloc(BYTES);
    if (!memory)
        return 1;
    uint64_t random = 1, sum = 0;
    for (int i = 0; i < ROUNDS; i++) {
        random = random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        size_t at = (random >> 33) % (BYTES - 4096 - 8);
        if (i % 3 == 0)
            at = (at & ~(size_t)4095) + 4093;
        memcpy(memory + at, &random, sizeof random);
        uint64_t value;
        memcpy(&value, memory + at, sizeof value);
        sum += value;
    }
    printf("%llu\n", (unsigned long long)sum);
    free(memory);
    return 0;
}
