/*
 * Proof that the harness sees: hunts every planted bug, and none at all, and prints what found it.
 *
 *   run_mutants [-j JOBS] [-n ACCESSES] [-s SEED] [-m NAME] [-o TABLE.md] LIST TRACE...
 *
 * Fails if a bug is not found, not at a level of comparison that the list expects, or not by the
 * trace that it names; and if anything differs where no bug was chosen.
 */
#include "hunt.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define MAX_JOBS 16

/* What is hunted: a mutant, or (NULL) none at all in a configuration. */
struct quarry {
    const struct mutant *mutant;
    const char *config;
    struct verdict verdict;
    char fault[128]; /* why the test fails; "" */
};

static const char *base_name(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static const char *first_trace(const struct hunt_options *options, unsigned bits) {
    for (size_t i = 0; i < options->traces; i++)
        if (bits >> i & 1)
            return base_name(options->trace[i]);
    return "-";
}

static bool found_by(const struct hunt_options *options, unsigned bits, const char *name) {
    for (size_t i = 0; i < options->traces; i++)
        if (bits >> i & 1 && strcmp(base_name(options->trace[i]), name) == 0)
            return true;
    return false;
}

/* The first divergence without the twin, or with it if only it shows the bug. */
static const struct find *shown(const struct verdict *verdict) {
    return verdict->steps.level ? &verdict->steps : &verdict->timed;
}

static void judge(const struct hunt_options *options, struct quarry *quarry) {
    const struct verdict *verdict = &quarry->verdict;
    const struct mutant *mutant = quarry->mutant;
    char *fault = quarry->fault;
    size_t size = sizeof quarry->fault;
    bool timing_only = mutant && mutant_shows_in_timing_only(mutant);
    if (!verdict->finished)
        snprintf(fault, size, "the run died or took too long");
    else if (verdict->problem[0])
        snprintf(fault, size, "%.*s", (int)size - 1, verdict->problem);
    else if (!mutant &&
             (verdict->timed.level || verdict->steps.level || verdict->traces || verdict->answers))
        snprintf(fault, size, "differs without a bug: %.90s", verdict->timed.what);
    else if (mutant && !verdict->timed.level)
        snprintf(fault, size, "SURVIVES");
    else if (timing_only && verdict->timed.level != COMPARE_TIMING)
        snprintf(fault, size, "not only the twin shows it");
    else if (mutant && !timing_only && !verdict->steps.level)
        snprintf(fault, size, "SURVIVES without the twin");
    else if (mutant && !timing_only && !strchr(mutant->level, '0' + (int)verdict->steps.level))
        snprintf(fault, size, "expected at level %s without the twin", mutant->level);
    else if (mutant && mutant->answers && !found_by(options, verdict->answers, mutant->answers))
        snprintf(fault, size, "%s does not find it without the TLBs", mutant->answers);
}

static void print_row(const struct hunt_options *options, const struct quarry *quarry) {
    const struct verdict *verdict = &quarry->verdict;
    printf("%3u %-34s %d %8" PRIu64 "  %d %8" PRIu64 "  %-24s %-24s %s%s%s\n",
           quarry->mutant ? quarry->mutant->number : 0,
           quarry->mutant ? quarry->mutant->name : quarry->config, (int)verdict->steps.level,
           verdict->steps.accesses, (int)verdict->timed.level, verdict->timed.accesses,
           first_trace(options, verdict->traces), first_trace(options, verdict->answers),
           shown(verdict)->what, quarry->fault[0] ? " !! " : "", quarry->fault);
    fflush(stdout);
}

/* Several at a time, each in a process of its own; verdicts are taken in order. */
static void hunt_all(const struct hunt_options *options, struct quarry *quarry, size_t n,
                     unsigned jobs) {
    int pipes[MAX_JOBS];
    size_t started = 0;
    for (size_t done = 0; done < n; done++) {
        for (; started < n && started < done + jobs; started++)
            pipes[started % jobs] =
                hunt_start(options, quarry[started].mutant, quarry[started].config);
        int from = pipes[done % jobs];
        struct verdict *verdict = &quarry[done].verdict;
        if (from < 0 || read(from, verdict, sizeof *verdict) != sizeof *verdict)
            *verdict = (struct verdict){.finished = false};
        if (from >= 0)
            close(from);
        judge(options, &quarry[done]);
        print_row(options, &quarry[done]);
    }
    while (wait(NULL) > 0)
        ;
}

static const char introduction[] =
    "# Planted bugs, and what found them\n\n"
    "Written by `run_mutants` (target `update_mutants_doc`) from `tests/mutants/mutants.txt`;\n"
    "`tests/mutants/README.md` tells how it works and what the classes are. Names begin with the\n"
    "side that has the bug. Found at: the level of comparison of the first divergence in random\n"
    "stress, after so many accesses: without the twin, but for level 4; `with the twin`: the same\n"
    "where every output of every cycle is compared. The last column names a hand-written trace\n"
    "(`tests/lockstep/traces`) that finds the bug also with `--no-tlb-check`; `-` stands where\n"
    "none does, because the bug needs a race, or never shows in an answer.\n\n";

static bool write_markdown(const char *path, const struct hunt_options *options,
                           const struct quarry *quarry, size_t n) {
    FILE *file = fopen(path, "w");
    if (!file)
        return false;
    fprintf(file, "%s", introduction);
    fprintf(file, "| bug | class | what is planted | found at level | after accesses | "
                  "with the twin | how it shows | by answers and walks alone |\n"
                  "| --- | --- | --- | --- | --- | --- | --- | --- |\n");
    for (size_t i = 0; i < n; i++) {
        const struct mutant *mutant = quarry[i].mutant;
        const struct verdict *verdict = &quarry[i].verdict;
        if (mutant)
            fprintf(file, "| %s | %s | %s | %d | %" PRIu64 " | %d, %" PRIu64 " | %s | %s |\n",
                    mutant->name, mutant->class, mutant->says, (int)shown(verdict)->level,
                    shown(verdict)->accesses, (int)verdict->timed.level, verdict->timed.accesses,
                    shown(verdict)->what, first_trace(options, verdict->answers));
    }
    return fclose(file) == 0;
}

/* The controls first: nothing planted, in each configuration that the list uses. */
static size_t make_quarries(const struct mutant_table *table, const char *only,
                            struct quarry *quarry) {
    size_t n = 0;
    for (size_t i = 0; i < table->count; i++) {
        bool known = false;
        for (size_t k = 0; k < n; k++)
            known = known || strcmp(quarry[k].config, table->mutant[i].config) == 0;
        if (!known)
            quarry[n++] = (struct quarry){.config = table->mutant[i].config};
    }
    for (size_t i = 0; i < table->count; i++)
        if (!only || strcmp(only, table->mutant[i].name) == 0)
            quarry[n++] = (struct quarry){&table->mutant[i], table->mutant[i].config, {0}, ""};
    return n;
}

static int report(const struct quarry *quarry, size_t n) {
    size_t failed = 0, found[COMPARE_TIMING + 1] = {0}, side[MUTANT_SIDES] = {0};
    for (size_t i = 0; i < n; i++) {
        failed += quarry[i].fault[0] != '\0';
        if (quarry[i].mutant)
            found[shown(&quarry[i].verdict)->level]++;
        if (quarry[i].mutant)
            side[mutant_side(quarry[i].mutant)]++;
    }
    printf("%zu bugs in the hardware, %zu in the model, %zu in the twin; found at level 1: %zu, "
           "2: %zu, 3: %zu, 4: %zu\n",
           side[MUTANT_IN_HARDWARE], side[MUTANT_IN_MODEL], side[MUTANT_IN_TWIN],
           found[COMPARE_ARCHITECTURAL], found[COMPARE_WALK], found[COMPARE_TLB],
           found[COMPARE_TIMING]);
    for (size_t i = 0; i < n; i++)
        if (quarry[i].fault[0])
            printf("FAILED %s: %s\n", quarry[i].mutant ? quarry[i].mutant->name : quarry[i].config,
                   quarry[i].fault);
    return failed > 0;
}

static int usage(void) {
    fprintf(stderr, "Usage: run_mutants [-j JOBS] [-n ACCESSES] [-s SEED] [-m NAME] "
                    "[-o TABLE.md] LIST TRACE...\n");
    return 2;
}

int main(int argc, char **argv) {
    struct hunt_options options = {.accesses = 400000, .seed = 1, .seconds = 120};
    const char *only = NULL, *markdown = NULL;
    unsigned long jobs = 2;
    for (int option; (option = getopt(argc, argv, "j:n:s:m:o:")) != -1;) {
        if (option == 'j')
            jobs = strtoul(optarg, NULL, 10);
        else if (option == 'n')
            options.accesses = strtoull(optarg, NULL, 10);
        else if (option == 's')
            options.seed = strtoull(optarg, NULL, 10);
        else if (option == 'm')
            only = optarg;
        else if (option == 'o')
            markdown = optarg;
        else
            return usage();
    }
    struct mutant_table table;
    if (optind >= argc || jobs < 1 || jobs > MAX_JOBS || argc - optind - 1 > HUNT_TRACES)
        return usage();
    if (!mutant_table_read(argv[optind], &table))
        return 2;
    for (int i = optind + 1; i < argc; i++)
        options.trace[options.traces++] = argv[i];
    struct quarry *quarry = calloc(2 * table.count + 1, sizeof *quarry);
    if (!quarry)
        return 2;
    size_t n = make_quarries(&table, only, quarry);
    hunt_all(&options, quarry, n, (unsigned)jobs);
    int status = report(quarry, n);
    if (markdown && !write_markdown(markdown, &options, quarry, n)) {
        fprintf(stderr, "run_mutants: %s: cannot be written\n", markdown);
        status = 2;
    }
    free(quarry);
    mutant_table_free(&table);
    return status;
}
