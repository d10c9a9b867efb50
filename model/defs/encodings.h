/*
 * The one table of encodings that the C model and the hardware share.
 *
 * C takes its enumerations from these lists (model/types.h); model/defs/gen_sv_package.c prints the
 * SystemVerilog package rtl/mmu_defs.sv from the same lists. Encodings only: what is done with
 * them is written twice, independently, in model/mmu and in rtl.
 *
 * Lists of X(NAME, value, text). Section numbers are those of the RISC-V Instruction Set Manual,
 * Volume II: Privileged Architecture (ratified 20240411), chapter 12 "Supervisor-Level ISA".
 */
#ifndef TWINWALK_DEFS_ENCODINGS_H
#define TWINWALK_DEFS_ENCODINGS_H

/* satp.MODE as RV64 encodes it (12.1.11); Sv32 has its own RV32 field and takes code 1 here. 4 bits. */
#define DEFS_PAGING_MODE(X)                                                                        \
    X(BARE, 0, "bare")                                                                             \
    X(SV32, 1, "sv32")                                                                             \
    X(SV39, 8, "sv39")                                                                             \
    X(SV48, 9, "sv48")                                                                             \
    X(SV57, 10, "sv57")

/* What the access does. 2 bits. */
#define DEFS_ACCESS(X)                                                                             \
    X(READ, 0, "read")                                                                             \
    X(WRITE, 1, "write")                                                                           \
    X(EXECUTE, 2, "execute")

/* Privilege modes (1.2). 2 bits. */
#define DEFS_PRIVILEGE(X)                                                                          \
    X(U, 0, "U")                                                                                   \
    X(S, 1, "S")                                                                                   \
    X(M, 3, "M")

/* Size of the leaf page; text, and its log2 in DEFS_PAGE_SHIFT. 3 bits. */
#define DEFS_PAGE_SIZE(X)                                                                          \
    X(4K, 0, "4KiB")                                                                               \
    X(64K, 1, "64KiB")                                                                             \
    X(2M, 2, "2MiB")                                                                               \
    X(4M, 3, "4MiB")                                                                               \
    X(1G, 4, "1GiB")                                                                               \
    X(512G, 5, "512GiB")                                                                           \
    X(256T, 6, "256TiB")

/* log2 of the page size of each code above. 6 bits. */
#define DEFS_PAGE_SHIFT(X)                                                                         \
    X(4K, 12, "")                                                                                  \
    X(64K, 16, "")                                                                                 \
    X(2M, 21, "")                                                                                  \
    X(4M, 22, "")                                                                                  \
    X(1G, 30, "")                                                                                  \
    X(512G, 39, "")                                                                                \
    X(256T, 48, "")

/* Memory type from Svpbmt (chapter 14). 2 bits. Value 3 is reserved. */
#define DEFS_MEMORY_TYPE(X)                                                                        \
    X(PMA, 0, "PMA")                                                                               \
    X(NC, 1, "NC")                                                                                 \
    X(IO, 2, "IO")

/* Where a translation was decided. 2 bits. NONE: Bare, or refused before any lookup. */
#define DEFS_HIT_LEVEL(X)                                                                          \
    X(NONE, 0, "none")                                                                             \
    X(L1, 1, "L1")                                                                                 \
    X(L2, 2, "L2")                                                                                 \
    X(WALK, 3, "walk")

/* Exception codes of mcause/scause (table "Supervisor cause register values"). 4 bits. */
#define DEFS_CAUSE(X)                                                                              \
    X(FETCH_ACCESS_FAULT, 1, "instruction access fault")                                           \
    X(LOAD_ACCESS_FAULT, 5, "load access fault")                                                   \
    X(STORE_ACCESS_FAULT, 7, "store/AMO access fault")                                             \
    X(FETCH_PAGE_FAULT, 12, "instruction page fault")                                              \
    X(LOAD_PAGE_FAULT, 13, "load page fault")                                                      \
    X(STORE_PAGE_FAULT, 15, "store/AMO page fault")

/*
 * Why a translation failed; the architecture sees only the cause. 5 bits.
 * Of several failed checks of one PTE the first in this order is the reason.
 */
