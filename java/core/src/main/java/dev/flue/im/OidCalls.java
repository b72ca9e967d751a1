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
    private final int[] face;

    OidCalls(Memory memory, int capacity) {
        this.request = new OidRequest(memory);
        this.ref = new long[capacity];
        this.sourceHandle = new long[capacity];
        this.face = new int[capacity];
    }

    /** Save the SourceHandle and the face it came from. False: no room. */
    boolean open(long requestRef, int fromFace) {
        for (int i = 0; i < ref.length; i++) {
            if (ref[i] == 0) {
                ref[i] = requestRef;
                sourceHandle[i] = request.wrap(requestRef).sourceHandle();
                face[i] = fromFace;
                return true;
            }
        }
        return false;
    }

    /** Restore it and forget the request: its face, or -1: no such request is under way. */
    int close(long requestRef) {
        for (int i = 0; i < ref.length; i++) {
            if (ref[i] == requestRef) {
                request.wrap(requestRef).sourceHandle(sourceHandle[i]);
                ref[i] = 0;
                return face[i];
            }
        }
        return -1;
    }

    int held() {
        int held = 0;
        for (long each : ref) {
            held += each == 0 ? 0 : 1;
        }
        return held;
    }
}
