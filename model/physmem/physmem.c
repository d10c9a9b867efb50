#include "physmem.h"

#include <stdlib.h>
#include <string.h>
#ifdef __linux__
#include <sys/mman.h>
#endif

#define HASH_NONFATAL_OOM          1
#define uthash_nonfatal_oom(chunk) ((chunk)->number = UINT64_MAX) /* was not added */
#include <uthash.h>

#define PAGE_WORDS    (PAGE_BYTES / 8)
#define CHUNK_PAGES   64u
#define RECENT_CHUNKS 2048

#define ARENA_LEAST 4u   /* pages */
#define ARENA_MOST  512u /* of 2 MiB, which the host may back by one huge page */

struct page {
    uint64_t word[PAGE_WORDS];
};

/* A run of frames, so that hardly any access needs the hash. */
struct chunk {
    uint64_t number; /* pa / (CHUNK_PAGES * PAGE_BYTES) */
    struct page *page[CHUNK_PAGES];
    UT_hash_handle hh;
};

/* Pages are taken from arenas in turn, each twice the one before. */
struct arena {
    struct arena *next;
    struct page *page;
    unsigned used, room;
};

struct range {
    uint64_t from, last; /* both included, so that the end of the address space can be named */
};

struct ranges {
    struct range *range;
    size_t count;
};

struct physmem {
    struct chunk *chunks;
    struct chunk *recent[RECENT_CHUNKS]; /* by the number's low bits: most accesses end here */
    struct arena *arenas;                /* the one in use first */
    struct ranges ram, errors, update_errors;
    physmem_listener *listener;
    void *listener_context;
};

struct physmem *physmem_create(void) {
    return calloc(1, sizeof(struct physmem));
}

void physmem_clear(struct physmem *memory) {
    struct chunk *chunk, *next;
    HASH_ITER(hh, memory->chunks, chunk, next) {
        HASH_DEL(memory->chunks, chunk);
        free(chunk);
    }
    while (memory->arenas) {
        struct arena *arena = memory->arenas;
        memory->arenas = arena->next;
        free(arena->page);
        free(arena);
    }
    memset(memory->recent, 0, sizeof memory->recent);
}

void physmem_forget_ranges(struct physmem *memory) {
    free(memory->ram.range);
    free(memory->errors.range);
    free(memory->update_errors.range);
    memory->ram = memory->errors = memory->update_errors = (struct ranges){NULL, 0};
}

void physmem_listen(struct physmem *memory, physmem_listener *listener, void *context) {
    memory->listener = listener;
    memory->listener_context = context;
}

void physmem_destroy(struct physmem *memory) {
    if (!memory)
        return;
    physmem_clear(memory);
    physmem_forget_ranges(memory);
    free(memory);
}

static bool add_range(struct ranges *ranges, uint64_t from, uint64_t last) {
    if (last < from)
        return false;
    struct range *grown = realloc(ranges->range, (ranges->count + 1) * sizeof *grown);
    if (!grown)
        return false;
    ranges->range = grown;
    grown[ranges->count++] = (struct range){from, last};
    return true;
}

bool physmem_add_ram(struct physmem *memory, uint64_t base, uint64_t size) {
    return size > 0 && add_range(&memory->ram, base, base + size - 1);
}

bool physmem_add_error(struct physmem *memory, uint64_t from, uint64_t to) {
    return to > 0 && add_range(&memory->errors, from, to - 1);
}

bool physmem_add_update_error(struct physmem *memory, uint64_t from, uint64_t to) {
    return to > 0 && add_range(&memory->update_errors, from, to - 1);
}

static bool touches(const struct ranges *ranges, uint64_t pa, unsigned bytes) {
    for (size_t i = 0; i < ranges->count; i++)
        if (pa <= ranges->range[i].last && pa + bytes - 1 >= ranges->range[i].from)
            return true;
    return false;
}

/* Whether every byte lies in some range: a word may lie across two that touch. */
static bool covers(const struct ranges *ranges, uint64_t pa, unsigned bytes) {
    uint64_t last = pa + bytes - 1;
    for (size_t i = 0; i < ranges->count; i++) {
        const struct range *range = &ranges->range[i];
        if (pa >= range->from && pa <= range->last)
            return last <= range->last ||
                   covers(ranges, range->last + 1, (unsigned)(last - range->last));
    }
    return false;
}

