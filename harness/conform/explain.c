#include "explain.h"

#include "mmu/mode.h"
#include "mmu/pte.h"

#include <inttypes.h>

/* SGR sequences, or nothing. */
enum colour { PLAIN, BOLD, GOOD, BAD };

static const char *paint(const struct explanation *explanation, enum colour colour) {
    static const char *const sequences[] = {
        [PLAIN] = "\033[0m", [BOLD] = "\033[1m", [GOOD] = "\033[1;32m", [BAD] = "\033[1;31m"};
    return explanation->colour ? sequences[colour] : "";
}

static void heading(FILE *to, const struct explanation *explanation, const char *text) {
    fprintf(to, "%s%s%s\n", paint(explanation, BOLD), text, paint(explanation, PLAIN));
}

/* The bits above those that translate: what they must be, and whether they are. */
static void explain_unused_bits(FILE *to, const struct mode *mode, uint64_t va) {
    unsigned low = mode->va_bits;
    char rule[64] = "must be 0";
    if (mode->mode != MODE_SV32)
        snprintf(rule, sizeof rule, "must all equal bit %u, which is %u", low - 1,
                 (unsigned)(va >> (low - 1) & 1));
    char bits[16];
    snprintf(bits, sizeof bits, "[63:%u]", low);
    fprintf(to, "  %-8s unused  %10" PRIx64 "   %s: %s\n", bits, va >> low, rule,
            mode_canonical(mode, va) ? "they are" : "they are NOT");
}

static void explain_address(FILE *to, const struct explanation *explanation,
                            const struct mode *mode) {
    uint64_t va = explanation->request.va;
    char text[96], bits[24];
    snprintf(text, sizeof text, "Virtual address %016" PRIx64 ", %s", va,
             paging_mode_name(explanation->control.mode));
    heading(to, explanation, text);
    if (!mode)
        return;
    explain_unused_bits(to, mode, va);
    for (unsigned level = mode->levels; level-- > 0;) {
        unsigned low = 12 + level * mode->index_bits;
        snprintf(bits, sizeof bits, "[%u:%u]", low + mode->index_bits - 1, low);
        fprintf(to, "  %-8s vpn[%u]  %10" PRIx64 "\n", bits, level, mode_vpn(mode, va, level));
    }
    fprintf(to, "  %-8s offset  %10" PRIx64 "\n", "[11:0]", va % PAGE_BYTES);
}

static void explain_request(FILE *to, const struct explanation *explanation) {
    const struct mmu_control *control = &explanation->control;
    heading(to, explanation, "Access");
    fprintf(to, "  %s in %s-mode; SUM=%d MXR=%d ADUE=%d PBMTE=%d, Svnapot %s, ASID %x\n",
            access_name(explanation->request.access), privilege_name(explanation->request.priv),
            control->sum, control->mxr, control->adue, control->pbmte,
            control->napot ? "implemented" : "not implemented", control->asid);
}

/*
 * The step of 12.3.2 whose check gives this reason; 0: none, it comes before the algorithm. NAPOT
 * is refused in step 3 where Svnapot is not implemented, else at the leaf.
 */
static unsigned step_of(enum fault_reason reason, const struct mmu_control *control) {
    switch (reason) {
    case FAULT_PTE_ACCESS:
        return 2;
    case FAULT_NOT_VALID:
    case FAULT_WRITE_ONLY:
    case FAULT_RESERVED_BITS:
    case FAULT_RESERVED_PBMT:
        return 3;
    case FAULT_RESERVED_NAPOT:
        return control->napot ? 5 : 3;
    case FAULT_POINTER_FLAGS:
    case FAULT_POINTER_AT_LEAF:
        return 4;
    case FAULT_MISALIGNED:
        return 5;
    case FAULT_USER_PAGE:
    case FAULT_SUPERVISOR_PAGE:
        return 6;
    case FAULT_NOT_READABLE:
    case FAULT_NOT_WRITABLE:
    case FAULT_NOT_EXECUTABLE:
        return 8;
    case FAULT_UPDATE_ACCESS:
    case FAULT_ACCESSED_CLEAR:
    case FAULT_DIRTY_CLEAR:
        return 9;
    default:
        return 0;
    }
}

