// SPDX-License-Identifier: Apache-2.0
/**
 * What every combination of host stack, drivers, target and port must do, written once and run over
 * each: extend a class and give it networks.
 */
package dev.flue.testkit.conformance;
