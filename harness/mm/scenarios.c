#include "scenarios.h"

const struct scenario scenarios[] = {
    {"buddy", "the buddy allocator: a run of 512 frames is split into 2 x 256, and merged",
     scenario_buddy, false},
    {"slub", "slabs of small objects; a redzone and a double free are caught", scenario_slub,
     false},
    {"spaces", "two processes with the same virtual address", scenario_spaces, false},
    {"layout", "the user half and the kernel half of an address space", scenario_layout, false},
    {"tables", "what two-level tables cost (always Sv32)", scenario_tables, true},
    {"fault", "page faults, step by step", scenario_fault, false},
    {"fork", "copy-on-write", scenario_fork, false},
    {"huge", "huge pages: at a fault, by collapse, split again", scenario_huge, false},
    {"swap", "a swap storm: LRU, kswapd, swap, contents checked", scenario_swap, false},
    {"oom", "out of memory: who is killed, and the report", scenario_oom, false},
    {"mmap", "a file sent by read and write, by mmap, by sendfile: switches and copies",
     scenario_mmap, false},
    {0},
};
