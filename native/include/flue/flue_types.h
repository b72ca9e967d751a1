/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FLUE_TYPES_H
#define FLUE_TYPES_H

/**
 * @file
 * Types and marks that every public header of libflue shares.
 */

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Marks a function that libflue.so exports; all others are hidden. */
#if defined(__GNUC__)
#define FLUE_API __attribute__((visibility("default")))
#else
#define FLUE_API
#endif

/** An engine; its layout is private to the library. */
struct flue_engine;

/**
 * Version of the library that is loaded. Any thread may call it at any time.
 *
 * @return a static string such as "0.1.0"; never NULL, never freed.
 */
FLUE_API const char *flue_version(void);

#ifdef __cplusplus
}
#endif

#endif /* FLUE_TYPES_H */
