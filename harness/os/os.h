/*
 * The memory manager as what pages for a replay: a task for each process of the trace, its faults,
 * switches and fences, and every reference's contents checked (contents.h).
 */
#ifndef TWINWALK_OS_OS_H
#define TWINWALK_OS_OS_H

#include "boot.h"
#include "replay/system.h"

struct os;

/* Plan and target must live as long. NULL: `why` says it. */
struct os *os_create(const struct os_options *options, enum paging_mode mode,
                     const struct plan *plan, const struct replay_target *target, char *why,
                     size_t size);
void os_destroy(struct os *os);

struct replay_system os_system(struct os *os);

/* What a run came to; ask before os_sweep(), which faults pages in. */
struct os_results {
    uint64_t memory_bytes, swap_bytes;
    uint64_t pages_touched; /* by the trace, 4 KiB each */
    uint64_t peak_resident; /* frames of user pages, caches included: most after any fault */
    uint64_t words_checked;
    uint64_t page_ins; /* pages read from swap (readahead too) and from program files */
    bool optimum;      /* the two that follow */
    uint64_t optimum_frames, optimum_page_ins;
    uint64_t stat[MM_STATS];
    struct os_process_results {
        uint64_t process, min_flt, maj_flt;
        uint64_t vm_pte;       /* bytes of tables below the root */
        uint64_t rss, swapped; /* pages */
    } * process;               /* freed by os_results_free() */
    size_t processes;
};
/* false: no memory. */
bool os_results(struct os *os, struct os_results *results);
void os_results_free(struct os_results *results);

/*
 * At the end of a run: every page that the trace wrote is read once more through the MMUs, faulted
 * in where it must be, and compared whole, and the manager's structures are checked. Other than
 * REPLAY_DONE: as the functions of os_system(), and os_problem() says why.
 */
enum replay_end os_sweep(struct os *os);
const char *os_problem(const struct os *os);

#endif
