#include "axi_check.h"

#include <string.h>

void axi_check_init(struct axi_check *check, unsigned addr_width, bool knows_requests) {
    memset(check, 0, sizeof *check);
    check->addr_width = addr_width;
    check->knows_requests = knows_requests;
}

static bool same_address(const struct axi_address *a, const struct axi_address *b) {
    return a->id == b->id && a->addr == b->addr && a->len == b->len && a->size == b->size &&
           a->burst == b->burst && a->lock == b->lock && a->cache == b->cache && a->prot == b->prot;
}

/* Valid, once 1, stays with its payload until ready. */
static const char *check_stable(struct axi_check *check, const struct axi_manager *now,
                                const struct axi_subordinate *subordinate) {
    struct axi_manager *before = &check->before;
    if (before->ar.valid && (!now->ar.valid || !same_address(&before->ar, &now->ar)))
        return "AR: changed before ready";
    if (before->aw.valid && (!now->aw.valid || !same_address(&before->aw, &now->aw)))
        return "AW: changed before ready";
    if (before->w.valid && (!now->w.valid || before->w.data != now->w.data ||
                            before->w.strb != now->w.strb || before->w.last != now->w.last))
        return "W: changed before ready";
    *before = *now;
    before->ar.valid = now->ar.valid && !subordinate->arready;
    before->aw.valid = now->aw.valid && !subordinate->awready;
    before->w.valid = now->w.valid && !subordinate->wready;
    return NULL;
}

static const char *check_address(const struct axi_check *check, const struct axi_address *address) {
    if (address->id >= AXI_CHECK_IDS)
        return "an id that is no walk's";
    if (check->addr_width < 64 && address->addr >> check->addr_width)
        return "an address beyond its width";
    if (address->len != 0 || address->burst != 1)
        return "more than one beat, or not INCR";
    if (address->size != 2 && address->size != 3)
        return "neither 4 nor 8 bytes";
    if (address->addr % (1u << address->size))
        return "an address that is not aligned";
    if (address->cache != 2 || address->prot != 1)
        return "AxCACHE or AxPROT";
    const struct ptw_request *request = &check->request[address->id];
    if (check->knows_requests &&
        (!request->valid || request->pa != address->addr || request->cas != address->lock ||
         request->word != (address->size == 2)))
        return "a transaction that nobody asked for";
    return NULL;
}

static const char *check_ar(struct axi_check *check, const struct axi_address *ar) {
    const char *broken = check_address(check, ar);
    if (broken)
        return broken;
    if (check->read[ar->id].valid)
        return "AR: the id is under way already";
    if (ar->lock)
        for (unsigned id = 0; id < AXI_CHECK_IDS; id++)
            if ((check->read[id].valid && check->read[id].lock) || check->writing)
                return "AR: an exclusive read while another pair is under way";
    check->read[ar->id] = *ar;
    return NULL;
}

static void take_r(struct axi_check *check, const struct axi_subordinate *subordinate) {
    struct axi_address *read = &check->read[subordinate->r.id];
    if (read->lock) {
        check->pair = *read;
        check->pair.valid = subordinate->r.resp == AXI_EXOKAY;
        check->pair_data = subordinate->r.data;
    }
    read->valid = false;
}

/* Lanes that a transaction is about. */
static uint64_t lanes(const struct axi_address *address) {
    return address->size == 3 ? UINT64_MAX : UINT64_C(0xffffffff) << (address->addr & 4 ? 32 : 0);
}

static uint64_t on_lanes(const struct axi_address *address, uint64_t pte) {
    return address->size == 3 ? pte : pte << (address->addr & 4 ? 32 : 0);
}

static const char *check_aw(struct axi_check *check, const struct axi_address *aw) {
    if (!aw->lock)
        return "AW: a write that is not exclusive";
    const char *broken = check_address(check, aw);
    if (broken)
        return broken;
    if (!check->pair.valid || !same_address(&check->pair, aw))
        return "AW: no exclusive read of the same before it";
    uint64_t expect = on_lanes(aw, check->request[aw->id].expect);
    if (check->knows_requests && ((check->pair_data ^ expect) & lanes(aw)) != 0)
        return "AW: the comparison failed, or was not made";
    check->writing = true;
    check->aw++;
    return NULL;
}

/* Data may stand before its address, so both are looked at when they stand together. */
static const char *check_w(struct axi_check *check, const struct axi_manager *manager) {
    if (!manager->w.last)
        return "W: more than one beat";
    if (!check->pair.valid)
        return "W: no exclusive read before it";
    uint64_t desired = on_lanes(&check->pair, check->request[check->pair.id].desired);
    uint64_t mask = lanes(&check->pair);
    uint8_t strb = mask == UINT64_MAX ? 0xff : mask >> 63 ? 0xf0 : 0x0f;
    if (manager->w.strb != strb)
        return "W: the strobes are not those of the PTE's bytes";
    if (check->knows_requests && ((manager->w.data ^ desired) & mask) != 0)
        return "W: not what was to be stored";
    check->w++;
    return NULL;
}

const char *axi_check_cycle(struct axi_check *check, const struct axi_manager *manager,
                            const struct axi_subordinate *subordinate) {
    const char *broken = check_stable(check, manager, subordinate);
    if (!broken && manager->ar.valid && subordinate->arready)
        broken = check_ar(check, &manager->ar);
    if (!broken && manager->aw.valid && subordinate->awready)
        broken = check_aw(check, &manager->aw);
    if (!broken && manager->w.valid && subordinate->wready)
        broken = check_w(check, manager);
    if (subordinate->r.valid && manager->rready)
        take_r(check, subordinate);
    if (subordinate->b.valid && manager->bready) {
        check->b++;
        check->writing = check->pair.valid = false;
    }
    /* Both halves of a write once, and no second before B. */
    if (!broken && (check->aw > check->b + 1 || check->w > check->b + 1))
        broken = "AW or W: a second write before the first was answered";
    return broken;
}
