/*
 * Parts of frames, for copies by CPU and DMA. None of these counts anything: that is done by who
 * knows what the copy is. They return false for a bus error; then nothing was changed.
 */
#ifndef TWINWALK_MM_FRAME_BYTES_H
#define TWINWALK_MM_FRAME_BYTES_H

#include "kernel.h"

/* n bytes at pa, all in one frame (pa % PAGE_BYTES + n <= PAGE_BYTES). */
bool frame_load(struct kernel *k, uint64_t pa, void *bytes, size_t n);
bool frame_store(struct kernel *k, uint64_t pa, const void *bytes, size_t n);
/* From frame to frame, each side in one. */
bool frame_copy(struct kernel *k, uint64_t to, uint64_t from, size_t n);

/* Bytes from pa (or a VA) to the end of its frame. */
static inline size_t frame_rest(uint64_t pa) {
    return PAGE_BYTES - (size_t)(pa % PAGE_BYTES);
}

#endif
