#include "optimum.h"

#include <stddef.h>
#include <stdlib.h>

#define STORED      UINT32_C(0x80000000) /* beside a page's number */
#define NO_POSITION UINT32_MAX
#define NEVER       UINT32_MAX /* referenced, so far */

struct optimum {
    uint32_t *reference; /* page, STORED */
    size_t count, room;
    uint32_t pages;
};

struct optimum *optimum_create(void) {
    return calloc(1, sizeof(struct optimum));
}

void optimum_destroy(struct optimum *optimum) {
    if (optimum)
        free(optimum->reference);
    free(optimum);
}

bool optimum_reference(struct optimum *optimum, uint32_t page, bool stored) {
    if (optimum->count > 0 && (optimum->reference[optimum->count - 1] & ~STORED) == page)
        return true;
    if (optimum->count == optimum->room) {
        size_t room = optimum->room ? 2 * optimum->room : 1024;
        uint32_t *grown = realloc(optimum->reference, room * sizeof *grown);
        if (!grown || room >= UINT32_MAX) {
            optimum->reference = grown ? grown : optimum->reference;
            return false;
        }
        optimum->reference = grown;
        optimum->room = room;
    }
    optimum->reference[optimum->count++] = page | (stored ? STORED : 0);
    if (page >= optimum->pages)
        optimum->pages = page + 1;
    return true;
}

/* The resident pages, the one that is used again last on top. */
struct heap {
    uint32_t *page;     /* a binary heap */
    uint32_t *position; /* of each page in it, NO_POSITION: not resident */
    uint32_t *use;      /* of each page: the next reference to it */
    uint32_t count;
};

static void put(struct heap *heap, uint32_t at, uint32_t page) {
    heap->page[at] = page;
    heap->position[page] = at;
}

static void sift_up(struct heap *heap, uint32_t at, uint32_t page) {
    while (at > 0 && heap->use[heap->page[(at - 1) / 2]] < heap->use[page]) {
        put(heap, at, heap->page[(at - 1) / 2]);
        at = (at - 1) / 2;
    }
    put(heap, at, page);
}

static void sift_down(struct heap *heap, uint32_t at, uint32_t page) {
    uint32_t child;
    while ((child = 2 * at + 1) < heap->count) {
        if (child + 1 < heap->count &&
            heap->use[heap->page[child + 1]] > heap->use[heap->page[child]])
            child++;
        if (heap->use[heap->page[child]] <= heap->use[page])
            break;
        put(heap, at, heap->page[child]);
        at = child;
    }
    put(heap, at, page);
}

static void evict_top(struct heap *heap) {
    heap->position[heap->page[0]] = NO_POSITION;
    uint32_t last = heap->page[--heap->count];
    if (heap->count > 0)
        sift_down(heap, 0, last);
}

/* For each reference the index of the next one to its page; the count: none follows. */
static uint32_t *find_next(const struct optimum *optimum, uint32_t *latest) {
    uint32_t *next = malloc((optimum->count + 1) * sizeof *next);
    for (uint32_t page = 0; next && page < optimum->pages; page++)
        latest[page] = (uint32_t)optimum->count;
    for (size_t i = optimum->count; next && i-- > 0;) {
        uint32_t page = optimum->reference[i] & ~STORED;
        next[i] = latest[page];
        latest[page] = (uint32_t)i;
    }
    return next;
}

static uint64_t play(const struct optimum *optimum, struct heap *heap, const uint32_t *next,
                     uint64_t frames) {
    uint64_t page_ins = 0;
    for (size_t i = 0; i < optimum->count; i++) {
        uint32_t page = optimum->reference[i] & ~STORED;
        bool first = heap->use[page] == NEVER;
        heap->use[page] = next[i];
        if (heap->position[page] != NO_POSITION) {
            sift_up(heap, heap->position[page], page); /* its next use is later than this one */
            continue;
        }
        page_ins += !first || optimum->reference[i] & STORED;
        if (heap->count == frames)
            evict_top(heap);
        sift_up(heap, heap->count++, page);
    }
    return page_ins;
}

bool optimum_page_ins(const struct optimum *optimum, uint64_t frames, uint64_t *page_ins) {
    size_t bytes = (optimum->pages + (size_t)1) * sizeof(uint32_t);
    struct heap heap = {malloc(bytes), malloc(bytes), malloc(bytes), 0};
    bool ok = heap.page && heap.position && heap.use;
    uint32_t *next = ok ? find_next(optimum, heap.use) : NULL;
    for (uint32_t page = 0; next && page < optimum->pages; page++) {
        heap.position[page] = NO_POSITION;
        heap.use[page] = NEVER;
    }
    if (next)
        *page_ins = play(optimum, &heap, next, frames ? frames : 1);
    free(next);
    free(heap.use);
    free(heap.position);
    free(heap.page);
    return next != NULL;
}
