/*
 * For the command line with planted bugs: the environment variable TWINWALK_MUTANT names the one to
 * show. MUTANT_LIST is the path of mutants.txt.
 */
#include "choose.h"
#include "table.h"

#include <stdio.h>
#include <stdlib.h>

__attribute__((constructor)) static void choose_from_environment(void) {
    const char *name = getenv("TWINWALK_MUTANT");
    struct mutant_table table;
    if (!name)
        return;
    const struct mutant *mutant =
        mutant_table_read(MUTANT_LIST, &table) ? mutant_find(&table, name) : NULL;
    if (!mutant) {
        fprintf(stderr, "TWINWALK_MUTANT: no mutant '%s'\n", name);
        exit(2);
    }
    mutant_chosen = (int)mutant->number;
    mutant_table_free(&table);
}
