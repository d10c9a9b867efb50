#include "translator.h"

#include "Vmmu_axi.h"
#include "axi_copy.h"
#include <memory>
#include <verilated.h>

struct translator {
    translator_inputs in{};
    translator_outputs out{};
    std::unique_ptr<VerilatedContext> context{new VerilatedContext};
    std::unique_ptr<Vmmu_axi> top;

    translator() {
        Verilated::threadContextp(context.get());
        context->fatalOnError(false);
        context->randReset(2);
        context->randSeed(1);
        top.reset(new Vmmu_axi(context.get(), "top"));
        top->rst_ni = 0;
        translator_settle(this);
        translator_tick(this);
        top->rst_ni = 1;
    }

    ~translator() { top->final(); }
};

static void copy_inputs(Vmmu_axi &top, const mmu_inputs &in) {
    const auto &i = in.req[PORT_I];
    top.ireq_valid_i = i.valid;
    top.ireq_id_i = i.id;
    top.ireq_va_i = i.va;
    top.ireq_priv_i = uint8_t(i.priv);
    const auto &d = in.req[PORT_D];
    top.dreq_valid_i = d.valid;
    top.dreq_id_i = d.id;
    top.dreq_va_i = d.va;
    top.dreq_priv_i = uint8_t(d.priv);
    top.dreq_write_i = d.access == ACCESS_WRITE;

    top.ctl_mode_i = uint8_t(in.control.mode);
    top.ctl_root_ppn_i = in.control.root_ppn;
    top.ctl_asid_i = in.control.asid;
    top.ctl_sum_i = in.control.sum;
    top.ctl_mxr_i = in.control.mxr;
    top.ctl_adue_i = in.control.adue;
    top.ctl_pbmte_i = in.control.pbmte;
    top.ctl_napot_i = in.control.napot;

    top.fence_valid_i = in.fence_valid;
    top.fence_has_va_i = in.fence.has_va;
    top.fence_va_i = in.fence.va;
    top.fence_has_asid_i = in.fence.has_asid;
    top.fence_asid_i = in.fence.asid;

    top.inject_i = in.inject;
    top.inject_bit_i = in.inject_bit;
    top.counter_sel_i = uint8_t(in.counter_select);
}

#define COPY_RESPONSE(prefix, port)                                                                \
    out.resp[port].valid = top.prefix##resp_valid_o;                                               \
    out.resp[port].id = top.prefix##resp_id_o;                                                     \
    out.resp[port].response.pa = top.prefix##resp_pa_o;                                            \
    out.resp[port].response.size = page_size(top.prefix##resp_size_o);                             \
    out.resp[port].response.memory = memory_type(top.prefix##resp_memory_o);                       \
    out.resp[port].response.reason = fault_reason(top.prefix##resp_reason_o);                      \
    out.resp[port].response.cause = cause(top.prefix##resp_cause_o);                               \
    out.resp[port].response.level = hit_level(top.prefix##resp_level_o);

void translator_settle(translator *translator) {
    Vmmu_axi &top = *translator->top;
    translator_outputs &out = translator->out;
    copy_inputs(top, translator->in.mmu);
    copy_to_axi_pins(top, translator->in.axi);
    top.clk_i = 0;
    top.eval();
    out.req_ready[PORT_I] = top.ireq_ready_o;
    out.req_ready[PORT_D] = top.dreq_ready_o;
    out.fence_ready = top.fence_ready_o;
    out.counter = top.counter_o;
    COPY_RESPONSE(i, PORT_I)
    COPY_RESPONSE(d, PORT_D)
    copy_from_axi_pins(top, out.axi);
}

void translator_tick(translator *translator) {
    translator->top->clk_i = 1;
    translator->top->eval();
}

translator *translator_open() {
    return new translator;
}
void translator_close(translator *translator) {
    delete translator;
}
translator_inputs *translator_in(translator *translator) {
    return &translator->in;
}
const translator_outputs *translator_out(const translator *translator) {
    return &translator->out;
}
bool translator_failed(const translator *translator) {
    return translator->context->gotError();
}