static bool refused(const struct physmem *memory, uint64_t pa, unsigned bytes) {
    if (memory->ram.count > 0 && !covers(&memory->ram, pa, bytes))
        return true;
    return memory->errors.count > 0 && touches(&memory->errors, pa, bytes);
}

static struct chunk *find_chunk(struct physmem *memory, uint64_t number) {
    struct chunk **recent = &memory->recent[number % RECENT_CHUNKS];
    if (*recent && (*recent)->number == number)
        return *recent;
    struct chunk *chunk;
    HASH_FIND(hh, memory->chunks, &number, sizeof number, chunk);
    if (chunk)
        *recent = chunk;
    return chunk;
}

static struct page *find(struct physmem *memory, uint64_t number) {
    const struct chunk *chunk = find_chunk(memory, number / CHUNK_PAGES);
    return chunk ? chunk->page[number % CHUNK_PAGES] : NULL;
}

static struct chunk *add_chunk(struct physmem *memory, uint64_t number) {
    struct chunk *chunk = calloc(1, sizeof *chunk);
    if (!chunk)
        return NULL;
    chunk->number = number;
    HASH_ADD(hh, memory->chunks, number, sizeof chunk->number, chunk);
    if (chunk->number == number)
        return chunk;
    free(chunk);
    return NULL;
}

static struct page *arena_pages(unsigned pages) {
    if (pages < ARENA_MOST)
        return calloc(pages, sizeof(struct page));
    struct page *page = aligned_alloc(pages * sizeof *page, pages * sizeof *page);
    if (page) {
#ifdef MADV_HUGEPAGE
        madvise(page, pages * sizeof *page, MADV_HUGEPAGE); /* only faster if it can be done */
#endif
        memset(page, 0, pages * sizeof *page);
    }
    return page;
}

/* A zeroed page. */
static struct page *new_page(struct physmem *memory) {
    struct arena *arena = memory->arenas;
    if (!arena || arena->used == arena->room) {
        unsigned room = !arena                     ? ARENA_LEAST
                        : arena->room < ARENA_MOST ? 2 * arena->room
                                                   : ARENA_MOST;
        arena = malloc(sizeof *arena);
        struct page *page = arena ? arena_pages(room) : NULL;
        if (!page) {
            free(arena);
            return NULL;
        }
        *arena = (struct arena){memory->arenas, page, 0, room};
        memory->arenas = arena;
    }
    return &arena->page[arena->used++];
}

static struct page *find_or_add(struct physmem *memory, uint64_t number) {
    struct chunk *chunk = find_chunk(memory, number / CHUNK_PAGES);
    if (!chunk && !(chunk = add_chunk(memory, number / CHUNK_PAGES)))
        return NULL;
    struct page **page = &chunk->page[number % CHUNK_PAGES];
    if (!*page)
        *page = new_page(memory);
    return *page;
}

static uint64_t peek(struct physmem *memory, uint64_t pa, unsigned bytes) {
    const struct page *page = find(memory, pa >> 12);
    if (!page)
        return 0;
    uint64_t word = page->word[pa / 8 % PAGE_WORDS];
    return bytes == 8 ? word : (uint32_t)(word >> pa % 8 * 8);
}

bool physmem_read(struct physmem *memory, uint64_t pa, unsigned bytes, uint64_t *value) {
    if (refused(memory, pa, bytes))
        return false;
    *value = peek(memory, pa, bytes);
    return true;
}

bool physmem_poke(struct physmem *memory, uint64_t pa, unsigned bytes, uint64_t value) {
    struct page *page = find_or_add(memory, pa >> 12);
    if (!page)
        return false;
    uint64_t *word = &page->word[pa / 8 % PAGE_WORDS];
    if (bytes == 8) {
        *word = value;
    } else {
        unsigned shift = (unsigned)(pa % 8 * 8);
        *word = (*word & ~(UINT64_C(0xffffffff) << shift)) | (value & 0xffffffff) << shift;
    }
    return true;
}

