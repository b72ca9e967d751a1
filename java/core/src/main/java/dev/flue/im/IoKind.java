// SPDX-License-Identifier: Apache-2.0
package dev.flue.im;

import dev.flue.offload.Binding;
import dev.flue.offload.MiniportAdapter;
import dev.flue.offload.NetBufferList;

/** What a host asks of a connection's data path, and how each goes down and comes up (5.1). */
public enum IoKind {
    SEND {
        @Override
        void down(Binding lower, long handle, long netBufferLists, int flags) {
            lower.tcpOffloadSend(handle, netBufferLists);
        }

        @Override
        void complete(MiniportAdapter upper, NetBufferList list, long netBufferLists) {
            upper.tcpOffloadSendComplete(netBufferLists);
        }
    },
    RECEIVE {
        @Override
        void down(Binding lower, long handle, long netBufferLists, int flags) {
            lower.tcpOffloadReceive(handle, netBufferLists);
        }

        @Override
        void complete(MiniportAdapter upper, NetBufferList list, long netBufferLists) {
            upper.tcpOffloadReceiveComplete(netBufferLists);
        }
    },
    DISCONNECT {
        @Override
        void down(Binding lower, long handle, long netBufferLists, int flags) {
            lower.tcpOffloadDisconnect(handle, netBufferLists, flags);
        }

        /** One list a call: what is chained here is completed one by one. */
        @Override
        void complete(MiniportAdapter upper, NetBufferList list, long netBufferLists) {
            long next;
            for (long ref = netBufferLists; ref != 0; ref = next) {
                next = list.wrap(ref).next();
                list.next(0);
                upper.tcpOffloadDisconnectComplete(ref);
            }
        }
    },
    FORWARD {
        @Override
        void down(Binding lower, long handle, long netBufferLists, int flags) {
            lower.tcpOffloadForward(handle, netBufferLists);
        }

        @Override
        void complete(MiniportAdapter upper, NetBufferList list, long netBufferLists) {
            upper.tcpOffloadForwardComplete(netBufferLists);
        }
    };

    private static final IoKind[] VALUES = values();

    static IoKind of(int ordinal) {
        return VALUES[ordinal];
    }

    static int count() {
        return VALUES.length;
    }

    /** {@code flags}: of a disconnect, else 0. */
    abstract void down(Binding lower, long handle, long netBufferLists, int flags);

    /** {@code list}: a flyweight that may be moved. */
    abstract void complete(MiniportAdapter upper, NetBufferList list, long netBufferLists);
}
