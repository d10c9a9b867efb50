/* Page tables: every table of every address space is read, and every entry compared with its area
 * and its frame. */
#include "check_internal.h"

#include "../mmu/pte.h"
#include "filemap.h"
#include "layout.h"
#include "mmap.h"
#include "pgtable.h"
#include "swap.h"

#include <string.h>

/* One address space while its tables are walked. */
struct walk {
    struct checker *check;
    struct mm_struct *mm;
    bool kernel;                /* init_mm */
    struct vm_area_struct *vma; /* the first that ends above the entry at hand */
    uint64_t tables;            /* below the root */
    uint64_t rss[NR_MM_COUNTERS];
    uint64_t huge; /* anonymous huge leaves */
    struct mmu_control control;
    const struct mode *mode;
};

static bool wrong_pte(const struct walk *walk, uint64_t va, uint64_t pte, const char *what) {
    return wrong(walk->check, "pid %llu: va %#llx: PTE %#llx: %s",
                 (ull)pid_of(walk->check->k, walk->mm), (ull)va, (ull)pte, what);
}

/* Makes walk->vma the area of va, which only rises; false: there is none. */
static bool find_area(struct walk *walk, uint64_t va) {
    while (walk->vma && walk->vma->end <= va)
        walk->vma = vma_next(walk->vma);
    return walk->vma && walk->vma->start <= va;
}

static bool load_table(const struct walk *walk, uint64_t pfn, uint64_t *entries) {
    const struct machine *machine = &walk->check->k->machine;
    uint8_t bytes[PAGE_BYTES];
    if (!machine->load_page(machine->context, pfn * PAGE_BYTES, bytes))
        return wrong(walk->check, "page table in frame %#llx: bus error", (ull)pfn);
    unsigned size = pt_entry_bytes(walk->check->k);
    for (unsigned i = 0; i < PAGE_BYTES / size; i++) {
        entries[i] = 0;
        for (unsigned b = 0; b < size; b++)
            entries[i] |= (uint64_t)bytes[i * size + b] << 8 * b;
    }
    return true;
}

static bool check_table_frame(const struct walk *walk, uint64_t pfn) {
    struct checker *check = walk->check;
    if (!own_frames(check, pfn, 1, OWNER_TABLE))
        return false;
    const struct page *page = pfn_to_page(check->k, pfn);
    if (!page_has(page, PG_table) || page->refcount != 1 || page->mapcount != 0)
        return wrong(check, "frame %#llx: a page table with flags %#x, refcount %d, mapcount %d",
                     (ull)pfn, page->flags, page->refcount, page->mapcount);
    check->stat[STAT_nr_page_table_pages]++;
    return true;
}

/* What hardware would make of a valid leaf. */
static bool check_encoding(const struct walk *walk, uint64_t va, uint64_t pte, unsigned level) {
    enum fault_reason reason = pte_check(pte, walk->mode, &walk->control);
    if (reason == FAULT_NONE)
        reason = pte_check_leaf(pte, walk->mode, level);
    return reason == FAULT_NONE || wrong_pte(walk, va, pte, fault_text(reason));
}

static bool check_rights(const struct walk *walk, uint64_t va, uint64_t pte) {
    unsigned rights = walk->vma->flags & VM_RIGHTS;
    if (!pte_bit(pte, PTE_BIT_V))
        return rights == 0 || wrong_pte(walk, va, pte, "PROT_NONE in an area that has rights");
    if (rights == 0)
        return wrong_pte(walk, va, pte, "valid in an area without rights");
    if (!pte_bit(pte, PTE_BIT_U))
        return wrong_pte(walk, va, pte, "a user page without U");
    if (pte_bit(pte, PTE_BIT_G))
        return wrong_pte(walk, va, pte, "a user page that is global");
    if (pte_bit(pte, PTE_BIT_W) && !(rights & VM_WRITE))
        return wrong_pte(walk, va, pte, "writable, but its area is not");
    if (pte_bit(pte, PTE_BIT_X) && !(rights & VM_EXEC))
        return wrong_pte(walk, va, pte, "executable, but its area is not");
    return true;
}

