/*
 * The one table of encodings that the C model and the hardware share.
 *
 * C takes its enumerations from these lists (model/types.h); model/defs/gen_sv_package.c prints the
 * SystemVerilog package rtl/mmu_defs.sv from the same lists. Encodings only: what is done with
 * them is written twice, independently, in model/mmu and in rtl.
 *
 * Lists of ROW(NAME, value, text). Section numbers are those of the RISC-V Instruction Set Manual,
 * Volume II: Privileged Architecture (ratified 20240411), chapter 12 "Supervisor-Level ISA".
 */
#ifndef TWINWALK_DEFS_ENCODINGS_H
#define TWINWALK_DEFS_ENCODINGS_H

/* satp.MODE as RV64 encodes it (12.1.11); Sv32 has its own RV32 field and takes code 1 here. 4
 * bits. */
#define DEFS_PAGING_MODE(ROW)                                                                      \
    ROW(BARE, 0, "bare")                                                                           \
    ROW(SV32, 1, "sv32")                                                                           \
    ROW(SV39, 8, "sv39")                                                                           \
    ROW(SV48, 9, "sv48")                                                                           \
    ROW(SV57, 10, "sv57")

/* What the access does. 2 bits. */
#define DEFS_ACCESS(ROW)                                                                           \
    ROW(READ, 0, "read")                                                                           \
    ROW(WRITE, 1, "write")                                                                         \
    ROW(EXECUTE, 2, "execute")

/* Privilege modes (1.2). 2 bits. */
#define DEFS_PRIVILEGE(ROW)                                                                        \
    ROW(U, 0, "U")                                                                                 \
    ROW(S, 1, "S")                                                                                 \
    ROW(M, 3, "M")

/* Size of the leaf page; text, and its log2 in DEFS_PAGE_SHIFT. 3 bits. */
#define DEFS_PAGE_SIZE(ROW)                                                                        \
    ROW(4K, 0, "4KiB")                                                                             \
    ROW(64K, 1, "64KiB")                                                                           \
    ROW(2M, 2, "2MiB")                                                                             \
    ROW(4M, 3, "4MiB")                                                                             \
    ROW(1G, 4, "1GiB")                                                                             \
    ROW(512G, 5, "512GiB")                                                                         \
    ROW(256T, 6, "256TiB")

/* log2 of the page size of each code above. 6 bits. */
#define DEFS_PAGE_SHIFT(ROW)                                                                       \
    ROW(4K, 12, "")                                                                                \
    ROW(64K, 16, "")                                                                               \
    ROW(2M, 21, "")                                                                                \
    ROW(4M, 22, "")                                                                                \
    ROW(1G, 30, "")                                                                                \
    ROW(512G, 39, "")                                                                              \
    ROW(256T, 48, "")

/* Memory type from Svpbmt (chapter 14). 2 bits. Value 3 is reserved. */
#define DEFS_MEMORY_TYPE(ROW)                                                                      \
    ROW(PMA, 0, "PMA")                                                                             \
    ROW(NC, 1, "NC")                                                                               \
    ROW(IO, 2, "IO")

/* Where a translation was decided. 2 bits. NONE: Bare, or refused before any lookup. */
#define DEFS_HIT_LEVEL(ROW)                                                                        \
    ROW(NONE, 0, "none")                                                                           \
    ROW(L1, 1, "L1")                                                                               \
    ROW(L2, 2, "L2")                                                                               \
    ROW(WALK, 3, "walk")

/* Exception codes of mcause/scause (table "Supervisor cause register values"). 4 bits. */
#define DEFS_CAUSE(ROW)                                                                            \
    ROW(FETCH_ACCESS_FAULT, 1, "instruction access fault")                                         \
    ROW(LOAD_ACCESS_FAULT, 5, "load access fault")                                                 \
    ROW(STORE_ACCESS_FAULT, 7, "store/AMO access fault")                                           \
    ROW(FETCH_PAGE_FAULT, 12, "instruction page fault")                                            \
    ROW(LOAD_PAGE_FAULT, 13, "load page fault")                                                    \
    ROW(STORE_PAGE_FAULT, 15, "store/AMO page fault")

