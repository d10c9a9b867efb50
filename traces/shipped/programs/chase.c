/*
 * Follows pointers through a table in random order: one cycle through all of its cache lines, so
 * that almost every load is on another page. Usage: chase MIB STEPS
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

struct node {
    struct node *next;
    char rest[56];
};

static uint64_t state = 88172645463325252u;

static uint64_t draw(void) {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state;
}

int main(int argc, char **argv) {
    size_t nodes = argc == 3 ? strtoull(argv[1], NULL, 10) * (1 << 20) / sizeof(struct node) : 0;
    uint64_t steps = argc == 3 ? strtoull(argv[2], NULL, 10) : 0;
    if (!nodes)
        return 2;
    struct node *table = malloc(nodes * sizeof *table);
    if (!table)
        return 2;
    for (size_t i = 0; i < nodes; i++)
        table[i].next = &table[i];
    /* Sattolo's shuffle makes a single cycle. */
    for (size_t i = nodes - 1; i; i--) {
        size_t other = draw() % i;
        struct node *next = table[i].next;
        table[i].next = table[other].next;
        table[other].next = next;
    }
    struct node *at = table;
    while (steps--)
        at = at->next;
    printf("%zu\n", (size_t)(at - table));
    free(table);
    return 0;
}
