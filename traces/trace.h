/*
 * Traces: what happened, in order. Two forms of the same records: a text that a person can write,
 * and a compact binary (zstd). docs/trace-format.md describes both. Forms are told apart by
 * content.
 *
 * Uses model/types.h only.
 */
#ifndef TWINWALK_TRACES_TRACE_H
#define TWINWALK_TRACES_TRACE_H

#include "types.h"

enum trace_kind {
    /*
     * One reference: `access` at `va`, `bytes` long (at most PAGE_BYTES; 0: not recorded, never
     * crosses a page). One that crosses pages touches each; the reader hands it on as it is.
     */
    TRACE_ACCESS,
    /*
     * `count` further references of stream `port` to the page of that stream's latest access, no
     * stronger than the accesses recorded to it since the stream came to that page (no store unless
     * a store was recorded). Their order against the other stream's is not kept. Only ACCESS and
     * REPEAT records stand between that access and its repeats.
     */
    TRACE_REPEAT,
    TRACE_SET,      /* register `reg` = `value` */
    TRACE_FENCE,    /* SFENCE.VMA; has_va/va, has_asid/asid */
    TRACE_MEMORY,   /* memory word at `va` (a physical address), `bytes` 4 or 8, = `value` */
    TRACE_BUSERROR, /* physical [va, value) refuses accesses from now on */
    TRACE_SWITCH,   /* process `value` (1 …) runs from now on: its own address space and ASID */
};

enum trace_register {
    TRACE_MODE, /* enum paging_mode */
    TRACE_ROOT, /* root ppn; a trace that sets it brings its own tables: no pager */
    TRACE_ASID,
    TRACE_PRIV, /* enum privilege of the accesses that follow */
    TRACE_SUM,
    TRACE_MXR,
    TRACE_ADUE,
    TRACE_PBMTE,
    TRACE_NAPOT,
    TRACE_REGISTERS
};

struct trace_record {
    uint8_t kind;   /* enum trace_kind */
    uint8_t access; /* TRACE_ACCESS: enum access_type */
    uint8_t port;   /* TRACE_REPEAT: enum port */
    uint8_t reg;    /* TRACE_SET: enum trace_register */
    bool has_va, has_asid;
    bool continued; /* second half of a reference that the recorder split: not counted */
    uint16_t bytes;
    uint16_t asid;
    uint32_t count; /* TRACE_REPEAT */
    uint64_t va, value;
};

/* One line: what is wrong and where (file:line for text, file: offset N for binary). */
struct trace_error {
    char text[512];
};

/*
 * What a trace says of itself; strings may be "". The binary form's header also has totals, so
 * trace_info() need not read it all.
 */
struct trace_info {
    char program[256];  /* command line that ran, or what made it */
    char recorder[128]; /* tool and version that recorded it */
    char note[512];     /* free text: provenance, licence */
    bool pages;         /* page-run form: accesses carry no offset in the page, runs are folded */
    unsigned va_bits;   /* 32 or 64: of the recorded program */
    bool totals_known;  /* the five that follow (always in binary) */
    uint64_t records;
    uint64_t references[PORTS]; /* accesses and repeats, continued halves not counted */
    uint64_t instructions;      /* executed; = references[PORT_I] of recorded programs */
    unsigned processes;         /* distinct ones; 1 if it never switches */
};

struct trace_reader;

/* NULL and an error for what is no readable trace. "-" is standard input. */
struct trace_reader *trace_open(const char *path, struct trace_error *error);
void trace_close(struct trace_reader *reader);
const struct trace_info *trace_reader_info(const struct trace_reader *reader);

/* Up to n records; 0 at the end; -1 and an error for damage (records before it were given). */
long trace_read(struct trace_reader *reader, struct trace_record *to, size_t n,
                struct trace_error *error);

/*
 * Where the record last handed out stands: a line (text) or a record number (binary), from 1. Read
 * text one record at a time to know the line of each.
 */
uint64_t trace_position(const struct trace_reader *reader);

enum trace_form { TRACE_TEXT, TRACE_BINARY };

struct trace_writer;

/*
 * Writes to a temporary name beside `path`, renamed by trace_writer_close(). "-": standard output;
 * it and whatever else is no regular file receive a binary trace at the close only. Totals of
 * `info` are not looked at; control characters in its strings become blanks.
 */
struct trace_writer *trace_create(const char *path, enum trace_form form,
                                  const struct trace_info *info, struct trace_error *error);
/* zstd level of a binary trace, 1 to 19; 3 unless told. */
void trace_writer_level(struct trace_writer *writer, int level);
/* false: what the format cannot hold (fields out of range), or the disk is full. */
bool trace_write(struct trace_writer *writer, const struct trace_record *record,
                 struct trace_error *error);
/* Writes what is left and renames; false: an error, and nothing left behind. */
bool trace_writer_close(struct trace_writer *writer, struct trace_error *error);
/* Forgets everything written so far. */
void trace_writer_abort(struct trace_writer *writer);

/* The writer's totals so far, as the header will hold them. */
const struct trace_info *trace_writer_info(const struct trace_writer *writer);

/* Whether these records, in this order, make a trace that a writer takes. */
bool trace_records_valid(const struct trace_record *record, size_t n);

const char *trace_register_name(enum trace_register reg);

/* The form that a file name asks for: text for ….txt, else binary. */
enum trace_form trace_form_of_name(const char *path);

/*
 * The page folder that recorder and importers share: turns single references into the page-run
 * form. Give it every reference in order; it writes ACCESS records at page changes and REPEATs
 * between.
 */
struct trace_folder;
struct trace_folder *trace_folder_create(struct trace_writer *writer);
bool trace_fold(struct trace_folder *folder, enum access_type access, uint64_t va, unsigned bytes,
                struct trace_error *error);
/* Ends open runs (before a switch, a fence, or the end). */
bool trace_fold_flush(struct trace_folder *folder, struct trace_error *error);
void trace_folder_destroy(struct trace_folder *folder);

#endif
