# What Yosys makes of the hardware behaves like the model: `small` is synthesised, its netlist compiled
# by Verilator, and played in lockstep. Finds what the synthesiser understands otherwise than Verilator.
include(${PROJECT_SOURCE_DIR}/rtl/sources.cmake)
include(${PROJECT_SOURCE_DIR}/harness/verilated/hardware.cmake)

# Verilator runs when CMake configures, so the netlist must be there by then.
set(netlist ${CMAKE_CURRENT_BINARY_DIR}/netlist_small.v)
set(inputs ${TWINWALK_RTL_SOURCES} ${rtl}/configs.cmake ${CMAKE_CURRENT_SOURCE_DIR}/lint.cmake
    ${CMAKE_CURRENT_LIST_FILE})
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${inputs})
foreach(input IN LISTS inputs)
  if(${input} IS_NEWER_THAN ${netlist})
    set(stale TRUE)
  endif()
endforeach()
if(stale)
  file(REMOVE ${netlist})
  execute_process(COMMAND ${CMAKE_COMMAND} -DTOOL=yosys -DCONFIG=small -DRTL=${rtl}
                          -DNETLIST=${netlist}.new -P ${CMAKE_CURRENT_SOURCE_DIR}/lint.cmake
                  RESULT_VARIABLE failed)
  if(failed)
    # The test rtl_yosys_small tells the same, and fails.
    message(WARNING "Yosys does not synthesise the hardware: no netlist tests")
    return()
  endif()
  # The parameters are set already. They stay in name, since add_hardware() gives them to Verilator.
  file(READ ${netlist}.new text)
  twinwalk_config_parameters(small parameters)
  list(TRANSFORM parameters PREPEND "parameter ")
  list(JOIN parameters ", " parameters)
  string(REPLACE "\nmodule mmu(" "\nmodule mmu #(${parameters}) (" text "${text}")
  file(WRITE ${netlist} "/* verilator tracing_off */\n${text}")  # thousands of wires
  file(REMOVE ${netlist}.new)
endif()

add_hardware(netlist_rtl PREFIX Vnetlist CONFIGS small SOURCES ${netlist}
  VERILATOR_ARGS -Wno-lint -Wno-style)
# It runs for seconds only: to optimise it would take longer.
get_target_property(models netlist_rtl_models SOURCES)
set_property(SOURCE ${models} APPEND PROPERTY COMPILE_OPTIONS -O1)
# Linked whole and first, it stands before the hardware proper.
set(netlist_library $<LINK_LIBRARY:WHOLE_ARCHIVE,netlist_rtl>)

add_executable(netlist_smoke ${smoke_sources})
target_link_libraries(netlist_smoke PRIVATE twinwalk_flags ${netlist_library} twinwalk PkgConfig::cmocka)
add_test(NAME netlist_smoke COMMAND netlist_smoke small test_assertions_are_reported)

get_target_property(cli_sources twinwalk_cli SOURCES)
list(TRANSFORM cli_sources PREPEND ${PROJECT_SOURCE_DIR}/harness/)
add_executable(twinwalk_netlist ${cli_sources})
target_compile_definitions(twinwalk_netlist PRIVATE TWINWALK_VERSION="netlist")
target_link_libraries(twinwalk_netlist PRIVATE ${netlist_library} twinwalk_harness
                      PkgConfig::jansson)
add_test(NAME netlist_stress COMMAND twinwalk_netlist stress --config small --count 50000)
