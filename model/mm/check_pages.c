/* The descriptor of every frame against what was found of the frame; LRU lists. */
#include "check_internal.h"

#include "page_cache.h"
#include "rmap.h"
#include "swap.h"
#include "vmscan.h"

typedef bool page_check(struct checker *check, struct page *page, uint64_t pfn);

static bool each_page(struct checker *check, page_check *one) {
    struct kernel *k = check->k;
    for (unsigned n = 0; n < k->config.nodes; n++)
        for (uint64_t i = 0; i < k->node[n].spanned_pages; i++)
            if (!one(check, &k->node[n].map[i], k->node[n].start_pfn + i))
                return false;
    return true;
}

static bool wrong_page(struct checker *check, const struct page *page, uint64_t pfn,
                       const char *what) {
    const struct frame_notes *notes = frame_notes(check, pfn);
    return wrong(check,
                 "frame %#llx: %s (flags %#x, refcount %d, mapcount %d; found %u PTEs, %u huge "
                 "leaves, %u caches)",
                 (ull)pfn, what, page->flags, page->refcount, page->mapcount, notes->ptes,
                 notes->leaves, notes->caches);
}

static bool check_tail(struct checker *check, struct page *page, uint64_t pfn) {
    struct page *head = page->head;
    if (!is_descriptor(check, head) || !page_has(head, PG_head) || page < head ||
        (uint64_t)(page - head) >= page_frames(head))
        return wrong_page(check, page, pfn, "the tail of no compound page");
    const struct frame_notes *notes = frame_notes(check, page_to_pfn(check->k, head));
    return notes->owner != OWNER_NONE ||
           wrong_page(check, page, pfn, "part of a compound page that nobody has");
}

/* Whether somebody else could see what one mapping of the frame writes. `leaves`: of its run. */
static bool shared_elsewhere(const struct checker *check, const struct page *page,
                             const struct frame_notes *notes, uint32_t leaves) {
    return notes->ptes + leaves > 1 ||
           (page_has(page, PG_swapcache) && check->entries[page->private] > 0);
}

/* What holds for every frame of a run by itself; its PTEs are added to *ptes. */
static bool check_user_frame(struct checker *check, const struct page *head, uint64_t i,
                             uint32_t *ptes) {
    const struct page *page = head + i;
    uint64_t pfn = page_to_pfn(check->k, page);
    const struct frame_notes *notes = frame_notes(check, pfn);
    uint32_t leaves = frame_notes(check, pfn - i)->leaves;
    if (page_ptes(page) != notes->ptes)
        return wrong_page(check, page, pfn, "not as many PTEs map it as were counted");
    if (notes->writable > 0 && shared_elsewhere(check, page, notes, leaves))
        return wrong_page(check, page, pfn, "writable in a private mapping, but not its alone");
    bool mapped = notes->ptes + leaves > 0 && !page_has(head, PG_hugetlb);
    check->stat[page_has(head, PG_anon) ? STAT_nr_anon_pages : STAT_nr_mapped] += mapped;
    *ptes += notes->ptes;
    return true;
}

/* Mapped by leaves that count as references, but not as mappings. */
static bool check_huge_zero_page(struct checker *check, const struct page *page, uint64_t pfn) {
    const struct frame_notes *notes = frame_notes(check, pfn);
    if (page->refcount != (int32_t)notes->leaves || page->mapcount != 0)
        return wrong_page(check, page, pfn, "the huge zero page has other references than leaves");
    return true;
}

static bool check_user_page(struct checker *check, struct page *page, uint64_t pfn) {
    const struct frame_notes *notes = frame_notes(check, pfn);
    uint32_t ptes = 0;
    if (page == check->k->huge_zero_page)
        return check_huge_zero_page(check, page, pfn);
    for (uint64_t i = 0; i < page_frames(page); i++)
        if (!check_user_frame(check, page, i, &ptes))
            return false;
    if (page_has(page, PG_head) && page->mapcount != (int32_t)notes->leaves)
        return wrong_page(check, page, pfn, "not as many huge leaves map it as were counted");
    if (page->refcount != (int32_t)(ptes + notes->leaves + notes->caches))
        return wrong_page(check, page, pfn, "references that nobody holds, or too few");
    if (page_has(page, PG_hugetlb))
        return true;
    if (page_has(page, PG_anon) ? !page_has(page, PG_swapbacked)
                                : !page_inode(page) && !page_has(page, PG_swapcache))
        return wrong_page(check, page, pfn, "neither anonymous, nor of a file, nor of swap");
    if (page_inode(page) && notes->caches == 0)
        return wrong_page(check, page, pfn, "of a file, but not in its cache");
    check->stat[STAT_nr_anon_transparent_hugepages] += notes->leaves > 0;
    return true;
}

