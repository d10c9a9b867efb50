#include "vector.h"

#include <jansson.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define PA_LIMIT (UINT64_C(1) << TW_PA_W)

/* Where in the file a value stands, for messages. */
struct place {
    const struct lines *lines;
    struct input_error *error;
    const char *list; /* "mem", "acc" …; NULL: the case itself */
    size_t index;
};

__attribute__((format(printf, 3, 4))) static bool fail(const struct place *place, const char *key,
                                                       const char *format, ...) {
    char what[160], name[80];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(what, sizeof what, format, arguments);
    va_end(arguments);
    if (place->list)
        snprintf(name, sizeof name, "%s[%zu]%s%s", place->list, place->index, key ? "." : "",
                 key ? key : "");
    else
        snprintf(name, sizeof name, "%s", key);
    return lines_fail(place->lines, place->error, "%s %s", name, what);
}

static bool get_integer(const struct place *place, const json_t *object, const char *key,
                        uint64_t max, uint64_t *value) {
    const json_t *found = json_object_get(object, key);
    *value = 0;
    if (!found)
        return fail(place, key, "is missing");
    if (!json_is_integer(found) || json_integer_value(found) < 0 ||
        (uint64_t)json_integer_value(found) > max)
        return fail(place, key, "is not an integer from 0 to %llu", (unsigned long long)max);
    *value = (uint64_t)json_integer_value(found);
    return true;
}

static bool get_flag(const struct place *place, const json_t *object, const char *key, bool *flag) {
    uint64_t value;
    if (!get_integer(place, object, key, 1, &value))
        return false;
    *flag = value != 0;
    return true;
}

static bool take_hex(const struct place *place, const json_t *found, const char *key, uint64_t max,
                     uint64_t *value) {
    if (!json_is_string(found) || !hex_parse(json_string_value(found), true, value))
        return fail(place, key, "is not a string of hexadecimal digits, up to 64 bits");
    if (*value > max)
        return fail(place, key, "is above 0x%llx", (unsigned long long)max);
    return true;
}

static bool get_hex(const struct place *place, const json_t *object, const char *key, uint64_t max,
                    uint64_t *value) {
    const json_t *found = json_object_get(object, key);
    return found ? take_hex(place, found, key, max, value) : fail(place, key, "is missing");
}

static bool get_array(const struct place *place, const json_t *object, const char *key,
                      const json_t **array) {
    *array = json_object_get(object, key);
    if (!*array)
        return fail(place, key, "is missing");
    return json_is_array(*array) || fail(place, key, "is not a list");
}

/* "a pair [number, number]" of hexadecimal strings. */
static bool take_pair(const struct place *place, const json_t *pair, uint64_t max_first,
                      uint64_t max_second, uint64_t *first, uint64_t *second) {
    if (!json_is_array(pair) || json_array_size(pair) != 2)
        return fail(place, NULL, "is not a pair");
    return take_hex(place, json_array_get(pair, 0), NULL, max_first, first) &&
           take_hex(place, json_array_get(pair, 1), NULL, max_second, second);
}

static bool take_word(const struct place *place, const json_t *pair, unsigned bytes,
                      struct word *word) {
    if (!take_pair(place, pair, PA_LIMIT - 1, bytes == 4 ? UINT32_MAX : UINT64_MAX, &word->pa,
                   &word->value))
        return false;
    return word->pa % bytes == 0 || fail(place, NULL, "is not aligned to %u bytes", bytes);
}

static void *allocate(const struct place *place, size_t n, size_t size) {
    void *memory = calloc(n ? n : 1, size);
    if (!memory)
        lines_fail(place->lines, place->error, "out of memory");
    return memory;
}

static bool parse_ram(struct vector_case *vector, const json_t *root, struct place place) {
    const json_t *list;
    if (!get_array(&place, root, "ram", &list))
        return false;
    vector->ram_count = json_array_size(list);
    if (vector->ram_count == 0)
        return fail(&place, "ram", "is empty");
    if (!(vector->ram = allocate(&place, vector->ram_count, sizeof *vector->ram)))
        return false;
    place.list = "ram";
    for (place.index = 0; place.index < vector->ram_count; place.index++) {
        struct range_of_ram *range = &vector->ram[place.index];
        if (!take_pair(&place, json_array_get(list, place.index), PA_LIMIT - 1, PA_LIMIT,
                       &range->base, &range->size))
            return false;
        if (range->size == 0 || range->base + range->size > PA_LIMIT)
            return fail(&place, NULL, "is empty or ends above 2^%d", TW_PA_W);
    }
    return true;
}

