# write_sampled(FILE PARAMETERS): a module `top` around `mmu` that takes the inputs over at the rising
# edge, like the hardware's own registers. All of a cycle, its edge and what follows from its inputs, is
# then one evaluation; without it Verilator evaluates what depends on inputs three times a cycle.
#
# The ports are those of rtl/mmu.sv, which declares each on a line of its own.
function(write_sampled file parameters)
  file(STRINGS ${TWINWALK_VERILATED_DIR}/../../rtl/mmu.sv lines REGEX "^    (in|out)put  *logic .*_n?[io]")
  set(ports "input logic clk_i")
  set(registers "")
  set(samples "")
  set(connections ".clk_i")
  foreach(line IN LISTS lines)
    if(NOT line MATCHES "^    (input|output) +logic +(\\[.*:0\\])? *([a-z0-9_]+),? *(//.*)?$")
      message(FATAL_ERROR "not a port: ${line}")
    endif()
    set(direction ${CMAKE_MATCH_1})
    set(type "logic ${CMAKE_MATCH_2}")
    set(name ${CMAKE_MATCH_3})
    if(name STREQUAL clk_i)
      continue()
    endif()
    string(APPEND ports ",\n  ${direction} ${type} ${name}")
    if(direction STREQUAL input)
      string(APPEND registers "  ${type} ${name}_q;\n")
      string(APPEND samples "    ${name}_q <= ${name};\n")
      string(APPEND connections ", .${name}(${name}_q)")
    else()
      string(APPEND connections ", .${name}")
    endif()
  endforeach()
  list(TRANSFORM parameters REPLACE "(.*)=(.*)" ".\\1(\\2)")
  list(JOIN parameters ", " parameters)
  file(CONFIGURE OUTPUT ${file} @ONLY CONTENT "module top(
  ${ports}
);
${registers}
  always_ff @(posedge clk_i) begin
${samples}  end
  initial rst_ni_q = 1'b0;
  mmu #(${parameters}) mmu(${connections});
endmodule
")
endfunction()
