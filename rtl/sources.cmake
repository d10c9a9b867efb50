# The hardware's files in the order in which the tools want them: packages first.
set(TWINWALK_RTL_DIR ${CMAKE_CURRENT_LIST_DIR})
set(TWINWALK_RTL_SOURCES
  mmu_defs.sv mmu_types.svh mode.sv page.sv page_set.sv pte.sv permission.sv cached_entry.sv
  first.sv first_from.sv
  age.sv plru.sv random.sv ram.sv replacement.sv tlb.sv l2_tlb.sv
  walk_cache_level.sv walk_cache.sv counters.sv
  walk_requests.sv walk_results.sv walk_states.sv walker.sv sweep.sv engine.sv misses.sv mmu_port.sv
  handshake_check.sv mmu.sv)
list(TRANSFORM TWINWALK_RTL_SOURCES PREPEND ${TWINWALK_RTL_DIR}/)
# Lint waivers, each with its reason; read by Verilator only.
set(TWINWALK_RTL_WAIVERS ${TWINWALK_RTL_DIR}/waivers.vlt)
# Module mmu_axi, which is mmu with an AXI4 port, needs these besides.
set(TWINWALK_AXI_SOURCES ptw_axi.sv mmu_axi.sv)
list(TRANSFORM TWINWALK_AXI_SOURCES PREPEND ${TWINWALK_RTL_DIR}/)
