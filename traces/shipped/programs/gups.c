/* Random updates of a large table ("giga updates per second"). Usage: gups MIB UPDATES */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv) {
    size_t words = argc == 3 ? strtoull(argv[1], NULL, 10) * (1 << 20) / sizeof(uint64_t) : 0;
    uint64_t updates = argc == 3 ? strtoull(argv[2], NULL, 10) : 0;
    if (!words || (words & (words - 1)))
        return 2;
    uint64_t *table = calloc(words, sizeof *table);
    if (!table)
        return 2;
    uint64_t random = 88172645463325252u, sum = 0;
    while (updates--) {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        table[random & (words - 1)] ^= random;
    }
    for (size_t i = 0; i < words; i += 4096)
        sum += table[i];
    printf("%llu\n", (unsigned long long)sum);
    free(table);
    return 0;
}
