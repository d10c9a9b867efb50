/* Between the AXI ports of a Verilated module, of any widths, and the C structures. */
#ifndef TWINWALK_TESTS_RTL_AXI_COPY_H
#define TWINWALK_TESTS_RTL_AXI_COPY_H

#include "axi_pins.h"

template <class model> void copy_to_axi_pins(model &top, const axi_subordinate &axi) {
    top.axi_arready_i = axi.arready;
    top.axi_rvalid_i = axi.r.valid;
    top.axi_rid_i = axi.r.id;
    top.axi_rdata_i = axi.r.data;
    top.axi_rresp_i = axi.r.resp;
    top.axi_rlast_i = axi.r.last;
    top.axi_awready_i = axi.awready;
    top.axi_wready_i = axi.wready;
    top.axi_bvalid_i = axi.b.valid;
    top.axi_bid_i = axi.b.id;
    top.axi_bresp_i = axi.b.resp;
}

template <class model> void copy_from_axi_pins(const model &top, axi_manager &axi) {
    axi.ar = {bool(top.axi_arvalid_o), top.axi_arid_o,   top.axi_araddr_o,
              top.axi_arlen_o,         top.axi_arsize_o, top.axi_arburst_o,
              top.axi_arcache_o,       top.axi_arprot_o, bool(top.axi_arlock_o)};
    axi.aw = {bool(top.axi_awvalid_o), top.axi_awid_o,   top.axi_awaddr_o,
              top.axi_awlen_o,         top.axi_awsize_o, top.axi_awburst_o,
              top.axi_awcache_o,       top.axi_awprot_o, bool(top.axi_awlock_o)};
    axi.w = {bool(top.axi_wvalid_o), bool(top.axi_wlast_o), top.axi_wdata_o, top.axi_wstrb_o};
    axi.rready = top.axi_rready_o;
    axi.bready = top.axi_bready_o;
}

#endif
