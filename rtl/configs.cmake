# The named configurations of the hardware, all in this place: for each TLB sets, ways, policy (0 sets:
# no L2 TLB); walks in flight; walk cache entries of each level; entries of the I and D miss files;
# prefetch; parity. `small`, `default` and `server` are for users, the others for tests.
set(TWINWALK_SEED 1)
#                           I TLB          D TLB          L2 TLB         walks cache I  D  prefetch parity
set(TWINWALK_CONFIG_small    1 4 LRU        1 4 LRU        4 2 LRU        2     2    2  4  0 0)
set(TWINWALK_CONFIG_default  1 16 PLRU      1 32 PLRU      64 4 LRU       8     16   4 16  0 0)
set(TWINWALK_CONFIG_server   16 4 LRU       16 4 LRU       128 12 LRU     8     32   4 16  0 1)
set(TWINWALK_CONFIG_wide     1 16 PLRU      1 32 PLRU      64 4 LRU       16    16   8 24  0 0)
set(TWINWALK_CONFIG_odd      3 5 FIFO       5 3 PLRU       12 3 FIFO      3     3    3  5  1 1)
set(TWINWALK_CONFIG_random   1 6 RANDOM     4 3 RANDOM     16 5 RANDOM    5     4    4  7  1 0)
set(TWINWALK_CONFIG_nol2     2 2 RANDOM     1 7 PLRU       0 1 LRU        1     0    1  2  0 0)
set(TWINWALK_CONFIGS small default server wide odd random nol2)

# The code of a policy, from the generated package so that it stands in one place.
function(twinwalk_policy_code policy out)
  file(STRINGS ${CMAKE_CURRENT_FUNCTION_LIST_DIR}/mmu_defs.sv line REGEX " POLICY_${policy} = ")
  if(NOT line MATCHES "= [0-9]+'d([0-9]+)")
    message(FATAL_ERROR "no replacement policy ${policy} in mmu_defs.sv")
  endif()
  set(${out} ${CMAKE_MATCH_1} PARENT_SCOPE)
endfunction()

# The parameters of module mmu for a configuration, as a list NAME=VALUE.
function(twinwalk_config_parameters config out)
  set(parameters SEED=${TWINWALK_SEED})
  set(values ${TWINWALK_CONFIG_${config}})
  foreach(tlb ITLB DTLB L2TLB)
    list(POP_FRONT values sets ways policy)
    twinwalk_policy_code(${policy} code)
    list(APPEND parameters ${tlb}_SETS=${sets} ${tlb}_WAYS=${ways} ${tlb}_POLICY=${code})
  endforeach()
  foreach(name WALKS WALK_CACHE IMISSES DMISSES PREFETCH PARITY)
    list(POP_FRONT values value)
    list(APPEND parameters ${name}=${value})
  endforeach()
  set(${out} ${parameters} PARENT_SCOPE)
endfunction()