/*
 * Why a translation failed; the architecture sees only the cause. 5 bits.
 * Of several failed checks of one PTE the first in this order is the reason.
 */
#define DEFS_FAULT_REASON(ROW)                                                                     \
    ROW(NONE, 0, "no fault")                                                                       \
    ROW(NON_CANONICAL, 1, "virtual address is not canonical")                                      \
    ROW(TOO_WIDE, 2, "Bare address is wider than a physical address")                              \
    ROW(PTE_ACCESS, 3, "memory refused the PTE read")                                              \
    ROW(UPDATE_ACCESS, 4, "memory refused the A/D update")                                         \
    ROW(NOT_VALID, 5, "PTE.V is 0")                                                                \
    ROW(WRITE_ONLY, 6, "PTE has W without R")                                                      \
    ROW(RESERVED_BITS, 7, "reserved PTE bits 60:54 are set")                                       \
    ROW(RESERVED_PBMT, 8, "PTE.PBMT is reserved or not enabled")                                   \
    ROW(RESERVED_NAPOT, 9, "PTE.N is not implemented or its encoding is reserved")                 \
    ROW(POINTER_FLAGS, 10, "D, A, U, N or PBMT set in a pointer PTE")                              \
    ROW(POINTER_AT_LEAF, 11, "pointer PTE at the last level")                                      \
    ROW(MISALIGNED, 12, "superpage is misaligned")                                                 \
    ROW(USER_PAGE, 13, "S-mode access to a user page")                                             \
    ROW(SUPERVISOR_PAGE, 14, "U-mode access to a supervisor page")                                 \
    ROW(NOT_READABLE, 15, "page is not readable")                                                  \
    ROW(NOT_WRITABLE, 16, "page is not writable")                                                  \
    ROW(NOT_EXECUTABLE, 17, "page is not executable")                                              \
    ROW(ACCESSED_CLEAR, 18, "PTE.A is 0 and hardware does not set it")                             \
    ROW(DIRTY_CLEAR, 19, "PTE.D is 0 on a store and hardware does not set it")

/* Outcome of a TLB lookup. 2 bits. CLEAN: the entry matches, but a store must set D first. */
#define DEFS_LOOKUP(ROW)                                                                           \
    ROW(MISS, 0, "miss")                                                                           \
    ROW(HIT, 1, "hit")                                                                             \
    ROW(CLEAN, 2, "clean")

/* Replacement policies. 2 bits. */
#define DEFS_POLICY(ROW)                                                                           \
    ROW(LRU, 0, "lru")                                                                             \
    ROW(PLRU, 1, "plru")                                                                           \
    ROW(FIFO, 2, "fifo")                                                                           \
    ROW(RANDOM, 3, "random")

/* Number of each TLB, as the probe and the random seeds use it. 2 bits. */
#define DEFS_TLB(ROW)                                                                              \
    ROW(I, 0, "itlb")                                                                              \
    ROW(D, 1, "dtlb")                                                                              \
    ROW(L2, 2, "l2tlb")

/* Bit positions within a PTE (12.3.1, 12.4.1); fields give their lowest bit. */
#define DEFS_PTE_BIT(ROW)                                                                          \
    ROW(V, 0, "valid")                                                                             \
    ROW(R, 1, "readable")                                                                          \
    ROW(W, 2, "writable")                                                                          \
    ROW(X, 3, "executable")                                                                        \
    ROW(U, 4, "user")                                                                              \
    ROW(G, 5, "global")                                                                            \
    ROW(A, 6, "accessed")                                                                          \
    ROW(D, 7, "dirty")                                                                             \
    ROW(PPN, 10, "physical page number, 22 bits in Sv32, 44 bits otherwise")                       \
    ROW(RESERVED, 54, "reserved, 7 bits, absent in Sv32")                                          \
    ROW(PBMT, 61, "memory type, 2 bits, absent in Sv32")                                           \
    ROW(N, 63, "NAPOT, absent in Sv32")

