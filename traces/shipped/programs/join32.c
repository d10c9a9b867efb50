/*
 * A hash join, as a database does it: builds a chained hash table of one relation and probes it
 * with another, and adds up what matches. Built for 32 bits. Usage: join32 ROWS PROBES
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

struct row {
    uint32_t key, value;
    struct row *next;
};

static uint32_t state = 2463534242u;

static uint32_t draw(void) {
    state ^= state << 13;
    state ^= state >> 17;
    state ^= state << 5;
    return state;
}

static uint32_t hash(uint32_t key) {
    return key * 2654435761u;
}

int main(int argc, char **argv) {
    uint32_t rows = argc == 3 ? (uint32_t)strtoul(argv[1], NULL, 10) : 0;
    uint32_t probes = argc == 3 ? (uint32_t)strtoul(argv[2], NULL, 10) : 0;
    uint32_t shift = 32, buckets = 1, matches = 0, sum = 0;
    if (!rows || rows > UINT32_C(1) << 24)
        return 2;
    for (; buckets < rows; buckets *= 2)
        shift--;
    struct row *row = malloc(rows * sizeof *row);
    struct row **bucket = calloc(buckets, sizeof *bucket);
    if (!row || !bucket || shift == 32)
        return 2;
    for (uint32_t i = 0; i < rows; i++) {
        row[i].key = draw() % (2 * rows);
        row[i].value = i;
        struct row **head = &bucket[hash(row[i].key) >> shift];
        row[i].next = *head;
        *head = &row[i];
    }
    while (probes--) {
        uint32_t key = draw() % (2 * rows);
        for (const struct row *at = bucket[hash(key) >> shift]; at; at = at->next)
            if (at->key == key) {
                matches++;
                sum += at->value;
            }
    }
    printf("%u %u\n", (unsigned)matches, (unsigned)sum);
    free(bucket);
    free(row);
    return 0;
}
