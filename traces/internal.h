/*
 * What the files of traces/ share among themselves; users include trace.h.
 */
#ifndef TWINWALK_TRACES_INTERNAL_H
#define TWINWALK_TRACES_INTERNAL_H

#include "trace.h"

#include <stdio.h>

/* Fills *error, as printf; always false, so that callers can return it. */
bool trace_fail(struct trace_error *error, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#define PAGE_SHIFT  12u
#define PAGE_OFFSET (PAGE_BYTES - 1u)

/* Physical addresses have 56 bits (12.4: 44 bits of PPN and the page offset). */
#define PHYSICAL_LIMIT (UINT64_C(1) << TW_PA_W)

/* Distinct processes of a trace, counted when one makes its first reference. */
struct process_set {
    uint16_t running; /* process 1 at the start */
    unsigned count;
    uint8_t seen[65536 / 8];
};

/* Counts the process that runs. */
void process_set_add(struct process_set *set);

/*
 * What every reader and writer checks of every record, and the totals it counts on the way. Nothing
 * that fails these checks is ever handed out or written.
 */
struct trace_check {
    struct trace_info *info; /* va_bits and pages are read, totals written */
    bool open[PORTS];        /* the stream's latest access can be repeated */
    bool process_counted;    /* the running process made a reference already */
    struct process_set processes;
};

/* `info` stays the caller's; its totals start at 0 here. */
void trace_check_init(struct trace_check *check, struct trace_info *info);

/* NULL, or what is wrong with the record; counts it when it is right. */
const char *trace_check_record(struct trace_check *check, const struct trace_record *record);

/* The parts of trace_check_record() for kinds that are not on the hot path. */
const char *trace_check_control(const struct trace_record *record);

static inline enum port trace_port(const struct trace_record *record) {
    if (record->kind == TRACE_REPEAT)
        return (enum port)record->port;
    return record->access == ACCESS_EXECUTE ? PORT_I : PORT_D;
}

/* The two forms. Readers: position as trace_position(). All errors name `path`. */
struct text_reader;
struct text_reader *text_open(FILE *file, const char *path, struct trace_error *error);
void text_close(struct text_reader *text);
struct trace_info *text_info(struct text_reader *text);
long text_read(struct text_reader *text, struct trace_record *to, size_t n,
               struct trace_error *error);
uint64_t text_position(const struct text_reader *text);

struct binary_reader;
struct binary_reader *binary_open(FILE *file, const char *path, struct trace_error *error);
void binary_close(struct binary_reader *binary);
struct trace_info *binary_info(struct binary_reader *binary);
long binary_read(struct binary_reader *binary, struct trace_record *to, size_t n,
                 struct trace_error *error);
uint64_t binary_position(const struct binary_reader *binary);

/* First line of the text form, first bytes of the binary form. */
#define TEXT_MAGIC   "twinwalk-trace"
#define TEXT_VERSION 1
extern const uint8_t binary_magic[8];

bool text_write_header(FILE *file, const struct trace_info *info);
bool text_write_record(FILE *file, const struct trace_record *record);

/* Binary writer on a seekable file; the header is patched by binary_writer_finish(). */
struct binary_writer;
struct binary_writer *binary_writer_create(FILE *file, const struct trace_info *info);
void binary_writer_level(struct binary_writer *writer, int level);
bool binary_writer_put(struct binary_writer *writer, const struct trace_record *record);
/* `info` brings the totals. */
bool binary_writer_finish(struct binary_writer *writer, const struct trace_info *info);
void binary_writer_destroy(struct binary_writer *writer);

#endif
