#include "dump.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Time units of the dump (1 ns) in a cycle. */
#define CYCLE_UNITS 10

/* How a row shows its signal. */
enum show { SHOW_BIT, SHOW_HEX, SHOW_DECIMAL, SHOW_REASON, SHOW_LEVEL, SHOW_LOOKUP };

/* GTKWave's flags of each; the last three name the values from a filter file. */
static const char *const flags[] = {"@28", "@22", "@24", "@2022", "@2022", "@2022"};

struct row {
    const char *group; /* opens a group of this name, instead of a signal */
    enum show show;
    const char *signal; /* below the top module; NULL: closes the group */
    const char *name;   /* NULL: the signal's own */
};

#define GROUP(name)                                                                                \
    { name, SHOW_BIT, NULL, NULL }
#define ROW(show, signal, name)                                                                    \
    { NULL, SHOW_##show, signal, name }
#define GROUP_END                                                                                  \
    { NULL, SHOW_BIT, NULL, NULL }
#define PTE_ROW(position, letter) ROW(BIT, "(" #position ")probe_read_value_o[63:0]", letter)

static const struct row rows[] = {
    ROW(BIT, "clk_i", "clock"),
    GROUP("Fetches"),
    ROW(BIT, "ireq_valid_i", "request"),
    ROW(BIT, "ireq_ready_o", "ready"),
    ROW(DECIMAL, "ireq_id_i[4:0]", "id"),
    ROW(HEX, "ireq_va_i[63:0]", "va"),
    ROW(BIT, "iresp_valid_o", "response"),
    ROW(DECIMAL, "iresp_id_o[4:0]", "id"),
    ROW(HEX, "iresp_pa_o[55:0]", "pa"),
    ROW(LEVEL, "iresp_level_o[1:0]", "found in"),
    ROW(REASON, "iresp_reason_o[4:0]", "result"),
    GROUP_END,
    GROUP("Loads and stores"),
    ROW(BIT, "dreq_valid_i", "request"),
    ROW(BIT, "dreq_ready_o", "ready"),
    ROW(DECIMAL, "dreq_id_i[4:0]", "id"),
    ROW(BIT, "dreq_write_i", "store"),
    ROW(HEX, "dreq_va_i[63:0]", "va"),
    ROW(BIT, "dresp_valid_o", "response"),
    ROW(DECIMAL, "dresp_id_o[4:0]", "id"),
    ROW(HEX, "dresp_pa_o[55:0]", "pa"),
    ROW(LEVEL, "dresp_level_o[1:0]", "found in"),
    ROW(REASON, "dresp_reason_o[4:0]", "result"),
    GROUP_END,
    GROUP("Misses and their walks"),
    ROW(BIT, "probe_i_link_valid_o", "fetch waits"),
    ROW(DECIMAL, "probe_i_link_walk_o[3:0]", "for walk"),
    ROW(BIT, "probe_i_link_merged_o", "merged"),
    ROW(BIT, "probe_d_link_valid_o", "load/store waits"),
    ROW(DECIMAL, "probe_d_link_id_o[4:0]", "id"),
    ROW(DECIMAL, "probe_d_link_walk_o[3:0]", "for walk"),
    ROW(BIT, "probe_d_link_merged_o", "merged"),
    ROW(BIT, "probe_d_replay_valid_o", "replay"),
    GROUP_END,
    GROUP("Walks"),
    ROW(BIT, "probe_start_valid_o", "walk starts"),
    ROW(DECIMAL, "probe_start_walk_o[3:0]", "walk"),
    ROW(DECIMAL, "probe_start_level_o[2:0]", "at level"),
    ROW(BIT, "probe_read_valid_o", "PTE arrives"),
    ROW(DECIMAL, "probe_read_walk_o[3:0]", "walk"),
    ROW(DECIMAL, "probe_read_level_o[2:0]", "level"),
    ROW(HEX, "probe_read_value_o[63:0]", "PTE"),
    PTE_ROW(63, "V"),
    PTE_ROW(62, "R"),
    PTE_ROW(61, "W"),
    PTE_ROW(60, "X"),
    PTE_ROW(59, "U"),
    PTE_ROW(58, "G"),
    PTE_ROW(57, "A"),
    PTE_ROW(56, "D"),
    ROW(BIT, "probe_update_valid_o", "A/D update"),
    ROW(BIT, "probe_end_valid_o", "walk ends"),
    ROW(DECIMAL, "probe_end_walk_o[3:0]", "walk"),
    ROW(REASON, "probe_end_reason_o[4:0]", "verdict"),
    GROUP_END,
    GROUP("Page-table port"),
    ROW(BIT, "ptw_req_valid_o", "request"),
    ROW(BIT, "ptw_req_ready_i", "ready"),
    ROW(DECIMAL, "ptw_req_id_o[3:0]", "walk"),
    ROW(HEX, "ptw_req_pa_o[55:0]", "address"),
    ROW(BIT, "ptw_req_cas_o", "compare-and-set"),
    ROW(BIT, "ptw_resp_valid_i", "answer"),
    ROW(DECIMAL, "ptw_resp_id_i[3:0]", "walk"),
    ROW(BIT, "ptw_resp_error_i", "error"),
    GROUP_END,
    GROUP("TLBs"),
    ROW(BIT, "probe_itlb_lookup_valid_o", "I lookup"),
    ROW(LOOKUP, "probe_itlb_lookup_result_o[1:0]", "I result"),
    ROW(BIT, "probe_dtlb_lookup_valid_o", "D lookup"),
    ROW(LOOKUP, "probe_dtlb_lookup_result_o[1:0]", "D result"),
    ROW(BIT, "probe_l2tlb_lookup_valid_o", "L2 lookup"),
    ROW(LOOKUP, "probe_l2tlb_lookup_result_o[1:0]", "L2 result"),
    ROW(BIT, "probe_dtlb_fill_valid_o", "D fill"),
    ROW(BIT, "probe_l2tlb_fill_valid_o", "L2 fill"),
    ROW(BIT, "fence_valid_i", "fence"),
    ROW(BIT, "fence_ready_o", "fence ready"),
    GROUP_END,
};

struct filter {
    enum show show;
    const char *suffix;
    int digits; /* hexadecimal, as GTKWave shows a signal of that width */
    int values;
};

static const struct filter filters[] = {
    {SHOW_REASON, "reason", 2, FAULT_REASONS},
    {SHOW_LEVEL, "level", 1, LEVEL_WALK + 1},
    {SHOW_LOOKUP, "lookup", 1, LOOKUP_CLEAN + 1},
};

static const char *value_name(enum show show, int value) {
    if (show == SHOW_REASON)
        return fault_name((enum fault_reason)value);
    if (show == SHOW_LEVEL)
        return hit_level_name((enum hit_level)value);
    return lookup_name((enum lookup_result)value);
}

/* FILE.fst -> FILE.SUFFIX; false: too long. */
static bool beside(const char *fst, const char *suffix, char *path, size_t size) {
    size_t length = strlen(fst);
    if (length > 4 && strcmp(fst + length - 4, ".fst") == 0)
        length -= 4;
    return snprintf(path, size, "%.*s.%s", (int)length, fst, suffix) < (int)size;
}

/* A file in which GTKWave looks the names of a signal's values up. */
static bool write_filter(const char *fst, const struct filter *filter) {
    char path[4096];
    FILE *file = beside(fst, filter->suffix, path, sizeof path) ? fopen(path, "w") : NULL;
    if (!file)
        return false;
    for (int value = 0; value < filter->values; value++)
        fprintf(file, "%0*x %s\n", filter->digits, (unsigned)value,
                value_name(filter->show, value));
    return fclose(file) == 0;
}

/* GTKWave looks for filters from wherever it was started, so they are named in full. */
static bool write_filter_name(FILE *file, const char *fst, enum show show) {
    for (size_t i = 0; i < sizeof filters / sizeof filters[0]; i++) {
        char path[4096];
        if (filters[i].show != show)
            continue;
        char *full =
            beside(fst, filters[i].suffix, path, sizeof path) ? realpath(path, NULL) : NULL;
        if (!full)
            return false;
        fprintf(file, "^1 %s\n", full);
        free(full);
    }
    return true;
}

static void write_signal(FILE *file, const struct row *row) {
    /* "(n)vector" is one bit of it, counted from the left. */
    const char *signal = row->signal;
    int bit = 0;
    if (signal[0] == '(') {
        bit = (int)strcspn(signal, ")") + 1;
        signal += bit;
    }
    fprintf(file, "+{%s} %.*stop.mmu.%s\n", row->name, bit, row->signal, signal);
}

static bool write_rows(FILE *file, const char *fst) {
    const char *open = NULL;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct row *row = &rows[i];
        if (row->group) {
            open = row->group;
            fprintf(file, "@800200\n-%s\n", open);
        } else if (!row->signal) {
            fprintf(file, "@1000200\n-%s\n", open);
        } else {
            fprintf(file, "%s\n", flags[row->show]);
            if (!write_filter_name(file, fst, row->show))
                return false;
            write_signal(file, row);
        }
    }
    return true;
}

