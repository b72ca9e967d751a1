/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <flue/flue_types.h>

static void
version_is_three_numbers(void **state)
{
	const char *p = flue_version();
	int dots = 0;

	(void)state;
	assert_non_null(p);
	for (; *p != '\0'; p++) {
		assert_true(*p == '.' || (*p >= '0' && *p <= '9'));
		dots += *p == '.';
	}
	assert_int_equal(dots, 2);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(version_is_three_numbers),
	};

	return cmocka_run_group_tests_name("version", tests, NULL, NULL);
}
