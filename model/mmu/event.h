/*
 * Events: every step of a translation, as the model emits them and the hardware's probe shows them.
 * The comparator compares the two streams; nothing in the model prints.
 *
 * There are two kinds, with different names for whose they are (docs/architecture.md has the whole
 * contract, docs/timing.md the order within a cycle):
 *   a request's, by port and id: LOOKUP (its L1), [LINK, [REPLAY, LINK] …, [FILL (L1)]], RESPONSE;
 *   a walk's, by its number:     LOOKUP (L2, if there is one), START, READ …, [UPDATE [READ …]],
 * END, FILL (L2); and PREFETCH, when it begins another for nobody. LINK ties them: the request
 * waits for that walk. A fence during a walk makes it START again.
 */
#ifndef TWINWALK_MMU_EVENT_H
#define TWINWALK_MMU_EVENT_H

#include "../types.h"

enum event_kind {
    EVENT_LOOKUP,   /* a TLB was looked up: L1 by a request, L2 by a walk */
    EVENT_LINK,     /* a request that missed waits for a walk from now on */
    EVENT_REPLAY,   /* a merged request could not be served by its walk: it waits for another */
    EVENT_PREFETCH, /* a walk turns to the next page, for nobody */
    EVENT_START,    /* a walk begins, at the root or where the walk cache says */
    EVENT_READ,     /* a PTE arrived, or memory refused it */
    EVENT_UPDATE,   /* a compare-and-set of A/D was answered */
    EVENT_END,      /* the walk's verdict */
    EVENT_FILL,     /* an entry was written: L1 for a request, L2 by a walk */
    EVENT_RESPONSE, /* the answer to the requester */
};

/* Result of a translation. All fields but fault, reason, cause and level are 0 on a fault. */
struct mmu_response {
    uint64_t pa;              /* physical address, 56 bits */
    enum page_size size;      /* of the leaf; PAGE_4K in Bare */
    enum memory_type memory;  /* from PTE.PBMT */
    enum fault_reason reason; /* FAULT_NONE: translated */
    enum cause cause;         /* CAUSE_NONE: translated */
    enum hit_level level;     /* where the answer, or the fault, was found */
};

struct mmu_event {
    enum event_kind kind;
    enum port port; /* of a request's event: port and id; else 0 */
    uint8_t id;
    uint8_t walk; /* of a walk's event, and of LINK: the number of the walk, 0 to 15; else 0 */
    union {
        struct {
            enum tlb_number tlb;
            enum lookup_result result;
            uint16_t set, way; /* of the matching entry; 0 on a miss */
        } lookup;
        struct {
            bool merged; /* with a walk under way; else the walk is begun for it */
        } link;
        struct {
            uint64_t vpn; /* va[56:12] of the next page */
        } prefetch;
        struct {
            uint8_t level; /* of the first PTE to read; 0 is the last level */
            bool cached;   /* the walk cache gave it; else the root */
            uint8_t way;   /* of the walk cache's entry, at level + 1; 0 if not cached */
        } start;
        struct {
            uint8_t level;  /* 0 is the last level */
            bool error;     /* memory refused; value is 0 */
            uint64_t pa;    /* of the PTE, bytes */
            uint64_t value; /* 32 or 64 bits */
        } read;
        struct {
            bool error;       /* memory refused; old is 0 */
            bool stored;      /* false with !error: the PTE had changed, it is read again */
            uint64_t pa;      /* of the PTE, bytes */
            uint64_t old;     /* what memory held */
            uint64_t desired; /* what was to be stored */
        } update;
        struct {
            enum fault_reason reason;
            uint8_t level; /* of the leaf, or of the PTE that failed */
        } end;
        struct {
            enum tlb_number tlb;
            uint16_t set, way;
            enum page_size size;
            uint8_t flags; /* enum entry_bit */
            uint64_t ppn;  /* 44 bits; bits below the page size are 0 */
            bool evicted;  /* a valid entry was replaced: the three fields that follow, else 0 */
            enum page_size evicted_size;
            uint16_t evicted_asid;
            uint64_t evicted_vpn; /* va[56:12], bits below its page size are 0 */
        } fill;
        struct mmu_response response;
    };
};

const char *event_name(enum event_kind kind);

/* Whether an event is a walk's (its key is `walk`) or a request's (its key is port and id). */
bool event_of_walk(const struct mmu_event *event);

/* Whether two events are the same in every field; the kinds' own fields only. */
bool event_equal(const struct mmu_event *a, const struct mmu_event *b);

/* One line without a newline that a person can read; returns the length it needs, as snprintf. */
int event_format(const struct mmu_event *event, char *text, size_t size);

#endif
