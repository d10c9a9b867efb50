/*
 * What lies in memory, checked against what processes wrote there, independently of the memory
 * manager: a table by process and word says what each word must hold. A word that was never written
 * holds 0 in anonymous memory, and in a mapping of the program file what the file has there.
 *
 * Every write puts a value that says who wrote it (process, address, how often) into each memory,
 * at the address that this memory's own side translated to; every read and fetch compares.
 *
 * Memory: 100 bytes for each page touched, 2 KiB for each page written.
 */
#ifndef TWINWALK_OS_CONTENTS_H
#define TWINWALK_OS_CONTENTS_H

#include "plan.h"

struct contents;

/* Plan and memories must live as long. NULL: no memory. */
struct contents *contents_create(const struct plan *plan, const struct memories *memories);
void contents_destroy(struct contents *contents);

/*
 * A reference of the process to [va, va + bytes) (bytes 0: the word at va), within a page; pa as in
 * replay_target.translate(). false: contents_problem() says what is wrong.
 */
bool contents_access(struct contents *contents, uint64_t process, const struct mmu_request *request,
                     unsigned bytes, const uint64_t *pa);

/* A page that the trace has touched. */
struct contents_page {
    uint32_t number; /* from 0, in the order of the first touches */
    bool file;       /* of the program file */
    bool written;
    uint64_t process, va;
};
/* That of the latest contents_access(). */
const struct contents_page *contents_latest(const struct contents *contents);

/* Page n of contents_pages(). */
uint32_t contents_pages(const struct contents *contents);
const struct contents_page *contents_page(const struct contents *contents, uint32_t n);

/* Compares all words of a page, the frame of which is at pa. */
bool contents_check_page(struct contents *contents, uint32_t n, const uint64_t *pa);

uint64_t contents_words_checked(const struct contents *contents); /* in one memory */
const char *contents_problem(const struct contents *contents);

/* The 8 bytes at `offset` (a multiple of 8) of the process's program file, which is mapped so that
 * offsets are addresses. */
uint64_t contents_file_word(uint64_t process, uint64_t offset);

#endif
