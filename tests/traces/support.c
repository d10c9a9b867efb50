#define _GNU_SOURCE
#include "support.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char directory[64];

int support_setup(void **state) {
    (void)state;
    strcpy(directory, "/tmp/twinwalk-test-XXXXXX");
    return mkdtemp(directory) ? 0 : -1;
}

int support_teardown(void **state) {
    (void)state;
    DIR *open = opendir(directory);
    for (struct dirent *entry; open && (entry = readdir(open));)
        if (entry->d_name[0] != '.' || entry->d_name[1] > '.')
            unlink(support_path(entry->d_name));
    if (open)
        closedir(open);
    return rmdir(directory);
}

const char *support_path(const char *name) {
    static char path[2][400];
    static unsigned next;
    next ^= 1;
    snprintf(path[next], sizeof path[next], "%s/%s", directory, name);
    return path[next];
}

unsigned support_files(void) {
    unsigned files = 0;
    DIR *open = opendir(directory);
    assert_non_null(open);
    for (struct dirent *entry; (entry = readdir(open));)
        files += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
    closedir(open);
    return files;
}

void support_write_file(const char *path, const void *bytes, size_t length) {
    /* Some file systems flush a file that is truncated and written again. */
    unlink(path);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, length, file), length);
    assert_int_equal(fclose(file), 0);
}

uint8_t *support_read_file(const char *path, size_t *length) {
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    fseek(file, 0, SEEK_END);
    *length = (size_t)ftell(file);
    rewind(file);
    uint8_t *bytes = malloc(*length + 1);
    assert_non_null(bytes);
    assert_int_equal(fread(bytes, 1, *length, file), *length);
    fclose(file);
    return bytes;
}

uint64_t support_random(uint64_t *state) {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

static struct trace_record random_access(uint64_t *seed, bool pages, unsigned va_bits) {
    struct trace_record record = {.kind = TRACE_ACCESS,
                                  .access = (uint8_t)(support_random(seed) % 3)};
    /* Some pages are close together, some anywhere. */
    uint64_t draw = support_random(seed), page = draw % 40;
    if (draw >> 60 == 0)
        page = support_random(seed) >> 12;
    record.va = page << 12;
    if (va_bits == 32)
        record.va &= UINT32_MAX;
    if (pages)
        return record;
    record.va |= support_random(seed) & 0xfff;
    record.bytes = (uint16_t)(draw >> 57 == 1 ? 4096 : support_random(seed) % 17);
    uint64_t top = va_bits == 32 ? UINT32_MAX : UINT64_MAX;
    if (top - record.va < record.bytes)
        record.bytes = 0;
    return record;
}

static struct trace_record random_set(uint64_t *seed) {
    static const uint64_t modes[] = {MODE_BARE, MODE_SV32, MODE_SV39, MODE_SV48, MODE_SV57};
    static const uint64_t privileges[] = {PRIV_U, PRIV_S, PRIV_M};
    uint64_t draw = support_random(seed);
    struct trace_record record = {.kind = TRACE_SET, .reg = (uint8_t)(draw % TRACE_REGISTERS)};
    draw >>= 8;
    switch (record.reg) {
    case TRACE_MODE:
        record.value = modes[draw % 5];
        break;
    case TRACE_ROOT:
        record.value = draw & ((UINT64_C(1) << 44) - 1);
        break;
    case TRACE_ASID:
        record.value = draw & 0xffff;
        break;
    case TRACE_PRIV:
        record.value = privileges[draw % 3];
        break;
    default:
        record.value = draw & 1;
    }
    return record;
}

static struct trace_record random_control(uint64_t *seed) {
    uint64_t draw = support_random(seed);
    struct trace_record record = {0};
    switch (draw % 5) {
    case 0:
        return random_set(seed);
    case 1:
        record.kind = TRACE_FENCE;
        record.has_va = draw >> 8 & 1;
        record.has_asid = draw >> 9 & 1;
        if (record.has_va)
            record.va = support_random(seed);
        if (record.has_asid)
            record.asid = (uint16_t)(draw >> 16);
        break;
    case 2:
        record.kind = TRACE_MEMORY;
        record.bytes = draw >> 8 & 1 ? 4 : 8;
        record.va = (support_random(seed) >> 8) / record.bytes * record.bytes;
        record.value = support_random(seed) >> (record.bytes == 4 ? 32 : 0);
        break;
    case 3:
        record.kind = TRACE_BUSERROR;
        record.va = support_random(seed) >> 9;
        record.value = record.va + 1 + (draw >> 40);
        break;
    default:
        record.kind = TRACE_SWITCH;
        record.value = 1 + (draw >> 8) % 65535;
    }
    return record;
}

static struct trace_record random_repeat(uint64_t *seed, enum port port) {
    uint64_t draw = support_random(seed);
    uint32_t count = (uint32_t)(draw % 300 + 1);
    if (draw >> 58 == 0)
        count = (uint32_t)(draw >> 8) | 1;
    return (struct trace_record){.kind = TRACE_REPEAT, .port = (uint8_t)port, .count = count};
}

void support_random_records(struct trace_record *record, size_t n, bool pages, unsigned va_bits,
                            uint64_t seed) {
    bool open[PORTS] = {false, false};
    for (size_t i = 0; i < n; i++) {
        uint64_t draw = support_random(&seed);
        enum port port = draw >> 32 & 1 ? PORT_D : PORT_I;
        if (draw % 50 == 0) {
            record[i] = random_control(&seed);
            open[PORT_I] = open[PORT_D] = false;
        } else if (draw % 3 == 0 && open[port]) {
            record[i] = random_repeat(&seed, port);
        } else {
            record[i] = random_access(&seed, pages, va_bits);
            port = trace_port(&record[i]);
            record[i].continued = open[port] && draw >> 60 == 0;
            open[port] = true;
        }
    }
}

void support_write_trace(const char *path, enum trace_form form, const struct trace_info *info,
                         const struct trace_record *record, size_t n) {
    struct trace_error error = {""};
    struct trace_writer *writer = trace_create(path, form, info, &error);
    if (!writer)
        fail_msg("%s", error.text);
    for (size_t i = 0; i < n; i++)
        if (!trace_write(writer, &record[i], &error))
            fail_msg("%s", error.text);
    if (!trace_writer_close(writer, &error))
        fail_msg("%s", error.text);
}

long support_read_trace(const char *path, struct trace_record *to, size_t room, size_t batch,
                        struct trace_info *info, struct trace_error *error) {
    struct trace_reader *reader = trace_open(path, error);
    if (!reader)
        return -1;
    struct trace_record *buffer = malloc(batch * sizeof *buffer);
    assert_non_null(buffer);
    size_t done = 0;
    long got;
    while ((got = trace_read(reader, buffer, batch, error)) > 0) {
        for (long i = 0; i < got && done + (size_t)i < room; i++)
            to[done + (size_t)i] = buffer[i];
        done += (size_t)got;
    }
    if (info)
        *info = *trace_reader_info(reader);
    free(buffer);
    trace_close(reader);
    return got < 0 ? -1 : (long)done;
}

bool support_same_record(const struct trace_record *a, const struct trace_record *b) {
    return a->kind == b->kind && a->access == b->access && a->port == b->port && a->reg == b->reg &&
           a->has_va == b->has_va && a->has_asid == b->has_asid && a->continued == b->continued &&
           a->bytes == b->bytes && a->asid == b->asid && a->count == b->count && a->va == b->va &&
           a->value == b->value;
}
