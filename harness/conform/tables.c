#include "tables.h"

#include "mmu/mode.h"
#include "mmu/pte.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* 256 MiB of page tables; more is no guest's. */
#define MAX_PAGES   65536
#define ENTRIES_MAX (PAGE_BYTES / 4)

/* What the H lines said, as far as it matters. */
struct header {
    char mode[16];
    uint64_t satp, table_pages;
    bool has_satp, has_pages, has_bytes;
};

size_t split_fields(char *text, char **field, size_t max) {
    size_t count = 0;
    char *state;
    if (*text == '#')
        return 0;
    for (char *at = strtok_r(text, " \t\r", &state); at; at = strtok_r(NULL, " \t\r", &state)) {
        if (count == max)
            return max + 1;
        field[count++] = at;
    }
    return count;
}

static bool header_number(const struct lines *lines, const char *text, uint64_t *number,
                          struct input_error *error) {
    return hex_parse(text, false, number) ||
           lines_fail(lines, error, "'%.40s' is no hexadecimal number", text);
}

static bool read_header(struct tables *tables, struct header *header, const struct lines *lines,
                        char **field, size_t fields, struct input_error *error) {
    uint64_t number;
    if (fields < 3)
        return lines_fail(lines, error, "H needs a key and a value");
    if (strcmp(field[1], "mode") == 0) {
        snprintf(header->mode, sizeof header->mode, "%s", field[2]);
        tables->x86 = strncmp(field[2], "x86-", 4) == 0;
        return true;
    }
    if (strcmp(field[1], "satp") == 0) {
        header->has_satp = true;
        return header_number(lines, field[2], &header->satp, error);
    }
    if (strcmp(field[1], "ram") == 0) {
        if (fields != 4)
            return lines_fail(lines, error, "H ram needs a start and an end");
        tables->limited = true;
        return header_number(lines, field[2], &tables->ram_from, error) &&
               header_number(lines, field[3], &tables->ram_to, error) &&
               (tables->ram_from < tables->ram_to ||
                lines_fail(lines, error, "the memory is empty"));
    }
    if (strcmp(field[1], "entry_bytes") == 0) {
        header->has_bytes = true;
        if (!header_number(lines, field[2], &number, error))
            return false;
        tables->entry_bytes = (unsigned)number;
        return number == 4 || number == 8 ||
               lines_fail(lines, error, "entry_bytes is neither 4 nor 8");
    }
    if (strcmp(field[1], "table_pages") == 0) {
        char *stop;
        header->has_pages = true;
        header->table_pages = strtoull(field[2], &stop, 10);
        return *stop == '\0' || lines_fail(lines, error, "table_pages is no decimal number");
    }
    return true; /* the guest's other registers */
}

static bool add_entry(struct tables *tables, uint64_t pa, uint64_t value) {
    if (tables->entries == tables->room) {
        size_t room = tables->room ? 2 * tables->room : 4096;
        struct word *grown = realloc(tables->entry, room * sizeof *grown);
        if (!grown)
            return false;
        tables->entry = grown;
        tables->room = room;
    }
    tables->entry[tables->entries++] = (struct word){pa, value};
    return true;
}

static bool read_page(struct tables *tables, const struct lines *lines, char **field, size_t fields,
                      struct input_error *error) {
    uint64_t page;
    if (tables->entry_bytes == 0)
        return lines_fail(lines, error, "a page before H entry_bytes");
    if (fields < 2 || !hex_parse(field[1], false, &page) || page % PAGE_BYTES != 0 ||
        page >> TW_PA_W != 0)
        return lines_fail(lines, error, "P needs the physical address of a page");
    if (++tables->pages > MAX_PAGES)
        return lines_fail(lines, error, "more than %d pages of tables", MAX_PAGES);
    for (size_t i = 2; i < fields; i++) {
        uint64_t index, value;
        char *colon = strchr(field[i], ':');
        if (colon)
            *colon = '\0';
        if (!colon || !hex_parse(field[i], false, &index) || !hex_parse(colon + 1, false, &value) ||
            index >= PAGE_BYTES / tables->entry_bytes ||
            (tables->entry_bytes == 4 && value > UINT32_MAX))
            return lines_fail(lines, error, "field %zu is no INDEX:ENTRY of a table page", i + 1);
        if (!add_entry(tables, page + index * tables->entry_bytes, value))
            return lines_fail(lines, error, "out of memory");
    }
    return true;
}

static bool read_line(struct tables *tables, struct header *header, const struct lines *lines,
                      struct input_error *error) {
    char *field[ENTRIES_MAX + 2];
    size_t fields = split_fields(lines->text, field, ENTRIES_MAX + 2);
    if (fields == 0)
        return true;
    if (fields > ENTRIES_MAX + 2)
        return lines_fail(lines, error, "too many fields");
    if (strcmp(field[0], "H") == 0)
        return read_header(tables, header, lines, field, fields, error);
    if (strcmp(field[0], "P") == 0)
        return read_page(tables, lines, field, fields, error);
    return lines_fail(lines, error, "'%.20s' is neither H nor P", field[0]);
}

