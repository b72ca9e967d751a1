// SPDX-License-Identifier: Apache-2.0
package dev.flue.data;

import java.nio.ByteBuffer;

/** Takes received data where it lies. */
@FunctionalInterface
public interface ReceiveHandler {
    /**
     * One piece of received data.
     *
     * @param buffer the memory it lies in; absolute access only, valid during the call
     * @param offset of the first byte
     * @param length bytes, at least 1
     * @return bytes taken, 0..length; less than length ends the delivery
     */
    int onData(ByteBuffer buffer, int offset, int length);
}
