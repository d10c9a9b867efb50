/*
 * What is counted, with the names of /proc/vmstat where Linux has one. Items are levels (they rise
 * and fall, in frames), events only rise.
 */
#ifndef TWINWALK_MM_STAT_H
#define TWINWALK_MM_STAT_H

#include "../types.h"

#define MM_STAT_ITEMS(ROW)                                                                         \
    ROW(nr_free_pages)                                                                             \
    ROW(nr_inactive_anon)                                                                          \
    ROW(nr_active_anon)                                                                            \
    ROW(nr_inactive_file)                                                                          \
    ROW(nr_active_file)                                                                            \
    ROW(nr_unevictable)                                                                            \
    ROW(nr_anon_pages)                                                                             \
    ROW(nr_mapped)                                                                                 \
    ROW(nr_file_pages)                                                                             \
    ROW(nr_dirty)                                                                                  \
    ROW(nr_shmem)                                                                                  \
    ROW(nr_slab)                                                                                   \
    ROW(nr_kernel_stack)                                                                           \
    ROW(nr_page_table_pages)                                                                       \
    ROW(nr_anon_transparent_hugepages)                                                             \
    ROW(nr_swapcached)

#define MM_STAT_EVENTS(ROW)                                                                        \
    ROW(pgalloc_dma)                                                                               \
    ROW(pgalloc_dma32)                                                                             \
    ROW(pgalloc_normal)                                                                            \
    ROW(pgalloc_high)                                                                              \
    ROW(pgfree)                                                                                    \
    ROW(pgsplit)                                                                                   \
    ROW(pgmerge)                                                                                   \
    ROW(pgfault)                                                                                   \
    ROW(pgmajfault)                                                                                \
    ROW(pgactivate)                                                                                \
    ROW(pgdeactivate)                                                                              \
    ROW(pgrefill)                                                                                  \
    ROW(pgscan_kswapd)                                                                             \
    ROW(pgscan_direct)                                                                             \
    ROW(pgsteal_kswapd)                                                                            \
    ROW(pgsteal_direct)                                                                            \
    ROW(pgpgin)                                                                                    \
    ROW(pgpgout)                                                                                   \
    ROW(pswpin)                                                                                    \
    ROW(pswpout)                                                                                   \
    ROW(swap_ra)                                                                                   \
    ROW(nr_written)                                                                                \
    ROW(nr_writeback_errors)                                                                       \
    ROW(allocstall)                                                                                \
    ROW(pageoutrun)                                                                                \
    ROW(oom_kill)                                                                                  \
    ROW(thp_fault_alloc)                                                                           \
    ROW(thp_fault_fallback)                                                                        \
    ROW(thp_collapse_alloc)                                                                        \
    ROW(thp_split_page)                                                                            \
    ROW(thp_split_pmd)                                                                             \
    ROW(nr_tlb_remote_flush)                                                                       \
    ROW(asid_rollover)                                                                             \
    ROW(cow_copy)                                                                                  \
    ROW(cow_reuse)                                                                                 \
    ROW(zero_page)                                                                                 \
    ROW(fault_around)                                                                              \
    ROW(stack_growth)                                                                              \
    ROW(spurious_fault)                                                                            \
    ROW(signals)                                                                                   \
    ROW(syscalls)                                                                                  \
    ROW(mode_switches)                                                                             \
    ROW(cpu_copies)                                                                                \
    ROW(cpu_copy_bytes)                                                                            \
    ROW(dma_transfers)                                                                             \
    ROW(dma_bytes)

#define MM_STAT_ENUM(name) STAT_##name,
enum mm_stat { MM_STAT_ITEMS(MM_STAT_ENUM) MM_STAT_EVENTS(MM_STAT_ENUM) MM_STATS };
#undef MM_STAT_ENUM

/* "nr_free_pages"; "?" outside the enumeration. */
const char *mm_stat_name(enum mm_stat stat);

#endif
