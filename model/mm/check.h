/*
 * The invariants of all structures, checked by walking all of them. For debug builds and tests:
 * after every step.
 */
#ifndef TWINWALK_MM_CHECK_H
#define TWINWALK_MM_CHECK_H

#include "kernel.h"

/*
 * NULL, or what is wrong, in `text` (size bytes): buddy runs and free counts; every frame owned
 * once; reference and map counts against the tables, caches and swap; rss and table bytes of every
 * mm; VMA trees; rmap both ways; swap counts; LRU lists; slabs.
 */
const char *mm_check(struct kernel *k, char *text, size_t size);

#endif
