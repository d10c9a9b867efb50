/*
 * Walks in the fast mode: stages A and B, the page-table port, the walk cache; docs/timing.md,
 * steps 1 to 6 and 8.
 */
#include "fast_inside.h"

struct fast_walk *fast_walk_for(struct fast *fast, uint64_t va, uint64_t cycle) {
    for (unsigned i = 0; i < fast->walks; i++) {
        struct fast_walk *const walks[] = {&fast->slot[i].demand, &fast->slot[i].ahead};
        for (unsigned j = 0; j < 2; j++)
            if (cycle < walks[j]->free && same_page(walks[j]->va, va, PAGE_4K))
                return walks[j];
    }
    return NULL;
}

const struct fast_walk *fast_walk_into(const struct fast *fast, uint64_t va, enum page_size size,
                                       uint64_t cycle) {
    for (unsigned i = 0; i < fast->walks; i++) {
        const struct fast_walk *const walks[] = {&fast->slot[i].demand, &fast->slot[i].ahead};
        for (unsigned j = 0; j < 2; j++)
            if (cycle < walks[j]->over && walks[j]->path.accesses > 0 && walks[j]->size == size &&
                same_page(walks[j]->va, va, size))
                return walks[j];
    }
    return NULL;
}

static uint64_t slot_free(const struct fast_slot *slot) {
    return later(slot->demand.free, slot->ahead.free);
}

static struct fast_slot *next_slot(struct fast *fast) {
    struct fast_slot *next = &fast->slot[0];
    for (unsigned i = 1; i < fast->walks; i++)
        if (slot_free(&fast->slot[i]) < slot_free(next))
            next = &fast->slot[i];
    return next;
}

/* Stage A reads the first set in cycle `a`; the cycle in which stage B has the lookup's result. */
static uint64_t look_up(struct fast *fast, const struct fast_finding *finding, bool hit,
                        uint64_t a) {
    unsigned sizes = fast->l2_sizes & fast->mode_sizes;
    unsigned all = (unsigned)__builtin_popcount(sizes), read = all;
    if (hit && !finding->failed)
        read = (unsigned)__builtin_popcount(sizes & ((2u << finding->size) - 1));
    /* The set after the one that matches is read in vain. */
    for (unsigned i = 1; i <= read && i < all; i++)
        fast->stage_a.taken[(a + i) % RESERVED_CYCLES] = a + i + 1;
    return a + (read ? read : 1);
}

static uint64_t upper_bits(const struct fast *fast, uint64_t va, unsigned level) {
    return va >> (12 + level * fast->mode->index_bits);
}

/* How many of the walk's reads down to the pointer at `level` over va the walk cache lacks in this
 * cycle, and which is the last; false: it has not read that pointer. */
static bool lacks(const struct fast *fast, const struct fast_walk *walk, uint64_t va,
                  unsigned level, uint64_t cycle, unsigned *last, unsigned *count) {
    const struct fast_path *path = &walk->path;
    if (walk->ended < cycle || upper_bits(fast, walk->va, level) != upper_bits(fast, va, level))
        return false;
    for (unsigned i = 0; i < path->accesses; i++) {
        if (path->access[i].level != level || path->access[i].update)
            continue;
        *last = i;
        for (*count = 0; *count <= i && path->access[i - *count].answered >= cycle;)
            ++*count;
        return true;
    }
    return false;
}

/*
 * The software MMU's walk cache holds the pointers that walks under way are still to read: a walk
 * that starts in this cycle has to read them itself. Puts them in front of its path.
 */
