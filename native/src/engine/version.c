/* SPDX-License-Identifier: Apache-2.0 */
#include <flue/flue_types.h>

#ifndef FLUE_VERSION
#error "FLUE_VERSION comes from native/CMakeLists.txt"
#endif

const char *
flue_version(void)
{
	return FLUE_VERSION;
}
