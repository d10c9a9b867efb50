/* How the reports of show.h are written. */
#ifndef TWINWALK_MM_SHOW_INTERNAL_H
#define TWINWALK_MM_SHOW_INTERNAL_H

#include "show.h"

#define KIB_PER_PAGE (PAGE_BYTES / 1024)

/* As printf(), up to 255 characters at once. */
__attribute__((format(printf, 2, 3))) void mm_print(const struct mm_printer *to, const char *format,
                                                    ...);

#endif