/* Bit positions of the flags of a TLB entry as the probe shows them. */
#define DEFS_ENTRY_BIT(ROW)                                                                        \
    ROW(R, 0, "readable")                                                                          \
    ROW(W, 1, "writable")                                                                          \
    ROW(X, 2, "executable")                                                                        \
    ROW(U, 3, "user")                                                                              \
    ROW(G, 4, "global")                                                                            \
    ROW(D, 5, "dirty")                                                                             \
    ROW(PBMT, 6, "memory type, 2 bits")

/*
 * The hardware's performance counters (docs/timing.md). The first six are the events of the SBI's
 * performance monitoring extension, SBI_PMU_HW_CACHE_{ITLB,DTLB} with operation and result; the
 * others are ours. 5 bits.
 */
#define DEFS_COUNTER(ROW)                                                                          \
    ROW(ITLB_READ_ACCESS, 0, "lookups of the I TLB")                                               \
    ROW(ITLB_READ_MISS, 1, "of these, not served (MISS or CLEAN)")                                 \
    ROW(DTLB_READ_ACCESS, 2, "lookups of the D TLB by loads")                                      \
    ROW(DTLB_READ_MISS, 3, "of these, not served")                                                 \
    ROW(DTLB_WRITE_ACCESS, 4, "lookups of the D TLB by stores")                                    \
    ROW(DTLB_WRITE_MISS, 5, "of these, not served")                                                \
    ROW(L2TLB_I_ACCESS, 6, "L2 lookups for fetches")                                               \
    ROW(L2TLB_I_MISS, 7, "of these, not served")                                                   \
    ROW(L2TLB_D_ACCESS, 8, "L2 lookups for loads and stores")                                      \
    ROW(L2TLB_D_MISS, 9, "of these, not served")                                                   \
    ROW(WALKS_I, 10, "walks begun for fetches; restarts not counted")                              \
    ROW(WALKS_D, 11, "walks begun for loads and stores; restarts not counted")                     \
    ROW(WALK_RESTARTS, 12, "walks started again after a fence, prefetches too")                    \
    ROW(WALK_CYCLES, 13, "cycles with a walk in READ to RESTART")                                  \
    ROW(PTE_READS, 14, "PTE reads answered and used, prefetches too")                              \
    ROW(PTE_UPDATES, 15, "A/D updates stored")                                                     \
    ROW(WALK_CACHE_HITS, 16, "starts below the root, prefetches too")                              \
    ROW(MERGES, 17, "misses that joined a walk under way")                                         \
    ROW(REPLAYS, 18, "merged misses that had to try again")                                        \
    ROW(FENCES, 19, "fences acknowledged")                                                         \
    ROW(FAULTS, 20, "responses with a fault")                                                      \
    ROW(PREFETCHES, 21, "walks turned into a prefetch")                                            \
    ROW(STALLS_I, 22, "cycles in which a fetch was offered and not accepted")                      \
    ROW(STALLS_D, 23, "the same of loads and stores")                                              \
    ROW(CYCLES, 24, "clock cycles")

/* Widths in bits, and constants of the random replacement. */
#define DEFS_CONSTANT(ROW)                                                                         \
    ROW(VA_W, 64, "virtual address")                                                               \
    ROW(PA_W, 56, "physical address")                                                              \
    ROW(PPN_W, 44, "physical page number")                                                         \
    ROW(VPN_W, 45, "virtual page number, va[56:12]")                                               \
    ROW(ASID_W, 16, "address space identifier")                                                    \
    ROW(ID_W, 5, "request id")                                                                     \
    ROW(PTW_ID_W, 4, "page-table port id: the number of a walk")                                   \
    ROW(RANDOM_SEED_HIGH, 0xACE1, "upper half of the random generators' first state")

#endif
