// One TLB: SETS x WAYS entries with page sizes mixed. The same module is the I, D and L2 TLB.
//
// Lookup and fill show their results in the cycle they are asked for and take effect at its end.
// In one cycle there is a lookup, or a fill, or a fence, never two of them.
module tlb #(
    parameter int SETS   = 1,               // 1 or more, any number
    parameter int WAYS   = 4,               // 1 or more, any number
    parameter int POLICY = 0,               // POLICY_*
    parameter int NUMBER = 0,               // TLB_*, for the random generator
    parameter int SEED   = 1,               // of random replacement, 14 bits
    parameter int SET_W  = SETS > 1 ? $clog2(SETS) : 1,
    parameter int WAY_W  = WAYS > 1 ? $clog2(WAYS) : 1
) (
    input  logic                          clk_i,
    input  logic                          rst_ni,

    // Lookup; the request and its control registers
    input  logic                          lookup_i,          // look up now
    input  logic [mmu_defs::VPN_W-1:0]    lookup_vpn_i,      // va[56:12]
    input  logic [mmu_defs::ACCESS_W-1:0] lookup_access_i,   // what the access does
    input  logic [mmu_defs::PRIV_W-1:0]   lookup_priv_i,     // U or S
    input  logic [mmu_defs::MODE_W-1:0]   lookup_mode_i,     // satp.MODE
    input  logic [mmu_defs::ASID_W-1:0]   lookup_asid_i,     // satp.ASID
    input  logic                          lookup_sum_i,      // mstatus.SUM
    input  logic                          lookup_mxr_i,      // mstatus.MXR
    input  logic                          lookup_adue_i,     // menvcfg.ADUE
    output logic [mmu_defs::LOOKUP_W-1:0] lookup_result_o,   // LOOKUP_*; MISS without a lookup
    output logic [SET_W-1:0]              lookup_set_o,      // of the match; 0 on a miss
    output logic [WAY_W-1:0]              lookup_way_o,      // of the match; 0 on a miss
    output logic [mmu_defs::FAULT_W-1:0]  lookup_reason_o,   // of a hit: why it is refused
    output logic [mmu_defs::ASID_W-1:0]   lookup_asid_o,     // the entry's
    output logic [mmu_defs::PAGE_W-1:0]   lookup_size_o,     // the entry's page size
    output logic [mmu_defs::PPN_W-1:0]    lookup_ppn_o,      // the entry's, 0 below the page size
    output logic [7:0]                    lookup_flags_o,    // the entry's ENTRY_BIT_*

    // Fill
    input  logic                          fill_i,            // write an entry now
    input  logic [mmu_defs::VPN_W-1:0]    fill_vpn_i,        // any address in the page
    input  logic [mmu_defs::ASID_W-1:0]   fill_asid_i,
    input  logic [mmu_defs::PAGE_W-1:0]   fill_size_i,
    input  logic [mmu_defs::PPN_W-1:0]    fill_ppn_i,        // 0 below the page size
    input  logic [7:0]                    fill_flags_i,      // ENTRY_BIT_*
    output logic [SET_W-1:0]              fill_set_o,        // where it goes
    output logic [WAY_W-1:0]              fill_way_o,
    output logic                          evicted_o,         // a valid entry is replaced
    output logic [mmu_defs::PAGE_W-1:0]   evicted_size_o,    // its page size, 0 if none
    output logic [mmu_defs::ASID_W-1:0]   evicted_asid_o,    // its ASID, 0 if none
    output logic [mmu_defs::VPN_W-1:0]    evicted_vpn_o,     // its page, 0 if none

    // Fence (SFENCE.VMA)
    input  logic                          fence_i,           // remove now
    input  logic                          fence_has_va_i,    // only pages that hold fence_vpn_i
    input  logic [mmu_defs::VPN_W-1:0]    fence_vpn_i,
    input  logic                          fence_has_asid_i,  // only entries of fence_asid_i, G=0
    input  logic [mmu_defs::ASID_W-1:0]   fence_asid_i
);
    localparam int ENTRIES = SETS * WAYS;
    localparam int INDEX_W = ENTRIES > 1 ? $clog2(ENTRIES) : 1;
    localparam int TAG_W = mmu_defs::PAGE_W + mmu_defs::VPN_W;

    // Entry of set s, way w: number s x WAYS + w. One array for each field.
    // The tag is {page size, vpn with 0 below the page size}: a match is plain equality.
    logic [ENTRIES-1:0]          valid_q;
    logic [TAG_W-1:0]            tag_q[0:ENTRIES-1];
    logic [mmu_defs::ASID_W-1:0] asid_q[0:ENTRIES-1];
    logic [mmu_defs::PPN_W-1:0]  ppn_q[0:ENTRIES-1];
    logic [7:0]                  flags_q[0:ENTRIES-1];
    // Page sizes filled since everything was last removed: only these need a look.
    logic [mmu_defs::PAGE_SIZES-1:0] sizes_q;

    function automatic logic [TAG_W-1:0] tag_of(input logic [mmu_defs::PAGE_W-1:0] size,
                                                input logic [mmu_defs::VPN_W-1:0] vpn);
        tag_of[mmu_defs::VPN_W+:mmu_defs::PAGE_W] = size;
        tag_of[mmu_defs::VPN_W-1:0] = vpn & page::name_mask(size);
    endfunction

    function automatic logic [SET_W-1:0] set_of(input logic [mmu_defs::PAGE_W-1:0] size,
                                                input logic [mmu_defs::VPN_W-1:0] vpn);
        set_of = SET_W'((vpn >> page::vpn_shift(size)) % mmu_defs::VPN_W'(SETS));
    endfunction

    // First entry of a set.
    function automatic logic [INDEX_W-1:0] base_of(input logic [SET_W-1:0] set);
        base_of = SETS > 1 ? INDEX_W'(32'(set) * WAYS) : '0;
    endfunction

    // ---- Lookup: one set for each page size, the smallest size first, then the lowest way.
    logic match;
    logic [INDEX_W-1:0] match_index, base, index;
    logic [TAG_W-1:0] tag;
    logic [mmu_defs::PAGE_SIZES-1:0] look_sizes;

    always_comb begin
        match = 1'b0;
        match_index = '0;
        lookup_set_o = '0;
        lookup_way_o = '0;
        look_sizes = '0;
        base = '0;
        index = '0;
        tag = '0;
        if (lookup_i) begin
            look_sizes = sizes_q & mode::sizes(lookup_mode_i);
            for (int size = 0; size < mmu_defs::PAGE_SIZES; size++) begin
                if (look_sizes[size] && !match) begin
                    tag = tag_of(mmu_defs::PAGE_W'(size), lookup_vpn_i);
                    base = base_of(set_of(mmu_defs::PAGE_W'(size), lookup_vpn_i));
                    for (int w = WAYS - 1; w >= 0; w--) begin
                        // Tags first: few entries need more than this one comparison.
                        if (tag_q[base+INDEX_W'(w)] == tag) begin
                            index = base + INDEX_W'(w);
                            if (valid_q[index] && (flags_q[index][mmu_defs::ENTRY_BIT_G] ||
                                                   asid_q[index] == lookup_asid_i)) begin
                                match = 1'b1;
                                match_index = index;
                                lookup_way_o = WAY_W'(w);
                            end
                        end
                    end
                    if (match) lookup_set_o = set_of(mmu_defs::PAGE_W'(size), lookup_vpn_i);
                end
            end
        end
    end

    assign lookup_asid_o = asid_q[match_index];
    assign lookup_size_o = tag_q[match_index][mmu_defs::VPN_W+:mmu_defs::PAGE_W];
    assign lookup_ppn_o = ppn_q[match_index];
    assign lookup_flags_o = flags_q[match_index];

    // ---- Checks of a cached entry: steps 6 and 8, and D for stores.
    logic [mmu_defs::FAULT_W-1:0] permission_reason;
    logic store_to_clean;

    permission i_permission (
        .access_i(lookup_access_i), .priv_i(lookup_priv_i), .sum_i(lookup_sum_i),
        .mxr_i(lookup_mxr_i), .flags_i(lookup_flags_o), .reason_o(permission_reason)
    );

    assign store_to_clean = permission_reason == mmu_defs::FAULT_NONE &&
        lookup_access_i == mmu_defs::ACCESS_WRITE && !lookup_flags_o[mmu_defs::ENTRY_BIT_D];

    always_comb begin
        lookup_reason_o = permission_reason;
        if (store_to_clean) lookup_reason_o = mmu_defs::FAULT_DIRTY_CLEAR;
        lookup_result_o = mmu_defs::LOOKUP_MISS;
        if (match) begin
            lookup_result_o = mmu_defs::LOOKUP_HIT;
            if (store_to_clean && lookup_adue_i) lookup_result_o = mmu_defs::LOOKUP_CLEAN;
        end
    end

    // ---- Fill: the lowest invalid way, else the policy's victim.
    logic [WAY_W-1:0] invalid_way, victim_way;
    logic [INDEX_W-1:0] fill_base, fill_index;
    logic full, hit, clean;

    assign hit = lookup_result_o == mmu_defs::LOOKUP_HIT;
    assign clean = lookup_result_o == mmu_defs::LOOKUP_CLEAN;

    always_comb begin
        fill_set_o = '0;
        fill_base = '0;
        full = 1'b0;
        invalid_way = '0;
        if (fill_i) begin
            fill_set_o = set_of(fill_size_i, fill_vpn_i);
            fill_base = base_of(fill_set_o);
            full = 1'b1;
            for (int w = WAYS - 1; w >= 0; w--) begin
                if (!valid_q[fill_base+INDEX_W'(w)]) begin
                    full = 1'b0;
                    invalid_way = WAY_W'(w);
                end
            end
        end
    end

    replacement #(
        .SETS(SETS), .WAYS(WAYS), .POLICY(POLICY),
        .RANDOM_FIRST(32'((mmu_defs::RANDOM_SEED_HIGH << 16) | (SEED << 2) | NUMBER))
    ) i_replacement (
        .clk_i, .rst_ni,
        .set_i(fill_i ? fill_set_o : lookup_set_o),
        .hit_i(hit), .fill_i,
        .way_i(fill_i ? fill_way_o : lookup_way_o),
        .choose_i(fill_i && full), .victim_o(victim_way)
    );

    assign fill_way_o = full ? victim_way : invalid_way;
    assign fill_index = fill_base + INDEX_W'(fill_way_o);

    assign evicted_o = full;
    always_comb begin
        evicted_size_o = '0;
        evicted_vpn_o = '0;
        evicted_asid_o = '0;
        if (full) begin
            {evicted_size_o, evicted_vpn_o} = tag_q[fill_index];
            evicted_asid_o = asid_q[fill_index];
        end
    end

    // ---- Fence
    function automatic logic removed_by_fence(
        input logic [TAG_W-1:0] entry_tag, input logic [mmu_defs::ASID_W-1:0] entry_asid,
        input logic entry_global);
        removed_by_fence =
            (!fence_has_va_i || tag_of(entry_tag[mmu_defs::VPN_W+:mmu_defs::PAGE_W],
                                       fence_vpn_i) == entry_tag) &&
            (!fence_has_asid_i || (entry_asid == fence_asid_i && !entry_global));
    endfunction

    // ---- State
    always_ff @(posedge clk_i) begin
        if (!rst_ni) begin
            valid_q <= '0;
        end else if (fence_i) begin
            for (int i = 0; i < ENTRIES; i++) begin
                if (removed_by_fence(tag_q[i], asid_q[i], flags_q[i][mmu_defs::ENTRY_BIT_G]))
                    valid_q[i] <= 1'b0;
            end
        end else if (fill_i) begin
            valid_q[fill_index] <= 1'b1;
        end else if (clean) begin
            valid_q[match_index] <= 1'b0;
        end
    end

    always_ff @(posedge clk_i) begin
        if (!rst_ni || (fence_i && !fence_has_va_i && !fence_has_asid_i)) sizes_q <= '0;
        else if (fill_i) sizes_q[fill_size_i] <= 1'b1;
    end

    always_ff @(posedge clk_i) begin
        if (fill_i) begin
            tag_q[fill_index] <= tag_of(fill_size_i, fill_vpn_i);
            asid_q[fill_index] <= fill_asid_i;
            ppn_q[fill_index] <= fill_ppn_i;
            flags_q[fill_index] <= fill_flags_i;
        end
    end

`ifndef SYNTHESIS
    always @(posedge clk_i) begin
        if (rst_ni) begin
            assert (!(lookup_i && fill_i)) else $error("lookup and fill in one cycle");
            assert (!(fence_i && (lookup_i || fill_i))) else $error("TLB used during a fence");
            if (fill_i) assert (32'(fill_way_o) < WAYS) else $error("no such way");
        end
    end
`endif
endmodule
