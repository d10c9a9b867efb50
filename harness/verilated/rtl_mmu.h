/*
 * The Verilated hardware behind a C face. The only place that sees Verilator is this folder's C++.
 *
 * A clock cycle is: write `in`, rtl_mmu_settle() once, read `out` (the outputs and events of this
 * cycle, model/timing/pins.h), rtl_mmu_tick(). Nothing else advances time. The edge that ends a
 * cycle is evaluated together with what follows from the inputs of the next, in the next settle.
 */
#ifndef TWINWALK_VERILATED_RTL_MMU_H
#define TWINWALK_VERILATED_RTL_MMU_H

#include "timing/pins.h"

#ifdef __cplusplus
extern "C" {
#endif

struct rtl_mmu;

/* The configuration's parameters, so that the model can be given the same; NULL: no such name. */
const struct mmu_config *rtl_mmu_config(const char *name);

/* Names of the configurations built in, NULL-terminated. */
const char *const *rtl_mmu_config_names(void);

/*
 * A reset instance; registers without a reset start at values drawn from `seed`.
 * NULL: no such configuration, or no memory.
 */
struct rtl_mmu *rtl_mmu_open(const char *name, uint32_t seed);
void rtl_mmu_close(struct rtl_mmu *mmu);

struct mmu_inputs *rtl_mmu_in(struct rtl_mmu *mmu);
const struct mmu_outputs *rtl_mmu_out(const struct rtl_mmu *mmu);
void rtl_mmu_settle(struct rtl_mmu *mmu);
void rtl_mmu_tick(struct rtl_mmu *mmu);

/* Cycles since the end of reset. */
uint64_t rtl_mmu_cycle(const struct rtl_mmu *mmu);

/* An assertion of the hardware failed, in a cycle that a settle has followed. */
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
