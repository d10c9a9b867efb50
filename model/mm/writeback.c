/* Dirty pages of files and their way back to the file. */
#include "page_cache.h"
#include "rmap.h"
#include "syscall.h"

#include <string.h>

void set_page_dirty(struct kernel *k, struct page *page) {
    if (page_has(page, PG_dirty))
        return;
    page_set(page, PG_dirty);
    const struct inode *inode = page_inode(page);
    if (!inode)
        return;
    page_set(page, PG_uptodate);
    if (inode->operations)
        mod_stat(k, STAT_nr_dirty, 1);
}

static int write_bytes(struct inode *inode, uint64_t offset, const void *bytes, size_t n) {
    const struct file_operations *operations = inode->operations;
    if (should_fail(inode->kernel, FAIL_FILE_WRITE) || !operations->write)
        return -EIO;
    return operations->write(inode->context, offset, bytes, n) == (int64_t)n ? 0 : -EIO;
}

/* What an earlier truncation left behind the end must not come back when the file grows past it. */
static int zero_stale(struct inode *inode, uint64_t offset) {
    static const uint8_t zeroes[PAGE_BYTES];
    uint64_t end = offset < inode->stale ? offset : inode->stale;
    while (inode->stored < end) {
        uint64_t n = end - inode->stored < PAGE_BYTES ? end - inode->stored : PAGE_BYTES;
        int error = write_bytes(inode, inode->stored, zeroes, (size_t)n);
        if (error != 0)
            return error;
        inode->stored += n;
    }
    return 0;
}

/* By DMA to the device, which writes it to the file. */
static int store_page(struct inode *inode, const struct page *page) {
    struct kernel *k = inode->kernel;
    uint8_t bytes[PAGE_BYTES];
    uint64_t offset = page->index * PAGE_BYTES;
    size_t n = inode->size - offset < PAGE_BYTES ? (size_t)(inode->size - offset) : PAGE_BYTES;
    int error = dma_from_memory(k, page_to_phys(k, page), bytes, n);
    if (error == 0)
        error = zero_stale(inode, offset);
    if (error == 0)
        error = write_bytes(inode, offset, bytes, n);
    if (error == 0 && offset + n > inode->stored)
        inode->stored = offset + n;
    return error;
}

int write_page(struct kernel *k, struct page *page) {
    struct inode *inode = page_inode(page);
    if (!inode || !inode->operations)
        return 0;
    /* First the mappings: a store after this finds its PTE clean and makes the page dirty again. */
    if (page->mapcount > 0 && page_mkclean(k, page))
        set_page_dirty(k, page);
    if (!page_test_clear(page, PG_dirty))
        return 0;
    mod_stat(k, STAT_nr_dirty, -1);
    if (page->index * PAGE_BYTES >= inode->size)
        return 0;
    if (store_page(inode, page) != 0) {
        set_page_dirty(k, page);
        count_event(k, STAT_nr_writeback_errors, 1);
        return -EIO;
    }
    count_event(k, STAT_nr_written, 1);
    count_event(k, STAT_pgpgout, PAGE_BYTES / 1024);
    mm_event(k, MM_EVENT_WRITEBACK, page_to_pfn(k, page), page->index, 0);
    return 0;
}

int filemap_write_and_wait(struct inode *inode) {
    int first = 0;
    if (!inode->operations)
        return 0;
    for (struct cache_slot *slot = inode->mapping.slots; slot; slot = slot->hh.next) {
        int error = write_page(inode->kernel, slot->page);
        if (first == 0)
            first = error;
    }
    return first;
}
