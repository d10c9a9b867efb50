/*
 * The signals of an AXI4 port with 64 data bits as C sees them, for whatever Verilated module
 * drives it and for the memory behind it. Widths are those of the module; unused upper bits are 0.
 */
#ifndef TWINWALK_TESTS_RTL_AXI_PINS_H
#define TWINWALK_TESTS_RTL_AXI_PINS_H

#include <stdbool.h>
#include <stdint.h>

enum axi_resp { AXI_OKAY, AXI_EXOKAY, AXI_SLVERR, AXI_DECERR };

/* Payload of AR or AW. */
struct axi_address {
    bool valid;
    uint32_t id;
    uint64_t addr;
    uint8_t len, size, burst, cache, prot;
    bool lock;
};

/* What the manager drives. */
struct axi_manager {
    struct axi_address ar, aw;
    struct {
        bool valid, last;
        uint64_t data;
        uint8_t strb;
    } w;
    bool rready, bready;
};

/* What the subordinate (memory) drives. */
struct axi_subordinate {
    bool arready, awready, wready;
    struct {
        bool valid, last;
        uint32_t id;
        uint64_t data;
        enum axi_resp resp;
    } r;
    struct {
        bool valid;
        uint32_t id;
        enum axi_resp resp;
    } b;
};

#endif
