/*
 * Requests at their port in the fast mode: when they are accepted, linked and returned;
 * docs/timing.md, steps 4 and 7.
 */
#include "fast_inside.h"

#define WAITED_MAX 4 /* cycles that returns give way to requests answered at once */

/* A mean of what has been of late, in units of 1 / FAST_ONE: one more value goes in. */
static unsigned blend(unsigned mean, uint64_t value, unsigned past) {
    return (unsigned)((past * mean + FAST_ONE * value) / (past + 1));
}

/* Whether the entry is one of a walk that was DONE at the start of the cycle. */
static bool waits(const struct fast_miss *miss, uint64_t cycle) {
    return miss->done + miss->primary <= cycle;
}

/* The entry to be returned in this cycle; one is done. */
static unsigned next_return(const struct fast_port *port, uint64_t cycle) {
    uint32_t waiting = 0, fresh = 0;
    for (uint32_t left = port->busy; left; left &= left - 1) {
        unsigned i = (unsigned)__builtin_ctz(left);
        waiting |= (uint32_t)waits(&port->miss[i], cycle) << i;
        fresh |= (uint32_t)(port->miss[i].done == cycle) << i;
    }
    uint32_t from_turn = waiting >> port->turn << port->turn;
    return (unsigned)__builtin_ctz(from_turn ? from_turn : waiting ? waiting : fresh);
}

static void find_earliest(struct fast_port *port) {
    port->earliest = UINT64_MAX;
    for (uint32_t left = port->busy; left; left &= left - 1) {
        uint64_t done = port->miss[__builtin_ctz(left)].done;
        port->earliest = done < port->earliest ? done : port->earliest;
    }
}

/* Entries that wait for the walk: they leave one a cycle. */
static unsigned count_waiting(const struct fast_port *port, const struct fast_walk *walk) {
    unsigned count = 0;
    for (uint32_t left = port->busy; left; left &= left - 1)
        count += port->miss[__builtin_ctz(left)].number == walk->number;
    return count;
}

static void finish(struct fast *fast, struct fast_port *port, unsigned entry, uint64_t returned) {
    const struct fast_miss *miss = &port->miss[entry];
    struct timing_figures *figures = &fast->figures;
    uint64_t took = returned + 1 - miss->accepted;
    figures->misses++;
    figures->miss_cycles += took;
    figures->miss_cycles_max = later(figures->miss_cycles_max, took);
    fast_leave(&port->returns, returned);
    port->busy &= ~(UINT32_C(1) << entry);
    find_earliest(port);
    port->turn = (entry + 1) % port->misses;
    port->waited = 0;
    if (miss->primary)
        port->delay = blend(port->delay, returned - miss->done, 15);
    if (miss->walk->number != miss->number)
        return;
    if (count_waiting(&fast->port[PORT_I], miss->walk) == 0 &&
        count_waiting(&fast->port[PORT_D], miss->walk) == 0)
        miss->walk->free = later(miss->walk->over, returned + 1);
    miss->walk->filled[port - fast->port] = true;
    /* Others may wait for a walk of their own into the same large page. */
    for (uint32_t left = port->busy; left; left &= left - 1) {
        const struct fast_miss *other = &port->miss[__builtin_ctz(left)];
        if (same_page(other->va, miss->va, miss->size) && other->walk->number == other->number)
            other->walk->filled[port - fast->port] = true;
    }
}

void fast_return_before(struct fast *fast, struct fast_port *port, uint64_t cycle) {
    for (uint64_t at; port->busy && (at = fast_may_return(port)) < cycle;) {
        finish(fast, port, next_return(port, at), at);
        port->undecided = at + 1;
    }
    port->undecided = later(port->undecided, cycle);
}

static void count_acceptances(struct fast_port *port, uint64_t cycle, unsigned count) {
    uint64_t span = cycle / FAST_SPAN;
    if (span != port->span) {
        port->accepts_before = span == port->span + 1 ? port->accepts : 0;
        port->accepts = 0;
        port->span = span;
    }
    port->accepts += count;
}

static uint64_t offered(const struct fast_port *port) {
    return later(port->request[port->first].taken, port->accepted);
}

uint64_t fast_head(struct fast *fast, struct fast_port *port) {
    if (port->head)
        return port->head;
    uint64_t cycle = later(offered(port), port->ready);
    if (port->busy) {
        fast_return_before(fast, port, cycle);
        if (port->busy == port->all) {
            cycle = fast_may_return(port) + 1;
            fast_return_before(fast, port, cycle);
        }
    }
    return port->head = cycle;
}

