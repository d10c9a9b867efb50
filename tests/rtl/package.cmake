# The committed package is what the generator prints. cmake -DGENERATOR=… -DRTL=…/rtl -P package.cmake
execute_process(COMMAND ${GENERATOR} OUTPUT_VARIABLE generated COMMAND_ERROR_IS_FATAL ANY)
file(READ ${RTL}/mmu_defs.sv committed)
if(NOT generated STREQUAL committed)
  message(FATAL_ERROR "rtl/mmu_defs.sv is not what model/defs/gen_sv_package.c prints: "
                      "build the target update_mmu_defs")
endif()
