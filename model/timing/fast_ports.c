/*
 * Requests in the fast mode: when they are taken, accepted and returned; docs/timing.md, steps 4
 * and 7.
 */
#include "fast_inside.h"

#define WAITED_MAX 4 /* cycles that returns give way to requests answered at once */

void fast_take(struct fast *fast) {
    unsigned place = fast->place + 1 == fast->in_flight ? 0 : fast->place + 1;
    if (fast->release[place] > fast->now) {
        for (unsigned i = 0; i < fast->in_flight; i++)
            if (fast->release[i] < fast->release[place])
                place = i;
        fast->now = later(fast->now, fast->release[place]);
    }
    fast->place = place;
}

/* The response shows in the cycle after this one, and its place is free in the next. */
static uint64_t released(uint64_t answered) {
    return answered + 2;
}

static void finish(struct fast *fast, struct fast_port *port, unsigned entry, uint64_t returned) {
    struct fast_miss miss = port->miss[entry];
    struct timing_figures *figures = &fast->figures;
    uint64_t took = returned + 1 - miss.accepted;
    figures->misses++;
    figures->miss_cycles += took;
    figures->miss_cycles_max = later(figures->miss_cycles_max, took);
    fast->release[miss.place] = released(returned);
    port->miss[entry] = port->miss[--port->busy];
    port->waited = 0;
    if (miss.walk->number == miss.number)
        fast_keep(miss.walk, returned);
    for (unsigned i = 0; i < port->busy; i++)
        port->miss[i].filled |= port->miss[i].number == miss.number;
}

static unsigned first_done(const struct fast_port *port) {
    unsigned first = 0;
    for (unsigned i = 1; i < port->busy; i++)
        if (port->miss[i].done < port->miss[first].done)
            first = i;
    return first;
}

/* Returns what can be in the cycles before this one, in which nothing else is answered. */
static void return_before(struct fast *fast, struct fast_port *port, uint64_t cycle) {
    while (port->busy > 0) {
        unsigned entry = first_done(port);
        uint64_t returned = later(port->miss[entry].done, port->undecided);
        if (returned >= cycle)
            break;
        finish(fast, port, entry, returned);
        port->undecided = returned + 1;
    }
    port->undecided = later(port->undecided, cycle);
}

uint64_t fast_accept(struct fast *fast, struct fast_port *port) {
    uint64_t offered = later(fast->now, port->accepted);
    uint64_t cycle = later(offered, port->ready);
    if (port->busy > 0) {
        return_before(fast, port, cycle);
        if (port->busy == port->misses) {
            cycle = later(port->miss[first_done(port)].done, port->undecided) + 1;
            return_before(fast, port, cycle);
        }
    }
    fast->figures.stalls[port - fast->port] += cycle - offered;
    fast->figures.translations++;
    port->accepted = port->ready = cycle + 1;
    return cycle;
}

void fast_hit(struct fast *fast, struct fast_port *port, uint64_t accepted) {
    fast->release[fast->place] = released(accepted);
    port->undecided = accepted + 1;
    if (port->busy == 0 || port->miss[first_done(port)].done >= accepted)
        port->waited = 0;
    else if (++port->waited == WAITED_MAX)
        port->ready = accepted + 2; /* the cycle between is for a return */
}

const struct fast_miss *fast_awaited(const struct fast_port *port, uint64_t va) {
    for (unsigned i = 0; i < port->busy; i++)
        if (!port->miss[i].filled && same_page(port->miss[i].va, va, port->miss[i].size))
            return &port->miss[i];
    return NULL;
}

void fast_wait(struct fast *fast, struct fast_port *port, uint64_t accepted,
               const struct fast_finding *finding) {
    return_before(fast, port, accepted + 1);
    uint64_t looks = later(accepted, port->linked);
    struct fast_walk *walk = fast_walk_for(fast, finding->va, looks);
    uint64_t link, done;
    if (walk) {
        link = later(looks, walk->begun);
        done = later(walk->ended, link) + 1;
        fast->figures.merges++;
    } else {
        walk = fast_begin_walk(fast, finding, looks);
        link = walk->begun - 1;
        done = walk->ended;
    }
    fast_keep(walk, done);
    port->linked = link + 1;
    fast->release[fast->place] = released(done); /* or later: finish() */
    port->miss[port->busy++] = (struct fast_miss){
        .va = finding->va,
        .accepted = accepted,
        .done = done,
        .walk = walk,
        .number = walk->number,
        .size = walk->size,
        .place = fast->place,
    };
}

void fast_drain(struct fast *fast) {
    for (int i = 0; i < PORTS; i++)
        return_before(fast, &fast->port[i], UINT64_MAX);
    for (unsigned i = 0; i < fast->in_flight; i++)
        fast->now = later(fast->now, fast->release[i]);
    for (int i = 0; i < PORTS; i++)
        fast->port[i].undecided = fast->now;
}
