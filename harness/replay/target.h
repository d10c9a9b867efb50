/*
 * What a trace is played to: whatever translates, with its memories.
 */
#ifndef TWINWALK_REPLAY_TARGET_H
#define TWINWALK_REPLAY_TARGET_H

#include "memories.h"
#include "mmu/mmu.h"

/* Functions that return bool: false ends the replay (REPLAY_STOPPED). */
struct replay_target {
    void *context;
    void (*control)(void *context, const struct mmu_control *control);
    /* pa, unless NULL: the address that memory i's own side answered (on a fault: not set). */
    bool (*translate)(void *context, const struct mmu_request *request,
                      struct mmu_response *response, uint64_t *pa);
    bool (*fence)(void *context, const struct mmu_fence *fence);
    /*
     * Where answers are not waited for; NULL: they are, and `answered` is not called. Begins
     * a translation that the tables in memory say will succeed, and does not wait for it;
     * `expected` is the answer but for the level. *begun false: it might fail, nothing was done.
     */
    bool (*begin)(void *context, const struct mmu_request *request, struct mmu_response *expected,
                  bool *begun);
    /* Waits for what is under way: before memory or registers change, before fences, and at the
     * end. NULL: nothing ever is. */
    bool (*drain)(void *context);
    /* Answers so far to what was begun, by where they were found. */
    uint64_t (*answered)(void *context, enum port port, enum hit_level level);
    void (*position)(void *context, uint64_t record);
    const struct memories *memories;
    bool has_l2; /* there is a second level to miss */
    /*
     * A page that was translated just now is translated again by a hit that changes nothing:
     * repeats are counted, not played. `repeat`, unless NULL, is told of them: `count` more
     * requests like this one but for the offset in the page.
     */
    bool skips_repeats;
    bool (*repeat)(void *context, const struct mmu_request *request, uint64_t count);
};

#endif
