/*
 * Where messages of the hardware's assertions go: Verilator's runtime is compiled with this
 * included and its printf replaced. On standard error, unless rtl_mmu_mute() said otherwise.
 */
#ifndef TWINWALK_VERILATED_MESSAGE_H
#define TWINWALK_VERILATED_MESSAGE_H

#ifdef __cplusplus
extern "C"
#endif
    __attribute__((format(printf, 1, 2))) int
    rtl_mmu_message(const char *format, ...);

#endif
