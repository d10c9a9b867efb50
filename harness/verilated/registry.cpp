/*
 * The configurations built in, and the C face of rtl_mmu.h.
 * RTL_CONFIGS(X) is X(name) for each configuration, from rtl/configs.cmake.
 */
#include "instance.h"
#include "message.h"

#include <cstdarg>
#include <cstdio>
#include <cstring>
#include <new>

#define DECLARE(name) extern const rtl_configuration rtl_configuration_##name;
RTL_CONFIGS(DECLARE)

#define POINTER(name) &rtl_configuration_##name,
static const rtl_configuration *const configurations[] = {RTL_CONFIGS(POINTER)};

#define NAME(name) #name,
static const char *const names[] = {RTL_CONFIGS(NAME) nullptr};

static const rtl_configuration *find(const char *name) {
    for (const rtl_configuration *configuration : configurations)
        if (std::strcmp(configuration->name, name) == 0)
            return configuration;
    return nullptr;
}

static bool muted_messages;

void rtl_mmu_mute(bool muted) {
    muted_messages = muted;
}

int rtl_mmu_message(const char *format, ...) {
    if (muted_messages)
        return 0;
    std::va_list arguments;
    va_start(arguments, format);
    int length = std::vfprintf(stderr, format, arguments);
    va_end(arguments);
    return length;
}

const mmu_config *rtl_mmu_config(const char *name) {
    const rtl_configuration *configuration = find(name);
    return configuration ? &configuration->geometry : nullptr;
}

const char *const *rtl_mmu_config_names(void) {
    return names;
}

rtl_mmu *rtl_mmu_open(const char *name, uint32_t seed) {
    const rtl_configuration *configuration = find(name);
    if (!configuration)
        return nullptr;
    try {
        return configuration->open(seed);
    } catch (const std::bad_alloc &) {
        return nullptr;
    }
}

void rtl_mmu_close(rtl_mmu *mmu) {
    delete mmu;
}

mmu_inputs *rtl_mmu_in(rtl_mmu *mmu) {
    return &mmu->in;
}
const mmu_outputs *rtl_mmu_out(const rtl_mmu *mmu) {
    return &mmu->out;
}
void rtl_mmu_settle(rtl_mmu *mmu) {
    mmu->settle();
}
void rtl_mmu_tick(rtl_mmu *mmu) {
    mmu->tick();
}
uint64_t rtl_mmu_cycle(const rtl_mmu *mmu) {
    return mmu->cycle;
}
bool rtl_mmu_failed(const rtl_mmu *mmu) {
    return mmu->failed();
}
bool rtl_mmu_dump_open(rtl_mmu *mmu, const char *path) {
    return mmu->dump_open(path);
}
void rtl_mmu_dump_close(rtl_mmu *mmu) {
    mmu->dump_close();
}