/* satp.MODE, ASID and PPN (12.1.11). */
static bool decode_satp(struct tables *tables, const char *path, uint64_t satp,
                        struct input_error *error) {
    struct mmu_control *control = &tables->control;
    bool agrees;
    if (control->mode == MODE_SV32) {
        agrees = satp >> 31 == 1;
        control->asid = satp >> 22 & 0x1ff;
        control->root_ppn = satp & 0x3fffff;
    } else {
        agrees = satp >> 60 == (uint64_t)control->mode;
        control->asid = (uint16_t)(satp >> 44);
        control->root_ppn = satp & ((UINT64_C(1) << TW_PPN_W) - 1);
    }
    return agrees || input_fail(error, path, "H satp and H mode disagree");
}

static bool check_header(struct tables *tables, const char *path, const struct header *header,
                         struct input_error *error) {
    if (header->mode[0] == '\0' || !header->has_bytes || !header->has_pages)
        return input_fail(error, path, "H mode, H entry_bytes or H table_pages is missing");
    if (header->table_pages != tables->pages)
        return input_fail(error, path, "H table_pages is %llu, but there are %llu P lines",
                          (unsigned long long)header->table_pages,
                          (unsigned long long)tables->pages);
    if (tables->x86)
        return true;
    if (!paging_mode_parse(header->mode, &tables->control.mode) ||
        tables->control.mode == MODE_BARE)
        return input_fail(error, path, "mode '%s' is unknown", header->mode);
    if (tables->entry_bytes != mode_find(tables->control.mode)->pte_bytes)
        return input_fail(error, path, "entry_bytes does not fit the mode");
    if (!header->has_satp)
        return input_fail(error, path, "H satp is missing");
    return decode_satp(tables, path, header->satp, error);
}

static int by_pa(const void *a, const void *b) {
    uint64_t x = ((const struct word *)a)->pa, y = ((const struct word *)b)->pa;
    return x < y ? -1 : x > y;
}

bool tables_read(struct tables *tables, const char *path, struct input_error *error) {
    *tables = (struct tables){.x86 = false};
    struct header header = {.has_satp = false};
    struct lines lines;
    if (!lines_open(&lines, path, error))
        return false;
    int more;
    while ((more = lines_next(&lines, error)) > 0)
        if (!read_line(tables, &header, &lines, error))
            break;
    lines_close(&lines);
    if (more == 0 && check_header(tables, path, &header, error)) {
        if (tables->entries > 0)
            qsort(tables->entry, tables->entries, sizeof tables->entry[0], by_pa);
        return true;
    }
    tables_free(tables);
    return false;
}

void tables_free(struct tables *tables) {
    free(tables->entry);
    tables->entry = NULL;
}

static uint64_t entry_at(const struct tables *tables, uint64_t pa) {
    if (tables->entries == 0)
        return 0;
    const struct word *found = bsearch(&(struct word){.pa = pa}, tables->entry, tables->entries,
                                       sizeof tables->entry[0], by_pa);
    return found ? found->value : 0;
}

static bool outside_memory(const struct tables *tables, uint64_t pa) {
    return tables->limited && (pa < tables->ram_from || pa >= tables->ram_to);
}

/* Nothing is set beside V, G, the bits for software and the page number. */
static bool good_pointer(uint64_t pte, const struct mode *mode) {
    const uint64_t allowed = pte_mask(PTE_BIT_V) | pte_mask(PTE_BIT_G) | UINT64_C(0x300);
    return pte_bit(pte, PTE_BIT_V) && (pte & ~allowed) == pte_ppn(pte, mode) << PTE_BIT_PPN;
}

struct leaf tables_leaf(const struct tables *tables, uint64_t va) {
    const struct mode *mode = mode_find(tables->control.mode);
    uint64_t table = tables->control.root_ppn * PAGE_BYTES;
    struct leaf leaf = {.valid = false};
    for (unsigned level = mode->levels; level-- > 0;) {
        uint64_t pte = entry_at(tables, table + mode_vpn(mode, va, level) * mode->pte_bytes);
        bool valid = pte_bit(pte, PTE_BIT_V), pointer = pte_is_pointer(pte);
        leaf.shift = page_shift(mode->leaf_size[level]);
        leaf.valid = valid && !pointer;
        table = pte_ppn(pte, mode) * PAGE_BYTES;
        leaf.outside = level > 0 && good_pointer(pte, mode) && outside_memory(tables, table);
        if (!valid || !pointer || leaf.outside)
            break;
    }
    return leaf;
}
