#include "contents.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define HASH_NONFATAL_OOM         1
#define uthash_nonfatal_oom(page) ((page)->key = UINT64_MAX) /* was not added */
#include <uthash.h>

#define WORDS        (PAGE_BYTES / 8)
#define RECENT_PAGES 4096

struct page {
    uint64_t key; /* va >> 12 << 16 | process */
    struct contents_page seen;
    uint32_t *writes; /* to each word; NULL: none to any */
    UT_hash_handle hh;
};

struct contents {
    const struct plan *plan;
    const struct memories *memories;
    struct page *pages;
    struct page *recent[RECENT_PAGES]; /* most references end here */
    struct page **by_number;
    uint32_t count;
    const struct contents_page *latest;
    uint64_t checked;
    char problem[256];
};

struct contents *contents_create(const struct plan *plan, const struct memories *memories) {
    struct contents *contents = calloc(1, sizeof *contents);
    if (!contents)
        return NULL;
    contents->plan = plan;
    contents->memories = memories;
    return contents;
}

void contents_destroy(struct contents *contents) {
    if (!contents)
        return;
    HASH_CLEAR(hh, contents->pages);
    for (uint32_t i = 0; i < contents->count; i++) {
        free(contents->by_number[i]->writes);
        free(contents->by_number[i]);
    }
    free(contents->by_number);
    free(contents);
}

/* The n-th value that the process writes to the word at `va`: no two are alike, none is 0. */
static uint64_t value_of(uint64_t process, uint64_t va, uint64_t n) {
    uint64_t z = va * UINT64_C(0x9e3779b97f4a7c15) + process * UINT64_C(0xd1342543de82ef95) +
                 n * UINT64_C(0x2545f4914f6cdd1d);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return (z ^ z >> 31) | 1;
}

uint64_t contents_file_word(uint64_t process, uint64_t offset) {
    return value_of(process, offset, 0);
}

static bool no_memory(struct contents *contents) {
    snprintf(contents->problem, sizeof contents->problem, "out of memory");
    return false;
}

static bool number_page(struct contents *contents, struct page *page) {
    uint32_t n = contents->count;
    if ((n & (n - 1)) == 0) {
        struct page **grown =
            realloc(contents->by_number, (n ? 2 * (size_t)n : 1) * sizeof(struct page *));
        if (!grown)
            return false;
        contents->by_number = grown;
    }
    HASH_ADD(hh, contents->pages, key, sizeof page->key, page);
    if (page->key == UINT64_MAX)
        return false;
    page->seen.number = n;
    contents->by_number[contents->count++] = page;
    return true;
}

static struct page *add_page(struct contents *contents, uint64_t process, uint64_t va,
                             uint64_t key) {
    struct page *page = calloc(1, sizeof *page);
    if (!page)
        return NULL;
    const struct plan_region *region = plan_find(contents->plan, process, va);
    page->key = key;
    page->seen.file = region && !region->written;
    page->seen.process = process;
    page->seen.va = va & ~(uint64_t)(PAGE_BYTES - 1);
    if (number_page(contents, page))
        return page;
    free(page);
    return NULL;
}

static struct page *find_or_add(struct contents *contents, uint64_t process, uint64_t va) {
    uint64_t key = va >> 12 << 16 | process;
    struct page **recent = &contents->recent[(va >> 12 ^ process << 8) % RECENT_PAGES];
    if (*recent && (*recent)->key == key)
        return *recent;
    struct page *page;
    HASH_FIND(hh, contents->pages, &key, sizeof key, page);
    if (!page)
        page = add_page(contents, process, va, key);
    if (page)
        *recent = page;
    return page;
}

static uint64_t expected(const struct page *page, uint64_t va) {
    uint32_t writes = page->writes ? page->writes[va / 8 % WORDS] : 0;
    if (writes == 0 && !page->seen.file)
        return 0;
    return value_of(page->seen.process, va, writes);
}