/* The page is where its descriptor (of a part of a compound page: its head's) says. */
static bool check_mapping(const struct walk *walk, uint64_t va, uint64_t pte,
                          const struct page *page, const struct page *head) {
    const struct vm_area_struct *vma = walk->vma;
    if (page_has(head, PG_hugetlb) != !!(vma->flags & VM_HUGETLB))
        return wrong_pte(walk, va, pte, "explicit huge pages and others do not mix");
    if (page_has(head, PG_hugetlb))
        return true;
    bool anon = page_has(head, PG_anon);
    if (anon && vma->flags & VM_SHARED)
        return wrong_pte(walk, va, pte, "an anonymous page in a shared area");
    if (anon && head->mapping != vma->anon_vma)
        return wrong_pte(walk, va, pte, "an anonymous page of another family");
    if (!anon && (!vma->file || head->mapping != &vma->file->inode->mapping))
        return wrong_pte(walk, va, pte, "a page that is not of the file of its area");
    if (head->index + (uint64_t)(page - head) != linear_page_index(vma, va))
        return wrong_pte(walk, va, pte, "a page with the wrong index");
    if (!anon && !(vma->flags & VM_SHARED) && pte_bit(pte, PTE_BIT_W))
        return wrong_pte(walk, va, pte, "a private mapping may write to the file's page");
    return true;
}

static enum rss rss_of(const struct page *page) {
    if (page_has(page, PG_anon))
        return MM_ANONPAGES;
    return page_has(page, PG_swapbacked) ? MM_SHMEMPAGES : MM_FILEPAGES;
}

/* The zero page, which is not counted, or the huge one, whose leaves hold a reference each. */
static bool check_special(struct walk *walk, uint64_t va, uint64_t pte, const struct page *page,
                          unsigned level) {
    struct checker *check = walk->check;
    const struct page *zero = level == 0 ? check->k->zero_page : check->k->huge_zero_page;
    if (page != zero || level > 1 || pte_bit(pte, PTE_BIT_W))
        return wrong_pte(walk, va, pte, "special, but not the zero page, or writable");
    if (level == 0)
        return true;
    walk->huge++;
    frame_notes(check, page_to_pfn(check->k, page))->leaves++;
    return own_frames(check, page_to_pfn(check->k, page), page_frames(page), OWNER_USER);
}

/* A huge leaf maps a compound page of its size; a base PTE a page, or one frame of a transparent
 * huge page that this address space has split. */
static bool check_size(const struct walk *walk, uint64_t va, uint64_t pte, const struct page *page,
                       const struct page *head, uint64_t frames) {
    if (va + frames * PAGE_BYTES > walk->vma->end)
        return wrong_pte(walk, va, pte, "a huge leaf reaches out of its area");
    if (frames > 1 ? page != head || page_frames(head) != frames
                   : page_frames(head) > 1 && !page_has(head, PG_anon))
        return wrong_pte(walk, va, pte, "a leaf that is not the size of its page");
    return true;
}

static bool check_user_leaf(struct walk *walk, uint64_t va, uint64_t pte, unsigned level) {
    struct checker *check = walk->check;
    uint64_t pfn = pte_to_pfn(pte), frames = UINT64_C(1) << (pt_shift(check->k, level) - 12);
    struct page *page = pfn_to_page(check->k, pfn), *head = page ? compound_head(page) : NULL;
    if (!page || !is_descriptor(check, head))
        return wrong_pte(walk, va, pte, "maps what is not memory");
    if (!check_rights(walk, va, pte))
        return false;
    if (pte_special(pte))
        return check_special(walk, va, pte, page, level);
    if (page_has(page, PG_reserved) || head == check->k->zero_page ||
        head == check->k->huge_zero_page)
        return wrong_pte(walk, va, pte, "maps a frame that is not users'");
    uint64_t head_pfn = page_to_pfn(check->k, head);
    if (!check_size(walk, va, pte, page, head, frames) ||
        !check_mapping(walk, va, pte, page, head) ||
        !own_frames(check, head_pfn, page_frames(head), OWNER_USER))
        return false;
    struct frame_notes *notes = frame_notes(check, pfn);
    notes->ptes += level == 0;
    notes->leaves += level > 0;
    notes->writable += !(walk->vma->flags & VM_SHARED) && pte_bit(pte, PTE_BIT_W);
    if (!page_has(head, PG_hugetlb)) {
        walk->rss[rss_of(head)] += frames;
        walk->huge += level > 0;
    }
    return true;
}

