/*
 * One instance of the hardware, whatever its configuration. Used in this folder only.
 */
#ifndef TWINWALK_VERILATED_INSTANCE_H
#define TWINWALK_VERILATED_INSTANCE_H

#include "rtl_mmu.h"

/* What rtl_mmu.h's functions work on; each configuration derives its own (instance.cpp). */
struct rtl_mmu {
    mmu_inputs in{};
    mmu_outputs out{};
    uint64_t cycle = 0;

    virtual ~rtl_mmu() = default;
    virtual void settle() = 0;
    virtual void tick() = 0;
    virtual bool failed() const = 0;
    virtual bool dump_open(const char *path) = 0;
    virtual void dump_close() = 0;
};

/* A configuration as it was built. */
struct rtl_configuration {
    const char *name;
    mmu_config geometry;
    rtl_mmu *(*open)(uint32_t seed);
};

#endif
