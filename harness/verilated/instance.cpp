/*
 * One configuration of the hardware. Compiled once for each, with
 *   RTL_CONFIG                its name,
 *   RTL_MODEL, RTL_HEADER     the class that Verilator made, and its header,
 *   RTL_ITLB, RTL_DTLB, RTL_L2TLB   sets, ways and policy of each TLB, RTL_SEED,
 *   RTL_WALKS, RTL_WALK_CACHE, RTL_IMISSES, RTL_DMISSES, RTL_PREFETCH, RTL_PARITY.
 * All from rtl/configs.cmake, which also gives the parameters to Verilator.
 */
#include "instance.h"

#include RTL_HEADER
#include <cstdio>
#include <memory>
#include <verilated.h>
#include <verilated_fst_c.h>

namespace {

constexpr uint64_t CYCLE_NS = 10;
constexpr unsigned RESET_CYCLES = 2;

class instance final : public rtl_mmu {
  public:
    explicit instance(uint32_t seed) : context(new VerilatedContext) {
        Verilated::threadContextp(context.get());
        context->traceEverOn(true);
        context->fatalOnError(false);
        context->randReset(2);
        context->randSeed(int(seed % 0x7fffffffu) + 1); /* 0 would ask for a seed from the clock */
        top.reset(new RTL_MODEL(context.get(), ""));
        for (top->rst_ni = 0; cycle < RESET_CYCLES; tick())
            settle();
        top->rst_ni = 1;
        cycle = 0;
    }

    ~instance() override {
        /* The destructors of Verilator's parts look there, and it may name a context long gone. */
        Verilated::threadContextp(context.get());
        dump_close();
        top->final();
    }

    /* The rising edge that ends the cycle before and takes over the inputs of this one. */
    void settle() override {
        Verilated::threadContextp(context.get()); /* who reports a failed assertion */
        context->time(cycle * CYCLE_NS);
        copy_inputs();
        top->clk_i = 1;
        top->eval();
        copy_outputs();
    }

    void tick() override {
        if (fst)
            fst->dump(cycle * CYCLE_NS);
        top->clk_i = 0;
        top->eval();
        if (fst)
            fst->dump(cycle * CYCLE_NS + CYCLE_NS / 2);
        cycle++;
    }

    bool failed() const override { return contradicts || context->gotError(); }

    bool dump_open(const char *path) override {
        dump_close();
        std::FILE *file = std::fopen(path, "wb"); /* VerilatedFstC does not say that it cannot */
        if (!file)
            return false;
        std::fclose(file);
        fst.reset(new VerilatedFstC);
        top->trace(fst.get(), 99);
        fst->open(path);
        if (!fst->isOpen())
            fst.reset();
        return fst != nullptr;
    }

    void dump_close() override {
        if (!fst)
            return;
        fst->close();
        fst.reset();
    }

  private:
    std::unique_ptr<VerilatedContext> context;
    std::unique_ptr<RTL_MODEL> top;
    std::unique_ptr<VerilatedFstC> fst;
    bool contradicts = false; /* a response's fault bit and its reason did */

    void copy_inputs() {
        const auto &i = in.req[PORT_I];
        top->ireq_valid_i = i.valid;
        top->ireq_id_i = i.id & ((1u << TW_ID_W) - 1);
        top->ireq_va_i = i.va;
        top->ireq_priv_i = uint8_t(i.priv);
        const auto &d = in.req[PORT_D];
        top->dreq_valid_i = d.valid;
        top->dreq_id_i = d.id & ((1u << TW_ID_W) - 1);
        top->dreq_va_i = d.va;
        top->dreq_priv_i = uint8_t(d.priv);
        top->dreq_write_i = d.access == ACCESS_WRITE;

        const mmu_control &control = in.control;
        top->ctl_mode_i = uint8_t(control.mode);
        top->ctl_root_ppn_i = control.root_ppn & ((uint64_t(1) << TW_PPN_W) - 1);
        top->ctl_asid_i = control.asid;
        top->ctl_sum_i = control.sum;
        top->ctl_mxr_i = control.mxr;
        top->ctl_adue_i = control.adue;
        top->ctl_pbmte_i = control.pbmte;
        top->ctl_napot_i = control.napot;

        top->fence_valid_i = in.fence_valid;
        top->fence_has_va_i = in.fence.has_va;
        top->fence_va_i = in.fence.va;
        top->fence_has_asid_i = in.fence.has_asid;
        top->fence_asid_i = in.fence.asid;

        top->ptw_req_ready_i = in.ptw_req_ready;
        top->ptw_resp_valid_i = in.ptw_resp_valid;
        top->ptw_resp_id_i = in.ptw_resp_id & ((1u << TW_PTW_ID_W) - 1);
        top->ptw_resp_data_i = in.ptw_resp_data;
        top->ptw_resp_error_i = in.ptw_resp_error;

        top->inject_i = in.inject;
        top->inject_bit_i = in.inject_bit;
        top->counter_sel_i = uint8_t(in.counter_select);
    }

