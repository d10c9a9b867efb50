/*
 * The Verilated mmu_axi behind a C face, in one configuration. A cycle is: write `in`,
 * translator_settle(), read `out`, translator_tick().
 */
#ifndef TWINWALK_TESTS_RTL_AXI_TRANSLATOR_H
#define TWINWALK_TESTS_RTL_AXI_TRANSLATOR_H

#include "axi_pins.h"
#include "timing/pins.h"

#ifdef __cplusplus
extern "C" {
#endif

struct translator_inputs {
    struct mmu_inputs mmu; /* ptw_* count for nothing */
    struct axi_subordinate axi;
};

struct translator_outputs {
    bool req_ready[PORTS];
    bool fence_ready;
    uint64_t counter;
    struct {
        bool valid;
        uint8_t id;
        struct mmu_response response;
    } resp[PORTS];
    struct axi_manager axi;
};

struct translator;

/* A reset instance; registers without a reset start at random values. */
struct translator *translator_open(void);
void translator_close(struct translator *translator);

struct translator_inputs *translator_in(struct translator *translator);
const struct translator_outputs *translator_out(const struct translator *translator);
void translator_settle(struct translator *translator);
void translator_tick(struct translator *translator);

/* An assertion of the hardware failed. */
bool translator_failed(const struct translator *translator);

#ifdef __cplusplus
}
#endif

#endif