/* Markers A … at the cycles where walks began; the view starts a little before the first. */
static void write_view(FILE *file, const uint64_t *mark, size_t marks) {
    uint64_t first = marks > 0 ? mark[0] * CYCLE_UNITS : 0;
    uint64_t start = first > 4 * CYCLE_UNITS ? first - 4 * CYCLE_UNITS : 0;
    fprintf(file, "[timestart] %" PRIu64 "\n[size] 1600 1000\n[pos] -1 -1\n", start);
    fprintf(file, "*-5.000000 %" PRIu64, first);
    for (size_t i = 0; i < 26; i++)
        fprintf(file, " %lld", i < marks ? (long long)(mark[i] * CYCLE_UNITS) : -1LL);
    fprintf(file, "\n[treeopen] top.\n[sst_width] 200\n[signals_width] 220\n[sst_expanded] 0\n");
}

bool waves_begin(struct waves *waves, struct lockstep *both, const char *fst, uint64_t first,
                 uint64_t last, const char **why) {
    struct stat status;
    *why = "the name is too long";
    char *real = realpath(fst, NULL);
    bool fits = snprintf(waves->fst, WAVES_PATH, "%s", real ? real : fst) < WAVES_PATH;
    free(real);
    if (!fits)
        return false;
    *why = "is no regular file";
    if (stat(waves->fst, &status) == 0 && !S_ISREG(status.st_mode))
        return false;
    *why = "cannot be written";
    snprintf(waves->temporary, sizeof waves->temporary, "%s.%ld.part", waves->fst, (long)getpid());
    return lockstep_dump(both, waves->temporary, first, last);
}

