# Runs one tool over the hardware. cmake -DTOOL=… -DRTL=…/rtl -DCONFIG=… -P lint.cmake
# With -DTOP=mmu_axi over that module (not yosys) instead of mmu.
# With -DTOOL=yosys -DNETLIST=FILE the synthesised hardware is also written, as Verilog.
include(${RTL}/sources.cmake)
include(${RTL}/configs.cmake)
twinwalk_config_parameters(${CONFIG} parameters)
if(NOT TOP)
  set(TOP mmu)
else()
  list(APPEND TWINWALK_RTL_SOURCES ${TWINWALK_AXI_SOURCES})
endif()

if(TOOL STREQUAL verilator)
  list(TRANSFORM parameters PREPEND -G)
  execute_process(COMMAND verilator --lint-only -Wall --assert --top-module ${TOP} ${parameters}
                          ${TWINWALK_RTL_WAIVERS} ${TWINWALK_RTL_SOURCES}
                  RESULT_VARIABLE result OUTPUT_VARIABLE output ERROR_VARIABLE output)
elseif(TOOL STREQUAL iverilog)
  list(TRANSFORM parameters PREPEND -P${TOP}.)
  execute_process(COMMAND iverilog -g2012 -Wall -o /dev/null -s ${TOP} ${parameters}
                          ${TWINWALK_RTL_SOURCES}
                  RESULT_VARIABLE result OUTPUT_VARIABLE output ERROR_VARIABLE output)
  # Not a finding: Icarus says that it re-evaluates such a process more often than it would have to.
  string(REGEX REPLACE
    "[^\n]*sorry: constant selects in always_\\* processes are not currently supported[^\n]*\n" ""
    output "${output}")
elseif(TOOL STREQUAL yosys)
  list(TRANSFORM parameters REPLACE "(.*)=(.*)" "-set \\1 \\2")
  list(JOIN parameters " " parameters)
  list(JOIN TWINWALK_RTL_SOURCES " " sources)
  set(script "read_verilog -sv ${sources}; chparam ${parameters} mmu; \
hierarchy -check -top mmu; prep -top mmu; check -assert; synth -top mmu; check -assert")
  if(NETLIST)
    # Flat and without vectors, lest bits of one vector that depend on each other look like a loop.
    string(APPEND script "; flatten; splitnets; opt_clean; write_verilog -noattr ${NETLIST}")
  endif()
  execute_process(COMMAND yosys -q -p "${script}"
                  RESULT_VARIABLE result OUTPUT_VARIABLE output ERROR_VARIABLE output)
  # Not a finding: an array that is used as registers, not as a RAM.
  string(REGEX REPLACE "Warning: Replacing memory [^\n]* with list of registers[^\n]*\n" "" output
         "${output}")
else()
  message(FATAL_ERROR "unknown tool ${TOOL}")
endif()

if(NOT result STREQUAL 0 OR NOT output STREQUAL "")
  message(FATAL_ERROR "${TOOL}, ${CONFIG}: status ${result}\n${output}")
endif()
