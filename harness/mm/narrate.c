#include "narrate.h"

#include "mm/page_fault.h"
#include "mm/pgtable.h"
#include "mm/syscall.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>

static const char *step_text(enum fault_step step) {
    switch (step) {
    case STEP_ANON_ZERO:
        return "a read of memory never written: the zero page is mapped, read-only";
    case STEP_ANON_NEW:
        return "first write: a new frame, cleared";
    case STEP_ANON_HUGE:
        return "first touch: a huge page, cleared";
    case STEP_FILE_READ:
        return "a page of a file: the cached page is mapped, and its neighbours that are cached";
    case STEP_FILE_COW:
        return "a write to a private file page: a copy of the cached page";
    case STEP_FILE_SHARED:
        return "a write to a shared file page: the cached page itself, writable";
    case STEP_SWAP_IN:
        return "swapped out: brought back";
    case STEP_COW_COPY:
        return "copy-on-write: others have the frame too, this process gets a copy";
    case STEP_COW_REUSE:
        return "copy-on-write: nobody else has the frame any more, it is made writable";
    case STEP_HUGE_COW:
        return "copy-on-write of a huge page";
    case STEP_YOUNG:
        return "the accessed (and dirty) bit is set by software";
    case STEP_SPURIOUS:
        return "the table allows it already: a stale TLB entry";
    case STEP_STACK:
        return "the stack grows down to the page";
    case STEP_HUGETLB:
        return "an explicit huge page";
    case STEP_BAD:
        return "no mapping allows this access";
    }
    return "?";
}

static const char *call_text(enum mm_call call) {
    static const char *const name[] = {"open",   "close", "read", "write", "sendfile", "mmap",
                                       "munmap", "lseek", "fork", "exit",  "call"};
    return (unsigned)call < sizeof name / sizeof name[0] ? name[call] : "?";
}

static const char *table_text(const struct kernel *k, unsigned level) {
    static const char *const name[] = {"PTE", "PMD", "PUD", "P4D", "PGD"};
    return level + 1 == pt_levels(k) ? "PGD" : level < 5 ? name[level] : "?";
}

static int pte_text(const struct kernel *k, const struct mm_event *event, char *text, size_t size) {
    uint64_t pte = event->c;
    const char *table = table_text(k, (unsigned)event->b);
    if (pte_none(pte))
        return snprintf(text, size, "%s entry of 0x%" PRIx64 " cleared", table, event->a);
    if (pte_swap(pte))
        return snprintf(text, size, "%s entry of 0x%" PRIx64 " names swap slot %" PRIu64, table,
                        event->a, pte_swap_slot(pte));
    if (pte_table(pte))
        return snprintf(text, size,
                        "%s entry of 0x%" PRIx64 " points to the table in frame 0x%" PRIx64, table,
                        event->a, pte_to_pfn(pte));
    static const char letter[] = "VRWXUGAD";
    char flags[9] = "";
    for (unsigned i = 0; i < 8; i++)
        flags[7 - i] = pte >> i & 1 ? letter[i] : '-';
    return snprintf(text, size, "%s entry of 0x%" PRIx64 " maps frame 0x%" PRIx64 " %s", table,
                    event->a, pte_to_pfn(pte), flags);
}

static int fault_line(const struct mm_event *event, char *text, size_t size) {
    switch (event->kind) {
    case MM_EVENT_FAULT:
        return snprintf(text, size, "page fault: %s of 0x%" PRIx64 ": %s",
                        access_name((enum access_type)event->b), event->a,
                        fault_text((enum fault_reason)event->c));
    case MM_EVENT_FAULT_VMA:
        if (event->c == 0)
            return snprintf(text, size, "no VMA holds 0x%" PRIx64, event->a);
        return snprintf(text, size, "its VMA is 0x%" PRIx64 " - 0x%" PRIx64, event->b, event->c);
    case MM_EVENT_FAULT_STEP:
        return snprintf(text, size, "%s", step_text((enum fault_step)event->b));
    default:
        return snprintf(text, size, "%s",
                        event->b & VM_FAULT_SIGBUS    ? "ends in SIGBUS"
                        : event->b & VM_FAULT_SIGSEGV ? "ends in SIGSEGV"
                        : event->b & VM_FAULT_OOM     ? "ends for lack of memory"
                        : event->c ? "mended (a major fault); the access is tried again"
                                   : "mended; the access is tried again");
    }
}

static int zone_text(const struct mm_event *event, const char *what, char *text, size_t size) {
    return snprintf(text, size, what, UINT64_C(1) << event->b, event->a,
                    zone_name((enum zone_type)event->c));
}

