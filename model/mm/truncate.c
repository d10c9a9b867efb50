/* Pages leave the cache because the file became shorter, or is forgotten. */
#include "frame_bytes.h"
#include "mmap.h"
#include "page_alloc.h"
#include "page_cache.h"

#include <string.h>

void truncate_inode_pages(struct inode *inode, uint64_t first) {
    struct kernel *k = inode->kernel;
    struct cache_slot *slot, *next;
    HASH_ITER(hh, inode->mapping.slots, slot, next) {
        if (slot->index < first)
            continue;
        if (slot->page)
            delete_from_page_cache(k, slot->page);
        else
            cache_forget_swap(inode, slot);
    }
}

/* Unmaps the pages from `first` on wherever they are mapped; private copies go too. */
static int unmap_mapping_range(struct inode *inode, uint64_t first) {
    struct vm_area_struct *vma;
    TAILQ_FOREACH(vma, &inode->mapping.i_mmap, file_list) {
        uint64_t pages = (vma->end - vma->start) / PAGE_BYTES;
        uint64_t skip = first > vma->pgoff ? first - vma->pgoff : 0;
        if (skip >= pages)
            continue;
        int error = zap_page_range(vma, vma->start + skip * PAGE_BYTES, vma->end);
        if (error != 0)
            return error;
    }
    return 0;
}

/* Zeroes what follows `size` in the last page, if it is cached. */
static int zero_partial_page(struct inode *inode, uint64_t size) {
    static const uint8_t zeroes[PAGE_BYTES];
    struct kernel *k = inode->kernel;
    if (size % PAGE_BYTES == 0)
        return 0;
    uint64_t index = size / PAGE_BYTES;
    if (!cache_find(inode, index))
        return 0;
    bool major;
    int error = 0;
    struct page *page = inode->operations ? find_get_page(inode, index)
                                          : shmem_get_page(inode, index, &major, &error);
    if (!page)
        return error;
    if (!inode->operations)
        set_page_dirty(k, page);
    uint64_t from = size % PAGE_BYTES;
    bool done = frame_store(k, page_to_phys(k, page) + from, zeroes, PAGE_BYTES - from);
    put_page(k, page);
    return done ? 0 : -EIO;
}

int vmtruncate(struct inode *inode, uint64_t size) {
    uint64_t first = size / PAGE_BYTES + (size % PAGE_BYTES != 0);
    int error = zero_partial_page(inode, size < inode->size ? size : inode->size);
    if (error == 0 && size < inode->size)
        error = unmap_mapping_range(inode, first);
    if (error != 0)
        return error;
    if (size < inode->size)
        truncate_inode_pages(inode, first);
    inode->size = size;
    if (inode->stored > size) {
        if (inode->stale < inode->stored)
            inode->stale = inode->stored;
        inode->stored = size;
    }
    return 0;
}
