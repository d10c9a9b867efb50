#include "slab_memory.h"

#include <stdlib.h>

static void *chunk_base(struct slab_chunk *chunk) {
    return (uint8_t *)chunk - SLAB_CHUNK_BYTES;
}

static struct slab_chunk *chunk_create(struct kernel *k, uint64_t number) {
    void *base;
    if (posix_memalign(&base, SLAB_CHUNK_BYTES, SLAB_CHUNK_BYTES + sizeof(struct slab_chunk)) != 0)
        return NULL;
    struct slab_chunk *chunk = slab_chunk_of(base);
    *chunk = (struct slab_chunk){.number = number};
    HASH_ADD(hh, k->slab_chunks, number, sizeof chunk->number, chunk);
    if (chunk->number == number)
        return chunk;
    free(base);
    return NULL;
}

static void chunk_destroy(struct kernel *k, struct slab_chunk *chunk) {
    HASH_DEL(k->slab_chunks, chunk);
    free(chunk_base(chunk));
}

int slab_memory_add(struct kernel *k, struct page *page) {
    uint64_t pfn = page_to_pfn(k, page), number = pfn / SLAB_CHUNK_FRAMES;
    struct slab_chunk *chunk;
    HASH_FIND(hh, k->slab_chunks, &number, sizeof number, chunk);
    if (!chunk && !(chunk = chunk_create(k, number)))
        return -ENOMEM;
    uint64_t first = pfn % SLAB_CHUNK_FRAMES;
    for (uint64_t i = 0; i < page_frames(page); i++)
        chunk->slab[first + i] = page;
    chunk->slabs++;
    page->objects_at = (uint8_t *)chunk_base(chunk) + first * PAGE_BYTES;
    return 0;
}

void slab_memory_remove(struct kernel *k, struct page *page) {
    struct slab_chunk *chunk = slab_chunk_of(page->objects_at);
    uint64_t first = page_to_pfn(k, page) % SLAB_CHUNK_FRAMES;
    for (uint64_t i = 0; i < page_frames(page); i++)
        chunk->slab[first + i] = NULL;
    page->objects_at = NULL;
    if (--chunk->slabs == 0)
        chunk_destroy(k, chunk);
}

bool slab_memory_has(const struct kernel *k, const void *object) {
    for (struct slab_chunk *chunk = k->slab_chunks; chunk; chunk = chunk->hh.next) {
        const uint8_t *base = chunk_base(chunk), *at = object;
        if ((uintptr_t)at >= (uintptr_t)base && (uintptr_t)at < (uintptr_t)base + SLAB_CHUNK_BYTES)
            return true;
    }
    return false;
}
