#include "walk_yard.h"

#include "check.h"

#include <string.h>

static const struct mmu_config yard_config = {
    .tlb = {{1, 4, POLICY_LRU}, {1, 4, POLICY_LRU}, {4, 4, POLICY_LRU}},
    .prefetch = true,
    .parity = true,
};

void yard_create_with(struct yard *yard, const struct mmu_config *config) {
    const char *why;
    memset(yard, 0, sizeof *yard);
    tables_create(&yard->tables, &geometries[1]);
    for (uint64_t va = PAGE; va < PAGE + YARD_MAPPED * 4096; va += 4096)
        tables_put(&yard->tables, va, 0, YARD_PTE(va));
    const struct mmu_memory memory = physmem_callbacks(yard->tables.memory);
    yard->mmu = mmu_create(config, &memory, &why);
    assert_non_null(yard->mmu);
    for (unsigned i = 0; i < YARD_JOBS; i++)
        assert_non_null(yard->job[i] = mmu_job_create());
    for (unsigned i = 0; i < YARD_WALKS; i++)
        assert_non_null(yard->walk[i] = mmu_walk_create((uint8_t)(5 + i)));
    yard->control = tables_control(&yard->tables);
    yard->control.adue = true;
    mmu_set_control(yard->mmu, &yard->control);
}

void yard_create(struct yard *yard) {
    yard_create_with(yard, &yard_config);
}

void yard_destroy(struct yard *yard) {
    for (unsigned i = 0; i < YARD_WALKS; i++)
        mmu_walk_destroy(yard->walk[i]);
    for (unsigned i = 0; i < YARD_JOBS; i++)
        mmu_job_destroy(yard->job[i]);
    mmu_destroy(yard->mmu);
    tables_destroy(&yard->tables);
}

static char *spell(char *at, const struct mmu_event *event) {
    bool merged = event->kind == EVENT_LINK && event->link.merged;
    *at++ = merged ? 'M' : "LKYNSRUEFP"[event->kind];
    if (event->kind == EVENT_LOOKUP)
        *at++ = "id2"[event->lookup.tlb];
    if (event->kind == EVENT_FILL)
        *at++ = "id2"[event->fill.tlb];
    *at = 0;
    return at;
}

void yard_miss(struct yard *yard, unsigned job, uint64_t va, enum access_type access) {
    const struct mmu_request request = {va, access, PRIV_S, (uint8_t)(job + 10)};
    mmu_begin(yard->mmu, yard->job[job], &request);
    assert_true(mmu_step(yard->mmu, yard->job[job], &yard->event));
    assert_int_equal(yard->event.kind, EVENT_LOOKUP);
    assert_int_not_equal(yard->event.lookup.result, LOOKUP_HIT);
}

const char *yard_link(struct yard *yard, unsigned job, unsigned walk, bool merged) {
    memset(&yard->event, 0xff, sizeof yard->event);
    const char *why = mmu_link(yard->mmu, yard->job[job], yard->walk[walk], merged, &yard->event);
    if (why)
        return why;
    assert_int_equal(yard->event.kind, EVENT_LINK);
    assert_int_equal(yard->event.id, job + 10);
    assert_int_equal(yard->event.walk, walk + 5);
    assert_int_equal(yard->event.link.merged, merged);
    return NULL;
}

void yard_begin(struct yard *yard, unsigned job, unsigned walk, uint64_t va,
                enum access_type access) {
    yard_miss(yard, job, va, access);
    assert_null(yard_link(yard, job, walk, false));
}

void yard_join(struct yard *yard, unsigned job, unsigned walk, uint64_t va,
               enum access_type access) {
    yard_miss(yard, job, va, access);
    assert_null(yard_link(yard, job, walk, true));
}

const char *yard_steps_of_job(struct yard *yard, unsigned job, unsigned most) {
    static char text[64];
    char *at = text;
    *at = 0;
    memset(&yard->event, 0xff, sizeof yard->event);
    while (most-- > 0 && mmu_step(yard->mmu, yard->job[job], &yard->event)) {
        assert_true(at < text + sizeof text - 3);
        at = spell(at, &yard->event);
        if (!event_of_walk(&yard->event))
            assert_int_equal(yard->event.id, job + 10);
        assert_int_equal(yard->event.walk, 0);
    }
    return text;
}

const char *yard_steps_of_walk(struct yard *yard, unsigned walk, unsigned most) {
    static char text[64];
    char *at = text;
    *at = 0;
    memset(&yard->event, 0xff, sizeof yard->event);
    while (most-- > 0 && mmu_walk_step(yard->mmu, yard->walk[walk], &yard->event)) {
        assert_true(at < text + sizeof text - 3);
        at = spell(at, &yard->event);
        assert_true(event_of_walk(&yard->event));
        assert_int_equal(yard->event.walk, walk + 5);
        assert_int_equal(yard->event.port, 0);
        assert_int_equal(yard->event.id, 0);
    }
    return text;
}

const char *yard_prefetch(struct yard *yard, unsigned walk) {
    const char *why = mmu_prefetch(yard->mmu, yard->walk[walk], &yard->event);
    if (why)
        return why;
    assert_int_equal(yard->event.kind, EVENT_PREFETCH);
    assert_int_equal(yard->event.walk, walk + 5);
    assert_true(event_of_walk(&yard->event));
    return NULL;
}