static void explain_bits(FILE *to, const struct mode *mode, uint64_t pte) {
    static const struct {
        char name;
        enum pte_bit bit;
    } flags[] = {{'V', PTE_BIT_V}, {'R', PTE_BIT_R}, {'W', PTE_BIT_W}, {'X', PTE_BIT_X},
                 {'U', PTE_BIT_U}, {'G', PTE_BIT_G}, {'A', PTE_BIT_A}, {'D', PTE_BIT_D}};
    fprintf(to, "   ");
    for (size_t i = 0; i < sizeof flags / sizeof flags[0]; i++)
        fprintf(to, " %c=%d", flags[i].name, pte_bit(pte, flags[i].bit));
    fprintf(to, "  ppn=%" PRIx64, pte_ppn(pte, mode));
    if (mode->high_bits) {
        unsigned type = pte >> PTE_BIT_PBMT & 3;
        fprintf(to, " reserved=%" PRIx64 " PBMT=%u (%s) N=%d", pte >> PTE_BIT_RESERVED & 0x7f, type,
                type == 3 ? "reserved" : memory_type_name((enum memory_type)type),
                pte_bit(pte, PTE_BIT_N));
    }
    fputc('\n', to);
}

static void explain_read(FILE *to, const struct explanation *explanation, const struct mode *mode,
                         const struct mmu_event *event) {
    char text[128];
    uint64_t index = mode_vpn(mode, explanation->request.va, event->read.level);
    snprintf(text, sizeof text, "Level %u: PTE at %" PRIx64 " = table %" PRIx64 " + vpn[%u] x %u",
             event->read.level, event->read.pa, event->read.pa - index * mode->pte_bytes,
             event->read.level, mode->pte_bytes);
    heading(to, explanation, text);
    if (event->read.error) {
        fprintf(to, "    memory refuses the read\n");
        return;
    }
    fprintf(to, "    value %0*" PRIx64 "\n", 2 * mode->pte_bytes, event->read.value);
    explain_bits(to, mode, event->read.value);
}

/* What the walk made of a PTE that did not end it. */
static void explain_pointer(FILE *to, const struct mode *mode, uint64_t pte) {
    fprintf(to, "    step 4: R=0 and X=0, a pointer; the next table is at %" PRIx64 "%s\n",
            pte_ppn(pte, mode) * PAGE_BYTES,
            pte_bit(pte, PTE_BIT_G) ? "; G makes all below it global" : "");
}

static void explain_update(FILE *to, const struct mmu_event *event) {
    uint64_t set = event->update.desired & ~event->update.old;
    if (event->update.error)
        fprintf(to, "    step 9: memory refuses the update of A and D\n");
    else if (!event->update.stored)
        fprintf(to, "    step 9: the PTE had changed meanwhile; it is read again\n");
    else
        fprintf(to, "    step 9: ADUE=1, so hardware sets%s%s: %" PRIx64 " -> %" PRIx64 "\n",
                set >> PTE_BIT_A & 1 ? " A" : "", set >> PTE_BIT_D & 1 ? " D" : "",
                event->update.old, event->update.desired);
}

/* Why the access may use the leaf, check by check. */
static void explain_leaf(FILE *to, const struct explanation *explanation, const struct mode *mode,
                         uint64_t pte, unsigned level, bool updated) {
    const struct mmu_request *request = &explanation->request;
    bool napot = mode->high_bits && pte_bit(pte, PTE_BIT_N);
    fprintf(to, "    step 5: R or X is set, a leaf%s\n",
            napot       ? "; N=1 and ppn[3:0]=8: one of sixteen PTEs of a 64KiB page"
            : level > 0 ? " of a superpage; the ppn bits below it are 0"
                        : "");
    fprintf(to, "    step 6: U=%d, and the access is %s-mode%s\n", pte_bit(pte, PTE_BIT_U),
            privilege_name(request->priv),
            request->priv == PRIV_S && pte_bit(pte, PTE_BIT_U) ? " with SUM=1" : "");
    const char *right = request->access == ACCESS_EXECUTE ? "X=1"
                        : request->access == ACCESS_WRITE ? "W=1"
                        : pte_bit(pte, PTE_BIT_R)         ? "R=1"
                                                          : "R=0, but MXR=1 and X=1";
    fprintf(to, "    step 8: %s\n", right);
    if (!updated)
        fprintf(to, "    step 9: A=1%s, nothing to set\n",
                request->access == ACCESS_WRITE ? " and D=1" : "");
}

static void explain_end(FILE *to, const struct explanation *explanation,
                        const struct mmu_event *event) {
    if (event->end.reason == FAULT_NONE)
        return;
    fprintf(to, "    %sstep %u: %s%s\n", paint(explanation, BAD),
            step_of(event->end.reason, &explanation->control), fault_text(event->end.reason),
            paint(explanation, PLAIN));
}

static void explain_lookup(FILE *to, const struct explanation *explanation,
                           const struct mmu_event *event) {
    char text[160];
    if (event->lookup.tlb != TLB_L2)
        heading(to, explanation, "TLBs");
    event_format(event, text, sizeof text);
    fprintf(to, "  %s\n", text);
}

