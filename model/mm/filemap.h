/*
 * Files and the page cache (Linux: mm/filemap.c, page-writeback.c). An inode without operations is
 * shared memory (shmem): its pages are swap-backed and start as zeroes.
 */
#ifndef TWINWALK_MM_FILEMAP_H
#define TWINWALK_MM_FILEMAP_H

#include "mm_types.h"

/* The outside: a real file, or whatever answers like one. */
struct file_operations {
    /* Up to n bytes at offset; how many, less only at the end; -errno. */
    int64_t (*read)(void *context, uint64_t offset, void *bytes, size_t n);
    int64_t (*write)(void *context, uint64_t offset, const void *bytes, size_t n);
};

struct address_space {
    struct inode *host;
    struct cache_slot *slots; /* uthash by index: a page, or (shmem) a swap entry: page_cache.h */
    uint64_t nr_pages;
    struct vma_list i_mmap; /* VMAs that map it, shared and private */
};

struct inode {
    struct kernel *kernel;
    const struct file_operations *operations; /* NULL: shmem */
    void *context;
    uint64_t size; /* bytes */
    /* What lies behind `operations`: bytes [0, stored) are the file's; [stored, stale) are left
     * over from before a truncation and are zeroed before the file grows over them. */
    uint64_t stored, stale;
    struct address_space mapping;
    unsigned refs;   /* open files */
    bool pages_stay; /* caches survive the last close, as on a disk file */
    TAILQ_ENTRY(inode) list;
};

struct file {
    struct inode *inode;
    uint64_t position;
    unsigned refs;
    bool writable;
};

/* An inode and an open file of it; NULL: no memory. */
struct file *file_open(struct kernel *k, const struct file_operations *operations, void *context,
                       uint64_t size, bool writable);
/* A second open file of the same inode. */
struct file *file_reopen(struct file *file, bool writable);
/* The same for an inode whose pages_stay, with or without open files. */
struct file *inode_open(struct inode *inode, bool writable);
void get_file(struct file *file);
/* The last one writes dirty pages back and forgets the inode (unless pages_stay). Pages that could
 * not be written are lost with an inode that is forgotten, as in Linux. */
void fput(struct file *file);
void inode_forget(struct inode *inode); /* no open file, no mapping */

/* The cached page, a reference taken; NULL: not cached, or its contents are not there yet. */
struct page *find_get_page(struct inode *inode, uint64_t index);
/* The page, read in by DMA if it is not cached (then *major = true). NULL: *error is -ENOMEM, -EIO,
 * -EFAULT (beyond the end). A reference is taken. */
struct page *read_cache_page(struct inode *inode, uint64_t index, bool *major, int *error);
/* The page for overwriting: not read if `whole`. It may lie beyond the end (zeroed). If it was not
 * cached it becomes PG_uptodate by set_page_dirty(), once it has been overwritten. */
struct page *grab_cache_page(struct inode *inode, uint64_t index, bool whole, int *error);

void set_page_dirty(struct kernel *k, struct page *page);
/* Writes a dirty file page to its file; -EIO: it stays dirty. */
int write_page(struct kernel *k, struct page *page);
/* Writes all dirty pages, of mappings too (page_mkclean); the first error. */
int filemap_write_and_wait(struct inode *inode);
/* Takes a page that nobody maps or holds (refcount 1) out of the cache and frees it. */
void delete_from_page_cache(struct kernel *k, struct page *page);
/* A new size: pages beyond it leave the cache and every mapping. -errno */
int vmtruncate(struct inode *inode, uint64_t size);

/* Shared memory and swap: the slot's page becomes a swap entry and back (swap.c). */
void shmem_swapped(struct kernel *k, struct page *page, uint64_t slot);
/* The swap slot at index; false: none. */
bool shmem_swap_entry(struct inode *inode, uint64_t index, uint64_t *slot);

#endif