    void copy_outputs() {
        out.req_ready[PORT_I] = top->ireq_ready_o;
        out.req_ready[PORT_D] = top->dreq_ready_o;
        out.fence_ready = in.fence_valid && top->fence_ready_o;
        out.counter = top->counter_o;
        copy_ptw_request();
        out.events = 0;
        /* The order of model/timing/pins.h. */
        copy_walk_events();
        copy_request_events();
        if (top->probe_prefetch_valid_o)
            add_walk(EVENT_PREFETCH, top->probe_prefetch_walk_o).prefetch.vpn =
                top->probe_prefetch_vpn_o;
        copy_responses();
    }

    void copy_ptw_request() {
        out.ptw_req_valid = top->ptw_req_valid_o;
        out.ptw_req_cas = false;
        out.ptw_req_word = false;
        out.ptw_req_id = 0;
        out.ptw_req_pa = out.ptw_req_expect = out.ptw_req_desired = 0;
        if (!out.ptw_req_valid)
            return;
        out.ptw_req_cas = top->ptw_req_cas_o;
        out.ptw_req_word = top->ptw_req_word_o;
        out.ptw_req_id = top->ptw_req_id_o;
        out.ptw_req_pa = top->ptw_req_pa_o;
        out.ptw_req_expect = top->ptw_req_expect_o;
        out.ptw_req_desired = top->ptw_req_desired_o;
    }

    mmu_event &add(event_kind kind) {
        mmu_event &event = out.event[out.events++];
        event = mmu_event{};
        event.kind = kind;
        return event;
    }

    mmu_event &add_walk(event_kind kind, uint8_t walk) {
        mmu_event &event = add(kind);
        event.walk = walk;
        return event;
    }

