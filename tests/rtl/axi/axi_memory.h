/*
 * An AXI4 subordinate: memory with one exclusive monitor per id, that answers late, in any order
 * across ids, and takes what is offered when it pleases. One beat a transaction; no checks of the
 * manager (axi_check.h).
 */
#ifndef TWINWALK_TESTS_RTL_AXI_MEMORY_H
#define TWINWALK_TESTS_RTL_AXI_MEMORY_H

#include "axi_pins.h"
#include "physmem/physmem.h"

/* When AW and W are taken. Each is allowed, so a manager must not wait for either. */
enum axi_write_order { AXI_EITHER_FIRST, AXI_ADDRESS_FIRST, AXI_DATA_FIRST };

struct axi_memory_config {
    unsigned latency_max;    /* cycles from address to answer: evenly 1 to this */
    unsigned ready_permille; /* of cycles, for each channel */
    bool ready_after_valid;  /* a channel's ready waits for a cycle with its valid */
    enum axi_write_order write_order;
    bool no_exclusive;       /* exclusive accesses are answered OKAY, as the standard has it */
    unsigned error_permille; /* of transactions, SLVERR and DECERR */
    unsigned lose_permille;  /* of exclusive writes that fail though nobody wrote */
};

/* Whoever watches what the memory did with a transaction, in the cycle in which it decides. */
struct axi_memory_observer {
    void *context;
    /* A read, exclusive or not. */
    void (*read)(void *context, uint32_t id, enum axi_resp resp);
    /* A write; `stored`: memory changed, the 8 bytes at `word` now hold value instead of old. */
    void (*write)(void *context, uint32_t id, enum axi_resp resp, bool stored, uint64_t word,
                  uint64_t old, uint64_t value);
};

#define AXI_PENDING 32

struct axi_memory {
    struct axi_memory_config config;
    struct physmem *memory;
    struct axi_memory_observer observer; /* functions may be NULL */
    uint64_t random;
    uint64_t cycle;
    unsigned reads;
    struct axi_pending {
        struct axi_address address;
        uint64_t due;
    } read[AXI_PENDING], write; /* write.address.valid: AW was taken */
    bool w_taken;
    uint64_t w_data;
    uint8_t w_strb;
    struct axi_monitor {
        bool set;
        uint32_t id;
        uint64_t addr;
        uint8_t size;
    } monitor[AXI_PENDING];
    unsigned next_monitor;
    bool saw_ar, saw_aw, saw_w;  /* valid in the cycle before */
    struct axi_subordinate pins; /* of this cycle */
};

void axi_memory_init(struct axi_memory *axi, const struct axi_memory_config *config,
                     struct physmem *memory, uint64_t seed);

/* Before the cycle: what the memory drives in it. */
const struct axi_subordinate *axi_memory_drive(struct axi_memory *axi);

/* After settling: performs the cycle's transfers. */
void axi_memory_sample(struct axi_memory *axi, const struct axi_manager *manager);

/* Somebody else wrote into the 8 bytes around addr: monitors of it are lost. */
void axi_memory_written(struct axi_memory *axi, uint64_t addr);

/* Whether no transaction is under way. */
bool axi_memory_idle(const struct axi_memory *axi);

#endif
