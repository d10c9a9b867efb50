#include "rmap.h"

#include "fault_internal.h"
#include "filemap.h"
#include "mmap.h"
#include "page_alloc.h"
#include "slub.h"
#include "swap.h"

/* ---- anon_vma: which VMAs may hold the pages of a family of forks ---- */

/* Whether b, which follows a, could be one VMA with it but for its rights (Linux:
 * anon_vma_compatible). Sharing the anon_vma now lets them merge once the rights are the same. */
static bool could_merge(const struct vm_area_struct *a, const struct vm_area_struct *b) {
    return a && b && a->end == b->start && a->file == b->file &&
           ((a->flags ^ b->flags) & ~VM_RIGHTS) == 0 &&
           b->pgoff == a->pgoff + (b->start - a->start) / PAGE_BYTES;
}

/* An anon_vma that began in this mm: one inherited by fork is left alone, as in Linux. */
static struct anon_vma *own_anon_vma(const struct vm_area_struct *vma) {
    return vma->anon_branch == 0 ? vma->anon_vma : NULL;
}

static struct anon_vma *mergeable_anon_vma(struct vm_area_struct *vma) {
    struct vm_area_struct *next = vma_next(vma), *previous = vma_prev(vma);
    struct anon_vma *anon_vma = NULL;
    if (could_merge(vma, next))
        anon_vma = own_anon_vma(next);
    if (!anon_vma && could_merge(previous, vma))
        anon_vma = own_anon_vma(previous);
    return anon_vma;
}

static void join(struct vm_area_struct *vma, struct anon_vma *anon_vma) {
    vma->anon_vma = anon_vma;
    anon_vma->vma_count++;
    TAILQ_INSERT_TAIL(&anon_vma->vmas, vma, anon_list);
}

int anon_vma_prepare(struct vm_area_struct *vma) {
    if (vma->anon_vma)
        return 0;
    struct anon_vma *anon_vma = mergeable_anon_vma(vma);
    if (!anon_vma) {
        struct kernel *k = vma->mm->kernel;
        anon_vma = kmem_cache_alloc(k, k->own[CACHE_ANON_VMA], GFP_KERNEL | GFP_ZERO);
        if (!anon_vma)
            return -ENOMEM;
        TAILQ_INIT(&anon_vma->vmas);
    }
    join(vma, anon_vma);
    return 0;
}

void anon_vma_clone(struct vm_area_struct *vma, const struct vm_area_struct *like) {
    if (!like->anon_vma)
        return;
    join(vma, like->anon_vma);
    vma->anon_branch = like->mm == vma->mm ? like->anon_branch : ++like->anon_vma->branches;
}

void anon_vma_unlink(struct vm_area_struct *vma) {
    struct anon_vma *anon_vma = vma->anon_vma;
    if (!anon_vma)
        return;
    vma->anon_vma = NULL;
    TAILQ_REMOVE(&anon_vma->vmas, vma, anon_list);
    if (--anon_vma->vma_count == 0) {
        struct kernel *k = vma->mm->kernel;
        kmem_cache_free(k, k->own[CACHE_ANON_VMA], anon_vma);
    }
}

/* ---- counts ---- */

static enum rss rss_kind(const struct page *page) {
    if (page_has(page, PG_anon))
        return MM_ANONPAGES;
    return page_has(page, PG_swapbacked) ? MM_SHMEMPAGES : MM_FILEPAGES;
}

/* The level of mapped frames, whoever maps them. */
static void count_mapped(struct kernel *k, const struct page *head, int64_t frames) {
    mod_stat(k, page_has(head, PG_anon) ? STAT_nr_anon_pages : STAT_nr_mapped, frames);
}

/* PTEs of the frame, one more or one fewer; how many there were. */
static uint64_t change_ptes(struct page *page, int sign) {
    uint64_t before = page_ptes(page);
    if (page_has(page, PG_head))
        page->private += (uint64_t)sign;
    else
        page->mapcount += sign;
    return before;
}

static bool huge_mapped(const struct page *head) {
    return page_has(head, PG_head) && head->mapcount > 0;
}

static void add_rmap(struct page *page, struct vm_area_struct *vma) {
    const struct page *head = compound_head(page);
    vma->mm->rss[rss_kind(head)]++;
    if (change_ptes(page, 1) == 0 && !huge_mapped(head))
        count_mapped(vma->mm->kernel, head, 1);
}

/* A page of which nothing is mapped belongs to the VMA that maps it now. (In the swap cache it may
 * have outlived its anon_vma.) */