static bool check_swap_entry(struct walk *walk, uint64_t va, uint64_t pte, unsigned level) {
    uint64_t slot = pte_swap_slot(pte);
    if (level != 0 || slot >= walk->check->slots)
        return wrong_pte(walk, va, pte, "a swap entry of no slot, or above the last level");
    if (walk->vma->flags & VM_SHARED)
        return wrong_pte(walk, va, pte, "a swap entry in a shared area");
    walk->check->entries[slot]++;
    walk->rss[MM_SWAPENTS]++;
    return true;
}

/* Kernel leaves: what the linear map reaches belongs to others; dynamic memory is its own. */
static bool check_kernel_leaf(struct walk *walk, uint64_t va, uint64_t pte, unsigned level) {
    struct checker *check = walk->check;
    const struct layout *layout = mm_layout(check->k->config.mode);
    if (!pte_bit(pte, PTE_BIT_G) || pte_bit(pte, PTE_BIT_U))
        return wrong_pte(walk, va, pte, "a kernel page that is not global, or the user's");
    if (va < layout->vmalloc_start || va >= layout->vmalloc_end)
        return true;
    if (!find_area(walk, va))
        return wrong_pte(walk, va, pte, "dynamic memory outside of every area");
    uint64_t pfn = pte_to_pfn(pte);
    if (level != 0 || !own_frames(check, pfn, 1, OWNER_VMALLOC))
        return level == 0 ? false : wrong_pte(walk, va, pte, "dynamic memory by a huge leaf");
    const struct page *page = pfn_to_page(check->k, pfn);
    if (page->refcount != 1 || page->mapcount != 0 || page->flags != 0)
        return wrong(check, "frame %#llx: dynamic memory with flags %#x, refcount %d, mapcount %d",
                     (ull)pfn, page->flags, page->refcount, page->mapcount);
    return true;
}

static bool check_entry(struct walk *walk, uint64_t va, uint64_t pte, unsigned level) {
    if (pte_present(pte) && pte_bit(pte, PTE_BIT_V) && !check_encoding(walk, va, pte, level))
        return false;
    if (walk->kernel)
        return pte_bit(pte, PTE_BIT_V) ? check_kernel_leaf(walk, va, pte, level)
                                       : wrong_pte(walk, va, pte, "not valid in the kernel half");
    if (!find_area(walk, va))
        return wrong_pte(walk, va, pte, "outside of every area");
    if (pte_present(pte))
        return check_user_leaf(walk, va, pte, level);
    if (pte_swap(pte))
        return check_swap_entry(walk, va, pte, level);
    return wrong_pte(walk, va, pte, "neither a leaf, a pointer, nor a swap entry");
}

/* Entries [from, to) of a table; as deep as the mode has levels, five at most. */
static bool check_table(struct walk *walk, const uint64_t *entries, uint64_t base, unsigned level,
                        uint64_t from, uint64_t to) {
    for (uint64_t i = from; i < to; i++) {
        uint64_t va = base + (i << pt_shift(walk->check->k, level));
        if (pte_none(entries[i]))
            continue;
        if (!pte_table(entries[i])) {
            if (!check_entry(walk, va, entries[i], level))
                return false;
            continue;
        }
        if (level == 0 || pte_check(entries[i], walk->mode, &walk->control) != FAULT_NONE ||
            pte_check_pointer(entries[i], walk->mode, level) != FAULT_NONE)
            return wrong_pte(walk, va, entries[i], "a pointer that hardware refuses");
        uint64_t below[PAGE_BYTES / 4], pfn = pte_to_pfn(entries[i]);
        walk->tables++;
        if (!check_table_frame(walk, pfn) || !load_table(walk, pfn, below) ||
            !check_table(walk, below, va, level - 1, 0, pt_entries(walk->check->k)))
            return false;
    }
    return true;
}