void waves_abandon(struct waves *waves, struct lockstep *both) {
    lockstep_dump_end(both);
    remove(waves->temporary);
}

static bool write_save_file(const char *fst, const uint64_t *mark, size_t marks) {
    for (size_t i = 0; i < sizeof filters / sizeof filters[0]; i++)
        if (!write_filter(fst, &filters[i]))
            return false;
    char path[4096];
    FILE *file = beside(fst, "gtkw", path, sizeof path) ? fopen(path, "w") : NULL;
    if (!file)
        return false;
    write_view(file, mark, marks);
    bool written = write_rows(file, fst);
    return fclose(file) == 0 && written;
}

bool waves_finish(struct waves *waves, struct lockstep *both, const char **why) {
    uint64_t mark[LOCKSTEP_MARKS];
    struct stat status;
    size_t marks = lockstep_dump_marks(both, mark);
    lockstep_dump_end(both);
    *why = "cannot be written";
    bool written = stat(waves->temporary, &status) == 0;
    if (written && status.st_size == 0) {
        *why = "the run ended before the first cycle asked for";
        written = false;
    }
    written = written && rename(waves->temporary, waves->fst) == 0;
    if (!written) {
        remove(waves->temporary);
        return false;
    }
    *why = "its save file cannot be written";
    return write_save_file(waves->fst, mark, marks);
}
