// SPDX-License-Identifier: Apache-2.0
package dev.flue.host.link;

import static dev.flue.host.link.Reachability.DELAY;
import static dev.flue.host.link.Reachability.INCOMPLETE;
import static dev.flue.host.link.Reachability.PROBE;
import static dev.flue.host.link.Reachability.REACHABLE;
import static dev.flue.host.link.Reachability.STALE;
import static org.assertj.core.api.Assertions.assertThat;

import dev.flue.data.IpAddress;
import dev.flue.spi.HeapMemory;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The states of a neighbor, for both versions of IP; questions are noted, not sent. */
class NeighborCacheTest {
    private static final long MAC = 0x0200_0000_0055L;
    private static final long OTHER_MAC = 0x0200_0000_0066L;
    private static final long SECOND = 1_000_000_000L;

    private final LinkCounters counters = new LinkCounters();
    private final EthernetLink link = new EthernetLink(new HeapMemory(), null, 1, 1500, counters);
    private final NeighborCache cache = new NeighborCache(link, counters);
    private final List<String> told = new ArrayList<>();
    private final List<Long> asked = new ArrayList<>();
    private long now = 1_000 * SECOND;

    NeighborCacheTest() {
        NeighborCache.Resolver resolver = (hop, mac) -> asked.add(mac);
        cache.ipv4Resolver(resolver);
        cache.ipv6Resolver(resolver);
        cache.listener(
                new NeighborCache.Listener() {
                    @Override
                    public void macChanged(IpAddress hop, long mac) {
                        told.add(Net.mac(mac));
                    }

                    @Override
                    public void unreachable(IpAddress hop) {
                        told.add("gone");
                    }
                });
        cache.now(now);
    }

    @AfterEach
    void close() {
        cache.clear();
        assertThat(cache.framesWaiting()).isZero();
        link.close();
    }

    private void send(IpAddress hop) {
        cache.transmit(link.allocate(), hop, 20);
    }

    private void pass(long nanos) {
        long end = now + nanos;
        while (cache.nextDeadline() <= end) {
            now = cache.nextDeadline();
            cache.runTimers(now);
        }
        now = end;
        cache.now(now);
    }

