// An L1 TLB: SETS x WAYS entries in flip-flops, page sizes mixed.
//
// Lookup and fill show their results in the cycle they are asked for and take effect at its end.
// They may come together, if the lookup is a miss; a fence always comes alone.
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
    output logic [SET_W-1:0]              fill_set_o,        // where it goes; 0 without a fill
    output logic [WAY_W-1:0]              fill_way_o,
    output logic                          evicted_o,         // a valid entry is overwritten
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
    logic [ENTRIES-1:0]          valid_q;
    logic [TAG_W-1:0]            tag_q[0:ENTRIES-1];  // page size; vpn reversed, 0 inside the page
    logic [mmu_defs::ASID_W-1:0] asid_q[0:ENTRIES-1];
    logic [mmu_defs::PPN_W-1:0]  ppn_q[0:ENTRIES-1];
    logic [7:0]                  flags_q[0:ENTRIES-1];
    // Page sizes filled since everything was last removed: only these need a look.
    logic [mmu_defs::PAGE_SIZES-1:0] sizes_q;

    // First entry of a set.
    function automatic logic [INDEX_W-1:0] base_of(input logic [SET_W-1:0] set);
        base_of = SETS > 1 ? INDEX_W'(32'(set) * WAYS) : '0;
    endfunction

    function automatic logic is_global(input logic [7:0] flags);
        is_global = flags[mmu_defs::ENTRY_BIT_G];
    endfunction

    // ---- Search, for a lookup or a fence. A page that holds the address can only be in its own
    // set, so every entry is compared as if the TLB were fully associative. For a lookup the smallest
    // page size counts.
    logic [ENTRIES-1:0] found, here, matching;
    logic [mmu_defs::PAGE_SIZES-1:0] sizes;
    logic [mmu_defs::VPN_W-1:0] key_vpn, key_fields;
    logic [mmu_defs::ASID_W-1:0] key_asid;
    logic any_space, found_any, match;
    logic [mmu_defs::PAGE_W-1:0] found_size;
    logic [TAG_W-1:0] key, mask;

    assign sizes = lookup_i ? sizes_q & mode::sizes(lookup_mode_i) : sizes_q;
    assign key_vpn = fence_i ? fence_vpn_i : lookup_vpn_i;
    assign key_fields = page::reversed(key_vpn);
    assign key_asid = fence_i ? fence_asid_i : lookup_asid_i;
    assign any_space = fence_i && !fence_has_asid_i;

    // A global entry is of every address space, but of none for a fence.
    always_comb begin
        found = '0;
        found_any = 1'b0;
        found_size = '0;
        here = '0;
        key = '0;
        mask = '1;
        if (lookup_i || (fence_i && fence_has_va_i)) begin
            for (int size = 0; size < mmu_defs::PAGE_SIZES; size++) begin
                if (sizes[size] && (fence_i || !found_any)) begin
                    key = {mmu_defs::PAGE_W'(size), key_fields};
                    mask[mmu_defs::VPN_W-1:0] =
                        page::reversed_mask(mmu_defs::PAGE_W'(size));
                    here = '0;
                    for (int i = 0; i < ENTRIES; i++) begin
                        // Tags first: few entries need more than this one comparison.
                        if (((tag_q[i] ^ key) & mask) == '0) begin
                            if (valid_q[i] && (any_space || (is_global(flags_q[i]) ?
                                                             !fence_i : asid_q[i] == key_asid)))
                                here[i] = 1'b1;
                        end
                    end
                    if (here != '0) begin
                        found_any = 1'b1;
                        found_size = mmu_defs::PAGE_W'(size);
                    end
                    found = found | here;
                end
            end
        end
        if (fence_i && !fence_has_va_i) begin
            for (int i = 0; i < ENTRIES; i++) begin
                if (any_space || (!is_global(flags_q[i]) && asid_q[i] == key_asid))
                    found[i] = 1'b1;
            end
        end
    end

    // ---- Lookup: of what was found the lowest way.
    logic [INDEX_W-1:0] match_index;
    assign match = lookup_i && found_any;
    assign matching = lookup_i ? found : '0;
    assign lookup_size_o = found_size;

    // They are all in one set.
    logic [SETS-1:0] match_sets;
    logic [WAYS-1:0] match_ways;
    always_comb begin
        match_ways = '0;
        for (int s = 0; s < SETS; s++) begin
            match_sets[s] = matching[s*WAYS+:WAYS] != '0;
            match_ways = match_ways | matching[s*WAYS+:WAYS];
        end
    end

    first #(.N(SETS)) i_match_set (.set_i(match_sets), .index_o(lookup_set_o));
    first #(.N(WAYS)) i_match_way (.set_i(match_ways), .index_o(lookup_way_o));

    assign match_index = base_of(lookup_set_o) + INDEX_W'(lookup_way_o);
    assign lookup_ppn_o = ppn_q[match_index];
    assign lookup_flags_o = flags_q[match_index];

    // ---- Checks of a cached entry: steps 6 and 8, and D for stores.
    logic hit, clean;

    cached_entry i_check (
        .match_i(match), .access_i(lookup_access_i), .priv_i(lookup_priv_i), .sum_i(lookup_sum_i),
        .mxr_i(lookup_mxr_i), .adue_i(lookup_adue_i), .flags_i(lookup_flags_o),
        .result_o(lookup_result_o), .reason_o(lookup_reason_o)
    );

    assign hit = lookup_result_o == mmu_defs::LOOKUP_HIT;
    assign clean = lookup_result_o == mmu_defs::LOOKUP_CLEAN;

    // ---- Fill: the lowest way with the same page, else the lowest invalid one, else the victim.
    logic [WAYS-1:0] same, invalid;
    logic [WAY_W-1:0] first_way, victim_way;
    logic [INDEX_W-1:0] fill_base, fill_index, index;
    logic [SET_W-1:0] page_set;
    logic [mmu_defs::VPN_W-1:0] fill_fields;
    logic [TAG_W-1:0] fill_tag;
    logic choose;

    page_set #(.SETS(SETS)) i_fill_set (
        .size_i(fill_size_i), .vpn_i(fill_vpn_i), .set_o(page_set)
    );
    assign fill_fields = page::reversed(fill_vpn_i) & page::reversed_mask(fill_size_i);
    assign fill_tag = {fill_size_i, fill_fields};

    always_comb begin
        fill_set_o = '0;
        fill_base = '0;
        index = '0;
        same = '0;
        invalid = '0;
        if (fill_i) begin
            fill_set_o = page_set;
            fill_base = base_of(fill_set_o);
            for (int w = 0; w < WAYS; w++) begin
                index = fill_base + INDEX_W'(w);
                if (tag_q[index] == fill_tag) begin
                    if (valid_q[index] &&
                        (is_global(flags_q[index]) || asid_q[index] == fill_asid_i))
                        same[w] = 1'b1;
                end
            end
            invalid = ~valid_q[fill_base+:WAYS];
        end
    end

    assign choose = fill_i && same == '0 && invalid == '0;
    first #(.N(WAYS)) i_fill_way (.set_i(same != '0 ? same : invalid), .index_o(first_way));

    replacement #(
        .SETS(SETS), .WAYS(WAYS), .POLICY(POLICY),
        .RANDOM_FIRST(32'((mmu_defs::RANDOM_SEED_HIGH << 16) | (SEED << 2) | NUMBER))
    ) i_replacement (
        .clk_i, .rst_ni, .read_i(1'b0), .read_set_i({SET_W{1'b0}}),
        .set_i(fill_i ? fill_set_o : lookup_set_o),
        .hit_i(hit), .fill_i,
        .way_i(fill_i ? fill_way_o : lookup_way_o),
        .choose_i(choose), .victim_o(victim_way)
    );

    assign fill_way_o = choose ? victim_way : first_way;
    assign fill_index = fill_base + INDEX_W'(fill_way_o);

    assign evicted_o = fill_i && valid_q[fill_index];
    logic [TAG_W-1:0] evicted_tag;
    assign evicted_tag = evicted_o ? tag_q[fill_index] : '0;
    assign evicted_size_o = evicted_tag[mmu_defs::VPN_W+:mmu_defs::PAGE_W];
    assign evicted_vpn_o = page::restored(evicted_tag[mmu_defs::VPN_W-1:0]);
    assign evicted_asid_o = evicted_o ? asid_q[fill_index] : '0;

    // ---- State
    always_ff @(posedge clk_i) begin
        if (!rst_ni) valid_q <= '0;
        else if (fence_i) valid_q <= valid_q & ~found;
        else if (fill_i) valid_q[fill_index] <= 1'b1;
        else if (clean) valid_q[match_index] <= 1'b0;
    end

    always_ff @(posedge clk_i) begin
        if (fill_i) begin
            tag_q[fill_index] <= fill_tag;
            asid_q[fill_index] <= fill_asid_i;
            ppn_q[fill_index] <= fill_ppn_i;
            flags_q[fill_index] <= fill_flags_i;
        end
    end

    always_ff @(posedge clk_i) begin
        if (!rst_ni || (fence_i && !fence_has_va_i && !fence_has_asid_i)) sizes_q <= '0;
        else if (fill_i) sizes_q[fill_size_i] <= 1'b1;
    end

`ifndef SYNTHESIS
    always @(posedge clk_i) begin
        if (rst_ni) begin
            assert (!(fill_i && lookup_result_o != mmu_defs::LOOKUP_MISS))
            else $error("fill beside a lookup that is no miss");
            assert (!(fence_i && (lookup_i || fill_i))) else $error("TLB used during a fence");
            if (fill_i) assert (32'(fill_way_o) < WAYS) else $error("no such way");
        end
    end
`endif
endmodule
