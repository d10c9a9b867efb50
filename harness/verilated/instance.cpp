/*
 * One configuration of the hardware. Compiled once for each, with
 *   RTL_CONFIG                its name,
 *   RTL_MODEL, RTL_HEADER     the class that Verilator made, and its header,
 *   RTL_ITLB, RTL_DTLB, RTL_L2TLB   sets, ways and policy of each TLB, RTL_SEED.
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
        top.reset(new RTL_MODEL(context.get(), "top"));
        top->rst_ni = 0;
        settle();
        for (unsigned i = 0; i < RESET_CYCLES; i++)
            tick();
        top->rst_ni = 1;
        cycle = 0;
    }

    ~instance() override {
        /* The destructors of Verilator's parts look there, and it may name a context long gone. */
        Verilated::threadContextp(context.get());
        dump_close();
        top->final();
    }

    void settle() override {
        copy_inputs();
        if (!fst)
            top->clk_i = 0;
        top->eval();
        copy_outputs();
    }

    void tick() override {
        Verilated::threadContextp(context.get()); /* who reports a failed assertion */
        context->time(cycle * CYCLE_NS);
        if (fst)
            dump_cycle();
        top->clk_i = 1;
        top->eval();
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

    /*
     * With a dump open the clock stays high while a cycle settles, and falls only here: waves show
     * the settled values from the rising edge on.
     */
    void dump_cycle() {
        fst->dump(cycle * CYCLE_NS);
        top->clk_i = 0;
        top->eval();
        fst->dump(cycle * CYCLE_NS + CYCLE_NS / 2);
    }

    void copy_inputs() {
        const auto &i = in.req[PORT_I];
        top->ireq_valid_i = i.valid;
        top->ireq_id_i = i.id & 0xf;
        top->ireq_va_i = i.va;
        top->ireq_priv_i = uint8_t(i.priv);
        const auto &d = in.req[PORT_D];
        top->dreq_valid_i = d.valid;
        top->dreq_id_i = d.id & 0xf;
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
        top->ptw_resp_id_i = in.ptw_resp_id & 0xf;
        top->ptw_resp_data_i = in.ptw_resp_data;
        top->ptw_resp_error_i = in.ptw_resp_error;
    }

    void copy_outputs() {
        out.req_ready[PORT_I] = top->ireq_ready_o;
        out.req_ready[PORT_D] = top->dreq_ready_o;
        out.fence_ready = top->fence_ready_o;
        out.ptw_req_valid = top->ptw_req_valid_o;
        if (out.ptw_req_valid) {
            out.ptw_req_cas = top->ptw_req_cas_o;
            out.ptw_req_word = top->ptw_req_word_o;
            out.ptw_req_id = top->ptw_req_id_o;
            out.ptw_req_pa = top->ptw_req_pa_o;
            out.ptw_req_expect = top->ptw_req_expect_o;
            out.ptw_req_desired = top->ptw_req_desired_o;
        }
        out.events = 0;
        copy_walk_events();
        copy_tlb_events();
        if (top->probe_start_valid_o)
            add(EVENT_START, top->probe_start_port_o, top->probe_start_id_o);
        copy_responses();
    }

    mmu_event &add(event_kind kind, unsigned number, uint8_t id) {
        mmu_event &event = out.event[out.events++];
        event = mmu_event{};
        event.kind = kind;
        event.port = static_cast<port>(number);
        event.id = id;
        return event;
    }

    void copy_walk_events() {
        if (top->probe_read_valid_o) {
            auto &read = add(EVENT_READ, top->probe_read_port_o, top->probe_read_id_o).read;
            read.level = top->probe_read_level_o;
            read.error = top->probe_read_error_o;
            read.pa = top->probe_read_pa_o;
            read.value = top->probe_read_value_o;
        }
        if (top->probe_update_valid_o) {
            auto &update =
                add(EVENT_UPDATE, top->probe_update_port_o, top->probe_update_id_o).update;
            update.error = top->probe_update_error_o;
            update.stored = top->probe_update_stored_o;
            update.pa = top->probe_update_pa_o;
            update.old = top->probe_update_old_o;
            update.desired = top->probe_update_desired_o;
        }
        if (top->probe_end_valid_o) {
            auto &end = add(EVENT_END, top->probe_end_port_o, top->probe_end_id_o).end;
            end.reason = fault_reason(top->probe_end_reason_o);
            end.level = top->probe_end_level_o;
        }
    }

/* A lookup in, and a fill of, one TLB: the probe's ports differ in their prefix only. */
#define COPY_LOOKUP(prefix, number, port)                                                          \
    if (top->probe_##prefix##_lookup_valid_o) {                                                    \
        auto &lookup = add(EVENT_LOOKUP, port, top->probe_##prefix##_lookup_id_o).lookup;          \
        lookup.tlb = number;                                                                       \
        lookup.result = lookup_result(top->probe_##prefix##_lookup_result_o);                      \
        lookup.set = top->probe_##prefix##_lookup_set_o;                                           \
        lookup.way = top->probe_##prefix##_lookup_way_o;                                           \
    }
#define COPY_FILL(prefix, number, port)                                                            \
    if (top->probe_##prefix##_fill_valid_o) {                                                      \
        auto &fill = add(EVENT_FILL, port, top->probe_##prefix##_fill_id_o).fill;                  \
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

    void copy_tlb_events() {
        COPY_LOOKUP(itlb, TLB_I, PORT_I)
        COPY_LOOKUP(dtlb, TLB_D, PORT_D)
        COPY_LOOKUP(l2tlb, TLB_L2, top->probe_l2tlb_lookup_port_o)
        COPY_FILL(l2tlb, TLB_L2, top->probe_l2tlb_fill_port_o)
        COPY_FILL(itlb, TLB_I, PORT_I)
        COPY_FILL(dtlb, TLB_D, PORT_D)
    }

#define COPY_RESPONSE(prefix, port)                                                                \
    if (top->prefix##resp_valid_o) {                                                               \
        auto &response = add(EVENT_RESPONSE, port, top->prefix##resp_id_o).response;               \
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
const rtl_configuration EXPAND(rtl_configuration_, RTL_CONFIG) = {
    EXPAND_TEXT(RTL_CONFIG), {{{RTL_ITLB}, {RTL_DTLB}, {RTL_L2TLB}}, RTL_SEED}, open};
