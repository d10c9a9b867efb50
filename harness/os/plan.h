/*
 * What an operating system must map before a trace can run: found by a first pass over the trace,
 * which is a replay to a target that translates everything and only notes which pages are touched.
 *
 * The rule. A page's kind is what is ever done to it: only read (r--), fetched and never written
 * (r-x), written and never fetched (rw-), written and fetched (rwx). The first two are a private
 * mapping of the process's program file, the others private anonymous memory. Pages of one kind
 * become one region as long as fewer than 512 pages (what a page of PTEs maps) lie between
 * neighbours and none of them is touched as another kind; such gaps are mapped too, and never used.
 *
 * Memory: 300 bytes for each 2 MiB that a process touches.
 */
#ifndef TWINWALK_OS_PLAN_H
#define TWINWALK_OS_PLAN_H

#include "replay/system.h"
#include "replay/target.h"

struct plan_region {
    uint64_t start, end; /* bytes, multiples of PAGE_BYTES */
    bool written, fetched;
    unsigned huge_shift; /* explicit huge pages of so many bytes (log2); 0: base pages */
};

struct plan_process {
    uint64_t process;
    struct plan_region *region; /* ascending */
    size_t regions;
};

/* Pages of what size the regions are made for. */
enum plan_huge {
    PLAN_BASE,
    PLAN_TRANSPARENT, /* written regions reach out to multiples of the level-1 leaf where no other
                         region is in the way */
    PLAN_EXPLICIT,    /* an aligned GiB in which nothing but rw- is touched is one 1 GiB page */
};

struct plan;

struct plan *plan_create(void); /* NULL: no memory */
void plan_destroy(struct plan *plan);

/* What the first pass is played to. */
struct replay_target plan_target(struct plan *plan);
struct replay_system plan_system(struct plan *plan);

/* After the pass, once: makes the regions. false: no memory. */
bool plan_finish(struct plan *plan, enum paging_mode mode, enum plan_huge huge);

size_t plan_processes(const struct plan *plan);
const struct plan_process *plan_process(const struct plan *plan, size_t n);
/* The region over `va`; NULL: the trace never touches it. */
const struct plan_region *plan_find(const struct plan *plan, uint64_t process, uint64_t va);

uint64_t plan_pages(const struct plan *plan);  /* 4 KiB pages touched, of a huge page all */
uint64_t plan_tables(const struct plan *plan); /* tables that map them, roots left out */

#endif
