/* Inodes, open files and the page cache. Writing back is in writeback.c, shared memory in shmem.c.
 */
#include "page_alloc.h"
#include "page_cache.h"
#include "slub.h"
#include "swap.h"
#include "syscall.h"
#include "vmscan.h"

#include <string.h>

/* --- the cache of an inode --- */

struct cache_slot *cache_find(struct inode *inode, uint64_t index) {
    struct cache_slot *slot;
    HASH_FIND(hh, inode->mapping.slots, &index, sizeof index, slot);
    return slot;
}

/* The slot at index, made if there is none; NULL: no memory. */
static struct cache_slot *cache_slot_get(struct inode *inode, uint64_t index) {
    struct kernel *k = inode->kernel;
    struct cache_slot *slot = cache_find(inode, index);
    if (slot)
        return slot;
    slot = kmem_cache_alloc(k, k->own[CACHE_PAGE_SLOT], GFP_KERNEL | GFP_ZERO);
    if (!slot)
        return NULL;
    slot->index = index;
    HASH_ADD(hh, inode->mapping.slots, index, sizeof slot->index, slot);
    if (slot->index != index) {
        kmem_cache_free(k, k->own[CACHE_PAGE_SLOT], slot);
        return NULL;
    }
    return slot;
}

static void cache_slot_put(struct inode *inode, struct cache_slot *slot) {
    HASH_DEL(inode->mapping.slots, slot);
    kmem_cache_free(inode->kernel, inode->kernel->own[CACHE_PAGE_SLOT], slot);
}

/* The levels that count pages of caches. */
static void account_cached(struct inode *inode, int64_t pages) {
    inode->mapping.nr_pages += (uint64_t)pages;
    mod_stat(inode->kernel, STAT_nr_file_pages, pages);
    if (!inode->operations)
        mod_stat(inode->kernel, STAT_nr_shmem, pages);
}

int add_to_page_cache(struct inode *inode, struct page *page, uint64_t index) {
    struct cache_slot *slot = cache_slot_get(inode, index);
    if (!slot)
        return -ENOMEM;
    get_page(page);
    slot->page = page;
    page->mapping = &inode->mapping;
    page->index = index;
    if (!inode->operations)
        page_set(page, PG_swapbacked);
    account_cached(inode, 1);
    lru_cache_add(inode->kernel, page);
    return 0;
}

void remove_from_page_cache(struct kernel *k, struct page *page) {
    struct inode *inode = page_inode(page);
    struct cache_slot *slot = inode ? cache_find(inode, page->index) : NULL;
    if (!slot)
        return;
    cache_slot_put(inode, slot);
    account_cached(inode, -1);
    if (page_test_clear(page, PG_dirty) && inode->operations)
        mod_stat(k, STAT_nr_dirty, -1);
    page->mapping = NULL;
    put_page(k, page);
}

void delete_from_page_cache(struct kernel *k, struct page *page) {
    get_page(page);
    remove_from_page_cache(k, page);
    put_page(k, page);
}

void cache_forget_swap(struct inode *inode, struct cache_slot *slot) {
    uint64_t swap = slot->swap;
    cache_slot_put(inode, slot);
    swap_release(inode->kernel, swap);
}

/* --- pages --- */

struct page *find_get_page(struct inode *inode, uint64_t index) {
    const struct cache_slot *slot = cache_find(inode, index);
    if (!slot || !slot->page || !page_has(slot->page, PG_uptodate))
        return NULL;
    get_page(slot->page);
    return slot->page;
}

/* Bytes of the page that the file behind holds. */
static size_t stored_bytes(const struct inode *inode, uint64_t index) {
    uint64_t offset = index * PAGE_BYTES;
    uint64_t end = inode->stored < inode->size ? inode->stored : inode->size;
    if (offset >= end)
        return 0;
    return end - offset < PAGE_BYTES ? (size_t)(end - offset) : PAGE_BYTES;
}

