#include "commands.h"
#include "conform/explain.h"
#include "conform/tables.h"
#include "lockstep/report.h"
#include "options.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MAX_WORDS 1024
#define MAX_STEPS 64

struct walk_options {
    const char *config;
    const char *tables; /* NULL: none */
    bool mode_given, root_given, asid_given, va_given;
    struct mmu_control control;
    struct mmu_request request;
    struct word word[MAX_WORDS];
    unsigned words;
};

enum {
    KEY_TABLES = 't',
    KEY_MODE = 'm',
    KEY_ROOT = 'r',
    KEY_MEM = 0x100,
    KEY_ASID,
    KEY_ACCESS = 'a',
    KEY_PRIV = 'p',
    KEY_SUM = 0x200,
    KEY_MXR,
    KEY_ADUE,
    KEY_PBMTE,
    KEY_NAPOT,
    KEY_CONFIG = 'c',
};

static const struct argp_option entries[] = {
    {"tables", KEY_TABLES, "NAME.tables.gz", 0, "mode, root and page tables of a guest", 1},
    {"mode", KEY_MODE, "MODE", 0, "sv32, sv39 (default), sv48, sv57 or bare", 1},
    {"root", KEY_ROOT, "PPN", 0, "page number of the root table", 1},
    {"mem", KEY_MEM, "PA=VALUE", 0,
     "a word of memory, as wide as a PTE; also changes what --tables gave", 1},
    {"asid", KEY_ASID, "ASID", 0, "address space (0, or what satp of --tables says)", 1},
    {"access", KEY_ACCESS, "r|w|x", 0, "read (default), write or execute", 2},
    {"priv", KEY_PRIV, "u|s|m", 0, "privilege of the access (s)", 2},
    {"sum", KEY_SUM, NULL, 0, "mstatus.SUM: S-mode may touch user pages", 3},
    {"mxr", KEY_MXR, NULL, 0, "mstatus.MXR: executable pages are readable", 3},
    {"adue", KEY_ADUE, NULL, 0, "menvcfg.ADUE: hardware sets A and D instead of faulting", 3},
    {"pbmte", KEY_PBMTE, NULL, 0, "menvcfg.PBMTE: Svpbmt", 3},
    {"napot", KEY_NAPOT, NULL, 0, "Svnapot is implemented", 3},
    {"config", KEY_CONFIG, "NAME", 0, "hardware: small, default, server, … (default)", 4},
    {0},
};

static uint64_t parse_hex(struct argp_state *state, const char *what, const char *text,
                          uint64_t max) {
    uint64_t value;
    if (!hex_parse(text, true, &value) || value > max)
        option_error(state, "%s: '%s' is not a hexadecimal number up to %llx", what, text,
                     (unsigned long long)max);
    return value;
}

static void parse_word(struct argp_state *state, char *text, struct walk_options *options) {
    char *equals = strchr(text, '=');
    if (!equals)
        option_error(state, "--mem: '%s' is not PA=VALUE", text);
    if (options->words == MAX_WORDS)
        option_error(state, "--mem: more than %d words", MAX_WORDS);
    *equals = '\0';
    struct word *word = &options->word[options->words++];
    word->pa = parse_hex(state, "--mem", text, (UINT64_C(1) << TW_PA_W) - 1);
    word->value = parse_hex(state, "--mem", equals + 1, UINT64_MAX);
}

static void parse_access(struct argp_state *state, const char *text, struct mmu_request *request) {
    static const char letters[] = {
        [ACCESS_READ] = 'r', [ACCESS_WRITE] = 'w', [ACCESS_EXECUTE] = 'x'};
    for (int access = 0; access < (int)sizeof letters; access++)
        if (text[0] == letters[access] && text[1] == '\0') {
            request->access = (enum access_type)access;
            return;
        }
    option_error(state, "--access: '%s' is none of r, w, x", text);
}

static void parse_priv(struct argp_state *state, const char *text, struct mmu_request *request) {
    if (strcmp(text, "u") != 0 && strcmp(text, "s") != 0 && strcmp(text, "m") != 0)
        option_error(state, "--priv: '%s' is none of u, s, m", text);
    request->priv = *text == 'u' ? PRIV_U : *text == 's' ? PRIV_S : PRIV_M;
}

static void check_options(struct argp_state *state, const struct walk_options *options) {
    if (!options->va_given)
        option_error(state, "no virtual address given");
    if (options->tables && (options->mode_given || options->root_given))
        option_error(state, "--tables brings mode and root of its own");
    if (!options->tables && !options->root_given && options->control.mode != MODE_BARE)
        option_error(state, "neither --tables nor --root given");
    uint64_t max = options->control.mode == MODE_SV32 ? 0x3fffff : UINT64_MAX;
    if (options->control.root_ppn > max)
        option_error(state, "--root: an Sv32 page number has 22 bits");
}