/* A bus access stores a word. */
static bool store(struct physmem *memory, uint64_t pa, unsigned bytes, uint64_t value) {
    uint64_t old = peek(memory, pa, bytes);
    if (!physmem_poke(memory, pa, bytes, value))
        return false;
    if (memory->listener)
        memory->listener(memory->listener_context, pa, bytes, old, value);
    return true;
}

bool physmem_write(struct physmem *memory, uint64_t pa, unsigned bytes, uint64_t value) {
    return !refused(memory, pa, bytes) && store(memory, pa, bytes, value);
}

bool physmem_compare_and_set(struct physmem *memory, uint64_t pa, unsigned bytes, uint64_t expect,
                             uint64_t desired, uint64_t *old) {
    if (touches(&memory->update_errors, pa, bytes) || !physmem_read(memory, pa, bytes, old))
        return false;
    return *old != expect || store(memory, pa, bytes, desired);
}

bool physmem_clear_page(struct physmem *memory, uint64_t pa) {
    if (refused(memory, pa, PAGE_BYTES))
        return false;
    struct page *page = find(memory, pa >> 12);
    if (page)
        memset(page->word, 0, sizeof page->word);
    return true;
}

bool physmem_copy_page(struct physmem *memory, uint64_t to, uint64_t from) {
    if (refused(memory, from, PAGE_BYTES))
        return false;
    const struct page *source = find(memory, from >> 12);
    if (!source)
        return physmem_clear_page(memory, to);
    if (refused(memory, to, PAGE_BYTES))
        return false;
    struct page *page = find_or_add(memory, to >> 12);
    if (page && page != source)
        memcpy(page->word, source->word, sizeof page->word);
    return page != NULL;
}

bool physmem_load_page(struct physmem *memory, uint64_t pa, void *bytes) {
    if (refused(memory, pa, PAGE_BYTES))
        return false;
    const struct page *page = find(memory, pa >> 12);
    if (page)
        memcpy(bytes, page->word, sizeof page->word);
    else
        memset(bytes, 0, PAGE_BYTES);
    return true;
}

bool physmem_store_page(struct physmem *memory, uint64_t pa, const void *bytes) {
    struct page *page;
    if (refused(memory, pa, PAGE_BYTES) || !(page = find_or_add(memory, pa >> 12)))
        return false;
    memcpy(page->word, bytes, sizeof page->word);
    return true;
}

static bool callback_read(void *context, uint64_t pa, unsigned bytes, uint64_t *value) {
    return physmem_read(context, pa, bytes, value);
}

static bool callback_compare_and_set(void *context, uint64_t pa, unsigned bytes, uint64_t expect,
                                     uint64_t desired, uint64_t *old) {
    return physmem_compare_and_set(context, pa, bytes, expect, desired, old);
}

struct mmu_memory physmem_callbacks(struct physmem *memory) {
    return (struct mmu_memory){memory, callback_read, callback_compare_and_set};
}

/* Lowers *pa to the lowest word of a page that another memory holds otherwise. */
static bool page_differs(const struct page *page, uint64_t number, struct physmem *other,
                         uint64_t *pa) {
    for (unsigned i = 0; i < PAGE_WORDS; i++) {
        uint64_t at = number << 12 | i * 8u;
        if (page->word[i] == peek(other, at, 8))
            continue;
        if (at < *pa)
            *pa = at;
        return true;
    }
    return false;
}

/* The same of all of a's pages. */
static bool differs(struct physmem *a, struct physmem *b, uint64_t *pa) {
    bool found = false;
    for (const struct chunk *chunk = a->chunks; chunk; chunk = chunk->hh.next)
        for (unsigned i = 0; i < CHUNK_PAGES; i++)
            if (chunk->page[i])
                found |= page_differs(chunk->page[i], chunk->number * CHUNK_PAGES + i, b, pa);
    return found;
}

bool physmem_equal(struct physmem *a, struct physmem *b, uint64_t *pa) {
    *pa = UINT64_MAX;
    bool ab = differs(a, b, pa);
    bool ba = differs(b, a, pa);
    return !ab && !ba;
}
