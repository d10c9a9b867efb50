/* Dynamic kernel memory: contiguous addresses, frames from anywhere (Linux: mm/vmalloc.c). Its
 * areas are VMAs of init_mm, each with an unmapped guard page at its end. */
#include "layout.h"
#include "mmap.h"
#include "page_alloc.h"
#include "pgtable_internal.h"
#include "vma.h"

/* Beyond this many pages one fence of everything is cheaper. */
#define FENCE_EACH_PAGES 64

static struct vm_area_struct *get_vm_area(struct kernel *k, uint64_t bytes) {
    const struct layout *layout = mm_layout(k->config.mode);
    const struct gap_search search = {.low = layout->vmalloc_start,
                                      .high = layout->vmalloc_end,
                                      .length = bytes + PAGE_BYTES,
                                      .align = PAGE_BYTES,
                                      .bottom_up = true};
    struct vm_area_struct *area = vma_alloc(k->init_mm);
    if (!area)
        return NULL;
    if (vm_unmapped_area(k->init_mm, &search, &area->start) != 0) {
        vma_free(area);
        return NULL;
    }
    area->end = area->start + search.length;
    area->flags = VM_READ | VM_WRITE;
    area->pgoff = area->start / PAGE_BYTES;
    vma_link(k->init_mm, area);
    return area;
}

static int map_new_page(struct kernel *k, uint64_t va) {
    struct pte_place place;
    int error = pgtable_make(k->init_mm, va, 0, &place);
    if (error)
        return error;
    struct page *page = alloc_pages(k, GFP_KERNEL | GFP_HIGHMEM_ZONE, 0);
    if (!page)
        return -ENOMEM;
    error = pte_write(k, &place, va, make_kernel_pte(page_to_pfn(k, page), VM_READ | VM_WRITE));
    if (error)
        put_page(k, page);
    return error;
}

uint64_t vmalloc(struct kernel *k, uint64_t bytes) {
    const struct layout *layout = mm_layout(k->config.mode);
    if (bytes == 0 || bytes > layout->vmalloc_end - layout->vmalloc_start)
        return 0;
    bytes = (bytes + PAGE_BYTES - 1) / PAGE_BYTES * PAGE_BYTES;
    struct vm_area_struct *area = get_vm_area(k, bytes);
    if (!area)
        return 0;
    uint64_t start = area->start;
    for (uint64_t va = start; va < start + bytes; va += PAGE_BYTES) {
        if (map_new_page(k, va) != 0) {
            vfree(k, start);
            return 0;
        }
    }
    return start;
}

struct unmapping {
    struct page_list pages;
    int error;
};

static int unmap_kernel_page(struct mm_struct *mm, uint64_t va, const struct pte_place *place,
                             void *context) {
    struct unmapping *unmapping = context;
    int error = pte_write(mm->kernel, place, va, 0);
    if (error)
        unmapping->error = error;
    else
        TAILQ_INSERT_TAIL(&unmapping->pages, pfn_to_page(mm->kernel, pte_to_pfn(place->pte)), list);
    return 0;
}

static void fence_area(struct kernel *k, const struct vm_area_struct *area) {
    if (vma_pages(area) > FENCE_EACH_PAGES) {
        flush_tlb_all(k);
        return;
    }
    for (uint64_t va = area->start; va < area->end; va += PAGE_BYTES)
        flush_tlb_kernel(k, va);
}

/* Frames whose entries could be cleared go; the addresses, once all could. */
static int free_area(struct kernel *k, struct vm_area_struct *area) {
    struct unmapping unmapping = {.error = 0};
    TAILQ_INIT(&unmapping.pages);
    int error = walk_page_range(k->init_mm, area->start, area->end, unmap_kernel_page, &unmapping);
    fence_area(k, area);
    struct page *page;
    while ((page = TAILQ_FIRST(&unmapping.pages))) {
        TAILQ_REMOVE(&unmapping.pages, page, list);
        put_page(k, page);
    }
    if (!error)
        error = unmapping.error;
    if (!error) {
        vma_unlink(area);
        vma_free(area);
    }
    return error;
}

void vfree(struct kernel *k, uint64_t va) {
    struct vm_area_struct *area = find_vma(k->init_mm, va);
    if (!area || area->start != va || free_area(k, area) == 0)
        return;
    area->flags = 0;
    k->vmap_unfreed++;
}

void vfree_unfreed(struct kernel *k) {
    struct vm_area_struct *area, *next;
    if (k->vmap_unfreed == 0)
        return;
    for (area = vma_first(k->init_mm); area; area = next) {
        next = vma_next(area);
        if (area->flags == 0 && free_area(k, area) == 0)
            k->vmap_unfreed--;
    }
}
