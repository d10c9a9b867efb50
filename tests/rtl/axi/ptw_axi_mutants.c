/*
 * Every bug that mutants.txt plants into ptw_axi is found by some scenario, and none is found when
 * none is chosen. Usage: ptw_axi_mutants LIST.
 */
#include "../../mutants/choose.h"
#include "../../mutants/table.h"
#include "scenarios.h"

#include <stdio.h>

#define REQUESTS 2000u

/* What the first scenario that finds the chosen bug says of it; NULL: none does. */
static const char *hunt(const struct scoreboard_config **found) {
    for (*found = scenarios; (*found)->name; ++*found) {
        struct scoreboard_counts counts;
        const char *broken = scoreboard_run(&adapter_builds[0], *found, REQUESTS, &counts);
        if (broken)
            return broken;
    }
    return NULL;
}

int main(int argc, char **argv) {
    struct mutant_table table;
    if (argc != 2) {
        fprintf(stderr, "Usage: ptw_axi_mutants LIST\n");
        return 2;
    }
    if (!mutant_table_read(argv[1], &table))
        return 2;
    const struct scoreboard_config *found;
    const char *broken = hunt(&found);
    unsigned failures = broken != NULL;
    if (broken)
        fprintf(stderr, "without a bug, %s: %s\n", found->name, broken);
    adapter_mute(true);
    for (size_t i = 0; i < table.count; i++) {
        mutant_chosen = (int)table.mutant[i].number;
        broken = hunt(&found);
        printf("%-26s %s: %s\n", table.mutant[i].name, broken ? found->name : "SURVIVES",
               broken ? broken : table.mutant[i].says);
        failures += !broken;
    }
    mutant_table_free(&table);
    return failures > 0;
}
