/*
 * Basic types of the model: the enumerations of model/defs/encodings.h and their names.
 */
#ifndef TWINWALK_TYPES_H
#define TWINWALK_TYPES_H

#include "defs/encodings.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TYPES_MODE(name, value, text)      MODE_##name = (value),
#define TYPES_ACCESS(name, value, text)    ACCESS_##name = (value),
#define TYPES_PRIV(name, value, text)      PRIV_##name = (value),
#define TYPES_PAGE(name, value, text)      PAGE_##name = (value),
#define TYPES_SHIFT(name, value, text)     PAGE_SHIFT_##name = (value),
#define TYPES_MEMORY(name, value, text)    MEMORY_##name = (value),
#define TYPES_LEVEL(name, value, text)     LEVEL_##name = (value),
#define TYPES_CAUSE(name, value, text)     CAUSE_##name = (value),
#define TYPES_REASON(name, value, text)    FAULT_##name = (value),
#define TYPES_LOOKUP(name, value, text)    LOOKUP_##name = (value),
#define TYPES_POLICY(name, value, text)    POLICY_##name = (value),
#define TYPES_TLB(name, value, text)       TLB_##name = (value),
#define TYPES_PTE_BIT(name, value, text)   PTE_BIT_##name = (value),
#define TYPES_ENTRY_BIT(name, value, text) ENTRY_BIT_##name = (value),
#define TYPES_COUNTER(name, value, text)   COUNTER_##name = (value),
#define TYPES_CONSTANT(name, value, text)  TW_##name = (value),

enum paging_mode { DEFS_PAGING_MODE(TYPES_MODE) };
enum access_type { DEFS_ACCESS(TYPES_ACCESS) };
enum privilege { DEFS_PRIVILEGE(TYPES_PRIV) };
enum page_size { DEFS_PAGE_SIZE(TYPES_PAGE) PAGE_SIZES };
enum page_shift { DEFS_PAGE_SHIFT(TYPES_SHIFT) };
enum memory_type { DEFS_MEMORY_TYPE(TYPES_MEMORY) };
enum hit_level { DEFS_HIT_LEVEL(TYPES_LEVEL) };
enum cause { CAUSE_NONE = 0, DEFS_CAUSE(TYPES_CAUSE) };
enum fault_reason { DEFS_FAULT_REASON(TYPES_REASON) FAULT_REASONS };
enum lookup_result { DEFS_LOOKUP(TYPES_LOOKUP) };
enum policy { DEFS_POLICY(TYPES_POLICY) POLICIES };
enum tlb_number { DEFS_TLB(TYPES_TLB) TLBS };
enum pte_bit { DEFS_PTE_BIT(TYPES_PTE_BIT) };
enum entry_bit { DEFS_ENTRY_BIT(TYPES_ENTRY_BIT) };
enum counter { DEFS_COUNTER(TYPES_COUNTER) COUNTERS };
enum tw_constant { DEFS_CONSTANT(TYPES_CONSTANT) };

/* Request ports: 0 takes fetches only, 1 takes loads and stores. */
enum port { PORT_I, PORT_D, PORTS };

/* Bytes of the smallest page. */
#define PAGE_BYTES 4096u

/* Names as users type and read them; "?" for a value outside the enumeration. */
const char *paging_mode_name(enum paging_mode mode);
const char *access_name(enum access_type access);
const char *privilege_name(enum privilege priv);
const char *page_size_name(enum page_size size);
const char *memory_type_name(enum memory_type type);
const char *hit_level_name(enum hit_level level);
const char *lookup_name(enum lookup_result result);
const char *policy_name(enum policy policy);
const char *tlb_name(enum tlb_number tlb);
const char *counter_name(enum counter counter);

/* The other way round; false when no such name exists. */
bool paging_mode_parse(const char *name, enum paging_mode *mode);
bool policy_parse(const char *name, enum policy *policy);

/* log2 of the bytes of a page of this size. */
unsigned page_shift(enum page_size size);

#endif
