/*
 * Requests are accepted, looked up in the L1, and linked to walks: docs/timing.md, step 4.
 */
#include "pipeline.h"

static void count_lookup(struct timing *timing, enum access_type access, bool miss) {
    static const enum counter accesses[] = {
        [ACCESS_READ] = COUNTER_DTLB_READ_ACCESS,
        [ACCESS_WRITE] = COUNTER_DTLB_WRITE_ACCESS,
        [ACCESS_EXECUTE] = COUNTER_ITLB_READ_ACCESS,
    };
    static const enum counter misses[] = {
        [ACCESS_READ] = COUNTER_DTLB_READ_MISS,
        [ACCESS_WRITE] = COUNTER_DTLB_WRITE_MISS,
        [ACCESS_EXECUTE] = COUNTER_ITLB_READ_MISS,
    };
    timing->counters[accesses[access]]++;
    if (miss)
        timing->counters[misses[access]]++;
}

static void answer_at_once(struct cycle *c, enum port port, uint8_t id) {
    c->request[port].at_once = true;
    c->answer[port].valid = true;
    c->answer[port].id = id;
}

static void keep_miss(struct timing *timing, struct cycle *c, enum port number,
                      const struct mmu_request *request) {
    struct request_port *port = &timing->port[number];
    unsigned entry = lowest(port->all & ~port->busy);
    port->busy |= UINT32_C(1) << entry;
    port->miss[entry] =
        (struct miss){*request, c->in->control, timing->mode, c->request[number].vpn};
    c->request[number].entry = (uint8_t)entry;
}

static void look_up(struct timing *timing, struct cycle *c, enum port number,
                    const struct mmu_request *request) {
    struct acceptance *acceptance = &c->request[number];
    const struct mmu_control *control = &c->in->control;
    const struct tlb_key key = {timing->mode,    request->va,   control->asid,
                                request->access, request->priv, control};
    struct tlb_place place;
    const struct tlb_entry *entry;
    enum lookup_result result = tlb_lookup(&timing->port[number].l1, &key, &place, &entry);
    struct mmu_event *event = emit_request(c, EVENT_LOOKUP, number, request->id);
    event->lookup.tlb = number == PORT_I ? TLB_I : TLB_D;
    event->lookup.result = result;
    event->lookup.set = (uint16_t)place.set;
    event->lookup.way = (uint16_t)place.way;
    count_lookup(timing, request->access, result != LOOKUP_HIT);
    acceptance->translates = true;
    acceptance->clean = result == LOOKUP_CLEAN;
    acceptance->vpn = tlb_vpn(request->va);
    acceptance->asid = control->asid;
    acceptance->write = request->access == ACCESS_WRITE;
    if (result == LOOKUP_HIT) {
        answer_from(&c->answer[number].response, entry, request, control, LEVEL_L1);
        answer_at_once(c, number, request->id);
    } else {
        keep_miss(timing, c, number, request);
    }
}

static void accept(struct timing *timing, struct cycle *c, enum port port) {
    const struct mmu_request request = {
        .va = c->in->req[port].va,
        .access = port == PORT_I ? ACCESS_EXECUTE : c->in->req[port].access,
        .priv = c->in->req[port].priv,
        .id = c->in->req[port].id,
    };
    struct mmu_response *response = &c->answer[port].response;
    c->request[port].accepted = true;
    if (!timing->mode || request.priv == PRIV_M)
        answer_untranslated(response, &request);
    else if (!mode_canonical(timing->mode, request.va))
        answer_fault(response, FAULT_NON_CANONICAL, request.access, LEVEL_NONE);
    else {
        look_up(timing, c, port, &request);
        return;
    }
    answer_at_once(c, port, request.id);
}

/* step 4: requests accepted, and their L1 lookups */
void requests_accept(struct timing *timing, struct cycle *c) {
    for (enum port port = PORT_I; port < PORTS; port++)
        if (c->in->req[port].valid && c->out->req_ready[port])
            accept(timing, c, port);
}

/* A miss or request that may be linked in this cycle. */
struct candidate {
    bool exists;
    bool head;    /* of the queue, as opposed to a request accepted in this cycle */
    bool dropped; /* the request was answered at once */
    uint8_t entry;
    int match; /* the walk that it merges with, or NO_WALK */
};

struct identity {
    uint64_t vpn;
    uint16_t asid;
    bool write;
    const struct mode *mode;
};

/* rule 1: the lowest-numbered walk, as it is at the start of the cycle, that matches */
static int match(const struct timing *timing, const struct cycle *c,
                 const struct identity *wanted) {
    unsigned walks = timing->all & ~c->was.in[SLOT_IDLE] & ~c->was.in[SLOT_AHEAD] & ~c->spent;
    for (; walks; walks &= walks - 1) {
        unsigned walk = lowest(walks);
        const struct walk_slot *slot = &timing->slot[walk];
        if (slot->vpn != wanted->vpn || slot->control.asid != wanted->asid ||
            slot->mode != wanted->mode)
            continue;
        if (!holds(c->was.in[SLOT_DONE], walk))
            return (int)walk;
        if (!holds(c->was.failed, walk) &&
            !(wanted->write && !(slot->entry.flags >> ENTRY_BIT_D & 1)))
            return (int)walk;
    }
    return NO_WALK;
}

