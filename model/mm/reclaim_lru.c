/*
 * Linux's choice: two lists each for anonymous and file pages. New pages start at the head of an
 * inactive list; what is seen used twice there becomes active; active pages fall back at the tail
 * when the inactive list is short. Victims come from the inactive tails.
 */
#include "mm_types.h"
#include "rmap.h"
#include "swap.h"
#include "vmscan.h"

#include <string.h>

/* --- sizes --- */

static uint64_t integer_sqrt(uint64_t x) {
    uint64_t root = 0;
    while ((root + 1) * (root + 1) <= x)
        root++;
    return root;
}

/* The larger memory is, the smaller a share of it may be inactive: 1:1 below 1 GiB, 1:3 at 1 GiB,
 * 1:10 at 10 GiB. */
static bool inactive_is_low(const struct lruvec *lruvec, bool file) {
    uint64_t inactive = lruvec->size[file ? LRU_INACTIVE_FILE : LRU_INACTIVE_ANON];
    uint64_t active = lruvec->size[file ? LRU_ACTIVE_FILE : LRU_ACTIVE_ANON];
    uint64_t gib = (inactive + active) / ((UINT64_C(1) << 30) / PAGE_BYTES);
    uint64_t ratio = gib > 0 ? integer_sqrt(10 * gib) : 1;
    return inactive * ratio < active;
}

/* --- how many of each list to scan --- */

/* Whether dropping all file pages would not lift the node over its high watermarks, while there are
 * inactive anonymous ones. */
static bool file_is_tiny(const struct pglist_data *node, unsigned priority) {
    const struct lruvec *lruvec = &node->lruvec;
    uint64_t free = 0, high = 0;
    for (unsigned z = 0; z < MAX_NR_ZONES; z++) {
        free += node->zones[z].free_pages;
        high += node->zones[z].watermark[WMARK_HIGH];
    }
    uint64_t file = lruvec->size[LRU_INACTIVE_FILE] + lruvec->size[LRU_ACTIVE_FILE];
    return file + free <= high && !inactive_is_low(lruvec, false) &&
           lruvec->size[LRU_INACTIVE_ANON] >> priority > 0;
}

/* Old experience fades: halved once it outweighs a quarter of the lists. */
static void fade(struct lruvec *lruvec, bool file) {
    unsigned lru = file ? LRU_INACTIVE_FILE : LRU_INACTIVE_ANON;
    uint64_t size = lruvec->size[lru] + lruvec->size[lru + 1];
    if (lruvec->scanned[file] > size / 4) {
        lruvec->scanned[file] /= 2;
        lruvec->rotated[file] /= 2;
    }
}

/* A share for each kind, in the form share[kind] / (share[0] + share[1]). */
struct balance {
    uint64_t share[2]; /* [0] anon, [1] file */
    bool equal;        /* everything is scanned in full */
};

/* By swappiness, and by how often scanning a kind was in vain. */
static struct balance by_experience(const struct kernel *k, struct lruvec *lruvec) {
    struct balance balance = {.equal = false};
    uint64_t weight[2] = {k->config.swappiness, 200 - k->config.swappiness};
    for (unsigned file = 0; file < 2; file++) {
        fade(lruvec, file);
        balance.share[file] =
            weight[file] * (lruvec->scanned[file] + 1) / (lruvec->rotated[file] + 1);
    }
    return balance;
}

static struct balance scan_balance(const struct kernel *k, struct pglist_data *node,
                                   unsigned priority) {
    struct lruvec *lruvec = &node->lruvec;
    if (!can_reclaim_anon_pages(k))
        return (struct balance){{0, 1}, false};
    if (priority == 0 && k->config.swappiness > 0)
        return (struct balance){{1, 1}, true};
    if (file_is_tiny(node, priority))
        return (struct balance){{1, 0}, false};
    /* Enough file pages that were used once: they go first. */
    if (lruvec->size[LRU_INACTIVE_FILE] >> priority > 0 && !inactive_is_low(lruvec, true))
        return (struct balance){{0, 1}, false};
    return by_experience(k, lruvec);
}

