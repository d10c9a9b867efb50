/* Copies between kernel and user memory, by the CPU. */
#include "uaccess.h"

#include "filemap.h"
#include "frame_bytes.h"
#include "layout.h"
#include "page_alloc.h"
#include "page_fault.h"
#include "syscall.h"

/* COPY's address of a side that lies in the kernel's own objects, which are host memory. */
#define NO_FRAME UINT64_C(0)

bool user_range_ok(const struct kernel *k, uint64_t va, uint64_t n) {
    uint64_t end = mm_layout(k->config.mode)->task_size;
    return n <= end && va <= end - n;
}

int user_bytes_get(struct kernel *k, struct user_bytes *user, uint64_t va, size_t n, bool write) {
    *user = (struct user_bytes){.written = write};
    if (!k->current || !k->current->mm || !user_range_ok(k, va, n))
        return -EFAULT;
    int error = -EFAULT;
    while (user->n < n && user->pieces < 2) {
        size_t piece = frame_rest(va) < n - user->n ? frame_rest(va) : n - user->n;
        struct page *page =
            get_user_page(k->current->mm, va, write ? ACCESS_WRITE : ACCESS_READ, &error);
        if (!page)
            break;
        user->piece[user->pieces++] =
            (struct user_piece){page, page_to_phys(k, page) + va % PAGE_BYTES, piece};
        user->n += piece;
        va += piece;
    }
    return user->n > 0 ? 0 : error;
}

void user_bytes_put(struct kernel *k, struct user_bytes *user) {
    for (unsigned i = 0; i < user->pieces; i++) {
        struct page *page = user->piece[i].page;
        /* The copy went to the frame directly: no PTE's D bit tells of it. */
        if (user->written)
            set_page_dirty(k, compound_head(page));
        put_page(k, page);
    }
    user->pieces = 0;
}

static void copied(struct kernel *k, uint64_t from, uint64_t to, size_t n) {
    count_event(k, STAT_cpu_copies, 1);
    count_event(k, STAT_cpu_copy_bytes, n);
    mm_event(k, MM_EVENT_COPY, from, to, n);
}

int user_bytes_fill(struct kernel *k, struct user_bytes *user, uint64_t pa) {
    for (unsigned i = 0; i < user->pieces; i++) {
        const struct user_piece *piece = &user->piece[i];
        if (!frame_copy(k, piece->pa, pa, piece->n))
            return -EIO;
        copied(k, pa, piece->pa, piece->n);
        pa += piece->n;
    }
    return 0;
}

int user_bytes_take(struct kernel *k, const struct user_bytes *user, uint64_t pa) {
    for (unsigned i = 0; i < user->pieces; i++) {
        const struct user_piece *piece = &user->piece[i];
        if (!frame_copy(k, pa, piece->pa, piece->n))
            return -EIO;
        copied(k, piece->pa, pa, piece->n);
        pa += piece->n;
    }
    return 0;
}

int copy_to_user(struct kernel *k, uint64_t user_va, const void *from, size_t n) {
    const uint8_t *bytes = from;
    while (n > 0) {
        struct user_bytes user;
        size_t part = frame_rest(user_va) < n ? frame_rest(user_va) : n;
        if (user_bytes_get(k, &user, user_va, part, true) != 0)
            return -EFAULT;
        uint64_t pa = user.piece[0].pa;
        bool done = frame_store(k, pa, bytes, part);
        user_bytes_put(k, &user);
        if (!done)
            return -EFAULT;
        copied(k, NO_FRAME, pa, part);
        bytes += part;
        user_va += part;
        n -= part;
    }
    return 0;
}

int copy_from_user(struct kernel *k, void *to, uint64_t user_va, size_t n) {
    uint8_t *bytes = to;
    while (n > 0) {
        struct user_bytes user;
        size_t part = frame_rest(user_va) < n ? frame_rest(user_va) : n;
        if (user_bytes_get(k, &user, user_va, part, false) != 0)
            return -EFAULT;
        uint64_t pa = user.piece[0].pa;
        bool done = frame_load(k, pa, bytes, part);
        user_bytes_put(k, &user);
        if (!done)
            return -EFAULT;
        copied(k, pa, NO_FRAME, part);
        bytes += part;
        user_va += part;
        n -= part;
    }
    return 0;
}
