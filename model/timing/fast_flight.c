/*
 * Requests in flight in the fast mode: when the next one is taken from the trace, and in which
 * order the ports' requests are worked out.
 */
#include "fast_inside.h"

/* The response shows in the cycle after this one, and its place is free in the next. */
static uint64_t released(uint64_t answered) {
    return answered + 2;
}

void fast_leave(struct fast_leaving *leaving, uint64_t answered) {
    leaving->free[(leaving->first + leaving->count++) % FAST_IN_FLIGHT] = released(answered);
}

/* Forgets those that have left by now; the least of the others. */
static uint64_t retire(struct fast *fast, struct fast_leaving *leaving) {
    while (leaving->count > 0) {
        uint64_t free = leaving->free[leaving->first];
        if (free > fast->now)
            return free;
        leaving->first = (leaving->first + 1) % FAST_IN_FLIGHT;
        leaving->count--;
        fast->flying--;
    }
    return UINT64_MAX;
}

static uint64_t retire_all(struct fast *fast) {
    uint64_t next = UINT64_MAX;
    for (int i = 0; i < PORTS; i++) {
        uint64_t hit = retire(fast, &fast->port[i].hits);
        uint64_t returned = retire(fast, &fast->port[i].returns);
        next = hit < next ? hit : next;
        next = returned < next ? returned : next;
    }
    return next;
}

/* The port whose first request is accepted before the other's, and by this cycle; NULL: none. */
static struct fast_port *first_served(struct fast *fast, uint64_t cycle) {
    struct fast_port *first = NULL;
    for (int i = 0; i < PORTS; i++) {
        struct fast_port *port = &fast->port[i];
        if (port->waiting == 0 || fast_head(fast, port) > cycle)
            continue;
        first = port;
        cycle = port->head - 1;
    }
    return first;
}

void fast_serve_due(struct fast *fast) {
    for (struct fast_port *port; (port = first_served(fast, fast->now));)
        fast_serve(fast, port);
}

void fast_serve_first(struct fast *fast) {
    fast_serve(fast, first_served(fast, UINT64_MAX));
}

/* Decides what happens until a place is free. */
static void make_place(struct fast *fast) {
    uint64_t next = retire_all(fast);
    while (fast->flying == fast->in_flight) {
        struct fast_port *returning = NULL;
        for (int i = 0; i < PORTS; i++) {
            struct fast_port *port = &fast->port[i];
            uint64_t free = released(fast_may_return(port));
            if (!port->busy || free >= next)
                continue;
            returning = port;
            next = free;
        }
        struct fast_port *serving = first_served(fast, next == UINT64_MAX ? next : next - 2);
        if (serving) {
            fast_serve(fast, serving);
        } else {
            /* Nothing is accepted before that: the returns until then are certain. */
            if (returning)
                fast_return_before(fast, returning, next - 1);
            fast->now = later(fast->now, next);
        }
        next = retire_all(fast);
    }
}

struct fast_request *fast_take(struct fast *fast, struct fast_port *port) {
    make_place(fast);
    fast->flying++;
    struct fast_request *request = &port->request[(port->first + port->waiting++) % FAST_IN_FLIGHT];
    request->taken = fast->now;
    request->goes_ahead = false;
    return request;
}

unsigned fast_places(const struct fast *fast, uint64_t cycle) {
    unsigned places = fast->in_flight - fast->flying;
    for (int i = 0; i < PORTS; i++) {
        const struct fast_leaving *const both[] = {&fast->port[i].hits, &fast->port[i].returns};
        for (int j = 0; j < 2; j++)
            for (unsigned k = 0; k < both[j]->count; k++)
                places += both[j]->free[(both[j]->first + k) % FAST_IN_FLIGHT] <= cycle;
    }
    return places;
}

/* The end of the last one; none are left. */
static uint64_t leave_all(struct fast_leaving *leaving) {
    unsigned count = leaving->count;
    leaving->count = 0;
    return count > 0 ? leaving->free[(leaving->first + count - 1) % FAST_IN_FLIGHT] : 0;
}

void fast_drain(struct fast *fast) {
    for (struct fast_port *port; (port = first_served(fast, UINT64_MAX));)
        fast_serve(fast, port);
    for (int i = 0; i < PORTS; i++) {
        struct fast_port *port = &fast->port[i];
        fast_return_before(fast, port, UINT64_MAX);
        fast->now = later(fast->now, later(leave_all(&port->hits), leave_all(&port->returns)));
    }
    for (int i = 0; i < PORTS; i++)
        fast->port[i].undecided = fast->now;
    fast->flying = 0;
}
