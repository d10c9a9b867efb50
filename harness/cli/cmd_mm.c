#include "commands.h"
#include "mm/scenarios.h"
#include "options.h"
#include "os_options.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct mm_command {
    struct scenario_options scenario;
    bool mode_given;
    char **names;
    unsigned count;
};

enum { KEY_MODE = 'm', KEY_POLICY = 'p', KEY_SVADE = 0x100, KEY_DATA, KEY_LIST };

static const struct argp_option entries[] = {
    {"mode", KEY_MODE, "MODE", 0, "sv32, sv39 (default), sv48 or sv57", 0},
    {"policy", KEY_POLICY, "POLICY", 0, "of reclaim: lru (default), clock, random", 0},
    {"svade", KEY_SVADE, NULL, 0, "accessed and dirty bits fault instead of being set by hardware",
     0},
    {"data", KEY_DATA, "DIR", 0, "write the series of numbers behind the docs' pictures there", 0},
    {"list", KEY_LIST, NULL, 0, "name the scenarios", 0},
    {0},
};

static void list_scenarios(void) {
    for (const struct scenario *scenario = scenarios; scenario->name; scenario++)
        printf("%-8s %s\n", scenario->name, scenario->does);
}

static const struct scenario *find_scenario(const char *name) {
    for (const struct scenario *scenario = scenarios; scenario->name; scenario++)
        if (strcmp(name, scenario->name) == 0)
            return scenario;
    return NULL;
}

static void check_directory(struct argp_state *state, const char *path) {
    DIR *directory = opendir(path);
    if (!directory)
        option_error(state, "--data: '%s' is no directory that can be read", path);
    closedir(directory);
}

static error_t parse(int key, char *text, struct argp_state *state) {
    struct mm_command *command = state->input;
    switch (key) {
    case KEY_MODE:
        if (!paging_mode_parse(text, &command->scenario.mode) ||
            command->scenario.mode == MODE_BARE)
            option_error(state, "--mode: '%s' is none of sv32, sv39, sv48, sv57", text);
        command->mode_given = true;
        return 0;
    case KEY_POLICY:
        command->scenario.policy = parse_reclaim_policy(state, text);
        return 0;
    case KEY_SVADE:
        command->scenario.adue = false;
        return 0;
    case KEY_DATA:
        check_directory(state, text);
        command->scenario.data = text;
        return 0;
    case KEY_LIST:
        list_scenarios();
        exit(EXIT_AGREED);
    case ARGP_KEY_ARGS:
        command->names = state->argv + state->next;
        command->count = (unsigned)(state->argc - state->next);
        for (unsigned i = 0; i < command->count; i++)
            if (strcmp(command->names[i], "all") != 0 && !find_scenario(command->names[i]))
                option_error(state, "no scenario '%s'; `twinwalk mm --list` names them",
                             command->names[i]);
        return 0;
    case ARGP_KEY_NO_ARGS:
        option_error(state, "no scenario given; `twinwalk mm --list` names them");
        return EINVAL;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp parser = {
    entries,
    parse,
    "SCENARIO...",
    "Runs mechanisms of a memory manager on both walkers, explains them while they happen, and "
    "checks what it says. `all` runs every scenario.",
    NULL,
    NULL,
    NULL};

static int play(const struct mm_command *command, const struct scenario *scenario) {
    struct scenario_options options = command->scenario;
    const char *why = NULL;
    if (scenario->needs_sv32) {
        if (command->mode_given && options.mode != MODE_SV32)
            return complain("mm", "%s: this scenario is one of sv32", scenario->name);
        options.mode = MODE_SV32;
    }
    if (scenario->play(&options, stdout, &why))
        return EXIT_AGREED;
    return why ? complain("mm", "%s: %s", scenario->name, why) : EXIT_DIVERGED;
}

static int worse(int a, int b) {
    return a > b ? a : b;
}

int cmd_mm(int argc, char **argv) {
    struct mm_command command = {.scenario = {.mode = MODE_SV39, .adue = true}};
    int status = EXIT_AGREED;
    parse_arguments(&parser, argc, argv, 0, &command);
    for (unsigned i = 0; i < command.count; i++) {
        if (strcmp(command.names[i], "all") != 0) {
            status = worse(status, play(&command, find_scenario(command.names[i])));
            continue;
        }
        for (const struct scenario *scenario = scenarios; scenario->name; scenario++)
            if (!scenario->needs_sv32 || !command.mode_given || command.scenario.mode == MODE_SV32)
                status = worse(status, play(&command, scenario));
    }
    return status;
}
