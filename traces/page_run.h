/*
 * The rule of the page-run form, shared by the folder and the recorder's plugin: what of one stream
 * needs a record of its own, and what may be counted. docs/trace-format.md has the argument why
 * this changes nothing for a TLB.
 */
#ifndef TWINWALK_TRACES_PAGE_RUN_H
#define TWINWALK_TRACES_PAGE_RUN_H

#include <stdbool.h>
#include <stdint.h>

/* A run longer than this ends in a REPEAT of its own, so that counters stay small. */
#define PAGE_RUN_MAX (UINT32_C(1) << 20)

/* Where a stream is. */
struct page_run {
    uint64_t page;   /* page number; PAGE_RUN_NONE: no run */
    uint32_t repeat; /* references since the last ACCESS record, not yet recorded */
    bool written;    /* a store to the page was recorded in this run */
};

#define PAGE_RUN_NONE UINT64_MAX

/* Whether a reference to `page` needs an ACCESS record; otherwise count it in `repeat`. */
static inline bool page_run_breaks(const struct page_run *run, uint64_t page, bool store) {
    return page != run->page || (store && !run->written);
}

/* After its ACCESS record (and the REPEAT before it) were given out. */
static inline void page_run_start(struct page_run *run, uint64_t page, bool store) {
    run->written = store || (run->written && page == run->page);
    run->page = page;
    run->repeat = 0;
}

#endif
