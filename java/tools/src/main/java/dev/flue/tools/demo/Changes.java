// SPDX-License-Identifier: Apache-2.0
package dev.flue.tools.demo;

import dev.flue.data.IpAddress;
import dev.flue.data.OffloadConnection;
import dev.flue.host.OffloadTreeNode;
import dev.flue.host.UserHostStack;
import dev.flue.tools.run.Turn;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;

/**
 * What makes host stacks update, query and invalidate the objects of a connection: its network and
 * its application change while it carries. Between two changes it gets more bytes to carry, so that
 * every change meets data in flight, however fast it is. Each change is made at both ends at once.
 */
final class Changes implements Turn {
    private static final int SMALLER_MTU = 1280;

    /** Of a MAC address: who has the other one is nobody on the wire. */
    private static final long OTHER = 0x100;

    /** One end, and what it can see of the other. */
    private record End(UserHostStack stack, Peer peer, UserHostStack other) {
        IpAddress remote() {
            return peer.connection().remoteAddress();
        }
    }

    /** A change of one end; returns whether its operations are done. */
    @FunctionalInterface
    private interface Change {
        BooleanSupplier make(End end);
    }

    private final List<End> ends;
    private final List<Change> changes =
            List.of(
                    this::announceAnotherMac,
                    this::announceTheOldMac,
                    this::reportSmallerMtu,
                    this::setOptions,
                    this::query,
                    end -> invalidate(end, c -> end.stack().invalidate(c.remoteAddress())),
                    end ->
                            invalidate(
                                    end,
                                    c ->
                                            end.stack()
                                                    .invalidate(
                                                            c.localAddress(), c.remoteAddress())),
                    end -> invalidate(end, c -> end.stack().invalidate(c)));
    private final List<BooleanSupplier> running = new ArrayList<>();
    private int made;

    Changes(Stage stage, Transfer transfer) {
        ends =
                List.of(
                        new End(stage.client(), transfer.client(), stage.server()),
                        new End(stage.server(), transfer.server(), stage.client()));
        ends.forEach(end -> end.peer().hold());
    }

    /** The next change, once the operations of the last one are done. */
    @Override
    public int doWork(long nowNanos) {
        if (made > changes.size() || !running.stream().allMatch(BooleanSupplier::getAsBoolean)) {
            return 0;
        }
        running.clear();
        int share = ++made;
        ends.forEach(end -> end.peer().release(share, changes.size() + 1));
        if (share <= changes.size()) {
            ends.forEach(end -> running.add(changes.get(share - 1).make(end)));
        }
        return 1;
    }

    /** Frames go astray until the old one is back. */
    private BooleanSupplier announceAnotherMac(End end) {
        return update(
                end, () -> end.stack().neighbor(end.remote(), end.other().macAddress() ^ OTHER));
    }

    private BooleanSupplier announceTheOldMac(End end) {
        return update(end, () -> end.stack().neighbor(end.remote(), end.other().macAddress()));
    }

    private BooleanSupplier reportSmallerMtu(End end) {
        return update(end, () -> end.stack().pathMtu(end.remote(), SMALLER_MTU));
    }

    private BooleanSupplier setOptions(End end) {
        return update(
                end,
                () -> {
                    OffloadConnection connection = end.peer().connection();
                    int buffer = connection.options().receiveBuffer();
                    connection.options().keepAlive(true).receiveBuffer(buffer / 2);
                });
    }

    private static BooleanSupplier update(End end, Runnable change) {
        long before = end.stack().counters().chimney.updates;
        change.run();
        return () ->
                end.stack().counters().chimney.updates > before
                        && settled(end.stack().offloadTree());
    }

    private static boolean settled(List<OffloadTreeNode> nodes) {
        return nodes.stream()
                .allMatch(node -> node.state().equals("offloaded") && settled(node.dependents()));
    }

    private BooleanSupplier query(End end) {
        boolean[] answered = new boolean[1];
        end.stack().query(connections -> answered[0] = true);
        return () -> answered[0];
    }

    private static BooleanSupplier invalidate(End end, Consumer<OffloadConnection> change) {
        int before = end.peer().uploads();
        end.peer().offloadAgain();
        change.accept(end.peer().connection());
        return () -> end.peer().uploads() > before && end.peer().settled();
    }
}