static void read_what_is_not_cached(const struct fast *fast, uint64_t va, uint64_t cycle,
                                    struct fast_path *path) {
    const struct fast_walk *best = NULL;
    unsigned fewest = 0, best_last = 0;
    if (!fast->walk_cache || path->accesses == 0)
        return;
    unsigned level = path->access[0].level + 1u;
    for (unsigned i = 0; i < fast->walks; i++) {
        const struct fast_walk *const walks[] = {&fast->slot[i].demand, &fast->slot[i].ahead};
        for (unsigned j = 0; j < 2; j++) {
            unsigned last, count;
            if (!lacks(fast, walks[j], va, level, cycle, &last, &count) ||
                (best && count >= fewest))
                continue;
            best = walks[j];
            best_last = last;
            fewest = count;
        }
    }
    if (fewest == 0 || path->accesses + fewest > FAST_ACCESSES)
        return;
    for (unsigned i = path->accesses; i-- > 0;)
        path->access[i + fewest] = path->access[i];
    for (unsigned i = 0; i < fewest; i++)
        path->access[i] = best->path.access[best_last + 1 - fewest + i];
    path->accesses += fewest;
}

/* Reads and updates, the first offered in this cycle; the cycle of the last answer. */
static uint64_t access_ptes(struct fast *fast, struct fast_path *path, uint64_t cycle) {
    uint64_t offered = cycle, answered = cycle;
    for (unsigned i = 0; i < path->accesses; i++) {
        struct fast_access *access = &path->access[i];
        uint64_t taken = reserve(&fast->requests, offered);
        answered = reserve(&fast->answers, taken + latency_draw(fast->latency, access->pa));
        access->answered = answered;
        offered = answered + 1;
        fast->figures.pte_reads += !access->update;
    }
    return answered;
}

/* From the START in stage B to the fill of the L2. */
static void walk_tables(struct fast *fast, struct fast_walk *walk, uint64_t start, bool failed) {
    read_what_is_not_cached(fast, walk->va, start, &walk->path);
    walk->ended = access_ptes(fast, &walk->path, start);
    walk->over = walk->ended + 1;
    fast->figures.walk_cache_hits +=
        walk->path.accesses > 0 && walk->path.access[0].level + 1 < fast->mode->levels;
    if (walk->ended > later(start, fast->walk_cycles_until)) {
        fast->figures.walk_cycles += walk->ended - later(start, fast->walk_cycles_until);
        fast->walk_cycles_until = walk->ended;
    }
    if (failed || fast->l2_sets == 0)
        return;
    /* Stage A takes the fill, stage B makes it. */
    walk->over = reserve(&fast->stage_a, walk->ended + 1) + 2;
    fast->l2_sizes |= 1u << walk->size;
}

/* Looks up in the L2 for what was found, from this cycle of stage A on, and does what follows.
 * Whether that was a walk. */
static bool serve(struct fast *fast, struct fast_walk *walk, const struct fast_finding *finding,
                  uint64_t stage_a) {
    bool hit = finding->from_l2 || stage_a >= finding->in_l2;
    walk->number = ++fast->numbered;
    walk->va = finding->va;
    walk->size = finding->size;
    walk->filled[PORT_I] = walk->filled[PORT_D] = false;
    walk->path = finding->path;
    uint64_t looked_up = look_up(fast, finding, hit, stage_a);
    if (!hit) {
        walk_tables(fast, walk, looked_up, finding->failed);
    } else {
        walk->path.accesses = 0;
        walk->ended = looked_up;
        walk->over = looked_up + 1;
    }
    walk->free = walk->over;
    return !hit;
}

struct fast_walk *fast_begin_walk(struct fast *fast, const struct fast_finding *finding,
                                  uint64_t cycle) {
    struct fast_slot *slot = fast->begun = next_slot(fast);
    uint64_t link = reserve(&fast->stage_a, later(cycle, slot_free(slot)));
    slot->ahead.free = 0;
    slot->demand.begun = link + 1;
    fast->figures.walks += serve(fast, &slot->demand, finding, link);
    return &slot->demand;
}

void fast_walk_ahead(struct fast *fast, const struct fast_finding *finding) {
    struct fast_walk *ahead = &fast->begun->ahead;
    ahead->begun = fast->begun->demand.free + 1;
    serve(fast, ahead, finding, reserve(&fast->stage_a, ahead->begun));
    fast->figures.prefetches++;
}
