/*
 * The builds of ptw_axi linked in. CMakeLists.txt writes ADAPTER_BUILDS_H: it includes Verilator's
 * header of each, and defines ADAPTER_BUILDS(X), X(name, ADDR_W, ID_W) for each.
 */
#include "adapter.h"

#include "axi_copy.h"
#include "verilated/message.h"

#include ADAPTER_BUILDS_H
#include <cstdarg>
#include <cstdio>
#include <cstring>
#include <memory>
#include <verilated.h>

struct adapter {
    adapter_inputs in{};
    adapter_outputs out{};
    virtual ~adapter() = default;
    virtual void settle() = 0;
    virtual void tick() = 0;
    virtual bool failed() const = 0;
};

namespace {

template <class model> class instance final : public adapter {
  public:
    instance() : context(new VerilatedContext) {
        Verilated::threadContextp(context.get());
        context->fatalOnError(false);
        context->randReset(2);
        context->randSeed(1);
        top.reset(new model(context.get(), "top"));
        top->rst_ni = 0;
        settle();
        tick();
        top->rst_ni = 1;
    }

    ~instance() override { top->final(); }

    void settle() override {
        top->ptw_req_valid_i = in.req.valid;
        top->ptw_req_id_i = in.req.id;
        top->ptw_req_pa_i = in.req.pa;
        top->ptw_req_cas_i = in.req.cas;
        top->ptw_req_word_i = in.req.word;
        top->ptw_req_expect_i = in.req.expect;
        top->ptw_req_desired_i = in.req.desired;
        copy_to_axi_pins(*top, in.axi);
        top->clk_i = 0;
        top->eval();
        out.req_ready = top->ptw_req_ready_o;
        out.resp = {bool(top->ptw_resp_valid_o), bool(top->ptw_resp_error_o), top->ptw_resp_id_o,
                    top->ptw_resp_data_o};
        copy_from_axi_pins(*top, out.axi);
    }

    void tick() override {
        top->clk_i = 1;
        top->eval();
    }

    bool failed() const override { return context->gotError(); }

  private:
    std::unique_ptr<VerilatedContext> context;
    std::unique_ptr<model> top;
};

bool muted_messages;

} // namespace

int rtl_mmu_message(const char *format, ...) {
    if (muted_messages)
        return 0;
    std::va_list arguments;
    va_start(arguments, format);
    int length = std::vfprintf(stderr, format, arguments);
    va_end(arguments);
    return length;
}

void adapter_mute(bool muted) {
    muted_messages = muted;
}

#define BUILD(build, addr_width, id_width) {#build, addr_width, id_width},
const adapter_build adapter_builds[] = {ADAPTER_BUILDS(BUILD){nullptr, 0, 0}};

adapter *adapter_open(const adapter_build *build) {
#define OPEN(which, addr_width, id_width)                                                          \
    if (std::strcmp(build->name, #which) == 0)                                                     \
        return new instance<Vptw_axi_##which>;
    ADAPTER_BUILDS(OPEN)
    return nullptr;
}

void adapter_close(adapter *adapter) {
    delete adapter;
}
adapter_inputs *adapter_in(adapter *adapter) {
    return &adapter->in;
}
const adapter_outputs *adapter_out(const adapter *adapter) {
    return &adapter->out;
}
void adapter_settle(adapter *adapter) {
    adapter->settle();
}
void adapter_tick(adapter *adapter) {
    adapter->tick();
}
bool adapter_failed(const adapter *adapter) {
    return adapter->failed();
}
