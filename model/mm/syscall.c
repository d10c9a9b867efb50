/* read(), write(), send(), sendfile(), lseek(): the ways of bytes between files, processes and the
 * network card. */
#include "syscall.h"

#include "page_alloc.h"
#include "uaccess.h"
#include "vmscan.h"

#include <stdio.h>

/* Linux cuts every request to this (MAX_RW_COUNT). */
#define MOST_BYTES UINT64_C(0x7ffff000)

void syscall_enter(struct kernel *k, enum mm_call call) {
    count_event(k, STAT_syscalls, 1);
    count_event(k, STAT_mode_switches, 1);
    mm_event(k, MM_EVENT_SYSCALL, call, 1, 0);
}

void syscall_exit(struct kernel *k, enum mm_call call) {
    count_event(k, STAT_mode_switches, 1);
    mm_event(k, MM_EVENT_SYSCALL, call, 0, 0);
}

/* What moves one piece of a request: bytes that lie in one page of the file (or one socket buffer);
 * how many it moved, or -errno. */
struct transfer {
    struct kernel *k;
    struct file *file;
    struct socket *to;
    uint64_t user_va;
};
typedef int64_t mover(const struct transfer *transfer, uint64_t position, size_t n);

/* Pieces up to the end of n bytes. A call that moved something tells that, not the error. */
static int64_t move(struct transfer *transfer, uint64_t position, uint64_t n, mover *piece) {
    uint64_t done = 0;
    if (n > MOST_BYTES)
        n = MOST_BYTES;
    while (done < n) {
        uint64_t rest = PAGE_BYTES - (position + done) % PAGE_BYTES;
        int64_t moved = piece(transfer, position + done, n - done < rest ? n - done : rest);
        if (moved <= 0)
            return done > 0 ? (int64_t)done : moved;
        done += (uint64_t)moved;
        transfer->user_va += (uint64_t)moved;
    }
    return (int64_t)done;
}

/* Bytes of the file from `position` on, up to n. */
static uint64_t available(const struct file *file, uint64_t position, uint64_t n) {
    uint64_t size = file->inode->size;
    uint64_t rest = position < size ? size - position : 0;
    return rest < n ? rest : n;
}

static struct page *cached(const struct transfer *transfer, uint64_t position, int *error) {
    bool major = false;
    struct page *page =
        read_cache_page(transfer->file->inode, position / PAGE_BYTES, &major, error);
    if (page)
        mark_page_accessed(transfer->k, page);
    return page;
}

static int64_t read_piece(const struct transfer *transfer, uint64_t position, size_t n) {
    struct kernel *k = transfer->k;
    int error = 0;
    struct page *page = cached(transfer, position, &error);
    if (!page)
        return error;
    struct user_bytes user;
    error = user_bytes_get(k, &user, transfer->user_va, n, true);
    if (error == 0)
        error = user_bytes_fill(k, &user, page_to_phys(k, page) + position % PAGE_BYTES);
    user_bytes_put(k, &user);
    put_page(k, page);
    return error != 0 ? error : (int64_t)user.n;
}

int64_t sys_read(struct kernel *k, struct file *file, uint64_t user_va, uint64_t n) {
    struct transfer transfer = {k, file, NULL, user_va};
    syscall_enter(k, CALL_READ);
    int64_t done =
        !user_range_ok(k, user_va, n)
            ? -EFAULT
            : move(&transfer, file->position, available(file, file->position, n), read_piece);
    if (done > 0)
        file->position += (uint64_t)done;
    syscall_exit(k, CALL_READ);
    return done;
}

/* The user's frames are had before the page of the cache is: a page that is overwritten whole is
 * not read from the file, so it must not be left without contents. */
static int64_t write_piece(const struct transfer *transfer, uint64_t position, size_t n) {
    struct kernel *k = transfer->k;
    struct inode *inode = transfer->file->inode;
    struct user_bytes user;
    int error = user_bytes_get(k, &user, transfer->user_va, n, false);
    struct page *page =
        error != 0 ? NULL
                   : grab_cache_page(inode, position / PAGE_BYTES, user.n == PAGE_BYTES, &error);
    if (page) {
        error = user_bytes_take(k, &user, page_to_phys(k, page) + position % PAGE_BYTES);
        if (error == 0 && position + user.n > inode->size)
            inode->size = position + user.n;
        if (error == 0 || page_has(page, PG_uptodate)) /* else there is nothing to keep */
            set_page_dirty(k, page);
        mark_page_accessed(k, page);
        put_page(k, page);
    }
    user_bytes_put(k, &user);
    return error != 0 ? error : (int64_t)user.n;
}

