/*
 * Workloads that run alike on a real Linux kernel (native.c) and on the memory manager (model.c):
 * the language of workloads/, read into a list of statements. docs/host-kernel.md describes it.
 */
#ifndef TWINWALK_TESTS_MM_HOST_WORKLOAD_H
#define TWINWALK_TESTS_MM_HOST_WORKLOAD_H

#include "types.h"

#include <stdio.h>

#define WORKLOAD_NAME       24 /* bytes of a name, with its end */
#define WORKLOAD_TITLE      200
#define WORKLOAD_STATEMENTS 400
#define WORKLOAD_NAMES      64
#define WORKLOAD_FILES      4
#define WORKLOAD_PROCESSES  8

/* Where the break stands at first; both runners bring it there. A multiple of 1 GiB, so that the
 * heap shares no PMD table with the program. */
#define WORKLOAD_HEAP UINT64_C(0x40000000)
/* End of the stack of x86-64; that of Sv48 ends a page higher, in the same tables. */
#define WORKLOAD_STACK UINT64_C(0x7ffffffff000)

enum operation {
    OP_MAP,
    OP_TOUCH,
    OP_MUNMAP,
    OP_MPROTECT,
    OP_MREMAP,
    OP_MADVISE,
    OP_MLOCK,
    OP_MUNLOCK,
    OP_BRK,
    OP_FORK,
    OP_EXIT,
    OP_MARK
};

enum backing { BACKING_ANON, BACKING_SHARED, BACKING_FILE_PRIVATE, BACKING_FILE_SHARED };
enum advice {
    ADVICE_DONTNEED,
    ADVICE_POPULATE_READ,
    ADVICE_POPULATE_WRITE,
    ADVICE_HUGEPAGE,
    ADVICE_NOHUGEPAGE,
    ADVICE_COLLAPSE,
    ADVICE_COLD
};
enum order { ORDER_UP, ORDER_DOWN, ORDER_RANDOM };

#define RIGHT_READ  1u
#define RIGHT_WRITE 2u

struct statement {
    enum operation operation;
    unsigned line;    /* of the text, from 1 */
    unsigned process; /* whose turn it is; 0: the first */
    uint64_t address, length;
    uint64_t new_length, to; /* mremap; to 0: in place */
    unsigned rights;         /* map, mprotect: RIGHT_* */
    enum backing backing;    /* map */
    bool populate;
    unsigned file;        /* map */
    uint64_t file_offset; /* map, bytes */
    enum advice advice;   /* madvise */
    bool write;           /* touch */
    enum order order;     /* touch */
    uint64_t stride;      /* touch, bytes; random: grain */
    uint64_t count, seed; /* touch: accesses; of random */
    int64_t change;       /* brk: bytes */
    unsigned child;       /* fork: number of the process */
    char name[WORKLOAD_NAME];
};

struct workload {
    char title[WORKLOAD_TITLE];
    char differs[WORKLOAD_TITLE]; /* not empty: Linux is known to differ, and why */
    bool thp;                     /* huge pages where advised; else none at all */
    unsigned files;
    struct {
        char name[WORKLOAD_NAME];
        uint64_t bytes, chunk; /* filled in writes of this size */
    } file[WORKLOAD_FILES];
    unsigned processes;
    struct {
        char name[WORKLOAD_NAME];
        unsigned parent;
    } process[WORKLOAD_PROCESSES];
    unsigned statements;
    struct statement statement[WORKLOAD_STATEMENTS];
};

/* Reads a workload; false: one line in `error` (size bytes) says where and why. */
bool workload_read(const char *path, struct workload *workload, char *error, size_t size);

/* The address of access `i` of a touch, 0 <= i < count. *state is 0 before the first. Random ones
 * come from x' = x * 6364136223846793005 + 1442695040888963407 (mod 2^64), x of the first = seed:
 * page x'[63:33] mod pages. */
uint64_t touch_address(const struct statement *touch, uint64_t i, uint64_t *state);

/* What is counted since the start of a process; sizes and VMAs since the start of the first one. */
struct figures {
    int64_t minor, major;      /* faults */
    int64_t vmpte;             /* KiB of tables */
    int64_t anon, file, shmem; /* KiB resident */
    int64_t vmas;              /* mappings */
};

/* The line of a mark, without an end of line; both runners print this. */
void figures_text(const struct workload *workload, const struct statement *mark,
                  const struct figures *figures, char *text, size_t size);

#endif
