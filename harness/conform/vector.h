/*
 * One case of a Spike vector file (*.jsonl.gz, a JSON object a line): control registers, memory,
 * accesses and what each must give. tests/conformance/vectors/README.md describes the form.
 */
#ifndef TWINWALK_CONFORM_VECTOR_H
#define TWINWALK_CONFORM_VECTOR_H

#include "expectation.h"
#include "lines.h"
#include "mmu/mmu.h"

struct range_of_ram {
    uint64_t base, size; /* bytes */
};

struct vector_access {
    bool skipped; /* of a kind that is not modelled */
    struct mmu_request request;
    struct expectation expect;
};

struct vector_case {
    uint64_t id;
    const char *skipped; /* why the whole case cannot be replayed (a constant string), or NULL */
    unsigned word_bytes; /* 4 or 8: of a PTE and of `mem` */
    bool accumulates;    /* what one access stores, the next one sees */
    struct mmu_control control;
    struct range_of_ram *ram;
    size_t ram_count;
    struct word *mem;
    size_t mem_count;
    struct vector_access *access;
    size_t access_count;
    struct word *after; /* where the expectations' words are */
};

/* Reads the current line. false and an error; on true vector_free() frees what it holds. */
bool vector_parse(struct vector_case *vector, const struct lines *lines, struct input_error *error);
void vector_free(struct vector_case *vector);

#endif