static void get_scan_count(const struct kernel *k, struct pglist_data *node, unsigned priority,
                           uint64_t nr[NR_LRU_LISTS]) {
    struct balance balance = scan_balance(k, node, priority);
    uint64_t whole = balance.share[0] + balance.share[1];
    for (unsigned lru = 0; lru < NR_LRU_LISTS; lru++) {
        bool file = lru >= LRU_INACTIVE_FILE;
        uint64_t scan = node->lruvec.size[lru] >> priority;
        if (!balance.equal)
            scan = whole > 0 ? (scan * balance.share[file] + whole - 1) / whole : 0;
        nr[lru] = scan;
    }
}

/* --- the lists --- */

/* The tail of the active list falls back; code in use is spared, since losing it hurts most. */
static void shrink_active_list(struct kernel *k, struct lruvec *lruvec, enum lru_list lru,
                               uint64_t n) {
    bool file = lru == LRU_ACTIVE_FILE;
    while (n > 0) {
        struct page *page = TAILQ_LAST(&lruvec->lists[lru], page_list);
        if (!page)
            return;
        unsigned vm_flags = 0;
        uint64_t frames = page_frames(page);
        n -= n < frames ? n : frames;
        count_event(k, STAT_pgrefill, frames);
        lruvec->scanned[file] += frames;
        if (page_referenced(k, page, &vm_flags) > 0 && vm_flags & VM_EXEC && file) {
            lruvec->rotated[file] += frames;
            lru_list_del(k, page);
            lru_list_add(k, page, false);
        } else {
            deactivate_page(k, page);
        }
    }
}

enum page_references {
    PAGEREF_RECLAIM,
    PAGEREF_RECLAIM_CLEAN, /* used once by read() or write(): only if that costs no write */
    PAGEREF_KEEP,
    PAGEREF_ACTIVATE
};

static enum page_references page_check_references(struct kernel *k, struct page *page) {
    unsigned vm_flags = 0;
    unsigned ptes =
        page->mapcount > 0 || page_has(page, PG_head) ? page_referenced(k, page, &vm_flags) : 0;
    bool before = page_test_clear(page, PG_referenced);
    if (vm_flags & VM_LOCKED)
        return PAGEREF_ACTIVATE;
    if (ptes == 0)
        return before && page_is_file_lru(page) ? PAGEREF_RECLAIM_CLEAN : PAGEREF_RECLAIM;
    /* Every page that was ever touched is found used at its first look. Only the second counts. */
    page_set(page, PG_referenced);
    if (before || ptes > 1 || (vm_flags & VM_EXEC && page_is_file_lru(page)))
        return PAGEREF_ACTIVATE;
    return PAGEREF_KEEP;
}

/* One page, isolated: frames freed. */
static uint64_t shrink_one(struct kernel *k, struct lruvec *lruvec, struct page *page) {
    bool file = page_is_file_lru(page);
    enum page_references references = page_check_references(k, page);
    enum shrink_result result = SHRINK_KEPT;
    if (references == PAGEREF_ACTIVATE)
        result = SHRINK_ACTIVATE;
    else if (references == PAGEREF_RECLAIM ||
             (references == PAGEREF_RECLAIM_CLEAN && !page_has(page, PG_dirty)))
        result = shrink_page(k, page);
    if (result == SHRINK_FREED)
        return 1;
    if (result == SHRINK_ACTIVATE) {
        keep_page(k, page);
        activate_page(k, page);
        lruvec->rotated[file] += page_frames(page);
    }
    putback_lru_page(k, page);
    return 0;
}

static uint64_t shrink_inactive_list(struct kernel *k, struct lruvec *lruvec, enum lru_list lru,
                                     uint64_t n) {
    uint64_t freed = 0;
    while (n > 0) {
        struct page *page = TAILQ_LAST(&lruvec->lists[lru], page_list);
        if (!page)
            break;
        uint64_t frames = page_frames(page);
        n -= n < frames ? n : frames;
        if (!scan_page(k, page)) {
            lru_list_del(k, page);
            lru_list_add(k, page, false);
            continue;
        }
        lruvec->scanned[lru == LRU_INACTIVE_FILE] += frames;
        isolate_lru_page(k, page);
        freed += shrink_one(k, lruvec, page);
    }
    return freed;
}

