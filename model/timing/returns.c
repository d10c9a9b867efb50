/*
 * Miss entries leave the miss files, and walks that nobody needs turn to the next page:
 * docs/timing.md, steps 7 and 8.
 */
#include "pipeline.h"

/* The walk whose END or L2 hit in this cycle serves its primary at once, or NO_WALK. */
static int just_found_for(const struct timing *timing, const struct cycle *c, enum port port) {
    const int found[] = {c->ended, c->hit};
    for (unsigned i = 0; i < 2; i++) {
        if (found[i] == NO_WALK)
            continue;
        const struct walk_slot *slot = &timing->slot[found[i]];
        if (slot->has_primary && slot->port == port)
            return found[i];
    }
    return NO_WALK;
}

static void choose(const struct timing *timing, const struct cycle *c, enum port number,
                   struct returns *returns) {
    const struct request_port *port = &timing->port[number];
    uint32_t entries = 0;
    for (unsigned walks = c->was.in[SLOT_DONE] & c->was.linked; walks; walks &= walks - 1)
        entries |= port->waiting[lowest(walks)];
    returns->was_done[number] = entries != 0;
    if (entries) {
        unsigned entry = first_from(entries, port->turn);
        unsigned walks = c->was.in[SLOT_DONE] & c->was.linked;
        while (!(port->waiting[lowest(walks)] >> entry & 1))
            walks &= walks - 1;
        returns->entry[number] = (int)entry;
        returns->walk[number] = lowest(walks);
        return;
    }
    int walk = just_found_for(timing, c, number);
    returns->entry[number] = walk == NO_WALK ? -1 : timing->slot[walk].primary;
    returns->walk[number] = walk == NO_WALK ? 0 : (unsigned)walk;
}

void returns_choose(const struct timing *timing, const struct cycle *c, struct returns *returns) {
    choose(timing, c, PORT_I, returns);
    choose(timing, c, PORT_D, returns);
}

/* The entry is no longer linked. */
static void leave(struct timing *timing, enum port number, unsigned entry, unsigned walk) {
    struct request_port *port = &timing->port[number];
    struct walk_slot *slot = &timing->slot[walk];
    port->waiting[walk] &= ~(UINT32_C(1) << entry);
    if (timing->port[PORT_I].waiting[walk] == 0 && timing->port[PORT_D].waiting[walk] == 0)
        put(&timing->sets.linked, walk, false);
    if (slot->has_primary && slot->port == number && slot->primary == entry)
        slot->has_primary = false;
}

static bool is_replay(const struct timing *timing, enum port number, unsigned entry,
                      unsigned walk) {
    const struct walk_slot *slot = &timing->slot[walk];
    const struct miss *miss = &timing->port[number].miss[entry];
    if (holds(timing->sets.failed, walk))
        return !(slot->has_primary && slot->port == number && slot->primary == entry);
    return answer_must_set_dirty(&slot->entry, &miss->request, &miss->control);
}

static bool replay(struct timing *timing, struct cycle *c, enum port port, unsigned entry,
                   unsigned walk) {
    if (c->request[port].accepted)
        return false;
    emit_request(c, EVENT_REPLAY, port, timing->port[port].miss[entry].request.id);
    timing->counters[COUNTER_REPLAYS]++;
    leave(timing, port, entry, walk);
    requests_enqueue(&timing->port[port], entry);
    return true;
}

static bool answer(struct timing *timing, struct cycle *c, enum port number, unsigned entry,
                   unsigned walk) {
    if (c->request[number].at_once || c->request[number].clean)
        return false;
    struct request_port *port = &timing->port[number];
    struct walk_slot *slot = &timing->slot[walk];
    const struct miss *miss = &port->miss[entry];
    struct answer *answer = &c->answer[number];
    answer->valid = true;
    answer->id = miss->request.id;
    if (holds(timing->sets.failed, walk)) {
        answer_fault(&answer->response, slot->walk.reason, miss->request.access, LEVEL_WALK);
    } else {
        answer_from(&answer->response, &slot->entry, &miss->request, &miss->control, slot->from);
        if (!(slot->filled >> number & 1))
            answer_fill(&port->l1, number == PORT_I ? TLB_I : TLB_D, &slot->entry,
                        emit_request(c, EVENT_FILL, number, miss->request.id));
        slot->filled |= (uint8_t)(1u << number);
    }
    port->busy &= ~(UINT32_C(1) << entry);
    leave(timing, number, entry, walk);
    return true;
}

static void count_wait(struct request_port *port, bool was_done, bool left) {
    if (!was_done || left)
        port->waited = 0;
    else if (port->waited < 4)
        port->waited++;
}

/* step 7; REPLAY events before FILL events */
void returns_perform(struct timing *timing, struct cycle *c, const struct returns *returns) {
    bool left[PORTS] = {false, false}, is_answer[PORTS] = {false, false};
    for (enum port port = PORT_I; port < PORTS; port++) {
        if (returns->entry[port] < 0)
            continue;
        unsigned entry = (unsigned)returns->entry[port], walk = returns->walk[port];
        is_answer[port] = !is_replay(timing, port, entry, walk);
        if (!is_answer[port])
            left[port] = replay(timing, c, port, entry, walk);
    }
    for (enum port port = PORT_I; port < PORTS; port++)
        if (is_answer[port])
            left[port] =
                answer(timing, c, port, (unsigned)returns->entry[port], returns->walk[port]);
    for (enum port number = PORT_I; number < PORTS; number++) {
        struct request_port *port = &timing->port[number];
        count_wait(port, returns->was_done[number], left[number]);
        if (left[number])
            port->turn = ((unsigned)returns->entry[number] + 1) % port->misses;
    }
}

/* step 8 */
void returns_prefetch(struct timing *timing, struct cycle *c) {
    if (c->to_prefetch == 0)
        return;
    unsigned walk = lowest(c->to_prefetch);
    struct walk_slot *slot = &timing->slot[walk];
    slot->vpn++;
    slot->request.va += PAGE_BYTES;
    slot->control.adue = false;
    emit_walk(c, EVENT_PREFETCH, walk)->prefetch.vpn = slot->vpn;
    timing->counters[COUNTER_PREFETCHES]++;
    put(&timing->sets.prefetch, walk, true);
    put(&timing->sets.next, walk, false);
    move_walk(timing, walk, SLOT_DONE, SLOT_AHEAD);
}
