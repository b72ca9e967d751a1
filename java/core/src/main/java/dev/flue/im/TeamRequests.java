// SPDX-License-Identifier: Apache-2.0
package dev.flue.im;

import dev.flue.offload.IpOffloadStats;
import dev.flue.offload.OffloadStatus;
import dev.flue.offload.Oid;
import dev.flue.offload.OidRequest;
import dev.flue.offload.RecordPool;
import dev.flue.offload.Refs;
import dev.flue.offload.TcpConnectionOffload;
import dev.flue.offload.TcpOffloadStats;
import dev.flue.spi.Memory;
import java.nio.ByteBuffer;

/**
 * Requests to a team as a whole: each goes to every member, in a copy with a buffer of its own. A
 * set succeeds when it did at all; counters add up; what can be offloaded is what all can.
 */
final class TeamRequests implements AutoCloseable {
    private static final int CALLS = 64;
    private static final int BUFFER_BYTES = 256;
    private static final int SUCCESS = OffloadStatus.SUCCESS.code();

    private final Memory memory;
    private final IntermediateDriver driver;
    private final TeamMembers members;
    private final RecordPool pool;
    private final StateCopy copies;
    private final OidRequest request;
    private final OidRequest copy;
    private final TcpConnectionOffload offload;
    private final TcpConnectionOffload other;
    private final long[] above = new long[CALLS];
    private final int[] face = new int[CALLS];
    private final int[] open = new int[CALLS];
    private final int[] answers = new int[CALLS];

    TeamRequests(Memory memory, IntermediateDriver driver, TeamMembers members) {
        this.memory = memory;
        this.driver = driver;
        this.members = members;
        this.copies = new StateCopy(memory);
        this.request = new OidRequest(memory);
        this.copy = new OidRequest(memory);
        this.offload = new TcpConnectionOffload(memory);
        this.other = new TcpConnectionOffload(memory);
        this.pool =
                new RecordPool(memory, OidRequest.BYTES + BUFFER_BYTES, CALLS * members.count());
    }

    int held() {
        return pool.held();
    }

    void submit(UpperInterface from, long ref) {
        int call = 0;
        while (call < CALLS && above[call] != 0) {
            call++;
        }
        if (call == CALLS || request.wrap(ref).length() > BUFFER_BYTES) {
            from.oidRefusals().add(ref, OffloadStatus.RESOURCES);
            return;
        }
        above[call] = ref;
        face[call] = from.number();
        open[call] = members.count();
        answers[call] = 0;
        request.wrap(ref).status(SUCCESS);
        for (int member = 0; member < members.count(); member++) {
            members.face(member).binding().oidRequest(copy(ref, call));
        }
    }

    private long copy(long ref, int call) {
        long made = pool.allocate();
        long information = made + OidRequest.BYTES;
        copies.bytes(ref, made, OidRequest.BYTES);
        request.wrap(ref);
        copies.bytes(request.information(), information, request.length());
        copy.wrap(made).information(information).protocolReserved0(call).imReserved0(0);
        return made;
    }

    /** One of the copies is back. */
    void complete(LowerInterface from, long made) {
        int call = pool.owns(made) ? (int) copy.wrap(made).protocolReserved0() : -1;
        if (call < 0 || call >= CALLS || above[call] == 0) {
            driver.strayCall();
            return;
        }
        long ref = above[call];
        request.wrap(ref);
        if (copy.status() != SUCCESS) {
            request.status(copy.status());
        } else if (answers[call]++ == 0) {
            request.length(copy.length());
            copies.bytes(copy.information(), request.information(), copy.length());
        } else if (request.type() == OidRequest.REQUEST_QUERY) {
            merge(Oid.of(request.oid()), copy.information(), request.information());
        }
        pool.free(made);
        if (--open[call] == 0) {
            above[call] = 0;
            driver.upper(face[call]).adapter().oidRequestComplete(ref);
        }
    }

    private void merge(Oid oid, long more, long into) {
        if (oid == null) {
            return;
        }
        switch (oid) {
            case TCP4_OFFLOAD_STATS, TCP6_OFFLOAD_STATS -> {
                addLongs(more, into, 2);
                addInts(
                        more + 2 * Long.BYTES,
                        into + 2 * Long.BYTES,
                        TcpOffloadStats.BYTES / 4 - 4);
            }
            case IP4_OFFLOAD_STATS, IP6_OFFLOAD_STATS -> {
                addLongs(more, into, 5);
                addInts(
                        more + 5 * Long.BYTES,
                        into + 5 * Long.BYTES,
                        IpOffloadStats.BYTES / 4 - 10);
            }
            case TCP_CONNECTION_OFFLOAD_CURRENT_CONFIG,
                    TCP_CONNECTION_OFFLOAD_HARDWARE_CAPABILITIES ->
                    common(more, into);
            default -> {}
        }
    }

    private void addLongs(long more, long into, int count) {
        ByteBuffer from = memory.buffer(Refs.region(more));
        ByteBuffer to = memory.buffer(Refs.region(into));
        for (int i = 0; i < count; i++) {
            int at = Refs.offset(into) + i * Long.BYTES;
            to.putLong(at, to.getLong(at) + from.getLong(Refs.offset(more) + i * Long.BYTES));
        }
    }

    private void addInts(long more, long into, int count) {
        ByteBuffer from = memory.buffer(Refs.region(more));
        ByteBuffer to = memory.buffer(Refs.region(into));
        for (int i = 0; i < count; i++) {
            int at = Refs.offset(into) + i * Integer.BYTES;
            to.putInt(at, to.getInt(at) + from.getInt(Refs.offset(more) + i * Integer.BYTES));
        }
    }

    private void common(long more, long into) {
        offload.wrap(into);
        other.wrap(more);
        offload.encapsulation(offload.encapsulation() & other.encapsulation())
                .supportIpv4(Math.min(offload.supportIpv4(), other.supportIpv4()))
                .supportIpv6(Math.min(offload.supportIpv6(), other.supportIpv6()))
                .supportSack(Math.min(offload.supportSack(), other.supportSack()))
                .capacity(offload.capacity() + other.capacity());
    }

    @Override
    public void close() {
        pool.close();
    }
}
