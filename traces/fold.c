/* Single references to the page-run form. */
#include "internal.h"
#include "page_run.h"

#include <stdlib.h>

struct trace_folder {
    struct trace_writer *writer;
    struct page_run run[PORTS];
};

static void forget(struct trace_folder *folder) {
    for (int port = 0; port < PORTS; port++)
        folder->run[port] = (struct page_run){.page = PAGE_RUN_NONE};
}

struct trace_folder *trace_folder_create(struct trace_writer *writer) {
    struct trace_folder *folder = malloc(sizeof *folder);
    if (!folder)
        return NULL;
    folder->writer = writer;
    forget(folder);
    return folder;
}

void trace_folder_destroy(struct trace_folder *folder) {
    free(folder);
}

static bool write_repeat(struct trace_folder *folder, enum port port, struct trace_error *error) {
    struct page_run *run = &folder->run[port];
    if (!run->repeat)
        return true;
    struct trace_record record = {
        .kind = TRACE_REPEAT, .port = (uint8_t)port, .count = run->repeat};
    run->repeat = 0;
    return trace_write(folder->writer, &record, error);
}

static bool fold_page(struct trace_folder *folder, enum access_type access, uint64_t page,
                      bool continued, struct trace_error *error) {
    enum port port = access == ACCESS_EXECUTE ? PORT_I : PORT_D;
    struct page_run *run = &folder->run[port];
    bool store = access == ACCESS_WRITE;
    if (!page_run_breaks(run, page, store) && !continued)
        return ++run->repeat < PAGE_RUN_MAX || write_repeat(folder, port, error);
    if (!write_repeat(folder, port, error))
        return false;
    struct trace_record record = {.kind = TRACE_ACCESS,
                                  .access = (uint8_t)access,
                                  .continued = continued,
                                  .va = page << PAGE_SHIFT};
    page_run_start(run, page, store);
    return trace_write(folder->writer, &record, error);
}

bool trace_fold(struct trace_folder *folder, enum access_type access, uint64_t va, unsigned bytes,
                struct trace_error *error) {
    uint64_t first = va >> PAGE_SHIFT, last = (va + (bytes ? bytes - 1 : 0)) >> PAGE_SHIFT;
    return fold_page(folder, access, first, false, error) &&
           (first == last || fold_page(folder, access, last, true, error));
}

bool trace_fold_flush(struct trace_folder *folder, struct trace_error *error) {
    bool good = write_repeat(folder, PORT_I, error) && write_repeat(folder, PORT_D, error);
    forget(folder);
    return good;
}