    @ParameterizedTest
    @ValueSource(strings = {"198.18.0.9", "2001:db8::9"})
    void aHopIsAskedForOnceAndItsAnswerMakesItReachable(String text) {
        IpAddress hop = IpAddress.of(text);
        assertThat(cache.state(hop)).isNull();
        assertThat(cache.mac(hop)).isZero();
        send(hop);
        send(hop);
        assertThat(cache.state(hop)).isEqualTo(INCOMPLETE);
        assertThat(asked).containsExactly(0L);
        assertThat(cache.framesWaiting()).isEqualTo(2);
        assertThat(cache.confirmedAgo(hop, now)).isEqualTo(Long.MAX_VALUE);
        cache.answered(hop, MAC, true, true);
        assertThat(cache.state(hop)).isEqualTo(REACHABLE);
        assertThat(cache.mac(hop)).isEqualTo(MAC);
        assertThat(cache.framesWaiting()).isZero();
        assertThat(cache.confirmedAgo(hop, now + 7)).isEqualTo(7);
        assertThat(told).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"198.18.0.9", "2001:db8::9"})
    void withoutAnAnswerItIsAskedForThreeTimesAndForgotten(String text) {
        IpAddress hop = IpAddress.of(text);
        send(hop);
        pass(2 * SECOND);
        assertThat(asked).containsExactly(0L, 0L, 0L);
        pass(SECOND);
        assertThat(cache.state(hop)).isNull();
        assertThat(counters.neighborFailures).isEqualTo(1);
        assertThat(counters.neighborDrops).isEqualTo(1);
        assertThat(told).containsExactly("gone");
        assertThat(cache.nextDeadline()).isEqualTo(Long.MAX_VALUE);
    }

    @ParameterizedTest
    @ValueSource(strings = {"198.18.0.9", "2001:db8::9"})
    void proofGrowsOldAndTheFirstPacketAfterwardsStartsTheDoubt(String text) {
        IpAddress hop = IpAddress.of(text);
        send(hop);
        cache.answered(hop, MAC, true, true);
        asked.clear();
        pass(NeighborCache.REACHABLE_NANOS - 1);
        assertThat(cache.state(hop)).isEqualTo(REACHABLE);
        pass(1);
        assertThat(cache.state(hop)).isEqualTo(STALE);
        pass(100 * SECOND);
        assertThat(asked).as("nobody sends, nobody asks").isEmpty();
        send(hop);
        assertThat(cache.state(hop)).isEqualTo(DELAY);
        assertThat(cache.framesWaiting()).as("the packet goes").isZero();
        pass(NeighborCache.DELAY_NANOS);
        assertThat(cache.state(hop)).isEqualTo(PROBE);
        assertThat(asked).as("by unicast").containsExactly(MAC);
        pass(SECOND);
        cache.answered(hop, 0, true, false);
        assertThat(cache.state(hop)).isEqualTo(REACHABLE);
        pass(20 * SECOND);
        assertThat(asked).containsExactly(MAC, MAC);
    }

    @ParameterizedTest
    @ValueSource(strings = {"198.18.0.9", "2001:db8::9"})
    void progressOfAnUpperLayerEndsTheDoubt(String text) {
        IpAddress hop = IpAddress.of(text);
        cache.confirm(hop);
        assertThat(cache.state(hop)).as("of nobody").isNull();
        cache.learn(hop, MAC, true);
        assertThat(cache.state(hop)).isEqualTo(STALE);
        assertThat(cache.confirmedAgo(hop, now)).isEqualTo(Long.MAX_VALUE);
        send(hop);
        pass(SECOND);
        cache.confirm(hop);
        assertThat(cache.state(hop)).isEqualTo(REACHABLE);
        assertThat(cache.confirmedAgo(hop, now)).isZero();
        pass(20 * SECOND);
        assertThat(asked).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"198.18.0.9", "2001:db8::9"})
    void probesWithoutAnswerEndInForgettingIt(String text) {
        IpAddress hop = IpAddress.of(text);
        cache.learn(hop, MAC, true);
        cache.probe(hop);
        cache.probe(hop);
        assertThat(cache.state(hop)).isEqualTo(PROBE);
        assertThat(asked).containsExactly(MAC);
        pass(3 * SECOND);
        assertThat(asked).containsExactly(MAC, MAC, MAC);
        assertThat(cache.state(hop)).isNull();
        assertThat(told).containsExactly("gone");
    }

    @ParameterizedTest
    @ValueSource(strings = {"198.18.0.9", "2001:db8::9"})
    void anotherMacAddressIsToldAndMistrusted(String text) {
        IpAddress hop = IpAddress.of(text);
        cache.learn(hop, OTHER_MAC, false);
        assertThat(cache.state(hop)).as("a stranger that did not ask for us").isNull();
        send(hop);
        cache.answered(hop, MAC, true, true);
        cache.learn(hop, MAC, true);
        assertThat(cache.state(hop)).as("nothing new").isEqualTo(REACHABLE);
        cache.learn(hop, OTHER_MAC, false);
        assertThat(cache.state(hop)).isEqualTo(STALE);
        assertThat(cache.mac(hop)).isEqualTo(OTHER_MAC);
        cache.answered(hop, MAC, true, true);
        assertThat(cache.state(hop)).isEqualTo(REACHABLE);
        assertThat(told).containsExactly(Net.mac(OTHER_MAC), Net.mac(MAC));
    }

    @ParameterizedTest
    @ValueSource(strings = {"198.18.0.9", "2001:db8::9"})
    void anAnswerThatMayNotOverrideOnlyRaisesDoubt(String text) {
        IpAddress hop = IpAddress.of(text);
        send(hop);
        cache.answered(hop, MAC, true, true);
        cache.answered(hop, OTHER_MAC, true, false);
        assertThat(cache.mac(hop)).isEqualTo(MAC);
        assertThat(cache.state(hop)).isEqualTo(STALE);
        cache.answered(hop, MAC, false, true);
        assertThat(cache.state(hop)).as("nobody asked").isEqualTo(STALE);
        assertThat(told).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"198.18.0.9", "2001:db8::9"})
    void overANewLinkOneThatIsKnownIsAskedForOfEverybodyUntilItAnswers(String text) {
        IpAddress hop = IpAddress.of(text);
        cache.askAnew();
        assertThat(asked).as("nobody is known").isEmpty();
        send(hop);
        cache.answered(hop, MAC, true, true);
        asked.clear();
        cache.askAnew();
        assertThat(asked).containsExactly(0L);
        assertThat(cache.state(hop)).as("packets go on").isEqualTo(REACHABLE);
        pass(SECOND);
        assertThat(asked).as("the first one may be lost").containsExactly(0L, 0L);
        cache.answered(hop, OTHER_MAC, true, true);
        assertThat(told).containsExactly(Net.mac(OTHER_MAC));
        pass(10 * SECOND);
        assertThat(asked).hasSize(2);
        assertThat(cache.mac(hop)).isEqualTo(OTHER_MAC);
    }

    @ParameterizedTest
    @ValueSource(strings = {"198.18.0.9", "2001:db8::9"})
    void whoDoesNotAnswerOverANewLinkIsAskedForThreeTimesAndNotForgotten(String text) {
        IpAddress hop = IpAddress.of(text);
        send(hop);
        cache.answered(hop, MAC, true, true);
        asked.clear();
        cache.askAnew();
        pass(20 * SECOND);
        assertThat(asked).containsExactly(0L, 0L, 0L);
        assertThat(cache.mac(hop)).isEqualTo(MAC);
        assertThat(told).isEmpty();
        assertThat(cache.nextDeadline()).isEqualTo(Long.MAX_VALUE);
    }

    @ParameterizedTest
    @ValueSource(ints = {4, 6})
    void overANewLinkABoundedNumberIsAskedForThoseHeardOfLast(int version) {
        for (int i = 0; i < NeighborCache.MAX_ASKED_ANEW + 10; i++) {
            cache.learn(hop(version, i), MAC, true);
        }
        IpAddress last = hop(version, NeighborCache.MAX_ASKED_ANEW + 9);
        cache.confirm(last);
        cache.askAnew();
        assertThat(asked).hasSize(NeighborCache.MAX_ASKED_ANEW);
        cache.answered(last, OTHER_MAC, true, true);
        asked.clear();
        pass(SECOND);
        assertThat(asked).hasSize(NeighborCache.MAX_ASKED_ANEW - 1);
    }

    @ParameterizedTest
    @ValueSource(ints = {4, 6})
    void entriesAreBoundedAndThoseThatPacketsWaitForStay(int version) {
        IpAddress first = hop(version, 0);
        send(first);
        for (int i = 1; i < NeighborCache.MAX_ENTRIES + 10; i++) {
            cache.learn(hop(version, i), MAC, true);
        }
        assertThat(cache.size()).isEqualTo(NeighborCache.MAX_ENTRIES);
        assertThat(cache.state(first)).isEqualTo(INCOMPLETE);
    }

    private static IpAddress hop(int version, int number) {
        return version == 4
                ? IpAddress.ofIpv4(0xc6120000 + number)
                : IpAddress.of(0x2001_0db8L << 32, number + 1);
    }
}