#define DEFS_FAULT_REASON(X)                                                                       \
    X(NONE, 0, "no fault")                                                                         \
    X(NON_CANONICAL, 1, "virtual address is not canonical")                                        \
    X(TOO_WIDE, 2, "Bare address is wider than a physical address")                                \
    X(PTE_ACCESS, 3, "memory refused the PTE read")                                                \
    X(UPDATE_ACCESS, 4, "memory refused the A/D update")                                           \
    X(NOT_VALID, 5, "PTE.V is 0")                                                                  \
    X(WRITE_ONLY, 6, "PTE has W without R")                                                        \
    X(RESERVED_BITS, 7, "reserved PTE bits 60:54 are set")                                         \
    X(RESERVED_PBMT, 8, "PTE.PBMT is reserved or not enabled")                                     \
    X(RESERVED_NAPOT, 9, "PTE.N is not implemented or its encoding is reserved")                   \
    X(POINTER_FLAGS, 10, "D, A, U, N or PBMT set in a pointer PTE")                                \
    X(POINTER_AT_LEAF, 11, "pointer PTE at the last level")                                        \
    X(MISALIGNED, 12, "superpage is misaligned")                                                   \
    X(USER_PAGE, 13, "S-mode access to a user page")                                               \
    X(SUPERVISOR_PAGE, 14, "U-mode access to a supervisor page")                                   \
    X(NOT_READABLE, 15, "page is not readable")                                                    \
    X(NOT_WRITABLE, 16, "page is not writable")                                                    \
    X(NOT_EXECUTABLE, 17, "page is not executable")                                                \
    X(ACCESSED_CLEAR, 18, "PTE.A is 0 and hardware does not set it")                               \
    X(DIRTY_CLEAR, 19, "PTE.D is 0 on a store and hardware does not set it")

/* Outcome of a TLB lookup. 2 bits. CLEAN: the entry matches, but a store must set D first. */
#define DEFS_LOOKUP(X)                                                                             \
    X(MISS, 0, "miss")                                                                             \
    X(HIT, 1, "hit")                                                                               \
    X(CLEAN, 2, "clean")

/* Replacement policies. 2 bits. */
#define DEFS_POLICY(X)                                                                             \
    X(LRU, 0, "lru")                                                                               \
    X(PLRU, 1, "plru")                                                                             \
    X(FIFO, 2, "fifo")                                                                             \
    X(RANDOM, 3, "random")

/* Number of each TLB, as the probe and the random seeds use it. 2 bits. */
#define DEFS_TLB(X)                                                                                \
    X(I, 0, "itlb")                                                                                \
    X(D, 1, "dtlb")                                                                                \
    X(L2, 2, "l2tlb")

/* Bit positions within a PTE (12.3.1, 12.4.1); fields give their lowest bit. */
#define DEFS_PTE_BIT(X)                                                                            \
    X(V, 0, "valid")                                                                               \
    X(R, 1, "readable")                                                                            \
    X(W, 2, "writable")                                                                            \
    X(X, 3, "executable")                                                                          \
    X(U, 4, "user")                                                                                \
    X(G, 5, "global")                                                                              \
    X(A, 6, "accessed")                                                                            \
    X(D, 7, "dirty")                                                                               \
    X(PPN, 10, "physical page number, 22 bits in Sv32, 44 bits otherwise")                         \
    X(RESERVED, 54, "reserved, 7 bits, absent in Sv32")                                            \
    X(PBMT, 61, "memory type, 2 bits, absent in Sv32")                                             \
    X(N, 63, "NAPOT, absent in Sv32")

/* Bit positions of the flags of a TLB entry as the probe shows them. */
#define DEFS_ENTRY_BIT(X)                                                                          \
    X(R, 0, "readable")                                                                            \
    X(W, 1, "writable")                                                                            \
    X(X, 2, "executable")                                                                          \
    X(U, 3, "user")                                                                                \
    X(G, 4, "global")                                                                              \
    X(D, 5, "dirty")                                                                               \
    X(PBMT, 6, "memory type, 2 bits")

/* Widths in bits, and constants of the random replacement. */
#define DEFS_CONSTANT(X)                                                                           \
    X(VA_W, 64, "virtual address")                                                                 \
    X(PA_W, 56, "physical address")                                                                \
    X(PPN_W, 44, "physical page number")                                                           \
    X(VPN_W, 45, "virtual page number, va[56:12]")                                                 \
    X(ASID_W, 16, "address space identifier")                                                      \
    X(ID_W, 4, "request id")                                                                       \
    X(PTW_ID_W, 4, "page-table port id")                                                           \
    X(RANDOM_SEED_HIGH, 0xACE1, "upper half of the random generators' first state")

#endif
