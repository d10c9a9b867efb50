/*
 * Who may do what: the whole truth table of R, W, X, U, privilege, access, SUM and MXR, once by a
 * walk and once from a cached entry. Sections 12.1.1.2 and 12.3.2.
 */
#include "check.h"
#include "tables.h"

#define VA UINT64_C(0x40201000)

/* The five legal combinations; R = W = X = 0 is a pointer, W without R is reserved. */
static const uint64_t rwx[] = {R, R | W, X, R | X, R | W | X};
static const enum privilege privileges[] = {PRIV_U, PRIV_S};

/* The specification's sentences, in its order. */
static enum fault_reason expected(uint64_t pte, enum privilege priv, enum access_type access,
                                  bool sum, bool mxr) {
    bool user = pte & U;
    /* "U-mode software may only access the page when U=1." */
    if (priv == PRIV_U && !user)
        return FAULT_SUPERVISOR_PAGE;
    /* "Irrespective of SUM, the supervisor may not execute code on pages with U=1." */
    if (priv == PRIV_S && user && access == ACCESS_EXECUTE)
        return FAULT_USER_PAGE;
    /* "When SUM=0, S-mode memory accesses to pages that are accessible by U-mode will fault." */
    if (priv == PRIV_S && user && !sum)
        return FAULT_USER_PAGE;
    if (access == ACCESS_EXECUTE)
        return pte & X ? FAULT_NONE : FAULT_NOT_EXECUTABLE;
    if (access == ACCESS_WRITE)
        return pte & W ? FAULT_NONE : FAULT_NOT_WRITABLE;
    /* "When MXR=1, loads from pages marked either readable or executable will succeed." */
    if (mxr && pte & X)
        return FAULT_NONE;
    return pte & R ? FAULT_NONE : FAULT_NOT_READABLE;
}

/* One request under SUM and MXR against the expectation. */
static void ask(struct mmu *mmu, struct mmu_control control, uint64_t pte, enum privilege priv,
                enum access_type access, enum hit_level level) {
    static const int cause[] = {13, 15, 12};
    for (int bits = 0; bits < 4; bits++) {
        control.sum = bits & 1;
        control.mxr = bits >> 1;
        mmu_set_control(mmu, &control);
        if (level == LEVEL_WALK)
            mmu_fence(mmu, &(struct mmu_fence){0});
        enum fault_reason reason = expected(pte, priv, access, control.sum, control.mxr);
        struct mmu_response response;
        bool passed = mmu_translate(mmu, &(struct mmu_request){VA | 8, access, priv, 0}, &response);
        assert_int_equal(response.reason, reason);
        assert_int_equal(passed, reason == FAULT_NONE);
        assert_int_equal(response.cause, reason ? cause[access] : 0);
        assert_true(response.pa == (reason ? 0 : UINT64_C(0x1234008)));
        assert_int_equal(response.level, level);
    }
}

/* The entry gets into the TLB of the access by somebody who may make it. */
static bool fill_entry(struct mmu *mmu, struct mmu_control control, uint64_t pte,
                       enum access_type access) {
    control.mxr = control.sum = true;
    mmu_set_control(mmu, &control);
    enum access_type by = access == ACCESS_EXECUTE ? ACCESS_EXECUTE : ACCESS_READ;
    struct mmu_response response;
    return mmu_translate(mmu, &(struct mmu_request){VA, by, pte & U ? PRIV_U : PRIV_S, 0},
                         &response);
}

static void truth_table(enum hit_level level) {
    for (unsigned m = 0; m < MODES; m++) {
        struct tables tables;
        tables_create(&tables, &geometries[m]);
        const struct mmu_memory memory = physmem_callbacks(tables.memory);
        struct mmu *mmu = small_mmu(&memory);
        struct mmu_control control = tables_control(&tables);
        for (unsigned i = 0; i < 5 * 2; i++) {
            uint64_t pte = PPN(0x1234) | V | A | D | rwx[i / 2] | (i % 2 ? U : 0);
            tables_put(&tables, VA, 0, pte);
            for (int access = ACCESS_READ; access <= ACCESS_EXECUTE; access++) {
                mmu_fence(mmu, &(struct mmu_fence){0});
                if (level == LEVEL_L1 && !fill_entry(mmu, control, pte, (enum access_type)access))
                    continue; /* a page without X never enters the ITLB */
                for (unsigned p = 0; p < 2; p++)
                    ask(mmu, control, pte, privileges[p], (enum access_type)access, level);
            }
        }
        mmu_destroy(mmu);
        tables_destroy(&tables);
    }
}

static void found_by_a_walk(void **state) {
    (void)state;
    truth_table(LEVEL_WALK);
}

/* Cached entries obey the registers of the request, not those of the fill. */
static void found_in_a_tlb(void **state) {
    (void)state;
    truth_table(LEVEL_L1);
}

/* M-mode is not translated, whatever the page says. */
static void machine_mode_passes(void **state) {
    (void)state;
    struct tables tables;
    tables_create(&tables, &geometries[1]);
    struct mmu_control control = tables_control(&tables);
    for (int access = ACCESS_READ; access <= ACCESS_EXECUTE; access++) {
        struct mmu_response response =
            translate_once(&tables, &control, VA, (enum access_type)access, PRIV_M);
        assert_int_equal(response.reason, FAULT_NONE);
        assert_true(response.pa == VA);
        assert_int_equal(response.level, LEVEL_NONE);
    }
    tables_destroy(&tables);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(found_by_a_walk),
        cmocka_unit_test(found_in_a_tlb),
        cmocka_unit_test(machine_mode_passes),
    };
    return RUN(tests);
}
