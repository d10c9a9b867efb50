/* The simulated DMA engine, and the parts of frames that it and the CPU move. */
#include "frame_bytes.h"
#include "syscall.h"

#include <string.h>

static uint64_t frame_of(uint64_t pa) {
    return pa - pa % PAGE_BYTES;
}

bool frame_load(struct kernel *k, uint64_t pa, void *bytes, size_t n) {
    const struct machine *machine = &k->machine;
    if (n == PAGE_BYTES)
        return machine->load_page(machine->context, pa, bytes);
    uint8_t frame[PAGE_BYTES];
    if (!machine->load_page(machine->context, frame_of(pa), frame))
        return false;
    memcpy(bytes, frame + pa % PAGE_BYTES, n);
    return true;
}

bool frame_store(struct kernel *k, uint64_t pa, const void *bytes, size_t n) {
    const struct machine *machine = &k->machine;
    if (n == PAGE_BYTES)
        return machine->store_page(machine->context, pa, bytes);
    uint8_t frame[PAGE_BYTES];
    if (!machine->load_page(machine->context, frame_of(pa), frame))
        return false;
    memcpy(frame + pa % PAGE_BYTES, bytes, n);
    return machine->store_page(machine->context, frame_of(pa), frame);
}

bool frame_copy(struct kernel *k, uint64_t to, uint64_t from, size_t n) {
    const struct machine *machine = &k->machine;
    if (n == PAGE_BYTES)
        return machine->copy_page(machine->context, to, from);
    uint8_t bytes[PAGE_BYTES];
    return frame_load(k, from, bytes, n) && frame_store(k, to, bytes, n);
}

static size_t smaller(size_t a, size_t b) {
    return a < b ? a : b;
}

/* What a transfer that ends well adds to the counters. */
static int transferred(struct kernel *k, uint64_t pa, size_t n, bool into_memory) {
    count_event(k, STAT_dma_transfers, 1);
    count_event(k, STAT_dma_bytes, n);
    mm_event(k, MM_EVENT_DMA, pa, n, into_memory);
    return 0;
}

int dma_to_memory(struct kernel *k, uint64_t pa, const void *bytes, size_t n) {
    const uint8_t *from = bytes;
    for (size_t done = 0, piece; done < n; done += piece) {
        piece = smaller(n - done, frame_rest(pa + done));
        if (!frame_store(k, pa + done, from + done, piece))
            return -EIO;
    }
    return transferred(k, pa, n, true);
}

int dma_from_memory(struct kernel *k, uint64_t pa, void *bytes, size_t n) {
    uint8_t *to = bytes;
    for (size_t done = 0, piece; done < n; done += piece) {
        piece = smaller(n - done, frame_rest(pa + done));
        if (!frame_load(k, pa + done, to + done, piece))
            return -EIO;
    }
    return transferred(k, pa, n, false);
}
