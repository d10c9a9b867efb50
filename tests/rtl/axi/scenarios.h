/* Memories and loads under which an adapter is tried at random. */
#ifndef TWINWALK_TESTS_RTL_AXI_SCENARIOS_H
#define TWINWALK_TESTS_RTL_AXI_SCENARIOS_H

#include "scoreboard.h"

/* Ends with a NULL name. */
extern const struct scoreboard_config scenarios[];

#endif
