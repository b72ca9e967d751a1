// SPDX-License-Identifier: Apache-2.0
package dev.flue.offload;

/** The out-argument of a receive indication. Owned by the caller, one a channel. */
public final class BytesConsumed {
    /** Bytes taken by the host (H-42). */
    public int bytes;
}
