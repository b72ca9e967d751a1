// SPDX-License-Identifier: Apache-2.0
package dev.flue.data;

/** Takes received data on loan. */
@FunctionalInterface
public interface BurstHandler {
    /**
     * The next piece of the stream. Whatever is neither {@linkplain LoanedBuffer#moveTo moved} nor
     * released is given back when the call returns.
     *
     * @param loan the bytes; the object itself is valid during the call only
     */
    void onData(LoanedBuffer loan);
}
