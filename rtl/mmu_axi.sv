// The MMU with an AXI4 port instead of the page-table port: module mmu and its adapter ptw_axi. All other
// ports and the parameters are those of mmu; the probe stays unconnected. docs/axi.md.
module mmu_axi #(
    parameter int ITLB_SETS    = 1,   // these are mmu's
    parameter int ITLB_WAYS    = 16,
    parameter int ITLB_POLICY  = 1,
    parameter int DTLB_SETS    = 1,
    parameter int DTLB_WAYS    = 32,
    parameter int DTLB_POLICY  = 1,
    parameter int L2TLB_SETS   = 64,
    parameter int L2TLB_WAYS   = 4,
    parameter int L2TLB_POLICY = 0,
    parameter int SEED         = 1,
    parameter int WALKS        = 8,
    parameter int WALK_CACHE   = 8,
    parameter int IMISSES      = 4,
    parameter int DMISSES      = 16,
    parameter int PREFETCH     = 0,
    parameter int PARITY       = 0,

    parameter int         ADDR_W = 56,                  // these are ptw_axi's
    parameter int         ID_W   = mmu_defs::PTW_ID_W,
    parameter logic [3:0] CACHE  = 4'b0010,
    parameter logic [2:0] PROT   = 3'b001
) (
    input  logic                          clk_i,               // everything happens at its rising edge
    input  logic                          rst_ni,              // synchronous reset, active low

    // Fetches
    input  logic                          ireq_valid_i,
    output logic                          ireq_ready_o,         // 0 while a miss is served or a fence waits
    input  logic [mmu_defs::ID_W-1:0]     ireq_id_i,            // comes back in the response
    input  logic [mmu_defs::VA_W-1:0]     ireq_va_i,            // virtual address
    input  logic [mmu_defs::PRIV_W-1:0]   ireq_priv_i,          // effective privilege, PRIV_*
    output logic                          iresp_valid_o,        // for one cycle; there is no ready
    output logic [mmu_defs::ID_W-1:0]     iresp_id_o,           // of the request answered
    output logic [mmu_defs::PA_W-1:0]     iresp_pa_o,           // physical address; 0 on a fault
    output logic [mmu_defs::PAGE_W-1:0]   iresp_size_o,         // page size, PAGE_*; 0 on a fault
    output logic [mmu_defs::MEMORY_W-1:0] iresp_memory_o,       // memory type, MEMORY_*; 0 on a fault
    output logic                          iresp_fault_o,        // not translated: the next two say why
    output logic [mmu_defs::CAUSE_W-1:0]  iresp_cause_o,        // exception code, CAUSE_*
    output logic [mmu_defs::FAULT_W-1:0]  iresp_reason_o,       // finer than the cause, FAULT_*
    output logic [mmu_defs::LEVEL_W-1:0]  iresp_level_o,        // where it was decided, LEVEL_*

    // Loads and stores
    input  logic                          dreq_valid_i,
    output logic                          dreq_ready_o,         // 0 while a miss is served or a fence waits
    input  logic [mmu_defs::ID_W-1:0]     dreq_id_i,            // comes back in the response
    input  logic [mmu_defs::VA_W-1:0]     dreq_va_i,            // virtual address
    input  logic [mmu_defs::PRIV_W-1:0]   dreq_priv_i,          // effective privilege, PRIV_*
    input  logic                          dreq_write_i,         // 1: store or AMO, 0: load
    output logic                          dresp_valid_o,        // for one cycle; there is no ready
    output logic [mmu_defs::ID_W-1:0]     dresp_id_o,           // of the request answered
    output logic [mmu_defs::PA_W-1:0]     dresp_pa_o,           // physical address; 0 on a fault
    output logic [mmu_defs::PAGE_W-1:0]   dresp_size_o,         // page size, PAGE_*; 0 on a fault
    output logic [mmu_defs::MEMORY_W-1:0] dresp_memory_o,       // memory type, MEMORY_*; 0 on a fault
    output logic                          dresp_fault_o,        // not translated: the next two say why
    output logic [mmu_defs::CAUSE_W-1:0]  dresp_cause_o,        // exception code, CAUSE_*
    output logic [mmu_defs::FAULT_W-1:0]  dresp_reason_o,       // finer than the cause, FAULT_*
    output logic [mmu_defs::LEVEL_W-1:0]  dresp_level_o,        // where it was decided, LEVEL_*

    // Control registers; those of the cycle in which a request is accepted count for it
    input  logic [mmu_defs::MODE_W-1:0]   ctl_mode_i,          // satp.MODE, MODE_*
    input  logic [mmu_defs::PPN_W-1:0]    ctl_root_ppn_i,      // satp.PPN; 22 bits in Sv32
    input  logic [mmu_defs::ASID_W-1:0]   ctl_asid_i,          // satp.ASID
    input  logic                          ctl_sum_i,           // mstatus.SUM
    input  logic                          ctl_mxr_i,           // mstatus.MXR
    input  logic                          ctl_adue_i,          // menvcfg.ADUE: Svadu, else Svade
    input  logic                          ctl_pbmte_i,         // menvcfg.PBMTE: Svpbmt enabled
    input  logic                          ctl_napot_i,         // Svnapot implemented

    // Fence (SFENCE.VMA): once taken, no later response uses what it removed
    input  logic                          fence_valid_i,
    output logic                          fence_ready_o,
    input  logic                          fence_has_va_i,      // rs1 is not x0
    input  logic [mmu_defs::VA_W-1:0]     fence_va_i,          // bits 56:12 count
    input  logic                          fence_has_asid_i,    // rs2 is not x0
    input  logic [mmu_defs::ASID_W-1:0]   fence_asid_i,

    // Error injection: 1 in a cycle in which an L2 entry is written damages one bit of it
    input  logic                          inject_i,
    input  logic [7:0]                    inject_bit_i,        // modulo the bits of an entry

    // Performance counters
    input  logic [mmu_defs::COUNTER_W-1:0] counter_sel_i,      // COUNTER_*
    output logic [63:0]                   counter_o,           // since reset, as the cycle begins

    // AXI4 read address
    output logic                          axi_arvalid_o,
    input  logic                          axi_arready_i,
    output logic [ID_W-1:0]               axi_arid_o,         // number of the walk
    output logic [ADDR_W-1:0]             axi_araddr_o,
    output logic [7:0]                    axi_arlen_o,        // one beat
    output logic [2:0]                    axi_arsize_o,       // 2 or 3: 4 or 8 bytes
    output logic [1:0]                    axi_arburst_o,      // INCR
    output logic                          axi_arlock_o,       // exclusive: begins a compare-and-set
    output logic [3:0]                    axi_arcache_o,
    output logic [2:0]                    axi_arprot_o,

    // AXI4 read data
    input  logic                          axi_rvalid_i,
    output logic                          axi_rready_o,
    input  logic [ID_W-1:0]               axi_rid_i,
    input  logic [63:0]                   axi_rdata_i,
    input  logic [1:0]                    axi_rresp_i,
    input  logic                          axi_rlast_i,

    // AXI4 write address
    output logic                          axi_awvalid_o,
    input  logic                          axi_awready_i,
    output logic [ID_W-1:0]               axi_awid_o,         // number of the walk
    output logic [ADDR_W-1:0]             axi_awaddr_o,
    output logic [7:0]                    axi_awlen_o,        // one beat
    output logic [2:0]                    axi_awsize_o,       // 2 or 3: 4 or 8 bytes
    output logic [1:0]                    axi_awburst_o,      // INCR
    output logic                          axi_awlock_o,       // every write is exclusive
    output logic [3:0]                    axi_awcache_o,
    output logic [2:0]                    axi_awprot_o,

    // AXI4 write data
    output logic                          axi_wvalid_o,
    input  logic                          axi_wready_i,
    output logic [63:0]                   axi_wdata_o,
    output logic [7:0]                    axi_wstrb_o,
    output logic                          axi_wlast_o,

    // AXI4 write response
    input  logic                          axi_bvalid_i,
    output logic                          axi_bready_o,
    input  logic [ID_W-1:0]               axi_bid_i,
    input  logic [1:0]                    axi_bresp_i
);
    generate
        if (WALKS > 1 && $clog2(WALKS) > ID_W) begin : g_bad_width
            initial $fatal(1, "ID_W does not hold the numbers of WALKS walks");
        end
    endgenerate

    logic ptw_req_valid, ptw_req_ready, ptw_req_cas, ptw_req_word, ptw_resp_valid, ptw_resp_error;
    logic [mmu_defs::PTW_ID_W-1:0] ptw_req_id, ptw_resp_id;
    logic [mmu_defs::PA_W-1:0]     ptw_req_pa;
    logic [63:0]                   ptw_req_expect, ptw_req_desired, ptw_resp_data;

    mmu #(
        .ITLB_SETS(ITLB_SETS), .ITLB_WAYS(ITLB_WAYS), .ITLB_POLICY(ITLB_POLICY),
        .DTLB_SETS(DTLB_SETS), .DTLB_WAYS(DTLB_WAYS), .DTLB_POLICY(DTLB_POLICY),
        .L2TLB_SETS(L2TLB_SETS), .L2TLB_WAYS(L2TLB_WAYS), .L2TLB_POLICY(L2TLB_POLICY), .SEED(SEED),
        .WALKS(WALKS), .WALK_CACHE(WALK_CACHE), .IMISSES(IMISSES), .DMISSES(DMISSES),
        .PREFETCH(PREFETCH), .PARITY(PARITY)
    ) i_mmu (
        .clk_i, .rst_ni,
        .ireq_valid_i, .ireq_ready_o, .ireq_id_i, .ireq_va_i, .ireq_priv_i,
        .iresp_valid_o, .iresp_id_o, .iresp_pa_o, .iresp_size_o, .iresp_memory_o, .iresp_fault_o,
        .iresp_cause_o, .iresp_reason_o, .iresp_level_o,
        .dreq_valid_i, .dreq_ready_o, .dreq_id_i, .dreq_va_i, .dreq_priv_i, .dreq_write_i,
        .dresp_valid_o, .dresp_id_o, .dresp_pa_o, .dresp_size_o, .dresp_memory_o, .dresp_fault_o,
        .dresp_cause_o, .dresp_reason_o, .dresp_level_o,
        .ctl_mode_i, .ctl_root_ppn_i, .ctl_asid_i, .ctl_sum_i, .ctl_mxr_i, .ctl_adue_i,
        .ctl_pbmte_i, .ctl_napot_i,
        .fence_valid_i, .fence_ready_o, .fence_has_va_i, .fence_va_i, .fence_has_asid_i,
        .fence_asid_i,
        .inject_i, .inject_bit_i, .counter_sel_i, .counter_o,
        .ptw_req_valid_o(ptw_req_valid), .ptw_req_ready_i(ptw_req_ready),
        .ptw_req_id_o(ptw_req_id), .ptw_req_pa_o(ptw_req_pa), .ptw_req_cas_o(ptw_req_cas),
        .ptw_req_word_o(ptw_req_word), .ptw_req_expect_o(ptw_req_expect),
        .ptw_req_desired_o(ptw_req_desired),
        .ptw_resp_valid_i(ptw_resp_valid), .ptw_resp_id_i(ptw_resp_id),
        .ptw_resp_data_i(ptw_resp_data), .ptw_resp_error_i(ptw_resp_error)
    );

    ptw_axi #(.ADDR_W(ADDR_W), .ID_W(ID_W), .CACHE(CACHE), .PROT(PROT)) i_ptw_axi (
        .clk_i, .rst_ni,
        .ptw_req_valid_i(ptw_req_valid), .ptw_req_ready_o(ptw_req_ready),
        .ptw_req_id_i(ptw_req_id), .ptw_req_pa_i(ptw_req_pa), .ptw_req_cas_i(ptw_req_cas),
        .ptw_req_word_i(ptw_req_word), .ptw_req_expect_i(ptw_req_expect),
        .ptw_req_desired_i(ptw_req_desired),
        .ptw_resp_valid_o(ptw_resp_valid), .ptw_resp_id_o(ptw_resp_id),
        .ptw_resp_data_o(ptw_resp_data), .ptw_resp_error_o(ptw_resp_error),
        .axi_arvalid_o, .axi_arready_i, .axi_arid_o, .axi_araddr_o, .axi_arlen_o, .axi_arsize_o,
        .axi_arburst_o, .axi_arlock_o, .axi_arcache_o, .axi_arprot_o,
        .axi_rvalid_i, .axi_rready_o, .axi_rid_i, .axi_rdata_i, .axi_rresp_i, .axi_rlast_i,
        .axi_awvalid_o, .axi_awready_i, .axi_awid_o, .axi_awaddr_o, .axi_awlen_o, .axi_awsize_o,
        .axi_awburst_o, .axi_awlock_o, .axi_awcache_o, .axi_awprot_o,
        .axi_wvalid_o, .axi_wready_i, .axi_wdata_o, .axi_wstrb_o, .axi_wlast_o,
        .axi_bvalid_i, .axi_bready_o, .axi_bid_i, .axi_bresp_i
    );
endmodule
