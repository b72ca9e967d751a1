// SPDX-License-Identifier: Apache-2.0
package dev.flue.tools.assembly;

/** What a default-value provider also is when it knows settings of drivers. */
@FunctionalInterface
public interface DriverDefaults {
    /** The value of a driver's key where {@code --drivers} says nothing; null = there is none. */
    String of(String driver, String key);
}