/* The walk is at `pte`; what comes next tells what the rules made of it. */
static void explain_verdict(FILE *to, const struct explanation *explanation,
                            const struct mode *mode, size_t i) {
    const struct mmu_event *read = &explanation->event[i], *next = read + 1;
    if (read->read.error || i + 1 >= explanation->events)
        return;
    if (next->kind == EVENT_READ)
        explain_pointer(to, mode, read->read.value);
    else if (next->kind == EVENT_UPDATE || next->end.reason == FAULT_NONE)
        explain_leaf(to, explanation, mode, read->read.value, read->read.level,
                     next->kind == EVENT_UPDATE);
}

static void explain_result(FILE *to, const struct explanation *explanation,
                           const struct mmu_response *response) {
    heading(to, explanation, "Result");
    if (response->reason != FAULT_NONE) {
        static const char *const names[] = {
#define CAUSE_NAME(name, value, text) [value] = text,
            DEFS_CAUSE(CAUSE_NAME)
#undef CAUSE_NAME
        };
        fprintf(to, "  %s%s (cause %d)%s: %s\n", paint(explanation, BAD), names[response->cause],
                (int)response->cause, paint(explanation, PLAIN), fault_text(response->reason));
        return;
    }
    if (response->level != LEVEL_NONE)
        fprintf(to, "  step 10: the page number from the PTE, the low %u bits from the address\n",
                page_shift(response->size));
    fprintf(to, "  %sphysical address %" PRIx64 "%s", paint(explanation, GOOD), response->pa,
            paint(explanation, PLAIN));
    if (response->level == LEVEL_NONE)
        fprintf(to, ", not translated\n");
    else
        fprintf(to, ", %s page, memory type %s\n", page_size_name(response->size),
                memory_type_name(response->memory));
}

static void explain_start(FILE *to, const struct explanation *explanation, const struct mode *mode,
                          const struct mmu_event *event) {
    heading(to, explanation, "Walk (12.3.2)");
    if (event->start.cached)
        fprintf(to, "  the walk cache knows the table of level %u (way %u)\n", event->start.level,
                event->start.way);
    else
        fprintf(to, "  step 1: the root table is at %" PRIx64 ", i = %u\n",
                explanation->control.root_ppn * PAGE_BYTES, mode->levels - 1u);
}

/* The first fill after a walk; one after an L2 hit belongs to the lookups. */
static bool opens_fills(const struct explanation *explanation, size_t i) {
    bool walked = false;
    for (size_t j = 0; j < i; j++) {
        if (explanation->event[j].kind == EVENT_FILL)
            return false;
        walked |= explanation->event[j].kind == EVENT_START;
    }
    return walked;
}

static void explain_fill(FILE *to, const struct explanation *explanation, size_t i) {
    char text[160];
    if (opens_fills(explanation, i))
        heading(to, explanation, "Kept in the TLBs");
    event_format(&explanation->event[i], text, sizeof text);
    fprintf(to, "  %s\n", text);
}

/* Which walk serves the request is of no interest when it is the only one. */
static void explain_event(FILE *to, const struct explanation *explanation, const struct mode *mode,
                          size_t i) {
    const struct mmu_event *event = &explanation->event[i];
    switch (event->kind) {
    case EVENT_LOOKUP:
        explain_lookup(to, explanation, event);
        break;
    case EVENT_START:
        explain_start(to, explanation, mode, event);
        break;
    case EVENT_READ:
        explain_read(to, explanation, mode, event);
        explain_verdict(to, explanation, mode, i);
        break;
    case EVENT_UPDATE:
        explain_update(to, event);
        break;
    case EVENT_END:
        explain_end(to, explanation, event);
        break;
    case EVENT_FILL:
        explain_fill(to, explanation, i);
        break;
    case EVENT_LINK:
    case EVENT_REPLAY:
    case EVENT_PREFETCH:
    case EVENT_RESPONSE:
        break;
    }
}

/* The response may show before the L2 is filled, but ends the story; a prefetch is another one. */
void explain_translation(FILE *to, const struct explanation *explanation) {
    const struct mode *mode = mode_find(explanation->control.mode);
    if (explanation->request.priv == PRIV_M)
        mode = NULL;
    explain_address(to, explanation, mode);
    explain_request(to, explanation);
    const struct mmu_response *response = NULL;
    for (size_t i = 0; i < explanation->events; i++) {
        const struct mmu_event *event = &explanation->event[i];
        if (event->kind == EVENT_RESPONSE)
            response = &event->response;
        if (event->kind == EVENT_PREFETCH)
            break;
        explain_event(to, explanation, mode, i);
    }
    if (response)
        explain_result(to, explanation, response);
}
