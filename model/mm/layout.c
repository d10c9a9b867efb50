/*
 * Addresses: Linux's Documentation/arch/riscv/vm-layout for the 64-bit modes. Sv32 has no table
 * there; ours keeps the classic split, with the upper 128 MiB of the kernel's GiB for everything
 * that is not the linear map.
 */
#include "layout.h"

#include "mmap.h"
#include "page_alloc.h"
#include "pgtable_internal.h"
#include "slub.h"

#define MiB (UINT64_C(1) << 20)
#define GiB (UINT64_C(1) << 30)
#define TiB (UINT64_C(1) << 40)
#define PiB (UINT64_C(1) << 50)

/* Below the highest stack: what it may grow to, and its guard gap (Linux: mmap_base()). */
#define STACK_AND_GAP (129 * MiB)

/* Where RISC-V programs are linked that are not position independent. */
#define EXEC_BASE UINT64_C(0x10000)

#define USER(size)                                                                                 \
    .task_size = (size), .exec_base = EXEC_BASE, .stack_top = (size),                              \
    .mmap_base = (size)-STACK_AND_GAP

static const struct layout sv32 = {
    USER(3 * GiB),
    .page_offset = 0xc0000000,
    .linear_bytes = 896 * MiB,
    .vmalloc_start = 0xf8800000,
    .vmalloc_end = 0xfb000000,
    .vmemmap = 0xfb000000, /* enough for 4 GiB of memory */
    .vmemmap_bytes = 64 * MiB,
    .kernel_link = 0xff000000,
    .kernel_room = 16 * MiB,
};

static const struct layout sv39 = {
    USER(256 * GiB),
    .vmemmap = 0xffffffc500000000,
    .vmemmap_bytes = 4 * GiB,
    .vmalloc_start = 0xffffffc600000000,
    .vmalloc_end = 0xffffffd600000000,
    .page_offset = 0xffffffd600000000,
    .linear_bytes = 128 * GiB,
    .kernel_link = 0xffffffff80000000,
    .kernel_room = 2 * GiB,
};

static const struct layout sv48 = {
    USER(128 * TiB),
    .vmemmap = 0xffff8d8000000000,
    .vmemmap_bytes = 2 * TiB,
    .vmalloc_start = 0xffff8f8000000000,
    .vmalloc_end = 0xffffaf8000000000,
    .page_offset = 0xffffaf8000000000,
    .linear_bytes = 64 * TiB,
    .kernel_link = 0xffffffff80000000,
    .kernel_room = 2 * GiB,
};

static const struct layout sv57 = {
    USER(64 * PiB),
    .vmemmap = 0xff1c000000000000,
    .vmemmap_bytes = 1 * PiB,
    .vmalloc_start = 0xff20000000000000,
    .vmalloc_end = 0xff60000000000000,
    .page_offset = 0xff60000000000000,
    .linear_bytes = 32 * PiB - 256 * TiB,
    .kernel_link = 0xffffffff80000000,
    .kernel_room = 2 * GiB,
};

const struct layout *mm_layout(enum paging_mode mode) {
    switch (mode) {
    case MODE_SV32:
        return &sv32;
    case MODE_SV39:
        return &sv39;
    case MODE_SV48:
        return &sv48;
    default:
        return &sv57;
    }
}

/* ---- the kernel half ---- */

/* Shares of the kernel image: code, constants, and what is left for data and bss. */
static uint64_t text_bytes(const struct mm_config *config) {
    return config->kernel_bytes / 2 / PAGE_BYTES * PAGE_BYTES;
}

static uint64_t rodata_bytes(const struct mm_config *config) {
    return config->kernel_bytes / 4 / PAGE_BYTES * PAGE_BYTES;
}

/* The highest level whose leaves fit here. */
static unsigned largest_level(const struct kernel *k, uint64_t va, uint64_t pa, uint64_t bytes) {
    unsigned level = pt_levels(k) - 1;
    while (level > 0 && ((va | pa) & (pt_size(k, level) - 1) || bytes < pt_size(k, level)))
        level--;
    return level;
}

/* Global leaves, as large as fit. -ENOMEM, -EIO. */
static int map_kernel_range(struct kernel *k, uint64_t va, uint64_t pa, uint64_t bytes,
                            unsigned rights) {
    while (bytes > 0) {
        unsigned level = largest_level(k, va, pa, bytes);
        uint64_t size = pt_size(k, level);
        struct pte_place place;
        int error = pgtable_make(k->init_mm, va, level, &place);
        if (!error)
            error = pte_write(k, &place, va, make_kernel_pte(pa / PAGE_BYTES, rights));
        if (error)
            return error;
        va += size;
        pa += size;
        bytes -= size;
    }
    return 0;
}

