// SPDX-License-Identifier: Apache-2.0
/** Intermediate drivers. */
package dev.flue.im;