static void set_anon_rmap(struct page *page, struct vm_area_struct *vma, uint64_t va) {
    page_set(page, PG_anon);
    page_set(page, PG_swapbacked);
    page->mapping = vma->anon_vma;
    page->index = linear_page_index(vma, va);
}

void page_add_anon_rmap(struct page *page, struct vm_area_struct *vma, uint64_t va) {
    if (compound_head(page) == page && !page_has(page, PG_head) && page->mapcount == 0)
        set_anon_rmap(page, vma, va);
    add_rmap(page, vma);
}

void page_add_new_anon_rmap(struct page *page, struct vm_area_struct *vma, uint64_t va) {
    page_set(page, PG_uptodate);
    set_anon_rmap(page, vma, va);
    if (page_has(page, PG_head))
        page_add_huge_rmap(page, vma);
    else
        add_rmap(page, vma);
}

void page_add_file_rmap(struct page *page, struct vm_area_struct *vma) {
    add_rmap(page, vma);
}

static void update_hiwater_rss(struct mm_struct *mm) {
    uint64_t rss = mm->rss[MM_ANONPAGES] + mm->rss[MM_FILEPAGES] + mm->rss[MM_SHMEMPAGES];
    if (rss > mm->hiwater_rss)
        mm->hiwater_rss = rss;
}

void page_remove_rmap(struct page *page, struct vm_area_struct *vma) {
    const struct page *head = compound_head(page);
    update_hiwater_rss(vma->mm);
    vma->mm->rss[rss_kind(head)]--;
    if (change_ptes(page, -1) == 1 && !huge_mapped(head))
        count_mapped(vma->mm->kernel, head, -1);
}

/* ---- huge leaves ---- */

/* The first or the last huge leaf of the page: frames that no PTE maps became mapped, or not. */
static void count_huge(struct kernel *k, const struct page *head, int sign) {
    int64_t frames = 0;
    for (uint64_t i = 0; i < page_frames(head); i++)
        frames += page_ptes(&head[i]) == 0;
    count_mapped(k, head, sign * frames);
    mod_stat(k, STAT_nr_anon_transparent_hugepages, sign);
}

void page_add_huge_rmap(struct page *head, struct vm_area_struct *vma) {
    vma->mm->rss[MM_ANONPAGES] += page_frames(head);
    if (head->mapcount++ == 0)
        count_huge(vma->mm->kernel, head, 1);
}

void page_remove_huge_rmap(struct page *head, struct vm_area_struct *vma) {
    update_hiwater_rss(vma->mm);
    vma->mm->rss[MM_ANONPAGES] -= page_frames(head);
    if (--head->mapcount == 0)
        count_huge(vma->mm->kernel, head, -1);
}

/* ---- walks ---- */

/* Where the page would be in this VMA; false: outside it. */
static bool page_address(const struct page *page, const struct vm_area_struct *vma, uint64_t *va) {
    uint64_t offset = page->index - vma->pgoff;
    if (page->index < vma->pgoff || offset >= (vma->end - vma->start) / PAGE_BYTES)
        return false;
    *va = vma->start + offset * PAGE_BYTES;
    return true;
}

/* Whether the entry is a leaf of this very page, base or huge. */
static bool maps_page(struct kernel *k, const struct pte_place *place, const struct page *page) {
    if (!pte_present(place->pte) || pte_table(place->pte) ||
        pte_to_pfn(place->pte) != page_to_pfn(k, page))
        return false;
    unsigned order = page_has(page, PG_head) ? page->order : 0;
    return pt_shift(k, place->level) == 12 + order;
}

int rmap_each_address(struct page *page, rmap_address_visitor *each, void *context) {
    struct vm_area_struct *vma;
    uint64_t va;
    int result = 0;
    if (!page->mapping)
        return 0;
    if (page_has(page, PG_anon)) {
        struct anon_vma *anon_vma = page->mapping;
        TAILQ_FOREACH(vma, &anon_vma->vmas, anon_list) {
            if (page_address(page, vma, &va) && (result = each(page, vma, va, context)) != 0)
                break;
        }
    } else {
        struct address_space *mapping = page->mapping;
        TAILQ_FOREACH(vma, &mapping->i_mmap, file_list) {
            if (page_address(page, vma, &va) && (result = each(page, vma, va, context)) != 0)
                break;
        }
    }
    return result;
}

/* A walk over the PTEs of one page. `left`: mappings not met yet, so that it can end early. */
struct walk {
    struct kernel *kernel;
    rmap_visitor *each;
    void *context;
    int32_t left;
    int result;
};