static int map_kernel_image(struct kernel *k) {
    const struct mm_config *config = &k->config;
    uint64_t va = mm_layout(config->mode)->kernel_link, pa = config->node[0].base;
    uint64_t text = text_bytes(config), rodata = rodata_bytes(config);
    uint64_t rest = config->kernel_bytes - text - rodata;
    int error = map_kernel_range(k, va, pa, text, VM_READ | VM_EXEC);
    if (!error)
        error = map_kernel_range(k, va + text, pa + text, rodata, VM_READ);
    if (!error)
        error =
            map_kernel_range(k, va + text + rodata, pa + text + rodata, rest, VM_READ | VM_WRITE);
    return error;
}

/* Memory of all nodes as far as the linear map reaches. What must not be written under its own name
 * must not be written under this one either. */
static int map_linear(struct kernel *k) {
    const struct mm_config *config = &k->config;
    const struct layout *layout = mm_layout(config->mode);
    uint64_t read_only = text_bytes(config) + rodata_bytes(config), first = config->node[0].base;
    int error = map_kernel_range(k, layout->page_offset, first, read_only, VM_READ);
    for (unsigned n = 0; n < config->nodes && !error; n++) {
        uint64_t from = config->node[n].base - first, to = from + config->node[n].bytes;
        if (n == 0)
            from += read_only;
        if (to > layout->linear_bytes)
            to = layout->linear_bytes;
        if (from < to)
            error = map_kernel_range(k, layout->page_offset + from, first + from, to - from,
                                     VM_READ | VM_WRITE);
    }
    return error;
}

static int map_memory_map(struct kernel *k) {
    return map_kernel_range(k, mm_layout(k->config.mode)->vmemmap,
                            mem_map_start(&k->config) * PAGE_BYTES,
                            mem_map_pages(&k->config) * PAGE_BYTES, VM_READ | VM_WRITE);
}

/* Tables below every root entry of dynamic memory: all roots share them from the start. */
static int preallocate_vmalloc_tables(struct kernel *k) {
    const struct layout *layout = mm_layout(k->config.mode);
    unsigned root = pt_levels(k) - 1;
    int error = 0;
    for (uint64_t va = layout->vmalloc_start; va < layout->vmalloc_end && !error;
         va += pt_size(k, root)) {
        struct pte_place place;
        error = pgtable_make(k->init_mm, va, root - 1, &place);
    }
    return error;
}

static struct mm_struct *init_mm_alloc(struct kernel *k) {
    struct mm_struct *mm = kmem_cache_alloc(k, k->own[CACHE_MM], GFP_KERNEL | GFP_ZERO);
    if (!mm)
        return NULL;
    mm->kernel = k;
    mm->users = 1;
    TAILQ_INIT(&mm->deposited);
    if (pgd_alloc(mm) != 0) {
        kmem_cache_free(k, k->own[CACHE_MM], mm);
        return NULL;
    }
    return mm;
}

int kernel_map_init(struct kernel *k) {
    k->init_mm = init_mm_alloc(k);
    if (!k->init_mm)
        return -ENOMEM;
    int error = map_kernel_image(k);
    if (!error)
        error = map_linear(k);
    if (!error)
        error = map_memory_map(k);
    if (!error)
        error = preallocate_vmalloc_tables(k);
    if (error)
        kernel_map_free(k);
    return error;
}

void kernel_map_free(struct kernel *k) {
    struct mm_struct *mm = k->init_mm;
    if (!mm)
        return;
    struct vm_area_struct *area, *next;
    for (area = vma_first(mm); area; area = next) {
        next = vma_next(area);
        vfree(k, area->start);
    }
    /* The kernel half from its first address to the very last. */
    uint64_t start = pt_is_sv32(k) ? mm_layout(MODE_SV32)->page_offset
                                   : UINT64_MAX << (pt_shift_of(k, pt_levels(k)) - 1);
    free_pgtables(mm, start, pt_is_sv32(k) ? UINT64_C(1) << 32 : 0, 0, 0);
    pgd_free(mm);
    kmem_cache_free(k, k->own[CACHE_MM], mm);
    k->init_mm = NULL;
}

uint64_t phys_to_virt(const struct kernel *k, uint64_t pa) {
    const struct layout *layout = mm_layout(k->config.mode);
    uint64_t offset = pa - k->config.node[0].base;
    return offset < layout->linear_bytes ? layout->page_offset + offset : 0;
}