static error_t parse(int key, char *text, struct argp_state *state) {
    struct walk_options *options = state->input;
    struct mmu_control *control = &options->control;
    switch (key) {
    case KEY_TABLES:
        options->tables = text;
        return 0;
    case KEY_MODE:
        if (!paging_mode_parse(text, &control->mode))
            option_error(state, "--mode: '%s' is none of bare, sv32, sv39, sv48, sv57", text);
        options->mode_given = true;
        return 0;
    case KEY_ROOT:
        control->root_ppn = parse_hex(state, "--root", text, (UINT64_C(1) << TW_PPN_W) - 1);
        options->root_given = true;
        return 0;
    case KEY_MEM:
        parse_word(state, text, options);
        return 0;
    case KEY_ASID:
        control->asid = (uint16_t)parse_hex(state, "--asid", text, UINT16_MAX);
        options->asid_given = true;
        return 0;
    case KEY_ACCESS:
        parse_access(state, text, &options->request);
        return 0;
    case KEY_PRIV:
        parse_priv(state, text, &options->request);
        return 0;
    case KEY_SUM:
        control->sum = true;
        return 0;
    case KEY_MXR:
        control->mxr = true;
        return 0;
    case KEY_ADUE:
        control->adue = true;
        return 0;
    case KEY_PBMTE:
        control->pbmte = true;
        return 0;
    case KEY_NAPOT:
        control->napot = true;
        return 0;
    case KEY_CONFIG:
        if (!rtl_mmu_config(text))
            option_error(state, "--config: no hardware configuration '%s'", text);
        options->config = text;
        return 0;
    case ARGP_KEY_ARG:
        if (options->va_given)
            option_error(state, "more than one virtual address");
        options->request.va = parse_hex(state, "VA", text, UINT64_MAX);
        options->va_given = true;
        return 0;
    case ARGP_KEY_END:
        check_options(state, options);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp parser = {
    entries,
    parse,
    "VA",
    "Explains one translation step by step, made by the model and the hardware in lockstep.\v"
    "All numbers are hexadecimal. Example:\n"
    "  twinwalk walk --root 80000 --mem 80000000=20000401 \\\n"
    "    --mem 80001000=20000801 --mem 80002018=200048c7 3123",
    NULL,
    NULL,
    NULL};

/* Memory and control registers of a guest. false: a line has been printed. */
static bool load_tables(struct walk_options *options, struct lockstep *both) {
    struct tables tables;
    struct input_error error;
    if (!tables_read(&tables, options->tables, &error))
        return complain("walk", "%s", error.text), false;
    bool ok = true;
    for (int side = 0; side < SIDES && tables.limited; side++)
        ok = ok && physmem_add_ram(lockstep_memory(both, (enum side)side), tables.ram_from,
                                   tables.ram_to - tables.ram_from);
    for (size_t i = 0; ok && i < tables.entries; i++)
        ok = lockstep_poke(both, tables.entry[i].pa, tables.entry_bytes, tables.entry[i].value);
    if (!ok)
        complain("walk", "out of memory");
    if (tables.x86)
        complain("walk", "%s: x86 tables are not modelled", options->tables);
    ok = ok && !tables.x86;
    options->control.mode = tables.control.mode;
    options->control.root_ppn = tables.control.root_ppn;
    if (!options->asid_given)
        options->control.asid = tables.control.asid;
    tables_free(&tables);
    return ok;
}

static bool load_words(const struct walk_options *options, struct lockstep *both) {
    unsigned bytes = options->control.mode == MODE_SV32 ? 4 : 8;
    for (unsigned i = 0; i < options->words; i++) {
        const struct word *word = &options->word[i];
        if (word->pa % bytes != 0 || (bytes == 4 && word->value > UINT32_MAX))
            return complain("walk", "--mem %llx=%llx: not a %u-byte word at a multiple of %u",
                            (unsigned long long)word->pa, (unsigned long long)word->value, bytes,
                            bytes),
                   false;
        if (!lockstep_poke(both, word->pa, bytes, word->value))
            return complain("walk", "out of memory"), false;
    }
    return true;
}

static void explain(const struct walk_options *options, const struct lockstep *both) {
    struct lockstep_step step[MAX_STEPS];
    struct mmu_event event[MAX_STEPS];
    size_t n = lockstep_history(both, 1, step, MAX_STEPS);
    for (size_t i = 0; i < n; i++)
        event[i] = step[i].event[SIDE_MODEL];
    const char *term = getenv("TERM");
    explain_translation(stdout, &(struct explanation){
                                    .control = options->control,
                                    .request = options->request,
                                    .event = event,
                                    .events = n,
                                    .colour = isatty(STDOUT_FILENO) && !getenv("NO_COLOR") &&
                                              term && strcmp(term, "dumb") != 0,
                                });
    printf("  The hardware (%s) and the model took the same %zu step%s.\n", options->config, n,
           n == 1 ? "" : "s");
}

static int walk(struct walk_options *options, struct lockstep *both) {
    struct mmu_response response;
    if (options->tables && !load_tables(options, both))
        return EXIT_UNUSABLE;
    if (!load_words(options, both))
        return EXIT_UNUSABLE;
    lockstep_set_control(both, &options->control);
    if (lockstep_translate(both, &options->request, &response) && lockstep_finish(both)) {
        explain(options, both);
        return EXIT_AGREED;
    }
    report_divergence(stdout, both, options->tables ? options->tables : "command line");
    return EXIT_DIVERGED;
}

int cmd_walk(int argc, char **argv) {
    const char *why;
    struct walk_options options = {
        .config = "default", .control = {.mode = MODE_SV39}, .request = {.priv = PRIV_S}};
    parse_arguments(&parser, argc, argv, 0, &options);
    struct lockstep *both =
        lockstep_create(&(struct lockstep_options){.config = options.config, .seed = 1}, &why);
    if (!both)
        return complain("walk", "%s", why);
    int status = walk(&options, both);
    lockstep_destroy(both);
    return status;
}