static bool parse_memory(struct vector_case *vector, const json_t *root, struct place place) {
    const json_t *list;
    if (!get_array(&place, root, "mem", &list))
        return false;
    vector->mem_count = json_array_size(list);
    if (!(vector->mem = allocate(&place, vector->mem_count, sizeof *vector->mem)))
        return false;
    place.list = "mem";
    for (place.index = 0; place.index < vector->mem_count; place.index++)
        if (!take_word(&place, json_array_get(list, place.index), vector->word_bytes,
                       &vector->mem[place.index]))
            return false;
    return true;
}

static bool parse_kind(const struct place *place, const json_t *object,
                       struct vector_access *access) {
    const char *kind = json_string_value(json_object_get(object, "t"));
    if (!kind)
        return fail(place, "t", "is missing or no string");
    access->skipped = strcmp(kind, "HX") == 0;
    if (strcmp(kind, "R") == 0 || access->skipped)
        access->request.access = ACCESS_READ;
    else if (strcmp(kind, "W") == 0)
        access->request.access = ACCESS_WRITE;
    else if (strcmp(kind, "X") == 0)
        access->request.access = ACCESS_EXECUTE;
    else
        return fail(place, "t", "is none of R, W, X, HX");
    const char *priv = json_string_value(json_object_get(object, "priv"));
    if (!priv || (strcmp(priv, "U") != 0 && strcmp(priv, "S") != 0))
        return fail(place, "priv", "is missing, or neither \"U\" nor \"S\"");
    access->request.priv = *priv == 'U' ? PRIV_U : PRIV_S;
    return true;
}

/* One of pa and cause is null. */
static bool parse_outcome(const struct place *place, const json_t *object,
                          struct expectation *expect) {
    const json_t *pa = json_object_get(object, "pa"), *cause = json_object_get(object, "cause");
    if (!pa || !cause)
        return fail(place, pa ? "cause" : "pa", "is missing");
    if (json_is_null(pa) == json_is_null(cause))
        return fail(place, "pa", "and cause: exactly one of them must be null");
    if (!json_is_null(pa))
        return take_hex(place, pa, "pa", PA_LIMIT - 1, &expect->pa);
    expect->want = WANT_FAULT;
    uint64_t code;
    if (!get_integer(place, object, "cause", 23, &code))
        return false;
    expect->cause = (enum cause)code;
    switch ((int)expect->cause) {
#define CAUSE_CASE(name, value, text) case value:
        DEFS_CAUSE(CAUSE_CASE)
        return true;
    }
    return fail(place, "cause", "%llu is no access or page fault", (unsigned long long)code);
}

static bool is_page_shift(uint64_t shift) {
    for (int size = 0; size < PAGE_SIZES; size++)
        if (page_shift((enum page_size)size) == shift)
            return true;
    return false;
}

static bool parse_leaf(const struct place *place, const json_t *object, bool has_leaf,
                       struct expectation *expect) {
    uint64_t value;
    if (has_leaf) {
        if (!get_integer(place, object, "sz", 63, &value))
            return false;
        if (!is_page_shift(value))
            return fail(place, "sz", "%llu is no page size", (unsigned long long)value);
        expect->shift = (unsigned)value;
    }
    if (json_object_get(object, "pbmt")) {
        if (!get_integer(place, object, "pbmt", MEMORY_IO, &value))
            return false;
        expect->memory = (enum memory_type)value;
    }
    bool exists;
    return !json_object_get(object, "ram") || get_flag(place, object, "ram", &exists);
}

/* `after` has room for the words of all accesses; *used of them are taken. */
static bool parse_after(const struct place *place, const json_t *object, unsigned bytes,
                        struct word *after, size_t *used, struct expectation *expect) {
    const json_t *list = json_object_get(object, "pte_after");
    if (!list)
        return true;
    if (!json_is_array(list))
        return fail(place, "pte_after", "is not a list");
    expect->after = after + *used;
    expect->after_count = json_array_size(list);
    struct place word = {place->lines, place->error, "pte_after", 0};
    for (; word.index < expect->after_count; word.index++)
        if (!take_word(&word, json_array_get(list, word.index), bytes, &after[(*used)++]))
            return false;
    return true;
}

static size_t count_after(const json_t *list) {
    size_t count = 0, index;
    const json_t *object;
    json_array_foreach(list, index, object) count +=
        json_array_size(json_object_get(object, "pte_after"));
    return count;
}