    mmu_event &add_request(event_kind kind, enum port port, uint8_t id) {
        mmu_event &event = add(kind);
        event.port = port;
        event.id = id;
        return event;
    }

/* A lookup in, and a fill of, one TLB: the probe's ports differ in their prefix only. */
#define COPY_LOOKUP(prefix, number, added)                                                         \
    if (top->probe_##prefix##_lookup_valid_o) {                                                    \
        auto &lookup = added.lookup;                                                               \
        lookup.tlb = number;                                                                       \
        lookup.result = lookup_result(top->probe_##prefix##_lookup_result_o);                      \
        lookup.set = top->probe_##prefix##_lookup_set_o;                                           \
        lookup.way = top->probe_##prefix##_lookup_way_o;                                           \
    }
#define COPY_FILL(prefix, number, added)                                                           \
    if (top->probe_##prefix##_fill_valid_o) {                                                      \
        auto &fill = added.fill;                                                                   \
        fill.tlb = number;                                                                         \
        fill.set = top->probe_##prefix##_fill_set_o;                                               \
        fill.way = top->probe_##prefix##_fill_way_o;                                               \
        fill.size = page_size(top->probe_##prefix##_fill_size_o);                                  \
        fill.flags = top->probe_##prefix##_fill_flags_o;                                           \
        fill.ppn = top->probe_##prefix##_fill_ppn_o;                                               \
        fill.evicted = top->probe_##prefix##_evicted_o;                                            \
        fill.evicted_size = page_size(top->probe_##prefix##_evicted_size_o);                       \
        fill.evicted_asid = top->probe_##prefix##_evicted_asid_o;                                  \
        fill.evicted_vpn = top->probe_##prefix##_evicted_vpn_o;                                    \
    }

    void copy_walk_events() {
        COPY_LOOKUP(l2tlb, TLB_L2, add_walk(EVENT_LOOKUP, top->probe_l2tlb_lookup_walk_o))
        if (top->probe_start_valid_o) {
            auto &start = add_walk(EVENT_START, top->probe_start_walk_o).start;
            start.level = top->probe_start_level_o;
            start.cached = top->probe_start_cached_o;
            start.way = uint8_t(top->probe_start_way_o);
        }
        if (top->probe_read_valid_o) {
            auto &read = add_walk(EVENT_READ, top->probe_read_walk_o).read;
            read.level = top->probe_read_level_o;
            read.error = top->probe_read_error_o;
            read.pa = top->probe_read_pa_o;
            read.value = top->probe_read_value_o;
        }
        if (top->probe_update_valid_o) {
            auto &update = add_walk(EVENT_UPDATE, top->probe_update_walk_o).update;
            update.error = top->probe_update_error_o;
            update.stored = top->probe_update_stored_o;
            update.pa = top->probe_update_pa_o;
            update.old = top->probe_update_old_o;
            update.desired = top->probe_update_desired_o;
        }
        if (top->probe_end_valid_o) {
            auto &end = add_walk(EVENT_END, top->probe_end_walk_o).end;
            end.reason = fault_reason(top->probe_end_reason_o);
            end.level = top->probe_end_level_o;
        }
        COPY_FILL(l2tlb, TLB_L2, add_walk(EVENT_FILL, top->probe_l2tlb_fill_walk_o))
    }

#define COPY_LINK(prefix, port)                                                                    \
    if (top->probe_##prefix##_link_valid_o) {                                                      \
        auto &event = add_request(EVENT_LINK, port, top->probe_##prefix##_link_id_o);              \
        event.walk = top->probe_##prefix##_link_walk_o;                                            \
        event.link.merged = top->probe_##prefix##_link_merged_o;                                   \
    }
#define COPY_REPLAY(prefix, port)                                                                  \
    if (top->probe_##prefix##_replay_valid_o)                                                      \
        add_request(EVENT_REPLAY, port, top->probe_##prefix##_replay_id_o);

    void copy_request_events() {
        COPY_LOOKUP(itlb, TLB_I, add_request(EVENT_LOOKUP, PORT_I, top->probe_itlb_lookup_id_o))
        COPY_LOOKUP(dtlb, TLB_D, add_request(EVENT_LOOKUP, PORT_D, top->probe_dtlb_lookup_id_o))
        COPY_LINK(i, PORT_I)
        COPY_LINK(d, PORT_D)
        COPY_REPLAY(i, PORT_I)
        COPY_REPLAY(d, PORT_D)
        COPY_FILL(itlb, TLB_I, add_request(EVENT_FILL, PORT_I, top->probe_itlb_fill_id_o))
        COPY_FILL(dtlb, TLB_D, add_request(EVENT_FILL, PORT_D, top->probe_dtlb_fill_id_o))
    }

#define COPY_RESPONSE(prefix, port)                                                                \
    if (top->prefix##resp_valid_o) {                                                               \
        auto &response = add_request(EVENT_RESPONSE, port, top->prefix##resp_id_o).response;       \
        response.pa = top->prefix##resp_pa_o;                                                      \
        response.size = page_size(top->prefix##resp_size_o);                                       \
        response.memory = memory_type(top->prefix##resp_memory_o);                                 \
        response.reason = fault_reason(top->prefix##resp_reason_o);                                \
        response.cause = cause(top->prefix##resp_cause_o);                                         \
        response.level = hit_level(top->prefix##resp_level_o);                                     \
        contradicts |= top->prefix##resp_fault_o != (response.reason != FAULT_NONE);               \
    }

    void copy_responses() {
        COPY_RESPONSE(i, PORT_I)
        COPY_RESPONSE(d, PORT_D)
    }
};

rtl_mmu *open(uint32_t seed) {
    return new instance(seed);
}

} // namespace

#define JOIN(a, b)      a##b
#define EXPAND(a, b)    JOIN(a, b)
#define TEXT(name)      #name
#define EXPAND_TEXT(it) TEXT(it)

extern const rtl_configuration EXPAND(rtl_configuration_, RTL_CONFIG);
const rtl_configuration EXPAND(rtl_configuration_,
                               RTL_CONFIG) = {EXPAND_TEXT(RTL_CONFIG),
                                              {{{RTL_ITLB}, {RTL_DTLB}, {RTL_L2TLB}},
                                               RTL_SEED,
                                               RTL_WALK_CACHE,
                                               RTL_WALKS,
                                               {RTL_IMISSES, RTL_DMISSES},
                                               RTL_PREFETCH,
                                               RTL_PARITY},
                                              open};
