/* /proc/PID/maps, smaps and status. */
#include "filemap.h"
#include "huge_memory.h"
#include "mmap.h"
#include "pgtable_internal.h"
#include "show_internal.h"
#include "vma.h"

#include <inttypes.h>

/* ---- maps ---- */

static const char *vma_name(const struct vm_area_struct *vma) {
    const struct mm_struct *mm = vma->mm;
    if (vma->file)
        return vma->file->inode->operations ? "[file]" : "/dev/zero (deleted)";
    if (vma->start < mm->brk && vma->end > mm->start_brk)
        return "[heap]";
    if (vma->flags & VM_GROWSDOWN && vma->end >= mm->start_stack && vma->start < mm->start_stack)
        return "[stack]";
    return vma->flags & VM_HUGETLB ? "/anon_hugepage (deleted)" : "";
}

/* start-end rights offset name; devices and inode numbers there are none. */
static void show_map_vma(const struct vm_area_struct *vma, const struct mm_printer *to) {
    const char *name = vma_name(vma);
    mm_print(to, "%08" PRIx64 "-%08" PRIx64 " %c%c%c%c %08" PRIx64 "%s%s\n", vma->start, vma->end,
             vma->flags & VM_READ ? 'r' : '-', vma->flags & VM_WRITE ? 'w' : '-',
             vma->flags & VM_EXEC ? 'x' : '-', vma->flags & VM_SHARED ? 's' : 'p',
             vma->file ? vma->pgoff * PAGE_BYTES : 0, *name ? " " : "", name);
}

void show_maps(struct mm_struct *mm, const struct mm_printer *to) {
    for (struct vm_area_struct *vma = vma_first(mm); vma; vma = vma_next(vma))
        show_map_vma(vma, to);
}

/* ---- smaps ---- */

/* Bytes. */
struct mem_size_stats {
    const struct vm_area_struct *vma;
    uint64_t resident, shared_clean, shared_dirty, private_clean, private_dirty;
    uint64_t referenced, anonymous, anonymous_thp, swap, hugetlb_shared, hugetlb_private;
    uint64_t pss; /* of each page its part by the number of its mappings, in 1/4096 bytes */
};

static void smaps_hugetlb(struct mem_size_stats *stats, const struct page *page, uint64_t bytes) {
    if (page->mapcount > 1)
        stats->hugetlb_shared += bytes;
    else
        stats->hugetlb_private += bytes;
}

static void smaps_page(struct mem_size_stats *stats, uint64_t pte, const struct page *page,
                       uint64_t bytes) {
    bool dirty = pte_dirty(pte) || page_has(page, PG_dirty), shared = page->mapcount > 1;
    stats->resident += bytes;
    stats->pss += (bytes << 12) / (uint64_t)page->mapcount;
    if (pte_young(pte) || page_has(page, PG_referenced))
        stats->referenced += bytes;
    if (page_has(page, PG_anon)) {
        stats->anonymous += bytes;
        if (bytes > PAGE_BYTES)
            stats->anonymous_thp += bytes;
    }
    if (shared)
        *(dirty ? &stats->shared_dirty : &stats->shared_clean) += bytes;
    else
        *(dirty ? &stats->private_dirty : &stats->private_clean) += bytes;
}

static int smaps_entry(struct mm_struct *mm, uint64_t va, const struct pte_place *place,
                       void *context) {
    struct mem_size_stats *stats = context;
    uint64_t bytes = pt_size(mm->kernel, place->level);
    (void)va;
    if (pte_swap(place->pte))
        stats->swap += PAGE_BYTES;
    if (!pte_present(place->pte) || pte_special(place->pte))
        return 0;
    const struct page *page = pfn_to_page(mm->kernel, pte_to_pfn(place->pte));
    if (stats->vma->flags & VM_HUGETLB)
        smaps_hugetlb(stats, page, bytes);
    else
        smaps_page(stats, place->pte, page, bytes);
    return 0;
}

static void print_kb(const struct mm_printer *to, const char *name, uint64_t bytes) {
    mm_print(to, "%-16s%8" PRIu64 " kB\n", name, bytes / 1024);
}

static void show_vm_flags(unsigned flags, const struct mm_printer *to) {
    static const struct {
        unsigned flag;
        const char *name;
    } names[] = {{VM_READ, "rd"},    {VM_WRITE, "wr"},     {VM_EXEC, "ex"},
                 {VM_SHARED, "sh"},  {VM_GROWSDOWN, "gd"}, {VM_LOCKED, "lo"},
                 {VM_HUGETLB, "ht"}, {VM_HUGEPAGE, "hg"},  {VM_NOHUGEPAGE, "nh"}};
    mm_print(to, "VmFlags:");
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (flags & names[i].flag)
            mm_print(to, " %s", names[i].name);
    mm_print(to, "\n");
}

