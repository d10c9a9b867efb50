// The L2 TLB, two stages deep. Stage A reads a set from synchronous RAM; in the next cycle stage B
// looks up, fills or sweeps what was read. Every cycle may begin a read while stage B works; it sees
// what stage B writes. A fence itself comes when stage B is empty.
module l2_tlb #(
    parameter int SETS   = 64,              // 1 or more, any number
    parameter int WAYS   = 4,               // 1 or more, any number
    parameter int POLICY = 0,               // POLICY_*
    parameter int SEED   = 1,               // of random replacement, 14 bits
    parameter int PARITY = 0,               // 1: an entry with one wrong bit is not used
    parameter int SET_W  = SETS > 1 ? $clog2(SETS) : 1,
    parameter int WAY_W  = WAYS > 1 ? $clog2(WAYS) : 1
) (
    input  logic                          clk_i,
    input  logic                          rst_ni,

    // Stage A: the set to read
    input  logic                          read_i,            // read now, for stage B in the next cycle
    input  logic                          read_by_set_i,     // set read_set_i, else that of the page
    input  logic [SET_W-1:0]              read_set_i,
    input  logic [mmu_defs::PAGE_W-1:0]   read_size_i,       // page size that stage B is about
    input  logic [mmu_defs::VPN_W-1:0]    read_vpn_i,        // any address in the page

    // Stage B: at most one of the three, in the cycle after its read
    input  logic                          lookup_i,          // seek vpn_i as a page of read_size_i; a
                                                             // MISS if nothing was read
    input  logic                          fill_i,            // write a page of read_size_i
    input  logic                          sweep_i,           // remove what the fence names: with an
                                                             // address, of read_size_i only
    input  logic [mmu_defs::VPN_W-1:0]    vpn_i,             // of lookup and fill: as for the read
    input  logic [mmu_defs::ASID_W-1:0]   asid_i,            // of lookup and fill

    // Lookup in stage B
    input  logic [mmu_defs::ACCESS_W-1:0] lookup_access_i,   // what the access does
    input  logic [mmu_defs::PRIV_W-1:0]   lookup_priv_i,     // U or S
    input  logic                          lookup_sum_i,      // mstatus.SUM
    input  logic                          lookup_mxr_i,      // mstatus.MXR
    input  logic                          lookup_adue_i,     // menvcfg.ADUE
    output logic [mmu_defs::LOOKUP_W-1:0] lookup_result_o,   // LOOKUP_*; MISS without a lookup
    output logic [SET_W-1:0]              lookup_set_o,      // of the match; 0 on a miss
    output logic [WAY_W-1:0]              lookup_way_o,      // of the match; 0 on a miss
    output logic [mmu_defs::PAGE_W-1:0]   lookup_size_o,     // what follows is the entry's; on a miss
    output logic [mmu_defs::ASID_W-1:0]   lookup_asid_o,     // it means nothing
    output logic [mmu_defs::PPN_W-1:0]    lookup_ppn_o,      // 0 below the page size
    output logic [7:0]                    lookup_flags_o,    // ENTRY_BIT_*

    // Fill in stage B
    input  logic [mmu_defs::PPN_W-1:0]    fill_ppn_i,        // 0 below the page size
    input  logic [7:0]                    fill_flags_i,      // ENTRY_BIT_*
    output logic [SET_W-1:0]              fill_set_o,        // where it goes; 0 without a fill
    output logic [WAY_W-1:0]              fill_way_o,
    output logic                          evicted_o,         // a valid entry is replaced
    output logic [mmu_defs::PAGE_W-1:0]   evicted_size_o,    // its page size, 0 if none
    output logic [mmu_defs::ASID_W-1:0]   evicted_asid_o,    // its ASID, 0 if none
    output logic [mmu_defs::VPN_W-1:0]    evicted_vpn_o,     // its page, 0 if none

    // Error injection: a fill in this cycle writes bit inject_bit_i (modulo the bits) wrong
    input  logic                          inject_i,
    input  logic [7:0]                    inject_bit_i,

    // Fence (SFENCE.VMA): its operands, for sweeps and for the fence itself
    input  logic                          fence_i,           // it happens: without operands all goes
    input  logic                          fence_has_va_i,    // only pages that hold fence_vpn_i
    input  logic [mmu_defs::VPN_W-1:0]    fence_vpn_i,
    input  logic                          fence_has_asid_i,  // only entries of fence_asid_i, G=0
    input  logic [mmu_defs::ASID_W-1:0]   fence_asid_i,

    // Page sizes filled since all was last removed, a fill in this cycle included
    output logic [mmu_defs::PAGE_SIZES-1:0] sizes_o
);
    // An entry is a word of the tags' RAM and one of the data's RAM, both of its way.
    localparam int TAG_W = mmu_defs::PAGE_W + mmu_defs::VPN_W + mmu_defs::ASID_W;
    localparam int DATA_W = mmu_defs::PPN_W + 8;
    localparam int ENTRY_W = PARITY + DATA_W + TAG_W;  // the parity bit counts

    // ---- Stage A
    logic [SET_W-1:0] page_set, read_set;
    page_set #(.SETS(SETS)) i_read_set (.size_i(read_size_i), .vpn_i(read_vpn_i), .set_o(page_set));
    assign read_set = read_by_set_i ? read_set_i : page_set;

    // Of what stage B works on
    logic read_q;
    logic [SET_W-1:0] set_q;
    logic [mmu_defs::PAGE_W-1:0] size_q;

    always_ff @(posedge clk_i) begin
        if (!rst_ni) read_q <= 1'b0;
        else read_q <= read_i;
    end

    always_ff @(posedge clk_i) begin
        if (read_i) begin
            set_q <= read_set;
            size_q <= read_size_i;
        end
    end

    // ---- RAMs: what stage B reads of each way, and the one entry that it writes
    logic [WAYS-1:0] write;
    logic [TAG_W-1:0] tag_d;
    logic [PARITY+DATA_W-1:0] data_d;
    logic [mmu_defs::PAGE_W-1:0] size[0:WAYS-1];
    logic [mmu_defs::VPN_W-1:0]  vpn[0:WAYS-1];      // 0 below the page size
    logic [mmu_defs::ASID_W-1:0] asid[0:WAYS-1];
    logic [mmu_defs::PPN_W-1:0]  ppn[0:WAYS-1];
    logic [7:0]                  flags[0:WAYS-1];
    logic [WAYS-1:0] sound;                          // the parity is right, or there is none

    generate
        for (genvar w = 0; w < WAYS; w++) begin : g_way
            logic [TAG_W-1:0] tag;
            logic [PARITY+DATA_W-1:0] data;
            ram #(.WIDTH(TAG_W), .DEPTH(SETS)) i_tags (
                .clk_i, .read_i, .read_address_i(read_set), .read_data_o(tag),
                .write_i(write[w]), .write_address_i(set_q), .write_data_i(tag_d)
            );
            ram #(.WIDTH(PARITY + DATA_W), .DEPTH(SETS)) i_data (
                .clk_i, .read_i, .read_address_i(read_set), .read_data_o(data),
                .write_i(write[w]), .write_address_i(set_q), .write_data_i(data_d)
            );
            assign {size[w], vpn[w], asid[w]} = tag;
            assign {flags[w], ppn[w]} = data[DATA_W-1:0];
            assign sound[w] = PARITY == 0 || !(^{data, tag});
        end
    endgenerate

    // ---- Valid bits: way w of set s is number s x SLOTS + w
    localparam int SLOTS = 1 << WAY_W;
    logic [SETS*SLOTS-1:0] valid_q;
    logic [WAYS-1:0] valid, valid_d;
    logic remove_all;

    assign valid = valid_q[32'(set_q)*SLOTS+:WAYS];
    assign remove_all = fence_i && !fence_has_va_i && !fence_has_asid_i;

    always_ff @(posedge clk_i) begin
        if (!rst_ni || remove_all) begin
            valid_q <= '0;
        end else if (valid_d != valid) begin
            for (int s = 0; s < SETS; s++) begin
                if (SET_W'(s) == set_q) valid_q[s*SLOTS+:WAYS] <= valid_d;
            end
        end
    end

    // ---- Search in what was read; lookups, fills and sweeps differ in what they ask for.
    logic [WAYS-1:0] found;                          // valid and sound; meant by the operation
    logic [WAYS-1:0] alive;
    logic [mmu_defs::VPN_W-1:0] key_vpn, page_vpn;
    logic [mmu_defs::ASID_W-1:0] key_asid;
    logic any_page, any_space;

    assign key_vpn = sweep_i ? fence_vpn_i : vpn_i;
    assign key_asid = sweep_i ? fence_asid_i : asid_i;
    assign page_vpn = key_vpn & page::name_mask(size_q);
    assign any_page = sweep_i && !fence_has_va_i;
    assign any_space = sweep_i && !fence_has_asid_i;
    assign alive = valid & sound;

    always_comb begin
        found = '0;
        if (read_q && (lookup_i || fill_i || sweep_i)) begin
            for (int w = 0; w < WAYS; w++) begin
                if ((vpn[w] == page_vpn && size[w] == size_q) || any_page) begin
                    // A global entry is of every address space, but of none for a fence.
                    if (any_space || (flags[w][mmu_defs::ENTRY_BIT_G] ? !sweep_i :
                                                                        asid[w] == key_asid))
                        found[w] = alive[w];
                end
            end
        end
    end

    // ---- Lookup: the lowest way that matches. Fill: the lowest way with the same page, else the
    // lowest invalid one, else the victim.
    logic [WAY_W-1:0] first_way, victim_way, way;
    logic match, choose, hit, clean;
    logic [mmu_defs::FAULT_W-1:0] unused_reason;

    assign match = lookup_i && found != '0;
    assign choose = fill_i && found == '0 && &alive;
    first #(.N(WAYS)) i_first (.set_i(fill_i && found == '0 ? ~alive : found), .index_o(first_way));
    assign way = choose ? victim_way : first_way;

    cached_entry i_check (
        .match_i(match), .access_i(lookup_access_i), .priv_i(lookup_priv_i), .sum_i(lookup_sum_i),
        .mxr_i(lookup_mxr_i), .adue_i(lookup_adue_i), .flags_i(lookup_flags_o),
        .result_o(lookup_result_o), .reason_o(unused_reason)
    );
    assign hit = lookup_result_o == mmu_defs::LOOKUP_HIT;
    assign clean = lookup_result_o == mmu_defs::LOOKUP_CLEAN;

    assign lookup_set_o = match ? set_q : '0;
    assign lookup_way_o = match ? way : '0;
    assign lookup_size_o = size_q;
    assign lookup_asid_o = asid[way];
    assign lookup_ppn_o = ppn[way];
    assign lookup_flags_o = flags[way];

    replacement #(
        .SETS(SETS), .WAYS(WAYS), .POLICY(POLICY), .IN_RAM(1'b1),
        .RANDOM_FIRST(32'((mmu_defs::RANDOM_SEED_HIGH << 16) | (SEED << 2) | 32'(mmu_defs::TLB_L2)))
    ) i_replacement (
        .clk_i, .rst_ni, .read_i, .read_set_i(read_set),
        .set_i(set_q), .hit_i(hit), .fill_i, .way_i(way), .choose_i(choose), .victim_o(victim_way)
    );

    // ---- Fill
    assign fill_set_o = fill_i ? set_q : '0;
    assign fill_way_o = fill_i ? way : '0;
    assign evicted_o = fill_i && alive[way];
    assign evicted_size_o = evicted_o ? size[way] : '0;
    assign evicted_asid_o = evicted_o ? asid[way] : '0;
    assign evicted_vpn_o = evicted_o ? vpn[way] : '0;

    // Even parity of the whole entry; a bit is turned after that.
    logic [ENTRY_W-1:0] entry;
    always_comb begin
        entry = ENTRY_W'({fill_flags_i, fill_ppn_i, size_q, page_vpn, asid_i});
        if (PARITY != 0) begin
            entry[ENTRY_W-1] = ^entry[DATA_W+TAG_W-1:0];
            if (inject_i) entry = entry ^ (ENTRY_W'(1) << (32'(inject_bit_i) % ENTRY_W));
        end
    end
    assign {data_d, tag_d} = entry;

    always_comb begin
        write = '0;
        valid_d = valid;
        if (fill_i) begin
            write[way] = 1'b1;
            valid_d[way] = 1'b1;
        end
        if (sweep_i) valid_d = valid & ~found;
        if (clean) valid_d[way] = 1'b0;
    end

    // ---- Page sizes
    logic [mmu_defs::PAGE_SIZES-1:0] sizes_q;
    always_comb begin
        sizes_o = sizes_q;
        if (fill_i) sizes_o[size_q] = 1'b1;
    end
    always_ff @(posedge clk_i) begin
        if (!rst_ni || remove_all) sizes_q <= '0;
        else sizes_q <= sizes_o;
    end

`ifndef SYNTHESIS
    always @(posedge clk_i) begin
        if (rst_ni) begin
            assert (32'(lookup_i) + 32'(fill_i) + 32'(sweep_i) <= 1)
            else $error("two operations in stage B");
            assert (!((fill_i || sweep_i) && !read_q)) else $error("stage B without a read");
            assert (!(fence_i && (read_i || lookup_i || fill_i || sweep_i)))
            else $error("L2 TLB used during a fence");
            if (read_i) assert (32'(read_set) < SETS) else $error("no such set");
            if (fill_i) begin
                assert (32'(fill_way_o) < WAYS) else $error("no such way");
                assert ((fill_ppn_i & page::inside_mask(size_q)) == '0)
                else $error("page number with bits inside the page");
            end
        end
    end
`endif
endmodule