static bool refused(struct contents *contents, const struct page *page, uint64_t va, uint64_t pa) {
    snprintf(contents->problem, sizeof contents->problem,
             "process %" PRIu64 " was given %#" PRIx64 " for %#" PRIx64
             ", where memory refuses accesses",
             page->seen.process, pa, va);
    return false;
}

/* Of two memories the first is the hardware's. */
static const char *whose(const struct contents *contents, unsigned memory) {
    return contents->memories->count == 1 ? ""
           : memory == 0                  ? " (the hardware's memory)"
                                          : " (the model's memory)";
}

static bool check_word(struct contents *contents, const struct page *page, uint64_t va,
                       const uint64_t *pa) {
    uint64_t right = expected(page, va);
    for (unsigned i = 0; i < contents->memories->count; i++) {
        uint64_t found, at = pa[i] & ~UINT64_C(7);
        if (!physmem_read(contents->memories->memory[i], at, 8, &found))
            return refused(contents, page, va, at);
        if (found == right)
            continue;
        snprintf(contents->problem, sizeof contents->problem,
                 "contents lost: process %" PRIu64 " finds %#" PRIx64 " at %#" PRIx64
                 " (frame %#" PRIx64 ") instead of %#" PRIx64 "%s",
                 page->seen.process, found, va, at / PAGE_BYTES, right, whose(contents, i));
        return false;
    }
    contents->checked++;
    return true;
}

static bool write_word(struct contents *contents, struct page *page, uint64_t va,
                       const uint64_t *pa) {
    if (!page->writes && !(page->writes = calloc(WORDS, sizeof *page->writes)))
        return no_memory(contents);
    uint32_t *writes = &page->writes[va / 8 % WORDS];
    *writes += *writes == UINT32_MAX ? 2 : 1; /* 0 means never */
    page->seen.written = true;
    uint64_t value = expected(page, va);
    for (unsigned i = 0; i < contents->memories->count; i++)
        if (!physmem_write(contents->memories->memory[i], pa[i] & ~UINT64_C(7), 8, value))
            return refused(contents, page, va, pa[i]);
    return true;
}

bool contents_access(struct contents *contents, uint64_t process, const struct mmu_request *request,
                     unsigned bytes, const uint64_t *pa) {
    struct page *page = find_or_add(contents, process, request->va);
    if (!page)
        return no_memory(contents);
    contents->latest = &page->seen;
    uint64_t end = request->va + (bytes ? bytes : 1), at[MEMORIES_MAX];
    for (uint64_t va = request->va & ~UINT64_C(7); va < end; va += 8) {
        for (unsigned i = 0; i < contents->memories->count; i++)
            at[i] = (pa[i] & ~UINT64_C(7)) + (va - (request->va & ~UINT64_C(7)));
        bool ok = request->access == ACCESS_WRITE ? write_word(contents, page, va, at)
                                                  : check_word(contents, page, va, at);
        if (!ok)
            return false;
    }
    return true;
}

const struct contents_page *contents_latest(const struct contents *contents) {
    return contents->latest;
}

uint32_t contents_pages(const struct contents *contents) {
    return contents->count;
}

const struct contents_page *contents_page(const struct contents *contents, uint32_t n) {
    return &contents->by_number[n]->seen;
}

bool contents_check_page(struct contents *contents, uint32_t n, const uint64_t *pa) {
    const struct page *page = contents->by_number[n];
    uint64_t at[MEMORIES_MAX];
    for (uint64_t offset = 0; offset < PAGE_BYTES; offset += 8) {
        for (unsigned i = 0; i < contents->memories->count; i++)
            at[i] = (pa[i] & ~(uint64_t)(PAGE_BYTES - 1)) + offset;
        if (!check_word(contents, page, page->seen.va + offset, at))
            return false;
    }
    return true;
}

uint64_t contents_words_checked(const struct contents *contents) {
    return contents->checked;
}

const char *contents_problem(const struct contents *contents) {
    return contents->problem;
}