int narrate(const struct kernel *k, const struct mm_event *event, char *text, size_t size) {
    uint64_t a = event->a, b = event->b, c = event->c;
    switch (event->kind) {
    case MM_EVENT_SPLIT:
        return snprintf(text, size,
                        "buddy: the run of %" PRIu64 " at frame 0x%" PRIx64
                        " (%s) is split in two of %" PRIu64,
                        UINT64_C(1) << b, a, zone_name((enum zone_type)c), UINT64_C(1) << b >> 1);
    case MM_EVENT_MERGE:
        return snprintf(text, size,
                        "buddy: both halves of %" PRIu64 " frames at 0x%" PRIx64
                        " (%s) are free: merged",
                        UINT64_C(1) << b, a, zone_name((enum zone_type)c));
    case MM_EVENT_ALLOC:
        return zone_text(event, "buddy: %" PRIu64 " frame(s) at 0x%" PRIx64 " (%s) taken", text,
                         size);
    case MM_EVENT_FREE:
        return zone_text(event, "buddy: %" PRIu64 " frame(s) at 0x%" PRIx64 " (%s) given back",
                         text, size);
    case MM_EVENT_SLAB_NEW:
        return snprintf(text, size,
                        "slub: a new slab at frame 0x%" PRIx64 ", %" PRIu64 " objects of %" PRIu64
                        " bytes",
                        a, c, b);
    case MM_EVENT_SLAB_GONE:
        return snprintf(text, size,
                        "slub: the empty slab at frame 0x%" PRIx64 " goes back to the buddy", a);
    case MM_EVENT_FAULT:
    case MM_EVENT_FAULT_VMA:
    case MM_EVENT_FAULT_STEP:
    case MM_EVENT_FAULT_END:
        return fault_line(event, text, size);
    case MM_EVENT_TABLE_NEW:
        return snprintf(text, size, "a new %s table for 0x%" PRIx64 " in frame 0x%" PRIx64,
                        table_text(k, (unsigned)b), a, c);
    case MM_EVENT_TABLE_FREE:
        return snprintf(text, size, "the %s table of 0x%" PRIx64 " is empty and freed",
                        table_text(k, (unsigned)b), a);
    case MM_EVENT_SET_PTE:
        return pte_text(k, event, text, size);
    case MM_EVENT_FENCE:
        if (c == 0)
            return snprintf(text, size, "SFENCE.VMA x0, ASID %" PRIu64 " on both MMUs", b);
        return snprintf(text, size,
                        "SFENCE.VMA 0x%" PRIx64 " (%" PRIu64 " page(s)), ASID %" PRIu64
                        " on both MMUs",
                        a, c, b);
    case MM_EVENT_SWITCH:
        return snprintf(text, size,
                        "switch to process %" PRIu64 ": ASID %" PRIu64 ", root in frame 0x%" PRIx64,
                        a, b, c);
    case MM_EVENT_ROLLOVER:
        return snprintf(text, size,
                        "the ASIDs are used up: generation %" PRIu64 ", everything is fenced", a);
    case MM_EVENT_REFERENCED:
        return snprintf(text, size,
                        "frame 0x%" PRIx64 ": %" PRIu64 " accessed bit(s) found set and cleared", a,
                        b);
    case MM_EVENT_ACTIVATE:
        return snprintf(text, size, "frame 0x%" PRIx64 " to the active list", a);
    case MM_EVENT_DEACTIVATE:
        return snprintf(text, size, "frame 0x%" PRIx64 " to the inactive list", a);
    case MM_EVENT_UNMAP:
        return snprintf(text, size,
                        "frame 0x%" PRIx64 " taken from process %" PRIu64 " at 0x%" PRIx64, a, c,
                        b);
    case MM_EVENT_SWAP_OUT:
        return snprintf(text, size, "frame 0x%" PRIx64 " written to swap slot %" PRIu64, a, b);
    case MM_EVENT_SWAP_IN:
        return snprintf(text, size, "swap slot %" PRIu64 " read into frame 0x%" PRIx64, b, a);
    case MM_EVENT_WRITEBACK:
        return snprintf(text, size,
                        "dirty file page %" PRIu64 " in frame 0x%" PRIx64 " written back", b, a);
    case MM_EVENT_DROP:
        return snprintf(text, size, "clean file page %" PRIu64 " in frame 0x%" PRIx64 " dropped", b,
                        a);
    case MM_EVENT_KSWAPD:
        return snprintf(text, size, "kswapd %s, %" PRIu64 " frames free", b ? "wakes" : "sleeps",
                        c);
    case MM_EVENT_DIRECT:
        return snprintf(text, size, "direct reclaim %s, %" PRIu64 " frames free",
                        b ? "begins" : "ends", c);
    case MM_EVENT_OOM:
        return snprintf(text, size,
                        "out of memory: process %" PRIu64 " holds most (%" PRIu64
                        " frames) and is killed",
                        a, b);
    case MM_EVENT_SIGNAL:
        return snprintf(text, size, "signal %" PRIu64 "%s to process %" PRIu64 " for 0x%" PRIx64, b,
                        b == SIGSEGV   ? " (SIGSEGV)"
                        : b == SIGBUS  ? " (SIGBUS)"
                        : b == SIGKILL ? " (SIGKILL)"
                                       : "",
                        a, c);
    case MM_EVENT_FORK:
        return snprintf(text, size, "process %" PRIu64 " forks process %" PRIu64, a, b);
    case MM_EVENT_EXIT:
        return snprintf(text, size, "process %" PRIu64 " exits", a);
    case MM_EVENT_THP:
        return snprintf(text, size, "0x%" PRIx64 " is one huge page at frame 0x%" PRIx64 "%s", a, c,
                        b ? ", collapsed from base pages" : "");
    case MM_EVENT_THP_SPLIT:
        return snprintf(text, size, "the huge page at frame 0x%" PRIx64 " is split into base pages",
                        a);
    case MM_EVENT_SYSCALL:
        return snprintf(text, size, b ? "%s(): user to kernel" : "%s(): kernel to user",
                        call_text((enum mm_call)a));
    case MM_EVENT_COPY:
        return snprintf(text, size, "CPU copies %" PRIu64 " bytes from 0x%" PRIx64 " to 0x%" PRIx64,
                        c, a, b);
    case MM_EVENT_DMA:
        return snprintf(text, size, "DMA: %" PRIu64 " bytes %s 0x%" PRIx64, b,
                        c ? "into" : "out of", a);
    case MM_EVENT_KINDS:
        break;
    }
    return snprintf(text, size, "?");
}
