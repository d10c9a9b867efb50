#include "results.h"

#include "commands.h"
#include "options.h"
#include "output.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void print_header(bool lockstep) {
    printf("%-10s %-5s %10s %9s %7s %9s %7s %9s %7s %9s %9s %8s", "trace", "mode", "references",
           "I misses", "rate", "D misses", "rate", "L2 misses", "rate", "walks", "PTE reads",
           "faults");
    printf(lockstep ? " %11s %10s\n" : "\n", "cycles", "mismatches");
}

static const char *base_name(const char *path, char *name, size_t size) {
    const char *slash = strrchr(path, '/');
    snprintf(name, size, "%s", slash ? slash + 1 : path);
    char *dot = strrchr(name, '.');
    if (dot && dot != name)
        *dot = '\0';
    return name;
}

static double percent(uint64_t part, uint64_t whole) {
    return whole ? 100.0 * (double)part / (double)whole : 0.0;
}

static void print_row(const struct run_result *result) {
    const struct replay_counters *counters = &result->replay;
    char name[64];
    printf("%-10s %-5s %10" PRIu64, base_name(result->trace, name, sizeof name),
           paging_mode_name(result->mode),
           counters->references[PORT_I] + counters->references[PORT_D]);
    for (int tlb = 0; tlb < TLBS; tlb++)
        printf(" %9" PRIu64 " %6.3f%%", counters->misses[tlb],
               percent(counters->misses[tlb], counters->lookups[tlb]));
    printf(" %9" PRIu64 " %9" PRIu64 " %8" PRIu64, result->mmu.walks, result->mmu.pte_reads,
           counters->faults);
    if (result->lockstep)
        printf(" %11" PRIu64 " %10" PRIu64, result->cycles, result->mismatches);
    putchar('\n');
    fflush(stdout);
}

static uint64_t sum_minor(const struct os_results *os) {
    uint64_t sum = 0;
    for (size_t i = 0; i < os->processes; i++)
        sum += os->process[i].min_flt;
    return sum;
}

static uint64_t sum_tables(const struct os_results *os) {
    uint64_t sum = 0;
    for (size_t i = 0; i < os->processes; i++)
        sum += os->process[i].vm_pte;
    return sum;
}

static void print_os(const struct run_result *result) {
    const struct os_results *os = &result->os;
    printf("  os: %" PRIu64 " KiB, %s; %" PRIu64 " pages touched, most resident %" PRIu64
           "; faults %" PRIu64 " minor, %" PRIu64 " major; swapped in %" PRIu64 ", out %" PRIu64
           "; tables %" PRIu64 " KiB; %" PRIu64 " words checked\n",
           os->memory_bytes / 1024, reclaim_policy_name(result->policy), os->pages_touched,
           os->peak_resident, sum_minor(os), os->stat[STAT_pgmajfault], os->stat[STAT_pswpin],
           os->stat[STAT_pswpout], sum_tables(os) / 1024, os->words_checked);
    if (os->optimum)
        printf("  optimum: %" PRIu64 " pages read with %" PRIu64 " frames; %s: %" PRIu64 "\n",
               os->optimum_page_ins, os->optimum_frames, reclaim_policy_name(result->policy),
               os->page_ins);
}

json_t *results_json(const char *command, const char *config) {
    return json_pack("{s:s, s:s, s:s*, s:[]}", "version", TWINWALK_VERSION, "command", command,
                     "config", config, "traces");
}

static json_t *count(uint64_t value) {
    return json_integer((json_int_t)value);
}

static json_t *tlb_object(const struct replay_counters *counters, enum tlb_number tlb) {
    json_t *object = json_object();
    json_object_set_new(object, "lookups", count(counters->lookups[tlb]));
    json_object_set_new(object, "misses", count(counters->misses[tlb]));
    if (tlb == TLB_L2) {
        json_object_set_new(object, "misses_i", count(counters->l2_misses[PORT_I]));
        json_object_set_new(object, "misses_d", count(counters->l2_misses[PORT_D]));
    }
    return object;
}

static json_t *process_object(const struct os_process_results *process) {
    json_t *object = json_object();
    json_object_set_new(object, "process", count(process->process));
    json_object_set_new(object, "min_flt", count(process->min_flt));
    json_object_set_new(object, "maj_flt", count(process->maj_flt));
    json_object_set_new(object, "vm_pte", count(process->vm_pte));
    json_object_set_new(object, "rss", count(process->rss));
    json_object_set_new(object, "swapped", count(process->swapped));
    return object;
}

static json_t *os_object(const struct run_result *result) {
    const struct os_results *os = &result->os;
    json_t *object = json_object(), *stat = json_object(), *processes = json_array();
    json_object_set_new(object, "policy", json_string(reclaim_policy_name(result->policy)));
    json_object_set_new(object, "memory", count(os->memory_bytes));
    json_object_set_new(object, "swap", count(os->swap_bytes));
    json_object_set_new(object, "pages_touched", count(os->pages_touched));
    json_object_set_new(object, "peak_resident", count(os->peak_resident));
    json_object_set_new(object, "words_checked", count(os->words_checked));
    json_object_set_new(object, "mismatches", count(result->mismatches));
    json_object_set_new(object, "page_ins", count(os->page_ins));
    if (os->optimum) {
        json_object_set_new(object, "optimum_frames", count(os->optimum_frames));
        json_object_set_new(object, "optimum_page_ins", count(os->optimum_page_ins));
    }
    for (int i = 0; i < MM_STATS; i++)
        json_object_set_new(stat, mm_stat_name((enum mm_stat)i), count(os->stat[i]));
    json_object_set_new(object, "vmstat", stat);
    for (size_t i = 0; i < os->processes; i++)
        json_array_append_new(processes, process_object(&os->process[i]));
    json_object_set_new(object, "processes", processes);
    return object;
}

