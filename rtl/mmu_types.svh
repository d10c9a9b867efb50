// State enumerations, at file scope so that waveforms show their names.
`ifndef MMU_TYPES_SVH
`define MMU_TYPES_SVH

// What a request port is doing.
typedef enum logic [0:0] {
    PORT_READY = 1'b0,  // takes a request every cycle
    PORT_MISS  = 1'b1   // one request missed its L1 TLB and waits for the shared engine
} port_state_e;

// What the walker is doing.
typedef enum logic [2:0] {
    WALK_IDLE        = 3'd0,  // no walk
    WALK_READ        = 3'd1,  // offers a PTE read to the page-table port
    WALK_READ_WAIT   = 3'd2,  // the read was taken, its answer is awaited
    WALK_UPDATE      = 3'd3,  // offers a compare-and-set of A/D
    WALK_UPDATE_WAIT = 3'd4,  // the compare-and-set was taken, its answer is awaited
    WALK_RESTART     = 3'd5   // a fence ended the walk; it starts over at the root
} walk_state_e;

`endif
