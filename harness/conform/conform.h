/*
 * Replays files of vectors on both sides against what the oracle saw.
 */
#ifndef TWINWALK_CONFORM_CONFORM_H
#define TWINWALK_CONFORM_CONFORM_H

#include "lines.h"
#include "trial.h"

#define CONFORM_CASES_SUFFIX  ".jsonl.gz"
#define CONFORM_TABLES_SUFFIX ".tables.gz"

/*
 * Each reads trial->path, tables with the files that lie beside them, and asks both sides. true:
 * all was replayed, whatever the verdicts; false and an error: unusable input.
 */
bool conform_cases(struct trial *trial, struct input_error *error);
bool conform_tables(struct trial *trial, struct input_error *error);

#endif
