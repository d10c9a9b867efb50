/*
 * A machine for the manager's tests: one memory, one model MMU whose accesses carry data, and
 * faults handed to do_page_fault() as an embedder would.
 */
#ifndef TWINWALK_TESTS_MM_MACHINE_H
#define TWINWALK_TESTS_MM_MACHINE_H

#include "mm/kernel.h"
#include "physmem/physmem.h"

struct test_machine {
    struct physmem *memory;
    struct mmu *mmu;
    struct mmu_control control;
    uint64_t fences;
};

void test_machine_init(struct test_machine *machine, enum paging_mode mode, bool adue);
void test_machine_free(struct test_machine *machine);

/* The callbacks for kernel_boot(); fences and roots go to the MMU. */
struct machine test_machine_callbacks(struct test_machine *machine);

/*
 * An access of the current process in user mode at `va` (8 bytes, aligned; a store writes *value, a
 * load fills it), with faults mended and mm_tick() after each. The number of faults taken, or -1:
 * a signal was sent.
 */
int test_access(struct test_machine *machine, struct kernel *k, uint64_t va,
                enum access_type access, uint64_t *value);

#endif
