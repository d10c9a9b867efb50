#include "board.h"

static const struct memories *memories(const void *context) {
    return ((const struct board *)context)->target.memories;
}

static bool read_word(void *context, uint64_t pa, unsigned bytes, uint64_t *value) {
    return memories_read(memories(context), pa, bytes, value);
}

static bool write_word(void *context, uint64_t pa, unsigned bytes, uint64_t value) {
    return memories_write(memories(context), pa, bytes, value);
}

static bool clear_page(void *context, uint64_t pa) {
    return memories_clear_page(memories(context), pa);
}

static bool copy_page(void *context, uint64_t to, uint64_t from) {
    return memories_copy_page(memories(context), to, from);
}

static bool load_page(void *context, uint64_t pa, void *bytes) {
    return memories_load_page(memories(context), pa, bytes);
}

static bool store_page(void *context, uint64_t pa, const void *bytes) {
    return memories_store_page(memories(context), pa, bytes);
}

static void fence(void *context, const struct mmu_fence *which) {
    struct board *board = context;
    board->fences++;
    if (!board->stopped && !board->target.fence(board->target.context, which))
        board->stopped = true;
}

static void set_root(void *context, uint64_t root_ppn, uint16_t asid) {
    struct board *board = context;
    board->control.root_ppn = root_ppn;
    board->control.asid = asid;
    board->target.control(board->target.context, &board->control);
}

struct machine board_machine(struct board *board) {
    return (struct machine){board,     read_word,  write_word, clear_page, copy_page,
                            load_page, store_page, fence,      set_root};
}
