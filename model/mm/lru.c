/* The lists that pages wait on for reclaim, and who is told when they come and go. */
#include "page_alloc.h"
#include "vmscan.h"

const struct reclaim_operations *reclaim_policy_of(const struct kernel *k) {
    static const struct reclaim_operations *const policies[RECLAIM_POLICIES] = {
        &reclaim_lru, &reclaim_clock, &reclaim_random};
    return policies[k->config.policy];
}

int reclaim_init(struct kernel *k) {
    return reclaim_policy_of(k)->init(k);
}

void reclaim_exit(struct kernel *k) {
    reclaim_policy_of(k)->exit(k);
}

enum lru_list page_lru(const struct page *page) {
    bool active = page_has(page, PG_active);
    if (page_is_file_lru(page))
        return active ? LRU_ACTIVE_FILE : LRU_INACTIVE_FILE;
    return active ? LRU_ACTIVE_ANON : LRU_INACTIVE_ANON;
}

/* Adds to the size of a list, here and in the counters, which are in the same order. */
static void resize(struct kernel *k, struct lruvec *lruvec, enum lru_list lru, int64_t frames) {
    lruvec->size[lru] += (uint64_t)frames;
    mod_stat(k, STAT_nr_inactive_anon + lru, frames);
}

void lru_list_add(struct kernel *k, struct page *page, bool tail) {
    struct lruvec *lruvec = &k->node[page->node].lruvec;
    enum lru_list lru = page_lru(page);
    if (tail)
        TAILQ_INSERT_TAIL(&lruvec->lists[lru], page, list);
    else
        TAILQ_INSERT_HEAD(&lruvec->lists[lru], page, list);
    resize(k, lruvec, lru, (int64_t)page_frames(page));
}

void lru_list_del(struct kernel *k, struct page *page) {
    struct lruvec *lruvec = &k->node[page->node].lruvec;
    enum lru_list lru = page_lru(page);
    TAILQ_REMOVE(&lruvec->lists[lru], page, list);
    resize(k, lruvec, lru, -(int64_t)page_frames(page));
}

/* Onto the list it belongs to; the policy is told. */
static void lru_insert(struct kernel *k, struct page *page, bool tail) {
    if (page_has(page, PG_lru) || page_has(page, PG_unevictable))
        return;
    page_set(page, PG_lru);
    lru_list_add(k, page, tail);
    reclaim_policy_of(k)->added(k, page);
}

static void lru_remove(struct kernel *k, struct page *page) {
    lru_list_del(k, page);
    page_clear(page, PG_lru);
    reclaim_policy_of(k)->removed(k, page);
}

void lru_cache_add(struct kernel *k, struct page *page) {
    lru_insert(k, page, false);
}

void lru_cache_del(struct kernel *k, struct page *page) {
    if (!page_has(page, PG_lru))
        return;
    lru_remove(k, page);
    page_clear(page, PG_active);
    page_clear(page, PG_referenced);
}

void isolate_lru_page(struct kernel *k, struct page *page) {
    lru_remove(k, page);
    get_page(page);
}

void putback_lru_page(struct kernel *k, struct page *page) {
    lru_insert(k, page, false);
    put_page(k, page);
}

void deactivate_page(struct kernel *k, struct page *page) {
    bool listed = page_has(page, PG_lru);
    if (listed)
        lru_remove(k, page);
    if (page_test_clear(page, PG_active)) {
        count_event(k, STAT_pgdeactivate, page_frames(page));
        mm_event(k, MM_EVENT_DEACTIVATE, page_to_pfn(k, page), 0, 0);
    }
    page_clear(page, PG_referenced);
    if (listed)
        lru_insert(k, page, false);
}

void activate_page(struct kernel *k, struct page *page) {
    if (page_has(page, PG_active))
        return;
    bool listed = page_has(page, PG_lru);
    if (listed)
        lru_remove(k, page);
    page_set(page, PG_active);
    page_clear(page, PG_referenced);
    count_event(k, STAT_pgactivate, page_frames(page));
    mm_event(k, MM_EVENT_ACTIVATE, page_to_pfn(k, page), 0, 0);
    if (listed)
        lru_insert(k, page, false);
}

void mark_page_accessed(struct kernel *k, struct page *page) {
    page = compound_head(page);
    if (!page_has(page, PG_unevictable))
        reclaim_policy_of(k)->accessed(k, page);
}
