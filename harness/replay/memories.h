/*
 * The physical memories of whatever translates: one, or in lockstep one of each side, which are to
 * hold the same. Everything that is no bus access of an MMU comes through here: writes go to all of
 * them, reads compare them.
 */
#ifndef TWINWALK_REPLAY_MEMORIES_H
#define TWINWALK_REPLAY_MEMORIES_H

#include "physmem/physmem.h"

#define MEMORIES_MAX 2

struct memories {
    unsigned count;
    struct physmem *memory[MEMORIES_MAX];
    /* Told of an 8-byte word (or a refusal) that is not the same in both; NULL: nobody. */
    void (*differ)(void *context, uint64_t pa);
    void *context;
};

/*
 * As the functions of physmem.h with these names. Reads give what the last memory holds (the
 * model's), after telling of a difference.
 */
bool memories_read(const struct memories *all, uint64_t pa, unsigned bytes, uint64_t *value);
bool memories_write(const struct memories *all, uint64_t pa, unsigned bytes, uint64_t value);
bool memories_poke(const struct memories *all, uint64_t pa, unsigned bytes, uint64_t value);
bool memories_clear_page(const struct memories *all, uint64_t pa);
bool memories_copy_page(const struct memories *all, uint64_t to, uint64_t from);
bool memories_load_page(const struct memories *all, uint64_t pa, void *bytes);
bool memories_store_page(const struct memories *all, uint64_t pa, const void *bytes);
bool memories_add_ram(const struct memories *all, uint64_t base, uint64_t bytes);
bool memories_add_error(const struct memories *all, uint64_t from, uint64_t to);

#endif
