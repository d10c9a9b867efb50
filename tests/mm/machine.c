#include "machine.h"

#include "mm/page_fault.h"

#include <stdlib.h>

static bool read_word(void *context, uint64_t pa, unsigned bytes, uint64_t *value) {
    return physmem_read(((struct test_machine *)context)->memory, pa, bytes, value);
}

static bool write_word(void *context, uint64_t pa, unsigned bytes, uint64_t value) {
    return physmem_write(((struct test_machine *)context)->memory, pa, bytes, value);
}

static bool clear_page(void *context, uint64_t pa) {
    return physmem_clear_page(((struct test_machine *)context)->memory, pa);
}

static bool copy_page(void *context, uint64_t to, uint64_t from) {
    return physmem_copy_page(((struct test_machine *)context)->memory, to, from);
}

static bool load_page(void *context, uint64_t pa, void *bytes) {
    return physmem_load_page(((struct test_machine *)context)->memory, pa, bytes);
}

static bool store_page(void *context, uint64_t pa, const void *bytes) {
    return physmem_store_page(((struct test_machine *)context)->memory, pa, bytes);
}

static void fence(void *context, const struct mmu_fence *which) {
    struct test_machine *machine = context;
    machine->fences++;
    mmu_fence(machine->mmu, which);
}

static void set_root(void *context, uint64_t root_ppn, uint16_t asid) {
    struct test_machine *machine = context;
    machine->control.root_ppn = root_ppn;
    machine->control.asid = asid;
    mmu_set_control(machine->mmu, &machine->control);
}

void test_machine_init(struct test_machine *machine, enum paging_mode mode, bool adue) {
    const struct mmu_config config = {
        .tlb = {{16, 4, POLICY_LRU}, {16, 4, POLICY_LRU}, {128, 12, POLICY_LRU}}, .seed = 1};
    const char *why;
    *machine = (struct test_machine){.memory = physmem_create()};
    const struct mmu_memory memory = physmem_callbacks(machine->memory);
    machine->mmu = mmu_create(&config, &memory, &why);
    if (!machine->memory || !machine->mmu)
        abort();
    machine->control = (struct mmu_control){.mode = mode, .adue = adue};
    mmu_set_control(machine->mmu, &machine->control);
}

void test_machine_free(struct test_machine *machine) {
    mmu_destroy(machine->mmu);
    physmem_destroy(machine->memory);
}

struct machine test_machine_callbacks(struct test_machine *machine) {
    return (struct machine){machine,   read_word,  write_word, clear_page, copy_page,
                            load_page, store_page, fence,      set_root};
}

int test_access(struct test_machine *machine, struct kernel *k, uint64_t va,
                enum access_type access, uint64_t *value) {
    const struct mmu_request request = {.va = va, .access = access, .priv = PRIV_U};
    struct mmu_response response;
    for (int faults = 0; faults < 16; faults++) {
        if (mmu_translate(machine->mmu, &request, &response)) {
            bool done = access == ACCESS_WRITE
                            ? physmem_write(machine->memory, response.pa, 8, *value)
                            : physmem_read(machine->memory, response.pa, 8, value);
            return done ? faults : -1;
        }
        unsigned result = do_page_fault(k, va, access, &response);
        mm_tick(k);
        if (result & VM_FAULT_ERROR)
            return -1;
    }
    abort(); /* no progress */
}
