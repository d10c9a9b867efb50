/*
 * What the plugin sends the recorder through a pipe: 64-bit words of the host's byte order.
 * First a hello, then one word an access, at last the end.
 *
 * Page-run form: bits 63:28 page number (VA bits 47:12), 27:4 references of the same stream that
 * go before, 3 second half of a crossing reference, 2:0 kind.
 * Exact form: bits 63:16 VA bits 47:0, 15:4 size, 3 0, 2:0 kind.
 */
#ifndef TWINWALK_TRACES_RECORD_STREAM_H
#define TWINWALK_TRACES_RECORD_STREAM_H

#include <stdint.h>

enum stream_kind {
    /* 0 to 2: enum access_type */
    STREAM_REPEAT_I = 3, /* bits 27:4 only: references to the page where the stream is */
    STREAM_REPEAT_D = 4,
    STREAM_END = 5,  /* the program exited, or the limit is reached */
    STREAM_EXEC = 6, /* the program calls execve; if it succeeds nothing follows */
};

#define STREAM_HELLO UINT64_C(0x316d727473775407)

enum {
    STREAM_KIND = 7,
    STREAM_CONTINUED = 8,
    STREAM_REPEAT_SHIFT = 4,
    STREAM_REPEAT_MASK = 0xffffff,
    STREAM_PAGE_SHIFT = 28,
    STREAM_SIZE_SHIFT = 4,
    STREAM_SIZE_MASK = 0xfff,
    STREAM_VA_SHIFT = 16,
};

#endif
