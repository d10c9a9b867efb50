/*
 * Who may do what with a page, given the flags of its leaf. The same rules hold when the walker
 * finds the leaf and when a TLB entry is hit. Sections 12.1.1.2 (SUM, MXR) and 12.3.2 steps 6
 * and 8.
 */
#ifndef TWINWALK_MMU_PERMISSION_H
#define TWINWALK_MMU_PERMISSION_H

#include "../types.h"
#include "mmu.h"

static inline bool entry_bit(uint8_t flags, enum entry_bit bit) {
    return flags >> bit & 1;
}

static inline enum fault_reason permission_check(uint8_t flags, enum access_type access,
                                                 enum privilege priv,
                                                 const struct mmu_control *control) {
    /* step 6 */
    if (priv == PRIV_U && !entry_bit(flags, ENTRY_BIT_U))
        return FAULT_SUPERVISOR_PAGE;
    if (priv == PRIV_S && entry_bit(flags, ENTRY_BIT_U) &&
        (access == ACCESS_EXECUTE || !control->sum))
        return FAULT_USER_PAGE;
    /* step 8 */
    switch (access) {
    case ACCESS_EXECUTE:
        return entry_bit(flags, ENTRY_BIT_X) ? FAULT_NONE : FAULT_NOT_EXECUTABLE;
    case ACCESS_WRITE:
        return entry_bit(flags, ENTRY_BIT_W) ? FAULT_NONE : FAULT_NOT_WRITABLE;
    case ACCESS_READ:
        break;
    }
    bool readable =
        entry_bit(flags, ENTRY_BIT_R) || (control->mxr && entry_bit(flags, ENTRY_BIT_X));
    return readable ? FAULT_NONE : FAULT_NOT_READABLE;
}

#endif
