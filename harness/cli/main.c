#include "cli/commands.h"

#include <argp.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

struct command {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *does;
};

static const struct command commands[] = {
    {"cosim", cmd_cosim, "play traces to the hardware and the model in lockstep"},
    {"conform", cmd_conform, "replay translation vectors and real page tables on both sides"},
    {"stress", cmd_stress, "random adversarial tables, accesses and fences in lockstep"},
    {"walk", cmd_walk, "explain one translation step by step"},
    {"sim", cmd_sim, "play traces to the model alone: TLB and walk statistics"},
    {"sweep", cmd_sweep, "miss rates over a design space of TLBs, as CSV"},
    {"mm", cmd_mm, "scenarios of a memory manager, on both walkers, explained"},
    {"record", cmd_record, "record the references of a program"},
    {"trace", cmd_trace, "info, cat, convert, cut, mix, import"},
};

#define COMMANDS (sizeof commands / sizeof commands[0])

static void usage(FILE *to) {
    fprintf(to, "Usage: twinwalk COMMAND [OPTION...] [ARGUMENT...]\n\n");
    for (size_t i = 0; i < COMMANDS; i++)
        fprintf(to, "  %-8s %s\n", commands[i].name, commands[i].does);
    fprintf(to, "\n`twinwalk COMMAND --help` tells its options. Exit status: 0 all agreed, 1 a "
                "divergence,\n"
                "mismatch or failed check, 2 unusable input or arguments.\n");
}

/* What could not be printed is an error too. */
static int finish_output(int status) {
    bool broken = fflush(stdout) != 0;
    if (!broken && !ferror(stdout))
        return status;
    fprintf(stderr, "twinwalk: standard output cannot be written\n");
    return EXIT_UNUSABLE;
}

int main(int argc, char **argv) {
    argp_err_exit_status = EXIT_UNUSABLE;
    if (argc < 2) {
        fprintf(stderr, "twinwalk: no command given; `twinwalk --help` lists them\n");
        return EXIT_UNUSABLE;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0) {
        usage(stdout);
        return finish_output(EXIT_AGREED);
    }
    if (strcmp(argv[1], "--version") == 0) {
        printf("twinwalk %s\n", TWINWALK_VERSION);
        return EXIT_AGREED;
    }
    for (size_t i = 0; i < COMMANDS; i++)
        if (strcmp(argv[1], commands[i].name) == 0)
            return finish_output(commands[i].run(argc - 1, argv + 1));
    fprintf(stderr, "twinwalk: no command '%s'; `twinwalk --help` lists them\n", argv[1]);
    return EXIT_UNUSABLE;
}
