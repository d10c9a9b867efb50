/*
 * The rules that an AXI4 manager must keep, and those of ptw_axi beyond: one beat a transaction,
 * one read of each id at a time, every write the second half of an exclusive pair whose read gave
 * the value expected. Looks at the signals only.
 */
#ifndef TWINWALK_TESTS_RTL_AXI_CHECK_H
#define TWINWALK_TESTS_RTL_AXI_CHECK_H

#include "adapter.h"

#define AXI_CHECK_IDS 16

struct axi_check {
    unsigned addr_width; /* bits of an address */
    /* What the manager was asked for, by id; `valid`: it is not answered yet. Kept by the caller.
     */
    bool knows_requests;
    struct ptw_request request[AXI_CHECK_IDS];

    struct axi_manager before; /* offered in the cycle before, and not taken: valid is 1 */
    struct axi_address read[AXI_CHECK_IDS]; /* taken on AR, not answered */
    struct axi_address pair; /* an exclusive read that may be followed by its write */
    uint64_t pair_data;
    bool writing;      /* AW taken, B not */
    unsigned aw, w, b; /* transfers */
};

void axi_check_init(struct axi_check *check, unsigned addr_width, bool knows_requests);

/* The signals of one settled cycle; NULL, or the rule that they break (a constant string). */
const char *axi_check_cycle(struct axi_check *check, const struct axi_manager *manager,
                            const struct axi_subordinate *subordinate);

#endif
