/* A program image becomes an address space (Linux: fs/exec.c, binfmt_elf.c). */
#include "context.h"
#include "filemap.h"
#include "fork.h"
#include "frame_bytes.h"
#include "layout.h"
#include "mmap.h"
#include "page_alloc.h"
#include "page_fault.h"

static int map_fixed(struct mm_struct *mm, uint64_t addr, uint64_t length, unsigned rights,
                     unsigned flags, struct file *file, uint64_t offset) {
    const struct mmap_request request = {.addr = addr,
                                         .length = length,
                                         .rights = rights,
                                         .flags = MM_MAP_FIXED | MM_MAP_NOREPLACE | flags,
                                         .file = file,
                                         .offset = offset};
    int64_t result = length > 0 ? mm_mmap(mm, &request) : 0;
    return result < 0 ? (int)result : 0;
}

/* The bss begins in the last page of the data: what the file has behind them there must not be
 * seen (Linux: padzero). */
static int clear_tail(struct mm_struct *mm, uint64_t va) {
    static const uint8_t zero[PAGE_BYTES];
    struct kernel *k = mm->kernel;
    int error;
    struct page *page = get_user_page(mm, va, ACCESS_WRITE, &error);
    if (!page)
        return error;
    uint64_t pa = page_to_phys(k, page) + va % PAGE_BYTES;
    bool done = frame_store(k, pa, zero, frame_rest(pa));
    put_page(k, page);
    return done ? 0 : -EIO;
}

static int map_data(struct mm_struct *mm, const struct exec_image *image) {
    uint64_t end = image->data + image->data_bytes, bss = page_align(end);
    uint64_t bss_end = page_align(end + image->bss_bytes);
    int error = map_fixed(mm, image->data, image->data_bytes, VM_READ | VM_WRITE, 0, image->file,
                          image->data_offset);
    if (!error && bss_end > bss)
        error = map_fixed(mm, bss, bss_end - bss, VM_READ | VM_WRITE, 0, NULL, 0);
    if (!error && image->file && image->bss_bytes > 0 && end % PAGE_BYTES)
        error = clear_tail(mm, end);
    mm->start_data = image->data;
    mm->end_data = end;
    mm->start_brk = mm->brk = bss_end;
    return error;
}

static int map_image(struct mm_struct *mm, const struct exec_image *image) {
    uint64_t top = mm_layout(mm->kernel->config.mode)->stack_top;
    uint64_t stack = page_align(image->stack_bytes ? image->stack_bytes : 1);
    if (stack > mm->stack_limit)
        return -ENOMEM;
    int error = map_fixed(mm, image->code, image->code_bytes, VM_READ | VM_EXEC, 0, image->file,
                          image->code_offset);
    if (!error)
        error = map_data(mm, image);
    if (!error)
        error = map_fixed(mm, top - stack, stack, VM_READ | VM_WRITE, MM_MAP_GROWSDOWN, NULL, 0);
    mm->start_code = image->code;
    mm->end_code = image->code + image->code_bytes;
    mm->start_stack = top;
    return error;
}

/* Wraps, or lies outside user space. */
static bool is_sane(const struct kernel *k, const struct exec_image *image) {
    uint64_t end = mm_layout(k->config.mode)->task_size;
    return image->code < end && image->code_bytes <= end - image->code && image->data < end &&
           image->data_bytes <= end - image->data &&
           image->bss_bytes <= end - image->data - image->data_bytes &&
           (image->code | image->data | image->code_offset | image->data_offset) % PAGE_BYTES == 0;
}

/* The new address space is complete before the old one goes: a failure changes nothing. */
int mm_exec(struct kernel *k, struct task_struct *task, const struct exec_image *image) {
    if (!task->mm || !is_sane(k, image))
        return -EINVAL;
    struct mm_struct *old = task->mm, *mm = mm_alloc(k);
    if (!mm)
        return -ENOMEM;
    int error = map_image(mm, image);
    if (!error && !task->mm) /* killed for lack of memory meanwhile */
        error = -ENOMEM;
    if (error) {
        mmput(mm);
        return error;
    }
    task->mm = mm;
    if (k->current == task)
        switch_mm(k, task);
    mmput(old);
    return 0;
}
