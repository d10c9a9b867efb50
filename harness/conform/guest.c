/*
 * Page tables of a guest: NAME.tables.gz, and beside it what QEMU listed (NAME.expect.gz,
 * NAME.ranges.gz, NAME.gva2gpa.gz) and what a hart did with them (NAME.access.gz).
 */
#include "guest.h"

#include "conform.h"

#include <string.h>
#include <unistd.h>

/* Lines that are no comment, of a file whose tables are not modelled. */
static bool skip_file(struct guest *guest, struct input_error *error) {
    struct lines lines;
    if (!lines_open(&lines, guest->trial->path, error))
        return false;
    int more;
    char *field[2];
    while ((more = lines_next(&lines, error)) > 0)
        if (split_fields(lines.text, field, 2) > 0)
            guest->trial->skipped++;
    lines_close(&lines);
    return more == 0;
}

static bool load(struct trial *trial, const struct tables *tables) {
    trial_clear_memory(trial);
    if (tables->limited) {
        trial->ram_from = tables->ram_from;
        trial->ram_last = tables->ram_to - 1;
        if (!trial_add_ram(trial, tables->ram_from, tables->ram_to - tables->ram_from))
            return false;
    }
    for (size_t i = 0; i < tables->entries; i++)
        if (!trial_poke(trial, tables->entry[i].pa, tables->entry_bytes, tables->entry[i].value))
            return false;
    trial_set_control(trial, &tables->control);
    trial_fence_all(trial);
    return true;
}

/* The files that may lie beside the tables, in the order in which they are replayed. */
static const struct companion {
    const char *suffix;
    bool (*replay)(struct guest *guest, struct input_error *error);
} companions[] = {
    {".access.gz", guest_replay_accesses},
    {".expect.gz", guest_replay_mappings},
    {".gva2gpa.gz", guest_replay_walks},
    {".ranges.gz", NULL}, /* an x86 guest's only */
};

static bool replay_companion(struct guest *guest, const char *path, size_t base,
                             const struct companion *companion, bool *found,
                             struct input_error *error) {
    char name[4096];
    if (snprintf(name, sizeof name, "%.*s%s", (int)base, path, companion->suffix) >=
        (int)sizeof name)
        return input_fail(error, path, "the name is too long");
    *found = access(name, F_OK) == 0;
    if (!*found)
        return true;
    guest->trial->path = name;
    bool known = !guest->tables->x86 && companion->replay;
    bool ok = known ? companion->replay(guest, error) : skip_file(guest, error);
    guest->trial->path = path;
    for (int side = 0; side < SIDES; side++)
        bench_settle(&guest->trial->bench[side]);
    return ok;
}

static bool replay_companions(struct guest *guest, const char *path, struct input_error *error) {
    size_t base = strlen(path) - strlen(CONFORM_TABLES_SUFFIX);
    bool any = false;
    for (size_t i = 0; i < sizeof companions / sizeof companions[0]; i++) {
        bool found;
        if (!replay_companion(guest, path, base, &companions[i], &found, error))
            return false;
        any = any || found;
        if (companions[i].replay == guest_replay_accesses)
            guest->saw_hart = found;
    }
    return any || input_fail(error, path, "nothing to hold the tables against lies beside them");
}

bool conform_tables(struct trial *trial, struct input_error *error) {
    struct tables tables;
    const char *path = trial->path;
    if (!tables_read(&tables, path, error))
        return false;
    struct guest guest = {.trial = trial, .tables = &tables};
    bool ok = tables.x86 || load(trial, &tables) || input_fail(error, path, "out of memory");
    ok = ok && replay_companions(&guest, path, error);
    tables_free(&tables);
    return ok;
}
