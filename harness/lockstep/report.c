#include "report.h"

#include "compare.h"
#include "mmu/mode.h"

#include <inttypes.h>

#define COLUMN 62

static void report_request(FILE *to, const struct divergence *divergence) {
    const struct mmu_request *request = &divergence->request;
    const struct mmu_control *control = &divergence->control;
    fprintf(to, "  request    %s of %016" PRIx64 " in %s-mode, id %u\n",
            access_name(request->access), request->va, privilege_name(request->priv), request->id);
    fprintf(to,
            "  registers  %s, root %" PRIx64 ", asid %u, sum %d, mxr %d, adue %d, pbmte %d, "
            "napot %d\n",
            paging_mode_name(control->mode), control->root_ppn, control->asid, control->sum,
            control->mxr, control->adue, control->pbmte, control->napot);
    const struct mode *mode = mode_find(control->mode);
    if (!mode)
        return;
    fprintf(to, "  address   ");
    for (unsigned level = mode->levels; level-- > 0;)
        fprintf(to, " vpn[%u] %" PRIx64, level, mode_vpn(mode, request->va, level));
    fprintf(to, " offset %" PRIx64 "\n", request->va % PAGE_BYTES);
}

static void report_step(FILE *to, const struct lockstep_step *step) {
    char text[SIDES][160] = {"-", "-"};
    for (int side = 0; side < SIDES; side++)
        if (step->has[side])
            event_format(&step->event[side], text[side], sizeof text[side]);
    bool same = step->has[SIDE_HARDWARE] && step->has[SIDE_MODEL] &&
                event_equal(&step->event[SIDE_HARDWARE], &step->event[SIDE_MODEL]);
    fprintf(to, "%s %10" PRIu64 "  %-*s  %s\n", same ? " " : "*", step->cycle, COLUMN,
            text[SIDE_HARDWARE], same ? "the same" : text[SIDE_MODEL]);
}

void report_divergence(FILE *to, const struct lockstep *both, const char *trace) {
    const struct divergence *divergence = lockstep_divergence(both);
    fprintf(to, "DIVERGENCE, level %d (%s): %s\n", (int)divergence->level,
            compare_level_name(divergence->level), divergence->what);
    fprintf(to, "  at         %s, record %" PRIu64 ", cycle %" PRIu64 "\n", trace,
            divergence->position, divergence->cycle);
    if (divergence->sequence == 0)
        return;
    report_request(to, divergence);
    struct lockstep_step steps[96];
    size_t n = lockstep_history(both, divergence->sequence, steps, sizeof steps / sizeof steps[0]);
    fprintf(to, "  %10s  %-*s  %s\n", "cycle", COLUMN, "hardware", "model");
    for (size_t i = 0; i < n; i++)
        report_step(to, &steps[i]);
}
