// SPDX-License-Identifier: Apache-2.0
package dev.flue.data;

/** How a sender finds out what the network takes. */
public enum CongestionAlgorithm {
    /** RFC 5681. */
    RENO,
    /** RFC 9438. */
    CUBIC
}