static struct candidate candidate_of(const struct timing *timing, const struct cycle *c,
                                     enum port number) {
    const struct request_port *port = &timing->port[number];
    const struct acceptance *acceptance = &c->request[number];
    struct candidate candidate = {.match = NO_WALK};
    struct identity identity;
    if (port->queue_length > 0) {
        const struct miss *miss = &port->miss[port->queue[port->queue_head]];
        candidate.exists = candidate.head = true;
        candidate.entry = port->queue[port->queue_head];
        identity = (struct identity){miss->vpn, miss->control.asid,
                                     miss->request.access == ACCESS_WRITE, miss->mode};
    } else if (acceptance->translates) {
        candidate.exists = true;
        candidate.dropped = acceptance->at_once;
        candidate.entry = acceptance->entry;
        identity =
            (struct identity){acceptance->vpn, acceptance->asid, acceptance->write, timing->mode};
    } else {
        return candidate;
    }
    candidate.match = match(timing, c, &identity);
    return candidate;
}

/* rule 2: who wins stage A, whether it is to be had or not; PORTS: nobody */
static enum port winner_of(const struct timing *timing, const struct candidate candidate[PORTS]) {
    bool wants[PORTS];
    for (enum port port = PORT_I; port < PORTS; port++)
        wants[port] = candidate[port].exists && candidate[port].match == NO_WALK;
    if (wants[PORT_I] && wants[PORT_D]) {
        if (candidate[PORT_I].head != candidate[PORT_D].head)
            return candidate[PORT_I].head ? PORT_I : PORT_D;
        return timing->prefer;
    }
    return wants[PORT_I] ? PORT_I : wants[PORT_D] ? PORT_D : PORTS;
}

static void begin_walk(struct timing *timing, struct cycle *c, enum port port, unsigned entry,
                       unsigned walk) {
    const struct miss *miss = &timing->port[port].miss[entry];
    struct walk_slot *slot = &timing->slot[walk];
    slot->request = miss->request;
    slot->control = miss->control;
    slot->mode = miss->mode;
    slot->vpn = miss->vpn;
    slot->port = port;
    slot->has_primary = true;
    slot->primary = (uint8_t)entry;
    put(&timing->sets.prefetch, walk, false);
    move_walk(timing, walk, holds(c->was.in[SLOT_IDLE], walk) ? SLOT_IDLE : SLOT_DONE, SLOT_LOOKUP);
    l2_enter_lookup(timing, c, walk);
    timing->prefer = port == PORT_I ? PORT_D : PORT_I;
}

/* rule 4 */
static void link_to(struct timing *timing, struct cycle *c, enum port number,
                    const struct candidate *candidate, unsigned walk) {
    struct request_port *port = &timing->port[number];
    bool merged = candidate->match != NO_WALK;
    struct mmu_event *event =
        emit_request(c, EVENT_LINK, number, port->miss[candidate->entry].request.id);
    event->walk = (uint8_t)walk;
    event->link.merged = merged;
    if (merged)
        timing->counters[COUNTER_MERGES]++;
    else
        begin_walk(timing, c, number, candidate->entry, walk);
    port->waiting[walk] |= UINT32_C(1) << candidate->entry;
    put(&timing->sets.linked, walk, true);
    if (!candidate->head)
        return;
    port->queue_head = port->queue_head + 1 == port->misses ? 0 : port->queue_head + 1;
    port->queue_length--;
}

void requests_enqueue(struct request_port *port, unsigned entry) {
    unsigned last = port->queue_head + port->queue_length++;
    port->queue[last >= port->misses ? last - port->misses : last] = (uint8_t)entry;
}

static bool missed(const struct cycle *c, enum port port) {
    return c->request[port].accepted && !c->request[port].at_once;
}

/* step 5, rule 5: nobody won stage A */
static void look_ahead(struct timing *timing, struct cycle *c) {
    if (!timing->has_l2 || c->was.in[SLOT_AHEAD] == 0 || !l2_stage_a_free(timing, c))
        return;
    unsigned walk = lowest(c->was.in[SLOT_AHEAD]);
    move_walk(timing, walk, SLOT_AHEAD, SLOT_LOOKUP);
    l2_enter_lookup(timing, c, walk);
}

/* step 4: candidates, and whom they are linked to */
void requests_link(struct timing *timing, struct cycle *c) {
    if (c->in->fence_valid)
        return;
    const struct candidate candidate[PORTS] = {candidate_of(timing, c, PORT_I),
                                               candidate_of(timing, c, PORT_D)};
    enum port winner = winner_of(timing, candidate);
    bool granted = winner != PORTS && c->free && l2_stage_a_free(timing, c);
    for (enum port port = PORT_I; port < PORTS; port++) {
        const struct candidate *one = &candidate[port];
        int walk = one->match;
        if (walk == NO_WALK && granted && port == winner)
            walk = (int)lowest(c->free);
        /* rule 3: one that was answered at once drops out */
        bool linked = one->exists && !one->dropped && walk != NO_WALK;
        if (linked)
            link_to(timing, c, port, one, (unsigned)walk);
        /* rule 5 */
        if (missed(c, port) && (one->head || !linked))
            requests_enqueue(&timing->port[port], c->request[port].entry);
    }
    if (!granted)
        look_ahead(timing, c);
}