/* Not 0: the walk is over, with what `result` says. */
static int walk_address(struct page *page, struct vm_area_struct *vma, uint64_t va, void *context) {
    struct walk *walk = context;
    struct pte_place place;
    if (pgtable_find(vma->mm, va, 0, &place) != 0 || !maps_page(walk->kernel, &place, page))
        return 0;
    walk->left--;
    walk->result = walk->each(page, vma, va, &place, walk->context);
    return walk->result != 0 || walk->left == 0;
}

int rmap_walk(struct kernel *k, struct page *page, rmap_visitor *each, void *context) {
    struct walk walk = {k, each, context, page->mapcount, 0};
    if (page->mapcount > 0)
        rmap_each_address(page, walk_address, &walk);
    return walk.result;
}

/* ---- accessed bits ---- */

struct referenced {
    unsigned count, vm_flags;
};

static int referenced_one(struct page *page, struct vm_area_struct *vma, uint64_t va,
                          const struct pte_place *place, void *context) {
    struct referenced *referenced = context;
    (void)page;
    referenced->vm_flags |= vma->flags;
    if (pte_young(place->pte) &&
        pte_write(vma->mm->kernel, place, va, place->pte & ~PTE_FLAG(A)) == 0) {
        referenced->count++;
        if (vma->mm->kernel->config.flush_young)
            flush_tlb_page(vma->mm, va);
    }
    return 0;
}

unsigned page_referenced(struct kernel *k, struct page *page, unsigned *vm_flags) {
    struct referenced referenced = {0, 0};
    rmap_walk(k, page, referenced_one, &referenced);
    if (vm_flags)
        *vm_flags = referenced.vm_flags;
    if (referenced.count > 0)
        mm_event(k, MM_EVENT_REFERENCED, page_to_pfn(k, page), referenced.count, 0);
    return referenced.count;
}

/* ---- unmapping by reclaim ---- */

static void tell_unmap(struct kernel *k, const struct page *page, const struct mm_struct *mm,
                       uint64_t va) {
    const struct task_struct *task;
    if (!k->listener)
        return;
    TAILQ_FOREACH(task, &k->tasks, list) {
        if (task->mm == mm)
            break;
    }
    mm_event(k, MM_EVENT_UNMAP, page_to_pfn(k, page), va, task ? task->pid : 0);
}

/* What stays in the PTE: the swap entry of an anonymous page, nothing of a file page, which its
 * file brings back. */
static int unmap_one(struct page *page, struct vm_area_struct *vma, uint64_t va,
                     const struct pte_place *place, void *context) {
    struct kernel *k = context;
    bool anon = page_has(page, PG_anon);
    if (vma->flags & VM_LOCKED)
        return -EBUSY;
    if (anon && !page_has(page, PG_swapcache))
        return -EBUSY;
    if (pte_write(k, place, va, anon ? make_swap_pte(page->private) : 0) != 0)
        return -EIO;
    flush_tlb_page(vma->mm, va);
    if (pte_dirty(place->pte)) {
        if (anon)
            page_set(page, PG_dirty);
        else
            set_page_dirty(k, page);
    }
    tell_unmap(k, page, vma->mm, va);
    page_remove_rmap(page, vma);
    if (anon) {
        swap_duplicate(k, page->private);
        vma->mm->rss[MM_SWAPENTS]++;
    }
    put_page(k, page);
    return 0;
}

bool try_to_unmap(struct kernel *k, struct page *page) {
    if (page_has(page, PG_head) || page_has(page, PG_tail)) /* it is split first */
        return false;
    /* The caches' references are not ours to rely on: the page stays until the walk is over. */
    get_page(page);
    rmap_walk(k, page, unmap_one, k);
    bool unmapped = page->mapcount == 0;
    put_page(k, page);
    return unmapped;
}

/* ---- write-back ---- */

static int mkclean_one(struct page *page, struct vm_area_struct *vma, uint64_t va,
                       const struct pte_place *place, void *context) {
    bool *dirty = context;
    (void)page;
    if (!(vma->flags & VM_SHARED) || !(pte_dirty(place->pte) || pte_writable(place->pte)))
        return 0;
    uint64_t clean = place->pte & ~(PTE_FLAG(W) | PTE_FLAG(D));
    if (pte_write(vma->mm->kernel, place, va, clean) != 0)
        return 0;
    flush_tlb_page(vma->mm, va);
    if (pte_dirty(place->pte))
        *dirty = true;
    return 0;
}

bool page_mkclean(struct kernel *k, struct page *page) {
    bool dirty = false;
    rmap_walk(k, page, mkclean_one, &dirty);
    return dirty;
}
