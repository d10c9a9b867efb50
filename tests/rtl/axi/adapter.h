/*
 * The Verilated ptw_axi behind a C face. A cycle is: write `in`, adapter_settle(), read `out`,
 * adapter_tick().
 */
#ifndef TWINWALK_TESTS_RTL_AXI_ADAPTER_H
#define TWINWALK_TESTS_RTL_AXI_ADAPTER_H

#include "axi_pins.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A request at the native page-table port (docs/architecture.md, "The ports of mmu"). */
struct ptw_request {
    bool valid, cas, word;
    uint8_t id;
    uint64_t pa, expect, desired;
};

struct ptw_response {
    bool valid, error;
    uint8_t id;
    uint64_t data;
};

struct adapter_inputs {
    struct ptw_request req;
    struct axi_subordinate axi;
};

struct adapter_outputs {
    bool req_ready;
    struct ptw_response resp;
    struct axi_manager axi;
};

/* How the module was built; bits of AXI addresses and ids. */
struct adapter_build {
    const char *name;
    unsigned addr_width, id_width;
};

struct adapter;

/* A reset instance of the build of that name; registers without a reset start at random values. */
struct adapter *adapter_open(const struct adapter_build *build);
void adapter_close(struct adapter *adapter);

/* The builds linked in; ends with a NULL name. */
extern const struct adapter_build adapter_builds[];

struct adapter_inputs *adapter_in(struct adapter *adapter);
const struct adapter_outputs *adapter_out(const struct adapter *adapter);
void adapter_settle(struct adapter *adapter);
void adapter_tick(struct adapter *adapter);

/* An assertion of the module failed. */
bool adapter_failed(const struct adapter *adapter);

/* Whether messages of failed assertions are kept from standard error. */
void adapter_mute(bool muted);

#ifdef __cplusplus
}
#endif

#endif