/* The hardware's counters, by their names in lower case. */
static json_t *hardware_object(const struct run_result *result) {
    json_t *object = json_object();
    for (int i = 0; i < COUNTERS; i++) {
        const char *from = counter_name((enum counter)i);
        char name[64];
        size_t length = 0;
        for (; from[length] && length < sizeof name - 1; length++)
            name[length] = (char)tolower((unsigned char)from[length]);
        name[length] = '\0';
        json_object_set_new(object, name, count(result->counter[i]));
    }
    return object;
}

static json_t *counters_object(const struct run_result *result) {
    const struct replay_counters *counters = &result->replay;
    json_t *object = json_object();
    const struct {
        const char *name;
        uint64_t value;
    } numbers[] = {
        {"references", counters->references[PORT_I] + counters->references[PORT_D]},
        {"references_i", counters->references[PORT_I]},
        {"references_d", counters->references[PORT_D]},
        {"translations", counters->translations},
        {"walks", result->mmu.walks},
        {"walk_cache_hits", result->mmu.walk_cache_hits},
        {"pte_reads", result->mmu.pte_reads},
        {"pte_updates", result->mmu.pte_updates},
        {"faults", counters->faults},
        {"unmended_faults", counters->unmended},
        {"fences", counters->fences},
        {"switches", counters->switches},
        {"pages_mapped", counters->system.pages},
        {"table_pages", counters->system.tables},
        {"moved_regions", counters->moved_regions},
    };
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        json_object_set_new(object, numbers[i].name, count(numbers[i].value));
    for (int tlb = 0; tlb < TLBS; tlb++)
        json_object_set_new(object, tlb_name((enum tlb_number)tlb),
                            tlb_object(counters, (enum tlb_number)tlb));
    if (result->lockstep) {
        json_object_set_new(object, "cycles", count(result->cycles));
        json_object_set_new(object, "mismatches", count(result->mismatches));
        json_object_set_new(object, "timing_checked", json_boolean(result->timing_checked));
        json_object_set_new(object, "counters", hardware_object(result));
    }
    if (result->has_os)
        json_object_set_new(object, "os", os_object(result));
    return object;
}

static json_t *latency_object(const struct run_result *result) {
    json_t *object = json_object();
    for (int level = 0; level <= LEVEL_WALK; level++) {
        const struct lockstep_latency *latency = &result->latency[level];
        if (latency->count == 0)
            continue;
        double mean = (double)latency->total / (double)latency->count;
        json_object_set_new(object, hit_level_name((enum hit_level)level),
                            json_pack("{s:I, s:I, s:f, s:I}", "count", (json_int_t)latency->count,
                                      "min", (json_int_t)latency->min, "mean", mean, "max",
                                      (json_int_t)latency->max));
    }
    return object;
}

/* Adds every number of `from` to the one of the same name in `to`, objects likewise. */
static void add_up(json_t *to, const json_t *from) {
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)from, name, value) {
        json_t *sum = json_object_get(to, name);
        if (json_is_object(value)) {
            if (!sum)
                json_object_set_new(to, name, sum = json_object());
            add_up(sum, value);
        } else if (json_is_integer(value)) {
            json_object_set_new(to, name,
                                json_integer(json_integer_value(sum) + json_integer_value(value)));
        }
    }
}

/* JSON has no way to name a file that is not UTF-8: other bytes become '?'. */
static json_t *file_name(const char *path) {
    json_t *name = json_string(path);
    char *copy = name ? NULL : strdup(path);
    for (char *at = copy; at && *at; at++)
        if (*at & 0x80)
            *at = '?';
    if (copy)
        name = json_string(copy);
    free(copy);
    return name;
}

static void add_to_json(json_t *document, const struct run_result *result) {
    json_t *counters = counters_object(result);
    add_up(document, counters);
    json_object_set_new(counters, "trace", file_name(result->trace));
    json_object_set_new(counters, "mode", json_string(paging_mode_name(result->mode)));
    if (result->mmu.walks > 0)
        json_object_set_new(counters, "reads_per_walk",
                            json_real((double)result->mmu.pte_reads / (double)result->mmu.walks));
    if (result->lockstep)
        json_object_set_new(counters, "latency", latency_object(result));
    if (result->has_timing)
        json_object_set_new(counters, "timing", timing_results_json(&result->timing));
    json_array_append_new(json_object_get(document, "traces"), counters);
}

void results_begin(struct results *results, const char *command, const char *config,
                   const char *json) {
    *results = (struct results){.command = command, .json = json};
    results->document = results_json(command, config);
}

void results_add(struct results *results, const struct run_result *result) {
    if (!results->header_printed)
        print_header(result->lockstep);
    results->header_printed = true;
    print_row(result);
    if (result->has_os)
        print_os(result);
    if (result->has_timing)
        timing_results_print(&result->timing);
    add_to_json(results->document, result);
}

int results_end(struct results *results, int status) {
    if (results->json && status != EXIT_UNUSABLE) {
        if (!results_json_write(results->command, results->document, results->json))
            return EXIT_UNUSABLE;
        return status;
    }
    json_decref(results->document);
    return status;
}

bool results_json_write(const char *command, json_t *document, const char *path) {
    struct trace_error error;
    struct output output;
    bool written = output_open(&output, path, true, &error);
    if (written) {
        json_dumpf(document, output.file, JSON_INDENT(2));
        fputc('\n', output.file);
        written = output_commit(&output, &error);
    }
    json_decref(document);
    if (!written)
        complain(command, "%s", error.text);
    return written;
}
