/*
 * The Verilated hardware behind a C face. The only place that sees Verilator is this folder's C++.
 *
 * A clock cycle is: write `in`, rtl_mmu_settle(), read `out` (combinational outputs, and the events
 * of this cycle), rtl_mmu_tick(). Nothing else advances time.
 */
#ifndef TWINWALK_VERILATED_RTL_MMU_H
#define TWINWALK_VERILATED_RTL_MMU_H

#include "mmu/event.h"
#include "mmu/mmu.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Inputs of the module `mmu`; rtl/mmu.sv documents each port. */
struct rtl_inputs {
    struct {
        bool valid;
        uint8_t id;
        enum access_type access; /* PORT_I ignores it */
        enum privilege priv;
        uint64_t va;
    } req[PORTS];
    struct mmu_control control;
    bool fence_valid;
    struct mmu_fence fence;
    bool ptw_req_ready;
    bool ptw_resp_valid, ptw_resp_error;
    uint8_t ptw_resp_id;
    uint64_t ptw_resp_data;
};

#define RTL_EVENTS_PER_CYCLE 16

struct rtl_outputs {
    bool req_ready[PORTS];
    bool fence_ready;
    bool ptw_req_valid;
    bool ptw_req_cas;  /* compare-and-set instead of a read */
    bool ptw_req_word; /* 4-byte PTE instead of 8 */
    uint8_t ptw_req_id;
    uint64_t ptw_req_pa, ptw_req_expect, ptw_req_desired;
    /* This cycle's events in the order of docs/architecture.md, responses last. */
    unsigned events;
    struct mmu_event event[RTL_EVENTS_PER_CYCLE];
};

struct rtl_mmu;

/* Geometry of the configuration's TLBs, so that the model can be given the same; NULL: no such
 * name. */
const struct mmu_config *rtl_mmu_config(const char *name);

/* Names of the configurations built in, NULL-terminated. */
const char *const *rtl_mmu_config_names(void);

/*
 * A reset instance; registers without a reset start at values drawn from `seed`.
 * NULL: no such configuration, or no memory.
 */
struct rtl_mmu *rtl_mmu_open(const char *name, uint32_t seed);
void rtl_mmu_close(struct rtl_mmu *mmu);

struct rtl_inputs *rtl_mmu_in(struct rtl_mmu *mmu);
const struct rtl_outputs *rtl_mmu_out(const struct rtl_mmu *mmu);
void rtl_mmu_settle(struct rtl_mmu *mmu);
void rtl_mmu_tick(struct rtl_mmu *mmu);

/* Cycles since the end of reset. */
uint64_t rtl_mmu_cycle(const struct rtl_mmu *mmu);

/* An assertion of the hardware failed. */
bool rtl_mmu_failed(const struct rtl_mmu *mmu);

/* Whether messages of failed assertions, of any instance, are kept from standard error. */
void rtl_mmu_mute(bool muted);

/* Dump an FST from now on (time unit: 1 cycle = 10 ns); false: cannot be written. Close ends it. */
bool rtl_mmu_dump_open(struct rtl_mmu *mmu, const char *path);
void rtl_mmu_dump_close(struct rtl_mmu *mmu);

#ifdef __cplusplus
}
#endif

#endif
