/*
 * Events: every step of a translation, as the model emits them and the hardware's probe shows them.
 * The comparator compares the two streams; nothing in the model prints.
 *
 * One request gives, in this order (docs/architecture.md has the whole contract):
 *   LOOKUP (its L1), LOOKUP (L2, if there is one and L1 did not serve),
 *   START, READ …, [UPDATE [READ …]], END, FILL (L2), FILL (L1), RESPONSE
 * with what is not needed left out. A fence during a walk makes it START again.
 */
#ifndef TWINWALK_MMU_EVENT_H
#define TWINWALK_MMU_EVENT_H

#include "../types.h"

enum event_kind {
    EVENT_LOOKUP,   /* a TLB was looked up */
    EVENT_START,    /* a walk begins, at the root */
    EVENT_READ,     /* a PTE arrived, or memory refused it */
    EVENT_UPDATE,   /* a compare-and-set of A/D was answered */
    EVENT_END,      /* the walk's verdict */
    EVENT_FILL,     /* an entry was written into a TLB */
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
    enum port port; /* which request: port and id */
    uint8_t id;
    union {
        struct {
            enum tlb_number tlb;
            enum lookup_result result;
            uint16_t set, way; /* of the matching entry; 0 on a miss */
        } lookup;
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

/* Whether two events are the same in every field; the kinds' own fields only. */
bool event_equal(const struct mmu_event *a, const struct mmu_event *b);

/* One line without a newline that a person can read; returns the length it needs, as snprintf. */
int event_format(const struct mmu_event *event, char *text, size_t size);

#endif