/* The first root entry that is not the user's. */
static uint64_t user_entries(struct kernel *k) {
    unsigned shift = pt_shift(k, pt_levels(k) - 1);
    return (mm_layout(k->config.mode)->task_size + (UINT64_C(1) << shift) - 1) >> shift;
}

/* Sign-extended, but in Sv32. */
static uint64_t kernel_base(const struct kernel *k, const struct mode *mode) {
    return k->config.mode == MODE_SV32 ? 0 : UINT64_MAX << mode->va_bits;
}

static bool check_deposits(struct walk *walk) {
    struct checker *check = walk->check;
    uint64_t deposits = 0;
    struct page *page;
    TAILQ_FOREACH(page, &walk->mm->deposited, list) {
        if (!is_descriptor(check, page))
            return wrong(check, "pid %llu: the list of deposited tables is broken",
                         (ull)pid_of(check->k, walk->mm));
        if (!check_table_frame(walk, page_to_pfn(check->k, page)))
            return false;
        deposits++;
    }
    if (deposits != walk->huge)
        return wrong(check, "pid %llu: %llu tables deposited for %llu anonymous huge leaves",
                     (ull)pid_of(check->k, walk->mm), (ull)deposits, (ull)walk->huge);
    walk->tables += deposits;
    return true;
}

static bool check_counters(const struct walk *walk) {
    static const char *const name[] = {"anonymous", "file", "shared memory", "swap"};
    const struct mm_struct *mm = walk->mm;
    ull pid = pid_of(walk->check->k, mm);
    for (int i = 0; i < NR_MM_COUNTERS; i++)
        if (walk->rss[i] != mm->rss[i])
            return wrong(walk->check, "pid %llu: %llu %s entries in its tables, counted %llu", pid,
                         (ull)walk->rss[i], name[i], (ull)mm->rss[i]);
    if (walk->tables * PAGE_BYTES != mm->pgtables_bytes)
        return wrong(walk->check, "pid %llu: %llu tables, counted %llu bytes", pid,
                     (ull)walk->tables, (ull)mm->pgtables_bytes);
    return true;
}

static bool check_mm(struct checker *check, struct mm_struct *mm, const uint64_t *kernel_root) {
    struct kernel *k = check->k;
    unsigned top = pt_levels(k) - 1;
    uint64_t root[PAGE_BYTES / 4], users = user_entries(k);
    struct walk walk = {.check = check,
                        .mm = mm,
                        .vma = vma_first(mm),
                        .mode = mode_find(k->config.mode),
                        .control = {.mode = k->config.mode, .adue = k->config.adue}};
    if (!check_table_frame(&walk, mm->pgd) || !load_table(&walk, mm->pgd, root))
        return false;
    if (memcmp(root + users, kernel_root + users, (pt_entries(k) - users) * sizeof *root) != 0)
        return wrong(check, "pid %llu: the kernel half of its root differs from the kernel's",
                     (ull)pid_of(k, mm));
    return check_table(&walk, root, 0, top, 0, users) && check_deposits(&walk) &&
           check_counters(&walk);
}

static bool check_kernel_half(struct checker *check, uint64_t *root) {
    struct kernel *k = check->k;
    struct walk walk = {.check = check,
                        .mm = k->init_mm,
                        .vma = vma_first(k->init_mm),
                        .kernel = true,
                        .mode = mode_find(k->config.mode),
                        .control = {.mode = k->config.mode, .adue = k->config.adue}};
    uint64_t users = user_entries(k);
    if (!check_table_frame(&walk, k->init_mm->pgd) || !load_table(&walk, k->init_mm->pgd, root))
        return false;
    for (uint64_t i = 0; i < users; i++)
        if (root[i] != 0)
            return wrong(check, "the kernel's own root has user entry %llu", (ull)i);
    return check_table(&walk, root, kernel_base(k, walk.mode), pt_levels(k) - 1, users,
                       pt_entries(k));
}

bool check_tables(struct checker *check) {
    uint64_t root[PAGE_BYTES / 4];
    if (!check_kernel_half(check, root))
        return false;
    for (struct mm_struct *mm = next_mm(check->k, NULL); mm; mm = next_mm(check->k, mm))
        if (!check_mm(check, mm, root))
            return false;
    return true;
}