static bool check_page(struct checker *check, struct page *page, uint64_t pfn) {
    const struct frame_notes *notes = frame_notes(check, pfn);
    if (page_has(page, PG_reserved))
        return notes->owner == OWNER_NONE || wrong_page(check, page, pfn, "reserved, but in use");
    if (page_has(page, PG_tail))
        return check_tail(check, page, pfn);
    switch (notes->owner) {
    case OWNER_NONE:
        return wrong_page(check, page, pfn,
                          page->refcount == 0 ? "free, but on no free list"
                                              : "nobody has it: a leak");
    case OWNER_USER:
        return check_user_page(check, page, pfn);
    case OWNER_FREE:
    case OWNER_TABLE:
    case OWNER_SLAB:
    case OWNER_VMALLOC:
    case OWNER_ZERO:
        break;
    }
    return true;
}

bool check_pages(struct checker *check) {
    const struct page *zero = check->k->zero_page;
    if (!zero || zero->refcount < 1 || zero->mapcount != 0)
        return wrong(check, "the zero page has been given away");
    return own_frames(check, page_to_pfn(check->k, zero), 1, OWNER_ZERO) &&
           each_page(check, check_page);
}

static int count_visit(struct page *page, struct vm_area_struct *vma, uint64_t va,
                       const struct pte_place *place, void *context) {
    (void)page, (void)vma, (void)va, (void)place;
    ++*(uint32_t *)context;
    return 0;
}

/* The way back: from the page to as many PTEs as were found. */
static bool check_page_rmap(struct checker *check, struct page *page, uint64_t pfn) {
    const struct frame_notes *notes = frame_notes(check, pfn);
    uint32_t visits = 0;
    uint32_t mappings = page_has(page, PG_head) ? notes->leaves : notes->ptes;
    if (notes->owner != OWNER_USER || page_has(page, PG_tail) || page_has(page, PG_hugetlb) ||
        page == check->k->huge_zero_page)
        return true;
    rmap_walk(check->k, page, count_visit, &visits);
    return visits == mappings ||
           wrong_page(check, page, pfn, "reverse mapping does not find all its PTEs");
}

bool check_rmap(struct checker *check) {
    return each_page(check, check_page_rmap);
}

static bool check_list(struct checker *check, struct lruvec *lruvec, enum lru_list lru) {
    uint64_t frames = 0;
    struct page *page;
    TAILQ_FOREACH(page, &lruvec->lists[lru], list) {
        if (!is_descriptor(check, page))
            return wrong(check, "LRU list %d leads out of the memory map", lru);
        uint64_t pfn = page_to_pfn(check->k, page);
        struct frame_notes *notes = frame_notes(check, pfn);
        if (notes->listed)
            return wrong_page(check, page, pfn, "on an LRU list twice");
        notes->listed = true;
        if (!page_has(page, PG_lru) || page_lru(page) != lru)
            return wrong_page(check, page, pfn, "on an LRU list where it does not belong");
        if (notes->owner != OWNER_USER)
            return wrong_page(check, page, pfn, "on an LRU list, but not a page of users");
        frames += page_frames(page);
    }
    if (frames != lruvec->size[lru])
        return wrong(check, "LRU list %d holds %llu frames, counted %llu", lru, (ull)frames,
                     (ull)lruvec->size[lru]);
    check->stat[STAT_nr_inactive_anon + lru] += frames;
    return true;
}

static bool check_listed(struct checker *check, struct page *page, uint64_t pfn) {
    if (page_has(page, PG_lru) && !frame_notes(check, pfn)->listed)
        return wrong_page(check, page, pfn, "marked as on an LRU list, but on none");
    return true;
}

bool check_lru(struct checker *check) {
    for (unsigned n = 0; n < check->k->config.nodes; n++)
        for (int lru = 0; lru < NR_LRU_LISTS; lru++)
            if (!check_list(check, &check->k->node[n].lruvec, (enum lru_list)lru))
                return false;
    return each_page(check, check_listed);
}
