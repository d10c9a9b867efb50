/*
 * User memory as the kernel reaches it for a copy: up to a page's worth of bytes, whose one or two
 * frames are held while it lasts, so that reclaim leaves them alone (Linux: lib/iov_iter.c).
 */
#ifndef TWINWALK_MM_UACCESS_H
#define TWINWALK_MM_UACCESS_H

#include "mm_types.h"

struct user_bytes {
    size_t n; /* bytes that could be had, at most what was asked for */
    struct user_piece {
        struct page *page; /* a reference is held */
        uint64_t pa;
        size_t n;
    } piece[2];
    unsigned pieces;
    bool written; /* for copies to user memory */
};

/* Whether [va, va + n) lies in user space (Linux: access_ok). */
bool user_range_ok(const struct kernel *k, uint64_t va, uint64_t n);

/*
 * Faults in and holds n bytes (1 … PAGE_BYTES) at `va` of the current process. 0, even if only the
 * first part could be had; -EFAULT, -ENOMEM: none could.
 */
int user_bytes_get(struct kernel *k, struct user_bytes *user, uint64_t va, size_t n, bool write);
void user_bytes_put(struct kernel *k, struct user_bytes *user);

/* CPU copies between kernel frame contents at `pa` (user->n bytes, in one frame) and user memory,
 * counted. -EIO. */
int user_bytes_fill(struct kernel *k, struct user_bytes *user, uint64_t pa);
int user_bytes_take(struct kernel *k, const struct user_bytes *user, uint64_t pa);

#endif
