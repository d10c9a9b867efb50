/* The caches that there are from boot on: size classes and the manager's own (Linux:
 * mm/slab_common.c). */
#include "page_cache.h"
#include "slub_internal.h"

struct cache_info {
    const char *name;
    unsigned size;
};

static const struct cache_info kmalloc_info[KMALLOC_CLASSES] = {
    {"kmalloc-8", 8},     {"kmalloc-16", 16},   {"kmalloc-32", 32},   {"kmalloc-64", 64},
    {"kmalloc-96", 96},   {"kmalloc-128", 128}, {"kmalloc-192", 192}, {"kmalloc-256", 256},
    {"kmalloc-512", 512}, {"kmalloc-1k", 1024}, {"kmalloc-2k", 2048}, {"kmalloc-4k", 4096},
    {"kmalloc-8k", 8192}};

static const struct cache_info own_info[OWN_CACHES] = {
    [CACHE_TASK] = {"task_struct", sizeof(struct task_struct)},
    [CACHE_MM] = {"mm_struct", sizeof(struct mm_struct)},
    [CACHE_VMA] = {"vm_area_struct", sizeof(struct vm_area_struct)},
    [CACHE_ANON_VMA] = {"anon_vma", sizeof(struct anon_vma)},
    [CACHE_INODE] = {"inode_cache", sizeof(struct inode)},
    [CACHE_FILE] = {"filp", sizeof(struct file)},
    [CACHE_PAGE_SLOT] = {"page_slot", sizeof(struct cache_slot)},
};

static bool create_caches(struct kernel *k, struct kmem_cache **caches,
                          const struct cache_info *info, unsigned n, unsigned flags) {
    for (unsigned i = 0; i < n; i++)
        if (!(caches[i] = kmem_cache_create(k, info[i].name, info[i].size, 0, flags)))
            return false;
    return true;
}

int kmem_cache_init(struct kernel *k) {
    unsigned flags = k->config.slub_debug ? SLAB_DEBUG : 0;
    TAILQ_INIT(&k->caches);
    k->slab_chunks = NULL;
    k->kmem_cache = kmem_cache_bootstrap(k, flags);
    if (k->kmem_cache &&
        create_caches(k, k->kmalloc_caches, kmalloc_info, KMALLOC_CLASSES, flags) &&
        create_caches(k, k->own, own_info, OWN_CACHES, flags | SLAB_HWCACHE_ALIGN))
        return 0;
    kmem_cache_exit(k);
    return -ENOMEM;
}

/* The smallest class that holds `size` bytes. */
static unsigned kmalloc_index(size_t size) {
    static const uint8_t small[24] = {0, 1, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4,
                                      5, 5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 6};
    if (size == 0)
        return 0;
    if (size <= 192)
        return small[(size - 1) / 8];
    return 63u - (unsigned)__builtin_clzll(size - 1); /* 256 bytes, 2^8, is class 7 */
}

void *kmalloc(struct kernel *k, size_t size, gfp_t gfp) {
    if (size > SLUB_MAX_SIZE)
        return NULL;
    return kmem_cache_alloc(k, k->kmalloc_caches[kmalloc_index(size)], gfp);
}
