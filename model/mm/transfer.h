/*
 * Three programs that send a file over a socket, as the current process: read() and write(), mmap()
 * and write(), sendfile(). What each costs is in the counters (stat.h): switches, copies, faults.
 */
#ifndef TWINWALK_MM_TRANSFER_H
#define TWINWALK_MM_TRANSFER_H

#include "syscall.h"

/* From the file's position to its end: bytes sent, or the -errno of the first call that failed.
 * Pieces are `piece` bytes; the buffer at user address `buffer` holds one. */
int64_t transfer_read_write(struct kernel *k, struct file *file, struct socket *to, uint64_t buffer,
                            uint64_t piece);
int64_t transfer_sendfile(struct kernel *k, struct file *file, struct socket *to, uint64_t piece);

/* The whole file by one mapping and one write(). */
int64_t transfer_mmap(struct kernel *k, struct file *file, struct socket *to);

#endif
