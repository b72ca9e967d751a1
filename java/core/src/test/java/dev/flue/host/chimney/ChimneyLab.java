// SPDX-License-Identifier: Apache-2.0
package dev.flue.host.chimney;

import static org.assertj.core.api.Assertions.assertThat;

import dev.flue.data.IpAddress;
import dev.flue.data.OffloadConnection;
import dev.flue.host.HostStackConfig;
import dev.flue.host.Ip;
import dev.flue.host.Recorder;
import dev.flue.host.UserHostStack;
import dev.flue.host.link.MemoryLink;
import dev.flue.im.VerifierDriver;
import dev.flue.offload.MiniportAdapter;
import dev.flue.offload.OffloadStatus;
import dev.flue.spi.HeapMemory;
import dev.flue.spi.Memory;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.BooleanSupplier;
import java.util.function.UnaryOperator;

/** A stack over a {@link FakeTarget}, and a stack without chimney as its peer. */
final class ChimneyLab implements AutoCloseable {
    static final IpAddress LOCAL = IpAddress.of("198.18.0.1");
    static final IpAddress PEER = IpAddress.of("198.18.0.2");
    private static final int MAX_TURNS = 200_000;

    final HeapMemory memory = new HeapMemory();
    final MemoryLink link = new MemoryLink(memory, 1);
    final FakeTarget target = new FakeTarget(memory, link.end(0));
    final VerifierDriver verifier =
            new VerifierDriver(memory, new MiniportAdapter(memory, target), 1024, "verifier");
    final UserHostStack stack;
    final UserHostStack peer;
    long now = 1_000_000_000L;

    /** What connections go over; both stacks speak both. */
    Ip version = Ip.V4;

    private final Set<String> known = new TreeSet<>();
    private int turns;

    ChimneyLab() {
        this(config -> config);
    }

    ChimneyLab(UnaryOperator<HostStackConfig.Builder> tune) {
        this(tune, config -> config, memory -> memory);
    }

    /**
     * @param own makes the stack's memory of the lab's; regions of both must be the same
     * @param tunePeer of the peer's stack
     */
    ChimneyLab(UnaryOperator<HostStackConfig.Builder> tune, UnaryOperator<Memory> own) {
        this(tune, config -> config, own);
    }

    ChimneyLab(
            UnaryOperator<HostStackConfig.Builder> tune,
            UnaryOperator<HostStackConfig.Builder> tunePeer,
            UnaryOperator<Memory> own) {
        HostStackConfig.Builder mine =
                HostStackConfig.builder()
                        .address(LOCAL)
                        .address(Ip.V6.first)
                        .detectDuplicates(false)
                        .seed(11)
                        .maxConnections(200);
        stack =
                new UserHostStack(
                        tune.apply(mine).build(),
                        own.apply(memory),
                        new MiniportAdapter(memory, verifier.upper()));
        HostStackConfig.Builder theirs =
                HostStackConfig.builder()
                        .address(PEER)
                        .address(Ip.V6.second)
                        .detectDuplicates(false)
                        .seed(12)
                        .maxConnections(200);
        peer =
                new UserHostStack(
                        tunePeer.apply(theirs).build(),
                        memory,
                        new MiniportAdapter(memory, link.end(1)));
    }

    /** The fake target breaks these rules in this test, and the verifier must say so. */
    void breaks(String... rules) {
        known.addAll(List.of(rules));
    }

    /** Open a connection to the peer; which has a recorder of its own for each. */
    OffloadConnection connect(Recorder mine, Recorder theirs, int port) {
        peer.listen(port, 8, () -> theirs);
        OffloadConnection connection = stack.connect(version.second, port, mine);
        until(() -> mine.connects == 1 && theirs.connects == 1);
        settle();
        return connection;
    }

    /** Run until nobody has anything to do at this moment. */
    void settle() {
        int start = turns;
        while (stack.doWork(now) + peer.doWork(now) > 0) {
            assertThat(++turns - start).as("turns without time passing").isLessThan(MAX_TURNS);
        }
    }

    void pass(long nanos) {
        long end = now + nanos;
        while (true) {
            settle();
            long next = Math.min(stack.nextDeadline(), peer.nextDeadline());
            if (next > end) {
                now = end;
                settle();
                return;
            }
            assertThat(++turns).isLessThan(10_000_000);
            now = Math.max(now, next);
        }
    }

    void until(BooleanSupplier condition) {
        long end = now + 60_000_000_000L;
        while (!condition.getAsBoolean() && now < end) {
            if (stack.doWork(now) + peer.doWork(now) == 0) {
                long next = Math.min(stack.nextDeadline(), peer.nextDeadline());
                if (next == Long.MAX_VALUE) {
                    break;
                }
                now = Math.max(now, next);
            }
            assertThat(++turns).isLessThan(10_000_000);
        }
        assertThat(condition.getAsBoolean()).as("condition within a minute").isTrue();
    }

    static long millis(long millis) {
        return millis * 1_000_000L;
    }

    /** Bring all back, close, and nothing is held anywhere. */
    @Override
    public void close() {
        target.auto = true;
        for (int i = target.initiates.size(); i > 0; i--) {
            target.later(target::completeInitiate);
        }
        target.oids.hold = false;
        for (int i = target.updates.size(); i > 0; i--) {
            target.later(target::completeUpdate);
        }
        for (int i = target.invalidates.size(); i > 0; i--) {
            target.later(target::completeInvalidate);
        }
        for (int i = target.terminates.size(); i > 0; i--) {
            target.later(target::completeTerminate);
        }
        settle();
        for (TargetConn conn : target.conns.values()) {
            while (!conn.disconnects.isEmpty()) {
                target.completeDisconnect(conn, OffloadStatus.UPLOAD_IN_PROGRESS);
            }
        }
        stack.uploadAll();
        settle();
        assertThat(stack.quiescent()).as("quiescent: %s", stack.held()).isTrue();
        stack.close();
        settlePeer();
        peer.close();
        link.close();
        assertThat(stack.held()).allSatisfy((what, held) -> assertThat(held).as(what).isZero());
        assertThat(peer.held()).allSatisfy((what, held) -> assertThat(held).as(what).isZero());
        assertThat(target.objects).as("objects left in the target").isEmpty();
        assertThat(target.lists.indications.held()).as("indications not returned").isZero();
        assertThat(link.held()).isZero();
        assertThat(stack.counters().chimney.strays).isZero();
        Set<String> broken = new TreeSet<>();
        verifier.breaches().forEach(breach -> broken.add(breach.rule()));
        assertThat(broken).as("rules broken: %s", verifier.breaches()).isEqualTo(known);
        assertThat(verifier.unfinished()).isEmpty();
        verifier.close();
    }

    private void settlePeer() {
        while (peer.doWork(now) > 0) {
            assertThat(++turns).isLessThan(10_000_000);
        }
    }
}
