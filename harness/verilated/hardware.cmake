# add_hardware(NAME PREFIX … CONFIGS … SOURCES … [VERILATOR_ARGS …])
#
# Library NAME: hardware from the SystemVerilog files SOURCES, compiled by Verilator once for each of
# CONFIGS (rtl/configs.cmake) into classes PREFIX_<configuration>, behind the C face of rtl_mmu.h.
find_package(verilator 5.006 REQUIRED HINTS $ENV{VERILATOR_ROOT} /usr/share/verilator)
include(${CMAKE_CURRENT_LIST_DIR}/../../rtl/configs.cmake)

set(TWINWALK_VERILATED_DIR ${CMAKE_CURRENT_LIST_DIR})
include(${CMAKE_CURRENT_LIST_DIR}/sampled.cmake)

# Library MODELS: Verilator's own output, and its runtime. Not our code, so without our warning flags.
function(add_verilated_models models)
  cmake_parse_arguments(ARG "" PREFIX "CONFIGS;SOURCES;VERILATOR_ARGS" ${ARGN})
  add_library(${models} STATIC)
  set_target_properties(${models} PROPERTIES CXX_EXTENSIONS ON)
  # Messages of the hardware's assertions go where errors belong, not on standard output.
  target_compile_options(${models} PRIVATE
    "SHELL:-include ${TWINWALK_VERILATED_DIR}/message.h" -DVL_PRINTF=rtl_mmu_message)
  if(NOT "${ARG_SOURCES}" MATCHES "/mmu_defs.sv")
    list(PREPEND ARG_SOURCES ${TWINWALK_VERILATED_DIR}/../../rtl/mmu_defs.sv)  # `top` needs it
  endif()
  foreach(config IN LISTS ARG_CONFIGS)
    twinwalk_config_parameters(${config} parameters)
    set(sampled ${CMAKE_CURRENT_BINARY_DIR}/${ARG_PREFIX}_${config}/top.sv)
    write_sampled(${sampled} "${parameters}")
    verilate(${models}
      PREFIX ${ARG_PREFIX}_${config} TOP_MODULE top TRACE_FST
      SOURCES ${ARG_SOURCES} ${sampled}
      OPT_FAST -O3 OPT_SLOW -O1 OPT_GLOBAL -O3
      VERILATOR_ARGS -O3 --assert --timescale 1ns/1ns
        --x-assign unique --x-initial unique
        --trace-max-array 256 --trace-max-width 1024 --trace-structs
        ${ARG_VERILATOR_ARGS})
  endforeach()
endfunction()

function(add_hardware name)
  cmake_parse_arguments(ARG "" PREFIX "CONFIGS;SOURCES;VERILATOR_ARGS" ${ARGN})
  add_verilated_models(${name}_models ${ARGN})
  add_library(${name} STATIC ${TWINWALK_VERILATED_DIR}/registry.cpp)
  target_link_libraries(${name} PRIVATE twinwalk_flags ${name}_models)
  set(registered "")
  foreach(config IN LISTS ARG_CONFIGS)
    set(values ${TWINWALK_CONFIG_${config}})
    set(geometry "")
    foreach(tlb ITLB DTLB L2TLB)
      list(POP_FRONT values sets ways policy)
      list(APPEND geometry "RTL_${tlb}=${sets}, ${ways}, POLICY_${policy}")
    endforeach()
    foreach(name WALKS WALK_CACHE IMISSES DMISSES PREFETCH PARITY)
      list(POP_FRONT values value)
      list(APPEND geometry RTL_${name}=${value})
    endforeach()
    set(class ${ARG_PREFIX}_${config})
    add_library(${name}_${config} OBJECT ${TWINWALK_VERILATED_DIR}/instance.cpp)
    target_compile_definitions(${name}_${config} PRIVATE
      RTL_CONFIG=${config} RTL_MODEL=${class} RTL_HEADER="${class}.h"
      RTL_SEED=${TWINWALK_SEED} ${geometry})
    target_link_libraries(${name}_${config} PRIVATE twinwalk_flags)
    target_include_directories(${name}_${config} SYSTEM PRIVATE
      $<TARGET_PROPERTY:${name}_models,INTERFACE_INCLUDE_DIRECTORIES>)
    add_dependencies(${name}_${config} ${name}_models)
    target_sources(${name} PRIVATE $<TARGET_OBJECTS:${name}_${config}>)
    string(APPEND registered " X(${config})")
  endforeach()
  target_compile_options(${name} PRIVATE "SHELL:\"-DRTL_CONFIGS(X)=${registered}\"")
endfunction()