int64_t sys_write(struct kernel *k, struct file *file, uint64_t user_va, uint64_t n) {
    struct transfer transfer = {k, file, NULL, user_va};
    syscall_enter(k, CALL_WRITE);
    int64_t done;
    if (!file->writable)
        done = -EBADF;
    else if (!user_range_ok(k, user_va, n))
        done = -EFAULT;
    else if (file->position > INT64_MAX - MOST_BYTES)
        done = -EFBIG;
    else
        done = move(&transfer, file->position, n, write_piece);
    if (done > 0)
        file->position += (uint64_t)done;
    syscall_exit(k, CALL_WRITE);
    return done;
}

/* The card takes n bytes of a frame and hands them on. */
static int transmit(struct kernel *k, struct socket *to, uint64_t pa, size_t n) {
    uint8_t bytes[PAGE_BYTES];
    int error = dma_from_memory(k, pa, bytes, n);
    if (error == 0 && to->sent)
        to->sent(to->context, bytes, n);
    return error;
}

static int64_t send_piece(const struct transfer *transfer, uint64_t position, size_t n) {
    (void)position;
    struct kernel *k = transfer->k;
    struct user_bytes user;
    int error = user_bytes_get(k, &user, transfer->user_va, n, false);
    struct page *buffer = error == 0 ? alloc_pages(k, GFP_KERNEL, 0) : NULL;
    if (error == 0 && !buffer)
        error = -ENOMEM;
    if (error == 0)
        error = user_bytes_take(k, &user, page_to_phys(k, buffer));
    user_bytes_put(k, &user);
    if (error == 0)
        error = transmit(k, transfer->to, page_to_phys(k, buffer), user.n);
    if (buffer)
        put_page(k, buffer);
    return error != 0 ? error : (int64_t)user.n;
}

int64_t sys_send(struct kernel *k, struct socket *to, uint64_t user_va, uint64_t n) {
    struct transfer transfer = {k, NULL, to, user_va};
    syscall_enter(k, CALL_WRITE);
    int64_t done = user_range_ok(k, user_va, n) ? move(&transfer, 0, n, send_piece) : -EFAULT;
    syscall_exit(k, CALL_WRITE);
    return done;
}

/* No copy by the CPU: the socket gets a reference to the page of the cache, and the card reads it
 * from there. */
static int64_t sendfile_piece(const struct transfer *transfer, uint64_t position, size_t n) {
    struct kernel *k = transfer->k;
    int error = 0;
    struct page *page = cached(transfer, position, &error);
    if (!page)
        return error;
    error = transmit(k, transfer->to, page_to_phys(k, page) + position % PAGE_BYTES, n);
    put_page(k, page);
    return error != 0 ? error : (int64_t)n;
}

int64_t sys_sendfile(struct kernel *k, struct socket *to, struct file *file, uint64_t n) {
    struct transfer transfer = {k, file, to, 0};
    syscall_enter(k, CALL_SENDFILE);
    int64_t done =
        move(&transfer, file->position, available(file, file->position, n), sendfile_piece);
    if (done > 0)
        file->position += (uint64_t)done;
    syscall_exit(k, CALL_SENDFILE);
    return done;
}

int64_t sys_lseek(struct kernel *k, struct file *file, int64_t offset, int whence) {
    int64_t base = whence == SEEK_CUR   ? (int64_t)file->position
                   : whence == SEEK_END ? (int64_t)file->inode->size
                                        : 0;
    syscall_enter(k, CALL_LSEEK);
    int64_t to = -EINVAL;
    if (whence != SEEK_SET && whence != SEEK_CUR && whence != SEEK_END)
        to = -EINVAL;
    else if (offset > 0 && base > INT64_MAX - offset)
        to = -EOVERFLOW;
    else if (base + offset >= 0)
        to = base + offset;
    if (to >= 0)
        file->position = (uint64_t)to;
    syscall_exit(k, CALL_LSEEK);
    return to;
}