static void show_smap(struct vm_area_struct *vma, const struct mm_printer *to) {
    struct mem_size_stats stats = {.vma = vma};
    uint64_t page = vma->flags & VM_HUGETLB ? UINT64_C(1) << vma->huge_shift : (uint64_t)PAGE_BYTES;
    int error = walk_page_range(vma->mm, vma->start, vma->end, smaps_entry, &stats);
    show_map_vma(vma, to);
    print_kb(to, "Size:", vma->end - vma->start);
    print_kb(to, "KernelPageSize:", page);
    print_kb(to, "MMUPageSize:", page);
    print_kb(to, "Rss:", stats.resident);
    print_kb(to, "Pss:", stats.pss >> 12);
    print_kb(to, "Shared_Clean:", stats.shared_clean);
    print_kb(to, "Shared_Dirty:", stats.shared_dirty);
    print_kb(to, "Private_Clean:", stats.private_clean);
    print_kb(to, "Private_Dirty:", stats.private_dirty);
    print_kb(to, "Referenced:", stats.referenced);
    print_kb(to, "Anonymous:", stats.anonymous);
    print_kb(to, "AnonHugePages:", stats.anonymous_thp);
    print_kb(to, "Shared_Hugetlb:", stats.hugetlb_shared);
    print_kb(to, "Private_Hugetlb:", stats.hugetlb_private);
    print_kb(to, "Swap:", stats.swap);
    print_kb(to, "Locked:", vma->flags & VM_LOCKED ? stats.pss >> 12 : 0);
    uint64_t size = pt_size(vma->mm->kernel, 1);
    mm_print(to, "THPeligible:    %8d\n",
             thp_allowed(vma, (vma->start + size - 1) & ~(size - 1)) ? 1 : 0);
    show_vm_flags(vma->flags, to);
    if (error)
        mm_print(to, "(a page table could not be read)\n");
}

void show_smaps(struct mm_struct *mm, const struct mm_printer *to) {
    for (struct vm_area_struct *vma = vma_first(mm); vma; vma = vma_next(vma))
        show_smap(vma, to);
}

/* ---- status ---- */

static uint64_t stack_pages(struct mm_struct *mm) {
    uint64_t pages = 0;
    for (struct vm_area_struct *vma = vma_first(mm); vma; vma = vma_next(vma))
        if (vma->flags & VM_STACK)
            pages += vma_pages(vma);
    return pages;
}

/* Private and writable, not the stack (Linux: is_data_mapping). */
static uint64_t data_pages(struct mm_struct *mm) {
    uint64_t pages = 0;
    for (struct vm_area_struct *vma = vma_first(mm); vma; vma = vma_next(vma))
        if ((vma->flags & (VM_WRITE | VM_SHARED | VM_STACK)) == VM_WRITE)
            pages += vma_pages(vma);
    return pages;
}

static void print_vm(const struct mm_printer *to, const char *name, uint64_t bytes) {
    mm_print(to, "%s\t%8" PRIu64 " kB\n", name, bytes / 1024);
}

static void show_mm(struct mm_struct *mm, const struct mm_printer *to) {
    uint64_t rss = mm->rss[MM_ANONPAGES] + mm->rss[MM_FILEPAGES] + mm->rss[MM_SHMEMPAGES];
    uint64_t peak = rss > mm->hiwater_rss ? rss : mm->hiwater_rss;
    print_vm(to, "VmSize:", mm->total_vm * PAGE_BYTES);
    print_vm(to, "VmLck:", mm->locked_vm * PAGE_BYTES);
    print_vm(to, "VmHWM:", peak * PAGE_BYTES);
    print_vm(to, "VmRSS:", rss * PAGE_BYTES);
    print_vm(to, "RssAnon:", mm->rss[MM_ANONPAGES] * PAGE_BYTES);
    print_vm(to, "RssFile:", mm->rss[MM_FILEPAGES] * PAGE_BYTES);
    print_vm(to, "RssShmem:", mm->rss[MM_SHMEMPAGES] * PAGE_BYTES);
    print_vm(to, "VmData:", data_pages(mm) * PAGE_BYTES);
    print_vm(to, "VmStk:", stack_pages(mm) * PAGE_BYTES);
    print_vm(to, "VmExe:", mm->end_code - mm->start_code);
    print_vm(to, "VmPTE:", mm->pgtables_bytes);
    print_vm(to, "VmSwap:", mm->rss[MM_SWAPENTS] * PAGE_BYTES);
}

void show_status(struct task_struct *task, const struct mm_printer *to) {
    mm_print(to, "Pid:\t%" PRIu64 "\nPPid:\t%" PRIu64 "\nState:\t%s\n", task->pid, task->parent,
             task->mm ? "R (running)" : "Z (zombie)");
    if (task->mm)
        show_mm(task->mm, to);
    mm_print(to, "MinFlt:\t%8" PRIu64 "\nMajFlt:\t%8" PRIu64 "\n", task->min_flt, task->maj_flt);
}