static uint64_t shrink_list(struct kernel *k, struct lruvec *lruvec, enum lru_list lru,
                            uint64_t n) {
    if (lru == LRU_INACTIVE_ANON || lru == LRU_INACTIVE_FILE)
        return shrink_inactive_list(k, lruvec, lru, n);
    if (inactive_is_low(lruvec, lru == LRU_ACTIVE_FILE))
        shrink_active_list(k, lruvec, lru, n);
    return 0;
}

/* --- one round --- */

/*
 * Enough came free: the kind with less left to scan ends here, the other goes on until the same
 * share of both plans is done. false: nothing is left to do.
 */
static bool scan_proportionally(uint64_t nr[NR_LRU_LISTS], const uint64_t plan[NR_LRU_LISTS]) {
    uint64_t anon = nr[LRU_INACTIVE_ANON] + nr[LRU_ACTIVE_ANON];
    uint64_t file = nr[LRU_INACTIVE_FILE] + nr[LRU_ACTIVE_FILE];
    if (anon == 0 || file == 0)
        return false;
    unsigned less = anon < file ? LRU_INACTIVE_ANON : LRU_INACTIVE_FILE;
    unsigned more = LRU_INACTIVE_FILE - less;
    uint64_t left = anon < file ? anon : file;
    uint64_t done = 100 - left * 100 / (plan[less] + plan[less + 1] + 1); /* percent */
    nr[less] = nr[less + 1] = 0;
    for (unsigned lru = more; lru <= more + 1; lru++) {
        uint64_t scanned = plan[lru] - nr[lru], target = plan[lru] * done / 100;
        nr[lru] = target > scanned ? target - scanned : 0;
    }
    return true;
}

static uint64_t lru_shrink(struct kernel *k, struct pglist_data *node, uint64_t wanted,
                           unsigned priority, bool kswapd) {
    struct lruvec *lruvec = &node->lruvec;
    uint64_t nr[NR_LRU_LISTS], plan[NR_LRU_LISTS], freed = 0;
    get_scan_count(k, node, priority, nr);
    memcpy(plan, nr, sizeof nr);
    /* The gentlest round of direct reclaim does all of its small plan: fair to both kinds. */
    bool adjusted = !kswapd && priority == DEF_PRIORITY;
    while (nr[LRU_INACTIVE_ANON] > 0 || nr[LRU_ACTIVE_FILE] > 0 || nr[LRU_INACTIVE_FILE] > 0) {
        for (unsigned lru = 0; lru < NR_LRU_LISTS; lru++) {
            uint64_t n = nr[lru] < SWAP_CLUSTER_MAX ? nr[lru] : SWAP_CLUSTER_MAX;
            nr[lru] -= n;
            if (n > 0)
                freed += shrink_list(k, lruvec, (enum lru_list)lru, n);
        }
        if (freed < wanted || adjusted)
            continue;
        if (!scan_proportionally(nr, plan))
            break;
        adjusted = true;
    }
    /* Anonymous pages age even while only files are reclaimed. */
    if (can_reclaim_anon_pages(k) && inactive_is_low(lruvec, false))
        shrink_active_list(k, lruvec, LRU_ACTIVE_ANON, SWAP_CLUSTER_MAX);
    return freed;
}

/* --- the rest --- */

static int lru_init(struct kernel *k) {
    (void)k; /* the node's lruvec is all it needs */
    return 0;
}

static void lru_exit(struct kernel *k) {
    (void)k;
}

static void lru_noted(struct kernel *k, struct page *page) {
    (void)k, (void)page;
}

/* Unused, used once, used twice: active. */
static void lru_accessed(struct kernel *k, struct page *page) {
    if (!page_has(page, PG_referenced))
        page_set(page, PG_referenced);
    else if (page_has(page, PG_lru))
        activate_page(k, page);
}

const struct reclaim_operations reclaim_lru = {
    .name = "lru",
    .init = lru_init,
    .exit = lru_exit,
    .added = lru_noted,
    .removed = lru_noted,
    .accessed = lru_accessed,
    .shrink = lru_shrink,
};
