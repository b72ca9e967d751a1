// SPDX-License-Identifier: Apache-2.0
package dev.flue.host.chimney;

import java.util.ArrayList;
import java.util.List;

/** A connection the target has. */
final class TargetConn {
    private final FakeTarget target;

    long token;
    long handle;
    long path;
    int state;
    int sndUna;
    int sndNxt;
    int sndMax;
    int rcvNxt;
    int rcvAdv;
    int tsTime;
    int tsRecent;
    int sndWnd;
    int extFlags;
    int rexmtDelta;
    final List<Long> sends = new ArrayList<>();
    final List<Long> disconnects = new ArrayList<>();
    final List<Integer> disconnectFlags = new ArrayList<>();
    final List<byte[]> forwarded = new ArrayList<>();
    final List<Long> posts = new ArrayList<>();

    /** Those without room. */
    int receivesPosted;

    long buffered;
    boolean terminated;

    TargetConn(FakeTarget target) {
        this.target = target;
    }

    /** Unacknowledged bytes given to the target, as they lie in the chain. */
    byte[] sendBytes() {
        byte[] all = new byte[sends.stream().mapToInt(target.lists::length).sum()];
        int at = 0;
        for (long nbl : sends) {
            byte[] one = target.lists.bytes(nbl);
            System.arraycopy(one, 0, all, at, one.length);
            at += one.length;
        }
        return all;
    }
}
