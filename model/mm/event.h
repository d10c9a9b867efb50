/*
 * What the manager does, told as it happens to whoever listens: explanations and pictures are made
 * of these. a, b, c are what the row says.
 */
#ifndef TWINWALK_MM_EVENT_H
#define TWINWALK_MM_EVENT_H

#include "../types.h"

/*   name            a               b               c  */
#define MM_EVENTS(ROW)                                                                             \
    ROW(ALLOC, "pfn", "order", "zone")                                                             \
    ROW(FREE, "pfn", "order", "zone")                                                              \
    ROW(SPLIT, "pfn", "order", "zone") /* a run of `order` in two */                               \
    ROW(MERGE, "pfn", "order", "zone") /* two into one of `order` */                               \
    ROW(SLAB_NEW, "pfn", "object size", "objects")                                                 \
    ROW(SLAB_GONE, "pfn", "object size", "objects")                                                \
    ROW(FAULT, "va", "access", "reason")    /* taken */                                            \
    ROW(FAULT_VMA, "va", "start", "end")    /* its VMA; 0,0: none */                               \
    ROW(FAULT_END, "va", "result", "major") /* enum vm_fault bits */                               \
    ROW(FAULT_STEP, "va", "step", "pfn")    /* enum fault_step */                                  \
    ROW(TABLE_NEW, "va", "level", "pfn")                                                           \
    ROW(TABLE_FREE, "va", "level", "pfn")                                                          \
    ROW(SET_PTE, "va", "level", "pte")                                                             \
    ROW(FENCE, "va", "asid", "pages") /* pages 0: the whole ASID */                                \
    ROW(SWITCH, "pid", "asid", "root ppn")                                                         \
    ROW(ROLLOVER, "generation", "0", "0")                                                          \
    ROW(REFERENCED, "pfn", "references", "0") /* accessed bits harvested */                        \
    ROW(ACTIVATE, "pfn", "0", "0")                                                                 \
    ROW(DEACTIVATE, "pfn", "0", "0")                                                               \
    ROW(UNMAP, "pfn", "va", "pid") /* by reclaim */                                                \
    ROW(SWAP_OUT, "pfn", "slot", "0")                                                              \
    ROW(SWAP_IN, "pfn", "slot", "0")                                                               \
    ROW(WRITEBACK, "pfn", "index", "0")                                                            \
    ROW(DROP, "pfn", "index", "0") /* a clean file page */                                         \
    ROW(KSWAPD, "node", "1: starts", "free")                                                       \
    ROW(DIRECT, "node", "1: starts", "free")                                                       \
    ROW(OOM, "pid", "badness", "0")                                                                \
    ROW(SIGNAL, "pid", "signal", "va")                                                             \
    ROW(FORK, "pid", "child", "0")                                                                 \
    ROW(EXIT, "pid", "0", "0")                                                                     \
    ROW(THP, "va", "1: collapse", "pfn")                                                           \
    ROW(THP_SPLIT, "pfn", "0", "0")                                                                \
    ROW(SYSCALL, "enum mm_call", "1: enters", "0")                                                 \
    ROW(COPY, "from pa", "to pa", "bytes") /* by the CPU */                                        \
    ROW(DMA, "pa", "bytes", "1: into memory")

#define MM_EVENT_ENUM(name, a, b, c) MM_EVENT_##name,
enum mm_event_kind { MM_EVENTS(MM_EVENT_ENUM) MM_EVENT_KINDS };
#undef MM_EVENT_ENUM

struct mm_event {
    enum mm_event_kind kind;
    uint64_t a, b, c;
};

typedef void mm_listener(void *context, const struct mm_event *event);

const char *mm_event_name(enum mm_event_kind kind);
/* What a, b or c (n = 0, 1, 2) is. */
const char *mm_event_field(enum mm_event_kind kind, unsigned n);

#endif
