#include "transfer.h"

#include "mmap.h"

static uint64_t left(const struct file *file) {
    return file->position < file->inode->size ? file->inode->size - file->position : 0;
}

/* write() may take less than it was given: the rest follows. */
static int64_t send_all(struct kernel *k, struct socket *to, uint64_t va, uint64_t n) {
    uint64_t done = 0;
    while (done < n) {
        int64_t sent = sys_send(k, to, va + done, n - done);
        if (sent <= 0)
            return sent;
        done += (uint64_t)sent;
    }
    return (int64_t)done;
}

int64_t transfer_read_write(struct kernel *k, struct file *file, struct socket *to, uint64_t buffer,
                            uint64_t piece) {
    int64_t done = 0;
    while (left(file) > 0) {
        int64_t got = sys_read(k, file, buffer, piece);
        int64_t sent = got > 0 ? send_all(k, to, buffer, (uint64_t)got) : got;
        if (sent <= 0)
            return sent;
        done += sent;
    }
    return done;
}

int64_t transfer_sendfile(struct kernel *k, struct file *file, struct socket *to, uint64_t piece) {
    int64_t done = 0;
    while (left(file) > 0) {
        int64_t sent = sys_sendfile(k, to, file, piece);
        if (sent <= 0)
            return sent;
        done += sent;
    }
    return done;
}

int64_t transfer_mmap(struct kernel *k, struct file *file, struct socket *to) {
    if (!k->current || !k->current->mm)
        return -EFAULT;
    const struct mmap_request request = {
        .length = file->inode->size, .rights = VM_READ, .file = file};
    syscall_enter(k, CALL_MMAP);
    int64_t va = mm_mmap(k->current->mm, &request);
    syscall_exit(k, CALL_MMAP);
    if (va < 0)
        return va;
    int64_t sent = send_all(k, to, (uint64_t)va, request.length);
    syscall_enter(k, CALL_MUNMAP);
    int error = mm_munmap(k->current->mm, (uint64_t)va, request.length);
    syscall_exit(k, CALL_MUNMAP);
    return sent < 0 || error == 0 ? sent : error;
}