/* The device reads the page into a buffer and transfers it by DMA; zeroes follow the end. */
static int read_page(struct inode *inode, struct page *page, uint64_t index, bool *major) {
    struct kernel *k = inode->kernel;
    uint8_t bytes[PAGE_BYTES];
    size_t n = stored_bytes(inode, index);
    if (n == 0) {
        if (!k->machine.clear_page(k->machine.context, page_to_phys(k, page)))
            return -EIO;
        page_set(page, PG_uptodate);
        return 0;
    }
    *major = true;
    if (should_fail(k, FAIL_FILE_READ))
        return -EIO;
    int64_t got = inode->operations->read(inode->context, index * PAGE_BYTES, bytes, n);
    if (got < 0)
        return -EIO;
    if ((uint64_t)got < PAGE_BYTES)
        memset(bytes + got, 0, PAGE_BYTES - (size_t)got);
    if (dma_to_memory(k, page_to_phys(k, page), bytes, PAGE_BYTES) != 0)
        return -EIO;
    count_event(k, STAT_pgpgin, PAGE_BYTES / 1024);
    page_set(page, PG_uptodate);
    return 0;
}

/* A page that is not cached yet: filled if `read`, then cached. */
static struct page *new_cache_page(struct inode *inode, uint64_t index, bool read, bool *major,
                                   int *error) {
    struct page *page = alloc_pages(inode->kernel, GFP_USER, 0);
    *error = page ? 0 : -ENOMEM;
    if (page && read)
        *error = read_page(inode, page, index, major);
    if (*error == 0)
        *error = add_to_page_cache(inode, page, index);
    if (*error == 0)
        return page;
    if (page)
        put_page(inode->kernel, page);
    return NULL;
}

static struct page *cache_page(struct inode *inode, uint64_t index, bool read, bool *major,
                               int *error) {
    if (!inode->operations)
        return shmem_get_page(inode, index, major, error);
    const struct cache_slot *slot = cache_find(inode, index);
    if (!slot)
        return new_cache_page(inode, index, read, major, error);
    struct page *page = slot->page;
    if (read && !page_has(page, PG_uptodate)) {
        *error = read_page(inode, page, index, major);
        if (*error != 0)
            return NULL;
    }
    get_page(page);
    return page;
}

struct page *read_cache_page(struct inode *inode, uint64_t index, bool *major, int *error) {
    if (index >= inode->size / PAGE_BYTES + (inode->size % PAGE_BYTES != 0)) {
        *error = -EFAULT;
        return NULL;
    }
    return cache_page(inode, index, true, major, error);
}

struct page *grab_cache_page(struct inode *inode, uint64_t index, bool whole, int *error) {
    bool major;
    return cache_page(inode, index, !whole, &major, error);
}

/* --- inodes and files --- */

static struct inode *inode_new(struct kernel *k, const struct file_operations *operations,
                               void *context, uint64_t size) {
    struct inode *inode = kmem_cache_alloc(k, k->own[CACHE_INODE], GFP_KERNEL | GFP_ZERO);
    if (!inode)
        return NULL;
    inode->kernel = k;
    inode->operations = operations;
    inode->context = context;
    inode->size = inode->stored = inode->stale = size;
    inode->mapping.host = inode;
    TAILQ_INIT(&inode->mapping.i_mmap);
    TAILQ_INSERT_TAIL(&k->inodes, inode, list);
    return inode;
}

struct file *inode_open(struct inode *inode, bool writable) {
    struct kernel *k = inode->kernel;
    struct file *file = kmem_cache_alloc(k, k->own[CACHE_FILE], GFP_KERNEL | GFP_ZERO);
    if (!file)
        return NULL;
    *file = (struct file){.inode = inode, .refs = 1, .writable = writable};
    inode->refs++;
    return file;
}

struct file *file_open(struct kernel *k, const struct file_operations *operations, void *context,
                       uint64_t size, bool writable) {
    struct inode *inode = inode_new(k, operations, context, size);
    if (!inode)
        return NULL;
    struct file *file = inode_open(inode, writable);
    if (!file)
        inode_forget(inode);
    return file;
}

struct file *file_reopen(struct file *file, bool writable) {
    return inode_open(file->inode, writable);
}

void get_file(struct file *file) {
    file->refs++;
}

void fput(struct file *file) {
    struct inode *inode = file->inode;
    if (--file->refs > 0)
        return;
    kmem_cache_free(inode->kernel, inode->kernel->own[CACHE_FILE], file);
    if (--inode->refs > 0)
        return;
    if (inode->pages_stay)
        filemap_write_and_wait(inode);
    else
        inode_forget(inode);
}

void inode_forget(struct inode *inode) {
    struct kernel *k = inode->kernel;
    filemap_write_and_wait(inode);
    truncate_inode_pages(inode, 0);
    TAILQ_REMOVE(&k->inodes, inode, list);
    kmem_cache_free(k, k->own[CACHE_INODE], inode);
}
