/*
 * Deterministic text: lines of words, frequent ones more often. Usage: words LINES SEED
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

enum { VOCABULARY = 20000, WORDS_PER_LINE = 9 };

static uint64_t state;

static uint64_t draw(void) {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state;
}

/* A word that depends on its number only. */
static void print_word(uint64_t number) {
    static const char *const syllables[16] = {"ta", "ri", "no", "sel", "mu", "ko",  "an", "ver",
                                              "di", "lo", "pa", "shi", "en", "gra", "tu", "es"};
    for (uint64_t rest = number * 2654435761u % 65536 + 16; rest; rest /= 16)
        fputs(syllables[rest % 16], stdout);
}

int main(int argc, char **argv) {
    long lines = argc == 3 ? atol(argv[1]) : 0;
    state = argc == 3 ? strtoull(argv[2], NULL, 10) : 0;
    if (lines <= 0 || !state)
        return 2;
    for (long line = 0; line < lines; line++) {
        printf("%06llu", (unsigned long long)(draw() % 1000000));
        for (int word = 0; word < WORDS_PER_LINE; word++) {
            /* The smallest of three draws: low numbers are frequent. */
            uint64_t number = draw() % VOCABULARY;
            for (int again = 0; again < 2; again++) {
                uint64_t other = draw() % VOCABULARY;
                if (other < number)
                    number = other;
            }
            putchar(' ');
            print_word(number);
        }
        putchar('\n');
    }
    return fflush(stdout) ? 1 : 0;
}