static bool parse_accesses(struct vector_case *vector, const json_t *root, struct place place) {
    const json_t *list;
    if (!get_array(&place, root, "acc", &list))
        return false;
    vector->access_count = json_array_size(list);
    if (vector->access_count == 0)
        return fail(&place, "acc", "is empty");
    if (vector->skipped)
        return true;
    vector->access = allocate(&place, vector->access_count, sizeof *vector->access);
    vector->after = allocate(&place, count_after(list), sizeof *vector->after);
    if (!vector->access || !vector->after)
        return false;
    place.list = "acc";
    size_t used = 0;
    bool bare = vector->control.mode == MODE_BARE;
    for (place.index = 0; place.index < vector->access_count; place.index++) {
        const json_t *object = json_array_get(list, place.index);
        struct vector_access *access = &vector->access[place.index];
        if (!json_is_object(object))
            return fail(&place, NULL, "is no object");
        if (!get_hex(&place, object, "va", UINT64_MAX, &access->request.va) ||
            !parse_kind(&place, object, access))
            return false;
        if (access->skipped)
            continue;
        if (!parse_outcome(&place, object, &access->expect) ||
            !parse_leaf(&place, object, !bare && access->expect.want == WANT_PA, &access->expect) ||
            !parse_after(&place, object, vector->word_bytes, vector->after, &used, &access->expect))
            return false;
    }
    return true;
}

/* Entry 0 a NAPOT region with R, W and X over all of physical memory: as if there were no PMP. */
static bool allows_all(const json_t *pmp) {
    const json_t *entry = json_array_get(pmp, 0);
    uint64_t address;
    if (!json_is_integer(json_array_get(entry, 0)) || !json_is_string(json_array_get(entry, 1)) ||
        !hex_parse(json_string_value(json_array_get(entry, 1)), true, &address))
        return false;
    const uint64_t whole = (UINT64_C(1) << (TW_PA_W - 3)) - 1;
    return (json_integer_value(json_array_get(entry, 0)) & 0x1f) == 0x1f &&
           (address & whole) == whole;
}

static const char *why_skipped(const json_t *root) {
    if (json_object_get(root, "gmode") || json_object_get(root, "hgatp"))
        return "two-stage translation";
    /* An empty list is not "allow all": without a matching entry everything is refused. */
    const json_t *pmp = json_object_get(root, "pmp");
    return pmp && !allows_all(pmp) ? "physical memory protection" : NULL;
}

static bool parse_mode(struct vector_case *vector, const json_t *root, const struct place *place) {
    const char *name = json_string_value(json_object_get(root, "mode"));
    if (!name)
        return fail(place, "mode", "is missing or no string");
    if (!paging_mode_parse(name, &vector->control.mode))
        return fail(place, "mode", "\"%.20s\" is unknown", name);
    uint64_t bytes;
    if (!get_integer(place, root, "w", 8, &bytes))
        return false;
    bool narrow = vector->control.mode == MODE_SV32;
    if ((bytes != 4 && bytes != 8) || (vector->control.mode != MODE_BARE && narrow != (bytes == 4)))
        return fail(place, "w", "%llu does not fit the mode", (unsigned long long)bytes);
    vector->word_bytes = (unsigned)bytes;
    return true;
}

static bool parse_registers(struct vector_case *vector, const json_t *root,
                            const struct place *place) {
    struct mmu_control *control = &vector->control;
    uint64_t max_ppn = control->mode == MODE_SV32 ? (1u << 22) - 1 : (UINT64_C(1) << TW_PPN_W) - 1;
    uint64_t asid;
    if (!get_hex(place, root, "root_ppn", max_ppn, &control->root_ppn) ||
        !get_integer(place, root, "asid", UINT16_MAX, &asid) ||
        !get_flag(place, root, "sum", &control->sum) ||
        !get_flag(place, root, "mxr", &control->mxr) ||
        !get_flag(place, root, "adue", &control->adue) ||
        !get_flag(place, root, "pbmte", &control->pbmte) ||
        !get_flag(place, root, "svnapot", &control->napot) ||
        !get_flag(place, root, "seq", &vector->accumulates))
        return false;
    control->asid = (uint16_t)asid;
    return true;
}

static bool parse_root(struct vector_case *vector, const json_t *root, const struct place *place) {
    if (!json_is_object(root))
        return lines_fail(place->lines, place->error, "the line is no JSON object");
    vector->skipped = why_skipped(root);
    if (!get_integer(place, root, "id", INT64_MAX, &vector->id))
        return false;
    if (vector->skipped)
        return parse_accesses(vector, root, *place);
    return parse_mode(vector, root, place) && parse_registers(vector, root, place) &&
           parse_ram(vector, root, *place) && parse_memory(vector, root, *place) &&
           parse_accesses(vector, root, *place);
}

bool vector_parse(struct vector_case *vector, const struct lines *lines,
                  struct input_error *error) {
    *vector = (struct vector_case){.id = 0};
    json_error_t why;
    json_t *root = json_loadb(lines->text, lines->length, JSON_REJECT_DUPLICATES, &why);
    if (!root)
        return lines_fail(lines, error, "column %d: %s", why.column, why.text);
    bool ok = parse_root(vector, root, &(struct place){lines, error, NULL, 0});
    json_decref(root);
    if (!ok)
        vector_free(vector);
    return ok;
}

void vector_free(struct vector_case *vector) {
    free(vector->ram);
    free(vector->mem);
    free(vector->access);
    free(vector->after);
}