uint64_t fast_accept(struct fast *fast, struct fast_port *port) {
    uint64_t cycle = fast_head(fast, port);
    fast->figures.stalls[port - fast->port] += cycle - offered(port);
    fast->figures.translations++;
    port->first = (port->first + 1) % FAST_IN_FLIGHT;
    port->waiting--;
    port->head = 0;
    if (cycle > port->accepted)
        port->since = cycle;
    count_acceptances(port, cycle, 1);
    port->accepted = port->ready = cycle + 1;
    return cycle;
}

void fast_hit(struct fast_port *port, uint64_t accepted) {
    fast_leave(&port->hits, accepted);
    port->undecided = accepted + 1;
    bool waiting = false;
    for (uint32_t left = port->earliest <= accepted ? port->busy : 0; left; left &= left - 1)
        waiting |= waits(&port->miss[__builtin_ctz(left)], accepted);
    if (!waiting)
        port->waited = 0;
    else if (++port->waited == WAITED_MAX)
        port->ready = accepted + 2; /* the cycle between is for a return */
}

const struct fast_walk *fast_awaited(const struct fast *fast, const struct fast_port *port,
                                     uint64_t va) {
    for (uint32_t left = port->busy; left; left &= left - 1) {
        const struct fast_miss *miss = &port->miss[__builtin_ctz(left)];
        if (same_page(miss->va, va, miss->size) && miss->walk->number == miss->number &&
            !miss->walk->filled[port - fast->port])
            return miss->walk;
    }
    return NULL;
}

/*
 * Whether a request of the other port wins stage A in this cycle, though it will turn out to hit.
 * What that port accepts may be known only later; then it is as likely as it was of late.
 */
static bool loses_stage_a(const struct fast *fast, struct fast_port *port, uint64_t cycle,
                          bool last) {
    enum port other = port == &fast->port[PORT_I] ? PORT_D : PORT_I;
    const struct fast_port *rival = &fast->port[other];
    if (fast->prefer != other || fast->in_flight == 1)
        return false;
    if (rival->since <= cycle && cycle < rival->accepted)
        return true;
    if (rival->waiting > 0)
        return rival->head == cycle;
    if (last || cycle / FAST_SPAN > rival->span + 1)
        return false;
    port->chance += rival->accepts_before * FAST_ONE / FAST_SPAN;
    bool lost = port->chance >= FAST_ONE;
    port->chance -= lost ? FAST_ONE : 0;
    return lost;
}

/* A store whose walk has to set D though another walk for the page is under way: if it joined that
 * one it is replayed when that is over. */
static bool is_replayed(const struct fast_walk *walk, const struct fast_finding *finding) {
    const struct fast_path *path = &finding->path;
    return walk && path->accesses > 0 && path->access[path->accesses - 1].update;
}

void fast_wait(struct fast *fast, struct fast_port *port, uint64_t accepted,
               const struct fast_finding *finding) {
    unsigned entry = (unsigned)__builtin_ctz(port->all & ~port->busy);
    fast_return_before(fast, port, accepted + 1);
    uint64_t looks = later(accepted, port->linked), link, done;
    struct fast_walk *walk = fast_walk_for(fast, finding->va, looks);
    if (is_replayed(walk, finding)) {
        fast->figures.merges += walk->ended >= looks;
        looks = later(looks, walk->ended + 2);
        walk = NULL;
    }
    bool merged = walk != NULL;
    if (merged) {
        link = later(looks, walk->begun);
        done = later(walk->ended, link) + 1;
        fast->figures.merges++;
    } else {
        walk = fast_begin_walk(
            fast, finding,
            looks + (looks == accepted && loses_stage_a(fast, port, looks, finding->failed)));
        fast->prefer = port == &fast->port[PORT_I] ? PORT_D : PORT_I;
        link = walk->begun - 1;
        done = walk->ended;
    }
    walk->free = later(walk->free, later(done, walk->ended + count_waiting(port, walk)) +
                                       (port->delay + FAST_ONE / 2) / FAST_ONE + 1);
    port->linked = link + 1;
    port->busy |= UINT32_C(1) << entry;
    port->earliest = port->earliest < done ? port->earliest : done;
    port->miss[entry] = (struct fast_miss){
        .va = finding->va,
        .accepted = accepted,
        .done = done,
        .primary = !merged,
        .walk = walk,
        .number = walk->number,
        .size = walk->size,
    };
}
