/* cmocka with the headers it wants before it. */
#ifndef TWINWALK_TESTS_UNIT_CHECK_H
#define TWINWALK_TESTS_UNIT_CHECK_H

/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#define RUN(tests) cmocka_run_group_tests(tests, NULL, NULL)

#endif
