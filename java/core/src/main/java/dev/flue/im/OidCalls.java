// SPDX-License-Identifier: Apache-2.0
package dev.flue.im;

import dev.flue.offload.OidRequest;
import dev.flue.spi.Memory;

/**
 * OID requests that went through a driver and have not completed: what each must get back unchanged
 * on its way up. A fixed number; nothing is allocated after the constructor.
 */
final class OidCalls {
    private final OidRequest request;
    private final long[] ref;
    private final long[] sourceHandle;

    OidCalls(Memory memory, int capacity) {
        this.request = new OidRequest(memory);
        this.ref = new long[capacity];
        this.sourceHandle = new long[capacity];
    }

    /** Save the SourceHandle. False: no room. */
    boolean open(long requestRef) {
        for (int i = 0; i < ref.length; i++) {
            if (ref[i] == 0) {
                ref[i] = requestRef;
                sourceHandle[i] = request.wrap(requestRef).sourceHandle();
                return true;
            }
        }
        return false;
    }

    /** Restore it and forget the request. False: no such request is under way. */
    boolean close(long requestRef) {
        for (int i = 0; i < ref.length; i++) {
            if (ref[i] == requestRef) {
                request.wrap(requestRef).sourceHandle(sourceHandle[i]);
                ref[i] = 0;
                return true;
            }
        }
        return false;
    }

    int held() {
        int held = 0;
        for (long each : ref) {
            held += each == 0 ? 0 : 1;
        }
        return held;
    }
}
