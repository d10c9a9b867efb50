/* Faults of file mappings: read with fault-around, private write, shared write. */
#include "fault_internal.h"
#include "filemap.h"
#include "mmap.h"
#include "page_alloc.h"
#include "rmap.h"

/* Shared memory has nothing to be written back to, so nobody needs to hear of its first write: it
 * is mapped writable by a read (Linux: vma_wants_writenotify). */
static bool read_maps_writable(const struct vm_area_struct *vma) {
    return vma->flags & VM_SHARED && !vma->file->inode->operations;
}

/* The page cache's page for the fault, a reference taken; NULL: *result. */
static struct page *fault_page(struct vm_fault *vmf, unsigned *result) {
    bool major = false;
    int error = 0;
    struct page *page = read_cache_page(vmf->vma->file->inode, linear_page_index(vmf->vma, vmf->va),
                                        &major, &error);
    *result = major ? VM_FAULT_MAJOR : 0;
    if (!page)
        *result |= fault_error(error);
    return page;
}

/* Maps a page-cache page where nothing was; the reference becomes the PTE's. */
static unsigned map_file_page(struct vm_fault *vmf, struct page *page, bool write, bool dirty) {
    uint64_t pfn = page_to_pfn(vmf->kernel, page);
    int error = fault_set_new(vmf, make_pte(pfn, vmf->vma->flags, write, dirty));
    if (error) {
        put_page(vmf->kernel, page);
        return fault_error(error);
    }
    page_add_file_rmap(page, vmf->vma);
    return 0;
}

/* The pages to look at: [first, end) in pages from the fault, at most a PTE table and the VMA. */
struct around {
    uint64_t first, end; /* addresses */
};

/* Linux's clamps: the aligned window, cut at the VMA's start; its length counts from that cut, so
 * that it may reach past the aligned window's end. */
static struct around fault_around_window(const struct vm_fault *vmf) {
    const struct vm_area_struct *vma = vmf->vma;
    uint64_t bytes = vmf->kernel->config.fault_around_pages * (uint64_t)PAGE_BYTES;
    uint64_t table = UINT64_C(1) << pt_shift(vmf->kernel, 1);
    struct around window = {vmf->va & ~(bytes - 1), 0};
    if (window.first < vma->start)
        window.first = vma->start;
    window.end = window.first + bytes;
    if (window.end > vma->end)
        window.end = vma->end;
    if (window.end > (vmf->va & ~(table - 1)) + table)
        window.end = (vmf->va & ~(table - 1)) + table;
    return window;
}

/* One page of the window: mapped if it is cached and its PTE is none. Errors leave it to its own
 * fault. */
static bool map_neighbour(struct vm_fault *at) {
    struct inode *inode = at->vma->file->inode;
    uint64_t index = linear_page_index(at->vma, at->va);
    if (index * PAGE_BYTES >= inode->size || pte_read(at->kernel, &at->place) != 0 ||
        !pte_none(at->place.pte))
        return false;
    struct page *page = find_get_page(inode, index);
    if (!page)
        return false;
    if (!page_has(page, PG_uptodate)) {
        put_page(at->kernel, page);
        return false;
    }
    return map_file_page(at, page, read_maps_writable(at->vma), false) == 0;
}

/* Maps the cached pages around the fault; whether the fault's own was among them. */
static bool do_fault_around(struct vm_fault *vmf) {
    const struct around window = fault_around_window(vmf);
    unsigned bytes = pt_entry_bytes(vmf->kernel);
    bool mapped = false;
    for (uint64_t va = window.first; va < window.end; va += PAGE_BYTES) {
        struct vm_fault at = *vmf;
        at.va = va;
        at.place.pa = vmf->place.pa + va / PAGE_BYTES * bytes - vmf->va / PAGE_BYTES * bytes;
        if (!map_neighbour(&at))
            continue;
        if (va == vmf->va)
            mapped = true;
        else
            count_event(vmf->kernel, STAT_fault_around, 1);
    }
    return mapped;
}

/* Cached pages are mapped all around; a page that must be read first comes alone. */
static unsigned do_read_fault(struct vm_fault *vmf) {
    struct kernel *k = vmf->kernel;
    if (linear_page_index(vmf->vma, vmf->va) * PAGE_BYTES >= vmf->vma->file->inode->size)
        return VM_FAULT_SIGBUS; /* before a table is made for nothing */
    unsigned result = fault_pte_table(vmf);
    if (result)
        return result;
    if (k->config.fault_around_pages > 1 && do_fault_around(vmf)) {
        if (pte_read(k, &vmf->place) != 0)
            return VM_FAULT_SIGBUS;
        fault_step(vmf, STEP_FILE_READ, pte_to_pfn(vmf->place.pte));
        return 0;
    }
    struct page *page = fault_page(vmf, &result);
    if (!page)
        return result;
    uint64_t pfn = page_to_pfn(k, page);
    result |= map_file_page(vmf, page, read_maps_writable(vmf->vma), false);
    if (!(result & VM_FAULT_ERROR))
        fault_step(vmf, STEP_FILE_READ, pfn);
    return result;
}

/* A write to a private mapping: a copy at once, the page cache's page is never mapped. */
static unsigned do_cow_fault(struct vm_fault *vmf) {
    struct kernel *k = vmf->kernel;
    unsigned result = 0;
    if (anon_vma_prepare(vmf->vma) != 0)
        return VM_FAULT_OOM;
    struct page *copy = alloc_pages(k, GFP_USER, 0);
    if (!copy)
        return VM_FAULT_OOM;
    struct page *page = fault_page(vmf, &result);
    if (!page) {
        put_page(k, copy);
        return result;
    }
    int error = copy_user_page(k, copy, page);
    put_page(k, page);
    unsigned failed = error ? fault_error(error) : fault_pte_table(vmf);
    if (failed) {
        put_page(k, copy);
        return result | failed;
    }
    failed = fault_map_anon(vmf, copy, false);
    if (failed)
        return result | failed;
    count_event(k, STAT_cow_copy, 1);
    fault_step(vmf, STEP_FILE_COW, page_to_pfn(k, copy));
    return result;
}

static unsigned do_shared_fault(struct vm_fault *vmf) {
    struct kernel *k = vmf->kernel;
    unsigned result;
    struct page *page = fault_page(vmf, &result);
    if (!page)
        return result;
    unsigned failed = fault_pte_table(vmf);
    if (failed) {
        put_page(k, page);
        return result | failed;
    }
    uint64_t pfn = page_to_pfn(k, page);
    failed = map_file_page(vmf, page, true, true);
    if (failed)
        return result | failed;
    set_page_dirty(k, page);
    fault_step(vmf, STEP_FILE_SHARED, pfn);
    return result;
}

unsigned do_fault(struct vm_fault *vmf) {
    if (!vmf->write)
        return do_read_fault(vmf);
    return vmf->vma->flags & VM_SHARED ? do_shared_fault(vmf) : do_cow_fault(vmf);
}
