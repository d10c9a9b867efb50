/*
 * File I/O as processes ask for it, with every copy and mode switch counted where it happens
 * (Linux: read_write.c, splice.c, net/socket.c). A system call is two switches between user and
 * kernel: in and out. Page faults are exceptions, counted as pgfault, not as calls.
 */
#ifndef TWINWALK_MM_SYSCALL_H
#define TWINWALK_MM_SYSCALL_H

#include "filemap.h"

enum mm_call {
    CALL_OPEN,
    CALL_CLOSE,
    CALL_READ,
    CALL_WRITE,
    CALL_SENDFILE,
    CALL_MMAP,
    CALL_MUNMAP,
    CALL_LSEEK,
    CALL_FORK,
    CALL_EXIT,
    CALL_OTHER
};

/* A connected socket: bytes sent go by CPU copy into kernel buffers and from there by DMA to the
 * card, which hands them to `sent`. */
struct socket {
    void *context;
    void (*sent)(void *context, const void *bytes, size_t n);
};

/* Around whatever a process asks of the kernel: counts the two switches. */
void syscall_enter(struct kernel *k, enum mm_call call);
void syscall_exit(struct kernel *k, enum mm_call call);

/* As the calls of these names, for the current process: bytes, or -errno. They enter and exit. */
int64_t sys_read(struct kernel *k, struct file *file, uint64_t user_va, uint64_t n);
int64_t sys_write(struct kernel *k, struct file *file, uint64_t user_va, uint64_t n);
int64_t sys_send(struct kernel *k, struct socket *to, uint64_t user_va, uint64_t n);
int64_t sys_sendfile(struct kernel *k, struct socket *to, struct file *file, uint64_t n);
int64_t sys_lseek(struct kernel *k, struct file *file, int64_t offset, int whence);

/* Between host memory and user memory, through the tables, faulting pages in: 0 or -EFAULT. */
int copy_to_user(struct kernel *k, uint64_t user_va, const void *from, size_t n);
int copy_from_user(struct kernel *k, void *to, uint64_t user_va, size_t n);

/* The simulated DMA engine: between a frame and a device's bytes, counted (dma_transfers,
 * dma_bytes). -EIO. */
int dma_to_memory(struct kernel *k, uint64_t pa, const void *bytes, size_t n);
int dma_from_memory(struct kernel *k, uint64_t pa, void *bytes, size_t n);

#endif
