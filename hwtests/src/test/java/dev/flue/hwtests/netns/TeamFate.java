// SPDX-License-Identifier: Apache-2.0
package dev.flue.hwtests.netns;

import dev.flue.offload.StatusIndication;
import java.io.IOException;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.function.BooleanSupplier;
import java.util.function.LongSupplier;

/**
 * Takes members of a team away and gives them back, one at a time, at moments that bytes which
 * arrive decide, by a seed.
 */
final class TeamFate {
    private static final long MEAN_BYTES = 2 << 20;

    private final TeamScene scene;
    private final FlueHost host;
    private final SplittableRandom random;
    private final LongSupplier bytes;
    private final BooleanSupplier going;
    private final List<StatusIndication> kinds;
    private final Map<StatusIndication, Integer> times = new EnumMap<>(StatusIndication.class);

    /**
     * @param kinds how a member may leave: by its link, a PAUSE, an UPLOAD_ALL
     * @param bytes that have arrived
     * @param going whether there will be more
     */
    TeamFate(
            TeamScene scene,
            FlueHost host,
            List<StatusIndication> kinds,
            long seed,
            LongSupplier bytes,
            BooleanSupplier going) {
        this.scene = scene;
        this.host = host;
        this.kinds = kinds;
        this.random = new SplittableRandom(seed);
        this.bytes = bytes;
        this.going = going;
    }

    /** How often of each kind. */
    Map<StatusIndication, Integer> times() {
        return times;
    }

    /** Members lost by their link. */
    int linksLost() {
        return times.getOrDefault(StatusIndication.MEDIA_DISCONNECT, 0);
    }

    /** So often; in the end all are there. */
    void run(int count) throws IOException, InterruptedException {
        for (int i = 0; i < count; i++) {
            int member = random.nextInt(TeamScene.TAPS.size());
            StatusIndication kind = kinds.get(random.nextInt(kinds.size()));
            awaitBytes();
            if (kind == StatusIndication.MEDIA_DISCONNECT) {
                scene.link(member, false);
                awaitBytes();
                scene.link(member, true);
                // The bridge forwards again before the other one leaves: never is there no way.
                scene.awaitForwarding();
            } else {
                host.tell("status " + member + " " + kind);
                awaitBytes();
                host.tell("status " + member + " " + StatusIndication.OFFLOAD_RESUME);
            }
            times.merge(kind, 1, Integer::sum);
        }
    }

    private void awaitBytes() throws InterruptedException {
        long enough = bytes.getAsLong() + random.nextLong(2 * MEAN_BYTES);
        Commands.await(
                "more bytes arrive", () -> bytes.getAsLong() >= enough || !going.getAsBoolean());
        if (!going.getAsBoolean()) {
            throw new AssertionError("nothing more arrives");
        }
    }
}
