# Area and longest path of the hardware, by Yosys: figures, not a test. From the top of the source tree:
#   cmake [-DCONFIGS="small;default;server"] [-DSTA=ON] -P tests/bench/area.cmake
# Generic cells: flattened, mapped to gates and flip-flops; what rtl/ram.sv holds stays RAM and is given
# in bits. STA: the xilinx flow with abc9, and its longest path in ps (no wire delays).
set(root ${CMAKE_CURRENT_LIST_DIR}/../..)
include(${root}/rtl/sources.cmake)
include(${root}/rtl/configs.cmake)
if(NOT CONFIGS)
  set(CONFIGS small default server)
endif()
list(JOIN TWINWALK_RTL_SOURCES " " sources)

function(run_yosys script out)
  execute_process(COMMAND yosys -p "${script}" OUTPUT_VARIABLE output ERROR_VARIABLE output
                  RESULT_VARIABLE result)
  if(NOT result EQUAL 0)
    message(FATAL_ERROR "${output}")
  endif()
  set(${out} "${output}" PARENT_SCOPE)
endfunction()

# The number after the last "TEXT:" of Yosys' statistics.
function(last_number output text out)
  string(REGEX MATCHALL "${text}: +[0-9]+" all "${output}")
  list(GET all -1 last)
  string(REGEX REPLACE ".* " "" last "${last}")
  set(${out} ${last} PARENT_SCOPE)
endfunction()

# Cells of the module that the Yosys commands `read` leave as top.
function(print_cells name read top entries)
  run_yosys("${read}; hierarchy -check -top ${top}; setattr -mod -set blackbox 1 *ram*WIDTH*; \
synth -flatten -top ${top}; stat" output)
  last_number("${output}" "Number of cells" cells)
  set(note "")
  if(entries GREATER 0)
    math(EXPR each "${cells} / ${entries}")
    set(note "; ${each} for each entry")
  endif()
  message("| ${name} | ${cells} generic cells${note} |")
endfunction()

# Writes a module TOP around MODULE with these parameters (NAME=VALUE), which leaves the ports unconnected
# that only tell the probe something (UNUSED, a regular expression): a chip does not have them.
function(write_top file top module parameters widths unused)
  file(STRINGS ${root}/rtl/${module}.sv lines REGEX "^    (in|out)put +logic")
  set(ports "")
  set(connections "")
  foreach(line IN LISTS lines)
    string(REGEX MATCH "^ +([a-z]+ +logic *(\\[[^]]*\\])?) +([a-z0-9_]+)" port "${line}")
    set(type ${CMAKE_MATCH_1})
    set(name ${CMAKE_MATCH_3})
    if(NOT name MATCHES "${unused}")
      list(APPEND ports "${type} ${name}")
      list(APPEND connections ".${name}(${name})")
    endif()
  endforeach()
  list(JOIN ports ", " ports)
  list(JOIN connections ", " connections)
  list(TRANSFORM parameters REPLACE "(.*)=(.*)" ".\\1(\\2)")
  list(JOIN parameters ", " parameters)
  file(WRITE ${file} "module ${top} #(${widths}) (${ports});
    ${module} #(${parameters}) inside (${connections});
endmodule
")
endfunction()

function(print_path config read)
  run_yosys("${read}; hierarchy -check -top area_top; \
synth_xilinx -flatten -abc9 -top area_top; stat; read_verilog -lib -specify +/xilinx/cells_sim.v; sta" output)
  string(REGEX MATCH "Latest arrival time in 'area_top' is ([0-9]+)" found "${output}")
  set(ps ${CMAKE_MATCH_1})
  last_number("${output}" "Estimated number of LCs" luts)
  string(REGEX MATCHALL "RAMB[0-9A-Z]+ +[0-9]+\n" brams "${output}")
  list(REMOVE_DUPLICATES brams)
  string(REPLACE "\n" "" brams "${brams}")
  message("| ${config}, xilinx | longest path ${ps} ps; ${luts} logic cells; ${brams} |")
endfunction()

set(file ${CMAKE_BINARY_DIR}/area_top.sv)
message("| what | measured |\n| --- | --- |")
write_top(${file} area_top tlb "SETS=1;WAYS=32;POLICY=1" "parameter SET_W = 1, parameter WAY_W = 5"
          "^evicted")
print_cells("L1 TLB, 32 entries, PLRU" "read_verilog -sv ${sources} ${file}" area_top 32)
foreach(config IN LISTS CONFIGS)
  twinwalk_config_parameters(${config} parameters)
  write_top(${file} area_top mmu "${parameters}" "parameter NONE = 0" "^probe")
  print_cells("${config}, whole MMU" "read_verilog -sv ${sources} ${file}" area_top 0)
  if(STA)
    print_path(${config} "read_verilog -sv ${sources} ${file}")
  endif()
endforeach()
file(REMOVE ${file})
