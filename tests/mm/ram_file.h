/*
 * A file of the outside that lives in the test's memory, and a socket that keeps what it was sent.
 */
#ifndef TWINWALK_TESTS_MM_RAM_FILE_H
#define TWINWALK_TESTS_MM_RAM_FILE_H

#include "mm/syscall.h"

#include <stdlib.h>
#include <string.h>

struct ram_file {
    uint8_t *bytes;
    size_t size, capacity;
    bool broken_reads, broken_writes; /* a device that answers with an error */
    uint64_t reads, writes;
};

static inline int64_t ram_file_read(void *context, uint64_t offset, void *bytes, size_t n) {
    struct ram_file *file = context;
    file->reads++;
    if (file->broken_reads)
        return -EIO;
    if (offset >= file->size)
        return 0;
    if (n > file->size - offset)
        n = file->size - offset;
    memcpy(bytes, file->bytes + offset, n);
    return (int64_t)n;
}

static inline int64_t ram_file_write(void *context, uint64_t offset, const void *bytes, size_t n) {
    struct ram_file *file = context;
    file->writes++;
    if (file->broken_writes || offset > file->capacity || n > file->capacity - offset)
        return -EIO;
    memcpy(file->bytes + offset, bytes, n);
    if (offset + n > file->size)
        file->size = offset + n;
    return (int64_t)n;
}

static const struct file_operations ram_file_operations = {ram_file_read, ram_file_write};

/* Every byte follows from its place, and neighbouring pages differ. */
static inline uint8_t ram_file_byte(size_t at) {
    return (uint8_t)(at * 7 + at / 4096 * 13 + 1);
}

static inline void ram_file_init(struct ram_file *file, size_t size, size_t capacity) {
    *file = (struct ram_file){.bytes = calloc(1, capacity), .size = size, .capacity = capacity};
    if (!file->bytes)
        abort();
    for (size_t i = 0; i < size; i++)
        file->bytes[i] = ram_file_byte(i);
}

static inline void ram_file_free(struct ram_file *file) {
    free(file->bytes);
}

struct ram_socket {
    uint8_t *bytes;
    size_t size, capacity;
};

static inline void ram_socket_sent(void *context, const void *bytes, size_t n) {
    struct ram_socket *socket = context;
    if (n > socket->capacity - socket->size)
        abort();
    memcpy(socket->bytes + socket->size, bytes, n);
    socket->size += n;
}

#endif
