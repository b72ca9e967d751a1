// SPDX-License-Identifier: Apache-2.0
package dev.flue.host.chimney;

import dev.flue.offload.StateOffsets;
import dev.flue.offload.TcpCached;
import dev.flue.offload.TcpConst;
import dev.flue.offload.TcpDelegated;
import dev.flue.offload.TcpStateExt;
import dev.flue.spi.Memory;

/** The structures of a connection, as a {@link FakeTarget} takes them and gives them back. */
final class TargetState {
    final TcpConst constant;
    final TcpCached cached;
    final TcpDelegated delegated;
    final TcpStateExt ext;

    TargetState(Memory memory) {
        this.constant = new TcpConst(memory);
        this.cached = new TcpCached(memory);
        this.delegated = new TcpDelegated(memory);
        this.ext = new TcpStateExt(memory);
    }

    /** What a block says of a connection that is taken. */
    void read(TargetConn conn, long block) {
        delegated.wrap(block + StateOffsets.TCP_DELEGATED);
        ext.wrap(block + StateOffsets.TCP_EXT);
        conn.state = delegated.state();
        conn.sndUna = delegated.sndUna();
        conn.sndNxt = delegated.sndNxt();
        conn.sndMax = delegated.sndMax();
        conn.rcvNxt = delegated.rcvNxt();
        conn.rcvAdv = ext.rcvAdv();
        conn.tsTime = delegated.tsTime();
        conn.tsRecent = delegated.tsRecent();
        conn.sndWnd = delegated.sndWnd();
        conn.extFlags = ext.flags();
        conn.rexmtDelta = delegated.retransmitTimeoutDelta();
    }

    /** What a connection is like now, with numbers that a test can know again. */
    void write(TargetConn conn, long block) {
        delegated.wrap(block + StateOffsets.TCP_DELEGATED).clear();
        delegated.recognizedOptions(TcpDelegated.OPTION_EXT).state(conn.state);
        delegated.sndUna(conn.sndUna).sndNxt(conn.sndNxt).sndMax(conn.sndMax);
        delegated.sndWnd(conn.sndWnd).maxSndWnd(60_000).cwnd(40_000).ssthresh(30_000);
        delegated.rcvNxt(conn.rcvNxt).rcvWnd(conn.rcvAdv - conn.rcvNxt).sendWl1(conn.rcvNxt);
        delegated.tsTime(conn.tsTime).tsRecent(conn.tsRecent).srtt(80).rttvar(40);
        delegated.kaTimeoutDelta(-1).retransmitTimeoutDelta(conn.rexmtDelta);
        ext.wrap(block + StateOffsets.TCP_EXT).clear();
        ext.version(TcpStateExt.CURRENT_VERSION).flags(conn.extFlags);
        ext.rcvAdv(conn.rcvAdv).recover(conn.sndUna).srttUs(10_500).rttvarUs(2_000);
        ext.rtoUs(250_000).lastAckSent(conn.rcvNxt).sndWl2(conn.sndUna);
        ext.bytesIn(777).bytesOut(888).retransmits(3);
    }
}
